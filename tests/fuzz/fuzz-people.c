/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Who is who, by strangers' addresses: three lines are a name, an address and a List-Id. Keys fit and stay what they are, an organisation is the
 * end of its domain, and a rewritten author is one of those named. */

#include "rules/people.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_corpus[] = "people";

static void check_key(const char *email) {
        char key[ADDRESS_KEY_SIZE], again[ADDRESS_KEY_SIZE], original[SRS_SIZE];
        size_t n = address_key(email, key);
        FUZZ_CHECK(n <= ADDRESS_MAX && (n == 0 || (strlen(key) == n && strchr(key, '@'))));
        if (srs_original(email, original))
                FUZZ_CHECK(strlen(original) < SRS_SIZE && strchr(original, '@') && strlen(original) < strlen(email));
        if (n == 0)
                return;
        /* One spelling: asked again, it is the same, but for a tag behind a tag. */
        if (strncmp(key, "prvs=", 5) != 0) {
                FUZZ_CHECK(address_key(key, again) > 0 && strcmp(key, again) == 0);
        }
        const char *domain = address_domain(key), *organisation = domain_organisation(domain);
        FUZZ_CHECK(!organisation || (organisation >= domain && organisation <= domain + strlen(domain)));
        FUZZ_CHECK(!organisation || !domain_is_literal(domain));
        FUZZ_CHECK(!domain_is_public_suffix(domain) || !organisation);
        (void) domain_free_mail(domain);
        FUZZ_CHECK(!address_same_organisation(key, "x@gmail.com"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = calloc(1, size + 1), *rest = text, *lines[3] = {};
        FUZZ_CHECK(text);
        if (size > 0)
                memcpy(text, data, size);
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                lines[i] = strsep(&rest, "\n");
        const char *email = lines[1] ? lines[1] : lines[0];
        check_key(email);

        struct address from = {.name = lines[0], .email = email}, other = {.name = "Jean", .email = "jean@dupont.example"},
                       original = {.email = "marie@dupont.example"};
        struct message m = {.from = {&from, 1}, .reply_to = {&other, 1}, .cc = {&other, 1}, .list_id = lines[2]};
        const struct address *author = message_author(&m);
        FUZZ_CHECK(author == &from || author == &other);
        m.original_from = (struct address_list){&original, 1};
        author = message_author(&m);
        FUZZ_CHECK(author == &from || author == &other || author == &original);
        FUZZ_CHECK(lines[2] || author == &from || domain_free_mail(address_domain(email)) == FREE_MAIL_RELAY ||
                   strpbrk(email, "ABCDEFGHIJKLMNOPQRSTUVWXYZ.+=") || (unsigned char) email[0] >= 0x80);
        free(text);
        return 0;
}
