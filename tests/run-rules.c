/* SPDX-License-Identifier: GPL-3.0-or-later */

/* For test-oracle.py: each line of standard input is one case in JSON (which is YAML too), with a configuration, a rule file, facts and a
 * clock; each line of output says what the evaluation made of it. Facts are sorted by time alone, so that those of one instant are
 * judged in the order in which they are written. */

#include <stdio.h>

#include "parsers/buf.h"
#include "rules/eval.h"
#include "tests/zoneinfo.h"

/* A case is small: some rules and at most some hundred facts. */
#define FACTS_MAX 20000U

static const char *const zone_names[] = {"Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"};

struct run {
        struct arena *arena;
        struct settings *settings;
        struct ruleset *rules;
        struct diagnostics d;
        struct fact *facts;
        size_t n;
};

static void run_end(struct run *r) {
        ruleset_free(r->rules);
        settings_free(r->settings);
        diagnostics_free(&r->d);
        arena_free(r->arena);
        free(r->facts);
}

static void put_string(const char *s) {
        putchar('"');
        for (; s && *s; s++)
                if (*s == '"' || *s == '\\')
                        printf("\\%c", *s);
                else if ((unsigned char) *s < ' ')
                        printf("\\u%04x", (unsigned) *s);
                else
                        putchar(*s);
        putchar('"');
}

static int64_t number(const struct yaml_node *node, const char *key) {
        int64_t n = INSTANT_UNKNOWN;
        (void) yaml_int(yaml_get(node, key), &n);
        return n;
}

static const char *text(const struct yaml_node *node, const char *key) {
        const struct yaml_node *n = yaml_get(node, key);
        return n && n->type == YAML_SCALAR ? n->scalar : NULL;
}

static int read_value(const struct fact_field *field, const struct yaml_node *node, struct value *ret) {
        *ret = (struct value){.type = field->type};
        switch (field->type) {
        case VALUE_BOOL:
                return yaml_bool(node, &ret->b);
        case VALUE_NUMBER:
                return yaml_number(node, &ret->number);
        case VALUE_STRING:
                ret->s = node->scalar;
                return 0;
        case VALUE_ENUM:
                for (const char *const *p = field->values; *p; p++)
                        if (str_eq(*p, node->scalar)) {
                                ret->s = *p;
                                return 0;
                        }
                return -EINVAL;
        case VALUE_LIST:
                return -EINVAL;
        default:
                return yaml_int(node, &ret->i);
        }
}

static int read_fact(const struct run *r, const struct yaml_node *node, struct fact *f) {
        const char *name = text(node, "fact"), *client = text(node, "client");
        int type = name ? fact_type_from_name(name) : -ENOENT;
        if (type < 0)
                return type;
        *f = (struct fact){.type = (enum fact_type) type,
                           .at = number(node, "at"),
                           .client = client ? settings_client_by_id(r->settings, client) : NULL,
                           .person = text(node, "person"),
                           .source = "mail",
                           .message_id = text(node, "message_id"),
                           .uid = text(node, "uid"),
                           .key = (uint64_t) number(node, "key"),
                           .observation = -1};
        if (client && !f->client)
                return -ENOENT;
        for (uint32_t i = 0; i < fact_table[type].n_fields; i++) {
                const struct fact_field *field = &fact_table[type].fields[i];
                const struct yaml_node *value = yaml_get(node, field->name);
                int k = value ? read_value(field, value, &f->values[i]) : 0;
                if (k < 0)
                        return k;
        }
        return 0;
}

/* Stable, and short: cases come almost sorted. */
static void sort_by_time(struct fact *f, size_t n) {
        for (size_t i = 1; i < n; i++) {
                struct fact one = f[i];
                size_t k = i;
                for (; k > 0 && f[k - 1].at > one.at; k--)
                        f[k] = f[k - 1];
                f[k] = one;
        }
}

static int read_facts(struct run *r, const struct yaml_node *list) {
        size_t n = 0;
        for (const struct yaml_node *p = list ? list->child : NULL; p; p = p->next)
                n++;
        r->facts = n <= FACTS_MAX ? calloc(n + 1, sizeof(*r->facts)) : NULL;
        if (!r->facts)
                return -ENOMEM;
        for (const struct yaml_node *p = list ? list->child : NULL; p; p = p->next) {
                int k = read_fact(r, p, &r->facts[r->n]);
                if (k < 0)
                        return k;
                r->n++;
        }
        sort_by_time(r->facts, r->n);
        return 0;
}

static int load(struct run *r, const struct zone_table *zones, const char *config, const char *rules) {
        struct settings_file file = {.path = "adieu.yaml", .data = config, .size = strlen(config)};
        int k = settings_load(&file, 1, zones, &r->d, &r->settings);
        if (k < 0)
                return k;
        struct rule_file rule_file = {.file = {.path = "rules.yaml", .data = rules, .size = strlen(rules)}};
        return ruleset_load(&rule_file, 1, r->settings, &r->d, &r->rules);
}

static void put_alert(const struct alert *a) {
        printf("{\"id\":\"%s\",\"rule\":\"%s\",\"client\":", a->id, rule_id(a->rule));
        put_string(a->client ? a->client->id : "");
        printf(",\"severity\":\"%s\",\"lasting\":\"%s\",\"state\":\"%s\",\"mode\":\"%s\"", severity_name(a->severity),
               lasting_name(a->lasting), alert_state_name(a->state), rule_mode_name(a->mode));
        printf(",\"by\":\"%s\",\"repeat\":%s", a->inhibited_by ? rule_id(a->inhibited_by) : "",
               *a->repeat ? "true" : "false");
        printf(",\"first\":%" PRId64 ",\"last\":%" PRId64 ",\"count\":%u,\"breaches\":[", a->first_at, a->last_at, a->count);
        for (size_t i = 0; i < a->n_evidence; i++) {
                const struct evidence *e = &a->evidence[i];
                printf("%s{\"id\":\"%s\",\"fact\":\"%s\",\"at\":%" PRId64 ",\"opened\":%" PRId64, i ? "," : "", e->breach,
                       e->fact, e->at, e->fact_at);
                printf(",\"ended\":%" PRId64 ",\"shown\":", e->ended_at == INSTANT_UNKNOWN ? -1 : e->ended_at);
                put_string(e->message_id);
                putchar('}');
        }
        printf("]}");
}

static void put_result(const struct evaluation *e) {
        const struct alert *alerts;
        const struct waiting *waiting;
        size_t n = evaluation_alerts(e, &alerts);
        printf("{\"alerts\":[");
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        putchar(',');
                put_alert(&alerts[i]);
        }
        n = evaluation_waiting(e, &waiting);
        printf("],\"waiting\":[");
        for (size_t i = 0; i < n; i++) {
                printf("%s[\"%s\",", i ? "," : "", rule_id(waiting[i].rule));
                put_string(waiting[i].client ? waiting[i].client->id : "");
                printf(",%" PRId64 "]", waiting[i].deadline);
        }
        printf("],\"excepted\":%zu}\n", evaluation_excepted(e));
}

static int evaluate(const struct run *r, const struct eval_options *options) {
        struct evaluation *e;
        int k = evaluation_new(r->rules, r->settings, options, &e);
        if (k < 0)
                return k;
        for (size_t i = 0; i < r->n && k >= 0; i++)
                if (r->facts[i].at <= options->now)
                        k = evaluation_fact(&r->facts[i], e);
        if (k >= 0)
                k = evaluation_end(e);
        if (k >= 0)
                put_result(e);
        evaluation_free(e);
        return k;
}

static int run_case(struct run *r, const struct zone_table *zones, const char *line, size_t size) {
        struct yaml_node *root = NULL;
        int k = arena_new(0, &r->arena);
        if (k >= 0)
                k = yaml_parse("case", line, size, r->arena, &r->d, &root);
        if (k < 0)
                return k;
        const char *config = text(root, "config"), *rules = text(root, "rules");
        if (!config || !rules)
                return -EINVAL;
        k = load(r, zones, config, rules);
        if (k >= 0)
                k = read_facts(r, yaml_get(root, "facts"));
        struct eval_options options = {.now = number(root, "now"),
                                       .read_until = number(root, "read_until"),
                                       .calendars_read_until = number(root, "calendars_read_until")};
        return k < 0 ? k : evaluate(r, &options);
}

static void put_fault(const struct run *r, int error) {
        printf("{\"error\":");
        put_string(strerror(-error));
        printf(",\"diagnostics\":[");
        for (size_t i = 0; i < r->d.n; i++) {
                const struct diagnostic *d = &r->d.items[i];
                printf("%s\"%s:%u:%u [%s] \",", i ? "," : "", d->file, d->line, d->column, d->code);
                put_string(d->text);
        }
        printf("]}\n");
}

int main(void) {
        struct zone_table *zones;
        if (zone_table_new(&zones) < 0)
                return 1;
        for (size_t i = 0; i < ELEMENTSOF(zone_names); i++) {
                struct zone *zone = zoneinfo_read(zone_names[i]);
                if (!zone || zone_table_add(zones, zone) < 0)
                        return 77; /* the system has no zones */
        }
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        ssize_t n;
        while ((n = getline(&line, &room, stdin)) > 0) {
                struct run r = {0};
                int k = run_case(&r, zones, line, (size_t) n);
                if (k < 0)
                        put_fault(&r, k);
                run_end(&r);
        }
        zone_table_free(zones);
        return 0;
}
