/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/pkcs7.h"

enum {
        TAG_INTEGER = 0x02,
        TAG_OCTETS = 0x04,
        TAG_OID = 0x06,
        TAG_SEQUENCE = 0x30,
        TAG_SET = 0x31,
        TAG_OCTETS_IN_PIECES = 0x24,
        TAG_EXPLICIT_0 = 0xA0,
        TAG_END = 0x00, /* of what has no length of its own */
};

struct cursor {
        const uint8_t *p, *end;
};

/* The head of one element; *ret_size is SIZE_MAX when its end is marked instead. An element longer than what there is counts
 * as ending there. */
static bool head(struct cursor *c, uint8_t *ret_tag, size_t *ret_size) {
        if (c->end - c->p < 2 || (c->p[0] & 0x1F) == 0x1F) /* tags of several bytes occur nowhere here */
                return false;
        *ret_tag = *c->p++;
        uint8_t first = *c->p++;
        size_t size = first;
        if (first == 0x80)
                size = SIZE_MAX;
        else if (first > 0x80) {
                size_t n = first & 0x7F;
                if (n > 4 || (size_t) (c->end - c->p) < n)
                        return false;
                for (size = 0; n > 0; n--)
                        size = size << 8 | *c->p++;
        }
        *ret_size = size == SIZE_MAX ? size : MIN(size, (size_t) (c->end - c->p));
        return true;
}

/* Enter an element of this tag. */
static bool enter(struct cursor *c, uint8_t tag) {
        uint8_t found;
        size_t size;
        if (!head(c, &found, &size) || found != tag)
                return false;
        if (size != SIZE_MAX)
                c->end = c->p + size;
        return true;
}

/* Pass over an element of this tag, whose length must be known. */
static bool pass(struct cursor *c, uint8_t tag, const uint8_t **ret, size_t *ret_size) {
        uint8_t found;
        if (!head(c, &found, ret_size) || found != tag || *ret_size == SIZE_MAX)
                return false;
        *ret = c->p;
        c->p += *ret_size;
        return true;
}

static bool oid_is(const uint8_t *p, size_t size, const char *oid, size_t oid_size) {
        return size == oid_size && memcmp(p, oid, size) == 0;
}

/* 1.2.840.113549.1.7.n */
#define PKCS7_OID "\x2A\x86\x48\x86\xF7\x0D\x01\x07"
/* 1.2.840.113549.1.9.16.1.23, authenticated-enveloped data (RFC 5083) */
#define AUTHENVELOPED_OID "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17"

/* Octets in one piece or in many: heads of strings of pieces and end marks carry nothing themselves. */
static void add_octets(struct cursor c, struct buf *content) {
        uint8_t tag;
        size_t size;
        while (c.p < c.end && head(&c, &tag, &size)) {
                if (tag == TAG_OCTETS && size != SIZE_MAX) {
                        (void) buf_add(content, c.p, size);
                        c.p += size;
                } else if (tag != TAG_OCTETS_IN_PIECES && (tag != TAG_END || size != 0))
                        break;
        }
}

int pkcs7_read(const void *data, size_t size, struct buf *content, enum pkcs7_kind *ret) {
        struct cursor c = {data, (const uint8_t *) data + size};
        const uint8_t *oid, *ignored;
        size_t n, m;

        if (!enter(&c, TAG_SEQUENCE) || !pass(&c, TAG_OID, &oid, &n))
                return -EBADMSG;
        if (oid_is(oid, n, PKCS7_OID "\x03", 9) || oid_is(oid, n, PKCS7_OID "\x04", 9) ||
            oid_is(oid, n, PKCS7_OID "\x06", 9) || oid_is(oid, n, AUTHENVELOPED_OID, 11)) {
                *ret = PKCS7_ENCRYPTED;
                return 0;
        }
        *ret = PKCS7_OTHER;
        if (!oid_is(oid, n, PKCS7_OID "\x02", 9))
                return 0;
        /* Version, digest algorithms, then the content: its type and, unless it is sent apart, itself. */
        size_t before = content->size;
        if (enter(&c, TAG_EXPLICIT_0) && enter(&c, TAG_SEQUENCE) && pass(&c, TAG_INTEGER, &ignored, &m) &&
            pass(&c, TAG_SET, &ignored, &m) && enter(&c, TAG_SEQUENCE) && pass(&c, TAG_OID, &oid, &n) &&
            oid_is(oid, n, PKCS7_OID "\x01", 9) && enter(&c, TAG_EXPLICIT_0))
                add_octets(c, content);
        if (content->error == -ENOMEM)
                return -ENOMEM;
        if (content->size > before)
                *ret = PKCS7_SIGNED;
        return 0;
}
