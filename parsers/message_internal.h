/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files that read one message share: message.c walks it, message_header.c reads its fields, message_text.c its text, message_calendar.c its calendar
 * objects and winmail.dat. */

#include <strings.h>

#include "parsers/header.h"
#include "parsers/limits.h"
#include "parsers/message.h"
#include "parsers/mime.h"
#include "parsers/tnef.h"
#include "parsers/transfer.h"

/* Text parts of one message that are read; a mail with pictures between its paragraphs has a dozen. */
#define TEXT_PARTS_MAX 32U
/* Occurrences that are read of fields which may be repeated. */
#define REPEATED_MAX 10U
/* Decoded bytes of all calendar parts together: an invitation has a few KB, a whole calendar sent along some hundred. */
#define CALENDARS_SIZE_MAX (4U * 1024 * 1024)

/* How the bytes of one observation are shared out, so that the whole stays below OBSERVATION_SIZE_MAX. Text has its own
 * ceiling, calendar objects get what the others leave. */
#define RESERVE_SHARE 6144U /* fixed-size fields, subject and the words that decided */
#define ADDRESS_SHARE (40U * 1024)
#define REFERENCE_SHARE (16U * 1024)
#define DELIVERED_SHARE (4U * 1024)
#define PARTS_SHARE (6U * 1024)
#define ATTACHMENT_SHARE (12U * 1024)
/* Bytes that encoding adds to a string and to a moment. */
#define STRING_COST 4U
#define MOMENT_COST 12U

enum slot {
        SLOT_FROM,
        SLOT_SENDER,
        SLOT_REPLY_TO,
        SLOT_TO,
        SLOT_CC,
        SLOT_BCC,
        SLOT_SUBJECT,
        SLOT_DATE,
        SLOT_MESSAGE_ID,
        SLOT_IN_REPLY_TO,
        SLOT_REFERENCES,
        SLOT_AUTO_SUBMITTED,
        SLOT_PRECEDENCE,
        SLOT_RETURN_PATH,
        SLOT_X_AUTOREPLY,
        SLOT_X_AUTORESPOND,
        SLOT_X_AUTO_RESPONSE_SUPPRESS,
        SLOT_LIST_ID,
        SLOT_LIST_UNSUBSCRIBE,
        SLOT_LIST_POST,
        SLOT_FEEDBACK_ID,
        SLOT_X_PRIORITY,
        SLOT_IMPORTANCE,
        SLOT_PRIORITY,
        SLOT_X_MSMAIL_PRIORITY,
        SLOT_ORIGINAL_FROM,
        SLOT_ORIGINAL_SENDER,
        SLOT_RESENT_FROM,
        SLOT_RESENT_SENDER,
        SLOT_RESENT_TO,
        SLOT_RESENT_CC,
        SLOT_RESENT_BCC,
        _SLOT_SINGLE, /* from here on: fields of which several occurrences count */
        SLOT_RECEIVED = _SLOT_SINGLE,
        SLOT_DELIVERED,
        SLOT_AUTHENTICATION_RESULTS,
        _SLOT_MAX,
};

struct text_part {
        const char *body;
        size_t size;
        uint32_t alternative;
        enum transfer_encoding encoding;
        bool html, flowed, delsp;
        const char *targets; /* of links, when it was read and a program wrote it from HTML; else NULL */
        char label[MIME_LABEL_MAX + 1];
};

struct reader {
        const struct message_options *options;
        struct arena *arena; /* what stays */
        struct arena *work;  /* owned; what is forgotten with the message */
        struct message *m;
        size_t room; /* bytes of the observation still free */
        bool truncated;
        char *scratch;             /* owned; one unfolded field body and padding */
        uint32_t name_lengths[32]; /* of the fields that are read, by their first letters */

        struct field slots[_SLOT_SINGLE];
        struct field repeated[_SLOT_MAX - _SLOT_SINGLE][REPEATED_MAX];
        uint32_t n_repeated[_SLOT_MAX - _SLOT_SINGLE];
        uint8_t authentication_depths[REPEATED_MAX]; /* Received above each Authentication-Results */
        struct mime_fields mime;
        bool doubled_from; /* there are several From fields */
        bool resent_over;  /* the newest block of Resent- fields has ended */

        struct text_part texts[TEXT_PARTS_MAX];
        uint32_t n_texts;
        uint32_t parts_room, attachments_room, events_room; /* of the arrays */
        size_t parts_share, attachments_share;
        size_t texts_room, calendars_room, envelopes_room; /* bytes that may still be decoded */
        enum itip_method method;                           /* of the first calendar part */
        bool has_calendar, has_forwarded_message;
        struct buf signed_content; /* owned: the letter inside an opaque signature, while its parts are read */
        bool inside_signed;
        struct tnef tnef; /* texts of the first winmail.dat; its other borrowed parts are gone by then */
        bool has_tnef;
};

/* --- message.c --- */

static inline size_t string_cost(const char *s) {
        return s ? strlen(s) + STRING_COST : 1;
}

/* The word at the start of a value, whatever its case. */
static inline bool first_word_is(const char *s, const char *word) {
        size_t n = strlen(word);
        return strncasecmp(s, word, n) == 0 && !((s[n] | 32) >= 'a' && (s[n] | 32) <= 'z');
}

/* Make room for one more item of `size` bytes in an arena array of n items; *room is how many it has room for, `max` how many it may ever have. -ENOMEM. */
int message_reserve(struct arena *arena, void *items_field, size_t size, uint32_t n, uint32_t max,
                    uint32_t *room) _must_check_;
/* Take bytes from a share; false, and the message is marked, when they are not there. */
bool message_take(struct reader *r, size_t *share, size_t cost);
/* s, or a copy without what is beyond max bytes. -ENOMEM. */
int message_clip(struct reader *r, const char *s, size_t max, const char **ret) _must_check_;
/* A copy of at most max bytes; NULL of NULL. -ENOMEM. */
int message_copy_string(struct reader *r, const char *s, size_t max, const char **ret) _must_check_;
/* `a` has its name; the media type is copied. Those that there is no room for are dropped. -ENOMEM. */
int message_keep_attachment(struct reader *r, struct attachment a, const char *media_type) _must_check_;
/* The charset and the transfer encoding that a part claims; `label` has room for MIME_LABEL_MAX and a NUL. */
void message_leaf_charset(const struct mime_leaf *leaf, char *label);
enum transfer_encoding message_leaf_encoding(const struct mime_leaf *leaf);
/* Undo a transfer encoding, at most max bytes and what is left of *total; *ret points into s or is *owned. -ENOMEM. */
int message_decode_transfer(struct reader *r, enum transfer_encoding encoding, const char *s, size_t n, size_t max,
                            size_t *total, const char **ret, size_t *ret_size, char **owned) _must_check_;

/* --- message_header.c --- */

/* Before the first field. */
void message_note_fields(struct reader *r);
/* A field of the header section, kept when it counts. */
void message_keep_field(struct reader *r, const struct field *f);
/* What the fields say, after all were kept. -ENOMEM. */
int message_read_header(struct reader *r) _must_check_;
/* One field as text of at most max bytes; *ret is untouched when it is not there. -ENOMEM. */
int message_read_text_field(struct reader *r, enum slot slot, size_t max, const char **ret) _must_check_;

/* --- message_text.c --- */

/* The text parts that were found: what is new of them, and what its words say. *ret_whole: all of the text, in the work arena, or NULL. -ENOMEM. */
int message_read_text(struct reader *r, const char **ret_whole) _must_check_;

/* --- message_calendar.c --- */

bool message_is_calendar(const char *media_type, const char *name);
int message_read_calendar(struct reader *r, const struct mime_leaf *leaf) _must_check_;
bool message_is_tnef(const struct mime_leaf *leaf, const char *name);
/* *ret_read: false when it is no such file after all, which is then an attachment like any other. -ENOMEM. */
int message_read_tnef(struct reader *r, const struct mime_leaf *leaf, bool *ret_read) _must_check_;
