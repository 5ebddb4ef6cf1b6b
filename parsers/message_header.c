/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/address.h"
#include "parsers/authentication.h"
#include "parsers/date.h"
#include "parsers/message_internal.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

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
void message_note_fields(struct reader *r) {
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

void message_keep_field(struct reader *r, const struct field *f) {
        for (size_t i = 0; field_may_count(r, f) && i < ELEMENTSOF(field_names); i++) {
                if (field_names[i].size != f->name_size || !field_is(f, field_names[i].name))
                        continue;
                enum slot slot = field_names[i].slot;
                if (is_of_older_resending(r, slot))
                        return;
                if (slot < _SLOT_SINGLE) { /* of doubled fields the first counts, as mail programs show it */
                        r->doubled_from |= slot == SLOT_FROM && r->slots[slot].body;
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

int message_read_text_field(struct reader *r, enum slot slot, size_t max, const char **ret) {
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
                if (!message_take(r, share, string_cost(list->items[k].name) + string_cost(list->items[k].email))) {
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
                if (wanted && message_take(r, share, string_cost(text)))
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
        int e = message_read_text_field(r, SLOT_LIST_ID, SUBJECT_MAX, &text);
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
        if (domain >= at || !memchr(domain, '.', n) ||
            !message_take(r, share, local + n + string_cost(from->name) + STRING_COST))
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
                if (!known && message_take(r, share, string_cost(one.items[0].email)))
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
                                                   .n_received = r->n_repeated[received],
                                                   .doubled_from = r->doubled_from};
        int e = authentication_read(&trace, &m->from, r->scratch, r->arena, &m->dmarc, &m->authenticated_domains);
        struct text_list *domains = &m->authenticated_domains;
        for (uint32_t i = 0; e >= 0 && i < domains->n; i++)
                if (!message_take(r, share, string_cost(domains->items[i])))
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
        if (e < 0 || (!m->subject && (e = message_read_text_field(r, SLOT_SUBJECT, SUBJECT_MAX, &m->subject)) < 0))
                return e;
        if (m->subject) {
                e = subject_base(m->subject, r->arena, &m->thread_subject, &reply, &forward);
                if (e < 0 || (e = message_clip(r, m->thread_subject, SUBJECT_MAX, &m->thread_subject)) < 0)
                        return e;
        }
        if (reply || m->in_reply_to.n > 0 || m->references.n > 0)
                m->flags |= MESSAGE_REPLY;
        if (forward)
                m->flags |= MESSAGE_FORWARD;
        return 0;
}

int message_read_header(struct reader *r) {
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
