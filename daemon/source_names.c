/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/source_names.h"

#include <fnmatch.h>
#include <stdio.h>

#include "daemon/fetch.h"
#include "parsers/utf8.h"

/* Longer names exist on no server. */
#define FOLDER_NAME_MAX 1024U

/* Folded: lower case without accents. */
static const char *const left_out[] = {
        /* junk */
        "junk",
        "junk e-mail",
        "junk email",
        "junk mail",
        "junk-e-mail",
        "spam",
        "bulk",
        "bulk mail",
        "courrier indesirable",
        "indesirables",
        "indesirable",
        "pourriel",
        "pourriels",
        "spamverdacht",
        "unerwunscht",
        "unerwunschte e-mails",
        "ongewenst",
        "ongewenste e-mail",
        "ongewenste mail",
        "correo no deseado",
        "no deseado",
        "correo basura",
        "posta indesiderata",
        "indesiderata",
        "lixo eletronico",
        "skrappost",
        /* trash */
        "trash",
        "deleted",
        "deleted items",
        "deleted messages",
        "bin",
        "corbeille",
        "elements supprimes",
        "messages supprimes",
        "supprimes",
        "papierkorb",
        "geloschte elemente",
        "geloschte objekte",
        "geloscht",
        "prullenbak",
        "prullenmand",
        "verwijderde items",
        "verwijderd",
        "papelera",
        "elementos eliminados",
        "eliminados",
        "cestino",
        "posta eliminata",
        "lixeira",
        "itens excluidos",
        "papperskorgen",
        /* drafts */
        "drafts",
        "draft",
        "brouillons",
        "brouillon",
        "entwurfe",
        "entwurf",
        "concepten",
        "borradores",
        "bozze",
        "rascunhos",
        "utkast",
};

static int base64_digit(char c) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
        const char *p = c ? strchr(digits, c) : NULL;
        return p ? (int) (p - digits) : -1;
}

/* UTF-16 units as they come, pairs joined. */
static size_t put_unit(uint32_t unit, uint32_t *high, char *out) {
        if (unit >= 0xd800 && unit < 0xdc00) {
                *high = unit;
                return 0;
        }
        uint32_t cp = unit;
        if (unit >= 0xdc00 && unit < 0xe000)
                cp = *high ? 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00) : '?';
        *high = 0;
        return utf8_encode(cp ? cp : '?', out);
}

/* One run "&...-" (RFC 3501 section 5.1.3); returns what follows it, NULL when it is not one: it holds a character at least, and ends with zeros. */
static const char *decode_run(const char *s, char *out, size_t size, size_t *n) {
        uint32_t bits = 0, high = 0;
        unsigned n_bits = 0;
        bool any = false;
        for (; *s && *s != '-'; s++) {
                int d = base64_digit(*s);
                if (d < 0)
                        return NULL;
                bits = bits << 6 | (uint32_t) d;
                n_bits += 6;
                if (n_bits < 16)
                        continue;
                n_bits -= 16;
                if (*n + 5 > size)
                        return NULL;
                *n += put_unit(bits >> n_bits & 0xffff, &high, out + *n);
                bits &= (1U << n_bits) - 1;
                any = true;
        }
        return *s == '-' && any && n_bits < 6 && bits == 0 ? s + 1 : NULL;
}

static size_t decode_utf7(const char *s, char *out, size_t size) {
        size_t n = 0;
        while (*s && n + 5 <= size) {
                if (*s != '&') {
                        out[n++] = *s++;
                        continue;
                }
                if (s[1] == '-') {
                        out[n++] = '&';
                        s += 2;
                        continue;
                }
                size_t before = n;
                const char *after = decode_run(s + 1, out, size, &n);
                if (!after) { /* an ordinary ampersand of a file system folder */
                        n = before;
                        out[n++] = *s++;
                        continue;
                }
                s = after;
        }
        out[n] = 0;
        return n;
}

static void strip_suffix(char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);
        if (n > m && strcmp(s + n - m, suffix) == 0)
                s[n - m] = 0;
}

char *folder_for_people(const char *folder) {
        /* A unit of 16 bits takes 3 bytes at most, of which its digits were 2.7; decode_utf7() wants room for one more. */
        size_t size = 2 * strlen(folder) + 8;
        char *out = malloc(size);
        if (out)
                (void) decode_utf7(folder, out, size);
        return out;
}

/* A name fit to be compared: folded, levels split by '/', modified UTF-7 decoded or taken as it is. Writes at most size bytes with a NUL. */
static void canonical(const char *folder, bool encoded, bool dots_split, char *out, size_t size) {
        char decoded[FOLDER_NAME_MAX], folded[FOLDER_NAME_MAX];
        size_t n;
        if (encoded)
                n = decode_utf7(folder, decoded, sizeof(decoded));
        else
                n = (size_t) MIN(snprintf(decoded, sizeof(decoded), "%s", folder), (int) sizeof(decoded) - 1);
        n = utf8_clean_in_place(decoded, n);
        (void) utf8_fold(decoded, n, folded, sizeof(folded));
        /* Thunderbird keeps the folders below "Inbox" in "Inbox.sbd". */
        strip_suffix(folded, ".mbox");
        char *w = out, *end = out + size - 1;
        bool first = true, maildir = false;
        for (const char *p = folded; *p && w < end; p++) {
                if (strncmp(p, ".sbd/", 5) == 0) {
                        p += 3;
                        continue;
                }
                if (first && *p == '.') { /* Maildir++: this level holds several, with dots between */
                        maildir = true;
                        first = false;
                        continue;
                }
                bool separator = *p == '/' || (*p == '.' && (maildir || dots_split));
                first = *p == '/';
                if (first)
                        maildir = false;
                *w++ = separator ? '/' : *p;
        }
        *w = 0;
}

static bool is_left_out(const char *level, size_t n) {
        for (size_t i = 0; i < ELEMENTSOF(left_out); i++)
                if (strlen(left_out[i]) == n && memcmp(left_out[i], level, n) == 0)
                        return true;
        return false;
}

bool folder_left_out_by_default(const char *folder) {
        char name[FOLDER_NAME_MAX];
        canonical(folder, true, false, name, sizeof(name));
        for (const char *p = name; *p;) {
                size_t n = strcspn(p, "/");
                if (is_left_out(p, n))
                        return true;
                p += n;
                p += *p == '/';
        }
        return false;
}

static const char *without_inbox(const char *name) {
        if (strcmp(name, "inbox") == 0)
                return "";
        return strncmp(name, "inbox/", 6) == 0 ? name + 6 : name;
}

bool folder_is_pattern(const char *name) {
        return strpbrk(name, "*?[");
}

/* Both are canonical. */
static bool is_named(const char *folder, const char *name) {
        const char *a = without_inbox(folder), *b = without_inbox(name);
        size_t n = strlen(b);
        /* A pattern, in which a star stands for slashes, too. */
        if (folder_is_pattern(b) && fnmatch(b, a, 0) == 0)
                return true;
        /* "INBOX" is the top alone, not everything below it. */
        return n == 0 ? *a == 0 : strncmp(a, b, n) == 0 && (a[n] == 0 || a[n] == '/');
}

bool folder_in_list(const char *folder, const char *const *names) {
        char decoded[FOLDER_NAME_MAX], plain[FOLDER_NAME_MAX], wanted[FOLDER_NAME_MAX];
        canonical(folder, true, true, decoded, sizeof(decoded));
        canonical(folder, false, true, plain, sizeof(plain));
        for (; *names; names++) {
                canonical(*names, true, true, wanted, sizeof(wanted));
                if (is_named(decoded, wanted) || is_named(plain, wanted))
                        return true;
                /* What a person writes need not mean what it would to a server: "R&D-2024". */
                canonical(*names, false, true, wanted, sizeof(wanted));
                if (is_named(decoded, wanted))
                        return true;
        }
        return false;
}

static const struct {
        const char *name; /* RFC 6154 */
        uint32_t flag;
} roles[] = {
        {"\\Sent", FETCH_FOLDER_SENT},       {"\\Junk", FETCH_FOLDER_JUNK},       {"\\Trash", FETCH_FOLDER_TRASH},
        {"\\Drafts", FETCH_FOLDER_DRAFTS},   {"\\Archive", FETCH_FOLDER_ARCHIVE}, {"\\All", FETCH_FOLDER_ALL},
        {"\\Flagged", FETCH_FOLDER_FLAGGED}, {"\\Inbox", FETCH_FOLDER_INBOX},
};

bool mailbox_in_list(uint32_t flags, const char *folder, const char *const *names) {
        for (const char *const *p = names; *p; p++)
                for (size_t i = 0; i < ELEMENTSOF(roles); i++)
                        if (strcasecmp(*p, roles[i].name) == 0 && flags & roles[i].flag)
                                return true;
        return folder_in_list(folder, names);
}

bool calendar_in_list(const char *name, const char *path, const char *const *names) {
        char last[FOLDER_NAME_MAX];
        size_t n = strlen(path), end = n > 0 && path[n - 1] == '/' ? n - 1 : n, from = end;
        while (from > 0 && path[from - 1] != '/')
                from--;
        (void) snprintf(last, sizeof(last), "%.*s", (int) MIN(end - from, sizeof(last) - 1), path + from);
        return folder_in_list(name, names) || folder_in_list(last, names);
}
