/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/settings.h"

#include "rules/domain.h"
#include "rules/schedule.h"
#include "rules/settings_internal.h"

/* --- the owner ------------------------------------------------------------------------------------------------------ */

static const char **read_addresses(struct loader *l, const struct yaml_node *list) {
        const char **addresses = loader_keep(l, arena_new0(l->arena, const char *, loader_count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = loader_first_item(list); addresses && i; i = loader_next_item(list, i))
                if (loader_read_address(l, i, "addresses"))
                        addresses[n++] = loader_lower_copy(l, i->scalar);
        if (!list || !list->child)
                if (list && list->type == YAML_SEQUENCE)
                        fault(l, list, "missing-key", "list every address you write from", "\"addresses\" is empty");
        return addresses;
}

static const char *read_language(struct loader *l, const struct yaml_node *node) {
        static const char *const languages[] = {"de", "en", "es", "fr", "it", "nl", NULL};
        const char *language = loader_get_text(l, node, "owner", "language");
        if (!language)
                return "en";
        for (size_t i = 0; languages[i]; i++)
                if (str_eq(language, languages[i]))
                        return languages[i];
        /* "no" is Norwegian to its author and a boolean to YAML; here it is neither. */
        fault(l, yaml_get(node, "language"), "bad-value", loader_hint_words(l, "allowed: ", languages),
              "no texts in the language \"%s\"", language);
        return "en";
}

static void read_owner(struct loader *l, const struct yaml_node *node) {
        struct owner *o = &l->s->owner;
        if (!loader_check_mapping(l, node, "owner", "owner"))
                return;
        o->addresses = read_addresses(l, loader_get(node, "owner", "addresses"));
        o->name = loader_get_text(l, node, "owner", "name");
        if (!o->name && o->addresses)
                o->name = o->addresses[0];
        o->language = read_language(l, node);
        o->zone = loader_get_zone(l, node, "owner");
        const struct yaml_node *hours = loader_get(node, "owner", "hours");
        if (hours)
                loader_read_hours(l, hours, o->calendar.week);
        else
                hours_default(o->calendar.week);
        loader_read_holidays(l, node, "owner", true, &o->calendar);
        loader_read_absences(l, node, "owner", "owner.absences[]", &o->calendar);
}

/* --- clients -------------------------------------------------------------------------------------------------------- */

static void check_id(struct loader *l, const struct yaml_node *node, const char *id) {
        for (const char *p = id; *p; p++)
                if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-')) {
                        fault(l, node, "bad-value", "small letters, digits and hyphens: dupont-sarl",
                              "\"%s\" cannot be an id", id);
                        return;
                }
        const struct client *other = settings_client_by_id(l->s, id);
        if (other)
                fault(l, node, "duplicate-client", "give one of them another id", "the id \"%s\" is taken by %s:%u", id,
                      other->file, other->line);
}

/* The local midnight with which a day begins for the owner. */
static instant owner_midnight(struct loader *l, int32_t day) {
        struct civil c = civil_from_seconds((int64_t) day * 86400);
        return zone_instant(l->s->owner.zone ? l->s->owner.zone : zone_utc(), &c);
}

static void read_pauses(struct loader *l, const struct yaml_node *node, struct client *client) {
        const struct yaml_node *list = loader_get(node, "clients[]", "pauses");
        if (!list)
                return;
        client->pauses = loader_keep(l, arena_new0(l->arena, struct pause, loader_count_items(list) + 1));
        for (const struct yaml_node *i = list->child; client->pauses && i; i = i->next) {
                static const char prefix[] = "clients[].pauses[]";
                struct pause p = {.from = INSTANT_MIN};
                int32_t first = INT32_MIN, last;
                if (!loader_check_mapping(l, i, prefix, "a pause"))
                        continue;
                p.reason = loader_get_text(l, i, prefix, "reason");
                if (loader_get_date(l, i, prefix, "from", &first))
                        p.from = owner_midnight(l, first);
                if (!loader_get_date(l, i, prefix, "until", &last) || !p.reason || !loader_check_order(l, i, first, last))
                        continue;
                p.until = owner_midnight(l, last + 1);
                client->pauses[client->n_pauses++] = p;
        }
}

/* Kept as they are written: only ruleset_load() knows rules and fields. */
static void check_exceptions(struct loader *l, const struct yaml_node *node, struct client *client) {
        static const char prefix[] = "clients[].exceptions[]";
        const struct yaml_node *list = loader_get(node, "clients[]", "exceptions");
        if (!list)
                return;
        for (const struct yaml_node *i = list->child; i; i = i->next) {
                int32_t day;
                if (!loader_check_mapping(l, i, prefix, "an exception"))
                        continue;
                (void) loader_get_text(l, i, prefix, "reason");
                (void) loader_get_text(l, i, prefix, "rule");
                (void) loader_get_date(l, i, prefix, "until", &day);
        }
        client->exceptions = list;
}

static void read_matches(struct loader *l, const struct yaml_node *list, struct client *client) {
        client->match = loader_keep(l, arena_new0(l->arena, const char *, loader_count_items(list) + 1));
        size_t n = 0;
        for (const struct yaml_node *i = loader_first_item(list); client->match && i; i = loader_next_item(list, i)) {
                if (!loader_read_match(l, i))
                        continue;
                client->match[n++] = loader_lower_copy(l, i->scalar);
                char key[ADDRESS_KEY_SIZE];
                size_t size = address_key(i->scalar, key);
                const char *entry = size > 0 ? loader_keep(l, arena_strndup(l->arena, key, size)) : NULL;
                if (entry)
                        l->matches[l->n_matches++] = (struct match_place){entry, client->index, l->file, i};
        }
        if (list && list->type == YAML_SEQUENCE && !list->child)
                fault(l, list, "missing-key", "list the client's addresses or domains", "\"match\" is empty");
}

static bool same_zone(const struct zone *a, const struct zone *b) {
        return a == b || (a && b && str_eq(zone_name(a), zone_name(b)));
}

/* What was not declared is the owner's where that is likely: a client in the owner's zone keeps the owner's holidays. */
static void read_client_calendar(struct loader *l, const struct yaml_node *node, struct client *client) {
        const struct owner *o = &l->s->owner;
        struct work_calendar *c = &client->calendar;
        client->zone = loader_get_zone(l, node, "clients[]");
        const struct yaml_node *hours = loader_get(node, "clients[]", "hours");
        client->own_hours = hours;
        c->zone = client->zone ? client->zone : o->calendar.zone;
        if (hours)
                loader_read_hours(l, hours, c->week);
        else if (client->zone)
                hours_default(c->week);
        else
                memcpy(c->week, o->calendar.week, sizeof(c->week));
        if (same_zone(c->zone, o->calendar.zone))
                c->regions = o->calendar.regions;
        loader_read_holidays(l, node, "clients[]", false, c);
        loader_read_absences(l, node, "clients[]", "clients[].absences[]", c);
        /* Nothing declared: the owner's calendar, days off included. */
        if (!hours && !client->zone &&
            days_off_join(l->arena, c->days_off, c->n_days_off, o->calendar.days_off, o->calendar.n_days_off, c) < 0)
                l->no_memory = true;
}

static void read_client(struct loader *l, const struct yaml_node *node) {
        if (!loader_check_mapping(l, node, "clients[]", "a client"))
                return;
        struct client *c = &l->s->clients[l->s->n_clients];
        *c = (struct client){
                .file = l->file, .line = node->line, .column = node->column, .index = (uint32_t) l->s->n_clients};
        c->id = loader_get_text(l, node, "clients[]", "id");
        if (c->id)
                check_id(l, yaml_get(node, "id"), c->id);
        c->name = loader_get_text(l, node, "clients[]", "name");
        if (!c->name)
                c->name = c->id;
        read_matches(l, loader_get(node, "clients[]", "match"), c);
        read_client_calendar(l, node, c);
        read_pauses(l, node, c);
        check_exceptions(l, node, c);
        c->rules = loader_get(node, "clients[]", "rules");
        l->s->n_clients++;
}

static int compare_matches(const void *pa, const void *pb) {
        const struct match_place *a = pa, *b = pb;
        int r = strcmp(a->entry, b->entry);
        return r != 0 ? r : (a->client > b->client) - (a->client < b->client);
}

/* One address or domain, one client. */
static void check_matches(struct loader *l) {
        if (l->n_matches > 1)
                qsort(l->matches, l->n_matches, sizeof(*l->matches), compare_matches);
        for (size_t i = 1; i < l->n_matches; i++) {
                const struct match_place *a = &l->matches[i - 1], *b = &l->matches[i];
                if (!str_eq(a->entry, b->entry))
                        continue;
                l->file = b->file;
                fault(l, b->node, "duplicate-match", "one address or domain belongs to one client",
                      "\"%s\" is listed by client \"%s\" already (%s:%u:%u)", b->entry, l->s->clients[a->client].name,
                      a->file, a->node->line, a->node->column);
        }
}

/* The owner is nobody's client. A client's domain may hold a further address of the owner (a mailbox that the client gave): the owner is looked
 * up first. But a client with the domain of the owner's first address would make colleagues a client. */
static void check_own_addresses(struct loader *l) {
        for (size_t k = 0; l->s->owner.addresses && l->s->owner.addresses[k]; k++) {
                char key[ADDRESS_KEY_SIZE];
                if (address_key(l->s->owner.addresses[k], key) == 0)
                        continue;
                for (size_t i = 0; i < l->n_matches; i++) {
                        const struct match_place *m = &l->matches[i];
                        size_t n = strlen(key), size = strlen(m->entry);
                        bool domain = m->entry[0] == '@';
                        const char *tail = n >= size ? key + n - size : "";
                        bool hit = domain ? str_eq(tail, m->entry) ||
                                                    (n > size && tail[0] == '.' && str_eq(tail + 1, m->entry + 1))
                                          : str_eq(key, m->entry);
                        if (!hit || (domain && k > 0))
                                continue;
                        l->file = m->file;
                        fault(l, m->node, "own-address", domain ? "list the client's people by their full addresses" : NULL,
                              "\"%s\" would make your own address %s a client's", m->entry, l->s->owner.addresses[k]);
                }
        }
}

/* --- the files ------------------------------------------------------------------------------------------------------ */

static void read_every(struct loader *l, const struct yaml_node *node, struct digest_settings *d) {
        const struct yaml_node *every = loader_get(node, "digest", "every");
        const char *wrong = NULL;
        if (schedule_parse(every ? every->scalar : "mon 08:00", &d->every, &wrong) < 0)
                fault(l, every, "bad-value", "write a day and a time: \"mon 08:00\"",
                      "\"%s\" is not a day of the week and a time: %s", every->scalar, wrong);
}

/* Where it goes and who it comes from: the owner, where nothing else is written. */
static void read_envelope(struct loader *l, const struct yaml_node *node, struct digest_settings *d) {
        static const char *const words[] = {"line", "nothing", NULL};
        const struct yaml_node *to = loader_get(node, "digest", "to"), *from = loader_get(node, "digest", "from");
        const char *empty = loader_get_text(l, node, "digest", "empty");
        const char *own = l->s->owner.addresses ? l->s->owner.addresses[0] : NULL;
        const char **list = loader_keep(l, arena_new0(l->arena, const char *, loader_count_items(to) + 2));
        size_t n = 0;
        for (const struct yaml_node *i = loader_first_item(to); list && i; i = loader_next_item(to, i))
                if (loader_read_address(l, i, "to") && (list[n] = loader_read_mailable(l, i, i->scalar)))
                        n++;
        if (own && (n == 0 || !from) && !(own = loader_read_mailable(l, node, own)))
                return;
        if (n == 0 && list)
                list[n] = own;
        d->to = list;
        d->from = from && loader_read_address(l, from, "from") ? loader_read_mailable(l, from, from->scalar) : own;
        d->empty = !str_eq(empty, "nothing");
        if (empty && d->empty && !str_eq(empty, "line"))
                fault(l, yaml_get(node, "empty"), "bad-value", loader_did_you_mean(l, empty, words),
                      "\"%s\" is nothing that an empty week can send", empty);
}

static void read_digest(struct loader *l, const struct yaml_node *node) {
        struct digest_settings *d = &l->s->digest;
        if (!loader_check_mapping(l, node, "digest", "digest"))
                return;
        d->written = true;
        read_every(l, node, d);
        read_envelope(l, node, d);
        const struct yaml_node *smtp = loader_get(node, "digest", "smtp");
        const char **sendmail = loader_get_texts(l, node, "digest", "sendmail");
        if (smtp && sendmail)
                fault(l, yaml_get(node, "sendmail")->key, "two-kinds", "write one of smtp, sendmail",
                      "the digest is sent in one way");
        else if (smtp)
                d->remote = loader_read_remote(l, smtp, node, "digest", REMOTE_FOR_SMTP);
        else if (sendmail && sendmail[0]) {
                sendmail[0] = loader_program_path(l, sendmail[0]);
                d->sendmail = sendmail;
                loader_refuse_account_keys(l, node, "a program that sends");
        } else
                fault(l, node, "missing-key", "write smtp: \"smtps://user@host.example\", or sendmail: /usr/sbin/sendmail",
                      "digest needs \"smtp\" or \"sendmail\"");
}

/* A name without a slash is looked for where programs are; a path is one like all others in this file. */
static void read_on_alert(struct loader *l, const struct yaml_node *root) {
        const struct yaml_node *list = loader_get(root, "", "on_alert"), *first = loader_first_item(list);
        if (!list)
                return;
        if (!first) {
                fault(l, list, "bad-value", "write a program and its arguments: [notify, --quiet]", "\"on_alert\" is empty");
                return;
        }
        if (list->type == YAML_SCALAR && list->scalar[strcspn(list->scalar, " \t")]) {
                fault(l, list, "bad-value", "write a list: [program, argument]",
                      "\"on_alert\" is no line for a shell: a program and each of its arguments stand by themselves");
                return;
        }
        l->s->on_alert = loader_get_texts(l, root, "", "on_alert");
        if (l->s->on_alert && l->s->on_alert[0] && strpbrk(l->s->on_alert[0], "/~"))
                l->s->on_alert[0] = loader_read_path(l, first, "on_alert");
}

static void read_outlets(struct loader *l, const struct yaml_node *root) {
        const struct yaml_node *file = loader_get(root, "", "alerts_file");
        if (file && loader_get_text(l, root, "", "alerts_file"))
                l->s->alerts_file = loader_read_path(l, file, "alerts_file");
        read_on_alert(l, root);
}

static void read_packs(struct loader *l, const struct yaml_node *root) {
        l->s->packs = loader_get_texts(l, root, "", "packs");
        l->s->packs_node = loader_get(root, "", "packs");
}

static void read_clients(struct loader *l, const struct yaml_node *list) {
        for (const struct yaml_node *i = list ? list->child : NULL; i; i = i->next)
                read_client(l, i);
}

static void read_main(struct loader *l, const struct yaml_node *root) {
        static const struct yaml_node top = {.type = YAML_MAPPING, .line = 1, .column = 1, .length = 1};
        if (!root)
                root = &top;
        if (!loader_check_mapping(l, root, "", "the configuration"))
                return;
        const struct yaml_node *owner = loader_get(root, "", "owner"), *sources = loader_get(root, "", "sources"),
                               *digest = loader_get(root, "", "digest");
        if (owner)
                read_owner(l, owner);
        l->s->owner.calendar.zone = l->s->owner.zone ? l->s->owner.zone : zone_utc();
        for (const struct yaml_node *i = sources ? sources->child : NULL; i; i = i->next)
                loader_read_source(l, i);
        read_clients(l, loader_get(root, "", "clients"));
        if (digest)
                read_digest(l, digest);
        read_outlets(l, root);
        read_packs(l, root);
        l->s->rules = loader_get(root, "", "rules");
        l->s->rules_file = l->s->rules ? l->file : NULL;
}

/* A file of clients.d: "clients:" and nothing else, or one client. */
static void read_extra(struct loader *l, const struct yaml_node *root) {
        if (!yaml_get(root, "clients")) {
                read_client(l, root);
                return;
        }
        for (const struct yaml_node *c = root->child; c; c = c->next)
                if (!str_eq(c->key->scalar, "clients"))
                        fault(l, c->key, "unknown-key", "put it into adieu.yaml",
                              "a file of clients.d holds clients only, not \"%s\"", c->key->scalar);
                else if (!yaml_is_null(c) && c->type != YAML_SEQUENCE)
                        fault(l, c, "wrong-type", "write a list of mappings: each begins with \"- \"",
                              "\"clients\" must be a list");
        read_clients(l, loader_get(root, "", "clients"));
}

/* How much room the trees can need at most. */
static void count_tree(const struct yaml_node *root, bool first, size_t *clients, size_t *matches, size_t *sources) {
        const struct yaml_node *list = yaml_get(root, "clients");
        if (root && !first && !list) {
                *clients += 1;
                *matches += loader_count_items(yaml_get(root, "match"));
        }
        for (const struct yaml_node *i = list && list->type == YAML_SEQUENCE ? list->child : NULL; i; i = i->next) {
                *clients += 1;
                *matches += loader_count_items(yaml_get(i, "match"));
        }
        *sources += loader_count_items(yaml_get(root, "sources"));
}

static int load_trees(struct loader *l, const struct settings_file *files, size_t n, const struct yaml_node **roots,
                      const char **paths) {
        for (size_t i = 0; i < n; i++) {
                struct yaml_node *root = NULL;
                paths[i] = loader_keep(l, arena_strdup(l->arena, files[i].path));
                if (!paths[i])
                        return -ENOMEM;
                int r = yaml_parse(paths[i], files[i].data, files[i].size, l->arena, l->d, &root);
                if (r == -ENOMEM)
                        return r;
                roots[i] = root;
        }
        return 0;
}

/* A file that is no YAML was told as such: what it lacks is not told a second time. */
static bool file_has_fault(const struct diagnostics *d, size_t from, const char *path) {
        for (size_t i = from; i < d->n; i++)
                if (d->items[i].level == DIAGNOSTIC_ERROR && str_eq(d->items[i].file, path))
                        return true;
        return false;
}

static int read_trees(struct loader *l, const struct settings_file *files, const struct yaml_node *const *roots,
                      const char *const *paths, size_t n, size_t told) {
        size_t clients = 0, matches = 0, sources = 0;
        for (size_t i = 0; i < n; i++)
                count_tree(roots[i], i == 0, &clients, &matches, &sources);
        l->s->clients = arena_new0(l->arena, struct client, clients + 1);
        l->s->sources = arena_new0(l->arena, struct source_spec, sources + 1);
        l->matches = arena_new0(l->arena, struct match_place, matches + 1);
        if (!l->s->clients || !l->s->sources || !l->matches)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                l->file = paths[i];
                l->base = files[i].base;
                if (!roots[i] && (i > 0 || file_has_fault(l->d, told, paths[i])))
                        continue;
                if (i == 0)
                        read_main(l, roots[i]);
                else
                        read_extra(l, roots[i]);
        }
        check_own_addresses(l);
        check_matches(l);
        loader_build_index(l);
        return l->no_memory || l->d->error < 0 ? -ENOMEM : 0;
}

int settings_load(const struct settings_file *files, size_t n, const struct zone_table *zones, struct diagnostics *d,
                  struct settings **ret) {
        _cleanup_arena_ struct arena *arena = NULL;
        size_t errors = d->errors, told = d->n;
        /* No ceiling: the files have one each, and they are the owner's own. */
        int r = arena_new(0, &arena);
        if (r < 0)
                return r;
        struct loader l = {.zones = zones, .d = d, .arena = arena, .s = arena_new0(arena, struct settings, 1)};
        const struct yaml_node **roots = arena_new0(arena, const struct yaml_node *, n + 1);
        const char **paths = arena_new0(arena, const char *, n + 1);
        if (!l.s || !roots || !paths)
                return -ENOMEM;
        r = load_trees(&l, files, n, roots, paths);
        if (r >= 0)
                r = read_trees(&l, files, roots, paths, n, told);
        if (r < 0)
                return r;
        diagnostics_sort(d);
        if (d->errors > errors) {
                *ret = NULL;
                return -EBADMSG;
        }
        l.s->arena = TAKE_PTR(arena);
        l.s->zones = zones;
        *ret = l.s;
        return 0;
}

/* --- people of a test ----------------------------------------------------------------------------------------------- */

/* Who is meant where nobody is stated: what examples in the manual and the shipped rules take for granted. */
static void somebody(struct loader *l) {
        static const char *const names[] = {"me@owner.example", NULL};
        const struct zone *zone = l->zones ? zone_table_find(l->zones, "Europe/Paris") : NULL;
        struct owner *o = &l->s->owner;
        *o = (struct owner){.name = "me@owner.example", .language = "en", .zone = zone ? zone : zone_utc()};
        o->addresses = loader_keep(l, arena_new0(l->arena, const char *, ELEMENTSOF(names)));
        if (o->addresses)
                memcpy(o->addresses, names, sizeof(names));
        o->calendar.zone = o->zone;
        hours_default(o->calendar.week);
}

static void known_clients(struct loader *l, const struct settings *base) {
        for (size_t i = 0; i < base->n_clients; i++) {
                struct client *c = &l->s->clients[l->s->n_clients++];
                *c = base->clients[i];
                c->rules = c->exceptions = NULL;
                c->pauses = NULL;
                c->n_pauses = 0;
        }
}

/* A name and nothing more: working like the owner. */
static void named_client(struct loader *l, const char *id) {
        if (settings_client_by_id(l->s, id))
                return;
        struct client *c = &l->s->clients[l->s->n_clients];
        *c = (struct client){.id = loader_keep(l, arena_strdup(l->arena, id)),
                             .calendar = l->s->owner.calendar,
                             .file = l->file,
                             .index = (uint32_t) l->s->n_clients};
        c->name = c->id;
        c->match = loader_keep(l, arena_new0(l->arena, const char *, 1));
        l->s->n_clients++;
}

static void read_people(struct loader *l, const struct settings *base, const struct settings_change *change) {
        if (change->owner)
                read_owner(l, change->owner);
        else if (base)
                l->s->owner = base->owner;
        else
                somebody(l);
        if (!l->s->owner.calendar.zone)
                l->s->owner.calendar.zone = l->s->owner.zone ? l->s->owner.zone : zone_utc();
        if (change->clients && change->clients->type != YAML_SEQUENCE)
                fault(l, change->clients, "wrong-type", "write a list: [{id: dupont, match: [\"@dupont.example\"]}]",
                      "`clients` is a list");
        else if (change->clients)
                read_clients(l, change->clients);
        else if (base && !change->owner)
                known_clients(l, base);
        for (size_t i = 0; i < change->n_more; i++)
                named_client(l, change->more[i]);
        check_own_addresses(l);
        check_matches(l);
        loader_build_index(l);
}

int settings_derive(const struct settings *base, const struct settings_change *change, const struct zone_table *zones,
                    struct diagnostics *d, struct settings **ret) {
        _cleanup_arena_ struct arena *arena = NULL;
        size_t errors = d->errors, clients = change->n_more + (base ? base->n_clients : 0), matches = 0;
        int r = arena_new(0, &arena);
        if (r < 0)
                return r;
        const struct yaml_node *list = change->clients && change->clients->type == YAML_SEQUENCE ? change->clients : NULL;
        for (const struct yaml_node *i = list ? list->child : NULL; i; i = i->next) {
                clients++;
                matches += loader_count_items(yaml_get(i, "match"));
        }
        struct loader l = {.zones = zones,
                           .d = d,
                           .arena = arena,
                           .s = arena_new0(arena, struct settings, 1),
                           .file = change->file ? change->file : ""};
        l.matches = arena_new0(arena, struct match_place, matches + 1);
        if (!l.s || !l.matches || !(l.s->clients = arena_new0(arena, struct client, clients + 1)))
                return -ENOMEM;
        read_people(&l, base, change);
        l.s->derived = true;
        if (l.no_memory || d->error < 0)
                return -ENOMEM;
        if (d->errors > errors)
                return -EBADMSG;
        l.s->arena = TAKE_PTR(arena);
        l.s->zones = zones;
        *ret = l.s;
        return 0;
}

struct settings *settings_free(struct settings *s) {
        if (s)
                arena_free(s->arena);
        return NULL;
}

int settings_add_days_off(struct settings *s, const struct day_range *ranges, size_t n) {
        struct work_calendar *c = &s->owner.calendar;
        int r = days_off_join(s->arena, c->days_off, c->n_days_off, ranges, n, c);
        if (r < 0)
                return r;
        for (size_t i = 0; i < s->n_clients; i++) {
                struct client *client = &s->clients[i];
                if (client->own_hours || client->zone)
                        continue;
                r = days_off_join(s->arena, client->calendar.days_off, client->calendar.n_days_off, ranges, n,
                                  &client->calendar);
                if (r < 0)
                        return r;
        }
        return 0;
}
