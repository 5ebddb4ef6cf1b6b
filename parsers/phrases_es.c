/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/phrases.h"

static const struct phrase phrases[] = {
        {"espero su respuesta", PHRASE_REQUEST},
};

const struct phrase_table phrases_es = {phrases, ELEMENTSOF(phrases)};
