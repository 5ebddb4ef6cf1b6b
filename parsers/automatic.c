/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/text.h"
#include "parsers/utf8.h"

#include <strings.h>

/* Signs are weighed in an order: what a standard defines first, habits of senders next, words of a subject last and only
 * together with another sign. X-Auto-Response-Suppress alone is a wish not to be answered, which people's mail carries
 * too, and proves nothing. */

/* Longest subject that is looked at: the forms below stand at its start. */
#define SUBJECT_HEAD 128

static bool starts(const char *s, const char *word) {
        return strncasecmp(s, word, strlen(word)) == 0;
}

/* The first token of a field body equals `word`: "auto-replied (vacation)", "auto-generated; type=x". */
static bool token_is(const char *s, const char *word) {
        if (!s)
                return false;
        s += strspn(s, " \t\n");
        size_t n = strcspn(s, " \t\n;(,");
        return n == strlen(word) && strncasecmp(s, word, n) == 0;
}

/* Subjects that programs give to out-of-office replies, folded, always followed by a colon. The first group is written
 * by programs only; the second is also how a colleague announces holidays. */
static const char *const reply_subjects[] = {"automatic reply",
                                             "auto reply",
                                             "autoreply",
                                             "auto-reply",
                                             "auto",
                                             "automated reply",
                                             "reponse automatique",
                                             "automatische antwort",
                                             "automatisch antwoord",
                                             "automatische antwoord",
                                             "risposta automatica",
                                             "respuesta automatica",
                                             "resposta automatica"};
static const char *const absence_subjects[] = {"out of office",
                                               "out of the office",
                                               "out of office reply",
                                               "absence du bureau",
                                               "absence",
                                               "absent du bureau",
                                               "abwesenheitsnotiz",
                                               "abwesend",
                                               "abwesenheit",
                                               "afwezig",
                                               "afwezigheidsbericht",
                                               "fuori sede",
                                               "fuera de la oficina",
                                               "message d'absence",
                                               "vacation"};

enum subject_form { SUBJECT_PLAIN, SUBJECT_ABSENCE, SUBJECT_AUTOMATIC };

static enum subject_form subject_form(const char *subject) {
        char head[SUBJECT_HEAD];

        if (!subject)
                return SUBJECT_PLAIN;
        subject += strspn(subject, " \t\n[");
        (void) utf8_fold(subject, strnlen(subject, sizeof(head) - 1), head, sizeof(head));
        size_t n = strcspn(head, ":");
        if (head[n] != ':')
                return SUBJECT_PLAIN;
        while (n > 0 && head[n - 1] == ' ')
                n--;
        head[n] = 0;
        for (size_t i = 0; i < ELEMENTSOF(reply_subjects); i++)
                if (head[0] == reply_subjects[i][0] && strcmp(head, reply_subjects[i]) == 0)
                        return SUBJECT_AUTOMATIC;
        for (size_t i = 0; i < ELEMENTSOF(absence_subjects); i++)
                if (head[0] == absence_subjects[i][0] && strcmp(head, absence_subjects[i]) == 0)
                        return SUBJECT_ABSENCE;
        return SUBJECT_PLAIN;
}

/* The local part in lower case without separators ("No-Reply+x" -> "noreplyx"), and cut into pieces at them. */
struct sender {
        char joined[65], pieces[67]; /* pieces: " no reply x " */
};

static void sender_read(const char *email, struct sender *ret) {
        size_t joined = 0, pieces = 1;

        *ret = (struct sender){.pieces = " "};
        for (const char *p = email;
             p && *p && *p != '@' && joined < sizeof(ret->joined) - 1 && pieces < sizeof(ret->pieces) - 2; p++) {
                bool cut = strchr(".-_+=", *p);
                if (cut && ret->pieces[pieces - 1] == ' ')
                        continue;
                char c = *p >= 'A' && *p <= 'Z' ? (char) (*p + 32) : *p;
                if (!cut)
                        ret->joined[joined++] = c;
                ret->pieces[pieces++] = cut ? ' ' : c;
        }
        ret->pieces[pieces] = ' ';
}

static bool any_in(const char *text, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strstr(text, words[i]))
                        return true;
        return false;
}

static bool sender_bounces(const struct sender *s) {
        return str_eq(s->joined, "mailerdaemon") || str_eq(s->joined, "postmaster") ||
               strncmp(s->joined, "mailerdaemon", 12) == 0;
}

static bool sender_is_robot(const struct sender *s) {
        /* Inside other words too ("billing-noreply", "noreplyfr"). */
        static const char *const anywhere[] = {"noreply",       "donotreply",     "dontreply",        "nepasrepondre",
                                               "nerepondezpas", "nichtantworten", "keineantwort",     "nonrispondere",
                                               "noresponder",   "naoresponda",    "nietbeantwoorden", "unattended"};
        /* Only as a piece of their own: people are called Robotham. */
        static const char *const pieces[] = {" notification ",  " notifications ", " notify ",  " mailer ",   " autoreply ",
                                             " autoresponder ", " bounce ",        " bounces ", " listserv ", " majordomo ",
                                             " robot ",         " cron ",          " daemon "};
        return any_in(s->joined, anywhere, ELEMENTSOF(anywhere)) || any_in(s->pieces, pieces, ELEMENTSOF(pieces));
}

/* Domains from which only the programs of a service write, on behalf of its customers: a signature asked for, a time
 * booked, a campaign. Where people of the service have mailboxes too, its robots' names tell them apart instead. */
static bool domain_is_service(const char *email) {
        static const char *const services[] = {
                "adobesign.com",      "createsend.com",   "docusign.net",    "echosign.com",     "eventbrite-mail.com",
                "hellosign-mail.com", "hubspotemail.net", "list-manage.com", "mailchimpapp.com", "mailchimpapp.net",
                "mcdlv.net",          "mcsv.net",         "mlsend.com",      "rsgsv.net",        "yousign.email"};
        const char *at = email ? strrchr(email, '@') : NULL;
        size_t n = at ? strcspn(at + 1, "> \t") : 0; /* a return path stands in brackets */
        for (size_t i = 0; i < ELEMENTSOF(services); i++) {
                size_t size = strlen(services[i]);
                /* Their ends but one tell most from the others without a call. */
                if (n >= size && (at[n - 1] | 32) == services[i][size - 2] &&
                    strncasecmp(at + 1 + n - size, services[i], size) == 0 && (n == size || at[n - size] == '.'))
                        return true;
        }
        return false;
}

/* A person in From, a service in Sender: "Calendly on behalf of Jean". Lists are left out, which write "-bounces" there. */
static bool sender_is_service(const struct automatic_signs *signs) {
        struct sender sender;
        if (domain_is_service(signs->from_email) || domain_is_service(signs->sender_email) ||
            domain_is_service(signs->return_path))
                return true;
        if (!signs->sender_email || signs->list_id || signs->list_post)
                return false;
        sender_read(signs->sender_email, &sender);
        return !strstr(sender.pieces, " bounce") && sender_is_robot(&sender);
}

/* Desks and programs acknowledge with "auto-replied" as absent people do. */
static bool sender_is_desk(const struct sender *s) {
        static const char *const pieces[] = {" support ", " help ", " helpdesk ", " service ",     " ticket ",  " tickets ",
                                             " desk ",    " info ", " sav ",      " servicedesk ", " billing ", " sales "};
        return sender_is_robot(s) || any_in(s->pieces, pieces, ELEMENTSOF(pieces));
}

static enum automatic_kind reply_kind(const struct automatic_signs *signs, const struct sender *sender) {
        if (subject_form(signs->subject) != SUBJECT_PLAIN ||
            (signs->auto_submitted && strstr(signs->auto_submitted, "vacation")))
                return AUTOMATIC_VACATION;
        return sender_is_desk(sender) ? AUTOMATIC_REPLY : AUTOMATIC_VACATION;
}

static enum automatic_kind judge_report(const struct automatic_signs *signs) {
        if (!signs->content_type || !starts(signs->content_type, "multipart/report"))
                return AUTOMATIC_NO;
        if (signs->report_type && starts(signs->report_type, "disposition-notification"))
                return AUTOMATIC_RECEIPT;
        if (!signs->report_type || starts(signs->report_type, "delivery-status"))
                return AUTOMATIC_BOUNCE;
        return AUTOMATIC_NOTIFICATION;
}

/* What Outlook and Exchange call their own letters, [MS-OXCMAIL] section 2.1.3.2.1: written by no person. */
static enum automatic_kind judge_class(const char *message_class) {
        static const struct {
                const char *start, *end;
                enum automatic_kind kind;
        } classes[] = {
                {"REPORT.", ".NDR", AUTOMATIC_BOUNCE},
                {"REPORT.", ".DR", AUTOMATIC_RECEIPT},
                {"REPORT.", ".IPNRN", AUTOMATIC_RECEIPT},
                {"REPORT.", ".IPNNRN", AUTOMATIC_RECEIPT},
                {"IPM.Note.Rules.OofTemplate", "", AUTOMATIC_VACATION},
                {"IPM.Note.Rules.ReplyTemplate", "", AUTOMATIC_REPLY},
        };
        for (size_t i = 0; i < ELEMENTSOF(classes) && message_class; i++)
                if (starts(message_class, classes[i].start) && str_ends_with(message_class, classes[i].end))
                        return classes[i].kind;
        return AUTOMATIC_NO;
}

static enum automatic_kind judge_submitted(const struct automatic_signs *signs, const struct sender *sender) {
        const char *s = signs->auto_submitted;
        if (str_empty(s) || token_is(s, "no") || token_is(s, ""))
                return AUTOMATIC_NO;
        if (signs->method != ITIP_NONE)
                return AUTOMATIC_CALENDAR;
        if (token_is(s, "auto-replied"))
                return reply_kind(signs, sender);
        /* Exchange marks out-of-office replies "auto-generated" when they leave the house. */
        return subject_form(signs->subject) != SUBJECT_PLAIN ? AUTOMATIC_VACATION : AUTOMATIC_NOTIFICATION;
}

static bool says_yes(const char *s) {
        return s && !token_is(s, "no") && !token_is(s, "false") && !token_is(s, "0");
}

/* A null return path ("<>") is written by programs only. A copy without the field, as in a sent folder, says nothing. */
static bool return_path_is_null(const char *s) {
        if (!s)
                return false;
        s += strspn(s, " \t\n");
        if (*s == '<')
                s += 1 + strspn(s + 1, " \t");
        return *s == 0 || *s == '>';
}

/* Mail by way of a list is written by people when it is a discussion: those announce where to post (List-Post, and
 * not "NO"), or their mail is addressed to the list itself, while a newsletter is addressed to its reader. A client's team
 * that writes through a group must still count as people, so such mail is not called automatic, although Mailman and Google
 * Groups mark it "Precedence: list", and older lists "bulk" or "junk". Whatever shows neither is a newsletter or a
 * program: calling one of these a person would accuse somebody of writing at night. */
static enum automatic_kind judge_list(const struct automatic_signs *signs) {
        static const char *const precedences[] = {"bulk", "junk", "list"};
        const char *post = signs->list_post;

        if (signs->to_list || (!str_empty(post) && !token_is(post, "no")))
                return AUTOMATIC_NO;
        for (size_t i = 0; i < ELEMENTSOF(precedences); i++)
                if (token_is(signs->precedence, precedences[i]))
                        return AUTOMATIC_LIST;
        if (!str_empty(signs->list_id) || !str_empty(signs->list_unsubscribe) || !str_empty(post))
                return AUTOMATIC_LIST;
        return AUTOMATIC_NO;
}

enum automatic_kind automatic_judge(const struct automatic_signs *signs) {
        struct sender sender;
        enum subject_form form = subject_form(signs->subject);

        sender_read(signs->from_email, &sender);
        enum automatic_kind kind = judge_report(signs);
        if (kind != AUTOMATIC_NO || (kind = judge_class(signs->message_class)) != AUTOMATIC_NO)
                return kind;
        if (signs->has_calendar_only_text)
                return AUTOMATIC_CALENDAR;
        kind = judge_submitted(signs, &sender);
        if (kind != AUTOMATIC_NO)
                return kind;
        if (says_yes(signs->x_autoreply) || says_yes(signs->x_autorespond) || token_is(signs->precedence, "auto_reply") ||
            token_is(signs->precedence, "auto-reply"))
                return reply_kind(signs, &sender);
        if (sender_bounces(&sender))
                return AUTOMATIC_BOUNCE;
        if (return_path_is_null(signs->return_path))
                return form != SUBJECT_PLAIN ? AUTOMATIC_VACATION : AUTOMATIC_BOUNCE;
        if (sender_is_robot(&sender) || sender_is_service(signs))
                return signs->method != ITIP_NONE ? AUTOMATIC_CALENDAR : AUTOMATIC_NOTIFICATION;
        kind = judge_list(signs);
        if (kind != AUTOMATIC_NO)
                return form != SUBJECT_PLAIN ? AUTOMATIC_VACATION : kind;
        /* Two weak signs together: the subject of a program, and the wish that programs add to their answers. */
        if (form == SUBJECT_AUTOMATIC && !str_empty(signs->x_auto_response_suppress))
                return AUTOMATIC_VACATION;
        return AUTOMATIC_NO;
}
