/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/tnef.h"

#include <strings.h>

#include "parsers/limits.h"
#include "parsers/rtf.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

#define SIGNATURE 0x223E9F78U
#define STREAM_HEADER 6U /* signature and key */
/* Of one attribute: level, id, length; and the checksum behind its data. */
#define ATTRIBUTE_HEADER 9U
#define ATTRIBUTE_CHECKSUM 2U
/* Rich text once expanded: Outlook's holds five bytes of formatting for each of text. */
#define RICH_TEXT_MAX (4U * TEXT_PART_MAX)
/* Bytes of a string property that are decoded; texts have their own ceiling. */
#define STRING_PROPERTY_MAX 4096U
/* Rows of a recipient table that are looked at. */
#define RECIPIENTS_MAX ATTENDEES_MAX
/* Longest media type, as in MIME. */
#define MEDIA_TYPE_ROOM 127U

/* Attributes, [MS-OXTNEF] section 2.1.3.2. */
enum attribute {
        ATTRIBUTE_SUBJECT = 0x00018004,
        ATTRIBUTE_ATTACH_TITLE = 0x00018010,
        ATTRIBUTE_BODY = 0x0002800C,
        ATTRIBUTE_RECIPIENTS = 0x00069004,
        ATTRIBUTE_MESSAGE_CLASS = 0x00078008,
        ATTRIBUTE_ATTACH_DATA = 0x0006800F,
        ATTRIBUTE_ATTACH_RENDERING = 0x00069002,
        ATTRIBUTE_PROPERTIES = 0x00069003,
        ATTRIBUTE_ATTACH_PROPERTIES = 0x00069005,
        ATTRIBUTE_CODE_PAGE = 0x00069007,
};

/* Types of properties, [MS-OXCDATA] section 2.11.1. */
enum property_type {
        TYPE_SHORT = 0x0002,
        TYPE_LONG = 0x0003,
        TYPE_FLOAT = 0x0004,
        TYPE_DOUBLE = 0x0005,
        TYPE_CURRENCY = 0x0006,
        TYPE_APPLICATION_TIME = 0x0007,
        TYPE_ERROR = 0x000A,
        TYPE_BOOLEAN = 0x000B,
        TYPE_OBJECT = 0x000D,
        TYPE_LONG_LONG = 0x0014,
        TYPE_STRING8 = 0x001E,
        TYPE_UNICODE = 0x001F,
        TYPE_TIME = 0x0040,
        TYPE_GUID = 0x0048,
        TYPE_BINARY = 0x0102,
        TYPE_MULTIPLE = 0x1000,
};

/* The properties that are read. */
enum property_name {
        P_MESSAGE_CLASS,
        P_SUBJECT,
        P_NORMALIZED_SUBJECT,
        P_TOPIC,
        P_BODY,
        P_HTML,
        P_RTF,
        P_INTERNET_CODE_PAGE,
        P_MESSAGE_CODE_PAGE,
        P_START_DATE,
        P_END_DATE,
        P_REPRESENTING_NAME,
        P_REPRESENTING_TYPE,
        P_REPRESENTING_ADDRESS,
        P_REPRESENTING_SMTP,
        P_ATTACH_LONG_NAME,
        P_ATTACH_NAME,
        P_ATTACH_MEDIA_TYPE,
        P_ATTACH_DATA,
        P_ATTACH_METHOD,
        P_ATTACH_FLAGS,
        P_ATTACH_CONTENT_ID,
        P_ATTACH_HIDDEN,
        P_DISPLAY_NAME,
        P_ADDRESS_TYPE,
        P_ADDRESS,
        P_SMTP_ADDRESS,
        P_RECIPIENT_TYPE,
        P_RECIPIENT_FLAGS,
        P_GLOBAL_ID,
        P_CLEAN_ID,
        P_IS_EXCEPTION,
        P_OWNER_CHANGE,
        P_ATTENDEE_CHANGE,
        P_SEQUENCE,
        P_APPOINTMENT_START,
        P_APPOINTMENT_END,
        P_ALL_DAY,
        P_RECURRING,
        P_PATTERN,
        P_INTENDED_BUSY,
        P_EXCEPTION_REPLACES,
        P_SERIES_TIME,
        P_ZONE,
        P_ZONE_DEFINITION,
        P_PROPOSED_START,
        P_PROPOSED_END,
        P_COUNTER_PROPOSAL,
        P_COMMON_START,
        P_COMMON_END,
        _P_MAX,
};

enum property_set { SET_NONE, SET_MEETING, SET_APPOINTMENT, SET_COMMON, _SET_MAX };

/* [MS-OXPROPS] section 1.3.2, as they stand in the stream. */
static const uint8_t property_sets[_SET_MAX][16] = {
        [SET_MEETING] = {0x90, 0xDA, 0xD8, 0x6E, 0x0B, 0x45, 0x1B, 0x10, 0x98, 0xDA, 0x00, 0xAA, 0x00, 0x3F, 0x13, 0x05},
        [SET_APPOINTMENT] = {0x02, 0x20, 0x06, 0x00, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46},
        [SET_COMMON] = {0x08, 0x20, 0x06, 0x00, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46},
};

static const struct {
        enum property_set set;
        uint32_t id;
        enum property_name name;
} property_ids[] = {
        {SET_NONE, 0x001A, P_MESSAGE_CLASS},
        {SET_NONE, 0x0037, P_SUBJECT},
        {SET_NONE, 0x0E1D, P_NORMALIZED_SUBJECT},
        {SET_NONE, 0x0070, P_TOPIC},
        {SET_NONE, 0x1000, P_BODY},
        {SET_NONE, 0x1013, P_HTML},
        {SET_NONE, 0x1009, P_RTF},
        {SET_NONE, 0x3FDE, P_INTERNET_CODE_PAGE},
        {SET_NONE, 0x3FFD, P_MESSAGE_CODE_PAGE},
        {SET_NONE, 0x0060, P_START_DATE},
        {SET_NONE, 0x0061, P_END_DATE},
        {SET_NONE, 0x0042, P_REPRESENTING_NAME},
        {SET_NONE, 0x0064, P_REPRESENTING_TYPE},
        {SET_NONE, 0x0065, P_REPRESENTING_ADDRESS},
        {SET_NONE, 0x5D02, P_REPRESENTING_SMTP},
        {SET_NONE, 0x3707, P_ATTACH_LONG_NAME},
        {SET_NONE, 0x3704, P_ATTACH_NAME},
        {SET_NONE, 0x370E, P_ATTACH_MEDIA_TYPE},
        {SET_NONE, 0x3701, P_ATTACH_DATA},
        {SET_NONE, 0x3705, P_ATTACH_METHOD},
        {SET_NONE, 0x3714, P_ATTACH_FLAGS},
        {SET_NONE, 0x3712, P_ATTACH_CONTENT_ID},
        {SET_NONE, 0x7FFE, P_ATTACH_HIDDEN},
        {SET_NONE, 0x3001, P_DISPLAY_NAME},
        {SET_NONE, 0x3002, P_ADDRESS_TYPE},
        {SET_NONE, 0x3003, P_ADDRESS},
        {SET_NONE, 0x39FE, P_SMTP_ADDRESS},
        {SET_NONE, 0x0C15, P_RECIPIENT_TYPE},
        {SET_NONE, 0x5FFD, P_RECIPIENT_FLAGS},
        {SET_MEETING, 0x0003, P_GLOBAL_ID},
        {SET_MEETING, 0x0023, P_CLEAN_ID},
        {SET_MEETING, 0x000A, P_IS_EXCEPTION},
        {SET_MEETING, 0x000E, P_SERIES_TIME},
        {SET_MEETING, 0x001A, P_OWNER_CHANGE},
        {SET_MEETING, 0x0001, P_ATTENDEE_CHANGE},
        {SET_APPOINTMENT, 0x8201, P_SEQUENCE},
        {SET_APPOINTMENT, 0x820D, P_APPOINTMENT_START},
        {SET_APPOINTMENT, 0x820E, P_APPOINTMENT_END},
        {SET_APPOINTMENT, 0x8215, P_ALL_DAY},
        {SET_APPOINTMENT, 0x8223, P_RECURRING},
        {SET_APPOINTMENT, 0x8216, P_PATTERN},
        {SET_APPOINTMENT, 0x8224, P_INTENDED_BUSY},
        {SET_APPOINTMENT, 0x8228, P_EXCEPTION_REPLACES},
        {SET_APPOINTMENT, 0x8233, P_ZONE},
        {SET_APPOINTMENT, 0x825E, P_ZONE_DEFINITION},
        {SET_APPOINTMENT, 0x8250, P_PROPOSED_START},
        {SET_APPOINTMENT, 0x8251, P_PROPOSED_END},
        {SET_APPOINTMENT, 0x8257, P_COUNTER_PROPOSAL},
        {SET_COMMON, 0x8516, P_COMMON_START},
        {SET_COMMON, 0x8517, P_COMMON_END},
};

struct property {
        uint16_t type;
        const uint8_t *data; /* NULL: not there */
        size_t size;
};

struct properties {
        struct property items[_P_MAX];
};

/* Attributes of the message or of one attachment, before anything is decoded: the code page may stand behind the texts. */
struct reader {
        const struct charset_set *charsets;
        struct arena *arena;
        struct tnef *tnef;
        struct properties message;
        struct tnef_bytes subject, body, message_class, recipients; /* as attributes */
        uint32_t code_page;                                         /* of 8-bit strings; 0 not told */
        bool wrong_properties; /* the list of properties ends early, or its checksum is wrong */

        bool in_attachment;
        struct tnef_bytes title, data;
        struct properties attachment;
};

/* --- bytes --- */

struct cursor {
        const uint8_t *p, *end;
};

static uint16_t u16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p) {
        return (uint32_t) u16(p) | (uint32_t) u16(p + 2) << 16;
}

static uint64_t u64(const uint8_t *p) {
        return (uint64_t) u32(p) | (uint64_t) u32(p + 4) << 32;
}

/* n bytes at the cursor, which moves on; NULL when they are not there. */
static const uint8_t *take(struct cursor *c, size_t n) {
        const uint8_t *p = c->p;
        if ((size_t) (c->end - p) < n)
                return NULL;
        c->p += n;
        return p;
}

static bool take_u32(struct cursor *c, uint32_t *ret) {
        const uint8_t *p = take(c, 4);
        if (p)
                *ret = u32(p);
        return p;
}

/* Values are padded to four bytes; the last one's padding may be missing. */
static const uint8_t *take_padded(struct cursor *c, size_t n) {
        const uint8_t *p = take(c, n);
        if (p)
                c->p += MIN((4 - n % 4) % 4, (size_t) (c->end - c->p));
        return p;
}

/* --- properties --- */

static size_t fixed_size(uint16_t type) {
        switch (type) {
        case TYPE_SHORT:
        case TYPE_LONG:
        case TYPE_FLOAT:
        case TYPE_ERROR:
        case TYPE_BOOLEAN:
                return 4;
        case TYPE_DOUBLE:
        case TYPE_CURRENCY:
        case TYPE_APPLICATION_TIME:
        case TYPE_LONG_LONG:
        case TYPE_TIME:
                return 8;
        case TYPE_GUID:
                return 16;
        default:
                return 0;
        }
}

static bool is_counted(uint16_t type) {
        return type == TYPE_STRING8 || type == TYPE_UNICODE || type == TYPE_BINARY || type == TYPE_OBJECT;
}

/* The value at the cursor, of several the first. False: cut off, or of a type whose size nobody knows. */
static bool read_value(struct cursor *c, uint16_t type, struct property *ret) {
        uint16_t base = type & (uint16_t) ~TYPE_MULTIPLE;
        size_t fixed = fixed_size(base);
        uint32_t n = 1, size;

        *ret = (struct property){.type = base};
        if ((type & TYPE_MULTIPLE || is_counted(base)) && !take_u32(c, &n))
                return false;
        if (fixed == 0 && !is_counted(base))
                return false;
        for (uint32_t i = 0; i < n; i++) {
                const uint8_t *p;
                size = (uint32_t) fixed;
                if ((fixed == 0 && !take_u32(c, &size)) || !(p = take_padded(c, size)))
                        return false;
                if (i == 0) {
                        ret->data = p;
                        ret->size = size;
                }
        }
        return true;
}

/* The set and number of a named property; properties named by a string are none that is read. */
static bool read_name(struct cursor *c, enum property_set *ret_set, uint32_t *ret_id) {
        const uint8_t *guid = take(c, 16);
        uint32_t kind, n;
        if (!guid || !take_u32(c, &kind) || !take_u32(c, &n))
                return false;
        *ret_set = _SET_MAX;
        *ret_id = n;
        if (kind != 0)
                return take_padded(c, n);
        for (enum property_set s = SET_NONE + 1; s < _SET_MAX; s++)
                if (memcmp(guid, property_sets[s], 16) == 0)
                        *ret_set = s;
        return true;
}

/* One property list ([MS-OXTNEF] section 2.1.3.4). Of doubled properties the first counts. False: it ends early. */
static bool read_properties(struct cursor *c, struct properties *ret) {
        uint32_t n;
        if (!take_u32(c, &n))
                return false;
        for (; n > 0; n--) {
                enum property_set set = SET_NONE;
                struct property value;
                const uint8_t *tag = take(c, 4);
                if (!tag)
                        return false;
                uint32_t id = u16(tag + 2);
                if ((id >= 0x8000 && !read_name(c, &set, &id)) || !read_value(c, u16(tag), &value))
                        return false;
                for (size_t i = 0; i < ELEMENTSOF(property_ids); i++)
                        if (property_ids[i].id == id && property_ids[i].set == set) {
                                struct property *to = &ret->items[property_ids[i].name];
                                if (!to->data)
                                        *to = value;
                                break;
                        }
        }
        return true;
}

static const struct property *get(const struct properties *p, enum property_name name, uint16_t type) {
        const struct property *v = &p->items[name];
        return v->data && v->type == type ? v : NULL;
}

static bool get_u32(const struct properties *p, enum property_name name, uint32_t *ret) {
        const struct property *v = get(p, name, TYPE_LONG);
        if (v)
                *ret = u32(v->data);
        return v;
}

static bool get_bool(const struct properties *p, enum property_name name) {
        const struct property *v = get(p, name, TYPE_BOOLEAN);
        return v && u16(v->data) != 0;
}

/* FILETIME: 100 ns since 1601. What is not in the years of people (4501: "none") is as good as absent. */
static instant get_time(const struct properties *p, enum property_name name) {
        const struct property *v = get(p, name, TYPE_TIME);
        if (!v)
                return INSTANT_UNKNOWN;
        uint64_t seconds = u64(v->data) / 10000000;
        const uint64_t from_1970 = UINT64_C(11644473600), until_2200 = from_1970 + UINT64_C(7258118400);
        return seconds < from_1970 || seconds > until_2200 ? INSTANT_UNKNOWN : (instant) (seconds - from_1970);
}

static struct tnef_bytes get_bytes(const struct properties *p, enum property_name name) {
        const struct property *v = get(p, name, TYPE_BINARY);
        return v ? (struct tnef_bytes){v->data, v->size} : (struct tnef_bytes){0};
}

/* --- strings --- */

static int decode(struct reader *r, const char *label, const void *data, size_t size, size_t limit, const char **ret) {
        char *text;
        bool cut = false;
        int e = charset_decode(r->charsets, label, data, size, limit, r->arena, &text, &cut);
        if (e < 0)
                return e;
        r->tnef->truncated |= cut;
        *ret = *text ? text : NULL;
        return 0;
}

/* UTF-16 whose NUL byte every second byte is not always there: charset_decode() would take ASCII by its looks. */
static int decode_utf_16(struct reader *r, const uint8_t *p, size_t size, size_t limit, const char **ret) {
        _cleanup_buf_ struct buf b = BUF_LIMITED(limit);
        uint32_t high = 0;
        for (; size >= 2 && u16(p) != 0 && b.error == 0; p += 2, size -= 2) {
                char utf8[4];
                uint32_t unit = u16(p);
                if (unit >= 0xD800 && unit < 0xDC00) {
                        high = unit;
                        continue;
                }
                if (unit >= 0xDC00 && unit < 0xE000 && high != 0)
                        unit = 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00);
                high = 0;
                size_t n = utf8_encode(unit, utf8);
                if (n > 0)
                        (void) buf_add(&b, utf8, n);
                else
                        (void) buf_add_char(&b, '?');
        }
        if (b.error == -ENOMEM)
                return -ENOMEM;
        r->tnef->truncated |= b.error == -E2BIG;
        if (b.size == 0)
                return 0;
        char *copy = arena_strndup(r->arena, b.data, utf8_boundary(b.data, b.size));
        if (!copy)
                return -ENOMEM;
        (void) utf8_clean_in_place(copy, strlen(copy));
        *ret = *copy ? copy : NULL;
        return 0;
}

static int decode_8bit(struct reader *r, const uint8_t *p, size_t size, size_t limit, const char **ret) {
        char label[CODE_PAGE_LABEL_MAX];
        const uint8_t *nul = memchr(p, 0, size);
        /* "Unicode" says nothing of 8-bit strings. */
        code_page_label(r->code_page == 0 || r->code_page == 1200 ? 1252 : r->code_page, label);
        return decode(r, label, p, nul ? (size_t) (nul - p) : size, limit, ret);
}

/* *ret stays what it is when the property is not there or empty. */
static int get_string(struct reader *r, const struct properties *p, enum property_name name, size_t limit,
                      const char **ret) {
        const struct property *v = get(p, name, TYPE_UNICODE);
        size_t max = limit == TEXT_PART_MAX ? SIZE_MAX : STRING_PROPERTY_MAX;
        if (v)
                return decode_utf_16(r, v->data, MIN(v->size, max), limit, ret);
        v = get(p, name, TYPE_STRING8);
        return v ? decode_8bit(r, v->data, MIN(v->size, max), limit, ret) : 0;
}

/* A single line within a cap of limits.h: a cut here loses nothing that counts. */
static int get_line(struct reader *r, const struct properties *p, enum property_name name, size_t limit, const char **ret) {
        const char *s = NULL;
        bool truncated = r->tnef->truncated;
        int e = get_string(r, p, name, STRING_PROPERTY_MAX, &s);
        r->tnef->truncated = truncated;
        if (e < 0 || !s)
                return e;
        size_t n = utf8_boundary(s, MIN(strlen(s), limit));
        char *copy = arena_strndup(r->arena, s, n);
        if (!copy)
                return -ENOMEM;
        for (char *q = copy; *q; q++)
                if (*q == '\n' || *q == '\t')
                        *q = ' ';
        *ret = copy;
        return 0;
}

static int attribute_line(struct reader *r, const struct tnef_bytes *a, size_t limit, const char **ret) {
        if (!a->data || *ret)
                return 0;
        struct properties p = {0};
        p.items[P_SUBJECT] = (struct property){TYPE_STRING8, a->data, a->size};
        return get_line(r, &p, P_SUBJECT, limit, ret);
}

/* --- the message --- */

static int read_rich_text(struct reader *r) {
        struct tnef_bytes rtf = get_bytes(&r->message, P_RTF);
        _cleanup_buf_ struct buf b = BUF_LIMITED(RICH_TEXT_MAX);
        char *text;
        bool html;

        if (!rtf.data)
                return 0;
        int e = rtf_decompress(rtf.data, rtf.size, &b);
        r->tnef->truncated |= b.error == -E2BIG;
        if (e == 0)
                e = rtf_read(r->charsets, b.data ? b.data : "", b.size, TEXT_PART_MAX, r->arena, &text, &html,
                             &r->tnef->truncated);
        if (e == -ENOMEM)
                return e;
        if (e < 0) {
                r->tnef->damaged = true;
                return 0;
        }
        if (!html)
                r->tnef->rich_text = text;
        else if (!r->tnef->html)
                r->tnef->html = text;
        return 0;
}

static int read_html(struct reader *r) {
        const struct property *v = get(&r->message, P_HTML, TYPE_BINARY);
        char label[CODE_PAGE_LABEL_MAX];
        uint32_t page = r->code_page ? r->code_page : 1252;
        if (!v)
                return get_string(r, &r->message, P_HTML, TEXT_PART_MAX, &r->tnef->html);
        (void) get_u32(&r->message, P_INTERNET_CODE_PAGE, &page);
        code_page_label(page, label);
        return decode(r, label, v->data, v->size, TEXT_PART_MAX, &r->tnef->html);
}

static int read_texts(struct reader *r) {
        struct tnef *t = r->tnef;
        int e;
        if ((e = get_string(r, &r->message, P_BODY, TEXT_PART_MAX, &t->text)) < 0)
                return e;
        if (!t->text && r->body.data && (e = decode_8bit(r, r->body.data, r->body.size, TEXT_PART_MAX, &t->text)) < 0)
                return e;
        if ((e = read_html(r)) < 0 || (e = read_rich_text(r)) < 0)
                return e;
        /* The topic has no "Accepted:" before it, in whatever language. */
        static const enum property_name subjects[] = {P_TOPIC, P_NORMALIZED_SUBJECT, P_SUBJECT};
        for (size_t i = 0; i < ELEMENTSOF(subjects) && !t->subject; i++)
                if ((e = get_line(r, &r->message, subjects[i], SUBJECT_MAX, &t->subject)) < 0)
                        return e;
        return attribute_line(r, &r->subject, SUBJECT_MAX, &t->subject);
}

/* The class, by its name of today: old clients write those of Microsoft Mail ([MS-OXTNEF] section 2.1.3.3.2). */
static int read_class(struct reader *r) {
        static const char *const old[][2] = {
                {"IPM.Microsoft Schedule.MtgReq", "IPM.Schedule.Meeting.Request"},
                {"IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Pos"},
                {"IPM.Microsoft Schedule.MtgRespN", "IPM.Schedule.Meeting.Resp.Neg"},
                {"IPM.Microsoft Schedule.MtgRespA", "IPM.Schedule.Meeting.Resp.Tent"},
                {"IPM.Microsoft Schedule.MtgCncl", "IPM.Schedule.Meeting.Canceled"},
                {"IPM.Microsoft Mail.Non-Delivery", "REPORT.IPM.Note.NDR"},
                {"IPM.Microsoft Mail.Read Receipt", "REPORT.IPM.Note.IPNRN"},
                {"IPM.Microsoft Mail.Note", "IPM.Note"},
        };
        struct tnef *t = r->tnef;
        int e = get_line(r, &r->message, P_MESSAGE_CLASS, NAME_MAX_BYTES, &t->message_class);
        if (e < 0 || (e = attribute_line(r, &r->message_class, NAME_MAX_BYTES, &t->message_class)) < 0)
                return e;
        for (size_t i = 0; i < ELEMENTSOF(old) && t->message_class; i++)
                if (strcasecmp(t->message_class, old[i][0]) == 0)
                        t->message_class = old[i][1];
        return 0;
}

/* --- people --- */

static int read_email(struct reader *r, const struct properties *p, enum property_name smtp, enum property_name type,
                      enum property_name address, const char **ret) {
        const char *kind = NULL, *email = NULL;
        int e = get_line(r, p, smtp, STRING_PROPERTY_MAX, &email);
        if (e < 0 || (!email && ((e = get_line(r, p, type, NAME_MAX_BYTES, &kind)) < 0 ||
                                 (e = get_line(r, p, address, STRING_PROPERTY_MAX, &email)) < 0)))
                return e;
        if (kind && strcasecmp(kind, "SMTP") != 0)
                return 0;
        const char *at = email ? strchr(email, '@') : NULL;
        if (at && at > email && at[1] && strlen(email) <= ADDRESS_MAX && !strpbrk(email, " <>\""))
                *ret = email;
        return 0;
}

/* Rows of the recipient table are property lists; the organizer stands among them, marked. */
static int read_recipients(struct reader *r) {
        struct attendee_list *list = &r->tnef->meeting.recipients;
        uint32_t n;
        if (!r->recipients.data)
                return 0;
        struct cursor c = {r->recipients.data, r->recipients.data + r->recipients.size};
        if (!take_u32(&c, &n))
                return 0;
        n = MIN(n, RECIPIENTS_MAX);
        if (!(list->items = arena_new0(r->arena, struct attendee, MAX(n, 1U))))
                return -ENOMEM;
        _cleanup_free_ struct properties *row = malloc(sizeof(*row));
        if (!row)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                struct attendee a = {0};
                uint32_t flags = 0, kind = 1;
                memset(row, 0, sizeof(*row));
                bool whole = read_properties(&c, row);
                int e = read_email(r, row, P_SMTP_ADDRESS, P_ADDRESS_TYPE, P_ADDRESS, &a.email);
                if (e < 0 || (e = get_line(r, row, P_DISPLAY_NAME, NAME_MAX_BYTES, &a.name)) < 0)
                        return e;
                (void) get_u32(row, P_RECIPIENT_FLAGS, &flags);
                (void) get_u32(row, P_RECIPIENT_TYPE, &kind);
                a.resource = kind == 3;
                if (a.email && !(flags & 2))
                        list->items[list->n++] = a;
                if (!whole)
                        break;
        }
        return 0;
}

/* --- the meeting --- */

static const struct {
        const char *message_class;
        enum itip_method method;
        enum participation_status participation;
} meeting_classes[] = {
        {"IPM.Schedule.Meeting.Request", ITIP_REQUEST, PARTICIPATION_NONE},
        {"IPM.Schedule.Meeting.Canceled", ITIP_CANCEL, PARTICIPATION_NONE},
        {"IPM.Schedule.Meeting.Resp.Pos", ITIP_REPLY, PARTICIPATION_ACCEPTED},
        {"IPM.Schedule.Meeting.Resp.Neg", ITIP_REPLY, PARTICIPATION_DECLINED},
        {"IPM.Schedule.Meeting.Resp.Tent", ITIP_REPLY, PARTICIPATION_TENTATIVE},
};

static instant first_time(const struct properties *p, const enum property_name *names, size_t n) {
        for (size_t i = 0; i < n; i++) {
                instant at = get_time(p, names[i]);
                if (at != INSTANT_UNKNOWN)
                        return at;
        }
        return INSTANT_UNKNOWN;
}

static int read_meeting(struct reader *r) {
        static const enum property_name starts[] = {P_APPOINTMENT_START, P_COMMON_START, P_START_DATE};
        static const enum property_name ends[] = {P_APPOINTMENT_END, P_COMMON_END, P_END_DATE};
        const struct properties *p = &r->message;
        struct tnef_meeting *m = &r->tnef->meeting;
        uint32_t sequence = 0, busy = 2;

        for (size_t i = 0; i < ELEMENTSOF(meeting_classes) && r->tnef->message_class; i++)
                if (strcasecmp(r->tnef->message_class, meeting_classes[i].message_class) == 0) {
                        m->method = meeting_classes[i].method;
                        m->participation = meeting_classes[i].participation;
                }
        /* A meeting whose bytes were changed on the way is not believed: an hour that nobody wrote could accuse someone. */
        if (m->method == ITIP_NONE || r->wrong_properties)
                return 0;
        m->start = first_time(p, starts, ELEMENTSOF(starts));
        m->end = first_time(p, ends, ELEMENTSOF(ends));
        if (m->method == ITIP_REPLY && get_bool(p, P_COUNTER_PROPOSAL) && get_time(p, P_PROPOSED_START) != INSTANT_UNKNOWN) {
                m->method = ITIP_COUNTER;
                m->start = get_time(p, P_PROPOSED_START);
                m->end = get_time(p, P_PROPOSED_END);
        }
        m->replaced = get_time(p, P_EXCEPTION_REPLACES);
        (void) get_u32(p, P_SERIES_TIME, &m->series_time);
        m->changed = get_time(p, m->participation != PARTICIPATION_NONE ? P_ATTENDEE_CHANGE : P_OWNER_CHANGE);
        (void) get_u32(p, P_SEQUENCE, &sequence);
        (void) get_u32(p, P_INTENDED_BUSY, &busy);
        m->sequence = (int32_t) MIN(sequence, (uint32_t) INT32_MAX);
        m->transparent = busy == 0;
        m->all_day = get_bool(p, P_ALL_DAY);
        m->recurring = get_bool(p, P_RECURRING);
        m->exception = get_bool(p, P_IS_EXCEPTION);
        m->global_id = get_bytes(p, P_GLOBAL_ID);
        m->clean_id = get_bytes(p, P_CLEAN_ID);
        m->pattern = get_bytes(p, P_PATTERN);
        m->zone = get_bytes(p, P_ZONE);
        m->zone_definition = get_bytes(p, P_ZONE_DEFINITION);
        int e = read_email(r, p, P_REPRESENTING_SMTP, P_REPRESENTING_TYPE, P_REPRESENTING_ADDRESS, &m->from.email);
        if (e < 0 || (e = get_line(r, p, P_REPRESENTING_NAME, NAME_MAX_BYTES, &m->from.name)) < 0)
                return e;
        return read_recipients(r);
}

/* --- attachments --- */

enum { ATTACH_EMBEDDED_MESSAGE = 5, ATTACH_SHOWN_IN_HTML = 4 };

static int attachment_name(struct reader *r, struct tnef_attachment *a) {
        static const enum property_name names[] = {P_ATTACH_LONG_NAME, P_ATTACH_NAME, P_DISPLAY_NAME};
        for (size_t i = 0; i < ELEMENTSOF(names) && !a->name; i++) {
                int e = get_line(r, &r->attachment, names[i], NAME_MAX_BYTES, &a->name);
                if (e < 0)
                        return e;
        }
        return attribute_line(r, &r->title, NAME_MAX_BYTES, &a->name);
}

/* A media type as RFC 2045 has it, in lower case; anything else is not believed. */
static bool is_media_type(char *s) {
        bool slash = false;
        size_t n = 0;
        for (; s[n]; n++) {
                if (s[n] >= 'A' && s[n] <= 'Z')
                        s[n] = (char) (s[n] + 32);
                if (s[n] == '/' && n > 0 && !slash)
                        slash = true;
                else if (s[n] <= 32 || s[n] > 126 || strchr("()<>@,;:\\\"/[]?=", s[n]))
                        return false;
        }
        return slash && s[n - 1] != '/';
}

static int end_attachment(struct reader *r) {
        struct tnef *t = r->tnef;
        struct tnef_attachment a = {.data = r->data.data, .size = r->data.size};
        const struct property *object = get(&r->attachment, P_ATTACH_DATA, TYPE_OBJECT);
        uint32_t method = 0, flags = 0;

        if (!r->in_attachment)
                return 0;
        r->in_attachment = false;
        if (t->n_attachments == ATTACHMENTS_MAX) {
                t->truncated = true;
                return 0;
        }
        (void) get_u32(&r->attachment, P_ATTACH_METHOD, &method);
        (void) get_u32(&r->attachment, P_ATTACH_FLAGS, &flags);
        struct tnef_bytes data = get_bytes(&r->attachment, P_ATTACH_DATA);
        if (!a.data && object)
                data = (struct tnef_bytes){object->data, object->size};
        if (!a.data && data.data) {
                a.data = data.data;
                a.size = data.size;
        }
        const char *type = NULL;
        int e = attachment_name(r, &a);
        if (e < 0 || (e = get_line(r, &r->attachment, P_ATTACH_MEDIA_TYPE, MEDIA_TYPE_ROOM, &type)) < 0)
                return e;
        char *copy = type ? arena_strdup(r->arena, type) : NULL;
        a.media_type = method == ATTACH_EMBEDDED_MESSAGE ? "message/rfc822"
                       : copy && is_media_type(copy)     ? copy
                                                         : "application/octet-stream";
        const char *id = NULL;
        if ((e = get_line(r, &r->attachment, P_ATTACH_CONTENT_ID, NAME_MAX_BYTES, &id)) < 0)
                return e;
        a.hidden = get_bool(&r->attachment, P_ATTACH_HIDDEN) || (flags & ATTACH_SHOWN_IN_HTML && id);
        if (!t->attachments && !(t->attachments = arena_new0(r->arena, struct tnef_attachment, ATTACHMENTS_MAX)))
                return -ENOMEM;
        t->attachments[t->n_attachments++] = a;
        return 0;
}

static int begin_attachment(struct reader *r) {
        int e = end_attachment(r);
        r->in_attachment = true;
        r->attachment = (struct properties){0};
        r->title = r->data = (struct tnef_bytes){0};
        return e;
}

/* --- the stream --- */

static void keep_first(struct tnef_bytes *to, const uint8_t *data, size_t size) {
        if (!to->data)
                *to = (struct tnef_bytes){data, size};
}

static int keep_attribute(struct reader *r, uint32_t id, const uint8_t *data, size_t size, bool sound) {
        struct cursor c = {data, data + size};
        switch (id) {
        case ATTRIBUTE_SUBJECT:
                keep_first(&r->subject, data, size);
                return 0;
        case ATTRIBUTE_BODY:
                keep_first(&r->body, data, size);
                return 0;
        case ATTRIBUTE_MESSAGE_CLASS:
                keep_first(&r->message_class, data, size);
                return 0;
        case ATTRIBUTE_RECIPIENTS:
                if (sound)
                        keep_first(&r->recipients, data, size);
                return 0;
        case ATTRIBUTE_CODE_PAGE:
                if (size >= 4 && u32(data) != 0)
                        r->code_page = u32(data);
                return 0;
        case ATTRIBUTE_PROPERTIES:
                r->wrong_properties |= !read_properties(&c, &r->message) || !sound;
                r->tnef->damaged |= r->wrong_properties;
                return 0;
        case ATTRIBUTE_ATTACH_RENDERING:
                return begin_attachment(r);
        case ATTRIBUTE_ATTACH_TITLE:
                keep_first(&r->title, data, size);
                return r->in_attachment ? 0 : begin_attachment(r);
        case ATTRIBUTE_ATTACH_DATA:
                keep_first(&r->data, data, size);
                r->in_attachment = true;
                return 0;
        case ATTRIBUTE_ATTACH_PROPERTIES:
                r->tnef->damaged |= !read_properties(&c, &r->attachment);
                r->in_attachment = true;
                return 0;
        default:
                return 0;
        }
}

static uint16_t checksum(const uint8_t *p, size_t n) {
        uint32_t sum = 0;
        for (size_t i = 0; i < n; i++)
                sum += p[i];
        return (uint16_t) sum;
}

static int read_stream(struct reader *r, struct cursor *c) {
        while (c->p < c->end) {
                const uint8_t *head = take(c, ATTRIBUTE_HEADER);
                if (!head || (head[0] != 1 && head[0] != 2)) { /* gateways append bytes of their own */
                        r->tnef->damaged |= !head;
                        break;
                }
                size_t size = u32(head + 5), left = (size_t) (c->end - c->p);
                bool sound = left >= size && left - size >= ATTRIBUTE_CHECKSUM;
                size = MIN(size, left);
                const uint8_t *data = take(c, size);
                /* Only what facts are made of is worth summing up: attachments can be large. */
                uint32_t id = u32(head + 1);
                if (sound && (id == ATTRIBUTE_PROPERTIES || id == ATTRIBUTE_RECIPIENTS))
                        sound = checksum(data, size) == u16(c->p);
                int e = keep_attribute(r, id, data, size, sound);
                if (e < 0)
                        return e;
                if (!take(c, ATTRIBUTE_CHECKSUM)) {
                        r->tnef->damaged = true;
                        break;
                }
        }
        return end_attachment(r);
}

int tnef_parse(const void *data, size_t size, const struct charset_set *charsets, struct arena *arena, struct tnef *ret) {
        const uint8_t *p = data;
        if (size < STREAM_HEADER || u32(p) != SIGNATURE)
                return -EBADMSG;
        struct tnef t = {.meeting = {.start = INSTANT_UNKNOWN,
                                     .end = INSTANT_UNKNOWN,
                                     .replaced = INSTANT_UNKNOWN,
                                     .changed = INSTANT_UNKNOWN,
                                     .series_time = TNEF_TIME_UNKNOWN}};
        _cleanup_free_ struct reader *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->charsets = charsets;
        r->arena = arena;
        r->tnef = &t;
        struct cursor c = {p + STREAM_HEADER, p + size};
        int e = read_stream(r, &c);
        if (e < 0)
                return e;
        if (r->code_page == 0)
                (void) get_u32(&r->message, P_MESSAGE_CODE_PAGE, &r->code_page);
        if ((e = read_class(r)) < 0 || (e = read_texts(r)) < 0 || (e = read_meeting(r)) < 0)
                return e;
        *ret = t;
        return 0;
}
