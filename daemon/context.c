/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/context.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/last_good.h"
#include "daemon/log.h"
#include "daemon/output.h"
#include "daemon/reader.h"
#include "daemon/zones.h"
#include "parsers/civil.h"
#include "parsers/utf8.h"

void context_free(struct context *c) {
        c->store = store_close(c->store);
        c->rules = ruleset_free(c->rules);
        c->settings = settings_free(c->settings);
        c->zones = zone_table_free(c->zones);
        last_good_free(c->files, c->n_files);
        last_good_free(c->recalled, c->n_recalled);
        free(c->rule_files);
        free(c->state);
        free(c->fault);
        c->fault = NULL;
        c->files = c->recalled = NULL;
        c->rule_files = NULL;
        c->state = NULL;
        c->n_files = c->n_recalled = c->n_rule_files = 0;
}

int context_zones(struct context *c) {
        if (c->zones)
                return 0;
        int r = zones_load(&c->zones);
        return r < 0 ? log_errno(r, "cannot load the time zones (is tzdata installed?)") : 0;
}

/* --- files --- */

/* One more than the loader accepts, so that it is the loader which says "too large". */
#define FILE_READ_MAX (YAML_SIZE_MAX + 1)

/* A pipe that nobody writes to, or a device without an end, would hold up the service for ever: only what the owner named on
 * the command line may be one. */
static int file_kind(int fd, bool any) {
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (S_ISREG(st.st_mode))
                return 0;
        return !any ? -EINVAL : fcntl(fd, F_SETFL, 0) < 0 ? -errno : 0;
}

static int file_read(const char *path, bool any, char **ret_data, size_t *ret_size) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        int r = file_kind(fd, any);
        size_t size = 0;
        char *data = r < 0 ? NULL : malloc(FILE_READ_MAX + 1);
        if (r >= 0 && !data)
                r = -ENOMEM;
        while (r == 0 && size < FILE_READ_MAX) {
                ssize_t n = read(fd, data + size, FILE_READ_MAX - size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        r = -errno;
                if (n <= 0)
                        break;
                size += (size_t) n;
        }
        (void) close(fd);
        if (r < 0) {
                free(data);
                return r;
        }
        data[size] = 0;
        char *tight = realloc(data, size + 1);
        *ret_data = tight ? tight : data;
        *ret_size = size;
        return 0;
}

static const struct loaded_file *find_recalled(const struct context *c, const char *path) {
        for (size_t i = 0; i < c->n_recalled; i++)
                if (strcmp(c->recalled[i].path, path) == 0)
                        return &c->recalled[i];
        return NULL;
}

static int take_recalled(const struct loaded_file *kept, char **ret_data, size_t *ret_size) {
        char *data = malloc(kept->size + 1);
        if (!data)
                return -ENOMEM;
        memcpy(data, kept->data, kept->size + 1);
        *ret_data = data;
        *ret_size = kept->size;
        return 0;
}

static int add_file(struct context *c, const char *path, bool any) {
        struct loaded_file f = {.path = strdup(path)};
        if (!f.path)
                return -ENOMEM;
        const struct loaded_file *kept = find_recalled(c, path);
        int r = kept ? take_recalled(kept, &f.data, &f.size) : file_read(path, any, &f.data, &f.size);
        struct loaded_file *more = r < 0 ? NULL : realloc(c->files, (c->n_files + 1) * sizeof(*more));
        if (!more) {
                free(f.path);
                free(f.data);
                return r < 0 ? r : -ENOMEM;
        }
        c->files = more;
        c->files[c->n_files++] = f;
        return 0;
}

static int is_yaml(const struct dirent *e) {
        size_t n = strlen(e->d_name);
        return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

/* Every *.yaml of a folder, in the order of their names; a folder that is not there holds none. */
static int add_folder(struct context *c, const char *folder) {
        struct dirent **names = NULL;
        int n = scandir(folder, &names, is_yaml, alphasort);
        if (n < 0)
                return errno == ENOENT ? 0 : log_errno(-errno, "cannot read %s", folder);
        int r = 0;
        for (int i = 0; i < n; i++) {
                char *path = NULL;
                if (r == 0 && asprintf(&path, "%s/%s", folder, names[i]->d_name) < 0)
                        r = -ENOMEM;
                if (r == 0) {
                        r = add_file(c, path, false);
                        if (r < 0)
                                log_errno(r, "cannot read %s", path);
                }
                free(path);
                free(names[i]);
        }
        free(names);
        return r;
}

/* What a folder of the owner's holds: as it lies there, or as it was kept. */
static int add_owners_folder(struct context *c, const char *folder) {
        size_t n = strlen(folder);
        int r = c->n_recalled > 0 ? 0 : add_folder(c, folder);
        for (size_t i = 0; i < c->n_recalled && r >= 0; i++) {
                const char *path = c->recalled[i].path;
                if (strncmp(path, folder, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/') &&
                    str_ends_with(path, ".yaml"))
                        r = add_file(c, path, false);
        }
        return r;
}

/* "dir/adieu.yaml" and "clients.d" give "dir/clients.d". */
static char *beside(const char *path, const char *name) {
        const char *slash = strrchr(path, '/');
        char *s = NULL;
        if (asprintf(&s, "%.*s%s", slash ? (int) (slash - path + 1) : 0, path, name) < 0)
                return NULL;
        return s;
}

static char *config_find(const struct context *c) {
        if (c->config_path)
                return strdup(c->config_path);
        const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
        char *path = NULL;
        int n = -1;
        if (!str_empty(xdg))
                n = asprintf(&path, "%s/adieu/adieu.yaml", xdg);
        else if (!str_empty(home))
                n = asprintf(&path, "%s/.config/adieu/adieu.yaml", home);
        if (n >= 0 && access(path, F_OK) == 0)
                return path;
        if (n >= 0)
                free(path);
        return strdup(SYSCONF_DIR "/adieu.yaml");
}

/* --- diagnostics --- */

static const char *source_line(const struct context *c, const char *file, uint32_t line, size_t *ret_size) {
        for (size_t i = 0; i < c->n_files; i++) {
                if (strcmp(c->files[i].path, file) != 0)
                        continue;
                const char *p = c->files[i].data, *end = p + c->files[i].size;
                for (uint32_t n = 1; n < line && p; n++) {
                        p = memchr(p, '\n', (size_t) (end - p));
                        if (p)
                                p++;
                }
                if (!p || p > end)
                        return NULL;
                const char *stop = memchr(p, '\n', (size_t) (end - p));
                *ret_size = (size_t) ((stop ? stop : end) - p);
                return p;
        }
        return NULL;
}

/* What a terminal shows of one line, in bytes. */
#define LINE_SHOWN_MAX 400U

/* One character as a terminal may have it: no control, and nothing that is none. How many bytes it was. */
static size_t print_character(const char *s, size_t size) {
        uint32_t cp;
        size_t n = utf8_decode(s, size, &cp);
        if (n == 0 || (cp < ' ' && cp != '\t') || (cp >= 0x7f && cp < 0xa0))
                fputc('?', stderr);
        else
                (void) fwrite(s, 1, n, stderr);
        return MAX(n, (size_t) 1);
}

static bool is_word(char c) {
        return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' || c == '-' || c == '"' || c == '\'' || c == ' ';
}

/* A mapping that says where a password is found. */
static bool says_where(const char *s, size_t size) {
        static const char *const keys[] = {"credential:", "command:", "file:"};
        size_t at = 0;
        while (at < size && (s[at] == '{' || s[at] == ' '))
                at++;
        for (size_t i = 0; i < ELEMENTSOF(keys) && at > 0; i++)
                if (size - at >= strlen(keys[i]) && memcmp(s + at, keys[i], strlen(keys[i])) == 0)
                        return true;
        return false;
}

/* Where a password may begin that was written in the wrong place: behind a key that speaks of one, when no mapping follows that says where it is found. The end
 * of the line when there is none. */
static const char *find_password(const char *line, const char *end) {
        static const char *const words[] = {"pass", "secret", "token", "pwd"};
        for (const char *p = line; p < end; p++)
                for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                        size_t n = strlen(words[i]);
                        if ((size_t) (end - p) < n || strncasecmp(p, words[i], n) != 0)
                                continue;
                        const char *q = p + n;
                        while (q < end && is_word(*q))
                                q++;
                        if (q == end || *q != ':')
                                continue;
                        for (q++; q < end && *q == ' ';)
                                q++;
                        if (!says_where(q, (size_t) (end - q)))
                                return q;
                }
        return end;
}

/* Where the path begins in what follows the colon of an address, also of one whose slashes were forgotten or escaped: no more than two of them come before the
 * host. */
static const char *path_of(const char *p, const char *end) {
        for (unsigned slashes = 0; p < end && (*p == '\\' || (*p == '/' && slashes < 2)); p++)
                slashes += *p == '/';
        while (p < end && *p != '/' && *p != '?' && *p != '\\')
                p++;
        return p;
}

/* The file is the owner's own, but a terminal is no place for its control characters, and a journal none for passwords, nor for the path of an address: links to
 * calendars let in whoever knows them. */
static void print_line(const char *line, size_t size) {
        const char *end = line + size, *password = find_password(line, end);
        for (const char *p = line, *path = NULL; p < end;) {
                if (p > line + 1 && p[-1] == ':' && (p[-2] | 0x20) >= 'a' && (p[-2] | 0x20) <= 'z' && *p != ' ')
                        path = path_of(p, end);
                if (*p == '"' || *p == '\'' || (*p == ',' && p + 1 < end && p[1] == ' '))
                        path = NULL;
                if (p < password && (!path || p <= path)) {
                        p += print_character(p, (size_t) (end - p));
                        continue;
                }
                uint32_t cp;
                p += MAX(utf8_decode(p, (size_t) (end - p), &cp), (size_t) 1);
                fputc('*', stderr);
        }
}

static void print_source_line(const struct context *c, const struct diagnostic *d) {
        size_t size = 0;
        if (strcmp(d->code, "password-in-file") == 0) { /* the line holds the password */
                if (d->hint)
                        fprintf(stderr, "      | %s\n", d->hint);
                return;
        }
        const char *line = d->line > 0 ? source_line(c, d->file, d->line, &size) : NULL;
        if (!line)
                return;
        if (size > 0 && line[size - 1] == '\r')
                size--;
        bool cut = size > LINE_SHOWN_MAX;
        if (cut && d->column > LINE_SHOWN_MAX / 4) { /* the place itself may be beyond: characters are up to four bytes */
                if (d->hint)
                        fprintf(stderr, "      | %s\n", d->hint);
                return;
        }
        for (size = MIN(size, (size_t) LINE_SHOWN_MAX); cut && size > 0 && ((unsigned char) line[size] & 0xc0) == 0x80;)
                size--;
        fprintf(stderr, "%5u | ", d->line);
        print_line(line, size);
        fputs(cut ? " ...\n      | " : "\n      | ", stderr);
        uint32_t column = 1;
        for (size_t i = 0; i < size && column < d->column; i++) {
                if (((unsigned char) line[i] & 0xc0) == 0x80)
                        continue; /* columns count characters */
                fputc(line[i] == '\t' ? '\t' : ' ', stderr);
                column++;
        }
        for (uint32_t i = 0; i < MAX(d->length, 1U) && i < 80; i++)
                fputc('^', stderr);
        fprintf(stderr, "%s%s\n", d->hint ? " " : "", d->hint ? d->hint : "");
}

static void print_json_diagnostic(const struct diagnostic *d) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "file", json_text(d->file));
        json_object_object_add(o, "line", json_object_new_int64(d->line));
        json_object_object_add(o, "column", json_object_new_int64(d->column));
        json_object_object_add(o, "level", json_text(d->level == DIAGNOSTIC_ERROR ? "error" : "warning"));
        json_object_object_add(o, "code", json_text(d->code));
        json_object_object_add(o, "text", json_text(d->text));
        json_object_object_add(o, "hint", json_text(d->hint));
        json_print(o);
}

/* For where there is room for one line. Out of memory it is not kept: all are printed. */
static void keep_fault(struct context *c, const struct diagnostics *d) {
        for (size_t i = 0; i < d->n && !c->fault; i++) {
                const struct diagnostic *x = &d->items[i];
                if (x->level == DIAGNOSTIC_ERROR &&
                    asprintf(&c->fault, "%s:%u:%u: %s", x->file ? x->file : "adieu.yaml", x->line, x->column, x->text) < 0)
                        c->fault = NULL;
        }
}

void context_print_diagnostics(struct context *c, struct diagnostics *d) {
        diagnostics_sort(d);
        keep_fault(c, d);
        for (size_t i = 0; i < d->n; i++) {
                const struct diagnostic *x = &d->items[i];
                if (x->level == DIAGNOSTIC_WARNING && !c->warns)
                        continue;
                if (c->json) {
                        print_json_diagnostic(x);
                        continue;
                }
                fprintf(stderr, "%s:", x->file ? x->file : "adieu.yaml");
                if (x->line > 0)
                        fprintf(stderr, "%u:%u:", x->line, x->column);
                fprintf(stderr, " %s[%s]: %s\n", x->level == DIAGNOSTIC_ERROR ? "error" : "warning", x->code, x->text);
                print_source_line(c, x);
        }
}

/* --- loading --- */

static struct settings_file as_settings_file(const struct loaded_file *f) {
        return (struct settings_file){.path = f->path, .data = f->data, .size = f->size};
}

static int load_settings(struct context *c) {
        _cleanup_diagnostics_ struct diagnostics d = {};
        struct settings_file *files = calloc(c->n_files, sizeof(*files));
        if (!files)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_files; i++)
                files[i] = as_settings_file(&c->files[i]);
        _cleanup_free_ char *here = files[0].path[0] == '/' ? NULL : getcwd(NULL, 0);
        if (here && strcmp(here, "/") == 0)
                here[0] = 0;
        files[0].base = here;
        int r = settings_load(files, c->n_files, c->zones, &d, &c->settings);
        free(files);
        context_print_diagnostics(c, &d);
        struct civil wall;
        int32_t offset;
        if (r >= 0 && c->now_wall && civil_parse(c->now_wall, &wall, &offset, NULL) >= 0)
                c->clock.now = zone_instant(c->settings->owner.zone, &wall);
        return r;
}

int context_settings(struct context *c) {
        if (context_zones(c) < 0)
                return EXIT_FAULT;
        _cleanup_free_ char *path = config_find(c);
        _cleanup_free_ char *clients = path ? beside(path, "clients.d") : NULL;
        if (!path || !clients)
                return log_errno(-ENOMEM, "cannot load the configuration"), EXIT_FAULT;
        int r = add_file(c, path, true);
        if (r == -ENOENT && c->without_config && !c->config_path) {
                _cleanup_diagnostics_ struct diagnostics told = {};
                r = settings_derive(NULL, &(struct settings_change){}, c->zones, &told, &c->settings);
                return r < 0 ? (log_errno(r, "cannot do without a configuration"), EXIT_FAULT) : EXIT_DONE;
        }
        if (r == -ENOENT) {
                log_error("no configuration: %s does not exist (see adieu.yaml(5))", path);
                return EXIT_FAULT;
        }
        if (r < 0)
                return log_errno(r, "cannot read %s", path), EXIT_FAULT;
        if (add_owners_folder(c, clients) < 0)
                return EXIT_FAULT;
        r = load_settings(c);
        if (r < 0 && r != -EBADMSG)
                log_errno(r, "cannot load %s", path);
        return r < 0 ? EXIT_FAULT : EXIT_DONE;
}

static const char *base_name(const char *path) {
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

static bool is_pack(const char *path, const char *pack) {
        const char *name = base_name(path);
        size_t n = strlen(name) - strlen(".yaml");
        return strlen(pack) == n && strncmp(pack, name, n) == 0;
}

/* Is that shipped pack wanted by `packs:`? */
static bool pack_wanted(const struct settings *s, const char *path) {
        for (const char **p = s ? s->packs : NULL; p && *p; p++)
                if (is_pack(path, *p))
                        return true;
        return !s || !s->packs;
}

static void unknown_pack(const struct context *c, const struct yaml_node *at, char *const *names, struct diagnostics *d) {
        _cleanup_buf_ struct buf hint = {};
        const char *near = suggest(at->scalar, (const char *const *) names);
        if (near)
                buf_printf(&hint, "did you mean \"%s\"?", near);
        for (size_t i = 0; !near && names[i]; i++)
                buf_printf(&hint, "%s%s", i == 0 ? "allowed: " : ", ", names[i]);
        diagnostics_add(d, DIAGNOSTIC_ERROR, c->files[0].path, at->line, at->column, at->length, "unknown-pack",
                        hint.size > 0 ? hint.data : NULL, "no shipped pack \"%s\"", at->scalar);
}

/* A mistyped pack would be rules that never speak. */
static int check_packs(const struct context *c, size_t first, size_t n_packs, struct diagnostics *d) {
        const struct yaml_node *packs = c->settings ? c->settings->packs_node : NULL;
        char **names = calloc(n_packs + 1, sizeof(*names));
        int r = names ? 0 : -ENOMEM;
        for (size_t i = 0; i < n_packs && r >= 0; i++) {
                const char *name = base_name(c->files[first + i].path);
                names[i] = strndup(name, strlen(name) - strlen(".yaml"));
                r = names[i] ? 0 : -ENOMEM;
        }
        const struct yaml_node *at = packs && packs->type == YAML_SEQUENCE ? packs->child : packs;
        for (; at && r >= 0; at = at == packs ? NULL : at->next) {
                size_t i = 0;
                while (names[i] && strcmp(names[i], at->scalar) != 0)
                        i++;
                if (!names[i])
                        unknown_pack(c, at, names, d);
        }
        for (size_t i = 0; names && i < n_packs; i++)
                free(names[i]);
        free(names);
        return r;
}

static int add_words(const char *path, void *userdata) {
        struct context *c = userdata;
        for (size_t i = 0; i < c->n_files; i++)
                if (strcmp(c->files[i].path, path) == 0)
                        return 0;
        /* One that cannot be read is told where it is named. */
        int r = add_file(c, path, false);
        return r == -ENOMEM ? r : 0;
}

/* The files of words that the files from `first` on name. */
static int add_all_words(struct context *c, size_t first) {
        int r = 0;
        for (size_t i = first, n = c->n_files; i < n && r >= 0; i++) {
                const struct rule_file f = {.file = as_settings_file(&c->files[i])};
                r = rule_files_mentioned(&f, add_words, c);
        }
        return r;
}

static int load_rules(struct context *c, size_t first, size_t n_packs) {
        _cleanup_diagnostics_ struct diagnostics d = {};
        size_t words = c->n_files;
        int r = add_all_words(c, first);
        struct rule_file *files = r < 0 ? NULL : calloc(c->n_files - first + 1, sizeof(*files));
        if (!files)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = first; i < c->n_files; i++) {
                bool pack = i < first + n_packs;
                if (pack && !pack_wanted(c->settings, c->files[i].path))
                        continue;
                files[n++] = (struct rule_file){
                        .file = as_settings_file(&c->files[i]),
                        .pack = pack ? base_name(c->files[i].path) : NULL,
                        .words = i >= words,
                };
        }
        c->rule_files = files;
        c->n_rule_files = n;
        r = check_packs(c, first, n_packs, &d);
        if (r >= 0)
                r = ruleset_load(files, n, c->settings, &d, &c->rules);
        context_print_diagnostics(c, &d);
        return r >= 0 && d.errors > 0 ? -EBADMSG : r;
}

/* The same file under another name: a pack that was named on the command line. */
static struct loaded_file *same_file(struct context *c, size_t first, size_t n, const char *path) {
        struct stat named, other;
        if (stat(path, &named) < 0)
                return NULL;
        for (size_t i = first; i < first + n; i++)
                if (stat(c->files[i].path, &other) == 0 && other.st_dev == named.st_dev && other.st_ino == named.st_ino)
                        return &c->files[i];
        return NULL;
}

/* A file named on the command line; one that is there already is only called by the name given. */
static int add_named(struct context *c, size_t first, const char *path) {
        struct loaded_file *known = same_file(c, first, c->n_files - first, path);
        if (!known)
                return add_file(c, path, true);
        char *name = strdup(path);
        if (!name)
                return -ENOMEM;
        free(known->path);
        known->path = name;
        return 0;
}

static int add_rules_d(struct context *c) {
        _cleanup_free_ char *folder = beside(c->files[0].path, "rules.d");
        return folder ? add_owners_folder(c, folder) : -ENOMEM;
}

/* Does rules.d hold a file of that name? Its rules may build on others there. */
static bool in_rules_d(const struct context *c, const char *path) {
        _cleanup_free_ char *folder = beside(c->files[0].path, "rules.d"), *there = NULL;
        struct stat named, other;
        if (!folder || asprintf(&there, "%s/%s", folder, base_name(path)) < 0)
                return false;
        return stat(path, &named) == 0 && stat(there, &other) == 0 && named.st_dev == other.st_dev &&
               named.st_ino == other.st_ino;
}

int context_rules(struct context *c, char *const *only, size_t n_only) {
        const char *packs = getenv("ADIEU_PACKS");
        size_t first = c->n_files;
        if (add_folder(c, str_empty(packs) ? PACK_DIR : packs) < 0)
                return EXIT_FAULT;
        size_t n_packs = c->n_files - first;
        for (size_t i = first; i < c->n_files; i++)
                c->files[i].shipped = true;
        if (n_packs == 0)
                log_warning("no shipped rules in %s", str_empty(packs) ? PACK_DIR : packs);

        bool whole = n_only == 0;
        for (size_t i = 0; i < n_only && c->whole_set && first > 0; i++)
                whole |= in_rules_d(c, only[i]);
        int r = whole && first > 0 ? add_rules_d(c) : 0;
        for (size_t i = 0; r == 0 && i < n_only; i++) {
                r = add_named(c, first, only[i]);
                if (r < 0)
                        log_errno(r, "cannot read %s", only[i]);
        }
        if (r < 0)
                return EXIT_FAULT;
        r = load_rules(c, first, n_packs);
        if (r < 0 && r != -EBADMSG)
                log_errno(r, "cannot load the rules");
        return r < 0 ? EXIT_FAULT : EXIT_DONE;
}

int context_configuration(struct context *c, char *const *only, size_t n_only) {
        int settings = context_settings(c);
        int rules = c->n_files > 0 || settings == EXIT_DONE ? context_rules(c, only, n_only) : EXIT_DONE;
        return settings == EXIT_DONE ? rules : settings;
}

static char *state_find(void) {
        const char *unit = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
        char *path = NULL;
        if (!str_empty(unit))
                return strndup(unit, strcspn(unit, ":")); /* systemd may name several; the first is ours */
        if (!str_empty(xdg))
                return asprintf(&path, "%s/adieu", xdg) < 0 ? NULL : path;
        if (!str_empty(home))
                return asprintf(&path, "%s/.local/state/adieu", home) < 0 ? NULL : path;
        return NULL;
}

int context_recall(struct context *c) {
        _cleanup_free_ char *folder = state_find();
        return folder ? last_good_recall(folder, &c->recalled, &c->n_recalled) : -ENOENT;
}

void context_keep(const struct context *c) {
        int r = last_good_keep(c->state, c->files, c->n_files);
        if (r < 0)
                log_errno(r, "cannot keep the configuration for a start over a faulty one");
}

bool context_store_there(const struct context *c) {
        _cleanup_free_ char *folder = state_find(), *path = NULL;
        (void) c;
        return folder && asprintf(&path, "%s/" STORE_FILE, folder) >= 0 && access(path, F_OK) == 0;
}

int context_store(struct context *c, unsigned flags) {
        if (!c->state)
                c->state = state_find();
        if (!c->state) {
                log_error("no place for the store: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set");
                return EXIT_FAULT;
        }
        _cleanup_free_ char *message = NULL;
        int r = store_open(c->state, flags, &c->store, &message);
        if (r == -ENOENT && (flags & STORE_READ_ONLY)) {
                log_error("nothing was read yet: run adieu scan first");
                return EXIT_FAULT;
        }
        if (r < 0) {
                log_error("%s", message ? message : strerror(-r));
                return EXIT_FAULT;
        }
        return EXIT_DONE;
}

static void on_trouble(const char *source, const char *text, void *userdata) {
        (void) userdata;
        log_warning("%s: %s", source, text);
}

/* Parsed in a role of their own, as all that is not YAML. */
int context_holidays(struct context *c) {
        if (!c->settings->holiday_files || !c->settings->holiday_files[0])
                return EXIT_DONE;
        sd_event *event = c->event ? sd_event_ref(c->event) : NULL;
        const struct reader_options options = {.settings = c->settings, .clock = c->clock, .trouble = on_trouble};
        int r = event ? 0 : sd_event_new(&event);
        if (r >= 0)
                r = reader_holidays(event, c->program, c->settings, &options);
        sd_event_unref(event);
        if (r == -ESTALE) /* the loop of the service is over: it was told to end */
                return EXIT_FAULT;
        return r < 0 ? (log_errno(r, "cannot read the holidays"), EXIT_FAULT) : EXIT_DONE;
}

int context_all(struct context *c, unsigned store_flags) {
        int status = context_configuration(c, NULL, 0);
        if (status == EXIT_DONE)
                status = context_holidays(c);
        if (status == EXIT_DONE)
                status = context_store(c, store_flags);
        return status;
}
