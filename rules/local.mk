# SPDX-License-Identifier: GPL-3.0-or-later
# Observations to facts to alerts. No I/O, no clock, no globals; nothing of daemon/.

noinst_LIBRARIES += librules.a
librules_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS) $(NETTLE_CFLAGS) $(PSL_CFLAGS) $(IDN2_CFLAGS)
librules_a_SOURCES = \
	%D%/diagnostic.c %D%/diagnostic.h \
	%D%/yaml.c %D%/yaml.h \
	%D%/worktime.c %D%/duration.c %D%/holiday.c %D%/worktime.h \
	%D%/domain.c %D%/domain.h \
	%D%/remote.c %D%/remote.h \
	%D%/settings.c %D%/settings.h %D%/settings_internal.h \
	%D%/settings_keys.c %D%/settings_hours.c \
	%D%/settings_people.c %D%/settings_sources.c \
	%D%/schedule.c %D%/schedule.h \
	%D%/people.c %D%/people.h %D%/conversation.c %D%/conversation.h \
	%D%/window.c %D%/window.h %D%/thread.c %D%/thread.h \
	%D%/meeting.c %D%/meeting_judge.c %D%/meeting_internal.h %D%/meeting.h %D%/fold.c %D%/fold.h \
	%D%/rule_keys.c %D%/rule_keys.h %D%/rule_read.c %D%/ruleset.c %D%/ruleset.h %D%/ruleset_internal.h \
	%D%/word_list.c %D%/word_list.h %D%/rule_lists.c \
	%D%/rule_measure.c %D%/rule_cycles.c %D%/rule_test.c %D%/rule_test.h %D%/rule_history.c %D%/rule_history.h %D%/measure.c %D%/measure.h \
	%D%/condition.c %D%/condition.h \
	%D%/eval.c %D%/alert.c %D%/eval.h %D%/eval_internal.h \
	%D%/discover.c %D%/discover.h \
	%D%/digest.c %D%/digest.h \
	%D%/fact.c %D%/fact.h %D%/fact_fields.h

RULES_LIBS = librules.a $(PARSERS_LIBS) $(YAML_LIBS) $(PSL_LIBS) $(IDN2_LIBS)

# The shipped packs: data, replaced by updates; owners override by name and never edit them.
packsdir = $(pkgdatadir)/packs
dist_packs_DATA = \
	%D%/packs/after-hours.yaml \
	%D%/packs/meetings.yaml \
	%D%/packs/requests.yaml
