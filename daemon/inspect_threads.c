/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/inspect_threads.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/output.h"
#include "parsers/arena.h"
#include "parsers/date.h"
#include "rules/conversation.h"
#include "rules/people.h"

/* Without a configuration nobody is owner or client: people are addresses, and it is the turn of those whom the last question was put to. */

struct letter {
        const char *path, *message_id, *subject, *author, *because;
        const char **to; /* of a question */
        uint32_t n_to;
        instant at; /* INSTANT_UNKNOWN when the message does not say */
        bool person, asks, settles;
        uint64_t key, root, thread;
        uint64_t *names; /* keys, its own first */
        uint32_t n_names;
};

struct inspect_threads {
        struct arena *arena;
        struct letter *letters;
        size_t n, room;
        struct threads threads;
};

int inspect_threads_new(struct inspect_threads **ret) {
        struct inspect_threads *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        int r = arena_new(0, &t->arena);
        if (r < 0) {
                free(t);
                return r;
        }
        t->threads = (struct threads) THREADS(WINDOW_FOREVER);
        *ret = t;
        return 0;
}

struct inspect_threads *inspect_threads_free(struct inspect_threads *t) {
        if (!t)
                return NULL;
        threads_done(&t->threads);
        arena_free(t->arena);
        free(t->letters);
        free(t);
        return NULL;
}

static int reserve(struct inspect_threads *t) {
        if (t->n < t->room)
                return 0;
        size_t room = MAX(2 * t->room, (size_t) 256);
        struct letter *letters = reallocarray(t->letters, room, sizeof(*letters));
        if (!letters)
                return -ENOMEM;
        t->letters = letters;
        t->room = room;
        return 0;
}

static int copy_names(struct inspect_threads *t, const struct message *m, struct letter *l) {
        struct thread_names names;
        thread_names_read(m, l->key, &names);
        l->names = arena_new0(t->arena, uint64_t, names.n);
        if (!l->names)
                return -ENOMEM;
        memcpy(l->names, names.keys, names.n * sizeof(*l->names));
        l->n_names = names.n;
        l->root = names.root;
        return 0;
}

static int copy_recipients(struct inspect_threads *t, const struct message *m, struct letter *l) {
        l->to = arena_new0(t->arena, const char *, MAX(m->to.n, 1U));
        if (!l->to)
                return -ENOMEM;
        for (uint32_t i = 0; i < m->to.n; i++) {
                if (l->author && email_eq(m->to.items[i].email, l->author))
                        continue;
                l->to[l->n_to] = arena_strdup(t->arena, m->to.items[i].email);
                if (!l->to[l->n_to++])
                        return -ENOMEM;
        }
        return 0;
}

static int copy_string(struct inspect_threads *t, const char *s, const char **ret) {
        *ret = arena_strdup(t->arena, s);
        return s && !*ret ? -ENOMEM : 0;
}

int inspect_threads_add(struct inspect_threads *t, const char *path, const struct message *m, instant internal_date) {
        const struct address *author = message_author(m);
        struct letter l = {
                .path = path,
                .at = m->flags & MESSAGE_NO_DATE ? m->received_at : m->sent_at,
                .person = m->automatic == AUTOMATIC_NO,
                .settles = message_settles(m),
                .key = message_key(m),
        };
        if (l.at == INSTANT_UNKNOWN)
                l.at = internal_date;
        l.asks = l.person && message_asks(m);
        int r = reserve(t);
        if (r < 0 || (r = copy_string(t, m->message_id, &l.message_id)) < 0 ||
            (r = copy_string(t, m->subject, &l.subject)) < 0 || (r = copy_string(t, m->request_because, &l.because)) < 0 ||
            (r = copy_string(t, author ? author->email : NULL, &l.author)) < 0 || (r = copy_names(t, m, &l)) < 0)
                return r;
        if (l.asks && (r = copy_recipients(t, m, &l)) < 0)
                return r;
        t->letters[t->n++] = l;
        return 0;
}

/* ---- joining */

static int compare_numbers(uint64_t a, uint64_t b) {
        return (a > b) - (a < b);
}

static int compare_times(const struct letter *x, const struct letter *y) {
        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        int r = compare_numbers(x->key, y->key);
        return r != 0 ? r : strcmp(x->path, y->path);
}

static int compare_letters(const void *a, const void *b) {
        return compare_times(a, b);
}

static int join(struct inspect_threads *t) {
        struct thread_names names;
        for (size_t i = 0; i < t->n; i++) {
                struct letter *l = &t->letters[i];
                memcpy(names.keys, l->names, l->n_names * sizeof(*l->names));
                names.n = l->n_names;
                names.root = l->root;
                int r = threads_join(&t->threads, &names, 0, NULL, NULL, &l->thread);
                if (r == 0)
                        l->thread = thread_of_root(l->root);
                if (r >= 0)
                        r = threads_add(&t->threads, &names, 0, l->thread);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < t->n; i++)
                t->letters[i].thread = threads_resolve(&t->threads, t->letters[i].thread, 0);
        return 0;
}

/* ---- showing */

struct conversation {
        const struct letter **letters;
        size_t n, missing;
};

struct group {
        uint64_t thread;
        size_t first, n, missing;
};

/* Whose turn: the newest question of a person that nobody else has written after. */
static const struct letter *open_question(const struct conversation *c) {
        const struct letter *open = NULL;
        for (size_t i = 0; i < c->n; i++) {
                const struct letter *l = c->letters[i];
                if (l->asks)
                        open = l;
                else if (l->settles ||
                         (l->person && open && !(l->author && open->author && email_eq(l->author, open->author))))
                        open = NULL;
        }
        return open;
}

static void print_json(const struct conversation *c, const struct zone *zone) {
        const struct letter *open = open_question(c);
        json_object *o = json_object_new_object(), *messages = json_object_new_array(), *waiting = json_object_new_array();
        char id[17];
        (void) snprintf(id, sizeof(id), "%016" PRIx64, c->letters[0]->thread);
        json_object_object_add(o, "thread_id", json_text(id));
        json_object_object_add(o, "subject", json_text(c->letters[0]->subject));
        json_object_object_add(o, "missing", json_object_new_int64((int64_t) c->missing));
        for (uint32_t i = 0; open && i < open->n_to; i++)
                json_object_array_add(waiting, json_text(open->to[i]));
        json_object_object_add(o, "waiting_on", waiting);
        json_object_object_add(o, "waiting_since", open ? json_time(open->at, zone) : NULL);
        json_object_object_add(o, "waiting_because", json_text(open ? open->because : NULL));
        for (size_t i = 0; i < c->n; i++) {
                const struct letter *l = c->letters[i];
                json_object *m = json_object_new_object();
                json_object_object_add(m, "file", json_text(l->path));
                json_object_object_add(m, "message_id", json_text(l->message_id));
                json_object_object_add(m, "at", json_time(l->at, zone));
                json_object_object_add(m, "from", json_text(l->author));
                json_object_object_add(m, "automatic", json_object_new_boolean(!l->person));
                json_object_object_add(m, "request", json_object_new_boolean(l->asks));
                json_object_array_add(messages, m);
        }
        json_object_object_add(o, "messages", messages);
        json_print(o);
}

static void print_text(const struct conversation *c, const struct zone *zone) {
        const struct letter *open = open_question(c);
        char when[64];
        printf("%016" PRIx64 "  %zu message%s", c->letters[0]->thread, c->n, c->n == 1 ? "" : "s");
        if (c->missing > 0)
                printf(", %zu missing", c->missing);
        printf("  %s\n", c->letters[0]->subject ? c->letters[0]->subject : "");
        for (size_t i = 0; i < c->n; i++) {
                const struct letter *l = c->letters[i];
                fputs("       ", stdout);
                print_padded(l->at == INSTANT_UNKNOWN ? "-" : time_human(l->at, zone, "en", when, sizeof(when)), 24);
                printf("%s  %s\n", l->author ? l->author : "-", l->path);
        }
        if (open) {
                printf("       waiting on");
                for (uint32_t i = 0; i < open->n_to; i++)
                        printf("%s %s", i > 0 ? "," : "", open->to[i]);
                if (open->at != INSTANT_UNKNOWN)
                        printf(" since %s", time_human(open->at, zone, "en", when, sizeof(when)));
                printf("%s%s\n", open->because ? ": " : "", open->because ? open->because : "");
        }
}

static int compare_by_thread(const void *a, const void *b) {
        const struct letter *x = *(const struct letter *const *) a, *y = *(const struct letter *const *) b;
        int r = compare_numbers(x->thread, y->thread);
        return r != 0 ? r : compare_numbers((uintptr_t) x, (uintptr_t) y);
}

static int compare_groups(const void *a, const void *b) {
        const struct group *x = a, *y = b;
        return compare_numbers(x->first, y->first);
}

static int compare_group_threads(const void *key, const void *item) {
        return compare_numbers(*(const uint64_t *) key, ((const struct group *) item)->thread);
}

/* Messages that are named but not among the files. */
static void count_missing(struct inspect_threads *t, struct group *groups, size_t n) {
        const struct window *ids = &t->threads.ids;
        for (size_t i = 0; i < ids->n; i++) {
                if (threads_seen(&t->threads, ids->items[i].key, 0))
                        continue;
                uint64_t thread = threads_find(&t->threads, ids->items[i].key, 0);
                struct group *g = bsearch(&thread, groups, n, sizeof(*groups), compare_group_threads);
                if (g)
                        g->missing++;
        }
}

int inspect_threads_print(struct inspect_threads *t, const struct zone *zone, bool json) {
        if (t->n == 0)
                return 0;
        qsort(t->letters, t->n, sizeof(*t->letters), compare_letters);
        int r = join(t);
        if (r < 0)
                return r;
        /* Letters lie in the order of time: sorted by conversation, the place of the first one orders the conversations. */
        const struct letter **sorted = arena_new0(t->arena, const struct letter *, t->n);
        struct group *groups = arena_new0(t->arena, struct group, t->n);
        size_t *starts = arena_new0(t->arena, size_t, t->n);
        if (!sorted || !groups || !starts)
                return -ENOMEM;
        for (size_t i = 0; i < t->n; i++)
                sorted[i] = &t->letters[i];
        qsort(sorted, t->n, sizeof(*sorted), compare_by_thread);
        size_t n = 0;
        for (size_t i = 0; i < t->n; i++) {
                size_t place = (size_t) (sorted[i] - t->letters);
                if (n == 0 || sorted[i]->thread != groups[n - 1].thread) {
                        groups[n++] = (struct group){.thread = sorted[i]->thread, .first = place};
                        starts[place] = i;
                }
                groups[n - 1].n++;
        }
        count_missing(t, groups, n);
        qsort(groups, n, sizeof(*groups), compare_groups);
        for (size_t i = 0; i < n; i++) {
                const struct conversation c = {&sorted[starts[groups[i].first]], groups[i].n, groups[i].missing};
                if (json)
                        print_json(&c, zone);
                else
                        print_text(&c, zone);
        }
        return 0;
}
