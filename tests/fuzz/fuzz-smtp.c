/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Whatever a mail server says: there is an outcome, its words are clean, and it is done only when that was said at the end. The whole
 * conversation lies in a socket before it begins. */

#include <sys/socket.h>
#include <unistd.h>

#include "daemon/smtp.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "smtp";

/* What fits the socket without anybody reading. */
#define SAYS_MAX ((size_t) 64 * 1024)

struct watch {
        enum send_stage last;
        unsigned finals;
};

static int on_stage(enum send_stage stage, void *userdata) {
        struct watch *w = userdata;
        FUZZ_CHECK(stage >= w->last && stage < SEND_DONE);
        w->last = stage;
        w->finals += stage == SEND_ACCEPTED_UNKNOWN;
        return 0;
}

static void check_outcome(const struct smtp_outcome *o, const struct watch *w) {
        FUZZ_CHECK(o->stage >= SEND_CONNECT && o->stage < _SEND_STAGE_MAX && o->text[0]);
        FUZZ_CHECK(utf8_clean(o->text, strlen(o->text)) && !strpbrk(o->text, "\n\t"));
        FUZZ_CHECK(o->stage != SEND_DONE || (o->code / 100 == 2 && w->finals == 1));
        FUZZ_CHECK(o->stage != SEND_ACCEPTED_UNKNOWN || w->finals == 1);
        FUZZ_CHECK(w->finals <= 1 && !(o->permanent && o->configuration));
        FUZZ_CHECK(!o->permanent || o->stage >= SEND_FROM);
        /* Before the login nobody there knows it. */
        FUZZ_CHECK(o->stage != SEND_AUTH || o->code == 0 || !strstr(o->text, "hunter2"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const enum auth_mechanism mechanisms[] = {AUTH_BEST, AUTH_PLAIN, AUTH_LOGIN, AUTH_XOAUTH2, AUTH_OAUTHBEARER};
        if (size < 1 || size - 1 > SAYS_MAX)
                return 0;
        struct remote remote = {.host = "localhost", .port = 1, .tls = REMOTE_PLAIN, .user = "me"};
        remote.auth = mechanisms[data[0] % ELEMENTSOF(mechanisms)];
        if (data[0] & 0x80) {
                remote.tls = REMOTE_STARTTLS;
                remote.fingerprint = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
        }
        struct watch watch = {0};
        char secret[] = "hunter2";
        struct smtp_job job = {
                .remote = &remote,
                .secret = data[0] & 0x40 ? secret : NULL,
                .secret_size = data[0] & 0x40 ? strlen(secret) : 0,
                .from = "a@b.example",
                .recipient = "c@d.example",
                .mail = "x\n.y",
                .size = 4,
                .command_usec = UINT64_C(60000000),
                .final_usec = UINT64_C(60000000),
                .stage = on_stage,
                .userdata = &watch,
        };
        struct smtp_outcome o;
        struct connection *c;
        int pair[2], room = (int) SAYS_MAX * 4;
        FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        (void) setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        FUZZ_CHECK(send(pair[1], data + 1, size - 1, MSG_DONTWAIT) == (ssize_t) (size - 1));
        (void) shutdown(pair[1], SHUT_WR);
        FUZZ_CHECK(connection_new(&remote, &c) == 0);
        FUZZ_CHECK(connection_adopt(c, pair[0]) == 0);
        smtp_send(c, &job, &o);
        check_outcome(&o, &watch);
        FUZZ_CHECK(!job.secret || o.stage <= SEND_AUTH || secret[0] == 0);
        connection_free(c);
        (void) close(pair[1]);
        return 0;
}
