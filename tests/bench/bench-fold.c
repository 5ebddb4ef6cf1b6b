/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The fold and the shipped rules over a million observations: bench-fold [N]. Two years of mail with forty clients, conversations of a few
 * messages, a third written by the owner, one in three asking something. The walk over the observations alone is shown beside it. */

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "daemon/zones.h"
#include "rules/eval.h"

#define CLIENTS 40
#define START INT64_C(1704067200) /* 2024-01-01 */
#define SPAN (INT64_C(2) * 365 * 86400)

struct source {
        uint32_t n, i;
        struct observation o;
        struct address from, to;
        const char *references[1];
        char message_id[48], reference[48], from_email[48], to_email[48], subject[48];
};

static uint64_t mix(uint64_t x) {
        x ^= x >> 31;
        x *= UINT64_C(0x9e3779b97f4a7c15);
        return x ^ (x >> 29);
}

static int source_start(void *userdata, enum observation_walk walk, bool texts) {
        struct source *s = userdata;
        (void) texts;
        s->i = walk == WALK_MESSAGES ? 0 : s->n; /* no calendars here */
        return 0;
}

static int source_next(void *userdata, struct stored_observation *ret) {
        struct source *s = userdata;
        if (s->i == s->n)
                return 0;
        uint32_t i = s->i++, thread = i / 200 * 50 + (uint32_t) (mix(i) % 50);
        uint64_t r = mix(i + 77);
        unsigned client = thread % CLIENTS;
        bool sent = r % 3 == 0;
        char *person = sent ? s->to_email : s->from_email, *owner = sent ? s->from_email : s->to_email;

        (void) snprintf(s->message_id, sizeof(s->message_id), "m%u@client%u.example", i, client);
        (void) snprintf(s->reference, sizeof(s->reference), "root%u@client%u.example", thread, client);
        (void) snprintf(person, sizeof(s->to_email), "person%u@client%u.example", (unsigned) (r >> 8) % 5, client);
        (void) snprintf(owner, sizeof(s->to_email), "camille@studio.example");
        (void) snprintf(s->subject, sizeof(s->subject), "project %u", thread);
        s->from = (struct address){.email = s->from_email};
        s->to = (struct address){.email = s->to_email};
        s->references[0] = s->reference;
        instant at = START + (instant) i * SPAN / s->n;
        s->o = (struct observation){.kind = OBSERVATION_MESSAGE, .seen_at = at, .internal_date = INSTANT_UNKNOWN};
        struct message *m = &s->o.message;
        m->message_id = s->message_id;
        m->references = (struct text_list){s->references, 1};
        m->from = (struct address_list){&s->from, 1};
        m->to = (struct address_list){&s->to, 1};
        m->subject = m->thread_subject = s->subject;
        m->sent_at = at;
        m->sent_offset = 3600;
        m->received_at = sent ? INSTANT_UNKNOWN : at + 3;
        m->language = "en";
        m->words = 60;
        m->flags = MESSAGE_REPLY | (r % 7 < 2 ? (uint32_t) MESSAGE_REQUEST : 0U);
        *ret = (struct stored_observation){.id = i, .digest = r, .source = "bench", .observation = &s->o};
        return 1;
}

static char *read_file(const char *path, size_t *ret_size) {
        FILE *f = fopen(path, "rb");
        char *data = f ? calloc(1, YAML_SIZE_MAX) : NULL;
        if (data)
                *ret_size = fread(data, 1, YAML_SIZE_MAX - 1, f);
        if (f)
                fclose(f);
        return data;
}

static struct settings *load_settings(const struct zone_table *zones) {
        static char yaml[16384];
        int n = snprintf(yaml, sizeof(yaml),
                         "owner: {name: C, addresses: [camille@studio.example], time_zone: Europe/Paris, holidays: [FR]}\n"
                         "sources: []\nclients:\n");
        for (int i = 0; i < CLIENTS; i++)
                n += snprintf(yaml + n, sizeof(yaml) - (size_t) n,
                              "  - {id: client%d, name: Client, match: ['@client%d.example']}\n", i, i);
        struct diagnostics d = {};
        struct settings *s = NULL;
        struct settings_file f = {.path = "bench.yaml", .data = yaml, .size = (size_t) n};
        if (settings_load(&f, 1, zones, &d, &s) < 0)
                fprintf(stderr, "bench.yaml:%u: %s\n", d.n ? d.items[0].line : 0, d.n ? d.items[0].text : "?");
        diagnostics_free(&d);
        return s;
}

static struct ruleset *load_rules(const struct settings *settings) {
        static const char *const packs[] = {"after-hours", "meetings", "requests"};
        const char *folder = getenv("ADIEU_PACKS");
        struct rule_file files[ELEMENTSOF(packs)] = {};
        struct diagnostics d = {};
        struct ruleset *rules = NULL;
        for (size_t i = 0; i < ELEMENTSOF(packs); i++) {
                char path[4096];
                (void) snprintf(path, sizeof(path), "%s/%s.yaml", folder ? folder : "rules/packs", packs[i]);
                size_t size = 0;
                char *data = read_file(path, &size);
                if (!data)
                        return NULL;
                files[i] = (struct rule_file){.file = {.path = packs[i], .data = data, .size = size}, .pack = packs[i]};
        }
        if (ruleset_load(files, ELEMENTSOF(packs), settings, &d, &rules) < 0)
                fprintf(stderr, "%s:%u: %s\n", d.n ? d.items[0].file : "?", d.n ? d.items[0].line : 0,
                        d.n ? d.items[0].text : "?");
        diagnostics_free(&d);
        for (size_t i = 0; i < ELEMENTSOF(packs); i++)
                free((void *) files[i].file.data);
        return rules;
}

/* Processor time: what the machine does beside this does not count. */
static double now(void) {
        struct timespec t;
        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

struct sink {
        struct evaluation *evaluation;
        uint64_t facts;
};

static int on_fact(const struct fact *f, void *userdata) {
        struct sink *s = userdata;
        s->facts++;
        return s->evaluation ? evaluation_fact(f, s->evaluation) : 0;
}

int main(int argc, char **argv) {
        uint32_t n = argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 10) : 1000000;
        struct zone_table *zones = NULL;
        if (zones_load(&zones) < 0)
                return 1;
        struct settings *settings = load_settings(zones);
        struct ruleset *rules = settings ? load_rules(settings) : NULL;
        if (!rules) {
                fprintf(stderr, "cannot load the settings or the shipped rules ($ADIEU_PACKS)\n");
                return 1;
        }
        struct source source = {.n = n};
        struct observation_feed feed = {source_start, source_next, &source};
        struct stored_observation so;
        double t0 = now();
        (void) source_start(&source, WALK_MESSAGES, false);
        while (source_next(&source, &so) > 0)
                ;
        double walk = now() - t0;

        struct fold_options options = {.now = START + SPAN};
        struct sink facts_only = {};
        t0 = now();
        int r = fold(&feed, settings, &options, on_fact, &facts_only);
        double folded = now() - t0;

        struct sink all = {};
        t0 = now();
        if (r >= 0)
                r = evaluation_new(rules, settings, &(struct eval_options){START + SPAN, START + SPAN}, &all.evaluation);
        if (r >= 0)
                r = fold(&feed, settings, &options, on_fact, &all);
        if (r >= 0)
                r = evaluation_end(all.evaluation);
        double evaluated = now() - t0;
        if (r < 0) {
                fprintf(stderr, "failed: %s\n", strerror(-r));
                return 1;
        }
        const struct alert *alerts;
        size_t n_alerts = evaluation_alerts(all.evaluation, &alerts);
        struct rusage usage;
        (void) getrusage(RUSAGE_SELF, &usage);
        printf("%u observations: making them %.2f s, with the fold %.2f s, with fold and rules %.2f s; %" PRIu64
               " facts, %zu alerts, peak %ld MB\n",
               n, walk, folded, evaluated, all.facts, n_alerts, usage.ru_maxrss / 1024);
        evaluation_free(all.evaluation);
        ruleset_free(rules);
        settings_free(settings);
        zone_table_free(zones);
        return 0;
}
