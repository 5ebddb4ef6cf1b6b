/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "parsers/request_model.h"
#include "parsers/text.h"
#include "parsers/utf8.h"

/* Trains the model of requests: see README in this folder. Deterministic: one seed, no clock, one thread. */

#define ROWS_MAX 20000U
#define CLASSES_SIZE 2048U
#define LINE_ROOM 65536U
#define FOLDS 5U
#define INNER 4U
#define PASSES 60U
#define NEVER -100.0

struct instance {
        uint32_t first, n; /* in the pool of features */
        uint32_t row;
        bool silent; /* never asks: not learnt from, not scored */
        double norm;
};

struct row {
        char *text;
        bool yes;
        uint32_t first, n; /* instances */
        uint32_t group;
};

struct options {
        const char *language, *symbol;
        double cost, positive; /* of an error, and how much more of one on Yes */
        uint32_t keep;         /* weights */
        uint64_t seed;
        double precision; /* wanted when the threshold is chosen */
        bool verbose;
};

static struct row *rows;
static size_t n_rows;
static struct instance *instances;
static size_t n_instances, instances_room;
static uint32_t *pool; /* feature numbers */
static size_t n_pool, pool_room;

/* Numbers of features: an open-addressed table over their hashes. */
#define DICT_SIZE (1U << 21)
static uint32_t dict_key[DICT_SIZE], dict_id[DICT_SIZE];
static uint32_t *feature_key, *feature_count;
static char **feature_name;
static size_t n_features;

static struct request_class class_table[CLASSES_SIZE];
static const struct request_weight no_weights[1];
static const uint32_t no_bits[REQUEST_BITS / 32];
static struct request_model model = {no_weights, no_bits, class_table, NULL, 0, CLASSES_SIZE - 1, 0, 1};

static void die(const char *what) {
        fprintf(stderr, "train-requests: %s\n", what);
        exit(1);
}

static void *grow(void *p, size_t n, size_t size) {
        p = realloc(p, n * size);
        if (!p)
                die("out of memory");
        return p;
}

static uint64_t random_state;

static uint32_t random_below(uint32_t n) {
        random_state += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = random_state;
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        return (uint32_t) ((z ^ z >> 31) >> 33) % n;
}

static void shuffle(uint32_t *a, size_t n) {
        for (size_t i = n; i > 1; i--) {
                size_t j = random_below((uint32_t) i);
                uint32_t t = a[i - 1];
                a[i - 1] = a[j];
                a[j] = t;
        }
}

/* --- classes --- */

static size_t class_place(uint32_t key) {
        size_t i = (key * UINT32_C(2654435761)) >> 8 & (CLASSES_SIZE - 1);
        for (; class_table[i].key && class_table[i].key != key; i = (i + 1) & (CLASSES_SIZE - 1))
                class_table[i].more = true; /* it goes, or is, further on */
        return i;
}

static void load_classes(const char *path) {
        static char line[LINE_ROOM];
        FILE *f = fopen(path, "re");
        uint8_t value = 0;
        size_t n = 0;
        if (!f)
                die("cannot open the classes");
        while (fgets(line, sizeof(line), f)) {
                char *save = NULL, *p = strchr(line, ':');
                if (line[0] == '#' || !p)
                        continue;
                value++;
                for (char *w = strtok_r(p + 1, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
                        size_t i = class_place(request_hash(w, strlen(w)));
                        if (class_table[i].key)
                                continue;
                        class_table[i] = (struct request_class){request_hash(w, strlen(w)), value};
                        if (++n > CLASSES_SIZE / 2)
                                die("too many words in the classes");
                }
        }
        fclose(f);
}

/* --- data --- */

struct reading {
        const struct request_sentence *sentence;
        uint32_t row;
};

static void add_feature(void *userdata, uint32_t key, char kind, size_t at, size_t len) {
        const struct request_sentence *s = userdata;
        uint32_t i = (key * UINT32_C(2654435761)) >> 11;
        while (dict_id[i] && dict_key[i] != key)
                i = (i + 1) % DICT_SIZE;
        if (!dict_id[i]) {
                char name[256];
                size_t n = 0;
                if (n_features + 1 >= DICT_SIZE / 2)
                        die("too many features");
                if ((n_features & (n_features + 1)) == 0) {
                        size_t room = (n_features + 1) * 2;
                        feature_key = grow(feature_key, room, sizeof(*feature_key));
                        feature_count = grow(feature_count, room, sizeof(*feature_count));
                        feature_name = grow(feature_name, room, sizeof(*feature_name));
                }
                name[n++] = kind;
                for (size_t k = at; k < at + len && k < s->n && n + s->words[k].len + 2 < sizeof(name); k++) {
                        name[n++] = ' ';
                        memcpy(name + n, s->words[k].s, s->words[k].len);
                        n += s->words[k].len;
                }
                name[n] = 0;
                feature_key[n_features] = key;
                feature_count[n_features] = 0;
                feature_name[n_features] = strdup(name);
                dict_key[i] = key;
                dict_id[i] = (uint32_t) ++n_features;
        }
        uint32_t id = dict_id[i] - 1;
        feature_count[id]++;
        if (n_pool == pool_room)
                pool = grow(pool, pool_room = MAX(pool_room * 2, (size_t) 65536), sizeof(*pool));
        pool[n_pool++] = id;
        instances[n_instances - 1].n++;
}

static void add_instance(void *userdata, const struct request_sentence *s) {
        uint32_t row = *(uint32_t *) userdata;
        if (n_instances == instances_room)
                instances = grow(instances, instances_room = MAX(instances_room * 2, (size_t) 4096), sizeof(*instances));
        instances[n_instances++] =
                (struct instance){.first = (uint32_t) n_pool, .row = row, .silent = s->signals & REQUEST_SIGNAL_SILENT};
        request_features(&model, s, add_feature, (void *) s);
        struct instance *x = instances + n_instances - 1;
        x->norm = 16.0 / request_root(x->n);
        rows[row].n++;
}

static void load_rows(const char *path, const struct options *o) {
        static char line[LINE_ROOM];
        FILE *f = fopen(path, "re");
        struct phrase_index *index;
        if (!f)
                die("cannot open the data");
        if (phrase_index_new(&index) < 0)
                die("out of memory");
        while (fgets(line, sizeof(line), f)) {
                char *tab = strchr(line, '\t');
                size_t n;
                if (line[0] == '#' || !tab)
                        continue;
                if (n_rows == ROWS_MAX)
                        die("too many rows");
                rows[n_rows] = (struct row){.text = strdup(tab + 1), .yes = line[0] == 'Y', .first = (uint32_t) n_instances};
                n = utf8_clean_in_place(rows[n_rows].text, strlen(rows[n_rows].text));
                while (n > 0 && rows[n_rows].text[n - 1] == '\n')
                        rows[n_rows].text[--n] = 0;
                uint32_t row = (uint32_t) n_rows;
                if (text_request_sentences(index, rows[row].text, o->language, add_instance, &row) < 0)
                        die("out of memory");
                n_rows++;
        }
        phrase_index_free(index);
        fclose(f);
}

/* --- groups: sentences that share much stay in one fold --- */

static uint32_t group_of(uint32_t i) {
        while (rows[i].group != i)
                i = rows[i].group = rows[rows[i].group].group;
        return i;
}

static int compare_u32(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
        return (x > y) - (x < y);
}

/* Trigrams of folded letters' words; a Jaccard index of 0.4 and more joins two rows. */
static void make_groups(double alike) {
        uint32_t **sets = grow(NULL, n_rows, sizeof(*sets));
        uint32_t *sizes = grow(NULL, n_rows, sizeof(*sizes));
        for (size_t r = 0; r < n_rows; r++) {
                uint32_t words[400], n = 0, h = 0;
                const char *p = rows[r].text;
                for (;; p++) {
                        char c = (char) (*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
                        bool in = (c >= 'a' && c <= 'z') || (unsigned char) c >= 0x80;
                        if (in)
                                h = (h ^ (unsigned char) c) * 16777619U + 1;
                        else if (h && n < 400) {
                                words[n++] = h;
                                h = 0;
                        }
                        if (!*p)
                                break;
                }
                sets[r] = grow(NULL, n + 1, sizeof(uint32_t));
                sizes[r] = 0;
                for (uint32_t i = 0; i < n; i++)
                        sets[r][sizes[r]++] = n < 4       ? words[i]
                                              : i + 2 < n ? (words[i] * 31 + words[i + 1]) * 31 + words[i + 2]
                                                          : words[i];
                qsort(sets[r], sizes[r], sizeof(uint32_t), compare_u32);
                rows[r].group = (uint32_t) r;
        }
        for (uint32_t a = 0; a < n_rows; a++)
                for (uint32_t b = 0; b < a; b++) {
                        uint32_t i = 0, j = 0, both = 0;
                        if (sizes[a] > 3 * sizes[b] || sizes[b] > 3 * sizes[a])
                                continue;
                        while (i < sizes[a] && j < sizes[b])
                                if (sets[a][i] == sets[b][j])
                                        both++, i++, j++;
                                else if (sets[a][i] < sets[b][j])
                                        i++;
                                else
                                        j++;
                        if (both > 0 && both >= (sizes[a] + sizes[b] - both) * alike)
                                rows[group_of(a)].group = group_of(b);
                }
        for (size_t r = 0; r < n_rows; r++)
                free(sets[r]);
        free(sets);
        free(sizes);
}

/* --- the model: a linear support vector machine with squared hinge, by dual coordinate descent --- */

struct weights {
        double *w; /* one for each feature */
        double bias;
};

static double score_instance(const struct weights *m, const struct instance *x) {
        double s = 0;
        if (x->silent)
                return NEVER;
        for (uint32_t i = 0; i < x->n; i++)
                s += m->w[pool[x->first + i]];
        return s * x->norm + m->bias;
}

static double score_row(const struct weights *m, const struct row *r, uint32_t *ret_best) {
        double best = 2 * NEVER;
        for (uint32_t i = 0; i < r->n; i++) {
                double s = score_instance(m, instances + r->first + i);
                if (s > best) {
                        best = s;
                        if (ret_best)
                                *ret_best = r->first + i;
                }
        }
        return best;
}

/* One run over chosen instances. */
static void descend(const struct options *o, const uint32_t *chosen, size_t n, struct weights *out) {
        double *v = calloc(n_features, sizeof(*v)), *alpha = calloc(n, sizeof(*alpha)), *q = calloc(n, sizeof(*q)), b = 0;
        uint32_t *order = grow(NULL, n, sizeof(*order));
        if (!v || !alpha || !q)
                die("out of memory");
        for (size_t i = 0; i < n; i++) {
                const struct instance *x = instances + chosen[i];
                order[i] = (uint32_t) i;
                q[i] = 1;
                for (uint32_t k = 0; k < x->n; k++) {
                        uint32_t times = 1;
                        for (uint32_t other = 0; other < x->n; other++)
                                times += other != k && pool[x->first + other] == pool[x->first + k];
                        q[i] += times * x->norm * x->norm;
                }
        }
        for (size_t pass = 0; pass < PASSES; pass++) {
                shuffle(order, n);
                for (size_t j = 0; j < n; j++) {
                        size_t i = order[j];
                        const struct instance *x = instances + chosen[i];
                        bool yes = rows[x->row].yes;
                        double y = yes ? 1 : -1, diagonal = 0.5 / (o->cost * (yes ? o->positive : 1)), s = b;
                        for (uint32_t k = 0; k < x->n; k++)
                                s += v[pool[x->first + k]] * x->norm;
                        double gradient = y * s - 1 + diagonal * alpha[i];
                        double next = fmax(alpha[i] - gradient / (q[i] + diagonal), 0), d = (next - alpha[i]) * y;
                        alpha[i] = next;
                        if (d == 0)
                                continue;
                        b += d;
                        for (uint32_t k = 0; k < x->n; k++)
                                v[pool[x->first + k]] += d * x->norm;
                }
        }
        for (size_t f = 0; f < n_features; f++)
                out->w[f] = v[f];
        out->bias = b;
        free(v);
        free(alpha);
        free(q);
        free(order);
}

static void train(const struct options *o, const uint32_t *train_rows, size_t n, struct weights *out) {
        uint32_t *chosen = grow(NULL, n_instances, sizeof(*chosen));
        size_t k = 0;
        /* Of a row that asks, one sentence has to: the likeliest by the model before. */
        for (size_t round = 0; round < 2; round++) {
                k = 0;
                for (size_t i = 0; i < n; i++) {
                        const struct row *r = rows + train_rows[i];
                        uint32_t best = 0;
                        if (r->yes && round > 0) {
                                if (score_row(out, r, &best) > NEVER)
                                        chosen[k++] = best;
                        } else
                                for (uint32_t j = 0; j < r->n; j++)
                                        if (!instances[r->first + j].silent)
                                                chosen[k++] = r->first + j;
                }
                descend(o, chosen, k, out);
        }
        free(chosen);
}

/* Keep the weights that move sentences most; quantised to 16 bits. */
static int compare_double_down(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;
        return (x < y) - (x > y);
}

static double *importance(const struct weights *m) {
        double *all = grow(NULL, n_features, sizeof(*all));
        for (size_t f = 0; f < n_features; f++)
                all[f] = fabs(m->w[f]) * pow(feature_count[f], 0.35);
        return all;
}

static double quantise(struct weights *m, uint32_t keep) {
        double *all = importance(m), *sorted = importance(m), largest = fabs(m->bias);
        qsort(sorted, n_features, sizeof(*sorted), compare_double_down);
        double least = n_features > keep ? sorted[keep] : 0;
        for (size_t f = 0; f < n_features; f++) {
                if (all[f] <= least)
                        m->w[f] = 0;
                largest = fmax(largest, fabs(m->w[f]));
        }
        double unit = largest / 8000;
        for (size_t f = 0; f < n_features; f++)
                m->w[f] = round(m->w[f] / unit) * unit;
        free(all);
        free(sorted);
        return unit;
}

/* --- measuring --- */

struct figures {
        double precision, recall, f1;
};

static struct figures measure(const double *scores, const uint32_t *which, size_t n, double threshold) {
        double tp = 0, fp = 0, fn = 0;
        for (size_t i = 0; i < n; i++) {
                bool said = scores[which[i]] > threshold, yes = rows[which[i]].yes;
                tp += said && yes;
                fp += said && !yes;
                fn += !said && yes;
        }
        struct figures r = {tp + fp > 0 ? tp / (tp + fp) : 0, tp + fn > 0 ? tp / (tp + fn) : 0, 0};
        r.f1 = 2 * tp / fmax(2 * tp + fp + fn, 1);
        return r;
}

/* The best F1 that keeps the wanted precision. */
static double choose_threshold(const struct options *o, const double *scores, const uint32_t *which, size_t n) {
        double best = 0, best_f1 = -1;
        for (int t = -60; t <= 60; t++) {
                struct figures f = measure(scores, which, n, t / 50.0);
                double value = f.f1 - (f.precision < o->precision ? 10 * (o->precision - f.precision) : 0);
                if (value > best_f1) {
                        best_f1 = value;
                        best = t / 50.0;
                }
        }
        return best;
}

static void assign_folds(uint32_t *fold, uint32_t folds) {
        uint32_t *heads = grow(NULL, n_rows, sizeof(*heads)), *head_fold = grow(NULL, n_rows, sizeof(*head_fold));
        size_t n = 0;
        for (uint32_t i = 0; i < n_rows; i++)
                if (group_of(i) == i)
                        heads[n++] = i;
        shuffle(heads, n);
        for (size_t i = 0; i < n; i++)
                head_fold[heads[i]] = (uint32_t) (i % folds);
        for (uint32_t i = 0; i < n_rows; i++)
                fold[i] = head_fold[group_of(i)];
        free(heads);
        free(head_fold);
}

/* Scores of the given rows, each by a model that did not see it. */
static void cross_score(const struct options *o, const uint32_t *which, size_t n, uint32_t folds, double *scores) {
        uint32_t *fold = grow(NULL, n_rows, sizeof(*fold)), *part = calloc(n_rows, sizeof(*part));
        struct weights m = {.w = grow(NULL, n_features, sizeof(double))};
        assign_folds(fold, folds);
        for (uint32_t k = 0; k < folds; k++) {
                size_t p = 0;
                for (size_t i = 0; i < n; i++)
                        if (fold[which[i]] != k)
                                part[p++] = which[i];
                train(o, part, p, &m);
                quantise(&m, o->keep);
                for (size_t i = 0; i < n; i++)
                        if (fold[which[i]] == k)
                                scores[which[i]] = score_row(&m, rows + which[i], NULL);
        }
        free(m.w);
        free(fold);
        free(part);
}

static void cross_validate(const struct options *o, unsigned repeats) {
        uint32_t *fold = grow(NULL, n_rows, sizeof(*fold)), *part = grow(NULL, n_rows, sizeof(*part)),
                 *test = grow(NULL, n_rows, sizeof(*test));
        double *scores = grow(NULL, n_rows, sizeof(*scores)), *inner = grow(NULL, n_rows, sizeof(*inner));
        struct weights m = {.w = grow(NULL, n_features, sizeof(double))};
        double sum[3] = {0}, squares[3] = {0};
        unsigned runs = 0;
        for (unsigned r = 0; r < repeats; r++) {
                assign_folds(fold, FOLDS);
                for (uint32_t k = 0; k < FOLDS; k++) {
                        size_t p = 0, t = 0;
                        for (uint32_t i = 0; i < n_rows; i++)
                                if (fold[i] != k)
                                        part[p++] = i;
                                else
                                        test[t++] = i;
                        cross_score(o, part, p, INNER, inner);
                        double threshold = choose_threshold(o, inner, part, p);
                        train(o, part, p, &m);
                        quantise(&m, o->keep);
                        for (size_t i = 0; i < t; i++) {
                                scores[test[i]] = score_row(&m, rows + test[i], NULL);
                                if (o->verbose && r == 0 && (scores[test[i]] > threshold) != rows[test[i]].yes)
                                        printf("%s %+.2f %s\n", rows[test[i]].yes ? "MISSED" : "WRONG",
                                               scores[test[i]] - threshold, rows[test[i]].text);
                        }
                        struct figures f = measure(scores, test, t, threshold);
                        double v[3] = {f.precision, f.recall, f.f1};
                        for (size_t i = 0; i < 3; i++) {
                                sum[i] += v[i];
                                squares[i] += v[i] * v[i];
                        }
                        runs++;
                        if (o->verbose)
                                printf("fold %u: P %.3f R %.3f F1 %.3f (threshold %.2f, %zu rows)\n", k, f.precision,
                                       f.recall, f.f1, threshold, t);
                }
        }
        printf("cross-validated over %u folds:", runs);
        static const char *const names[] = {"precision", "recall", "F1"};
        for (size_t i = 0; i < 3; i++)
                printf(" %s %.3f +- %.3f", names[i], sum[i] / runs,
                       sqrt(fmax(squares[i] / runs - sum[i] / runs * (sum[i] / runs), 0)));
        printf("\n");
        free(m.w);
        free(fold);
        free(part);
        free(test);
        free(scores);
        free(inner);
}

/* --- writing --- */

static void write_model(const struct options *o, const char *classes) {
        uint32_t *all = grow(NULL, n_rows, sizeof(*all)), size = 1;
        double *scores = grow(NULL, n_rows, sizeof(*scores));
        struct weights m = {.w = grow(NULL, n_features, sizeof(double))};
        size_t kept = 0;
        for (uint32_t i = 0; i < n_rows; i++)
                all[i] = i;
        cross_score(o, all, n_rows, FOLDS, scores);
        double threshold = choose_threshold(o, scores, all, n_rows);
        train(o, all, n_rows, &m);
        double unit = quantise(&m, o->keep);
        for (size_t f = 0; f < n_features; f++)
                kept += m.w[f] != 0;
        while (size < 2 * kept)
                size *= 2;
        uint32_t *slot = calloc(size, sizeof(*slot));
        bool *passed = grow(NULL, size, sizeof(*passed)); /* somebody who belongs there stands further on */
        memset(passed, 0, size * sizeof(*passed));
        for (size_t f = 0; slot && f < n_features; f++) {
                uint32_t i = (feature_key[f] * UINT32_C(2654435761)) >> 8 & (size - 1);
                if (m.w[f] == 0 || feature_key[f] == 0)
                        continue;
                for (; slot[i]; i = (i + 1) & (size - 1))
                        passed[i] = true;
                slot[i] = (uint32_t) f + 1;
        }
        printf("/* SPDX-License-Identifier: GPL-3.0-or-later */\n/* Generated by contrib/train/train-requests from %s; do "
               "not edit. %zu weights. */\n/* clang-format off */\n",
               classes, kept);
        printf("#include \"parsers/request_model.h\"\n\nstatic const struct request_weight weights[%u] = {\n", size);
        for (uint32_t i = 0; slot && i < size; i++)
                if (slot[i])
                        printf("        [%u] = {0x%08x, %d%s}, /* %s */\n", i, feature_key[slot[i] - 1],
                               (int) lround(m.w[slot[i] - 1] / unit), passed[i] ? ", true" : "", feature_name[slot[i] - 1]);
        printf("};\n\nstatic const struct request_class classes[%u] = {\n", CLASSES_SIZE);
        for (uint32_t i = 0; i < CLASSES_SIZE; i++)
                if (class_table[i].key)
                        printf("        [%u] = {0x%08x, %u%s},\n", i, class_table[i].key, class_table[i].value,
                               class_table[i].more ? ", true" : "");
        uint32_t bits[REQUEST_BITS / 32] = {0};
        for (uint32_t i = 0; slot && i < size; i++)
                if (slot[i]) {
                        uint32_t bit = REQUEST_BIT(feature_key[slot[i] - 1]);
                        bits[bit / 32] |= UINT32_C(1) << bit % 32;
                }
        printf("};\n\nstatic const uint32_t present[REQUEST_BITS / 32] = {");
        for (uint32_t i = 0; i < REQUEST_BITS / 32; i++)
                printf("%s0x%08x,", i % 8 ? " " : "\n        ", bits[i]);
        printf("\n};\n\nstatic const int16_t pairs[REQUEST_CLASSES * REQUEST_CLASSES] = {\n");
        for (uint32_t low = 0; low < REQUEST_CLASSES; low++)
                for (uint32_t high = low + 1; high < REQUEST_CLASSES; high++)
                        for (size_t f = 0; f < n_features; f++)
                                if (feature_key[f] == request_pair(low, high) && m.w[f] != 0)
                                        printf("        [%u] = %d,\n", low * REQUEST_CLASSES + high,
                                               (int) lround(m.w[f] / unit));
        printf("};\n\nconst struct request_model %s = {weights, present, classes, pairs, %u, %u, %d, %d};\n", o->symbol,
               size - 1, CLASSES_SIZE - 1, (int) lround((m.bias - threshold) / unit), (int) lround(1 / unit));
        free(slot);
        free(passed);
        free(m.w);
        free(all);
        free(scores);
}

/* One of FOLDS parts for testing, the others for training: PREFIX-train.tsv and PREFIX-test.tsv. */
static void split(const char *prefix, uint32_t part) {
        uint32_t *fold = grow(NULL, n_rows, sizeof(*fold));
        FILE *files[2];
        char path[4096];
        for (size_t i = 0; i < 2; i++) {
                snprintf(path, sizeof(path), "%s-%s.tsv", prefix, i ? "test" : "train");
                files[i] = fopen(path, "we");
                if (!files[i])
                        die("cannot write the parts");
        }
        assign_folds(fold, FOLDS);
        for (size_t i = 0; i < n_rows; i++)
                fprintf(files[fold[i] == part], "%s\t%s\n", rows[i].yes ? "Yes" : "No", rows[i].text);
        fclose(files[0]);
        fclose(files[1]);
        free(fold);
}

static const char *argument(int argc, char *argv[], const char *name, const char *otherwise) {
        for (int i = 1; i + 1 < argc; i++)
                if (strcmp(argv[i], name) == 0)
                        return argv[i + 1];
        return otherwise;
}

int main(int argc, char *argv[]) {
        const char *classes = argument(argc, argv, "--classes", NULL), *data = argument(argc, argv, "--data", NULL);
        const char *repeats = argument(argc, argv, "--cv", NULL);
        struct options o = {
                .language = argument(argc, argv, "--language", "en"),
                .symbol = argument(argc, argv, "--symbol", "request_model_en"),
                .cost = strtod(argument(argc, argv, "--cost", "1"), NULL),
                .positive = strtod(argument(argc, argv, "--positive", "1"), NULL),
                .keep = (uint32_t) strtoul(argument(argc, argv, "--keep", "6000"), NULL, 10),
                .precision = strtod(argument(argc, argv, "--precision", "0.85"), NULL),
                .verbose = argument(argc, argv, "--verbose", NULL) != NULL,
        };
        random_state = strtoull(argument(argc, argv, "--seed", "1"), NULL, 10);
        if (!classes || !data)
                die("usage: train-requests --language en --classes FILE --data TSV [--cv REPEATS | >model.c]");
        rows = grow(NULL, ROWS_MAX, sizeof(*rows));
        load_classes(classes);
        load_rows(data, &o);
        make_groups(strtod(argument(argc, argv, "--alike", "0.4"), NULL));
        size_t groups = 0;
        for (uint32_t i = 0; i < n_rows; i++)
                groups += group_of(i) == i;
        fprintf(stderr, "%zu rows in %zu groups, %zu sentences, %zu features\n", n_rows, groups, n_instances, n_features);
        if (argument(argc, argv, "--split", NULL))
                split(argument(argc, argv, "--split", NULL),
                      (uint32_t) strtoul(argument(argc, argv, "--part", "0"), NULL, 10));
        else if (repeats)
                cross_validate(&o, (unsigned) strtoul(repeats, NULL, 10));
        else
                write_model(&o, classes);
        return 0;
}
