/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "parsers/utf8.h"

/* One line; what is longer is cut. A path (PATH_MAX) and a sentence around it fit. */
#define LOG_LINE_MAX 8192U

/* systemd says in JOURNAL_STREAM which device and inode the journal's stream has; stderr may have been redirected since. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        struct stat st;
        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        char expected[64];
        int n = snprintf(expected, sizeof(expected), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        return n > 0 && (size_t) n < sizeof(expected) && strcmp(stream, expected) == 0;
}

static void write_line(enum log_level level, char *text, size_t size) {
        bool journal = stderr_is_journal();
        /* The journal filters by itself; a person at a terminal did not ask for details. */
        if (!journal && level >= LOG_LEVEL_DEBUG)
                return;
        char line[LOG_LINE_MAX + 16];
        size_t n = 0;
        if (journal)
                n = (size_t) snprintf(line, sizeof(line), "<%d>", (int) level);
        /* Names of files and folders are chosen by others: nothing of them may move the cursor or forge a second line. */
        size = MIN(utf8_clean_line(text, size), (size_t) LOG_LINE_MAX);
        memcpy(line + n, text, size);
        n += size;
        line[n++] = '\n';
        /* One write, so that lines of several processes do not mix. Nobody can be told when it fails. */
        ssize_t written = write(STDERR_FILENO, line, n);
        (void) written;
}

static __attribute__((format(printf, 3, 0))) size_t format_line(char *text, size_t room, const char *format, va_list ap) {
        int n = vsnprintf(text, room, format, ap);
        return n < 0 ? 0 : MIN((size_t) n, room - 1);
}

void log_at(enum log_level level, const char *format, ...) {
        int saved = errno;
        char text[LOG_LINE_MAX];
        va_list ap;
        va_start(ap, format);
        size_t n = format_line(text, sizeof(text), format, ap);
        va_end(ap);
        write_line(level, text, n);
        errno = saved;
}

void log_known(enum log_level level, const char *message_id, const char *format, ...) {
        int saved = errno;
        char text[LOG_LINE_MAX];
        va_list ap;
        va_start(ap, format);
        size_t n = format_line(text, sizeof(text), format, ap);
        va_end(ap);
        text[utf8_clean_line(text, n)] = 0;
        if (!stderr_is_journal() ||
            sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", (int) level, "MESSAGE_ID=%s", message_id, NULL) < 0)
                write_line(level, text, strlen(text));
        errno = saved;
}

int log_errno(int error, const char *format, ...) {
        int saved = errno;
        char text[LOG_LINE_MAX];
        va_list ap;
        va_start(ap, format);
        size_t n = format_line(text, sizeof(text), format, ap);
        va_end(ap);
        const char *why = strerrordesc_np(error < 0 ? -error : error);
        int more = snprintf(text + n, sizeof(text) - n, ": %s", why ? why : "unknown error");
        if (more > 0)
                n = MIN(n + (size_t) more, sizeof(text) - 1);
        write_line(LOG_LEVEL_ERROR, text, n);
        errno = saved;
        return error < 0 ? error : -error;
}
