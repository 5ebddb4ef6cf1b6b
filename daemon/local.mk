# SPDX-License-Identifier: GPL-3.0-or-later
# The only folder that touches the world.

noinst_LIBRARIES += libdaemon.a
libdaemon_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(SYSTEMD_CFLAGS) $(SECCOMP_CFLAGS) $(JSON_CFLAGS) $(NETTLE_CFLAGS) $(CURL_CFLAGS) $(GNUTLS_CFLAGS)
libdaemon_a_SOURCES = \
	%D%/accounts.c \
	%D%/accounts.h \
	%D%/backoff.c \
	%D%/backoff.h \
	%D%/bus.c \
	%D%/bus.h \
	%D%/clock.c \
	%D%/clock.h \
	%D%/command.h \
	%D%/command_alerts.c \
	%D%/command_check.c \
	%D%/command_clients.c \
	%D%/command_complete.c \
	%D%/command_digest.c \
	%D%/command_discover.c \
	%D%/command_facts.c \
	%D%/command_inspect.c \
	%D%/command_rules.c \
	%D%/command_rules_test.c \
	%D%/command_scan.c \
	%D%/command_status.c \
	%D%/components.c \
	%D%/components.h \
	%D%/connection.c \
	%D%/connection.h \
	%D%/context.c \
	%D%/context.h \
	%D%/dav.c \
	%D%/dav.h \
	%D%/dav_discover.c \
	%D%/dav_http.c \
	%D%/dav_http.h \
	%D%/dav_internal.h \
	%D%/dav_list.c \
	%D%/ending.c \
	%D%/ending.h \
	%D%/fetch.c \
	%D%/fetch_dav.c \
	%D%/fetch_dav.h \
	%D%/fetch.h \
	%D%/imap.c \
	%D%/imap.h \
	%D%/imap_folder.c \
	%D%/imap_login.c \
	%D%/imap_parts.c \
	%D%/descriptor.h \
	%D%/digest.c \
	%D%/digest.h \
	%D%/inspect_threads.c \
	%D%/inspect_threads.h \
	%D%/ipc.c \
	%D%/ipc.h \
	%D%/judgement.c \
	%D%/judgement.h \
	%D%/last_good.c \
	%D%/last_good.h \
	%D%/log.c \
	%D%/lull.c \
	%D%/lull.h \
	%D%/log.h \
	%D%/mail.c \
	%D%/mail.h \
	%D%/mailing.c \
	%D%/mailing.h \
	%D%/network.c \
	%D%/network.h \
	%D%/observed.c \
	%D%/observed.h \
	%D%/outlet_command.c \
	%D%/outlet_command.h \
	%D%/outlet_lines.c \
	%D%/outlet_lines.h \
	%D%/output.c \
	%D%/output.h \
	%D%/pool.c \
	%D%/pool.h \
	%D%/program.c \
	%D%/program.h \
	%D%/reader.c \
	%D%/reader.h \
	%D%/refusal.c \
	%D%/refusal.h \
	%D%/role.c \
	%D%/role.h \
	%D%/role_command.c \
	%D%/role_command.h \
	%D%/role_main.c \
	%D%/role_fetch.c \
	%D%/role_fetch.h \
	%D%/role_parse.c \
	%D%/role_parse.h \
	%D%/role_send.c \
	%D%/role_send.h \
	%D%/running.c \
	%D%/running.h \
	%D%/sandbox.c \
	%D%/sandbox.h \
	%D%/schema.c \
	%D%/schema.h \
	%D%/secret.c \
	%D%/secret.h \
	%D%/send.c \
	%D%/send.h \
	%D%/service.c \
	%D%/service.h \
	%D%/service_ask.c \
	%D%/service_ask.h \
	%D%/shown.c \
	%D%/smtp.c \
	%D%/smtp.h \
	%D%/source.h \
	%D%/source_caldav.c \
	%D%/source_calendar.c \
	%D%/source_imap.c \
	%D%/source_links.c \
	%D%/source_links.h \
	%D%/source_maildir.c \
	%D%/source_mbox.c \
	%D%/source_names.c \
	%D%/source_names.h \
	%D%/source_webcal.h \
	%D%/store.c \
	%D%/store.h \
	%D%/store_feed.c \
	%D%/store_hash.h \
	%D%/store_outbox.c \
	%D%/store_outbox.h \
	%D%/store_schema.c \
	%D%/store_schema.h \
	%D%/tell.c \
	%D%/tell.h \
	%D%/uid_set.c \
	%D%/uid_set.h \
	%D%/watch.c \
	%D%/watch.h \
	%D%/zones.c \
	%D%/zones.h

DAEMON_LIBS = libdaemon.a $(RULES_LIBS) $(SQLITE_LIBS) $(SYSTEMD_LIBS) $(SECCOMP_LIBS) $(JSON_LIBS) $(ZLIB_LIBS) $(CURL_LIBS) $(GNUTLS_LIBS)

bin_PROGRAMS += adieu
adieu_SOURCES = %D%/main.c
adieu_LDADD = $(DAEMON_LIBS)

sbin_PROGRAMS = adieud
adieud_SOURCES = %D%/main_service.c
adieud_LDADD = $(DAEMON_LIBS)
