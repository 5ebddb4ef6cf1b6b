/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The send role: the process that talks to the owner's mail server. It gets one mail, one recipient and one secret over its socket, closes
 * itself in, sends, tells every step before it takes it, and ends. */

#include "daemon/role.h"

#define SEND_WIRE_VERSION UINT64_C(1)
/* Role to core, one packet each: a number of these, then what belongs to it. */
enum send_word {
        SEND_WORD_STAGE = 1, /* stage: about to be entered. That of the final dot goes out before the dot does */
        SEND_WORD_OUTCOME,   /* stage, code, permanent, configuration, text */
};
/* Room for a packet in either direction: a remote, two addresses, a secret. */
#define SEND_PACKET_MAX (64U * 1024)

/* Core to role, one packet with a descriptor (the mail): version, silence and final limits in microseconds, whether it is only tried, the remote, from, recipient, and the
 * secret last. Returns the exit status of the process. */
int role_send(void);
