/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/domain.h"

#include <idn2.h>
#include <libpsl.h>

/* --- one spelling --------------------------------------------------------------------------------------------------- */

static bool is_ascii(const char *s) {
        for (; *s; s++)
                if ((unsigned char) *s >= 0x80)
                        return false;
        return true;
}

/* The longest name (RFC 1035 section 2.3.4); what is longer is no domain, and not worth a library's while. */
#define DOMAIN_MAX 253U

/* The domain at ret[n - size ..] in A-labels. One that IDNA refuses stays as it was written: it can still equal itself. */
static size_t to_ascii(char *ret, size_t n, size_t size) {
        char *domain = ret + n - size, *ascii = NULL;
        if (size == 0 || size > DOMAIN_MAX || is_ascii(domain))
                return n;
        if (idn2_to_ascii_8z(domain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
            n - size + strlen(ascii) <= ADDRESS_MAX) {
                memcpy(domain, ascii, strlen(ascii) + 1);
                n = n - size + strlen(ascii);
        }
        idn2_free(ascii);
        return n;
}

/* "prvs=" tag "=" local part (draft-levine-smtp-batv); the tag is ten digits and letters, and some put it behind. */
#define BATV_TAG_MIN 4U
#define BATV_TAG_MAX 16U

static const char *skip_batv(const char *s, const char *at) {
        static const char prefix[] = "prvs=";
        size_t n = sizeof(prefix) - 1;
        if ((size_t) (at - s) <= n)
                return s;
        for (size_t i = 0; i < n; i++)
                if (ascii_lower(s[i]) != prefix[i])
                        return s;
        const char *end = memchr(s + n, '=', (size_t) (at - s) - n);
        if (!end || end + 1 >= at || (size_t) (end - s) < n + BATV_TAG_MIN || (size_t) (end - s) > n + BATV_TAG_MAX)
                return s;
        return end + 1;
}

/* Gmail: "Dots don't matter", and googlemail.com is the same place by its older name. */
static size_t gmail(char *ret, size_t n, char *at) {
        if (at == ret || (!str_eq(at, "@gmail.com") && !str_eq(at, "@googlemail.com")))
                return n;
        size_t kept = 0;
        for (const char *p = ret; p < at; p++)
                if (*p != '.')
                        ret[kept++] = *p;
        if (kept == 0) /* nothing but dots is nobody's */
                return n;
        memcpy(ret + kept, "@gmail.com", sizeof("@gmail.com"));
        return kept + sizeof("@gmail.com") - 1;
}

size_t address_key(const char *s, char ret[static ADDRESS_KEY_SIZE]) {
        size_t n = 0;
        const char *at = strrchr(s, '@');
        if (!at)
                return 0;
        s = skip_batv(s, at);
        const char *plus = memchr(s, '+', (size_t) (at - s));
        const char *end = plus && plus > s ? plus : at;
        size_t domain = strlen(at);
        while (domain > 1 && at[domain - 1] == '.')
                domain--;
        if ((size_t) (end - s) + domain > ADDRESS_MAX)
                return 0;
        for (; s < end; s++)
                ret[n++] = ascii_lower(*s);
        for (size_t i = 0; i < domain; i++)
                ret[n++] = ascii_lower(at[i]);
        ret[n] = 0;
        n = to_ascii(ret, n, domain - 1);
        return gmail(ret, n, strrchr(ret, '@'));
}

const char *address_domain(const char *key) {
        const char *at = strrchr(key, '@');
        return at ? at + 1 : "";
}

/* --- organisations -------------------------------------------------------------------------------------------------- */

bool domain_is_literal(const char *domain) {
        if (*domain == '[')
                return true;
        const char *dot = strrchr(domain, '.'), *last = dot ? dot + 1 : domain;
        /* No top-level domain is a number (RFC 3696 section 2). */
        return *last && last[strspn(last, "0123456789")] == 0;
}

bool domain_is_public_suffix(const char *domain) {
        /* "*" would make every unknown top-level domain one: an office's own "example" or "lan" belongs to somebody. */
        return *domain && !domain_is_literal(domain) &&
               psl_is_public_suffix2(psl_builtin(), domain, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE);
}

const char *domain_organisation(const char *domain) {
        return !*domain || domain_is_literal(domain) ? NULL : psl_registrable_domain(psl_builtin(), domain);
}

bool address_same_organisation(const char *a, const char *b) {
        const char *x = domain_organisation(address_domain(a)), *y = domain_organisation(address_domain(b));
        return x && y && str_eq(x, y) && domain_free_mail(x) == FREE_MAIL_NO;
}

/* --- who everybody is ----------------------------------------------------------------------------------------------- */

/* Half the world writes from these: as a domain they would make strangers a client. The list follows the countries of the
 * public holidays, since that is where the owner's clients are; what is missing here only costs the owner who writes such
 * a domain into `match`. */
static const struct {
        const char *domain;
        enum free_mail kind;
} providers[] = {
#define P FREE_MAIL_PROVIDER
#define A FREE_MAIL_ACCESS
#define R FREE_MAIL_RELAY
        {"126.com", P},
        {"163.com", P},
        {"1und1.de", A},
        {"33mail.com", R},
        {"9online.fr", A},
        {"addy.io", R},
        {"aleeas.com", R},
        {"alice.it", A},
        {"aliceadsl.fr", A},
        {"aliceposta.it", A},
        {"anonaddy.com", R},
        {"anonaddy.me", R},
        {"aol.co.uk", P},
        {"aol.com", P},
        {"aol.de", P},
        {"aol.fr", P},
        {"arcor.de", A},
        {"att.net", A},
        {"bbox.fr", A},
        {"belgacom.net", A},
        {"bell.net", A},
        {"bellsouth.net", A},
        {"bluemail.ch", P},
        {"bluewin.ch", A},
        {"blueyonder.co.uk", A},
        {"btinternet.com", A},
        {"btopenworld.com", A},
        {"casema.nl", A},
        {"charter.net", A},
        {"chello.nl", A},
        {"club-internet.fr", A},
        {"cogeco.ca", A},
        {"comcast.net", A},
        {"cox.net", A},
        {"duck.com", R},
        {"earthlink.net", A},
        {"email.com", P},
        {"email.de", P},
        {"email.it", P},
        {"euskaltel.net", A},
        {"fastmail.com", P},
        {"fastmail.fm", P},
        {"fastwebnet.it", A},
        {"foxmail.com", P},
        {"free.fr", A},
        {"freenet.de", P},
        {"freesurf.fr", A},
        {"frontier.com", A},
        {"gmail.com", P},
        {"googlemail.com", P},
        {"guerrillamail.com", R},
        {"hey.com", P},
        {"hispeed.ch", A},
        {"home.nl", A},
        {"hushmail.com", P},
        {"icloud.com", P},
        {"inbox.ru", P},
        {"infonie.fr", A},
        {"inwind.it", P},
        {"iol.it", A},
        {"jazztel.es", A},
        {"juno.com", P},
        {"kabelmail.de", A},
        {"kpnmail.nl", A},
        {"kpnplanet.nl", A},
        {"laposte.net", P},
        {"libero.it", P},
        {"libertysurf.fr", A},
        {"list.ru", P},
        {"luxweb.lu", A},
        {"mac.com", P},
        {"mail.be", P},
        {"mail.com", P},
        {"mail.de", P},
        {"mail.fr", P},
        {"mail.ru", P},
        {"mailbox.org", P},
        {"mailfence.com", P},
        {"mailinator.com", R},
        {"mailo.com", P},
        {"me.com", P},
        {"mindspring.com", A},
        {"modulonet.fr", A},
        {"mozmail.com", R},
        {"netcologne.de", A},
        {"netcourrier.com", P},
        {"netplus.ch", A},
        {"netscape.net", P},
        {"netzero.net", A},
        {"neuf.fr", A},
        {"noos.fr", A},
        {"ntlworld.com", A},
        {"numericable.fr", A},
        {"o2.co.uk", A},
        {"o2mail.de", A},
        {"o2online.de", A},
        {"online.de", A},
        {"online.nl", A},
        {"ono.com", A},
        {"optimum.net", A},
        {"optonline.net", A},
        {"orange.es", A},
        {"orange.fr", A},
        {"orange.lu", A},
        {"osnanet.de", A},
        {"passfwd.com", R},
        {"passinbox.com", R},
        {"passmail.com", R},
        {"passmail.net", R},
        {"planet.nl", A},
        {"plusnet.com", A},
        {"pm.me", P},
        {"poste.it", P},
        {"posteo.at", P},
        {"posteo.be", P},
        {"posteo.ch", P},
        {"posteo.de", P},
        {"posteo.eu", P},
        {"posteo.net", P},
        {"privaterelay.appleid.com", R},
        {"proton.me", P},
        {"protonmail.ch", P},
        {"protonmail.com", P},
        {"proximus.be", A},
        {"pt.lu", A},
        {"qq.com", P},
        {"quicknet.nl", A},
        {"rambler.ru", P},
        {"rcn.com", A},
        {"rediffmail.com", P},
        {"relay.firefox.com", R},
        {"riseup.net", P},
        {"rocketmail.com", P},
        {"rogers.com", A},
        {"romandie.com", P},
        {"runbox.com", P},
        {"sbcglobal.net", A},
        {"scarlet.be", A},
        {"sfr.fr", A},
        {"sharklasers.com", R},
        {"shaw.ca", A},
        {"simplelogin.co", R},
        {"simplelogin.com", R},
        {"simplelogin.fr", R},
        {"sina.com", P},
        {"sky.com", A},
        {"skynet.be", A},
        {"slmail.me", R},
        {"slmails.com", R},
        {"snafu.de", A},
        {"sunrise.ch", A},
        {"swissonline.ch", A},
        {"sympatico.ca", A},
        {"t-online.de", A},
        {"talktalk.net", A},
        {"tele2.fr", A},
        {"tele2.nl", A},
        {"telefonica.net", A},
        {"telenet.be", A},
        {"teleos-web.de", A},
        {"telfort.nl", A},
        {"telus.net", A},
        {"temp-mail.org", R},
        {"terra.es", A},
        {"tin.it", A},
        {"tiscali.co.uk", A},
        {"tiscali.fr", A},
        {"tiscali.it", A},
        {"tuta.com", P},
        {"tuta.io", P},
        {"tutamail.com", P},
        {"tutanota.com", P},
        {"tutanota.de", P},
        {"tvcablenet.be", A},
        {"unitybox.de", A},
        {"upcmail.nl", A},
        {"usa.net", P},
        {"verizon.net", A},
        {"versatel.nl", A},
        {"videotron.ca", A},
        {"virgilio.it", P},
        {"virgin.net", A},
        {"virginmedia.com", A},
        {"vivaldi.net", P},
        {"vo.lu", A},
        {"vodafone.de", A},
        {"vodafone.it", A},
        {"vodafone.nl", A},
        {"vodafonemail.de", A},
        {"voila.fr", P},
        {"voo.be", A},
        {"vtx.ch", A},
        {"vtxnet.ch", A},
        {"wanadoo.es", A},
        {"wanadoo.fr", A},
        {"wanadoo.nl", A},
        {"web.de", P},
        {"windowslive.com", P},
        {"windstream.net", A},
        {"worldonline.nl", A},
        {"xs4all.nl", A},
        {"ya.ru", P},
        {"yandex.com", P},
        {"yandex.ru", P},
        {"yopmail.com", R},
        {"yopmail.fr", R},
        {"zeelandnet.nl", A},
        {"ziggo.nl", A},
        {"zoho.com", P},
        {"zoho.eu", P},
        {"zohomail.com", P},
        {"zohomail.eu", P},
        {"zonnet.nl", A},
#undef P
#undef A
#undef R
};

/* In many countries: "yahoo.fr", "yahoo.co.uk", "gmx.net". */
static const char *const everywhere[] = {"gmx", "hotmail", "live", "msn", "outlook", "yahoo", "ymail"};
/* What stands behind such a name: a country, or one of these. "outlook.agency" is a company's. */
static const char *const generic[] = {"com", "info", "net", "org"};

static bool is_country(const char *s) {
        if (strncmp(s, "co.", 3) == 0)
                s += 3;
        else if (strncmp(s, "com.", 4) == 0)
                s += 4;
        for (size_t i = 0; i < ELEMENTSOF(generic); i++)
                if (str_eq(s, generic[i]))
                        return true;
        return strlen(s) == 2;
}

static enum free_mail listed(const char *domain) {
        for (size_t i = 0; i < ELEMENTSOF(providers); i++)
                if (str_eq(providers[i].domain, domain))
                        return providers[i].kind;
        return FREE_MAIL_NO;
}

enum free_mail domain_free_mail(const char *domain) {
        enum free_mail kind = listed(domain);
        const char *organisation = domain_organisation(domain);
        if (kind != FREE_MAIL_NO || !organisation)
                return kind;
        if (organisation != domain && (kind = listed(organisation)) != FREE_MAIL_NO)
                return kind;
        size_t n = strcspn(organisation, ".");
        for (size_t i = 0; i < ELEMENTSOF(everywhere); i++)
                if (strlen(everywhere[i]) == n && strncmp(organisation, everywhere[i], n) == 0 &&
                    is_country(organisation + n + 1))
                        return FREE_MAIL_PROVIDER;
        return FREE_MAIL_NO;
}

const char *free_mail_name(enum free_mail kind) {
        static const char *const names[] = {NULL, "a provider that everyone can write from",
                                            "an internet provider whose subscribers write from it",
                                            "a relay that hides anyone's address"};
        return kind < ELEMENTSOF(names) ? names[kind] : NULL;
}
