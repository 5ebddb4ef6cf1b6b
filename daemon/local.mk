# SPDX-License-Identifier: GPL-3.0-or-later
# The only folder that touches the world.

noinst_LIBRARIES += libdaemon.a
libdaemon_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(SYSTEMD_CFLAGS) $(SECCOMP_CFLAGS) $(JSON_CFLAGS) $(NETTLE_CFLAGS)
libdaemon_a_SOURCES = \
	%D%/zones.c %D%/zones.h \
	%D%/clock.c %D%/clock.h \
	%D%/log.c %D%/log.h \
	%D%/ipc.c %D%/ipc.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/role_parse.c %D%/role_parse.h \
	%D%/pool.c %D%/pool.h \
	%D%/store.c %D%/store.h %D%/store_feed.c %D%/store_schema.c %D%/store_schema.h %D%/store_hash.h \
	%D%/reader.c %D%/reader.h %D%/source.h %D%/source_names.c %D%/source_names.h \
	%D%/source_maildir.c %D%/source_mbox.c %D%/source_calendar.c

DAEMON_LIBS = libdaemon.a $(RULES_LIBS) $(SQLITE_LIBS) $(SYSTEMD_LIBS) $(SECCOMP_LIBS) $(JSON_LIBS) $(ZLIB_LIBS)
