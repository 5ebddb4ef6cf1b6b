/* SPDX-License-Identifier: GPL-3.0-or-later */

/* winmail.dat: texts are clean and within their caps, attachments lie in the stream, and a meeting is iCalendar that can be read. */

#include "parsers/calendar.h"
#include "parsers/limits.h"
#include "parsers/text.h"
#include "parsers/tnef.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "tnef";

static struct charset_set *charsets;
static struct zone_table *zones;

static void prepare(void) {
        const struct zone_change changes[] = {{1774746000, 7200}, {1792890000, 3600}, {1806195600, 7200}};
        struct zone *zone;
        if (charsets)
                return;
        FUZZ_CHECK(charset_open(&charsets) == 0 && zone_table_new(&zones) == 0);
        FUZZ_CHECK(zone_new_from_changes("Europe/Paris", 3600, changes, ELEMENTSOF(changes), &zone) == 0);
        FUZZ_CHECK(zone_table_add(zones, zone) == 0);
}

static void check_string(const char *s, size_t max) {
        FUZZ_CHECK(!s || (strlen(s) <= max && utf8_clean(s, strlen(s))));
}

static int found(const struct event *e, void *userdata) {
        uint32_t *n = userdata;
        (*n)++;
        FUZZ_CHECK(e->start.form != MOMENT_NONE && !str_empty(e->uid));
        return 0;
}

static void check_meeting(const struct tnef *t) {
        struct address from = {"Jean", "jean@dupont.example"}, to = {"\"x;y:", "camille@studio.example"};
        struct address_list none = {0}, from_list = {&from, 1}, to_list = {&to, 1};
        const struct tnef_envelope envelope = {&from_list, &to_list, &none, "Subject", 1772437890, zones};
        _cleanup_buf_ struct buf b = {0};
        struct calendar_result result;
        bool unread = false;
        uint32_t n = 0;
        int r = tnef_calendar(t, &envelope, &b, &unread);
        FUZZ_CHECK(r == 0 || r == -ENODATA);
        if (r < 0) {
                FUZZ_CHECK(b.size == 0);
                return;
        }
        FUZZ_CHECK(calendar_parse(b.data, b.size, zones, found, &n, &result) == 0);
        FUZZ_CHECK(n == result.events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_arena_ struct arena *arena = NULL;
        struct tnef t;
        prepare();
        FUZZ_CHECK(arena_new(0, &arena) == 0);
        int r = tnef_parse(data, size, charsets, arena, &t);
        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        check_string(t.message_class, NAME_MAX_BYTES);
        check_string(t.subject, SUBJECT_MAX);
        check_string(t.text, TEXT_PART_MAX);
        check_string(t.html, TEXT_PART_MAX);
        check_string(t.rich_text, TEXT_PART_MAX);
        FUZZ_CHECK(t.n_attachments <= ATTACHMENTS_MAX);
        for (uint32_t i = 0; i < t.n_attachments; i++) {
                const struct tnef_attachment *a = &t.attachments[i];
                check_string(a->name, NAME_MAX_BYTES);
                check_string(a->media_type, NAME_MAX_BYTES);
                const uint8_t *p = a->data;
                FUZZ_CHECK(a->media_type && (!p || (p >= data && (size_t) (data + size - p) >= a->size)));
        }
        check_meeting(&t);
        return 0;
}
