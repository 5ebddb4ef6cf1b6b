/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the domain of an address says about whose it is: one spelling for what is the same, the organisational domain, and
 * the providers whose domains say nothing.
 *
 * The public suffix list is psl_builtin(): tables compiled into libpsl, const, read without a lock, a file or a locale, so
 * that asking it is as pure as asking a table of our own. psl_latest() would read a file and is not used. Names reach it
 * in ASCII only, for which it allocates nothing. What it answers changes with the installed libpsl alone. */

#include "parsers/base.h"
#include "parsers/limits.h"

#define ADDRESS_KEY_SIZE (ADDRESS_MAX + 1)

/* One spelling of an address ("jean@dupont.example") or of a domain with its at sign ("@dupont.example"):
 *  - ASCII letters are small, also in the local part: no provider tells them apart;
 *  - an internationalized domain is in A-labels (RFC 5890 section 2.3.2.1), and the root's dot at the end is dropped;
 *  - a sub-address is dropped (RFC 5233): "jean+news@x" is "jean@x";
 *  - the tag of BATV ("prvs=0123456789=jean@x") is dropped, which only its own domain can have put there;
 *  - dots in the local part and googlemail.com go where the domain is Gmail's, which ignores them.
 * Returns the length, 0 when it is no address or does not fit. */
size_t address_key(const char *s, char ret[static ADDRESS_KEY_SIZE]) _must_check_;

/* Is the domain of a key an address literal or bare numbers ("[127.0.0.1]", "10.0.0.1")? It then has no organisation. */
bool domain_is_literal(const char *domain) _pure_;
/* Does everybody register names below it ("co.uk", "github.io")? `domain` as in a key. A single label that is no known
 * suffix ("example", "localhost") is none. */
bool domain_is_public_suffix(const char *domain) _pure_;
/* The registrable domain, a part of `domain` (as in a key): "dupont.co.uk" of "mail.eu.dupont.co.uk". NULL for public
 * suffixes, single labels and literals. */
const char *domain_organisation(const char *domain) _pure_;
/* What follows the last '@' of a key; never NULL ("" when there is none). */
const char *address_domain(const char *key) _pure_;
/* Do two keys belong to one organisation (no provider of mail for everybody)? */
bool address_same_organisation(const char *a, const char *b) _pure_;

enum free_mail {
        FREE_MAIL_NO = 0,
        FREE_MAIL_PROVIDER, /* anybody opens a mailbox there */
        FREE_MAIL_ACCESS,   /* every subscriber of a telephone or internet line has one */
        FREE_MAIL_RELAY,    /* hides the real address of anybody */
        _FREE_MAIL_MAX,
};
/* Who writes from this domain (as in a key) or one below it? */
enum free_mail domain_free_mail(const char *domain) _pure_;
/* "a provider that everyone can write from" ...; NULL for FREE_MAIL_NO. */
const char *free_mail_name(enum free_mail kind) _pure_;
