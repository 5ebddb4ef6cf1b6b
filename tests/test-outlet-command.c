/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/rules-help.h"

#include "daemon/outlet_command.h"
#include "daemon/role_command.h"

/* What a program that ends by itself is allowed, however busy the machine is; and one whose end is waited for. */
#define PATIENCE_USEC UINT64_C(300000000)
#define LIMIT_USEC UINT64_C(300000)
#define GRACE_USEC UINT64_C(100000)
#define PAUSE_USEC UINT64_C(1000)

struct desk {
        struct world w;
        struct context c;
        sd_event *event;
        struct outlet_command *o;
        struct alert alerts[2];
        struct evidence evidence[2];
        struct judgement j;
        char folder[64];
        bool finished;
};

static void on_finished(void *userdata) {
        struct desk *d = userdata;
        d->finished = true;
}

static int setup(void **state) {
        struct desk *d = calloc(1, sizeof(*d));
        *state = d;
        world_start(&d->w);
        load_good(&d->w, "version: 1\nrules: [{id: a, title: A, mode: alert, match: {fact: message.received}}]\n");
        (void) snprintf(d->folder, sizeof(d->folder), "/tmp/adieu-test-command-XXXXXX");
        if (!mkdtemp(d->folder) || sd_event_new(&d->event) < 0)
                return -1;
        d->c.settings = &d->w.settings;
        if (store_open(d->folder, 0, &d->c.store, NULL) < 0)
                return -1;
        for (size_t i = 0; i < ELEMENTSOF(d->alerts); i++) {
                struct evidence *e = &d->evidence[i];
                *e = (struct evidence){.at = 1, .observation = -1, .detail = "nobody knows these words"};
                (void) snprintf(e->breach, sizeof(e->breach), "breach%zu", i);
                struct alert *a = &d->alerts[i];
                *a = (struct alert){.rule = ruleset_rule(d->w.rules, 0),
                                    .client = &d->w.clients[DUPONT],
                                    .mode = MODE_ALERT,
                                    .count = 1,
                                    .title = "A",
                                    .summary = "once",
                                    .evidence = e,
                                    .n_evidence = 1};
                (void) snprintf(a->id, sizeof(a->id), "alert%zu", i);
        }
        d->j = (struct judgement){.alerts = d->alerts, .n_alerts = 1};
        if (outlet_command_new(d->event, "/proc/self/exe", on_finished, d, &d->o) < 0)
                return -1;
        outlet_command_set_patience(d->o, PATIENCE_USEC, GRACE_USEC, PAUSE_USEC);
        return 0;
}

static int teardown(void **state) {
        struct desk *d = *state;
        char command[128];
        outlet_command_free(d->o);
        sd_event_unref(d->event);
        store_close(d->c.store);
        (void) snprintf(command, sizeof(command), "rm -r %s", d->folder);
        int r = system(command);
        world_end(&d->w);
        free(d);
        return r;
}

static void use(struct desk *d, const char *script) {
        const char **command = arena_new0(d->w.arena, const char *, 4);
        command[0] = "sh";
        command[1] = "-c";
        command[2] = script;
        d->w.settings.on_alert = command;
}

static bool is_told(struct desk *d, const char *breach) {
        return store_told(d->c.store, breach, OUTLET_COMMAND) == 1;
}

/* Turns the loop until the program has ended and that is noted, or until nothing is to be done. */
static void run_once(struct desk *d) {
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_true(outlet_command_settle(d->o, &d->c) >= 0);
        for (d->finished = false; !d->finished;)
                assert_true(sd_event_run(d->event, UINT64_MAX) >= 0);
        assert_true(outlet_command_settle(d->o, &d->c) >= 0);
}

static struct outlet_command_status status_of(struct desk *d) {
        struct outlet_command_status status;
        outlet_command_get_status(d->o, &status);
        return status;
}

static void test_told_when_it_ended_well(void **state) {
        struct desk *d = *state;
        use(d, "grep -q '\"id\":\"alert0\"'");
        run_once(d);
        assert_true(is_told(d, "breach0"));
        assert_null(status_of(d).fault);
        /* Nothing is left to tell. */
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_int_equal(status_of(d).waiting, 0);
        assert_int_equal(store_told(d->c.store, "breach0", OUTLET_LINES), 0);
}

static void test_faults(void **state) {
        struct desk *d = *state;
        static const struct {
                const char *script, *fault;
        } v[] = {
                {"exit 3", "sh ended with 3"},
                {"echo; echo one; echo two; exit 4", "sh ended with 4: one"},
                {"echo error >&2; exit 1", "sh ended with 1: error"},
                {"kill -11 $$", "sh was ended by signal 11"},
                /* Its words are the alert's. */
                {"cat; exit 5", "sh ended with 5"},
                {"sed 's/.*\\(nobody knows these words\\).*/\\1/'; exit 6", "sh ended with 6"},
                {"printf '\\033[31mred\\377\\n'; exit 7", "sh ended with 7: [31mred?"},
        };
        for (size_t i = 0; i < ELEMENTSOF(v); i++) {
                use(d, v[i].script);
                outlet_command_forgive(d->o);
                run_once(d);
                assert_false(is_told(d, "breach0"));
                assert_string_equal(status_of(d).fault, v[i].fault);
        }
}

static void test_time_limit(void **state) {
        struct desk *d = *state;
        static const char *const scripts[] = {
                "sleep 1000",
                "trap '' TERM; sleep 1000 & sleep 1000",
                "kill -STOP $$",
                /* Asked to end, it says that all went well: nobody knows that. */
                "trap 'exit 0' TERM; sleep 1000 & wait",
        };
        outlet_command_set_patience(d->o, LIMIT_USEC, GRACE_USEC, PAUSE_USEC);
        for (size_t i = 0; i < ELEMENTSOF(scripts); i++) {
                use(d, scripts[i]);
                outlet_command_forgive(d->o);
                run_once(d);
                assert_false(is_told(d, "breach0"));
                assert_string_equal(status_of(d).fault, "sh took longer than 0 seconds");
        }
}

/* What it leaves in the background does not hold up the next, and ends with it. */
static void test_children(void **state) {
        struct desk *d = *state;
        char script[200], path[100];
        (void) snprintf(path, sizeof(path), "%s/pid", d->folder);
        (void) snprintf(script, sizeof(script), "sleep 1000 & echo $! >%s", path);
        use(d, script);
        run_once(d);
        assert_true(is_told(d, "breach0"));
        size_t size;
        _cleanup_free_ char *text = read_all(path, &size);
        pid_t pid = text ? (pid_t) strtol(text, NULL, 10) : 0;
        assert_true(pid > 1);
        /* Whoever looks after orphans may not have waited for it yet. */
        char stat_path[64];
        (void) snprintf(stat_path, sizeof(stat_path), "/proc/%d/stat", (int) pid);
        for (bool gone = false; !gone;) {
                _cleanup_free_ char *left = read_all(stat_path, &size);
                const char *end = left && size > 0 ? strrchr(left, ')') : NULL;
                gone = !end || end[2] == 'Z' || end[2] == 'X';
                (void) usleep(1000);
        }
}

static void test_output_without_end(void **state) {
        struct desk *d = *state;
        use(d, "exec yes 'a line'");
        run_once(d);
        assert_false(is_told(d, "breach0"));
        /* Nobody reads any more: SIGPIPE. */
        assert_string_equal(status_of(d).fault, "sh was ended by signal 13: a line");
}

/* One that fails comes behind those that do not, is put aside in the end, and tried again when the owner changed something. */
static void test_given_up(void **state) {
        struct desk *d = *state;
        use(d, "grep -q '\"id\":\"alert1\"'");
        d->j.n_alerts = 2;
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        int again = outlet_command_settle(d->o, &d->c);
        unsigned turns = 0, first_told = 0;
        while (status_of(d).given_up == 0) {
                if (again > 0)
                        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
                else
                        assert_true(sd_event_run(d->event, UINT64_MAX) >= 0);
                again = outlet_command_settle(d->o, &d->c);
                turns++;
                if (!first_told && is_told(d, "breach1"))
                        first_told = turns;
        }
        assert_true(first_told > 0 && first_told < turns);
        assert_false(is_told(d, "breach0"));
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_int_equal(status_of(d).waiting, 0);
        /* New evidence is a new chance. */
        (void) snprintf(d->evidence[0].breach, sizeof(d->evidence[0].breach), "another");
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_int_equal(status_of(d).waiting, 1);
        (void) snprintf(d->evidence[0].breach, sizeof(d->evidence[0].breach), "breach0");
        outlet_command_forgive(d->o);
        use(d, "true");
        run_once(d);
        assert_true(is_told(d, "breach0"));
        assert_int_equal(status_of(d).given_up, 0);
}

/* While it is told of an alert, evidence turns up that is older than what it is told. */
static void test_older_evidence(void **state) {
        struct desk *d = *state;
        struct evidence both[2] = {d->evidence[0], d->evidence[0]};
        (void) snprintf(both[0].breach, sizeof(both[0].breach), "older");
        use(d, "true");
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_int_equal(outlet_command_settle(d->o, &d->c), 0);
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_int_equal(status_of(d).waiting, 1); /* it is being told that */
        d->alerts[0].evidence = both;
        d->alerts[0].n_evidence = 2;
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_int_equal(status_of(d).waiting, 2);
        while (!is_told(d, "older")) {
                assert_true(sd_event_run(d->event, UINT64_MAX) >= 0);
                assert_true(outlet_command_settle(d->o, &d->c) >= 0);
        }
}

static void test_ended_with_the_service(void **state) {
        struct desk *d = *state;
        use(d, "trap '' TERM; sleep 1000");
        assert_int_equal(outlet_command_turn(d->o, &d->c, &d->j), 0);
        assert_int_equal(outlet_command_settle(d->o, &d->c), 0);
        assert_int_equal(status_of(d).waiting, 1);
        d->o = outlet_command_free(d->o);
        assert_false(is_told(d, "breach0"));
}

int main(int argc, char **argv) {
        if (argc > 2 && strcmp(argv[1], "--role=command") == 0)
                return role_command(argv + 2);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        static const struct CMUnitTest tests[] = {
                T(test_told_when_it_ended_well), T(test_faults),   T(test_time_limit),     T(test_children),
                T(test_output_without_end),      T(test_given_up), T(test_older_evidence), T(test_ended_with_the_service),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
