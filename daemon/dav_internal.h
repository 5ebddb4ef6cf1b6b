/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the parts of the calendar client share: dav.c has the handle, questions and single files, dav_discover.c finds calendars, dav_list.c reads what is in them. */

#include "daemon/dav.h"
#include "daemon/dav_http.h"
#include "parsers/multistatus.h"

#define DAV_XML "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
#define DAV_NAMES "xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:S=\"http://calendarserver.org/ns/\""

struct dav {
        struct http *http;   /* owned */
        struct arena *arena; /* owned: what discovery found */
};

/* One question that is answered with a multistatus. */
struct dav_asking {
        int (*found)(const struct dav_response *response, void *userdata);
        void *userdata;
        struct dav_url url; /* that answered; in dav->arena */
        /* dav_ask()'s own: */
        struct multistatus *reader; /* owned */
        int result;                 /* what `found` gave */
};

/* *ret_token (may be NULL): the caller frees. 207, another code of the server, or a negative error as in dav.h. */
int dav_ask(struct dav *d, struct dav_asking *a, const struct http_request *question, char **ret_token) _must_check_;
/* The path of a response on the server that the owner wrote, in the arena: 1; 0 when it is somewhere else and not to be asked; -ENOMEM. */
int dav_own_path(struct dav *d, const char *href, const char **ret) _must_check_;
/* A page for people, from a proxy or a server that wants a login, is no calendar whatever its code. 1 it begins like a calendar, 0 it does not, -EAGAIN
 * too little to tell. */
int dav_begins_as_calendar(const char *data, size_t size);
