/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Rich text as Outlook puts it into winmail.dat: compressed ([MS-OXRTFCP]) and, mostly, HTML in disguise ([MS-OXRTFEX]). */

#include "parsers/arena.h"
#include "parsers/buf.h"

struct charset_set;

/* Undo the compression of PidTagRtfCompressed. What comes out is added to `out` until its ceiling; a stream that is cut off gives
 * what it held until then. The checksum is not looked at: text is read as far as it goes.
 * 0, -EBADMSG (no such stream), -ENOMEM. */
int rtf_decompress(const void *data, size_t size, struct buf *out) _must_check_;

/* Rich text to clean UTF-8 text, or to the HTML it was made from (*ret_html). Formatting, fonts, pictures and the targets of fields
 * vanish. *ret belongs to the arena; beyond `limit` bytes it is cut and *ret_truncated set.
 * 0, -EBADMSG (it does not begin with "{\rtf"), -ENOMEM. */
int rtf_read(const struct charset_set *charsets, const char *rtf, size_t size, size_t limit, struct arena *arena, char **ret,
             bool *ret_html, bool *ret_truncated) _must_check_;

/* The charset label of a Windows code page ("cp1252", "iso-8859-15"); ret has CODE_PAGE_LABEL_MAX bytes. */
#define CODE_PAGE_LABEL_MAX 24U
void code_page_label(uint32_t code_page, char *ret);
