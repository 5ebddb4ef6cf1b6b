/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Hears from the kernel (rtnetlink) when this machine gets other addresses: another network, a cable, a tunnel. A connection that was open before leads nowhere
 * then, which it would tell only when somebody writes to it. */

#include <systemd/sd-event.h>

#include "parsers/base.h"

struct network;

/* changed() is called, from the loop, when the addresses are others than before and there are any. Addresses of this machine alone (127.0.0.0/8, ::1) and of a
 * link alone (fe80::/10) do not count, nor does it that the lifetime of one is set anew, as routers do every few minutes. 0; a negative errno where there is
 * no such thing (a sandbox without AF_NETLINK): then nobody hears of it. */
int network_new(sd_event *event, void (*changed)(void *userdata), void *userdata, struct network **ret) _must_check_;
struct network *network_free(struct network *n); /* accepts NULL */
