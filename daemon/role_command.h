/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The role in which a program of the owner's is started: this binary first takes away what that program does not need, then becomes it. */

/* argv: the program and its arguments, NULL-terminated. Descriptors 0 to 2 and the environment are as the program is to find them. Does not return unless
 * the program cannot be started: then an exit status (127, as a shell has it), told on stderr. */
int role_command(char *const *argv);
