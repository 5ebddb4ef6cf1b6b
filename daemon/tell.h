/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is news, and that it is told once: the same for `adieu scan` and for the service. */

#include "daemon/judgement.h"

struct teller {
        /* One alert with something never told before by the outlet; n: how many were told in this run before it. 0 or negative errno, told on stderr. */
        int (*alert)(struct context *c, const struct alert *a, size_t n, void *userdata);
        /* All were handed out: make sure they arrived. 0 or negative errno, told on stderr. */
        int (*flush)(void *userdata);
        void *userdata;
};

/* Tells every open alert of which a breach was never told by that outlet, or that is to be told again, and notes them as told only when flush() went
 * well: a crash in between tells again rather than never. 0 or negative errno, told on stderr; nothing is noted then. */
int tell_news(struct context *c, const struct judgement *j, enum outlet outlet, const struct teller *teller,
              size_t *ret_news) _must_check_;
