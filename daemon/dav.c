/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/dav.h"

#include "daemon/dav_http.h"
#include "parsers/multistatus.h"

/* A sync-collection that was cut (RFC 6578, 3.6) is gone on with; each round brings at least one change. */
#define ROUNDS_MAX 10000U
/* Calendars of one user; the rest is told as a fault rather than left out silently. */
#define CALENDARS_MAX 1000U
/* The body of an answer that is an error, for the condition in it. */
#define ERROR_BODY_MAX (64U * 1024)

#define XML "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
#define NAMES "xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:S=\"http://calendarserver.org/ns/\""
#define ABOUT_CALENDAR                                                                                                      \
        "<resourcetype/><displayname/><sync-token/><supported-report-set/><S:getctag/><C:supported-calendar-component-set/" \
        ">"

static const char about_place[] =
        XML "<propfind " NAMES "><prop>" ABOUT_CALENDAR
            "<current-user-principal/><C:calendar-home-set/><C:schedule-inbox-URL/></prop></propfind>";
static const char about_calendars[] = XML "<propfind " NAMES "><prop>" ABOUT_CALENDAR "</prop></propfind>";
static const char about_members[] =
        XML "<propfind " NAMES "><prop><getetag/><resourcetype/><getcontenttype/></prop></propfind>";
static const char well_known[] = "/.well-known/caldav";

struct dav {
        struct http *http;   /* owned */
        struct arena *arena; /* owned: what discovery found */
};

int dav_new(const struct dav_options *options, struct dav **ret) {
        struct dav *d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;
        int e = arena_new(0, &d->arena);
        if (e >= 0)
                e = http_new(options, &d->http);
        if (e < 0) {
                dav_free(d);
                return e;
        }
        *ret = d;
        return 0;
}

struct dav *dav_free(struct dav *d) {
        if (!d)
                return NULL;
        http_free(d->http);
        arena_free(d->arena);
        free(d);
        return NULL;
}

const char *dav_error(const struct dav *d) {
        return http_error(d->http);
}

enum dav_fault dav_fault(const struct dav *d) {
        return http_fault(d->http);
}

uint32_t dav_retry_after(const struct dav *d) {
        return http_retry_after(d->http);
}

/* --- one question that is answered with a multistatus --- */

struct asking {
        struct dav *dav;
        struct multistatus *reader; /* owned: of the 207 */
        struct multistatus *error;  /* owned: of a body that tells of an error; given up when it is something else */
        size_t error_size;
        int (*found)(const struct dav_response *response, void *userdata);
        void *userdata;
        int result; /* what `found` gave */
        unsigned conditions;
        struct dav_url url; /* that answered; in dav->arena */
};

static int on_response(const struct dav_response *response, void *userdata) {
        struct asking *a = userdata;
        return a->result = a->found(response, a->userdata);
}

static int no_response(const struct dav_response *response, void *userdata) {
        (void) response, (void) userdata;
        return 0;
}

static int on_piece(int code, const void *data, size_t size, void *userdata) {
        struct asking *a = userdata;
        if (code == 207) {
                int e = a->reader ? 0 : multistatus_new(on_response, a, &a->reader);
                return e < 0 ? e : multistatus_feed(a->reader, data, size);
        }
        if (code < 400 || a->error_size > ERROR_BODY_MAX)
                return 0;
        a->error_size += size;
        if (!a->error && multistatus_new(no_response, NULL, &a->error) < 0)
                return -ENOMEM;
        /* A page for people is no fault of its own. */
        (void) !multistatus_feed(a->error, data, size);
        return 0;
}

static int fail_garbage(struct dav *d, int error, const char *host) {
        if (error == -EMSGSIZE)
                return http_fail(d->http, DAV_FAULT_GARBAGE, "%s answers with more than a calendar server should", host);
        return http_fail(d->http, DAV_FAULT_GARBAGE, "%s answers something that is not WebDAV, or is cut off", host);
}

static void asking_end(struct asking *a) {
        a->reader = multistatus_free(a->reader);
        a->error = multistatus_free(a->error);
}

/* *ret_token (may be NULL): the caller frees. 207, another code of the server (a->conditions may say why), or a negative error. */
static int ask(struct dav *d, struct asking *a, const struct http_request *question, char **ret_token) {
        struct http_request q = *question;
        struct http_answer answer;
        struct multistatus_result result = {};
        q.piece = on_piece;
        q.userdata = a;
        a->dav = d;
        int e = http_ask(d->http, &q, &answer);
        if (e >= 0) {
                const char *path = arena_strdup(d->arena, answer.url.path), *host = arena_strdup(d->arena, answer.url.host);
                if (!path || !host)
                        e = -ENOMEM;
                else {
                        a->url = answer.url;
                        a->url.path = path;
                        a->url.host = host;
                        e = answer.code;
                }
        }
        if (e == 207) {
                int ended = a->reader ? multistatus_end(a->reader, &result) : -EBADMSG;
                e = ended < 0 ? ended : !result.is_multistatus ? -EBADMSG : 207;
                if (e == 207 && ret_token && result.sync_token && !(*ret_token = strdup(result.sync_token)))
                        e = -ENOMEM;
        } else if (e >= 0 && a->error && multistatus_end(a->error, &result) >= 0)
                a->conditions = result.conditions;
        if (a->result < 0)
                e = a->result;
        else if (e == -EBADMSG || e == -EMSGSIZE)
                e = fail_garbage(d, e, http_base(d->http)->host);
        asking_end(a);
        return e;
}

/* --- finding calendars --- */

struct place {
        struct dav *dav;
        const struct dav_url *asked; /* to see from: */
        const char *self;            /* the path that is meant; NULL: whatever is told */
        unsigned types;
        const char *home, *principal, *inbox; /* addresses as written */
        bool nobody;
        struct dav_calendar calendar; /* when it is one */
        /* Of a listing: */
        int (*found)(const struct dav_calendar *calendar, void *userdata);
        void *userdata;
        const char *inbox_path;
        uint32_t calendars;
};

/* The last part of a path, as people would write it. */
static const char *last_part(struct arena *arena, const char *path) {
        size_t n = strlen(path), end = n > 1 && path[n - 1] == '/' ? n - 1 : n, from = end;
        while (from > 0 && path[from - 1] != '/')
                from--;
        return arena_strndup(arena, path + from, end - from);
}

static bool may_hold_events(const struct dav_response *r) {
        return r->types & DAV_CALENDAR && (r->components == 0 || r->components & DAV_VEVENT);
}

static int to_calendar(struct dav *d, const struct dav_response *r, const char *path, struct dav_calendar *ret) {
        struct arena *a = d->arena;
        *ret = (struct dav_calendar){
                .path = path,
                .name = r->display_name ? arena_strdup(a, r->display_name) : last_part(a, path),
                .ctag = arena_strdup(a, r->ctag),
                .sync_token = arena_strdup(a, r->sync_token),
                .can_sync = r->can_sync || r->sync_token,
        };
        return ret->name ? 0 : -ENOMEM;
}

/* The path of a response on the server that the owner wrote; 0 when it is somewhere else and not to be asked. */
static int own_path(struct dav *d, const struct dav_url *from, const char *href, const char **ret) {
        struct dav_url u;
        int e = dav_url_resolve(from, href, d->arena, &u);
        if (e == -ENOMEM)
                return e;
        /* Servers behind a proxy write the address that they know of themselves: the path is what counts. Only whole addresses of other hosts are others. */
        if (e < 0 || (strcmp(u.host, from->host) != 0 && strcmp(u.host, http_base(d->http)->host) != 0))
                return 0;
        *ret = u.path;
        return 1;
}

static int on_place(const struct dav_response *r, void *userdata) {
        struct place *p = userdata;
        struct dav *d = p->dav;
        const char *path;
        int e = own_path(d, http_base(d->http), r->href, &path);
        /* Depth 0 has one answer. */
        if (e <= 0 || r->status >= 400)
                return MIN(e, 0);
        p->types |= r->types;
        p->nobody = p->nobody || r->unauthenticated;
        p->self = path;
        if (r->home)
                p->home = arena_strdup(d->arena, r->home);
        if (r->principal)
                p->principal = arena_strdup(d->arena, r->principal);
        if (r->inbox)
                p->inbox = arena_strdup(d->arena, r->inbox);
        return r->types & DAV_CALENDAR ? to_calendar(d, r, path, &p->calendar) : 0;
}

/* What is at a path: 207, another code, or a negative error. */
static int look_at(struct dav *d, const char *path, struct place *ret, const char **ret_path) {
        struct asking a = {.found = on_place, .userdata = ret};
        *ret = (struct place){.dav = d};
        int e = ask(d, &a, &(struct http_request){.method = "PROPFIND", .path = path, .depth = "0", .body = about_place},
                    NULL);
        if (e >= 0)
                *ret_path = a.url.path;
        return e;
}

static int on_child(const struct dav_response *r, void *userdata) {
        struct place *p = userdata;
        struct dav *d = p->dav;
        struct dav_calendar c;
        const char *path;
        int e = own_path(d, p->asked, r->href, &path);
        if (e <= 0 || r->status >= 400)
                return MIN(e, 0);
        bool inbox = r->types & DAV_SCHEDULE_INBOX || (p->inbox_path && dav_path_equal(path, p->inbox_path));
        if (inbox && !p->inbox_path)
                p->inbox_path = path;
        if (inbox || !may_hold_events(r))
                return 0;
        if (++p->calendars > CALENDARS_MAX)
                return http_fail(d->http, DAV_FAULT_GARBAGE, "%s has more than %u calendars", http_base(d->http)->host,
                                 CALENDARS_MAX);
        e = to_calendar(d, r, path, &c);
        return e < 0 ? e : p->found(&c, p->userdata);
}

/* The calendars directly in a collection. */
static int list_home(struct dav *d, const char *path, struct place *p) {
        struct asking a = {.found = on_child, .userdata = p};
        p->dav = d;
        p->asked = http_base(d->http);
        int e = ask(d, &a, &(struct http_request){.method = "PROPFIND", .path = path, .depth = "1", .body = about_calendars},
                    NULL);
        if (e >= 0 && e != 207)
                return http_fail_code(d->http, e, &a.url);
        return MIN(e, 0);
}

/* What the address of a principal, home or inbox says, as a path here. */
static int same_server_path(struct dav *d, const char *href, const char *what, const char **ret) {
        const struct dav_url *base = http_base(d->http);
        struct dav_url u;
        int e = dav_url_resolve(base, href, d->arena, &u);
        if (e < 0)
                return e == -ENOMEM ? e
                                    : http_fail(d->http, DAV_FAULT_GARBAGE, "%s writes an address that cannot be used",
                                                base->host);
        if (strcmp(u.host, base->host) != 0) {
                const char *url = dav_url_format(&u, d->arena);
                return http_fail(d->http, DAV_FAULT_REFUSED,
                                 "%s keeps %s on another server, which does not get the password: write %s in the "
                                 "configuration if you trust it",
                                 base->host, what, url ? url : u.host);
        }
        *ret = u.path;
        return 0;
}

/* The scheduling inbox, when there is one and it can be seen. */
static int tell_inbox(struct dav *d, struct place *p) {
        struct place in;
        const char *path;
        if (!p->inbox_path)
                return 0;
        const char *wanted = p->inbox_path;
        int e = look_at(d, wanted, &in, &path);
        if (e < 0)
                return e;
        if (e != 207 || !(in.types & DAV_SCHEDULE_INBOX))
                return 0;
        struct dav_calendar c = in.calendar;
        c.path = wanted;
        c.name = "inbox";
        c.inbox = true;
        return p->found(&c, p->userdata);
}

/* A user, whose home says where the calendars are. 1: listed; 0: it has no home. */
static int read_user(struct dav *d, struct place *at, struct place *p) {
        struct place user = *at;
        const char *path, *principal;
        if (!at->home && at->principal) {
                int e = same_server_path(d, at->principal, "the user", &principal);
                if (e >= 0)
                        e = look_at(d, principal, &user, &path);
                if (e >= 0 && e != 207)
                        return http_fail_code(d->http, e,
                                              &(struct dav_url){.host = http_base(d->http)->host, .path = principal});
                if (e < 0)
                        return e;
        }
        if (!user.home)
                return 0;
        const char *home;
        int e = same_server_path(d, user.home, "the calendars", &home);
        if (e >= 0 && user.inbox && same_server_path(d, user.inbox, "the inbox", &p->inbox_path) == -ENOMEM)
                e = -ENOMEM;
        if (e >= 0)
                e = list_home(d, home, p);
        if (e >= 0)
                e = tell_inbox(d, p);
        return e < 0 ? e : 1;
}

/* What the owner wrote is a calendar, holds calendars, or leads to a user. 1: told; 0: there is nothing there. */
static int discover_from(struct dav *d, const char *path, struct place *p, int *ret_code) {
        struct place at;
        const char *where;
        int e = look_at(d, path, &at, &where);
        if (e < 0)
                return e;
        *ret_code = e;
        if (e != 207)
                return 0;
        if (at.types & DAV_CALENDAR) {
                p->calendars++;
                if ((e = p->found(&at.calendar, p->userdata)) < 0)
                        return e;
                return 1;
        }
        /* At the root everything of everybody may lie. */
        if (at.types & DAV_COLLECTION && !at.home && strcmp(where, "/") != 0) {
                e = list_home(d, where, p);
                if (e < 0 && http_fault(d->http) != DAV_FAULT_REFUSED)
                        return e;
                if (p->calendars > 0)
                        return (e = tell_inbox(d, p)) < 0 ? e : 1;
        }
        return read_user(d, &at, p);
}

int dav_discover(struct dav *d, int (*found)(const struct dav_calendar *calendar, void *userdata), void *userdata) {
        struct place p = {.dav = d, .found = found, .userdata = userdata};
        const struct dav_url *base = http_base(d->http);
        int code = 0, known_code = 0;
        arena_reset(d->arena);
        int e = discover_from(d, base->path, &p, &code);
        /* A place that was written and is not there is a slip of the pen: other calendars are not what was meant. */
        bool lost = (code == 403 || code == 404 || code == 410) && strcmp(base->path, "/") != 0;
        if (e == 0 && !lost)
                e = discover_from(d, well_known, &p, &known_code);
        if (e != 0)
                return MIN(e, 0);
        /* What is wrong with the address that was written says more than what a guess gave. */
        if (code != 207)
                return http_fail_code(d->http, code, base);
        return http_fail(d->http, DAV_FAULT_REFUSED, "%s has no calendars at %s: is the address right?", base->host,
                         base->path);
}

/* --- what is in a calendar --- */

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
        int e = own_path(m->dav, http_base(m->dav->http), r->href, &path);
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
static int sync_round(struct dav *d, struct members *m, const char *token, char **ret_token, unsigned *ret_conditions) {
        _cleanup_arena_ struct arena *arena = NULL;
        int e = arena_new(0, &arena);
        if (e < 0)
                return e;
        const char *text = escaped(arena, token);
        const char *body =
                text ? arena_printf(arena,
                                    XML
                                    "<sync-collection xmlns=\"DAV:\"><sync-token>%s</sync-token><sync-level>1</sync-level>"
                                    "<prop><getetag/><resourcetype/><getcontenttype/></prop></sync-collection>",
                                    text)
                     : NULL;
        if (!body)
                return -ENOMEM;
        struct asking a = {.found = on_member, .userdata = m};
        e = ask(d, &a, &(struct http_request){.method = "REPORT", .path = m->path, .depth = "0", .body = body}, ret_token);
        *ret_conditions = a.conditions;
        return e;
}

/* From a token ("": from nothing) to now. 1: done, with the token in *ret; 0: the server does not want that; negative: error. */
static int sync_from(struct dav *d, struct members *m, const char *token, char **ret) {
        _cleanup_free_ char *at = strdup(token);
        for (unsigned round = 0; at && round < ROUNDS_MAX; round++) {
                _cleanup_free_ char *next = NULL;
                unsigned conditions;
                m->cut = false;
                m->told = 0;
                int e = sync_round(d, m, at, &next, &conditions);
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
        struct asking a = {.found = on_member, .userdata = m};
        m->cut = false;
        int e = ask(d, &a,
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
        int e = own_path(g->dav, http_base(g->dav->http), r->href, &path);
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
        (void) buf_add_str(&b, XML "<C:calendar-multiget " NAMES "><prop><getetag/><C:calendar-data/></prop>");
        for (size_t i = 0; i < g->n; i++) {
                const char *path = object_path(arena, g->path, g->names[i]), *text = path ? escaped(arena, path) : NULL;
                if (!text)
                        b.error = -ENOMEM;
                else
                        (void) buf_printf(&b, "<href>%s</href>", text);
        }
        (void) buf_add_str(&b, "</C:calendar-multiget>");
        struct asking a = {.found = on_object, .userdata = g};
        e = b.error < 0
                    ? b.error
                    : ask(d, &a, &(struct http_request){.method = "REPORT", .path = g->path, .depth = "1", .body = b.data},
                          NULL);
        buf_free(&b);
        if (e >= 0 && e < 400 && e != 207)
                return http_fail_code(d->http, e, &a.url);
        return e < 0 ? e : e == 207;
}

/* A page for people, from a proxy or a server that wants a login, is no calendar whatever its code. 1 it begins like a calendar, 0 it does not, -EAGAIN
 * too little to tell. */
static int begins_as_calendar(const char *data, size_t size) {
        static const char begin[] = "BEGIN:VCALENDAR";
        static const char mark[] = "\xef\xbb\xbf";
        size_t n = sizeof(begin) - 1;
        if (size >= 3 && memcmp(data, mark, 3) == 0)
                data += 3, size -= 3;
        while (size > 0 && *data && strchr(" \t\r\n", *data))
                data++, size--;
        if (strncasecmp(data, begin, MIN(n, size)) != 0)
                return 0;
        return size >= n ? 1 : -EAGAIN;
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
                bool calendar = o.data.data && begins_as_calendar(o.data.data, o.data.size) == 1;
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

/* --- a single file --- */

/* Enough for the first line of a calendar, whatever stands before it. */
#define HEAD_SIZE 64U

struct downloading {
        struct dav *dav;
        char head[HEAD_SIZE + 1]; /* the first bytes, until they are known to be a calendar's */
        size_t n_head;
        bool good;
        int (*piece)(const void *data, size_t size, void *userdata);
        void *userdata;
};

static int fail_no_calendar(struct dav *d) {
        return http_fail(d->http, DAV_FAULT_GARBAGE, "what %s gives is no calendar: is the address right?",
                         http_base(d->http)->host);
}

/* Holds the first bytes back until they tell whether it is a calendar. */
static int on_download(int code, const void *data, size_t size, void *userdata) {
        struct downloading *x = userdata;
        const char *p = data;
        if (code != 200)
                return 0;
        if (x->good)
                return x->piece(data, size, x->userdata);
        size_t n = MIN(size, HEAD_SIZE - x->n_head);
        memcpy(x->head + x->n_head, p, n);
        x->n_head += n;
        int begins = begins_as_calendar(x->head, x->n_head);
        if (begins == 0 || (begins < 0 && x->n_head == HEAD_SIZE))
                return fail_no_calendar(x->dav);
        if (begins < 0)
                return 0;
        x->good = true;
        int e = x->piece(x->head, x->n_head, x->userdata);
        return e < 0 || n == size ? e : x->piece(p + n, size - n, x->userdata);
}

int dav_download(struct dav *d, const char *etag, const char *last_modified,
                 int (*piece)(const void *data, size_t size, void *userdata), void *userdata, struct dav_file *ret) {
        struct downloading x = {.dav = d, .piece = piece, .userdata = userdata};
        struct http_answer answer;
        const struct http_request q = {.method = "GET",
                                       .path = http_base(d->http)->path,
                                       .if_none_match = etag,
                                       .if_modified_since = etag ? NULL : last_modified,
                                       .anywhere = true,
                                       .piece = on_download,
                                       .userdata = &x};
        int e = http_ask(d->http, &q, &answer);
        if (e < 0)
                return e;
        struct dav_file f = {.unchanged = answer.code == 304};
        if (answer.code != 200 && !(f.unchanged && (etag || last_modified)))
                return http_fail_code(d->http, answer.code, &answer.url);
        if (!f.unchanged && !x.good)
                return fail_no_calendar(d);
        f.etag = answer.etag ? strdup(answer.etag) : NULL;
        f.last_modified = answer.last_modified ? strdup(answer.last_modified) : NULL;
        *ret = f;
        return 0;
}
