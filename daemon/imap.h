/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* IMAP4rev1 (RFC 3501) in the fetch role, over libetpan's parser and a connection of our own. Read only: EXAMINE and BODY.PEEK, nothing else touches a
 * mailbox, so no flag changes and \Recent stays.
 *
 * Of the extensions that tell of changes, IDLE (RFC 2177) and CONDSTORE (RFC 7162) are used, and two are not. QRESYNC tells what was expunged while nobody looked:
 * a message that was seen stays seen, whatever becomes of it on the server, so that there is nothing to do with the answer, and the set of UIDs that is
 * remembered (imap_folder.c) costs no more when some of them are gone. NOTIFY (RFC 5465) would have one connection hear of all folders; IDLE hears of INBOX alone, and
 * the others are read with each pass and at least with the service's own rescan. Who answers a client within minutes has the answer in INBOX; few servers offer NOTIFY (of the
 * large ones Dovecot, neither Gmail nor Exchange), it needs a second way to read what comes unasked, and libetpan knows none of its answers.
 *
 * Gmail: labels are folders, and All Mail shows what is in all of them, so that it alone is read, once a message. Drafts are there by their label, and so is what
 * the owner excludes by a label's name: both are found by SEARCH X-GM-LABELS, whose answer is numbers. Verified against Dovecot with its own keywords in the place of
 * labels (tests/test-imap.py), and for the rest against what Google documents (IMAP extensions) and what public logs show of its answers, not against Gmail
 * itself. X-GM-MSGID gives nothing: in All Mail no message is there twice, and among labels that are read one by one the Message-ID tells. */

#include "daemon/role_fetch.h"
#include "daemon/uid_set.h"

#include <libetpan/mailimap.h>

#include "daemon/connection.h"

extern const struct fetch_driver fetch_imap;

/* --- between imap.c, imap_login.c, imap_folder.c and imap_parts.c --- */

struct imap {
        const struct fetch_account *account;
        struct fetcher *fetcher; /* during a call of the driver */
        struct connection *connection;
        mailimap *session; /* libetpan's */
        bool careful;
        /* X-GM-EXT-1, and All Mail is shown (the owner may hide it): labels look like folders, and All Mail holds what is in any of them. */
        bool gmail;
        struct buf *labels; /* owned: of what is left out there, quoted as SEARCH wants them */
        size_t n_labels;
        uint64_t labels_digest; /* 0: none */
        bool condstore;
        /* Where the bytes of a BODY section go while an answer is parsed: a file, or a buffer, up to a limit. */
        int sink_fd;
        struct buf *sink;
        /* Where a part goes, when several come in one answer; NULL: nowhere. */
        struct buf *(*sink_of)(const struct mailimap_section_spec *section, void *userdata);
        void *sink_userdata;
        size_t sink_size, sink_max;
        bool sink_any;
        int sink_error;
        /* Called for each FETCH answer as soon as it is complete. */
        void (*on_fetch)(struct imap *i, const struct mailimap_msg_att *att, void *userdata);
        void *on_fetch_userdata;
        const char *
                watched; /* where new mail shows first: INBOX, or what shows all of Gmail, also what a filter archives at once */
        char *all;       /* owned: the name of the latter */
        uint32_t watched_uidnext; /* of it when it was looked at last; 0: never */
};

/* What a command may take: the time for a slow answer, and the bytes that are expected on top. */
void imap_allow(struct imap *i, uint64_t bytes);
/* Send one command (without tag and end of line) and read the answer. 0; -ENOMSG: the server said NO or BAD, imap_said() tells; another negative errno after
 * fetcher_end(): the connection is of no more use. */
int imap_command(struct imap *i, const char *format, ...) _printf_(2, 3);
/* The text of the last tagged answer, cleaned; of a refusal with its code (RFC 5530) before it. */
const char *imap_said(struct imap *i, char *out, size_t room);
/* Is such a refusal one that passes by itself (RFC 5530, and what Gmail and Exchange say when too much is asked of them)? Takes note of how long the server asks to
 * be left alone. */
bool imap_passes(struct imap *i, const char *said);
/* A name as a quoted string, into `out`. -EINVAL: it has control characters, and nobody can ask for it that way. */
int imap_quote(const char *s, struct buf *out) _must_check_;
/* The connection failed, or the answer made no sense (rc: libetpan's). Says how it ended. */
int imap_broken(struct imap *i, int rc);
/* Was it that the server said NO or BAD to what one of libetpan's own functions asked for (rc: what it returned)? Then the session goes on. */
bool imap_said_no(const struct imap *i, int rc);
bool imap_can(const struct imap *i, const char *capability);

/* imap_login.c. 0, or negative after fetcher_end(). */
int imap_login(struct imap *i) _must_check_;

/* imap_folder.c: read what is new in one folder that is wanted. 0, or negative as imap_command(). */
struct imap_folder {
        char *name;        /* owned: raw, as the server has it */
        char *shown;       /* owned: with '/' between levels */
        uint32_t flags;    /* enum fetch_folder_flag */
        const char *label; /* what Gmail calls it as a label; NULL: by its name */
        bool selectable;
};
int imap_folder_read(struct imap *i, const struct imap_folder *folder, const struct fetch_answer *answer) _must_check_;
/* Open it, read only. *ret_modseq: HIGHESTMODSEQ, 0 where unknown. As imap_command(). */
int imap_examine(struct imap *i, const char *name, uint64_t *ret_modseq) _must_check_;

/* imap_parts.c: a large message, of which the letter and the calendar objects are fetched, and of attachments only their headers. `fd` gets a message that
 * says so. 0; -ENOMSG as imap_command(); -ENOENT: it is no longer there; -EBADMSG: its structure makes no sense. */
int imap_parts_read(struct imap *i, uint32_t uid, int fd) _must_check_;

/* Seconds since 1970 of an INTERNALDATE, or INSTANT_UNKNOWN. */
instant imap_date(const struct mailimap_date_time *d);
