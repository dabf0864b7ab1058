/* Grams are ordered by (frequency, hash): unknown ones come first. Of n grams the first
 * n - ceil(t n) + 1 are the prefix; prefixes of two that are near have one in common, and mostly
 * several, which is counted. Where even the rarest grams of a question are in hundreds of others each,
 * only the first lists are gone through: of a set that is so much alike some that are near are missed. */
#include "pipelines/decide/near_questions.h"

#include <math.h>
#include <stdlib.h>

enum {
    BIT_WORDS = 4,
    FREQUENCY_BITS = 20,
    ARENA_BYTES_MAX = 1 << 20,
    SLOTS_MIN = 64,
    PLACES_MAX = 1 << 26,
    POSTINGS_MAX = 1024,
    CANDIDATES_MAX = 4096
};

struct gram { /* of the table; questions 0: free */
    uint64_t hash;
    uint32_t questions;   /* that have it */
    uint32_t from, count; /* in `postings` */
};

struct question {
    uint32_t grams; /* 0: not compared */
    uint32_t from;  /* in `places` */
    uint64_t bits[BIT_WORDS];
};

struct near_questions {
    double similarity;
    struct question *questions;
    uint32_t count, fewest, most;            /* grams of the questions */
    uint16_t prefixes[NEAR_GRAMS_MAX + 1];   /* by grams */
    uint16_t common[2 * NEAR_GRAMS_MAX + 1]; /* that make two near, by grams of both together */
    struct gram *grams;
    uint64_t mask, gram_count; /* slots of `grams` - 1; of them taken */
    uint32_t *places;          /* of each question its grams as slots of the table, ascending */
    uint32_t *postings;
    uint32_t place_count, posting_count;
};

/* --- the table --- */

static struct gram *slot_in(struct gram *grams, uint64_t mask, uint64_t hash)
{
    uint64_t at = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15U >> 20 & mask;
    while (grams[at].questions != 0 && grams[at].hash != hash)
        at = (at + 1) & mask;
    return &grams[at];
}

static struct gram *slot_of(const struct near_questions *near, uint64_t hash)
{
    return slot_in(near->grams, near->mask, hash);
}

static bool grow(struct near_questions *near)
{
    uint64_t slots = near->grams ? 2 * (near->mask + 1) : SLOTS_MIN;
    struct gram *grams = calloc(slots, sizeof *grams);
    if (!grams)
        return false;
    for (uint64_t i = 0; near->grams && i <= near->mask; i++)
        if (near->grams[i].questions > 0)
            *slot_in(grams, slots - 1, near->grams[i].hash) = near->grams[i];
    free(near->grams);
    near->grams = grams;
    near->mask = slots - 1;
    return true;
}

static bool count_gram(struct near_questions *near, uint64_t hash)
{
    struct gram *gram = slot_of(near, hash);
    near->gram_count += gram->questions == 0;
    gram->hash = hash;
    gram->questions++;
    return near->gram_count <= near->mask / 2 || grow(near);
}

/* --- order --- */

struct ranked {
    uint64_t rank;
    uint32_t place; /* of the table */
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

static void make_bounds(struct near_questions *near)
{
    double t = near->similarity;
    for (uint32_t n = 1; n <= NEAR_GRAMS_MAX; n++)
        near->prefixes[n] = (uint16_t)(n - (uint32_t)ceil(t * n - 1e-9) + 1);
    for (uint32_t n = 1; n <= 2 * NEAR_GRAMS_MAX; n++)
        near->common[n] = (uint16_t)ceil(t / (1 + t) * n - 1e-9);
}

static int compare_places(const void *a_, const void *b_)
{
    uint32_t a = *(const uint32_t *)a_, b = *(const uint32_t *)b_;
    return (a > b) - (a < b);
}

static void set_bits(const uint32_t *places, size_t count, uint64_t bits[BIT_WORDS])
{
    memset(bits, 0, BIT_WORDS * sizeof *bits);
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = places[i] * 0x9e3779b1U >> 16;
        bits[hash / 64 % BIT_WORDS] |= 1ULL << hash % 64;
    }
}

/* --- building --- */

struct building {
    struct near_questions *near;
    const struct bytes *texts;
    struct arena scratch;
};

static struct question_grams grams_of(struct building *it, uint32_t question)
{
    arena_reset(&it->scratch);
    return question_grams(it->texts[question], &it->scratch);
}

static bool count_grams(struct building *it)
{
    struct near_questions *near = it->near;
    near->fewest = UINT32_MAX;
    if (!grow(near))
        return false;
    for (uint32_t i = 0; i < near->count; i++) {
        struct question *question = &near->questions[i];
        struct question_grams grams = grams_of(it, i);
        if (grams.count == 0 || grams.count > NEAR_GRAMS_MAX ||
            near->place_count + grams.count > PLACES_MAX)
            continue;
        question->grams = (uint32_t)grams.count;
        question->from = near->place_count;
        near->place_count += question->grams;
        near->fewest = question->grams < near->fewest ? question->grams : near->fewest;
        near->most = question->grams > near->most ? question->grams : near->most;
        for (size_t j = 0; j < grams.count; j++)
            if (!count_gram(near, grams.items[j]))
                return false;
    }
    return true;
}

/* The table stands as it is from here on. */
static bool note_places(struct building *it)
{
    struct near_questions *near = it->near;
    near->places = malloc((near->place_count + 1) * sizeof *near->places);
    for (uint32_t i = 0; near->places && i < near->count; i++) {
        struct question *question = &near->questions[i];
        uint32_t *places = near->places + question->from;
        struct question_grams grams =
            question->grams > 0 ? grams_of(it, i) : (struct question_grams){0};
        for (uint32_t j = 0; j < question->grams; j++)
            places[j] = (uint32_t)(slot_of(near, grams.items[j]) - near->grams);
        qsort(places, question->grams, sizeof *places, compare_places);
        set_bits(places, question->grams, question->bits);
    }
    return near->places != NULL;
}

static void rank(const struct near_questions *near, const uint32_t *places, uint32_t count,
                 struct ranked *to)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct gram *gram = &near->grams[places[i]];
        to[i] = (struct ranked){rank_of(gram->hash, gram->questions), places[i]};
    }
}

/* The grams of its prefix. */
static uint32_t prefix(const struct near_questions *near, const struct question *question,
                       struct ranked to[NEAR_GRAMS_MAX])
{
    if (question->grams == 0)
        return 0;
    uint32_t wanted = near->prefixes[question->grams];
    rank(near, near->places + question->from, question->grams, to);
    select_least(to, question->grams, wanted);
    return wanted;
}

static bool post(struct near_questions *near)
{
    struct ranked ranked[NEAR_GRAMS_MAX];
    for (uint32_t i = 0; i < near->count; i++) {
        uint32_t count = prefix(near, &near->questions[i], ranked);
        for (uint32_t j = 0; j < count; j++)
            near->grams[ranked[j].place].count++;
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
        uint32_t count = prefix(near, &near->questions[i], ranked);
        for (uint32_t j = 0; j < count; j++) {
            struct gram *gram = &near->grams[ranked[j].place];
            near->postings[gram->from + gram->count++] = i;
        }
    }
    return true;
}

struct near_questions *near_questions_create(const struct bytes *questions, uint32_t count,
                                             double similarity)
{
    struct near_questions *near = calloc(1, sizeof *near);
    struct building it = {.near = near, .texts = questions};
    if (!near)
        return NULL;
    near->similarity = similarity;
    make_bounds(near);
    near->count = count;
    near->questions = calloc(count + 1, sizeof *near->questions);
    arena_init(&it.scratch, ARENA_BYTES_MAX);
    bool is_made = near->questions && count_grams(&it) && note_places(&it) && post(near);
    arena_finish(&it.scratch);
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
    free(near->places);
    free(near->postings);
    free(near);
}

size_t near_questions_bytes(const struct near_questions *near)
{
    return sizeof *near + (near->count + (size_t)1) * sizeof *near->questions +
           (near->mask + 1) * sizeof *near->grams +
           (near->place_count + near->posting_count + (size_t)2) * sizeof *near->places;
}

/* --- finding --- */

struct search {
    const struct near_questions *near;
    uint32_t grams; /* of the question, known or not */
    uint32_t *places, known;
    uint64_t bits[BIT_WORDS];
    uint16_t *met; /* of each question: how many grams of its prefix are in ours */
    uint32_t *candidates;
    uint32_t candidate_count;
    uint32_t skipped; /* grams of the prefix that too many questions have */
    uint32_t *found;
    uint32_t count;
};

/* Inline: without an instruction for it the compiler's own is a call. */
static uint32_t ones_of(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555U;
    bits = (bits & 0x3333333333333333U) + (bits >> 2 & 0x3333333333333333U);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fU;
    return (uint32_t)(bits * 0x0101010101010101U >> 56);
}

/* At least so many grams are in one set alone: a bit that differs is one of them, or several. */
static uint32_t fewest_apart(const uint64_t a[BIT_WORDS], const uint64_t b[BIT_WORDS])
{
    uint32_t apart = 0;
    for (size_t i = 0; i < BIT_WORDS; i++)
        apart += ones_of(a[i] ^ b[i]);
    return apart;
}

static bool has_common(const struct search *it, const struct question *question, uint32_t wanted)
{
    const uint32_t *a = it->places, *b = it->near->places + question->from;
    uint32_t i = 0, j = 0, common = 0;
    while (i < it->known && j < question->grams) {
        uint32_t x = a[i], y = b[j];
        common += x == y;
        i += x <= y;
        j += y <= x;
    }
    return common >= wanted;
}

/* Of two that are near and have `common` grams in common, at least so many are in both prefixes; what was
 * not looked at of ours may be some of them. */
static uint32_t least_met(const struct search *it, uint32_t grams, uint32_t common)
{
    const uint16_t *prefixes = it->near->prefixes;
    uint32_t ours = prefixes[it->grams] + common - it->grams;
    uint32_t theirs = prefixes[grams] + common - grams;
    uint32_t least = ours < theirs ? ours : theirs;
    return least > it->skipped ? least - it->skipped : 1;
}

static void look_at(struct search *it, uint32_t place)
{
    const struct question *question = &it->near->questions[place];
    uint32_t wanted = it->near->common[it->grams + question->grams], at = it->count;
    if (wanted > it->grams || wanted > question->grams ||
        it->met[place] < least_met(it, question->grams, wanted) || it->count == NEAR_FOUND_MAX)
        return;
    /* What is not known of the question is in it alone. */
    uint32_t apart = fewest_apart(it->bits, question->bits) + it->grams - it->known;
    if (apart > it->grams + question->grams - 2 * wanted || !has_common(it, question, wanted))
        return;
    for (it->count++; at > 0 && it->found[at - 1] > place; at--)
        it->found[at] = it->found[at - 1];
    it->found[at] = place;
}

static void meet(struct search *it, const struct gram *gram)
{
    const uint32_t *postings = it->near->postings + gram->from;
    uint16_t *met = it->met;
    uint32_t candidates = it->candidate_count;
    for (uint32_t i = 0; i < gram->count;
         i++) { /* without a branch: each is new or not, by chance */
        uint32_t place = postings[i];
        it->candidates[candidates] = place;
        candidates += (met[place] == 0) & (candidates < CANDIDATES_MAX);
        met[place]++;
    }
    it->candidate_count = candidates;
}

/* The shortest lists first. */
static void meet_all(struct search *it, struct ranked *ranked, uint32_t count)
{
    const struct gram *grams = it->near->grams;
    uint32_t looked = 0, met = 0;
    for (uint32_t i = 0; i < count; i++)
        ranked[i].rank = grams[ranked[i].place].count;
    for (uint32_t i = 1; i < count; i++) {
        struct ranked one = ranked[i];
        uint32_t at = i;
        for (; at > 0 && ranked[at - 1].rank > one.rank; at--)
            ranked[at] = ranked[at - 1];
        ranked[at] = one;
    }
    for (; met < count; met++) {
        looked += grams[ranked[met].place].count;
        if (looked > POSTINGS_MAX && met > 0)
            break;
        meet(it, &grams[ranked[met].place]);
    }
    it->skipped = count - met;
}

static void know(struct search *it, struct question_grams grams)
{
    it->grams = (uint32_t)grams.count;
    for (size_t i = 0; i < grams.count; i++) {
        const struct gram *gram = slot_of(it->near, grams.items[i]);
        if (gram->questions > 0)
            it->places[it->known++] = (uint32_t)(gram - it->near->grams);
    }
}

uint32_t near_questions_find(const struct near_questions *near, struct bytes question,
                             struct arena *arena, uint32_t ret_found[NEAR_FOUND_MAX])
{
    struct search it = {.near = near, .found = ret_found};
    if (near->most == 0)
        return 0;
    struct question_grams grams = question_grams(question, arena);
    double count = (double)grams.count, t = near->similarity;
    if (grams.count == 0 || grams.count > NEAR_GRAMS_MAX || count < t * near->fewest - 1e-9 ||
        near->most < t * count - 1e-9)
        return 0;
    it.places = arena_alloc(arena, grams.count * sizeof *it.places);
    struct ranked *ranked = arena_alloc(arena, grams.count * sizeof *ranked);
    if (!it.places || !ranked)
        return 0;
    know(&it, grams);
    uint32_t wanted = near->prefixes[grams.count], unknown = it.grams - it.known;
    if (unknown >= wanted)
        return 0;
    it.met = arena_zalloc(arena, near->count, sizeof *it.met);
    it.candidates = arena_alloc(arena, (CANDIDATES_MAX + 1) * sizeof *it.candidates);
    if (!it.met || !it.candidates)
        return 0;
    qsort(it.places, it.known, sizeof *it.places, compare_places);
    set_bits(it.places, it.known, it.bits);
    rank(near, it.places, it.known, ranked);
    wanted = wanted - unknown < it.known ? wanted - unknown : it.known;
    select_least(ranked, it.known, wanted);
    meet_all(&it, ranked, wanted);
    for (uint32_t i = 0; i < it.candidate_count; i++)
        look_at(&it, it.candidates[i]);
    return it.count;
}
