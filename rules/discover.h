/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who looks like a client and is not declared as one: computed from the observations, like everything else, and only ever
 * proposed. Whoever is proposed wrote to the owner and was written to, over weeks, in conversations, about work: quotes and
 * invoices of the owner's, orders, meetings, things asked for by day. Programs, lists, mailings, colleagues, suppliers who
 * send invoices, and private correspondents at providers of free mail are not. */

#include "parsers/arena.h"
#include "rules/fold.h"

struct discovered_person {
        const char *email, *name; /* as last written; name may be NULL */
        uint32_t received, sent;
};

/* The people of a proposal that are named. */
#define DISCOVERED_PEOPLE_MAX 4U

struct discovered {
        const char *id;              /* fit for `id:`, no other client's and no other proposal's */
        const char *name;            /* of the organisation's domain, or of the person; never NULL */
        const char *match;           /* "@dupont.example", or a full address where the domain says nothing */
        const char *time_zone;       /* IANA name that its clocks show clearly, when it is not the owner's; NULL */
        const struct client *client; /* already has people of this organisation by their addresses: extend it; NULL */
        uint32_t score;              /* what the order follows */
        uint32_t received, sent;     /* messages that people wrote, to the owner and by the owner */
        uint32_t answers;            /* of them, those that answer the other side */
        uint32_t weeks;              /* calendar weeks with any */
        uint32_t meetings;
        uint32_t business; /* quotes, invoices and the like of the owner's; orders and briefs of theirs */
        uint32_t asked;    /* times they asked the owner for something */
        instant first_at, last_at;
        struct discovered_person people[DISCOVERED_PEOPLE_MAX]; /* who wrote and was written to most */
        uint32_t n_people;                                      /* of them all, also those not named */
};

struct discovery {
        const struct discovered *items; /* the likeliest first */
        size_t n;
        uint64_t messages; /* looked at */
        uint64_t own;      /* of them the owner's: none means that no sent mail was read, or an address is missing */
};

struct discover_options {
        instant now;                                         /* what is later is not looked at */
        const struct zone_table *zones;                      /* for time_zone; may be NULL */
        void (*progress)(uint64_t messages, void *userdata); /* now and then; may be NULL */
        void *userdata;
};

/* Strings belong to the arena (no ceiling) or to `settings`. The result depends on what was observed, never on the order in
 * which it was stored. 0, -ENOMEM, or what the feed returned. */
int discover(const struct observation_feed *feed, const struct settings *settings, const struct discover_options *options,
             struct arena *arena, struct discovery *ret) _must_check_;
