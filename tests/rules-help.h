/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Settings, rules and facts for tests of rules/, made in memory: Paris and New York from the system's tables. */

/* clang-format off: cmocka.h wants the others before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
/* clang-format on */

#include "rules/eval.h"

struct world {
        struct zone *paris, *new_york;
        struct settings settings;
        struct client clients[3];
        struct arena *arena;
        struct diagnostics d;
        struct ruleset *rules;
};

enum { DUPONT, LIBERTY, ACME };

static _unused_ char *read_all(const char *path, size_t *ret_size) {
        FILE *f = fopen(path, "r");
        if (!f)
                return NULL;
        size_t room = 1 << 20;
        char *data = calloc(1, room);
        *ret_size = data ? fread(data, 1, room - 1, f) : 0;
        fclose(f);
        return data;
}

static struct zone *system_zone(const char *name) {
        char path[200];
        size_t size;
        (void) snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
        char *data = read_all(path, &size);
        struct zone *zone = NULL;
        if (!data || zone_new(name, data, size, &zone) < 0)
                fail_msg("no zone %s", name);
        free(data);
        return zone;
}

static void office_hours(struct work_calendar *c, const struct zone *zone, int16_t from, int16_t to) {
        *c = (struct work_calendar){.zone = zone};
        for (int d = 0; d < 5; d++) {
                c->week[d].n = 1;
                c->week[d].spans[0] = (struct work_span){(int16_t) (from * 60), (int16_t) (to * 60)};
        }
}

static _unused_ void world_start(struct world *w) {
        *w = (struct world){.paris = system_zone("Europe/Paris"), .new_york = system_zone("America/New_York")};
        assert_int_equal(arena_new(0, &w->arena), 0);
        static const char *const ids[] = {"dupont", "liberty", "acme"};
        for (uint32_t i = 0; i < ELEMENTSOF(ids); i++) {
                const struct zone *zone = i == LIBERTY ? w->new_york : w->paris;
                w->clients[i] = (struct client){.id = ids[i],
                                                .name = ids[i],
                                                .zone = zone,
                                                .index = i,
                                                .file = "clients.yaml",
                                                .line = i + 1,
                                                .column = 1};
                office_hours(&w->clients[i].calendar, zone, 9, 18);
        }
        office_hours(&w->settings.owner.calendar, w->paris, 9, 17);
        w->settings.owner.language = "en";
        w->settings.owner.zone = w->paris;
        w->settings.clients = w->clients;
        w->settings.n_clients = ELEMENTSOF(ids);
        w->settings.rules_file = "adieu.yaml";
        w->settings.arena = w->arena;
}

static _unused_ void world_end(struct world *w) {
        ruleset_free(w->rules);
        diagnostics_free(&w->d);
        arena_free(w->arena);
        zone_free(w->paris);
        zone_free(w->new_york);
}

static _unused_ const struct yaml_node *tree(struct world *w, const char *text) {
        struct yaml_node *node = NULL;
        struct diagnostics d = {0};
        if (yaml_parse("test", text, strlen(text), w->arena, &d, &node) < 0)
                fail_msg("%s", d.n ? d.items[0].text : "no tree");
        diagnostics_free(&d);
        return node;
}

static _unused_ void print_diagnostics(const struct diagnostics *d) {
        for (size_t i = 0; i < d->n; i++)
                print_message("# %s:%u:%u: [%s] %s (%s)\n", d->items[i].file, d->items[i].line, d->items[i].column,
                              d->items[i].code, d->items[i].text, d->items[i].hint ? d->items[i].hint : "-");
}

static _unused_ int load_text(struct world *w, const char *text) {
        w->rules = ruleset_free(w->rules);
        diagnostics_free(&w->d);
        struct rule_file file = {.file = {.path = "rules.yaml", .data = text, .size = strlen(text)}};
        return ruleset_load(&file, 1, &w->settings, &w->d, &w->rules);
}

static _unused_ void load_good(struct world *w, const char *text) {
        if (load_text(w, text) < 0) {
                print_diagnostics(&w->d);
                fail_msg("the rules did not load");
        }
}

/* "2026-03-02T10:04" in Paris, unless an offset is written. */
static _unused_ instant at(const struct world *w, const char *s) {
        struct civil c;
        int32_t offset;
        bool date_only;
        if (civil_parse(s, &c, &offset, &date_only) < 0)
                fail_msg("no time: %s", s);
        return offset == INT32_MIN ? zone_instant(w->paris, &c) : civil_seconds(&c) - offset;
}

static _unused_ void set(struct fact *f, const char *field, struct value v) {
        int i = fact_field_index(f->type, field);
        if (i < 0)
                fail_msg("no field %s", field);
        f->values[i] = v;
}

static _unused_ struct value v_string(const char *s) {
        return (struct value){.type = VALUE_STRING, .s = s};
}

static _unused_ struct value v_bool(bool b) {
        return (struct value){.type = VALUE_BOOL, .b = b};
}

static _unused_ struct value v_duration(int64_t seconds) {
        return (struct value){.type = VALUE_DURATION, .i = seconds};
}

static _unused_ struct value v_instant(instant i) {
        return (struct value){.type = VALUE_INSTANT, .i = i};
}

static _unused_ struct value v_int(int64_t i) {
        return (struct value){.type = VALUE_INT, .i = i};
}

static _unused_ struct value v_enum(const char *s) {
        return (struct value){.type = VALUE_ENUM, .s = s};
}
