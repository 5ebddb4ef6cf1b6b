/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/dav.h"

#include "daemon/dav_internal.h"

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

static int on_response(const struct dav_response *response, void *userdata) {
        struct dav_asking *a = userdata;
        return a->result = a->found(response, a->userdata);
}

/* What other answers say beside their code is for people. */
static int on_piece(int code, const void *data, size_t size, void *userdata) {
        struct dav_asking *a = userdata;
        if (code != 207)
                return 0;
        int e = a->reader ? 0 : multistatus_new(on_response, a, &a->reader);
        return e < 0 ? e : multistatus_feed(a->reader, data, size);
}

static int fail_garbage(struct dav *d, int error, const char *host) {
        if (error == -EMSGSIZE)
                return http_fail(d->http, DAV_FAULT_GARBAGE, "%s answers with more than a calendar server should", host);
        return http_fail(d->http, DAV_FAULT_GARBAGE, "%s answers something that is not WebDAV, or is cut off", host);
}

/* What answered is kept beyond the next request. */
static int keep_url(struct dav *d, struct dav_asking *a, const struct dav_url *url) {
        a->url = *url;
        a->url.path = arena_strdup(d->arena, url->path);
        a->url.host = arena_strdup(d->arena, url->host);
        return a->url.path && a->url.host ? 0 : -ENOMEM;
}

static int end_multistatus(struct dav_asking *a, char **ret_token) {
        struct multistatus_result result = {};
        int e = a->reader ? multistatus_end(a->reader, &result) : -EBADMSG;
        if (e >= 0 && ret_token && result.sync_token && !(*ret_token = strdup(result.sync_token)))
                e = -ENOMEM;
        return e < 0 ? e : 207;
}

int dav_ask(struct dav *d, struct dav_asking *a, const struct http_request *question, char **ret_token) {
        struct http_request q = *question;
        struct http_answer answer;
        q.piece = on_piece;
        q.userdata = a;
        int e = http_ask(d->http, &q, &answer);
        if (e >= 0)
                e = keep_url(d, a, &answer.url);
        if (e >= 0)
                e = answer.code == 207 ? end_multistatus(a, ret_token) : answer.code;
        if (a->result < 0)
                e = a->result;
        else if (e == -EBADMSG || e == -EMSGSIZE)
                e = fail_garbage(d, e, http_base(d->http)->host);
        a->reader = multistatus_free(a->reader);
        return e;
}

int dav_own_path(struct dav *d, const char *href, const char **ret) {
        const struct dav_url *base = http_base(d->http);
        struct dav_url u;
        int e = dav_url_resolve(base, href, d->arena, &u);
        if (e == -ENOMEM)
                return e;
        /* Servers behind a proxy write the address that they know of themselves: the path is what counts. Only whole addresses of other hosts are others. */
        if (e < 0 || strcmp(u.host, base->host) != 0)
                return 0;
        *ret = u.path;
        return 1;
}

/* --- a single file --- */

int dav_begins_as_calendar(const char *data, size_t size) {
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
        return http_fail(d->http, DAV_FAULT_GARBAGE,
                         "what %s gives is no calendar but something else, such as a page for people: the address must be "
                         "that of an .ics "
                         "file",
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
        int begins = dav_begins_as_calendar(x->head, x->n_head);
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
