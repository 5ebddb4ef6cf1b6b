/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/skip.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "daemon/pool.h"
#include "daemon/role_parse.h"
#include "parsers/calendar.h"
#include "parsers/message.h"

#ifdef WITH_SANITIZERS
#define WITH_LIMITS 0
#else
#define WITH_LIMITS 1
#endif

/* ---- the other side: this program is its own parse role, and its parsers misbehave when the input says so. ---- */

int __real_message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                         struct message *ret);
int __wrap_message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                         struct message *ret);
int __real_calendar_parse(const char *data, size_t size, const struct zone_table *zones, calendar_found found,
                          void *userdata, struct calendar_result *ret);
int __wrap_calendar_parse(const char *data, size_t size, const struct zone_table *zones, calendar_found found,
                          void *userdata, struct calendar_result *ret);

static void send_raw(const void *data, size_t size) {
        struct iovec part = {.iov_base = (void *) data, .iov_len = size};
        const struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
        (void) !sendmsg(PARSE_SOCKET, &m, 0);
}

static int misbehave_crash(void) {
        abort();
}

/* The role must have been given a budget; waiting for all of it would take long. */
static int misbehave_spin(void) {
        struct timespec used;
        struct rlimit l;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        getrlimit(RLIMIT_CPU, &l);
        if (l.rlim_cur <= (rlim_t) used.tv_sec || l.rlim_cur > (rlim_t) used.tv_sec + PARSE_CPU_SECONDS + 2)
                abort();
        l.rlim_cur = (rlim_t) used.tv_sec + 1;
        setrlimit(RLIMIT_CPU, &l);
        for (volatile uint64_t i = 0;; i++)
                ;
}

static int misbehave_hang(void) {
        uint32_t word = 0;
        while (syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 || errno == EINTR)
                ;
        return 0;
}

static int misbehave_memory(void) {
        /* Without a limit on the address space this would be the end of the machine. */
        while (WITH_LIMITS) {
                char *volatile p = malloc(16 << 20);
                if (!p)
                        break;
        }
        return -ENOMEM;
}

static int misbehave_short(void) {
        send_raw("?", 1);
        return 0;
}

static int misbehave_serial(void) {
        const struct ipc_reply_header h = {
                .version = IPC_VERSION, .type = IPC_DONE, .serial = 999999999, .internal_date = INSTANT_UNKNOWN};
        send_raw(&h, sizeof(h));
        return 0;
}

static int misbehave_exit(void) {
        _exit(0);
}

static int misbehave_hang_up(void) {
        close(PARSE_SOCKET);
        return misbehave_hang();
}

static const struct {
        const char *mark;
        int (*act)(void);
} misbehaviours[] = {
        {"X-Test: crash", misbehave_crash},   {"X-Test: spin", misbehave_spin},      {"X-Test: hang", misbehave_hang},
        {"X-Test: memory", misbehave_memory}, {"X-Test: short", misbehave_short},    {"X-Test: serial", misbehave_serial},
        {"X-Test: exit", misbehave_exit},     {"X-Test: closed", misbehave_hang_up},
};

int __wrap_message_parse(const char *data, size_t size, const struct message_options *options, struct arena *arena,
                         struct message *ret) {
        size_t head = MIN(size, (size_t) 4096);
        for (size_t i = 0; i < ELEMENTSOF(misbehaviours); i++) {
                if (!memmem(data, head, misbehaviours[i].mark, strlen(misbehaviours[i].mark)))
                        continue;
                int e = misbehaviours[i].act();
                if (e < 0)
                        return e;
        }
        int e = __real_message_parse(data, size, options, arena, ret);
        if (e >= 0 && memmem(data, head, "X-Test: dirty", strlen("X-Test: dirty")))
                ret->subject = "not \xff UTF-8";
        return e;
}

int __wrap_calendar_parse(const char *data, size_t size, const struct zone_table *zones, calendar_found found,
                          void *userdata, struct calendar_result *ret) {
        int e = __real_calendar_parse(data, size, zones, found, userdata, ret);
        if (memmem(data, size, "X-TEST:crash", strlen("X-TEST:crash")))
                abort();
        return e;
}

/* ---- this side ---- */

#define ITEMS_MAX 1200

struct item {
        unsigned observations, ended, poisoned;
        struct unreadable poison;
        struct ipc_reply_header reply;
        uint32_t message_flags;
};

struct bench {
        sd_event *event;
        struct pool *pool;
        struct item items[ITEMS_MAX];
        unsigned order[ITEMS_MAX], n_order; /* items whose observation came, in order */
        unsigned n_instances, n_events;
        struct moment first_instance;
        char uids[8][64], recurrence[1024];
        int result;       /* what observation() answers */
        unsigned kill_at; /* kill the children when so many observations came; 0 never */
        int mbox_fd;      /* for going on after poison; -1 */
        uint32_t mbox_flags;
        bool mbox_cut, quoted, count_only;
        char text[256];
        int64_t mbox_poison[8];
        unsigned n_mbox_poison;
        unsigned mbox_seen[64]; /* by the number in the Message-ID */
        unsigned mbox_complete, mbox_dates;
};

/* Sends a signal to each child; how many there are. */
static unsigned signal_children(int signal) {
        char path[64], line[256];
        (void) snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int) getpid());
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        size_t n = fread(line, 1, sizeof(line) - 1, f);
        line[n] = 0;
        (void) fclose(f);
        unsigned children = 0;
        for (char *p = line, *end; *p; p = end) {
                long pid = strtol(p, &end, 10);
                if (end == p)
                        break;
                kill((pid_t) pid, signal);
                children++;
        }
        return children;
}

static unsigned number_of(const struct observation *o) {
        unsigned n = UINT32_MAX;
        assert_non_null(o->message.message_id);
        assert_int_equal(sscanf(o->message.message_id, "m%u@test.invalid", &n), 1);
        return n;
}

static int on_observation(const struct observation *o, const struct ipc_reply_header *reply, void *job, void *userdata) {
        struct bench *b = userdata;
        struct item *i = job;
        i->observations++;
        if (b->count_only)
                return 0;
        /* What is left of a message where a file was cut. */
        if (b->mbox_fd >= 0 && b->mbox_cut && !reply->complete)
                return 0;
        if (b->mbox_fd >= 0) {
                unsigned n = number_of(o);
                assert_true(n < ELEMENTSOF(b->mbox_seen));
                b->mbox_seen[n]++;
                b->mbox_complete += reply->complete;
                b->mbox_dates += reply->internal_date == INT64_C(1772440200) + n;
        } else if (o->kind == OBSERVATION_EVENT) {
                assert_true(b->n_events < ELEMENTSOF(b->uids));
                (void) snprintf(b->uids[b->n_events], sizeof(b->uids[0]), "%s", o->event.uid);
                (void) snprintf(b->recurrence, sizeof(b->recurrence), "%s", o->event.recurrence ? o->event.recurrence : "");
                b->n_events++;
        } else {
                assert_int_equal(o->kind, OBSERVATION_MESSAGE);
                assert_ptr_equal(i, &b->items[number_of(o)]);
                i->message_flags = o->message.flags;
                b->quoted = o->message.quoted_text && strstr(o->message.quoted_text, "Shall we meet?");
                (void) snprintf(b->text, sizeof(b->text), "%s", o->message.text ? o->message.text : "");
                b->order[b->n_order++] = number_of(o);
        }
        if (b->kill_at > 0 && b->n_order == b->kill_at) {
                b->kill_at = 0;
                (void) signal_children(SIGKILL);
        }
        return b->result;
}

static int on_instances(const struct moment *items, uint32_t n, void *job, void *userdata) {
        struct bench *b = userdata;
        (void) job;
        if (b->n_instances == 0 && n > 0)
                b->first_instance = items[0];
        b->n_instances += n;
        return 0;
}

static int on_done(const struct ipc_reply_header *reply, const struct unreadable *poison, int64_t at, void *job,
                   void *userdata) {
        struct bench *b = userdata;
        struct item *i = job;
        assert_non_null(reply);
        i->reply = *reply;
        if (!poison) {
                i->ended++;
                return 0;
        }
        i->poisoned++;
        i->poison = *poison;
        if (b->mbox_fd < 0 || at < 0)
                return 0;
        assert_true(b->n_mbox_poison < ELEMENTSOF(b->mbox_poison));
        b->mbox_poison[b->n_mbox_poison++] = at;
        return pool_submit(b->pool, &(struct pool_job){.type = IPC_MBOX,
                                                       .flags = b->mbox_flags | IPC_RESUME_AFTER,
                                                       .offset = at,
                                                       .size = -1,
                                                       .fd = dup(b->mbox_fd),
                                                       .userdata = job});
}

static struct bench *bench_new(uint32_t roles) {
        struct bench *b = calloc(1, sizeof(*b));
        assert_non_null(b);
        b->mbox_fd = -1;
        const struct pool_handlers h = {on_observation, on_instances, on_done, b};
        assert_return_code(sd_event_new(&b->event), 0);
        assert_int_equal(pool_new(b->event, "/proc/self/exe", roles, &h, &b->pool), 0);
        return b;
}

static void bench_free(struct bench *b) {
        assert_null(pool_free(b->pool));
        sd_event_unref(b->event);
        if (b->mbox_fd >= 0)
                close(b->mbox_fd);
        free(b);
}

static int file_of(const char *text, size_t size) {
        int fd = memfd_create("test", MFD_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, size), (ssize_t) size);
        return fd;
}

static void submit(struct bench *b, const struct pool_job *job) {
        int e;
        while ((e = pool_submit(b->pool, job)) == -EAGAIN)
                assert_int_equal(pool_run(b->pool, false), 0);
        assert_int_equal(e, 0);
}

#define MESSAGE_FORMAT                                                                           \
        "From: a@test.invalid\r\nTo: b@test.invalid\r\nDate: Mon, 2 Mar 2026 08:50:00 +0100\r\n" \
        "Message-ID: <m%u@test.invalid>\r\nSubject: hello\r\n%s\r\nText of message %u.\r\n"

static void submit_message(struct bench *b, unsigned n, const char *header) {
        char text[512];
        int size = snprintf(text, sizeof(text), MESSAGE_FORMAT, n, header, n);
        assert_true(n < ITEMS_MAX);
        submit(b, &(struct pool_job){
                          .type = IPC_MESSAGE, .size = -1, .fd = file_of(text, (size_t) size), .userdata = &b->items[n]});
}

static void assert_read(const struct bench *b, unsigned n) {
        const struct item *i = &b->items[n];
        if (i->observations != 1 || i->ended != 1 || i->poisoned != 0 || i->reply.status != 0)
                fail_msg("message %u: %u observations, %u ends, %u poisoned, status %d", n, i->observations, i->ended,
                         i->poisoned, (int) i->reply.status);
}

static void assert_poisoned(const struct bench *b, unsigned n, enum unreadable_reason reason) {
        const struct item *i = &b->items[n];
        if (i->observations != 0 || i->ended != 0 || i->poisoned != 1 || i->poison.reason != reason)
                fail_msg("message %u: %u observations, %u ends, %u poisoned, %s (%d)", n, i->observations, i->ended,
                         i->poisoned, i->poisoned ? unreadable_reason_name(i->poison.reason) : "-", (int) i->poison.detail);
}

static void messages_come_in_order(void **state) {
        (void) state;
        struct bench *b = bench_new(1);
        for (unsigned n = 0; n < 500; n++)
                submit_message(b, n, "");
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->n_order, 500);
        for (unsigned n = 0; n < 500; n++) {
                assert_read(b, n);
                assert_int_equal(b->order[n], n);
        }
        /* And again, with what is running already. */
        submit_message(b, 500, "");
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_read(b, 500);
        bench_free(b);
}

static void several_roles_share(void **state) {
        (void) state;
        struct bench *b = bench_new(3);
        for (unsigned n = 0; n < 700; n++)
                submit_message(b, n, "");
        assert_int_equal(pool_run(b->pool, true), 0);
        for (unsigned n = 0; n < 700; n++)
                assert_read(b, n);
        bench_free(b);
}

static void one_poison(const char *header, enum unreadable_reason reason, int detail, uint64_t patience) {
        for (uint32_t roles = 1; roles <= 2; roles++) {
                struct bench *b = bench_new(roles);
                if (patience > 0)
                        pool_set_patience(b->pool, patience);
                for (unsigned n = 0; n < 100; n++)
                        submit_message(b, n, n == 50 ? header : "");
                assert_int_equal(pool_run(b->pool, true), 0);
                for (unsigned n = 0; n < 100; n++)
                        if (n != 50)
                                assert_read(b, n);
                assert_poisoned(b, 50, reason);
                if (detail >= 0)
                        assert_int_equal(b->items[50].poison.detail, detail);
                bench_free(b);
        }
}

static void a_crash(void **state) {
        (void) state;
        one_poison("X-Test: crash\r\n", UNREADABLE_CRASH, SIGABRT, 0);
}

static void a_role_that_leaves(void **state) {
        (void) state;
        one_poison("X-Test: exit\r\n", UNREADABLE_CRASH, 0, 0);
}

static void endless_work(void **state) {
        (void) state;
        /* By the processor's time, however long that takes. */
        one_poison("X-Test: spin\r\n", UNREADABLE_TIME, SIGXCPU, UINT64_C(300000000));
}

static void endless_waiting(void **state) {
        (void) state;
        /* Long enough for its neighbours on a busy machine. */
        one_poison("X-Test: hang\r\n", UNREADABLE_TIME, SIGKILL, 2500000);
}

static void no_memory(void **state) {
        (void) state;
        one_poison("X-Test: memory\r\n", UNREADABLE_MEMORY, -1, 0);
}

static void garbage(void **state) {
        (void) state;
        one_poison("X-Test: short\r\n", UNREADABLE_PROTOCOL, -1, 0);
        one_poison("X-Test: serial\r\n", UNREADABLE_PROTOCOL, -1, 0);
        one_poison("X-Test: dirty\r\n", UNREADABLE_PROTOCOL, -1, 0);
}

static void a_role_that_hangs_up(void **state) {
        (void) state;
        one_poison("X-Test: closed\r\n", UNREADABLE_CRASH, -1, 0);
}

static void poison_in_a_row(void **state) {
        (void) state;
        struct bench *b = bench_new(2);
        for (unsigned n = 0; n < 120; n++)
                submit_message(b, n, n >= 10 && n < 110 ? "X-Test: crash\r\n" : "");
        assert_int_equal(pool_run(b->pool, true), 0);
        for (unsigned n = 0; n < 120; n++)
                if (n >= 10 && n < 110)
                        assert_poisoned(b, n, UNREADABLE_CRASH);
                else
                        assert_read(b, n);
        bench_free(b);
}

static void killed_from_outside(void **state) {
        (void) state;
        struct bench *b = bench_new(2);
        b->kill_at = 100;
        for (unsigned n = 0; n < 500; n++)
                submit_message(b, n, "");
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->kill_at, 0);
        for (unsigned n = 0; n < 500; n++)
                assert_read(b, n);
        bench_free(b);
}

static void killed_while_idle(void **state) {
        (void) state;
        struct bench *b = bench_new(2);
        for (unsigned n = 0; n < 6; n++) {
                submit_message(b, n, "");
                assert_int_equal(pool_run(b->pool, true), 0);
                (void) signal_children(SIGKILL);
        }
        submit_message(b, 6, "");
        assert_int_equal(pool_run(b->pool, true), 0);
        for (unsigned n = 0; n < 7; n++)
                assert_read(b, n);
        bench_free(b);
}

static void too_large(void **state) {
        (void) state;
        struct bench *b = bench_new(1);
        char text[512];
        int size = snprintf(text, sizeof(text), MESSAGE_FORMAT, 0U, "", 0U);
        int fd = file_of(text, (size_t) size);
        assert_return_code(ftruncate(fd, (off_t) MESSAGE_SIZE_MAX + 1), errno);
        submit(b, &(struct pool_job){.type = IPC_MESSAGE, .size = -1, .fd = fd, .userdata = &b->items[0]});
        submit_message(b, 1, "");
        fd = file_of("BEGIN:VCALENDAR", 15);
        assert_return_code(ftruncate(fd, (off_t) CALENDAR_SIZE_MAX + 1), errno);
        submit(b, &(struct pool_job){.type = IPC_CALENDAR, .size = -1, .fd = fd, .userdata = &b->items[2]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_read(b, 0);
        assert_true(b->items[0].message_flags & MESSAGE_TRUNCATED);
        assert_int_equal(b->items[0].reply.truncated, 1);
        assert_read(b, 1);
        assert_false(b->items[1].message_flags & MESSAGE_TRUNCATED);
        assert_int_equal(b->items[2].ended, 1);
        assert_int_equal(b->items[2].reply.status, -EFBIG);
        bench_free(b);
}

static void what_cannot_be_read(void **state) {
        (void) state;
        struct bench *b = bench_new(1);
        int ends[2];
        submit(b, &(struct pool_job){
                          .type = IPC_MESSAGE, .size = -1, .fd = open("/", O_RDONLY | O_CLOEXEC), .userdata = &b->items[0]});
        char path[64];
        int closed = file_of("closed", 6);
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", closed);
        submit(b,
               &(struct pool_job){
                       .type = IPC_MESSAGE, .size = -1, .fd = open(path, O_WRONLY | O_CLOEXEC), .userdata = &b->items[1]});
        submit(b, &(struct pool_job){.type = IPC_MESSAGE,
                                     .size = 9,
                                     .fd = open("/dev/zero", O_RDONLY | O_CLOEXEC),
                                     .userdata = &b->items[4]});
        assert_return_code(pipe2(ends, O_CLOEXEC), errno);
        submit(b, &(struct pool_job){.type = IPC_MBOX, .size = -1, .fd = ends[0], .userdata = &b->items[2]});
        submit_message(b, 3, "");
        assert_int_equal(pool_submit(b->pool, &(struct pool_job){.type = IPC_MESSAGE, .size = -1, .fd = -1}), -EBADF);
        assert_int_equal(pool_submit(b->pool, &(struct pool_job){.type = IPC_MESSAGE, .size = -2, .fd = 0}), -EINVAL);
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->items[0].reply.status, -EISDIR);
        assert_int_equal(b->items[0].observations, 0);
        assert_int_equal(b->items[1].reply.status, -EBADF);
        assert_int_equal(b->items[2].reply.status, -EINVAL);
        assert_int_equal(b->items[4].reply.status, -EINVAL);
        assert_int_equal(b->items[1].observations + b->items[2].observations + b->items[4].observations, 0);
        assert_read(b, 3);
        close(ends[1]);
        close(closed);
        bench_free(b);
}

static void quoted_text_is_told_when_wanted(void **state) {
        (void) state;
        static const char text[] = "From: a@test.invalid\r\nMessage-ID: <m0@test.invalid>\r\nSubject: Re: x\r\n\r\n"
                                   "I agree.\r\n\r\n> Shall we meet?\r\n";
        struct bench *b = bench_new(1);
        for (int wanted = 0; wanted < 2; wanted++) {
                submit(b, &(struct pool_job){.type = IPC_MESSAGE,
                                             .flags = wanted ? IPC_WANT_QUOTED_TEXT : 0,
                                             .size = -1,
                                             .fd = file_of(text, sizeof(text) - 1),
                                             .userdata = &b->items[0]});
                assert_int_equal(pool_run(b->pool, true), 0);
                assert_int_equal(b->quoted, wanted);
        }
        bench_free(b);
}

static void quoted_from_lines(void **state) {
        (void) state;
        static const char text[] = "From: a@test.invalid\r\nMessage-ID: <m0@test.invalid>\r\n\r\n>From Monday on\r\n";
        struct bench *b = bench_new(1);
        for (int out_of_mbox = 0; out_of_mbox < 2; out_of_mbox++) {
                submit(b, &(struct pool_job){.type = IPC_MESSAGE,
                                             .flags = out_of_mbox ? IPC_MBOX_UNQUOTE : 0,
                                             .size = -1,
                                             .fd = file_of(text, sizeof(text) - 1),
                                             .userdata = &b->items[0]});
                assert_int_equal(pool_run(b->pool, true), 0);
                assert_int_equal(strncmp(b->text, "From Monday on", 14) == 0, out_of_mbox);
        }
        bench_free(b);
}

/* More than one role's life: nothing is lost when a role is replaced. */
static void roles_start_before_the_work(void **state) {
        (void) state;
        struct bench *b = bench_new(2);
        pool_expect(b->pool);
        pool_expect(b->pool);
        assert_int_equal(signal_children(0), 2);
        assert_int_equal(pool_run(b->pool, true), 0);
        submit_message(b, 0, "");
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_read(b, 0);
        bench_free(b);
}

static void roles_are_replaced(void **state) {
        (void) state;
        if (!WITH_LIMITS)
                SKIP("slow with sanitizers, and the same code"); /* slow with sanitizers, and the same code */
        struct bench *b = bench_new(1);
        static const char text[] = "Message-ID: <m0@test.invalid>\r\n\r\n";
        int fd = file_of(text, sizeof(text) - 1);
        b->count_only = true;
        for (unsigned n = 0; n < POOL_JOBS_PER_ROLE + 100; n++)
                submit(b, &(struct pool_job){.type = IPC_MESSAGE, .size = -1, .fd = dup(fd), .userdata = &b->items[0]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->items[0].observations, POOL_JOBS_PER_ROLE + 100);
        assert_int_equal(b->items[0].ended, POOL_JOBS_PER_ROLE + 100);
        assert_int_equal(b->items[0].poisoned, 0);
        close(fd);
        bench_free(b);
}

static void a_part_of_a_file(void **state) {
        (void) state;
        struct bench *b = bench_new(1);
        char text[1024];
        int first = snprintf(text, sizeof(text), MESSAGE_FORMAT, 0U, "", 0U);
        int second = snprintf(text + first, sizeof(text) - (size_t) first, MESSAGE_FORMAT, 1U, "", 1U);
        int fd = file_of(text, (size_t) (first + second));
        for (unsigned n = 0; n < 2; n++)
                submit(b, &(struct pool_job){.type = IPC_MESSAGE,
                                             .offset = n ? first : 0,
                                             .size = n ? second : first,
                                             .fd = n ? fd : dup(fd),
                                             .userdata = &b->items[n]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_read(b, 0);
        assert_read(b, 1);
        bench_free(b);
}

/* --- mbox --- */

#define MBOX_MESSAGES 40U

static size_t mbox_text(char *text, size_t room, const unsigned *poison, size_t n_poison, size_t filler) {
        size_t size = 0;
        for (unsigned n = 0; n < MBOX_MESSAGES; n++) {
                bool bad = false;
                for (size_t i = 0; i < n_poison; i++)
                        bad = bad || poison[i] == n;
                size += (size_t) snprintf(text + size, room - size, "From a@test.invalid Mon Mar  2 08:30:%02u 2026\n", n);
                size += (size_t) snprintf(text + size, room - size, MESSAGE_FORMAT, n, bad ? "X-Test: crash\r\n" : "", n);
                for (size_t i = 0; i < filler; i++)
                        size += (size_t) snprintf(text + size, room - size,
                                                  "Line %zu, neither the first nor the last one.\n", i);
                size += (size_t) snprintf(text + size, room - size, "\n");
                assert_true(size < room);
        }
        return size;
}

static int gzip_file_of(const char *text, size_t size) {
        int fd = memfd_create("test.gz", MFD_CLOEXEC);
        /* Two members, as from two calls of gzip. */
        for (int part = 0; part < 2; part++) {
                gzFile z = gzdopen(dup(fd), "wb");
                size_t from = part ? size / 3 : 0, n = part ? size - size / 3 : size / 3;
                assert_int_equal(gzwrite(z, text + from, (unsigned) n), (int) n);
                assert_int_equal(gzclose(z), Z_OK);
        }
        return fd;
}

static void read_mbox(bool gzip, const unsigned *poison, size_t n_poison, size_t filler) {
        const size_t room = (filler * 64 + 1024) * MBOX_MESSAGES;
        char *text = malloc(room);
        size_t size = mbox_text(text, room, poison, n_poison, filler);
        struct bench *b = bench_new(2);
        b->mbox_fd = gzip ? gzip_file_of(text, size) : file_of(text, size);
        b->mbox_flags = gzip ? IPC_GZIP : 0;
        submit(b, &(struct pool_job){.type = IPC_MBOX,
                                     .flags = b->mbox_flags,
                                     .size = -1,
                                     .fd = dup(b->mbox_fd),
                                     .userdata = &b->items[0]});
        assert_int_equal(pool_run(b->pool, true), 0);
        for (unsigned n = 0; n < MBOX_MESSAGES; n++) {
                unsigned expected = 1;
                for (size_t i = 0; i < n_poison; i++)
                        expected = poison[i] == n ? 0 : expected;
                if (b->mbox_seen[n] != expected)
                        fail_msg("message %u was told %u times", n, b->mbox_seen[n]);
        }
        assert_int_equal(b->n_mbox_poison, n_poison);
        for (size_t i = 0; i < n_poison; i++)
                assert_memory_equal(text + b->mbox_poison[i], "From ", 5);
        assert_int_equal(b->items[0].poisoned, n_poison);
        assert_int_equal(b->items[0].ended, 1);
        assert_int_equal(b->items[0].reply.status, 0);
        assert_int_equal(b->items[0].reply.offset, size);
        assert_int_equal(b->mbox_dates, MBOX_MESSAGES - n_poison);
        /* All but the last are followed by another. */
        bool last = n_poison > 0 && poison[n_poison - 1] == MBOX_MESSAGES - 1;
        assert_int_equal(b->mbox_complete, MBOX_MESSAGES - n_poison - (last ? 0 : 1));
        free(text);
        bench_free(b);
}

static void an_mbox(void **state) {
        (void) state;
        read_mbox(false, NULL, 0, 0);
        read_mbox(true, NULL, 0, 0);
        read_mbox(false, NULL, 0, 2000); /* messages across many pieces */
        read_mbox(true, NULL, 0, 2000);
}

static void an_mbox_with_poison(void **state) {
        (void) state;
        read_mbox(false, (const unsigned[]){20}, 1, 0);
        read_mbox(true, (const unsigned[]){20}, 1, 300);
        read_mbox(false, (const unsigned[]){0}, 1, 0);
        read_mbox(false, (const unsigned[]){MBOX_MESSAGES - 1}, 1, 100);
        read_mbox(false, (const unsigned[]){5, 6, 7, 30}, 4, 0);
        read_mbox(true, (const unsigned[]){0, 1, 39}, 3, 10);
}

static void damaged_mboxes(void **state) {
        (void) state;
        struct bench *b = bench_new(1);
        char *text = malloc(64 * 1024);
        size_t size = mbox_text(text, 64 * 1024, NULL, 0, 0);
        b->mbox_fd = gzip_file_of(text, size);
        b->mbox_flags = IPC_GZIP;
        b->mbox_cut = true;
        /* A gzip file cut short: what came before is still read. */
        off_t packed = lseek(b->mbox_fd, 0, SEEK_END);
        assert_return_code(ftruncate(b->mbox_fd, packed - 12), errno);
        submit(b, &(struct pool_job){
                          .type = IPC_MBOX, .flags = IPC_GZIP, .size = -1, .fd = dup(b->mbox_fd), .userdata = &b->items[0]});
        /* No gzip at all; no mbox at all; nothing at all. */
        submit(b, &(struct pool_job){.type = IPC_MBOX,
                                     .flags = IPC_GZIP,
                                     .size = -1,
                                     .fd = file_of(text, size),
                                     .userdata = &b->items[1]});
        submit(b, &(struct pool_job){.type = IPC_MBOX,
                                     .size = -1,
                                     .fd = file_of("\x7f"
                                                   "ELF....\n",
                                                   9),
                                     .userdata = &b->items[2]});
        submit(b, &(struct pool_job){.type = IPC_MBOX, .size = -1, .fd = file_of("", 0), .userdata = &b->items[3]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->items[0].reply.status, -EBADMSG);
        assert_true(b->mbox_seen[0] == 1 && b->mbox_seen[20] == 1);
        assert_int_equal(b->items[1].reply.status, -EBADMSG);
        assert_int_equal(b->items[2].reply.status, -EBADMSG);
        assert_int_equal(b->items[3].reply.status, 0);
        for (unsigned n = 1; n < 4; n++)
                assert_int_equal(b->items[n].observations, 0);
        free(text);
        bench_free(b);
}

static void an_inflation_bomb(void **state) {
        (void) state;
        struct bench *b = bench_new(1);
        b->mbox_fd = memfd_create("bomb.gz", MFD_CLOEXEC);
        b->mbox_flags = IPC_GZIP;
        gzFile z = gzdopen(dup(b->mbox_fd), "wb1");
        char text[512];
        (void) snprintf(text, sizeof(text), "From a@test.invalid Mon Mar  2 08:30:00 2026\n" MESSAGE_FORMAT, 0U, "", 0U);
        assert_true(gzputs(z, text) > 0);
        char *line = malloc(1 << 20);
        memset(line, 'x', 1 << 20);
        line[(1 << 20) - 1] = '\n';
        for (int i = 0; i < 300; i++)
                assert_int_equal(gzwrite(z, line, 1 << 20), 1 << 20);
        (void) snprintf(text, sizeof(text), "\nFrom a@test.invalid Mon Mar  2 08:30:01 2026\n" MESSAGE_FORMAT, 1U, "", 1U);
        assert_true(gzputs(z, text) > 0);
        assert_int_equal(gzclose(z), Z_OK);
        free(line);
        submit(b, &(struct pool_job){
                          .type = IPC_MBOX, .flags = IPC_GZIP, .size = -1, .fd = dup(b->mbox_fd), .userdata = &b->items[0]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->items[0].poisoned, 0);
        assert_int_equal(b->items[0].reply.status, 0);
        assert_int_equal(b->mbox_seen[0], 1);
        assert_int_equal(b->mbox_seen[1], 1);
        assert_int_equal(b->mbox_dates, 2);
        assert_true(b->items[0].reply.truncated >= 1);
        bench_free(b);
}

/* --- calendars --- */

#define EVENT(uid, more)                                                                          \
        "BEGIN:VEVENT\r\nUID:" uid "\r\nDTSTAMP:20260301T080000Z\r\nDTSTART:20260302T090000Z\r\n" \
        "DTEND:20260302T100000Z\r\nSUMMARY:x\r\n" more "END:VEVENT\r\n"
#define CALENDAR(events) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n" events "END:VCALENDAR\r\n"

static void a_calendar(void **state) {
        (void) state;
        static const char text[] = CALENDAR(EVENT("one", "") EVENT("two", "") EVENT("three", ""));
        struct bench *b = bench_new(1);
        submit(b,
               &(struct pool_job){
                       .type = IPC_CALENDAR, .size = -1, .fd = file_of(text, sizeof(text) - 1), .userdata = &b->items[0]});
        submit(b, &(struct pool_job){
                          .type = IPC_CALENDAR, .size = -1, .fd = file_of("no calendar\n", 12), .userdata = &b->items[1]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->items[0].reply.status, 0);
        assert_int_equal(b->n_events, 3);
        assert_string_equal(b->uids[0], "one");
        assert_string_equal(b->uids[2], "three");
        assert_int_equal(b->items[1].reply.status, -EBADMSG);
        bench_free(b);
}

static void what_was_told_is_not_told_again(void **state) {
        (void) state;
        static const char text[] = CALENDAR(EVENT("one", "") EVENT("two", "X-TEST:crash\r\n") EVENT("three", ""));
        struct bench *b = bench_new(1);
        submit(b,
               &(struct pool_job){
                       .type = IPC_CALENDAR, .size = -1, .fd = file_of(text, sizeof(text) - 1), .userdata = &b->items[0]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->items[0].poisoned, 1);
        assert_int_equal(b->n_events, 3);
        bench_free(b);
}

static void expansion(void **state) {
        (void) state;
        static const char calendar[] = CALENDAR(EVENT("one", "RRULE:FREQ=DAILY\r\n"));
        struct bench *b = bench_new(1);
        submit(b, &(struct pool_job){.type = IPC_CALENDAR,
                                     .size = -1,
                                     .fd = file_of(calendar, sizeof(calendar) - 1),
                                     .userdata = &b->items[2]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_true(b->recurrence[0]);
        /* Ten days, both ends included. */
        submit(b, &(struct pool_job){.type = IPC_EXPAND,
                                     .size = -1,
                                     .from = INT64_C(1772442000),
                                     .to = INT64_C(1772442000) + 10 * 86400,
                                     .fd = file_of(b->recurrence, strlen(b->recurrence)),
                                     .userdata = &b->items[0]});
        submit(b, &(struct pool_job){.type = IPC_EXPAND, .size = -1, .fd = file_of("\0\0\0", 3), .userdata = &b->items[1]});
        assert_int_equal(pool_run(b->pool, true), 0);
        assert_int_equal(b->items[0].reply.status, 0);
        assert_int_equal(b->n_instances, 11);
        assert_int_equal(b->first_instance.form, MOMENT_INSTANT);
        assert_int_equal(b->first_instance.at, INT64_C(1772442000));
        assert_int_equal(b->items[1].reply.status, -EBADMSG);
        bench_free(b);
}

/* --- the pool itself --- */

static void roles_that_cannot_start(void **state) {
        (void) state;
        struct bench b = {.mbox_fd = -1};
        const struct pool_handlers h = {on_observation, on_instances, on_done, &b};
        assert_return_code(sd_event_new(&b.event), 0);
        assert_int_equal(pool_new(b.event, "/nonexistent/program", 2, &h, &b.pool), 0);
        pool_expect(b.pool);
        assert_int_equal(pool_run(b.pool, true), 0);
        submit_message(&b, 0, "");
        assert_int_equal(pool_run(b.pool, true), -ECHILD);
        assert_null(pool_free(b.pool));
        assert_int_equal(pool_new(b.event, "/bin/false", 2, &h, &b.pool), 0);
        submit_message(&b, 0, "");
        assert_int_equal(pool_run(b.pool, true), -ECHILD);
        assert_int_equal(pool_run(b.pool, true), -ECHILD);
        assert_int_equal(b.items[0].ended + b.items[0].poisoned, 0);
        assert_null(pool_free(b.pool));
        sd_event_unref(b.event);
}

static void a_full_queue(void **state) {
        (void) state;
        struct bench *b = bench_new(1);
        unsigned n = 0;
        int e = 0;
        while (e == 0) {
                char text[512];
                int size = snprintf(text, sizeof(text), MESSAGE_FORMAT, n, "", n);
                int fd = file_of(text, (size_t) size);
                e = pool_submit(b->pool,
                                &(struct pool_job){.type = IPC_MESSAGE, .size = -1, .fd = fd, .userdata = &b->items[n]});
                if (e < 0)
                        close(fd); /* still ours */
                else
                        n++;
                assert_true(n < ITEMS_MAX);
        }
        assert_int_equal(e, -EAGAIN);
        assert_true(n >= POOL_QUEUE_MAX);
        assert_int_equal(pool_run(b->pool, false), 0);
        submit_message(b, n, "");
        assert_int_equal(pool_run(b->pool, true), 0);
        for (unsigned i = 0; i <= n; i++)
                assert_read(b, i);
        bench_free(b);
}

static void a_handler_ends_the_run(void **state) {
        (void) state;
        struct bench *b = bench_new(2);
        b->result = -ENOSPC;
        for (unsigned n = 0; n < 50; n++)
                submit_message(b, n, "");
        assert_int_equal(pool_run(b->pool, true), -ENOSPC);
        assert_int_equal(b->n_order, 1);
        bench_free(b);
}

static void freeing_stops_everything(void **state) {
        (void) state;
        int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
        close(before);
        struct bench *b = bench_new(2);
        for (unsigned n = 0; n < 200; n++)
                submit_message(b, n, n % 10 == 3 ? "X-Test: hang\r\n" : "");
        bench_free(b);
        assert_null(pool_free(NULL));
        int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
        close(after);
        assert_int_equal(before, after);
        /* No child is left behind, not even a dead one. */
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(int argc, char **argv) {
        if (argc == 2 && strcmp(argv[1], "--role=parse") == 0)
                return role_parse();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(messages_come_in_order),
                cmocka_unit_test(several_roles_share),
                cmocka_unit_test(a_crash),
                cmocka_unit_test(a_role_that_leaves),
                cmocka_unit_test(a_role_that_hangs_up),
                cmocka_unit_test(endless_work),
                cmocka_unit_test(endless_waiting),
                cmocka_unit_test(no_memory),
                cmocka_unit_test(garbage),
                cmocka_unit_test(poison_in_a_row),
                cmocka_unit_test(killed_from_outside),
                cmocka_unit_test(killed_while_idle),
                cmocka_unit_test(too_large),
                cmocka_unit_test(what_cannot_be_read),
                cmocka_unit_test(a_part_of_a_file),
                cmocka_unit_test(quoted_text_is_told_when_wanted),
                cmocka_unit_test(quoted_from_lines),
                cmocka_unit_test(roles_start_before_the_work),
                cmocka_unit_test(roles_are_replaced),
                cmocka_unit_test(an_mbox),
                cmocka_unit_test(an_mbox_with_poison),
                cmocka_unit_test(damaged_mboxes),
                cmocka_unit_test(an_inflation_bomb),
                cmocka_unit_test(a_calendar),
                cmocka_unit_test(what_was_told_is_not_told_again),
                cmocka_unit_test(expansion),
                cmocka_unit_test(roles_that_cannot_start),
                cmocka_unit_test(a_full_queue),
                cmocka_unit_test(a_handler_ends_the_run),
                cmocka_unit_test(freeing_stops_everything),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
