/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/schema.h"

#include <stdarg.h>
#include <stdio.h>

#include "rules/condition.h"
#include "rules/rule_keys.h"
#include "rules/settings.h"

const char *const schema_names[] = {"rules", "adieu", "clients", NULL};

/* --- small words of JSON schema. A NULL of json-c is the JSON null, and memory that runs out ends in a schema that lacks something: the tests would
 * see it. */

static json_object *text(const char *s) {
        return json_object_new_string(s);
}

static json_object *add(json_object *o, const char *key, json_object *value) {
        (void) json_object_object_add(o, key, value);
        return o;
}

static json_object *with(const char *key, json_object *value) {
        return add(json_object_new_object(), key, value);
}

static json_object *of_type(const char *type) {
        return with("type", text(type));
}

_printf_(1, 2) static json_object *reference(const char *format, ...) {
        char name[128];
        va_list ap;
        va_start(ap, format);
        (void) vsnprintf(name, sizeof(name), format, ap);
        va_end(ap);
        return with("$ref", text(name));
}

static json_object *array_of(json_object *items) {
        return add(of_type("array"), "items", items);
}

static json_object *map_of(json_object *values) {
        return add(of_type("object"), "additionalProperties", values);
}

static json_object *pattern(const char *p) {
        return add(of_type("string"), "pattern", text(p));
}

static json_object *one_or_other(json_object *a, json_object *b) {
        json_object *list = json_object_new_array();
        (void) json_object_array_add(list, a);
        (void) json_object_array_add(list, b);
        return with("anyOf", list);
}

/* What YAML may read as a number or as true is a text to us all the same. */
static json_object *types(const char *const *names) {
        json_object *list = json_object_new_array();
        for (; *names; names++)
                (void) json_object_array_add(list, text(*names));
        return with("type", list);
}

static json_object *scalar(void) {
        return types((const char *const[]){"string", "number", "boolean", NULL});
}

static json_object *words_of(const char *const *names) {
        json_object *list = json_object_new_array();
        for (; *names; names++)
                (void) json_object_array_add(list, text(*names));
        return list;
}

static json_object *one_of_words(const char *const *names) {
        return with("enum", words_of(names));
}

/* "$patience" may stand for any value of a rule. */
#define PARAMETER_PATTERN "^\\$[a-z0-9_]+$"
static json_object *or_parameter(json_object *o) {
        return one_or_other(o, pattern(PARAMETER_PATTERN));
}

#define DURATION_PATTERN "^[ \\t]*([0-9]{1,10}[ \\t]*(s|m|h|d|w|mo|bh|bd)[ \\t]*)+$"
#define DAY_PATTERN "[0-9]{4}-[0-9]{2}-[0-9]{2}"
#define DATE_PATTERN "^" DAY_PATTERN "$"
#define TIME_PATTERN "^" DAY_PATTERN "([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"

/* --- facts and conditions */

static bool first_of_fields(int t) {
        for (int u = 0; u < t; u++)
                if (fact_table[u].fields == fact_table[t].fields)
                        return false;
        return true;
}

/* Names of the facts that share the fields of t. */
static json_object *facts_like(int t) {
        json_object *list = json_object_new_array();
        for (int u = t; u < FACT_RULE; u++)
                if (fact_table[u].fields == fact_table[t].fields)
                        (void) json_object_array_add(list, text(fact_table[u].name));
        return list;
}

#define RULE_FACT_PATTERN "^rule\\.[a-z][a-z0-9_-]{0,63}$"

static json_object *fact_name(int t) {
        return t == FACT_RULE ? pattern(RULE_FACT_PATTERN) : with("enum", facts_like(t));
}

static json_object *any_fact(void) {
        json_object *list = json_object_new_array();
        for (int t = 0; t < FACT_RULE; t++) {
                json_object *one = with("const", text(fact_table[t].name));
                (void) json_object_array_add(list, add(one, "description", text(fact_table[t].doc)));
        }
        json_object *rule = pattern(RULE_FACT_PATTERN);
        (void) json_object_array_add(list, add(rule, "description", text(fact_table[FACT_RULE].doc)));
        return with("anyOf", list);
}

static json_object *plain_value(const struct fact_field *f) {
        switch (f->type) {
        case VALUE_BOOL:
                return with("enum", json_tokener_parse("[true, false, \"yes\", \"no\", \"on\", \"off\"]"));
        case VALUE_INT:
                return of_type("integer");
        case VALUE_NUMBER:
        case VALUE_MONEY:
                return of_type("number");
        case VALUE_DURATION:
                return pattern(DURATION_PATTERN);
        case VALUE_INSTANT:
                return pattern(TIME_PATTERN);
        case VALUE_ENUM:
                return one_of_words(f->values);
        default:
                return scalar();
        }
}

/* Fields of one type share a definition; a word is one of its own words. */
static const char *const value_names[] = {
        [VALUE_STRING] = "text",   [VALUE_BOOL] = "bool",       [VALUE_INT] = "int",
        [VALUE_NUMBER] = "number", [VALUE_DURATION] = "length", [VALUE_INSTANT] = "instant",
        [VALUE_LIST] = "list",     [VALUE_MONEY] = "amount",    [VALUE_ENUM] = NULL,
};

/* A value, several of them where that means "in", or comparisons. */
static json_object *comparisons_of(const struct fact_field *f) {
        json_object *comparisons = json_object_new_object(), *list = json_object_new_array();
        for (int op = 0; op < _COMPARISON_MAX; op++) {
                if (!comparison_fits(f->type, (enum comparison) op))
                        continue;
                json_object *value = op == COMPARISON_IN_LIST ? scalar() : or_parameter(plain_value(f));
                add(comparisons, comparison_name((enum comparison) op), op == COMPARISON_IN ? array_of(value) : value);
        }
        json_object *map = add(of_type("object"), "properties", comparisons);
        add(map, "additionalProperties", json_object_new_boolean(false));
        add(map, "minProperties", json_object_new_int(1));
        (void) json_object_array_add(list, or_parameter(plain_value(f)));
        if (comparison_fits(f->type, COMPARISON_IN))
                (void) json_object_array_add(list, array_of(or_parameter(plain_value(f))));
        (void) json_object_array_add(list, map);
        return with("anyOf", list);
}

/* Fields of one name can have words of their own in each fact: where the fact is not known, any of them may stand. */
#define FIELD_WORDS_MAX 64U
static bool contains(const char *const *words, const char *word) {
        for (; *words; words++)
                if (str_eq(*words, word))
                        return true;
        return false;
}

static json_object *compared_words(const struct fact_field *f) {
        const char *words[FIELD_WORDS_MAX + 1] = {NULL};
        size_t n = 0;
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                int i = first_of_fields(t) ? fact_field_index((enum fact_type) t, f->name) : -ENOENT;
                const char *const *w = i >= 0 ? fact_table[t].fields[i].values : NULL;
                for (; w && *w && n < FIELD_WORDS_MAX; w++)
                        if (!contains(words, *w))
                                words[n++] = *w;
        }
        const struct fact_field all = {.name = f->name, .type = f->type, .values = words};
        return add(comparisons_of(&all), "description", text(f->doc));
}

static json_object *compared(const struct fact_field *f) {
        const char *name = value_names[f->type];
        return add(name ? reference("#/definitions/compared-%s", name) : comparisons_of(f), "description", text(f->doc));
}

static void add_fields(json_object *properties, const struct fact_field *fields, uint32_t n, bool of_any) {
        for (uint32_t i = 0; i < n; i++)
                if (!json_object_object_get_ex(properties, fields[i].name, NULL))
                        add(properties, fields[i].name,
                            of_any && fields[i].type == VALUE_ENUM ? compared_words(&fields[i]) : compared(&fields[i]));
}

/* The condition on facts that share the fields of t; t < 0: on any. */
static json_object *condition(int t) {
        char self[64] = "#/definitions/condition";
        if (t >= 0)
                (void) snprintf(self, sizeof(self), "#/definitions/condition-%s", fact_table[t].name);
        json_object *properties = json_object_new_object();
        for (int u = 0; u < _FACT_TYPE_MAX; u++)
                if (t < 0 || u == t)
                        add_fields(properties, fact_table[u].fields, fact_table[u].n_fields, t < 0);
        add_fields(properties, fact_common_fields, FACT_COMMON_FIELDS, false);
        add(properties, "any", add(array_of(reference("%s", self)), "minItems", json_object_new_int(1)));
        add(properties, "all", add(array_of(reference("%s", self)), "minItems", json_object_new_int(1)));
        add(properties, "not", reference("%s", self));
        json_object *o = add(of_type("object"), "properties", properties);
        add(o, "minProperties", json_object_new_int(1));
        return add(o, "additionalProperties", json_object_new_boolean(false));
}

/* A fact as given to a test. */
static json_object *given(int t) {
        json_object *properties = json_object_new_object();
        const struct {
                const struct fact_field *fields;
                uint32_t n;
        } lists[] = {{fact_table[t].fields, fact_table[t].n_fields}, {fact_common_fields, FACT_COMMON_FIELDS}};
        for (size_t l = 0; l < ELEMENTSOF(lists); l++)
                for (uint32_t i = 0; i < lists[l].n; i++) {
                        const struct fact_field *f = &lists[l].fields[i];
                        json_object *value =
                                f->type == VALUE_LIST ? one_or_other(scalar(), array_of(scalar())) : plain_value(f);
                        add(properties, f->name, add(one_or_other(value, of_type("null")), "description", text(f->doc)));
                }
        json_object *o = add(of_type("object"), "properties", properties);
        add(o, "required", json_tokener_parse("[\"at\"]"));
        return add(o, "additionalProperties", json_object_new_boolean(false));
}

static json_object *example(void) {
        json_object *properties = json_object_new_object();
        for (int t = 0; t < FACT_RULE; t++)
                for (int u = 0; u <= t; u++)
                        if (fact_table[u].fields == fact_table[t].fields) {
                                json_object *one = reference("#/definitions/given-%s", fact_table[u].name);
                                add(properties, fact_table[t].name, add(one, "description", text(fact_table[t].doc)));
                                break;
                        }
        json_object *o = add(of_type("object"), "properties", properties);
        add(o, "patternProperties", with(RULE_FACT_PATTERN, reference("#/definitions/given-rule")));
        add(o, "additionalProperties", json_object_new_boolean(false));
        add(o, "minProperties", json_object_new_int(1));
        return add(o, "maxProperties", json_object_new_int(1));
}

static json_object *any_field(void) {
        json_object *seen = json_object_new_object(), *list = json_object_new_array();
        for (int t = 0; t < _FACT_TYPE_MAX; t++)
                for (uint32_t i = 0; i < fact_table[t].n_fields; i++)
                        add(seen, fact_table[t].fields[i].name, NULL);
        for (uint32_t i = 0; i < FACT_COMMON_FIELDS; i++)
                add(seen, fact_common_fields[i].name, NULL);
        json_object_object_foreach(seen, name, value) {
                (void) value;
                (void) json_object_array_add(list, text(name));
        }
        json_object_put(seen);
        return with("enum", list);
}

static json_object *comparison(void) {
        json_object *properties = json_object_new_object();
        for (int op = COMPARISON_EQ; op <= COMPARISON_GTE; op++)
                add(properties, comparison_name((enum comparison) op), scalar());
        json_object *o = add(of_type("object"), "properties", properties);
        add(o, "minProperties", json_object_new_int(1));
        return add(o, "additionalProperties", json_object_new_boolean(false));
}

/* --- the types of rule_keys() */

static json_object *mode(void) {
        json_object *list = words_of(mode_names);
        (void) json_object_array_add(list, json_object_new_boolean(false));
        return with("enum", list);
}

static const struct {
        const char *name;
        json_object *(*make)(void);
} plain_types[] = {
        {"text", scalar},     {"word", scalar}, {"value", scalar},          {"fact", any_fact},
        {"field", any_field}, {"mode", mode},   {"comparison", comparison}, {"example", example},
};

static const struct {
        const char *name, *pattern;
        bool parameter;
} pattern_types[] = {
        {"id", "^[a-z][a-z0-9_-]{0,63}$", false},
        {"duration", DURATION_PATTERN, true},
        {"date", TIME_PATTERN, false},
        {"time", TIME_PATTERN, false},
};

static bool is_prefix(const char *name) {
        size_t n, length = strlen(name);
        const struct rule_key *keys = rule_keys(&n);
        for (size_t i = 0; i < n; i++)
                if (strncmp(keys[i].path, name, length) == 0 && keys[i].path[length] == '.')
                        return true;
        return false;
}

static json_object *type_named(const char *name) {
        size_t n;
        const struct rule_word *words = rule_words(&n);
        if (is_prefix(name) || strcmp(name, "owner") == 0 || strcmp(name, "client") == 0 || strcmp(name, "condition") == 0 ||
            strcmp(name, "example") == 0 || strcmp(name, "fact") == 0 || strcmp(name, "field") == 0)
                return reference("#/definitions/%s", name);
        for (size_t i = 0; i < ELEMENTSOF(plain_types); i++)
                if (strcmp(plain_types[i].name, name) == 0)
                        return plain_types[i].make();
        for (size_t i = 0; i < ELEMENTSOF(pattern_types); i++)
                if (strcmp(pattern_types[i].name, name) == 0) {
                        json_object *o = pattern(pattern_types[i].pattern);
                        return pattern_types[i].parameter ? or_parameter(o) : o;
                }
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i].type, name) == 0)
                        return one_of_words(words[i].names);
        if (strcmp(name, "int") == 0)
                return or_parameter(of_type("integer"));
        if (strcmp(name, "version") == 0)
                return with("const", json_object_new_int(1));
        if (strcmp(name, "occurrence") == 0)
                return with("const", text("occurrence"));
        if (strcmp(name, "on") == 0)
                return with("enum", json_tokener_parse("[\"on\", true]"));
        return NULL; /* a type of the table that nobody knows: the schema would allow nothing, and the tests fail */
}

static json_object *type_of(const char *type) {
        static const struct {
                const char *prefix;
                json_object *(*make)(json_object *);
        } containers[] = {{"list of ", array_of}, {"map of ", map_of}};
        const char * or = strstr(type, " or ");
        if (or) {
                _cleanup_free_ char *first = strndup(type, (size_t) (or -type));
                return first ? one_or_other(type_of(first), type_of(or +4)) : NULL;
        }
        for (size_t i = 0; i < ELEMENTSOF(containers); i++)
                if (strncmp(type, containers[i].prefix, strlen(containers[i].prefix)) == 0)
                        return containers[i].make(type_named(type + strlen(containers[i].prefix)));
        return type_named(type);
}

/* Exactly one of some keys. */
static void add_choice(json_object *o, const char *const *names) {
        json_object *list = json_object_new_array();
        for (; names && *names; names++) {
                json_object *one = json_object_new_array();
                (void) json_object_array_add(one, text(*names));
                (void) json_object_array_add(list, with("required", one));
        }
        if (json_object_array_length(list) > 0)
                add(o, "oneOf", list);
        else
                json_object_put(list);
}

/* With the fact known, `where` knows its fields. */
static void add_conditions(json_object *o, const char *key) {
        json_object *all = NULL;
        if (!json_object_object_get_ex(o, "allOf", &all)) {
                all = json_object_new_array();
                add(o, "allOf", all);
        }
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                if (!first_of_fields(t))
                        continue;
                json_object *named = with(key, reference("#/definitions/facts-%s", fact_table[t].name)),
                            *required = json_object_new_array();
                (void) json_object_array_add(required, text(key));
                json_object *rule = with("if", add(with("properties", named), "required", required));
                add(rule, "then",
                    with("properties", with("where", reference("#/definitions/condition-%s", fact_table[t].name))));
                (void) json_object_array_add(all, rule);
        }
}

static json_object *mapping(const char *prefix) {
        size_t n, length = strlen(prefix);
        const struct rule_key *keys = rule_keys(&n);
        json_object *properties = json_object_new_object(), *required = json_object_new_array();
        for (size_t i = 0; i < n; i++) {
                if (strncmp(keys[i].path, prefix, length) != 0 || keys[i].path[length] != '.')
                        continue;
                const char *name = keys[i].path + length + 1;
                add(properties, name, add(type_of(keys[i].type), "description", text(keys[i].doc)));
                if (keys[i].required)
                        (void) json_object_array_add(required, text(name));
        }
        json_object *o = add(add(of_type("object"), "properties", properties), "required", required);
        add(o, "additionalProperties", json_object_new_boolean(false));
        add_choice(o, rule_key_choice(prefix));
        if (strcmp(prefix, "list") == 0)
                add(o, "minProperties", json_object_new_int(1));
        if (json_object_object_get_ex(properties, "where", NULL) && json_object_object_get_ex(properties, "fact", NULL))
                add_conditions(o, "fact");
        if (json_object_object_get_ex(properties, "where", NULL) && json_object_object_get_ex(properties, "absent", NULL))
                add_conditions(o, "absent");
        return o;
}

/* --- adieu.yaml */

/* The last word of a path directly under `prefix`, else NULL. */
static const char *under(const char *path, const char *prefix) {
        size_t n = strlen(prefix);
        if (n > 0 && (strncmp(path, prefix, n) != 0 || path[n] != '.'))
                return NULL;
        path += n > 0 ? n + 1 : 0;
        return strpbrk(path, ".[") ? NULL : path;
}

static json_object *settings_mapping(const char *prefix);

static json_object *list_or_one(json_object *(*make)(void) ) {
        return one_or_other(make(), array_of(make()));
}

static json_object *hours(void) {
        json_object *o = json_tokener_parse("{\"type\": [\"string\", \"null\", \"boolean\"]}");
        return map_of(one_or_other(o, array_of(of_type("string"))));
}

static json_object *settings_value(const struct settings_key *key) {
        char inner[128];
        size_t n = strlen(key->path);
        if (strcmp(key->path, "rules") == 0 || strcmp(key->path, "clients[].rules") == 0)
                return map_of(reference("#/definitions/override"));
        if (strcmp(key->path, "clients[].exceptions") == 0)
                return array_of(reference("#/definitions/client-exception"));
        if (strcmp(key->path, "clients") == 0)
                return array_of(reference("#/definitions/client"));
        if (strcmp(key->path, "owner") == 0)
                return reference("#/definitions/owner");
        (void) snprintf(inner, sizeof(inner), "%s%s", key->path, strcmp(key->type, "mapping") == 0 ? "" : "[]");
        if (strcmp(key->type, "mapping") == 0)
                return settings_mapping(inner);
        if (strcmp(key->type, "list of mappings") == 0)
                return array_of(settings_mapping(inner));
        if (strcmp(key->type, "list of periods") == 0)
                return one_or_other(of_type("string"), array_of(one_or_other(of_type("string"), settings_mapping(inner))));
        if (strcmp(key->type, "hours") == 0)
                return hours();
        if (strcmp(key->type, "date") == 0)
                return pattern(DATE_PATTERN);
        if (strcmp(key->type, "list of texts") == 0)
                return list_or_one(scalar);
        if (n > 4 && strcmp(key->path + n - 3, ".id") == 0)
                return pattern("^[a-z0-9-]+$");
        return scalar();
}

static json_object *settings_mapping(const char *prefix) {
        size_t n;
        const struct settings_key *keys = settings_keys(&n);
        json_object *properties = json_object_new_object(), *required = json_object_new_array();
        for (size_t i = 0; i < n; i++) {
                const char *name = under(keys[i].path, prefix);
                if (!name)
                        continue;
                add(properties, name, add(settings_value(&keys[i]), "description", text(keys[i].doc)));
                if (keys[i].required)
                        (void) json_object_array_add(required, text(name));
        }
        json_object *o = add(add(of_type("object"), "properties", properties), "required", required);
        add_choice(o, settings_choice(prefix));
        return add(o, "additionalProperties", json_object_new_boolean(false));
}

/* --- the schemas */

static json_object *definitions(void) {
        json_object *d = json_object_new_object();
        size_t n;
        const struct rule_key *keys = rule_keys(&n);
        for (size_t i = 0; i < n; i++) {
                char prefix[64];
                (void) snprintf(prefix, sizeof(prefix), "%.*s", (int) strcspn(keys[i].path, "."), keys[i].path);
                if (!json_object_object_get_ex(d, prefix, NULL))
                        add(d, prefix, mapping(prefix));
        }
        add(d, "condition", condition(-1));
        add(d, "fact", any_fact());
        add(d, "field", any_field());
        add(d, "example", example());
        for (int t = 0; t < _FACT_TYPE_MAX; t++) {
                char name[64];
                if (!first_of_fields(t))
                        continue;
                (void) snprintf(name, sizeof(name), "condition-%s", fact_table[t].name);
                add(d, name, condition(t));
                (void) snprintf(name, sizeof(name), "given-%s", fact_table[t].name);
                add(d, name, given(t));
                (void) snprintf(name, sizeof(name), "facts-%s", fact_table[t].name);
                add(d, name, one_or_other(fact_name(t), array_of(fact_name(t))));
        }
        for (size_t i = 1; i < ELEMENTSOF(value_names); i++) {
                char name[64];
                const struct fact_field field = {.type = (enum value_type) i};
                (void) snprintf(name, sizeof(name), "compared-%s", value_names[i] ? value_names[i] : "");
                if (value_names[i])
                        add(d, name, comparisons_of(&field));
        }
        add(d, "owner", settings_mapping("owner"));
        add(d, "client", settings_mapping("clients[]"));
        return d;
}

/* A file of clients.d is one client, or a list under `clients`. */
static json_object *clients_file(void) {
        json_object *list = with("clients", array_of(reference("#/definitions/client")));
        json_object *file = add(add(of_type("object"), "properties", list), "required", json_tokener_parse("[\"clients\"]"));
        add(file, "additionalProperties", json_object_new_boolean(false));
        return one_or_other(reference("#/definitions/client"), file);
}

json_object *schema_make(const char *name) {
        static const char *const titles[] = {"Rules of adieu", "Configuration of adieu", "Clients of adieu"};
        size_t i = 0;
        while (schema_names[i] && strcmp(schema_names[i], name) != 0)
                i++;
        if (!schema_names[i])
                return NULL;
        json_object *o = i == 0 ? mapping("file") : i == 1 ? settings_mapping("") : clients_file();
        add(o, "$schema", text("http://json-schema.org/draft-07/schema#"));
        add(o, "title", text(titles[i]));
        return add(o, "definitions", definitions());
}
