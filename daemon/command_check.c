/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/command.h"
#include "daemon/fetch.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/reader.h"
#include "daemon/secret.h"
#include "daemon/send.h"
#include "daemon/source_names.h"

/* `adieu check`: tries every source, secret and delivery, and changes nothing: no observation is kept, no mail is sent. Accounts are asked through the same role as when
 * they are read, which is told that no folder is wanted. */

#define SENTENCE_MAX 1200U
/* Names that are listed for a person. */
#define NAMES_SHOWN 12U
/* A role that neither answers nor gives up: its own limits are below. */
#define PATIENCE_USEC (UINT64_C(120) * 1000000)

struct check {
        struct context *context;
        sd_event *event; /* owned */
        bool source_fault, other_fault;
};

/* One line, or one object, for each thing that was tried. */
static void tell(struct check *k, const char *what, const char *kind, const char *name, bool fine, const char *said) {
        char text[SENTENCE_MAX];
        /* Folders have the names that somebody gave them, and what an account says comes from elsewhere. */
        (void) fetcher_clean(said, text, sizeof(text));
        if (!fine && strcmp(what, "source") == 0)
                k->source_fault = true;
        else if (!fine)
                k->other_fault = true;
        if (!k->context->json) {
                printf("%-6s %s %s: %s\n", fine ? "fine" : "fault", kind, name, text);
                (void) fflush(stdout);
                return;
        }
        json_object *o = json_object_new_object();
        json_object_object_add(o, "check", json_text(what));
        json_object_object_add(o, "kind", json_text(kind));
        json_object_object_add(o, "name", json_text(name));
        json_object_object_add(o, "fine", json_object_new_boolean(fine));
        json_object_object_add(o, "text", json_text(text));
        json_print(o);
}

/* --- accounts on the network --- */

struct folder {
        char *name, *key; /* owned: for people; the server's own */
        uint32_t flags;   /* FETCH_FOLDER_* */
};

struct probe {
        struct check *check;
        const struct source_spec *spec;
        struct fetch *fetch;    /* owned */
        struct folder *folders; /* owned */
        size_t n;
        bool over, fine;
        int64_t bytes; /* of a file that was sent */
        char text[SENTENCE_MAX];
};

/* converse() asks again after each turn of the loop. */
static void on_ready(void *userdata) {
        (void) userdata;
}

static void probe_free(struct probe *p) {
        fetch_free(p->fetch);
        for (size_t i = 0; i < p->n; i++) {
                free(p->folders[i].name);
                free(p->folders[i].key);
        }
        free(p->folders);
}

static void conclude(struct probe *p, bool fine, const char *format, ...) _printf_(3, 4);
static void conclude(struct probe *p, bool fine, const char *format, ...) {
        va_list ap;
        if (p->over)
                return;
        va_start(ap, format);
        (void) vsnprintf(p->text, sizeof(p->text), format, ap);
        va_end(ap);
        p->fine = fine;
        p->over = true;
}

static int on_folder(struct probe *p, const struct fetch_record *r) {
        struct fetch_record answer = fetch_record_of(FETCH_ANSWER);
        struct folder *f = realloc(p->folders, (p->n + 1) * sizeof(*f));
        if (!f)
                return -ENOMEM;
        p->folders = f;
        f[p->n] = (struct folder){strdup(r->name), strdup(r->folder), r->flags};
        p->n++;
        if (!f[p->n - 1].name || !f[p->n - 1].key)
                return -ENOMEM;
        /* A file on the web is only seen when it is read. */
        answer.status = p->spec->kind == SOURCE_CALENDAR;
        return fetch_send(p->fetch, &answer);
}

static int on_record(struct probe *p, struct fetch_record *r) {
        struct fetch_record more = fetch_record_of(FETCH_MORE);
        switch (r->type) {
        case FETCH_FOLDER:
                return on_folder(p, r);
        case FETCH_ITEM:
                if (r->fd >= 0)
                        (void) close(r->fd);
                p->bytes += r->size;
                more.number = 1;
                more.size = r->number;
                return fetch_send(p->fetch, &more);
        case FETCH_TROUBLE:
                conclude(p, false, "%s", r->text);
                return 0;
        case FETCH_DONE:
                if (r->status == FETCH_END_DONE)
                        conclude(p, true, "%s", "");
                else
                        conclude(p, false, "%s", r->text);
                return 0;
        default:
                return 0;
        }
}

static int wait_for_word(struct probe *p) {
        int e = sd_event_run(p->check->event, PATIENCE_USEC);
        if (e == 0)
                conclude(p, false, "no answer within %u seconds", (unsigned) (PATIENCE_USEC / 1000000));
        return MIN(e, 0);
}

static int converse(struct probe *p) {
        int e = 0;
        while (!p->over && e >= 0) {
                struct fetch_record r;
                int heard = fetch_next(p->fetch, &r);
                if (heard > 0)
                        e = on_record(p, &r);
                else if (heard == -EAGAIN)
                        e = wait_for_word(p);
                else
                        conclude(p, false,
                                 heard == 0 ? "the process that talks to the server ended without a word"
                                            : "the process that talks to the server says what makes no sense");
        }
        return e;
}

/* As the pass chooses. */
static bool folder_named(const struct probe *p, const struct folder *f, const char *name) {
        const char *const list[] = {name, NULL};
        return p->spec->kind == SOURCE_CALDAV ? calendar_in_list(f->name, f->key, list)
                                              : mailbox_in_list(f->flags, f->name, list);
}

static void list_names(const struct probe *p, char *out, size_t size) {
        size_t at = 0;
        *out = 0;
        for (size_t i = 0; i < p->n && i < NAMES_SHOWN && at < size; i++) {
                int n = snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "", p->folders[i].name);
                at += (size_t) MAX(n, 0);
        }
        if (p->n > NAMES_SHOWN && at < size)
                (void) snprintf(out + at, size - at, " and %zu more", p->n - NAMES_SHOWN);
}

/* A name that nothing has is a slip of the pen, and so is a role ("\Sent") of none. */
static const char *unknown_name(const struct probe *p, const char **names) {
        for (const char **name = names; name && *name; name++) {
                bool found = false;
                for (size_t i = 0; i < p->n && !found; i++)
                        found = folder_named(p, &p->folders[i], *name);
                if (!found)
                        return *name;
        }
        return NULL;
}

/* As far as the owner named them: what is left out by default is so because others hold it. */
static size_t count_wanted(const struct probe *p) {
        size_t n = 0;
        for (size_t i = 0; i < p->n; i++) {
                bool in = !p->spec->include, out = false;
                for (const char **name = p->spec->include; name && *name && !in; name++)
                        in = folder_named(p, &p->folders[i], *name);
                for (const char **name = p->spec->exclude; name && *name && !out; name++)
                        out = folder_named(p, &p->folders[i], *name);
                n += in && !out;
        }
        return n;
}

static void describe(struct probe *p) {
        char names[SENTENCE_MAX / 2];
        const char *things = p->spec->kind == SOURCE_IMAP ? "folder" : "calendar";
        if (p->spec->kind == SOURCE_CALENDAR) {
                (void) snprintf(p->text, sizeof(p->text), "a calendar of %" PRId64 " bytes", p->bytes);
                return;
        }
        list_names(p, names, sizeof(names));
        const char *unknown = unknown_name(p, p->spec->include), *kept = unknown_name(p, p->spec->exclude);
        bool none = p->n > 0 && count_wanted(p) == 0;
        p->fine = !unknown && p->n > 0 && !none;
        if (unknown)
                (void) snprintf(p->text, sizeof(p->text), "nothing there is called \"%s\"; there are: %s", unknown, names);
        else if (p->n == 0)
                (void) snprintf(p->text, sizeof(p->text), "no %ss are there", things);
        else if (none)
                (void) snprintf(p->text, sizeof(p->text),
                                "`include` and `exclude` leave out all that is there (%s:%u:%u): %s", p->spec->file,
                                p->spec->line, p->spec->column, names);
        else
                (void) snprintf(p->text, sizeof(p->text), "%zu %s%s: %s%s%s%s", p->n, things, p->n == 1 ? "" : "s", names,
                                kept ? "; none is called \"" : "", kept ? kept : "",
                                kept ? "\", which is to be left out" : "");
}

static enum fetch_kind fetch_kind_of(enum source_kind kind) {
        return kind == SOURCE_IMAP ? FETCH_IMAP : kind == SOURCE_CALDAV ? FETCH_CALDAV : FETCH_WEBCAL;
}

static int ask_account(struct probe *p) {
        const struct remote *remote = p->spec->remote;
        _cleanup_free_ char *why = NULL;
        char *secret = NULL;
        size_t size = 0;
        if (remote->password.kind != SECRET_NONE) {
                int e = secret_get(&remote->password, &secret, &size, &why);
                if (e < 0) {
                        conclude(p, false, "%s", why ? why : strerror(-e));
                        return e == -ENOMEM ? e : 0;
                }
        }
        const struct fetch_record account = fetch_record_of_account(fetch_kind_of(p->spec->kind), remote, secret);
        int e = fetch_start(p->check->event, p->check->context->program, &account, on_ready, p, &p->fetch);
        secret_free(secret, size);
        const struct fetch_record read = fetch_record_of(FETCH_READ);
        if (e >= 0)
                e = fetch_send(p->fetch, &read);
        return e < 0 ? e : converse(p);
}

static int check_account(struct check *k, const struct source_spec *spec) {
        struct probe p = {.check = k, .spec = spec};
        int e = ask_account(&p);
        if (e >= 0) {
                if (p.fine)
                        describe(&p);
                tell(k, "source", source_kind_name(spec->kind), spec->name, p.fine, p.text);
        }
        probe_free(&p);
        return e < 0 ? log_errno(e, "cannot try %s", spec->name) : 0;
}

/* --- what is on this machine --- */

/* Can be listed, or read. Opening it is the only way to know: access lists and mounts have their say. */
static int try_path(const char *path, bool *ret_folder) {
        struct stat st;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        int e = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? 0 : -EINVAL;
        *ret_folder = e >= 0 && S_ISDIR(st.st_mode);
        (void) close(fd);
        return e;
}

static const char *path_fault(int error) {
        switch (-error) {
        case ENOENT:
                return "it does not exist (moved, or its disk not mounted?)";
        case EACCES:
        case EPERM:
                return "it cannot be read: permission denied";
        case EINVAL:
                return "it is neither a file nor a folder";
        case ENOTDIR:
                return "it is not a folder";
        default:
                return strerror(-error);
        }
}

static bool has_folder(const char *path, const char *name) {
        char sub[4096];
        struct stat st;
        int n = snprintf(sub, sizeof(sub), "%s/%s", path, name);
        return n > 0 && (size_t) n < sizeof(sub) && stat(sub, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has_subfolders(const char *path) {
        struct stat st;
        DIR *d = opendir(path);
        bool found = false;
        for (struct dirent *entry; d && !found && (entry = readdir(d));)
                found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                        fstatat(dirfd(d), entry->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
        if (d)
                (void) closedir(d);
        return found;
}

/* A folder of another kind than was written; NULL: it may be what it is said to be. */
static const char *doubt_folder(const struct source_spec *spec) {
        const char *path = spec->location;
        bool cur = has_folder(path, "cur"), new = has_folder(path, "new");
        if (spec->kind != SOURCE_MAILDIR)
                return cur && new ? "it is a Maildir: write maildir: instead" : NULL;
        if (cur && !new)
                return "it has a folder \"cur\" and none called \"new\": is it a Maildir?";
        return cur || has_subfolders(path) ? NULL : "it holds no folder \"cur\", nor folders with one: is it a Maildir?";
}

static void check_local(struct check *k, const struct source_spec *spec) {
        const char *kind = source_kind_name(spec->kind);
        bool folder = false;
        int e = try_path(spec->location, &folder);
        if (e >= 0 && spec->kind == SOURCE_MAILDIR && !folder)
                e = -ENOTDIR;
        const char *text = e < 0 ? path_fault(e) : folder ? "a folder that can be read" : "a file that can be read";
        const char *doubt = e >= 0 && folder ? doubt_folder(spec) : NULL;
        if (doubt) {
                e = -EINVAL;
                text = doubt;
        }
        tell(k, "source", kind, spec->name, e >= 0, text);
}

static void check_file(struct check *k, const char *kind, const char *path) {
        bool folder = false;
        int e = try_path(path, &folder);
        tell(k, "file", kind, path, e >= 0 && !folder,
             e < 0    ? path_fault(e)
             : folder ? "it is a folder, not a file"
                      : "a file that can be read");
}

/* --- how alerts go out --- */

static bool runs(const char *path) {
        struct stat st;
        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* As execvp() looks for it. */
static bool program_there(const char *name) {
        char path[4096];
        if (strchr(name, '/'))
                return runs(name);
        const char *at = getenv("PATH");
        for (at = at ? at : "/usr/local/bin:/usr/bin:/bin"; *at;) {
                size_t n = strcspn(at, ":");
                int size = snprintf(path, sizeof(path), "%.*s/%s", (int) n, n > 0 ? at : ".", name);
                if (size > 0 && (size_t) size < sizeof(path) && runs(path))
                        return true;
                at += n + (at[n] == ':');
        }
        return false;
}

static void check_program(struct check *k, const char *kind, const char *const *arguments) {
        if (arguments && arguments[0])
                tell(k, "delivery", kind, arguments[0], program_there(arguments[0]),
                     program_there(arguments[0]) ? "a program that can be run" : "no such program, or it cannot be run");
}

static void check_alerts_file(struct check *k, const char *path) {
        _cleanup_free_ char *folder = strdup(path);
        char *slash = folder ? strrchr(folder, '/') : NULL;
        if (!slash)
                return;
        slash[slash == folder] = 0;
        bool fine = access(path, F_OK) == 0 ? access(path, W_OK) == 0 : access(folder, W_OK | X_OK) == 0;
        tell(k, "delivery", "alerts_file", path, fine, fine ? "it can be written" : "it cannot be written");
}

struct trial {
        bool fine, over;
        char text[SENTENCE_MAX];
};

static void on_tried(const struct send_outcome *o, void *userdata) {
        struct trial *t = userdata;
        t->fine = o->stage == SEND_DONE;
        t->over = true;
        (void) snprintf(t->text, sizeof(t->text), "%s", o->text);
}

/* As far as the recipient: no mail is sent. */
static int check_mail(struct check *k, const char *recipient) {
        const struct digest_settings *d = &k->context->settings->digest;
        const struct send_transport transport = {.remote = d->remote};
        struct trial t = {0};
        struct sending *sending = NULL;
        int e = send_start(k->event, k->context->program, &transport, d->from, recipient, NULL, 0, on_tried, &t, &sending);
        while (e >= 0 && !t.over)
                e = sd_event_run(k->event, UINT64_MAX);
        (void) send_cancel(sending);
        if (e < 0)
                return log_errno(e, "cannot try to send to %s", recipient);
        tell(k, "delivery", "digest", recipient, t.fine, t.text);
        return 0;
}

static int check_mails(struct check *k) {
        const struct digest_settings *d = &k->context->settings->digest;
        int e = 0;
        for (const char *const *to = d->remote ? d->to : NULL; to && *to && e >= 0; to++)
                e = check_mail(k, *to);
        return e;
}

static void check_deliveries(struct check *k) {
        const struct settings *s = k->context->settings;
        check_program(k, "digest", s->digest.sendmail);
        check_program(k, "on_alert", (const char *const *) s->on_alert);
        if (s->alerts_file)
                check_alerts_file(k, s->alerts_file);
}

static int check_all(struct check *k) {
        const struct settings *s = k->context->settings;
        int e = sd_event_new(&k->event);
        if (e < 0)
                return log_errno(e, "cannot start the event loop");
        for (size_t i = 0; i < s->n_sources && e >= 0; i++)
                if (s->sources[i].remote)
                        e = check_account(k, &s->sources[i]);
                else
                        check_local(k, &s->sources[i]);
        for (const char **f = s->holiday_files; f && *f; f++)
                check_file(k, "holidays", *f);
        if (e >= 0)
                check_deliveries(k);
        return e < 0 ? e : check_mails(k);
}

int command_check(struct context *c, int argc, char **argv) {
        int operands = command_options(c, command_find("check"), argc, argv, NULL);
        if (operands == OPTIONS_HELPED)
                return EXIT_DONE;
        if (operands != 0) {
                if (operands > 0)
                        log_error("check takes no operands");
                return EXIT_USAGE;
        }
        int status = context_configuration(c, NULL, 0);
        if (status != EXIT_DONE)
                return status;
        struct check k = {.context = c};
        int e = check_all(&k);
        sd_event_unref(k.event);
        return e < 0 ? EXIT_FAULT : k.source_fault ? EXIT_SOURCE : k.other_fault ? EXIT_FAULT : EXIT_DONE;
}
