/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/address.h"

#include <libetpan/libetpan.h>
#include <strings.h>

#include "parsers/header.h"
#include "parsers/limits.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* An address literal ("[IPv6:2001:db8::1]") is at most this long; a '[' without its ']' is a letter. */
#define LITERAL_MAX 64U

struct collector {
        const struct charset_set *set;
        struct arena *arena;
        struct address_list *list;
        uint32_t room; /* of list->items */
        bool full;     /* an entry was left out */
        bool truncated;
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void trim(const char **s, size_t *n) {
        while (*n > 0 && is_blank(**s))
                (*s)++, (*n)--;
        while (*n > 0 && is_blank((*s)[*n - 1]))
                (*n)--;
}

/* Programs wrap addresses in quotes once more. Of names only the quotes of the syntax go. */
static void strip_quotes(const char **s, size_t *n, const char *quotes) {
        trim(s, n);
        while (*n >= 2 && strchr(quotes, **s) && (*s)[*n - 1] == **s) {
                (*s)++, *n -= 2;
                trim(s, n);
        }
}

/* Room for as many entries as the text can hold. */
static int collector_reserve(struct collector *c, const char *s, size_t n, uint32_t max) {
        uint32_t room = c->list->n + 1;
        for (size_t i = 0; i < n && room < max; i++)
                room += s[i] == ',' || s[i] == ';';
        room = MIN(room, max);
        if (room <= c->room)
                return 0;
        struct address *items = arena_new0(c->arena, struct address, room);
        if (!items)
                return -ENOMEM;
        if (c->list->n > 0)
                memcpy(items, c->list->items, c->list->n * sizeof(*items));
        c->list->items = items;
        c->room = room;
        return 0;
}

/* The bytes of a balanced comment at p, the whole of it. */
static size_t comment_size(const char *p, const char *end) {
        size_t depth = 0;
        for (const char *q = p; q < end; q++) {
                if (*q == '\\' && q + 1 < end)
                        q++;
                else if (*q == '(')
                        depth++;
                else if (*q == ')' && --depth == 0)
                        return (size_t) (q - p) + 1;
        }
        return 0;
}

/* Old programs put comments between the words of an address: "<eva(home)@example.org(Paris)>". */
static int make_email(struct collector *c, const char *s, size_t n, const char **ret) {
        char buffer[ADDRESS_MAX + 1];
        size_t size = 0;
        bool quoted = memchr(s, '"', n);
        bool comments = !quoted && memchr(s, '(', n);
        for (size_t i = 0; i < n; i++) {
                if (is_blank(s[i]) && !quoted) /* blanks belong to quoted local parts only */
                        continue;
                size_t comment = comments && s[i] == '(' ? comment_size(s + i, s + n) : 0;
                if (comment > 0) {
                        i += comment - 1;
                        continue;
                }
                /* One that does not close is a letter, and so is every later one. */
                comments &= s[i] != '(';
                if (size == ADDRESS_MAX) { /* a cut address is another person's */
                        *ret = NULL;
                        return 0;
                }
                buffer[size++] = s[i];
        }
        buffer[size] = 0;
        char *at = strrchr(buffer, '@');
        for (char *p = at; p && *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p + 32);
        char *email;
        bool cut;
        int r = charset_decode(c->set, NULL, buffer, size, ADDRESS_MAX, c->arena, &email, &cut);
        if (r < 0)
                return r;
        for (char *p = email; *p; p++)
                if (*p == '\n' || *p == '\t')
                        *p = ' ';
        *ret = *email && !cut ? email : NULL;
        return 0;
}

static int collect(struct collector *c, const char *name, size_t name_size, const char *email, size_t email_size) {
        struct address a = {0};
        if (c->list->n >= c->room) {
                c->full = true;
                return 0;
        }
        strip_quotes(&email, &email_size, "'\"");
        int r = make_email(c, email, email_size, &a.email);
        if (r < 0)
                return r;
        if (!a.email) {
                c->truncated |= email_size > ADDRESS_MAX;
                return 0;
        }
        strip_quotes(&name, &name_size, "\"");
        if (name_size > 0) {
                r = header_decode(c->set, name, name_size, NAME_MAX_BYTES, c->arena, &a.name, &c->truncated);
                if (r < 0)
                        return r;
                const char *shown = a.name;
                size_t size = strlen(shown);
                strip_quotes(&shown, &size, "\""); /* quotes around or inside an encoded word */
                if (size == 0)
                        a.name = NULL;
                else if (size != strlen(a.name) && !(a.name = arena_strndup(c->arena, shown, size)))
                        return -ENOMEM;
        }
        c->list->items[c->list->n++] = a;
        return 0;
}

static bool has_domain(const char *s, size_t n) {
        const char *at = memrchr(s, '@', n);
        return at && at > s && at + 1 < s + n;
}

/* --- the plainest form, which nearly all addresses have */

/* Mailboxes of one field that are read without libetpan. */
#define PLAIN_MAX 16U

struct plain {
        const char *name, *email; /* in the field */
        size_t name_size, email_size;
};

static bool is_plain_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* "eva.brun+x@mail.example": letters with single dots between them, and one '@'. Where it ends, NULL when it is no such address. */
static const char *plain_email(const char *p, const char *end) {
        bool at = false, letter = false;
        for (; p < end; p++) {
                if (is_plain_letter(*p) || (*p == '+' && !at))
                        letter = true;
                else if (letter && (*p == '.' || (*p == '@' && !at))) {
                        at |= *p == '@';
                        letter = false;
                } else
                        break;
        }
        return at && letter ? p : NULL;
}

/* Words with one blank after each. Where they end. */
static const char *plain_words(const char *p, const char *end) {
        const char *after = p;
        for (; p < end && is_plain_letter(*p); p++)
                if (p + 1 < end && p[1] == ' ')
                        after = ++p + 1;
        return after;
}

/* "Eva Brun <eva@x.example>" or "eva@x.example". Where it ends, NULL when it is something else. */
static const char *plain_mailbox(const char *p, const char *end, struct plain *ret) {
        const char *angle = plain_words(p, end);
        bool named = angle < end && *angle == '<';
        ret->name = p;
        ret->name_size = named && angle > p ? (size_t) (angle - p) - 1 : 0;
        ret->email = named ? angle + 1 : p;
        const char *after = plain_email(ret->email, end);
        if (!after || (named && (after == end || *after != '>')))
                return NULL;
        ret->email_size = (size_t) (after - ret->email);
        return after + named;
}

/* 1: done; 0: it takes more than this, nothing collected; -ENOMEM. */
static int collect_plain(struct collector *c, const char *s, size_t n) {
        struct plain found[PLAIN_MAX];
        const char *end = s + n;
        size_t k = 0;
        for (const char *p = s; p < end; k++) {
                if (k == PLAIN_MAX || !(p = plain_mailbox(p, end, found + k)) || (p < end && *p != ','))
                        return 0;
                if (p == end)
                        continue;
                for (p++; p < end && *p == ' ';)
                        p++;
                if (p == end) /* the comma of one that is missing */
                        return 0;
        }
        for (size_t i = 0; i < k; i++) {
                int r = collect(c, found[i].name, found[i].name_size, found[i].email, found[i].email_size);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* --- what libetpan read, as far as it can be believed */

/* Each address must stand in the text as it came out: libetpan joins "John Doe a@x" to JohnDoea@x, and takes the
 * "Doe" of "Doe, John <a@x>" for a mailbox. *at moves on, so that all checks together read the text once. */
static bool believable(const struct mailimf_mailbox *mb, const char **at, const char *end) {
        const char *email = mb->mb_addr_spec;
        if (!email || strpbrk(email, "<>()") || !has_domain(email, strlen(email)))
                return false;
        const char *found = memmem(*at, (size_t) (end - *at), email, strlen(email));
        if (!found)
                return false;
        *at = found + strlen(email);
        return true;
}

static int collect_mailbox(struct collector *c, const struct mailimf_mailbox *mb) {
        const char *name = mb->mb_display_name ? mb->mb_display_name : "";
        return collect(c, name, strlen(name), mb->mb_addr_spec, strlen(mb->mb_addr_spec));
}

/* Calls collect_mailbox() for every mailbox (c given) or only judges them (c NULL): 1 believable, 0 not. */
static int each_mailbox(const struct mailimf_address_list *list, struct collector *c, const char *s, size_t n) {
        const char *at = s;
        for (clistiter *i = clist_begin(list->ad_list); i; i = clist_next(i)) {
                const struct mailimf_address *a = clist_content(i);
                if (a->ad_type == MAILIMF_ADDRESS_MAILBOX) {
                        int r = c ? collect_mailbox(c, a->ad_data.ad_mailbox)
                                  : believable(a->ad_data.ad_mailbox, &at, s + n);
                        if (c ? r < 0 : r == 0)
                                return r;
                        continue;
                }
                const struct mailimf_mailbox_list *members = a->ad_data.ad_group->grp_mb_list;
                for (clistiter *j = members ? clist_begin(members->mb_list) : NULL; j; j = clist_next(j)) {
                        int r = c ? collect_mailbox(c, clist_content(j)) : believable(clist_content(j), &at, s + n);
                        if (c ? r < 0 : r == 0)
                                return r;
                }
        }
        return 1;
}

/* 1: done; 0: not well-formed, nothing collected; -ENOMEM. Text with comments never comes here: libetpan loses the name in
 * "a@x (Name)", and its comment reader recurses. */
static int collect_strict(struct collector *c, const char *s, size_t n) {
        struct mailimf_address_list *list = NULL;
        size_t i = 0;
        if (memchr(s, '(', n) || memchr(s, 0, n) || mailimf_address_list_parse(s, n, &i, &list) != MAILIMF_NO_ERROR)
                return 0;
        int r = i == n ? each_mailbox(list, NULL, s, n) : 0;
        if (r > 0)
                r = each_mailbox(list, c, s, n);
        mailimf_address_list_free(list);
        return r;
}

/* --- our own reader */

struct item {
        char *text; /* what is outside comments and angle brackets, quotes undone (scratch of the size of the field) */
        size_t size;
        const char *comment; /* first comment */
        size_t comment_size;
        const char *angle; /* between < and > */
        size_t angle_size;
};

struct reader {
        const char *p, *end;
        bool comments; /* parentheses are balanced */
        bool quotes;   /* a closing quote is left */
};

/* All comments close, quotes set aside? Else parentheses are read as letters: "Smiley :-( <a@x>". */
static bool comments_close(const char *s, size_t n) {
        size_t depth = 0;
        for (size_t i = 0; i < n; i++) {
                if (s[i] == '\\')
                        i++;
                else if (s[i] == '(')
                        depth++;
                else if (s[i] == ')' && depth > 0)
                        depth--;
        }
        return depth == 0;
}

static void read_quoted(struct reader *r, struct item *t) {
        const char *q = r->p + 1;
        while (q < r->end && *q != '"')
                q += *q == '\\' && q + 1 < r->end ? 2 : 1;
        if (q >= r->end) { /* never closed: the quote means nothing, and no later one can close either */
                r->quotes = false;
                r->p++;
                return;
        }
        bool local_part = q + 1 < r->end && q[1] == '@';
        if (local_part)
                t->text[t->size++] = '"';
        for (const char *c = r->p + 1; c < q; c++) {
                if (*c == '\\' && c + 1 < q)
                        c++;
                t->text[t->size++] = *c;
        }
        if (local_part)
                t->text[t->size++] = '"';
        r->p = q + 1;
}

static void read_comment(struct reader *r, struct item *t) {
        size_t n = comment_size(r->p, r->end);
        if (n == 0) {
                r->comments = false;
                return;
        }
        if (!t->comment) {
                t->comment = r->p + 1;
                t->comment_size = n - 2;
        }
        r->p += n;
        if (t->size > 0)
                t->text[t->size++] = ' ';
}

/* A route ("<@a,@b:c@d>") holds commas, a bracket that was never closed ends at one. */
static void read_angle(struct reader *r, struct item *t) {
        const char *s = ++r->p;
        bool route = s < r->end && *s == '@';
        while (r->p < r->end && *r->p != '>' && *r->p != '<' && (route || (*r->p != ',' && *r->p != ';')))
                r->p++;
        size_t n = (size_t) (r->p - s);
        const char *colon = route ? memrchr(s, ':', n) : NULL;
        if (colon) {
                n -= (size_t) (colon + 1 - s);
                s = colon + 1;
        }
        /* Of "<a@x> <b@x>" the last with an address counts, as programs show it. */
        if (!t->angle || has_domain(s, n)) {
                t->angle = s;
                t->angle_size = n;
        }
        if (r->p < r->end && *r->p == '>')
                r->p++;
}

/* Read up to the separator that ends the item; returns it, 0 at the end. A group's name is forgotten at its ':'. */
static char read_item(struct reader *r, struct item *t) {
        while (r->p < r->end) {
                char c = *r->p;
                if (c == '"' && r->quotes)
                        read_quoted(r, t);
                else if (c == '(' && r->comments)
                        read_comment(r, t);
                else if (c == '<')
                        read_angle(r, t);
                else if (c == ',' || c == ';') {
                        r->p++;
                        return c;
                } else if (c == ':') {
                        t->size = 0;
                        t->comment = NULL;
                        r->p++;
                } else {
                        const char *close =
                                c == '[' ? memchr(r->p, ']', MIN((size_t) (r->end - r->p), (size_t) LITERAL_MAX)) : NULL;
                        do
                                t->text[t->size++] = *r->p++;
                        while (close && r->p <= close);
                }
        }
        return 0;
}

/* The last word with an '@', when no brackets mark the address: "John Doe a@x", "a@x John Doe". */
static bool find_bare(const struct item *t, size_t *ret_start, size_t *ret_size) {
        const char *at = memrchr(t->text, '@', t->size);
        if (!at)
                return false;
        size_t start = (size_t) (at - t->text), end = start;
        if (start > 0 && t->text[start - 1] == '"') { /* quoted local part */
                const char *open = start > 1 ? memrchr(t->text, '"', start - 1) : NULL;
                start = open ? (size_t) (open - t->text) : start;
        } else
                while (start > 0 && !is_blank(t->text[start - 1]))
                        start--;
        while (end < t->size && !is_blank(t->text[end]))
                end++;
        *ret_start = start;
        *ret_size = end - start;
        return has_domain(t->text + start, end - start);
}

static int collect_item(struct collector *c, struct item *t) {
        size_t start, size;
        if (t->angle) {
                const char *s = t->text;
                size_t n = t->size;
                trim(&s, &n);
                bool use_comment = n == 0 && t->comment;
                if (has_domain(t->angle, t->angle_size))
                        return collect(c, use_comment ? t->comment : s, use_comment ? t->comment_size : n, t->angle,
                                       t->angle_size);
                if (t->angle_size > 0 && !find_bare(t, &start, &size)) /* "<root>" */
                        return collect(c, s, n, t->angle, t->angle_size);
        }
        if (!find_bare(t, &start, &size))
                return 0;
        const char *name = t->text, *after = t->text + start + size;
        size_t name_size = start, after_size = t->size - start - size;
        trim(&name, &name_size);
        trim(&after, &after_size);
        if (name_size == 0) {
                name = after_size > 0 ? after : t->comment;
                name_size = after_size > 0 ? after_size : t->comment ? t->comment_size : 0;
        }
        return collect(c, name ? name : "", name_size, t->text + start, size);
}

/* A lone word that is no address: `From: root`, `MAILER-DAEMON (Mail Delivery System)`, `MAILER-DAEMON <>`. */
static int collect_lone_word(struct collector *c, struct item *t) {
        const char *s = t->text;
        size_t n = t->size;
        trim(&s, &n);
        if (n == 0 || memchr(s, ' ', n) || memmem(s, n, "=?", 2))
                return 0;
        return collect(c, t->comment ? t->comment : "", t->comment ? t->comment_size : 0, s, n);
}

static int collect_lenient(struct collector *c, const char *s, size_t n) {
        _cleanup_free_ char *text = malloc(2 * n + NAME_MAX_BYTES + 8);
        if (!text)
                return -ENOMEM;
        struct reader r = {s, s + n, comments_close(s, n), true};
        uint32_t before = c->list->n;
        size_t kept = 0; /* of text: "Doe" of "Doe, John <a@x>" waits for what follows */
        for (size_t items = 0; r.p < r.end; items++) {
                struct item t = {.text = text, .size = kept};
                size_t offered = c->list->n;
                char separator = read_item(&r, &t);
                int e = collect_item(c, &t);
                if (e < 0)
                        return e;
                bool taken = c->list->n > offered || t.angle_size > 0 || memchr(t.text, '@', t.size);
                if (!taken && separator == 0 && items == 0 && c->list->n == before)
                        return collect_lone_word(c, &t);
                taken |= t.angle != NULL;
                kept = 0;
                if (!taken && separator == ',' && t.size > 0 && t.size <= NAME_MAX_BYTES) {
                        text[t.size] = ',';
                        text[t.size + 1] = ' ';
                        kept = t.size + 2;
                }
                if (c->full)
                        break;
        }
        return 0;
}

int address_list_parse(const struct charset_set *set, const char *s, size_t n, uint32_t max, struct arena *arena,
                       struct address_list *list, bool *ret_truncated) {
        struct collector c = {.set = set, .arena = arena, .list = list, .room = list->n};
        trim(&s, &n);
        if (n == 0)
                return 0;
        int r = collector_reserve(&c, s, n, max);
        if (r < 0)
                return r;
        uint32_t before = list->n;
        r = collect_plain(&c, s, n);
        if (r == 0)
                r = collect_strict(&c, s, n);
        if (r == 0)
                r = collect_lenient(&c, s, n);
        if (r >= 0 && list->n == before && !memchr(s, '@', n) && memmem(s, n, "=?", 2)) {
                /* Name and address in one encoded word. */
                const char *decoded;
                r = header_decode(set, s, n, NAME_MAX_BYTES + ADDRESS_MAX, arena, &decoded, &c.truncated);
                if (r == 0 && strchr(decoded, '@'))
                        r = collect_lenient(&c, decoded, strlen(decoded));
        }
        if (r < 0)
                return r;
        *ret_truncated |= c.truncated || c.full;
        return 0;
}
