/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The service hears signals in its loop; long work between two turns of the loop asks here. */

#include "parsers/base.h"

/* Has this process been asked to end (SIGTERM, SIGINT) by a signal that it holds back? Never true where signals are not held back: they end it. */
bool ending_asked(void);
