/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "parsers/text.h"
#include "parsers/utf8.h"

/* Lines are sorted into what is new and what is not by marks that programs write. Where a mark is in doubt the line stays:
 * a signature too much does no harm, a lost sentence does. */

/* Longest line that can be a mark; longer ones are prose. */
#define MARK_MAX 400U
/* An attribution is wrapped over at most this many lines. */
#define ATTRIBUTION_LINES 4U
/* Lines in which the fields of another program's header block stand, wrapped recipients included. */
#define HEADER_LINES 14U
/* After a bare "--", which people also use to part sections, at most this many lines are a signature; after "-- " more. */
#define SIGNATURE_LINES_BARE 15U
#define SIGNATURE_LINES 40U
/* Underscores of the rule that Outlook draws, and the widest label below it, in bytes. */
#define OUTLOOK_RULE 32U
#define LABEL_WIDTH 40
/* A block of contact details after the closing words. */
#define CONTACT_LINES 12U
#define CONTACT_WIDTH 90U

struct line {
        uint32_t at, len;
        uint32_t folded;         /* length of its folded form, which stands at `at` of split.folded; NOT_FOLDED */
        bool quoted, blank, out; /* begins with '>'; nothing on it; not new */
};
#define NOT_FOLDED UINT32_MAX

/* Tables of words with which a line may begin. */
enum beginning {
        BEGINS_FORWARD = 1 << 0,
        BEGINS_LIST_FOOTER = 1 << 1,
        BEGINS_DISCLAIMER = 1 << 2,
        BEGINS_MOBILE_FOOTER = 1 << 3,
        BEGINS_CLOSING = 1 << 4,
};

/* By the first two letters: which tables hold a word that begins so. Most lines begin no word of any. */
#define BEGINNINGS 1024U

struct split {
        const char *text;
        uint8_t beginnings[BEGINNINGS];
        char *folded;       /* owned; each line is looked at by many tests, and folded once, when the first of them asks */
        struct line *lines; /* owned */
        size_t n;
        bool forward;
        bool headed, set_in; /* a heading at the start, and lines that are set in, were dropped: both once */
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static int cut_lines(const char *text, struct split *ret) {
        size_t n = 1;
        for (const char *p = text; (p = strchr(p, '\n')); p++)
                n++;
        ret->lines = calloc(n, sizeof(*ret->lines));
        ret->folded = malloc(strlen(text) + 1);
        if (!ret->lines || !ret->folded)
                return -ENOMEM;
        const char *p = text;
        for (size_t i = 0; i < n; i++) {
                size_t len = strcspn(p, "\n");
                struct line *l = ret->lines + i;
                const char *q = p;
                while (is_blank(*q))
                        q++;
                l->at = (uint32_t) (p - text);
                l->len = (uint32_t) len;
                l->folded = NOT_FOLDED;
                l->quoted = *q == '>' && q - p <= 3;
                l->blank = q == p + len;
                l->out = l->quoted;
                p += len + 1;
        }
        ret->text = text;
        ret->n = n;
        return 0;
}

static bool is_emphasis(char c) {
        return is_blank(c) || c == '*' || c == '_';
}

/* n bytes folded, without blanks and emphasis marks around them; empty when too long to be a mark. `out` has room for n + 1. */
static size_t fold_span(const char *p, size_t n, char *out) {
        out[0] = 0;
        if (n >= MARK_MAX)
                return 0;
        while (n > 0 && is_emphasis(*p))
                p++, n--;
        while (n > 0 && is_emphasis(p[n - 1]))
                n--;
        return utf8_fold(p, n, out, n + 1);
}

/* A folded line is never longer than the line, and the line end makes room for the NUL. */
static const char *fold_line(const struct split *s, size_t i, size_t *ret_n) {
        struct line *l = s->lines + i;
        if (l->folded == NOT_FOLDED)
                l->folded = (uint32_t) fold_span(s->text + l->at, l->len, s->folded + l->at);
        if (ret_n)
                *ret_n = l->folded;
        return s->folded + l->at;
}

/* Words have two letters or more, which tell most of them from the line without a call. */
static bool starts(const char *s, const char *word) {
        return s[0] == word[0] && s[1] == word[1] && strncmp(s, word, strlen(word)) == 0;
}

static bool starts_any(const char *s, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (starts(s, words[i]))
                        return true;
        return false;
}

static size_t beginning_of(const char *s) {
        return s[0] ? (size_t) ((s[0] & 31) << 5 | (s[1] & 31)) : 0;
}

static bool may_begin(const struct split *split, const char *s, enum beginning what) {
        return split->beginnings[beginning_of(s)] & what;
}

static bool holds_any(const char *s, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strstr(s, words[i]))
                        return true;
        return false;
}

static size_t next_filled(const struct split *s, size_t i) {
        while (i < s->n && s->lines[i].blank)
                i++;
        return i;
}

static void drop(struct split *s, size_t from, size_t to) {
        for (size_t i = from; i < to && i < s->n; i++)
                s->lines[i].out = true;
}

static void drop_until_quote(struct split *s, size_t from) {
        for (size_t i = from; i < s->n && !s->lines[i].quoted; i++)
                s->lines[i].out = true;
}

/* A clock time or a year: what an attribution in any language holds. */
static bool has_date(const char *s) {
        for (const char *p = s; *p; p++) {
                if (*p < '0' || *p > '9')
                        continue;
                size_t n = strspn(p, "0123456789");
                if (n == 4 && (starts(p, "19") || starts(p, "20")))
                        return true;
                if (n <= 2 && (p[n] == ':' || p[n] == 'h' || p[n] == '.') && p[n + 1] >= '0' && p[n + 1] <= '9')
                        return true;
                p += n - 1;
        }
        return false;
}

/* "-----Original Message-----" and its kin: dashes around words that are in a table. */
static const char *const original_words[] = {"original message",
                                             "message d'origine",
                                             "message original",
                                             "ursprungliche nachricht",
                                             "originalnachricht",
                                             "original-nachricht",
                                             "ursprungliche mail",
                                             "oorspronkelijk bericht",
                                             "mensaje original",
                                             "messaggio originale",
                                             "messaggio originario",
                                             "mensagem original",
                                             "ursprungligt meddelande",
                                             "originalmeddelande",
                                             "oprindelig meddelelse",
                                             "opprinnelig melding",
                                             "alkuperainen viesti",
                                             "wiadomosc oryginalna",
                                             "oryginalna wiadomosc",
                                             "reply message",
                                             "original appointment",
                                             "rendez-vous d'origine",
                                             "message initial",
                                             "original email",
                                             "reply above this line",
                                             "replied message",
                                             "mesaj original",
                                             "original mail",
                                             "puvodni zprava",
                                             "eredeti uzenet",
                                             "orijinal mesaj",
                                             "izvorna poruka",
                                             "исходное сообщение",
                                             "оригинальное сообщение",
                                             "пересылаемое сообщение",
                                             "оригінальне повідомлення",
                                             "原始邮件",
                                             "原始郵件",
                                             "回复的原邮件",
                                             "元のメッセージ",
                                             "オリジナルメッセージ",
                                             "원본 메시지",
                                             "원본 메일"};
static const char *const forward_words[] = {"forwarded message",
                                            "message transfere",
                                            "message transmis",
                                            "weitergeleitete nachricht",
                                            "weitergeleitete mail",
                                            "doorgestuurd bericht",
                                            "mensaje reenviado",
                                            "messaggio inoltrato",
                                            "mensagem encaminhada",
                                            "mensagem reencaminhada",
                                            "vidarebefordrat meddelande",
                                            "vidarebefordrat brev",
                                            "videresendt meddelelse",
                                            "videresendt besked",
                                            "videresendt melding",
                                            "valitetty viesti",
                                            "edelleenlahetetty viesti",
                                            "przekazana wiadomosc",
                                            "wiadomosc przekazana dalej",
                                            "forwarded by",
                                            "forwarded mail",
                                            "forwarded from",
                                            "fwd message",
                                            "preposlana zprava",
                                            "tovabbitott uzenet",
                                            "iletilen mesaj",
                                            "пересланное сообщение",
                                            "пересылаемое сообщение",
                                            "переслане повідомлення",
                                            "转发的消息",
                                            "转发邮件",
                                            "转发的邮件",
                                            "轉寄郵件",
                                            "轉寄的郵件",
                                            "転送メッセージ",
                                            "転送されたメッセージ",
                                            "전달된 메시지"};
static const char *const apple_forwards[] = {"begin forwarded message",
                                             "debut du message transfere",
                                             "debut du message reexpedie",
                                             "anfang der weitergeleiteten nachricht",
                                             "begin doorgestuurd bericht",
                                             "inicio del mensaje reenviado",
                                             "inizio messaggio inoltrato",
                                             "inicio da mensagem",
                                             "vidarebefordrat brev",
                                             "start pa videresendt besked",
                                             "poczatek przekazanej wiadomosci",
                                             "mulai pesan yang diteruskan",
                                             "начало переадресованного сообщения",
                                             "开始转发的邮件",
                                             "開始轉寄郵件",
                                             "転送されたメッセージ"};

enum mark { MARK_NONE, MARK_ORIGINAL, MARK_FORWARD };

static enum mark mark_of(const struct split *split, const char *s) {
        if (may_begin(split, s, BEGINS_FORWARD) && starts_any(s, apple_forwards, ELEMENTSOF(apple_forwards)) &&
            s[strlen(s) - 1] == ':')
                return MARK_FORWARD;
        size_t dashes = strspn(s, "-=");
        if (dashes < 2)
                return MARK_NONE;
        s += dashes + strspn(s + dashes, " ");
        if (starts_any(s, forward_words, ELEMENTSOF(forward_words)))
                return MARK_FORWARD;
        if (starts_any(s, original_words, ELEMENTSOF(original_words)))
                return MARK_ORIGINAL;
        /* Zoho: "---- On Tue, 22 Dec 2015 14:17:36 +0530 Eva <e@x.de> wrote ----". */
        size_t n = strlen(s);
        return n > 4 && memcmp(s + n - 4, "----", 4) == 0 && has_date(s) ? MARK_ORIGINAL : MARK_NONE;
}

/* Labels of the header block that Outlook and others put above a quotation. */
enum label { LABEL_FROM = 1, LABEL_DATE = 2, LABEL_TO = 4, LABEL_SUBJECT = 8, LABEL_CC = 16 };

static const struct {
        const char *word;
        unsigned label;
} labels[] = {
        {"from", LABEL_FROM},
        {"de", LABEL_FROM},
        {"von", LABEL_FROM},
        {"van", LABEL_FROM},
        {"da", LABEL_FROM},
        {"fra", LABEL_FROM},
        {"fran", LABEL_FROM},
        {"lahettaja", LABEL_FROM},
        {"od", LABEL_FROM},
        {"expediteur", LABEL_FROM},
        {"afzender", LABEL_FROM},
        {"sent", LABEL_DATE},
        {"date", LABEL_DATE},
        {"envoye", LABEL_DATE},
        {"envoye le", LABEL_DATE},
        {"gesendet", LABEL_DATE},
        {"datum", LABEL_DATE},
        {"verzonden", LABEL_DATE},
        {"enviado", LABEL_DATE},
        {"enviado el", LABEL_DATE},
        {"enviada em", LABEL_DATE},
        {"enviado em", LABEL_DATE},
        {"inviato", LABEL_DATE},
        {"data", LABEL_DATE},
        {"fecha", LABEL_DATE},
        {"skickat", LABEL_DATE},
        {"sendt", LABEL_DATE},
        {"dato", LABEL_DATE},
        {"lahetetty", LABEL_DATE},
        {"wyslano", LABEL_DATE},
        {"wyslane", LABEL_DATE},
        {"date d'envoi", LABEL_DATE},
        {"to", LABEL_TO},
        {"a", LABEL_TO},
        {"an", LABEL_TO},
        {"aan", LABEL_TO},
        {"para", LABEL_TO},
        {"per", LABEL_TO},
        {"till", LABEL_TO},
        {"til", LABEL_TO},
        {"vastaanottaja", LABEL_TO},
        {"do", LABEL_TO},
        {"destinataire", LABEL_TO},
        {"pour", LABEL_TO},
        {"subject", LABEL_SUBJECT},
        {"objet", LABEL_SUBJECT},
        {"sujet", LABEL_SUBJECT},
        {"betreff", LABEL_SUBJECT},
        {"onderwerp", LABEL_SUBJECT},
        {"asunto", LABEL_SUBJECT},
        {"assunto", LABEL_SUBJECT},
        {"oggetto", LABEL_SUBJECT},
        {"amne", LABEL_SUBJECT},
        {"emne", LABEL_SUBJECT},
        {"aihe", LABEL_SUBJECT},
        {"temat", LABEL_SUBJECT},
        {"cc", LABEL_CC},
        {"kopie", LABEL_CC},
        {"copie a", LABEL_CC},
        {"importance", LABEL_CC},
        {"reply-to", LABEL_CC},
        {"repondre a", LABEL_CC},
        {"priority", LABEL_CC},
        {"attachments", LABEL_CC},
        {"felado", LABEL_FROM},
        {"kimden", LABEL_FROM},
        {"gonderen", LABEL_FROM},
        {"odesilatel", LABEL_FROM},
        {"odosielatel", LABEL_FROM},
        {"de la", LABEL_FROM},
        {"saatja", LABEL_FROM},
        {"siuntejas", LABEL_FROM},
        {"от", LABEL_FROM},
        {"від", LABEL_FROM},
        {"απο", LABEL_FROM},
        {"από", LABEL_FROM},
        {"发件人", LABEL_FROM},
        {"寄件者", LABEL_FROM},
        {"寄件人", LABEL_FROM},
        {"發件人", LABEL_FROM},
        {"差出人", LABEL_FROM},
        {"送信元", LABEL_FROM},
        {"送信者", LABEL_FROM},
        {"보낸 사람", LABEL_FROM},
        {"보낸사람", LABEL_FROM},
        {"מאת", LABEL_FROM},
        {"elkuldve", LABEL_DATE},
        {"odeslano", LABEL_DATE},
        {"odoslane", LABEL_DATE},
        {"gonderildi", LABEL_DATE},
        {"gonderme tarihi", LABEL_DATE},
        {"tarih", LABEL_DATE},
        {"trimis", LABEL_DATE},
        {"trimis la", LABEL_DATE},
        {"дата", LABEL_DATE},
        {"отправлено", LABEL_DATE},
        {"надіслано", LABEL_DATE},
        {"дата відправлення", LABEL_DATE},
        {"στάλθηκε", LABEL_DATE},
        {"ημερομηνία", LABEL_DATE},
        {"发送时间", LABEL_DATE},
        {"发送日期", LABEL_DATE},
        {"傳送時間", LABEL_DATE},
        {"寄件日期", LABEL_DATE},
        {"日期", LABEL_DATE},
        {"送信日時", LABEL_DATE},
        {"日時", LABEL_DATE},
        {"日付", LABEL_DATE},
        {"보낸 날짜", LABEL_DATE},
        {"보낸날짜", LABEL_DATE},
        {"날짜", LABEL_DATE},
        {"enviado em", LABEL_DATE},
        {"enviada", LABEL_DATE},
        {"enviado a", LABEL_DATE},
        {"skickat den", LABEL_DATE},
        {"verzonden op", LABEL_DATE},
        {"gesendet am", LABEL_DATE},
        {"inviato il", LABEL_DATE},
        {"fecha de envio", LABEL_DATE},
        {"expedie", LABEL_DATE},
        {"envoi", LABEL_DATE},
        {"date et heure", LABEL_DATE},
        {"poslano", LABEL_DATE},
        {"lahetysaika", LABEL_DATE},
        {"paivays", LABEL_DATE},
        {"cimzett", LABEL_TO},
        {"komu", LABEL_TO},
        {"kime", LABEL_TO},
        {"catre", LABEL_TO},
        {"кому", LABEL_TO},
        {"προς", LABEL_TO},
        {"收件人", LABEL_TO},
        {"收件者", LABEL_TO},
        {"宛先", LABEL_TO},
        {"宛て", LABEL_TO},
        {"받는 사람", LABEL_TO},
        {"받는사람", LABEL_TO},
        {"destinatario", LABEL_TO},
        {"destinatari", LABEL_TO},
        {"ontvanger", LABEL_TO},
        {"empfanger", LABEL_TO},
        {"mottagare", LABEL_TO},
        {"modtager", LABEL_TO},
        {"mottaker", LABEL_TO},
        {"adresat", LABEL_TO},
        {"prima", LABEL_TO},
        {"a", LABEL_TO},
        {"alle", LABEL_TO},
        {"targy", LABEL_SUBJECT},
        {"predmet", LABEL_SUBJECT},
        {"konu", LABEL_SUBJECT},
        {"subiect", LABEL_SUBJECT},
        {"тема", LABEL_SUBJECT},
        {"θέμα", LABEL_SUBJECT},
        {"主题", LABEL_SUBJECT},
        {"主旨", LABEL_SUBJECT},
        {"主題", LABEL_SUBJECT},
        {"件名", LABEL_SUBJECT},
        {"題名", LABEL_SUBJECT},
        {"제목", LABEL_SUBJECT},
        {"assumpte", LABEL_SUBJECT},
        {"naslov", LABEL_SUBJECT},
        {"sujet du message", LABEL_SUBJECT},
        {"titel", LABEL_SUBJECT},
        {"kopia", LABEL_CC},
        {"kopio", LABEL_CC},
        {"masolatot", LABEL_CC},
        {"masolatot kap", LABEL_CC},
        {"копия", LABEL_CC},
        {"копія", LABEL_CC},
        {"抄送", LABEL_CC},
        {"副本", LABEL_CC},
        {"참조", LABEL_CC},
        {"bcc", LABEL_CC},
        {"kopi til", LABEL_CC},
        {"bilaga", LABEL_CC},
        {"vedlegg", LABEL_CC},
        {"importancia", LABEL_CC},
        {"importanza", LABEL_CC},
        {"vigtighed", LABEL_CC},
        {"wichtigkeit", LABEL_CC},
        {"prioritat", LABEL_CC},
        {"dw", LABEL_CC},
        {"kopie an", LABEL_CC},
        {"kopi", LABEL_CC},
        {"wichtig", LABEL_CC},
        {"anlagen", LABEL_CC},
        {"pieces jointes", LABEL_CC},
        {"reply to", LABEL_CC},
        {"添付ファイル", LABEL_CC},
        {"附件", LABEL_CC},
};

static unsigned label_of(const char *s) {
        size_t n = strcspn(s, ":");
        if (s[n] != ':')
                return 0;
        while (n > 0 && strchr(" *", s[n - 1]))
                n--;
        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                if (labels[i].word[0] == s[0] && strlen(labels[i].word) == n && memcmp(labels[i].word, s, n) == 0)
                        return labels[i].label;
        return 0;
}

/* A header block starts here: returns the line after it, or i. A travel form has "De:", "À:" and "Date:" too, so a subject
 * or an address is needed. */
static size_t header_block(const struct split *s, size_t i, unsigned *ret_labels) {
        unsigned seen = 0;
        bool address = false;
        size_t end = i, blanks = 0;

        for (size_t k = i; k < s->n && k < i + HEADER_LINES && !s->lines[k].quoted; k++) {
                if (s->lines[k].blank) {
                        /* One may stand between the lines when they were paragraphs. */
                        if (++blanks > 1)
                                break;
                        continue;
                }
                const char *folded = fold_line(s, k, NULL);
                unsigned label = label_of(folded);
                if (label == 0 && (k == i || blanks > 0))
                        break;
                address |= label == LABEL_FROM && strchr(folded, '@');
                seen |= label;
                if (label != 0) {
                        end = k + 1;
                        blanks = 0;
                }
        }
        bool complete = seen & LABEL_FROM && seen & (LABEL_DATE | LABEL_TO) &&
                        (seen & LABEL_SUBJECT || (address && seen & LABEL_DATE));
        if (ret_labels)
                *ret_labels = seen;
        return complete ? end : i;
}

static const char *const attribution_starts[] = {
        "sr.",         "pon.", "wt.",  "czw.", "pt.", "sob.", "niedz.", "dna ", "ut ",     "po ",   "st ",      "ct ",
        "so ",         "ne ",  "pn",   "пн",   "вт",  "ср",   "чт",     "пт",   "сб",      "вс",    "нд",       "поне",
        "четв",        "пятн", "субб", "воск", "в ",  "在",   "於",     "于",   "στις",    "ter",   "qua",      "qui",
        "sex",         "jue",  "gio",  "lor",  "tis", "ke.",  "fri",    "ezt ", "la.",     "og ",   "il.",      "on ",
        "le ",         "am ",  "op ",  "el ",  "il ", "em ",  "a ",     "den ", "w dniu ", "dnia ", "in data ", "quoting ",
        "in article ", "ti ",  "ma ",  "ke ",  "to ", "pe ",  "la ",    "su ",  "pa ",     "mon",   "tue",      "wed",
        "thu",         "fri",  "sat",  "sun",  "lun", "mar",  "mer",    "jeu",  "ven",     "sam",   "dim",      "do ",
        "vr ",         "za ",  "zo ",  "di ",  "wo ", "man",  "tir",    "ons",  "tor",     "fre",   "lor",      "son"};
static const char *const attribution_verbs[] = {"wrote",
                                                "writes",
                                                "said",
                                                "a ecrit",
                                                "ecrivait",
                                                "ecrit",
                                                "schrieb",
                                                "schreef",
                                                "schreef het volgende",
                                                "escribio",
                                                "ha scritto",
                                                "scritto",
                                                "escreveu",
                                                "napisal",
                                                "napisala",
                                                "napisal(a)",
                                                "pisze",
                                                "skrev",
                                                "kirjoitti",
                                                "skrev foljande",
                                                "het volgende geschreven",
                                                "geschreven",
                                                "folgendes geschrieben",
                                                "sent",
                                                "a repondu",
                                                "has written",
                                                "napsal",
                                                "napsala",
                                                "napsal(a)",
                                                "escriu",
                                                "va escriure",
                                                "a scris",
                                                "yazdi",
                                                "sunu yazdi",
                                                "het volgende",
                                                "написал",
                                                "написала",
                                                "написал(а)",
                                                "писал",
                                                "писал(а)",
                                                "пишет",
                                                "написав",
                                                "написав(ла)",
                                                "пише",
                                                "έγραψε"};
/* Where no blank parts the words, the verb follows the name directly. */
static const char *const attribution_tails[] = {
        "写道",         "寫道",     "写到",         "书写",         "さんは書きました", "さんが書きました",
        "のメッセージ", "のメール", "に書きました", "は書きました", "님이 작성",        "작성"};

/* An address that goes on in the next line, which the '>' at its end made look like a quotation: "schrieb Eva <e@x.de" and then
 * ">:" or "> e@x.de>:". */
static bool is_wrapped_address(const struct split *s, size_t k, const char *folded) {
        const char *open = strrchr(folded, '<');
        return open && !strchr(open, '>') && k + 1 < s->n && s->lines[k + 1].quoted;
}

/* Where an attribution ends, in its last line. */
static bool ends_attribution(const struct split *s, size_t k, const char *folded, size_t n) {
        return folded[n - 1] == ':' || starts(folded, "skrev") || starts(folded, "schrieb") ||
               is_wrapped_address(s, k, folded);
}

static bool starts_attribution(const char *folded) {
        return (folded[0] >= '0' && folded[0] <= '9') ||
               starts_any(folded, attribution_starts, ELEMENTSOF(attribution_starts));
}

/* Lines of the writer stand directly above it: the attribution begins at one of the lines after i. */
static bool begins_later(const struct split *s, size_t i, size_t end) {
        const char *first = fold_line(s, i, NULL);
        if (end <= i + 1 || (has_date(first) && (starts_attribution(first) || strchr(first, '@'))))
                return false;
        for (size_t k = i + 1; k < end; k++) {
                const char *folded = fold_line(s, k, NULL);
                if (starts_attribution(folded) && has_date(folded))
                        return true;
        }
        return !starts_attribution(first) && !has_date(first) && !strchr(first, '@');
}

static bool ends_with_verb(const char *joined, size_t used) {
        for (size_t k = 0; k < ELEMENTSOF(attribution_verbs); k++) {
                size_t n = strlen(attribution_verbs[k]);
                if (used > n && joined[used - n - 1] == ' ' && memcmp(joined + used - n, attribution_verbs[k], n) == 0)
                        return true;
        }
        for (size_t k = 0; k < ELEMENTSOF(attribution_tails); k++) {
                size_t n = strlen(attribution_tails[k]);
                if (used > n && memcmp(joined + used - n, attribution_tails[k], n) == 0)
                        return true;
        }
        return false;
}

/* "Eva Brun <eva@x.de> wrote", and nothing else: an attribution without a date. */
static bool is_name_and_address(const char *joined) {
        const char *open = strchr(joined, '<'), *close = open ? strchr(open, '>') : NULL;
        size_t blanks = 0;
        if (!close || open == joined || !memchr(open, '@', (size_t) (close - open)) || strchr(close + 1, '<'))
                return false;
        for (const char *p = joined; p < open; p++)
                blanks += *p == ' ';
        for (const char *p = close + 1; *p; p++)
                blanks += *p == ' ' ? 2 : 0;
        return blanks <= 8;
}

/* Whether one may end soon after line i: for most lines nothing more is looked at. */
static bool attribution_is_near(const struct split *s, size_t i) {
        for (size_t k = i, n; k < s->n && k < i + ATTRIBUTION_LINES && !s->lines[k].quoted && !s->lines[k].blank; k++) {
                const char *folded = fold_line(s, k, &n);
                if (n == 0)
                        return false;
                if (ends_attribution(s, k, folded, n))
                        return true;
        }
        return false;
}

/* The lines from i are an attribution: returns the line after it, or i. `ret_sure` says that it is one even when no ">"
 * follows. */
static size_t attribution(const struct split *s, size_t i, bool *ret_sure) {
        char joined[MARK_MAX * 2];
        size_t used = 0, end = i, n;
        bool wrapped = false;

        if (!attribution_is_near(s, i))
                return i;
        for (size_t k = i; k < s->n && k < i + ATTRIBUTION_LINES && !s->lines[k].quoted && !s->lines[k].blank; k++) {
                const char *folded = fold_line(s, k, &n);
                if (n == 0 || used + n + 2 > sizeof(joined))
                        return i;
                if (used > 0)
                        joined[used++] = ' ';
                memcpy(joined + used, folded, n + 1);
                used += n;
                if (ends_attribution(s, k, folded, n)) {
                        wrapped = is_wrapped_address(s, k, folded);
                        end = k + 1;
                        break;
                }
        }
        if (end == i || used == 0 || begins_later(s, i, end))
                return i;
        while (used > 0 && strchr(" :", joined[used - 1]))
                joined[--used] = 0;
        bool verb = ends_with_verb(joined, used);
        /* German, Dutch and the Nordic languages put the name after the verb: "Am 3. März 2026 schrieb Eva <e@x.de>:". */
        static const char *const middle_verbs[] = {" schrieb ", " schreef ",  " skrev ",    " kirjoitti ", " napisal ",
                                                   " napsal ",  " ezt irta ", " wrote on ", " a ecrit le "};
        bool middle = false;
        for (size_t k = 0; k < ELEMENTSOF(middle_verbs) && !verb; k++) {
                const char *p = strstr(joined, middle_verbs[k]);
                middle |= p && strlen(p) < 120;
        }
        bool start = starts_attribution(joined);
        /* "2026年3月5日(木) 10:00 Eva <e@x.de>:": where no verb is written, no word stands before the date either. */
        bool bare = (joined[0] >= '0' && joined[0] <= '9') || (unsigned char) joined[0] >= 0x80;
        bool date = has_date(joined), address = strchr(joined, '@');
        size_t next = next_filled(s, end);
        bool before_quote = next < s->n && s->lines[next].quoted;

        /* Without a quotation after it, it must be complete: a sentence can end with "wrote:" too. */
        *ret_sure =
                (start && date && (verb || (middle && (address || end == i + 1)) || (bare && joined[used - 1] == '>'))) ||
                (verb && end == i + 1 && i > 0 && is_name_and_address(joined));
        verb |= middle;
        if (*ret_sure || (wrapped && start && date) ||
            (before_quote && ((verb && (start || date || address || end == i + 1)) || (date && address) || (start && date))))
                return end;
        return i;
}

/* What phones and programs add below; the whole line goes, and only this line. */
static const char *const mobile_footers[] = {"sent from my ",
                                             "sent from mail for",
                                             "sent from outlook",
                                             "sent from yahoo",
                                             "sent from proton",
                                             "sent with proton",
                                             "sent with spark",
                                             "sent via ",
                                             "sent from samsung",
                                             "sent on the go",
                                             "sent using ",
                                             "get outlook for",
                                             "envoye de mon ",
                                             "envoye depuis ",
                                             "envoye a partir de ",
                                             "envoye avec ",
                                             "envoye via ",
                                             "telecharger outlook",
                                             "obtenir outlook",
                                             "obtenez outlook",
                                             "provenance : courrier",
                                             "provenance: courrier",
                                             "von meinem ",
                                             "gesendet von ",
                                             "gesendet mit ",
                                             "outlook fur ",
                                             "holen sie sich outlook",
                                             "verzonden vanaf ",
                                             "verstuurd vanaf ",
                                             "verzonden met ",
                                             "outlook voor ",
                                             "enviado desde ",
                                             "enviado do meu ",
                                             "inviato da ",
                                             "outlook per ",
                                             "skickat fran min ",
                                             "sendt fra min ",
                                             "lahetetty iphonesta",
                                             "wyslane z ",
                                             "envoye de mon telephone",
                                             "diese nachricht wurde von meinem",
                                             "get bluemail",
                                             "download outlook",
                                             "sent with ",
                                             "sent from mailbox",
                                             "from my iphone",
                                             "enviado a partir ",
                                             "enviado do ",
                                             "inviato dal mio",
                                             "scarica outlook",
                                             "obtener outlook",
                                             "descargar outlook",
                                             "obter o outlook",
                                             "baixe o outlook",
                                             "hent outlook",
                                             "hamta outlook",
                                             "skaffa outlook",
                                             "pobierz outlook",
                                             "hanki outlook",
                                             "skickat fran ",
                                             "sendt fra ",
                                             "lahetetty ",
                                             "wyslano z ",
                                             "odeslano z ",
                                             "verstuurd met ",
                                             "verzonden vanuit ",
                                             "diese mail wurde",
                                             "envoye a l'aide",
                                             "отправлено с ",
                                             "отправлено из ",
                                             "надіслано з ",
                                             "发自我的",
                                             "發自我的",
                                             "从我的",
                                             "從我的",
                                             "来自我的",
                                             "获取 outlook",
                                             "获取outlook",
                                             "iphoneから送信",
                                             "ipadから送信",
                                             "androidから送信",
                                             "나의 "};

/* A person may begin a sentence like that: a footer is short, asks nothing and names a device or a program. */
static bool is_mobile_footer(const struct split *split, const char *s, size_t n) {
        static const char *const things[] = {
                "iphone",   "ipad",    "android",    "outlook",    "samsung",     "galaxy",    "huawei", "blackberry",
                "mobile",   "phone",   "smartphone", "yahoo",      "proton",      "courrier",  "mail",   "telephone",
                "portable", "tablet",  "handy",      "mobil",      "spark",       "pixel",     "xiaomi", "telefoon",
                "nokia",    "windows", "ios",        "orange",     "appareil",    "iphonesta", "device", "hand",
                "telefono", "telefon", "ipod",       "cell phone", "my cell",     "airmail",   "nexus",  "htc",
                "movil",    "celular", "k-9",        "handset",    "thunderbird", "telemovel", "手机",   "手機"};
        return n > 0 && n <= 90 && may_begin(split, s, BEGINS_MOBILE_FOOTER) && !strchr(s, '?') &&
               starts_any(s, mobile_footers, ELEMENTSOF(mobile_footers)) && holds_any(s, things, ELEMENTSOF(things));
}

static const char *const list_footers[] = {"you received this message because you are subscribed",
                                           "you are receiving this because you",
                                           "vous recevez ce message, car vous etes abonne",
                                           "vous recevez ce message car vous etes abonne",
                                           "to unsubscribe from this group",
                                           "sie erhalten diese nachricht, weil sie",
                                           "u ontvangt dit bericht omdat",
                                           "to view this discussion ",
                                           "reply to this email directly",
                                           "ce message a ete envoye a la liste",
                                           "recibiste este mensaje porque",
                                           "has recibido este mensaje porque",
                                           "hai ricevuto questo messaggio perche",
                                           "voce recebeu essa mensagem porque",
                                           "du har fatt detta meddelande"};

/* Legal text and its sisters; the paragraph must also hold one of the second words. */
static const char *const disclaimers[] = {"this email",
                                          "this e-mail",
                                          "this message",
                                          "this electronic",
                                          "the information contained",
                                          "the information in this",
                                          "the contents of this",
                                          "confidentiality notice",
                                          "confidential",
                                          "disclaimer",
                                          "notice:",
                                          "important notice",
                                          "ce message",
                                          "ce courriel",
                                          "ce mail",
                                          "cet e-mail",
                                          "cet email",
                                          "le present message",
                                          "les informations contenues",
                                          "avis de confidentialite",
                                          "avertissement",
                                          "l'information contenue",
                                          "si vous n'etes pas",
                                          "if you are not the",
                                          "if you have received this",
                                          "diese e-mail",
                                          "diese nachricht",
                                          "diese mail",
                                          "die information",
                                          "dit bericht",
                                          "deze e-mail",
                                          "deze mail",
                                          "de informatie",
                                          "please consider the environment",
                                          "pensez a l'environnement",
                                          "afin de contribuer",
                                          "avant d'imprimer",
                                          "n'imprimez",
                                          "merci de n'imprimer",
                                          "think before you print",
                                          "bitte prufen sie",
                                          "denk aan het milieu",
                                          "p pensez",
                                          "p please consider",
                                          "email confidentiality",
                                          "e-mail confidentiality",
                                          "legal notice",
                                          "legal disclaimer",
                                          "unless expressly stated",
                                          "mention legale",
                                          "hinweis:",
                                          "vertraulichkeitshinweis",
                                          "der inhalt dieser",
                                          "este mensaje",
                                          "este correo",
                                          "la informacion contenida",
                                          "aviso legal",
                                          "aviso de confidencialidad",
                                          "questo messaggio",
                                          "questa e-mail",
                                          "questa email",
                                          "le informazioni contenute",
                                          "avviso di riservatezza",
                                          "esta mensagem",
                                          "este e-mail",
                                          "este email",
                                          "detta meddelande",
                                          "denne e-mail",
                                          "denne e-post",
                                          "ta wiadomosc",
                                          "免責聲明",
                                          "免责声明",
                                          "本电子邮件",
                                          "本邮件",
                                          "此邮件",
                                          "本電子郵件",
                                          "本信件",
                                          "此電郵"};
static const char *const disclaimer_words[] = {"confidenti",   "privileged",  "intended",      "recipient",  "destine",
                                               "destinataire", "vertraulich", "vertrouwelijk", "bestemd",    "environ",
                                               "imprim",       "print",       "drucken",       "virus",      "unauthori",
                                               "legally",      "milieu",      "umwelt",        "empfanger",  "geadresseerde",
                                               "confidencia",  "riservat",    "poufn",         "konfidenti", "fortrolig",
                                               "機密",         "机密",        "保密",          "收件"};

static bool is_disclaimer(const struct split *s, size_t i, const char *folded) {
        if (!may_begin(s, folded, BEGINS_DISCLAIMER) || !starts_any(folded, disclaimers, ELEMENTSOF(disclaimers)))
                return false;
        for (size_t k = i; k < s->n && k < i + 12 && !s->lines[k].blank && !s->lines[k].quoted; k++)
                if (holds_any(fold_line(s, k, NULL), disclaimer_words, ELEMENTSOF(disclaimer_words)))
                        return true;
        return false;
}

/* Lines longer than a mark: only their first words count, and only for legal text. */
static bool is_long_disclaimer(const struct split *s, size_t i) {
        char head[64], body[2048];
        const struct line *l = s->lines + i;

        if (l->len < MARK_MAX)
                return false;
        (void) utf8_fold(s->text + l->at, MIN(l->len, 60U), head, sizeof(head));
        if (!starts_any(head + strspn(head, " *_\"("), disclaimers, ELEMENTSOF(disclaimers)))
                return false;
        (void) utf8_fold(s->text + l->at, MIN(l->len, 2000U), body, sizeof(body));
        return holds_any(body, disclaimer_words, ELEMENTSOF(disclaimer_words));
}

/* Words that close a letter; the name and the contact details come after. */
static const char *const closings[] = {"cordialement",
                                       "bien cordialement",
                                       "tres cordialement",
                                       "bien a vous",
                                       "bien a toi",
                                       "salutations",
                                       "meilleures salutations",
                                       "sinceres salutations",
                                       "respectueusement",
                                       "amicalement",
                                       "best regards",
                                       "kind regards",
                                       "regards",
                                       "warm regards",
                                       "best",
                                       "all the best",
                                       "many thanks",
                                       "sincerely",
                                       "yours sincerely",
                                       "yours faithfully",
                                       "cheers",
                                       "mit freundlichen grussen",
                                       "viele grusse",
                                       "beste grusse",
                                       "freundliche grusse",
                                       "liebe grusse",
                                       "lg",
                                       "mfg",
                                       "met vriendelijke groet",
                                       "met vriendelijke groeten",
                                       "vriendelijke groeten",
                                       "groeten",
                                       "mvg",
                                       "saludos",
                                       "cordiali saluti",
                                       "cdlt",
                                       "bav",
                                       "belle journee",
                                       "bonne journee",
                                       "bonne soiree",
                                       "bonne fin de journee",
                                       "bonne reception",
                                       "thanks",
                                       "merci"};

static bool is_closing(const char *s, size_t n) {
        while (n > 0 && strchr(" ,.!;", s[n - 1]))
                n--;
        for (size_t i = 0; i < ELEMENTSOF(closings); i++)
                if (n > 0 && closings[i][0] == s[0] && strlen(closings[i]) == n && memcmp(closings[i], s, n) == 0)
                        return true;
        return false;
}

static size_t count_digits(const char *s) {
        size_t n = 0;
        for (; *s; s++)
                n += *s >= '0' && *s <= '9';
        return n;
}

/* After closing words: a name, then short lines of which one is a phone number, an address or a site. The name stays,
 * as it is the writer's own; a postscript or anything that reads like a sentence keeps everything. */
static void drop_contact(struct split *s, size_t closing) {
        /* A number in a sentence of the writer is no business card. */
        static const char *const sentences[] = {
                "please", "can ", "could ", "call",  "merci", "pouvez", "pourriez", "appel", "rappel", "let me", "i ",
                "i'",     "je ",  "j'",     "nous ", "we ",   "il ",    "on ",      "you ",  "vous ",  "bitte",  "ich ",
                "ik ",    "wir ", "wij ",   "see ",  "voir ", "-",      "the ",     "your ", "votre ", "mon ",   "my "};
        size_t name = next_filled(s, closing + 1), end = name, lines = 0;
        bool contact = false;

        for (; end < s->n && !s->lines[end].out; end++) {
                if (s->lines[end].blank)
                        continue;
                size_t n;
                const char *folded = fold_line(s, end, &n);
                if (n == 0 && s->lines[end].len >= MARK_MAX)
                        return;
                bool line_contact =
                        strchr(folded, '@') || strstr(folded, "www.") || strstr(folded, "http") || count_digits(folded) >= 8;
                if (++lines > CONTACT_LINES || n > CONTACT_WIDTH || strchr(folded, '?') || starts(folded, "ps") ||
                    starts(folded, "p.s") || starts(folded, "nb"))
                        return;
                if (end > name && starts_any(folded, sentences, ELEMENTSOF(sentences)))
                        return;
                if (n > 40 && folded[n - 1] == '.' && !line_contact)
                        return;
                contact |= line_contact && end > name;
        }
        if (contact)
                drop(s, name + 1, end);
}

/* Lines from i up to the next quotation that are not empty. */
static size_t filled_until_quote(const struct split *s, size_t i) {
        size_t n = 0;
        for (; i < s->n && !s->lines[i].quoted && n <= SIGNATURE_LINES; i++)
                n += !s->lines[i].blank;
        return n;
}

static bool is_signature(const struct split *s, size_t i) {
        const char *p = s->text + s->lines[i].at;
        uint32_t n = s->lines[i].len;

        if (n < 2 || memcmp(p, "--", 2) != 0)
                return false;
        if (n == 3 && p[2] == ' ')
                return filled_until_quote(s, i + 1) <= SIGNATURE_LINES;
        return n == 2 && filled_until_quote(s, i + 1) <= SIGNATURE_LINES_BARE;
}

static bool is_list_rule(const struct split *s, size_t i) {
        static const char *const words[] = {"mailing list", "liste de diffusion", "listinfo",     "unsubscribe",
                                            "mailman",      "mailinglist",        "google groups"};
        const char *p = s->text + s->lines[i].at;
        size_t n = strspn(p, "_-=");

        if (n < 3 || n < s->lines[i].len)
                return false;
        for (size_t k = i + 1; k < s->n && k <= i + 4; k++)
                if (holds_any(fold_line(s, k, NULL), words, ELEMENTSOF(words)))
                        return filled_until_quote(s, i + 1) <= SIGNATURE_LINES_BARE;
        return false;
}

/* The quotation that begins after a mark ends the message, unless it is marked with ">" and so ends by itself. */
static size_t drop_quotation(struct split *s, size_t from, size_t body) {
        size_t next = next_filled(s, body);
        if (next < s->n && s->lines[next].quoted) {
                drop(s, from, next);
                return next;
        }
        drop(s, from, s->n);
        return s->n;
}

/* The rule that Outlook draws above the message that is answered. */
static bool is_outlook_rule(const struct split *s, size_t i) {
        const char *p = s->text + s->lines[i].at;
        size_t n = strspn(p, "_");
        return n == OUTLOOK_RULE && (n == s->lines[i].len || (n + 1 == s->lines[i].len && p[n] == ' '));
}

/* Outlook for Mac sets the quotation in instead of marking it, and answers stand between its lines at the margin. */
static bool is_indented(const struct split *s, size_t i) {
        const char *p = i < s->n ? s->text + s->lines[i].at : "";
        return i < s->n && !s->lines[i].quoted && (*p == '\t' || strncmp(p, "    ", 4) == 0);
}

static size_t drop_indented(struct split *s, size_t from, size_t body) {
        drop(s, from, body);
        for (size_t k = body; k < s->n && !s->set_in; k++)
                s->lines[k].out |= s->lines[k].blank || is_indented(s, k);
        s->set_in = true;
        return body;
}

/* "2016-03-03 17:21 GMT+01:00 Eva Brun": what Gmail wrote for some years, with and without an address. */
static bool is_iso_attribution(const char *s) {
        size_t date = strspn(s, "0123456789-");
        return date == 10 && s[4] == '-' && s[7] == '-' && s[10] == ' ' &&
               strncmp(s + 11 + strspn(s + 11, "0123456789:"), " gmt", 4) == 0;
}

static bool is_first(const struct split *s, size_t i) {
        if (s->headed)
                return false;
        while (i > 0 && (s->lines[i - 1].blank || s->lines[i - 1].out))
                i--;
        return i == 0;
}

/* Under such a rule the labels may be of any language: lines with a colon near their start, one with a date. */
static bool is_foreign_block(const struct split *s, size_t i) {
        size_t labelled = 0;
        bool date = false;
        for (size_t k = i; k < s->n && k < i + HEADER_LINES && !s->lines[k].blank && !s->lines[k].quoted; k++) {
                const char *folded = fold_line(s, k, NULL), *colon = strchr(folded, ':');
                if (!colon || colon == folded || colon - folded > LABEL_WIDTH || !colon[1])
                        continue;
                labelled++;
                date |= has_date(colon + 1);
        }
        return labelled >= 3 && date;
}

/* Look at line i, which is not quoted; returns the next line to look at. */
static size_t sort_line(struct split *s, size_t i) {
        bool sure;
        size_t n;
        const char *folded = fold_line(s, i, &n);

        if (is_signature(s, i) || is_list_rule(s, i)) {
                drop_until_quote(s, i);
                return i + 1;
        }
        if (n == 0) {
                size_t below = next_filled(s, i + 1);
                if (below < s->n && is_outlook_rule(s, i) &&
                    (header_block(s, below, NULL) > below || is_foreign_block(s, below))) {
                        /* Outlook puts the whole message there, with the quotations that were in it. */
                        drop(s, i, s->n);
                        return s->n;
                }
                if (is_long_disclaimer(s, i))
                        drop_until_quote(s, i);
                return i + 1;
        }
        enum mark mark = mark_of(s, folded);
        if (mark != MARK_NONE) {
                s->forward |= mark == MARK_FORWARD;
                size_t body = next_filled(s, i + 1);
                return drop_quotation(s, i, body < s->n ? header_block(s, body, NULL) : body);
        }
        unsigned labels_seen = 0;
        size_t end = header_block(s, i, &labels_seen);
        if (end > i && !(labels_seen & LABEL_TO) && is_first(s, i)) {
                /* Nobody is written to and nothing stands above: a heading of the writer's own, as above a patch. */
                drop(s, i, end);
                s->headed = true;
                return end;
        }
        if (end > i) {
                /* The rule that Outlook draws above. */
                for (size_t k = i; k-- > 0 && (s->lines[k].blank || strspn(s->text + s->lines[k].at, "_-") >= 10);)
                        s->lines[k].out = true;
                return drop_quotation(s, i, end);
        }
        end = is_iso_attribution(folded) ? i + 1 : attribution(s, i, &sure);
        if (end > i) {
                size_t first = next_filled(s, end);
                bool indented = is_indented(s, first) && is_indented(s, next_filled(s, first + 1));
                return indented ? drop_indented(s, i, end) : drop_quotation(s, i, end);
        }
        if (is_mobile_footer(s, folded, n)) {
                s->lines[i].out = true;
                return i + 1;
        }
        bool footer = may_begin(s, folded, BEGINS_LIST_FOOTER) && starts_any(folded, list_footers, ELEMENTSOF(list_footers));
        if (footer || is_disclaimer(s, i, folded)) {
                drop_until_quote(s, i);
                return i + 1;
        }
        return i + 1;
}

/* A forwarded block that HTML already marked as a quotation: its first words tell, unless an answer stands above it. */
static bool quote_is_forward(const struct split *s, size_t i) {
        char folded[MARK_MAX];
        const struct line *l = s->lines + i;
        const char *p = s->text + l->at;
        uint32_t skip = 0;

        while (skip < l->len && strchr("> \t", p[skip]))
                skip++;
        (void) fold_span(p + skip, l->len - skip, folded);
        return mark_of(s, folded) == MARK_FORWARD;
}

static void note_beginnings(struct split *s) {
        static const struct {
                const char *const *words;
                size_t n;
                enum beginning what;
        } tables[] = {
                {apple_forwards, ELEMENTSOF(apple_forwards), BEGINS_FORWARD},
                {list_footers, ELEMENTSOF(list_footers), BEGINS_LIST_FOOTER},
                {disclaimers, ELEMENTSOF(disclaimers), BEGINS_DISCLAIMER},
                {mobile_footers, ELEMENTSOF(mobile_footers), BEGINS_MOBILE_FOOTER},
                {closings, ELEMENTSOF(closings), BEGINS_CLOSING},
        };
        for (size_t t = 0; t < ELEMENTSOF(tables); t++)
                for (size_t i = 0; i < tables[t].n; i++)
                        s->beginnings[beginning_of(tables[t].words[i])] |= (uint8_t) tables[t].what;
}

static void sort_lines(struct split *s) {
        size_t closing = SIZE_MAX;

        for (size_t i = 0; i < s->n;) {
                const struct line *l = s->lines + i;
                if (l->quoted) {
                        if (i == 0 || !s->lines[i - 1].quoted)
                                s->forward |= quote_is_forward(s, i);
                        i++;
                        continue;
                }
                if (l->blank || l->out) {
                        i++;
                        continue;
                }
                i = sort_line(s, i);
        }
        for (size_t i = 0, n; i < s->n && closing == SIZE_MAX; i++) {
                if (s->lines[i].out || s->lines[i].blank)
                        continue;
                const char *folded = fold_line(s, i, &n);
                if (may_begin(s, folded, BEGINS_CLOSING) && is_closing(folded, n))
                        closing = i;
        }
        if (closing != SIZE_MAX)
                drop_contact(s, closing);
}

/* Copy the lines of one kind; runs of empty lines become one, and none stands at either end. */
static const char *collect(const struct split *s, bool out, struct arena *arena) {
        char *text = arena_alloc(arena, strlen(s->text) + 2);
        size_t used = 0;
        bool gap = false;

        if (!text)
                return NULL;
        for (size_t i = 0; i < s->n; i++) {
                const struct line *l = s->lines + i;
                if (l->out != out || l->blank) {
                        gap |= l->blank || !out;
                        continue;
                }
                if (used > 0)
                        text[used++] = '\n';
                /* The room for the second line end is that of the line that was left out. */
                if (used > 0 && gap)
                        text[used++] = '\n';
                gap = false;
                uint32_t n = l->len;
                while (n > 0 && is_blank(s->text[l->at + n - 1]))
                        n--;
                memcpy(text + used, s->text + l->at, n);
                used += n;
        }
        text[used] = 0;
        return text;
}

/* Longest target that is looked for: trackers write long ones. */
#define TARGET_MAX 4096U

/* The bytes of a target or stand-in that begins at p, 0 when it is none. `glued`: a letter stands directly before it. */
static size_t target_length(const char *p, bool glued) {
        static const struct {
                const char *start;
                char end;
                bool blanks; /* may hold blanks */
                bool glued;  /* counts only directly after a word: else it is an address that somebody is named by */
        } targets[] = {
                {"<http://", '>', false, false}, {"<https://", '>', false, false}, {"<mailto:", '>', false, true},
                {"<tel:", '>', false, true},     {"[cid:", ']', false, false},     {"[image: ", ']', true, false},
                {"[http://", ']', false, false}, {"[https://", ']', false, false},
        };
        for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
                size_t n = strlen(targets[i].start);
                if (strncmp(p, targets[i].start, n) != 0 || (targets[i].glued && !glued))
                        continue;
                while (n < TARGET_MAX && p[n] && p[n] != targets[i].end && p[n] != '\n' &&
                       (targets[i].blanks || !is_blank(p[n])))
                        n++;
                return p[n] == targets[i].end ? n + 1 : 0;
        }
        return 0;
}

void text_drop_link_targets(char *text, char *dropped) {
        char *out = text;
        *dropped = 0;
        if (!strchr(text, '<') && !strchr(text, '['))
                return;
        for (const char *p = text;;) {
                size_t run = strcspn(p, "<[");
                memmove(out, p, run);
                out += run;
                p += run;
                if (!*p)
                        break;
                size_t n = target_length(p, out > text && out[-1] != ' ' && out[-1] != '\n');
                if (n == 0) {
                        *out++ = *p++;
                        continue;
                }
                memcpy(dropped, p + 1, n - 2); /* without the brackets */
                dropped += n - 2;
                *dropped++ = '\n';
                p += n;
        }
        *out = *dropped = 0;
}

int text_split_new(const char *text, struct arena *arena, const char **ret_new, const char **ret_quoted, bool *ret_forward) {
        struct split s = {};
        const char *fresh = NULL, *rest = NULL;

        int e = strlen(text) < UINT32_MAX ? cut_lines(text, &s) : -ENOMEM;
        if (e == 0) {
                note_beginnings(&s);
                sort_lines(&s);
                fresh = collect(&s, false, arena);
                rest = collect(&s, true, arena);
        }
        free(s.lines);
        free(s.folded);
        if (!fresh || !rest)
                return -ENOMEM;
        *ret_new = fresh;
        *ret_quoted = rest;
        *ret_forward = s.forward;
        return 0;
}

/* RFC 3676. A line that ends with a blank goes on in the next one of the same depth, but for the signature's "-- ". */
int text_unflow(const char *text, bool delsp, struct arena *arena, char **ret) {
        /* Quote marks grow by one blank for each line that has any, which needs at least '>' and a line end. */
        size_t size = strlen(text);
        char *out = arena_alloc(arena, size + size / 2 + 2);
        size_t used = 0, open_depth = 0;
        bool open = false;

        if (!out)
                return -ENOMEM;
        for (const char *p = text; *p;) {
                size_t len = strcspn(p, "\n"), depth = strspn(p, ">");
                const char *next = p[len] ? p + len + 1 : p + len;
                const char *body = p + MIN(depth, len);
                size_t n = (size_t) (p + len - body);
                if (n > 0 && *body == ' ')
                        body++, n--; /* space-stuffing */
                bool signature = n == 3 && memcmp(body, "-- ", 3) == 0;
                bool flowed = n > 0 && body[n - 1] == ' ' && !signature;
                if (open && (depth != open_depth || signature)) {
                        out[used++] = '\n'; /* a writer that forgot to end its paragraph */
                        open = false;
                }
                if (!open && depth > 0) {
                        memset(out + used, '>', depth);
                        used += depth;
                        out[used++] = ' ';
                }
                size_t keep = flowed && delsp ? n - 1 : n;
                memcpy(out + used, body, keep);
                used += keep;
                open = flowed;
                open_depth = depth;
                if (!flowed && *(p + len))
                        out[used++] = '\n';
                p = next;
        }
        out[used] = 0;
        *ret = out;
        return 0;
}
