/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/dav_http.h"

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "daemon/clock.h"
#include "parsers/utf8.h"
#include "rules/remote.h"

/* RFC 9110 leaves the number open; well-known addresses take one or two. */
#define REDIRECTS_MAX 5U
#define SENTENCE_MAX 1000U
/* Strings of one request and its answer. */
#define REQUEST_ARENA_MAX (256U * 1024)
#define SHA256_SIZE 32U

struct http {
        CURL *curl;                  /* owned */
        struct curl_slist *headers;  /* owned: of the request at hand */
        struct arena *fixed, *arena; /* owned: for good; of the request at hand */
        struct dav_options options;
        char *secret; /* owned, wiped */
        struct dav_url base;
        unsigned long authentication; /* CURLAUTH_*: what the server was seen to want; 0 not known yet */
        bool refused;                 /* the secret was: it is never sent again */
        bool accepted;                /* it was, by an answer that is no refusal */
        bool heard;                   /* there was an answer, whichever */
        enum dav_fault fault;
        uint32_t retry_after;
        char error[SENTENCE_MAX];
        char curl_error[CURL_ERROR_SIZE];
        /* The request at hand. */
        const struct http_request *request;
        bool with_secret, tls, ours;
        bool sent; /* the secret, or what proves that we have it */
        int64_t received;
        int result; /* of piece(), or why the body was not read further */
        bool told;  /* error was set in a callback */
};

const struct dav_url *http_base(const struct http *h) {
        return &h->base;
}

enum dav_fault http_fault(const struct http *h) {
        return h->fault;
}

const char *http_error(const struct http *h) {
        return h->error;
}

uint32_t http_retry_after(const struct http *h) {
        return h->retry_after;
}

int http_fail(struct http *h, enum dav_fault fault, const char *format, ...) {
        va_list ap;
        va_start(ap, format);
        (void) vsnprintf(h->error, sizeof(h->error), format, ap);
        va_end(ap);
        /* It may hold what the server wrote. */
        (void) utf8_clean_line(h->error, strlen(h->error));
        h->fault = fault;
        return -EIO;
}

int http_fail_code(struct http *h, int code, const struct dav_url *url) {
        const char *host = url->host, *path = h->options.private ? "the address that is written" : url->path;
        if (code == 403)
                return http_fail(h, DAV_FAULT_REFUSED,
                                 "%s does not let this account read %s: is the address right, is the password good for "
                                 "calendars?",
                                 host, path);
        if (code == 404 || code == 410)
                return http_fail(h, DAV_FAULT_REFUSED, "%s has nothing at %s: is the address right?", host, path);
        if (code == 200)
                return http_fail(h, DAV_FAULT_REFUSED,
                                 "what %s has at %s is a page, no calendar server: its address for CalDAV is another one",
                                 host, path);
        if (code >= 500)
                return http_fail(h, DAV_FAULT_SERVER, "%s has a fault of its own (answer %d)", host, code);
        return http_fail(h, DAV_FAULT_REFUSED,
                         "%s does not answer as a calendar server (answer %d to %s): is the address right?", host, code,
                         path);
}

/* --- callbacks of libcurl --- */

static size_t on_body(char *data, size_t one, size_t n, void *userdata) {
        struct http *h = userdata;
        size_t size = one * n;
        long code = 0;
        (void) curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &code);
        h->received += (int64_t) size;
        if (h->received > h->options.body_bytes) {
                h->result = http_fail(h, DAV_FAULT_GARBAGE, "the answer of %s is longer than %" PRIi64 " MiB", h->base.host,
                                      h->options.body_bytes / (1024 * 1024));
                h->told = true;
                return CURL_WRITEFUNC_ERROR;
        }
        if (!h->request->piece)
                return size;
        h->result = MIN(h->request->piece((int) code, data, size, h->request->userdata), 0);
        return h->result < 0 ? CURL_WRITEFUNC_ERROR : size;
}

/* libcurl asks without the secret first where it does not know yet what the server wants, and does not say whether it came to send it. */
static int on_debug(CURL *curl, curl_infotype type, char *data, size_t size, void *userdata) {
        static const char field[] = "\r\nAuthorization:";
        struct http *h = userdata;
        (void) curl;
        h->sent = h->sent || (type == CURLINFO_HEADER_OUT && memmem(data, size, field, sizeof(field) - 1));
        return 0;
}

/* The certificate of the connection is the one whose fingerprint the owner wrote. `text` becomes its own. */
static bool is_pinned(struct http *h, char text[static 2 * SHA256_SIZE + 1]) {
        const struct curl_tlssessioninfo *tls = NULL;
        uint8_t digest[SHA256_SIZE];
        size_t size = sizeof(digest);
        unsigned n = 0;
        *text = 0;
        if (curl_easy_getinfo(h->curl, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls ||
            tls->backend != CURLSSLBACKEND_GNUTLS)
                return false;
        const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls->internals, &n);
        if (!chain || n == 0 || gnutls_fingerprint(GNUTLS_DIG_SHA256, &chain[0], digest, &size) < 0 ||
            size != sizeof(digest))
                return false;
        for (size_t i = 0; i < sizeof(digest); i++)
                (void) snprintf(text + 2 * i, 3, "%02x", digest[i]);
        return strcmp(h->options.fingerprint + strlen("sha256:"), text) == 0;
}

/* The connection stands, nothing was sent: the last moment to refuse. */
static int before_request(void *userdata, char *peer, char *own, int peer_port, int own_port) {
        (void) own, (void) peer_port, (void) own_port;
        struct http *h = userdata;
        if (!h->tls && h->with_secret && !h->options.plain && !remote_is_loopback(peer)) {
                (void) http_fail(
                        h, DAV_FAULT_CONFIGURATION,
                        "%s would get the password in clear: write https:// in the address, or `tls: none` beside it",
                        h->base.host);
                h->told = true;
                return CURL_PREREQFUNC_ABORT;
        }
        char text[2 * SHA256_SIZE + 1];
        if (h->tls && h->options.fingerprint && h->ours && !is_pinned(h, text)) {
                (void) http_fail(h, DAV_FAULT_TLS, "%s has another certificate than the one under `fingerprint`: sha256:%s",
                                 h->base.host, text);
                h->told = true;
                return CURL_PREREQFUNC_ABORT;
        }
        return CURL_PREREQFUNC_OK;
}

/* --- faults in words --- */

static gnutls_x509_crt_t leaf_of(struct http *h) {
        struct curl_certinfo *info = NULL;
        gnutls_x509_crt_t crt = NULL;
        if (curl_easy_getinfo(h->curl, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1)
                return NULL;
        for (const struct curl_slist *l = info->certinfo[0]; l; l = l->next) {
                if (strncmp(l->data, "Cert:", 5) != 0 || gnutls_x509_crt_init(&crt) < 0)
                        continue;
                const gnutls_datum_t pem = {(unsigned char *) l->data + 5, (unsigned) strlen(l->data + 5)};
                if (gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) >= 0)
                        return crt;
                gnutls_x509_crt_deinit(crt);
                crt = NULL;
        }
        return NULL;
}

static void day_of(time_t t, char *out, size_t size) {
        struct tm tm;
        if (!gmtime_r(&t, &tm) || strftime(out, size, "%Y-%m-%d", &tm) == 0)
                (void) snprintf(out, size, "an unknown day");
}

/* Whom the certificate is for: the first of its names. */
static void name_of(gnutls_x509_crt_t crt, char *out, size_t size) {
        size_t n = size;
        if (gnutls_x509_crt_get_subject_alt_name(crt, 0, out, &n, NULL) != GNUTLS_SAN_DNSNAME) {
                n = size;
                if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, out, &n) < 0)
                        (void) snprintf(out, size, "which cannot be read");
        }
        out[size - 1] = 0;
}

/* libcurl only says that the certificate is not good. */
static int fail_certificate(struct http *h, const char *host) {
        gnutls_x509_crt_t crt = leaf_of(h);
        if (!crt)
                return http_fail(h, DAV_FAULT_TLS, "the certificate of %s cannot be verified: %s", host, h->curl_error);
        char day[32];
        time_t now = clock_now(&(struct clock){.fixed = false}), until = gnutls_x509_crt_get_expiration_time(crt),
               from = gnutls_x509_crt_get_activation_time(crt);
        int e;
        if (until < now) {
                day_of(until, day, sizeof(day));
                e = http_fail(h, DAV_FAULT_TLS,
                              "the certificate of %s expired on %s: whoever runs the server must renew it, nothing was sent",
                              host, day);
        } else if (from > now) {
                day_of(from, day, sizeof(day));
                e = http_fail(h, DAV_FAULT_TLS, "the certificate of %s is only good from %s on: is the clock right?", host,
                              day);
        } else if (!gnutls_x509_crt_check_hostname(crt, host)) {
                char name[256];
                name_of(crt, name, sizeof(name));
                e = http_fail(h, DAV_FAULT_TLS,
                              "the certificate that %s shows is for another name, %s: is the address right?", host, name);
        } else if (gnutls_x509_crt_check_issuer(crt, crt))
                e = http_fail(h, DAV_FAULT_TLS,
                              "the certificate of %s is signed by itself: write its file as `ca:` or its `fingerprint:` if "
                              "it is right",
                              host);
        else
                e = http_fail(h, DAV_FAULT_TLS,
                              h->options.ca_written
                                      ? "the certificate of %s is signed by nobody who is in the file under "
                                        "`ca:`"
                                      : "the certificate of %s is signed by nobody that is trusted here: write "
                                        "the file of its authority as `ca:`",
                              host);
        gnutls_x509_crt_deinit(crt);
        return e;
}

static int fail_curl(struct http *h, CURLcode c, const struct dav_url *u) {
        long number = 0;
        const char *host = u->host;
        if (h->told)
                return -EIO;
        switch (c) {
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        case CURLE_COULDNT_RESOLVE_HOST:
                return http_fail(h, DAV_FAULT_CONNECT,
                                 "the name %s cannot be found: is it written right, is the network there?", host);
        case CURLE_COULDNT_CONNECT:
                (void) curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &number);
                return http_fail(h, DAV_FAULT_CONNECT, "no connection to %s: %s (is port %u right?)", host,
                                 number > 0 ? strerror((int) number) : h->curl_error, u->port);
        case CURLE_OPERATION_TIMEDOUT:
                return http_fail(h, DAV_FAULT_CONNECT,
                                 "%s does not answer, and was waited for long enough (is port %u right?)", host, u->port);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_INVALIDCERTSTATUS:
                return fail_certificate(h, host);
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
                return http_fail(h, DAV_FAULT_CONFIGURATION, "the file of certificates that vouch for %s cannot be used",
                                 host);
        case CURLE_SSL_CONNECT_ERROR:
                return http_fail(h, DAV_FAULT_TLS, "%s speaks no TLS on port %u, or none that is safe: is the port right?",
                                 host, u->port);
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
                return http_fail(h, DAV_FAULT_GARBAGE, "what answers at %s, port %u, is no web server: is the port right?",
                                 host, u->port);
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_PARTIAL_FILE:
                if (!h->heard && !u->tls)
                        return http_fail(h, DAV_FAULT_CONNECT,
                                         "%s hangs up without a word on port %u: must the address begin with https://?",
                                         host, u->port);
                return http_fail(h, DAV_FAULT_CONNECT, "the connection to %s was lost", host);
        default:
                return http_fail(h, DAV_FAULT_GARBAGE, "%s answers something that cannot be read: %s", host,
                                 *h->curl_error ? h->curl_error : curl_easy_strerror(c));
        }
}

/* --- a request --- */

static void add_header(struct http *h, const char *name, const char *value) {
        struct curl_slist *l = value ? curl_slist_append(h->headers, arena_printf(h->arena, "%s: %s", name, value)) : NULL;
        if (l)
                h->headers = l;
}

static void set_headers(struct http *h) {
        const struct http_request *q = h->request;
        curl_slist_free_all(h->headers);
        h->headers = NULL;
        add_header(h, "Depth", q->depth);
        add_header(h, "If-None-Match", q->if_none_match);
        add_header(h, "If-Modified-Since", q->if_modified_since);
        if (q->body)
                add_header(h, "Content-Type", "application/xml; charset=utf-8");
        /* No waiting for leave to send a hundred bytes. */
        struct curl_slist *l = curl_slist_append(h->headers, "Expect:");
        if (l)
                h->headers = l;
        (void) curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->headers);
}

static const unsigned long ways[] = {
        [DAV_AUTH_BEST] = CURLAUTH_BASIC | CURLAUTH_DIGEST,
        [DAV_AUTH_BASIC] = CURLAUTH_BASIC,
        [DAV_AUTH_DIGEST] = CURLAUTH_DIGEST,
        [DAV_AUTH_BEARER] = CURLAUTH_BEARER,
};

/* Both kinds of secret are put in, or taken out again: the handle remembers. */
static void set_secret(struct http *h, bool with_secret) {
        const struct dav_options *o = &h->options;
        unsigned long how = h->authentication ? h->authentication : ways[o->authentication];
        bool bearer = o->authentication == DAV_AUTH_BEARER;
        h->with_secret = with_secret;
        (void) curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH, with_secret ? how : CURLAUTH_NONE);
        (void) curl_easy_setopt(h->curl, CURLOPT_USERNAME, with_secret && !bearer ? o->user ? o->user : "" : NULL);
        (void) curl_easy_setopt(h->curl, CURLOPT_PASSWORD, with_secret && !bearer ? h->secret : NULL);
        (void) curl_easy_setopt(h->curl, CURLOPT_XOAUTH2_BEARER, with_secret && bearer ? h->secret : NULL);
}

static const char *header(struct http *h, const char *name) {
        struct curl_header *found;
        return curl_easy_header(h->curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK
                       ? arena_strdup(h->arena, found->value)
                       : NULL;
}

/* Seconds, or a date (RFC 9110, 10.2.3). */
static uint32_t retry_after(struct http *h) {
        const char *s = header(h, "Retry-After");
        if (!s)
                return 0;
        char *end;
        long long n = strtoll(s, &end, 10); /* a number that is too large becomes the largest */
        if (end == s || *end) {
                time_t t = curl_getdate(s, NULL);
                n = t < 0 ? 0 : t - clock_now(&(struct clock){.fixed = false});
        }
        return (uint32_t) MIN(MAX(n, 0LL), (long long) DAV_RETRY_MAX);
}

static int ask_once(struct http *h, const struct dav_url *u, int *ret_code) {
        const struct http_request *q = h->request;
        char *url = dav_url_format(u, h->arena);
        if (!url)
                return -ENOMEM;
        set_headers(h);
        bool ours = dav_url_same_server(u, &h->base);
        set_secret(h, ours && h->secret && !h->refused);
        h->tls = u->tls;
        h->ours = ours;
        h->sent = false;
        h->received = 0;
        h->result = 0;
        h->told = false;
        h->curl_error[0] = 0;
        (void) curl_easy_setopt(h->curl, CURLOPT_URL, url);
        /* Another server's certificate is verified in the usual way, whatever was written of ours. */
        bool pinned = h->options.fingerprint && !h->options.ca && ours;
        (void) curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYPEER, pinned ? 0L : 1L);
        (void) curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, pinned ? 0L : 2L);
        if (q->body) {
                (void) curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long) strlen(q->body));
                (void) curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, q->body);
        } else
                (void) curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
        (void) curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, q->method);

        CURLcode c = curl_easy_perform(h->curl);
        long code = 0, offered = 0;
        (void) curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &code);
        h->heard = h->heard || code > 0;
        if (h->result < 0)
                return h->result;
        if (c != CURLE_OK)
                return fail_curl(h, c, u);
        if (h->with_secret && !h->authentication && h->options.authentication == DAV_AUTH_BEST && code != 401 &&
            curl_easy_getinfo(h->curl, CURLINFO_HTTPAUTH_AVAIL, &offered) == CURLE_OK)
                h->authentication = (unsigned long) offered & CURLAUTH_DIGEST ? CURLAUTH_DIGEST
                                                                              : (unsigned long) offered & CURLAUTH_BASIC;
        *ret_code = (int) code;
        return 0;
}

static bool is_redirection(int code) {
        return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

/* Where to ask next. The secret never goes along to another server, so what needs it cannot be there either. */
static int follow(struct http *h, struct dav_url *u) {
        const char *location = header(h, "Location");
        struct dav_url next;
        int e = location ? dav_url_resolve(u, location, h->arena, &next) : -EINVAL;
        if (e < 0)
                return e == -ENOMEM ? e
                                    : http_fail(h, DAV_FAULT_GARBAGE,
                                                "%s sends us on, but not to an address that can be used", u->host);
        if (dav_url_same_server(&next, u)) {
                *u = next;
                return 0;
        }
        if (u->tls && !next.tls)
                return http_fail(h, DAV_FAULT_REFUSED, "%s sends us on to %s without TLS: not followed", u->host, next.host);
        if (!h->request->anywhere || h->secret) {
                const char *url = h->options.private ? NULL : dav_url_format(&next, h->arena);
                return http_fail(h, DAV_FAULT_REFUSED,
                                 "%s sends us on to another server, which does not get the password: write %s in the "
                                 "configuration if you trust it",
                                 u->host, url ? url : next.host);
        }
        *u = next;
        return 0;
}

/* The ways to log in that the server offers; none of them is one of ours. */
static int fail_mechanism(struct http *h, const struct dav_url *u, unsigned long offered) {
        static const struct {
                unsigned long bit;
                const char *name, *hint;
        } names[] = {
                {CURLAUTH_BEARER, "Bearer", ": write `auth: bearer`, and a command under `password:` that gives a token"},
                {CURLAUTH_BASIC, "Basic", ": write `auth: basic`"},
                {CURLAUTH_DIGEST, "Digest", ": write `auth: digest`"},
                {CURLAUTH_NEGOTIATE, "Negotiate", ", which adieu does not speak"},
                {CURLAUTH_NTLM, "NTLM", ", which adieu does not speak"},
        };
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (offered & names[i].bit)
                        return http_fail(h, DAV_FAULT_AUTHENTICATION,
                                         "%s lets nobody in with that way to log in, but with %s%s", u->host, names[i].name,
                                         names[i].hint);
        return http_fail(h, DAV_FAULT_AUTHENTICATION, "%s offers no way to log in that is known here", u->host);
}

static int fail_authentication(struct http *h, const struct dav_url *u) {
        unsigned long ours = ways[h->options.authentication];
        long offered = 0;
        (void) curl_easy_getinfo(h->curl, CURLINFO_HTTPAUTH_AVAIL, &offered);
        if (!h->secret)
                return http_fail(h, DAV_FAULT_AUTHENTICATION,
                                 "%s wants a user and a password: write the user into the address, and `password:`",
                                 u->host);
        if (!h->with_secret)
                return http_fail(h, DAV_FAULT_AUTHENTICATION, "%s wants a password that it does not get", u->host);
        /* The answer broke off, or whoever gave it is no calendar server: nothing was refused. */
        if (!h->sent && ((unsigned long) offered & ours || !header(h, "WWW-Authenticate")))
                return http_fail(h, DAV_FAULT_GARBAGE, "%s wants a login, and did not say to the end which (answer 401)",
                                 u->host);
        h->refused = true;
        if (!((unsigned long) offered & ours) && (offered != 0 || !h->sent))
                return fail_mechanism(h, u, (unsigned long) offered);
        if (h->options.authentication == DAV_AUTH_BEARER && h->accepted)
                return http_fail(h, DAV_FAULT_EXPIRED, "%s does not accept the token any longer", u->host);
        if (h->options.authentication == DAV_AUTH_BEARER)
                return http_fail(h, DAV_FAULT_AUTHENTICATION, "%s does not accept the token%s%s", u->host,
                                 h->options.user ? " of " : "", h->options.user ? h->options.user : "");
        return http_fail(h, DAV_FAULT_AUTHENTICATION,
                         "%s does not accept the user%s%s with this password (where a login has two factors, it must be one "
                         "made for programs)",
                         u->host, h->options.user ? " " : "", h->options.user ? h->options.user : "");
}

static int fail_busy(struct http *h, int code, const struct dav_url *u) {
        char wait[64] = "";
        h->retry_after = retry_after(h);
        if (h->retry_after > 0)
                (void) snprintf(wait, sizeof(wait), "; it wants to be left alone for %" PRIu32 " s", h->retry_after);
        return http_fail(h, DAV_FAULT_BUSY,
                         code == 429 ? "%s says that it is asked too often (answer %d)%s"
                                     : "%s is not at work for now (answer %d)%s",
                         u->host, code, wait);
}

int http_ask(struct http *h, const struct http_request *q, struct http_answer *ret) {
        arena_reset(h->arena);
        h->request = q;
        h->fault = DAV_FINE;
        h->retry_after = 0;
        h->error[0] = 0;
        if (h->refused)
                return http_fail(h, DAV_FAULT_AUTHENTICATION, "%s has refused the password before: it is not tried again",
                                 h->base.host);
        struct dav_url u = h->base;
        u.path = q->path;
        int code = 0;
        for (unsigned redirects = 0;; redirects++) {
                int e = ask_once(h, &u, &code);
                if (e < 0)
                        return e;
                if (!is_redirection(code))
                        break;
                if (redirects == REDIRECTS_MAX)
                        return http_fail(h, DAV_FAULT_REFUSED, "%s sends us on in a circle", u.host);
                if ((e = follow(h, &u)) < 0)
                        return e;
        }
        if (code == 401)
                return fail_authentication(h, &u);
        h->accepted = h->accepted || h->with_secret;
        if (code == 429 || code == 503)
                return fail_busy(h, code, &u);
        *ret = (struct http_answer){.code = code,
                                    .url = u,
                                    .etag = header(h, "ETag"),
                                    .last_modified = header(h, "Last-Modified"),
                                    .content_type = header(h, "Content-Type")};
        return 0;
}

/* --- the handle --- */

const char *dav_system_certificates(void) {
        return curl_version_info(CURLVERSION_NOW)->cainfo;
}

static void set_options(struct http *h) {
        const struct dav_options *o = &h->options;
        CURL *c = h->curl;
        (void) curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
        (void) curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        (void) curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
        (void) curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c, CURLOPT_USERAGENT, "adieu/" PACKAGE_VERSION);
        (void) curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
        (void) curl_easy_setopt(c, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        (void) curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
        (void) curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
        if (o->ca) {
                (void) curl_easy_setopt(c, CURLOPT_CAINFO, o->ca);
                (void) curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        }
        (void) curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long) o->connect_seconds);
        (void) curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void) curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long) o->idle_seconds);
        (void) curl_easy_setopt(c, CURLOPT_TIMEOUT, (long) o->request_seconds);
        (void) curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->curl_error);
        (void) curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
        (void) curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
        (void) curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_debug);
        (void) curl_easy_setopt(c, CURLOPT_DEBUGDATA, h);
        (void) curl_easy_setopt(c, CURLOPT_VERBOSE, 1L); /* calls on_debug() */
        (void) curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, before_request);
        (void) curl_easy_setopt(c, CURLOPT_PREREQDATA, h);
}

int http_new(const struct dav_options *options, struct http **ret) {
        struct http *h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        h->options = *options;
        struct dav_options *o = &h->options;
        o->connect_seconds = o->connect_seconds ? o->connect_seconds : DAV_CONNECT_SECONDS;
        o->idle_seconds = o->idle_seconds ? o->idle_seconds : DAV_IDLE_SECONDS;
        o->request_seconds = o->request_seconds ? o->request_seconds : DAV_REQUEST_SECONDS;
        o->body_bytes = o->body_bytes ? o->body_bytes : DAV_BODY_BYTES;
        int e = arena_new(0, &h->fixed);
        if (e >= 0)
                e = arena_new(REQUEST_ARENA_MAX, &h->arena);
        if (e >= 0)
                e = dav_url_parse(options->url, h->fixed, &h->base);
        if (e >= 0 && o->fingerprint)
                e = remote_fingerprint(h->fixed, o->fingerprint, &o->fingerprint);
        if (e >= 0) {
                o->user = arena_strdup(h->fixed, o->user ? o->user : h->base.user);
                o->ca = arena_strdup(h->fixed, o->ca);
                h->secret = o->secret ? strdup(o->secret) : NULL;
                h->curl = curl_easy_init();
                e = !h->curl || (o->secret && !h->secret) ? -ENOMEM : 0;
        }
        if (e < 0) {
                http_free(h);
                return e;
        }
        o->secret = o->url = NULL;
        set_options(h);
        *ret = h;
        return 0;
}

struct http *http_free(struct http *h) {
        if (!h)
                return NULL;
        if (h->curl)
                curl_easy_cleanup(h->curl);
        curl_slist_free_all(h->headers);
        if (h->secret) {
                explicit_bzero(h->secret, strlen(h->secret));
                free(h->secret);
        }
        arena_free(h->fixed);
        arena_free(h->arena);
        free(h);
        return NULL;
}
