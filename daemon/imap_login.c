/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include <nettle/base64.h>

#include "daemon/imap.h"

/* Who we are, as the server wants to hear it. The dialogue is our own: libsasl would load modules, which a locked-in role cannot, and libetpan's OAuth knows no
 * second line of a refusal. The secret is wiped from every buffer that is ours, and from the stream's. */

static void wipe_stream(struct imap *i) {
        mailstream *s = i->session->imap_stream;
        if (s->write_buffer && s->buffer_max_size > 0)
                explicit_bzero(s->write_buffer, s->buffer_max_size);
}

static void wiped_free(char **p) {
        if (*p)
                explicit_bzero(*p, strlen(*p));
        free(*p);
}
#define _cleanup_wiped_ _cleanup_(wiped_free)

static int send_line(struct imap *i, const char *a, const char *b, const char *c) {
        mailstream *s = i->session->imap_stream;
        const char *const parts[] = {a, b, c, "\r\n"};
        for (size_t n = 0; n < ELEMENTSOF(parts); n++)
                if (parts[n] && mailstream_write(s, parts[n], strlen(parts[n])) < 0)
                        return imap_broken(i, MAILIMAP_ERROR_STREAM);
        int rc = mailstream_flush(s);
        wipe_stream(i);
        return rc < 0 ? imap_broken(i, MAILIMAP_ERROR_STREAM) : 0;
}

/* --- what a refusal means --- */

static int refused(struct imap *i, const char *said) {
        char text[300];
        const struct remote *r = &i->account->remote;
        (void) fetcher_clean(said, text, sizeof(text));
        if (imap_passes(i, text))
                return fetcher_end(i->fetcher, FETCH_END_LOST, "%s cannot log %s in now: %s", r->host, r->user, text);
        /* A token ends by itself, and the command that gives it will give a new one: nobody is locked out for it. */
        bool token = auth_mechanism_is_token(r->auth);
        return fetcher_end(i->fetcher, token ? FETCH_END_LOST : FETCH_END_REFUSED, "%s refuses the %s of %s%s: %s", r->host,
                           token ? "token" : "password", r->user,
                           token ? "" : " (where a login has two factors, it must be one made for programs)",
                           *text ? text : "without a reason");
}

/* --- AUTHENTICATE --- */

/* One line of the answer: 1 the server wants another line; 0 logged in; -ENOMSG refused (*ret_said); other negatives after fetcher_end(). */
static int read_step(struct imap *i, const char **ret_said) {
        char tag[16];
        (void) snprintf(tag, sizeof(tag), "%i ", i->session->imap_tag);
        for (;;) {
                const char *line = mailimap_read_line(i->session);
                if (!line)
                        return imap_broken(i, MAILIMAP_ERROR_STREAM);
                if (line[0] == '+')
                        return 1;
                if (strncmp(line, tag, strlen(tag)) != 0)
                        continue; /* untagged: capabilities, a greeting of sorts */
                line += strlen(tag);
                if (strncasecmp(line, "OK", 2) == 0)
                        return 0;
                line += strcspn(line, " ");
                *ret_said = line + strspn(line, " ");
                return -ENOMSG;
        }
}

static char *base64(const char *data, size_t size) {
        char *out = malloc(BASE64_ENCODE_RAW_LENGTH(size) + 1);
        if (!out)
                return NULL;
        base64_encode_raw(out, size, (const uint8_t *) data);
        out[BASE64_ENCODE_RAW_LENGTH(size)] = 0;
        return out;
}

static int authenticate(struct imap *i, const char *mechanism, const char *response, size_t size) {
        _cleanup_wiped_ char *encoded = base64(response, size);
        const char *said = "";
        bool at_once = imap_can(i, "SASL-IR"), sent = at_once;
        if (!encoded)
                return imap_broken(i, MAILIMAP_ERROR_MEMORY);
        imap_allow(i, 0);
        if (mailimap_send_current_tag(i->session) != MAILIMAP_NO_ERROR)
                return imap_broken(i, MAILIMAP_ERROR_STREAM);
        char first[64];
        (void) snprintf(first, sizeof(first), "AUTHENTICATE %s%s", mechanism, at_once ? " " : "");
        int e = send_line(i, first, at_once ? encoded : NULL, NULL);
        while (e >= 0 && (e = read_step(i, &said)) == 1) {
                /* A second question is how OAuth says why not: an empty line ends it (RFC 7628 section 3.2.3). */
                e = sent ? send_line(i, strcmp(mechanism, "OAUTHBEARER") == 0 ? "AQ==" : "", NULL, NULL)
                         : send_line(i, encoded, NULL, NULL);
                sent = true;
        }
        if (e == -ENOMSG) {
                encoded[strcspn(encoded, "=")] = 0;
                return refused(i, strstr(said, encoded) ? "(it repeats what was said to it)" : said);
        }
        if (e >= 0)
                i->session->imap_state = MAILIMAP_STATE_AUTHENTICATED;
        return e;
}

static int plain(struct imap *i) {
        const char *user = i->account->remote.user, *secret = i->account->secret;
        size_t size = 1 + strlen(user) + 1 + strlen(secret);
        char *response = calloc(1, size + 1);
        if (!response)
                return imap_broken(i, MAILIMAP_ERROR_MEMORY);
        memcpy(response + 1, user, strlen(user));
        memcpy(response + 1 + strlen(user) + 1, secret, strlen(secret));
        int e = authenticate(i, "PLAIN", response, size);
        explicit_bzero(response, size);
        free(response);
        return e;
}

static int oauth(struct imap *i, bool bearer) {
        const struct remote *r = &i->account->remote;
        _cleanup_buf_ struct buf name = {0};
        /* In the first part of RFC 5801 "," and "=" are written otherwise. */
        for (const char *p = r->user; *p; p++)
                (void) (*p == ','   ? buf_add_str(&name, "=2C")
                        : *p == '=' ? buf_add_str(&name, "=3D")
                                    : buf_add_char(&name, *p));
        (void) buf_add_char(&name, 0);
        char *response = NULL;
        int n = name.error < 0 ? -1
                : bearer ? asprintf(&response, "n,a=%s,\001host=%s\001port=%u\001auth=Bearer %s\001\001", name.data, r->host,
                                    r->port, i->account->secret)
                         : asprintf(&response, "user=%s\001auth=Bearer %s\001\001", r->user, i->account->secret);
        if (n < 0)
                return imap_broken(i, MAILIMAP_ERROR_MEMORY);
        int e = authenticate(i, bearer ? "OAUTHBEARER" : "XOAUTH2", response, (size_t) n);
        explicit_bzero(response, (size_t) n);
        free(response);
        return e;
}

/* --- LOGIN --- */

/* Room for all of it at once: a buffer that grows leaves what it held behind, where nobody wipes it. */
static int quote_secret(const char *s, struct buf *out) {
        size_t room = 2 * strlen(s) + sizeof("\"\"") + 1;
        if (!(out->data = malloc(room)))
                return -ENOMEM;
        out->data[0] = 0;
        out->allocated = room;
        return imap_quote(s, out);
}

static int login(struct imap *i) {
        _cleanup_buf_ struct buf user = {0};
        struct buf secret = {0};
        const char *said = "";
        int e = imap_quote(i->account->remote.user, &user);
        if (e >= 0)
                e = quote_secret(i->account->secret, &secret);
        (void) buf_add_char(&user, 0);
        (void) buf_add_char(&secret, 0);
        if (e == -ENOMEM || user.error == -ENOMEM)
                e = imap_broken(i, MAILIMAP_ERROR_MEMORY);
        else if (e < 0 || user.error < 0 || secret.error < 0)
                e = fetcher_end(i->fetcher, FETCH_END_FAULT, "the password of %s has a control character in it",
                                i->account->remote.user);
        imap_allow(i, 0);
        if (e >= 0 && mailimap_send_current_tag(i->session) != MAILIMAP_NO_ERROR)
                e = imap_broken(i, MAILIMAP_ERROR_STREAM);
        if (e >= 0 && mailstream_write(i->session->imap_stream, "LOGIN ", 6) < 0)
                e = imap_broken(i, MAILIMAP_ERROR_STREAM);
        if (e >= 0)
                e = send_line(i, user.data, " ", secret.data);
        if (e >= 0 && (e = read_step(i, &said)) == 1)
                e = fetcher_end(i->fetcher, FETCH_END_FAULT, "%s asks a question instead of logging in",
                                i->account->remote.host);
        if (secret.data)
                explicit_bzero(secret.data, secret.allocated);
        buf_free(&secret);
        if (e == -ENOMSG)
                return refused(i, said);
        if (e >= 0)
                i->session->imap_state = MAILIMAP_STATE_AUTHENTICATED;
        return e;
}

int imap_login(struct imap *i) {
        const struct remote *r = &i->account->remote;
        if (!r->user || !i->account->secret)
                return fetcher_end(
                        i->fetcher, FETCH_END_FAULT,
                        "nobody is named to log in to %s: write the user into the address, and where the password is",
                        r->host);
        if (!connection_is_safe(i->connection))
                return fetcher_end(i->fetcher, FETCH_END_FAULT,
                                   "the connection to %s is not protected: the password is not sent", r->host);
        switch (r->auth) {
        case AUTH_XOAUTH2:
        case AUTH_OAUTHBEARER:
                return oauth(i, r->auth == AUTH_OAUTHBEARER);
        case AUTH_PLAIN:
                return plain(i);
        case AUTH_LOGIN:
                return login(i);
        default:
                if (imap_can(i, "AUTH=PLAIN"))
                        return plain(i);
                if (!imap_can(i, "LOGINDISABLED"))
                        return login(i);
                return fetcher_end(i->fetcher, FETCH_END_FAULT,
                                   "%s takes no password: it may want a token (auth: xoauth2 or oauthbearer)", r->host);
        }
}
