/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What was seen in a source: the only thing that crosses from the parse role to the core, and what the store keeps.
 * Names are JMAP's for mail (RFC 8621), JSCalendar's and iTIP's for calendars (RFC 8984, RFC 5546).
 *
 * Strings are UTF-8 as utf8_clean() wants it, NULL when absent, and belong to the arena the observation was made in (or
 * to the packet it was decoded from). Field order and types for encoding are in one table in observation.c. */

#include "parsers/arena.h"
#include "parsers/base.h"
#include "parsers/buf.h"

enum observation_kind {
        OBSERVATION_MESSAGE = 1,    /* a message, with the calendar objects it carries (iMIP) */
        OBSERVATION_EVENT = 2,      /* a version of a calendar component in a calendar source */
        OBSERVATION_EVENT_GONE = 3, /* that component is no longer in the source: only uid, recurrence_id */
        OBSERVATION_UNREADABLE = 4, /* an item that killed or exhausted the parser, or could not be read */
};

struct text_list {
        const char **items;
        uint32_t n;
};

struct address {
        const char *name;  /* display name, decoded; may be NULL */
        const char *email; /* addr-spec, domain lower-cased; never NULL */
};

struct address_list {
        struct address *items;
        uint32_t n;
};

struct attachment {
        const char *name; /* may be NULL */
        const char *media_type;
        int64_t size; /* bytes as transferred (before decoding), so that attachments need no decoding */
};

struct attachment_list {
        struct attachment *items;
        uint32_t n;
};

/* Why a message is called automatic (AUTOMATIC_NO: a person wrote it). */
enum automatic_kind {
        AUTOMATIC_NO = 0,
        AUTOMATIC_BOUNCE,       /* multipart/report delivery-status, null return path, mailer-daemon */
        AUTOMATIC_RECEIPT,      /* read or delivery receipt (RFC 8098) */
        AUTOMATIC_VACATION,     /* out-of-office reply */
        AUTOMATIC_REPLY,        /* another automatic reply (ticket acknowledgements) */
        AUTOMATIC_LIST,         /* list or newsletter: List-*, Precedence: bulk|list */
        AUTOMATIC_NOTIFICATION, /* Auto-Submitted: auto-generated, no-reply senders */
        AUTOMATIC_CALENDAR,     /* written by a calendar program: iMIP REPLY, CANCEL ... with no words of a person */
        _AUTOMATIC_MAX,
};
/* "bounce", "receipt", "vacation", "reply", "list", "notification", "calendar"; NULL for AUTOMATIC_NO. */
const char *automatic_kind_name(enum automatic_kind kind) _pure_;

/* A calendar time as written. Floating times and dates wait for the owner's zone, which only the fold knows. */
enum moment_form {
        MOMENT_NONE = 0,
        MOMENT_INSTANT,  /* `at` is an instant (UTC, or a zone that was known) */
        MOMENT_FLOATING, /* `at` is civil_seconds() of the clock time */
        MOMENT_DATE,     /* `at` is civil_seconds() of midnight: all-day */
};

struct moment {
        enum moment_form form;
        int64_t at;
};

struct moment_list {
        struct moment *items;
        uint32_t n;
};

enum participation_status {
        PARTICIPATION_NONE = 0, /* not written */
        PARTICIPATION_NEEDS_ACTION,
        PARTICIPATION_ACCEPTED,
        PARTICIPATION_DECLINED,
        PARTICIPATION_TENTATIVE,
        PARTICIPATION_DELEGATED,
        _PARTICIPATION_MAX,
};
/* iCalendar's spelling in lower case: "needs-action" ...; NULL for NONE. */
const char *participation_status_name(enum participation_status status) _pure_;

struct attendee {
        const char *name;    /* CN; may be NULL */
        const char *email;   /* without mailto:, domain lower-cased; never NULL */
        const char *sent_by; /* SENT-BY, RFC 5545 3.2.18; may be NULL */
        enum participation_status participation_status;
        bool resource; /* CUTYPE ROOM or RESOURCE */
};

struct attendee_list {
        struct attendee *items;
        uint32_t n;
};

enum itip_method { /* RFC 5546; NONE outside scheduling messages */
                   ITIP_NONE = 0,
                   ITIP_PUBLISH,
                   ITIP_REQUEST,
                   ITIP_REPLY,
                   ITIP_ADD,
                   ITIP_CANCEL,
                   ITIP_REFRESH,
                   ITIP_COUNTER,
                   ITIP_DECLINECOUNTER,
                   ITIP_OTHER, /* a method that the RFC does not know */
                   _ITIP_MAX,
};
/* "REQUEST" ...; NULL for NONE. */
const char *itip_method_name(enum itip_method method) _pure_;

enum event_status {
        EVENT_STATUS_NONE = 0,
        EVENT_STATUS_TENTATIVE,
        EVENT_STATUS_CONFIRMED,
        EVENT_STATUS_CANCELLED,
        _EVENT_STATUS_MAX
};
/* "tentative", "confirmed", "cancelled"; NULL for NONE. */
const char *event_status_name(enum event_status status) _pure_;

/* One VEVENT. */
struct event {
        enum itip_method method;
        const char *uid; /* never NULL: a digest of the component stands in when it is missing */
        int32_t sequence;
        struct moment recurrence_id;
        bool this_and_future;                    /* RECURRENCE-ID;RANGE=THISANDFUTURE */
        struct moment start, end;                /* end derived from DURATION; equal to start when neither is given */
        instant dtstamp, last_modified, created; /* INSTANT_UNKNOWN when absent */
        enum event_status status;
        const char *summary;
        const char *comment;        /* first COMMENT, for declines and counters */
        struct attendee *organizer; /* NULL when absent */
        struct attendee_list attendees;
        bool transparent;  /* TRANSP:TRANSPARENT: does not block time */
        bool unknown_zone; /* a TZID that neither the table, CLDR nor the file explains: times are then floating */
        const char *rrule; /* as written, several joined by "\n"; NULL when not recurring */
        struct moment_list exdates;
        /* For a recurring master: a small iCalendar text (VTIMEZONE if custom, DTSTART, RRULE, RDATE; EXDATE left out, they
         * are above) from which recurrence_expand() computes instances again. NULL otherwise. */
        const char *recurrence;
};

struct event_list {
        struct event *items;
        uint32_t n;
};

enum message_flag {
        MESSAGE_TRUNCATED = 1 << 0, /* a ceiling of limits.h was reached, or a meeting in winmail.dat was not all readable */
        MESSAGE_ENCRYPTED = 1 << 1, /* encrypted: header and what else was plain are all that is known */
        MESSAGE_REPLY = 1 << 2,     /* In-Reply-To, References, or a reply prefix in the subject */
        MESSAGE_FORWARD = 1 << 3,   /* a forward prefix, or a forwarded block makes up the body */
        MESSAGE_REQUEST = 1 << 4,   /* asks the reader for something; see request_because */
        MESSAGE_SHOUTING = 1 << 5,  /* new text mostly in capitals */
        MESSAGE_URGENT = 1 << 6,    /* says so in words or headers */
        MESSAGE_NO_DATE = 1 << 7,   /* Date missing or unreadable (sent_at unknown then), or outside 1970..2100 */
        MESSAGE_STOP = 1 << 8,      /* the writer says what hours or channels are not acceptable (boundary) */
        MESSAGE_THANKS = 1 << 9,    /* little more than thanks or an acknowledgement: asks for no answer */
        MESSAGE_PROPOSAL =
                1 << 10, /* cancellation_because only asks whether the meeting may be called off or moved, or is in doubt */
        MESSAGE_SETTLED = 1 << 11, /* a call or a talk was had about it ("suite à notre appel"), or it is no longer needed */
};

/* What the writer does besides asking. */
enum act_kind {
        ACT_NONE = 0,
        ACT_REMINDER, /* asks again, or says that an answer is missing */
        ACT_THANKS,   /* for something done; not in advance, and no mere closing */
        ACT_BOUNDARY_HOURS,
        ACT_BOUNDARY_CHANNEL,
        ACT_BOUNDARY_NOTICE,
        ACT_PROPOSAL_QUOTE,
        ACT_PROPOSAL_OFFER,
        ACT_PROPOSAL_PLAN,
        ACT_PROPOSAL_DATE,
        ACT_PROPOSAL_DRAFT,
        ACT_DECISION_APPROVAL,
        ACT_DECISION_REFUSAL,
        ACT_DECISION_CHANGE, /* turns round what was decided before */
        _ACT_MAX,
};
/* "reminder", "thanks", "boundary", "proposal", "decision"; never NULL for those above ACT_NONE. */
const char *act_name(enum act_kind kind) _pure_;
/* "hours", "channel", "notice", "quote" ...; NULL for reminders and thanks. */
const char *act_kind_name(enum act_kind kind) _pure_;

struct act {
        enum act_kind kind;
        const char *because; /* the words that decided; never NULL */
};

struct act_list {
        struct act *items; /* one for each kind, in the order of the kinds */
        uint32_t n;
};

/* What the owner's mail server says of DMARC (RFC 7489): does the domain in From vouch for the message? */
enum dmarc_result {
        DMARC_NONE = 0, /* nothing is told, or the domain says nothing of its mail */
        DMARC_PASS,     /* proves nothing here: it is only shown */
        DMARC_FAIL,     /* not sent from where the domain says; a forgery, a forwarder, or a domain that was set up badly */
        _DMARC_MAX,
};
/* "pass", "fail"; NULL for NONE. */
const char *dmarc_result_name(enum dmarc_result result) _pure_;

struct message {
        const char *message_id; /* without angle brackets; NULL when absent */
        struct text_list in_reply_to, references;
        struct address_list from, sender, reply_to, to, cc, bcc;
        struct text_list delivered_to; /* Delivered-To, X-Original-To, Envelope-To */
        /* Who a list or a relay that put itself into From says wrote: X-Original-From, else X-Original-Sender, else what it
         * made a local part of ("jean=40dupont.example@lists.example"). Anybody can write these fields. */
        struct address_list original_from;
        /* The newest block of RFC 5322 section 3.6.6: Resent-From, else Resent-Sender; Resent-To, -Cc and -Bcc. */
        struct address_list resent_from, resent_to;
        enum dmarc_result dmarc; /* of authentication_read() */
        /* Where dmarc is DMARC_FAIL: other domains for which DKIM or SPF passed, that is where it did come from. */
        struct text_list authenticated_domains;
        const char *list_id;        /* List-Id without its phrase, in small letters (RFC 2919) */
        const char *subject;        /* decoded, unfolded */
        const char *thread_subject; /* base subject, RFC 5256 section 2.1, folded for comparing */
        instant sent_at;            /* Date */
        int32_t sent_offset;        /* its zone in seconds east of UTC; INT32_MIN when none, +0000 or -0000 */
        instant received_at;        /* newest Received; INSTANT_UNKNOWN */
        struct text_list parts;     /* leaf media types, in order */
        const char *text;           /* what the writer newly wrote */
        const char *quoted_text;    /* only when asked for (inspect) */
        const char *language;       /* "fr" ...; NULL unknown */
        enum automatic_kind automatic;
        uint32_t flags;                            /* enum message_flag */
        uint32_t words;                            /* of the new text */
        uint32_t questions;                        /* sentences of the new text that ask something */
        const char *request_because;               /* the words that decided */
        const char *cancellation_because;          /* the words that call off or move a meeting in plain language; NULL */
        struct moment absence_from, absence_until; /* MOMENT_DATE, from an out-of-office reply; until is the last day away */
        struct attachment_list attachments;
        struct event_list calendar;
        struct act_list acts;
        struct moment
                deadline; /* MOMENT_DATE (that day included) or MOMENT_FLOATING, on the writer's clock: until when it is asked */
        const char *deadline_because; /* the words that say so; NULL */
        uint64_t content_key;         /* message_content_key(), kept because the store sets the text apart */
};

enum unreadable_reason {
        UNREADABLE_CRASH = 1, /* the parser died; detail is the signal */
        UNREADABLE_TIME,      /* CPU or wall limit */
        UNREADABLE_MEMORY,    /* address space limit */
        UNREADABLE_TOO_LARGE, /* beyond a ceiling of limits.h */
        UNREADABLE_MALFORMED, /* not what its name promises (a calendar that is not one) */
        UNREADABLE_IO,        /* could not be read: detail is errno */
        UNREADABLE_PROTOCOL,  /* the parse role answered nonsense */
        _UNREADABLE_MAX,
};
/* A short phrase: "the parser crashed" ... */
const char *unreadable_reason_name(enum unreadable_reason reason) _pure_;

struct unreadable {
        enum unreadable_reason reason;
        int32_t detail;
        int64_t size;     /* of the item, -1 unknown */
        const char *item; /* what a person can look up: path, or path and byte offset */
};

struct observation {
        enum observation_kind kind;
        instant seen_at;       /* when the core first saw it; set by the core, not by the parser */
        instant internal_date; /* when the source says it arrived (file time, From_ line); INSTANT_UNKNOWN. Set by the core. */
        union {
                struct message message;
                struct event event; /* EVENT and EVENT_GONE */
                struct unreadable unreadable;
        };
};

/* Append the observation's encoding (version byte, kind, fields) to out; seen_at, internal_date and quoted_text are not part of it
 * unless `with_quoted_text`. Strings must already be clean and within the caps of limits.h.
 * 0, -ENOMEM, -E2BIG (larger than OBSERVATION_SIZE_MAX: a bug of the parser's caps). */
int observation_encode(const struct observation *o, bool with_quoted_text, struct buf *out) _must_check_;

/* Decode one observation from bytes that may be hostile: lengths, counts, ranges, enum values, UTF-8 and the end are
 * checked. Strings point into `data`, which must outlive *ret; lists come from `arena`. seen_at and internal_date are INSTANT_UNKNOWN.
 * 0, -EBADMSG (anything wrong), -ENOMEM. *ret is untouched on failure. */
int observation_decode(const void *data, size_t size, struct arena *arena, struct observation *ret) _must_check_;

/* The same without the UTF-8 checks, for bytes that went through observation_decode() before they were stored. */
int observation_decode_trusted(const void *data, size_t size, struct arena *arena, struct observation *ret) _must_check_;

/* SHA-256 over the encoding and the text: two copies of the same thing have the same digest. A message's trace (received_at) is part of it: a copy
 * that took another way is another observation, and the fold joins them by message_key(). */
#define OBSERVATION_DIGEST_SIZE 32
/* `record` becomes the encoding without a message's texts, which are most of the bytes and are kept apart; *ret the digest of the
 * whole. Errors as of observation_encode(). */
int observation_record(const struct observation *o, struct buf *record,
                       uint8_t ret[static OBSERVATION_DIGEST_SIZE]) _must_check_;
int observation_digest(const struct observation *o, uint8_t ret[static OBSERVATION_DIGEST_SIZE]) _must_check_;

/* A 64-bit hash, never 0, for hash tables and stable names; not meant to resist an attacker. */
uint64_t hash_bytes(const void *data, size_t size, uint64_t seed) _pure_;
/* What makes two messages the same message: Message-ID, else the content key. Never 0. */
uint64_t message_key(const struct message *m) _pure_;
/* The same hash for a Message-ID seen in In-Reply-To or References. */
uint64_t message_id_key(const char *message_id) _pure_;
/* Over from, to, cc, subject, sent_at and text: set by message_parse(). Never 0. */
uint64_t message_content_key(const struct message *m) _pure_;
