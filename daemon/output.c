/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/output.h"

#include <stdio.h>

#include "parsers/utf8.h"
#include "rules/people.h"

/* --- times --- */

const char *time_rfc3339(instant at, const struct zone *zone, char buffer[static TIME_TEXT_SIZE]) {
        buffer[0] = 0;
        if (at == INSTANT_UNKNOWN)
                return buffer;
        struct civil c = zone_civil(zone, at);
        /* RFC 3339 offsets have minutes only; the seconds of local mean times are cut. */
        int32_t minutes = zone_offset(zone, at) / 60;
        (void) snprintf(buffer, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year % 10000, c.month % 100,
                        c.day % 100, c.hour % 100, c.minute % 100, c.second % 100, minutes < 0 ? '-' : '+',
                        abs(minutes) / 60 % 100, abs(minutes) % 60);
        return buffer;
}

const char *time_human(instant at, const struct zone *zone, const char *language, char *buffer, size_t size) {
        static const char *const days[][7] = {{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
                                              {"lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."}};
        static const char *const months[][12] = {
                {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
                {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}};
        if (at == INSTANT_UNKNOWN) {
                buffer[0] = 0;
                return buffer;
        }
        struct civil c = zone_civil(zone, at);
        int l = str_eq(language, "fr") ? 1 : 0;
        (void) snprintf(buffer, size, "%s %d %s %d %02d:%02d", days[l][civil_weekday(zone_day(zone, at)) - 1], c.day,
                        months[l][c.month - 1], c.year, c.hour, c.minute);
        return buffer;
}

/* --- JSON --- */

json_object *json_text(const char *s) {
        return s ? json_object_new_string(s) : NULL;
}

json_object *json_time(instant at, const struct zone *zone) {
        char t[TIME_TEXT_SIZE];
        return at == INSTANT_UNKNOWN ? NULL : json_object_new_string(time_rfc3339(at, zone, t));
}

json_object *json_moment(const struct moment *m, const struct zone *zone) {
        char t[TIME_TEXT_SIZE];
        struct civil c;
        switch (m->form) {
        case MOMENT_INSTANT:
                return json_time(m->at, zone);
        case MOMENT_FLOATING:
                c = civil_from_seconds(m->at);
                (void) snprintf(t, sizeof(t), "%04d-%02d-%02dT%02d:%02d:%02d", c.year % 10000, c.month % 100, c.day % 100,
                                c.hour % 100, c.minute % 100, c.second % 100);
                return json_object_new_string(t);
        case MOMENT_DATE:
                c = civil_from_seconds(m->at);
                (void) snprintf(t, sizeof(t), "%04d-%02d-%02d", c.year % 10000, c.month % 100, c.day % 100);
                return json_object_new_string(t);
        case MOMENT_NONE:
                break;
        }
        return NULL;
}

static json_object *json_texts(const struct text_list *list) {
        json_object *a = json_object_new_array();
        for (uint32_t i = 0; i < list->n; i++)
                json_object_array_add(a, json_text(list->items[i]));
        return a;
}

/* As JMAP writes an EmailAddress (RFC 8621 section 4.1.2.3); JSON null for NULL. */
static json_object *json_address(const struct address *a) {
        if (!a)
                return NULL;
        json_object *o = json_object_new_object();
        json_object_object_add(o, "name", json_text(a->name));
        json_object_object_add(o, "email", json_text(a->email));
        return o;
}

static json_object *json_addresses(const struct address_list *list) {
        json_object *a = json_object_new_array();
        for (uint32_t i = 0; i < list->n; i++)
                json_object_array_add(a, json_address(&list->items[i]));
        return a;
}

static json_object *json_attendee(const struct attendee *p) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "name", json_text(p->name));
        json_object_object_add(o, "email", json_text(p->email));
        json_object_object_add(o, "participation_status", json_text(participation_status_name(p->participation_status)));
        return o;
}

json_object *json_event(const struct event *e, const struct zone *zone) {
        json_object *o = json_object_new_object(), *attendees = json_object_new_array();
        json_object_object_add(o, "method", json_text(itip_method_name(e->method)));
        json_object_object_add(o, "uid", json_text(e->uid));
        json_object_object_add(o, "sequence", json_object_new_int(e->sequence));
        json_object_object_add(o, "recurrence_id", json_moment(&e->recurrence_id, zone));
        json_object_object_add(o, "start", json_moment(&e->start, zone));
        json_object_object_add(o, "end", json_moment(&e->end, zone));
        json_object_object_add(o, "status", json_text(event_status_name(e->status)));
        json_object_object_add(o, "summary", json_text(e->summary));
        json_object_object_add(o, "organizer", e->organizer ? json_attendee(e->organizer) : NULL);
        for (uint32_t i = 0; i < e->attendees.n; i++)
                json_object_array_add(attendees, json_attendee(&e->attendees.items[i]));
        json_object_object_add(o, "attendees", attendees);
        json_object_object_add(o, "rrule", json_text(e->rrule));
        json_object_object_add(o, "unknown_zone", json_object_new_boolean(e->unknown_zone));
        return o;
}

static json_object *json_acts(const struct act_list *list) {
        json_object *a = json_object_new_array();
        for (uint32_t i = 0; i < list->n; i++) {
                json_object *o = json_object_new_object();
                json_object_object_add(o, "act", json_text(act_name(list->items[i].kind)));
                json_object_object_add(o, "kind", json_text(act_kind_name(list->items[i].kind)));
                json_object_object_add(o, "because", json_text(list->items[i].because));
                json_object_array_add(a, o);
        }
        return a;
}

static json_object *json_attachments(const struct attachment_list *list) {
        json_object *a = json_object_new_array();
        for (uint32_t i = 0; i < list->n; i++) {
                json_object *o = json_object_new_object();
                json_object_object_add(o, "name", json_text(list->items[i].name));
                json_object_object_add(o, "type", json_text(list->items[i].media_type));
                json_object_object_add(o, "size", json_object_new_int64(list->items[i].size));
                json_object_array_add(a, o);
        }
        return a;
}

json_object *json_message(const char *file, const struct message *m, instant internal_date, const struct zone *zone) {
        json_object *o = json_object_new_object(), *calendar = json_object_new_array();
        json_object_object_add(o, "file", json_text(file));
        json_object_object_add(o, "message_id", json_text(m->message_id));
        json_object_object_add(o, "in_reply_to", json_texts(&m->in_reply_to));
        json_object_object_add(o, "references", json_texts(&m->references));
        json_object_object_add(o, "from", json_addresses(&m->from));
        json_object_object_add(o, "to", json_addresses(&m->to));
        json_object_object_add(o, "cc", json_addresses(&m->cc));
        json_object_object_add(o, "author", json_address(message_author(m)));
        json_object_object_add(o, "sender", json_address(m->sender.n > 0 ? &m->sender.items[0] : NULL));
        json_object_object_add(o, "resent_from", json_address(message_resender(m)));
        json_object_object_add(o, "delivered_to", json_texts(&m->delivered_to));
        json_object_object_add(o, "list_id", json_text(m->list_id));
        json_object_object_add(o, "dmarc", json_text(dmarc_result_name(m->dmarc)));
        json_object_object_add(o, "authenticated_domains", json_texts(&m->authenticated_domains));
        json_object_object_add(o, "subject", json_text(m->subject));
        json_object_object_add(o, "sent_at", json_time(m->sent_at, zone));
        json_object_object_add(o, "received_at",
                               json_time(m->received_at != INSTANT_UNKNOWN ? m->received_at : internal_date, zone));
        json_object_object_add(o, "parts", json_texts(&m->parts));
        json_object_object_add(o, "text", json_text(m->text));
        json_object_object_add(o, "quoted_text", json_text(m->quoted_text));
        json_object_object_add(o, "language", json_text(m->language));
        json_object_object_add(o, "automatic", json_object_new_boolean(m->automatic != AUTOMATIC_NO));
        json_object_object_add(o, "automatic_kind", json_text(automatic_kind_name(m->automatic)));
        json_object_object_add(o, "request", json_object_new_boolean((m->flags & MESSAGE_REQUEST) != 0));
        json_object_object_add(o, "request_because", json_text(m->request_because));
        json_object_object_add(o, "deadline", json_moment(&m->deadline, zone));
        json_object_object_add(o, "deadline_because", json_text(m->deadline_because));
        json_object_object_add(o, "acts", json_acts(&m->acts));
        json_object_object_add(o, "cancellation_because", json_text(m->cancellation_because));
        json_object_object_add(o, "thread_subject", json_text(m->thread_subject));
        json_object_object_add(o, "attachments", json_attachments(&m->attachments));
        json_object_object_add(o, "truncated", json_object_new_boolean((m->flags & MESSAGE_TRUNCATED) != 0));
        json_object_object_add(o, "encrypted", json_object_new_boolean((m->flags & MESSAGE_ENCRYPTED) != 0));
        for (uint32_t i = 0; i < m->calendar.n; i++)
                json_object_array_add(calendar, json_event(&m->calendar.items[i], zone));
        json_object_object_add(o, "calendar", calendar);
        return o;
}

static json_object *json_value(const struct value *v, const struct zone *zone) {
        switch (v->type) {
        case VALUE_NONE:
                return NULL;
        case VALUE_STRING:
        case VALUE_ENUM:
                return json_text(v->s);
        case VALUE_BOOL:
                return json_object_new_boolean(v->b);
        case VALUE_INT:
        case VALUE_DURATION:
        case VALUE_MONEY:
                return json_object_new_int64(v->i);
        case VALUE_NUMBER:
                return json_object_new_double(v->number);
        case VALUE_INSTANT:
                return json_time(v->i, zone);
        case VALUE_LIST: {
                json_object *a = json_object_new_array();
                for (const char *const *p = v->list; p && *p; p++)
                        json_object_array_add(a, json_text(*p));
                return a;
        }
        }
        return NULL;
}

json_object *json_fact(const struct fact *f, const struct zone *zone) {
        const struct fact_row *row = &fact_table[f->type];
        json_object *o = json_object_new_object();
        json_object_object_add(o, "fact", json_text(row->name));
        json_object_object_add(o, "at", json_time(f->at, zone));
        json_object_object_add(o, "client", json_text(f->client ? f->client->id : NULL));
        json_object_object_add(o, "person", json_text(f->person));
        json_object_object_add(o, "source", json_text(f->source));
        json_object_object_add(o, "message_id", json_text(f->message_id));
        json_object_object_add(o, "uid", json_text(f->uid));
        for (uint32_t i = 0; i < row->n_fields; i++)
                json_object_object_add(o, row->fields[i].name, json_value(&f->values[i], zone));
        return o;
}

static json_object *json_evidence(const struct evidence *e, const char *words, const struct zone *zone) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "breach", json_text(e->breach));
        json_object_object_add(o, "fact", json_text(e->fact));
        json_object_object_add(o, "at", json_time(e->at, zone));
        json_object_object_add(o, "fact_at", json_time(e->fact_at, zone));
        json_object_object_add(o, "ended_at", json_time(e->ended_at, zone));
        json_object_object_add(o, "source", json_text(e->source));
        json_object_object_add(o, "message_id", json_text(e->message_id));
        json_object_object_add(o, "uid", json_text(e->uid));
        json_object_object_add(o, "person", json_text(e->person));
        json_object_object_add(o, "subject", json_text(e->subject));
        json_object_object_add(o, "detail", json_text(e->detail));
        json_object_object_add(o, "unread", json_object_new_int64(e->unread));
        json_object_object_add(o, "quote", json_text(words));
        return o;
}

json_object *json_alert(const struct alert *a, const char *const *quotes, const struct zone *zone) {
        json_object *o = json_object_new_object(), *evidence = json_object_new_array();
        json_object_object_add(o, "id", json_text(a->id));
        json_object_object_add(o, "rule", json_text(rule_id(a->rule)));
        json_object_object_add(o, "client", json_text(a->client ? a->client->id : NULL));
        json_object_object_add(o, "severity", json_text(severity_name(a->severity)));
        json_object_object_add(o, "lasting", json_text(lasting_name(a->lasting)));
        json_object_object_add(o, "state", json_text(alert_state_name(a->state)));
        json_object_object_add(o, "mode", json_text(rule_mode_name(a->mode)));
        json_object_object_add(o, "inhibited_by", json_text(a->inhibited_by ? rule_id(a->inhibited_by) : NULL));
        json_object_object_add(o, "first_at", json_time(a->first_at, zone));
        json_object_object_add(o, "last_at", json_time(a->last_at, zone));
        json_object_object_add(o, "count", json_object_new_int64(a->count));
        json_object_object_add(o, "title", json_text(a->title));
        json_object_object_add(o, "summary", json_text(a->summary));
        for (size_t i = 0; i < a->n_evidence; i++)
                json_object_array_add(evidence, json_evidence(&a->evidence[i], quotes ? quotes[i] : NULL, zone));
        json_object_object_add(o, "evidence", evidence);
        return o;
}

void json_print(json_object *o) {
        puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(o);
}

/* --- words --- */

void print_padded(const char *s, int width) {
        int characters = 0;
        for (const char *p = s; *p; p++)
                characters += ((unsigned char) *p & 0xc0) != 0x80;
        printf("%s%*s", s, MAX(width - characters, 1), "");
}

char *quote(const char *text) {
        if (str_empty(text))
                return NULL;
        char *out = malloc(QUOTE_MAX * 4 + sizeof("…"));
        if (!out)
                return NULL;
        size_t n = 0, characters = 0, cut = 0;
        bool blank = true; /* leading blanks go */
        const char *p = text;
        for (; *p && characters < QUOTE_MAX; p++) {
                bool is_blank = *p == ' ' || *p == '\n' || *p == '\t';
                if (is_blank && blank)
                        continue;
                if (is_blank)
                        cut = n;
                out[n++] = is_blank ? ' ' : *p;
                blank = is_blank;
                if (((unsigned char) p[1] & 0xc0) != 0x80)
                        characters++;
        }
        while (n > 0 && out[n - 1] == ' ')
                n--;
        if (*p) {
                if (cut > n / 2) /* between words, unless one word is very long */
                        n = cut;
                memcpy(out + n, "…", strlen("…"));
                n += strlen("…");
        }
        out[n] = 0;
        if (n == 0) {
                free(out);
                return NULL;
        }
        return out;
}
