/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a WebDAV server says of its resources: multistatus bodies (RFC 4918, 13), the reports of RFC 6578 (sync-collection) and RFC 4791 (calendar-multiget), the
 * properties that lead to calendars (RFC 4791, 5397, 6638). Read as the bytes come, one response at a time, so that memory does not grow with the
 * body. Anything but elements and text is refused: no document types, hence no entities. */

#include "parsers/arena.h"
#include "parsers/buf.h"

enum dav_resource_type {
        DAV_COLLECTION = 1 << 0,
        DAV_CALENDAR = 1 << 1,
        DAV_SCHEDULE_INBOX = 1 << 2,
};

enum dav_component {
        DAV_VEVENT = 1 << 0,
        DAV_OTHER_COMPONENT = 1 << 1, /* tasks, journals ... */
};

/* Homes of one user: his own, and those of others who let him look in. */
#define MULTISTATUS_HOMES_MAX 32U

/* One DAV:response: what was found (properties of a propstat with another status than 2xx are left out). Strings are clean UTF-8 without blanks around them; NULL: not
 * given. */
struct dav_response {
        const char *href;    /* as the server wrote it: a path or a URL; dav_url_resolve() makes it comparable */
        int status;          /* of the resource as a whole; 0: none was written */
        unsigned types;      /* enum dav_resource_type */
        unsigned components; /* enum dav_component; 0: not said, then anything may be in it */
        bool can_sync;       /* supported-report-set names sync-collection */
        const char *display_name, *etag, *ctag, *sync_token, *content_type;
        const char *principal;    /* current-user-principal */
        const char *const *homes; /* calendar-home-set (RFC 4791, 6.2.1): each of them, n_homes */
        uint32_t n_homes;
        const char *inbox;    /* schedule-inbox-URL */
        bool unauthenticated; /* current-user-principal says that nobody is logged in */
        const char *data;     /* calendar-data, owned by the reader; NUL after `size` bytes */
        size_t size;
        int data_status; /* of the propstat that holds calendar-data; 0: none. 413: larger than MULTISTATUS_DATA_MAX, and left out */
};

struct multistatus_result {
        const char *sync_token; /* at the end of a sync-collection; NULL: none. Valid until multistatus_free() */
        uint32_t responses;
};

/* Text of one property that is kept; tokens and names are far below. */
#define MULTISTATUS_TEXT_MAX 4096U
/* One calendar object: as large as servers let them become with files attached to meetings. */
#define MULTISTATUS_DATA_MAX (20U * 1024 * 1024)
/* Elements one inside the other; the standards need 9. */
#define MULTISTATUS_DEPTH_MAX 32U
/* Responses of one body: as many files as a calendar may hold, and some. */
#define MULTISTATUS_RESPONSES_MAX 600000U
/* Bytes without an element or text coming to its end: attributes and comments that never do would be read again and again. */
#define MULTISTATUS_PIECE_MAX (64U * 1024)

struct multistatus;

/* `found` is called at the end of each response; what it gets is valid during the call. A negative result ends the reading and is returned by
 * multistatus_feed(). 0 or -ENOMEM. */
int multistatus_new(int (*found)(const struct dav_response *response, void *userdata), void *userdata,
                    struct multistatus **ret) _must_check_;
struct multistatus *multistatus_free(struct multistatus *m);
static inline void multistatus_freep(struct multistatus **m) {
        multistatus_free(*m);
}
/* The next bytes. 0; -EBADMSG not well-formed XML, or nothing that WebDAV says; -EMSGSIZE beyond a limit above; -ENOMEM; or what `found`
 * gave. An error sticks. */
int multistatus_feed(struct multistatus *m, const void *data, size_t size) _must_check_;
/* The end of the body. 0, or an error as above: -EBADMSG also when the body was cut off. */
int multistatus_end(struct multistatus *m, struct multistatus_result *ret) _must_check_;
