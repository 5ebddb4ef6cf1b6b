/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/rule_test.h"

#include "rules/eval.h"
#include "rules/rule_keys.h"
#include "rules/ruleset_internal.h"

/* Unexpected breaches told of one test; who reads on has understood. */
#define UNEXPECTED_MAX 20U

/* --- values of facts */

static bool wrong_value(struct rule_reader *c, const struct yaml_node *node, const char *what) {
        read_fault(c, node, "wrong-type", NULL, "%s is wanted here", what);
        return false;
}

/* A length on the wall: nobody's working time says how long a business day of a fact was. */
static bool read_length(struct rule_reader *c, const struct yaml_node *node, int64_t *ret) {
        struct duration d;
        if (duration_parse(node->scalar, &d) < 0 || d.unit == DURATION_WORK_SECONDS || d.unit == DURATION_WORK_DAYS) {
                read_fault(c, node, "bad-duration", "units: s m h d w mo; as in 15m, 24h, 1h30m", "\"%s\" is no duration",
                           node->scalar);
                return false;
        }
        *ret = duration_seconds(&d);
        return true;
}

/* "1200", "1200.5", "-3.50": in hundredths, which every amount of a fact is in. */
static bool read_amount(struct rule_reader *c, const struct yaml_node *node, int64_t *ret) {
        double n;
        if (yaml_number(node, &n) < 0 || n > 1e13 || n < -1e13)
                return wrong_value(c, node, "an amount such as 1200.50");
        *ret = (int64_t) (n * 100 + (n < 0 ? -0.5 : 0.5));
        return true;
}

static bool read_words(struct rule_reader *c, const struct yaml_node *node, const char *const **ret) {
        if (node->type == YAML_MAPPING)
                return wrong_value(c, node, "a list of words");
        const char **list = read_new0(c, const char *, read_children(node) + 2);
        size_t n = 0;
        if (node->type == YAML_SCALAR)
                list = list && (list[0] = read_word(c, node, "a word")) ? list : NULL;
        for (const struct yaml_node *p = node->type == YAML_SEQUENCE ? node->child : NULL; p && list; p = p->next)
                if (!(list[n++] = read_word(c, p, "a word")))
                        return false;
        *ret = list;
        return list;
}

/* As the field wants it; `null` is a field that the fact does not have. */
static bool read_value(struct rule_reader *c, const struct yaml_node *node, const struct fact_field *field,
                       struct value *ret) {
        if (yaml_is_null(node)) {
                *ret = (struct value){.type = VALUE_NONE};
                return true;
        }
        struct value v = {.type = field->type};
        if (field->type == VALUE_LIST) {
                if (!read_words(c, node, &v.list))
                        return false;
                *ret = v;
                return true;
        }
        if (node->type != YAML_SCALAR)
                return wrong_value(c, node, "one value");
        bool good = true;
        switch (field->type) {
        case VALUE_BOOL:
                good = yaml_bool(node, &v.b) >= 0 || wrong_value(c, node, "true or false");
                break;
        case VALUE_INT:
                good = yaml_int(node, &v.i) >= 0 || wrong_value(c, node, "a whole number");
                break;
        case VALUE_NUMBER:
                good = yaml_number(node, &v.number) >= 0 || wrong_value(c, node, "a number");
                break;
        case VALUE_DURATION:
                good = read_length(c, node, &v.i);
                break;
        case VALUE_INSTANT:
                good = read_instant(c, node, false, &v.i) >= 0;
                break;
        case VALUE_MONEY:
                good = read_amount(c, node, &v.i);
                break;
        case VALUE_ENUM: {
                int i = read_choice(c, node, field->values, "value of this field");
                good = i >= 0;
                v.s = good ? field->values[i] : NULL;
                break;
        }
        default:
                v.s = node->scalar;
        }
        if (good)
                *ret = v;
        return good;
}

/* --- facts */

static const struct client *find_client(const struct settings *people, const char *id) {
        return people ? settings_client_by_id(people, id) : NULL;
}

static bool read_common(struct rule_reader *c, const struct yaml_node *node, int index, struct fact *f) {
        const char **const places[FACT_COMMON_FIELDS] = {NULL, NULL, &f->person, &f->source, &f->message_id, &f->uid};
        if (index == FACT_COMMON_INDEX(0))
                return read_instant(c, node, false, &f->at) >= 0;
        if (yaml_is_null(node))
                return true;
        const char *word = read_word(c, node, "a text");
        if (index == FACT_COMMON_INDEX(1))
                f->client = word ? find_client(c->settings, word) : NULL;
        else
                *places[-1000 - index] = word;
        return word;
}

static void unknown_field(struct rule_reader *c, const struct yaml_node *key, enum fact_type type) {
        const char *names[FACT_FIELDS_MAX + FACT_COMMON_FIELDS + 1] = {NULL};
        size_t n = 0;
        for (uint32_t k = 0; k < fact_table[type].n_fields; k++)
                names[n++] = fact_table[type].fields[k].name;
        for (uint32_t k = 0; k < FACT_COMMON_FIELDS; k++)
                names[n++] = fact_common_fields[k].name;
        read_fault(c, key, "unknown-field", read_hint(c, key->scalar, names), "fact %s has no field \"%s\"",
                   fact_table[type].name, key->scalar);
}

/* {meeting.cancelled: {client: x, at: ..., changed_by: client}}. Clients of whom c->settings does not know are left out. */
static bool read_fact(struct rule_reader *c, const struct yaml_node *node, struct fact *ret) {
        if (node->type != YAML_MAPPING || !node->child || node->child->next || node->child->type != YAML_MAPPING)
                return wrong_value(c, node, "one fact, {meeting.cancelled: {client: x, at: ...}},");
        const struct yaml_node *fields = node->child;
        uint32_t rule = 0;
        int t = read_fact_name(c, fields->key, &rule);
        if (t < 0)
                return false;
        *ret = (struct fact){.type = (enum fact_type) t, .at = INSTANT_UNKNOWN, .observation = -1};
        if (t == FACT_RULE) {
                ret->rule = c->rs->rules[rule].id;
                ret->values[F_BREACH_RULE] = (struct value){.type = VALUE_STRING, .s = ret->rule};
        }
        bool good = !read_missing(c, fields, "at", "a fact");
        for (const struct yaml_node *p = fields->child; p; p = p->next) {
                int i = fact_field_index(ret->type, p->key->scalar);
                if (i == -ENOENT) {
                        unknown_field(c, p->key, ret->type);
                        good = false;
                } else if (i < 0)
                        good &= read_common(c, p, i, ret);
                else
                        good &= read_value(c, p, &fact_table[t].fields[i], &ret->values[i]);
        }
        return good;
}

/* --- expectations */

struct expectation {
        const struct yaml_node *node;
        const struct rule *rule;
        const char *client;        /* NULL: whoever */
        instant from, until, at;   /* from inclusive, until exclusive; UNKNOWN: any time. `at` is what is written */
        int64_t count;             /* 0: not asked */
        int lasting, severity;     /* -1: not asked */
        const struct alert *alert; /* the one it is about, once found */
        bool met;
};

static bool read_expected_time(struct rule_reader *c, const struct yaml_node *node, struct expectation *e) {
        struct civil civil;
        int32_t offset;
        bool day = false;
        if (read_instant(c, node, false, &e->at) < 0 || civil_parse(node->scalar, &civil, &offset, &day) < 0)
                return false;
        e->from = e->at;
        e->until = e->at + 1;
        return !day || read_instant(c, node, true, &e->until) >= 0;
}

static bool read_expectation(struct rule_reader *c, const struct rule_test *t, const struct yaml_node *node,
                             struct expectation *ret) {
        static const struct {
                const char *key, *what;
                const char *const *names;
        } words[] = {{"lasting", "word", lasting_names}, {"severity", "severity", severity_names}};
        *ret = (struct expectation){.node = node,
                                    .rule = t->rule,
                                    .from = INSTANT_UNKNOWN,
                                    .until = INSTANT_UNKNOWN,
                                    .at = INSTANT_UNKNOWN,
                                    .lasting = -1,
                                    .severity = -1};
        if (!read_keys(c, node, "expect"))
                return false;
        const struct yaml_node *rule = yaml_get(node, "rule"), *client = yaml_get(node, "client"),
                               *at = yaml_get(node, "at"), *count = yaml_get(node, "count");
        bool good = true;
        if (rule) {
                const char *id = read_word(c, rule, "the name of a rule");
                ret->rule = id ? ruleset_find(c->rs, id) : NULL;
                if (id && !ret->rule)
                        read_unknown_rule(c, rule, id);
                good &= ret->rule != NULL;
        }
        if (client)
                good &= (ret->client = read_word(c, client, "the name of a client")) != NULL;
        if (at)
                good &= read_expected_time(c, at, ret);
        if (count && (yaml_int(count, &ret->count) < 0 || ret->count < 1))
                good = wrong_value(c, count, "a whole number above 0");
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                const struct yaml_node *word = yaml_get(node, words[i].key);
                int k = word ? read_choice(c, word, words[i].names, words[i].what) : -1;
                good &= !word || k >= 0;
                *(i == 0 ? &ret->lasting : &ret->severity) = k;
        }
        return good;
}

/* --- reading tests */

static const struct yaml_node *test_list(struct rule_reader *c, const struct yaml_node *node, const char *key,
                                         const char *example) {
        const struct yaml_node *list = yaml_get(node, key);
        if (!list)
                return NULL;
        if (list->type != YAML_SEQUENCE)
                read_fault(c, list, "wrong-type", example, "`%s` is a list", key);
        else if (read_children(list) > RULE_TEST_FACTS_MAX)
                read_fault(c, list, "bad-value", NULL, "at most %u entries", RULE_TEST_FACTS_MAX);
        else
                return list->child;
        return NULL;
}

/* Relative to the folder of the rule file. */
static const char *beside_rule_file(struct rule_reader *c, const char *path) {
        const char *slash = strrchr(c->file, '/');
        if (path[0] == '/' || !slash)
                return path;
        const char *joined = arena_printf(c->arena, "%.*s%s", (int) (slash - c->file + 1), c->file, path);
        if (!joined)
                c->error = -ENOMEM;
        return joined;
}

static void read_observed(struct rule_reader *c, const struct yaml_node *node, struct rule_test *t) {
        struct rule_test_file *files = read_new0(c, struct rule_test_file, read_children(yaml_get(node, "observe")) + 1);
        for (const struct yaml_node *p = test_list(c, node, "observe", "[mail.eml, meeting.ics]"); p && files; p = p->next) {
                const char *word = read_word(c, p, "the name of a file");
                const char *path = word ? beside_rule_file(c, word) : NULL;
                if (path)
                        files[t->n_observe++] = (struct rule_test_file){path, p->line, p->column, p->length};
        }
        t->observe = files;
}

/* What the test says of people is checked when the zones are known, as they are wherever files come from. */
static void check_people(struct rule_reader *c, const struct rule_test *t) {
        const struct settings_change change = {
                .file = c->file, .owner = yaml_get(t->node, "owner"), .clients = yaml_get(t->node, "clients")};
        struct settings *people = NULL;
        if ((!change.owner && !change.clients) || !c->settings || !c->settings->zones)
                return;
        int r = settings_derive(c->settings, &change, c->settings->zones, c->d, &people);
        if (r < 0 && r != -EBADMSG)
                c->error = r;
        settings_free(people);
}

static bool read_test(struct rule_reader *c, const struct rule *rule, const struct yaml_node *node, struct rule_test *t) {
        *t = (struct rule_test){
                .rule = rule, .name = "", .file = c->file, .line = node->line, .column = node->column, .node = node};
        if (!read_keys(c, node, "test"))
                return false;
        if (!read_missing(c, node, "name", "a test")) {
                const char *name = read_word(c, yaml_get(node, "name"), "a text");
                t->name = name ? name : "";
        }
        const struct yaml_node *observe = yaml_get(node, "observe"), *facts = yaml_get(node, "facts"),
                               *now = yaml_get(node, "now");
        t->own_owner = yaml_get(node, "owner");
        if (!observe == !facts)
                read_fault(c, node, observe ? "bad-value" : "missing-key", NULL, "a test has either `observe` or `facts`");
        instant unused;
        if (now)
                (void) read_instant(c, now, false, &unused);
        if (observe)
                read_observed(c, node, t);
        for (const struct yaml_node *p = test_list(c, node, "facts", "[{message.received: {client: x, at: ...}}]"); p;
             p = p->next) {
                struct fact f;
                (void) read_fact(c, p, &f);
        }
        (void) read_missing(c, node, "expect", "a test");
        for (const struct yaml_node *p = test_list(c, node, "expect", "[{client: x, at: ...}], or [] for none"); p;
             p = p->next) {
                struct expectation e;
                (void) read_expectation(c, t, p, &e);
        }
        check_people(c, t);
        return true;
}

void read_tests(struct rule_reader *c, struct rule *rule, const struct yaml_node *node) {
        if (!node)
                return;
        if (node->type != YAML_SEQUENCE) {
                read_fault(c, node, "wrong-type", NULL, "tests are a list");
                return;
        }
        if (read_children(node) > RULE_TESTS_MAX) {
                read_fault(c, node, "bad-value", NULL, "at most %u tests", RULE_TESTS_MAX);
                return;
        }
        rule->tests = read_new0(c, struct rule_test, read_children(node) + 1);
        for (const struct yaml_node *p = node->child; p && rule->tests; p = p->next)
                rule->n_tests += read_test(c, rule, p, &rule->tests[rule->n_tests]);
}

size_t rule_tests(const struct rule *r, const struct rule_test **ret) {
        *ret = r->tests;
        return r->n_tests;
}

/* --- people */

/* Clients whom facts and expectations name. Faults were told when the set was loaded. */
static size_t named_clients(const struct rule_test *t, const char **names, size_t room) {
        size_t n = 0;
        const struct yaml_node *facts = yaml_get(t->node, "facts"), *expect = yaml_get(t->node, "expect");
        for (const struct yaml_node *p = facts ? facts->child : NULL; p && n < room; p = p->next) {
                const struct yaml_node *client = yaml_get(p->child, "client");
                if (client && client->type == YAML_SCALAR && !yaml_is_null(client))
                        names[n++] = client->scalar;
        }
        for (const struct yaml_node *p = expect ? expect->child : NULL; p && n < room; p = p->next) {
                const struct yaml_node *client = yaml_get(p, "client");
                if (client && client->type == YAML_SCALAR && !yaml_is_null(client))
                        names[n++] = client->scalar;
        }
        return n;
}

int rule_test_people(const struct rule_test *t, const struct settings *base, struct settings **ret) {
        const struct yaml_node *facts = yaml_get(t->node, "facts"), *expect = yaml_get(t->node, "expect");
        size_t room = (facts ? read_children(facts) : 0) + (expect ? read_children(expect) : 0);
        _cleanup_free_ const char **names = calloc(room + 1, sizeof(*names));
        if (!names)
                return -ENOMEM;
        _cleanup_diagnostics_ struct diagnostics told = {};
        const struct settings_change change = {.file = t->file,
                                               .owner = yaml_get(t->node, "owner"),
                                               .clients = yaml_get(t->node, "clients"),
                                               .more = names,
                                               .n_more = named_clients(t, names, room)};
        return settings_derive(base, &change, base->zones, &told, ret);
}

/* --- running */

static struct rule_reader reader_for(const struct ruleset *rs, const struct rule_test *t, const struct settings *people,
                                     struct arena *arena, struct diagnostics *d) {
        /* Only the finding of rules and memory are asked of the set here: nothing of it is written. */
        return (struct rule_reader){
                .rs = (struct ruleset *) rs, .settings = people, .d = d, .arena = arena, .file = t->file};
}

instant rule_test_now(const struct rule_test *t, const struct settings *people, instant newest) {
        _cleanup_diagnostics_ struct diagnostics told = {};
        struct rule_reader c = reader_for(NULL, t, people, NULL, &told);
        const struct yaml_node *node = yaml_get(t->node, "now");
        instant now;
        if (node && read_instant(&c, node, false, &now) >= 0)
                return now;
        return newest + RULE_TEST_AFTERWARDS;
}

static int compare_facts(const void *pa, const void *pb) {
        const struct fact *a = *(const struct fact *const *) pa, *b = *(const struct fact *const *) pb;
        if (a->at != b->at)
                return a->at < b->at ? -1 : 1;
        return (a->key > b->key) - (a->key < b->key);
}

/* Times a fact tells of count as well: a deadline can be counted from a due date. */
static instant newest_of(const struct fact *f) {
        instant newest = f->at;
        for (uint32_t i = 0; i < fact_table[f->type].n_fields; i++)
                if (f->values[i].type == VALUE_INSTANT)
                        newest = MAX(newest, f->values[i].i);
        return newest;
}

/* The facts of the test, by time; those of one instant in the order of the file. */
static int read_facts_of(struct rule_reader *c, const struct rule_test *t, struct fact ***ret, size_t *ret_n,
                         instant *ret_newest) {
        const struct yaml_node *list = yaml_get(t->node, "facts");
        struct fact **facts = read_new0(c, struct fact *, (list ? read_children(list) : 0) + 1);
        size_t n = 0;
        instant newest = 0;
        for (const struct yaml_node *p = list ? list->child : NULL; p && facts; p = p->next) {
                struct fact *f = read_new0(c, struct fact, 1);
                if (!f || !read_fact(c, p, f))
                        continue;
                f->key = n + 1;
                newest = MAX(newest, newest_of(f));
                facts[n++] = f;
        }
        if (c->error < 0)
                return c->error;
        if (n > 1)
                qsort(facts, n, sizeof(struct fact *), compare_facts);
        *ret = facts;
        *ret_n = n;
        *ret_newest = newest;
        return 0;
}

static int evaluate_facts(struct rule_reader *c, const struct rule_test *t, struct evaluation **ret) {
        struct fact **facts;
        size_t n;
        instant newest;
        int r = read_facts_of(c, t, &facts, &n, &newest);
        if (r < 0)
                return r;
        instant now = rule_test_now(t, c->settings, newest);
        struct evaluation *e;
        r = evaluation_new(c->rs, c->settings,
                           &(struct eval_options){.now = now, .read_until = now, .calendars_read_until = now}, &e);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n && r >= 0 && facts[i]->at <= now; i++)
                r = evaluation_fact(facts[i], e);
        if (r >= 0)
                r = evaluation_end(e);
        if (r < 0)
                evaluation_free(e);
        else
                *ret = e;
        return r;
}

static int evaluate_feed(struct rule_reader *c, const struct rule_test *t, const struct observation_feed *feed,
                         instant newest, struct evaluation **ret) {
        instant now = rule_test_now(t, c->settings, newest);
        struct evaluation *e;
        int r = evaluation_new(c->rs, c->settings,
                               &(struct eval_options){.now = now, .read_until = now, .calendars_read_until = now}, &e);
        if (r < 0)
                return r;
        const struct fold_options options = {.now = now, .texts = true};
        r = fold(feed, c->settings, &options, evaluation_fact, e);
        if (r >= 0)
                r = evaluation_end(e);
        if (r < 0)
                evaluation_free(e);
        else
                *ret = e;
        return r;
}

/* --- comparing */

struct comparison_run {
        struct rule_reader *c;
        const struct rule_test *test;
        struct expectation *expected;
        size_t n_expected;
        const struct alert *alerts;
        size_t n_alerts;
        bool **told; /* of each alert, of each evidence: is it expected? */
        struct rule_test_difference *out;
        size_t n_out;
};

static bool is_about(const struct expectation *x, const struct alert *a) {
        return a->rule == x->rule && (!x->client || (a->client && str_eq(a->client->id, x->client)));
}

static void differ(struct comparison_run *run, const struct expectation *x, struct rule_test_difference d) {
        if (x) {
                d.rule = x->rule->id;
                d.client = x->client;
                d.line = x->node->line;
                d.column = x->node->column;
        }
        run->out[run->n_out++] = d;
}

/* A breach at the time written that no expectation has taken yet. */
static bool meet_in_time(struct comparison_run *run, struct expectation *x) {
        for (size_t i = 0; i < run->n_alerts; i++)
                for (size_t k = 0; is_about(x, &run->alerts[i]) && k < run->alerts[i].n_evidence; k++) {
                        instant at = run->alerts[i].evidence[k].at;
                        if (run->told[i][k] || at < x->from || at >= x->until)
                                continue;
                        run->told[i][k] = true;
                        x->alert = &run->alerts[i];
                        return true;
                }
        return false;
}

static bool meet_alert(struct comparison_run *run, struct expectation *x) {
        for (size_t i = 0; i < run->n_alerts && !x->alert; i++) {
                if (!is_about(x, &run->alerts[i]))
                        continue;
                x->alert = &run->alerts[i];
                for (size_t k = 0; k < run->alerts[i].n_evidence; k++)
                        run->told[i][k] = true;
        }
        return x->alert;
}

/* It came, but at another time: the nearest that nobody asked for. */
static bool meet_at_another_time(struct comparison_run *run, struct expectation *x) {
        size_t best_alert = 0, best = 0;
        int64_t distance = INT64_MAX;
        for (size_t i = 0; i < run->n_alerts; i++)
                for (size_t k = 0; is_about(x, &run->alerts[i]) && k < run->alerts[i].n_evidence; k++) {
                        int64_t away = run->alerts[i].evidence[k].at - x->at;
                        away = away < 0 ? -away : away;
                        if (run->told[i][k] || away >= distance)
                                continue;
                        distance = away;
                        best_alert = i;
                        best = k;
                }
        if (distance == INT64_MAX)
                return false;
        run->told[best_alert][best] = true;
        x->alert = &run->alerts[best_alert];
        differ(run, x,
               (struct rule_test_difference){.kind = RULE_TEST_DIFFERENT,
                                             .field = "at",
                                             .wanted_at = x->at,
                                             .got_at = run->alerts[best_alert].evidence[best].at});
        return true;
}

static void compare_alert(struct comparison_run *run, const struct expectation *x) {
        const struct alert *a = x->alert;
        struct rule_test_difference d = {
                .kind = RULE_TEST_DIFFERENT, .wanted_at = INSTANT_UNKNOWN, .got_at = INSTANT_UNKNOWN};
        if (x->count > 0 && x->count != a->count) {
                d.field = "count";
                d.wanted = arena_printf(run->c->arena, "%" PRId64, x->count);
                d.got = arena_printf(run->c->arena, "%u", a->count);
                differ(run, x, d);
        }
        if (x->lasting >= 0 && x->lasting != (int) a->lasting) {
                d.field = "lasting";
                d.wanted = lasting_names[x->lasting];
                d.got = lasting_name(a->lasting);
                differ(run, x, d);
        }
        if (x->severity >= 0 && x->severity != (int) a->severity) {
                d.field = "severity";
                d.wanted = severity_names[x->severity];
                d.got = severity_name(a->severity);
                differ(run, x, d);
        }
}

/* Does the test speak of that rule: is it of the same file, or named by an expectation? */
static bool in_scope(const struct comparison_run *run, const struct rule *r) {
        if (str_eq(r->file, run->test->file))
                return true;
        for (size_t i = 0; i < run->n_expected; i++)
                if (run->expected[i].rule == r)
                        return true;
        return false;
}

static void tell_unexpected(struct comparison_run *run) {
        size_t n = 0;
        for (size_t i = 0; i < run->n_alerts; i++) {
                const struct alert *a = &run->alerts[i];
                for (size_t k = 0; in_scope(run, a->rule) && k < a->n_evidence && n < UNEXPECTED_MAX; k++) {
                        if (run->told[i][k])
                                continue;
                        n++;
                        differ(run, NULL,
                               (struct rule_test_difference){
                                       .kind = RULE_TEST_UNEXPECTED,
                                       .rule = a->rule->id,
                                       .client = arena_strdup(run->c->arena, a->client ? a->client->id : NULL),
                                       .wanted_at = INSTANT_UNKNOWN,
                                       .got_at = a->evidence[k].at});
                }
        }
}

/* Times first, so that an expectation without one does not take what another names; what is left over is paired at the end. */
static void compare_all(struct comparison_run *run) {
        for (size_t i = 0; i < run->n_expected; i++)
                if (run->expected[i].at != INSTANT_UNKNOWN)
                        run->expected[i].met = meet_in_time(run, &run->expected[i]);
        for (size_t i = 0; i < run->n_expected; i++)
                if (run->expected[i].at == INSTANT_UNKNOWN)
                        run->expected[i].met = meet_alert(run, &run->expected[i]);
        for (size_t i = 0; i < run->n_expected; i++) {
                struct expectation *x = &run->expected[i];
                if (!x->met && (x->at == INSTANT_UNKNOWN || !meet_at_another_time(run, x)))
                        differ(run, x,
                               (struct rule_test_difference){
                                       .kind = RULE_TEST_MISSING, .wanted_at = x->at, .got_at = INSTANT_UNKNOWN});
                else
                        compare_alert(run, x);
        }
        tell_unexpected(run);
}

static int compare_run(struct rule_reader *c, const struct rule_test *t, const struct evaluation *e,
                       struct rule_test_result *ret) {
        const struct yaml_node *list = yaml_get(t->node, "expect");
        size_t room = list ? read_children(list) : 0;
        struct comparison_run run = {.c = c, .test = t};
        run.n_alerts = evaluation_alerts(e, &run.alerts);
        run.expected = read_new0(c, struct expectation, room + 1);
        /* Each expectation can differ in each of its fields. */
        run.out = read_new0(c, struct rule_test_difference, 4 * room + UNEXPECTED_MAX + 1);
        run.told = read_new0(c, bool *, run.n_alerts + 1);
        for (size_t i = 0; i < run.n_alerts && run.told; i++)
                run.told[i] = read_new0(c, bool, run.alerts[i].n_evidence + 1);
        if (c->error < 0)
                return c->error;
        for (const struct yaml_node *p = list ? list->child : NULL; p; p = p->next)
                run.n_expected += read_expectation(c, t, p, &run.expected[run.n_expected]);
        compare_all(&run);
        ret->items = run.out;
        ret->n = run.n_out;
        return c->error;
}

void rule_test_result_free(struct rule_test_result *r) {
        arena_free(r->arena);
        *r = (struct rule_test_result){};
}

int rule_test_run(const struct ruleset *rs, const struct rule_test *t, const struct settings *people,
                  const struct observation_feed *feed, instant newest, struct rule_test_result *ret) {
        _cleanup_diagnostics_ struct diagnostics told = {};
        struct rule_test_result result = {};
        int r = arena_new(0, &result.arena);
        if (r < 0)
                return r;
        struct rule_reader c = reader_for(rs, t, people, result.arena, &told);
        struct evaluation *e = NULL;
        r = feed ? evaluate_feed(&c, t, feed, newest, &e) : evaluate_facts(&c, t, &e);
        if (r >= 0)
                r = compare_run(&c, t, e, &result);
        evaluation_free(e);
        if (r < 0)
                rule_test_result_free(&result);
        else
                *ret = result;
        return r;
}
