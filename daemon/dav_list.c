/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/dav_internal.h"

/* What is in a calendar: what changed by sync-collection (RFC 6578), everything by a listing, the objects themselves by calendar-multiget (RFC 4791, 7.9). */

/* A sync-collection that was cut (RFC 6578, 3.6) is gone on with; each round brings at least one change. */
#define ROUNDS_MAX 10000U

static const char about_members[] =
        DAV_XML "<propfind " DAV_NAMES "><prop><getetag/><resourcetype/><getcontenttype/></prop></propfind>";

/* --- listings --- */

struct members {
        struct dav *dav;
        const char *path;
        int (*found)(const struct dav_member *member, void *userdata);
        void *userdata;
        bool cut; /* the server has more to tell */
        uint32_t told;
};

static bool is_calendar_type(const char *type) {
        return !type || strncasecmp(type, "text/calendar", 13) == 0;
}

static int on_member(const struct dav_response *r, void *userdata) {
        struct members *m = userdata;
        const char *path, *name;
        arena_reset(m->dav->arena);
        int e = dav_own_path(m->dav, r->href, &path);
        if (e <= 0)
                return e;
        if (dav_path_equal(path, m->path)) {
                m->cut = m->cut || r->status == 507;
                return 0;
        }
        if (r->types & DAV_COLLECTION || !is_calendar_type(r->content_type))
                return 0;
        struct dav_member member = {
                .name = dav_path_inside(m->path, path, &name) ? name : path,
                .etag = r->etag,
                .gone = r->status == 404 || r->status == 410,
                .hidden = r->status >= 400 && r->status != 404 && r->status != 410,
        };
        m->told++;
        return m->found(&member, m->userdata);
}

/* Text for XML: tokens are the server's, and may hold anything. */
static const char *escaped(struct arena *arena, const char *s) {
        struct buf b = {};
        for (; *s; s++)
                if (*s == '&')
                        (void) buf_add_str(&b, "&amp;");
                else if (*s == '<')
                        (void) buf_add_str(&b, "&lt;");
                else if (*s == '>')
                        (void) buf_add_str(&b, "&gt;");
                else
                        (void) buf_add_char(&b, *s);
        const char *copy = b.error < 0 ? NULL : arena_strndup(arena, b.data ? b.data : "", b.size);
        buf_free(&b);
        return copy;
}

/* One round of sync-collection: the code, or a negative error. */
static int sync_round(struct dav *d, struct members *m, const char *token, char **ret_token) {
        _cleanup_arena_ struct arena *arena = NULL;
        int e = arena_new(0, &arena);
        if (e < 0)
                return e;
        const char *text = escaped(arena, token);
        const char *body =
                text ? arena_printf(arena,
                                    DAV_XML
                                    "<sync-collection xmlns=\"DAV:\"><sync-token>%s</sync-token><sync-level>1</sync-level>"
                                    "<prop><getetag/><resourcetype/><getcontenttype/></prop></sync-collection>",
                                    text)
                     : NULL;
        if (!body)
                return -ENOMEM;
        struct dav_asking a = {.found = on_member, .userdata = m};
        e = dav_ask(d, &a, &(struct http_request){.method = "REPORT", .path = m->path, .depth = "0", .body = body},
                    ret_token);
        return e;
}

/* From a token ("": from nothing) to now. 1: done, with the token in *ret; 0: the server does not want that; negative: error. */
static int sync_from(struct dav *d, struct members *m, const char *token, char **ret) {
        _cleanup_free_ char *at = strdup(token);
        for (unsigned round = 0; at && round < ROUNDS_MAX; round++) {
                _cleanup_free_ char *next = NULL;
                m->cut = false;
                m->told = 0;
                int e = sync_round(d, m, at, &next);
                if (e < 0)
                        return e;
                /* A refusal, or a server that gets lost over a token that it does not know; but not in the middle, and no page for people. */
                if (e >= 400 && round == 0)
                        return 0;
                if (e != 207)
                        return http_fail_code(d->http, e,
                                              &(struct dav_url){.host = http_base(d->http)->host, .path = m->path});
                if (!next || !m->cut || strcmp(next, at) == 0 || m->told == 0) {
                        if (m->cut)
                                return http_fail(d->http, DAV_FAULT_GARBAGE, "%s does not tell all that is in %s",
                                                 http_base(d->http)->host, m->path);
                        *ret = TAKE_PTR(next);
                        return 1;
                }
                free(at);
                at = TAKE_PTR(next);
        }
        return at ? http_fail(d->http, DAV_FAULT_GARBAGE, "%s never comes to the end of %s", http_base(d->http)->host,
                              m->path)
                  : -ENOMEM;
}

static int list_members(struct dav *d, struct members *m) {
        struct dav_asking a = {.found = on_member, .userdata = m};
        m->cut = false;
        int e = dav_ask(d, &a,
                        &(struct http_request){.method = "PROPFIND", .path = m->path, .depth = "1", .body = about_members},
                        NULL);
        if (e >= 0 && e != 207)
                return http_fail_code(d->http, e, &a.url);
        if (e >= 0 && m->cut)
                return http_fail(d->http, DAV_FAULT_GARBAGE, "%s does not tell all that is in %s", http_base(d->http)->host,
                                 m->path);
        return MIN(e, 0);
}

int dav_list(struct dav *d, const char *path, bool can_sync, const char *token,
             int (*found)(const struct dav_member *member, void *userdata), void *userdata, struct dav_listing *ret) {
        struct members m = {.dav = d, .path = path, .found = found, .userdata = userdata};
        struct dav_listing l = {};
        int e = 0;
        if (can_sync && token && (e = sync_from(d, &m, token, &l.token)) == 1) {
                l.changes = true;
                *ret = l;
                return 0;
        }
        if (e < 0)
                return e;
        l.interrupted = token;
        if (can_sync)
                e = sync_from(d, &m, "", &l.token);
        if (e == 0)
                e = list_members(d, &m);
        if (e < 0)
                return e;
        *ret = l;
        return 0;
}

/* --- the objects themselves --- */

struct getting {
        struct dav *dav;
        const char *path;
        const char *const *names;
        size_t n;
        bool told[DAV_BATCH_MAX];
        int (*found)(const struct dav_object *object, void *userdata);
        void *userdata;
};

static int tell_object(struct getting *g, size_t i, const struct dav_object *object) {
        struct dav_object o = *object;
        g->told[i] = true;
        o.name = g->names[i];
        return g->found(&o, g->userdata);
}

static int on_object(const struct dav_response *r, void *userdata) {
        struct getting *g = userdata;
        const char *path, *name;
        arena_reset(g->dav->arena);
        int e = dav_own_path(g->dav, r->href, &path);
        if (e <= 0)
                return e;
        if (!dav_path_inside(g->path, path, &name))
                name = path;
        for (size_t i = 0; i < g->n; i++) {
                if (g->told[i] || strcmp(g->names[i], name) != 0)
                        continue;
                int status = r->status ? r->status : r->data_status ? r->data_status : 404;
                return tell_object(
                        g, i,
                        &(struct dav_object){
                                .etag = r->etag, .data = r->data, .size = r->size, .status = r->data ? 200 : status});
        }
        return 0; /* never asked for */
}

static const char *object_path(struct arena *arena, const char *path, const char *name) {
        if (*name == '/')
                return name;
        size_t n = strlen(path);
        return arena_printf(arena, "%s%s%s", path, n > 0 && path[n - 1] == '/' ? "" : "/", name);
}

/* 1 done; 0 the server does not know that report; negative error. */
static int multiget(struct dav *d, struct getting *g) {
        struct buf b = {};
        _cleanup_arena_ struct arena *arena = NULL;
        int e = arena_new(0, &arena);
        if (e < 0)
                return e;
        (void) buf_add_str(&b, DAV_XML "<C:calendar-multiget " DAV_NAMES "><prop><getetag/><C:calendar-data/></prop>");
        for (size_t i = 0; i < g->n; i++) {
                const char *path = object_path(arena, g->path, g->names[i]), *text = path ? escaped(arena, path) : NULL;
                if (!text)
                        b.error = -ENOMEM;
                else
                        (void) buf_printf(&b, "<href>%s</href>", text);
        }
        (void) buf_add_str(&b, "</C:calendar-multiget>");
        struct dav_asking a = {.found = on_object, .userdata = g};
        e = b.error < 0 ? b.error
                        : dav_ask(d, &a,
                                  &(struct http_request){.method = "REPORT", .path = g->path, .depth = "1", .body = b.data},
                                  NULL);
        buf_free(&b);
        if (e >= 0 && e < 400 && e != 207)
                return http_fail_code(d->http, e, &a.url);
        return e < 0 ? e : e == 207;
}

struct one {
        struct buf data;
        bool too_large;
};

static int on_one_piece(int code, const void *data, size_t size, void *userdata) {
        struct one *o = userdata;
        if (code != 200 || o->too_large)
                return 0;
        int e = buf_add(&o->data, data, size);
        o->too_large = e == -E2BIG;
        return e == -E2BIG ? 0 : e;
}

/* One by one, from servers that have no calendar-multiget or gave none of these in it. */
static int get_one(struct dav *d, struct getting *g, size_t i) {
        _cleanup_arena_ struct arena *arena = NULL;
        struct one o = {.data = BUF_LIMITED(MULTISTATUS_DATA_MAX)};
        struct http_answer answer;
        int e = arena_new(0, &arena);
        const char *path = e < 0 ? NULL : object_path(arena, g->path, g->names[i]);
        if (!path)
                return -ENOMEM;
        e = http_ask(d->http, &(struct http_request){.method = "GET", .path = path, .piece = on_one_piece, .userdata = &o},
                     &answer);
        if (e >= 0) {
                bool calendar = o.data.data && dav_begins_as_calendar(o.data.data, o.data.size) == 1;
                bool good = answer.code == 200 && !o.too_large && calendar;
                e = tell_object(g, i,
                                &(struct dav_object){.etag = answer.etag,
                                                     .data = good ? o.data.data : NULL,
                                                     .size = good ? o.data.size : 0,
                                                     .status = o.too_large                       ? 413
                                                               : answer.code == 200 && !calendar ? 415
                                                                                                 : answer.code});
        }
        buf_free(&o.data);
        return e;
}

int dav_get(struct dav *d, const char *path, const char *const *names, size_t n,
            int (*found)(const struct dav_object *object, void *userdata), void *userdata) {
        struct getting g = {.dav = d,
                            .path = path,
                            .names = names,
                            .n = MIN(n, (size_t) DAV_BATCH_MAX),
                            .found = found,
                            .userdata = userdata};
        int e = multiget(d, &g);
        for (size_t i = 0; i < g.n && e >= 0; i++)
                if (!g.told[i])
                        e = get_one(d, &g, i);
        return MIN(e, 0);
}
