/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/fact.h"

static const char *const fact_weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
static const char *const fact_boundaries[] = {"hours", "channel", "notice", NULL};
static const char *const fact_proposals[] = {"quote", "offer", "plan", "date", "draft", NULL};
static const char *const fact_decisions[] = {"approval", "refusal", "change", NULL};
static const char *const fact_by[] = {"client", "owner", NULL};
static const char *const fact_changed_by[] = {"client", "owner", "unknown", NULL};
/* In the order of enum addressed. */
static const char *const fact_addressed[] = {"to", "copy", "blind", "resent", NULL};
static const char *const fact_waiting_on[] = {"nobody", "owner", "client", NULL};
static const char *const fact_told_by[] = {"invitation", "calendar", "words", NULL};

#define ROW(constant, name_, type_, values_, doc_) {.name = name_, .type = VALUE_##type_, .values = values_, .doc = doc_},

static const struct fact_field message_fields[] = {MESSAGE_FIELDS(ROW)};
static const struct fact_field request_fields[] = {REQUEST_FIELDS(ROW)};
static const struct fact_field settled_fields[] = {SETTLED_FIELDS(ROW)};
static const struct fact_field doubted_fields[] = {DOUBTED_FIELDS(ROW)};
static const struct fact_field statement_fields[] = {STATEMENT_FIELDS(ROW)};
static const struct fact_field boundary_fields[] = {BOUNDARY_FIELDS(ROW)};
static const struct fact_field proposal_fields[] = {PROPOSAL_FIELDS(ROW)};
static const struct fact_field decision_fields[] = {DECISION_FIELDS(ROW)};
static const struct fact_field meeting_fields[] = {MEETING_FIELDS(ROW)};
static const struct fact_field invoice_fields[] = {INVOICE_FIELDS(ROW)};
static const struct fact_field work_fields[] = {WORK_FIELDS(ROW)};
static const struct fact_field breach_fields[] = {BREACH_FIELDS(ROW)};

#define FIELDS(list) .fields = (list), .n_fields = ELEMENTSOF(list)

_Static_assert(ELEMENTSOF(message_fields) <= FACT_FIELDS_MAX, "FACT_FIELDS_MAX is too small");
_Static_assert(ELEMENTSOF(meeting_fields) <= FACT_FIELDS_MAX, "FACT_FIELDS_MAX is too small");

const struct fact_row fact_table[_FACT_TYPE_MAX] = {
        [FACT_MESSAGE_RECEIVED] = {"message.received", "A message from the client reached the owner", FIELDS(message_fields),
                                   true},
        [FACT_MESSAGE_SENT] = {"message.sent", "The owner wrote to the client", FIELDS(message_fields), true},
        [FACT_REQUEST_RECEIVED] = {"request.received", "The client asked the owner for something", FIELDS(request_fields),
                                   true},
        [FACT_REQUEST_SENT] = {"request.sent", "The owner asked the client for something", FIELDS(request_fields), true},
        [FACT_REMINDER_RECEIVED] = {"reminder.received", "The client asked again, or said that an answer is missing",
                                    FIELDS(request_fields), true},
        [FACT_REMINDER_SENT] = {"reminder.sent", "The owner asked again, or said that an answer is missing",
                                FIELDS(request_fields), true},
        [FACT_BOUNDARY_STATED] = {"boundary.stated", "The owner said what is not acceptable", FIELDS(boundary_fields), true},
        [FACT_PROPOSAL_SENT] = {"proposal.sent", "The owner put something forward", FIELDS(proposal_fields), true},
        [FACT_DECISION_MADE] = {"decision.made", "The client or the owner decided something", FIELDS(decision_fields), true},
        [FACT_THANKS_RECEIVED] = {"thanks.received", "The client thanked for something done", FIELDS(statement_fields),
                                  true},
        [FACT_MEETING_PLANNED] = {"meeting.planned", "A meeting was agreed, or put in the calendar", FIELDS(meeting_fields),
                                  true},
        [FACT_MEETING_MOVED] = {"meeting.moved", "A meeting was put at another time", FIELDS(meeting_fields), true},
        [FACT_MEETING_CANCELLED] = {"meeting.cancelled", "A meeting was called off", FIELDS(meeting_fields), true},
        [FACT_MEETING_DECLINED] = {"meeting.declined", "The client declined a meeting", FIELDS(meeting_fields), true},
        [FACT_MEETING_HELD] = {"meeting.held", "A meeting took place, as far as the calendar tells", FIELDS(meeting_fields),
                               true},
        [FACT_MEETING_LATE] = {"meeting.late", "The client came late to a meeting", FIELDS(meeting_fields), false},
        [FACT_QUOTE_SENT] = {"quote.sent", "The owner sent a quote", FIELDS(invoice_fields), false},
        [FACT_INVOICE_SENT] = {"invoice.sent", "The owner sent an invoice", FIELDS(invoice_fields), false},
        [FACT_INVOICE_REMINDED] = {"invoice.reminded", "The owner asked for payment again", FIELDS(invoice_fields), false},
        [FACT_PAYMENT_RECEIVED] = {"payment.received", "The client paid", FIELDS(invoice_fields), false},
        [FACT_WORK_DONE] = {"work.done", "Own time in meetings and own messages", FIELDS(work_fields), false},
        [FACT_REQUEST_SETTLED] = {"request.settled",
                                  "A request of the owner was answered by another who was asked too, or elsewhere",
                                  FIELDS(settled_fields), true},
        [FACT_MESSAGE_DOUBTED] =
                {"message.doubted",
                 "A message in the name of the client, or of the owner to the client, that may be forged: it counts as "
                 "nothing else",
                 FIELDS(doubted_fields), true},
        [FACT_RULE] = {"rule", "A rule held: rule.<id>", FIELDS(breach_fields), true},
};

const struct fact_field fact_common_fields[] = {
        {.name = "at", .type = VALUE_INSTANT, .doc = "When it happened"},
        {.name = "client", .type = VALUE_STRING, .doc = "Id of the client"},
        {.name = "person", .type = VALUE_STRING, .doc = "Address of who wrote, or was written to"},
        {.name = "source", .type = VALUE_STRING, .doc = "Name of the source it was read from"},
        {.name = "message_id", .type = VALUE_STRING, .doc = "Message-ID of the mail it rests on"},
        {.name = "uid", .type = VALUE_STRING, .doc = "UID of the calendar object it rests on"},
};
_Static_assert(ELEMENTSOF(fact_common_fields) == FACT_COMMON_FIELDS, "FACT_COMMON_FIELDS is wrong");

int fact_type_from_name(const char *name) {
        if (strncmp(name, "rule.", 5) == 0 && name[5])
                return FACT_RULE;
        for (int t = 0; t < FACT_RULE; t++)
                if (strcmp(fact_table[t].name, name) == 0)
                        return t;
        return -ENOENT;
}

int fact_field_index(enum fact_type type, const char *name) {
        const struct fact_row *row = &fact_table[type];
        for (uint32_t i = 0; i < row->n_fields; i++)
                if (strcmp(row->fields[i].name, name) == 0)
                        return (int) i;
        for (uint32_t i = 0; i < FACT_COMMON_FIELDS; i++)
                if (strcmp(fact_common_fields[i].name, name) == 0)
                        return FACT_COMMON_INDEX((int) i);
        return -ENOENT;
}

static struct value value_string(const char *s) {
        return s ? (struct value){.type = VALUE_STRING, .s = s} : (struct value){.type = VALUE_NONE};
}

struct value fact_value_at(const struct fact *f, int index) {
        switch (index) {
        case FACT_COMMON_INDEX(0):
                return (struct value){.type = VALUE_INSTANT, .i = f->at};
        case FACT_COMMON_INDEX(1):
                return value_string(f->client ? f->client->id : NULL);
        case FACT_COMMON_INDEX(2):
                return value_string(f->person);
        case FACT_COMMON_INDEX(3):
                return value_string(f->source);
        case FACT_COMMON_INDEX(4):
                return value_string(f->message_id);
        case FACT_COMMON_INDEX(5):
                return value_string(f->uid);
        default:
                return index >= 0 && index < (int) FACT_FIELDS_MAX ? f->values[index] : (struct value){.type = VALUE_NONE};
        }
}

struct value fact_value(const struct fact *f, const char *field) {
        return fact_value_at(f, fact_field_index(f->type, field));
}

static int list_copy(const char *const *list, struct arena *arena, const char *const **ret) {
        size_t n = 0;
        while (list && list[n])
                n++;
        const char **copy = arena_new0(arena, const char *, n + 1);
        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (!(copy[i] = arena_strdup(arena, list[i])))
                        return -ENOMEM;
        *ret = copy;
        return 0;
}

struct fact *fact_copy(const struct fact *f, struct arena *arena) {
        struct fact *c = arena_new0(arena, struct fact, 1);
        if (!c)
                return NULL;
        *c = *f;
        const struct {
                const char *from;
                const char **to;
        } strings[] = {{f->rule, &c->rule},
                       {f->person, &c->person},
                       {f->source, &c->source},
                       {f->message_id, &c->message_id},
                       {f->uid, &c->uid}};
        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (strings[i].from && !(*strings[i].to = arena_strdup(arena, strings[i].from)))
                        return NULL;
        for (size_t i = 0; i < FACT_FIELDS_MAX; i++) {
                if (f->values[i].type == VALUE_STRING && !(c->values[i].s = arena_strdup(arena, f->values[i].s)))
                        return NULL;
                if (f->values[i].type == VALUE_LIST && list_copy(f->values[i].list, arena, &c->values[i].list) < 0)
                        return NULL;
        }
        return c;
}
