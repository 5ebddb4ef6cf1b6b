# SPDX-License-Identifier: GPL-3.0-or-later
# Bytes in, observations out. No I/O, no clock, no globals; nothing of rules/ or daemon/.

noinst_LIBRARIES += libparsers.a
libparsers_a_CFLAGS = $(AM_CFLAGS) $(ICAL_CFLAGS) $(XML_CFLAGS) $(NETTLE_CFLAGS)
libparsers_a_SOURCES = \
	%D%/base.h \
	%D%/limits.h \
	%D%/utf8.c %D%/utf8.h \
	%D%/text.h %D%/html.c %D%/newtext.c %D%/prose.c %D%/language.c %D%/absence.c %D%/automatic.c %D%/subject.c \
	%D%/request_model.c %D%/request_model.h %D%/request_model_en.c %D%/request_model_fr.c \
	%D%/reading.c %D%/phrases.h %D%/phrases_fr.c %D%/phrases_en.c %D%/phrases_de.c %D%/phrases_nl.c \
	%D%/phrases_es.c %D%/phrases_it.c %D%/reading.h \
	%D%/acts.c %D%/acts.h %D%/acts_fr.c %D%/acts_en.c %D%/acts_de.c %D%/acts_nl.c %D%/deadline.c \
	%D%/arena.c %D%/arena.h \
	%D%/charset.c \
	%D%/transfer.c %D%/transfer.h \
	%D%/header.c %D%/header.h \
	%D%/address.c %D%/address.h \
	%D%/authentication.c %D%/authentication.h \
	%D%/date.c %D%/date.h \
	%D%/mime.c %D%/mime.h \
	%D%/message.c %D%/message.h %D%/message_internal.h \
	%D%/message_header.c \
	%D%/message_text.c \
	%D%/message_calendar.c \
	%D%/mbox.c %D%/mbox.h \
	%D%/rtf.c %D%/rtf.h \
	%D%/tnef.c %D%/tnef_calendar.c %D%/tnef.h \
	%D%/pkcs7.c %D%/pkcs7.h \
	%D%/civil.c %D%/civil.h \
	%D%/zone.c %D%/zone.h \
	%D%/icalendar.c %D%/icalendar.h \
	%D%/calendar.c %D%/calendar.h \
	%D%/recurrence.c \
	%D%/windows_zones.c %D%/windows_zones.h \
	%D%/multistatus.c %D%/multistatus.h \
	%D%/dav_url.c %D%/dav_url.h \
	%D%/buf.c %D%/buf.h \
	%D%/observation.c %D%/observation.h

PARSERS_LIBS = libparsers.a $(ETPAN_LIBS) $(ICAL_LIBS) $(XML_LIBS) $(NETTLE_LIBS)
EXTRA_DIST += %D%/VIOLATIONS.md
