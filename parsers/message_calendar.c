/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/calendar.h"
#include "parsers/message_internal.h"
#include "parsers/text.h"
#include "parsers/tnef.h"
#include "parsers/utf8.h"

/* Bytes that encoding adds to an attendee and to an event. */
#define ATTENDEE_COST 8U
#define EVENT_COST 128U

/* --- calendar parts --- */

static bool moment_eq(const struct moment *a, const struct moment *b) {
        return a->form == b->form && a->at == b->at;
}

/* The same object comes twice: as an alternative and as an attachment. */
static bool known_event(const struct message *m, const struct event *e) {
        for (uint32_t i = 0; i < m->calendar.n; i++) {
                const struct event *k = &m->calendar.items[i];
                if (k->method == e->method && k->sequence == e->sequence && k->status == e->status &&
                    k->dtstamp == e->dtstamp && moment_eq(&k->recurrence_id, &e->recurrence_id) &&
                    moment_eq(&k->start, &e->start) && str_eq(k->uid, e->uid))
                        return true;
        }
        return false;
}

static int copy_attendee(struct reader *r, const struct attendee *from, struct attendee *to) {
        int e;
        *to = *from;
        if ((e = message_copy_string(r, from->name, NAME_MAX_BYTES, &to->name)) < 0 ||
            (e = message_copy_string(r, from->email, ADDRESS_MAX, &to->email)) < 0)
                return e;
        return message_copy_string(r, from->sent_by, ADDRESS_MAX, &to->sent_by);
}

static size_t attendee_cost(const struct attendee *a) {
        return string_cost(a->name) + string_cost(a->email) + string_cost(a->sent_by) + ATTENDEE_COST;
}

/* As many attendees and exceptions as there is room for. */
static int copy_lists(struct reader *r, const struct event *from, struct event *to) {
        to->attendees = (struct attendee_list){0};
        to->exdates = (struct moment_list){0};
        if (from->exdates.n > 0 && message_take(r, &r->room, MIN(from->exdates.n, EXCEPTION_DATES_MAX) * MOMENT_COST)) {
                to->exdates.n = MIN(from->exdates.n, EXCEPTION_DATES_MAX);
                to->exdates.items = arena_new0(r->arena, struct moment, to->exdates.n);
                if (!to->exdates.items)
                        return -ENOMEM;
                memcpy(to->exdates.items, from->exdates.items, to->exdates.n * sizeof(*to->exdates.items));
        }
        uint32_t n = MIN(from->attendees.n, ATTENDEES_MAX);
        if (n > 0 && !(to->attendees.items = arena_new0(r->arena, struct attendee, n)))
                return -ENOMEM;
        for (uint32_t i = 0; i < n && message_take(r, &r->room, attendee_cost(&from->attendees.items[i])); i++) {
                int e = copy_attendee(r, &from->attendees.items[i], &to->attendees.items[i]);
                if (e < 0)
                        return e;
                to->attendees.n++;
        }
        return 0;
}

static int copy_event(struct reader *r, const struct event *from, struct event *to) {
        const struct {
                const char *from;
                const char **to;
                size_t max;
        } strings[] = {
                {from->uid, &to->uid, MESSAGE_ID_MAX},
                {from->summary, &to->summary, SUBJECT_MAX},
                {from->comment, &to->comment, SUBJECT_MAX},
                {from->rrule, &to->rrule, CALENDAR_LINE_MAX},
                {from->recurrence, &to->recurrence, OBSERVATION_SIZE_MAX},
        };
        *to = *from;
        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                int e = message_copy_string(r, strings[i].from, strings[i].max, strings[i].to);
                if (e < 0)
                        return e;
        }
        if (from->organizer) {
                to->organizer = arena_new0(r->arena, struct attendee, 1);
                if (!to->organizer)
                        return -ENOMEM;
                int e = copy_attendee(r, from->organizer, to->organizer);
                if (e < 0)
                        return e;
        }
        return copy_lists(r, from, to);
}

static int found_event(const struct event *event, void *userdata) {
        struct reader *r = userdata;
        struct event_list *list = &r->m->calendar;
        if (known_event(r->m, event))
                return 0;
        size_t cost = EVENT_COST + string_cost(event->uid) + string_cost(event->summary) + string_cost(event->comment) +
                      string_cost(event->rrule) + string_cost(event->recurrence) +
                      (event->organizer ? attendee_cost(event->organizer) : 0);
        if (list->n >= CALENDAR_PART_EVENTS_MAX || !message_take(r, &r->room, cost)) {
                r->truncated = true;
                return 0;
        }
        int e = message_reserve(r->arena, &list->items, sizeof(*list->items), list->n, CALENDAR_PART_EVENTS_MAX,
                                &r->events_room);
        if (e < 0 || (e = copy_event(r, event, &list->items[list->n])) < 0)
                return e;
        list->n++;
        return 0;
}

bool message_is_calendar(const char *media_type, const char *name) {
        static const char *const types[] = {"text/calendar", "application/ics", "text/x-vcalendar", "application/calendar",
                                            "text/ics"};
        static const char *const vague[] = {"application/octet-stream", "text/plain", "application/x-download",
                                            "application/binary"};
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (str_eq(media_type, types[i]))
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(vague) && str_ends_with(name, ".ics"); i++)
                if (str_eq(media_type, vague[i]))
                        return true;
        return false;
}

static enum itip_method method_of(const struct mime_leaf *leaf) {
        char value[32];
        if (!mime_parameter(&leaf->fields.content_type, "method", value, sizeof(value), NULL))
                return ITIP_NONE;
        for (enum itip_method i = ITIP_NONE + 1; i < _ITIP_MAX; i++)
                if (itip_method_name(i) && strcasecmp(value, itip_method_name(i)) == 0)
                        return i;
        return ITIP_OTHER;
}

/* The objects of one calendar, decoded; `label` is the charset it claims. */
static int read_calendar_bytes(struct reader *r, const char *s, size_t n, const char *label) {
        struct calendar_result result;
        uint32_t before = r->m->calendar.n;
        int e;

        if (!utf8_valid(s, n)) { /* calendars are UTF-8 whatever the label says, except when they are not */
                char *text;
                bool cut;
                e = charset_decode(r->options->charsets, label, s, n, CALENDARS_SIZE_MAX, r->work, &text, &cut);
                if (e < 0)
                        return e;
                s = text;
                n = strlen(text);
        }
        e = calendar_parse(s, n, r->options->zones, found_event, r, &result);
        if (e == -ENOMEM)
                return e;
        r->has_calendar = true;
        if (r->method == ITIP_NONE)
                r->method = r->m->calendar.n > before ? r->m->calendar.items[before].method : ITIP_NONE;
        return 0;
}

int message_read_calendar(struct reader *r, const struct mime_leaf *leaf) {
        _cleanup_free_ char *owned = NULL;
        char label[MIME_LABEL_MAX + 1];
        const char *s;
        size_t n;

        int e = message_decode_transfer(r, message_leaf_encoding(leaf), leaf->body, leaf->size, CALENDARS_SIZE_MAX,
                                        &r->calendars_room, &s, &n, &owned);
        if (e < 0)
                return e;
        message_leaf_charset(leaf, label);
        e = read_calendar_bytes(r, s, n, label);
        if (e == 0 && r->method == ITIP_NONE)
                r->method = method_of(leaf);
        return e;
}

/* --- winmail.dat --- */

bool message_is_tnef(const struct mime_leaf *leaf, const char *name) {
        static const char *const types[] = {"application/ms-tnef", "application/vnd.ms-tnef", "application/x-tnef"};
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (str_eq(leaf->media_type, types[i]))
                        return true;
        return str_eq(leaf->media_type, "application/octet-stream") && strcasecmp(name, "winmail.dat") == 0;
}

static int read_tnef_meeting(struct reader *r, const struct tnef *t) {
        const struct message *m = r->m;
        const struct tnef_envelope envelope = {
                .from = &m->from,
                .to = &m->to,
                .cc = &m->cc,
                .subject = m->subject,
                .sent_at = m->sent_at != INSTANT_UNKNOWN ? m->sent_at : m->received_at,
                .zones = r->options->zones,
        };
        _cleanup_buf_ struct buf b = {0};
        bool unread = false;
        uint32_t before = r->m->calendar.n;

        if (t->meeting.method == ITIP_NONE)
                return 0;
        int e = tnef_calendar(t, &envelope, &b, &unread);
        if (e == 0)
                e = read_calendar_bytes(r, b.data, b.size, "utf-8");
        if (e == -ENOMEM)
                return e;
        /* A meeting of which nothing or less than all could be told is said to be so. */
        r->truncated |= unread || r->m->calendar.n == before;
        if (r->method == ITIP_NONE)
                r->method = t->meeting.method;
        return 0;
}

static int read_tnef_attachments(struct reader *r, const struct tnef *t) {
        for (uint32_t i = 0; i < t->n_attachments; i++) {
                const struct tnef_attachment *a = &t->attachments[i];
                struct attachment kept = {.size = (int64_t) a->size};
                int e = 0;
                r->has_forwarded_message |= str_eq(a->media_type, "message/rfc822");
                if (a->hidden)
                        continue;
                if (a->data && message_is_calendar(a->media_type, a->name ? a->name : "")) {
                        size_t n = MIN(a->size, r->calendars_room);
                        r->truncated |= n < a->size;
                        r->calendars_room -= n;
                        e = read_calendar_bytes(r, a->data, n, "utf-8");
                }
                if (e == 0)
                        e = message_copy_string(r, a->name, NAME_MAX_BYTES, &kept.name);
                if (e == 0)
                        e = message_keep_attachment(r, kept, a->media_type);
                if (e < 0)
                        return e;
        }
        return 0;
}

int message_read_tnef(struct reader *r, const struct mime_leaf *leaf, bool *ret_read) {
        _cleanup_free_ char *owned = NULL;
        struct tnef t;
        const char *s;
        size_t n;

        int e = message_decode_transfer(r, message_leaf_encoding(leaf), leaf->body, leaf->size, ENVELOPE_SIZE_MAX,
                                        &r->envelopes_room, &s, &n, &owned);
        if (e < 0)
                return e;
        e = tnef_parse(s, n, r->options->charsets, r->work, &t);
        *ret_read = e == 0;
        if (e < 0)
                return e == -ENOMEM ? e : 0;
        r->truncated |= t.truncated;
        if ((e = read_tnef_meeting(r, &t)) < 0 || (e = read_tnef_attachments(r, &t)) < 0)
                return e;
        if (!r->has_tnef)
                r->tnef = t;
        r->has_tnef = true;
        return 0;
}
