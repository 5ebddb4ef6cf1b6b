/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/message.h"

#include "parsers/address.h"
#include "parsers/calendar.h"
#include "parsers/message_internal.h"
#include "parsers/pkcs7.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* Decoded bytes of all text parts together: the one that matters, and an alternative of it. */
#define TEXTS_SIZE_MAX (2 * TEXT_PART_MAX)
/* A message with CR line ends alone (by programs of before 2001) is copied to be read; such mail is short. */
#define CR_MESSAGE_MAX (4U * 1024 * 1024)
/* Fields that only tell of machines: the first words decide. */
#define SIGN_MAX 200U

static void reader_done(struct reader *r) {
        free(r->scratch);
        buf_free(&r->signed_content);
        arena_free(r->work);
}

int message_reserve(struct arena *arena, void *items_field, size_t size, uint32_t n, uint32_t max, uint32_t *room) {
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

bool message_take(struct reader *r, size_t *share, size_t cost) {
        if (cost > *share) {
                r->truncated = true;
                return false;
        }
        *share -= cost;
        return true;
}

int message_clip(struct reader *r, const char *s, size_t max, const char **ret) {
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

int message_copy_string(struct reader *r, const char *s, size_t max, const char **ret) {
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
        if (!message_take(r, &r->parts_share, string_cost(media_type)))
                return 0;
        int e = message_reserve(r->arena, &parts->items, sizeof(*parts->items), parts->n, MIME_PARTS_MAX, &r->parts_room);
        if (e < 0)
                return e;
        const char *copy = arena_strdup(r->arena, media_type);
        if (!copy)
                return -ENOMEM;
        parts->items[parts->n++] = copy;
        return 0;
}

int message_keep_attachment(struct reader *r, struct attachment a, const char *media_type) {
        struct attachment_list *list = &r->m->attachments;
        if (list->n >= ATTACHMENTS_MAX) {
                r->truncated = true;
                return 0;
        }
        if (!message_take(r, &r->attachments_share, string_cost(a.name) + string_cost(media_type) + MOMENT_COST))
                return 0;
        a.media_type = arena_strdup(r->arena, media_type);
        int e = message_reserve(r->arena, &list->items, sizeof(*list->items), list->n, ATTACHMENTS_MAX,
                                &r->attachments_room);
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
        return e < 0 ? e : message_keep_attachment(r, a, leaf->media_type);
}

/* Charset labels come as "utf-8 (comment)" and "utf-8; format=flowed". */
static void cut_label(char *label) {
        label[strcspn(label, " \t;,()")] = 0;
}

void message_leaf_charset(const struct mime_leaf *leaf, char *label) {
        char value[MIME_LABEL_MAX + 1];
        (void) mime_parameter(&leaf->fields.content_type, "charset", value, sizeof(value), NULL);
        cut_label(value);
        memcpy(label, value, sizeof(value));
}

enum transfer_encoding message_leaf_encoding(const struct mime_leaf *leaf) {
        const struct field *f = &leaf->fields.content_transfer_encoding;
        return f->body ? transfer_encoding_find(f->body, f->body_size) : TRANSFER_IDENTITY;
}

/* Undo the transfer encoding, at most max bytes and what is left of *total; *ret points into the leaf or is *owned. */
int message_decode_transfer(struct reader *r, enum transfer_encoding encoding, const char *s, size_t n, size_t max,
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
                .encoding = message_leaf_encoding(leaf),
                .html = str_eq(leaf->media_type, "text/html"),
        };
        message_leaf_charset(leaf, t->label);
        t->flowed = mime_parameter(&leaf->fields.content_type, "format", value, sizeof(value), NULL) &&
                    first_word_is(value, "flowed");
        t->delsp = mime_parameter(&leaf->fields.content_type, "delsp", value, sizeof(value), NULL) &&
                   first_word_is(value, "yes");
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
        int e = message_decode_transfer(r, message_leaf_encoding(leaf), leaf->body, leaf->size, ENVELOPE_SIZE_MAX,
                                        &r->envelopes_room, &s, &n, &owned);
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
        if (message_is_calendar(leaf->media_type, name)) {
                int e = message_read_calendar(r, leaf);
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
        else if (message_is_tnef(leaf, name))
                e = message_read_tnef(r, leaf, &read);
        return e < 0 || read ? e : found_plain_leaf(r, leaf, name, label);
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
                int e = message_read_text_field(r, table[i].slot, SIGN_MAX, table[i].to);
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
                message_keep_field(r, &f);
        r->truncated |= c.truncated;
        if (c.fields == 0) /* no message at all: what there is, is text */
                c.p = data;
        if ((e = message_read_header(r)) < 0 ||
            (e = mime_walk(&r->mime, c.p, (size_t) (data + size - c.p), found_leaf, r, &r->truncated)) < 0 ||
            (e = message_read_text(r, &whole)) < 0 || (e = judge_automatic(r)) < 0)
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
        message_note_fields(r);
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
