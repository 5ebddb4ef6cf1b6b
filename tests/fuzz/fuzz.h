/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a fuzz target gives, to libFuzzer and to replay.c alike. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The folder below tests/fuzz/corpus/ that holds its seeds. */
extern const char fuzz_corpus[];
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the code under test was broken: that is a finding, as a crash is. */
#define FUZZ_CHECK(condition)                                                                   \
        do                                                                                      \
                if (!(condition)) {                                                             \
                        fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                                \
                }                                                                               \
        while (0)
