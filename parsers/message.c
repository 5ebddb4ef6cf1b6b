/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/message.h"

#include <strings.h>

#include "parsers/address.h"
#include "parsers/authentication.h"
#include "parsers/calendar.h"
#include "parsers/civil.h"
#include "parsers/date.h"
#include "parsers/header.h"
#include "parsers/limits.h"
#include "parsers/mime.h"
#include "parsers/pkcs7.h"
#include "parsers/text.h"
#include "parsers/tnef.h"
#include "parsers/transfer.h"
#include "parsers/utf8.h"

/* Text parts of one message that are read; a mail with pictures between its paragraphs has a dozen. */
#define TEXT_PARTS_MAX 32U
/* Occurrences that are read of fields which may be repeated. */
#define REPEATED_MAX 10U
/* Decoded bytes of all text parts together: the one that matters, and an alternative of it. */
#define TEXTS_SIZE_MAX (2 * TEXT_PART_MAX)
/* Decoded bytes of all calendar parts together: an invitation has a few KB, a whole calendar sent along some hundred. */
#define CALENDARS_SIZE_MAX (4U * 1024 * 1024)
/* A message with CR line ends alone (by programs of before 2001) is copied to be read; such mail is short. */
#define CR_MESSAGE_MAX (4U * 1024 * 1024)
/* A stand-in for the HTML part ("your program cannot show HTML") is shorter than this. */
#define STAND_IN_MAX 400U
/* Question marks for letters that make a plain text worse than the one in winmail.dat; people ask fewer questions. */
#define LOST_LETTERS 4U
/* Lines of base64 have 76 signs or less (RFC 2045); less than one line of it could be a word. */
#define BASE64_LINE_MAX 76U
#define BASE64_LINE_MIN 60U
/* Text has more blanks than one in this many bytes. */
#define BLANK_SHARE 20U
/* Fields that only tell of machines: the first words decide. */
#define SIGN_MAX 200U

/* How the bytes of one observation are shared out, so that the whole stays below OBSERVATION_SIZE_MAX. Text has its own
 * ceiling, calendar objects get what the others leave. */
#define RESERVE_SHARE 6144U /* fixed-size fields, subject and the words that decided */
#define ADDRESS_SHARE (40U * 1024)
#define REFERENCE_SHARE (16U * 1024)
#define DELIVERED_SHARE (4U * 1024)
#define PARTS_SHARE (6U * 1024)
#define ATTACHMENT_SHARE (12U * 1024)
/* Bytes that encoding adds to a string, to a moment, to an attendee and to an event. */
#define STRING_COST 4U
#define MOMENT_COST 12U
#define ATTENDEE_COST 8U
#define EVENT_COST 128U

enum slot {
        SLOT_FROM,
        SLOT_SENDER,
        SLOT_REPLY_TO,
        SLOT_TO,
        SLOT_CC,
        SLOT_BCC,
        SLOT_SUBJECT,
        SLOT_DATE,
        SLOT_MESSAGE_ID,
        SLOT_IN_REPLY_TO,
        SLOT_REFERENCES,
        SLOT_AUTO_SUBMITTED,
        SLOT_PRECEDENCE,
        SLOT_RETURN_PATH,
        SLOT_X_AUTOREPLY,
        SLOT_X_AUTORESPOND,
        SLOT_X_AUTO_RESPONSE_SUPPRESS,
        SLOT_LIST_ID,
        SLOT_LIST_UNSUBSCRIBE,
        SLOT_LIST_POST,
        SLOT_FEEDBACK_ID,
        SLOT_X_PRIORITY,
        SLOT_IMPORTANCE,
        SLOT_PRIORITY,
        SLOT_X_MSMAIL_PRIORITY,
        SLOT_ORIGINAL_FROM,
        SLOT_ORIGINAL_SENDER,
        SLOT_RESENT_FROM,
        SLOT_RESENT_SENDER,
        SLOT_RESENT_TO,
        SLOT_RESENT_CC,
        SLOT_RESENT_BCC,
        _SLOT_SINGLE, /* from here on: fields of which several occurrences count */
        SLOT_RECEIVED = _SLOT_SINGLE,
        SLOT_DELIVERED,
        SLOT_AUTHENTICATION_RESULTS,
        _SLOT_MAX,
};

#define FIELD(name) (name), sizeof(name) - 1
static const struct {
        const char *name;
        size_t size;
        enum slot slot;
} field_names[] = {
        {FIELD("Received"), SLOT_RECEIVED},
        {FIELD("From"), SLOT_FROM},
        {FIELD("To"), SLOT_TO},
        {FIELD("Cc"), SLOT_CC},
        {FIELD("Date"), SLOT_DATE},
        {FIELD("Subject"), SLOT_SUBJECT},
        {FIELD("Message-ID"), SLOT_MESSAGE_ID},
        {FIELD("In-Reply-To"), SLOT_IN_REPLY_TO},
        {FIELD("References"), SLOT_REFERENCES},
        {FIELD("Sender"), SLOT_SENDER},
        {FIELD("Reply-To"), SLOT_REPLY_TO},
        {FIELD("Bcc"), SLOT_BCC},
        {FIELD("Delivered-To"), SLOT_DELIVERED},
        {FIELD("X-Delivered-To"), SLOT_DELIVERED},
        {FIELD("X-Original-To"), SLOT_DELIVERED},
        {FIELD("Envelope-To"), SLOT_DELIVERED},
        {FIELD("X-Envelope-To"), SLOT_DELIVERED},
        {FIELD("Return-Path"), SLOT_RETURN_PATH},
        {FIELD("Auto-Submitted"), SLOT_AUTO_SUBMITTED},
        {FIELD("Precedence"), SLOT_PRECEDENCE},
        {FIELD("Authentication-Results"), SLOT_AUTHENTICATION_RESULTS},
        {FIELD("X-Autoreply"), SLOT_X_AUTOREPLY},
        {FIELD("X-Autorespond"), SLOT_X_AUTORESPOND},
        {FIELD("X-Auto-Response-Suppress"), SLOT_X_AUTO_RESPONSE_SUPPRESS},
        {FIELD("List-Id"), SLOT_LIST_ID},
        {FIELD("List-Unsubscribe"), SLOT_LIST_UNSUBSCRIBE},
        {FIELD("List-Post"), SLOT_LIST_POST},
        {FIELD("Feedback-ID"), SLOT_FEEDBACK_ID},
        {FIELD("X-Priority"), SLOT_X_PRIORITY},
        {FIELD("Importance"), SLOT_IMPORTANCE},
        {FIELD("Priority"), SLOT_PRIORITY},
        {FIELD("X-MSMail-Priority"), SLOT_X_MSMAIL_PRIORITY},
        {FIELD("X-Rcpt-To"), SLOT_DELIVERED},
        {FIELD("X-Original-From"), SLOT_ORIGINAL_FROM},
        {FIELD("X-SimpleLogin-Original-From"), SLOT_ORIGINAL_FROM},
        {FIELD("X-Original-Sender"), SLOT_ORIGINAL_SENDER},
        {FIELD("X-AnonAddy-Original-Sender"), SLOT_ORIGINAL_SENDER},
        {FIELD("Resent-From"), SLOT_RESENT_FROM},
        {FIELD("Resent-Sender"), SLOT_RESENT_SENDER},
        {FIELD("Resent-To"), SLOT_RESENT_TO},
        {FIELD("Resent-Cc"), SLOT_RESENT_CC},
        {FIELD("Resent-Bcc"), SLOT_RESENT_BCC},
};

struct text_part {
        const char *body;
        size_t size;
        uint32_t alternative;
        enum transfer_encoding encoding;
        bool html, flowed, delsp;
        const char *targets; /* of links, when it was read and a program wrote it from HTML; else NULL */
        char label[MIME_LABEL_MAX + 1];
};

struct reader {
        const struct message_options *options;
        struct arena *arena; /* what stays */
        struct arena *work;  /* owned; what is forgotten with the message */
        struct message *m;
        size_t room; /* bytes of the observation still free */
        bool truncated;
        char *scratch;             /* owned; one unfolded field body and padding */
        uint32_t name_lengths[32]; /* of the fields that are read, by their first letters */

        struct field slots[_SLOT_SINGLE];
        struct field repeated[_SLOT_MAX - _SLOT_SINGLE][REPEATED_MAX];
        uint32_t n_repeated[_SLOT_MAX - _SLOT_SINGLE];
        uint8_t authentication_depths[REPEATED_MAX]; /* Received above each Authentication-Results */
        struct mime_fields mime;
        bool resent_over; /* the newest block of Resent- fields has ended */

        struct text_part texts[TEXT_PARTS_MAX];
        uint32_t n_texts;
        uint32_t parts_room, attachments_room, events_room; /* of the arrays */
        size_t parts_share, attachments_share;
        size_t texts_room, calendars_room, envelopes_room; /* bytes that may still be decoded */
        enum itip_method method;                           /* of the first calendar part */
        bool has_calendar, has_forwarded_message;
        struct buf signed_content; /* owned: the letter inside an opaque signature, while its parts are read */
        bool inside_signed;
        struct tnef tnef; /* texts of the first winmail.dat; its other borrowed parts are gone by then */
        bool has_tnef;
};

static void reader_done(struct reader *r) {
        free(r->scratch);
        buf_free(&r->signed_content);
        arena_free(r->work);
}

/* Make room for one more item in an arena array. */
static int reserve(struct arena *arena, void *items_field, size_t size, uint32_t n, uint32_t max, uint32_t *room) {
        void *old;
        if (n < *room)
                return 0;
        uint32_t wanted = MIN(MAX(*room * 2, (uint32_t) 4), max);
        void *items = arena_alloc_array(arena, wanted, size);
        if (!items)
                return -ENOMEM;
        memcpy(&old, items_field, sizeof(old));
        if (n > 0)
                memcpy(items, old, n * size);
        memcpy(items_field, &items, sizeof(items));
        *room = wanted;
        return 0;
}

static size_t string_cost(const char *s) {
        return s ? strlen(s) + STRING_COST : 1;
}

/* Take bytes from a share; false, and the message is marked, when they are not there. */
static bool take(struct reader *r, size_t *share, size_t cost) {
        if (cost > *share) {
                r->truncated = true;
                return false;
        }
        *share -= cost;
        return true;
}

/* s, or a copy without what is beyond max bytes. */
static int clip(struct reader *r, const char *s, size_t max, const char **ret) {
        size_t n = s ? strlen(s) : 0;
        if (n > max) {
                s = arena_strndup(r->arena, s, utf8_boundary(s, max));
                if (!s)
                        return -ENOMEM;
                r->truncated = true;
        }
        *ret = s;
        return 0;
}

/* --- the header section --- */

/* Blocks of Resent- fields are put on top, each above the trace fields of its own way: the newest one ends at the first
 * trace field after it, or where one of its fields comes again. */
static bool is_of_older_resending(struct reader *r, enum slot slot) {
        bool resent = slot >= SLOT_RESENT_FROM && slot <= SLOT_RESENT_BCC, begun = false;
        for (size_t i = SLOT_RESENT_FROM; i <= SLOT_RESENT_BCC; i++)
                begun |= r->slots[i].body != NULL;
        if ((begun && (slot == SLOT_RECEIVED || slot == SLOT_RETURN_PATH)) || (resent && r->slots[slot].body))
                r->resent_over = true;
        return resent && r->resent_over;
}

/* A message has dozens of fields, of which most are in no table: the length and the first letter tell nearly all apart. */
static void note_field_names(struct reader *r) {
        for (size_t i = 0; i < ELEMENTSOF(field_names); i++)
                r->name_lengths[field_names[i].name[0] & 31] |= UINT32_C(1) << field_names[i].size;
}

static bool field_may_count(const struct reader *r, const struct field *f) {
        return f->name_size < 32 && r->name_lengths[f->name[0] & 31] >> f->name_size & 1;
}

static void keep_repeated(struct reader *r, size_t index, const struct field *f) {
        uint32_t n = r->n_repeated[index];
        if (n == REPEATED_MAX)
                return;
        if (index == SLOT_AUTHENTICATION_RESULTS - _SLOT_SINGLE)
                r->authentication_depths[n] = (uint8_t) r->n_repeated[SLOT_RECEIVED - _SLOT_SINGLE];
        r->repeated[index][n] = *f;
        r->n_repeated[index]++;
}

static void keep_field(struct reader *r, const struct field *f) {
        for (size_t i = 0; field_may_count(r, f) && i < ELEMENTSOF(field_names); i++) {
                if (field_names[i].size != f->name_size || !field_is(f, field_names[i].name))
                        continue;
                enum slot slot = field_names[i].slot;
                if (is_of_older_resending(r, slot))
                        return;
                if (slot < _SLOT_SINGLE) { /* of doubled fields the first counts, as mail programs show it */
                        if (!r->slots[slot].body)
                                r->slots[slot] = *f;
                } else
                        keep_repeated(r, slot - _SLOT_SINGLE, f);
                return;
        }
        mime_fields_add(&r->mime, f);
}

/* Unfold into the scratch space, padded for libetpan. */
static size_t unfold(struct reader *r, const struct field *f) {
        r->scratch[0] = 0;
        if (!f->body)
                return 0;
        size_t n = header_unfold(f, r->scratch, FIELD_BODY_MAX, &r->truncated);
        memset(r->scratch + n, 0, ADDRESS_PADDING);
        return n;
}

static int read_text_field(struct reader *r, enum slot slot, size_t max, const char **ret) {
        size_t n = unfold(r, &r->slots[slot]);
        if (!r->slots[slot].body)
                return 0;
        return header_decode(r->options->charsets, r->scratch, n, max, r->arena, ret, &r->truncated);
}

/* Append the addresses of a field; entries that there is no room for are dropped. */
static int read_address_list(struct reader *r, enum slot slot, struct address_list *list, size_t *share) {
        size_t n = unfold(r, &r->slots[slot]);
        uint32_t before = list->n;
        if (n == 0)
                return 0;
        int e = address_list_parse(r->options->charsets, r->scratch, n, ADDRESSES_MAX, r->arena, list, &r->truncated);
        for (uint32_t k = before; e >= 0 && k < list->n; k++)
                if (!take(r, share, string_cost(list->items[k].name) + string_cost(list->items[k].email))) {
                        list->n = k;
                        break;
                }
        return e;
}

static int read_addresses(struct reader *r, size_t *share) {
        const struct {
                enum slot slot;
                struct address_list *list;
        } table[] = {
                {SLOT_FROM, &r->m->from}, {SLOT_SENDER, &r->m->sender}, {SLOT_REPLY_TO, &r->m->reply_to},
                {SLOT_TO, &r->m->to},     {SLOT_CC, &r->m->cc},         {SLOT_BCC, &r->m->bcc},
        };
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int e = read_address_list(r, table[i].slot, table[i].list, share);
                if (e < 0)
                        return e;
        }
        return 0;
}

/* The next message identifier at *s: what stands in angle brackets, or, where there are none at all, a word with an '@'.
 * Old programs put phrases into In-Reply-To, and fold identifiers in the middle. */
static bool next_id(const char **s, const char *end, bool brackets, const char **ret, size_t *ret_size) {
        while (*s < end) {
                if (brackets) {
                        const char *open = memchr(*s, '<', (size_t) (end - *s));
                        const char *close = open ? memchr(open, '>', (size_t) (end - open)) : NULL;
                        if (!close)
                                return false;
                        for (const char *p = open + 1; p < close; p++)
                                if (*p == '<')
                                        open = p;
                        *s = close + 1;
                        *ret = open + 1;
                        *ret_size = (size_t) (close - open - 1);
                } else {
                        while (*s < end && strchr(" ,\t", **s))
                                (*s)++;
                        const char *word = *s;
                        while (*s < end && !strchr(" ,\t", **s))
                                (*s)++;
                        *ret = word;
                        *ret_size = (size_t) (*s - word);
                        if (!memchr(word, '@', *ret_size))
                                continue;
                }
                if (*ret_size > 0)
                        return true;
        }
        return false;
}

static int make_id(struct reader *r, const char *s, size_t n, const char **ret) {
        char buffer[MESSAGE_ID_MAX + 1];
        size_t size = 0;
        for (size_t i = 0; i < n; i++) {
                if (s[i] == ' ' || s[i] == '\t')
                        continue;
                if (size == MESSAGE_ID_MAX) {
                        r->truncated = true;
                        break;
                }
                buffer[size++] = s[i];
        }
        return header_decode(r->options->charsets, buffer, size, MESSAGE_ID_MAX, r->arena, ret, &r->truncated);
}

static int read_message_id(struct reader *r) {
        size_t n = unfold(r, &r->slots[SLOT_MESSAGE_ID]), size;
        const char *s = r->scratch, *id;
        if (n == 0)
                return 0;
        if (!next_id(&s, r->scratch + n, memchr(r->scratch, '<', n) && memchr(r->scratch, '>', n), &id, &size))
                id = r->scratch, size = n;
        if (size > 1 && *id == '<') /* never closed */
                id++, size--;
        int e = make_id(r, id, size, &r->m->message_id);
        if (e == 0 && str_empty(r->m->message_id))
                r->m->message_id = NULL;
        return e;
}

/* "In-Reply-To: Message from Jean <jean@dupont.example> of Monday <id>": a person is no message, or all answers to one
 * person would become one conversation. */
static bool is_correspondent(const struct message *m, const char *id) {
        const struct address_list *lists[] = {&m->to, &m->cc, &m->from};
        for (size_t l = 0; l < ELEMENTSOF(lists); l++)
                for (uint32_t i = 0; i < lists[l]->n; i++)
                        if (strcasecmp(lists[l]->items[i].email, id) == 0)
                                return true;
        return false;
}

/* Of too many references the first (the root of the thread) and the last (the nearest) are kept. */
static int read_ids(struct reader *r, enum slot slot, struct text_list *list, size_t *share) {
        size_t n = unfold(r, &r->slots[slot]), size;
        const char *end = r->scratch + n, *s = r->scratch, *id;
        bool brackets = n > 0 && memchr(s, '<', n) && memchr(s, '>', n);
        uint32_t total = 0, number = 0;
        bool phrase = slot == SLOT_IN_REPLY_TO && n > 0 && *s != '<'; /* blanks in front are gone */

        /* Words around an identifier without brackets: its '@' may be anybody's address. */
        if (phrase && !brackets && strpbrk(s, " ,\t"))
                return 0;
        while (next_id(&s, end, brackets, &id, &size))
                total++;
        if (total == 0)
                return 0;
        uint32_t room = MIN(total, REFERENCES_MAX), skipped = total - room;
        list->items = arena_new0(r->arena, const char *, room);
        if (!list->items)
                return -ENOMEM;
        r->truncated |= skipped > 0;
        for (s = r->scratch; next_id(&s, end, brackets, &id, &size); number++) {
                const char *text;
                if (number > 0 && number <= skipped)
                        continue;
                int e = make_id(r, id, size, &text);
                if (e < 0)
                        return e;
                bool wanted = !str_empty(text) && !(phrase && is_correspondent(r->m, text));
                if (wanted && take(r, share, string_cost(text)))
                        list->items[list->n++] = text;
        }
        return 0;
}

/* The first field of the two that names somebody. */
static int read_either(struct reader *r, enum slot first, enum slot second, struct address_list *list, size_t *share) {
        int e = read_address_list(r, first, list, share);
        return e < 0 || list->n > 0 ? e : read_address_list(r, second, list, share);
}

/* "Jean <projet.lists.example>", "<projet.lists.example>", "projet.lists.example": what stands in the brackets. */
static int read_list_id(struct reader *r) {
        const char *text = NULL;
        bool truncated = r->truncated; /* a long phrase is cut without loss */
        int e = read_text_field(r, SLOT_LIST_ID, SUBJECT_MAX, &text);
        r->truncated = truncated;
        if (e < 0 || !text)
                return e;
        const char *open = strrchr(text, '<'), *id = open ? open + 1 : text + strspn(text, " \t");
        size_t n = strcspn(id, "> \t\n");
        if (n == 0 || n > ADDRESS_MAX)
                return 0;
        char *copy = arena_strndup(r->arena, id, n);
        if (!copy)
                return -ENOMEM;
        for (char *p = copy; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p + 32);
        r->m->list_id = copy;
        return 0;
}

/* Lists that must satisfy DMARC put the author's address into their own: "jean=40dupont.example@dmarc.lists.example" (the
 * '@' as in quoted-printable), "jean=dupont.example@groups.example". Where bounces go looks the same ("news-bounces+jean=
 * dupont.example@"), but is nobody's From. */
static int read_encoded_author(struct reader *r, size_t *share) {
        const struct address *from = r->m->from.n > 0 ? &r->m->from.items[0] : NULL;
        const char *at = from ? strrchr(from->email, '@') : NULL;
        const char *sign = at ? memrchr(from->email, '=', (size_t) (at - from->email)) : NULL;
        if (!r->m->list_id || r->m->original_from.n > 0 || !sign || sign == from->email ||
            memchr(from->email, '+', (size_t) (sign - from->email)))
                return 0;
        size_t local = (size_t) (sign - from->email);
        const char *domain = strncmp(sign, "=40", 3) == 0 ? sign + 3 : sign + 1;
        size_t n = (size_t) (at - domain);
        if (domain >= at || !memchr(domain, '.', n) || !take(r, share, local + n + string_cost(from->name) + STRING_COST))
                return 0;
        char *email = arena_alloc(r->arena, local + n + 2);
        struct address *items = arena_new0(r->arena, struct address, 1);
        if (!email || !items)
                return -ENOMEM;
        memcpy(email, from->email, local);
        email[local] = '@';
        memcpy(email + local + 1, domain, n);
        email[local + 1 + n] = 0;
        items[0] = (struct address){.name = from->name, .email = email};
        r->m->original_from = (struct address_list){.items = items, .n = 1};
        return 0;
}

/* What else tells of who it is from and how it came. */
static int read_ways(struct reader *r, size_t *share) {
        struct message *m = r->m;
        int e;
        if ((e = read_either(r, SLOT_ORIGINAL_FROM, SLOT_ORIGINAL_SENDER, &m->original_from, share)) < 0 ||
            (e = read_either(r, SLOT_RESENT_FROM, SLOT_RESENT_SENDER, &m->resent_from, share)) < 0)
                return e;
        for (unsigned slot = SLOT_RESENT_TO; slot <= SLOT_RESENT_BCC; slot++)
                if ((e = read_address_list(r, (enum slot) slot, &m->resent_to, share)) < 0)
                        return e;
        if ((e = read_list_id(r)) < 0)
                return e;
        return read_encoded_author(r, share);
}

static int read_delivered_to(struct reader *r, size_t *share) {
        const size_t index = SLOT_DELIVERED - _SLOT_SINGLE;
        struct text_list *list = &r->m->delivered_to;
        if (r->n_repeated[index] == 0)
                return 0;
        list->items = arena_new0(r->arena, const char *, REPEATED_MAX);
        if (!list->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < r->n_repeated[index]; i++) {
                struct address_list one = {0};
                size_t n = unfold(r, &r->repeated[index][i]);
                int e = address_list_parse(r->options->charsets, r->scratch, n, 1, r->arena, &one, &r->truncated);
                if (e < 0)
                        return e;
                bool known = one.n == 0;
                for (uint32_t k = 0; k < list->n && !known; k++)
                        known = str_eq(list->items[k], one.items[0].email);
                if (!known && take(r, share, string_cost(one.items[0].email)))
                        list->items[list->n++] = one.items[0].email;
        }
        return 0;
}

static int read_authentication(struct reader *r, size_t *share) {
        const size_t results = SLOT_AUTHENTICATION_RESULTS - _SLOT_SINGLE, received = SLOT_RECEIVED - _SLOT_SINGLE;
        struct message *m = r->m;
        if (r->n_repeated[results] == 0)
                return 0;
        const struct authentication_trace trace = {.results = r->repeated[results],
                                                   .depths = r->authentication_depths,
                                                   .n_results = r->n_repeated[results],
                                                   .received = r->repeated[received],
                                                   .n_received = r->n_repeated[received]};
        int e = authentication_read(&trace, &m->from, r->scratch, r->arena, &m->dmarc, &m->authenticated_domains);
        struct text_list *domains = &m->authenticated_domains;
        for (uint32_t i = 0; e >= 0 && i < domains->n; i++)
                if (!take(r, share, string_cost(domains->items[i])))
                        domains->n = i;
        return e;
}

/* The newest Received field stands on top; its date follows the last ';'. One that cannot be read is passed over. */
static void read_received(struct reader *r) {
        const size_t index = SLOT_RECEIVED - _SLOT_SINGLE;
        int32_t offset;
        for (uint32_t i = 0; i < r->n_repeated[index]; i++) {
                size_t n = unfold(r, &r->repeated[index][i]);
                const char *semicolon = memrchr(r->scratch, ';', n);
                instant at;
                if (semicolon && date_parse(semicolon + 1, (size_t) (r->scratch + n - semicolon - 1), &at, &offset) == 0 &&
                    date_is_plausible(at)) {
                        r->m->received_at = at;
                        return;
                }
        }
}

static void read_date(struct reader *r) {
        size_t n = unfold(r, &r->slots[SLOT_DATE]);
        if (n == 0 || date_parse(r->scratch, n, &r->m->sent_at, &r->m->sent_offset) < 0 || !date_is_plausible(r->m->sent_at))
                r->m->flags |= MESSAGE_NO_DATE;
}

static bool first_word_is(const char *s, const char *word) {
        size_t n = strlen(word);
        return strncasecmp(s, word, n) == 0 && !((s[n] | 32) >= 'a' && (s[n] | 32) <= 'z');
}

static void read_priority(struct reader *r) {
        static const struct {
                enum slot slot;
                const char *words[2];
        } table[] = {
                {SLOT_X_PRIORITY, {"1", "2"}},
                {SLOT_IMPORTANCE, {"high", "urgent"}},
                {SLOT_PRIORITY, {"urgent", "high"}},
                {SLOT_X_MSMAIL_PRIORITY, {"high", "highest"}},
        };
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (!r->slots[table[i].slot].body)
                        continue;
                (void) unfold(r, &r->slots[table[i].slot]);
                for (size_t k = 0; k < ELEMENTSOF(table[i].words); k++)
                        if (first_word_is(r->scratch, table[i].words[k]) && !(r->scratch[1] >= '0' && r->scratch[1] <= '9'))
                                r->m->flags |= MESSAGE_URGENT;
        }
}

/* A subject in raw 8-bit bytes that are no UTF-8 is in the charset of the text, when the message as a whole names one. */
static int read_raw_subject(struct reader *r) {
        char label[MIME_LABEL_MAX + 1], *text;
        bool cut;
        size_t n = unfold(r, &r->slots[SLOT_SUBJECT]);
        if (n == 0 || utf8_valid(r->scratch, n) ||
            !mime_parameter(&r->mime.content_type, "charset", label, sizeof(label), NULL))
                return 0;
        int e = charset_decode(r->options->charsets, label, r->scratch, n, FIELD_BODY_MAX, r->work, &text, &cut);
        if (e < 0)
                return e;
        return header_decode(r->options->charsets, text, strlen(text), SUBJECT_MAX, r->arena, &r->m->subject, &r->truncated);
}

static int read_subject(struct reader *r) {
        struct message *m = r->m;
        bool reply = false, forward = false;
        int e = read_raw_subject(r);
        if (e < 0 || (!m->subject && (e = read_text_field(r, SLOT_SUBJECT, SUBJECT_MAX, &m->subject)) < 0))
                return e;
        if (m->subject) {
                e = subject_base(m->subject, r->arena, &m->thread_subject, &reply, &forward);
                if (e < 0 || (e = clip(r, m->thread_subject, SUBJECT_MAX, &m->thread_subject)) < 0)
                        return e;
        }
        if (reply || m->in_reply_to.n > 0 || m->references.n > 0)
                m->flags |= MESSAGE_REPLY;
        if (forward)
                m->flags |= MESSAGE_FORWARD;
        return 0;
}

static int read_header(struct reader *r) {
        size_t addresses = ADDRESS_SHARE, references = REFERENCE_SHARE, delivered = DELIVERED_SHARE;
        int e;
        if ((e = read_addresses(r, &addresses)) < 0 || (e = read_ways(r, &addresses)) < 0 || (e = read_message_id(r)) < 0 ||
            (e = read_ids(r, SLOT_IN_REPLY_TO, &r->m->in_reply_to, &references)) < 0 ||
            (e = read_ids(r, SLOT_REFERENCES, &r->m->references, &references)) < 0 ||
            (e = read_delivered_to(r, &delivered)) < 0 || (e = read_authentication(r, &addresses)) < 0 ||
            (e = read_subject(r)) < 0)
                return e;
        read_received(r);
        read_date(r);
        read_priority(r);
        r->room -= ADDRESS_SHARE - addresses + REFERENCE_SHARE - references + DELIVERED_SHARE - delivered;
        return 0;
}

/* --- the parts --- */

/* The file name of a part, raw; "" when it has none. */
static void raw_name(const struct mime_leaf *leaf, char *name, size_t room, char *label) {
        if (!mime_parameter(&leaf->fields.content_disposition, "filename", name, room, label) || !*name)
                (void) mime_parameter(&leaf->fields.content_type, "name", name, room, label);
}

static int decode_name(struct reader *r, const char *raw, const char *label, const char **ret) {
        const char *name;
        size_t n = strlen(raw);
        int e;
        if (*label) { /* RFC 2231 named a charset */
                char *text;
                bool cut;
                e = charset_decode(r->options->charsets, label, raw, n, FIELD_BODY_MAX, r->work, &text, &cut);
                if (e < 0)
                        return e;
                raw = text;
                n = strlen(text);
        }
        e = header_decode(r->options->charsets, raw, n, NAME_MAX_BYTES, r->arena, &name, &r->truncated);
        if (e == 0)
                *ret = *name ? name : NULL;
        return e;
}

static int add_part(struct reader *r, const char *media_type) {
        struct text_list *parts = &r->m->parts;
        if (!take(r, &r->parts_share, string_cost(media_type)))
                return 0;
        int e = reserve(r->arena, &parts->items, sizeof(*parts->items), parts->n, MIME_PARTS_MAX, &r->parts_room);
        if (e < 0)
                return e;
        const char *copy = arena_strdup(r->arena, media_type);
        if (!copy)
                return -ENOMEM;
        parts->items[parts->n++] = copy;
        return 0;
}

/* `a` has its name; the media type is copied. */
static int keep_attachment(struct reader *r, struct attachment a, const char *media_type) {
        struct attachment_list *list = &r->m->attachments;
        if (list->n >= ATTACHMENTS_MAX) {
                r->truncated = true;
                return 0;
        }
        if (!take(r, &r->attachments_share, string_cost(a.name) + string_cost(media_type) + MOMENT_COST))
                return 0;
        a.media_type = arena_strdup(r->arena, media_type);
        int e = reserve(r->arena, &list->items, sizeof(*list->items), list->n, ATTACHMENTS_MAX, &r->attachments_room);
        if (e < 0 || !a.media_type)
                return -ENOMEM;
        list->items[list->n++] = a;
        return 0;
}

/* What was left on the server has no body here, and says in its header how long that is. */
static int64_t leaf_size(const struct mime_leaf *leaf) {
        const struct field *f = &leaf->fields.content_length;
        int64_t size = 0;
        if (leaf->size > 0 || !f->body || f->body_size > 32)
                return (int64_t) leaf->size;
        for (size_t i = 0; i < f->body_size; i++) {
                if (f->body[i] >= '0' && f->body[i] <= '9')
                        size = MIN(size * 10 + (f->body[i] - '0'), ATTACHMENT_SIZE_MAX);
                else if (f->body[i] != ' ' && f->body[i] != '\t' && f->body[i] != '\r' && f->body[i] != '\n')
                        return 0;
        }
        return size;
}

static int add_attachment(struct reader *r, const struct mime_leaf *leaf, const char *name, const char *label) {
        struct attachment a = {.size = leaf_size(leaf)};
        int e = decode_name(r, name, label, &a.name);
        return e < 0 ? e : keep_attachment(r, a, leaf->media_type);
}

/* Charset labels come as "utf-8 (comment)" and "utf-8; format=flowed". */
static void cut_label(char *label) {
        label[strcspn(label, " \t;,()")] = 0;
}

static void leaf_charset(const struct mime_leaf *leaf, char *label) {
        char value[MIME_LABEL_MAX + 1];
        (void) mime_parameter(&leaf->fields.content_type, "charset", value, sizeof(value), NULL);
        cut_label(value);
        memcpy(label, value, sizeof(value));
}

static enum transfer_encoding leaf_encoding(const struct mime_leaf *leaf) {
        const struct field *f = &leaf->fields.content_transfer_encoding;
        return f->body ? transfer_encoding_find(f->body, f->body_size) : TRANSFER_IDENTITY;
}

/* Undo the transfer encoding, at most max bytes and what is left of *total; *ret points into the leaf or is *owned. */
static int decode_transfer(struct reader *r, enum transfer_encoding encoding, const char *s, size_t n, size_t max,
                           size_t *total, const char **ret, size_t *ret_size, char **owned) {
        bool cut;
        max = MIN(max, *total);
        if (encoding == TRANSFER_IDENTITY) {
                r->truncated |= n > max;
                *ret = s;
                *ret_size = MIN(n, max);
                *total -= *ret_size;
                return 0;
        }
        size_t room = MIN(n, max);
        *owned = malloc(room + 1);
        if (!*owned)
                return -ENOMEM;
        *ret_size = encoding == TRANSFER_BASE64 ? base64_decode(s, n, *owned, room, &cut)
                                                : quoted_printable_decode(s, n, false, *owned, room, &cut);
        r->truncated |= cut;
        *total -= *ret_size;
        *ret = *owned;
        return 0;
}

static void add_text(struct reader *r, const struct mime_leaf *leaf) {
        char value[16];
        if (r->n_texts == TEXT_PARTS_MAX) {
                r->truncated = true;
                return;
        }
        struct text_part *t = &r->texts[r->n_texts++];
        *t = (struct text_part){
                .body = leaf->body,
                .size = leaf->size,
                /* Alternatives are numbered in each walk; those inside a signature come after all others. */
                .alternative = leaf->alternative + (r->inside_signed && leaf->alternative ? MIME_PARTS_MAX : 0),
                .encoding = leaf_encoding(leaf),
                .html = str_eq(leaf->media_type, "text/html"),
        };
        leaf_charset(leaf, t->label);
        t->flowed = mime_parameter(&leaf->fields.content_type, "format", value, sizeof(value), NULL) &&
                    first_word_is(value, "flowed");
        t->delsp = mime_parameter(&leaf->fields.content_type, "delsp", value, sizeof(value), NULL) &&
                   first_word_is(value, "yes");
}

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

static int copy_string(struct reader *r, const char *s, size_t max, const char **ret) {
        if (!s) {
                *ret = NULL;
                return 0;
        }
        size_t n = strnlen(s, max + 1);
        if (n > max) {
                n = utf8_boundary(s, max);
                r->truncated = true;
        }
        *ret = arena_strndup(r->arena, s, n);
        return *ret ? 0 : -ENOMEM;
}

static int copy_attendee(struct reader *r, const struct attendee *from, struct attendee *to) {
        int e;
        *to = *from;
        if ((e = copy_string(r, from->name, NAME_MAX_BYTES, &to->name)) < 0 ||
            (e = copy_string(r, from->email, ADDRESS_MAX, &to->email)) < 0)
                return e;
        return copy_string(r, from->sent_by, ADDRESS_MAX, &to->sent_by);
}

static size_t attendee_cost(const struct attendee *a) {
        return string_cost(a->name) + string_cost(a->email) + string_cost(a->sent_by) + ATTENDEE_COST;
}

/* As many attendees and exceptions as there is room for. */
static int copy_lists(struct reader *r, const struct event *from, struct event *to) {
        to->attendees = (struct attendee_list){0};
        to->exdates = (struct moment_list){0};
        if (from->exdates.n > 0 && take(r, &r->room, MIN(from->exdates.n, EXCEPTION_DATES_MAX) * MOMENT_COST)) {
                to->exdates.n = MIN(from->exdates.n, EXCEPTION_DATES_MAX);
                to->exdates.items = arena_new0(r->arena, struct moment, to->exdates.n);
                if (!to->exdates.items)
                        return -ENOMEM;
                memcpy(to->exdates.items, from->exdates.items, to->exdates.n * sizeof(*to->exdates.items));
        }
        uint32_t n = MIN(from->attendees.n, ATTENDEES_MAX);
        if (n > 0 && !(to->attendees.items = arena_new0(r->arena, struct attendee, n)))
                return -ENOMEM;
        for (uint32_t i = 0; i < n && take(r, &r->room, attendee_cost(&from->attendees.items[i])); i++) {
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
                int e = copy_string(r, strings[i].from, strings[i].max, strings[i].to);
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
        if (list->n >= CALENDAR_PART_EVENTS_MAX || !take(r, &r->room, cost)) {
                r->truncated = true;
                return 0;
        }
        int e = reserve(r->arena, &list->items, sizeof(*list->items), list->n, CALENDAR_PART_EVENTS_MAX, &r->events_room);
        if (e < 0 || (e = copy_event(r, event, &list->items[list->n])) < 0)
                return e;
        list->n++;
        return 0;
}

static bool is_calendar(const char *media_type, const char *name) {
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

static int read_calendar(struct reader *r, const struct mime_leaf *leaf) {
        _cleanup_free_ char *owned = NULL;
        char label[MIME_LABEL_MAX + 1];
        const char *s;
        size_t n;

        int e = decode_transfer(r, leaf_encoding(leaf), leaf->body, leaf->size, CALENDARS_SIZE_MAX, &r->calendars_room, &s,
                                &n, &owned);
        if (e < 0)
                return e;
        leaf_charset(leaf, label);
        e = read_calendar_bytes(r, s, n, label);
        if (e == 0 && r->method == ITIP_NONE)
                r->method = method_of(leaf);
        return e;
}

/* --- winmail.dat --- */

static bool is_tnef(const struct mime_leaf *leaf, const char *name) {
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
                if (a->data && is_calendar(a->media_type, a->name ? a->name : "")) {
                        size_t n = MIN(a->size, r->calendars_room);
                        r->truncated |= n < a->size;
                        r->calendars_room -= n;
                        e = read_calendar_bytes(r, a->data, n, "utf-8");
                }
                if (e == 0)
                        e = copy_string(r, a->name, NAME_MAX_BYTES, &kept.name);
                if (e == 0)
                        e = keep_attachment(r, kept, a->media_type);
                if (e < 0)
                        return e;
        }
        return 0;
}

/* *ret_read: false when it is no such file after all, which is then an attachment like any other. */
static int read_tnef(struct reader *r, const struct mime_leaf *leaf, bool *ret_read) {
        _cleanup_free_ char *owned = NULL;
        struct tnef t;
        const char *s;
        size_t n;

        int e = decode_transfer(r, leaf_encoding(leaf), leaf->body, leaf->size, ENVELOPE_SIZE_MAX, &r->envelopes_room, &s,
                                &n, &owned);
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

/* --- each leaf --- */

/* Parts that are machinery and not something sent along. */
static bool is_hidden(const struct mime_leaf *leaf) {
        static const char *const types[] = {
                "application/pgp-signature",
                "application/pkcs7-signature",
                "application/x-pkcs7-signature",
                "text/x-amp-html",
        };
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (str_eq(leaf->media_type, types[i]))
                        return true;
        /* Pictures that the HTML shows, the logo of a signature among them. */
        if (leaf->containers & MIME_RELATED && leaf->fields.content_id.body &&
            !mime_disposition_is(&leaf->fields.content_disposition, "attachment"))
                return true;
        return leaf->containers & MIME_REPORT && !str_eq(leaf->media_type, "message/rfc822");
}

/* multipart/encrypted (RFC 1847), also when Exchange has made it multipart/mixed on the way (RFC 3156's first part stays). */
static bool is_encrypted(const struct mime_leaf *leaf) {
        return leaf->containers & MIME_ENCRYPTED || str_eq(leaf->media_type, "application/pgp-encrypted");
}

static bool is_smime(const struct mime_leaf *leaf, const char *name) {
        return str_eq(leaf->media_type, "application/pkcs7-mime") || str_eq(leaf->media_type, "application/x-pkcs7-mime") ||
               (str_eq(leaf->media_type, "application/octet-stream") && strcasecmp(name, "smime.p7m") == 0);
}

static bool is_body_text(const struct reader *r, const struct mime_leaf *leaf, const char *name) {
        if (!str_eq(leaf->media_type, "text/plain") && !str_eq(leaf->media_type, "text/html"))
                return false;
        if (mime_disposition_is(&leaf->fields.content_disposition, "attachment"))
                return false;
        /* Apple Mail and others show text files inline; only a text that nothing stands before is the letter itself. */
        return !*name || leaf->alternative > 0 || r->n_texts == 0;
}

static int found_leaf(const struct mime_leaf *leaf, void *userdata);

/* The letter inside an opaque signature is read as if it stood there itself; of its parts only the signed one is listed. */
static int read_signed(struct reader *r) {
        const char *data = r->signed_content.data;
        struct header_cursor c = header_begin(data, r->signed_content.size, true);
        struct mime_fields fields = {0};
        struct field f;
        while (header_next(&c, &f))
                mime_fields_add(&fields, &f);
        r->truncated |= c.truncated || r->signed_content.error == -E2BIG;
        r->inside_signed = true;
        int e = mime_walk(&fields, c.p, (size_t) (data + r->signed_content.size - c.p), found_leaf, r, &r->truncated);
        r->inside_signed = false;
        return e;
}

/* *ret_read: false when there is nothing to read in it and nothing hidden (certificates alone). */
static int read_smime(struct reader *r, const struct mime_leaf *leaf, bool *ret_read) {
        _cleanup_free_ char *owned = NULL;
        enum pkcs7_kind kind = PKCS7_ENCRYPTED;
        const char *s;
        size_t n;

        *ret_read = true;
        if (r->signed_content.data) { /* a second one, or one in the other: too deep to be a letter */
                r->m->flags |= MESSAGE_ENCRYPTED;
                return 0;
        }
        int e = decode_transfer(r, leaf_encoding(leaf), leaf->body, leaf->size, ENVELOPE_SIZE_MAX, &r->envelopes_room, &s,
                                &n, &owned);
        if (e < 0)
                return e;
        r->signed_content = BUF_LIMITED(ENVELOPE_SIZE_MAX);
        e = pkcs7_read(s, n, &r->signed_content, &kind);
        if (e == -ENOMEM)
                return e;
        if (e == 0 && kind == PKCS7_SIGNED)
                return read_signed(r);
        *ret_read = e < 0 || kind == PKCS7_ENCRYPTED;
        if (*ret_read)
                r->m->flags |= MESSAGE_ENCRYPTED;
        return 0;
}

static int found_plain_leaf(struct reader *r, const struct mime_leaf *leaf, const char *name, const char *label) {
        bool report = leaf->containers & MIME_REPORT;
        r->has_forwarded_message |= !report && str_eq(leaf->media_type, "message/rfc822");
        if (is_calendar(leaf->media_type, name)) {
                int e = read_calendar(r, leaf);
                bool attached = leaf->alternative == 0 && *name;
                return e < 0 || !attached ? e : add_attachment(r, leaf, name, label);
        }
        if (is_body_text(r, leaf, name)) {
                add_text(r, leaf);
                return 0;
        }
        return is_hidden(leaf) ? 0 : add_attachment(r, leaf, name, label);
}

static int found_leaf(const struct mime_leaf *leaf, void *userdata) {
        struct reader *r = userdata;
        char name[4 * NAME_MAX_BYTES], label[MIME_LABEL_MAX + 1];
        bool read = false;
        int e = r->inside_signed ? 0 : add_part(r, leaf->media_type);
        if (e < 0)
                return e;
        raw_name(leaf, name, sizeof(name), label);
        if (is_encrypted(leaf)) {
                r->m->flags |= MESSAGE_ENCRYPTED;
                return 0;
        }
        if (is_smime(leaf, name))
                e = read_smime(r, leaf, &read);
        else if (is_tnef(leaf, name))
                e = read_tnef(r, leaf, &read);
        return e < 0 || read ? e : found_plain_leaf(r, leaf, name, label);
}

/* --- the text --- */

static bool is_empty_text(const char *s) {
        for (; *s; s++)
                if (!strchr(" \t\n", *s) && strncmp(s, "\xC2\xA0", 2) != 0 && (uint8_t) *s != 0xA0)
                        return false;
        return true;
}

static bool is_empty_text_until(const char *s, const char *end) {
        while (s < end && strchr(" \t\n", *s))
                s++;
        return s == end;
}

/* "Your program does not show HTML": what some programs write instead of a text part. */
static bool is_stand_in(const char *s) {
        static const char *const others[] = {"view",     "viewer",   "reader",  "support",   "client", "enable",
                                             "display",  "affich",   "lecteur", "lire",      "anzeig", "darstell",
                                             "weergave", "visualiz", "browser", "navigateur"};
        char folded[STAND_IN_MAX * 2];
        if (strlen(s) > STAND_IN_MAX)
                return false;
        utf8_fold(s, strlen(s), folded, sizeof(folded));
        if (!strstr(folded, "html"))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (strstr(folded, others[i]))
                        return true;
        return false;
}

/* The charset that HTML itself names in its first kilobyte. */
static void meta_charset(const char *s, size_t n, char *label) {
        static const char key[] = "charset=";
        n = MIN(n, (size_t) 1024);
        for (size_t i = 0; i + sizeof(key) - 1 < n; i++) {
                if ((s[i] | 32) != 'c' || strncasecmp(s + i, key, sizeof(key) - 1) != 0)
                        continue;
                size_t k = 0;
                for (i += sizeof(key) - 1; i < n && k < MIME_LABEL_MAX; i++)
                        if (s[i] != '"' && s[i] != '\'') {
                                if (s[i] <= 32 || strchr(";/>", s[i]))
                                        break;
                                label[k++] = s[i];
                        }
                label[k] = 0;
                return;
        }
}

static bool looks_like_html(const char *s) {
        static const char *const proofs[] = {"<!doctype html", "<html", "<head", "<body", "<meta "};
        /* What a person may write about; with its end there it is meant. */
        static const char *const pairs[][2] = {{"<div", "</div>"}, {"<p>", "</p>"}, {"<p ", "</p>"}, {"<table", "</table>"}};
        s += strspn(s, " \t\n");
        for (size_t i = 0; i < ELEMENTSOF(proofs); i++)
                if (strncasecmp(s, proofs[i], strlen(proofs[i])) == 0)
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++)
                if (strncasecmp(s, pairs[i][0], strlen(pairs[i][0])) == 0 && strcasestr(s, pairs[i][1]))
                        return true;
        return false;
}

/* Base64 in a text part that is not said to be: no word is that long, no line without a blank goes on into the next, and what
 * comes out is text with blanks in it. */
static bool is_secret_base64(const char *s, size_t n) {
        size_t line = 0, letters = 0;
        bool upper = false, lower = false;
        for (size_t i = 0; i < n; i++) {
                char c = s[i];
                if (c == '\r')
                        continue;
                if (c == '\n') {
                        line = 0;
                        continue;
                }
                bool small = c >= 'a' && c <= 'z', large = c >= 'A' && c <= 'Z';
                if (!small && !large && !(c >= '0' && c <= '9') && !strchr("+/=", c))
                        return false;
                upper |= large;
                lower |= small;
                letters++;
                if (++line > BASE64_LINE_MAX)
                        return false;
        }
        return letters >= BASE64_LINE_MIN && letters % 4 == 0 && upper && lower;
}

static bool is_plain_text(const char *s, size_t n) {
        size_t blanks = 0;
        for (size_t i = 0; i < n; i++) {
                blanks += s[i] == ' ' || s[i] == '\n';
                if ((unsigned char) s[i] < 32 && !strchr("\t\r\n", s[i]))
                        return false;
        }
        return blanks >= n / BLANK_SHARE && utf8_valid(s, n);
}

static bool has_html_sibling(const struct reader *r, const struct text_part *t) {
        for (uint32_t i = 0; i < r->n_texts && t->alternative > 0; i++)
                if (r->texts[i].html && r->texts[i].alternative == t->alternative)
                        return true;
        return false;
}

/* One part as text in the work arena. */
static int decode_text(struct reader *r, struct text_part *t, const char **ret) {
        _cleanup_free_ char *owned = NULL;
        char label[MIME_LABEL_MAX + 1];
        const char *s;
        char *text;
        size_t n;
        bool cut = false;

        int e = decode_transfer(r, t->encoding, t->body, t->size, TEXT_PART_MAX, &r->texts_room, &s, &n, &owned);
        if (e < 0)
                return e;
        if (t->encoding == TRANSFER_IDENTITY && is_secret_base64(s, n)) {
                char *bytes = arena_alloc(r->work, n + 1);
                if (!bytes)
                        return -ENOMEM;
                size_t size = base64_decode(s, n, bytes, n, &cut);
                if (is_plain_text(bytes, size))
                        s = bytes, n = size;
        }
        memcpy(label, t->label, sizeof(label));
        if (t->html && !*label)
                meta_charset(s, n, label);
        e = charset_decode(r->options->charsets, label, s, n, TEXT_PART_MAX, r->work, &text, &cut);
        if (e < 0)
                return e;
        r->truncated |= cut;
        if (t->html || looks_like_html(text)) {
                e = html_to_text(text, strlen(text), TEXT_PART_MAX, r->work, &text, &cut);
                r->truncated |= cut;
        } else if (t->flowed)
                e = text_unflow(text, t->delsp, r->work, &text);
        if (e < 0)
                return e;
        /* Written from the HTML by a program; where there is none, somebody may have typed "<https://...>". */
        if (!t->html && has_html_sibling(r, t)) {
                char *targets = arena_alloc(r->work, strlen(text) + 1);
                if (!targets)
                        return -ENOMEM;
                text_drop_link_targets(text, targets);
                t->targets = targets;
        }
        *ret = text;
        return 0;
}

struct wanted {
        const char *text; /* NULL: not chosen */
};

/* Decode the parts of one kind from index `first` on that belong to the same multipart/alternative; true when they hold
 * something to read. */
static int decode_alternative(struct reader *r, uint32_t first, bool html, struct wanted *wanted, bool *ret_any) {
        bool any = false;
        for (uint32_t i = first; i < r->n_texts; i++) {
                if (r->texts[i].alternative != r->texts[first].alternative || r->texts[i].html != html)
                        continue;
                int e = decode_text(r, &r->texts[i], &wanted[i].text);
                if (e < 0)
                        return e;
                any |= !is_empty_text(wanted[i].text) && (html || !is_stand_in(wanted[i].text));
        }
        *ret_any = any;
        return 0;
}

static void drop(struct reader *r, uint32_t first, bool html, struct wanted *wanted) {
        for (uint32_t i = first; i < r->n_texts; i++)
                if (r->texts[i].alternative == r->texts[first].alternative && r->texts[i].html == html)
                        wanted[i].text = NULL;
}

/* Plain text where it says something, HTML otherwise. */
static int choose(struct reader *r, struct wanted *wanted) {
        uint32_t done = 0; /* alternatives are numbered in order */
        for (uint32_t i = 0; i < r->n_texts; i++) {
                bool any;
                int e;
                if (r->texts[i].alternative == 0) {
                        if ((e = decode_text(r, &r->texts[i], &wanted[i].text)) < 0)
                                return e;
                        continue;
                }
                if (r->texts[i].alternative <= done)
                        continue;
                done = r->texts[i].alternative;
                if ((e = decode_alternative(r, i, false, wanted, &any)) < 0)
                        return e;
                if (any)
                        continue;
                if ((e = decode_alternative(r, i, true, wanted, &any)) < 0)
                        return e;
                if (any)
                        drop(r, i, false, wanted);
        }
        return 0;
}

static int join_texts(struct reader *r, const struct wanted *wanted, const char **ret) {
        const char *only = NULL;
        size_t size = 0, n = 0;
        for (uint32_t i = 0; i < r->n_texts; i++)
                if (wanted[i].text) {
                        only = wanted[i].text;
                        size += strlen(only) + 1;
                        n++;
                }
        if (n <= 1) {
                *ret = only;
                return 0;
        }
        char *all = arena_alloc(r->work, size + 1), *p = all;
        if (!all)
                return -ENOMEM;
        for (uint32_t i = 0; i < r->n_texts; i++)
                if (wanted[i].text) {
                        size_t length = strlen(wanted[i].text);
                        memcpy(p, wanted[i].text, length);
                        p += length;
                        *p++ = '\n';
                }
        if (size > TEXT_PART_MAX) {
                all[utf8_boundary(all, TEXT_PART_MAX)] = 0;
                r->truncated = true;
        }
        *ret = all;
        return 0;
}

/* Keep a copy of at most max bytes, without blanks around; NULL when nothing is left. */
static int keep_text(struct reader *r, const char *s, size_t max, const char **ret) {
        size_t start = s ? strspn(s, " \t\n") : 0, n = s ? strlen(s) - start : 0;
        if (n == 0)
                return 0;
        s += start;
        if (n > max) {
                n = utf8_boundary(s, max);
                r->truncated = true;
        }
        while (n > 0 && strchr(" \t\n", s[n - 1]))
                n--;
        if (n == 0)
                return 0;
        *ret = arena_strndup(r->arena, s, n);
        return *ret ? 0 : -ENOMEM;
}

/* A Date without a zone is near enough to the writer's clock while it is the same day from Los Angeles to Athens. */
#define ZONELESS_FIRST_HOUR 8
#define ZONELESS_LAST_HOUR 21

static struct moment deadline_of(const struct message *m, const struct deadline *d) {
        if (d->form == DEADLINE_NONE || m->sent_at == INSTANT_UNKNOWN || m->flags & MESSAGE_NO_DATE)
                return (struct moment){.form = MOMENT_NONE};
        bool zoned = m->sent_offset != INT32_MIN;
        if (!zoned) {
                struct civil c = civil_from_seconds(m->sent_at);
                if (c.hour < ZONELESS_FIRST_HOUR || c.hour > ZONELESS_LAST_HOUR || d->form == DEADLINE_HOURS)
                        return (struct moment){.form = MOMENT_NONE};
        }
        return deadline_resolve(d, m->sent_at + (zoned ? m->sent_offset : 0));
}

static int keep_acts(struct reader *r, const struct text_reading *reading) {
        struct message *m = r->m;
        m->deadline = deadline_of(m, &reading->deadline);
        if (m->deadline.form != MOMENT_NONE)
                m->deadline_because = reading->deadline_because;
        if (reading->n_acts == 0)
                return 0;
        m->acts.items = arena_new0(r->arena, struct act, reading->n_acts);
        if (!m->acts.items)
                return -ENOMEM;
        memcpy(m->acts.items, reading->acts, reading->n_acts * sizeof(*m->acts.items));
        m->acts.n = (uint32_t) reading->n_acts;
        return 0;
}

static int read_words(struct reader *r) {
        struct message *m = r->m;
        struct text_reading reading = {0};
        const char *text = m->text ? m->text : "";
        int e = text_prose(text, r->arena, &text);
        if (e < 0)
                return e;

        m->language = *text ? text_language(r->options->languages, text) : NULL;
        if (!m->language && m->subject && !*text)
                m->language = text_language(r->options->languages, m->subject);
        e = text_read(r->options->phrases, text, m->subject, m->language, r->arena, &reading);
        if (e < 0)
                return e;
        m->flags |= reading.flags & (MESSAGE_REQUEST | MESSAGE_SHOUTING | MESSAGE_URGENT | MESSAGE_STOP | MESSAGE_THANKS |
                                     MESSAGE_PROPOSAL | MESSAGE_SETTLED);
        m->words = MIN(reading.words, TEXT_MAX);
        m->questions = MIN(reading.questions, TEXT_MAX);
        if ((e = clip(r, reading.request_because, SUBJECT_MAX, &m->request_because)) < 0 || (e = keep_acts(r, &reading)) < 0)
                return e;
        return clip(r, reading.cancellation_because, SUBJECT_MAX, &m->cancellation_because);
}

/* What is shown beside the new text: quotations and footers, armour, and the targets of links. */
static int add_targets(struct reader *r, const char *armour, const char **quoted) {
        _cleanup_buf_ struct buf b = {0};
        if (*quoted)
                (void) buf_add_str(&b, *quoted);
        if (armour)
                (void) buf_printf(&b, "%s%s", b.size > 0 ? "\n" : "", armour);
        for (uint32_t i = 0; i < r->n_texts; i++)
                if (r->texts[i].targets && *r->texts[i].targets)
                        (void) buf_printf(&b, "%s%s", b.size > 0 ? "\n" : "", r->texts[i].targets);
        if (b.error < 0)
                return b.error;
        if (b.size > 0 && !(*quoted = arena_strndup(r->work, b.data, b.size)))
                return -ENOMEM;
        return 0;
}

/* Signs that stand where a charset had no letter. */
static size_t question_marks(const char *s) {
        size_t n = 0;
        for (; *s; s++)
                n += *s == '?';
        return n;
}

/* The text beside a winmail.dat is the same in plain; where there is none, or letters were lost in it, the one inside is
 * read. */
static int choose_tnef(struct reader *r, const char **whole) {
        const struct tnef *t = &r->tnef;
        if (!r->has_tnef)
                return 0;
        bool plain = t->text && !is_empty_text(t->text) && !is_stand_in(t->text);
        if (*whole && !is_empty_text(*whole) && !is_stand_in(*whole)) {
                size_t lost = question_marks(*whole);
                if (!plain || lost < LOST_LETTERS || lost / 2 < question_marks(t->text))
                        return 0;
        }
        if (plain)
                *whole = t->text;
        else if (t->html) {
                char *text;
                bool cut = false;
                int e = html_to_text(t->html, strlen(t->html), TEXT_PART_MAX, r->work, &text, &cut);
                if (e < 0)
                        return e;
                r->truncated |= cut;
                *whole = text;
        } else if (t->rich_text)
                *whole = t->rich_text;
        return 0;
}

/* --- OpenPGP in the text (RFC 9580 sections 6 and 7) --- */

static bool line_is(const char *line, const char *start) {
        return strncmp(line, start, strlen(start)) == 0;
}

static const char *next_line(const char *p) {
        p += strcspn(p, "\n");
        return *p ? p + 1 : p;
}

/* Armour lines are no words: of signed text the words stay, keys and signatures vanish, and what is encrypted is said to be.
 * Quoted armour goes with its quotation. *ret_armour: what was taken away, NULL for none. */
static int drop_armour(struct reader *r, const char **whole, const char **ret_armour) {
        static const char begin[] = "-----BEGIN PGP ", end[] = "-----END PGP ";
        const char *p = *whole;
        bool in_signed = false, any = false;

        while (*p && !line_is(p, begin))
                p = next_line(p);
        if (!*p)
                return 0;
        char *copy = arena_strdup(r->work, *whole), *out, *armour = arena_alloc(r->work, strlen(p) + 1), *gone = armour;
        if (!copy || !armour)
                return -ENOMEM;
        out = copy + (p - *whole);
        any = !is_empty_text_until(*whole, p);
        while (*p) {
                const char *next = next_line(p);
                if (!line_is(p, begin)) {
                        p += in_signed && line_is(p, "- ") ? 2 : 0;
                        memmove(out, copy + (p - *whole), (size_t) (next - p));
                        out += next - p;
                        any |= !is_empty_text_until(p, next);
                        p = next;
                        continue;
                }
                const char *armoured = p;
                in_signed = line_is(p + sizeof(begin) - 1, "SIGNED MESSAGE");
                if (line_is(p + sizeof(begin) - 1, "MESSAGE")) {
                        r->m->flags |= MESSAGE_ENCRYPTED;
                        if (!any) { /* what comes after is the footer of a list */
                                *whole = NULL;
                                return 0;
                        }
                }
                p = next;
                if (in_signed) /* "Hash: SHA256" and an empty line */
                        while (*p && *p != '\n' && memchr(p, ':', strcspn(p, "\n")))
                                p = next_line(p);
                else {
                        while (*p && !line_is(p, end))
                                p = next_line(p);
                        p = next_line(p);
                }
                gone = mempcpy(gone, armoured, (size_t) (p - armoured));
        }
        *out = *gone = 0;
        *whole = copy;
        *ret_armour = armour;
        return 0;
}

static int read_text(struct reader *r, const char **ret_whole) {
        struct wanted wanted[TEXT_PARTS_MAX] = {0};
        struct message *m = r->m;
        const char *whole = NULL, *new_text = NULL, *quoted = NULL, *armour = NULL;
        bool forward = false;

        int e = choose(r, wanted);
        if (e < 0 || (e = join_texts(r, wanted, &whole)) < 0 || (e = choose_tnef(r, &whole)) < 0)
                return e;
        if (whole && (e = drop_armour(r, &whole, &armour)) < 0)
                return e;
        if (whole && (e = text_split_new(whole, r->work, &new_text, &quoted, &forward)) < 0)
                return e;
        if ((e = keep_text(r, new_text, TEXT_MAX, &m->text)) < 0)
                return e;

        if (r->options->want_quoted_text) {
                if (whole && (e = add_targets(r, armour, &quoted)) < 0)
                        return e;
                /* Calendar objects were read first; what they left is enough unless somebody meant it not to be. */
                bool truncated = r->truncated;
                e = keep_text(r, quoted, MIN(r->room, (size_t) QUOTED_TEXT_MAX), &m->quoted_text);
                r->truncated = truncated; /* inspect and scan must agree on the flag */
                if (e < 0)
                        return e;
        }
        if ((forward && m->in_reply_to.n == 0) || (r->has_forwarded_message && !m->text))
                m->flags |= MESSAGE_FORWARD;
        *ret_whole = whole;
        return read_words(r);
}

/* --- who wrote it --- */

/* Words that calendar programs put into the text of scheduling messages. Some prove it wherever they stand; the others
 * only where hardly a word stands before them, since a person's note comes first. Folded. */
static bool is_calendar_text(const struct message *m) {
        static const char *const anywhere[] = {"google calendar",    "google agenda",
                                               "google kalender",    "calendar.google.com",
                                               "view your event at", "this is an automatically generated"};
        static const char *const first[] = {"has accepted",
                                            "has declined",
                                            "has tentatively",
                                            "a accepte",
                                            "a refuse",
                                            "a provisoirement accepte",
                                            "hat zugesagt",
                                            "hat abgelehnt",
                                            "this event has been",
                                            "cet evenement a ete",
                                            "you have been invited",
                                            "vous avez ete invite",
                                            "vous etes invite",
                                            "has invited you",
                                            "vous invite a",
                                            "microsoft teams",
                                            "when:",
                                            "quand :",
                                            "quand:",
                                            "wann:",
                                            "*~*~*~*~",
                                            "________",
                                            "event invitation",
                                            "invitation :"};
        char folded[2048];
        if (!m->text)
                return true;
        utf8_fold(m->text, strlen(m->text), folded, sizeof(folded));
        for (size_t i = 0; i < ELEMENTSOF(anywhere); i++)
                if (strstr(folded, anywhere[i]))
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(first); i++) {
                const char *p = strstr(folded, first[i]);
                unsigned words = 0;
                for (const char *q = folded; p && q < p; q++)
                        words += *q != ' ' && *q != '\n' && (q + 1 == p || q[1] == ' ' || q[1] == '\n');
                if (p && words <= 4) /* a name and what it did */
                        return true;
        }
        for (uint32_t i = 0; i < m->calendar.n; i++)
                if (str_eq(m->calendar.items[i].summary, m->text))
                        return true;
        return false;
}

/* A List-Id is the list's address with a dot for the '@' (RFC 2919 section 2): "Team <team.lists.example.org>". */
static bool is_list_address(const char *email, const char *id, size_t size) {
        const char *at = strrchr(email, '@');
        size_t n = strlen(email), local = at ? (size_t) (at - email) : 0;
        return at && n == size && id[local] == '.' && strncasecmp(email, id, local) == 0 &&
               strncasecmp(at + 1, id + local + 1, n - local - 1) == 0;
}

static bool is_to_list(const struct message *m, const char *list_id) {
        const struct address_list *const lists[] = {&m->to, &m->cc};
        const char *open = list_id ? strrchr(list_id, '<') : NULL, *id = open ? open + 1 : list_id;
        size_t size = id ? strcspn(id, "> \t") : 0;

        if (size == 0 || m->from.n == 0 || is_list_address(m->from.items[0].email, id, size))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                for (uint32_t k = 0; k < lists[i]->n; k++)
                        if (is_list_address(lists[i]->items[k].email, id, size))
                                return true;
        return false;
}

static int judge_automatic(struct reader *r) {
        struct automatic_signs signs = {.method = r->method, .subject = r->m->subject};
        const struct {
                enum slot slot;
                const char **to;
        } table[] = {
                {SLOT_AUTO_SUBMITTED, &signs.auto_submitted},
                {SLOT_PRECEDENCE, &signs.precedence},
                {SLOT_RETURN_PATH, &signs.return_path},
                {SLOT_X_AUTOREPLY, &signs.x_autoreply},
                {SLOT_X_AUTORESPOND, &signs.x_autorespond},
                {SLOT_X_AUTO_RESPONSE_SUPPRESS, &signs.x_auto_response_suppress},
                {SLOT_LIST_ID, &signs.list_id},
                {SLOT_LIST_UNSUBSCRIBE, &signs.list_unsubscribe},
                {SLOT_LIST_POST, &signs.list_post},
                {SLOT_FEEDBACK_ID, &signs.feedback_id},
        };
        bool truncated = r->truncated; /* a long List-Unsubscribe is cut without loss */
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int e = read_text_field(r, table[i].slot, SIGN_MAX, table[i].to);
                if (e < 0)
                        return e;
        }
        r->truncated = truncated;

        signs.message_class = r->has_tnef ? r->tnef.message_class : NULL;
        signs.to_list = is_to_list(r->m, signs.list_id);

        char media_type[MEDIA_TYPE_MAX + 1], report_type[64];
        mime_media_type(&r->mime.content_type, media_type);
        signs.content_type = media_type;
        if (mime_parameter(&r->mime.content_type, "report-type", report_type, sizeof(report_type), NULL))
                signs.report_type = report_type;
        signs.from_email = r->m->from.n > 0 ? r->m->from.items[0].email : NULL;
        signs.sender_email = r->m->sender.n > 0 ? r->m->sender.items[0].email : NULL;
        /* Nobody's address is written by programs only, in the From field as in the return path. */
        const struct field *from = &r->slots[SLOT_FROM];
        if (r->m->from.n == 0 && from->body && memmem(from->body, from->body_size, "<>", 2))
                signs.return_path = "<>";
        signs.has_calendar_only_text = r->method != ITIP_NONE && r->method != ITIP_PUBLISH && is_calendar_text(r->m);
        r->m->automatic = automatic_judge(&signs);
        /* A machine thanks nobody and decides nothing. */
        if (r->m->automatic != AUTOMATIC_NO) {
                r->m->acts = (struct act_list){0};
                r->m->deadline = (struct moment){0};
                r->m->deadline_because = NULL;
        }
        return 0;
}

static void read_absence(struct reader *r, const char *text) {
        struct message *m = r->m;
        if (m->automatic == AUTOMATIC_VACATION && text)
                text_absence(text, m->flags & MESSAGE_NO_DATE ? m->received_at : m->sent_at, &m->absence_from,
                             &m->absence_until);
}

/* --- all of it --- */

static int read_message(struct reader *r, const char *data, size_t size) {
        struct header_cursor c = header_begin(data, size, false);
        const char *whole = NULL;
        struct field f;
        int e;

        while (header_next(&c, &f))
                keep_field(r, &f);
        r->truncated |= c.truncated;
        if (c.fields == 0) /* no message at all: what there is, is text */
                c.p = data;
        if ((e = read_header(r)) < 0 ||
            (e = mime_walk(&r->mime, c.p, (size_t) (data + size - c.p), found_leaf, r, &r->truncated)) < 0 ||
            (e = read_text(r, &whole)) < 0 || (e = judge_automatic(r)) < 0)
                return e;
        read_absence(r, r->m->text ? r->m->text : whole);
        if (r->truncated)
                r->m->flags |= MESSAGE_TRUNCATED;
        r->m->content_key = message_content_key(r->m);
        return 0;
}

/* The first line ends with a CR that no LF follows, and no LF comes at all where header fields would be. */
static bool has_cr_lines(const char *data, size_t size) {
        size_t head = MIN(size, (size_t) HEADER_SECTION_MAX);
        return head > 0 && !memchr(data, '\n', MIN(head, (size_t) 1000)) && memchr(data, '\r', MIN(head, (size_t) 1000)) &&
               !memchr(data, '\n', head);
}

static char *with_line_ends(const char *data, size_t *size) {
        *size = MIN(*size, (size_t) CR_MESSAGE_MAX);
        char *copy = malloc(*size + MESSAGE_PADDING);
        if (!copy)
                return NULL;
        for (size_t i = 0; i < *size; i++)
                copy[i] = data[i] == '\r' ? '\n' : data[i];
        memset(copy + *size, 0, MESSAGE_PADDING);
        return copy;
}

int message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                  struct message *ret) {
        _cleanup_free_ char *copy = NULL;
        struct message m = {.sent_at = INSTANT_UNKNOWN, .received_at = INSTANT_UNKNOWN, .sent_offset = INT32_MIN};
        _cleanup_free_ struct reader *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->options = options;
        r->arena = arena;
        r->m = &m;
        /* The text keeps its share whatever else there is, since it is read last. */
        r->room = OBSERVATION_SIZE_MAX - RESERVE_SHARE - PARTS_SHARE - ATTACHMENT_SHARE - TEXT_MAX;
        note_field_names(r);
        r->parts_share = PARTS_SHARE;
        r->attachments_share = ATTACHMENT_SHARE;
        r->texts_room = TEXTS_SIZE_MAX;
        r->calendars_room = CALENDARS_SIZE_MAX;
        r->envelopes_room = ENVELOPE_SIZE_MAX;
        r->scratch = malloc(FIELD_BODY_MAX + ADDRESS_PADDING);
        int e = r->scratch ? arena_new(0, &r->work) : -ENOMEM;
        if (e == 0 && size > MESSAGE_SIZE_MAX) {
                size = MESSAGE_SIZE_MAX;
                r->truncated = true;
        }
        if (e == 0 && has_cr_lines(data, size)) {
                r->truncated |= size > CR_MESSAGE_MAX;
                copy = with_line_ends(data, &size);
                data = copy;
                e = copy ? 0 : -ENOMEM;
        }
        if (e == 0)
                e = read_message(r, data, size);
        reader_done(r);
        if (e < 0)
                return e;
        *ret = m;
        return 0;
}
