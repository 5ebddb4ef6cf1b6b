/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/dav_internal.h"

/* Finding calendars (RFC 6764, RFC 5397, RFC 4791 6.2): from whatever address was written to the user, his homes, and the calendars in them. */

/* Calendars of one user; the rest is told as a fault rather than left out silently. */
#define CALENDARS_MAX 1000U

#define ABOUT_CALENDAR                                                                                                      \
        "<resourcetype/><displayname/><sync-token/><supported-report-set/><S:getctag/><C:supported-calendar-component-set/" \
        ">"

static const char about_place[] =
        DAV_XML "<propfind " DAV_NAMES "><prop>" ABOUT_CALENDAR
                "<current-user-principal/><C:calendar-home-set/><C:schedule-inbox-URL/></prop></propfind>";
static const char about_calendars[] = DAV_XML "<propfind " DAV_NAMES "><prop>" ABOUT_CALENDAR "</prop></propfind>";
static const char well_known[] = "/.well-known/caldav";

/* What is at one path. */
struct spot {
        struct dav *dav;
        unsigned types;
        /* Addresses as written; in the arena, as everything here. */
        const char *homes[MULTISTATUS_HOMES_MAX], *principal, *inbox;
        uint32_t n_homes;
        bool nobody;                  /* the server does not know who asks */
        struct dav_calendar calendar; /* when it is one */
};

struct search {
        struct dav *dav;
        int (*found)(const struct dav_calendar *calendar, void *userdata);
        void *userdata;
        const char **told; /* paths, calendars of them: one may be in two homes */
        uint32_t calendars;
        const char *inbox;
        bool nobody;
        char *left_out; /* owned: why a home was not listed, of the first */
};

/* The last part of a path, as people would write it. */
static const char *last_part(struct arena *arena, const char *path) {
        size_t n = strlen(path), end = n > 1 && path[n - 1] == '/' ? n - 1 : n, from = end;
        while (from > 0 && path[from - 1] != '/')
                from--;
        return arena_strndup(arena, path + from, end - from);
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

/* --- what is at a path --- */

static int keep_homes(struct spot *s, const struct dav_response *r) {
        s->n_homes = 0;
        for (uint32_t i = 0; i < r->n_homes; i++)
                if (!(s->homes[s->n_homes++] = arena_strdup(s->dav->arena, r->homes[i])))
                        return -ENOMEM;
        return 0;
}

static int on_spot(const struct dav_response *r, void *userdata) {
        struct spot *s = userdata;
        struct dav *d = s->dav;
        const char *path;
        int e = dav_own_path(d, r->href, &path);
        /* Depth 0 has one answer. */
        if (e <= 0 || r->status >= 400)
                return MIN(e, 0);
        s->types |= r->types;
        s->nobody = s->nobody || r->unauthenticated;
        if (r->n_homes > 0 && (e = keep_homes(s, r)) < 0)
                return e;
        if (r->principal)
                s->principal = arena_strdup(d->arena, r->principal);
        if (r->inbox)
                s->inbox = arena_strdup(d->arena, r->inbox);
        return r->types & DAV_CALENDAR ? to_calendar(d, r, path, &s->calendar) : 0;
}

/* 207, another code, or a negative error. */
static int look_at(struct dav *d, const char *path, struct spot *ret, const char **ret_path) {
        struct dav_asking a = {.found = on_spot, .userdata = ret};
        *ret = (struct spot){.dav = d};
        int e = dav_ask(d, &a, &(struct http_request){.method = "PROPFIND", .path = path, .depth = "0", .body = about_place},
                        NULL);
        if (e >= 0)
                *ret_path = a.url.path;
        return e;
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

/* --- the calendars in a collection --- */

static int tell_calendar(struct search *s, const struct dav_calendar *c) {
        for (uint32_t i = 0; i < s->calendars; i++)
                if (dav_path_equal(s->told[i], c->path))
                        return 0;
        if (s->calendars == CALENDARS_MAX)
                return http_fail(s->dav->http, DAV_FAULT_GARBAGE, "%s has more than %u calendars",
                                 http_base(s->dav->http)->host, CALENDARS_MAX);
        s->told[s->calendars++] = c->path;
        return s->found(c, s->userdata);
}

static bool may_hold_events(const struct dav_response *r) {
        return r->types & DAV_CALENDAR && (r->components == 0 || r->components & DAV_VEVENT);
}

static int on_child(const struct dav_response *r, void *userdata) {
        struct search *s = userdata;
        struct dav_calendar c;
        const char *path;
        int e = dav_own_path(s->dav, r->href, &path);
        if (e <= 0 || r->status >= 400)
                return MIN(e, 0);
        bool inbox = r->types & DAV_SCHEDULE_INBOX || (s->inbox && dav_path_equal(path, s->inbox));
        if (inbox && !s->inbox)
                s->inbox = path;
        if (inbox || !may_hold_events(r))
                return 0;
        e = to_calendar(s->dav, r, path, &c);
        return e < 0 ? e : tell_calendar(s, &c);
}

/* The calendars directly in a collection. */
static int list_home(struct search *s, const char *path) {
        struct dav *d = s->dav;
        struct dav_asking a = {.found = on_child, .userdata = s};
        int e = dav_ask(d, &a,
                        &(struct http_request){.method = "PROPFIND", .path = path, .depth = "1", .body = about_calendars},
                        NULL);
        if (e >= 0 && e != 207)
                return http_fail_code(d->http, e, &a.url);
        return MIN(e, 0);
}

/* The scheduling inbox, when there is one and it can be seen. */
static int tell_inbox(struct search *s) {
        struct spot in;
        const char *path;
        if (!s->inbox)
                return 0;
        int e = look_at(s->dav, s->inbox, &in, &path);
        if (e < 0)
                return e;
        if (e != 207 || !(in.types & DAV_SCHEDULE_INBOX))
                return 0;
        struct dav_calendar c = in.calendar;
        c.path = s->inbox;
        c.name = "inbox";
        c.inbox = true;
        return s->found(&c, s->userdata);
}

/* --- a user --- */

/* Homes of others may be closed, or elsewhere: those that can be listed are, and the rest is told. What only failed for now is the whole's fault. */
static int list_homes(struct search *s, const struct spot *user) {
        struct dav *d = s->dav;
        uint32_t listed = 0;
        for (uint32_t i = 0; i < user->n_homes; i++) {
                const char *home;
                int e = same_server_path(d, user->homes[i], "the calendars", &home);
                if (e >= 0)
                        e = list_home(s, home);
                if (e < 0 && (e != -EIO || http_fault(d->http) != DAV_FAULT_REFUSED))
                        return e;
                listed += e >= 0;
                if (e < 0 && !s->left_out && !(s->left_out = strdup(http_error(d->http))))
                        return -ENOMEM;
        }
        return listed > 0 ? 0 : http_fail(d->http, DAV_FAULT_REFUSED, "%s", s->left_out);
}

/* A user, whose homes say where the calendars are. 1: listed; 0: it has no home. */
static int read_user(struct search *s, const struct spot *at) {
        struct dav *d = s->dav;
        struct spot user = *at;
        const char *path, *principal;
        if (at->n_homes == 0 && at->principal) {
                int e = same_server_path(d, at->principal, "the user", &principal);
                if (e >= 0)
                        e = look_at(d, principal, &user, &path);
                if (e >= 0 && e != 207)
                        return http_fail_code(d->http, e,
                                              &(struct dav_url){.host = http_base(d->http)->host, .path = principal});
                if (e < 0)
                        return e;
        }
        if (user.n_homes == 0)
                return 0;
        int e = 0;
        if (user.inbox && same_server_path(d, user.inbox, "the inbox", &s->inbox) == -ENOMEM)
                e = -ENOMEM;
        if (e >= 0)
                e = list_homes(s, &user);
        if (e >= 0)
                e = tell_inbox(s);
        return e < 0 ? e : 1;
}

/* What the owner wrote is a calendar, holds calendars, or leads to a user. 1: told; 0: there is nothing there. */
static int discover_from(struct search *s, const char *path, int *ret_code) {
        struct dav *d = s->dav;
        struct spot at;
        const char *where;
        int e = look_at(d, path, &at, &where);
        if (e < 0)
                return e;
        *ret_code = e;
        if (e != 207)
                return 0;
        s->nobody = s->nobody || at.nobody;
        if (at.types & DAV_CALENDAR)
                return (e = tell_calendar(s, &at.calendar)) < 0 ? e : 1;
        /* At the root everything of everybody may lie. */
        if (at.types & DAV_COLLECTION && at.n_homes == 0 && strcmp(where, "/") != 0) {
                e = list_home(s, where);
                if (e < 0 && (e != -EIO || http_fault(d->http) != DAV_FAULT_REFUSED))
                        return e;
                if (s->calendars > 0)
                        return (e = tell_inbox(s)) < 0 ? e : 1;
        }
        return read_user(s, &at);
}

static int fail_nothing(struct dav *d, int code, bool nobody) {
        const struct dav_url *base = http_base(d->http);
        /* What is wrong with the address that was written says more than what a guess gave. */
        if (code != 207)
                return http_fail_code(d->http, code, base);
        if (nobody)
                return http_fail(d->http, DAV_FAULT_REFUSED,
                                 "%s shows no calendars to somebody it does not know: write the user and `password:`",
                                 base->host);
        return http_fail(d->http, DAV_FAULT_REFUSED, "%s has no calendars at %s: is the address right?", base->host,
                         base->path);
}

int dav_discover(struct dav *d, int (*found)(const struct dav_calendar *calendar, void *userdata), void *userdata,
                 char **ret_left_out) {
        struct search s = {.dav = d, .found = found, .userdata = userdata};
        const struct dav_url *base = http_base(d->http);
        int code = 0, known_code = 0;
        arena_reset(d->arena);
        s.told = arena_new0(d->arena, const char *, CALENDARS_MAX);
        int e = s.told ? discover_from(&s, base->path, &code) : -ENOMEM;
        /* A place that was written and is not there is a slip of the pen: other calendars are not what was meant. */
        bool lost = (code == 403 || code == 404 || code == 410) && strcmp(base->path, "/") != 0;
        if (e == 0 && !lost)
                e = discover_from(&s, well_known, &known_code);
        if (e == 0)
                e = fail_nothing(d, code, s.nobody);
        if (e < 0) {
                free(s.left_out);
                return e;
        }
        *ret_left_out = s.left_out;
        return 0;
}
