/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the items of a calendar (files, or objects on a server) held when they were last read, component by component: what changed becomes an observation, and what is
 * no longer in any of them is one too. Shared by all kinds of calendars, so that a meeting is gone in the same way wherever it was. */

#include "daemon/reader.h"

/* What one item held. */
struct components {
        struct known_component *known; /* owned, sorted once loaded */
        size_t n;
};

/* From the store. 0 or a negative errno, which is fatal for the run. */
int components_load(struct reader *r, int64_t item, struct components *ret) _must_check_;
void components_free(struct components *c);
/* The item holds that event now: it is observed when it is new or another than before, and counts as seen. 0 or a negative errno. */
int components_see(struct reader *r, struct components *c, int64_t item, const struct observation *o,
                   instant internal_date) _must_check_;

/* Components that are no longer where they were; told when everything was read, since they may only have moved. */
struct departed {
        int64_t item;
        char *uid; /* owned */
        struct moment recurrence_id;
};
struct departures {
        struct departed *items; /* owned */
        size_t n, allocated;
};

void departures_free(struct departures *d);
/* Add what the item held and was not seen in it. 0 or -ENOMEM. */
int departures_add(struct departures *d, int64_t item, const struct components *c) _must_check_;
/* Add all that the item held: it is gone itself. 0 or a negative errno. */
int departures_add_item(struct reader *r, struct departures *d, int64_t item) _must_check_;
/* Those from number `from` on: an observation for each that is in no other item of a source that was tried in this pass. 0 or a negative errno. */
int departures_tell(struct reader *r, const struct departures *d, size_t from) _must_check_;

/* Items whose state is only written when what is missing in them was dealt with: until then they count as not read. */
struct late_items {
        struct store_item *items; /* owned, and their strings */
        size_t n;
};

void late_items_free(struct late_items *l);
/* A copy of the item. 0 or -ENOMEM. */
int late_items_add(struct late_items *l, const struct store_item *item) _must_check_;
/* Write them all, and forget them. 0 or a negative errno. */
int late_items_put(struct reader *r, struct late_items *l) _must_check_;

/* --- reading an item --- */

/* Does it end as a calendar does? A writer that does not replace a file at once could be seen with half of it written. */
bool calendar_ends_properly(int fd, int64_t size);
/* What could be read was, but not all that is there: keep that aside, once. `cut_off`: its end is missing, and will not come any more. `path`: what
 * a person can look up. 0 or a negative errno. */
int calendar_tell_incomplete(struct reader *r, const char *path, int64_t size, const struct ipc_reply_header *reply,
                             bool cut_off) _must_check_;
