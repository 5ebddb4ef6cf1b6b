/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What GMime reads in each file named on standard input, one a line: a JSON object a line, in the same order. A peer for eval-mime.py,
 * built only where GMime is installed. */

#include <fcntl.h>
#include <gmime/gmime.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Texts are compared up to here, as in the parsers' own TEXT_MAX plus QUOTED_TEXT_MAX. */
#define TEXT_SIZE_MAX (64 * 1024)

static json_object *text(const char *s) {
        return s ? json_object_new_string(s) : NULL;
}

static bool is_attachment(GMimeObject *part) {
        const char *disposition = g_mime_object_get_disposition(part) ? g_mime_object_get_disposition(part) : "";
        return g_ascii_strcasecmp(disposition, "attachment") == 0;
}

static json_object *addresses(InternetAddressList *list) {
        json_object *a = json_object_new_array();
        int n = list ? internet_address_list_length(list) : 0;
        for (int i = 0; i < n; i++) {
                InternetAddress *address = internet_address_list_get_address(list, i);
                if (!INTERNET_ADDRESS_IS_MAILBOX(address))
                        continue;
                json_object *one = json_object_new_array();
                json_object_array_add(one, text(internet_address_get_name(address)));
                json_object_array_add(one, text(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address))));
                json_object_array_add(a, one);
        }
        return a;
}

static void add_part(json_object *o, json_object *parts, GMimeObject *part) {
        char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));
        json_object_array_add(parts, text(type));
        if (GMIME_IS_TEXT_PART(part) && !is_attachment(part) && !json_object_object_get_ex(o, "text", NULL)) {
                char *s = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
                json_object_object_add(o, "text_type", text(type));
                json_object_object_add(o, "text",
                                       s ? json_object_new_string_len(s, (int) MIN(strlen(s), TEXT_SIZE_MAX)) : NULL);
                g_free(s);
        }
        g_free(type);
}

/* Leaves in order; a message inside a message is one. */
static void add_parts(json_object *o, GMimeMessage *message) {
        json_object *parts = json_object_new_array();
        GQueue *todo = g_queue_new();
        if (g_mime_message_get_mime_part(message))
                g_queue_push_head(todo, g_mime_message_get_mime_part(message));
        while (!g_queue_is_empty(todo)) {
                GMimeObject *part = g_queue_pop_head(todo);
                if (!GMIME_IS_MULTIPART(part)) {
                        add_part(o, parts, part);
                        continue;
                }
                for (int i = g_mime_multipart_get_count(GMIME_MULTIPART(part)); i > 0; i--)
                        g_queue_push_head(todo, g_mime_multipart_get_part(GMIME_MULTIPART(part), i - 1));
        }
        g_queue_free(todo);
        json_object_object_add(o, "parts", parts);
}

static json_object *read_file(const char *path) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "file", text(path));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return o;
        char start[5] = "";
        bool from_line = pread(fd, start, sizeof(start), 0) == sizeof(start) && memcmp(start, "From ", sizeof(start)) == 0;
        GMimeStream *stream = g_mime_stream_fs_new(fd);
        GMimeParser *parser = g_mime_parser_new_with_stream(stream);
        if (from_line)
                g_mime_parser_set_format(parser, GMIME_FORMAT_MBOX);
        GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
        if (message) {
                GDateTime *date = g_mime_message_get_date(message);
                json_object_object_add(o, "subject", text(g_mime_message_get_subject(message)));
                json_object_object_add(o, "date", date ? json_object_new_int64(g_date_time_to_unix(date)) : NULL);
                json_object_object_add(o, "from", addresses(g_mime_message_get_from(message)));
                add_parts(o, message);
                g_object_unref(message);
        }
        g_object_unref(parser);
        g_object_unref(stream);
        return o;
}

int main(void) {
        char path[4096];
        g_mime_init();
        while (fgets(path, sizeof(path), stdin)) {
                path[strcspn(path, "\n")] = '\0';
                json_object *o = read_file(path);
                puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
                (void) fflush(stdout);
                json_object_put(o);
        }
        return 0;
}
