# SPDX-License-Identifier: GPL-3.0-or-later
# One test program for each source file, speaking TAP; fuzz corpora and end-to-end cases replayed by `make check`.

# Scripts first: many of them wait for servers most of the time, and programs fill the processors meanwhile.
TESTS = $(dist_check_SCRIPTS) $(check_PROGRAMS)
TEST_EXTENSIONS = .sh .py
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' CMOCKA_MESSAGE_OUTPUT=TAP $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = bash $(top_srcdir)/%D%/run-cmocka.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = bash
PY_LOG_COMPILER = $(PYTHON3)
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)' ADIEU='$(abs_top_builddir)/adieu' \
	export abs_top_srcdir abs_top_builddir ADIEU;

# The longest first, so that none is left over when all others are through.
dist_check_SCRIPTS += \
	%D%/test-caldav-faults.py %D%/test-imap.py %D%/test-order.py %D%/test-store-faults.py %D%/test-oracle.py \
	%D%/test-send.py %D%/test-bad-input.py %D%/test-caldav.py %D%/test-imap-servers.py \
	%D%/test-cases.py %D%/test-robust.py %D%/test-schema.py %D%/test-mails.py
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-mailing %D%/test-pool %D%/test-reader
endif

# IMAP accounts on real servers.
EXTRA_DIST += %D%/dovecot.py %D%/meddler.py %D%/service.py
%D%/test-imap.log: adieu$(EXEEXT) adieud$(EXEEXT)
# Two servers must agree; Cyrus is unpacked, not installed (see cyrus.py).
EXTRA_DIST += %D%/cyrus.py
%D%/test-imap-servers.log: adieu$(EXEEXT) adieud$(EXEEXT)

dist_check_SCRIPTS += %D%/check-layers.sh %D%/check-docs.sh %D%/check-readme.sh
%D%/check-docs.log %D%/check-readme.log: adieu$(EXEEXT)
# End-to-end: bytes in, alerts out, through the program itself.
EXTRA_DIST += %D%/settings-broken %D%/rules-full.yaml
EXTRA_DIST += %D%/run-cmocka.sh %D%/skip.h %D%/case.py %D%/tnef.py %D%/cases %D%/check-format.sh %D%/bench/bench.py %D%/bench/bench-imap.py %D%/bench/corpus.py
%D%/test-cases.log: adieu$(EXEEXT)
# The same with bad input, in any order, over faults of the store; and what --json and the exit statuses promise.
dist_check_SCRIPTS += %D%/test-clients.py
%D%/test-clients.log: adieu$(EXEEXT)
dist_check_SCRIPTS += %D%/test-service.py %D%/test-outlets.py %D%/test-day.py %D%/test-systemd.py
%D%/test-service.log %D%/test-outlets.log %D%/test-robust.log %D%/test-day.log %D%/test-systemd.log: adieu$(EXEEXT) adieud$(EXEEXT)
%D%/test-systemd.log: $(UNITS)
%D%/test-mails.log: adieu$(EXEEXT) adieud$(EXEEXT)
EXTRA_DIST += %D%/systemd-pid1.sh
dist_check_SCRIPTS += %D%/test-rules.py %D%/test-stale.py %D%/test-said.py %D%/test-json.py
EXTRA_DIST += %D%/tap.py
%D%/test-bad-input.log %D%/test-rules.log %D%/test-schema.log: adieu$(EXEEXT)
%D%/test-order.log: adieu$(EXEEXT)
%D%/test-store-faults.log: adieu$(EXEEXT)
%D%/test-json.log: adieu$(EXEEXT)

# Mails sent by the role and by programs, to servers of our own that do everything wrong.
EXTRA_PROGRAMS += %D%/run-send
%C%_run_send_SOURCES = %D%/run-send.c %D%/zoneinfo.h
%C%_run_send_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JSON_CFLAGS)
%C%_run_send_LDADD = $(DAEMON_LIBS)
EXTRA_DIST += %D%/smtpsink.py %D%/certificates.py %D%/aiosmtpd-server.py
%D%/test-send.log: %D%/run-send$(EXEEXT)

# An evaluator of its own, slow and obvious, against the real one.
EXTRA_PROGRAMS += %D%/run-rules
%C%_run_rules_SOURCES = %D%/run-rules.c %D%/zoneinfo.h
%C%_run_rules_LDADD = $(RULES_LIBS)
EXTRA_DIST += %D%/oracle.py
%D%/test-oracle.log: %D%/run-rules$(EXEEXT)

# What the rule language must be able to say, each as a short rule with its tests.
dist_check_SCRIPTS += %D%/test-coverage.py
EXTRA_DIST += %D%/coverage
%D%/test-coverage.log: adieu$(EXEEXT)

# --- make bench
EXTRA_PROGRAMS += %D%/bench/read-all %D%/bench/bench-fold %D%/bench/bench-rules %D%/bench/bench-parse
%C%_bench_read_all_SOURCES = %D%/bench/read-all.c
%C%_bench_bench_fold_SOURCES = %D%/bench/bench-fold.c
%C%_bench_bench_fold_LDADD = $(DAEMON_LIBS)
%C%_bench_bench_rules_SOURCES = %D%/bench/bench-rules.c %D%/zoneinfo.h
%C%_bench_bench_rules_LDADD = $(RULES_LIBS)
%C%_bench_bench_parse_SOURCES = %D%/bench/bench-parse.c
%C%_bench_bench_parse_LDADD = $(PARSERS_LIBS)
CLEANFILES += $(EXTRA_PROGRAMS)
bench: adieu$(EXEEXT) adieud$(EXEEXT) %D%/bench/read-all$(EXEEXT) %D%/bench/bench-fold$(EXEEXT) %D%/bench/bench-rules$(EXEEXT) %D%/bench/bench-parse$(EXEEXT)
	abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)' ADIEU_PACKS='$(abs_top_srcdir)/rules/packs' \
		$(PYTHON3) $(srcdir)/%D%/bench/bench.py
	abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)' ADIEU_PACKS='$(abs_top_srcdir)/rules/packs' \
		$(PYTHON3) $(srcdir)/%D%/bench/bench-imap.py

# --- make eval: how well mail is read, against labels. EVAL_REQUESTS: more files of labelled sentences, in any language.
EXTRA_PROGRAMS += %D%/eval/eval-requests
%C%_eval_eval_requests_SOURCES = %D%/eval/eval-requests.c
%C%_eval_eval_requests_LDADD = $(PARSERS_LIBS)
CLEANFILES += %D%/eval/eval-requests$(EXEEXT)
EXTRA_DIST += %D%/requests/fr-train.tsv %D%/requests/fr-test.tsv %D%/requests/de-train.tsv %D%/requests/de-test.tsv \
	%D%/requests/nl-train.tsv %D%/requests/nl-test.tsv
EXTRA_PROGRAMS += %D%/eval/eval-acts
%C%_eval_eval_acts_SOURCES = %D%/eval/eval-acts.c %D%/eval/acts.h
%C%_eval_eval_acts_LDADD = $(PARSERS_LIBS)
CLEANFILES += %D%/eval/eval-acts$(EXEEXT)
EXTRA_DIST += %D%/acts/fr-train.tsv %D%/acts/fr-test.tsv %D%/acts/en-train.tsv %D%/acts/en-test.tsv
# EVAL_ACTS: more files of sentences labelled with acts (tests/eval/acts.h has the format).
EVAL_ACTS =
EVAL_REQUESTS =
# EVAL_MAILS: a folder of X.eml with X.txt, the new text expected; EVAL_AUTOMATIC and EVAL_HUMAN: two folders of mail to tell apart.
# EVAL_THREADS: Maildirs whose conversations are compared with notmuch's; EVAL_MIME: folders of any mail, read as Python's email package and
# GMime both read it.
.PHONY: eval eval-requests eval-acts eval-absence eval-mails eval-threads eval-mime
eval: eval-requests eval-acts eval-absence eval-mails eval-threads eval-mime
EXTRA_DIST += %D%/eval/eval-threads.py %D%/eval/eval-mime.py %D%/eval/gmime-read.c
eval-threads: adieu$(EXEEXT)
	@for d in $(EVAL_THREADS); do $(PYTHON3) $(srcdir)/%D%/eval/eval-threads.py ./adieu$(EXEEXT) "$$d" || exit 1; done
if HAVE_GMIME
EXTRA_PROGRAMS += %D%/eval/gmime-read
%C%_eval_gmime_read_SOURCES = %D%/eval/gmime-read.c
%C%_eval_gmime_read_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS)
%C%_eval_gmime_read_LDADD = $(GMIME_LIBS) $(JSON_LIBS)
CLEANFILES += %D%/eval/gmime-read$(EXEEXT)
eval-mime: adieu$(EXEEXT) %D%/eval/gmime-read$(EXEEXT)
	@if [ -n "$(EVAL_MIME)" ]; then $(PYTHON3) $(srcdir)/%D%/eval/eval-mime.py ./adieu$(EXEEXT) %D%/eval/gmime-read$(EXEEXT) $(EVAL_MIME); fi
else
eval-mime:
	@if [ -n "$(EVAL_MIME)" ]; then echo 'eval-mime needs GMime: contrib/install-packages eval, and configure again'; exit 1; fi
endif
eval-acts: %D%/eval/eval-acts$(EXEEXT)
	%D%/eval/eval-acts$(EXEEXT) $(srcdir)/%D%/acts/fr-test.tsv $(srcdir)/%D%/acts/en-test.tsv $(EVAL_ACTS)
# EVAL_ABSENCES: more files in the format of tests/absence/test.tsv.
EXTRA_PROGRAMS += %D%/eval/eval-absence
%C%_eval_eval_absence_SOURCES = %D%/eval/eval-absence.c
%C%_eval_eval_absence_LDADD = $(PARSERS_LIBS)
CLEANFILES += %D%/eval/eval-absence$(EXEEXT)
EXTRA_DIST += %D%/absence/train.tsv %D%/absence/test.tsv
EVAL_ABSENCES =
eval-absence: %D%/eval/eval-absence$(EXEEXT)
	%D%/eval/eval-absence$(EXEEXT) $(srcdir)/%D%/absence/test.tsv $(EVAL_ABSENCES)
EXTRA_DIST += %D%/eval/eval-mails.py %D%/eval/eval-automatic.py
eval-mails: adieu$(EXEEXT)
	@if [ -n "$(EVAL_MAILS)" ]; then $(PYTHON3) $(srcdir)/%D%/eval/eval-mails.py ./adieu$(EXEEXT) $(EVAL_MAILS); fi
	@if [ -n "$(EVAL_AUTOMATIC)$(EVAL_HUMAN)" ]; then \
		$(PYTHON3) $(srcdir)/%D%/eval/eval-automatic.py ./adieu$(EXEEXT) $(EVAL_AUTOMATIC) $(EVAL_HUMAN); fi
eval-requests: %D%/eval/eval-requests$(EXEEXT)
	%D%/eval/eval-requests$(EXEEXT) $(srcdir)/%D%/requests/fr-test.tsv $(srcdir)/%D%/requests/de-test.tsv \
		$(srcdir)/%D%/requests/nl-test.tsv $(EVAL_REQUESTS)

TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -Wno-missing-prototypes

# Time zones and calendars.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-civil %D%/test-zone %D%/test-zones %D%/test-calendar %D%/test-recurrence
%C%_test_civil_SOURCES = %D%/test-civil.c
%C%_test_civil_CFLAGS = $(TEST_CFLAGS)
%C%_test_civil_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_zone_SOURCES = %D%/test-zone.c
%C%_test_zone_CFLAGS = $(TEST_CFLAGS)
%C%_test_zone_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_zones_SOURCES = %D%/test-zones.c
%C%_test_zones_CFLAGS = $(TEST_CFLAGS)
%C%_test_zones_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_calendar_SOURCES = %D%/test-calendar.c
%C%_test_calendar_CFLAGS = $(TEST_CFLAGS)
%C%_test_calendar_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_recurrence_SOURCES = %D%/test-recurrence.c
%C%_test_recurrence_CFLAGS = $(TEST_CFLAGS)
%C%_test_recurrence_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
endif
check_PROGRAMS += %D%/fuzz-itip-replay
%C%_fuzz_itip_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-itip.c %D%/fuzz/fuzz.h
%C%_fuzz_itip_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-itip
%C%_fuzz_itip_SOURCES = %D%/fuzz/fuzz-itip.c %D%/fuzz/fuzz.h
%C%_fuzz_itip_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_itip_LDADD = $(PARSERS_LIBS)
endif
check_PROGRAMS += %D%/fuzz-recurrence-replay
%C%_fuzz_recurrence_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-recurrence.c %D%/fuzz/fuzz.h
%C%_fuzz_recurrence_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-recurrence
%C%_fuzz_recurrence_SOURCES = %D%/fuzz/fuzz-recurrence.c %D%/fuzz/fuzz.h
%C%_fuzz_recurrence_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_recurrence_LDADD = $(PARSERS_LIBS)
endif

# Reading text.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-acts
%C%_test_acts_SOURCES = %D%/test-acts.c %D%/eval/acts.h
%C%_test_acts_CFLAGS = $(TEST_CFLAGS)
%C%_test_acts_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-reading
%C%_test_reading_SOURCES = %D%/test-reading.c
%C%_test_reading_CFLAGS = $(TEST_CFLAGS)
%C%_test_reading_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-newtext
%C%_test_newtext_SOURCES = %D%/test-newtext.c
%C%_test_newtext_CFLAGS = $(TEST_CFLAGS)
%C%_test_newtext_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-subject
%C%_test_subject_SOURCES = %D%/test-subject.c
%C%_test_subject_CFLAGS = $(TEST_CFLAGS)
%C%_test_subject_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-automatic
%C%_test_automatic_SOURCES = %D%/test-automatic.c
%C%_test_automatic_CFLAGS = $(TEST_CFLAGS)
%C%_test_automatic_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-authentication
%C%_test_authentication_SOURCES = %D%/test-authentication.c
%C%_test_authentication_CFLAGS = $(TEST_CFLAGS)
%C%_test_authentication_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-absence
%C%_test_absence_SOURCES = %D%/test-absence.c
%C%_test_absence_CFLAGS = $(TEST_CFLAGS)
%C%_test_absence_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-language
%C%_test_language_SOURCES = %D%/test-language.c
%C%_test_language_CFLAGS = $(TEST_CFLAGS)
%C%_test_language_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-html
%C%_test_html_SOURCES = %D%/test-html.c
%C%_test_html_CFLAGS = $(TEST_CFLAGS)
%C%_test_html_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-utf8
%C%_test_utf8_SOURCES = %D%/test-utf8.c
%C%_test_utf8_CFLAGS = $(TEST_CFLAGS)
%C%_test_utf8_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
endif

# winmail.dat, rich text and signed letters.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-tnef %D%/test-rtf %D%/test-pkcs7
%C%_test_tnef_SOURCES = %D%/test-tnef.c %D%/zoneinfo.h
%C%_test_tnef_CFLAGS = $(TEST_CFLAGS)
%C%_test_tnef_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_rtf_SOURCES = %D%/test-rtf.c
%C%_test_rtf_CFLAGS = $(TEST_CFLAGS)
%C%_test_rtf_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_pkcs7_SOURCES = %D%/test-pkcs7.c
%C%_test_pkcs7_CFLAGS = $(TEST_CFLAGS)
%C%_test_pkcs7_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
endif
check_PROGRAMS += %D%/fuzz-tnef-replay
%C%_fuzz_tnef_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-tnef.c %D%/fuzz/fuzz.h
%C%_fuzz_tnef_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-tnef
%C%_fuzz_tnef_SOURCES = %D%/fuzz/fuzz-tnef.c %D%/fuzz/fuzz.h
%C%_fuzz_tnef_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_tnef_LDADD = $(PARSERS_LIBS)
endif

# --- fuzz targets
# A target X is tests/fuzz/fuzz-X.c (it defines LLVMFuzzerTestOneInput() and fuzz_corpus[], see fuzz/fuzz.h) with its seeds in
# tests/fuzz/corpus/X/. Two programs come of it: fuzz-X-replay runs the corpus in `make check`, whatever the compiler; fuzz-X is
# libFuzzer's, built only with --enable-fuzzing and never in TESTS, since it runs for ever:
#
#   check_PROGRAMS += %D%/fuzz-x-replay
#   %C%_fuzz_x_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-x.c %D%/fuzz/fuzz.h
#   %C%_fuzz_x_replay_LDADD = $(PARSERS_LIBS)
#   if FUZZING
#   noinst_PROGRAMS += %D%/fuzz-x
#   %C%_fuzz_x_SOURCES = %D%/fuzz/fuzz-x.c %D%/fuzz/fuzz.h
#   %C%_fuzz_x_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
#   %C%_fuzz_x_LDADD = $(PARSERS_LIBS)
#   endif
EXTRA_DIST += %D%/fuzz/corpus

check_PROGRAMS += %D%/fuzz-rules-replay
%C%_fuzz_rules_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-rules.c %D%/fuzz/fuzz.h
%C%_fuzz_rules_replay_LDADD = $(RULES_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-rules
%C%_fuzz_rules_SOURCES = %D%/fuzz/fuzz-rules.c %D%/fuzz/fuzz.h
%C%_fuzz_rules_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_rules_LDADD = $(RULES_LIBS)
endif
check_PROGRAMS += %D%/fuzz-people-replay
%C%_fuzz_people_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-people.c %D%/fuzz/fuzz.h
%C%_fuzz_people_replay_LDADD = $(RULES_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-people
%C%_fuzz_people_SOURCES = %D%/fuzz/fuzz-people.c %D%/fuzz/fuzz.h
%C%_fuzz_people_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_people_LDADD = $(RULES_LIBS)
endif
check_PROGRAMS += %D%/fuzz-message-replay
%C%_fuzz_message_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-message.c %D%/fuzz/fuzz.h
%C%_fuzz_message_replay_LDADD = $(PARSERS_LIBS)
check_PROGRAMS += %D%/fuzz-mbox-replay
%C%_fuzz_mbox_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-mbox.c %D%/fuzz/fuzz.h
%C%_fuzz_mbox_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-message
%C%_fuzz_message_SOURCES = %D%/fuzz/fuzz-message.c %D%/fuzz/fuzz.h
%C%_fuzz_message_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_message_LDADD = $(PARSERS_LIBS)
noinst_PROGRAMS += %D%/fuzz-mbox
%C%_fuzz_mbox_SOURCES = %D%/fuzz/fuzz-mbox.c %D%/fuzz/fuzz.h
%C%_fuzz_mbox_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_mbox_LDADD = $(PARSERS_LIBS)
endif

# Texts, encoded words and reading.
check_PROGRAMS += %D%/fuzz-text-replay
%C%_fuzz_text_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-text.c %D%/fuzz/fuzz.h
%C%_fuzz_text_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-text
%C%_fuzz_text_SOURCES = %D%/fuzz/fuzz-text.c %D%/fuzz/fuzz.h
%C%_fuzz_text_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_text_LDADD = $(PARSERS_LIBS)
endif
check_PROGRAMS += %D%/fuzz-words-replay
%C%_fuzz_words_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-words.c %D%/fuzz/fuzz.h
%C%_fuzz_words_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-words
%C%_fuzz_words_SOURCES = %D%/fuzz/fuzz-words.c %D%/fuzz/fuzz.h
%C%_fuzz_words_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_words_LDADD = $(PARSERS_LIBS)
endif
check_PROGRAMS += %D%/fuzz-reading-replay
%C%_fuzz_reading_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-reading.c %D%/fuzz/fuzz.h
%C%_fuzz_reading_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-reading
%C%_fuzz_reading_SOURCES = %D%/fuzz/fuzz-reading.c %D%/fuzz/fuzz.h
%C%_fuzz_reading_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_reading_LDADD = $(PARSERS_LIBS)
endif

# The owner's files and working time.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-diagnostic %D%/test-yaml %D%/test-worktime %D%/test-duration \
	%D%/test-holiday %D%/test-domain %D%/test-settings
%C%_test_holiday_SOURCES = %D%/test-holiday.c
%C%_test_holiday_CFLAGS = $(TEST_CFLAGS)
%C%_test_holiday_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_domain_SOURCES = %D%/test-domain.c
%C%_test_domain_CFLAGS = $(TEST_CFLAGS)
%C%_test_domain_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_settings_SOURCES = %D%/test-settings.c %D%/zoneinfo.h
%C%_test_settings_CFLAGS = $(TEST_CFLAGS)
%C%_test_settings_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_worktime_SOURCES = %D%/test-worktime.c %D%/zoneinfo.h
%C%_test_worktime_CFLAGS = $(TEST_CFLAGS)
%C%_test_worktime_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_duration_SOURCES = %D%/test-duration.c %D%/zoneinfo.h
%C%_test_duration_CFLAGS = $(TEST_CFLAGS)
%C%_test_duration_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_diagnostic_SOURCES = %D%/test-diagnostic.c
%C%_test_diagnostic_CFLAGS = $(TEST_CFLAGS)
%C%_test_diagnostic_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_yaml_SOURCES = %D%/test-yaml.c
%C%_test_yaml_CFLAGS = $(TEST_CFLAGS)
%C%_test_yaml_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
endif

# The ground.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-arena %D%/test-buf %D%/test-observation
%C%_test_arena_SOURCES = %D%/test-arena.c
%C%_test_arena_CFLAGS = $(TEST_CFLAGS)
%C%_test_arena_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_buf_SOURCES = %D%/test-buf.c
%C%_test_buf_CFLAGS = $(TEST_CFLAGS)
%C%_test_buf_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_observation_SOURCES = %D%/test-observation.c
%C%_test_observation_CFLAGS = $(TEST_CFLAGS)
%C%_test_observation_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
endif

# The fold.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-fold
%C%_test_fold_SOURCES = %D%/test-fold.c %D%/folding.h %D%/zoneinfo.h
%C%_test_fold_CFLAGS = $(TEST_CFLAGS)
%C%_test_fold_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-discover
%C%_test_discover_SOURCES = %D%/test-discover.c %D%/folding.h %D%/zoneinfo.h
%C%_test_discover_CFLAGS = $(TEST_CFLAGS)
%C%_test_discover_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-people
%C%_test_people_SOURCES = %D%/test-people.c %D%/folding.h %D%/zoneinfo.h
%C%_test_people_CFLAGS = $(TEST_CFLAGS)
%C%_test_people_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-thread
%C%_test_thread_SOURCES = %D%/test-thread.c
%C%_test_thread_CFLAGS = $(TEST_CFLAGS)
%C%_test_thread_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-conversation
%C%_test_conversation_SOURCES = %D%/test-conversation.c %D%/folding.h %D%/zoneinfo.h
%C%_test_conversation_CFLAGS = $(TEST_CFLAGS)
%C%_test_conversation_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-meeting
%C%_test_meeting_SOURCES = %D%/test-meeting.c %D%/folding.h %D%/zoneinfo.h
%C%_test_meeting_CFLAGS = $(TEST_CFLAGS)
%C%_test_meeting_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
endif

# The parse role. test-pool is its own role: its parsers are wrapped so that they misbehave on marked input.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-ipc %D%/test-sandbox %D%/test-log
%C%_test_ipc_SOURCES = %D%/test-ipc.c
%C%_test_ipc_CFLAGS = $(TEST_CFLAGS)
%C%_test_ipc_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_sandbox_SOURCES = %D%/test-sandbox.c
%C%_test_sandbox_CFLAGS = $(TEST_CFLAGS)
%C%_test_sandbox_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_pool_SOURCES = %D%/test-pool.c
%C%_test_pool_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_pool_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=message_parse -Wl,--wrap=calendar_parse
%C%_test_pool_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_log_SOURCES = %D%/test-log.c
%C%_test_log_CFLAGS = $(TEST_CFLAGS)
%C%_test_log_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-role %D%/test-connection %D%/test-sandbox-network
%C%_test_sandbox_network_SOURCES = %D%/test-sandbox-network.c
%C%_test_sandbox_network_CFLAGS = $(TEST_CFLAGS)
%C%_test_sandbox_network_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_role_SOURCES = %D%/test-role.c
%C%_test_role_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_role_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_connection_SOURCES = %D%/test-connection.c
%C%_test_connection_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_connection_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
endif

# Accounts on the network, and what mail servers say.
check_PROGRAMS += %D%/fuzz-remote-replay
%C%_fuzz_remote_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-remote.c %D%/fuzz/fuzz.h
%C%_fuzz_remote_replay_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_fuzz_remote_replay_LDADD = $(RULES_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-remote
%C%_fuzz_remote_SOURCES = %D%/fuzz/fuzz-remote.c %D%/fuzz/fuzz.h
%C%_fuzz_remote_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_fuzz_remote_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_remote_LDADD = $(RULES_LIBS)
endif
check_PROGRAMS += %D%/fuzz-smtp-replay
%C%_fuzz_smtp_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-smtp.c %D%/fuzz/fuzz.h
%C%_fuzz_smtp_replay_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_fuzz_smtp_replay_LDADD = $(DAEMON_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-smtp
%C%_fuzz_smtp_SOURCES = %D%/fuzz/fuzz-smtp.c %D%/fuzz/fuzz.h
%C%_fuzz_smtp_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_fuzz_smtp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_smtp_LDADD = $(DAEMON_LIBS)
endif

# The structure of mail.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-charset %D%/test-transfer %D%/test-header %D%/test-address %D%/test-date %D%/test-mime %D%/test-message %D%/test-mbox
%C%_test_mime_SOURCES = %D%/test-mime.c
%C%_test_mime_CFLAGS = $(TEST_CFLAGS)
%C%_test_mime_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_message_SOURCES = %D%/test-message.c
%C%_test_message_CFLAGS = $(TEST_CFLAGS)
%C%_test_message_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_mbox_SOURCES = %D%/test-mbox.c
%C%_test_mbox_CFLAGS = $(TEST_CFLAGS)
%C%_test_mbox_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_charset_SOURCES = %D%/test-charset.c
%C%_test_charset_CFLAGS = $(TEST_CFLAGS)
%C%_test_charset_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_transfer_SOURCES = %D%/test-transfer.c
%C%_test_transfer_CFLAGS = $(TEST_CFLAGS)
%C%_test_transfer_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_header_SOURCES = %D%/test-header.c
%C%_test_header_CFLAGS = $(TEST_CFLAGS)
%C%_test_header_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_address_SOURCES = %D%/test-address.c
%C%_test_address_CFLAGS = $(TEST_CFLAGS)
%C%_test_address_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
%C%_test_date_SOURCES = %D%/test-date.c
%C%_test_date_CFLAGS = $(TEST_CFLAGS)
%C%_test_date_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
endif

# Rules.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-fact
%C%_test_fact_SOURCES = %D%/test-fact.c %D%/rules-help.h
%C%_test_fact_CFLAGS = $(TEST_CFLAGS)
%C%_test_fact_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-condition
%C%_test_condition_SOURCES = %D%/test-condition.c %D%/rules-help.h
%C%_test_condition_CFLAGS = $(TEST_CFLAGS)
%C%_test_condition_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-ruleset
%C%_test_ruleset_SOURCES = %D%/test-ruleset.c %D%/rules-help.h
%C%_test_ruleset_CFLAGS = $(TEST_CFLAGS)
%C%_test_ruleset_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-eval %D%/test-measure %D%/test-word-list
%C%_test_word_list_SOURCES = %D%/test-word-list.c %D%/rules-help.h
%C%_test_word_list_CFLAGS = $(TEST_CFLAGS)
%C%_test_word_list_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-schedule
%C%_test_schedule_SOURCES = %D%/test-schedule.c %D%/zoneinfo.h
%C%_test_schedule_CFLAGS = $(TEST_CFLAGS)
%C%_test_schedule_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-digest
%C%_test_digest_SOURCES = %D%/test-digest.c
%C%_test_digest_CFLAGS = $(TEST_CFLAGS)
%C%_test_digest_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-rule-test
%C%_test_rule_test_SOURCES = %D%/test-rule-test.c %D%/rules-help.h
%C%_test_rule_test_CFLAGS = $(TEST_CFLAGS)
%C%_test_rule_test_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_measure_SOURCES = %D%/test-measure.c %D%/rules-help.h
%C%_test_measure_CFLAGS = $(TEST_CFLAGS)
%C%_test_measure_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
%C%_test_eval_SOURCES = %D%/test-eval.c %D%/rules-help.h
%C%_test_eval_CFLAGS = $(TEST_CFLAGS)
%C%_test_eval_LDADD = $(RULES_LIBS) $(CMOCKA_LIBS)
endif
EXTRA_DIST += \
	%D%/rules-broken/absent-no-within.yaml \
	%D%/rules-broken/any-mapping.yaml \
	%D%/rules-broken/bad-duration.yaml \
	%D%/rules-broken/bad-id.yaml \
	%D%/rules-broken/bool-quoted.yaml \
	%D%/rules-broken/bool-value.yaml \
	%D%/rules-broken/by-field.yaml \
	%D%/rules-broken/clock.yaml \
	%D%/rules-broken/cycle.yaml \
	%D%/rules-broken/duplicate-id.yaml \
	%D%/rules-broken/duplicate-key.yaml \
	%D%/rules-broken/empty-comparison.yaml \
	%D%/rules-broken/empty-where.yaml \
	%D%/rules-broken/enum-value.yaml \
	%D%/rules-broken/exception-field.yaml \
	%D%/rules-broken/exception-no-reason.yaml \
	%D%/rules-broken/exception-no-until.yaml \
	%D%/rules-broken/exception-until.yaml \
	%D%/rules-broken/field-of-another-fact.yaml \
	%D%/rules-broken/first-absent.yaml \
	%D%/rules-broken/for-both.yaml \
	%D%/rules-broken/for-every.yaml \
	%D%/rules-broken/for-half.yaml \
	%D%/rules-broken/for-impossible.yaml \
	%D%/rules-broken/for-no-breaches.yaml \
	%D%/rules-broken/for-zero.yaml \
	%D%/rules-broken/from-field.yaml \
	%D%/rules-broken/from-type.yaml \
	%D%/rules-broken/from-unknown.yaml \
	%D%/rules-broken/in-scalar.yaml \
	%D%/rules-broken/inhibits.yaml \
	%D%/rules-broken/instant-value.yaml \
	%D%/rules-broken/int-value.yaml \
	%D%/rules-broken/list-without-words.yaml \
	%D%/rules-broken/many.yaml \
	%D%/rules-broken/match-no-fact.yaml \
	%D%/rules-broken/measure.yaml \
	%D%/rules-broken/mode.yaml \
	%D%/rules-broken/needs.yaml \
	%D%/rules-broken/no-id.yaml \
	%D%/rules-broken/no-kind.yaml \
	%D%/rules-broken/no-steps.yaml \
	%D%/rules-broken/no-version.yaml \
	%D%/rules-broken/not-list.yaml \
	%D%/rules-broken/one-step.yaml \
	%D%/rules-broken/param-key.yaml \
	%D%/rules-broken/param-misused.yaml \
	%D%/rules-broken/param-no-default.yaml \
	%D%/rules-broken/param-none.yaml \
	%D%/rules-broken/param-not-whole.yaml \
	%D%/rules-broken/param-range.yaml \
	%D%/rules-broken/param-share.yaml \
	%D%/rules-broken/param-type.yaml \
	%D%/rules-broken/param-unknown.yaml \
	%D%/rules-broken/rule-scalar.yaml \
	%D%/rules-broken/rules-mapping.yaml \
	%D%/rules-broken/same-field.yaml \
	%D%/rules-broken/same-not-shared.yaml \
	%D%/rules-broken/self-cycle.yaml \
	%D%/rules-broken/severity-word.yaml \
	%D%/rules-broken/severity.yaml \
	%D%/rules-broken/step-both.yaml \
	%D%/rules-broken/step-key.yaml \
	%D%/rules-broken/step-neither.yaml \
	%D%/rules-broken/tab.yaml \
	%D%/rules-broken/tests-neither.yaml \
	%D%/rules-broken/tests.yaml \
	%D%/rules-broken/title-language.yaml \
	%D%/rules-broken/top-key.yaml \
	%D%/rules-broken/top-list.yaml \
	%D%/rules-broken/two-kinds.yaml \
	%D%/rules-broken/unknown-client-in.yaml \
	%D%/rules-broken/unknown-client.yaml \
	%D%/rules-broken/unknown-comparison.yaml \
	%D%/rules-broken/unknown-fact-in-list.yaml \
	%D%/rules-broken/unknown-fact.yaml \
	%D%/rules-broken/unknown-field.yaml \
	%D%/rules-broken/unknown-list.yaml \
	%D%/rules-broken/unknown-match-key.yaml \
	%D%/rules-broken/unknown-rule-key.yaml \
	%D%/rules-broken/unknown-rule.yaml \
	%D%/rules-broken/until-fact.yaml \
	%D%/rules-broken/version-two.yaml \
	%D%/rules-broken/wrong-comparison.yaml \
	%D%/rules-broken/yaml.yaml

# The fetch role: what is said over its socket; sets of UIDs.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-lull
%C%_test_lull_SOURCES = %D%/test-lull.c
%C%_test_lull_CFLAGS = $(TEST_CFLAGS)
%C%_test_lull_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-running
%C%_test_running_SOURCES = %D%/test-running.c
%C%_test_running_CFLAGS = $(TEST_CFLAGS)
%C%_test_running_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += %D%/test-fetch %D%/test-imap-watch %D%/test-uid-set
%C%_test_fetch_SOURCES = %D%/test-fetch.c
%C%_test_fetch_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_fetch_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_imap_watch_SOURCES = %D%/test-imap-watch.c
%C%_test_imap_watch_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_imap_watch_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_uid_set_SOURCES = %D%/test-uid-set.c
%C%_test_uid_set_CFLAGS = $(TEST_CFLAGS)
%C%_test_uid_set_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
endif

# What WebDAV servers say.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-multistatus
%C%_test_multistatus_SOURCES = %D%/test-multistatus.c
%C%_test_multistatus_CFLAGS = $(TEST_CFLAGS)
%C%_test_multistatus_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
endif
dist_check_SCRIPTS += %D%/test-check.py %D%/test-caldav-service.py
EXTRA_DIST += %D%/davserver.py %D%/fakedav.py
%D%/test-caldav.log %D%/test-caldav-faults.log %D%/test-check.log: adieu$(EXEEXT)
%D%/test-caldav-service.log: adieu$(EXEEXT) adieud$(EXEEXT)
check_PROGRAMS += %D%/fuzz-multistatus-replay
%C%_fuzz_multistatus_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-multistatus.c %D%/fuzz/fuzz.h
%C%_fuzz_multistatus_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-multistatus
%C%_fuzz_multistatus_SOURCES = %D%/fuzz/fuzz-multistatus.c %D%/fuzz/fuzz.h
%C%_fuzz_multistatus_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_multistatus_LDADD = $(PARSERS_LIBS)
endif
# What a fetch role says to the core.
check_PROGRAMS += %D%/fuzz-fetch-replay
%C%_fuzz_fetch_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-fetch.c %D%/fuzz/fuzz.h
%C%_fuzz_fetch_replay_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_fuzz_fetch_replay_LDADD = $(DAEMON_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-fetch
%C%_fuzz_fetch_SOURCES = %D%/fuzz/fuzz-fetch.c %D%/fuzz/fuzz.h
%C%_fuzz_fetch_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_fuzz_fetch_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_fetch_LDADD = $(DAEMON_LIBS)
endif

# The program of on_alert. This test is its role, too.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-outlet-command
%C%_test_outlet_command_SOURCES = %D%/test-outlet-command.c %D%/rules-help.h
%C%_test_outlet_command_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_outlet_command_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
endif

# The store and the sources. test-reader is its own parse role, dies in it on marked input, and kills itself at chosen calls.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-store
%C%_test_store_SOURCES = %D%/test-store.c
%C%_test_store_CFLAGS = $(TEST_CFLAGS) $(SQLITE_CFLAGS)
%C%_test_store_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
%C%_test_reader_SOURCES = %D%/test-reader.c
%C%_test_reader_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_reader_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=message_parse -Wl,--wrap=recurrence_expand -Wl,--wrap=store_append \
	-Wl,--wrap=store_commit
%C%_test_reader_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
endif

# The observation decoder.
check_PROGRAMS += %D%/fuzz-observation-replay
%C%_fuzz_observation_replay_SOURCES = %D%/fuzz/replay.c %D%/fuzz/fuzz-observation.c %D%/fuzz/fuzz.h
%C%_fuzz_observation_replay_LDADD = $(PARSERS_LIBS)
if FUZZING
noinst_PROGRAMS += %D%/fuzz-observation
%C%_fuzz_observation_SOURCES = %D%/fuzz/fuzz-observation.c %D%/fuzz/fuzz.h
%C%_fuzz_observation_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_fuzz_observation_LDADD = $(PARSERS_LIBS)
endif

# Mails of ours.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-mail
%C%_test_mail_SOURCES = %D%/test-mail.c %D%/zoneinfo.h
%C%_test_mail_CFLAGS = $(TEST_CFLAGS)
%C%_test_mail_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
endif

# The mails to the owner. test-mailing is its own mail server, and kills itself at chosen calls.
if HAVE_CMOCKA
%C%_test_mailing_SOURCES = %D%/test-mailing.c
%C%_test_mailing_CFLAGS = $(TEST_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_test_mailing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=store_begin -Wl,--wrap=store_commit -Wl,--wrap=outbox_put \
	-Wl,--wrap=outbox_claim -Wl,--wrap=outbox_change -Wl,--wrap=store_tell_in -Wl,--wrap=outbox_hurry
%C%_test_mailing_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
endif

# How values look outside.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-output
%C%_test_output_SOURCES = %D%/test-output.c
%C%_test_output_CFLAGS = $(TEST_CFLAGS) $(JSON_CFLAGS)
%C%_test_output_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
endif

# The model of requests.
if HAVE_CMOCKA
check_PROGRAMS += %D%/test-request-model
%C%_test_request_model_SOURCES = %D%/test-request-model.c
%C%_test_request_model_CFLAGS = $(TEST_CFLAGS)
%C%_test_request_model_LDADD = $(PARSERS_LIBS) $(CMOCKA_LIBS)
endif
