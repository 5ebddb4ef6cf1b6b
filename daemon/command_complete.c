/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "daemon/command.h"
#include "daemon/schema.h"

/* `adieu complete WORD...` is for the shells: the words of a command line up to the cursor, the last of which may be empty, give what can stand there, one a
 * line. It asks the same tables as the commands themselves, and the owner's own files for names, so it cannot lag behind. Nothing is said of faults. */

struct completion {
        const char *begun; /* the word at the cursor */
};

static void offer(const struct completion *k, const char *word) {
        if (word && strncmp(word, k->begun, strlen(k->begun)) == 0)
                puts(word);
}

void complete_option(const char *begun, const char *name) {
        char word[64];
        const struct completion k = {begun};
        (void) snprintf(word, sizeof(word), "--%s", name);
        offer(&k, word);
}

static void offer_all(const struct completion *k, const char *const *words) {
        for (; *words; words++)
                offer(k, *words);
}

static void offer_clients(struct context *c, const struct completion *k) {
        if (context_settings(c) != EXIT_DONE)
                return;
        for (size_t i = 0; i < c->settings->n_clients; i++)
                offer(k, c->settings->clients[i].id);
}

static void offer_rules(struct context *c, const struct completion *k) {
        if (context_settings(c) != EXIT_DONE || context_rules(c, NULL, 0) != EXIT_DONE)
                return;
        for (size_t i = 0; i < ruleset_size(c->rules); i++)
                offer(k, rule_id(ruleset_rule(c->rules, i)));
}

static void offer_facts(struct context *c, const struct completion *k) {
        (void) c;
        for (int t = 0; t < FACT_RULE; t++)
                offer(k, fact_table[t].name);
}

/* Values of options, by the name that an option has in every command. */
static const struct {
        const char *option;
        void (*offer)(struct context *c, const struct completion *k);
} values[] = {
        {"--client", offer_clients},
        {"--rule", offer_rules},
        {"--fact", offer_facts},
};

static const char *const own_options[] = {"--config", "--now", "--json", "--help", "--version", NULL};

static void offer_commands(const struct completion *k) {
        for (size_t i = 0; command_at(i); i++)
                offer(k, command_at(i)->name);
        if (*k->begun == '-')
                offer_all(k, own_options);
}

/* Operands that are words, not files. */
static void offer_operands(const struct completion *k, const char *command, int n, char **operands) {
        if (strcmp(command, "rules") != 0)
                return;
        if (n == 0)
                offer_all(k, rules_actions());
        else if (n == 1 && strcmp(operands[0], "schema") == 0)
                offer_all(k, schema_names);
}

/* Where the command stands: after what belongs to adieu itself. n: at the cursor, or nowhere before it. */
static int find_command_word(struct context *c, int n, char **words) {
        int i = 0;
        for (; i < n && words[i][0] == '-'; i++) {
                bool config = strcmp(words[i], "-c") == 0 || strcmp(words[i], "--config") == 0;
                if (config && i + 1 < n)
                        c->config_path = words[i + 1];
                i += config || strcmp(words[i], "--now") == 0;
        }
        return i;
}

int command_complete(struct context *c, int argc, char **argv) {
        int n = argc - 2; /* words before the one at the cursor */
        if (n < 0)
                return EXIT_USAGE;
        char **words = argv + 1;
        const struct completion k = {words[n]};
        int at = find_command_word(c, n, words);
        if (at > n)
                return EXIT_DONE; /* a file, or a time */
        if (at == n) {
                offer_commands(&k);
                return EXIT_DONE;
        }
        const struct command *command = command_find(words[at]);
        if (!command)
                return EXIT_DONE;
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                if (n > at + 1 && strcmp(words[n - 1], values[i].option) == 0) {
                        values[i].offer(c, &k);
                        return EXIT_DONE;
                }
        if (*k.begun == '-') {
                char *alone[] = {words[at], NULL};
                c->completing = k.begun;
                (void) command->run(c, 1, alone);
                return EXIT_DONE;
        }
        offer_operands(&k, command->name, n - at - 1, words + at + 1);
        return EXIT_DONE;
}
