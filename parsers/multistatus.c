/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/multistatus.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "parsers/utf8.h"

/* libxml2's push parser calls us for each element; no tree is built. An element means something only inside the one it belongs to: one
 * table of (parent, namespace, name) says what, and everything else is passed over with all that it holds. */

/* Given to the parser at once. */
#define PIECE 4096U
/* Strings of one response, its addresses included. */
#define RESPONSE_ARENA_MAX (1024U * 1024)
/* RFC 4918 lets one response speak for several resources; servers do not. */
#define RESPONSE_HREFS_MAX 64U

#define MARK_SIZE 3U

enum namespace { NS_DAV, NS_CALDAV, NS_CALENDARSERVER };

static const char *const namespaces[] = {
        [NS_DAV] = "DAV:",
        [NS_CALDAV] = "urn:ietf:params:xml:ns:caldav",
        [NS_CALENDARSERVER] = "http://calendarserver.org/ns/",
};

enum element {
        OTHER,
        ROOT, /* around the root element */
        MULTISTATUS,
        RESPONSE,
        PROPSTAT,
        PROP,
        RESULT_TOKEN,
        HREF,
        STATUS,
        PROPSTAT_STATUS,
        RESOURCETYPE,
        TYPE,
        COMPONENTS,
        COMP,
        REPORT_SET,
        REPORT_IN_SET,
        REPORT,
        CAN_SYNC,
        PRINCIPAL,
        UNAUTHENTICATED,
        HOME,
        HOME_HREF,
        INBOX,
        TEXT, /* a property that is text, or the address in one */
        DATA,
};

enum text_property { DISPLAY_NAME, ETAG, CTAG, SYNC_TOKEN, CONTENT_TYPE, PRINCIPAL_HREF, INBOX_HREF, N_TEXTS };

static const struct row {
        enum element parent;
        enum namespace ns;
        const char *name;
        enum element element;
        unsigned value; /* a flag or an enum text_property */
} rows[] = {
        {ROOT, NS_DAV, "multistatus", MULTISTATUS, 0},
        {MULTISTATUS, NS_DAV, "response", RESPONSE, 0},
        {MULTISTATUS, NS_DAV, "sync-token", RESULT_TOKEN, 0},
        {RESPONSE, NS_DAV, "href", HREF, 0},
        {RESPONSE, NS_DAV, "status", STATUS, 0},
        {RESPONSE, NS_DAV, "propstat", PROPSTAT, 0},
        {PROPSTAT, NS_DAV, "prop", PROP, 0},
        {PROPSTAT, NS_DAV, "status", PROPSTAT_STATUS, 0},
        {PROP, NS_DAV, "resourcetype", RESOURCETYPE, 0},
        {RESOURCETYPE, NS_DAV, "collection", TYPE, DAV_COLLECTION},
        {RESOURCETYPE, NS_CALDAV, "calendar", TYPE, DAV_CALENDAR},
        {RESOURCETYPE, NS_CALDAV, "schedule-inbox", TYPE, DAV_SCHEDULE_INBOX},
        {PROP, NS_DAV, "displayname", TEXT, DISPLAY_NAME},
        {PROP, NS_DAV, "getetag", TEXT, ETAG},
        {PROP, NS_CALENDARSERVER, "getctag", TEXT, CTAG},
        {PROP, NS_DAV, "sync-token", TEXT, SYNC_TOKEN},
        {PROP, NS_DAV, "getcontenttype", TEXT, CONTENT_TYPE},
        {PROP, NS_DAV, "current-user-principal", PRINCIPAL, 0},
        {PRINCIPAL, NS_DAV, "href", TEXT, PRINCIPAL_HREF},
        {PRINCIPAL, NS_DAV, "unauthenticated", UNAUTHENTICATED, 0},
        {PROP, NS_CALDAV, "calendar-home-set", HOME, 0},
        {HOME, NS_DAV, "href", HOME_HREF, 0},
        {PROP, NS_CALDAV, "schedule-inbox-URL", INBOX, 0},
        {INBOX, NS_DAV, "href", TEXT, INBOX_HREF},
        {PROP, NS_CALDAV, "supported-calendar-component-set", COMPONENTS, 0},
        {COMPONENTS, NS_CALDAV, "comp", COMP, 0},
        {PROP, NS_DAV, "supported-report-set", REPORT_SET, 0},
        {REPORT_SET, NS_DAV, "supported-report", REPORT_IN_SET, 0},
        {REPORT_IN_SET, NS_DAV, "report", REPORT, 0},
        {REPORT, NS_DAV, "sync-collection", CAN_SYNC, 0},
        {PROP, NS_CALDAV, "calendar-data", DATA, 0},
};

struct properties {
        unsigned types, components;
        bool can_sync, unauthenticated, has_data;
        const char *texts[N_TEXTS]; /* in the arena */
        const char *homes[MULTISTATUS_HOMES_MAX];
        uint32_t n_homes;
};

struct open_element {
        enum element element;
        unsigned value;
};

struct multistatus {
        xmlParserCtxtPtr parser; /* owned */
        int (*found)(const struct dav_response *response, void *userdata);
        void *userdata;
        struct arena *arena; /* owned: of the response at hand */
        struct open_element open[MULTISTATUS_DEPTH_MAX + 1];
        uint32_t depth;
        struct buf text; /* of the element that is read */
        struct buf data; /* calendar-data */
        bool text_full, data_full;
        size_t since;                    /* bytes given since the last element or text */
        int error;                       /* sticks */
        unsigned mark;                   /* bytes of a byte order mark that were passed over; MARK_SIZE: past it */
        struct properties pending, kept; /* of the propstat at hand; of the response */
        int propstat_status;
        int data_status;
        struct dav_response response; /* href, status */
        const char *hrefs[RESPONSE_HREFS_MAX];
        uint32_t n_hrefs;
        struct multistatus_result result;
        char *token; /* owned */
};

/* --- text --- */

static bool is_text(enum element e) {
        return e == TEXT || e == HREF || e == STATUS || e == PROPSTAT_STATUS || e == RESULT_TOKEN || e == HOME_HREF;
}

/* The text that was read, clean and without blanks around it: in the arena. */
static const char *take_text(struct multistatus *m) {
        if (m->text.size == 0)
                return "";
        size_t n = utf8_clean_in_place(m->text.data, m->text.size);
        char *s = m->text.data;
        while (n > 0 && isspace((unsigned char) s[n - 1]))
                n--;
        while (n > 0 && isspace((unsigned char) *s))
                s++, n--;
        const char *copy = arena_strndup(m->arena, s, n);
        if (!copy)
                m->error = -EMSGSIZE;
        return copy;
}

/* "HTTP/1.1 200 OK". What cannot be read is neither good nor a sign that something is gone. */
static int parse_status(const char *s) {
        const char *p = strncasecmp(s, "HTTP/", 5) == 0 ? strchr(s, ' ') : s;
        while (p && *p == ' ')
                p++;
        if (!p || !isdigit((unsigned char) p[0]) || !isdigit((unsigned char) p[1]) || !isdigit((unsigned char) p[2]) ||
            isdigit((unsigned char) p[3]))
                return 500;
        int status = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
        return status >= 100 && status < 600 ? status : 500;
}

/* --- a response --- */

static void response_begin(struct multistatus *m) {
        arena_reset(m->arena);
        buf_reset(&m->data);
        m->response = (struct dav_response){};
        m->kept = (struct properties){};
        m->n_hrefs = 0;
        m->data_status = 0;
        if (++m->result.responses > MULTISTATUS_RESPONSES_MAX)
                m->error = -EMSGSIZE;
}

static void response_end(struct multistatus *m) {
        struct dav_response *r = &m->response;
        const char *const *t = m->kept.texts;
        r->types = m->kept.types;
        r->components = m->kept.components;
        r->can_sync = m->kept.can_sync;
        r->unauthenticated = m->kept.unauthenticated;
        r->display_name = t[DISPLAY_NAME];
        r->etag = t[ETAG];
        r->ctag = t[CTAG];
        r->sync_token = t[SYNC_TOKEN];
        r->content_type = t[CONTENT_TYPE];
        r->principal = t[PRINCIPAL_HREF];
        r->homes = m->kept.homes;
        r->n_homes = m->kept.n_homes;
        r->inbox = t[INBOX_HREF];
        r->data_status = m->data_status;
        if (m->kept.has_data) {
                r->data = m->data.size > 0 ? m->data.data : "";
                r->size = m->data.size;
        }
        for (uint32_t i = 0; i < m->n_hrefs && m->error >= 0; i++) {
                r->href = m->hrefs[i];
                m->error = MIN(m->found(r, m->userdata), 0);
        }
}

static void propstat_begin(struct multistatus *m) {
        m->pending = (struct properties){};
        m->propstat_status = 200;
        m->data_full = false;
}

/* One that is left out would be calendars that are not read, and nobody would know. */
static void add_home(struct multistatus *m, struct properties *p, const char *href) {
        if (p->n_homes == MULTISTATUS_HOMES_MAX)
                m->error = -EMSGSIZE;
        else
                p->homes[p->n_homes++] = href;
}

static void propstat_end(struct multistatus *m) {
        struct properties *p = &m->pending, *k = &m->kept;
        bool good = m->propstat_status / 100 == 2;
        if (p->has_data) {
                m->data_status = good && m->data_full ? 413 : m->propstat_status;
                k->has_data = k->has_data || (good && !m->data_full);
        }
        if (!good)
                return;
        k->types |= p->types;
        k->components |= p->components;
        k->can_sync = k->can_sync || p->can_sync;
        k->unauthenticated = k->unauthenticated || p->unauthenticated;
        for (size_t i = 0; i < N_TEXTS; i++)
                if (!k->texts[i])
                        k->texts[i] = p->texts[i];
        for (uint32_t i = 0; i < p->n_homes; i++)
                add_home(m, k, p->homes[i]);
}

static void text_end(struct multistatus *m, const struct open_element *o) {
        bool cut = o->element == TEXT && o->value == DISPLAY_NAME;
        if (m->text_full && !cut) {
                m->error = -EMSGSIZE;
                return;
        }
        if (m->text_full)
                m->text.size = utf8_boundary(m->text.data, m->text.size);
        const char *s = take_text(m);
        if (!s)
                return;
        switch (o->element) {
        case HREF:
                if (m->n_hrefs == RESPONSE_HREFS_MAX)
                        m->error = -EMSGSIZE;
                else
                        m->hrefs[m->n_hrefs++] = s;
                break;
        case STATUS:
                m->response.status = parse_status(s);
                break;
        case PROPSTAT_STATUS:
                m->propstat_status = parse_status(s);
                break;
        case RESULT_TOKEN:
                free(m->token);
                m->token = strdup(s);
                if (!m->token)
                        m->error = -ENOMEM;
                break;
        case HOME_HREF:
                if (*s)
                        add_home(m, &m->pending, s);
                break;
        default:
                if (*s && !m->pending.texts[o->value])
                        m->pending.texts[o->value] = s;
        }
}

/* --- elements --- */

static const struct row *find_row(enum element parent, const char *ns, const char *name) {
        if (parent == OTHER || !ns)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (rows[i].parent == parent && strcmp(rows[i].name, name) == 0 && strcmp(namespaces[rows[i].ns], ns) == 0)
                        return &rows[i];
        return NULL;
}

/* The value of an attribute without a namespace is not NUL-terminated: libxml2 gives five pointers for each. */
static bool attribute_is(const xmlChar **attributes, int n, const char *name, const char *value) {
        for (int i = 0; i < n; i++) {
                const char *begin = (const char *) attributes[i * 5 + 3], *end = (const char *) attributes[i * 5 + 4];
                if (strcmp((const char *) attributes[i * 5], name) == 0)
                        return (size_t) (end - begin) == strlen(value) && strncasecmp(begin, value, strlen(value)) == 0;
        }
        return false;
}

static void fail(struct multistatus *m, int error) {
        if (m->error >= 0)
                m->error = error;
        xmlStopParser(m->parser);
}

static void opened(struct multistatus *m, const struct open_element *o, const xmlChar **attributes, int n_attributes) {
        switch (o->element) {
        case RESPONSE:
                response_begin(m);
                break;
        case PROPSTAT:
                propstat_begin(m);
                break;
        case TYPE:
                m->pending.types |= o->value;
                break;
        case COMP:
                m->pending.components |=
                        attribute_is(attributes, n_attributes, "name", "VEVENT") ? DAV_VEVENT : DAV_OTHER_COMPONENT;
                break;
        case CAN_SYNC:
                m->pending.can_sync = true;
                break;
        case UNAUTHENTICATED:
                m->pending.unauthenticated = true;
                break;
        case DATA:
                m->pending.has_data = true;
                if (!m->kept.has_data)
                        buf_reset(&m->data);
                break;
        default:
                if (is_text(o->element)) {
                        buf_reset(&m->text);
                        m->text_full = false;
                }
        }
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                     const xmlChar **ns, int n_attributes, int n_defaulted, const xmlChar **attributes) {
        (void) prefix, (void) n_namespaces, (void) ns, (void) n_defaulted;
        struct multistatus *m = ctx;
        m->since = 0;
        if (m->error < 0)
                return;
        if (m->depth == MULTISTATUS_DEPTH_MAX) {
                fail(m, -EMSGSIZE);
                return;
        }
        const struct row *row = find_row(m->open[m->depth].element, (const char *) uri, (const char *) name);
        if (!row && m->depth == 0) {
                fail(m, -EBADMSG); /* a page for people, or another protocol */
                return;
        }
        struct open_element *o = &m->open[++m->depth];
        *o = (struct open_element){row ? row->element : OTHER, row ? row->value : 0};
        if (row)
                opened(m, o, attributes, n_attributes);
        if (m->error < 0)
                fail(m, m->error);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
        (void) name, (void) prefix, (void) uri;
        struct multistatus *m = ctx;
        m->since = 0;
        if (m->error < 0 || m->depth == 0)
                return;
        const struct open_element *o = &m->open[m->depth--];
        if (is_text(o->element))
                text_end(m, o);
        else if (o->element == PROPSTAT)
                propstat_end(m);
        else if (o->element == RESPONSE)
                response_end(m);
        if (m->error < 0)
                fail(m, m->error);
}

static void on_text(void *ctx, const xmlChar *s, int n) {
        struct multistatus *m = ctx;
        m->since = 0;
        enum element e = m->open[m->depth].element;
        if (m->error < 0 || n <= 0)
                return;
        int r = 0;
        if (is_text(e) && !m->text_full) {
                r = buf_add(&m->text, s, (size_t) n);
                m->text_full = r == -E2BIG;
        } else if (e == DATA && !m->data_full && !m->kept.has_data) {
                r = buf_add(&m->data, s, (size_t) n);
                m->data_full = r == -E2BIG;
        }
        if (r == -ENOMEM)
                fail(m, r);
}

static void on_document_type(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
        (void) name, (void) external, (void) system;
        fail(ctx, -EBADMSG);
}

static void on_fault(void *ctx, xmlErrorPtr error) {
        (void) ctx, (void) error;
}

int multistatus_new(int (*found)(const struct dav_response *response, void *userdata), void *userdata,
                    struct multistatus **ret) {
        struct multistatus *m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        *m = (struct multistatus){.found = found,
                                  .userdata = userdata,
                                  .text = BUF_LIMITED(MULTISTATUS_TEXT_MAX),
                                  .data = BUF_LIMITED(MULTISTATUS_DATA_MAX),
                                  .open = {{ROOT, 0}}};
        xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                             .startElementNs = on_start,
                             .endElementNs = on_end,
                             .characters = on_text,
                             .ignorableWhitespace = on_text,
                             .cdataBlock = on_text,
                             .internalSubset = on_document_type,
                             .serror = on_fault};
        if (arena_new(RESPONSE_ARENA_MAX, &m->arena) >= 0)
                m->parser = xmlCreatePushParserCtxt(&sax, m, NULL, 0, NULL);
        if (!m->parser) {
                multistatus_free(m);
                return -ENOMEM;
        }
        /* WebDAV servers write UTF-8. Others would be converted by iconv, which opens files and complains where it likes. */
        (void) xmlCtxtUseOptions(m->parser,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
        (void) xmlSwitchEncoding(m->parser, XML_CHAR_ENCODING_UTF8);
        *ret = m;
        return 0;
}

struct multistatus *multistatus_free(struct multistatus *m) {
        if (!m)
                return NULL;
        if (m->parser)
                xmlFreeParserCtxt(m->parser);
        arena_free(m->arena);
        buf_free(&m->text);
        buf_free(&m->data);
        free(m->token);
        free(m);
        return NULL;
}

static int parse(struct multistatus *m, const char *data, size_t size, bool last) {
        int r = xmlParseChunk(m->parser, data, (int) size, last);
        if (m->error >= 0 && r != 0 && !m->parser->wellFormed)
                m->error = r == XML_ERR_NO_MEMORY ? -ENOMEM : -EBADMSG;
        return m->error;
}

/* U+FEFF at the very beginning, which libxml2 only knows when it looks for the encoding. */
static void pass_mark(struct multistatus *m, const char **p, size_t *size) {
        static const char mark[MARK_SIZE] = "\xef\xbb\xbf";
        while (*size > 0 && m->mark < MARK_SIZE) {
                if (**p != mark[m->mark]) {
                        if (m->mark > 0)
                                m->error = -EBADMSG;
                        m->mark = MARK_SIZE;
                        return;
                }
                m->mark++;
                (*p)++;
                (*size)--;
        }
}

int multistatus_feed(struct multistatus *m, const void *data, size_t size) {
        const char *p = data;
        if (m->error >= 0)
                pass_mark(m, &p, &size);
        while (size > 0 && m->error >= 0) {
                size_t n = MIN(size, (size_t) PIECE);
                m->since += n;
                if (parse(m, p, n, false) >= 0 && m->since > MULTISTATUS_PIECE_MAX)
                        m->error = -EMSGSIZE;
                p += n;
                size -= n;
        }
        return m->error;
}

int multistatus_end(struct multistatus *m, struct multistatus_result *ret) {
        if (m->error >= 0)
                (void) parse(m, "", 0, true);
        if (m->error >= 0 && (!m->parser->wellFormed || m->depth > 0))
                m->error = -EBADMSG;
        if (m->error < 0)
                return m->error;
        m->result.sync_token = str_empty(m->token) ? NULL : m->token;
        *ret = m->result;
        return 0;
}
