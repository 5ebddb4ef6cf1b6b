/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* JSON schemas of the owner's files, for editors: made from the tables that the validators work with. Draft 7, the newest that the YAML language server
 * knows whole. They tell the form of a file; what names mean (rules, clients, parameters) only `adieu rules check` knows. */

#include <json-c/json.h>

/* The names of the schemas, NULL-terminated: "rules" (rules.d), "adieu" (adieu.yaml), "clients" (clients.d). */
extern const char *const schema_names[];
/* The caller owns it. NULL: no memory, or no such schema. */
json_object *schema_make(const char *name);
