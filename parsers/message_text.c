/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/civil.h"
#include "parsers/message_internal.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* A stand-in for the HTML part ("your program cannot show HTML") is shorter than this. */
#define STAND_IN_MAX 400U
/* Question marks for letters that make a plain text worse than the one in winmail.dat; people ask fewer questions. */
#define LOST_LETTERS 4U
/* Lines of base64 have 76 signs or less (RFC 2045); less than one line of it could be a word. */
#define BASE64_LINE_MAX 76U
#define BASE64_LINE_MIN 60U
/* Text has more blanks than one in this many bytes. */
#define BLANK_SHARE 20U

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

        int e = message_decode_transfer(r, t->encoding, t->body, t->size, TEXT_PART_MAX, &r->texts_room, &s, &n, &owned);
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
        if ((e = message_clip(r, reading.request_because, SUBJECT_MAX, &m->request_because)) < 0 ||
            (e = keep_acts(r, &reading)) < 0)
                return e;
        return message_clip(r, reading.cancellation_because, SUBJECT_MAX, &m->cancellation_because);
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

int message_read_text(struct reader *r, const char **ret_whole) {
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
