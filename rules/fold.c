/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "parsers/arena.h"
#include "rules/conversation.h"
#include "rules/meeting.h"
#include "rules/people.h"

/* Date is believed as a statement of when something was written when it is not after delivery by more than a wrong clock
 * explains, and not so long before that it must be an old message delivered again. */
#define DATE_AFTER_DELIVERY_MAX DAY_SECONDS
#define DATE_BEFORE_DELIVERY_MAX (7 * DAY_SECONDS)
/* Addresses of one message that are told apart: To, Cc and Bcc at the parser's ceiling. */
#define RECIPIENTS_MAX 600U
/* Clients one message is counted for; more are a mailing. */
#define MESSAGE_CLIENTS_MAX 32U
/* Offsets this near are the same place before and after its clocks change. */
#define SUMMER_TIME_CHANGE 3600

enum recipient_field { RECIPIENT_TO, RECIPIENT_CC, RECIPIENT_BCC };

struct recipient {
        uint64_t hash;
        const char *email;
        struct person person;
        enum recipient_field field;
        uint32_t position;
};

struct folding {
        const struct settings *settings;
        const struct fold_options *options;
        struct zone_clock clock; /* the owner's */
        fact_found found;
        void *userdata;
        struct people *people;
        struct meetings *meetings;
        struct conversations *conversations;
        size_t next_meeting;
        /* Facts of one second wait here to be put in order; `strings` owns what they point at. */
        struct fact *queue;
        size_t n_queue, allocated;
        instant queue_at;
        struct arena *strings;
        bool silent; /* no facts are made: only who vouches for what is found out */
        struct recipient recipients[RECIPIENTS_MAX];
        uint32_t n_recipients;
        struct conversation_message turn; /* the message that is looked at */
};

static void folding_done(struct folding *f) {
        people_free(f->people);
        meetings_free(f->meetings);
        conversations_free(f->conversations);
        free(f->queue);
        arena_free(f->strings);
}

/* ---- order */

static int compare_facts(const void *a, const void *b) {
        const struct fact *x = a, *y = b;
        if (x->key != y->key)
                return x->key < y->key ? -1 : 1;
        return (x->type > y->type) - (x->type < y->type);
}

static int tell_meeting(struct folding *f) {
        struct fact fact;
        meetings_fact(f->meetings, f->next_meeting++, &fact);
        return f->found(&fact, f->userdata);
}

static bool meeting_is_before(const struct folding *f, instant at, uint64_t key) {
        if (f->next_meeting >= meetings_size(f->meetings))
                return false;
        instant next = meetings_at(f->meetings, f->next_meeting);
        return next < at || (next == at && meetings_key(f->meetings, f->next_meeting) <= key);
}

/* Tell what waits, and the meetings before it. */
static int flush(struct folding *f) {
        int r = 0;
        if (f->n_queue > 1)
                qsort(f->queue, f->n_queue, sizeof(*f->queue), compare_facts);
        for (size_t i = 0; i < f->n_queue && r >= 0; i++) {
                while (r >= 0 && meeting_is_before(f, f->queue[i].at, f->queue[i].key))
                        r = tell_meeting(f);
                if (r >= 0)
                        r = f->found(&f->queue[i], f->userdata);
        }
        f->n_queue = 0;
        arena_reset(f->strings);
        return r;
}

static int queue_add(struct folding *f, struct fact **ret) {
        if (f->n_queue == f->allocated) {
                size_t allocated = MAX(2 * f->allocated, 64U);
                struct fact *queue = reallocarray(f->queue, allocated, sizeof(*queue));
                if (!queue)
                        return -ENOMEM;
                f->queue = queue;
                f->allocated = allocated;
        }
        *ret = &f->queue[f->n_queue++];
        return 0;
}

/* ---- one message */

/* 16 hexadecimal digits. */
#define THREAD_ID_SIZE 17

/* What all facts of a message share, with strings that live until the flush. */
struct mail {
        const struct stored_observation *stored;
        const struct message *m;
        instant at;
        int32_t offset; /* of the owner's clock then */
        uint64_t key;
        bool from_owner, person; /* a person wrote it, not a machine */
        const struct client *clients[MESSAGE_CLIENTS_MAX];
        uint32_t n_clients;
        uint64_t thread;
        bool date_plausible, old;
        bool working_time, in_break;
        enum addressed addressed; /* of received ones */
        const char *subject, *text, *language, *thread_id, *source, *message_id, *author, *sender, *resender;
};

static int compare_recipients(const void *a, const void *b) {
        const struct recipient *x = a, *y = b;
        if (x->hash != y->hash)
                return x->hash < y->hash ? -1 : 1;
        return (x->position > y->position) - (x->position < y->position);
}

static int compare_positions(const void *a, const void *b) {
        const struct recipient *x = a, *y = b;
        return (x->position > y->position) - (x->position < y->position);
}

/* Below this many, looking at all those before is cheaper than sorting. */
#define RECIPIENTS_FEW 24U

static bool recipient_is_known(const struct folding *f, uint64_t hash) {
        for (uint32_t i = 0; i < f->n_recipients; i++)
                if (f->recipients[i].hash == hash)
                        return true;
        return false;
}

static void collect_recipients(struct folding *f, const struct message *m) {
        const struct address_list *lists[] = {[RECIPIENT_TO] = &m->to, [RECIPIENT_CC] = &m->cc, [RECIPIENT_BCC] = &m->bcc};
        f->n_recipients = 0;
        bool few = m->to.n + m->cc.n + m->bcc.n <= RECIPIENTS_FEW;
        for (uint32_t field = 0; field < ELEMENTSOF(lists); field++)
                for (uint32_t i = 0; i < lists[field]->n && f->n_recipients < RECIPIENTS_MAX; i++) {
                        const char *email = lists[field]->items[i].email;
                        uint64_t hash = email_hash(email);
                        if (few && recipient_is_known(f, hash))
                                continue;
                        struct person person = people_find_hashed(f->people, email, hash);
                        f->recipients[f->n_recipients] = (struct recipient){
                                .hash = hash, .email = email, .person = person, .field = field, .position = f->n_recipients};
                        f->n_recipients++;
                }
        if (few || f->n_recipients < 2)
                return;
        qsort(f->recipients, f->n_recipients, sizeof(*f->recipients), compare_recipients);
        uint32_t n = 1;
        for (uint32_t i = 1; i < f->n_recipients; i++)
                if (f->recipients[i].hash != f->recipients[n - 1].hash)
                        f->recipients[n++] = f->recipients[i];
        f->n_recipients = n;
        qsort(f->recipients, n, sizeof(*f->recipients), compare_positions);
}

static void collect_clients(struct folding *f, struct mail *mail) {
        for (uint32_t i = 0; i < f->n_recipients && mail->n_clients < MESSAGE_CLIENTS_MAX; i++) {
                const struct client *client = f->recipients[i].person.client;
                bool known = !client;
                for (uint32_t k = 0; k < mail->n_clients && !known; k++)
                        known = mail->clients[k] == client;
                if (!known)
                        mail->clients[mail->n_clients++] = client;
        }
}

static const struct recipient *first_recipient(const struct folding *f, const struct client *client) {
        for (uint32_t i = 0; i < f->n_recipients; i++)
                if (f->recipients[i].person.client == client)
                        return &f->recipients[i];
        return NULL;
}

static int64_t third_parties(const struct folding *f, const struct client *client) {
        int64_t n = 0;
        for (uint32_t i = 0; i < f->n_recipients; i++)
                n += f->recipients[i].person.side != SIDE_OWNER && f->recipients[i].person.client != client;
        return n;
}

/* ---- judgements */

static bool date_known(const struct message *m) {
        return m->sent_at != INSTANT_UNKNOWN && !(m->flags & MESSAGE_NO_DATE);
}

static bool owner_works(struct folding *f, instant at) {
        return work_calendar_clock_is_open(&f->settings->owner.calendar, at + zone_clock_offset(&f->clock, at));
}

static bool owner_has_break(struct folding *f, instant at) {
        return work_calendar_clock_is_break(&f->settings->owner.calendar, at + zone_clock_offset(&f->clock, at));
}

static void judge_time(struct folding *f, struct mail *mail) {
        const struct message *m = mail->m;
        bool dated = date_known(m);
        mail->old = dated && mail->at - m->sent_at > DATE_BEFORE_DELIVERY_MAX;
        mail->date_plausible = dated && !mail->old && m->sent_at - mail->at <= DATE_AFTER_DELIVERY_MAX;
        mail->offset = zone_clock_offset(&f->clock, mail->at);
        instant sent_at = mail->date_plausible ? m->sent_at : mail->at;
        mail->working_time = owner_works(f, mail->at) || (sent_at != mail->at && owner_works(f, sent_at));
        mail->in_break = owner_has_break(f, mail->at) || (sent_at != mail->at && owner_has_break(f, sent_at));
}

static int32_t local_day(int64_t local, int32_t *ret_second) {
        int64_t day = local >= 0 ? local / DAY_SECONDS : -1 - (-1 - local) / DAY_SECONDS;
        *ret_second = (int32_t) (local - day * DAY_SECONDS);
        return (int32_t) day;
}

/* Monday to Friday, 09:00 to 18:00: what a client is taken to work who declared nothing. */
static bool usual_hours(instant at, int32_t offset) {
        int32_t second, day = local_day(at + offset, &second);
        return civil_weekday(day) <= 5 && second >= 9 * 3600 && second < 18 * 3600;
}

/* Was it written in the client's own working time, in another zone than the owner's? A declared zone counts, else the
 * clock most messages show; and of that the offset of this very message where it is the same place in summer or winter. */
static bool their_working_time(struct folding *f, const struct mail *mail, const struct client *client) {
        instant at = mail->date_plausible ? mail->m->sent_at : mail->at;
        int32_t own = zone_clock_offset(&f->clock, at);
        if (client->zone)
                return zone_offset(client->zone, at) != own && work_calendar_is_open(&client->calendar, at);
        int32_t offset;
        if (conversations_offset(f->conversations, client, at, &offset) < 0 || offset == own)
                return false;
        int32_t shown = mail->m->sent_offset;
        if (shown != INT32_MIN && mail->date_plausible && llabs((long long) shown - offset) <= SUMMER_TIME_CHANGE)
                offset = shown;
        if (offset == own)
                return false;
        /* Declared hours are on the wall of the client's place: read them with the owner's calendar moved by the
         * difference. */
        if (client->own_hours)
                return work_calendar_is_open(
                        &client->calendar,
                        at + offset -
                                zone_offset(client->calendar.zone ? client->calendar.zone : f->settings->owner.zone, at));
        return usual_hours(at, offset);
}

/* The instant a day begins in the owner's zone, `days` later. */
static instant day_begins(const struct folding *f, struct moment m, int days) {
        if (m.form == MOMENT_INSTANT)
                return m.at;
        struct civil local = civil_from_seconds(m.at + days * DAY_SECONDS);
        if (m.form == MOMENT_DATE)
                local.hour = local.minute = local.second = 0;
        return zone_instant(f->settings->owner.zone, &local);
}

/* ---- facts */

static const char *const turn_names[] = {[TURN_NOBODY] = "nobody", [TURN_OWNER] = "owner", [TURN_CLIENT] = "client"};
static const char *const weekday_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static struct value string_value(const char *s) {
        return s ? (struct value){.type = VALUE_STRING, .s = s} : (struct value){};
}
static struct value bool_value(bool b) {
        return (struct value){.type = VALUE_BOOL, .b = b};
}
static struct value int_value(int64_t i) {
        return (struct value){.type = VALUE_INT, .i = i};
}
static struct value typed_value(enum value_type type, int64_t i) {
        return (struct value){.type = type, .i = i};
}

static uint64_t fact_key(enum fact_type type, uint64_t key, const struct client *client) {
        return hash_mix(hash_mix(key, hash_string(client->id)), (uint64_t) type + 1);
}

static int fact_begin(struct folding *f, const struct mail *mail, enum fact_type type, const struct client *client,
                      struct fact **ret) {
        struct fact *fact;
        int r = queue_add(f, &fact);
        if (r < 0)
                return r;
        *fact = (struct fact){
                .type = type,
                .at = mail->at,
                .client = client,
                .person = mail->author,
                .source = mail->source,
                .message_id = mail->message_id,
                /* A copy beyond what is remembered cannot be told from the first one: its facts get names of their own. */
                .key = fact_key(type,
                                mail->old && mail->at - mail->m->sent_at > CONVERSATION_WINDOW
                                        ? hash_mix(mail->key, (uint64_t) mail->at)
                                        : mail->key,
                                client),
                .observation = mail->stored->id,
        };
        if (mail->from_owner) {
                const struct recipient *to = first_recipient(f, client);
                fact->person = to ? arena_strdup(f->strings, to->email) : NULL;
                if (to && !fact->person)
                        return -ENOMEM;
        }
        *ret = fact;
        return 0;
}

/* "2026-03-02"; by hand, since every message has one. */
static const char *date_text(const struct civil *c, struct arena *arena) {
        char text[sizeof("2026-03-02")] = "0000-00-00";
        int year = c->year;
        for (int i = 3; i >= 0; i--, year /= 10)
                text[i] = (char) ('0' + year % 10);
        text[5] = (char) ('0' + c->month / 10);
        text[6] = (char) ('0' + c->month % 10);
        text[8] = (char) ('0' + c->day / 10);
        text[9] = (char) ('0' + c->day % 10);
        return arena_strdup(arena, text);
}

static int message_values_owner_clock(struct folding *f, const struct mail *mail, struct value *v) {
        int32_t second, day = local_day(mail->at + mail->offset, &second);
        struct civil date = civil_from_seconds(mail->at + mail->offset);
        v[F_MESSAGE_DAY] = string_value(date_text(&date, f->strings));
        v[F_MESSAGE_WEEKDAY] = (struct value){.type = VALUE_ENUM, .s = weekday_names[civil_weekday(day) - 1]};
        v[F_MESSAGE_HOUR] = int_value(second / 3600);
        return v[F_MESSAGE_DAY].type == VALUE_NONE ? -ENOMEM : 0;
}

static void message_values_received(struct folding *f, const struct mail *mail, const struct client *client,
                                    struct value *v) {
        static const char *const addressed_names[_ADDRESSED_MAX] = {"to", "copy", "blind", "resent"};
        const struct message *m = mail->m;
        v[F_MESSAGE_ADDRESSED] = (struct value){.type = VALUE_ENUM, .s = addressed_names[mail->addressed]};
        v[F_MESSAGE_INVITED] = bool_value(conversations_invited(f->conversations, client, mail->at));
        v[F_MESSAGE_THEIR_WORKING_TIME] = bool_value(their_working_time(f, mail, client));
        if (date_known(m) && m->sent_at - mail->at <= DATE_AFTER_DELIVERY_MAX)
                v[F_MESSAGE_DELAYED] = typed_value(VALUE_DURATION, MAX(mail->at - m->sent_at, 0));
        if (m->automatic == AUTOMATIC_VACATION && m->absence_from.form != MOMENT_NONE)
                v[F_MESSAGE_ABSENCE_FROM] = typed_value(VALUE_INSTANT, day_begins(f, m->absence_from, 0));
        if (m->automatic == AUTOMATIC_VACATION && m->absence_until.form != MOMENT_NONE)
                v[F_MESSAGE_ABSENCE_UNTIL] = typed_value(VALUE_INSTANT, day_begins(f, m->absence_until, 1));
}

/* An old message delivered again (fetched from another server, sent on from an archive) says nothing about the hour of its
 * delivery, and one written to others and handed on to the owner nothing about its author's. */
static bool tells_hour(const struct mail *mail) {
        return mail->from_owner || (!mail->old && mail->addressed != ADDRESSED_RESENT);
}

static int add_message(struct folding *f, const struct mail *mail, const struct client *client,
                       const struct conversation_turn *turn) {
        struct fact *fact;
        int r = fact_begin(f, mail, mail->from_owner ? FACT_MESSAGE_SENT : FACT_MESSAGE_RECEIVED, client, &fact);
        if (r < 0)
                return r;
        const struct message *m = mail->m;
        struct value *v = fact->values;
        v[F_MESSAGE_SENDER] = string_value(mail->sender);
        v[F_MESSAGE_RESENT_BY] = string_value(mail->resender);
        v[F_MESSAGE_SUBJECT] = string_value(mail->subject);
        v[F_MESSAGE_THREAD_ID] = string_value(mail->thread_id);
        v[F_MESSAGE_TEXT] = string_value(mail->text);
        v[F_MESSAGE_WORDS] = int_value(m->words);
        v[F_MESSAGE_LANGUAGE] = string_value(mail->language);
        v[F_MESSAGE_AUTOMATIC] = bool_value(!mail->person);
        v[F_MESSAGE_REPLY] = bool_value(m->flags & MESSAGE_REPLY);
        if (turn->response_time >= 0)
                v[F_MESSAGE_RESPONSE_TIME] = typed_value(VALUE_DURATION, turn->response_time);
        v[F_MESSAGE_WAITING_ON] = (struct value){.type = VALUE_ENUM, .s = turn_names[turn->turn]};
        if (tells_hour(mail)) {
                v[F_MESSAGE_WORKING_TIME] = bool_value(mail->working_time);
                v[F_MESSAGE_IN_BREAK] = bool_value(mail->in_break);
        }
        r = message_values_owner_clock(f, mail, v);
        if (r < 0)
                return r;
        v[F_MESSAGE_THIRD_PARTIES] = int_value(third_parties(f, client));
        v[F_MESSAGE_RECIPIENTS] = int_value(f->n_recipients);
        v[F_MESSAGE_QUESTIONS] = int_value(m->questions);
        v[F_MESSAGE_REQUEST] = bool_value(m->flags & MESSAGE_REQUEST);
        v[F_MESSAGE_SHOUTING] = bool_value(m->flags & MESSAGE_SHOUTING);
        v[F_MESSAGE_ATTACHMENTS] = int_value(m->attachments.n);
        v[F_MESSAGE_URGENT] = bool_value(m->flags & MESSAGE_URGENT);
        v[F_MESSAGE_SETTLED] = bool_value(message_settles(m));
        if (!mail->from_owner)
                message_values_received(f, mail, client, v);
        return 0;
}

/* The end of what the writer gave as a clock time: the writer's clock is the owner's or the client's where it showed their time, else it
 * stays as far from UTC as it was. */
static instant deadline_instant(const struct folding *f, const struct mail *mail, const struct client *client) {
        const struct message *m = mail->m;
        int64_t local = m->deadline.form == MOMENT_DATE ? m->deadline.at + DAY_SECONDS - 1 : m->deadline.at;
        const struct zone *zones[] = {mail->from_owner ? f->settings->owner.zone : client->zone, f->settings->owner.zone};
        struct civil c = civil_from_seconds(local);
        for (size_t i = 0; i < ELEMENTSOF(zones); i++)
                if (zones[i] && (m->sent_offset == INT32_MIN || zone_offset(zones[i], m->sent_at) == m->sent_offset))
                        return zone_instant(zones[i], &c);
        return local - m->sent_offset;
}

/* Who waits in a conversation asks again there: one matter that waits is one, however often it is asked for. */
static enum fact_type request_type(const struct folding *f, const struct mail *mail, const struct client *client,
                                   bool waited) {
        if (!mail->from_owner)
                return waited ? FACT_REMINDER_RECEIVED : FACT_REQUEST_RECEIVED;
        return !message_settles(mail->m) && conversations_waits(f->conversations, mail->thread, client, mail->at)
                       ? FACT_REMINDER_SENT
                       : FACT_REQUEST_SENT;
}

/* "Could we move our meeting to Friday?" and nothing else: who agrees moves it in the calendar, often without a word. */
static bool asks_to_move(const struct message *m) {
        const char *moves = m->cancellation_because, *asks = m->request_because;
        return m->questions <= 1 && !str_empty(moves) && !str_empty(asks) && (strstr(moves, asks) || strstr(asks, moves));
}

static int add_request(struct folding *f, const struct mail *mail, enum fact_type type, const struct client *client,
                       const char *words, bool invitation) {
        struct fact *fact;
        int r = fact_begin(f, mail, type, client, &fact);
        if (r < 0)
                return r;
        struct value *v = fact->values;
        const char *because = words ? arena_strdup(f->strings, words) : NULL;
        if (words && !because)
                return -ENOMEM;
        v[F_REQUEST_SUBJECT] = string_value(mail->subject);
        v[F_REQUEST_THREAD_ID] = string_value(mail->thread_id);
        v[F_REQUEST_TEXT] = string_value(mail->text);
        v[F_REQUEST_LANGUAGE] = string_value(mail->language);
        v[F_REQUEST_BECAUSE] = string_value(because);
        v[F_REQUEST_THIRD_PARTIES] = int_value(third_parties(f, client));
        v[F_REQUEST_URGENT] = bool_value(mail->m->flags & MESSAGE_URGENT);
        v[F_REQUEST_INVITATION] = bool_value(invitation || asks_to_move(mail->m));
        if (!invitation && mail->m->deadline.form != MOMENT_NONE)
                v[F_REQUEST_DEADLINE] = typed_value(VALUE_INSTANT, deadline_instant(f, mail, client));
        if (tells_hour(mail))
                v[F_REQUEST_WORKING_TIME] = bool_value(mail->working_time);
        return 0;
}

static const char *act_because(const struct message *m, enum act_kind kind) {
        for (uint32_t i = 0; i < m->acts.n; i++)
                if (m->acts.items[i].kind == kind)
                        return m->acts.items[i].because;
        return NULL;
}

/* One message may ask something new and remind of something else. */
static int add_requests(struct folding *f, const struct mail *mail, const struct client *client, bool asks, bool pending) {
        const char *reminds = act_because(mail->m, ACT_REMINDER);
        enum fact_type reminder = mail->from_owner ? FACT_REMINDER_SENT : FACT_REMINDER_RECEIVED;
        enum fact_type type = asks ? request_type(f, mail, client, reminds && pending) : reminder;
        int r = 0;
        if (asks)
                r = add_request(f, mail, type, client, type == reminder && reminds ? reminds : mail->m->request_because,
                                false);
        if (r >= 0 && reminds && (!asks || type != reminder))
                r = add_request(f, mail, reminder, client, reminds, false);
        return r;
}

/* ---- what they did besides asking */

/* Whose act is a fact: what the client proposes or does not accept is no fact of this list. */
static const struct {
        const char *name;
        enum fact_type type;
        bool of_owner, of_client;
} statements[] = {
        {"thanks", FACT_THANKS_RECEIVED, false, true},
        {"boundary", FACT_BOUNDARY_STATED, true, false},
        {"proposal", FACT_PROPOSAL_SENT, true, false},
        {"decision", FACT_DECISION_MADE, true, true},
};
_Static_assert((int) F_BOUNDARY_KIND == (int) F_PROPOSAL_KIND && (int) F_PROPOSAL_KIND == (int) F_DECISION_KIND,
               "the kind of a statement has one place");

static int add_statement(struct folding *f, const struct mail *mail, enum fact_type type, const struct client *client,
                         const struct act *act, int64_t response_time) {
        struct fact *fact;
        int r = fact_begin(f, mail, type, client, &fact);
        if (r < 0)
                return r;
        struct value *v = fact->values;
        const char *because = arena_strdup(f->strings, act->because), *kind = act_kind_name(act->kind);
        if (!because)
                return -ENOMEM;
        /* One message may hold several of one type. */
        if (kind)
                fact->key = hash_mix(fact->key, hash_string(kind));
        v[F_STATEMENT_SUBJECT] = string_value(mail->subject);
        v[F_STATEMENT_THREAD_ID] = string_value(mail->thread_id);
        v[F_STATEMENT_TEXT] = string_value(mail->text);
        v[F_STATEMENT_LANGUAGE] = string_value(mail->language);
        v[F_STATEMENT_BECAUSE] = string_value(because);
        if (response_time >= 0)
                v[F_STATEMENT_RESPONSE_TIME] = typed_value(VALUE_DURATION, response_time);
        if (kind)
                v[F_BOUNDARY_KIND] = (struct value){.type = VALUE_ENUM, .s = kind};
        if (type == FACT_DECISION_MADE)
                v[F_DECISION_BY] = (struct value){.type = VALUE_ENUM, .s = mail->from_owner ? "owner" : "client"};
        return 0;
}

static int add_statements(struct folding *f, const struct mail *mail, const struct client *client, int64_t response_time) {
        const struct message *m = mail->m;
        int r = 0;
        for (uint32_t i = 0; i < m->acts.n; i++)
                for (size_t k = 0; k < ELEMENTSOF(statements) && r >= 0; k++)
                        if (str_eq(act_name(m->acts.items[i].kind), statements[k].name) &&
                            (mail->from_owner ? statements[k].of_owner : statements[k].of_client))
                                r = add_statement(f, mail, statements[k].type, client, &m->acts.items[i], response_time);
        return r;
}

/* ---- invitations */

static bool awaits_answer(const struct folding *f, const struct event *e, const struct client *client, bool from_owner) {
        for (uint32_t i = 0; i < e->attendees.n; i++) {
                const struct attendee *a = &e->attendees.items[i];
                struct person person = people_find(f->people, a->email);
                bool asked = from_owner ? person.client == client : person.side == SIDE_OWNER;
                if (asked && !a->resource && a->participation_status <= PARTICIPATION_NEEDS_ACTION)
                        return true;
        }
        return false;
}

/* An invitation to a meeting to come, by the side that wrote, to which the other has not yet said yes or no (RFC 5546, section 3.2.2). What
 * it is about; NULL: none. */
static const struct event *invites(const struct folding *f, const struct mail *mail, const struct client *client) {
        const struct message *m = mail->m;
        if (m->automatic != AUTOMATIC_NO && m->automatic != AUTOMATIC_CALENDAR)
                return NULL;
        for (uint32_t i = 0; i < m->calendar.n; i++) {
                const struct event *e = &m->calendar.items[i];
                if (e->method != ITIP_REQUEST || e->status == EVENT_STATUS_CANCELLED || !e->organizer)
                        continue;
                struct person organizer = people_find(f->people, e->organizer->email);
                bool own = mail->from_owner ? organizer.side == SIDE_OWNER : organizer.client == client;
                bool to_come = e->rrule || (e->start.form != MOMENT_NONE && day_begins(f, e->start, 0) > mail->at);
                if (own && to_come && awaits_answer(f, e, client, mail->from_owner))
                        return e;
        }
        return NULL;
}

static bool begins_with(const char *s, const char *name) {
        if (name)
                name += strspn(name, "'\""); /* programs wrap names in quotes once more */
        size_t n = name ? strcspn(name, " .-_@+,") : 0;
        return n >= 2 && strncasecmp(s, name, n) == 0 && (s[n] == ',' || s[n] == ' ' || s[n] == '\0');
}

/* "@Paul, could you ...?" in a mail to several asks Paul alone. Only where it is the one question, and a recipient has that name. */
static bool asks_another(const struct folding *f, const struct message *m, const struct client *client) {
        const char *s = m->request_because;
        const struct address_list *lists[] = {&m->to, &m->cc};
        if (!s || m->questions > 1 || f->n_recipients < 2)
                return false;
        s += *s == '@';
        bool another = false;
        for (size_t l = 0; l < ELEMENTSOF(lists); l++)
                for (uint32_t i = 0; i < lists[l]->n; i++) {
                        const struct address *a = &lists[l]->items[i];
                        if (!begins_with(s, a->name) && !begins_with(s, a->email))
                                continue;
                        if (people_find(f->people, a->email).client == client)
                                return false;
                        another = true;
                }
        return another;
}

static bool is_addressed(const struct folding *f, const struct mail *mail, const struct client *client) {
        if (!mail->from_owner)
                return mail->addressed == ADDRESSED_TO;
        const struct recipient *to = first_recipient(f, client);
        return to && to->field == RECIPIENT_TO;
}

/* Does this message ask that client, or the owner? */
static bool asks_client(const struct folding *f, const struct mail *mail, const struct client *client) {
        return mail->person && message_asks(mail->m) && is_addressed(f, mail, client) &&
               !(mail->from_owner && asks_another(f, mail->m, client));
}

static int add_client_facts(struct folding *f, const struct mail *mail, const struct client *client) {
        const struct message *m = mail->m;
        const struct event *invitation = invites(f, mail, client);
        bool asks = !invitation && asks_client(f, mail, client);
        bool reminds = mail->person && !invitation && is_addressed(f, mail, client) && act_because(m, ACT_REMINDER);
        struct conversation_turn turn = {.at = mail->at,
                                         .from_owner = mail->from_owner,
                                         .person = mail->person,
                                         .opens = !(m->flags & MESSAGE_THANKS),
                                         .asks = invitation || asks || reminds};
        turn.settles = message_settles(m) && !turn.asks && (mail->person || !mail->from_owner);
        int r = conversations_turn(f->conversations, mail->thread, client, &turn);
        if (r >= 0)
                r = add_message(f, mail, client, &turn);
        if (r >= 0 && invitation)
                r = add_request(f, mail, mail->from_owner ? FACT_REQUEST_SENT : FACT_REQUEST_RECEIVED, client,
                                invitation->summary, true);
        if (r < 0 || !mail->person)
                return r;
        if (asks || reminds)
                r = add_requests(f, mail, client, asks, turn.pending);
        return r < 0 ? r : add_statements(f, mail, client, turn.response_time);
}

static const char *thread_text(struct folding *f, uint64_t thread) {
        char *p = arena_alloc(f->strings, THREAD_ID_SIZE);
        if (p)
                (void) snprintf(p, THREAD_ID_SIZE, "%016" PRIx64, thread);
        return p;
}

/* Nothing is left to wait for in the conversations of these questions. */
static int add_settled(struct folding *f, const struct mail *mail, const struct conversation_settled *settled, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                struct fact *fact;
                int r = fact_begin(f, mail, FACT_REQUEST_SETTLED, settled[i].client, &fact);
                if (r < 0)
                        return r;
                /* One message may settle several. */
                fact->key = hash_mix(fact->key, settled[i].thread);
                const char *thread_id = thread_text(f, settled[i].thread);
                if (!thread_id)
                        return -ENOMEM;
                struct value *v = fact->values;
                v[F_SETTLED_SUBJECT] = string_value(mail->subject);
                v[F_SETTLED_THREAD_ID] = string_value(thread_id);
                v[F_SETTLED_ANSWERED_IN] = string_value(mail->thread_id);
                v[F_SETTLED_RESPONSE_TIME] = typed_value(VALUE_DURATION, MAX(mail->at - settled[i].asked_at, 0));
                v[F_SETTLED_SETTLED] = bool_value(true);
        }
        return 0;
}

/* An answer of one who was asked with others, the others in copy, answers for them: they have nothing to add. Thanks and
 * questions do not. */
static int settle_for_others(struct folding *f, const struct mail *mail, const struct client *author_client,
                             const struct address *author) {
        if (!author || (mail->m->flags & MESSAGE_THANKS) || message_asks(mail->m))
                return 0;
        const struct client *done[MESSAGE_CLIENTS_MAX];
        uint32_t n_done = 0;
        for (uint32_t i = 0; i < f->n_recipients && n_done < MESSAGE_CLIENTS_MAX; i++) {
                const struct client *client = f->recipients[i].person.client;
                bool known = !client || client == author_client;
                for (uint32_t k = 0; k < n_done && !known; k++)
                        known = done[k] == client;
                if (known)
                        continue;
                done[n_done++] = client;
                struct conversation_settled settled[CONVERSATION_SETTLED_MAX];
                uint32_t n = conversations_answered_for(f->conversations, mail->thread, client, author_client,
                                                        email_hash(author->email), mail->at, settled);
                struct conversation_turn turn = {.at = mail->at, .settles = true};
                int r = n > 0 ? conversations_turn(f->conversations, mail->thread, client, &turn) : 0;
                if (r >= 0)
                        r = add_settled(f, mail, settled, n);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int answered(struct folding *f, const struct mail *mail, const struct client *client) {
        struct conversation_settled settled[CONVERSATION_SETTLED_MAX];
        uint32_t n = conversations_answered(f->conversations, mail->thread, client, mail->at, settled);
        return add_settled(f, mail, settled, n);
}

/* What later messages are judged by. */
static int remember_received(struct folding *f, const struct mail *mail, const struct address *author) {
        const struct message *m = mail->m;
        int r = 0;
        if (mail->person)
                r = settle_for_others(f, mail, mail->clients[0], author);
        if (r >= 0 && (mail->person || message_settles(m)))
                r = answered(f, mail, mail->clients[0]);
        if (r >= 0 && mail->person && mail->date_plausible && m->sent_offset != INT32_MIN)
                conversations_vote(f->conversations, mail->clients[0], m->sent_at, m->sent_offset);
        return r;
}

static int remember_sent(struct folding *f, const struct mail *mail) {
        /* An invitation is written by a program, but sent by the owner's hand; the owner's own out-of-office reply is
         * not. */
        bool hand = mail->person || mail->m->automatic == AUTOMATIC_CALENDAR;
        for (uint32_t k = 0; k < mail->n_clients; k++) {
                int r = 0;
                if (hand && !mail->working_time)
                        conversations_note_outside(f->conversations, mail->clients[k], mail->at);
                if (mail->person && message_settles(mail->m))
                        r = answered(f, mail, mail->clients[k]);
                if (r < 0)
                        return r;
                if (asks_client(f, mail, mail->clients[k]))
                        conversations_asked(f->conversations, mail->thread, mail->clients[k], &f->turn);
        }
        return 0;
}

/* One piece of memory for all of them. */
static int mail_strings(struct folding *f, struct mail *mail, const char *author) {
        const struct message *m = mail->m;
        const struct address *delegate = message_delegate(m), *resender = message_resender(m);
        const struct {
                const char *from;
                const char **to;
        } strings[] = {
                {m->subject, &mail->subject},
                {f->options->texts ? m->text : NULL, &mail->text},
                {m->language, &mail->language},
                {mail->stored->source, &mail->source},
                {m->message_id, &mail->message_id},
                {author, &mail->author},
                {delegate ? delegate->email : NULL, &mail->sender},
                {resender ? resender->email : NULL, &mail->resender},
        };
        size_t sizes[ELEMENTSOF(strings)], size = THREAD_ID_SIZE;
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                size += sizes[i] = strings[i].from ? strlen(strings[i].from) + 1 : 0;
        char *p = arena_alloc(f->strings, size);
        if (!p)
                return -ENOMEM;
        mail->thread_id = p;
        for (int i = 0; i < THREAD_ID_SIZE - 1; i++)
                *p++ = "0123456789abcdef"[mail->thread >> (60 - 4 * i) & 15];
        *p++ = '\0';
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (strings[i].from) {
                        *strings[i].to = memcpy(p, strings[i].from, sizes[i]);
                        p += sizes[i];
                }
        return 0;
}

/* Whose is it? False when it concerns no client, which is most mail. */
static bool who(struct folding *f, struct mail *mail, const struct address *author) {
        mail->from_owner = people_is_from_owner(f->people, mail->m);
        if (!mail->from_owner) {
                mail->clients[0] = author ? people_find(f->people, author->email).client : NULL;
                /* An answer from an address that nobody declared, to what only that client was asked. */
                if (!mail->clients[0])
                        mail->clients[0] = conversations_expects(f->conversations, mail->m,
                                                                 message_time(mail->stored->observation, false));
                if (!mail->clients[0])
                        return false;
                mail->n_clients = 1;
                mail->addressed = people_addressed(f->people, mail->m);
                collect_recipients(f, mail->m);
                return true;
        }
        collect_recipients(f, mail->m);
        collect_clients(f, mail);
        return mail->n_clients > 0;
}

/* People of the clients by whom a subject is found again. */
static void collect_people(struct folding *f, const struct mail *mail, const struct address *author) {
        struct conversation_message *cm = &f->turn;
        cm->n_people = 0;
        if (!mail->from_owner && author)
                cm->people[cm->n_people++] = email_hash(author->email);
        for (uint32_t i = 0; i < f->n_recipients && cm->n_people < CONVERSATION_PEOPLE_MAX; i++)
                if (f->recipients[i].person.client)
                        cm->people[cm->n_people++] = f->recipients[i].hash;
}

static void prepare(struct folding *f, const struct mail *mail, const struct address *author) {
        struct conversation_message *cm = &f->turn;
        cm->message = mail->m;
        cm->at = mail->at;
        cm->key = mail->key;
        cm->from_owner = mail->from_owner;
        cm->clients = mail->clients;
        cm->n_clients = mail->n_clients;
        collect_people(f, mail, author);
        conversations_prepare(f->conversations, cm);
}

/* A message of a third party, or to one, between messages of a client: what answers it belongs there too, and it may be the
 * answer itself. */
static int fold_between(struct folding *f, struct mail *mail, const struct address *author) {
        const struct message *m = mail->m;
        if (m->in_reply_to.n + m->references.n == 0 || mail->at == INSTANT_UNKNOWN || mail->at > f->options->now)
                return 0;
        f->n_recipients = 0;
        prepare(f, mail, author);
        int r = conversations_pass(f->conversations, &f->turn, &mail->thread);
        if (r <= 0 || mail->from_owner || !mail->person || f->silent)
                return r < 0 ? r : 0;
        collect_recipients(f, m);
        r = mail_strings(f, mail, author ? author->email : NULL);
        return r < 0 ? r : settle_for_others(f, mail, NULL, author);
}

/* ---- messages that nobody vouches for */

static int add_doubted(struct folding *f, const struct mail *mail, const struct client *client) {
        struct fact *fact;
        int r = fact_begin(f, mail, FACT_MESSAGE_DOUBTED, client, &fact);
        if (r < 0)
                return r;
        struct value *v = fact->values;
        v[F_DOUBTED_SUBJECT] = string_value(mail->subject);
        v[F_DOUBTED_TEXT] = string_value(mail->text);
        v[F_DOUBTED_BECAUSE] = string_value(mail->m->dmarc == DMARC_FAIL ? "dmarc=fail" : "only a list says so");
        v[F_DOUBTED_BY] = (struct value){.type = VALUE_ENUM, .s = mail->from_owner ? "owner" : "client"};
        return 0;
}

/* If it is the client's after all, it may be the answer that the owner waits for: what comes later is no late one. */
static int excuse_client(struct folding *f, const struct mail *mail) {
        const struct client *client = mail->clients[0];
        struct conversation_settled settled[CONVERSATION_SETTLED_MAX];
        uint64_t thread = mail->person || message_settles(mail->m) ? conversations_place(f->conversations, &f->turn) : 0;
        if (thread == 0)
                return 0;
        uint32_t n = conversations_excused(f->conversations, thread, client, mail->at, settled);
        if (f->silent)
                return 0;
        struct conversation_turn turn = {.at = mail->at, .person = mail->person, .settles = true};
        int r = conversations_turn(f->conversations, thread, client, &turn);
        return r < 0 ? r : add_settled(f, mail, settled, n);
}

/* And if it is the owner's, it invited to write outside working time. */
static void excuse_clients(struct folding *f, const struct mail *mail) {
        for (uint32_t k = 0; k < mail->n_clients; k++)
                if ((mail->person || mail->m->automatic == AUTOMATIC_CALENDAR) && !mail->working_time)
                        conversations_note_outside(f->conversations, mail->clients[k], mail->at);
}

/* It may excuse the one in whose name it is, and never accuses: it asks nothing, answers no message by name, and what names it is not
 * vouched for by that. */
static int fold_doubted(struct folding *f, struct mail *mail, const struct address *author) {
        int r = conversations_note_doubted(f->conversations, mail->key, mail->at);
        if (r != 0)
                return r < 0 ? r : 0;
        judge_time(f, mail);
        r = mail_strings(f, mail, author ? author->email : NULL);
        for (uint32_t k = 0; k < mail->n_clients && r >= 0; k++)
                r = add_doubted(f, mail, mail->clients[k]);
        if (r < 0)
                return r;
        if (!mail->from_owner)
                return excuse_client(f, mail);
        excuse_clients(f, mail);
        return 0;
}

/* What makes a message one of a conversation, without the facts: the questions that wait, as remember_sent() and remember_received() have
 * it. */
static void remember_silently(struct folding *f, const struct mail *mail) {
        struct conversation_settled settled[CONVERSATION_SETTLED_MAX];
        for (uint32_t k = 0; k < mail->n_clients; k++) {
                if (message_settles(mail->m) || (mail->person && !mail->from_owner))
                        (void) conversations_answered(f->conversations, mail->thread, mail->clients[k], mail->at, settled);
                if (mail->from_owner && asks_client(f, mail, mail->clients[k]))
                        conversations_asked(f->conversations, mail->thread, mail->clients[k], &f->turn);
        }
}

/* 1: later than now, so all that follow are too. */
static int fold_message(struct folding *f, const struct stored_observation *stored) {
        const struct message *m = &stored->observation->message;
        const struct address *author = message_author(m);
        struct mail mail = {.stored = stored, .m = m, .person = m->automatic == AUTOMATIC_NO};
        bool concerns = who(f, &mail, author);
        if (!concerns && m->in_reply_to.n + m->references.n == 0 && !mail.from_owner)
                return 0;
        mail.at = message_time(stored->observation, mail.from_owner);
        if (mail.at == INSTANT_UNKNOWN)
                return 0;
        if (mail.at > f->options->now)
                return concerns;
        mail.key = message_key(m);
        if (!concerns && mail.from_owner && !message_in_doubt(m)) {
                int r = conversations_note_own(f->conversations, mail.key, mail.at);
                if (r < 0)
                        return r;
        }
        if (concerns)
                prepare(f, &mail, author);
        if (mail.at != f->queue_at) {
                int r = flush(f);
                if (r < 0)
                        return r;
                f->queue_at = mail.at;
        }
        if (!concerns)
                return fold_between(f, &mail, author);
        if (message_in_doubt(m)) {
                int vouched = conversations_vouch(f->conversations, &f->turn);
                if (vouched > 0)
                        meetings_vouch(f->meetings, stored->digest);
                if (vouched == 0 && f->silent)
                        return mail.from_owner ? 0 : excuse_client(f, &mail);
                if (vouched <= 0)
                        return vouched < 0 ? vouched : fold_doubted(f, &mail, author);
        }
        int r = conversations_add(f->conversations, &f->turn, &mail.thread);
        if (r != 0)
                return r < 0 ? r : 0;
        if (f->silent) {
                remember_silently(f, &mail);
                return 0;
        }
        judge_time(f, &mail);
        r = mail_strings(f, &mail, author ? author->email : NULL);
        for (uint32_t k = 0; k < mail.n_clients && r >= 0; k++)
                r = add_client_facts(f, &mail, mail.clients[k]);
        if (r < 0)
                return r;
        return mail.from_owner ? remember_sent(f, &mail) : remember_received(f, &mail, author);
}

static int fold_messages(struct folding *f, const struct observation_feed *feed) {
        struct stored_observation stored;
        int r = feed->start(feed->userdata, WALK_MESSAGES, f->options->texts && !f->silent);
        while (r >= 0 && (r = feed->next(feed->userdata, &stored)) > 0) {
                if (stored.observation->kind != OBSERVATION_MESSAGE)
                        continue;
                r = fold_message(f, &stored);
                if (r > 0)
                        break;
        }
        return r < 0 ? r : 0;
}

/* Whether a conversation vouches for invitation mail is known once all messages were read: they are, before meetings are judged, in
 * the few mailboxes that hold invitations to be doubted. */
static int fold_vouchers(struct folding *f, const struct observation_feed *feed) {
        f->silent = true;
        int r = fold_messages(f, feed);
        f->silent = false;
        f->n_queue = 0;
        f->queue_at = INSTANT_UNKNOWN;
        arena_reset(f->strings);
        f->conversations = conversations_free(f->conversations);
        return r < 0 ? r : conversations_new(f->settings, &f->conversations);
}

static int fold_calendar(struct folding *f, const struct observation_feed *feed) {
        struct stored_observation stored;
        int r = feed->start(feed->userdata, WALK_CALENDAR, true);
        while (r >= 0 && (r = feed->next(feed->userdata, &stored)) > 0)
                r = meetings_add(f->meetings, &stored);
        if (r >= 0 && meetings_doubted(f->meetings))
                r = fold_vouchers(f, feed);
        return r < 0 ? r : meetings_end(f->meetings);
}

int fold(const struct observation_feed *feed, const struct settings *settings, const struct fold_options *options,
         fact_found found, void *userdata) {
        /* On the heap: it holds the recipients of a message. */
        _cleanup_free_ struct folding *f = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        f->settings = settings;
        f->options = options;
        f->clock = (struct zone_clock){.zone = settings->owner.zone};
        f->found = found;
        f->userdata = userdata;
        f->queue_at = INSTANT_UNKNOWN;
        int r = people_new(settings, &f->people);
        if (r >= 0)
                r = meetings_new(settings, f->people, options->now, &f->meetings);
        if (r >= 0)
                r = conversations_new(settings, &f->conversations);
        /* No ceiling: it holds the strings of the messages of one second. */
        if (r >= 0)
                r = arena_new(0, &f->strings);
        if (r >= 0)
                r = fold_calendar(f, feed);
        if (r >= 0)
                r = fold_messages(f, feed);
        if (r >= 0)
                r = flush(f);
        while (r >= 0 && f->next_meeting < meetings_size(f->meetings))
                r = tell_meeting(f);
        folding_done(f);
        return r < 0 ? r : 0;
}
