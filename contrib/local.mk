# SPDX-License-Identifier: GPL-3.0-or-later
# What surrounds the program: man pages, sample data, the two commands of the README.

# The manual's reference chapters are printed from the tables in rules/.
noinst_PROGRAMS += %D%/man/reference
%C%_man_reference_SOURCES = %D%/man/reference.c
%C%_man_reference_LDADD = $(RULES_LIBS)

man_MANS += %D%/man/adieu.1 %D%/man/adieud.8 %D%/man/adieu.yaml.5 %D%/man/adieu-rules.5
CLEANFILES += %D%/man/adieu.yaml.5 %D%/man/adieu-rules.5
EXTRA_DIST += %D%/man/adieu.1 %D%/man/adieud.8 %D%/man/adieu.yaml.5.in %D%/man/adieu-rules.5.in

%D%/man/adieu.yaml.5: $(srcdir)/%D%/man/adieu.yaml.5.in %D%/man/reference$(EXEEXT)
	$(AM_V_GEN)%D%/man/reference$(EXEEXT) <$(srcdir)/%D%/man/adieu.yaml.5.in >$@.tmp && mv $@.tmp $@
%D%/man/adieu-rules.5: $(srcdir)/%D%/man/adieu-rules.5.in %D%/man/reference$(EXEEXT)
	$(AM_V_GEN)%D%/man/reference$(EXEEXT) <$(srcdir)/%D%/man/adieu-rules.5.in >$@.tmp && mv $@.tmp $@

# The editor schemas, from the tables by way of the program.
schemadir = $(pkgdatadir)/schema
schema_DATA = %D%/schema/adieu-rules.schema.json %D%/schema/adieu.schema.json %D%/schema/adieu-clients.schema.json
CLEANFILES += $(schema_DATA)
%D%/schema/adieu-rules.schema.json: adieu$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && ./adieu$(EXEEXT) rules schema rules >$@.tmp && mv $@.tmp $@
%D%/schema/adieu.schema.json: adieu$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && ./adieu$(EXEEXT) rules schema adieu >$@.tmp && mv $@.tmp $@
%D%/schema/adieu-clients.schema.json: adieu$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && ./adieu$(EXEEXT) rules schema clients >$@.tmp && mv $@.tmp $@

# They ask the program, which asks its tables.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = %D%/completion/_adieu
EXTRA_DIST += %D%/completion/adieu.bash
install-data-local: install-completion
install-completion:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) $(srcdir)/%D%/completion/adieu.bash '$(DESTDIR)$(bashcompletiondir)/adieu'
uninstall-local:
	rm -f '$(DESTDIR)$(bashcompletiondir)/adieu'
.PHONY: install-completion

# contrib/run-tests counts the tests of a build that distcheck takes away again; this is the step after them.
installcheck-local:
	@test -z '$(KEEP_LOGS)' || (find tests -name '*.log' -o -name '*.trs') | while IFS= read -r f; do \
		$(MKDIR_P) "$(KEEP_LOGS)/$$(dirname "$$f")" && cp "$$f" "$(KEEP_LOGS)/$$f" || exit; done

EXTRA_DIST += %D%/packages %D%/install-packages %D%/quickstart %D%/run-tests %D%/adieu.yaml %D%/sample

# Trains the models of requests; see train/README.md. Not needed to build: its output is part of the source.
EXTRA_PROGRAMS += %D%/train/train-requests
%C%_train_train_requests_SOURCES = %D%/train/train-requests.c
%C%_train_train_requests_LDADD = $(PARSERS_LIBS) -lm
CLEANFILES += %D%/train/train-requests$(EXEEXT)
EXTRA_DIST += %D%/train/README.md %D%/train/cross-validate %D%/train/classes-en.txt %D%/train/classes-fr.txt

# The units: what both system units have in common is written once, in contrib/systemd/hardening.
UNITS = %D%/systemd/adieu.service %D%/systemd/adieu@.service %D%/systemd/user-adieu.service
noinst_DATA += $(UNITS)
CLEANFILES += $(UNITS)
EXTRA_DIST += %D%/systemd/adieu.service.in %D%/systemd/adieu@.service.in %D%/systemd/user-adieu.service.in \
	%D%/systemd/hardening %D%/systemd/credentials %D%/systemd/adieu.sysusers
$(UNITS): %: $(srcdir)/%.in $(srcdir)/%D%/systemd/hardening $(srcdir)/%D%/systemd/credentials
	$(AM_V_GEN)$(MKDIR_P) %D%/systemd && \
	sed -e '/@hardening@/{r $(srcdir)/%D%/systemd/hardening' -e 'd;}' \
		-e '/@credentials@/{r $(srcdir)/%D%/systemd/credentials' -e 'd;}' \
		-e 's|@sbindir[@]|$(sbindir)|; s|@sysconfdir[@]|$(sysconfdir)|' $< >$@.tmp && mv $@.tmp $@
systemdsystemunitdir = $(prefix)/lib/systemd/system
systemduserunitdir = $(prefix)/lib/systemd/user
catalogdir = $(prefix)/lib/systemd/catalog
dist_catalog_DATA = %D%/systemd/adieu.catalog
systemdsystemunit_DATA = %D%/systemd/adieu.service %D%/systemd/adieu@.service
# The bus looks in /usr/share and /etc: with another prefix, link this file into /etc/dbus-1/system.d.
dbuspolicydir = $(datadir)/dbus-1/system.d
dist_dbuspolicy_DATA = %D%/dbus/org.adieu.Service1.conf
unitexamplesdir = $(docdir)/examples/adieu.service.d
dist_unitexamples_DATA = %D%/systemd/credentials.conf
sysusersdir = $(prefix)/lib/sysusers.d
install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(systemduserunitdir) $(DESTDIR)$(sysusersdir)
	$(INSTALL_DATA) %D%/systemd/user-adieu.service $(DESTDIR)$(systemduserunitdir)/adieu.service
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/adieu.sysusers $(DESTDIR)$(sysusersdir)/adieu.conf
uninstall-hook:
	rm -f $(DESTDIR)$(systemduserunitdir)/adieu.service $(DESTDIR)$(sysusersdir)/adieu.conf
