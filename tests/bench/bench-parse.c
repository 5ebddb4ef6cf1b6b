/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What reading a mail costs next to its MIME parse: bench-parse FOLDER [N]. The first N messages (2,000) of FOLDER are held in memory, then
 * read in turns by libetpan (mailmime_parse() and each body decoded), by adieu's own scan (fields, MIME structure, each text part
 * decoded) and whole (text, language, what is new and asked for, an observation made and encoded). Medians of the rounds; what counts
 * are the ratios, all of one run. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <libetpan/mailmime.h>
#include <libetpan/mailmime_content.h>
/* libetpan has its own. */
#undef MIN
#undef MAX

#include "parsers/header.h"
#include "parsers/message.h"
#include "parsers/mime.h"
#include "parsers/text.h"
#include "parsers/transfer.h"

#define ROUNDS 7
#define MESSAGES 2000

struct mail {
        char *data; /* owned; padded */
        size_t size;
};

static double now(void) {
        struct timespec t;
        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static size_t load(const char *folder, struct mail *mails, size_t max, size_t *ret_bytes) {
        size_t n = 0;
        DIR *d = opendir(folder);
        if (!d) {
                perror(folder);
                exit(1);
        }
        for (struct dirent *e; n < max && (e = readdir(d));) {
                int fd = e->d_name[0] == '.' ? -1 : openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC);
                off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
                if (size > 0) {
                        char *data = calloc(1, (size_t) size + MESSAGE_PADDING);
                        if (!data || pread(fd, data, (size_t) size, 0) != size)
                                exit(1);
                        mails[n++] = (struct mail){data, (size_t) size};
                        *ret_bytes += (size_t) size;
                }
                if (fd >= 0)
                        (void) close(fd);
        }
        closedir(d);
        return n;
}

/* --- libetpan */

static size_t etpan_bodies(struct mailmime *m) {
        size_t bytes = 0;
        if (!m)
                return 0;
        if (m->mm_type == MAILMIME_MULTIPLE) {
                for (clistiter *i = clist_begin(m->mm_data.mm_multipart.mm_mp_list); i; i = clist_next(i))
                        bytes += etpan_bodies(clist_content(i));
        } else if (m->mm_type == MAILMIME_MESSAGE)
                bytes += etpan_bodies(m->mm_data.mm_message.mm_msg_mime);
        else if (m->mm_data.mm_single && m->mm_data.mm_single->dt_type == MAILMIME_DATA_TEXT) {
                struct mailmime_data *d = m->mm_data.mm_single;
                char *text = NULL;
                size_t at = 0, n = 0;
                if (mailmime_part_parse(d->dt_data.dt_text.dt_data, d->dt_data.dt_text.dt_length, &at, d->dt_encoding, &text,
                                        &n) == MAILIMF_NO_ERROR) {
                        bytes += n;
                        mailmime_decoded_part_free(text);
                }
        }
        return bytes;
}

static size_t by_etpan(const struct mail *mail, const struct message_options *options _unused_) {
        struct mailmime *m = NULL;
        size_t at = 0, bytes = 0;
        if (mailmime_parse(mail->data, mail->size, &at, &m) == MAILIMF_NO_ERROR) {
                bytes = etpan_bodies(m);
                mailmime_free(m);
        }
        return bytes;
}

/* --- our own scan */

static int scanned_leaf(const struct mime_leaf *leaf, void *userdata) {
        const struct field *f = &leaf->fields.content_transfer_encoding;
        enum transfer_encoding e = f->body ? transfer_encoding_find(f->body, f->body_size) : TRANSFER_IDENTITY;
        size_t *bytes = userdata;
        bool cut;
        if (strncmp(leaf->media_type, "text/", 5) != 0 || e == TRANSFER_IDENTITY) {
                *bytes += leaf->size;
                return 0;
        }
        char *out = malloc(leaf->size + 1);
        if (!out)
                return -ENOMEM;
        *bytes += e == TRANSFER_BASE64 ? base64_decode(leaf->body, leaf->size, out, leaf->size, &cut)
                                       : quoted_printable_decode(leaf->body, leaf->size, false, out, leaf->size, &cut);
        free(out);
        return 0;
}

static size_t by_scan(const struct mail *mail, const struct message_options *options _unused_) {
        struct header_cursor c = header_begin(mail->data, mail->size, false);
        struct mime_fields fields = {0};
        struct field f;
        size_t bytes = 0;
        bool truncated = false;
        while (header_next(&c, &f))
                mime_fields_add(&fields, &f);
        (void) !mime_walk(&fields, c.p, (size_t) (c.end - c.p), scanned_leaf, &bytes, &truncated);
        return bytes;
}

/* --- whole */

static size_t by_reading(const struct mail *mail, const struct message_options *options) {
        static struct arena *arena;
        struct observation o = {.kind = OBSERVATION_MESSAGE, .seen_at = INSTANT_UNKNOWN, .internal_date = INSTANT_UNKNOWN};
        struct buf b = {0};
        if (!arena && arena_new(0, &arena) < 0)
                exit(1);
        arena_reset(arena);
        if (message_parse(mail->data, mail->size, options, arena, &o.message) < 0 || observation_encode(&o, false, &b) < 0)
                exit(1);
        size_t bytes = b.size;
        buf_free(&b);
        return bytes;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;
        return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                size_t (*read)(const struct mail *mail, const struct message_options *options);
        } ways[] = {
                {"libetpan: MIME parse, bodies decoded", by_etpan},
                {"adieu: own scan, texts decoded", by_scan},
                {"adieu: whole reading, observation encoded", by_reading},
        };
        double times[ELEMENTSOF(ways)][ROUNDS];
        size_t max = argc > 2 ? strtoul(argv[2], NULL, 10) : MESSAGES, bytes = 0, sum = 0;
        struct message_options options = {0};
        struct charset_set *charsets;
        struct phrase_index *phrases;
        struct zone_table *zones;
        struct mail *mails = calloc(max, sizeof(*mails));
        if (argc < 2 || !mails || charset_open(&charsets) < 0 || phrase_index_new(&phrases) < 0 ||
            zone_table_new(&zones) < 0) {
                fprintf(stderr, "bench-parse FOLDER [N]\n");
                return 1;
        }
        options.charsets = charsets;
        options.phrases = phrases;
        options.zones = zones;
        static struct language_index languages;
        language_index_fill(&languages);
        options.languages = &languages;
        size_t n = load(argv[1], mails, max, &bytes);
        for (size_t round = 0; round < ROUNDS + 1; round++) /* the first warms up */
                for (size_t w = 0; w < ELEMENTSOF(ways); w++) {
                        double start = now();
                        for (size_t i = 0; i < n; i++)
                                sum += ways[w].read(&mails[i], &options);
                        if (round > 0)
                                times[w][round - 1] = now() - start;
                }
        for (size_t w = 0; w < ELEMENTSOF(ways); w++)
                qsort(times[w], ROUNDS, sizeof(double), compare);
        printf("%zu messages, %.1f MB, in memory, one thread%28s %9s\n", n, (double) bytes / 1e6, "us a mail", "ratio");
        for (size_t w = 0; w < ELEMENTSOF(ways); w++)
                printf("%-60s %12.1f %9.2f\n", ways[w].name, times[w][ROUNDS / 2] / (double) MAX(n, (size_t) 1) * 1e6,
                       times[w][ROUNDS / 2] / times[0][ROUNDS / 2]);
        return sum == 0;
}
