/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Fills the manual from the tables in rules/: reads a page on standard input and replaces the lines @FACTS@, @RULE_KEYS@, @SETTINGS@ and
 * @REGIONS@ by what the tables say, in mdoc(7). Runs at build time, so that the manual cannot lag behind. */

#include <stdio.h>

#include "rules/fact.h"
#include "rules/rule_keys.h"
#include "rules/settings.h"

/* Text for roff: a leading dot or quote and every backslash must not be read as a request. */
static void put_text(const char *s) {
        if (*s == '.' || *s == '\'')
                fputs("\\&", stdout);
        for (; *s; s++)
                if (*s == '\\')
                        fputs("\\e", stdout);
                else
                        putchar(*s);
        putchar('\n');
}

static void put_row(const char *name, const char *type, bool required, const char *doc) {
        printf(".It Li \"%s\" Pq %s%s\n", name, type, required ? ", required" : "");
        put_text(doc);
}

static const char *type_name(enum value_type type) {
        static const char *const names[] = {
                [VALUE_NONE] = "none",    [VALUE_STRING] = "text",   [VALUE_BOOL] = "true or false",
                [VALUE_INT] = "integer",  [VALUE_NUMBER] = "number", [VALUE_DURATION] = "duration",
                [VALUE_INSTANT] = "time", [VALUE_LIST] = "list",     [VALUE_ENUM] = "one of",
                [VALUE_MONEY] = "amount",
        };
        return names[type];
}

static void put_field(const struct fact_field *f) {
        printf(".It Li %s Pq %s", f->name, type_name(f->type));
        for (const char *const *v = f->values; v && *v; v++)
                printf("%s %s", v == f->values ? "" : ",", *v);
        putchar('\n');
        put_text(f->doc);
}

static void put_fields(const struct fact_field *fields, uint32_t n) {
        puts(".Bl -tag -width indent -offset indent -compact");
        for (uint32_t i = 0; i < n; i++)
                put_field(&fields[i]);
        puts(".El");
}

/* Facts that share their fields are described together. */
static void put_facts(void) {
        puts("Every fact has:");
        put_fields(fact_common_fields, FACT_COMMON_FIELDS);
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                const struct fact_row *row = &fact_table[t];
                if (t > 0 && fact_table[t - 1].fields == row->fields)
                        continue;
                puts(".Pp\n.Bl -tag -width indent");
                for (int u = t; u < _FACT_TYPE_MAX && fact_table[u].fields == row->fields; u++) {
                        printf(".It Li %s%s\n", fact_table[u].name, u == FACT_RULE ? ".ID" : "");
                        put_text(fact_table[u].doc);
                        if (!fact_table[u].produced)
                                puts("Not yet found by this version.");
                }
                puts(".El\n.Pp\nwith the fields");
                put_fields(row->fields, row->n_fields);
        }
}

static void put_rule_keys(void) {
        size_t n;
        const struct rule_key *keys = rule_keys(&n);
        puts(".Bl -tag -width indent -compact");
        for (size_t i = 0; i < n; i++)
                put_row(keys[i].path, keys[i].type, keys[i].required, keys[i].doc);
        puts(".El");
}

static void put_settings(void) {
        size_t n;
        const struct settings_key *keys = settings_keys(&n);
        puts(".Bl -tag -width indent -compact");
        for (size_t i = 0; i < n; i++)
                put_row(keys[i].path, keys[i].type, keys[i].required, keys[i].doc);
        puts(".El");
}

static void put_regions(void) {
        for (const char *const *r = holiday_regions(); *r; r++)
                printf("%s%s", r == holiday_regions() ? "" : " ", *r);
        putchar('\n');
}

int main(void) {
        static const struct {
                const char *line;
                void (*put)(void);
        } parts[] = {
                {"@FACTS@\n", put_facts},
                {"@RULE_KEYS@\n", put_rule_keys},
                {"@SETTINGS@\n", put_settings},
                {"@REGIONS@\n", put_regions},
        };
        char line[4096];
        while (fgets(line, sizeof(line), stdin)) {
                size_t i = 0;
                while (i < ELEMENTSOF(parts) && strcmp(line, parts[i].line) != 0)
                        i++;
                if (i < ELEMENTSOF(parts))
                        parts[i].put();
                else
                        fputs(line, stdout);
        }
        return ferror(stdin) || fflush(stdout) != 0;
}
