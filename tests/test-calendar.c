/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parsers/buf.h"
#include "parsers/calendar.h"
#include "parsers/limits.h"
#include "parsers/utf8.h"

static struct zone_table *zones;

static int64_t seconds(const char *s) {
        struct civil c;
        assert_int_equal(civil_parse(s, &c, NULL, NULL), 0);
        return civil_seconds(&c);
}

static int set_up(void **state) {
        (void) state;
        const struct zone_change changes[] = {
                {seconds("2025-03-30T01:00"), 7200},
                {seconds("2025-10-26T01:00"), 3600},
                {seconds("2026-03-29T01:00"), 7200},
                {seconds("2026-10-25T01:00"), 3600},
        };
        static const char *const names[] = {"Europe/Paris", "Europe/Berlin"};
        assert_int_equal(zone_table_new(&zones), 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct zone *z;
                assert_int_equal(zone_new_from_changes(names[i], 3600, changes, ELEMENTSOF(changes), &z), 0);
                assert_int_equal(zone_table_add(zones, z), 0);
        }
        return 0;
}

static int tear_down(void **state) {
        (void) state;
        zones = zone_table_free(zones);
        return 0;
}

/* Events as text, one line each field that says something: what a test compares. */
struct dump {
        struct buf text;
        uint32_t events;
        int stop_with;
};

static void put_moment(struct buf *b, const char *name, const struct moment *m) {
        struct civil c = civil_from_seconds(m->at);
        if (m->form == MOMENT_NONE)
                return;
        buf_printf(b, " %s=%04d-%02d-%02d", name, c.year, c.month, c.day);
        if (m->form != MOMENT_DATE)
                buf_printf(b, "T%02d:%02d%s", c.hour, c.minute, m->form == MOMENT_INSTANT ? "Z" : "");
}

static void put_instant(struct buf *b, const char *name, instant at) {
        if (at != INSTANT_UNKNOWN)
                put_moment(b, name, &(struct moment){.form = MOMENT_INSTANT, .at = at});
}

static void put_string(struct buf *b, const char *name, const char *s) {
        if (s) {
                assert_true(utf8_clean(s, strlen(s)));
                buf_printf(b, " %s='%s'", name, s);
        }
}

static void put_attendee(struct buf *b, const char *name, const struct attendee *a) {
        assert_non_null(a->email);
        buf_printf(b, " %s=<%s>", name, a->email);
        put_string(b, "name", a->name);
        put_string(b, "sent_by", a->sent_by);
        if (a->participation_status != PARTICIPATION_NONE)
                buf_printf(b, " %s", participation_status_name(a->participation_status));
        if (a->resource)
                buf_add_str(b, " resource");
}

static int found(const struct event *e, void *userdata) {
        struct dump *d = userdata;
        struct buf *b = &d->text;
        d->events++;
        if (d->stop_with)
                return d->stop_with;
        assert_non_null(e->uid);
        buf_printf(b, "%s%s", e->method != ITIP_NONE ? itip_method_name(e->method) : "-", "");
        put_string(b, "uid", e->uid);
        if (e->sequence != 0)
                buf_printf(b, " sequence=%d", e->sequence);
        put_moment(b, "recurrence_id", &e->recurrence_id);
        if (e->this_and_future)
                buf_add_str(b, " this-and-future");
        put_moment(b, "start", &e->start);
        if (e->end.form != e->start.form || e->end.at != e->start.at)
                put_moment(b, "end", &e->end);
        put_instant(b, "dtstamp", e->dtstamp);
        put_instant(b, "last_modified", e->last_modified);
        put_instant(b, "created", e->created);
        if (e->status != EVENT_STATUS_NONE)
                buf_printf(b, " %s", event_status_name(e->status));
        put_string(b, "summary", e->summary);
        put_string(b, "comment", e->comment);
        if (e->organizer)
                put_attendee(b, "organizer", e->organizer);
        for (uint32_t i = 0; i < e->attendees.n; i++)
                put_attendee(b, "attendee", &e->attendees.items[i]);
        if (e->transparent)
                buf_add_str(b, " transparent");
        if (e->unknown_zone)
                buf_add_str(b, " unknown-zone");
        put_string(b, "rrule", e->rrule);
        for (uint32_t i = 0; i < e->exdates.n; i++)
                put_moment(b, "exdate", &e->exdates.items[i]);
        put_string(b, "recurrence", e->recurrence);
        buf_add_str(b, "\n");

        /* Whatever was read fits an observation. */
        const struct observation o = {.kind = OBSERVATION_EVENT, .internal_date = INSTANT_UNKNOWN, .event = *e};
        _cleanup_buf_ struct buf encoded = {};
        assert_int_equal(observation_encode(&o, false, &encoded), 0);
        return 0;
}

static int parse(const char *data, size_t size, struct dump *d, struct calendar_result *result) {
        /* Exactly as large as said, so that the sanitizers see a read beyond the end. */
        char *copy = malloc(MAX(size, (size_t) 1));
        assert_non_null(copy);
        memcpy(copy, data, size);
        int r = calendar_parse(copy, size, zones, found, d, result);
        free(copy);
        return r;
}

static void check(const char *ics, uint32_t malformed, uint32_t errors, const char *wanted) {
        struct dump d = {};
        struct calendar_result result = {};
        assert_int_equal(parse(ics, strlen(ics), &d, &result), 0);
        const char *is = d.text.data ? d.text.data : "";
        if (strcmp(is, wanted) != 0)
                fail_msg("%s\nis\n%swanted\n%s", ics, is, wanted);
        buf_free(&d.text);
        assert_int_equal(result.events, d.events);
        if (result.malformed != malformed || result.errors != errors)
                fail_msg("%s\n%u malformed, %u errors", ics, result.malformed, result.errors);
}

#define EVENT(lines) "BEGIN:VEVENT\nUID:u\n" lines "END:VEVENT\n"
#define CALENDAR(lines) "BEGIN:VCALENDAR\nVERSION:2.0\n" lines "END:VCALENDAR\n"

/* ---- The invitations of the large programs, in tests/fuzz/corpus/itip ------------------------------------------------ */

static void check_file(const char *name, const char *wanted) {
        char path[PATH_MAX], data[65536];
        const char *top = getenv("abs_top_srcdir");
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/itip/%s", top ? top : ".", name);
        FILE *f = fopen(path, "re");
        if (!f)
                fail_msg("%s is missing", path);
        size_t n = fread(data, 1, sizeof(data), f);
        fclose(f);
        struct dump d = {};
        struct calendar_result result;
        assert_int_equal(parse(data, n, &d, &result), 0);
        if (strcmp(d.text.data, wanted) != 0)
                fail_msg("%s is\n%swanted\n%s", name, d.text.data, wanted);
        buf_free(&d.text);
}

static void test_exchange(void **state) {
        (void) state;
        check_file("exchange-request.ics",
                   "REQUEST "
                   "uid='"
                   "040000008200E00074C5B7101A82E00800000000B0C7B5A0E1AADC010000000000000000100000004E0D2C5B5F5D4D4EA8B1C1B7"
                   "F0A1D2C3'"
                   " start=2026-03-02T08:00Z end=2026-03-02T09:00Z dtstamp=2026-02-23T14:29Z confirmed summary='Point "
                   "hebdomadaire'"
                   " organizer=<Jean.Dupont@dupont.example> name='Dupont Jean'"
                   " attendee=<camille@martin.example> name='camille@martin.example' needs-action"
                   " attendee=<salle.bleue@dupont.example> name='Salle Bleue' needs-action resource"
                   " rrule='FREQ=WEEKLY;UNTIL=20260629T070000Z;INTERVAL=1;BYDAY=MO;WKST=MO'"
                   " recurrence='BEGIN:VCALENDAR\nBEGIN:VEVENT\n"
                   "UID:"
                   "040000008200E00074C5B7101A82E00800000000B0C7B5A0E1AADC010000000000000000100000004E0D2C5B5F5D4D4EA8B1C1B7"
                   "F0A1D2C3\n"
                   "RRULE:FREQ=WEEKLY;UNTIL=20260629T070000Z;INTERVAL=1;BYDAY=MO;WKST=MO\n"
                   "DTSTART;TZID=Romance Standard Time:20260302T090000\nEND:VEVENT\nEND:VCALENDAR\n'\n");
        /* Exchange cancels a series with the DTSTART it once had. */
        check_file("exchange-cancel-series.ics", "CANCEL uid='040000008200E00074C5B7101A82E00800000000B0C7B5A0E1AADC01' "
                                                 "sequence=4 start=2025-01-06T08:00Z end=2025-01-06T09:00Z"
                                                 " dtstamp=2026-03-04T18:12Z cancelled summary='Annulé : Point "
                                                 "hebdomadaire' organizer=<jean.dupont@dupont.example>"
                                                 " name='Dupont Jean' attendee=<camille@martin.example> "
                                                 "name='camille@martin.example' needs-action transparent\n");
        check_file("exchange-custom-zone.ics", "REQUEST uid='custom-1' sequence=1 recurrence_id=2026-03-09T08:00Z "
                                               "start=2026-03-10T13:00Z end=2026-03-10T14:00Z"
                                               " dtstamp=2026-03-04T18:12Z organizer=<jean.dupont@dupont.example>\n");
}

static void test_google(void **state) {
        (void) state;
        check_file(
                "google-request.ics",
                "REQUEST uid='7kukuqrfedlm2f9t0vr3jp5r8o@google.example' start=2026-03-05T13:30Z end=2026-03-05T14:00Z "
                "dtstamp=2026-03-01T10:10Z"
                " last_modified=2026-03-01T10:10Z created=2026-03-01T10:10Z confirmed summary='Revue de sprint'"
                " organizer=<jean@dupont.example> name='Jean Dupont' attendee=<jean@dupont.example> name='Jean Dupont' "
                "accepted"
                " attendee=<camille@martin.example> name='camille@martin.example' needs-action rrule='FREQ=WEEKLY;BYDAY=TH'"
                " recurrence='BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=Europe/"
                "Paris:20260305T143000\nRRULE:FREQ=WEEKLY;BYDAY=TH\n"
                "UID:7kukuqrfedlm2f9t0vr3jp5r8o@google.example\nEND:VEVENT\nEND:VCALENDAR\n'\n");
        check_file("google-cancel-instance.ics",
                   "CANCEL uid='7kukuqrfedlm2f9t0vr3jp5r8o@google.example' sequence=1 recurrence_id=2026-03-12T13:30Z "
                   "start=2026-03-12T13:30Z"
                   " end=2026-03-12T14:00Z dtstamp=2026-03-12T12:05Z last_modified=2026-03-12T12:05Z "
                   "created=2026-03-01T10:10Z cancelled"
                   " summary='Revue de sprint' organizer=<jean@dupont.example> name='Jean Dupont'\n");
        check_file("google-reply.ics",
                   "REPLY uid='7kukuqrfedlm2f9t0vr3jp5r8o@google.example' start=2026-03-05T13:30Z end=2026-03-05T14:00Z "
                   "dtstamp=2026-03-02T08:00Z"
                   " confirmed comment='Je suis chez un client' organizer=<jean@dupont.example> name='Jean Dupont'"
                   " attendee=<camille@martin.example> name='Camille Martin' declined\n");
}

static void test_others(void **state) {
        (void) state;
        check_file(
                "apple-request.ics",
                "REQUEST uid='7E1F0E5C-53B3-4C07-9F9E-1C7B3A1B5C7A' start=2026-03-06T09:00Z end=2026-03-06T10:00Z "
                "dtstamp=2026-03-01T09:01Z"
                " created=2026-03-01T09:00Z summary='Déjeuner d’équipe' organizer=<jean@dupont.example> name='Jean Dupont'"
                " attendee=<camille@martin.example> name='Camille Martin' needs-action\n");
        check_file("outlook-counter.ics",
                   "COUNTER uid='040000008200E00074C5B7101A82E008' sequence=1 start=2026-03-10T09:00Z end=2026-03-10T10:30Z"
                   " dtstamp=2026-03-04T09:00Z summary='Nouvelle heure proposée : Point' comment='Plutôt mardi ?\nMerci'"
                   " organizer=<jean@dupont.example> name='Dupont, Jean' attendee=<camille@martin.example> name='Martin, "
                   "Camille'"
                   " sent_by='assistant@martin.example' tentative\n");
        check_file("declinecounter.ics",
                   "DECLINECOUNTER uid='040000008200E00074C5B7101A82E008' sequence=1 start=2026-03-09T08:00Z "
                   "dtstamp=2026-03-04T09:30Z"
                   " comment='Désolé, impossible' organizer=<jean@dupont.example> attendee=<camille@martin.example>\n");
        check_file("add-and-refresh.ics", "ADD uid='series-1@dupont.example' sequence=2 start=2026-03-11T08:00Z "
                                          "end=2026-03-11T09:00Z dtstamp=2026-03-04T09:30Z"
                                          " organizer=<jean@dupont.example> attendee=<camille@martin.example>\n"
                                          "REFRESH uid='series-1@dupont.example' start=2026-03-11T08:00Z "
                                          "dtstamp=2026-03-04T09:30Z organizer=<jean@dupont.example>"
                                          " attendee=<camille@martin.example>\n");
        check_file("latin1.ics", "- uid='l' start=2026-01-01T10:00Z summary='Réunion « été » – 5 €'\n");
        check_file("broken-nesting.ics", "- uid='a' start=2026-01-01T10:00Z\n- uid='c' start=2026-01-03T10:00Z\n");
}

/* ---- Times ----------------------------------------------------------------------------------------------------------- */

static void test_times(void **state) {
        (void) state;
        static const struct {
                const char *lines, *wanted;
        } cases[] = {
                {"DTSTART:20260302T085000Z\n", "start=2026-03-02T08:50Z"},
                {"DTSTART:20260302T085000\n", "start=2026-03-02T08:50"},
                {"DTSTART;VALUE=DATE:20260302\n", "start=2026-03-02"},
                {"DTSTART:20260302\n", "start=2026-03-02"},
                {"DTSTART;TZID=Europe/Paris:20260702T085000\n", "start=2026-07-02T06:50Z"},
                {"DTSTART;TZID=europe/paris:20260302T085000\n", "start=2026-03-02T07:50Z"},
                {"DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Paris:20260302T085000\n", "start=2026-03-02T07:50Z"},
                {"DTSTART;TZID=\"(UTC+01:00) Brussels, Paris\":20260302T085000\n", "start=2026-03-02T07:50Z"},
                {"DTSTART;TZID=UTC:20260302T085000\n", "start=2026-03-02T08:50Z"},
                {"DTSTART;TZID=Europe/Paris:20260302T085000Z\n", "start=2026-03-02T08:50Z"},
                {"DTSTART;TZID=Mars/Olympus:20260302T085000\n", "start=2026-03-02T08:50 unknown-zone"},
                {"DTSTART;TZID=Europe/Paris:20260329T023000\n", "start=2026-03-29T01:30Z"},
                {"DTSTART;TZID=Europe/Paris:20261025T023000\n", "start=2026-10-25T00:30Z"},
                {"DTSTART:20260302T235960Z\n", "start=2026-03-02T23:59Z"},
                {"DTSTART:20260302T240000Z\n", "start=2026-03-03T00:00Z"},
                /* ends */
                {"DTSTART:20260302T080000Z\nDTEND:20260302T090000Z\n", "start=2026-03-02T08:00Z end=2026-03-02T09:00Z"},
                {"DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260304\n", "start=2026-03-02 end=2026-03-04"},
                {"DTSTART;VALUE=DATE:20260302\nDURATION:P2D\n", "start=2026-03-02 end=2026-03-04"},
                {"DTSTART:20260302T080000Z\nDURATION:PT1H30M\n", "start=2026-03-02T08:00Z end=2026-03-02T09:30Z"},
                {"DURATION:P1W\nDTSTART:20260302T080000\n", "start=2026-03-02T08:00 end=2026-03-09T08:00"},
                /* a day on the clock is not always 24 hours */
                {"DTSTART;TZID=Europe/Paris:20260328T120000\nDURATION:P1D\n",
                 "start=2026-03-28T11:00Z end=2026-03-29T10:00Z"},
                {"DTSTART;TZID=Europe/Paris:20260328T120000\nDURATION:PT24H\n",
                 "start=2026-03-28T11:00Z end=2026-03-29T11:00Z"},
                {"DTSTART;TZID=Europe/Paris:20260302T080000\nDTEND:20260302T090000\n",
                 "start=2026-03-02T07:00Z end=2026-03-02T08:00Z"},
                {"DTSTART:20260302T080000Z\nDTEND:20260302T070000Z\n", "start=2026-03-02T08:00Z"},
                {"DTSTART:20260302T080000Z\nDURATION:-PT1H\n", "start=2026-03-02T08:00Z"},
                {"DTSTART:20260302T080000Z\nDTEND:20260332T070000Z\n", "start=2026-03-02T08:00Z"},
                {"DTSTART:20260302T080000Z\nDURATION:P4294967295W\n", "start=2026-03-02T08:00Z"},
                {"DTSTART:99991231T230000Z\nDURATION:PT2H\n", "start=9999-12-31T23:00Z"},
                /* stamps are UTC, with or without the Z */
                {"DTSTART:20260302T080000Z\nDTSTAMP:20260301T100000\nCREATED:20269901T000000Z\n",
                 "start=2026-03-02T08:00Z dtstamp=2026-03-01T10:00Z"},
                {"DTSTART:20260302T080000Z\nDTSTAMP;TZID=Nowhere:20260301T100000\n",
                 "start=2026-03-02T08:00Z dtstamp=2026-03-01T10:00Z"},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buf_ struct buf ics = {}, wanted = {};
                struct dump d = {};
                struct calendar_result result;
                buf_printf(&ics, CALENDAR("BEGIN:VEVENT\nUID:u\n%sEND:VEVENT\n"), cases[i].lines);
                buf_printf(&wanted, "- uid='u' %s\n", cases[i].wanted);
                assert_int_equal(parse(ics.data, ics.size, &d, &result), 0);
                if (result.events != 1 || strcmp(d.text.data, wanted.data) != 0)
                        fail_msg("%s: %s", cases[i].lines, d.text.data ? d.text.data : "none");
                buf_free(&d.text);
        }
}

static void test_impossible_times(void **state) {
        (void) state;
        static const char *const cases[] = {
                "",
                "DTSTART:\n",
                "DTSTART:garbage\n",
                "DTSTART:20259901T100000Z\n",
                "DTSTART:20250230T100000Z\n",
                "DTSTART:20250001T100000Z\n",
                "DTSTART:20250100T100000Z\n",
                "DTSTART:00000101T100000Z\n",
                "DTSTART:20250101T250000Z\n",
                "DTSTART:20250101T106000Z\n",
                "DTSTART:20250101T100061Z\n",
                "DTSTART:20250101T240001Z\n",
                "DTSTART;VALUE=DATE:20250229\n",
                "DTSTART:99999999999999999999\n",
                "DTSTART;VALUE=DATE:2025\n",
                "DTEND:20250101T100000Z\n",
                "DTSTART;TZID=Europe/Paris\n",
                /* whose instance? */
                "DTSTART:20260302T080000Z\nRECURRENCE-ID:20269999T080000Z\n",
                "DTSTART:20260302T080000Z\nRECURRENCE-ID:nonsense\n",
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buf_ struct buf ics = {};
                struct dump d = {};
                struct calendar_result result;
                buf_printf(&ics, CALENDAR("BEGIN:VEVENT\nUID:u\n%sEND:VEVENT\n" EVENT("DTSTART:20260302T080000Z\n")),
                           cases[i]);
                assert_int_equal(parse(ics.data, ics.size, &d, &result), 0);
                if (result.events != 1 || result.malformed != 1)
                        fail_msg("%s: %u events, %u malformed", cases[i], result.events, result.malformed);
                assert_string_equal(d.text.data, "- uid='u' start=2026-03-02T08:00Z\n");
                buf_free(&d.text);
        }
}

#define RULES(from, to) "TZOFFSETFROM:" from "\nTZOFFSETTO:" to "\n"
#define MINE                                                                                                                \
        "BEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\nDTSTART:19701025T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-"         \
        "1SU\n" RULES("+0200", "+0100") "END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYMONTH=" \
                                        "3;BYDAY=-1SU\n" RULES("+0100", "+0200") "END:DAYLIGHT\nEND:VTIMEZONE\n"

static void test_custom_zones(void **state) {
        (void) state;
        /* also behind the event that uses it */
        check(CALENDAR(EVENT("DTSTART;TZID=Mine:20260702T090000\n") MINE), 0, 0, "- uid='u' start=2026-07-02T07:00Z\n");
        check(MINE EVENT("DTSTART;TZID=Mine:20260102T090000\n"), 0, 0, "- uid='u' start=2026-01-02T08:00Z\n");
        check(CALENDAR(MINE EVENT("DTSTART;TZID=Mine:19750702T090000\n")), 0, 0, "- uid='u' start=1975-07-02T07:00Z\n");
        check_file("exchange-old.ics", "- uid='old' start=1975-07-02T07:00Z\n");
        /* a VCALENDAR that is cut off does not lend the zones of the next */
        check("BEGIN:VCALENDAR\n" EVENT("DTSTART;TZID=Mine:20260702T090000\n") CALENDAR(MINE), 0, 0,
              "- uid='u' start=2026-07-02T09:00 unknown-zone\n");
        /* a fixed one */
        check(CALENDAR("BEGIN:VTIMEZONE\nTZID:F\nBEGIN:STANDARD\nDTSTART:19700101T000000\n" RULES(
                      "-0330", "-0330") "END:STANDARD\nEND:VTIMEZONE\n" EVENT("DTSTART;TZID=F:20260102T090000\n")),
              0, 0, "- uid='u' start=2026-01-02T12:30Z\n");
        /* the system's zone wins over what the file says of it */
        check(CALENDAR("BEGIN:VTIMEZONE\nTZID:Europe/Paris\nBEGIN:STANDARD\nDTSTART:19700101T000000\n" RULES(
                      "+0900",
                      "+0900") "END:STANDARD\nEND:VTIMEZONE\n" EVENT("DTSTART;TZID=Europe/Paris:20260102T090000\n")),
              0, 0, "- uid='u' start=2026-01-02T08:00Z\n");
        /* each VCALENDAR has its own */
        check(CALENDAR("BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\n" RULES(
                      "+0300", "+0300") "END:STANDARD\nEND:VTIMEZONE\n" EVENT("DTSTART;TZID=X:20260102T090000\n"))
                      CALENDAR("BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\n" RULES(
                              "-0300", "-0300") "END:STANDARD\nEND:VTIMEZONE\n" EVENT("DTSTART;TZID=X:20260102T090000\n"))
                              CALENDAR(EVENT("DTSTART;TZID=X:20260102T090000\n")),
              0, 0,
              "- uid='u' start=2026-01-02T06:00Z\n- uid='u' start=2026-01-02T12:00Z\n- uid='u' start=2026-01-02T09:00 "
              "unknown-zone\n");
        /* dates instead of a rule, and a rule with an end */
        check(CALENDAR("BEGIN:VTIMEZONE\nTZID:D\nBEGIN:STANDARD\nDTSTART:20251026T030000\nRDATE:20251026T030000\n" RULES(
                      "+0200",
                      "+0100") "END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:20200329T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-"
                               "1SU;UNTIL=20250330T010000Z\n" RULES("+0100", "+0200") "END:DAYLIGHT\nEND:"
                                                                                      "VTIMEZONE\n" EVENT("DTSTART;TZID=D:"
                                                                                                          "20250702T090000"
                                                                                                          "\n")
                                                                                              EVENT("DTSTART;TZID=D:"
                                                                                                    "20260702T090000\n")),
              0, 0, "- uid='u' start=2025-07-02T07:00Z\n- uid='u' start=2026-07-02T08:00Z\n");

        /* not understood: better no zone than a wrong one */
        static const char *const bad[] = {
                "",
                "DTSTART:19700101T000000\n",
                "DTSTART:19709901T000000\n" RULES("+0100", "+0200"),
                "DTSTART:19700101T000000\nRRULE:FREQ=SECONDLY\n" RULES("+0100", "+0200"),
                "DTSTART:19700101T000000\nRRULE:FREQ=DAILY\n" RULES("+0100", "+0200"),
                "DTSTART:19700101T000000\n" RULES("+0100", "+9900"),
                "DTSTART;VALUE=DATE:19700101\nRRULE:FREQ=YEARLY\n" RULES("+0100", "+0200"),
                "DTSTART:19700101T000000\nRRULE:FREQ=YEARLY\nRRULE:FREQ=YEARLY;BYMONTH=3\n" RULES("+0100", "+0200"),
                "DTSTART:19700101T000000\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n" RULES("+0100", "+0200"),
        };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_buf_ struct buf ics = {};
                struct dump d = {};
                struct calendar_result result;
                buf_printf(&ics,
                           CALENDAR("BEGIN:VTIMEZONE\nTZID:B\nBEGIN:STANDARD\n%sEND:STANDARD\nEND:VTIMEZONE\n" EVENT(
                                   "DTSTART;TZID=B:20260102T090000\n")),
                           bad[i]);
                assert_int_equal(parse(ics.data, ics.size, &d, &result), 0);
                if (strcmp(d.text.data, "- uid='u' start=2026-01-02T09:00 unknown-zone\n") != 0)
                        fail_msg("%s: %s", bad[i], d.text.data);
                buf_free(&d.text);
        }
        /* a series takes its zone along */
        check(CALENDAR(MINE EVENT("DTSTART;TZID=Mine:20260102T090000\nRRULE:FREQ=DAILY\n")), 0, 0,
              "- uid='u' start=2026-01-02T08:00Z rrule='FREQ=DAILY' recurrence='BEGIN:VCALENDAR\n" MINE
              "BEGIN:VEVENT\nUID:u\nDTSTART;TZID=Mine:20260102T090000\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n'\n");
}

/* ---- Streams --------------------------------------------------------------------------------------------------------- */

static void test_streams(void **state) {
        (void) state;
        const char *one = "- uid='u' start=2026-03-02T08:00Z\n";
#define PLAIN EVENT("DTSTART:20260302T080000Z\n")
        check("\xEF\xBB\xBF" CALENDAR(PLAIN), 0, 0, one);
        check(PLAIN, 0, 0, one);
        check("BEGIN:VCALENDAR\nEND:VCALENDAR\n", 0, 0, "");
        check("begin:vcalendar\nbegin:vevent\nuid:u\ndtstart:20260302T080000Z\nend:vevent\nend:vcalendar", 0, 0, one);
        check("BEGIN:VCALENDAR \nBEGIN:VEVENT\t\nUID:u\nDTSTART:20260302T080000Z\nEND:VEVENT \nEND:VCALENDAR", 0, 0, one);
        check("BEGIN:VCALENDAR\r\rBEGIN:VEVENT\rUID:u\rDTSTART:20260302T080000Z\rEND:VEVENT\rEND:VCALENDAR\r", 0, 0, one);
        check("BEGIN:VCALENDAR\n\nBEGIN:VEV\n ENT\nUI\n D:u\nDTSTART:2026\n\t0302T080\n 000Z\nEND:VEV\n "
              "ENT\nEND:VCALENDAR\n",
              0, 0, one);
        /* what is not an event */
        check(CALENDAR("BEGIN:VTODO\nUID:t\nDTSTART:20260302T080000Z\nMETHOD:CANCEL\nEND:VTODO\n"
                       "BEGIN:VJOURNAL\nUID:j\nDTSTART:20260302T080000Z\nEND:VJOURNAL\nBEGIN:VFREEBUSY\nDTSTART:"
                       "20260302T080000Z\nEND:VFREEBUSY\n" PLAIN),
              0, 0, one);
        check(CALENDAR("BEGIN:VEVENT\nUID:u\nBEGIN:VALARM\nDTSTART:19990101T000000Z\nUID:a\nEND:VALARM\nDTSTART:"
                       "20260302T080000Z\nEND:VEVENT\n"),
              0, 0, one);
        check(CALENDAR("BEGIN:VEVENT\nUID:u\nBEGIN:X-A\nBEGIN:X-B\nUID:b\nEND:X-B\nUID:a\nEND:X-A\nDTSTART:"
                       "20260302T080000Z\nEND:VEVENT\n"),
              0, 0, one);
        check(CALENDAR("BEGIN:VEVENT\nUID:u\nDESCRIPTION:one\n BEGIN:VEVENT\n "
                       "END:VEVENT\nDTSTART:20260302T080000Z\nEND:VEVENT\n"),
              0, 0, one);
        /* cut off, or never ended: the neighbours go on */
        check(CALENDAR("BEGIN:VEVENT\nUID:x\nDTSTART:20260301T080000Z\n" PLAIN), 1, 0, one);
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\nDTSTART:20260301T080000Z\nEND:VCALENDAR\n" CALENDAR(PLAIN), 1, 0, one);
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\n" CALENDAR(PLAIN), 1, 0, one);
        check(CALENDAR(PLAIN) "BEGIN:VEVENT\nUID:x\nDTSTART:20260301T080000Z\n", 1, 0, one);
        check(CALENDAR("BEGIN:VEVENT\nUID:u\nDTSTART:20260302T080000Z\nBEGIN:VALARM\nEND:VEVENT\n" PLAIN), 0, 0,
              "- uid='u' start=2026-03-02T08:00Z\n- uid='u' start=2026-03-02T08:00Z\n");
        /* lines that libical drops are counted */
        check(CALENDAR(EVENT("DTSTART:20260302T080000Z\nSEQUENCE:many\nDTEND:later\n")), 0, 1, one);
        /* each VCALENDAR has its method */
        check(CALENDAR("METHOD:request\n" PLAIN) CALENDAR(PLAIN) CALENDAR("METHOD;X=Y: CANCEL \n" PLAIN)
                      CALENDAR("METHOD:X-OWN\n" PLAIN),
              0, 0,
              "REQUEST uid='u' start=2026-03-02T08:00Z\n- uid='u' start=2026-03-02T08:00Z\nCANCEL uid='u' "
              "start=2026-03-02T08:00Z\n"
              "OTHER uid='u' start=2026-03-02T08:00Z\n");
}

static void test_not_calendars(void **state) {
        (void) state;
        static const char *const cases[] = {
                "",     "\n", "hello", "\xEF\xBB\xBF", "BEGIN:VCARD\nEND:VCARD\n", " BEGIN:VCALENDAR\n", "BEGIN:VEVENTS\n",
                "BEGIN"};
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct dump d = {};
                struct calendar_result result = {.events = 7};
                assert_int_equal(parse(cases[i], strlen(cases[i]), &d, &result), -EBADMSG);
                assert_int_equal(result.events, 7);
        }
}

static void test_stop(void **state) {
        (void) state;
        struct dump d = {.stop_with = -ECANCELED};
        struct calendar_result result = {.events = 7};
        const char *ics = CALENDAR(PLAIN PLAIN);
        assert_int_equal(parse(ics, strlen(ics), &d, &result), -ECANCELED);
        assert_int_equal(d.events, 1);
        assert_int_equal(result.events, 7);
}

/* Cut anywhere, a stream gives no more than it holds, and never fails otherwise. */
static void test_cut(void **state) {
        (void) state;
        const char *ics = CALENDAR(
                MINE EVENT("DTSTART;TZID=Mine:20260102T090000\nRRULE:FREQ=DAILY\nATTENDEE;CN=\"a\":mailto:a@b.c\n") PLAIN);
        for (size_t n = 0; n < strlen(ics); n++) {
                struct dump d = {};
                struct calendar_result result;
                int r = parse(ics, n, &d, &result);
                assert_true(r == 0 || (r == -EBADMSG && n < 20));
                assert_true(d.events <= 2);
                buf_free(&d.text);
        }
}

static void test_ceilings(void **state) {
        (void) state;
        _cleanup_buf_ struct buf ics = {};
        struct calendar_result result;
        struct dump d = {};

        /* What is not read may be as long as it likes; what is read may not. */
        buf_add_str(&ics,
                    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260302T080000Z\nATTACH;ENCODING=BASE64;VALUE=BINARY:");
        for (size_t i = 0; i < 2 * CALENDAR_COMPONENT_MAX; i++)
                buf_add_char(&ics, 'A');
        buf_add_str(&ics, "\nEND:VEVENT\nBEGIN:VEVENT\nUID:u\nDTSTART:20260303T080000Z\nSUMMARY:");
        for (size_t i = 0; i < CALENDAR_LINE_MAX; i++)
                buf_add_str(&ics, i % 60 == 59 ? "\n A" : "A");
        buf_add_str(&ics, "\nEND:VEVENT\nBEGIN:VEVENT\nUID:u\nDTSTART:20260304T080000Z\n");
        for (size_t i = 0; i < CALENDAR_COMPONENT_MAX / 10; i++)
                buf_add_str(&ics, "COMMENT:A\n");
        buf_add_str(&ics, "END:VEVENT\nBEGIN:VEVENT\nUID:u\nDTSTART:20260305T080000Z\nEND:VEVENT\nEND:VCALENDAR\n");
        assert_int_equal(ics.error, 0);
        assert_int_equal(parse(ics.data, ics.size, &d, &result), 0);
        assert_string_equal(d.text.data, "- uid='u' start=2026-03-02T08:00Z\n- uid='u' start=2026-03-05T08:00Z\n");
        assert_int_equal(result.malformed, 2);
        buf_free(&d.text);
}

static int count_lists(const struct event *e, void *userdata) {
        uint32_t *counts = userdata;
        counts[0] = e->attendees.n;
        counts[1] = e->exdates.n;
        counts[2] = (uint32_t) strlen(e->summary);
        counts[3] = (uint32_t) strlen(e->attendees.items[0].name);
        counts[4] = (uint32_t) strlen(e->uid);
        counts[5] = (uint32_t) strlen(e->recurrence);
        counts[6] = (uint32_t) strlen(e->comment);
        assert_true(utf8_clean(e->summary, strlen(e->summary)));
        const struct observation o = {.kind = OBSERVATION_EVENT, .internal_date = INSTANT_UNKNOWN, .event = *e};
        _cleanup_buf_ struct buf encoded = {};
        assert_int_equal(observation_encode(&o, false, &encoded), 0);
        return 0;
}

/* The largest event that can be kept still fits an observation. */
static void test_lists(void **state) {
        (void) state;
        _cleanup_buf_ struct buf ics = {};
        struct calendar_result result;
        uint32_t counts[7] = {};
        buf_add_str(&ics, "BEGIN:VEVENT\nDTSTART:20260302T080000Z\nRRULE:FREQ=DAILY\nUID:");
        for (int i = 0; i < 3000; i++)
                buf_add_str(&ics, "u");
        buf_add_str(&ics, "\nSUMMARY:a");
        for (int i = 0; i < 3000; i++)
                buf_add_str(&ics, "\xC3\xA9");
        buf_add_str(&ics, "\nCOMMENT:");
        for (int i = 0; i < 30000; i++)
                buf_add_str(&ics, "c");
        for (int i = 0; i < 300; i++) {
                buf_printf(&ics, "\nATTENDEE;CN=\"");
                for (int j = 0; j < 200; j++)
                        buf_add_str(&ics, "\xC3\xA9");
                buf_printf(&ics, "\":mailto:a%d@example.org", i);
        }
        for (int i = 0; i < 3000; i++) {
                buf_printf(&ics, "\nEXDATE:20260302T08%02d%02dZ", i / 60 % 60, i % 60);
                buf_printf(&ics, "\nRDATE:20260303T08%02d%02dZ", i / 60 % 60, i % 60);
        }
        buf_add_str(&ics, "\nEND:VEVENT\n");
        assert_int_equal(ics.error, 0);
        assert_int_equal(calendar_parse(ics.data, ics.size, zones, count_lists, counts, &result), 0);
        assert_int_equal(result.events, 1);
        assert_in_range(counts[0], 100, ATTENDEES_MAX);
        assert_int_equal(counts[1], EXCEPTION_DATES_MAX);
        assert_in_range(counts[2], SUBJECT_MAX - 1, SUBJECT_MAX);
        assert_in_range(counts[3], NAME_MAX_BYTES - 1, NAME_MAX_BYTES);
        assert_int_equal(counts[4], 64);
        assert_in_range(counts[5], 40000, 60000);
        assert_in_range(counts[6], 1000, 5000);
}

/* ---- Properties ------------------------------------------------------------------------------------------------------ */

static void test_people(void **state) {
        (void) state;
#define AT "DTSTART:20260302T080000Z\n"
        const char *start = "- uid='u' start=2026-03-02T08:00Z";
        static const struct {
                const char *lines, *wanted;
        } cases[] = {
                {"ORGANIZER:MAILTO:A@B.Example\n", " organizer=<A@b.example>"},
                {"ORGANIZER:mailto:mailto:a@b.c\n", " organizer=<a@b.c>"},
                {"ORGANIZER:a@b.c\n", " organizer=<a@b.c>"},
                {"ORGANIZER:mailto:<a@b.c>\n", " organizer=<a@b.c>"},
                {"ORGANIZER:mailto:a@b.c?subject=x\n", " organizer=<a@b.c>"},
                {"ORGANIZER;CN=Nobody:invalid:nomail\n", ""},
                {"ORGANIZER:mailto:\n", ""},
                {"ORGANIZER:mailto:@b.c\n", ""},
                {"ORGANIZER:mailto:a@\n", ""},
                {"ORGANIZER:mailto:a@b.c\nORGANIZER:mailto:d@e.f\n", " organizer=<a@b.c>"},
                {"ORGANIZER;CN=\"Dupont, Jean\":mailto:a@b.c\n", " organizer=<a@b.c> name='Dupont, Jean'"},
                {"ORGANIZER;CN=\xC3\x89lodie:mailto:a@b.c\n", " organizer=<a@b.c> name='Élodie'"},
                {"ORGANIZER;SENT-BY=\"mailto:S@B.C\":mailto:a@b.c\n", " organizer=<a@b.c> sent_by='S@b.c'"},
                {"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.c\nATTENDEE;PARTSTAT=declined:mailto:d@b.c\n",
                 " attendee=<a@b.c> accepted attendee=<d@b.c> declined"},
                {"ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:x@y.z\":mailto:a@b.c\n", " attendee=<a@b.c> delegated"},
                {"ATTENDEE;PARTSTAT=X-MAYBE:mailto:a@b.c\n", " attendee=<a@b.c>"},
                {"ATTENDEE;CUTYPE=RESOURCE:mailto:a@b.c\nATTENDEE;CUTYPE=GROUP:mailto:d@b.c\n",
                 " attendee=<a@b.c> resource attendee=<d@b.c>"},
                {"ATTENDEE;EMAIL=a@b.c:urn:uuid:123\n", " attendee=<a@b.c>"},
                {"ATTENDEE:urn:uuid:123\n", ""},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buf_ struct buf ics = {}, wanted = {};
                buf_printf(&ics, "BEGIN:VEVENT\nUID:u\n" AT "%sEND:VEVENT\n", cases[i].lines);
                buf_printf(&wanted, "%s%s\n", start, cases[i].wanted);
                struct dump d = {};
                struct calendar_result result;
                assert_int_equal(parse(ics.data, ics.size, &d, &result), 0);
                if (strcmp(d.text.data, wanted.data) != 0)
                        fail_msg("%s: %s", cases[i].lines, d.text.data);
                buf_free(&d.text);
        }
}

static void test_words(void **state) {
        (void) state;
        const struct {
                const char *lines, *wanted;
        } cases[] = {
                {"SUMMARY:a\\, b\\; c\\\\d\\nE\n", " summary='a, b; c\\d E'"},
                {"SUMMARY:a, b; c\n", " summary='a, b; c'"},
                {"SUMMARY:  \n", ""},
                {"SUMMARY:\x01x\x7Fy\xE2\x80\xAEz\n", " summary='xyz'"},
                {"SUMMARY:one\nSUMMARY:two\n", " summary='one'"},
                {"COMMENT:a\\nb\nCOMMENT:c\n", " comment='a\nb'"},
                {"STATUS:CANCELLED\n", " cancelled"},
                {"STATUS:tentative\n", " tentative"},
                {"STATUS:COMPLETED\n", ""},
                {"TRANSP:TRANSPARENT\n", " transparent"},
                {"SEQUENCE:-4\n", ""},
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buf_ struct buf ics = {}, wanted = {};
                buf_printf(&ics, "BEGIN:VEVENT\nUID:u\n" AT "%sEND:VEVENT\n", cases[i].lines);
                buf_printf(&wanted, "- uid='u' start=2026-03-02T08:00Z%s\n", cases[i].wanted);
                struct dump d = {};
                struct calendar_result result;
                assert_int_equal(parse(ics.data, ics.size, &d, &result), 0);
                if (strcmp(d.text.data, wanted.data) != 0)
                        fail_msg("%s: %s", cases[i].lines, d.text.data);
                buf_free(&d.text);
        }
        check("BEGIN:VEVENT\nUID:u\n" AT "SEQUENCE:12\nEND:VEVENT\n", 0, 0,
              "- uid='u' sequence=12 start=2026-03-02T08:00Z\n");
}

static void test_nul(void **state) {
        (void) state;
        static const char ics[] = "BEGIN:VEVENT\nUID:u\nSUMMARY:a\0b\nDTSTART:20260302T080000Z\nEND:VEVENT\n";
        struct dump d = {};
        struct calendar_result result;
        assert_int_equal(parse(ics, sizeof(ics) - 1, &d, &result), 0);
        assert_string_equal(d.text.data, "- uid='u' start=2026-03-02T08:00Z summary='a b'\n");
        buf_free(&d.text);
}

static int keep_uid(const struct event *e, void *userdata) {
        char *uid = userdata;
        snprintf(uid, 100, "%s", e->uid);
        return 0;
}

/* Without a UID, a later export of the same event must still be the same event, and another event another one. */
static void test_missing_uid(void **state) {
        (void) state;
        static const char *const texts[] = {
                "BEGIN:VEVENT\nDTSTART:20260302T080000Z\nSUMMARY:a\nDTSTAMP:20260101T000000Z\nEND:VEVENT\n",
                ("BEGIN:VEVENT\r\nDTSTART:20260302T080000Z\r\nSUMM\r\n "
                 "ARY:a\r\nDTSTAMP:20260201T000000Z\r\nSEQUENCE:3\r\nEND:VEVENT\r\n"),
                "BEGIN:VEVENT\nDTSTART:20260302T080000Z\nSUMMARY:b\nDTSTAMP:20260101T000000Z\nEND:VEVENT\n",
                "BEGIN:VEVENT\nUID:\nDTSTART:20260302T080000Z\nSUMMARY:a\nDTSTAMP:20260101T000000Z\nEND:VEVENT\n",
        };
        char uids[ELEMENTSOF(texts)][100];
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                struct calendar_result result;
                assert_int_equal(calendar_parse(texts[i], strlen(texts[i]), zones, keep_uid, uids[i], &result), 0);
                assert_int_equal(strlen(uids[i]), 64);
        }
        assert_string_equal(uids[0], uids[1]);
        assert_string_not_equal(uids[0], uids[2]);
}

static void test_series(void **state) {
        (void) state;
        check_file(
                "series.ics",
                "- uid='series' start=2026-01-05T08:30Z end=2026-01-05T09:00Z rrule='FREQ=WEEKLY;COUNT=20;BYDAY=MO,WE'"
                " exdate=2026-01-12T08:30Z exdate=2026-01-19 exdate=2026-01-26 exdate=2026-02-02T08:30Z"
                " recurrence='BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:series\nDTSTART;TZID=Europe/Paris:20260105T093000\n"
                "RRULE:FREQ=WEEKLY;COUNT=20;BYDAY=MO,WE\nRDATE;TZID=Europe/Paris:20260106T093000,20260107T093000\n"
                "RDATE;VALUE=PERIOD:20260110T083000Z/PT2H,20260111T083000Z/20260111T090000Z\nEND:VEVENT\nEND:VCALENDAR\n'\n"
                "- uid='series' recurrence_id=2026-02-09T08:30Z this-and-future start=2026-02-09T10:00Z "
                "end=2026-02-09T10:30Z\n");
        /* several rules are kept, a rule that libical refuses is an error, and an override has no rule */
        check(CALENDAR(EVENT(AT "RRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=WEEKLY;COUNT=3\n")), 0, 0,
              "- uid='u' start=2026-03-02T08:00Z rrule='FREQ=DAILY;COUNT=2\nFREQ=WEEKLY;COUNT=3' "
              "recurrence='BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n" AT
              "RRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT\nEND:VCALENDAR\n'\n");
        check(CALENDAR(EVENT(AT "RRULE:FREQ=OFTEN\n")), 0, 1, "- uid='u' start=2026-03-02T08:00Z\n");
        check(CALENDAR(EVENT(AT "RECURRENCE-ID:20260302T080000Z\nRRULE:FREQ=DAILY\n")), 0, 0,
              "- uid='u' recurrence_id=2026-03-02T08:00Z start=2026-03-02T08:00Z\n");
        check(CALENDAR(EVENT(AT "RDATE:20260303T080000Z\n")), 0, 0,
              "- uid='u' start=2026-03-02T08:00Z recurrence='BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n" AT
              "RDATE:20260303T080000Z\nEND:VEVENT\nEND:VCALENDAR\n'\n");
        check(CALENDAR(EVENT(AT
                             "RRULE:FREQ=DAILY\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY\n")),
              1, 0, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exchange),
                cmocka_unit_test(test_google),
                cmocka_unit_test(test_others),
                cmocka_unit_test(test_times),
                cmocka_unit_test(test_impossible_times),
                cmocka_unit_test(test_custom_zones),
                cmocka_unit_test(test_streams),
                cmocka_unit_test(test_not_calendars),
                cmocka_unit_test(test_stop),
                cmocka_unit_test(test_cut),
                cmocka_unit_test(test_ceilings),
                cmocka_unit_test(test_lists),
                cmocka_unit_test(test_people),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_nul),
                cmocka_unit_test(test_missing_uid),
                cmocka_unit_test(test_series),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
