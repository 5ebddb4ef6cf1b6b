/* SPDX-License-Identifier: GPL-3.0-or-later */

/* 200 rules of all kinds, two of them with lists of 10,000 phrases, over a million facts: bench-rules [FACTS [RULES]]. Two years of forty clients,
 * one message in eight with a text of sixty words. Walking over the facts alone, with a look at each word of their texts, is shown beside it. */

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "parsers/buf.h"
#include "rules/eval.h"
#include "tests/zoneinfo.h"

#define CLIENTS 40
#define THREADS 20000
#define WORDS 60
#define PHRASES 10000
#define START INT64_C(1704067200) /* 2024-01-01 */
#define SPAN (INT64_C(2) * 365 * 86400)

static uint64_t mix(uint64_t x) {
        x ^= x >> 31;
        x *= UINT64_C(0x9e3779b97f4a7c15);
        return x ^ (x >> 29);
}

/* A word of a made-up language of 60,000. */
static void add_word(struct buf *b, uint64_t n) {
        static const char *const syllables[] = {"ba", "den", "lo", "mir", "ta", "su", "ve", "ko", "ran", "pi"};
        for (n %= 60000, n += 10; n > 0; n /= 10)
                (void) buf_add_str(b, syllables[n % 10]);
}

struct source {
        uint32_t n, i;
        const struct settings *settings;
        struct buf text;
        char thread[16];
        struct fact fact;
};

static void set_message(struct source *s, uint64_t r) {
        struct value *v = s->fact.values;
        v[F_MESSAGE_THREAD_ID] = (struct value){.type = VALUE_STRING, .s = s->thread};
        v[F_MESSAGE_AUTOMATIC] = (struct value){.type = VALUE_BOOL, .b = r % 11 == 0};
        v[F_MESSAGE_WORKING_TIME] = (struct value){.type = VALUE_BOOL, .b = r % 5 != 0};
        v[F_MESSAGE_HOUR] = (struct value){.type = VALUE_INT, .i = (int64_t) (r >> 4) % 24};
        v[F_MESSAGE_WORDS] = (struct value){.type = VALUE_INT, .i = (int64_t) (r >> 9) % 300};
        v[F_MESSAGE_RESPONSE_TIME] = (struct value){.type = VALUE_DURATION, .i = (int64_t) (r >> 16) % 400000};
        if ((r >> 20) % 8 != 0)
                return;
        buf_reset(&s->text);
        for (uint64_t i = 0; i < WORDS; i++) {
                add_word(&s->text, mix(r + i));
                (void) buf_add_char(&s->text, ' ');
        }
        v[F_MESSAGE_TEXT] = (struct value){.type = VALUE_STRING, .s = s->text.data};
}

static const struct fact *source_next(struct source *s) {
        static const enum fact_type kinds[] = {FACT_MESSAGE_RECEIVED, FACT_MESSAGE_RECEIVED, FACT_MESSAGE_SENT,
                                               FACT_REQUEST_SENT,     FACT_REQUEST_RECEIVED, FACT_REMINDER_SENT,
                                               FACT_MEETING_MOVED,    FACT_INVOICE_SENT,     FACT_PAYMENT_RECEIVED,
                                               FACT_MESSAGE_RECEIVED};
        if (s->i == s->n)
                return NULL;
        uint64_t r = mix(s->i + 99);
        uint32_t thread = (s->i / 100 * 7 + (uint32_t) (r % 50)) % THREADS;
        (void) snprintf(s->thread, sizeof(s->thread), "t%u", thread);
        s->fact = (struct fact){.type = kinds[(r >> 32) % ELEMENTSOF(kinds)],
                                .at = START + (instant) s->i * SPAN / s->n,
                                .client = &s->settings->clients[thread % CLIENTS],
                                .person = "somebody@client.example",
                                .source = "bench",
                                .message_id = s->thread,
                                .key = r,
                                .observation = s->i++};
        struct value *v = s->fact.values;
        switch (s->fact.type) {
        case FACT_MESSAGE_RECEIVED:
        case FACT_MESSAGE_SENT:
                set_message(s, r);
                break;
        case FACT_MEETING_MOVED:
                v[F_MEETING_NOTICE] = (struct value){.type = VALUE_DURATION, .i = (int64_t) (r >> 8) % 900000};
                v[F_MEETING_CHANGED_BY] = (struct value){.type = VALUE_ENUM, .s = r % 2 ? "client" : "owner"};
                break;
        case FACT_INVOICE_SENT:
        case FACT_PAYMENT_RECEIVED:
                v[F_INVOICE_INVOICE_NUMBER] = (struct value){.type = VALUE_STRING, .s = s->thread};
                v[F_INVOICE_AMOUNT] = (struct value){.type = VALUE_MONEY, .i = (int64_t) (r >> 8) % 500000};
                v[F_INVOICE_DUE_DATE] = (struct value){.type = VALUE_INSTANT, .i = s->fact.at + 30 * 86400};
                break;
        default:
                v[F_REQUEST_THREAD_ID] = (struct value){.type = VALUE_STRING, .s = s->thread};
        }
        return &s->fact;
}

static void add_rules(struct buf *b, unsigned n) {
        static const char *const templates[] = {
                "match: {fact: message.received, where: {working_time: false, automatic: false, hour: {gte: 22}, words: "
                "{lt: %u}}}",
                "match: {fact: meeting.moved, where: {changed_by: client, notice: {lt: %um}}}",
                "sequence: {same: [thread_id], steps: [{fact: request.sent}, {absent: message.received, where: {automatic: "
                "false}, within: "
                "%ubd, clock: client}]}",
                "sequence: {same: [thread_id], steps: [{fact: message.sent}, {fact: message.received, where: {words: {lt: "
                "20}}, within: "
                "%uh}]}",
                "sequence: {same: [invoice_number], steps: [{fact: invoice.sent, as: i}, {absent: payment.received, within: "
                "%ubd, from: "
                "i.due_date}]}",
                "{by: [client, thread_id], measure: {count: {fact: reminder.sent}, over: %ud, is: {gte: 3}}}",
                "measure: {median: {fact: message.received, field: response_time}, over: %ud, against: {own_past: 180d}, "
                "min_facts: 5, is: "
                "{gte: 1.5}}",
                "measure: {share: {fact: payment.received, field: amount}, over: %ud, is: {gt: 0.10}}",
                "match: {fact: rule.r%u}",
                "measure: {distinct: {fact: message.received, field: hour}, over: %uh, is: {gte: 5}}",
        };
        for (unsigned i = 0; i < n; i++) {
                unsigned kind = i % ELEMENTSOF(templates), number = kind == 8 ? i - 1 : 1 + i / 10 % 20;
                char rule[400];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the table above */
                (void) snprintf(rule, sizeof(rule), templates[kind], number);
#pragma GCC diagnostic pop
                if (rule[0] == '{')
                        (void) buf_printf(b, "  - {id: r%u, %s\n", i, rule + 1);
                else
                        (void) buf_printf(b, "  - id: r%u\n    %s\n", i, rule);
        }
        for (int i = 0; i < 2; i++)
                (void) buf_printf(
                        b, "  - id: list%d\n    match: {fact: message.received, where: {text: {in_list: list%d}}}\n", i, i);
}

static void add_lists(struct buf *b) {
        for (unsigned l = 0; l < 2; l++) {
                (void) buf_printf(b, "  list%u:\n    words:\n", l);
                for (unsigned i = 0; i < PHRASES; i++) {
                        (void) buf_add_str(b, "      - ");
                        add_word(b, mix(l * PHRASES + i));
                        (void) buf_add_char(b, ' ');
                        add_word(b, mix(i));
                        (void) buf_printf(b, " %u\n", i);
                }
        }
}

static struct settings *load_settings(const struct zone_table *zones, struct diagnostics *d) {
        _cleanup_buf_ struct buf b = {0};
        (void) buf_add_str(
                &b, "owner: {addresses: [camille@studio.example], time_zone: Europe/Paris, holidays: [FR]}\nclients:\n");
        for (int i = 0; i < CLIENTS; i++)
                (void) buf_printf(&b, "  - {id: client%d, match: ['@client%d.example']}\n", i, i);
        struct settings_file f = {.path = "bench.yaml", .data = b.data, .size = b.size};
        struct settings *s = NULL;
        return settings_load(&f, 1, zones, d, &s) < 0 ? NULL : s;
}

static struct ruleset *load_rules(const struct settings *settings, unsigned n, struct diagnostics *d) {
        _cleanup_buf_ struct buf b = {0};
        (void) buf_add_str(&b, "version: 1\nlists:\n");
        add_lists(&b);
        (void) buf_add_str(&b, "rules:\n");
        add_rules(&b, n);
        struct rule_file f = {.file = {.path = "bench.yaml", .data = b.data, .size = b.size}};
        struct ruleset *rules = NULL;
        return ruleset_load(&f, 1, settings, d, &rules) < 0 ? NULL : rules;
}

/* Processor time: what the machine does beside this does not count. */
static double now(void) {
        struct timespec t;
        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* What anyone pays who looks at all facts: their values, and the words of their texts. */
static uint64_t look(const struct fact *f) {
        uint64_t sum = f->key;
        for (size_t i = 0; i < FACT_FIELDS_MAX; i++)
                sum += f->values[i].type;
        const struct value text = fact_value(f, "text");
        for (const char *p = text.type == VALUE_STRING ? text.s : ""; *p; p++)
                sum = sum * 31 + (unsigned char) *p;
        return sum;
}

static int evaluate(const struct ruleset *rules, struct source *source, struct evaluation **ret) {
        const struct eval_options options = {START + SPAN, START + SPAN};
        int r = evaluation_new(rules, source->settings, &options, ret);
        for (const struct fact *f; r >= 0 && (f = source_next(source));)
                r = evaluation_fact(f, *ret);
        return r < 0 ? r : evaluation_end(*ret);
}

int main(int argc, char **argv) {
        uint32_t n = argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 10) : 1000000;
        unsigned n_rules = argc > 2 ? (unsigned) strtoul(argv[2], NULL, 10) : 198;
        struct diagnostics d = {0};
        struct zone_table *zones = NULL;
        struct zone *paris = zoneinfo_read("Europe/Paris");
        if (!paris || zone_table_new(&zones) < 0 || zone_table_add(zones, paris) < 0)
                return 1;
        struct settings *settings = load_settings(zones, &d);
        double t0 = now();
        struct ruleset *rules = settings ? load_rules(settings, n_rules, &d) : NULL;
        double loaded = now() - t0;
        if (!rules) {
                for (size_t i = 0; i < d.n; i++)
                        if (d.items[i].level == DIAGNOSTIC_ERROR)
                                fprintf(stderr, "%u:%u: %s\n", d.items[i].line, d.items[i].column, d.items[i].text);
                return 1;
        }
        struct source source = {.n = n, .settings = settings};
        uint64_t seen = 0;
        t0 = now();
        for (const struct fact *f; (f = source_next(&source));)
                seen += look(f);
        double walk = now() - t0;
        struct evaluation *e = NULL;
        source.i = 0;
        t0 = now();
        int r = evaluate(rules, &source, &e);
        double evaluated = now() - t0;
        if (r < 0) {
                fprintf(stderr, "failed: %s\n", strerror(-r));
                return 1;
        }
        const struct alert *alerts;
        size_t n_alerts = evaluation_alerts(e, &alerts);
        uint64_t breaches = 0;
        for (size_t i = 0; i < n_alerts; i++)
                breaches += alerts[i].count;
        struct rusage usage;
        (void) getrusage(RUSAGE_SELF, &usage);
        printf("%zu rules (loaded in %.2f s), %u facts: walking over them %.2f s, judging them %.2f s, %.1f times as long, "
               "%.2f us a fact; "
               "%zu alerts, %" PRIu64 " breaches, peak %ld MB%s\n",
               ruleset_size(rules), loaded, n, walk, evaluated, evaluated / walk, evaluated * 1e6 / n, n_alerts, breaches,
               usage.ru_maxrss / 1024, seen == 0 ? "." : "");
        evaluation_free(e);
        ruleset_free(rules);
        settings_free(settings);
        zone_table_free(zones);
        diagnostics_free(&d);
        buf_free(&source.text);
        return 0;
}
