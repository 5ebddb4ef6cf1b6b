/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* winmail.dat: the Transport Neutral Encapsulation Format ([MS-OXTNEF]) in which Outlook and Exchange send rich text, attachments and
 * meetings to those they take for their like. Read by ourselves: a meeting in it is a fact, libytnef neither gives the properties
 * a meeting needs nor keeps to the bounds of its input, and other readers unpack files. Sources: [MS-OXTNEF], [MS-OXPROPS], [MS-OXOCAL]. */

#include "parsers/arena.h"
#include "parsers/buf.h"
#include "parsers/observation.h"
#include "parsers/zone.h"

struct charset_set;

struct tnef_attachment {
        const char *name;       /* clean UTF-8; may be NULL */
        const char *media_type; /* never NULL; "message/rfc822" for a message inside */
        const void *data;       /* borrowed from the stream; NULL when there is none */
        size_t size;
        bool hidden; /* a picture that the HTML shows */
};

/* Properties of a meeting object ([MS-OXOCAL]) as they stand in the stream. */
struct tnef_bytes {
        const uint8_t *data; /* NULL: not there */
        size_t size;
};

struct tnef_person {
        const char *name;  /* may be NULL */
        const char *email; /* NULL: an address of the sender's own directory, which says nothing outside */
};

#define TNEF_TIME_UNKNOWN UINT32_MAX

struct tnef_meeting {
        enum itip_method method;                 /* NONE: not a meeting message */
        enum participation_status participation; /* of a REPLY or COUNTER */
        instant start, end;                      /* INSTANT_UNKNOWN when absent */
        instant replaced;                        /* start of the instance that is meant, before it was moved */
        instant changed;                         /* when the organizer or the attendee changed it */
        uint32_t series_time;                    /* clock time of the series: hours, minutes, seconds in 6 bits each */
        int32_t sequence;
        bool all_day, recurring, exception, transparent;
        struct tnef_bytes global_id, clean_id, pattern, zone, zone_definition;
        struct tnef_person from;         /* whom the sender speaks for */
        struct attendee_list recipients; /* of the recipient table; usually empty, the header says it */
};

struct tnef {
        const char *message_class; /* "IPM.Note" ...; NULL */
        const char *subject;       /* may be NULL */
        const char *text;          /* plain; NULL when there is none */
        const char *html;          /* as sent, or out of rich text; NULL */
        const char *rich_text;     /* rich text that was no HTML, as plain text; NULL */
        struct tnef_attachment *attachments;
        uint32_t n_attachments;
        struct tnef_meeting meeting;
        bool damaged;   /* a checksum is wrong or the stream ends early: texts are given as far as they go */
        bool truncated; /* a ceiling of limits.h was reached */
};

/* Read a stream, which must stay while *ret is used; strings belong to the arena, are clean and within the caps of limits.h.
 * 0, -EBADMSG (does not begin as TNEF does), -ENOMEM. */
int tnef_parse(const void *data, size_t size, const struct charset_set *charsets, struct arena *arena,
               struct tnef *ret) _must_check_;

/* The meeting as iCalendar (RFC 5546), so that calendar_parse() makes of it what it makes of any invitation. Organizer and
 * attendees come from the header of the message that carried it (`from`, `to`, `cc`, `subject`) where the stream has none; `sent_at` dates it when
 * nothing else does. *ret_unread: something that decides was there but could not be read, and what is left is less: a series whose
 * pattern is unknown becomes its first instance.
 * 0, -ENODATA (no meeting, or one of which start or instance cannot be told: nothing is written), -ENOMEM. */
struct tnef_envelope {
        const struct address_list *from, *to, *cc;
        const char *subject;
        instant sent_at;
        const struct zone_table *zones;
};
int tnef_calendar(const struct tnef *tnef, const struct tnef_envelope *envelope, struct buf *out,
                  bool *ret_unread) _must_check_;
