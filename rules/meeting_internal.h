/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What meeting.c collects and meeting_judge.c judges. */

#include "parsers/arena.h"
#include "rules/conversation.h"
#include "rules/meeting.h"

enum version_kind {
        VERSION_PLAN, /* it takes place, at that time */
        VERSION_CANCEL,
        VERSION_REPLY,
        VERSION_COUNTER, /* somebody would like another time: moves nothing */
        VERSION_GONE,    /* vanished from a calendar */
};

struct participant {
        const char *email;
        uint64_t hash;
        struct person person;
        enum participation_status status;
        bool organizer;
};

struct exdate {
        instant at;
        bool day; /* a date: whatever occurs on that local day */
};

/* One telling of a meeting, or of one occurrence of it. */
struct version {
        struct version *next;
        enum version_kind kind;
        bool mail; /* by an invitation mail; else by a calendar */
        bool recurring, rid_is_day, status_cancelled, author_is_organizer, stale;
        bool tentative; /* an option, told by mail: nothing is agreed yet */
        bool doubted;   /* by mail in a client's name that nobody vouches for */
        instant rid;    /* INSTANT_UNKNOWN: the meeting itself, or the whole series */
        int32_t sequence;
        instant dtstamp, last_modified, created, seen, known;
        instant start, end;
        const instant *occurrences; /* sorted; of a series */
        const struct exdate *exdates;
        uint32_t n_occurrences, n_exdates;
        const char *organizer_email;
        struct person organizer, author;
        const struct participant *participants; /* the owner and clients */
        uint32_t n_participants, n_attendees;
        const char *summary, *source, *message_id;
        int64_t observation;
        uint64_t digest;
};

enum day_mention { DAY_TODAY = 1 << 7, DAY_TOMORROW = 1 << 8 }; /* bits 0 to 6: Monday to Sunday */

/* Days named in words: those of the meeting, and those to which it is moved. */
struct days {
        uint32_t of, to;
        int32_t to_minute; /* of the day, to which it is moved; -1: none named */
        bool little;       /* moved by minutes */
};
struct days days_mentioned(const char *text);

/* A client's, or the owner's, plain words that call off or move something. */
struct words {
        struct words *next; /* those that concern one meeting */
        instant at;
        const struct client *client;
        bool from_owner, placed; /* placed: its meeting is known */
        bool proposal;           /* only asks whether it may be moved */
        bool doubted;            /* nobody vouches for them */
        struct subject_words subject;
        struct days days;
        uint64_t *replied; /* keys of messages it answers */
        uint32_t n_replied;
        instant rid; /* once its meeting is found */
        const char *person, *source, *message_id;
        int64_t observation;
        uint64_t digest;
};

struct meeting {
        uint64_t hash; /* of the UID */
        const char *uid;
        struct version *versions;
        uint32_t n_versions;
        struct words *words;
};

enum changed_by { BY_UNKNOWN, BY_CLIENT, BY_OWNER };
enum told_by { TOLD_INVITATION, TOLD_CALENDAR, TOLD_WORDS };

/* A fact in little; meetings_fact() makes a whole one of it. */
struct meeting_fact {
        instant at;
        uint64_t key;
        enum fact_type type; /* _FACT_TYPE_MAX: taken back */
        enum changed_by by;
        enum told_by told_by;
        bool recurring, series, changed;
        const struct client *client;
        const struct meeting *meeting;
        instant occurrence; /* INSTANT_UNKNOWN: not one of a series */
        instant start, end, new_start, planned_at;
        uint32_t attendees;
        const char *person, *source, *message_id, *summary;
        int64_t observation;
};

/* For a while, somebody could know that an occurrence was to be at that time. */
struct slot_known {
        instant start, from, to;
        uint32_t meeting;
        instant rid;
        const char *summary;
};

struct slot_list {
        struct slot_known *items;
        size_t n, allocated;
};

struct meetings {
        const struct settings *settings;
        struct people *people;
        instant now;
        struct arena *arena;
        struct meeting *items;
        size_t n, allocated;
        uint32_t *index; /* by hash of the UID: position + 1 */
        size_t index_size;
        const char **sources;
        size_t n_sources;
        struct words **words; /* sorted by client, then time */
        size_t n_words, allocated_words;
        struct {
                uint64_t key;
                uint32_t meeting;
        } * mails; /* which message told of which meeting, sorted by key */
        size_t n_mails, allocated_mails;
        struct doubt {
                uint64_t digest;
                bool *doubted; /* of what came with that observation */
        } * doubts;            /* sorted when first asked */
        size_t n_doubts, allocated_doubts;
        bool doubts_sorted;
        struct slot_list *slots; /* of each client; only while words look for their meeting */
        bool looking;
        struct meeting_fact *facts;
        size_t n_facts, allocated_facts;
};

/* Judge one meeting: adds facts, or slots while words look for their meeting. */
int meeting_judge(struct meetings *m, uint32_t position) _must_check_;
/* Words of that client (or of the owner to that client) by time. */
size_t words_of(const struct meetings *m, const struct client *client, bool from_owner, struct words ***ret);
/* The owner's own words of the days before show who began. */
#define WORDS_OWNER_BEFORE (7 * DAY_SECONDS)
/* Words concern no meeting further away, nor one that began longer ago. */
#define WORDS_FAR (14 * DAY_SECONDS)
#define WORDS_AFTER_START 900
int grow(void *items, size_t *allocated, size_t n, size_t size) _must_check_;
