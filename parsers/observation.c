/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/observation.h"

#include <endian.h>
#include <nettle/sha2.h>

#include "parsers/limits.h"
#include "parsers/utf8.h"

/* Raised when fields are added: they get `since`, and stay empty in records of before. A kind whose fields did not change keeps its
 * version, so that its records keep their digests. */
#define ENCODING_VERSION 4
/* Since 2: who a message is from when From does not say it. */
#define SINCE_PEOPLE 2
/* Since 3: what the writer does besides asking, and until when it is asked. */
#define SINCE_ACTS 3
/* Since 4: what the owner's server found out about the sender. */
#define SINCE_DMARC 4

/* --- names --- */

static const char *name_of(const char *const *names, size_t n, unsigned i) {
        return i < n ? names[i] : NULL;
}

const char *automatic_kind_name(enum automatic_kind kind) {
        static const char *const names[] = {NULL,    "bounce", "receipt",      "vacation",
                                            "reply", "list",   "notification", "calendar"};
        return name_of(names, ELEMENTSOF(names), kind);
}

const char *dmarc_result_name(enum dmarc_result result) {
        static const char *const names[] = {NULL, "pass", "fail"};
        return name_of(names, ELEMENTSOF(names), result);
}

const char *participation_status_name(enum participation_status status) {
        static const char *const names[] = {NULL, "needs-action", "accepted", "declined", "tentative", "delegated"};
        return name_of(names, ELEMENTSOF(names), status);
}

const char *itip_method_name(enum itip_method method) {
        static const char *const names[] = {NULL,     "PUBLISH", "REQUEST", "REPLY",          "ADD",
                                            "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER", "OTHER"};
        return name_of(names, ELEMENTSOF(names), method);
}

const char *event_status_name(enum event_status status) {
        static const char *const names[] = {NULL, "tentative", "confirmed", "cancelled"};
        return name_of(names, ELEMENTSOF(names), status);
}

const char *unreadable_reason_name(enum unreadable_reason reason) {
        static const char *const names[] = {
                NULL,        "the parser crashed", "the parser took too long", "the parser ran out of memory",
                "too large", "malformed",          "could not be read",        "the parser answered nonsense"};
        return name_of(names, ELEMENTSOF(names), reason);
}

/* --- what is written, in which order: one table a struct --- */

enum wire_type {
        WIRE_STRING,   /* const char *; max: bytes */
        WIRE_NUMBER32, /* int32_t, uint32_t or an enum; min..max */
        WIRE_NUMBER64, /* int64_t; min..max */
        WIRE_KEY,      /* uint64_t, any value */
        WIRE_BOOL,
        WIRE_RECORD,   /* a struct inside the struct */
        WIRE_OPTIONAL, /* a pointer to a struct, or NULL */
        WIRE_LIST,     /* {T *items; uint32_t n}; max: entries */
};

struct wire_table;

struct wire_field {
        enum wire_type type;
        size_t offset;
        int64_t min, max;
        const struct wire_table *table; /* RECORD, OPTIONAL, LIST */
        bool required;                  /* STRING: never NULL */
        bool optional_part;             /* left out unless asked for */
        uint8_t since;                  /* absent from records of an older version */
};

struct wire_table {
        const struct wire_field *fields;
        size_t n_fields, size;
};

#define STRING(s, f, cap) \
        { .type = WIRE_STRING, .offset = offsetof(struct s, f), .max = (cap) }
#define STRING_REQUIRED(s, f, cap) \
        { .type = WIRE_STRING, .offset = offsetof(struct s, f), .max = (cap), .required = true }
#define NUMBER(s, f, low, high) \
        { .type = WIRE_NUMBER32, .offset = offsetof(struct s, f), .min = (low), .max = (high) }
#define NUMBER64(s, f, low, high) \
        { .type = WIRE_NUMBER64, .offset = offsetof(struct s, f), .min = (low), .max = (high) }
#define INSTANT(s, f) NUMBER64(s, f, INSTANT_MIN, INSTANT_MAX)
#define BOOL(s, f) \
        { .type = WIRE_BOOL, .offset = offsetof(struct s, f) }
#define RECORD(s, f, t) \
        { .type = WIRE_RECORD, .offset = offsetof(struct s, f), .table = &(t) }
#define OPTIONAL(s, f, t) \
        { .type = WIRE_OPTIONAL, .offset = offsetof(struct s, f), .table = &(t) }
#define LIST(s, f, t, cap) \
        { .type = WIRE_LIST, .offset = offsetof(struct s, f), .table = &(t), .max = (cap) }
#define STRING_SINCE(version, s, f, cap) \
        { .type = WIRE_STRING, .offset = offsetof(struct s, f), .max = (cap), .since = (version) }
#define NUMBER_SINCE(version, s, f, low, high) \
        { .type = WIRE_NUMBER32, .offset = offsetof(struct s, f), .min = (low), .max = (high), .since = (version) }
#define LIST_SINCE(version, s, f, t, cap) \
        { .type = WIRE_LIST, .offset = offsetof(struct s, f), .table = &(t), .max = (cap), .since = (version) }
#define TABLE(name, s) static const struct wire_table name = {name##_fields, ELEMENTSOF(name##_fields), sizeof(struct s)}

struct text_item {
        const char *s;
};

#define MEDIA_TYPE_MAX 256U
#define ZONE_OFFSET_MAX (26 * 3600)

static const struct wire_field message_id_item_fields[] = {STRING_REQUIRED(text_item, s, MESSAGE_ID_MAX)};
TABLE(message_id_item, text_item);
static const struct wire_field short_item_fields[] = {STRING_REQUIRED(text_item, s, ADDRESS_MAX)};
TABLE(short_item, text_item);

static const struct wire_field address_fields[] = {
        STRING(address, name, NAME_MAX_BYTES),
        STRING_REQUIRED(address, email, ADDRESS_MAX),
};
TABLE(address, address);

static const struct wire_field attachment_fields[] = {
        STRING(attachment, name, NAME_MAX_BYTES),
        STRING(attachment, media_type, MEDIA_TYPE_MAX),
        NUMBER64(attachment, size, 0, INT64_MAX),
};
TABLE(attachment, attachment);

static const struct wire_field moment_fields[] = {
        NUMBER(moment, form, MOMENT_NONE, MOMENT_DATE),
        INSTANT(moment, at),
};
TABLE(moment, moment);

static const struct wire_field attendee_fields[] = {
        STRING(attendee, name, NAME_MAX_BYTES),
        STRING_REQUIRED(attendee, email, ADDRESS_MAX),
        STRING(attendee, sent_by, ADDRESS_MAX),
        NUMBER(attendee, participation_status, 0, _PARTICIPATION_MAX - 1),
        BOOL(attendee, resource),
};
TABLE(attendee, attendee);

static const struct wire_field event_fields[] = {
        NUMBER(event, method, 0, _ITIP_MAX - 1),
        STRING_REQUIRED(event, uid, MESSAGE_ID_MAX),
        NUMBER(event, sequence, 0, INT32_MAX),
        RECORD(event, recurrence_id, moment),
        BOOL(event, this_and_future),
        RECORD(event, start, moment),
        RECORD(event, end, moment),
        INSTANT(event, dtstamp),
        INSTANT(event, last_modified),
        INSTANT(event, created),
        NUMBER(event, status, 0, _EVENT_STATUS_MAX - 1),
        STRING(event, summary, SUBJECT_MAX),
        STRING(event, comment, SUBJECT_MAX),
        OPTIONAL(event, organizer, attendee),
        LIST(event, attendees, attendee, ATTENDEES_MAX),
        BOOL(event, transparent),
        BOOL(event, unknown_zone),
        STRING(event, rrule, CALENDAR_LINE_MAX),
        LIST(event, exdates, moment, EXCEPTION_DATES_MAX),
        STRING(event, recurrence, OBSERVATION_SIZE_MAX),
};
TABLE(event, event);

static const struct wire_field act_fields[] = {
        NUMBER(act, kind, ACT_NONE + 1, _ACT_MAX - 1),
        STRING_REQUIRED(act, because, SUBJECT_MAX),
};
TABLE(act, act);

static const struct wire_field message_fields[] = {
        STRING(message, message_id, MESSAGE_ID_MAX),
        LIST(message, in_reply_to, message_id_item, REFERENCES_MAX),
        LIST(message, references, message_id_item, REFERENCES_MAX),
        LIST(message, from, address, ADDRESSES_MAX),
        LIST(message, sender, address, ADDRESSES_MAX),
        LIST(message, reply_to, address, ADDRESSES_MAX),
        LIST(message, to, address, ADDRESSES_MAX),
        LIST(message, cc, address, ADDRESSES_MAX),
        LIST(message, bcc, address, ADDRESSES_MAX),
        LIST(message, delivered_to, short_item, ADDRESSES_MAX),
        STRING(message, subject, SUBJECT_MAX),
        STRING(message, thread_subject, SUBJECT_MAX),
        INSTANT(message, sent_at),
        NUMBER(message, sent_offset, -ZONE_OFFSET_MAX, ZONE_OFFSET_MAX),
        INSTANT(message, received_at),
        LIST(message, parts, short_item, MIME_PARTS_MAX),
        STRING(message, text, TEXT_MAX),
        {.type = WIRE_STRING,
         .offset = offsetof(struct message, quoted_text),
         .max = QUOTED_TEXT_MAX,
         .optional_part = true},
        STRING(message, language, 8),
        NUMBER(message, automatic, 0, _AUTOMATIC_MAX - 1),
        NUMBER(message, flags, 0, UINT16_MAX),
        NUMBER(message, words, 0, TEXT_MAX),
        NUMBER(message, questions, 0, TEXT_MAX),
        STRING(message, request_because, SUBJECT_MAX),
        STRING(message, cancellation_because, SUBJECT_MAX),
        RECORD(message, absence_from, moment),
        RECORD(message, absence_until, moment),
        LIST(message, attachments, attachment, ATTACHMENTS_MAX),
        LIST(message, calendar, event, CALENDAR_PART_EVENTS_MAX),
        {.type = WIRE_KEY, .offset = offsetof(struct message, content_key)},
        LIST_SINCE(SINCE_PEOPLE, message, original_from, address, ADDRESSES_MAX),
        LIST_SINCE(SINCE_PEOPLE, message, resent_from, address, ADDRESSES_MAX),
        LIST_SINCE(SINCE_PEOPLE, message, resent_to, address, ADDRESSES_MAX),
        STRING_SINCE(SINCE_PEOPLE, message, list_id, ADDRESS_MAX),
        LIST_SINCE(SINCE_ACTS, message, acts, act, _ACT_MAX - 1),
        {.type = WIRE_RECORD, .offset = offsetof(struct message, deadline), .table = &moment, .since = SINCE_ACTS},
        STRING_SINCE(SINCE_ACTS, message, deadline_because, SUBJECT_MAX),
        NUMBER_SINCE(SINCE_DMARC, message, dmarc, 0, _DMARC_MAX - 1),
        LIST_SINCE(SINCE_DMARC, message, authenticated_domains, short_item, AUTHENTICATED_DOMAINS_MAX),
};
TABLE(message, message);

static const struct wire_field unreadable_fields[] = {
        NUMBER(unreadable, reason, 1, _UNREADABLE_MAX - 1),
        NUMBER(unreadable, detail, INT32_MIN, INT32_MAX),
        NUMBER64(unreadable, size, -1, INT64_MAX),
        STRING(unreadable, item, 8192),
};
TABLE(unreadable, unreadable);

static const struct {
        const struct wire_table *table;
        size_t offset;
        uint8_t version;
} kinds[] = {
        [OBSERVATION_MESSAGE] = {&message, offsetof(struct observation, message), ENCODING_VERSION},
        [OBSERVATION_EVENT] = {&event, offsetof(struct observation, event), 1},
        [OBSERVATION_EVENT_GONE] = {&event, offsetof(struct observation, event), 1},
        [OBSERVATION_UNREADABLE] = {&unreadable, offsetof(struct observation, unreadable), 1},
};

/* Absent values have one code of their own, so that a range check need not know them. */
#define ABSENT64 INSTANT_UNKNOWN
#define ABSENT32 INT32_MIN

/* --- writing --- */

static void put_unsigned(struct buf *b, uint64_t v) {
        uint8_t bytes[10];
        size_t n = 0;
        if (v <= 0x7f) { /* most of all: short lists, and what is not there */
                (void) buf_add_char(b, (char) v);
                return;
        }
        do {
                bytes[n] = (uint8_t) (v & 0x7f) | (v > 0x7f ? 0x80 : 0);
                v >>= 7;
                n++;
        } while (v > 0);
        (void) buf_add(b, bytes, n);
}

static uint64_t zigzag(int64_t v) {
        return ((uint64_t) v << 1) ^ (uint64_t) (v >> 63);
}

static void put_record(struct buf *b, const struct wire_table *t, const void *record, bool optional_parts);

static void put_string(struct buf *b, const char *s) {
        size_t n = s ? strlen(s) : 0;
        put_unsigned(b, s ? n + 1 : 0);
        if (s)
                (void) buf_add(b, s, n + 1);
}

/* The layout that every list shares; copied in and out, since the types of the items differ. */
struct wire_list {
        void *items;
        uint32_t n;
};
_Static_assert(sizeof(struct wire_list) == sizeof(struct text_list), "lists share one layout");

static void put_list(struct buf *b, const struct wire_field *f, const void *field, bool optional_parts) {
        struct wire_list list;
        memcpy(&list, field, sizeof(list));
        put_unsigned(b, list.n);
        for (uint32_t i = 0; i < list.n; i++)
                put_record(b, f->table, (const char *) list.items + i * f->table->size, optional_parts);
}

static void put_field(struct buf *b, const struct wire_field *f, const void *field, bool optional_parts) {
        switch (f->type) {
        case WIRE_STRING:
                put_string(b, f->optional_part && !optional_parts ? NULL : *(const char *const *) field);
                break;
        case WIRE_NUMBER32: {
                int64_t v = f->max > INT32_MAX ? (int64_t) * (const uint32_t *) field : (int64_t) * (const int32_t *) field;
                put_unsigned(b, v == ABSENT32 ? 0 : zigzag(v) + 1);
                break;
        }
        case WIRE_NUMBER64: {
                int64_t v = *(const int64_t *) field;
                put_unsigned(b, v == ABSENT64 ? 0 : zigzag(v) + 1);
                break;
        }
        case WIRE_KEY:
                (void) buf_add(b, field, sizeof(uint64_t));
                break;
        case WIRE_BOOL:
                (void) buf_add_char(b, *(const bool *) field ? 1 : 0);
                break;
        case WIRE_RECORD:
                put_record(b, f->table, field, optional_parts);
                break;
        case WIRE_OPTIONAL: {
                const void *record;
                memcpy(&record, field, sizeof(record));
                (void) buf_add_char(b, record ? 1 : 0);
                if (record)
                        put_record(b, f->table, record, optional_parts);
                break;
        }
        case WIRE_LIST:
                put_list(b, f, field, optional_parts);
                break;
        }
}

/* Recursion follows the tables above (three deep), never the input. */
static void put_record(struct buf *b, const struct wire_table *t, const void *record, bool optional_parts) {
        for (size_t i = 0; i < t->n_fields; i++)
                put_field(b, &t->fields[i], (const char *) record + t->fields[i].offset, optional_parts);
}

int observation_encode(const struct observation *o, bool with_quoted_text, struct buf *out) {
        size_t before = out->size;
        (void) buf_add_char(out, (char) kinds[o->kind].version);
        (void) buf_add_char(out, (char) o->kind);
        put_record(out, kinds[o->kind].table, (const char *) o + kinds[o->kind].offset, with_quoted_text);
        if (out->error < 0)
                return out->error;
        return out->size - before > OBSERVATION_SIZE_MAX ? -E2BIG : 0;
}

/* --- reading --- */

struct wire_reader {
        const uint8_t *p, *end;
        struct arena *arena;
        bool trusted;
        uint8_t version;
};

static inline int get_unsigned(struct wire_reader *r, uint64_t *ret) {
        uint64_t v = 0;
        if (r->p < r->end && *r->p <= 0x7f) {
                *ret = *r->p++;
                return 0;
        }
        for (unsigned shift = 0; shift < 64; shift += 7) {
                if (r->p == r->end)
                        return -EBADMSG;
                uint8_t byte = *r->p++;
                uint64_t bits = byte & 0x7f;
                if (shift == 63 && bits > 1)
                        return -EBADMSG;
                v |= bits << shift;
                if (!(byte & 0x80)) {
                        /* One spelling a number, so that equal observations have equal bytes. */
                        if (byte == 0 && shift > 0)
                                return -EBADMSG;
                        *ret = v;
                        return 0;
                }
        }
        return -EBADMSG;
}

static int get_number(struct wire_reader *r, const struct wire_field *f, int64_t absent, int64_t *ret) {
        uint64_t u;
        int k = get_unsigned(r, &u);
        if (k < 0)
                return k;
        if (u == 0) {
                *ret = absent;
                return 0;
        }
        u--;
        int64_t v = (int64_t) (u >> 1) ^ -(int64_t) (u & 1);
        if (v < f->min || v > f->max || v == absent)
                return -EBADMSG;
        *ret = v;
        return 0;
}

static int get_string(struct wire_reader *r, const struct wire_field *f, const char **ret) {
        uint64_t n;
        int k = get_unsigned(r, &n);
        if (k < 0)
                return k;
        if (n == 0) {
                if (f->required)
                        return -EBADMSG;
                *ret = NULL;
                return 0;
        }
        if (n - 1 > (uint64_t) f->max || n > (uint64_t) (r->end - r->p))
                return -EBADMSG;
        const char *s = (const char *) r->p;
        if (s[n - 1] != 0 || (!r->trusted && !utf8_clean(s, (size_t) n - 1)))
                return -EBADMSG;
        r->p += n;
        *ret = s;
        return 0;
}

static int get_flag(struct wire_reader *r, bool *ret) {
        if (r->p == r->end || *r->p > 1)
                return -EBADMSG;
        *ret = *r->p++ == 1;
        return 0;
}

static int get_record(struct wire_reader *r, const struct wire_table *t, void *record);

static int get_list(struct wire_reader *r, const struct wire_field *f, void *field) {
        uint64_t n;
        int k = get_unsigned(r, &n);
        if (k < 0)
                return k;
        /* Each entry takes at least a byte: a large count in few bytes is refused before anything is allocated. */
        if (n > (uint64_t) f->max || n > (uint64_t) (r->end - r->p))
                return -EBADMSG;
        if (n == 0)
                return 0;
        char *items = arena_alloc_array(r->arena, (size_t) n, f->table->size);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                k = get_record(r, f->table, items + i * f->table->size);
                if (k < 0)
                        return k;
        }
        struct wire_list list = {.items = items, .n = (uint32_t) n};
        memcpy(field, &list, sizeof(list));
        return 0;
}

static int get_optional(struct wire_reader *r, const struct wire_field *f, void *field) {
        bool present;
        int k = get_flag(r, &present);
        if (k < 0 || !present)
                return k;
        void *record = arena_alloc(r->arena, f->table->size);
        if (!record)
                return -ENOMEM;
        memcpy(field, &record, sizeof(record));
        return get_record(r, f->table, record);
}

static int get_field(struct wire_reader *r, const struct wire_field *f, void *field) {
        int64_t v = 0;
        int k;

        switch (f->type) {
        case WIRE_STRING:
                return get_string(r, f, field);
        case WIRE_NUMBER32:
                k = get_number(r, f, ABSENT32, &v);
                if (k < 0)
                        return k;
                *(int32_t *) field = (int32_t) v;
                return 0;
        case WIRE_NUMBER64:
                return get_number(r, f, ABSENT64, field);
        case WIRE_KEY:
                if ((size_t) (r->end - r->p) < sizeof(uint64_t))
                        return -EBADMSG;
                memcpy(field, r->p, sizeof(uint64_t));
                r->p += sizeof(uint64_t);
                return 0;
        case WIRE_BOOL:
                return get_flag(r, field);
        case WIRE_RECORD:
                return get_record(r, f->table, field);
        case WIRE_OPTIONAL:
                return get_optional(r, f, field);
        case WIRE_LIST:
                return get_list(r, f, field);
        }
        return -EBADMSG;
}

static int get_record(struct wire_reader *r, const struct wire_table *t, void *record) {
        for (size_t i = 0; i < t->n_fields; i++) {
                if (t->fields[i].since > r->version)
                        continue;
                int k = get_field(r, &t->fields[i], (char *) record + t->fields[i].offset);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int decode(const void *data, size_t size, bool trusted, struct arena *arena, struct observation *ret) {
        const uint8_t *bytes = data;
        /* A version that its kind never had would be a second spelling. */
        if (size < 2 || size > OBSERVATION_SIZE_MAX || bytes[1] == 0 || bytes[1] >= ELEMENTSOF(kinds) || bytes[0] == 0 ||
            bytes[0] > kinds[bytes[1]].version)
                return -EBADMSG;

        struct observation o = {
                .kind = (enum observation_kind) bytes[1],
                .seen_at = INSTANT_UNKNOWN,
                .internal_date = INSTANT_UNKNOWN,
        };
        struct wire_reader r = {
                .p = bytes + 2, .end = bytes + size, .arena = arena, .trusted = trusted, .version = bytes[0]};
        int k = get_record(&r, kinds[o.kind].table, (char *) &o + kinds[o.kind].offset);
        if (k < 0)
                return k;
        if (r.p != r.end)
                return -EBADMSG;
        *ret = o;
        return 0;
}

int observation_decode(const void *data, size_t size, struct arena *arena, struct observation *ret) {
        return decode(data, size, false, arena, ret);
}

int observation_decode_trusted(const void *data, size_t size, struct arena *arena, struct observation *ret) {
        return decode(data, size, true, arena, ret);
}

/* --- identity --- */

int observation_record(const struct observation *o, struct buf *record, uint8_t ret[static OBSERVATION_DIGEST_SIZE]) {
        struct observation compact = *o;
        const char *text = NULL;
        if (o->kind == OBSERVATION_MESSAGE) {
                text = o->message.text;
                compact.message.text = NULL;
        }
        buf_reset(record);
        int k = observation_encode(&compact, false, record);
        if (k < 0)
                return k;
        struct sha256_ctx sha;
        sha256_init(&sha);
        sha256_update(&sha, record->size, (const uint8_t *) record->data);
        /* The encoding tells where it ends, so nothing in it can be taken for text. */
        if (text)
                sha256_update(&sha, strlen(text) + 1, (const uint8_t *) text);
        sha256_digest(&sha, OBSERVATION_DIGEST_SIZE, ret);
        return 0;
}

int observation_digest(const struct observation *o, uint8_t ret[static OBSERVATION_DIGEST_SIZE]) {
        _cleanup_buf_ struct buf record = {};
        return observation_record(o, &record, ret);
}

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed) {
        /* Multiplication carries bits upwards only, so each step brings the upper half down again. */
        const uint8_t *p = data;
        uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;
        for (; size >= sizeof(uint64_t); p += sizeof(uint64_t), size -= sizeof(uint64_t)) {
                uint64_t v;
                memcpy(&v, p, sizeof(v));
                h = (h ^ le64toh(v)) * UINT64_C(0x9e3779b97f4a7c15);
                h ^= h >> 32;
        }
        for (size_t i = 0; i < size; i++)
                h = (h ^ p[i]) * UINT64_C(0x100000001b3);
        h ^= h >> 32;
        h *= UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 32;
        return h ? h : 1;
}

static uint64_t hash_string(const char *s, uint64_t seed) {
        return s ? hash_bytes(s, strlen(s), seed) : hash_bytes("", 1, seed);
}

uint64_t message_id_key(const char *message_id) {
        return hash_string(message_id, 0);
}

uint64_t message_content_key(const struct message *m) {
        const struct address_list *lists[] = {&m->from, &m->to, &m->cc};
        uint64_t h = hash_bytes(&m->sent_at, sizeof(m->sent_at), 1);
        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                for (uint32_t a = 0; a < lists[i]->n; a++)
                        h = hash_string(lists[i]->items[a].email, h + i);
        h = hash_string(m->subject, h);
        return hash_string(m->text, h);
}

uint64_t message_key(const struct message *m) {
        if (!str_empty(m->message_id))
                return message_id_key(m->message_id);
        return m->content_key ? m->content_key : message_content_key(m);
}
