/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The state of an evaluation, shared by eval.c (facts to breaches) and alert.c (breaches to alerts). */

#include "rules/eval.h"
#include "rules/ruleset_internal.h"

/* What evidence shows of a fact; shared by an instance and its breaches. One allocation, its strings behind it. */
struct shown_fact {
        uint32_t references;
        enum fact_type type;
        const char *rule; /* FACT_RULE; of the rule set */
        const struct client *client;
        instant at, start, new_start;
        int64_t observation, notice;
        uint64_t key;
        bool has_notice, outside_hours;
        const char *source, *message_id, *uid, *subject, *person, *thread_id;
        char strings[];
};

struct breach {
        uint64_t id;
        instant at, opened_at, ended_at;
        uint64_t sequence;        /* which occurrence of its group; from 1 */
        struct shown_fact *shown; /* NULL once newer evidence filled the alert */
        double number;            /* RULE_MEASURE: what was measured */
        uint32_t unread;          /* of the time until a deadline */
        bool withdrawn;           /* an absence told later moved the deadline, or the answer was written in time */
        bool settled;             /* `until` ended it, not the answer */
        bool bounded;             /* fired at what `not_before` says, not after the rule's own time */
        bool again;               /* more evidence of an occurrence that breached before */
};

/* All breaches of one rule with the same `by` keys. */
struct group {
        struct group *next; /* same bucket */
        uint64_t hash;
        const struct rule *rule;
        const struct client *client;
        struct breach *breaches; /* owned */
        size_t n, allocated;
        size_t first_shown; /* breaches before it show no fact any more */
        size_t forgotten;   /* breaches before the first one that are only counted */
        instant first_at;   /* of those */
        uint64_t occurrences;
        struct measuring *measuring; /* RULE_MEASURE; owned */
        size_t key_size;
        char key[];
};

/* A measure of one group on its way. */
struct measuring {
        struct measured *facts;   /* owned */
        struct shown_fact *shown; /* of the instant that waits to be judged: the fact with the smallest key */
        const struct client *client;
        bool pending;
        bool holds;      /* as last judged */
        instant last_at; /* when its last breach began; INSTANT_UNKNOWN */
};

struct group_table {
        struct group **buckets; /* owned */
        size_t mask, n;
};

/* One opener of a sequence on its way. */
struct instance {
        struct instance *next;                        /* same bucket */
        struct instance *client_next, **client_pprev; /* of the client whose clock it may wait on */
        uint64_t hash;
        uint32_t rule, depth; /* the rule's */
        uint16_t position;    /* the step awaited */
        bool breached, excepted;
        bool ended; /* breached and answered since: only of the client's list any more */
        bool stale; /* its deadline is later than the rule's limit, or waits for what could not be read: it cannot pass */
        struct shown_fact *opening;
        instant base;     /* where the time of the awaited step is counted from */
        instant last_at;  /* when the step before happened */
        instant deadline; /* INSTANT_UNKNOWN: none */
        instant late_at;  /* when what was awaited was written, after a deadline that could not fire */
        size_t heap;      /* position + 1 in the heap, 0: not in it */
        uint64_t sequence;
        struct group *group; /* once breached */
        size_t breach;
        size_t matches;    /* of the last step */
        instant *captured; /* by step: what `from` of that step counts from */
        instant *bounds;   /* by step: what its `not_before` says */
        bool bounded;      /* the deadline is that bound */
        size_t key_size, by_size;
        char *key;
};

struct instance_table {
        struct instance **buckets; /* owned */
        size_t mask, n;
};

struct client_state {
        struct work_calendar calendar;
        struct day_range *days_off; /* owned */
        size_t n_days_off;
        struct instance *instances;
};

struct rule_state {
        struct instance_table instances;
        struct group_table groups;
        struct measured *all; /* of a share: the facts of all groups; owned */
        bool listened, held;  /* some rule builds on it; it breached */
        instant limit;        /* what it awaits is known up to here: its deadlines fire until then */
};

/* What a rule is to look at when its turn in an instant comes. */
struct posted {
        const struct rule *rule;
        const struct fact *fact; /* in instant_arena */
};

/* All of the rules of one depth. */
struct level {
        struct posted *posts; /* owned */
        size_t n, allocated;
};

struct evaluation {
        const struct ruleset *rs;
        const struct settings *settings;
        struct eval_options options;
        struct arena *arena;         /* of the results */
        instant at;                  /* the instant of the facts gathered, or being judged */
        struct arena *instant_arena; /* its facts */
        size_t n_gathered;
        struct level *levels; /* owned */
        uint32_t n_levels;
        struct rule_state *rules;            /* owned */
        struct client_state *clients;        /* owned */
        size_t n_rules, n_clients;           /* so that the set and the settings may be gone when it is freed */
        uint32_t *listeners[_FACT_TYPE_MAX]; /* owned: which rules look at a type */
        size_t n_listeners[_FACT_TYPE_MAX];
        int subject_index[_FACT_TYPE_MAX], thread_index[_FACT_TYPE_MAX]; /* fields evidence shows; -ENOENT: none */
        struct instance **heap;                                          /* owned; by deadline */
        size_t n_heap, heap_allocated;
        struct group **pending; /* owned: measures to be judged */
        size_t n_pending, pending_allocated;
        struct condition_scratch scratch;
        char *key; /* owned: the key of the fact at hand */
        size_t key_size, key_by_size, key_allocated;
        uint32_t seen; /* bits of the fact types met */
        size_t excepted;
        struct alert *alerts; /* in the arena */
        size_t n_alerts;
        struct waiting *waiting; /* owned */
        size_t n_waiting, waiting_allocated;
};

/* 16 hex digits and a NUL. */
void id_text(uint64_t id, char out[17]);
/* Id of an alert (fact_key NULL) or of a breach. */
uint64_t stable_id(const struct rule *rule, const char *key, size_t key_size, const uint64_t *fact_key,
                   const uint64_t *second_key);
/* How many breaches at the front no grading will look at again. */
size_t breaches_past(const struct group *g);
/* Grades all groups into e->alerts. */
int build_alerts(struct evaluation *e) _must_check_;
