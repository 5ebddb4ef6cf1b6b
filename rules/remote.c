/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/remote.h"

#include <arpa/inet.h>

#include "parsers/utf8.h"
#include "rules/domain.h"

/* RFC 1035 section 3.1: the longest name of a host as text. */
#define HOST_NAME_SIZE_MAX 253U
/* Longer addresses are not typed by anyone; private links to calendars reach a few hundred characters. */
#define URL_SIZE_MAX 2000U
#define SHA256_DIGITS 64U

#define USE(u) (1U << (u))

static const struct scheme {
        const char *name;
        uint32_t uses;
        uint16_t port;
        enum remote_tls tls;
        const char *url;  /* how it is written afterwards */
        uint16_t foreign; /* the port of its sister, with which it only waits for ever */
        const char *hint; /* for that */
} schemes[] = {
        {"imaps", USE(REMOTE_FOR_IMAP), 993, REMOTE_TLS, "imaps", 143, "port 143 begins without TLS: write imap://"},
        {"imap", USE(REMOTE_FOR_IMAP), 143, REMOTE_STARTTLS, "imap", 993, "port 993 begins with TLS: write imaps://"},
        {"smtps", USE(REMOTE_FOR_SMTP), 465, REMOTE_TLS, "smtps", 587, "port 587 begins without TLS: write smtp://"},
        {"smtp", USE(REMOTE_FOR_SMTP), 587, REMOTE_STARTTLS, "smtp", 465, "port 465 begins with TLS: write smtps://"},
        {"https", USE(REMOTE_FOR_CALDAV) | USE(REMOTE_FOR_CALENDAR), 443, REMOTE_TLS, "https", 80,
         "write https:// without a port"},
        {"http", USE(REMOTE_FOR_CALDAV) | USE(REMOTE_FOR_CALENDAR), 80, REMOTE_PLAIN, "http", 443, "write https://"},
        /* A name for "subscribe to this", not a protocol of its own. Who gives such links out answers to https today. */
        {"webcal", USE(REMOTE_FOR_CALENDAR), 443, REMOTE_TLS, "https", 80, "write https:// without a port"},
        {"webcals", USE(REMOTE_FOR_CALENDAR), 443, REMOTE_TLS, "https", 80, "write https:// without a port"},
};

static const struct use_row {
        const char *example;
        bool has_path; /* it is of the web */
} uses[] = {
        [REMOTE_FOR_IMAP] = {"write imaps://user@host.example", false},
        [REMOTE_FOR_SMTP] = {"write smtps://user@host.example", false},
        [REMOTE_FOR_CALDAV] = {"write https://host.example/path/", true},
        [REMOTE_FOR_CALENDAR] = {"write https://host.example/calendar.ics", true},
};

/* Set by refuse(), so that `return refuse(...)` reads well. */
static int refuse(struct remote_fault *fault, const char *text, const char *hint) {
        *fault = (struct remote_fault){.code = "bad-value", .text = text, .hint = hint};
        return -EINVAL;
}

/* --- hosts --- */

bool remote_is_literal(const char *host) {
        struct in_addr four;
        struct in6_addr six;
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1;
}

bool remote_is_loopback(const char *host) {
        struct in_addr four;
        struct in6_addr six;
        if (inet_pton(AF_INET, host, &four) == 1)
                return ntohl(four.s_addr) >> 24 == 127;
        if (inet_pton(AF_INET6, host, &six) == 1)
                return IN6_IS_ADDR_LOOPBACK(&six);
        return strcasecmp(host, "localhost") == 0 || str_ends_with(host, ".localhost"); /* RFC 6761 section 6.3 */
}

bool remote_is_url(const char *s) {
        static const char *const more[] = {"webcal:", "webcals:", NULL};
        for (size_t i = 0; more[i]; i++)
                if (strncasecmp(s, more[i], strlen(more[i])) == 0)
                        return true;
        size_t n = 0;
        while (ascii_lower(s[n]) >= 'a' && ascii_lower(s[n]) <= 'z')
                n++;
        return n > 1 && strncmp(s + n, "://", 3) == 0;
}

static bool host_shape(const char *host) {
        size_t n = strlen(host), label = 0;
        if (n == 0 || n > HOST_NAME_SIZE_MAX)
                return false;
        for (size_t i = 0; i < n; i++) {
                char c = host[i];
                bool edge = label == 0 || host[i + 1] == '.' || !host[i + 1];
                if (c == '.') {
                        if (label == 0)
                                return false;
                        label = 0;
                        continue;
                }
                /* The underscore is no letter of a host name, but servers on small networks have it. */
                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '-' && !edge)) || ++label > 63)
                        return false;
        }
        return true;
}

/* A name in one spelling, or an address in brackets. */
static int read_host(struct arena *arena, const char *s, size_t n, const char **ret, struct remote_fault *fault) {
        if (n == 0)
                return refuse(fault, "the address has no host", NULL);
        bool brackets = s[0] == '[';
        if (brackets && s[n - 1] != ']')
                return refuse(fault, "the bracket of the host is not closed", "write [2001:db8::1]");
        char *host = brackets ? arena_strndup(arena, s + 1, n - 2) : arena_strndup(arena, s, n);
        if (!host)
                return -ENOMEM;
        struct in6_addr six;
        if (brackets) {
                if (inet_pton(AF_INET6, host, &six) != 1)
                        return refuse(fault, "what stands in brackets is no address of IPv6", "write [2001:db8::1]");
                *ret = host;
                return 0;
        }
        if (memchr(s, ':', n))
                return refuse(fault, "an address of IPv6 must stand in brackets", "write [2001:db8::1]");
        char key[ADDRESS_KEY_SIZE];
        const char *at = arena_printf(arena, "@%s", host);
        if (!at)
                return -ENOMEM;
        if (address_key(at, key) < 2 || !host_shape(key + 1))
                return refuse(fault, "the host is no name that can be looked up", "write a name such as mail.example");
        *ret = arena_strdup(arena, key + 1);
        return *ret ? 0 : -ENOMEM;
}

static int read_port(const char *s, size_t n, uint16_t *ret, struct remote_fault *fault) {
        uint32_t port = 0;
        for (size_t i = 0; i < n; i++) {
                if (s[i] < '0' || s[i] > '9' || port > UINT16_MAX)
                        return refuse(fault, "the port is no number from 1 to 65535", NULL);
                port = port * 10 + (uint32_t) (s[i] - '0');
        }
        if (port == 0 || port > UINT16_MAX)
                return refuse(fault, "the port is no number from 1 to 65535", NULL);
        *ret = (uint16_t) port;
        return 0;
}

/* "host:port" without the user. */
static int read_place(struct arena *arena, const char *s, size_t n, struct remote *r, struct remote_fault *fault) {
        const char *end = s + n, *from = s;
        if (s[0] == '[') {
                const char *bracket = memchr(s, ']', n);
                from = bracket ? bracket : end - 1;
        }
        /* The last colon, so that a bare address of IPv6 is told as such: what is before it holds another. */
        const char *colon = NULL;
        for (const char *p = from; p < end; p++)
                if (*p == ':')
                        colon = p;
        const char *host_end = colon ? colon : end;
        int e = read_host(arena, s, (size_t) (host_end - s), &r->host, fault);
        if (e >= 0 && colon && colon + 1 < end)
                e = read_port(colon + 1, (size_t) (end - colon - 1), &r->port, fault);
        return e;
}

/* --- the user --- */

static int read_user(struct arena *arena, const char *s, size_t n, const char **ret, struct remote_fault *fault) {
        if (n == 0)
                return refuse(fault, "there is nothing before the \"@\"", NULL);
        if (memchr(s, ':', n)) {
                *fault = (struct remote_fault){"password-in-file", "a password does not belong into this address",
                                               "use password: {credential: name}; write %3A for a colon of the user's name"};
                return -EINVAL;
        }
        if (memchr(s, '@', n))
                return refuse(fault, "there are two \"@\" in it",
                              "write %40 for the one in the user's name: me%40studio.example@mail.example");
        char *user = arena_strndup(arena, s, n);
        if (!user)
                return -ENOMEM;
        size_t size = 0;
        for (size_t i = 0; i < n; i++) {
                int high = s[i] == '%' && n - i > 2 ? hex_value(s[i + 1]) : -1, low = high >= 0 ? hex_value(s[i + 2]) : -1;
                if (s[i] == '%' && low < 0)
                        return refuse(fault, "a \"%\" in the user's name is not followed by two hexadecimal digits",
                                      "write %25 for the character itself");
                user[size++] = s[i] == '%' ? (char) (high * 16 + low) : s[i];
                i += s[i] == '%' ? 2 : 0;
        }
        user[size] = 0;
        if (!utf8_clean(user, size) || strpbrk(user, "\n\t"))
                return refuse(fault, "the user's name holds characters that no name has", NULL);
        *ret = user;
        return 0;
}

/* --- the whole --- */

static const struct scheme *find_scheme(const char *url, enum remote_use use, const char **ret_rest) {
        for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
                size_t n = strlen(schemes[i].name);
                if (!(schemes[i].uses & USE(use)) || strncasecmp(url, schemes[i].name, n) != 0 ||
                    strncmp(url + n, "://", 3) != 0)
                        continue;
                *ret_rest = url + n + 3;
                return &schemes[i];
        }
        return NULL;
}

static int check_characters(const char *url, struct remote_fault *fault) {
        if (strlen(url) > URL_SIZE_MAX)
                return refuse(fault, "the address is too long", NULL);
        /* Names of hosts and users may be in any letters; what a server is asked for is ASCII (RFC 3986 section 2). */
        const char *path = strstr(url, "://");
        path = path ? strpbrk(path + 3, "/?") : NULL;
        if (!utf8_clean(url, strlen(url)) || (path && !utf8_is_ascii(path, strlen(path))))
                return refuse(fault, "the address holds a character that cannot stand in one",
                              "write each of its bytes as % and two hexadecimal digits");
        for (const char *p = url; *p; p++)
                if ((unsigned char) *p <= ' ' || *p == 0x7f || strchr("\"<>\\^`{|}#", *p))
                        return refuse(fault, "the address holds a character that cannot stand in one",
                                      "write it as % and two hexadecimal digits");
        return 0;
}

static int normalize(struct arena *arena, const struct scheme *scheme, struct remote *r) {
        bool six = strchr(r->host, ':');
        r->url = arena_printf(arena, "%s://%s%s%s:%u%s", scheme->url, six ? "[" : "", r->host, six ? "]" : "", r->port,
                              r->path);
        return r->url ? 0 : -ENOMEM;
}

int remote_parse(struct arena *arena, enum remote_use use, const char *url, struct remote *ret, struct remote_fault *fault) {
        struct remote r = *ret;
        const char *rest = NULL;
        if (strncasecmp(url, "pop3", 4) == 0 && use == REMOTE_FOR_IMAP)
                return refuse(fault,
                              "POP3 is not read: it has no folders, so that neither sent mail nor answers could be seen",
                              "the same account is nearly always there by IMAP: write imaps://user@host.example");
        const struct scheme *scheme = find_scheme(url, use, &rest);
        if (!scheme || !*rest)
                return refuse(fault, "not an address of this kind of source", uses[use].example);
        int e = check_characters(url, fault);
        if (e < 0)
                return e;
        size_t n = strcspn(rest, "/?");
        r.port = scheme->port;
        r.tls = scheme->tls;
        r.user = NULL;
        r.path = rest[n] == '?' ? arena_printf(arena, "/%s", rest + n) : rest[n] ? arena_strdup(arena, rest + n) : "/";
        if (!r.path)
                return -ENOMEM;
        if (!uses[use].has_path && !str_eq(r.path, "/"))
                return refuse(fault, "the address goes on after the host", uses[use].example);
        const char *at = memrchr(rest, '@', n), *place = at ? at + 1 : rest;
        if (at && (e = read_user(arena, rest, (size_t) (at - rest), &r.user, fault)) < 0)
                return e;
        if ((e = read_place(arena, place, n - (size_t) (place - rest), &r, fault)) < 0)
                return e;
        bool here = remote_is_loopback(r.host);
        if (here && r.tls == REMOTE_STARTTLS)
                r.tls = REMOTE_PLAIN;
        if (!here && r.port == scheme->foreign)
                return refuse(fault, "scheme and port do not go together", scheme->hint);
        if (!uses[use].has_path)
                r.path = "";
        if ((e = normalize(arena, scheme, &r)) < 0)
                return e;
        *ret = r;
        return 0;
}

/* FNV-1a: of a secret that cannot be guessed, 32 bits give nothing away, whatever the function. */
static uint32_t tag_of(uint32_t h, const char *s) {
        for (const char *p = s ? s : ""; *p; p++)
                h = (h ^ (uint8_t) *p) * 16777619U;
        return h;
}

char *remote_veiled(struct arena *arena, const struct remote *r) {
        return arena_printf(arena, "%s#%08x", r->host, tag_of(tag_of(2166136261U, r->url), r->user));
}

/* --- words --- */

static const char *const mechanism_names[_AUTH_MAX] = {
        [AUTH_BEST] = "best",
        [AUTH_PLAIN] = "plain",
        [AUTH_LOGIN] = "login",
        [AUTH_XOAUTH2] = "xoauth2",
        [AUTH_OAUTHBEARER] = "oauthbearer",
        [AUTH_BASIC] = "basic",
        [AUTH_DIGEST] = "digest",
        [AUTH_BEARER] = "bearer",
};

const char *auth_mechanism_name(enum auth_mechanism m) {
        return (size_t) m < ELEMENTSOF(mechanism_names) ? mechanism_names[m] : "unknown";
}

const char *const *auth_mechanism_names(enum remote_use use) {
        static const char *const mail[] = {"plain", "login", "xoauth2", "oauthbearer", NULL};
        static const char *const web[] = {"basic", "digest", "bearer", NULL};
        return uses[use].has_path ? web : mail;
}

int auth_mechanism_parse(const char *s, enum remote_use use, enum auth_mechanism *ret) {
        for (const char *const *name = auth_mechanism_names(use); *name; name++) {
                if (strcasecmp(s, *name) != 0)
                        continue;
                for (size_t m = 0; m < _AUTH_MAX; m++)
                        if (str_eq(mechanism_names[m], *name))
                                *ret = (enum auth_mechanism) m;
                return 0;
        }
        return -EINVAL;
}

bool auth_mechanism_is_token(enum auth_mechanism m) {
        return m == AUTH_XOAUTH2 || m == AUTH_OAUTHBEARER || m == AUTH_BEARER;
}

int remote_fingerprint(struct arena *arena, const char *s, const char **ret) {
        static const char prefix[] = "sha256:";
        char digits[SHA256_DIGITS + 1];
        size_t n = 0;
        if (strncasecmp(s, prefix, strlen(prefix)) != 0)
                return -EINVAL;
        for (const char *p = s + strlen(prefix); *p; p++) {
                if (*p == ':' && n > 0 && n % 2 == 0)
                        continue;
                if (hex_value(*p) < 0 || n == SHA256_DIGITS)
                        return -EINVAL;
                digits[n++] = ascii_lower(*p);
        }
        if (n != SHA256_DIGITS)
                return -EINVAL;
        digits[n] = 0;
        const char *copy = arena_printf(arena, "%s%s", prefix, digits);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}
