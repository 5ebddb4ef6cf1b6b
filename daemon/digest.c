/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/digest.h"

#include <stdarg.h>
#include <stdio.h>

#include "daemon/log.h"
#include "daemon/mail.h"
#include "daemon/output.h"
#include "parsers/utf8.h"

/* --- gathering */

static int told_for_digest(const char *id, void *userdata) {
        struct context *c = userdata;
        int r = store_told(c->store, id, OUTLET_DIGEST);
        if (r != 0)
                return r < 0 ? r : DIGEST_TOLD;
        r = store_told_by_mail(c->store, id);
        return r < 0 ? r : r > 0 ? DIGEST_MAILED : DIGEST_NEW;
}

static int told_at_once(const char *id, void *userdata) {
        struct context *c = userdata;
        int r = store_told(c->store, id, OUTLET_MAIL);
        if (r == 0)
                r = store_told(c->store, id, OUTLET_DIGEST);
        return r < 0 ? r : r > 0 ? DIGEST_TOLD : DIGEST_NEW;
}

struct gathering {
        struct context *c;
        struct digest_report *report;
        bool *tried; /* by the number of the source */
        size_t mails_room;
};

static void add_stale(struct digest_report *r, const struct source_spec *spec, instant read_at, const char *error) {
        r->stale[r->n_stale++] = (struct stale_source){.name = arena_strdup(r->arena, spec->name),
                                                       .error = arena_strdup(r->arena, error),
                                                       .read_at = read_at,
                                                       .mailbox = source_is_mailbox(spec)};
}

static int on_source(const struct store_source_status *st, void *userdata) {
        struct gathering *g = userdata;
        struct digest_report *r = g->report;
        const struct source_spec *spec = source_configured(g->c->settings, st);
        if (!spec || g->tried[spec - g->c->settings->sources])
                return 0;
        g->tried[spec - g->c->settings->sources] = true;
        if (st->read_at == INSTANT_UNKNOWN || st->read_at <= r->until - DIGEST_STALE_SECONDS)
                add_stale(r, spec, st->read_at, st->error);
        return 0;
}

/* One that was just added is not in the store before a pass has tried it, and holds back as much. */
static int gather_stale(struct gathering *g) {
        const struct settings *settings = g->c->settings;
        g->report->stale = arena_new0(g->report->arena, struct stale_source, settings->n_sources + 1);
        g->tried = arena_new0(g->report->arena, bool, settings->n_sources + 1);
        if (!g->report->stale || !g->tried)
                return -ENOMEM;
        int r = store_sources(g->c->store, on_source, g);
        for (size_t i = 0; i < settings->n_sources && r >= 0; i++)
                if (!g->tried[i])
                        add_stale(g->report, &settings->sources[i], INSTANT_UNKNOWN, NULL);
        return r;
}

static int on_unreadable(const char *source, const struct observation *o, void *userdata) {
        struct gathering *g = userdata;
        (void) source;
        g->report->n_aside += o->seen_at >= g->report->from && o->seen_at <= g->report->until;
        return 0;
}

void digest_mail_id(const struct outbox_row *row, char ret[static DIGEST_MAIL_ID_SIZE]) {
        (void) snprintf(ret, DIGEST_MAIL_ID_SIZE, "mail:%" PRId64 ":%s", row->id,
                        row->state == OUTBOX_REFUSED || row->state == OUTBOX_REPLACED ? "refused" : "unsure");
}

/* Refused, or possibly there twice: the owner would not know otherwise. What merely waits may still come. */
static int on_mail(const struct outbox_row *row, void *userdata) {
        struct gathering *g = userdata;
        struct digest_report *r = g->report;
        char id[DIGEST_MAIL_ID_SIZE];
        bool lost = row->state == OUTBOX_REFUSED || (row->state == OUTBOX_REPLACED && row->kind == OUTBOX_DIGEST);
        if (!lost && row->state != OUTBOX_UNKNOWN && row->unsure == 0)
                return 0;
        digest_mail_id(row, id);
        int told = store_told(g->c->store, id, OUTLET_DIGEST);
        if (told != 0)
                return MIN(told, 0);
        if (r->n_mails == g->mails_room) {
                size_t room = g->mails_room ? 2 * g->mails_room : 16;
                struct outbox_row *more = arena_new0(r->arena, struct outbox_row, room);
                if (!more)
                        return -ENOMEM;
                if (r->n_mails > 0)
                        memcpy(more, r->mails, r->n_mails * sizeof(*more));
                r->mails = more;
                g->mails_room = room;
        }
        struct outbox_row *copy = &r->mails[r->n_mails++];
        *copy = *row;
        copy->message_id = copy->key = copy->sender = NULL;
        copy->recipient = arena_strdup(r->arena, row->recipient);
        copy->subject = arena_strdup(r->arena, row->subject);
        copy->text = arena_strdup(r->arena, row->text);
        return copy->recipient && copy->subject ? 0 : -ENOMEM;
}

static int gather_troubles(struct gathering *g) {
        int k = gather_stale(g);
        if (k >= 0)
                k = store_unreadable(g->c->store, on_unreadable, g);
        return k < 0 ? k : outbox_list(g->c->store, OUTBOX_DONE_LOOKED_AT, on_mail, g);
}

/* What is overdue, and waits for no other reason than that nobody looked for a while: a source that is behind is told as such. */
static int gather_held(const struct judgement *j, struct digest_report *r) {
        const struct waiting *waiting;
        size_t n = evaluation_waiting(j->evaluation, &waiting);
        for (size_t i = 0; i < n; i++)
                r->n_unread += waiting[i].unread;
        r->lull_since = n > r->n_unread ? j->lull_since : INSTANT_UNKNOWN;
        r->n_held = j->n_held;
        r->held_by = arena_strdup(r->arena, j->held_by);
        return j->held_by && !r->held_by ? -ENOMEM : 0;
}

static bool is_held(const struct digest_report *r) {
        return r->n_held + r->n_unread > 0 || r->lull_since != INSTANT_UNKNOWN;
}

static int gather(struct context *c, const struct judgement *j, bool at_once, instant since, instant from,
                  struct digest_report *ret) {
        struct digest_report report = {.from = from, .until = clock_now(&c->clock), .lull_since = INSTANT_UNKNOWN};
        struct gathering g = {.c = c, .report = &report};
        int r = arena_new(0, &report.arena);
        if (r >= 0) {
                const struct digest_options options = {
                        .since = since, .at_once = at_once, .told = at_once ? told_at_once : told_for_digest, .userdata = c};
                r = digest_select(j->alerts, j->n_alerts, &options, report.arena, &report.digest);
        }
        if (r >= 0 && !at_once)
                r = gather_troubles(&g);
        if (r >= 0 && !at_once)
                r = gather_held(j, &report);
        if (r < 0) {
                digest_report_free(&report);
                return judge_failed(c, r, "cannot gather what there is to tell");
        }
        *ret = report;
        return 0;
}

int digest_report(struct context *c, const struct judgement *j, instant since, instant from, struct digest_report *ret) {
        return gather(c, j, false, since, from, ret);
}

int digest_report_at_once(struct context *c, const struct judgement *j, instant since, struct digest_report *ret) {
        return gather(c, j, true, since, since, ret);
}

void digest_report_free(struct digest_report *r) {
        r->arena = arena_free(r->arena);
}

bool digest_report_is_empty(const struct digest_report *r) {
        return digest_is_empty(&r->digest) && r->n_stale == 0 && r->n_aside == 0 && r->n_mails == 0 && !is_held(r);
}

/* --- words: one table, one column for each language */

enum language { ENGLISH, FRENCH, _LANGUAGE_MAX };

enum word {
        W_WEEK,
        W_PERIOD,
        W_NOTHING_SHORT,
        W_NOTHING,
        W_ALERTS,
        W_AT_ONCE,
        W_LASTING,
        W_RECURRING,
        W_ONE_OFF,
        W_N_TROUBLES,
        W_STILL_OPEN,
        W_MORE_ALERTS,
        W_MORE_MAILS,
        W_BEFORE,
        W_SUBJECT,
        W_EVENT,
        W_WHY,
        W_MAILED,
        W_RECOVERED,
        W_RECOVERED_LINE,
        W_TROUBLES,
        W_STALE,
        W_NEVER_READ,
        W_ABSENCES_WAIT,
        W_MEETINGS_WAIT,
        W_HELD,
        W_LULL,
        W_ASIDE,
        W_ASIDE_1,
        W_UNREAD,
        W_REFUSED,
        W_UNSURE,
        W_CLOSING,
        _WORD_MAX,
};

static const char *const words[_WORD_MAX][_LANGUAGE_MAX] = {
        [W_WEEK] = {"adieu, week to %s: %s", "adieu, semaine au %s : %s"},
        [W_PERIOD] = {"What is new from %s to %s.", "Ce qui est nouveau du %s au %s."},
        [W_NOTHING_SHORT] = {"nothing unusual", "rien d'inhabituel"},
        [W_NOTHING] = {"Nothing unusual from %s to %s.", "Rien d'inhabituel du %s au %s."},
        [W_ALERTS] = {"adieu: %zu alerts", "adieu : %zu alertes"},
        [W_AT_ONCE] = {"You asked to be told of this at once.", "Vous avez demandé à l'apprendre tout de suite."},
        [W_LASTING] = {"LASTING", "DURABLE"},
        [W_RECURRING] = {"MORE THAN ONCE", "PLUS D'UNE FOIS"},
        [W_ONE_OFF] = {"ONCE SO FAR (once is not a habit)", "UNE SEULE FOIS (une fois n'est pas coutume)"},
        [W_N_TROUBLES] = {"something was not read", "tout n'a pas été lu"},
        [W_STILL_OPEN] = {"Still open.", "Toujours en cours."},
        [W_MORE_ALERTS] = {"And %zu more: `adieu alerts` lists them.", "Et %zu de plus : « adieu alerts » les montre."},
        [W_MORE_MAILS] = {"And %zu more mails.", "Et %zu messages de plus."},
        [W_BEFORE] = {"%zu before: `adieu alerts` shows them.", "%zu auparavant : « adieu alerts » les montre."},
        [W_SUBJECT] = {"Subject: %s", "Objet : %s"},
        [W_EVENT] = {"Event: %s", "Événement : %s"},
        [W_WHY] = {"Why it is watched: %s", "Pourquoi y veiller : %s"},
        [W_MAILED] = {"ALREADY MAILED TO YOU", "DÉJÀ ENVOYÉ"},
        [W_RECOVERED] = {"AT REST", "APAISÉ"},
        [W_RECOVERED_LINE] = {"%s: %s (nothing new since %s)", "%s : %s (rien de nouveau depuis %s)"},
        [W_TROUBLES] = {"NOT READ, NOT DELIVERED", "NON LU, NON REMIS"},
        [W_STALE] = {"%s was last read whole on %s.", "%s a été lu en entier pour la dernière fois le %s."},
        [W_NEVER_READ] = {"%s has never been read whole.", "%s n'a jamais été lu en entier."},
        [W_ABSENCES_WAIT] = {"Until it is read, nothing that depends on a missing answer is judged.",
                             "Tant que ce n'est pas lu, rien de ce qui dépend d'une réponse absente n'est jugé."},
        [W_MEETINGS_WAIT] = {"Until it is read, nothing that depends on a missing meeting is judged.",
                             "Tant que ce n'est pas lu, rien de ce qui dépend d'un rendez-vous absent n'est jugé."},
        [W_HELD] =
                {"Of %s only a part was read; what speaks for a client may be in the rest. Alerts held back until then: "
                 "%zu.",
                 "De %s, une partie seulement a été lue ; ce qui parle pour un client est peut-être dans le reste. Alertes "
                 "retenues jusque-là : %zu."},
        [W_LULL] =
                {"Nobody looked since %s: what came after may not have been fetched yet, and a missing answer is not judged "
                 "before it had the time.",
                 "Personne n'a regardé depuis le %s : ce qui est arrivé ensuite n'a peut-être pas encore été relevé, et une "
                 "réponse absente n'est pas jugée avant."},
        [W_ASIDE] = {"%zu items could not be read and were kept aside: `adieu status` lists them.",
                     "%zu éléments illisibles ont été mis de côté : « adieu status » les montre."},
        [W_ASIDE_1] = {"%zu item could not be read and was kept aside: `adieu status` shows it.",
                       "%zu élément illisible a été mis de côté : « adieu status » le montre."},
        [W_UNREAD] = {"Answers overdue that a message which could not be read may be: %zu. They are judged a week after "
                      "they were "
                      "due; `adieu status` names the message.",
                      "Réponses en retard qui sont peut-être dans un message illisible : %zu. Elles sont jugées une semaine "
                      "après "
                      "l'échéance ; « adieu status » montre le message."},
        [W_REFUSED] = {"The mail \"%s\" of %s to %s was not delivered.", "Le message « %s » du %s à %s n'a pas été remis."},
        [W_UNSURE] = {"The mail \"%s\" of %s to %s may have arrived twice, or not at all: the server gave no answer.",
                      "Le message « %s » du %s à %s est peut-être arrivé deux fois, ou pas du tout : le serveur n'a pas "
                      "répondu."},
        [W_CLOSING] =
                {"adieu sees mail and calendars, not calls or visits. Look at the evidence before you act; you decide.",
                 "adieu voit le courrier et les agendas, pas les appels ni les visites. Regardez les preuves avant "
                 "d'agir ; c'est vous qui décidez."},
};

/* What the subject counts: one, and several (0 is not said). */
enum count { COUNT_LASTING, COUNT_RECURRING, COUNT_ONE_OFF, COUNT_MAILED, COUNT_RECOVERED, _COUNT_MAX };

static const char *const counts_of[_COUNT_MAX][_LANGUAGE_MAX][2] = {
        [COUNT_LASTING] = {{"%zu lasting", "%zu lasting"}, {"%zu durable", "%zu durables"}},
        [COUNT_RECURRING] = {{"%zu more than once", "%zu more than once"}, {"%zu répété", "%zu répétés"}},
        [COUNT_ONE_OFF] = {{"%zu once", "%zu once"}, {"%zu ponctuel", "%zu ponctuels"}},
        [COUNT_MAILED] = {{"%zu mailed before", "%zu mailed before"}, {"%zu déjà envoyé", "%zu déjà envoyés"}},
        [COUNT_RECOVERED] = {{"%zu at rest", "%zu at rest"}, {"%zu apaisé", "%zu apaisés"}},
};

static const char *const months[_LANGUAGE_MAX][12] = {
        {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December"},
        {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
         "décembre"},
};

const char *digest_language(const struct context *c) {
        return str_eq(c->settings->owner.language, "fr") ? "fr" : "en";
}

struct writer {
        struct context *c;
        struct buf *out;
        enum language language;
        const char **explained; /* rules whose reasons stand further up */
        size_t n_explained;
        int error;
};

/* Room for a time in words. */
enum { WHEN_SIZE = 64 };

static const char *when(const struct writer *w, instant at, char buffer[static WHEN_SIZE]) {
        const struct owner *o = &w->c->settings->owner;
        return time_human(at, o->zone, o->language, buffer, WHEN_SIZE);
}

static const char *day(const struct writer *w, instant at, char buffer[static WHEN_SIZE]) {
        struct civil c = zone_civil(w->c->settings->owner.zone, at);
        (void) snprintf(buffer, WHEN_SIZE, "%d%s %s %d", c.day, w->language == FRENCH && c.day == 1 ? "er" : "",
                        months[w->language][c.month - 1], c.year);
        return buffer;
}

/* --- lines */

static size_t columns_of(const char *s, size_t n) {
        size_t columns = 0;
        for (size_t i = 0; i < n; i++)
                columns += ((unsigned char) s[i] & 0xc0) != 0x80;
        return columns;
}

/* Where a line may break: at blanks, but not at those that hold « and ; to their words. */
static size_t word_length(const char *s) {
        size_t n = strcspn(s, " \n");
        while (s[n] == ' ' && (strncmp(s + n + 1, "»", 2) == 0 || (s[n + 1] && strchr(":;!?", s[n + 1]) && n > 0)))
                n += 1 + strcspn(s + n + 1, " \n");
        if (n == 2 && strncmp(s, "«", 2) == 0 && s[2] == ' ')
                n += 1 + strcspn(s + 3, " \n");
        return n;
}

/* Broken between words at MAIL_COLUMNS; a longer word has its own line. The first line begins with `first`, the others with as many blanks. */
static void add_wrapped(struct writer *w, const char *first, const char *s) {
        size_t indent = columns_of(first, strlen(first)), column = indent;
        bool begun = false;
        (void) buf_add_str(w->out, first);
        for (size_t n; *(s += strspn(s, " \n")); s += n) {
                n = word_length(s);
                size_t width = columns_of(s, n);
                if (begun && column + 1 + width > MAIL_COLUMNS) {
                        (void) buf_printf(w->out, "\n%*s", (int) indent, "");
                        column = indent;
                        begun = false;
                }
                if (begun)
                        (void) buf_add_char(w->out, ' ');
                (void) buf_add(w->out, s, n);
                column += width + begun;
                begun = true;
        }
        (void) buf_add_char(w->out, '\n');
}

static void add_format(struct writer *w, const char *first, const char *format, ...) _printf_(3, 4);
static void add_format(struct writer *w, const char *first, const char *format, ...) {
        va_list ap;
        char *line = NULL;
        va_start(ap, format);
        int n = vasprintf(&line, format, ap);
        va_end(ap);
        if (n < 0) {
                w->error = -ENOMEM;
                return;
        }
        add_wrapped(w, first, line);
        free(line);
}

int digest_wrap(const char *text, struct buf *ret) {
        struct writer w = {.out = ret};
        for (const char *end; *text; text = *end ? end + 1 : end) {
                end = text + strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, (size_t) (end - text));
                if (!line)
                        return -ENOMEM;
                add_wrapped(&w, "", line);
        }
        return ret->error;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the words of the table above */

#define SAY(w, first, word, ...) add_format((w), (first), words[word][(w)->language], __VA_ARGS__)

static void heading(struct writer *w, enum word word) {
        (void) buf_printf(w->out, "\n%s\n", words[word][w->language]);
}

/* --- alerts */

static const char *client_name(const struct alert *a) {
        return a->client ? a->client->name : "-";
}

/* The rule's reasons, once a mail. */
static void add_why(struct writer *w, const struct alert *a) {
        const char *why = rule_why(a->rule, w->c->settings->owner.language);
        for (size_t i = 0; i < w->n_explained; i++)
                if (w->explained[i] == rule_id(a->rule))
                        return;
        w->explained[w->n_explained++] = rule_id(a->rule);
        if (!str_empty(why))
                SAY(w, "  ", W_WHY, why);
}

static int add_evidence(struct writer *w, const struct evidence *e, bool in_full) {
        char at[WHEN_SIZE];
        _cleanup_free_ char *text = NULL, *quoted = NULL;
        if (in_full && e->observation >= 0) {
                int r = store_text(w->c->store, e->observation, &text);
                if (r < 0)
                        return r;
                quoted = quote(text);
        }
        add_format(w, "  - ", w->language == FRENCH ? "%s : %s" : "%s: %s", when(w, e->at, at), e->detail ? e->detail : "");
        if (quoted)
                add_format(w, "    ", w->language == FRENCH ? "« %s »" : "\"%s\"", quoted);
        /* As long as a quote: senders put whole messages there. */
        _cleanup_free_ char *subject = in_full ? quote(e->subject) : NULL;
        if (subject)
                SAY(w, "    ", e->message_id ? W_SUBJECT : W_EVENT, subject);
        if (e->message_id)
                add_format(w, "    ", "<%s>", e->message_id);
        else if (e->uid)
                add_format(w, "    ", "UID %s", e->uid);
        return 0;
}

static int add_item(struct writer *w, const struct digest_item *item) {
        const struct alert *a = item->alert;
        (void) buf_add_char(w->out, '\n');
        add_format(w, "", w->language == FRENCH ? "%s : %s" : "%s: %s", client_name(a), a->title);
        add_format(w, "  ", "%s.", a->summary);
        if (item->n_news == 0)
                add_wrapped(w, "  ", words[W_STILL_OPEN][w->language]);
        size_t all = MAX(a->n_evidence, (size_t) a->count), n = item->n_news;
        int r = 0;
        /* What was told before, and what the alert counts without keeping it: the numbers add up. */
        if (n > 0 && all > n)
                SAY(w, "  - ", W_BEFORE, all - n);
        for (size_t i = n; i > 0 && r >= 0; i--)
                r = add_evidence(w, item->news[n - i], i <= DIGEST_EVIDENCE_MAX);
        add_why(w, a);
        return r;
}

static bool is_news(const struct digest_item *item) {
        return item->n_news > 0 || item->repeat;
}

static int add_items(struct writer *w, const struct digest *d) {
        static const enum word headings[_LASTING_MAX] = {
                [LASTING_ONE_OFF] = W_ONE_OFF, [LASTING_RECURRING] = W_RECURRING, [LASTING_LASTING] = W_LASTING};
        size_t shown = 0, news = 0;
        int group = -1, r = 0;
        for (size_t i = 0; i < d->n && r >= 0; i++) {
                if (!is_news(&d->items[i]) || news++ >= DIGEST_ALERTS_MAX)
                        continue;
                if ((int) d->items[i].alert->lasting != group)
                        heading(w, headings[d->items[i].alert->lasting]);
                group = (int) d->items[i].alert->lasting;
                r = add_item(w, &d->items[i]);
                shown++;
        }
        if (news > shown) {
                (void) buf_add_char(w->out, '\n');
                SAY(w, "", W_MORE_ALERTS, news - shown);
        }
        return r;
}

static void add_mailed(struct writer *w, const struct digest *d) {
        size_t shown = 0;
        if (d->n_mailed > 0)
                heading(w, W_MAILED);
        for (size_t i = 0; i < d->n; i++)
                if (!is_news(&d->items[i]) && shown++ < DIGEST_ALERTS_MAX)
                        add_format(w, "- ", w->language == FRENCH ? "%s : %s (%s)" : "%s: %s (%s)",
                                   client_name(d->items[i].alert), d->items[i].alert->title, d->items[i].alert->summary);
        if (shown > DIGEST_ALERTS_MAX)
                SAY(w, "", W_MORE_ALERTS, shown - DIGEST_ALERTS_MAX);
}

static void add_recovered(struct writer *w, const struct digest *d) {
        char at[WHEN_SIZE];
        if (d->n_recovered > 0)
                heading(w, W_RECOVERED);
        for (size_t i = 0; i < d->n_recovered && i < DIGEST_ALERTS_MAX; i++)
                SAY(w, "- ", W_RECOVERED_LINE, client_name(d->recovered[i]), d->recovered[i]->title,
                    day(w, d->recovered[i]->last_at, at));
        if (d->n_recovered > DIGEST_ALERTS_MAX)
                SAY(w, "", W_MORE_ALERTS, (size_t) d->n_recovered - DIGEST_ALERTS_MAX);
}

/* --- adieu's own troubles */

static void add_troubles(struct writer *w, const struct digest_report *r) {
        char at[WHEN_SIZE];
        bool mailbox = false;
        if (r->n_stale + r->n_aside + r->n_mails == 0 && !is_held(r))
                return;
        heading(w, W_TROUBLES);
        for (size_t i = 0; i < r->n_stale; i++) {
                const struct stale_source *s = &r->stale[i];
                if (s->read_at == INSTANT_UNKNOWN)
                        SAY(w, "- ", W_NEVER_READ, s->name ? s->name : "?");
                else
                        SAY(w, "- ", W_STALE, s->name ? s->name : "?", when(w, s->read_at, at));
                if (!str_empty(s->error))
                        add_wrapped(w, "  ", s->error);
                mailbox = mailbox || s->mailbox;
        }
        if (r->n_stale > 0)
                add_wrapped(w, "  ", words[mailbox ? W_ABSENCES_WAIT : W_MEETINGS_WAIT][w->language]);
        if (r->n_held > 0)
                SAY(w, "- ", W_HELD, r->held_by, r->n_held);
        if (r->lull_since != INSTANT_UNKNOWN)
                SAY(w, "- ", W_LULL, when(w, r->lull_since, at));
        if (r->n_aside > 0)
                SAY(w, "- ", r->n_aside == 1 ? W_ASIDE_1 : W_ASIDE, r->n_aside);
        if (r->n_unread > 0)
                SAY(w, "- ", W_UNREAD, r->n_unread);
        for (size_t i = 0; i < r->n_mails && i < DIGEST_ALERTS_MAX; i++) {
                const struct outbox_row *m = &r->mails[i];
                SAY(w, "- ", m->unsure > 0 ? W_UNSURE : W_REFUSED, m->subject, when(w, m->made_at, at), m->recipient);
                if (!str_empty(m->text))
                        add_wrapped(w, "  ", m->text);
        }
        if (r->n_mails > DIGEST_ALERTS_MAX)
                SAY(w, "- ", W_MORE_MAILS, r->n_mails - DIGEST_ALERTS_MAX);
}

/* --- the whole */

static void say_count(struct writer *w, struct buf *subject, enum count count, size_t n) {
        if (n == 0)
                return;
        if (subject->size > 0)
                (void) buf_add_str(subject, ", ");
        (void) buf_printf(subject, counts_of[count][w->language][n > 1], n);
}

static void write_subject(struct writer *w, const struct digest_report *r, struct buf *subject) {
        const struct digest *d = &r->digest;
        _cleanup_buf_ struct buf counts = {};
        char at[WHEN_SIZE];
        say_count(w, &counts, COUNT_LASTING, d->counts[LASTING_LASTING]);
        say_count(w, &counts, COUNT_RECURRING, d->counts[LASTING_RECURRING]);
        say_count(w, &counts, COUNT_ONE_OFF, d->counts[LASTING_ONE_OFF]);
        say_count(w, &counts, COUNT_MAILED, d->n_mailed);
        say_count(w, &counts, COUNT_RECOVERED, d->n_recovered);
        if (r->n_stale + r->n_aside + r->n_mails > 0 || is_held(r))
                (void) buf_printf(&counts, "%s%s", counts.size > 0 ? ", " : "", words[W_N_TROUBLES][w->language]);
        const char *what = counts.size > 0 ? counts.data : words[W_NOTHING_SHORT][w->language];
        (void) buf_printf(subject, words[W_WEEK][w->language], day(w, r->until, at), what);
        subject->error = MIN(subject->error, counts.error);
}

static void write_subject_at_once(struct writer *w, const struct digest *d, struct buf *subject) {
        if (d->n != 1)
                (void) buf_printf(subject, words[W_ALERTS][w->language], d->n);
        else
                (void) buf_printf(subject, w->language == FRENCH ? "adieu : %s, %s" : "adieu: %s, %s",
                                  client_name(d->items[0].alert), d->items[0].alert->title);
}

int digest_write(struct context *c, const struct digest_report *r, bool at_once, struct buf *subject, struct buf *text) {
        struct writer w = {.c = c, .out = text, .language = str_eq(digest_language(c), "fr") ? FRENCH : ENGLISH};
        const struct digest *d = &r->digest;
        char from[WHEN_SIZE], until[WHEN_SIZE];
        w.explained = arena_new0(r->arena, const char *, d->n + 1);
        if (!w.explained)
                return log_errno(-ENOMEM, "cannot write the mail");
        if (at_once) {
                write_subject_at_once(&w, d, subject);
                add_wrapped(&w, "", words[W_AT_ONCE][w.language]);
        } else {
                write_subject(&w, r, subject);
                SAY(&w, "", digest_is_empty(d) ? W_NOTHING : W_PERIOD, when(&w, r->from, from), when(&w, r->until, until));
        }
        int k = add_items(&w, d);
        if (k < 0)
                return judge_failed(c, k, "cannot quote the evidence");
        add_mailed(&w, d);
        add_recovered(&w, d);
        add_troubles(&w, r);
        if (!digest_is_empty(d)) {
                (void) buf_add_char(text, '\n');
                add_wrapped(&w, "", words[W_CLOSING][w.language]);
        }
        k = MIN(MIN(w.error, text->error), subject->error);
        return k < 0 ? log_errno(k, "cannot write the mail") : 0;
}

#pragma GCC diagnostic pop

/* --- JSON */

static json_object *json_item(const struct context *c, const struct digest_item *item) {
        json_object *o = json_alert(item->alert, NULL, c->settings->owner.zone), *news = json_object_new_array();
        for (size_t i = 0; i < item->n_news; i++)
                json_object_array_add(news, json_text(item->news[i]->breach));
        json_object_object_add(o, "news", news);
        json_object_object_add(o, "mailed", json_object_new_int64((int64_t) item->n_mailed));
        json_object_object_add(o, "repeat", json_object_new_boolean(item->repeat));
        return o;
}

json_object *json_outbox(const struct outbox_row *row, const struct zone *zone) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "status", json_text("outbox"));
        json_object_object_add(o, "kind", json_text(outbox_kind_name(row->kind)));
        json_object_object_add(o, "key", json_text(row->key));
        json_object_object_add(o, "message_id", json_text(row->message_id));
        json_object_object_add(o, "recipient", json_text(row->recipient));
        json_object_object_add(o, "subject", json_text(row->subject));
        json_object_object_add(o, "state", json_text(outbox_state_name(row->state)));
        json_object_object_add(o, "made_at", json_time(row->made_at, zone));
        json_object_object_add(o, "changed_at", json_time(row->changed_at, zone));
        json_object_object_add(o, "next_at", row->state == OUTBOX_WAITING ? json_time(row->next_at, zone) : NULL);
        json_object_object_add(o, "tries", json_object_new_int64(row->tries));
        json_object_object_add(o, "unsure", json_object_new_int64(row->unsure));
        json_object_object_add(o, "code", row->code ? json_object_new_int(row->code) : NULL);
        json_object_object_add(o, "text", json_text(row->text));
        return o;
}

json_object *digest_json(const struct context *c, const struct digest_report *r, const char *subject, const char *text) {
        const struct zone *zone = c->settings->owner.zone;
        json_object *o = json_object_new_object(), *alerts = json_object_new_array(), *rest = json_object_new_array(),
                    *stale = json_object_new_array(), *mails = json_object_new_array();
        for (size_t i = 0; i < r->digest.n; i++)
                json_object_array_add(alerts, json_item(c, &r->digest.items[i]));
        for (size_t i = 0; i < r->digest.n_recovered; i++)
                json_object_array_add(rest, json_text(r->digest.recovered[i]->id));
        for (size_t i = 0; i < r->n_stale; i++)
                json_object_array_add(stale, json_text(r->stale[i].name));
        for (size_t i = 0; i < r->n_mails; i++)
                json_object_array_add(mails, json_outbox(&r->mails[i], zone));
        json_object_object_add(o, "from", json_time(r->from, zone));
        json_object_object_add(o, "until", json_time(r->until, zone));
        json_object_object_add(o, "subject", json_text(subject));
        json_object_object_add(o, "text", json_text(text));
        json_object_object_add(o, "alerts", alerts);
        json_object_object_add(o, "at_rest", rest);
        json_object_object_add(o, "stale", stale);
        json_object_object_add(o, "kept_aside", json_object_new_int64((int64_t) r->n_aside));
        json_object_object_add(o, "unread", json_object_new_int64((int64_t) r->n_unread));
        json_object_object_add(o, "held_back", json_object_new_int64((int64_t) r->n_held));
        json_object_object_add(o, "mails", mails);
        return o;
}
