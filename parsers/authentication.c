/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/authentication.h"

#include <strings.h>

#include "parsers/limits.h"

/* One unfolded field, what is in it cut into words in place. */
struct words {
        char *p, *end;
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* The position of what closes the comment or quoted string that begins at i; n: nothing does. */
static size_t closing(const char *s, size_t i, size_t n) {
        bool quoted = s[i] == '"';
        unsigned depth = 1;
        for (i++; i < n; i++) {
                if (s[i] == '\\')
                        i++;
                else if (quoted ? s[i] == '"' : s[i] == ')' && --depth == 0)
                        return i;
                else
                        depth += !quoted && s[i] == '(';
        }
        return n;
}

/* Comments (RFC 5322 section 3.2.2) become a blank; of quoted strings the quotes go, and what would separate words inside them is no
 * separator any more; no blank is left around '='. In place: it only becomes shorter. What opens and is never closed is a sign like
 * others: a sender's address that a server copied must not hide what comes after it. */
static size_t simplify(char *s, size_t n) {
        size_t out = 0, quote_end = 0;
        bool comments = true, quotes = true;
        for (size_t i = 0; i < n; i++) {
                char c = s[i];
                bool quoted = i < quote_end;
                if (quoted && c == '\\') {
                        c = s[++i];
                } else if (i == quote_end && i > 0 && c == '"') {
                        quote_end = 0;
                        continue;
                } else if (!quoted && c == '"' && quotes) {
                        quote_end = closing(s, i, n);
                        quotes = quote_end < n;
                        if (quotes)
                                continue;
                        quote_end = 0;
                } else if (!quoted && c == '(' && comments) {
                        size_t end = closing(s, i, n);
                        comments = end < n;
                        if (comments) {
                                i = end;
                                c = ' ';
                        }
                }
                if (quoted && strchr(" \t;=", c))
                        c = '?';
                if (!quoted && is_blank(c) && (out == 0 || s[out - 1] == ' ' || s[out - 1] == '='))
                        continue;
                if (!quoted && c == '=' && out > 0 && s[out - 1] == ' ')
                        out--;
                s[out++] = is_blank(c) ? ' ' : c;
        }
        s[out] = 0;
        return out;
}

/* The next word, its end overwritten; NULL at the end. */
static char *next_word(struct words *w) {
        while (w->p < w->end && *w->p == ' ')
                w->p++;
        if (w->p >= w->end)
                return NULL;
        char *word = w->p;
        while (w->p < w->end && *w->p != ' ')
                w->p++;
        *w->p++ = 0;
        return word;
}

/* Cut off what stands before the next ';'. */
static bool next_clause(struct words *rest, struct words *ret) {
        if (rest->p >= rest->end)
                return false;
        char *semicolon = memchr(rest->p, ';', (size_t) (rest->end - rest->p));
        ret->p = rest->p;
        ret->end = semicolon ? semicolon : rest->end;
        *ret->end = 0;
        rest->p = semicolon ? semicolon + 1 : rest->end;
        return true;
}

/* What follows "name=" in the word; NULL when it is something else. A method may name its version: "dmarc/1=fail". */
static char *value_of(char *word, const char *name) {
        size_t n = strlen(name);
        if (strncasecmp(word, name, n) != 0)
                return NULL;
        word += n;
        if (*word == '/')
                word += 1 + strspn(word + 1, "0123456789");
        return *word == '=' ? word + 1 : NULL;
}

/* --- hosts --- */

static bool ends_with_label(const char *host, const char *end) {
        size_t n = strlen(host), k = strlen(end);
        return n >= k && strcasecmp(host + n - k, end) == 0 && (n == k || host[n - k - 1] == '.');
}

/* A machine without a public name: "localhost", "2002:a05:7208::1", "[10.0.0.1]", "mail-7c9.local". */
static bool is_local(const char *host) {
        static const char *const ends[] = {"local", "localdomain", "lan", "internal", "home", "intranet", "corp"};
        const char *dot = strrchr(host, '.');
        if (!dot || strpbrk(host, ":[]") || strspn(dot + 1, "0123456789") == strlen(dot + 1))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                if (ends_with_label(host, ends[i]))
                        return true;
        return false;
}

/* The last labels by which an organisation is known: two, or three below "co.uk" and its like. Exact enough where a mistake only means
 * that a message is believed as it was before there was such a field, or is not. */
static const char *organisation(const char *host) {
        static const char *const registries[] = {"ac.",   "asso.", "co.", "com.", "edu.", "go.", "gob.",
                                                 "gouv.", "gov.",  "ne.", "net.", "or.",  "org."};
        const char *labels[3] = {host, host, host};
        unsigned n = 0;
        for (const char *p = host + strlen(host); p > host && n < ELEMENTSOF(labels); p--)
                if (p[-1] == '.')
                        labels[n++] = p;
        if (n < 2)
                return host;
        for (size_t i = 0; strlen(labels[0]) == 2 && i < ELEMENTSOF(registries); i++)
                if (strncasecmp(labels[1], registries[i], strlen(registries[i])) == 0)
                        return labels[2];
        return labels[1];
}

static bool same_organisation(const char *a, const char *b) {
        return strcasecmp(organisation(a), organisation(b)) == 0;
}

/* Microsoft leaves the authserv-id out. */
static bool writes_no_id(const char *host) {
        return ends_with_label(host, "outlook.com");
}

/* --- the way it came --- */

#define HOST_MAX 255U

struct hop {
        char by[HOST_MAX + 1]; /* "" when it does not say */
        bool fetched;          /* taken from a mailbox: what is below was in that mailbox */
};

/* "from a (b) by HOST (Postfix) with ESMTPS id 1 for <c>; date". */
static void read_hop(const struct field *f, char *scratch, struct hop *ret) {
        static const char *const fetches[] = {"IMAP", "POP3"};
        bool cut = false, by = false, with = false;
        *ret = (struct hop){};
        size_t n = simplify(scratch, header_unfold(f, scratch, FIELD_BODY_MAX, &cut));
        struct words rest = {scratch, scratch + n}, clause;
        if (!next_clause(&rest, &clause))
                return;
        for (char *word; (word = next_word(&clause));) {
                if (by && !*ret->by && strlen(word) <= HOST_MAX)
                        memcpy(ret->by, word, strlen(word) + 1);
                for (size_t i = 0; with && i < ELEMENTSOF(fetches); i++)
                        ret->fetched |= strncasecmp(word, fetches[i], strlen(fetches[i])) == 0;
                by = strcasecmp(word, "by") == 0;
                with = strcasecmp(word, "with") == 0;
        }
}

/* The servers of the owner's side, as far down as they are known. */
struct own_side {
        char host[HOST_MAX + 1]; /* one with a public name; "" while none was met */
        uint32_t depth;          /* Received that were looked at, all of the owner's side */
        bool ended;
};

static void go_down(const struct authentication_trace *t, uint32_t depth, char *scratch, struct own_side *own) {
        struct hop hop;
        while (!own->ended && own->depth < depth) {
                if (own->depth >= t->n_received) {
                        own->ended = true;
                        return;
                }
                read_hop(&t->received[own->depth], scratch, &hop);
                if (is_local(hop.by))
                        ;
                else if (!*own->host)
                        memcpy(own->host, hop.by, sizeof(own->host));
                else if (!same_organisation(own->host, hop.by)) {
                        own->ended = true;
                        return;
                }
                if (hop.fetched)
                        *own->host = 0;
                own->depth++;
        }
}

static bool is_trusted(const struct own_side *own, uint32_t depth, const char *id) {
        if (depth == 0)
                return true;
        if (own->ended)
                return false;
        if (!*id)
                return writes_no_id(own->host);
        return !*own->host || same_organisation(own->host, id);
}

/* --- the results --- */

static void small_letters(char *s) {
        for (; *s; s++)
                *s = ascii_lower(*s);
}

/* The domain of "jean@dupont.example", "@dupont.example" or "dupont.example"; NULL when it is none. */
static char *domain_of(char *value) {
        char *at = strrchr(value, '@'), *domain = at ? at + 1 : value;
        size_t n = strspn(domain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
        if (n == 0 || n > ADDRESS_MAX || domain[n] || !memchr(domain, '.', n))
                return NULL;
        small_letters(domain);
        return domain;
}

/* The envelope of a forwarder that wrote itself into it proves the forwarder, through whom anybody's mail comes. */
static bool is_forwarder(const char *mailfrom) {
        static const char *const marks[] = {"srs0", "srs1", "+srs", "+caf_="};
        const char *at = strrchr(mailfrom, '@');
        for (size_t i = 0; at && i < ELEMENTSOF(marks); i++) {
                const char *mark = strcasestr(mailfrom, marks[i]);
                if (mark && mark < at)
                        return true;
        }
        return false;
}

struct findings {
        const struct address_list *from;
        struct arena *arena;
        bool doubled_from;
        bool told; /* a DMARC result */
        enum dmarc_result dmarc;
        bool submitted; /* by somebody who logged in to the very server */
        const char *domains[AUTHENTICATED_DOMAINS_MAX];
        uint32_t n_domains;
};

/* Some tell the organisation's domain, some the one in From. */
static bool is_of(const struct address *a, const char *domain) {
        const char *at = strrchr(a->email, '@');
        return at && (ends_with_label(at + 1, domain) || ends_with_label(domain, at + 1));
}

static bool is_of_another(const struct findings *f, const char *domain) {
        for (uint32_t i = 1; i < f->from->n; i++)
                if (is_of(&f->from->items[i], domain))
                        return true;
        return f->doubled_from;
}

static void read_dmarc(struct findings *f, const char *result, struct words *properties) {
        bool other = false, misled = false;
        for (char *word; (word = next_word(properties));) {
                char *value = value_of(word, "header.from"), *domain = value ? domain_of(value) : NULL;
                if (!domain || f->from->n == 0 || is_of(&f->from->items[0], domain))
                        continue;
                other = true;
                misled |= is_of_another(f, domain);
        }
        /* About somebody else: from before a list put its own address there. */
        if ((other && !misled) || f->told)
                return;
        f->told = true;
        f->dmarc = misled || strcasecmp(result, "fail") == 0 ? DMARC_FAIL
                   : strcasecmp(result, "pass") == 0         ? DMARC_PASS
                                                             : DMARC_NONE;
}

static int keep_domain(struct findings *f, char *value) {
        const char *domain = domain_of(value);
        if (!domain || f->n_domains == AUTHENTICATED_DOMAINS_MAX)
                return 0;
        for (uint32_t i = 0; i < f->n_domains; i++)
                if (str_eq(f->domains[i], domain))
                        return 0;
        domain = arena_strdup(f->arena, domain);
        if (!domain)
                return -ENOMEM;
        f->domains[f->n_domains++] = domain;
        return 0;
}

/* The domain that passed, whatever From says. */
static int read_passed(struct findings *f, struct words *properties, bool spf) {
        for (char *word; (word = next_word(properties));) {
                char *value = spf ? value_of(word, "smtp.mailfrom") : value_of(word, "header.d");
                if (!spf && !value)
                        value = value_of(word, "header.i");
                if (!value || (spf && is_forwarder(value)))
                        continue;
                int r = keep_domain(f, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_clause(struct findings *f, struct words *clause) {
        char *method = next_word(clause), *result;
        if (!method)
                return 0;
        if ((result = value_of(method, "dmarc")))
                read_dmarc(f, result, clause);
        else if ((result = value_of(method, "auth")))
                f->submitted |= strcasecmp(result, "pass") == 0;
        else if ((result = value_of(method, "dkim")) || (result = value_of(method, "spf")))
                return strcasecmp(result, "pass") == 0 ? read_passed(f, clause, (method[0] | 32) == 's') : 0;
        return 0;
}

/* The first word, where it is the authserv-id: "" where the results begin at once. */
static void read_id(const struct words *all, char ret[static HOST_MAX + 1]) {
        const char *s = all->p + strspn(all->p, " ");
        size_t n = strcspn(s, " ;=");
        *ret = 0;
        if (s[n] == '=' || n > HOST_MAX)
                return;
        memcpy(ret, s, n);
        ret[n] = 0;
}

static int read_results(struct findings *f, struct words *all, const char *id) {
        struct words clause;
        if (*id && !next_clause(all, &clause))
                return 0;
        while (next_clause(all, &clause)) {
                int r = read_clause(f, &clause);
                if (r < 0)
                        return r;
        }
        return 0;
}

int authentication_read(const struct authentication_trace *trace, const struct address_list *from, char *scratch,
                        struct arena *arena, enum dmarc_result *ret, struct text_list *domains) {
        struct own_side own = {};
        struct findings f = {.from = from, .doubled_from = trace->doubled_from, .arena = arena};
        char id[HOST_MAX + 1], first_id[HOST_MAX + 1] = "";

        for (uint32_t i = 0; i < trace->n_results && !own.ended; i++) {
                /* Some servers write one field for each method, above all Received, where nobody else can. */
                if (f.told && trace->depths[i] > 0)
                        break;
                go_down(trace, trace->depths[i], scratch, &own);
                bool cut = false;
                size_t n = simplify(scratch, header_unfold(&trace->results[i], scratch, FIELD_BODY_MAX, &cut));
                struct words all = {scratch, scratch + n};
                read_id(&all, id);
                if (!is_trusted(&own, trace->depths[i], id) || (f.told && strcasecmp(id, first_id) != 0))
                        continue;
                int r = read_results(&f, &all, id);
                if (r < 0)
                        return r;
                memcpy(first_id, id, sizeof(id));
        }
        if (!f.told || f.submitted)
                return 0;
        *ret = f.dmarc;
        if (f.dmarc != DMARC_FAIL || f.n_domains == 0)
                return 0;
        domains->items = arena_new0(arena, const char *, f.n_domains);
        if (!domains->items)
                return -ENOMEM;
        memcpy(domains->items, f.domains, f.n_domains * sizeof(*f.domains));
        domains->n = f.n_domains;
        return 0;
}
