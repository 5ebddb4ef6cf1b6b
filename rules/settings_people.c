/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/limits.h"
#include "parsers/utf8.h"
#include "rules/domain.h"
#include "rules/settings_internal.h"

/* --- addresses ------------------------------------------------------------------------------------------------------ */

const char *loader_lower_copy(struct loader *l, const char *s) {
        char *copy = loader_keep(l, arena_strdup(l->arena, s));
        for (char *p = copy; p && *p; p++)
                *p = ascii_lower(*p);
        return copy;
}

/* One "@", something before it unless a domain is meant, no blanks, no brackets: what a person means by an address. */
static bool address_shape(const char *s, bool domain) {
        const char *at = strchr(s, '@');
        if (!at || strchr(at + 1, '@') || !at[1] || at[1] == '.' || strstr(at, ".."))
                return false;
        if (domain != (at == s) || s[strcspn(s, " \t\n<>,;\"*()")] || strlen(s) > ADDRESS_MAX)
                return false;
        return at[1] == '[' ? !domain && str_ends_with(at, "]") : !strchr(s, ':');
}

bool loader_read_address(struct loader *l, const struct yaml_node *node, const char *what) {
        if (!loader_item_is_text(l, node, what))
                return false;
        if (address_shape(node->scalar, false))
                return true;
        fault(l, node, "bad-value", "write the address only: name@host.example", "\"%s\" is not a mail address",
              node->scalar);
        return false;
}

const char *loader_read_mailable(struct loader *l, const struct yaml_node *node, const char *address) {
        size_t local = strcspn(address, "@");
        char key[ADDRESS_KEY_SIZE];
        bool plain = address[0] != '-';
        for (const char *p = address; *p; p++) {
                bool odd = (unsigned char) *p <= ' ' || *p == 127 || *p == '\\';
                plain &= !odd && (p >= address + local || (unsigned char) *p < 127);
        }
        if (plain && utf8_is_ascii(address, strlen(address)))
                return address;
        if (plain && address_key(address + local, key) > 1 && utf8_is_ascii(key, strlen(key)))
                return loader_keep(l, arena_printf(l->arena, "%.*s%s", (int) local, address, key));
        fault(l, node, "bad-value",
              "write one of plain letters, digits and . _ + - before the \"@\", that every server takes",
              "no mail of ours can be written to or from \"%s\"", address);
        return NULL;
}

/* A domain that would make strangers a client: nobody's, everybody's, or no name at all. */
static bool check_domain(struct loader *l, const struct yaml_node *node, const char *key) {
        const char *domain = key + 1;
        enum free_mail kind = domain_free_mail(domain);
        if (kind != FREE_MAIL_NO) {
                fault(l, node, "free-mail",
                      loader_keep(l, arena_printf(l->arena,
                                                  "did you mean one person there? write the full address: \"name@%s\"",
                                                  domain)),
                      "\"%s\" belongs to %s: strangers would become this client", node->scalar, free_mail_name(kind));
                return false;
        }
        if (domain_is_public_suffix(domain)) {
                fault(l, node, "public-suffix",
                      loader_keep(l, arena_printf(l->arena,
                                                  "did you mean a domain below it? write \"@name.%s\", or one full address",
                                                  domain)),
                      "everybody registers names below \"%s\": strangers would become this client", domain);
                return false;
        }
        if (domain_is_literal(domain)) {
                fault(l, node, "bad-value", "write the full address: \"name@[127.0.0.1]\"",
                      "\"%s\" is no domain but the address of a machine", node->scalar);
                return false;
        }
        return true;
}

bool loader_read_match(struct loader *l, const struct yaml_node *node) {
        if (!loader_item_is_text(l, node, "match"))
                return false;
        char key[ADDRESS_KEY_SIZE];
        const char *s = loader_lower_copy(l, node->scalar);
        if (!s)
                return false;
        /* "@[127.0.0.1]" is told with the words for literals. */
        bool domain = s[0] == '@' && (s[1] == '[' || address_shape(s, true)) && address_key(s, key) > 1;
        if (domain && (strchr(key, '.') || domain_is_public_suffix(key + 1)))
                return check_domain(l, node, key);
        if (address_shape(s, false))
                return true;
        const char *hint = "write an address (jean@dupont.example) or a domain (\"@dupont.example\")";
        if (strchr(s, '*'))
                hint = "write \"@dupont.example\": it joins every address and subdomain of it";
        else if (!strchr(s, '@') && strchr(s, '.'))
                hint = loader_keep(l, arena_printf(l->arena, "write \"@%s\"", s));
        fault(l, node, "bad-value", hint, "\"%s\" is neither an address nor a domain", node->scalar);
        return false;
}

/* --- finding people ------------------------------------------------------------------------------------------------- */

/* Asked for every address of every message: a hash table with open addressing, at most half full. */
struct address_slot {
        const char *key;             /* "jean@dupont.example", "@dupont.example" */
        const struct client *client; /* NULL: the owner's own address */
};

struct address_index {
        struct address_slot *slots;
        size_t mask;
};

static size_t hash_bytes(const char *s, size_t n) {
        uint64_t h = UINT64_C(14695981039346656037);
        for (size_t i = 0; i < n; i++)
                h = (h ^ (unsigned char) s[i]) * UINT64_C(1099511628211);
        return (size_t) (h ^ (h >> 32));
}

static struct address_slot *index_slot(const struct address_index *index, const char *key, size_t n) {
        for (size_t i = hash_bytes(key, n);; i++) {
                struct address_slot *slot = &index->slots[i & index->mask];
                if (!slot->key || (strncmp(slot->key, key, n) == 0 && !slot->key[n]))
                        return slot;
        }
}

/* The first one to come keeps its place: two are a fault that is told elsewhere. */
static void index_add(struct loader *l, struct address_index *index, const char *address, const struct client *client) {
        char key[ADDRESS_KEY_SIZE];
        size_t n = address_key(address, key);
        if (n == 0)
                return;
        struct address_slot *slot = index_slot(index, key, n);
        if (slot->key)
                return;
        slot->key = loader_keep(l, arena_strndup(l->arena, key, n));
        slot->client = client;
}

static size_t list_length(const char *const *list) {
        size_t n = 0;
        while (list && list[n])
                n++;
        return n;
}

void loader_build_index(struct loader *l) {
        struct settings *s = l->s;
        size_t n = list_length(s->owner.addresses), size = 16;
        for (size_t i = 0; i < s->n_clients; i++)
                n += list_length(s->clients[i].match);
        while (size < 2 * n)
                size *= 2;
        struct address_index *index = loader_keep(l, arena_new0(l->arena, struct address_index, 1));
        if (!index)
                return;
        index->slots = loader_keep(l, arena_new0(l->arena, struct address_slot, size));
        index->mask = size - 1;
        if (!index->slots)
                return;
        for (size_t k = 0; s->owner.addresses && s->owner.addresses[k]; k++)
                index_add(l, index, s->owner.addresses[k], NULL);
        for (size_t i = 0; i < s->n_clients; i++)
                for (size_t k = 0; s->clients[i].match && s->clients[i].match[k]; k++)
                        index_add(l, index, s->clients[i].match[k], &s->clients[i]);
        s->index = index;
}

/* Settings made by hand have no index. */
static bool find_listed(const struct settings *s, const char *key, const struct client **ret) {
        char listed[ADDRESS_KEY_SIZE];
        for (size_t k = 0; s->owner.addresses && s->owner.addresses[k]; k++)
                if (address_key(s->owner.addresses[k], listed) > 0 && str_eq(listed, key)) {
                        *ret = NULL;
                        return true;
                }
        for (size_t i = 0; i < s->n_clients; i++)
                for (size_t k = 0; s->clients[i].match && s->clients[i].match[k]; k++)
                        if (address_key(s->clients[i].match[k], listed) > 0 && str_eq(listed, key)) {
                                *ret = &s->clients[i];
                                return true;
                        }
        return false;
}

static bool find_key_owner(const struct settings *s, const char *key, size_t n, const struct client **ret) {
        if (!s->index)
                return find_listed(s, key, ret);
        const struct address_slot *slot = index_slot(s->index, key, n);
        *ret = slot->client;
        return slot->key;
}

bool settings_is_owner(const struct settings *s, const char *email) {
        char key[ADDRESS_KEY_SIZE];
        size_t n = email ? address_key(email, key) : 0;
        const struct client *client;
        return n > 0 && key[0] != '@' && find_key_owner(s, key, n, &client) && !client;
}

const struct client *settings_find_client(const struct settings *s, const char *email) {
        char key[ADDRESS_KEY_SIZE];
        size_t n = email ? address_key(email, key) : 0;
        const struct client *client;
        if (n == 0 || key[0] == '@')
                return NULL;
        if (find_key_owner(s, key, n, &client))
                return client;
        if (domain_is_literal(address_domain(key)))
                return NULL;
        /* "@mail.dupont.example", then "@dupont.example": the "@" takes the place of what was cut off. */
        for (char *at = strrchr(key, '@'); at && strchr(at, '.'); at = strchr(at + 1, '.')) {
                *at = '@';
                if (find_key_owner(s, at, n - (size_t) (at - key), &client))
                        return client;
        }
        return NULL;
}

const struct client *settings_client_by_id(const struct settings *s, const char *id) {
        for (size_t i = 0; id && i < s->n_clients; i++)
                if (str_eq(s->clients[i].id, id))
                        return &s->clients[i];
        return NULL;
}
