/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A YAML file as a tree with places, over libyaml, with the traps closed: depth, size, aliases, duplicate keys, second
 * documents, tags are refused with a diagnostic; every scalar is a string (so `off`, `no`, `22:30` stay what was written). */

#include "parsers/arena.h"
#include "rules/diagnostic.h"

/* The largest file: 5 MB of ordinary rules take libyaml 0.2 s, nobody writes 1 MB by hand. */
#define YAML_SIZE_MAX (1024U * 1024)
/* Nesting 10,000 deep takes libyaml 0.16 s, 100,000 takes 46 s; our formats need 12. */
#define YAML_DEPTH_MAX 32U
#define YAML_NODES_MAX 100000U

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
        enum yaml_type type;
        uint32_t line, column, length;  /* from 1, in characters */
        const char *scalar;             /* SCALAR: never NULL */
        bool quoted;                    /* SCALAR: quoted or block style, so never null, number or boolean */
        struct yaml_node *key;          /* when a value of a mapping: its key */
        struct yaml_node *child, *next; /* children of a sequence; values of a mapping (their keys by ->key) */
};

/* Parse `data` (of the file named `file`, for diagnostics). *ret is NULL for an empty file.
 * 0; -EBADMSG when diagnostics were added (syntax or a refused construct), -ENOMEM. */
int yaml_parse(const char *file, const char *data, size_t size, struct arena *arena, struct diagnostics *d,
               struct yaml_node **ret) _must_check_;
/* Value of a key of a mapping, NULL when absent (or when node is NULL or no mapping). */
struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);
bool yaml_is_null(const struct yaml_node *node); /* plain and empty, "~" or "null" */
/* 0 or -EINVAL. Booleans: true/false, and what YAML 1.1 means by yes/no/on/off, unquoted. */
int yaml_bool(const struct yaml_node *node, bool *ret);
int yaml_int(const struct yaml_node *node, int64_t *ret);
int yaml_number(const struct yaml_node *node, double *ret);
