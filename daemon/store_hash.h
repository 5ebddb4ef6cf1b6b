/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "parsers/base.h"

/* The same bytes give the same number for ever: it is stored. Start with STORE_HASH_SEED, go on with what it gave. */
uint64_t store_hash(uint64_t seed, const void *data, size_t size) _pure_;
#define STORE_HASH_SEED UINT64_C(0xcbf29ce484222325)
