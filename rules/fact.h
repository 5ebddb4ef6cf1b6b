/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Facts: things that happened, at a time, between people. One table (fact.c) lists each fact with its fields and their types;
 * the validator, the man page, the JSON schema and --json come from it. */

#include "parsers/arena.h"
#include "parsers/base.h"
#include "rules/fact_fields.h"
#include "rules/settings.h"

enum fact_type {
        FACT_MESSAGE_RECEIVED,
        FACT_MESSAGE_SENT,
        FACT_REQUEST_RECEIVED,
        FACT_REQUEST_SENT,
        FACT_REMINDER_RECEIVED,
        FACT_REMINDER_SENT,
        FACT_BOUNDARY_STATED,
        FACT_PROPOSAL_SENT,
        FACT_DECISION_MADE,
        FACT_THANKS_RECEIVED,
        FACT_MEETING_PLANNED,
        FACT_MEETING_MOVED,
        FACT_MEETING_CANCELLED,
        FACT_MEETING_DECLINED,
        FACT_MEETING_HELD,
        FACT_MEETING_LATE,
        FACT_QUOTE_SENT,
        FACT_INVOICE_SENT,
        FACT_INVOICE_REMINDED,
        FACT_PAYMENT_RECEIVED,
        FACT_WORK_DONE,
        FACT_REQUEST_SETTLED,
        FACT_MESSAGE_DOUBTED,
        FACT_RULE, /* rule.<id>: a breach; `rule` tells which */
        _FACT_TYPE_MAX,
};

enum value_type {
        VALUE_NONE = 0, /* the fact does not have it (unknown): no comparison holds, not even neq */
        VALUE_STRING,
        VALUE_BOOL,
        VALUE_INT,
        VALUE_NUMBER,
        VALUE_DURATION, /* seconds, in .i */
        VALUE_INSTANT,  /* .i */
        VALUE_LIST,     /* strings, NULL-terminated, in .list */
        VALUE_ENUM,     /* a static string of the field's `values`, in .s */
        VALUE_MONEY,    /* minor units in .i (part 3 and later) */
};

struct value {
        enum value_type type;
        union {
                const char *s;
                bool b;
                int64_t i;
                double number;
                const char *const *list;
        };
};

struct fact_field {
        const char *name;
        enum value_type type;
        const char *const *values; /* ENUM: allowed values, NULL-terminated */
        const char *doc;           /* one sentence, for the man page and the schema */
};

/* The most fields one fact has: keeps a fact a flat struct. A _Static_assert in fact.c holds it true. */
#define FACT_FIELDS_MAX 32U

struct fact_row {
        const char *name; /* "message.received" */
        const char *doc;
        const struct fact_field *fields; /* index = position in fact.values: F_MESSAGE_SUBJECT ... of fact_fields.h */
        uint32_t n_fields;
        bool produced; /* the fold produces it today; the others are accepted in rules and warned about ("never seen") */
};

extern const struct fact_row fact_table[_FACT_TYPE_MAX];
/* Fields that every fact has and conditions can name: at, client, person, source, message_id, uid. */
extern const struct fact_field fact_common_fields[];
#define FACT_COMMON_FIELDS 6U

/* The type of that name, or -ENOENT. "rule.x" gives FACT_RULE. */
int fact_type_from_name(const char *name);
/* Position of a field of a type: >= 0 in values, or -ENOENT. Common fields: -1000 - index in fact_common_fields. */
int fact_field_index(enum fact_type type, const char *name);
#define FACT_COMMON_INDEX(i) (-1000 - (i))

struct fact {
        enum fact_type type;
        const char *rule; /* FACT_RULE: the rule's id */
        instant at;
        const struct client *client; /* NULL: no client (kept out of rules grouped by client) */
        const char *person;          /* email of who did it (received) or to whom (sent); may be NULL */
        const char *source;          /* name of the source; may be NULL */
        const char *message_id, *uid;
        /* Names the fact for ever: the same happening has the same key whatever arrives when. From type, message key or uid and occurrence,
         * and client. Breach and alert ids rest on it. */
        uint64_t key;
        int64_t observation; /* of the store, for fetching a quote; -1 */
        struct value values[FACT_FIELDS_MAX];
};

/* By name, common fields included; VALUE_NONE when the fact has none. For tests, JSON and conditions outside the hot path. */
struct value fact_value(const struct fact *f, const char *field);
/* By what fact_field_index() returned: for conditions compiled once and tested often. */
struct value fact_value_at(const struct fact *f, int index);
/* Deep copy into an arena. */
struct fact *fact_copy(const struct fact *f, struct arena *arena);
