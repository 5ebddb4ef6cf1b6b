/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/dav_url.h"

#include <ctype.h>

#include "parsers/buf.h"

#define PORT_TLS 443
#define PORT_PLAIN 80

struct scheme {
        const char *name;
        bool tls;
};

/* webcal is what calendars are published under; nothing is fetched in clear for a name that does not say so. */
static const struct scheme schemes[] = {{"https://", true}, {"http://", false}, {"webcal://", true}, {"webcals://", true}};

/* The byte that "%XX" stands for, or -1. */
static int percent_byte(const char *s, const char *end) {
        if (end - s < 3 || s[0] != '%')
                return -1;
        int high = hex_value(s[1]), low = hex_value(s[2]);
        return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* pchar (RFC 3986, 3.3): what needs no encoding within a segment. */
static bool is_pchar(unsigned char c) {
        return c < 0x80 && c > 0x20 && (isalnum(c) || strchr("-._~!$&'()*+,;=:@", c));
}

static void add_encoded(struct buf *b, unsigned char c) {
        static const char digits[] = "0123456789ABCDEF";
        const char s[3] = {'%', digits[c >> 4], digits[c & 15]};
        (void) buf_add(b, s, sizeof(s));
}

/* One segment in its only form. */
static void add_segment(struct buf *b, const char *s, const char *end) {
        while (s < end) {
                int c = percent_byte(s, end);
                s += c < 0 ? 1 : 3;
                if (c < 0)
                        c = (unsigned char) s[-1];
                if (is_pchar((unsigned char) c))
                        (void) buf_add_char(b, (char) c);
                else
                        add_encoded(b, (unsigned char) c);
        }
}

/* Takes the last segment off "/a/b/", which gives "/a/". */
static void drop_segment(struct buf *b) {
        if (b->size <= 1)
                return;
        b->size--;
        while (b->size > 1 && b->data[b->size - 1] != '/')
                b->size--;
        b->data[b->size] = 0;
}

static bool is_dots(const char *s, size_t size, size_t n) {
        return size == n && memcmp(s, "..", n) == 0;
}

/* Appends the segments of a path to b, which ends in a slash. */
static void add_path(struct buf *b, const char *s, const char *end) {
        while (s < end && b->error >= 0) {
                const char *slash = memchr(s, '/', (size_t) (end - s)), *stop = slash ? slash : end;
                size_t before = b->size;
                add_segment(b, s, stop);
                size_t size = b->size - before;
                const char *segment = b->data + before;
                if (is_dots(segment, size, 1) || is_dots(segment, size, 2)) {
                        bool up = size == 2;
                        b->size = before;
                        b->data[before] = 0;
                        if (up)
                                drop_segment(b);
                } else if (slash)
                        (void) buf_add_char(b, '/');
                s = stop + (slash ? 1 : 0);
        }
}

/* A query is the server's own affair: only what may not be in a request line is encoded. */
static void add_query(struct buf *b, const char *s, const char *end) {
        for (; s < end; s++)
                if (percent_byte(s, end) >= 0 || *s == '/' || *s == '?' || is_pchar((unsigned char) *s))
                        (void) buf_add_char(b, *s);
                else
                        add_encoded(b, (unsigned char) *s);
}

static int take(struct buf *b, struct arena *arena, const char **ret) {
        if (b->error < 0)
                return b->error == -ENOMEM ? -ENOMEM : -EINVAL;
        char *p = arena_strndup(arena, b->data, b->size);
        if (!p)
                return -ENOMEM;
        *ret = p;
        return 0;
}

/* `base` is the path that a relative one starts from; the query after '?' is kept. */
static int make_path(const char *base, const char *s, const char *end, struct arena *arena, const char **ret) {
        _cleanup_buf_ struct buf b = BUF_LIMITED(3 * DAV_URL_MAX);
        const char *hash = memchr(s, '#', (size_t) (end - s));
        end = hash ? hash : end;
        const char *query = memchr(s, '?', (size_t) (end - s)), *path_end = query ? query : end;
        if (s < path_end && *s == '/')
                base = "/", s++;
        size_t keep = strcspn(base, "?");
        /* A relative path replaces what comes after the last slash of the base; none at all keeps it. */
        while (s < path_end && keep > 1 && base[keep - 1] != '/')
                keep--;
        (void) buf_add(&b, base, keep);
        add_path(&b, s, path_end);
        if (query) {
                (void) buf_add_char(&b, '?');
                add_query(&b, query + 1, end);
        }
        return take(&b, arena, ret);
}

static bool has_controls(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] < 0x20 || s[i] == 0x7f)
                        return true;
        return false;
}

static int parse_port(const char *s, const char *end, uint16_t *ret) {
        unsigned port = 0;
        if (s == end)
                return 0; /* "host:" has the scheme's own */
        for (; s < end; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                port = port * 10 + (unsigned) (*s - '0');
                if (port > UINT16_MAX)
                        return -EINVAL;
        }
        if (port == 0)
                return -EINVAL;
        *ret = (uint16_t) port;
        return 0;
}

static bool host_is_sound(const char *s, size_t n, bool bracketed) {
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char) s[i]) && !strchr(bracketed ? ":.%" : "-._", s[i]) &&
                    (unsigned char) s[i] < 0x80)
                        return false;
        return n > 0 && n <= 255;
}

/* userinfo, percent-decoded; anything after a colon would be a password, which has no place in a configuration or a log. */
static int parse_user(const char *s, const char *end, struct arena *arena, const char **ret) {
        _cleanup_buf_ struct buf b = BUF_LIMITED(DAV_URL_MAX);
        if (memchr(s, ':', (size_t) (end - s)))
                return -EINVAL;
        while (s < end) {
                int c = percent_byte(s, end);
                s += c < 0 ? 1 : 3;
                (void) buf_add_char(&b, c < 0 ? s[-1] : (char) c);
        }
        if (b.size == 0)
                return 0;
        return has_controls(b.data, b.size) ? -EINVAL : take(&b, arena, ret);
}

/* "user@host:port" */
static int parse_authority(const char *s, const char *end, struct arena *arena, struct dav_url *u) {
        const char *at = NULL;
        for (const char *p = s; p < end; p++)
                if (*p == '@')
                        at = p;
        if (at) {
                int e = parse_user(s, at, arena, &u->user);
                if (e < 0)
                        return e;
                s = at + 1;
        }
        bool bracketed = s < end && *s == '[';
        const char *host = s + bracketed;
        const char *host_end = memchr(host, bracketed ? ']' : ':', (size_t) (end - host));
        if (bracketed && !host_end)
                return -EINVAL;
        host_end = host_end ? host_end : end;
        if (!host_is_sound(host, (size_t) (host_end - host), bracketed))
                return -EINVAL;
        char *copy = arena_strndup(arena, host, (size_t) (host_end - host));
        if (!copy)
                return -ENOMEM;
        for (char *p = copy; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p |= 0x20;
        u->host = copy;
        const char *rest = host_end + bracketed;
        if (rest >= end)
                return 0;
        return *rest == ':' ? parse_port(rest + 1, end, &u->port) : -EINVAL;
}

/* What comes after "scheme://". */
static int parse_after_scheme(const char *s, bool tls, struct arena *arena, struct dav_url *ret) {
        struct dav_url u = {.tls = tls, .port = tls ? PORT_TLS : PORT_PLAIN};
        const char *end = s + strcspn(s, "/?#");
        int e = parse_authority(s, end, arena, &u);
        if (e >= 0)
                e = make_path("/", end, end + strlen(end), arena, &u.path);
        if (e >= 0)
                *ret = u;
        return e;
}

int dav_url_parse(const char *url, struct arena *arena, struct dav_url *ret) {
        size_t size = strlen(url);
        if (size > DAV_URL_MAX || has_controls(url, size))
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
                size_t n = strlen(schemes[i].name);
                if (strncasecmp(url, schemes[i].name, n) == 0)
                        return parse_after_scheme(url + n, schemes[i].tls, arena, ret);
        }
        return -EINVAL;
}

/* "mailto:", "ftp://" ... A colon in the first segment of a path that begins with a slash is none. */
static bool has_scheme(const char *s) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
        return n > 0 && s[n] == ':' && isalpha((unsigned char) s[0]) && s[n + 1] == '/' && s[n + 2] == '/';
}

int dav_url_resolve(const struct dav_url *base, const char *href, struct arena *arena, struct dav_url *ret) {
        size_t size = strlen(href);
        if (size == 0 || size > DAV_URL_MAX || has_controls(href, size))
                return -EINVAL;
        if (has_scheme(href)) {
                struct dav_url u;
                int e = dav_url_parse(href, arena, &u);
                if (e >= 0)
                        *ret = u;
                return e;
        }
        if (strncmp(href, "//", 2) == 0)
                return parse_after_scheme(href + 2, base->tls, arena, ret);
        struct dav_url u = *base;
        int e = make_path(base->path, href, href + size, arena, &u.path);
        if (e >= 0)
                *ret = u;
        return e;
}

bool dav_url_same_server(const struct dav_url *a, const struct dav_url *b) {
        return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

static size_t bare_length(const char *path) {
        size_t n = strlen(path);
        return n > 1 && path[n - 1] == '/' ? n - 1 : n;
}

bool dav_path_equal(const char *a, const char *b) {
        size_t n = bare_length(a);
        return n == bare_length(b) && memcmp(a, b, n) == 0;
}

bool dav_path_inside(const char *collection, const char *path, const char **ret_name) {
        size_t n = bare_length(collection);
        if (n == 1 && collection[0] == '/')
                n = 0;
        if (strncmp(collection, path, n) != 0 || path[n] != '/' || path[n + 1] == 0)
                return false;
        const char *slash = strchr(path + n + 1, '/');
        if (slash && slash[1] != 0)
                return false;
        *ret_name = path + n + 1;
        return true;
}

char *dav_url_format(const struct dav_url *u, struct arena *arena) {
        bool usual = u->port == (u->tls ? PORT_TLS : PORT_PLAIN), v6 = strchr(u->host, ':');
        char port[8] = "";
        if (!usual) {
                unsigned p = u->port;
                char *at = port + sizeof(port) - 1;
                do
                        *--at = (char) ('0' + p % 10);
                while ((p /= 10) > 0);
                *--at = ':';
                memmove(port, at, strlen(at) + 1);
        }
        return arena_printf(arena, "%s://%s%s%s%s%s", u->tls ? "https" : "http", v6 ? "[" : "", u->host, v6 ? "]" : "", port,
                            u->path);
}
