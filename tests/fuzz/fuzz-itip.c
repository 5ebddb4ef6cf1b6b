/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Calendar streams: every event that is found must be clean, in range, and fit an observation. */

#include "parsers/calendar.h"
#include "parsers/limits.h"
#include "parsers/utf8.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "itip";

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

static void check_string(const char *s, size_t max) {
        FUZZ_CHECK(!s || (strlen(s) <= max && utf8_clean(s, strlen(s))));
}

static void check_moment(const struct moment *m) {
        FUZZ_CHECK(m->form <= MOMENT_DATE);
        FUZZ_CHECK(m->form == MOMENT_NONE ? m->at == 0 : m->at >= INSTANT_MIN && m->at <= INSTANT_MAX);
        FUZZ_CHECK(m->form != MOMENT_DATE || m->at % 86400 == 0);
}

static void check_attendee(const struct attendee *a) {
        FUZZ_CHECK(a->email);
        check_string(a->email, ADDRESS_MAX);
        check_string(a->sent_by, ADDRESS_MAX);
        check_string(a->name, NAME_MAX_BYTES);
}

static int found(const struct event *e, void *userdata) {
        uint32_t *n = userdata;
        (*n)++;
        FUZZ_CHECK(!str_empty(e->uid) && e->start.form != MOMENT_NONE && e->sequence >= 0);
        check_string(e->uid, MESSAGE_ID_MAX);
        check_string(e->summary, SUBJECT_MAX);
        check_string(e->comment, TEXT_MAX);
        check_string(e->rrule, TEXT_MAX);
        check_string(e->recurrence, OBSERVATION_SIZE_MAX);
        check_moment(&e->start);
        check_moment(&e->end);
        check_moment(&e->recurrence_id);
        FUZZ_CHECK(e->start.form != e->end.form || e->start.at <= e->end.at);
        FUZZ_CHECK(e->exdates.n <= EXCEPTION_DATES_MAX && e->attendees.n <= ATTENDEES_MAX);
        for (uint32_t i = 0; i < e->exdates.n; i++)
                check_moment(&e->exdates.items[i]);
        if (e->organizer)
                check_attendee(e->organizer);
        for (uint32_t i = 0; i < e->attendees.n; i++)
                check_attendee(&e->attendees.items[i]);

        const struct observation o = {
                .kind = OBSERVATION_EVENT, .seen_at = 0, .internal_date = INSTANT_UNKNOWN, .event = *e};
        struct observation back;
        _cleanup_buf_ struct buf b = {};
        _cleanup_arena_ struct arena *arena = NULL;
        FUZZ_CHECK(arena_new(0, &arena) == 0);
        FUZZ_CHECK(observation_encode(&o, false, &b) == 0);
        FUZZ_CHECK(observation_decode(b.data, b.size, arena, &back) == 0);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct calendar_result result = {};
        uint32_t n = 0;
        int r = calendar_parse((const char *) data, size, zones(), found, &n, &result);
        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        FUZZ_CHECK(r != 0 || result.events == n);
        return 0;
}
