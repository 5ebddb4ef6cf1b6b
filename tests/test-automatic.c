/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/text.h"

struct sign_case {
        const char *what;
        struct automatic_signs signs;
        enum automatic_kind kind;
};

static const struct sign_case machines[] = {
        {"delivery report",
         {.content_type = "multipart/report", .report_type = "delivery-status", .from_email = "x@example.com"},
         AUTOMATIC_BOUNCE},
        {"read receipt",
         {.content_type = "multipart/report", .report_type = "disposition-notification", .from_email = "paul@example.com"},
         AUTOMATIC_RECEIPT},
        {"feedback report",
         {.content_type = "multipart/report", .report_type = "feedback-report", .from_email = "x@example.com"},
         AUTOMATIC_NOTIFICATION},
        {"mailer daemon", {.from_email = "MAILER-DAEMON@mx.example.com", .subject = "Undelivered Mail"}, AUTOMATIC_BOUNCE},
        {"postmaster", {.from_email = "postmaster@example.com"}, AUTOMATIC_BOUNCE},
        {"null return path", {.return_path = "<>", .from_email = "paul@example.com"}, AUTOMATIC_BOUNCE},
        {"null return path, empty", {.return_path = " ", .from_email = "paul@example.com"}, AUTOMATIC_BOUNCE},
        {"sieve vacation",
         {.auto_submitted = "auto-replied (vacation)", .from_email = "paul@example.com", .subject = "Auto: Devis"},
         AUTOMATIC_VACATION},
        {"vacation without subject",
         {.auto_submitted = "auto-replied", .from_email = "paul@example.com", .subject = "Re: Devis"},
         AUTOMATIC_VACATION},
        {"Exchange out of office",
         {.auto_submitted = "auto-generated",
          .x_auto_response_suppress = "All",
          .from_email = "paul@example.com",
          .subject = "Réponse automatique : Devis"},
         AUTOMATIC_VACATION},
        {"Exchange inside",
         {.x_auto_response_suppress = "All", .from_email = "paul@example.com", .subject = "Automatic reply: Quote"},
         AUTOMATIC_VACATION},
        {"null path and subject",
         {.return_path = "<>", .from_email = "eva@example.de", .subject = "Abwesenheitsnotiz: Angebot"},
         AUTOMATIC_VACATION},
        {"ticket desk",
         {.auto_submitted = "auto-replied", .from_email = "support@example.com", .subject = "[#12] Devis"},
         AUTOMATIC_REPLY},
        {"X-Autoreply", {.x_autoreply = "yes", .from_email = "helpdesk@example.com"}, AUTOMATIC_REPLY},
        {"X-Autorespond",
         {.x_autorespond = "Re: Devis", .from_email = "paul@example.com", .subject = "Absence : Devis"},
         AUTOMATIC_VACATION},
        {"Precedence auto_reply", {.precedence = "auto_reply", .from_email = "paul@example.com"}, AUTOMATIC_VACATION},
        {"a signature service",
         {.from_email = "dse_na3@eumail.docusign.net", .subject = "Jean via DocuSign"},
         AUTOMATIC_NOTIFICATION},
        {"a campaign in a client's name",
         {.from_email = "jean@dupont.example", .sender_email = "bounce-mc.us1_2@mail12.atl11.rsgsv.net"},
         AUTOMATIC_NOTIFICATION},
        {"a campaign that only the envelope tells",
         {.from_email = "jean@dupont.example", .return_path = "<bounce-mc.us1_2.3-camille=studio.example@mail12.rsgsv.net>"},
         AUTOMATIC_NOTIFICATION},
        {"a booking in a client's name",
         {.from_email = "jean@dupont.example", .sender_email = "notifications@calendly.com"},
         AUTOMATIC_NOTIFICATION},
        {"auto-generated",
         {.auto_submitted = "auto-generated", .from_email = "app@example.com", .subject = "Build failed"},
         AUTOMATIC_NOTIFICATION},
        {"auto-notified",
         {.auto_submitted = "Auto-Notified; owner-email=\"x\"", .from_email = "paul@example.com"},
         AUTOMATIC_NOTIFICATION},
        {"no-reply", {.from_email = "no-reply@example.com"}, AUTOMATIC_NOTIFICATION},
        {"noreply with tail", {.from_email = "noreply+a1b2@example.com"}, AUTOMATIC_NOTIFICATION},
        {"billing-noreply", {.from_email = "Billing.NoReply@example.com"}, AUTOMATIC_NOTIFICATION},
        {"ne pas répondre", {.from_email = "ne-pas-repondre@example.fr"}, AUTOMATIC_NOTIFICATION},
        {"do not reply", {.from_email = "do_not_reply@example.com"}, AUTOMATIC_NOTIFICATION},
        {"notifications", {.from_email = "notifications@github.example"}, AUTOMATIC_NOTIFICATION},
        {"calendar notification", {.from_email = "calendar-notification@example.com"}, AUTOMATIC_NOTIFICATION},
        {"newsletter",
         {.list_unsubscribe = "<https://example.com/u>", .list_id = "<news.example.com>", .from_email = "hello@example.com"},
         AUTOMATIC_LIST},
        {"newsletter by its footer only",
         {.list_unsubscribe = "<mailto:u@example.com>", .from_email = "hello@example.com"},
         AUTOMATIC_LIST},
        {"announcements",
         {.list_post = "NO", .list_id = "<ann.example.com>", .from_email = "marie@example.com"},
         AUTOMATIC_LIST},
        {"robot on a list",
         {.precedence = "bulk", .list_id = "<l.example.com>", .to_list = true, .from_email = "notify@example.com"},
         AUTOMATIC_NOTIFICATION},
        {"bulk", {.precedence = "bulk", .from_email = "hello@example.com"}, AUTOMATIC_LIST},
        {"junk", {.precedence = "junk", .from_email = "hello@example.com"}, AUTOMATIC_LIST},
        {"list without a way to post", {.precedence = "list", .from_email = "hello@example.com"}, AUTOMATIC_LIST},
        {"invitation without words",
         {.has_calendar_only_text = true, .method = ITIP_REPLY, .from_email = "paul@example.com"},
         AUTOMATIC_CALENDAR},
        {"calendar program",
         {.auto_submitted = "auto-generated", .method = ITIP_CANCEL, .from_email = "paul@example.com"},
         AUTOMATIC_CALENDAR},
};

static const struct sign_case people[] = {
        {"plain", {.from_email = "paul@example.com", .subject = "Devis", .return_path = "<paul@example.com>"}, AUTOMATIC_NO},
        {"nothing at all", {0}, AUTOMATIC_NO},
        {"own sent copy", {.from_email = "me@example.com", .subject = "Devis", .return_path = NULL}, AUTOMATIC_NO},
        {"Auto-Submitted: no", {.auto_submitted = " no", .from_email = "paul@example.com"}, AUTOMATIC_NO},
        {"Auto-Submitted empty", {.auto_submitted = "", .from_email = "paul@example.com"}, AUTOMATIC_NO},
        {"wish not to be answered",
         {.x_auto_response_suppress = "OOF, AutoReply", .from_email = "paul@example.com", .subject = "Devis"},
         AUTOMATIC_NO},
        {"wish and holidays",
         {.x_auto_response_suppress = "All", .from_email = "paul@example.com", .subject = "Absence : mes congés d'août"},
         AUTOMATIC_NO},
        {"talks about out of office",
         {.from_email = "paul@example.com", .subject = "Out of office: 3 to 14 August"},
         AUTOMATIC_NO},
        {"answers an automatic reply",
         {.from_email = "paul@example.com", .subject = "RE: Automatic reply: Quote", .x_auto_response_suppress = "All"},
         AUTOMATIC_NO},
        {"subject alone",
         {.from_email = "paul@example.com", .subject = "Automatic reply: how do I set one up?"},
         AUTOMATIC_NO},
        {"colleague in a Google group",
         {.list_post = "<https://groups.example/post>, <mailto:team@example.com>",
          .list_id = "<team.example.com>",
          .list_unsubscribe = "<x>",
          .precedence = "list",
          .from_email = "marie@example.com"},
         AUTOMATIC_NO},
        {"discussion list called bulk",
         {.precedence = "Bulk", .list_post = "<mailto:l@example.com>", .from_email = "marie@example.com"},
         AUTOMATIC_NO},
        {"mail to the list itself",
         {.precedence = "bulk", .list_id = "<l.example.com>", .to_list = true, .from_email = "marie@example.com"},
         AUTOMATIC_NO},
        {"discussion list",
         {.list_post = "<mailto:l@example.com>", .list_id = "<l.example.com>", .from_email = "marie@example.com"},
         AUTOMATIC_NO},
        {"feedback id alone", {.feedback_id = "1:2:3:x", .from_email = "marie@example.com"}, AUTOMATIC_NO},
        {"X-Autoreply: no", {.x_autoreply = "no", .from_email = "marie@example.com"}, AUTOMATIC_NO},
        {"first-class", {.precedence = "first-class", .from_email = "marie@example.com"}, AUTOMATIC_NO},
        {"a person called Robotham", {.from_email = "anna.robotham@example.com"}, AUTOMATIC_NO},
        {"a person called Noreen", {.from_email = "noreen@example.com"}, AUTOMATIC_NO},
        {"a desk with people", {.from_email = "support@example.com"}, AUTOMATIC_NO},
        {"multipart",
         {.content_type = "multipart/mixed", .report_type = "delivery-status", .from_email = "paul@example.com"},
         AUTOMATIC_NO},
        {"an assistant on behalf",
         {.from_email = "jean@dupont.example", .sender_email = "assistante@dupont.example"},
         AUTOMATIC_NO},
        {"a list that takes bounces",
         {.from_email = "jean@dupont.example",
          .sender_email = "projet-bounces@lists.example",
          .list_post = "<mailto:projet@lists.example>"},
         AUTOMATIC_NO},
        {"a relay that takes bounces",
         {.from_email = "jean@dupont.example", .sender_email = "bounces+12@sendgrid.example"},
         AUTOMATIC_NO},
        {"sent through a provider's servers",
         {.from_email = "jean@dupont.example", .return_path = "<0102-a@eu-west-1.amazonses.com>"},
         AUTOMATIC_NO},
        {"a name like a service's", {.from_email = "jean@notdocusign.net"}, AUTOMATIC_NO},
        {"an invitation with words", {.method = ITIP_REQUEST, .from_email = "paul@example.com"}, AUTOMATIC_NO},
};

static void check(const struct sign_case *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                enum automatic_kind kind = automatic_judge(&cases[i].signs);
                if (kind != cases[i].kind)
                        fail_msg("%s: got %d, expected %d", cases[i].what, kind, cases[i].kind);
        }
}

static void finds_machines(void **state) {
        (void) state;
        check(machines, ELEMENTSOF(machines));
}

static void leaves_people_alone(void **state) {
        (void) state;
        check(people, ELEMENTSOF(people));
}

static void survives_long_fields(void **state) {
        (void) state;
        static char long_field[70000];
        memset(long_field, 'a', sizeof(long_field) - 1);
        struct automatic_signs signs = {long_field, long_field, long_field, long_field, long_field, long_field,
                                        long_field, NULL,       NULL,       long_field, NULL,       NULL,
                                        NULL,       long_field, long_field, false,      false,      ITIP_NONE};
        assert_int_equal(automatic_judge(&signs), AUTOMATIC_NOTIFICATION); /* an unknown Auto-Submitted is not "no" */
        memset(long_field, '.', sizeof(long_field) - 1);
        assert_int_equal(automatic_judge(&(struct automatic_signs){.from_email = long_field}), AUTOMATIC_NO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_machines),
                cmocka_unit_test(leaves_people_alone),
                cmocka_unit_test(survives_long_fields),
        };
        return cmocka_run_group_tests_name("automatic", tests, NULL, NULL);
}
