/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/mail.h"

#include <nettle/sha2.h>
#include <stdio.h>

#include "parsers/utf8.h"

/* An encoded word may have 75 characters (RFC 2047 section 2). */
#define ENCODED_WORD_MAX 75U
#define ENCODED_WORD_BEGIN "=?utf-8?Q?"
#define ENCODED_WORD_END "?="
/* A line of quoted-printable, its "=" for a soft end not counted. */
#define QUOTED_PRINTABLE_LINE 75U
/* A Message-ID stands on one line of at most 998 characters, which nobody needs. */
#define MESSAGE_ID_ROOM 250U

static const char hexadecimal[] = "0123456789ABCDEF";

/* --- fields */

static bool is_alphanumeric(unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What may stand between angle brackets and in no comment: printable ASCII without blanks and brackets, so that nothing begins a new field. */
static bool is_plain_address(const char *s) {
        const char *at = s ? strrchr(s, '@') : NULL;
        if (!at || at == s || !at[1])
                return false;
        for (; *s; s++)
                if ((unsigned char) *s <= ' ' || (unsigned char) *s >= 127 || strchr("<>(),;\\\"", *s))
                        return false;
        return true;
}

/* A copy without anything that ends a line or is not text. */
static char *one_line(const char *s) {
        size_t n = strlen(s);
        char *line = strdup(s);
        if (!line)
                return NULL;
        (void) utf8_clean_in_place(line, n);
        for (char *p = line; *p; p++)
                if ((unsigned char) *p < ' ' || *p == 127)
                        *p = ' ';
        return line;
}

static bool needs_encoding(const char *s) {
        size_t word = 0;
        if (strstr(s, "=?") || *s == ' ')
                return true;
        for (; *s; s++) {
                word = *s == ' ' ? 0 : word + 1;
                /* A word that fills a line cannot be folded. */
                if ((unsigned char) *s >= 127 || word > MAIL_COLUMNS - 10)
                        return true;
        }
        return false;
}

/* The strictest alphabet, that of a phrase (RFC 2047 section 5): right everywhere. */
static size_t encode_character(const char *s, size_t n, char out[static 12]) {
        size_t size = 0;
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char) s[i];
                if (is_alphanumeric(c) || strchr("!*+-/", c))
                        out[size++] = (char) c;
                else if (c == ' ')
                        out[size++] = '_';
                else {
                        out[size++] = '=';
                        out[size++] = hexadecimal[c >> 4];
                        out[size++] = hexadecimal[c & 15];
                }
        }
        return size;
}

/* Encoded words, one a line after the first, cut between characters only. `column`: where the first begins. */
static void add_encoded(struct buf *b, const char *s, size_t column) {
        const size_t frame = strlen(ENCODED_WORD_BEGIN ENCODED_WORD_END);
        size_t used = frame + (column > 1 ? column - 1 : 0);
        (void) buf_add_str(b, ENCODED_WORD_BEGIN);
        for (size_t n = strlen(s), k; n > 0; s += k, n -= k) {
                char out[12];
                k = utf8_decode(s, n, NULL);
                size_t size = encode_character(s, k, out);
                if (used + size > ENCODED_WORD_MAX) {
                        (void) buf_add_str(b, ENCODED_WORD_END "\r\n " ENCODED_WORD_BEGIN);
                        used = frame;
                }
                (void) buf_add(b, out, size);
                used += size;
        }
        (void) buf_add_str(b, ENCODED_WORD_END);
}

/* Plain words, folded before a blank. */
static void add_folded(struct buf *b, const char *s, size_t column) {
        while (*s) {
                size_t blanks = strspn(s, " "), word = strcspn(s + blanks, " ");
                if (blanks > 0 && word > 0 && column + blanks + word > MAIL_COLUMNS) {
                        (void) buf_add_str(b, "\r\n");
                        column = 0;
                }
                (void) buf_add(b, s, word > 0 ? blanks + word : 0); /* blanks at the end would vanish anyway */
                column += blanks + word;
                s += blanks + word;
        }
}

static int add_unstructured(struct buf *b, const char *name, const char *value) {
        _cleanup_free_ char *line = one_line(value);
        if (!line)
                return -ENOMEM;
        (void) buf_printf(b, "%s: ", name);
        if (needs_encoding(line))
                add_encoded(b, line, strlen(name) + 2);
        else
                add_folded(b, line, strlen(name) + 2);
        return buf_add_str(b, "\r\n");
}

static int add_from(struct buf *b, const struct mail *m) {
        _cleanup_free_ char *name = m->from_name ? one_line(m->from_name) : NULL;
        if (m->from_name && !name)
                return -ENOMEM;
        (void) buf_add_str(b, "From: ");
        bool atoms = name && *name;
        for (const char *p = name; atoms && *p; p++)
                atoms = is_alphanumeric((unsigned char) *p) || *p == ' ';
        bool plain = atoms && strlen(name) + strlen(m->from) < MAIL_COLUMNS / 2 && !needs_encoding(name);
        if (plain)
                (void) buf_printf(b, "%s ", name);
        else if (name && *name) {
                add_encoded(b, name, strlen("From: "));
                (void) buf_add_str(b, "\r\n ");
        }
        return buf_printf(b, "<%s>\r\n", m->from);
}

static int add_to(struct buf *b, const char *const *to) {
        (void) buf_add_str(b, "To:");
        for (size_t i = 0, column = strlen("To:"); to[i]; i++) {
                size_t size = strlen(to[i]) + 2;
                bool fold = i > 0 && column + size > MAIL_COLUMNS;
                column = fold ? size : column + size;
                (void) buf_printf(b, "%s %s%s", fold ? "\r\n" : "", to[i], to[i + 1] ? "," : "");
        }
        return buf_add_str(b, "\r\n");
}

/* RFC 5322 section 3.3; a zone of another age may have seconds, which the form has not. */
static int add_date(struct buf *b, instant at, const struct zone *zone) {
        static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
        static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        int32_t minutes = zone_offset(zone, at) / 60;
        struct civil c = civil_from_seconds(at + INT64_C(60) * minutes);
        return buf_printf(b, "Date: %s, %02d %s %04d %02d:%02d:%02d %c%02d%02d\r\n",
                          days[civil_weekday(civil_days(c.year, c.month, c.day)) - 1], c.day, months[c.month - 1], c.year,
                          c.hour, c.minute, c.second, minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
}

/* --- the body */

/* RFC 2045 section 6.7. "From " and "." at the start of a line are what programs on the way are known to change. */
static bool needs_quoting(const char *p, bool first) {
        unsigned char c = (unsigned char) *p;
        if (c == ' ' || c == '\t')
                return p[1] == '\n' || p[1] == 0;
        return c < ' ' || c > 126 || c == '=' || (first && (c == '.' || strncmp(p, "From ", 5) == 0));
}

static void add_quoted_printable(struct buf *b, const char *text) {
        size_t column = 0;
        for (const char *p = text; *p; p++) {
                if (*p == '\n') {
                        (void) buf_add_str(b, "\r\n");
                        column = 0;
                        continue;
                }
                bool quote = needs_quoting(p, column == 0);
                size_t size = quote ? 3 : 1;
                bool last = p[1] == '\n' || p[1] == 0;
                if (column + size > QUOTED_PRINTABLE_LINE + last) {
                        (void) buf_add_str(b, "=\r\n");
                        column = 0;
                        quote = needs_quoting(p, true);
                        size = quote ? 3 : 1;
                }
                unsigned char c = (unsigned char) *p;
                const char code[3] = {'=', hexadecimal[c >> 4], hexadecimal[c & 15]};
                (void) buf_add(b, quote ? code : p, size);
                column += size;
        }
        if (column > 0)
                (void) buf_add_str(b, "\r\n");
}

int mail_compose(const struct mail *m, struct buf *ret) {
        bool valid = is_plain_address(m->from) && is_plain_address(m->message_id) && m->to && m->to[0] &&
                     strlen(m->message_id) <= MESSAGE_ID_ROOM;
        for (size_t i = 0; valid && m->to[i]; i++)
                valid = is_plain_address(m->to[i]);
        for (const char *p = m->language; valid && p && *p; p++)
                valid = is_alphanumeric((unsigned char) *p) || *p == '-';
        if (!valid)
                return -EINVAL;
        int r = add_date(ret, m->at, m->zone);
        if (r >= 0)
                r = add_from(ret, m);
        if (r >= 0)
                r = add_to(ret, m->to);
        if (r >= 0)
                r = add_unstructured(ret, "Subject", m->subject);
        if (r < 0)
                return r;
        /* RFC 3834 section 5: nobody's program shall answer it, and adieu knows it again for a machine's. */
        (void) buf_printf(ret, "Message-ID: <%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", m->message_id);
        if (m->language)
                (void) buf_printf(ret, "Content-Language: %s\r\n", m->language);
        (void) buf_add_str(ret, "Content-Type: text/plain; charset=utf-8\r\n"
                                "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        _cleanup_free_ char *text = strdup(m->text);
        if (!text)
                return -ENOMEM;
        (void) utf8_clean_in_place(text, strlen(text));
        add_quoted_printable(ret, text);
        return ret->error;
}

/* --- names */

int mail_message_id(const char *kind, const char *key, const char *owner, const char *from, char **ret) {
        const char *const parts[] = {kind, key, owner};
        uint8_t digest[8];
        struct sha256_ctx h;
        sha256_init(&h);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                sha256_update(&h, strlen(parts[i]) + 1, (const uint8_t *) parts[i]);
        sha256_digest(&h, sizeof(digest), digest);
        uint64_t number = 0;
        for (size_t i = 0; i < sizeof(digest); i++)
                number = number << 8 | digest[i];
        const char *domain = from ? strrchr(from, '@') : NULL;
        bool named = domain && domain[1] && strlen(domain) < MESSAGE_ID_ROOM / 2;
        for (const char *p = named ? domain + 1 : ""; named && *p; p++)
                named = is_alphanumeric((unsigned char) *p) || *p == '-' || *p == '.';
        return asprintf(ret, "adieu.%s.%016" PRIx64 "@%s", kind, number, named ? domain + 1 : "adieu.invalid") < 0 ? -ENOMEM
                                                                                                                   : 0;
}
