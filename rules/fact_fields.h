/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The fields of facts, once: X(constant, name, type, allowed values, doc). The position in `struct fact.values`, the validator, the manual and
 * the JSON output all come from these lists. */

#define MESSAGE_FIELDS(X)                                                                                                  \
        X(SUBJECT, "subject", STRING, NULL, "Subject as written")                                                          \
        X(THREAD_ID, "thread_id", STRING, NULL, "Conversation: by references, else by subject and people within a window") \
        X(TEXT, "text", STRING, NULL, "What the writer newly wrote: no quoted text, no signature, no disclaimer")          \
        X(WORDS, "words", INT, NULL, "Words of the new text")                                                              \
        X(LANGUAGE, "language", STRING, NULL, "Language of the new text: fr, en, de, nl, es or it")                        \
        X(AUTOMATIC, "automatic", BOOL, NULL, "Written by a machine")                                                      \
        X(REPLY, "reply", BOOL, NULL, "Answers an earlier message")                                                        \
        X(INVITED, "invited", BOOL, NULL,                                                                                  \
          "Answers a message that the owner sent outside working time within the last 12 hours")                           \
        X(RESPONSE_TIME, "response_time", DURATION, NULL,                                                                  \
          "Time since the first unanswered message of the other side in this conversation")                                \
        X(WAITING_ON, "waiting_on", ENUM, fact_waiting_on,                                                                 \
          "Whose turn it is in this conversation after this message: client or owner when the other one's request "        \
          "stands, nobody when nothing is asked")                                                                          \
        X(WORKING_TIME, "working_time", BOOL, NULL, "Delivered, or sent, inside the owner's working time")                 \
        X(IN_BREAK, "in_break", BOOL, NULL,                                                                                \
          "Delivered, or sent, in a break of at most three hours between the hours of a day that the owner works")         \
        X(THEIR_WORKING_TIME, "their_working_time", BOOL, NULL,                                                            \
          "Sent inside the client's working time in the client's own zone, when that differs from the owner's")            \
        X(WEEKDAY, "weekday", ENUM, fact_weekdays, "Day of delivery in the owner's zone")                                  \
        X(DAY, "day", STRING, NULL, "Date of delivery in the owner's zone, as in 2026-03-02")                              \
        X(HOUR, "hour", INT, NULL, "Hour of delivery in the owner's zone, 0 to 23")                                        \
        X(ADDRESSED, "addressed", ENUM, fact_addressed,                                                                    \
          "How the owner got it: in To, in copy, as a blind copy, or resent by somebody it was written to")                \
        X(SENDER, "sender", STRING, NULL, "Who sent it on behalf of the person")                                           \
        X(RESENT_BY, "resent_by", STRING, NULL, "Who handed it on to the owner")                                           \
        X(THIRD_PARTIES, "third_parties", INT, NULL, "Recipients who are neither the owner nor that client")               \
        X(RECIPIENTS, "recipients", INT, NULL, "All recipients")                                                           \
        X(QUESTIONS, "questions", INT, NULL, "Sentences of the new text that ask something")                               \
        X(REQUEST, "request", BOOL, NULL, "Asks the reader for something")                                                 \
        X(LISTS, "lists", LIST, NULL, "Word lists found in the new text")                                                  \
        X(SHOUTING, "shouting", BOOL, NULL, "Mostly in capitals")                                                          \
        X(ATTACHMENTS, "attachments", INT, NULL, "Number of attachments")                                                  \
        X(URGENT, "urgent", BOOL, NULL, "Says that it is urgent")                                                          \
        X(DELAYED, "delayed", DURATION, NULL, "Time between sending and delivery, when both are known")                    \
        X(ABSENCE_FROM, "absence_from", INSTANT, NULL, "First day away, told by an out-of-office reply")                   \
        X(ABSENCE_UNTIL, "absence_until", INSTANT, NULL, "End of the last day away, told by an out-of-office reply")       \
        X(SETTLED, "settled", BOOL, NULL,                                                                                  \
          "Refers to a call or a talk, says that it is no longer needed, answers by an invitation, or bounced")

#define REQUEST_FIELDS(X)                                                                                    \
        X(SUBJECT, "subject", STRING, NULL, "Subject as written")                                            \
        X(THREAD_ID, "thread_id", STRING, NULL, "Conversation")                                              \
        X(TEXT, "text", STRING, NULL, "What the writer newly wrote")                                         \
        X(LANGUAGE, "language", STRING, NULL, "Language of the new text")                                    \
        X(BECAUSE, "because", STRING, NULL, "The words that ask")                                            \
        X(THIRD_PARTIES, "third_parties", INT, NULL, "Recipients who are neither the owner nor that client") \
        X(URGENT, "urgent", BOOL, NULL, "Says that it is urgent")                                            \
        X(WORKING_TIME, "working_time", BOOL, NULL, "Inside the owner's working time")                       \
        X(DEADLINE, "deadline", INSTANT, NULL,                                                               \
          "Until when it is asked for; the last second of the day where no time of day was given")           \
        X(INVITATION, "invitation", BOOL, NULL,                                                              \
          "Asks by an invitation to a meeting, which its buttons answer, or to move one, which the calendar answers")

#define SETTLED_FIELDS(X)                                                             \
        X(SUBJECT, "subject", STRING, NULL, "Subject of the answer")                  \
        X(THREAD_ID, "thread_id", STRING, NULL, "Conversation in which it was asked") \
        X(ANSWERED_IN, "answered_in", STRING, NULL, "Conversation of the answer")     \
        X(RESPONSE_TIME, "response_time", DURATION, NULL, "Time since it was asked")  \
        X(SETTLED, "settled", BOOL, NULL, "Always true: there is nothing left to wait for")

#define DOUBTED_FIELDS(X)                                                 \
        X(SUBJECT, "subject", STRING, NULL, "Subject as written")         \
        X(TEXT, "text", STRING, NULL, "What the writer newly wrote")      \
        X(BECAUSE, "because", STRING, NULL, "What the mail server found") \
        X(BY, "by", ENUM, fact_by, "In whose name it is")

/* What is said besides asking. The lists begin alike, so that one place fits all. */
#define STATEMENT_FIELDS(X)                                               \
        X(SUBJECT, "subject", STRING, NULL, "Subject as written")         \
        X(THREAD_ID, "thread_id", STRING, NULL, "Conversation")           \
        X(TEXT, "text", STRING, NULL, "What the writer newly wrote")      \
        X(LANGUAGE, "language", STRING, NULL, "Language of the new text") \
        X(BECAUSE, "because", STRING, NULL, "The words that say so")      \
        X(RESPONSE_TIME, "response_time", DURATION, NULL, "Time since the first unanswered message of the other side")

#define BOUNDARY_FIELDS(X)                                                                                             \
        X(SUBJECT, "subject", STRING, NULL, "Subject as written")                                                      \
        X(THREAD_ID, "thread_id", STRING, NULL, "Conversation")                                                        \
        X(TEXT, "text", STRING, NULL, "What the writer newly wrote")                                                   \
        X(LANGUAGE, "language", STRING, NULL, "Language of the new text")                                              \
        X(BECAUSE, "because", STRING, NULL, "The words that say so")                                                   \
        X(RESPONSE_TIME, "response_time", DURATION, NULL, "Time since the first unanswered message of the other side") \
        X(KIND, "kind", ENUM, fact_boundaries, "What is not acceptable: some hours, a channel, or too short notice")

#define PROPOSAL_FIELDS(X)                                                                                             \
        X(SUBJECT, "subject", STRING, NULL, "Subject as written")                                                      \
        X(THREAD_ID, "thread_id", STRING, NULL, "Conversation")                                                        \
        X(TEXT, "text", STRING, NULL, "What the writer newly wrote")                                                   \
        X(LANGUAGE, "language", STRING, NULL, "Language of the new text")                                              \
        X(BECAUSE, "because", STRING, NULL, "The words that say so")                                                   \
        X(RESPONSE_TIME, "response_time", DURATION, NULL, "Time since the first unanswered message of the other side") \
        X(KIND, "kind", ENUM, fact_proposals, "What was put forward; a draft is for approval")

#define DECISION_FIELDS(X)                                                                                             \
        X(SUBJECT, "subject", STRING, NULL, "Subject as written")                                                      \
        X(THREAD_ID, "thread_id", STRING, NULL, "Conversation")                                                        \
        X(TEXT, "text", STRING, NULL, "What the writer newly wrote")                                                   \
        X(LANGUAGE, "language", STRING, NULL, "Language of the new text")                                              \
        X(BECAUSE, "because", STRING, NULL, "The words that say so")                                                   \
        X(RESPONSE_TIME, "response_time", DURATION, NULL, "Time since the first unanswered message of the other side") \
        X(KIND, "kind", ENUM, fact_decisions, "What was decided; a change turns round an earlier decision")            \
        X(BY, "by", ENUM, fact_by, "Who decided")

#define MEETING_FIELDS(X)                                                                                         \
        X(SUMMARY, "summary", STRING, NULL, "What the meeting is called")                                         \
        X(START, "start", INSTANT, NULL, "When it starts, or was to start before the change")                     \
        X(DURATION, "duration", DURATION, NULL, "How long it lasts")                                              \
        X(NOTICE, "notice", DURATION, NULL,                                                                       \
          "Start less the first time the owner could know; only for moved, cancelled and declined")               \
        X(WORKING_NOTICE, "working_notice", DURATION, NULL,                                                       \
          "Owner's working time in that notice: at Friday 17:30 for Monday 10:00, an hour and a half")            \
        X(CHANGED_BY, "changed_by", ENUM, fact_changed_by, "Who changed it: client, owner or unknown")            \
        X(RECURRING, "recurring", BOOL, NULL, "One of a series")                                                  \
        X(SERIES, "series", BOOL, NULL, "The change concerns the whole series")                                   \
        X(PLANNED_AT, "planned_at", INSTANT, NULL, "First time the owner could know of the meeting at this time") \
        X(PLANNED_NOTICE, "planned_notice", DURATION, NULL,                                                       \
          "Start less planned_at: below the notice asked for, it was booked inside the window")                   \
        X(NEW_START, "new_start", INSTANT, NULL, "Where it was moved to")                                         \
        X(SHIFT, "shift", DURATION, NULL, "How far it was moved, earlier or later")                               \
        X(WORKING_TIME, "working_time", BOOL, NULL, "Starts inside the owner's working time")                     \
        X(ATTENDEES, "attendees", INT, NULL, "People of the client who were to take part")                        \
        X(MINUTES, "minutes", INT, NULL, "How late, for meeting.late")                                            \
        X(TOLD_BY, "told_by", ENUM, fact_told_by, "What tells it: an invitation mail, a calendar, or plain words in a mail")

#define INVOICE_FIELDS(X)                                                                         \
        X(INVOICE_NUMBER, "invoice_number", STRING, NULL, "Number of the invoice or quote")       \
        X(AMOUNT, "amount", MONEY, NULL, "Payable amount")                                        \
        X(OPEN_AMOUNT, "open_amount", MONEY, NULL, "What is left to pay of the invoice after it") \
        X(CURRENCY, "currency", STRING, NULL, "ISO 4217 code")                                    \
        X(DUE_DATE, "due_date", INSTANT, NULL, "When it is to be paid")

#define WORK_FIELDS(X) X(DURATION, "duration", DURATION, NULL, "Own time spent")

#define BREACH_FIELDS(X)                                                                   \
        X(RULE, "rule", STRING, NULL, "Id of the rule that held")                          \
        X(BREACH, "breach", STRING, NULL, "Id of the breach")                              \
        X(THREAD_ID, "thread_id", STRING, NULL,                                            \
          "Conversation of the fact it shows: the last step that happened, or the opener") \
        X(SUBJECT, "subject", STRING, NULL, "Subject of that fact")

#define FACT_FIELD_MESSAGE(c, ...) F_MESSAGE_##c,
#define FACT_FIELD_REQUEST(c, ...) F_REQUEST_##c,
#define FACT_FIELD_SETTLED(c, ...) F_SETTLED_##c,
#define FACT_FIELD_DOUBTED(c, ...) F_DOUBTED_##c,
#define FACT_FIELD_STATEMENT(c, ...) F_STATEMENT_##c,
#define FACT_FIELD_BOUNDARY(c, ...) F_BOUNDARY_##c,
#define FACT_FIELD_PROPOSAL(c, ...) F_PROPOSAL_##c,
#define FACT_FIELD_DECISION(c, ...) F_DECISION_##c,
#define FACT_FIELD_MEETING(c, ...) F_MEETING_##c,
#define FACT_FIELD_INVOICE(c, ...) F_INVOICE_##c,
#define FACT_FIELD_WORK(c, ...) F_WORK_##c,
#define FACT_FIELD_BREACH(c, ...) F_BREACH_##c,

enum fact_message_field { MESSAGE_FIELDS(FACT_FIELD_MESSAGE) F_MESSAGE_N };
enum fact_request_field { REQUEST_FIELDS(FACT_FIELD_REQUEST) F_REQUEST_N };
enum fact_settled_field { SETTLED_FIELDS(FACT_FIELD_SETTLED) F_SETTLED_N };
enum fact_doubted_field { DOUBTED_FIELDS(FACT_FIELD_DOUBTED) F_DOUBTED_N };
enum fact_statement_field { STATEMENT_FIELDS(FACT_FIELD_STATEMENT) F_STATEMENT_N };
enum fact_boundary_field { BOUNDARY_FIELDS(FACT_FIELD_BOUNDARY) F_BOUNDARY_N };
enum fact_proposal_field { PROPOSAL_FIELDS(FACT_FIELD_PROPOSAL) F_PROPOSAL_N };
enum fact_decision_field { DECISION_FIELDS(FACT_FIELD_DECISION) F_DECISION_N };
enum fact_meeting_field { MEETING_FIELDS(FACT_FIELD_MEETING) F_MEETING_N };
enum fact_invoice_field { INVOICE_FIELDS(FACT_FIELD_INVOICE) F_INVOICE_N };
enum fact_work_field { WORK_FIELDS(FACT_FIELD_WORK) F_WORK_N };
enum fact_breach_field { BREACH_FIELDS(FACT_FIELD_BREACH) F_BREACH_N };
