/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/last_good.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/reader.h"

static json_object *as_json(const struct loaded_file *files, size_t n) {
        json_object *list = json_object_new_array();
        for (size_t i = 0; list && i < n; i++) {
                if (files[i].shipped)
                        continue;
                json_object *o = json_object_new_object();
                json_object_object_add(o, "path", json_object_new_string(files[i].path));
                json_object_object_add(o, "text", json_object_new_string_len(files[i].data, (int) files[i].size));
                json_object_array_add(list, o);
        }
        return list;
}

/* The new file is whole before it takes the name of the old one. */
static int write_whole(const char *path, const char *fresh, json_object *list) {
        int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        errno = 0;
        int r = json_object_to_fd(fd, list, JSON_C_TO_STRING_PLAIN) < 0 ? -(errno > 0 ? errno : EIO) : 0;
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        (void) close(fd);
        if (r >= 0 && rename(fresh, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(fresh);
        return r;
}

int last_good_keep(const char *state, const struct loaded_file *files, size_t n) {
        _cleanup_free_ char *path = reader_join(state, LAST_GOOD_FILE);
        _cleanup_free_ char *fresh = reader_join(state, LAST_GOOD_FILE ".new");
        json_object *list = path && fresh ? as_json(files, n) : NULL;
        if (!list)
                return -ENOMEM;
        int r = write_whole(path, fresh, list);
        json_object_put(list);
        return r;
}

void last_good_free(struct loaded_file *files, size_t n) {
        for (size_t i = 0; files && i < n; i++) {
                free(files[i].path);
                free(files[i].data);
        }
        free(files);
}

/* A copy of a JSON string; NULL: it is none, or memory is out. */
static char *copy_string(json_object *o, const char *key, size_t *ret_size) {
        json_object *s = NULL;
        if (!json_object_object_get_ex(o, key, &s) || !json_object_is_type(s, json_type_string))
                return NULL;
        *ret_size = (size_t) json_object_get_string_len(s);
        char *copy = malloc(*ret_size + 1);
        if (copy)
                memcpy(copy, json_object_get_string(s), *ret_size + 1);
        return copy;
}

static int from_json(json_object *list, struct loaded_file **ret, size_t *ret_n) {
        if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) == 0)
                return -EBADMSG;
        size_t n = json_object_array_length(list);
        struct loaded_file *files = calloc(n, sizeof(*files));
        if (!files)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                json_object *o = json_object_array_get_idx(list, i);
                size_t ignored;
                files[i].path = copy_string(o, "path", &ignored);
                files[i].data = copy_string(o, "text", &files[i].size);
                if (!files[i].path || !files[i].data) {
                        last_good_free(files, n);
                        return -EBADMSG;
                }
        }
        *ret = files;
        *ret_n = n;
        return 0;
}

int last_good_recall(const char *state, struct loaded_file **ret, size_t *ret_n) {
        _cleanup_free_ char *path = reader_join(state, LAST_GOOD_FILE);
        if (!path)
                return -ENOMEM;
        if (access(path, R_OK) < 0)
                return -errno;
        json_object *list = json_object_from_file(path);
        int r = list ? from_json(list, ret, ret_n) : -EBADMSG;
        json_object_put(list);
        return r;
}
