/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include "daemon/imap.h"
#include "parsers/limits.h"

/* A large message without its attachments. What the parse role gets is a message again: the header, and a MIME tree like the server's, in which parts that were
 * not fetched have their own header, no body, and a Content-Length that says how large they are. Boundaries are made by chance, so that no text can hold
 * one. */

/* Parts that are small are fetched whatever they are: they cost nothing. */
#define SMALL_PART (32U * 1024)
/* What is read of one text, one calendar object, one letter within the letter, as transferred: base64 is a third longer. */
#define PART_MAX (TEXT_PART_MAX / 3 * 4 + 64U * 1024)
/* Of all parts of one message together. */
#define PARTS_BYTES_MAX (8U * 1024 * 1024)
#define LEAVES_MAX 200U
#define SECTION_MAX 256U
#define BOUNDARY_SIZE 40U
/* RFC 7162 section 4: lines of a client should not be longer than 8192 bytes. */
#define COMMAND_MAX 7000U
/* The header of one part: five fields or so, with names of files in several alphabets. */
#define PART_HEAD_MAX (32U * 1024)

struct frame {
        clistiter *next;
        unsigned index;
        char boundary[BOUNDARY_SIZE];
        char section[SECTION_MAX];
};

/* A part that is no multipart, in the order of the tree. */
struct leaf {
        char section[SECTION_MAX];
        bool fetch; /* not only its header */
        struct buf head, body;
};

struct parts {
        struct imap *imap;
        uint32_t uid;
        int fd;
        struct mailimap_body *structure; /* owned */
        bool found;
        bool asking;         /* the first walk over the tree: what is needed is asked for. The second writes */
        struct leaf *leaves; /* owned: LEAVES_MAX */
        size_t n_leaves, leaf, n_answered;
        struct buf command; /* owned */
        size_t bytes, asked_bytes;
        struct frame *frames; /* owned: MIME_DEPTH_MAX */
        size_t depth;
};

/* --- asking --- */

static void on_structure(struct imap *i, const struct mailimap_msg_att *att, void *userdata) {
        struct parts *p = userdata;
        (void) i;
        for (clistiter *c = att->att_list ? clist_begin(att->att_list) : NULL; c; c = clist_next(c)) {
                struct mailimap_msg_att_item *item = clist_content(c);
                struct mailimap_msg_att_static *s =
                        item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC ? item->att_data.att_static : NULL;
                if (s && s->att_type == MAILIMAP_MSG_ATT_UID && s->att_data.att_uid == p->uid)
                        p->found = true;
                /* The answer is freed with the next one; this outlives it. */
                if (s && s->att_type == MAILIMAP_MSG_ATT_BODYSTRUCTURE && !p->structure)
                        p->structure = TAKE_PTR(s->att_data.att_bodystructure);
        }
}

static int ask(struct parts *p, const char *what, struct buf *to, size_t max) {
        struct imap *i = p->imap;
        i->sink = to;
        i->sink_fd = -1;
        i->sink_any = false;
        i->sink_error = 0;
        i->sink_size = 0;
        i->sink_max = max;
        i->on_fetch = on_structure;
        i->on_fetch_userdata = p;
        imap_allow(i, max);
        int e = imap_command(i, "UID FETCH %" PRIu32 " (UID%s)", p->uid, what);
        i->on_fetch = NULL;
        i->sink = NULL;
        return e;
}

/* The leaf that an answer names, of those asked for last. */
static struct buf *leaf_sink(const struct mailimap_section_spec *spec, void *userdata) {
        struct parts *p = userdata;
        char name[SECTION_MAX] = "";
        size_t n = 0;
        const struct mailimap_section_part *part =
                spec->sec_type == MAILIMAP_SECTION_SPEC_SECTION_PART ? spec->sec_data.sec_part : NULL;
        for (clistiter *c = part && part->sec_id ? clist_begin(part->sec_id) : NULL; c; c = clist_next(c)) {
                int wrote = snprintf(name + n, sizeof(name) - n, "%s%" PRIu32, n > 0 ? "." : "",
                                     *(const uint32_t *) clist_content(c));
                if (wrote < 0 || (size_t) wrote >= sizeof(name) - n)
                        return NULL;
                n += (size_t) wrote;
        }
        for (size_t k = p->n_answered; k < p->n_leaves; k++)
                if (strcmp(p->leaves[k].section, name) == 0)
                        return spec->sec_text ? &p->leaves[k].head : &p->leaves[k].body;
        return NULL;
}

/* All parts by one command: a server far away is waited for once. */
static int ask_leaves(struct parts *p) {
        if (p->command.size == 0)
                return 0;
        if (buf_add_char(&p->command, 0) < 0)
                return -ENOMEM;
        p->imap->sink_of = leaf_sink;
        p->imap->sink_userdata = p;
        int e = ask(p, p->command.data, NULL, p->asked_bytes);
        p->imap->sink_of = NULL;
        buf_free(&p->command);
        p->command = (struct buf){0};
        p->n_answered = p->n_leaves;
        p->asked_bytes = 0;
        return e;
}

/* --- writing --- */

static int put(struct parts *p, const char *format, ...) _printf_(2, 3);
static int put(struct parts *p, const char *format, ...) {
        char text[600];
        va_list ap;
        if (p->asking)
                return 0;
        va_start(ap, format);
        int n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        return n < 0 || (size_t) n >= sizeof(text) ? -EBADMSG : fetcher_write(p->fd, text, (size_t) n);
}

/* A header block, with or without its blank line, as lines; without those fields that are written anew. */
static int put_header(struct parts *p, const struct buf *head, bool without_type) {
        const char *s = head->data, *end = head->data + head->size;
        bool skip = false;
        int e = 0;
        while (s < end && e >= 0) {
                const char *eol = memchr(s, '\n', (size_t) (end - s));
                const char *next = eol ? eol + 1 : end;
                bool blank = *s == '\n' || (*s == '\r' && s + 1 < end && s[1] == '\n');
                if (blank)
                        break;
                if (*s != ' ' && *s != '\t') {
                        size_t n = (size_t) (next - s);
                        skip = (without_type && n > 13 && strncasecmp(s, "Content-Type:", 13) == 0) ||
                               (n > 15 && strncasecmp(s, "Content-Length:", 15) == 0);
                }
                if (!skip)
                        e = fetcher_write(p->fd, s, (size_t) (next - s));
                s = next;
        }
        return e;
}

/* --- which parts --- */

static const struct mailimap_body_fields *fields_of(const struct mailimap_body_type_1part *b) {
        if (b->bd_type == MAILIMAP_BODY_TYPE_1PART_BASIC && b->bd_data.bd_type_basic)
                return b->bd_data.bd_type_basic->bd_fields;
        if (b->bd_type == MAILIMAP_BODY_TYPE_1PART_MSG && b->bd_data.bd_type_msg)
                return b->bd_data.bd_type_msg->bd_fields;
        if (b->bd_type == MAILIMAP_BODY_TYPE_1PART_TEXT && b->bd_data.bd_type_text)
                return b->bd_data.bd_type_text->bd_fields;
        return NULL;
}

static const char *parameter(const struct mailimap_body_fld_param *list, const char *name) {
        for (clistiter *c = list && list->pa_list ? clist_begin(list->pa_list) : NULL; c; c = clist_next(c)) {
                const struct mailimap_single_body_fld_param *p = clist_content(c);
                if (p->pa_name && p->pa_value && strcasecmp(p->pa_name, name) == 0)
                        return p->pa_value;
        }
        return NULL;
}

/* Small types of application/ that the parsers read: calendar objects under other names, winmail.dat, signed and encrypted letters. */
static bool is_read(const char *subtype) {
        static const char *const names[] = {"ics",        "calendar",     "ms-tnef",       "vnd.ms-tnef",
                                            "pkcs7-mime", "x-pkcs7-mime", "pgp-encrypted", "octet-stream-ics"};
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcasecmp(subtype, names[i]) == 0)
                        return true;
        return false;
}

static bool is_wanted(const struct mailimap_body_type_1part *b) {
        const struct mailimap_body_fields *f = fields_of(b);
        const struct mailimap_body_fld_dsp *d = b->bd_ext_1part ? b->bd_ext_1part->bd_disposition : NULL;
        const char *name = parameter(f->bd_parameter, "name");
        if (!name)
                name = parameter(d ? d->dsp_attributes : NULL, "filename");
        if (f->bd_size <= SMALL_PART || (name && (str_ends_with(name, ".ics") || strcasecmp(name, "winmail.dat") == 0)))
                return true;
        bool attached = d && d->dsp_type && strcasecmp(d->dsp_type, "attachment") == 0;
        if (b->bd_type == MAILIMAP_BODY_TYPE_1PART_TEXT)
                return !attached || strcasecmp(b->bd_data.bd_type_text->bd_media_text, "calendar") == 0;
        if (b->bd_type != MAILIMAP_BODY_TYPE_1PART_BASIC || !b->bd_data.bd_type_basic->bd_media_basic)
                return false;
        const struct mailimap_media_basic *m = b->bd_data.bd_type_basic->bd_media_basic;
        return m->med_type == MAILIMAP_MEDIA_BASIC_APPLICATION && m->med_subtype && is_read(m->med_subtype);
}

/* --- the tree --- */

static int ask_leaf(struct parts *p, const struct mailimap_body_type_1part *b, const char *section) {
        const struct mailimap_body_fields *f = fields_of(b);
        if (p->n_leaves == LEAVES_MAX)
                return 0;
        struct leaf *l = &p->leaves[p->n_leaves++];
        bool whole = *section == 0;
        const char *number = whole ? "1" : section;
        *l = (struct leaf){.fetch = is_wanted(b) && p->bytes < PARTS_BYTES_MAX,
                           .head = BUF_LIMITED(PART_HEAD_MAX),
                           .body = BUF_LIMITED(PART_MAX)};
        (void) snprintf(l->section, sizeof(l->section), "%s", number);
        if (!whole) {
                (void) buf_printf(&p->command, " BODY.PEEK[%s.MIME]", number);
                p->asked_bytes += PART_HEAD_MAX;
        }
        if (l->fetch) {
                (void) buf_printf(&p->command, " BODY.PEEK[%s]<0.%u>", number, PART_MAX);
                p->asked_bytes += MIN((size_t) f->bd_size, (size_t) PART_MAX);
                p->bytes += MIN((size_t) f->bd_size, (size_t) PART_MAX);
        }
        if (p->command.error < 0)
                return -ENOMEM;
        return p->command.size > COMMAND_MAX ? ask_leaves(p) : 0;
}

/* `section`: of the part, "" when it is the whole message, whose header stands already. */
static int put_leaf(struct parts *p, const struct mailimap_body_type_1part *b, const char *section) {
        const struct mailimap_body_fields *f = fields_of(b);
        if (!f)
                return -EBADMSG;
        if (p->asking)
                return ask_leaf(p, b, section);
        if (p->leaf == p->n_leaves)
                return 0;
        const struct leaf *l = &p->leaves[p->leaf++];
        bool whole = *section == 0;
        int e = l->fetch ? 0 : put(p, "Content-Length: %" PRIu32 "\r\n", f->bd_size);
        if (e >= 0 && !whole)
                e = put_header(p, &l->head, false);
        if (e >= 0)
                e = put(p, "\r\n");
        if (e >= 0 && l->body.size > 0)
                e = fetcher_write(p->fd, l->body.data, l->body.size);
        return e < 0 || whole ? e : put(p, "\r\n");
}

static int open_multipart(struct parts *p, const struct mailimap_body_type_mpart *m, const char *section) {
        uint64_t chance[2] = {0};
        if (!m->bd_list || !m->bd_media_subtype || strpbrk(m->bd_media_subtype, "\r\n;\"") || p->depth == MIME_DEPTH_MAX)
                return -EBADMSG;
        if (getrandom(chance, sizeof(chance), 0) != sizeof(chance))
                return -EIO;
        struct frame *f = &p->frames[p->depth++];
        *f = (struct frame){.next = clist_begin(m->bd_list)};
        (void) snprintf(f->boundary, sizeof(f->boundary), "%016" PRIx64 "%016" PRIx64, chance[0], chance[1]);
        (void) snprintf(f->section, sizeof(f->section), "%s", section);
        return put(p, "Content-Type: multipart/%.100s; boundary=\"%s\"\r\n\r\n", m->bd_media_subtype, f->boundary);
}

static int put_part(struct parts *p, const struct mailimap_body *b, const char *section) {
        if (b->bd_type == MAILIMAP_BODY_MPART && b->bd_data.bd_body_mpart)
                return open_multipart(p, b->bd_data.bd_body_mpart, section);
        if (b->bd_type == MAILIMAP_BODY_1PART && b->bd_data.bd_body_1part)
                return put_leaf(p, b->bd_data.bd_body_1part, section);
        return -EBADMSG;
}

static int walk_tree(struct parts *p) {
        int e = put_part(p, p->structure, "");
        while (e >= 0 && p->depth > 0) {
                struct frame *f = &p->frames[p->depth - 1];
                if (!f->next) {
                        e = put(p, "--%s--\r\n", f->boundary);
                        p->depth--;
                        continue;
                }
                const struct mailimap_body *child = clist_content(f->next);
                char section[SECTION_MAX];
                f->next = clist_next(f->next);
                int n = snprintf(section, sizeof(section), "%s%s%u", f->section, *f->section ? "." : "", ++f->index);
                if (n < 0 || (size_t) n >= sizeof(section))
                        return -EBADMSG;
                e = put(p, "--%s\r\n", f->boundary);
                if (e >= 0)
                        e = put_part(p, child, section);
        }
        return e;
}

static int read_parts(struct parts *p) {
        _cleanup_buf_ struct buf header = BUF_LIMITED(HEADER_SECTION_MAX);
        int e = ask(p, " BODYSTRUCTURE BODY.PEEK[HEADER]", &header, HEADER_SECTION_MAX);
        if (e < 0)
                return e;
        if (!p->found)
                return -ENOENT;
        if (!p->structure || header.size == 0)
                return -EBADMSG;
        e = put_header(p, &header, p->structure->bd_type == MAILIMAP_BODY_MPART);
        p->asking = true;
        if (e >= 0)
                e = walk_tree(p);
        if (e >= 0)
                e = ask_leaves(p);
        p->asking = false;
        return e < 0 ? e : walk_tree(p);
}

int imap_parts_read(struct imap *i, uint32_t uid, int fd) {
        struct parts p = {.imap = i, .uid = uid, .fd = fd};
        p.frames = calloc(MIME_DEPTH_MAX, sizeof(*p.frames));
        p.leaves = calloc(LEAVES_MAX, sizeof(*p.leaves));
        int e = p.frames && p.leaves ? read_parts(&p) : -ENOMEM;
        for (size_t k = 0; k < p.n_leaves; k++) {
                buf_free(&p.leaves[k].head);
                buf_free(&p.leaves[k].body);
        }
        buf_free(&p.command);
        free(p.leaves);
        if (p.structure)
                mailimap_body_free(p.structure);
        free(p.frames);
        return e;
}
