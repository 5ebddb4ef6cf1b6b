/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/skip.h"
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/zones.h"

static char directory[PATH_MAX];

static void put(const char *name, const void *data, size_t size) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof(path), "%s/%s", directory, name);
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(data, 1, size, f), size);
        fclose(f);
}

static void make(const char *name) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof(path), "%s/%s", directory, name);
        assert_int_equal(mkdir(path, 0700), 0);
}

/* The smallest table there is: UTC. */
static const char tzif[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                           "\0\0\0\0\0\0UTC\0"
                           "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                           "\0\0\0\0\0\0UTC\0"
                           "\nUTC0\n";

static int set_up(void **state) {
        (void) state;
        snprintf(directory, sizeof(directory), "%s/zones-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        return mkdtemp(directory) && setenv("TZDIR", directory, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state) {
        (void) state;
        char command[PATH_MAX + 32];
        snprintf(command, sizeof(command), "rm -rf '%s'", directory);
        return system(command);
}

static void test_none(void **state) {
        (void) state;
        struct zone_table *t = NULL;
        assert_int_equal(zones_load(&t), -ENOENT);
        put("readme", "hello", 5);
        put("empty", "", 0);
        assert_int_equal(zones_load(&t), -ENOENT);
        assert_null(t);
        setenv("TZDIR", "/nonexistent", 1);
        assert_int_equal(zones_load(&t), -ENOENT);
        assert_null(t);
}

static void test_tree(void **state) {
        (void) state;
        static char large[100000] = "TZif2";
        char loop[PATH_MAX + 64], alias[PATH_MAX + 64];
        make("America");
        make("America/Argentina");
        make("posix");
        make("right");
        put("UTC", tzif, sizeof(tzif) - 1);
        put("America/Montreal", tzif, sizeof(tzif) - 1);
        put("America/Argentina/Ushuaia", tzif, sizeof(tzif) - 1);
        put("posix/UTC", tzif, sizeof(tzif) - 1);
        put("right/UTC", tzif, sizeof(tzif) - 1);
        put("zone.tab", tzif, sizeof(tzif) - 1);
        put("cut", tzif, sizeof(tzif) - 10);
        put("large", large, sizeof(large));
        snprintf(loop, sizeof(loop), "%s/America/loop", directory);
        assert_int_equal(symlink(".", loop), 0);
        snprintf(alias, sizeof(alias), "%s/Zulu", directory);
        assert_int_equal(symlink("UTC", alias), 0);
        snprintf(alias, sizeof(alias), "%s/dangling", directory);
        assert_int_equal(symlink("nothing", alias), 0);
        snprintf(alias, sizeof(alias), "%s/fifo", directory);
        assert_int_equal(mkfifo(alias, 0600), 0);

        struct zone_table *t;
        assert_int_equal(zones_load(&t), 0);
        assert_non_null(zone_table_find(t, "America/Argentina/Ushuaia"));
        assert_string_equal(zone_name(zone_table_find(t, "zulu")), "Zulu");
        assert_string_equal(zone_name(zone_table_find(t, "UTC")), "UTC");
        assert_null(zone_table_find(t, "cut"));
        assert_null(zone_table_find(t, "large"));
        assert_null(zone_table_find(t, "posix/UTC"));
        assert_null(zone_table_find(t, "zone.tab"));
        zone_table_free(t);
}

/* Whatever the system has: the zones a freelancer in Europe needs must be there, and all names from Windows resolve. */
static void test_system(void **state) {
        (void) state;
        static const char *const names[] = {
                "Europe/Paris",
                "Romance Standard Time",
                "W. Europe Standard Time",
                "GMT Standard Time",
                "FLE Standard Time",
                "Eastern Standard Time",
                "India Standard Time",
                "Central Asia Standard Time",
                "Argentina Standard Time",
                "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris",
                "(UTC-05:00) Eastern Time (US & Canada)",
                "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
                "(UTC+02:00) Athens, Bucharest",
                "(UTC+10:00) Canberra, Melbourne, Sydney",
                "(UTC-03:00) City of Buenos Aires",
                "(UTC+02:00) Helsinki, Kyiv, Riga",
        };
        unsetenv("TZDIR");
        struct zone_table *t;
        int r = zones_load(&t);
        if (r == -ENOENT)
                SKIP("no time zone tables on this machine");
        assert_int_equal(r, 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (!zone_table_find(t, names[i]))
                        fail_msg("%s", names[i]);
        zone_table_free(t);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_tree, set_up, tear_down),
                cmocka_unit_test(test_system),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
