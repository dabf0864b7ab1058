/* Grams are ordered by (frequency, hash): unknown ones come first. Of n grams the first
 * n - ceil(t n) + 1 are the prefix; prefixes of two that are near have one in common. */
#include "pipelines/decide/near_questions.h"

#include <math.h>
#include <stdlib.h>

enum { BIT_WORDS = 4, FREQUENCY_BITS = 20, ARENA_BYTES_MAX = 1 << 20 };

struct gram { /* of the table; questions 0: free */
    uint64_t hash;
    uint32_t questions;   /* that have it */
    uint32_t from, count; /* in `postings` */
};

struct question {
    struct bytes text;
    uint32_t grams; /* 0: not compared */
    uint64_t bits[BIT_WORDS];
};

struct near_questions {
    double similarity;
    struct question *questions;
    uint32_t count, fewest, most; /* grams of the questions */
    struct gram *grams;
    uint64_t mask; /* slots of `grams` - 1 */
    uint32_t *postings;
    uint32_t posting_count;
};

/* --- the table --- */

static struct gram *slot_of(const struct near_questions *near, uint64_t hash)
{
    uint64_t at = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15U >> 20 & near->mask;
    while (near->grams[at].questions != 0 && near->grams[at].hash != hash)
        at = (at + 1) & near->mask;
    return &near->grams[at];
}

static bool make_table(struct near_questions *near, uint64_t grams)
{
    uint64_t slots = 64;
    while (slots < 2 * grams)
        slots *= 2;
    near->grams = calloc(slots, sizeof *near->grams);
    near->mask = slots - 1;
    return near->grams != NULL;
}

/* --- order --- */

struct ranked {
    uint64_t rank;
    const struct gram *gram;
};

static uint64_t rank_of(uint64_t hash, uint32_t questions)
{
    uint64_t most = (1 << FREQUENCY_BITS) - 1;
    uint64_t frequency = questions < most ? questions : most;
    return frequency << (64 - FREQUENCY_BITS) | hash >> FREQUENCY_BITS;
}

/* The first `wanted` of `items` are the least, in no order (quickselect). */
static void select_least(struct ranked *items, uint32_t count, uint32_t wanted)
{
    uint32_t from = 0, to = count;
    while (to - from > 1 && wanted > from && wanted < to) {
        uint64_t pivot = items[from + (to - from) / 2].rank;
        uint32_t i = from, j = to - 1;
        for (;;) {
            while (items[i].rank < pivot)
                i++;
            while (items[j].rank > pivot)
                j--;
            if (i >= j)
                break;
            struct ranked other = items[i];
            items[i++] = items[j];
            items[j--] = other;
        }
        if (wanted <= i)
            to = i;
        else
            from = i;
    }
}

static uint32_t prefix_of(const struct near_questions *near, size_t grams)
{
    return (uint32_t)(grams - (size_t)ceil(near->similarity * (double)grams - 1e-9) + 1);
}

static void set_bits(struct question_grams grams, uint64_t bits[BIT_WORDS])
{
    memset(bits, 0, BIT_WORDS * sizeof *bits);
    for (size_t i = 0; i < grams.count; i++) {
        uint64_t hash = grams.items[i] ^ grams.items[i] >> 32;
        bits[hash / 64 % BIT_WORDS] |= 1ULL << hash % 64;
    }
}

/* --- building --- */

static struct question_grams grams_of(const struct question *question, struct arena *scratch)
{
    arena_reset(scratch);
    return question_grams(question->text, scratch);
}

static bool count_grams(struct near_questions *near, struct arena *scratch)
{
    uint64_t all = 0;
    near->fewest = UINT32_MAX;
    for (uint32_t i = 0; i < near->count; i++) {
        struct question *question = &near->questions[i];
        struct question_grams grams = grams_of(question, scratch);
        if (grams.count == 0 || grams.count > NEAR_GRAMS_MAX)
            continue;
        question->grams = (uint32_t)grams.count;
        set_bits(grams, question->bits);
        near->fewest = question->grams < near->fewest ? question->grams : near->fewest;
        near->most = question->grams > near->most ? question->grams : near->most;
        all += grams.count;
    }
    if (!make_table(near, all))
        return false;
    for (uint32_t i = 0; i < near->count; i++) {
        if (near->questions[i].grams == 0)
            continue;
        struct question_grams grams = grams_of(&near->questions[i], scratch);
        for (size_t j = 0; j < grams.count; j++) {
            struct gram *gram = slot_of(near, grams.items[j]);
            gram->hash = grams.items[j];
            gram->questions++;
        }
    }
    return true;
}

/* The grams of its prefix, of a question that is in the table. */
static uint32_t prefix(const struct near_questions *near, const struct question *question,
                       struct arena *scratch, struct ranked to[NEAR_GRAMS_MAX])
{
    struct question_grams grams = grams_of(question, scratch);
    for (uint32_t i = 0; i < grams.count; i++) {
        const struct gram *gram = slot_of(near, grams.items[i]);
        to[i] = (struct ranked){rank_of(gram->hash, gram->questions), gram};
    }
    uint32_t wanted = prefix_of(near, grams.count);
    select_least(to, (uint32_t)grams.count, wanted);
    return wanted;
}

static bool post(struct near_questions *near, struct arena *scratch)
{
    struct ranked ranked[NEAR_GRAMS_MAX];
    for (uint32_t i = 0; i < near->count; i++) {
        const struct question *question = &near->questions[i];
        uint32_t count = question->grams > 0 ? prefix(near, question, scratch, ranked) : 0;
        for (uint32_t j = 0; j < count; j++)
            near->grams[ranked[j].gram - near->grams].count++;
        near->posting_count += count;
    }
    near->postings = malloc((near->posting_count + 1) * sizeof *near->postings);
    if (!near->postings)
        return false;
    uint32_t from = 0;
    for (uint64_t i = 0; i <= near->mask; i++) {
        near->grams[i].from = from;
        from += near->grams[i].count;
        near->grams[i].count = 0;
    }
    for (uint32_t i = 0; i < near->count; i++) {
        const struct question *question = &near->questions[i];
        uint32_t count = question->grams > 0 ? prefix(near, question, scratch, ranked) : 0;
        for (uint32_t j = 0; j < count; j++) {
            struct gram *gram = &near->grams[ranked[j].gram - near->grams];
            near->postings[gram->from + gram->count++] = i;
        }
    }
    return true;
}

struct near_questions *near_questions_create(const struct bytes *questions, uint32_t count,
                                             double similarity)
{
    struct arena scratch;
    struct near_questions *near = calloc(1, sizeof *near);
    if (!near)
        return NULL;
    near->similarity = similarity;
    near->count = count;
    near->questions = calloc(count + 1, sizeof *near->questions);
    for (uint32_t i = 0; near->questions && i < count; i++)
        near->questions[i].text = questions[i];
    arena_init(&scratch, ARENA_BYTES_MAX);
    bool is_made = near->questions && count_grams(near, &scratch) && post(near, &scratch);
    arena_finish(&scratch);
    if (is_made)
        return near;
    near_questions_destroy(near);
    return NULL;
}

void near_questions_destroy(struct near_questions *near)
{
    if (!near)
        return;
    free(near->questions);
    free(near->grams);
    free(near->postings);
    free(near);
}

size_t near_questions_bytes(const struct near_questions *near)
{
    return sizeof *near + (near->count + 1) * sizeof *near->questions +
           (near->mask + 1) * sizeof *near->grams +
           (near->posting_count + 1) * sizeof *near->postings;
}

/* --- finding --- */

struct search {
    const struct near_questions *near;
    struct question_grams grams;
    uint64_t bits[BIT_WORDS];
    struct arena *arena;
    uint32_t *found;
    uint32_t count, looked;
};

/* At least so many grams are in one set alone: a bit that differs is one of them, or several. */
static uint32_t fewest_apart(const uint64_t a[BIT_WORDS], const uint64_t b[BIT_WORDS])
{
    uint32_t apart = 0;
    for (size_t i = 0; i < BIT_WORDS; i++)
        apart += (uint32_t)__builtin_popcountll(a[i] ^ b[i]);
    return apart;
}

static bool may_be_near(const struct search *it, const struct question *question)
{
    double t = it->near->similarity, all = (double)(it->grams.count + question->grams);
    return fewest_apart(it->bits, question->bits) <= all * (1 - t) / (1 + t) + 1e-9;
}

static void look_at(struct search *it, uint32_t place)
{
    const struct question *question = &it->near->questions[place];
    if (!may_be_near(it, question) || it->count == NEAR_FOUND_MAX)
        return;
    for (uint32_t i = 0; i < it->count; i++)
        if (it->found[i] == place)
            return;
    struct question_grams grams = question_grams(question->text, it->arena);
    if (question_jaccard(it->grams, grams) < it->near->similarity)
        return;
    uint32_t at = it->count++;
    for (; at > 0 && it->found[at - 1] > place; at--)
        it->found[at] = it->found[at - 1];
    it->found[at] = place;
}

/* Those known of the question's grams, with how many are not. */
static uint32_t rank(const struct search *it, struct ranked *to, uint32_t *ret_unknown)
{
    uint32_t known = 0;
    *ret_unknown = 0;
    for (size_t i = 0; i < it->grams.count; i++) {
        const struct gram *gram = slot_of(it->near, it->grams.items[i]);
        if (gram->questions == 0)
            ++*ret_unknown;
        else
            to[known++] = (struct ranked){rank_of(gram->hash, gram->questions), gram};
    }
    return known;
}

uint32_t near_questions_find(const struct near_questions *near, struct bytes question,
                             struct arena *arena, uint32_t ret_found[NEAR_FOUND_MAX])
{
    struct search it = {.near = near, .arena = arena, .found = ret_found};
    uint32_t unknown;
    if (near->most == 0)
        return 0;
    it.grams = question_grams(question, arena);
    double count = (double)it.grams.count, t = near->similarity;
    if (it.grams.count == 0 || it.grams.count > NEAR_GRAMS_MAX || count < t * near->fewest - 1e-9 ||
        near->most < t * count - 1e-9)
        return 0;
    struct ranked *ranked = arena_alloc(arena, it.grams.count * sizeof *ranked);
    if (!ranked)
        return 0;
    uint32_t known = rank(&it, ranked, &unknown), wanted = prefix_of(near, it.grams.count);
    if (unknown >= wanted)
        return 0;
    set_bits(it.grams, it.bits);
    wanted = wanted - unknown < known ? wanted - unknown : known;
    select_least(ranked, known, wanted);
    for (uint32_t i = 0; i < wanted; i++)
        for (uint32_t j = 0; j < ranked[i].gram->count && it.looked < NEAR_CANDIDATES_MAX;
             j++, it.looked++)
            look_at(&it, near->postings[ranked[i].gram->from + j]);
    return it.count;
}
