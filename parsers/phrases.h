/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Private to reading.c: what words mean, one table for each language. A phrase is folded words joined by one blank; an
 * elided word keeps its apostrophe and stands alone ("j' annule"), hyphens are blanks. */

#include "parsers/base.h"

enum phrase_class {
        PHRASE_REQUEST = 1 << 0,    /* asks for something */
        PHRASE_INFINITIVE = 1 << 1, /* asks when an infinitive follows ("merci de ... envoyer") */
        PHRASE_IMPERATIVE = 1 << 2, /* asks at the start of a sentence, before an object */
        PHRASE_SILENT = 1 << 3,     /* swallows the phrases inside it: courtesies, "not urgent", "last minute" */
        PHRASE_QUIET = 1 << 4,      /* a short question with it asks nothing: "how are you?" */
        PHRASE_THANKS = 1 << 5,     /* thanks or acknowledges, at the start of a clause */
        PHRASE_LIGHT = 1 << 6,      /* greeting or closing, at the start of a clause */
        PHRASE_HEAVY = 1 << 7,      /* a clause with it says more than thanks */
        PHRASE_URGENT = 1 << 8,
        PHRASE_ASAP = 1 << 9,       /* urgent when it goes with a request */
        PHRASE_STOP_WORD = 1 << 10, /* "do not call", "I don't work": with a time or channel a boundary */
        PHRASE_STOP_TIME = 1 << 11,
        PHRASE_OBLIGE = 1 << 12, /* "I have to": with CANCEL or MOVE and a meeting a cancellation */
        PHRASE_CANCEL = 1 << 13,
        PHRASE_MOVE = 1 << 14,    /* verbs that move other things too */
        PHRASE_CANCELS = 1 << 15, /* "I am cancelling" */
        PHRASE_MOVES = 1 << 16,
        PHRASE_MISS = 1 << 17,         /* "can't make it" */
        PHRASE_CANCELLED = 1 << 18,    /* "is cancelled", after its subject */
        PHRASE_CANCEL_TITLE = 1 << 19, /* first word of a subject */
        PHRASE_MEETING = 1 << 20,
        PHRASE_OTHER = 1 << 21, /* what can be cancelled or moved and is no meeting */
        PHRASE_DAY = 1 << 22,   /* today, tomorrow, Thursday */
        PHRASE_IF = 1 << 23,    /* condition, possibility or habit */
        PHRASE_PAST = 1 << 24,
        PHRASE_TELL = 1 << 25,    /* "let me know" before an "if" that is none */
        PHRASE_EXCUSE = 1 << 26,  /* what keeps somebody from coming: illness, an emergency */
        PHRASE_SETTLED = 1 << 27, /* a talk was had about it, or it is no longer needed */
        PHRASE_READER = 1 << 28,  /* it is the reader who cannot come or asked for it: "as you're ill" */
        PHRASE_STANDS = 1 << 29,  /* the meeting takes place all the same: "Marie will run the meeting", "I'll dial in" */
        PHRASE_PLACE = 1 << 30,   /* where one can meet: what is moved there keeps its time */
};

/* The classes that the models of requests were trained on. */
#define PHRASE_OF_MODEL ((UINT32_C(1) << 28) - 1 - PHRASE_HEAVY)

struct phrase {
        const char *text;
        uint32_t classes;
};

struct phrase_table {
        const struct phrase *items;
        size_t n;
};

extern const struct phrase_table phrases_fr, phrases_en, phrases_de, phrases_nl, phrases_es, phrases_it;
