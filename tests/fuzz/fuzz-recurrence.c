/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Series: instances come in order, once each, inside the window, whatever the rule. The first byte chooses a start to put
 * before the input, so that rules alone are useful inputs; other first bytes leave the input as it is. */

#include "parsers/buf.h"
#include "parsers/calendar.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "recurrence";

#define INSTANCES_MAX 100

static struct zone_table *zones(void) {
        static struct zone_table *table;
        if (!table) {
                const struct zone_change changes[] = {{1774746000, 7200}, {1792890000, 3600}, {1806195600, 7200}};
                struct zone *zone = NULL;
                FUZZ_CHECK(zone_table_new(&table) == 0);
                FUZZ_CHECK(zone_new_from_changes("Europe/Paris", 3600, changes, ELEMENTSOF(changes), &zone) == 0);
                FUZZ_CHECK(zone_table_add(table, zone) == 0);
        }
        return table;
}

static void build(const uint8_t *data, size_t size, struct buf *b) {
        static const char *const starts[] = {
                "DTSTART;TZID=Europe/Paris:20260302T090000\n",
                "DTSTART;TZID=Europe/Paris:20260102T023000\n",
                "DTSTART;VALUE=DATE:20240229\n",
                "DTSTART:20260131T100000\n",
                "DTSTART:20260131T100000Z\n",
                "DTSTART;TZID=Europe/Paris:19000101T000000\n",
        };
        size_t start = size > 0 ? (size_t) (data[0] - '0') : ELEMENTSOF(starts);
        if (start < ELEMENTSOF(starts)) {
                buf_add_str(b, "BEGIN:VCALENDAR\nBEGIN:VEVENT\n");
                buf_add_str(b, starts[start]);
                buf_add(b, data + 1, size - 1);
                buf_add_str(b, "\nEND:VEVENT\nEND:VCALENDAR\n");
        } else
                buf_add(b, data, size);
        FUZZ_CHECK(b->error == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct moment instances[INSTANCES_MAX];
        uint32_t n = 0;
        bool truncated;
        const instant from = 1772000000, to = 1900000000;
        _cleanup_buf_ struct buf b = {};
        build(data, size, &b);
        int r = recurrence_expand(b.size > 0 ? b.data : "", zones(), from, to, instances, INSTANCES_MAX, &n, &truncated);
        FUZZ_CHECK(r == 0 || r == -EOPNOTSUPP || r == -EBADMSG);
        FUZZ_CHECK(n <= INSTANCES_MAX);
        for (uint32_t i = 0; i < n; i++) {
                FUZZ_CHECK(instances[i].form != MOMENT_NONE && instances[i].at >= from && instances[i].at <= to);
                FUZZ_CHECK(i == 0 || instances[i].at > instances[i - 1].at);
        }
        return 0;
}
