/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every ceiling of the parsers, each with its reason. Reaching one is never silent: the observation says `truncated`,
 * or the item is kept aside as unreadable. */

/* A message above this is read by its first bytes only (headers, first text): servers refuse mail long before. */
#define MESSAGE_SIZE_MAX (64U * 1024 * 1024)
/* Header section of one entity: Exchange and Gmail stop at 64 KiB to 256 KiB; lists of recipients reach 100 KiB. */
#define HEADER_SECTION_MAX (256U * 1024)
/* One unfolded field body handed to a value parser: libetpan's comment parser recurses on '(' (crash near 107,000). */
#define FIELD_BODY_MAX (64U * 1024)
/* Parentheses allowed in a field given to libetpan: far above any real comment, far below the stack. */
#define FIELD_NESTING_MAX 256U
/* Levels of multipart and message/rfc822 that are followed; real mail stays below 20. */
#define MIME_DEPTH_MAX 64U
/* Entities of one message; digests of lists reach a few hundred. */
#define MIME_PARTS_MAX 1000U
/* Decoded size of one text part that is read; a person reads less, a log pasted in a mail is cut. */
#define TEXT_PART_MAX (1024U * 1024)
/* Domains that a server says a message was sent or signed by: a sender and two services on the way. */
#define AUTHENTICATED_DOMAINS_MAX 4U
/* Newly written text kept in an observation, and quoted text shown by `inspect`. */
#define TEXT_MAX (32U * 1024)
#define QUOTED_TEXT_MAX (32U * 1024)
/* Subject, names, addresses, file names: RFC 5321 paths are 256, subjects past 1,000 are not read by anyone. */
#define SUBJECT_MAX 1000U
#define NAME_MAX_BYTES 256U
#define ADDRESS_MAX 320U
#define MESSAGE_ID_MAX 995U
/* Entries of address lists, references and attachments that are kept. */
#define ADDRESSES_MAX 200U
#define REFERENCES_MAX 100U
#define ATTACHMENTS_MAX 100U
/* Bytes that an attachment may be said to have when it was left on its server: IMAP counts messages in 32 bits. */
#define ATTACHMENT_SIZE_MAX INT64_C(4294967295)
/* A calendar object given to libical: one line of 1 MB takes 0.13 s, of 8 MB 14 s. */
#define CALENDAR_SIZE_MAX (256U * 1024 * 1024)
#define CALENDAR_COMPONENT_MAX (1024U * 1024)
#define CALENDAR_LINE_MAX (64U * 1024)
/* A winmail.dat or signed letter once decoded; it holds the attachments. Servers refuse mail beyond 35 MB to 50 MB as sent. */
#define ENVELOPE_SIZE_MAX (32U * 1024 * 1024)
/* Events in one iMIP part; invitations hold one series and its exceptions. */
#define CALENDAR_PART_EVENTS_MAX 200U
/* Attendees kept for one event, EXDATE and RDATE instants of one rule. */
#define ATTENDEES_MAX 200U
#define EXCEPTION_DATES_MAX 2000U
/* Instances one expansion may return: a daily meeting for 13 years. */
#define OCCURRENCES_MAX 5000U
/* One encoded observation: must fit a SOCK_SEQPACKET message under the kernel's default send buffer (212,992 bytes). */
#define OBSERVATION_SIZE_MAX (160U * 1024)
