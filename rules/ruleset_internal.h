/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a rule is once it is read: shared by the reader, the conditions and the evaluation; nobody else includes it. */

#include "rules/condition.h"
#include "rules/measure.h"
#include "rules/rule_test.h"
#include "rules/ruleset.h"

/* More rules than this is a generated file; every fact would be tried against all of them. */
#define RULES_MAX 1000U
/* Steps of one sequence; "A, then B, but no C" has three. */
#define RULE_STEPS_MAX 32U
/* Keys of `by` and `same` together; each is hashed for every fact. */
#define RULE_KEYS_MAX 8U
#define RULE_PARAMS_MAX 16U
#define RULE_EXCEPTIONS_MAX 200U
#define RULE_ID_MAX 64U
/* Tests of one rule, facts or files of one test: each is read by a person. */
#define RULE_TESTS_MAX 1000U
#define RULE_TEST_FACTS_MAX 10000U
/* The most a rule can ask in `for`: breaches kept in mind, windows looked at. */
#define RULE_FOR_MAX 1000

enum rule_kind { RULE_MATCH, RULE_SEQUENCE, RULE_MEASURE };
enum rule_clock { CLOCK_OWNER, CLOCK_CLIENT };
enum param_type { PARAM_DURATION, PARAM_NUMBER, PARAM_INT, PARAM_STRING, PARAM_SHARE, _PARAM_TYPE_MAX };

struct param {
        const char *name;
        enum param_type type;
        struct literal value; /* the default */
        bool has_min, has_max;
        double min, max;
        const char *min_text, *max_text; /* as written, for diagnostics */
        unsigned uses;                   /* bits of enum param_use: what an override must be good for, too */
};

enum param_use {
        PARAM_WALL = 1U << 0,   /* a window: no working time */
        PARAM_COUNT = 1U << 1,  /* so many breaches or windows */
        PARAM_SOME = 1U << 2,   /* so many facts: one at least */
        PARAM_PHRASE = 1U << 3, /* looked for in a text */
};

/* `for`: when breaches are a habit. */
struct rule_for {
        struct literal breaches;
        struct literal within; /* has_within */
        struct literal of, every;
        bool has_within, occurrence;
};

/* What an override can change; one for all clients and one for each client that has its own. */
struct rule_variant {
        enum rule_mode mode;
        enum severity severity[_LASTING_MAX];
        struct literal *params; /* as many as the rule has */
        struct rule_for limit;
};

/* A date or time of the fact of an earlier step. */
struct step_field {
        int step;                      /* -1: none */
        int16_t index[_FACT_TYPE_MAX]; /* by type */
};

struct rule_step {
        bool absent;
        uint32_t types;        /* bits of enum fact_type */
        const uint32_t *rules; /* FACT_RULE: which rules */
        uint32_t n_rules;
        const struct condition *where; /* NULL: no condition */
        const char *as;
        bool has_within;
        struct literal within;
        enum rule_clock clock;
        struct step_field from;       /* where `within` counts from; step -1: the step before */
        struct step_field not_before; /* the deadline is not before that; step -1: no such bound */
};

struct rule_key_field {
        const char *name;
        int16_t index[_FACT_TYPE_MAX]; /* by type; only those the rule listens to are set */
};

struct rule_exception {
        const struct client *client;   /* NULL: whoever */
        const struct condition *where; /* on the opening fact; NULL: always */
        instant until;                 /* exclusive */
        const char *reason;
        const char *file; /* where it is written */
        const struct yaml_node *node;
};

struct rule_text {
        const char *language; /* NULL: written without one */
        const char *text;
};

struct rule {
        const char *id, *file, *pack;
        const struct yaml_node *node;
        uint32_t index;
        enum rule_kind kind;
        const struct rule_text *title, *why;
        size_t n_title, n_why;
        enum rule_mode own_mode; /* as the rule file says, for `mode: on` in an override */
        struct param *params;
        size_t n_params;
        struct rule_variant global;
        struct rule_variant **by_client;           /* by client->index; NULL entries: global */
        struct rule_key_field keys[RULE_KEYS_MAX]; /* `by`, then `same` */
        size_t n_by, n_keys;
        bool by_client_key;                     /* client is one of `by` */
        struct rule_step steps[RULE_STEPS_MAX]; /* a match is one step, a measure too; a ratio has its whole as the second */
        struct measure measure;
        uint32_t depth; /* longer than that of every rule it builds on */
        size_t n_steps;
        struct rule_step until;
        bool has_until, ends_absent, client_clock;
        uint32_t types;              /* of all steps */
        uint32_t later_types;        /* of the steps after the first, and until */
        uint32_t needs;              /* bits of enum fact_type */
        const uint32_t *needs_rules; /* FACT_RULE: which rules */
        uint32_t n_needs_rules;
        struct rule_exception *exceptions;
        size_t n_exceptions;
        uint32_t *inhibits; /* weaker rules, by index */
        size_t n_inhibits;
        struct literal repeat_after;
        bool has_repeat;
        bool reads_text;
        struct rule_test *tests;
        size_t n_tests;
};

struct ruleset {
        struct arena *arena;
        const struct settings *settings;
        struct rule *rules;
        size_t n;
        struct word_list *lists;
        size_t n_lists;
        const char **ids; /* NULL-terminated, for suggestions */
};

/* As overridden for that client; NULL: for everyone. */
const struct rule_variant *rule_variant_of(const struct rule *r, const struct client *client);

/* Is it on for anyone? */
bool rule_is_on(const struct ruleset *rs, const struct rule *r);

/* The run of a load. Diagnostics collect in d; memory failures stick in error. */
struct rule_reader {
        struct ruleset *rs;
        const struct settings *settings;
        struct diagnostics *d;
        struct arena *arena;
        const struct rule_file *files; /* all of the set */
        size_t n_files;
        const char *file;  /* the one being read */
        struct rule *rule; /* the one being read; NULL between rules */
        bool shared;       /* what is read belongs to the settings */
        int error;
};

#define read_fault(c, node, code, hint, ...)                                                                           \
        diagnostics_add((c)->d, DIAGNOSTIC_ERROR, (c)->file, (node)->line, (node)->column, (node)->length, code, hint, \
                        __VA_ARGS__)
#define read_warning(c, node, code, hint, ...)                                                                           \
        diagnostics_add((c)->d, DIAGNOSTIC_WARNING, (c)->file, (node)->line, (node)->column, (node)->length, code, hint, \
                        __VA_ARGS__)

/* Zeroed memory of the set; NULL makes c->error stick. */
void *read_alloc(struct rule_reader *c, size_t n, size_t size);
#define read_new0(c, type, n) ((type *) read_alloc((c), (n), sizeof(type)))
/* "did you mean X?", else "allowed: a, b, c" (cut when long). names is NULL-terminated. */
const char *read_hint(struct rule_reader *c, const char *word, const char *const *names);
/* Is it a mapping whose keys are all in the table under that prefix? Faults are told; false only when it is no mapping. */
bool read_keys(struct rule_reader *c, const struct yaml_node *node, const char *prefix);
/* A scalar that is not empty; NULL, and the fault told, for anything else. */
const char *read_word(struct rule_reader *c, const struct yaml_node *node, const char *what);
size_t read_children(const struct yaml_node *node) _pure_;
/* Position of one of some words, NULL-terminated; negative with the fault told. `what` names their kind. */
int read_choice(struct rule_reader *c, const struct yaml_node *node, const char *const *names, const char *what);
void read_unknown_rule(struct rule_reader *c, const struct yaml_node *node, const char *id);
/* Type of a named fact, or negative with the fault told. *ret_rule is the rule of a rule.x, may be NULL. */
int read_fact_name(struct rule_reader *c, const struct yaml_node *node, uint32_t *ret_rule);
/* The instant a written date or date-time means in the owner's zone. `end`: a date means the end of that day, exclusive. */
int read_instant(struct rule_reader *c, const struct yaml_node *node, bool end, instant *ret);

/* Remembers what a parameter is used for, where the literal is one. */
void param_used(const struct rule_reader *c, const struct literal *l, enum param_use use);
/* Can the text be looked for as a phrase? The fault is told at the node. */
bool check_phrase(struct rule_reader *c, const struct yaml_node *node, const char *text);
/* A * at the end of its phrase lets the last word go on. */
void open_phrase(struct rule_reader *c, struct literal *l);
/* Literals: see condition.c. The type wanted is that of a field, or of a parameter. */
bool read_literal(struct rule_reader *c, const struct yaml_node *node, enum value_type type, const struct fact_field *field,
                  struct literal *ret);
/* Where the field that a scalar names stands in each fact of the set; NULL, and the fault told, when one lacks it or means something else. */
const struct fact_field *read_field_name(struct rule_reader *c, const struct yaml_node *name, uint32_t fact_types,
                                         int16_t *index);
/* Not a length in working time: facts hold plain lengths, which nobody can compare with one, and windows run on. */
bool check_wall(struct rule_reader *c, const struct yaml_node *node, const char *what, const struct literal *l);
/* A length of time on the wall clock, longer than nothing; `what` it is of. */
bool read_window(struct rule_reader *c, const struct yaml_node *node, const char *what, struct literal *ret);
/* A number of things: a parameter must be whole too, since the number is not compared but counted with. */
bool read_whole_number(struct rule_reader *c, const struct yaml_node *node, struct literal *ret);
/* Is there no value for which `a x` and `b y` hold? Told where neither is a parameter. */
bool range_is_empty(enum comparison a, const struct literal *x, enum comparison b, const struct literal *y);
const struct condition *read_condition(struct rule_reader *c, const struct yaml_node *node, uint32_t types);

/* rule_lists.c */
void read_lists(struct rule_reader *c, const struct yaml_node *node);
/* The path of a file of words as a file of rules names it. NULL when memory is out. */
char *words_path(const char *rule_file, const char *name, struct arena *arena);
/* Does it look like a regular expression, which is not understood? */
bool phrase_is_pattern(const char *s) _pure_;
extern const char *const pattern_hint;
/* Folded, blanks single and none at the ends; returns the length. `size` is at least twice that of s and one more. */
size_t phrase_fold(const char *s, char *out, size_t size);

/* rule_measure.c */
void read_measure(struct rule_reader *c, struct rule *rule, const struct yaml_node *node);

/* rule_cycles.c: faults for rules that build on themselves or fold themselves; sets rule.depth. 0 or -ENOMEM. */
int check_cycles(struct rule_reader *c) _must_check_;

/* rule_test.c */
void read_tests(struct rule_reader *c, struct rule *rule, const struct yaml_node *node);

/* rule_read.c */
/* Mentions a key that is not there. */
bool read_missing(struct rule_reader *c, const struct yaml_node *node, const char *key, const char *what);
/* `fact` and `where` of a mapping whose keys are told by the prefix. */
void read_fact_and_where(struct rule_reader *c, const struct yaml_node *node, const char *prefix, struct rule_step *step);
void read_grouping(struct rule_reader *c, struct rule *rule, const struct yaml_node *same);
void read_rule(struct rule_reader *c, struct rule *rule);
bool read_override(struct rule_reader *c, const struct rule *rule, const struct yaml_node *node,
                   const struct rule_variant *base, struct rule_variant *ret);
bool read_exception(struct rule_reader *c, struct rule *rule, const struct yaml_node *node, const struct client *client);
const struct rule *reader_find_rule(const struct rule_reader *c, const char *id);
