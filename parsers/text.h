/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Reading text: what is new in it, in which language, does it ask for something. Pure functions over clean UTF-8. */

#include "parsers/arena.h"
#include "parsers/observation.h"

/* Charset label and bytes to clean UTF-8. Unknown labels, us-ascii with 8-bit bytes and wrong labels: valid UTF-8 wins, else
 * windows-1252. Descriptors are opened by charset_open() before the sandbox closes and kept.
 * *ret belongs to the arena. 0, -ENOMEM. Output beyond `limit` bytes is cut on a boundary and *ret_truncated set. */
struct charset_set;
int charset_open(struct charset_set **ret) _must_check_;
struct charset_set *charset_close(struct charset_set *set);
int charset_decode(const struct charset_set *set, const char *label, const char *data, size_t size, size_t limit,
                   struct arena *arena, char **ret, bool *ret_truncated) _must_check_;

/* HTML (UTF-8) to text: blocks become lines, links their text, quotes (blockquote and the markup of Gmail, Outlook, Apple
 * Mail, Thunderbird, Proton, Zimbra, Roundcube) become lines starting with "> ", script, style, head and hidden elements
 * vanish. libxml2's SAX push parser; no tree. 0, -ENOMEM. */
int html_to_text(const char *html, size_t size, size_t limit, struct arena *arena, char **ret,
                 bool *ret_truncated) _must_check_;

/* format=flowed (RFC 3676): join flowed lines, undo space-stuffing, quote depth kept as '>' characters. */
int text_unflow(const char *text, bool delsp, struct arena *arena, char **ret) _must_check_;

/* Take away, in place, what programs add when they write HTML as text: the target after a link's words ("plan<https://...>",
 * "plan <https://...>", "eva@x.de<mailto:eva@x.de>") and the stand-ins of pictures ("[cid:...]", "[image: logo.png]"). `dropped`, of
 * the size of the text, gets them, one a line. */
void text_drop_link_targets(char *text, char *dropped);

/* Split into what the writer newly wrote and the rest (quoted text, attribution lines, header blocks of other programs,
 * forwarded messages, signatures, mobile footers, disclaimers, list footers). Interleaved answers stay in *ret_new.
 * *ret_forward: a forwarded message was found. Results belong to the arena. 0, -ENOMEM. */
int text_split_new(const char *text, struct arena *arena, const char **ret_new, const char **ret_quoted,
                   bool *ret_forward) _must_check_;

/* The text without the lines of patches (unified diffs), which say nothing to the reader: `text` itself when it has none, else a copy in the arena.
 * Linear. 0, -ENOMEM. */
int text_prose(const char *text, struct arena *arena, const char **ret) _must_check_;

/* The words by which languages are told apart, made ready for searching; a value without anything to free. */
#define LANGUAGE_PLACES 2048U
struct language_index {
        uint16_t places[LANGUAGE_PLACES];
};
void language_index_fill(struct language_index *ret);

/* "fr", "en", "de", "nl", "es", "it" (static strings) or NULL when unsure. index: of language_index_fill(); NULL: made for this call. */
const char *text_language(const struct language_index *index, const char *text);

/* A time until which something is wanted, as written, before the date of the message makes it one. */
enum deadline_form {
        DEADLINE_NONE = 0,
        DEADLINE_DAY,       /* n days later */
        DEADLINE_HOURS,     /* n hours later */
        DEADLINE_WEEKDAY,   /* weekday, `weeks` */
        DEADLINE_DATE,      /* day; month and year where given */
        DEADLINE_WEEK_END,  /* Friday of the week, `weeks` */
        DEADLINE_MONTH_END, /* of `month`; 0: of this month, -1: of the next */
};

/* Which week a weekday is of. */
enum deadline_week {
        WEEK_NEAREST,
        WEEK_THIS,
        WEEK_COMING, /* "next Friday", which some say of this week and some of the next */
        WEEK_NEXT,
};

struct deadline {
        enum deadline_form form;
        enum deadline_week weeks;
        int32_t n;      /* days or hours */
        int32_t year;   /* 0: none written */
        int16_t clock;  /* minutes after midnight; -1: none written */
        int8_t weekday; /* 1 = Monday; with a date, what it must be; 0: none written */
        int8_t day, month;
        bool before; /* the day itself is too late */
};

/* Set against when the message was written, by the writer's clock (civil_seconds()). MOMENT_DATE: that day included; MOMENT_FLOATING: by
 * that clock time; MOMENT_NONE: it could be two days ("by Friday", on a Friday), or is past. */
struct moment deadline_resolve(const struct deadline *d, int64_t sent) _pure_;

/* What a text asks or says. All results are copies in the arena or NULL; flags are those of enum message_flag that text
 * alone decides: REQUEST, SHOUTING, URGENT, STOP, THANKS. */
struct text_reading {
        uint32_t flags;
        uint32_t words, questions;
        const char *request_because;
        const char *cancellation_because;
        struct act acts[_ACT_MAX]; /* in the order of the kinds; because points into the arena */
        size_t n_acts;
        struct deadline deadline; /* of what is asked for */
        const char *deadline_because;
};
/* The phrases of all languages made ready for matching; immutable. For those who read more than one text: without it each call makes
 * its own. */
struct phrase_index;
int phrase_index_new(struct phrase_index **ret) _must_check_;
struct phrase_index *phrase_index_free(struct phrase_index *index);
int text_read(const struct phrase_index *index, const char *new_text, const char *subject, const char *language,
              struct arena *arena, struct text_reading *ret) _must_check_;

/* Absence dates in an out-of-office text (fr, en, de, nl): days, relative to the day the reply was sent when the year is
 * missing. Either may come back MOMENT_NONE. */
void text_absence(const char *text, instant sent_at, struct moment *ret_from, struct moment *ret_until);

/* What the header section tells of who wrote: input for the machine test, filled by message.c. Strings may be NULL. */
struct automatic_signs {
        const char *auto_submitted, *precedence, *return_path, *content_type, *report_type, *from_email, *subject;
        const char *x_autoreply, *x_autorespond, *x_auto_response_suppress, *list_id, *list_unsubscribe, *list_post,
                *feedback_id;
        const char *sender_email;    /* Sender, where it stands beside From */
        const char *message_class;   /* of a winmail.dat: "REPORT.IPM.Note.NDR" ... */
        bool to_list;                /* somebody else's mail to the list's own address (List-Id) */
        bool has_calendar_only_text; /* an iMIP message whose text was written by a calendar program */
        enum itip_method method;
};
enum automatic_kind automatic_judge(const struct automatic_signs *signs);

/* Base subject (RFC 5256 section 2.1) with the reply and forward prefixes of other languages too (AW, WG, RE, TR, Antw,
 * SV, VS, RIF, R, RES, ENC ...), list tags "[name]" dropped, folded by utf8_fold(). *ret_reply, *ret_forward tell of prefixes. */
int subject_base(const char *subject, struct arena *arena, const char **ret, bool *ret_reply,
                 bool *ret_forward) _must_check_;
