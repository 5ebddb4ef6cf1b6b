/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How values look outside: RFC 3339 times, JSON objects, lines for people. */

#include <json-c/json.h>

#include "parsers/observation.h"
#include "rules/eval.h"

/* The longest is "9999-12-31T23:59:59+14:00". */
#define TIME_TEXT_SIZE 32

/* RFC 3339 in that zone; "" for INSTANT_UNKNOWN. Returns buffer. */
const char *time_rfc3339(instant at, const struct zone *zone, char buffer[static TIME_TEXT_SIZE]);
/* "Mon 2 Mar 2026 08:50", in the language when it is known (en, fr). */
const char *time_human(instant at, const struct zone *zone, const char *language, char *buffer, size_t size);
/* A moment as JSON: an instant in that zone, a floating time without offset, a date; JSON null when there is none. */
json_object *json_moment(const struct moment *m, const struct zone *zone);
json_object *json_time(instant at, const struct zone *zone);
json_object *json_text(const char *s); /* NULL gives JSON null */

json_object *json_message(const char *file, const struct message *m, instant internal_date, const struct zone *zone);
json_object *json_event(const struct event *e, const struct zone *zone);
json_object *json_fact(const struct fact *f, const struct zone *zone);
/* `quotes` has one entry (or NULL) for each evidence. */
json_object *json_alert(const struct alert *a, const char *const *quotes, const struct zone *zone);

/* One line to stdout; frees the object. */
void json_print(json_object *o);

/* A column on a terminal: the text and blanks up to `width` characters, one blank at least. */
void print_padded(const char *s, int width);

/* At most QUOTE_MAX characters of a text on one line, cut between words with an ellipsis. The caller frees; NULL when there is nothing. */
#define QUOTE_MAX 200
char *quote(const char *text);
