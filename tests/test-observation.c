/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/limits.h"
#include "parsers/observation.h"

static struct observation sample_message(void) {
        static const char *ids[] = {"a@x", "b@x"};
        static const char *parts[] = {"text/plain", "text/html"};
        static struct address from[] = {{"Jean Dupont", "jean@dupont.example"}};
        static struct address to[] = {{NULL, "camille@studio.example"}, {"Zoé", "zoe@studio.example"}};
        static struct attachment attachments[] = {{"plan.pdf", "application/pdf", 12345}};
        static struct attendee people[] = {{"Jean", "jean@dupont.example", NULL, PARTICIPATION_DECLINED, false}};
        static struct moment exdates[] = {{MOMENT_INSTANT, 1700000000}, {MOMENT_DATE, -86400}};
        static struct event events[1];
        events[0] = (struct event){
                .method = ITIP_CANCEL,
                .uid = "uid-1",
                .sequence = 3,
                .start = {MOMENT_INSTANT, 1700000000},
                .end = {MOMENT_FLOATING, 1700003600},
                .dtstamp = INSTANT_UNKNOWN,
                .last_modified = 1600000000,
                .created = INSTANT_MIN,
                .status = EVENT_STATUS_CANCELLED,
                .summary = "Réunion",
                .organizer = people,
                .attendees = {people, 1},
                .exdates = {exdates, 2},
        };
        static struct act acts[] = {{ACT_THANKS, "merci"}, {ACT_DECISION_CHANGE, "finalement"}};
        return (struct observation){
                .kind = OBSERVATION_MESSAGE,
                .message =
                        {
                                .message_id = "m1@x",
                                .references = {ids, 2},
                                .from = {from, 1},
                                .to = {to, 2},
                                .subject = "Où en est-on ?",
                                .sent_at = 1700000000,
                                .sent_offset = INT32_MIN,
                                .received_at = -5,
                                .parts = {parts, 2},
                                .text = "Bonjour,\n\tça va ?",
                                .quoted_text = "> old",
                                .language = "fr",
                                .flags = MESSAGE_REQUEST | MESSAGE_REPLY,
                                .words = 3,
                                .attachments = {attachments, 1},
                                .calendar = {events, 1},
                                .content_key = UINT64_MAX,
                                .original_from = {from, 1},
                                .resent_from = {from, 1},
                                .resent_to = {to, 2},
                                .list_id = "projet.lists.example",
                                .acts = {acts, 2},
                                .deadline = {MOMENT_DATE, 1700006400},
                                .deadline_because = "by Friday",
                                .dmarc = DMARC_FAIL,
                                .authenticated_domains = {parts, 2},
                        },
        };
}

struct fixture {
        struct arena *arena;
        struct buf buf;
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        *state = f;
        return arena_new(1 << 20, &f->arena);
}

static int teardown(void **state) {
        struct fixture *f = *state;
        arena_free(f->arena);
        buf_free(&f->buf);
        free(f);
        return 0;
}

static void test_round_trip(void **state) {
        struct fixture *f = *state;
        struct observation in = sample_message(), out;

        assert_int_equal(observation_encode(&in, true, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), 0);
        assert_int_equal(out.kind, OBSERVATION_MESSAGE);
        assert_true(out.seen_at == INSTANT_UNKNOWN);
        const struct message *m = &out.message;
        assert_string_equal(m->message_id, "m1@x");
        assert_int_equal(m->references.n, 2);
        assert_string_equal(m->references.items[1], "b@x");
        assert_int_equal(m->to.n, 2);
        assert_null(m->to.items[0].name);
        assert_string_equal(m->to.items[1].name, "Zoé");
        assert_string_equal(m->text, "Bonjour,\n\tça va ?");
        assert_string_equal(m->quoted_text, "> old");
        assert_int_equal(m->sent_offset, INT32_MIN);
        assert_int_equal(m->received_at, -5);
        assert_int_equal(m->flags, MESSAGE_REQUEST | MESSAGE_REPLY);
        assert_true(m->content_key == UINT64_MAX);
        assert_int_equal(m->attachments.items[0].size, 12345);
        assert_int_equal(m->acts.n, 2);
        assert_int_equal(m->acts.items[1].kind, ACT_DECISION_CHANGE);
        assert_string_equal(m->acts.items[1].because, "finalement");
        assert_int_equal(m->deadline.form, MOMENT_DATE);
        assert_string_equal(m->deadline_because, "by Friday");
        const struct event *e = &m->calendar.items[0];
        assert_int_equal(e->method, ITIP_CANCEL);
        assert_true(e->dtstamp == INSTANT_UNKNOWN);
        assert_true(e->created == INSTANT_MIN);
        assert_string_equal(e->organizer->email, "jean@dupont.example");
        assert_int_equal(e->attendees.items[0].participation_status, PARTICIPATION_DECLINED);
        assert_int_equal(e->exdates.items[1].form, MOMENT_DATE);
        assert_int_equal(e->exdates.items[1].at, -86400);
}

static void test_same_bytes_again(void **state) {
        struct fixture *f = *state;
        struct observation in = sample_message(), out;
        _cleanup_buf_ struct buf again = {};

        assert_int_equal(observation_encode(&in, false, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), 0);
        assert_null(out.message.quoted_text);
        assert_int_equal(observation_encode(&out, false, &again), 0);
        assert_int_equal(again.size, f->buf.size);
        assert_memory_equal(again.data, f->buf.data, again.size);
}

static void test_every_truncation_is_refused(void **state) {
        struct fixture *f = *state;
        struct observation in = sample_message(), out;
        assert_int_equal(observation_encode(&in, true, &f->buf), 0);
        for (size_t n = 0; n < f->buf.size; n++) {
                arena_reset(f->arena);
                assert_int_equal(observation_decode(f->buf.data, n, f->arena, &out), -EBADMSG);
        }
        assert_int_equal(buf_add_char(&f->buf, 0), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);
}

static void test_flipped_bytes_never_crash(void **state) {
        struct fixture *f = *state;
        struct observation in = sample_message(), out;
        assert_int_equal(observation_encode(&in, true, &f->buf), 0);
        for (size_t i = 0; i < f->buf.size; i++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        f->buf.data[i] ^= (char) (1 << bit);
                        arena_reset(f->arena);
                        int k = observation_decode(f->buf.data, f->buf.size, f->arena, &out);
                        assert_true(k == 0 || k == -EBADMSG);
                        f->buf.data[i] ^= (char) (1 << bit);
                }
}

static void test_controls_and_bad_utf8_are_refused(void **state) {
        struct fixture *f = *state;
        static const char *const bad[] = {"a\x01", "a\r\n", "\xff", "\xed\xa0\x80", "\xc0\x80", "a\x7f", "\xe2\x82"};
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct observation in = sample_message(), out;
                in.message.subject = bad[i];
                buf_reset(&f->buf);
                assert_int_equal(observation_encode(&in, false, &f->buf), 0);
                assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);
                assert_int_equal(observation_decode_trusted(f->buf.data, f->buf.size, f->arena, &out), 0);
        }
}

static void test_out_of_range_is_refused(void **state) {
        struct fixture *f = *state;
        struct observation in = sample_message(), out;
        in.message.sent_at = INSTANT_MAX + 1;
        assert_int_equal(observation_encode(&in, false, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);

        in = sample_message();
        in.message.automatic = (enum automatic_kind) 99;
        buf_reset(&f->buf);
        assert_int_equal(observation_encode(&in, false, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);

        char longest[SUBJECT_MAX + 2];
        memset(longest, 'a', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = 0;
        in = sample_message();
        in.message.subject = longest;
        buf_reset(&f->buf);
        assert_int_equal(observation_encode(&in, false, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);
}

static void test_too_large_is_told(void **state) {
        struct fixture *f = *state;
        struct observation in = sample_message();
        char *text = malloc(OBSERVATION_SIZE_MAX + 2);
        memset(text, 'x', OBSERVATION_SIZE_MAX + 1);
        text[OBSERVATION_SIZE_MAX + 1] = 0;
        in.message.text = text;
        assert_int_equal(observation_encode(&in, false, &f->buf), -E2BIG);
        free(text);
}

/* What was stored before fields were added still says what it said. */
static void test_older_version(void **state) {
        struct fixture *f = *state;
        struct observation in = sample_message(), out;
        in.message.original_from = in.message.resent_from = in.message.resent_to = (struct address_list){0};
        in.message.list_id = in.message.deadline_because = NULL;
        in.message.acts.n = 0;
        in.message.deadline = (struct moment){0};
        in.message.dmarc = DMARC_NONE;
        in.message.authenticated_domains.n = 0;
        assert_int_equal(observation_encode(&in, false, &f->buf), 0);
        f->buf.data[0] = 1;
        /* Five empty lists, no moment (its form and time), two strings that are not there and a number. */
        assert_int_equal(observation_decode(f->buf.data, f->buf.size - 10, f->arena, &out), 0);
        assert_string_equal(out.message.message_id, "m1@x");
        assert_true(out.message.content_key == UINT64_MAX);
        assert_int_equal(out.message.resent_to.n, 0);
        assert_null(out.message.list_id);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);
        f->buf.data[0] = 2;
        assert_int_equal(observation_decode(f->buf.data, f->buf.size - 6, f->arena, &out), 0);
        assert_int_equal(out.message.acts.n, 0);
        assert_int_equal(out.message.deadline.form, MOMENT_NONE);
        f->buf.data[0] = 3;
        assert_int_equal(observation_decode(f->buf.data, f->buf.size - 2, f->arena, &out), 0);
        assert_int_equal(out.message.dmarc, DMARC_NONE);
        assert_int_equal(out.message.authenticated_domains.n, 0);
        f->buf.data[0] = 5;
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);
        f->buf.data[0] = 0;
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);
        /* A kind that never changed has one version: another would be a second spelling of the same thing. */
        const struct observation aside = {.kind = OBSERVATION_UNREADABLE, .unreadable = {.reason = UNREADABLE_CRASH}};
        buf_reset(&f->buf);
        assert_int_equal(observation_encode(&aside, false, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), 0);
        f->buf.data[0] = 2;
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), -EBADMSG);
}

static void test_a_huge_count_allocates_nothing(void **state) {
        struct fixture *f = *state;
        /* version, kind, no Message-ID, then a list that announces 2^40 entries. */
        static const uint8_t bytes[] = {1, OBSERVATION_MESSAGE, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20};
        struct observation out;
        assert_int_equal(observation_decode(bytes, sizeof(bytes), f->arena, &out), -EBADMSG);
        assert_int_equal(arena_used(f->arena), 0);
}

static void test_digest(void **state) {
        (void) state;
        struct observation a = sample_message(), b = sample_message();
        uint8_t da[OBSERVATION_DIGEST_SIZE], db[OBSERVATION_DIGEST_SIZE];

        b.seen_at = 5;
        b.internal_date = 6;
        b.message.quoted_text = NULL;
        assert_int_equal(observation_digest(&a, da), 0);
        assert_int_equal(observation_digest(&b, db), 0);
        assert_memory_equal(da, db, sizeof(da));
        b.message.received_at++;
        assert_int_equal(observation_digest(&b, db), 0);
        assert_memory_not_equal(da, db, sizeof(da));
}

static void test_message_key(void **state) {
        (void) state;
        struct observation a = sample_message(), b = sample_message();
        b.message.text = "other";
        assert_true(message_key(&a.message) == message_key(&b.message));
        assert_true(message_key(&a.message) == message_id_key("m1@x"));
        a.message.message_id = b.message.message_id = NULL;
        a.message.content_key = b.message.content_key = 0;
        assert_true(message_key(&a.message) != message_key(&b.message));
        b.message.text = a.message.text;
        assert_true(message_key(&a.message) == message_key(&b.message));
        b.message.received_at = 7; /* the way it took does not make it another message */
        assert_true(message_key(&a.message) == message_key(&b.message));
}

static void test_gone_and_unreadable(void **state) {
        struct fixture *f = *state;
        struct observation out,
                gone = {.kind = OBSERVATION_EVENT_GONE,
                        .event = {.uid = "u", .recurrence_id = {MOMENT_DATE, 86400}, .dtstamp = INSTANT_UNKNOWN}};
        assert_int_equal(observation_encode(&gone, false, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), 0);
        assert_int_equal(out.kind, OBSERVATION_EVENT_GONE);
        assert_int_equal(out.event.recurrence_id.at, 86400);

        struct observation bad = {.kind = OBSERVATION_UNREADABLE, .unreadable = {UNREADABLE_CRASH, 11, -1, "cur/1"}};
        buf_reset(&f->buf);
        assert_int_equal(observation_encode(&bad, false, &f->buf), 0);
        assert_int_equal(observation_decode(f->buf.data, f->buf.size, f->arena, &out), 0);
        assert_int_equal(out.unreadable.detail, 11);
        assert_string_equal(unreadable_reason_name(out.unreadable.reason), "the parser crashed");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
                cmocka_unit_test_setup_teardown(test_same_bytes_again, setup, teardown),
                cmocka_unit_test_setup_teardown(test_every_truncation_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_flipped_bytes_never_crash, setup, teardown),
                cmocka_unit_test_setup_teardown(test_controls_and_bad_utf8_are_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_out_of_range_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_too_large_is_told, setup, teardown),
                cmocka_unit_test_setup_teardown(test_older_version, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_huge_count_allocates_nothing, setup, teardown),
                cmocka_unit_test(test_digest),
                cmocka_unit_test(test_message_key),
                cmocka_unit_test_setup_teardown(test_gone_and_unreadable, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
