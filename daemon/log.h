/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Messages for the person or the journal: stderr, with <N> priority prefixes when the journal listens. Never mail content. */

#include "parsers/base.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

void log_at(enum log_level level, const char *format, ...) _printf_(2, 3);
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_at(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
/* The same with a MESSAGE_ID, 32 hexadecimal digits that contrib/systemd/adieu.catalog explains, where a journal listens. */
void log_known(enum log_level level, const char *message_id, const char *format, ...) _printf_(3, 4);
/* Logs "...: strerror" and returns the (negative) error, so that `return log_errno(r, "...")` reads well. */
int log_errno(int error, const char *format, ...) _printf_(2, 3);
