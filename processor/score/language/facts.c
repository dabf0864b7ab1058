/* A text becomes tokens: words by the hash of their folded text, numbers by their readings. A
 * phrase is looked for by the places where its first k tokens can end, k by k, so that no choice
 * has to be taken back: work is the tokens of the text times those of the phrase. */
#include "processor/score/language/facts.h"

#include <pthread.h>

#include "processor/base/digest.h"
#include "processor/base/text/fold.h"
#include "processor/base/text/sentences.h"
#include "processor/base/text/words.h"
#include "processor/score/language/numbers.h"
#include "processor/score/language/word_list.h"

enum { SENTENCES_A_ROUND = 64, NUMBERS_A_ROUND = 64 };

struct token {
    uint64_t hash; /* of a word */
    const struct number *number;
    uint32_t start, end;
    uint32_t sentence, clause;
    bool is_negation;
    bool is_alone; /* in its clause: "No, a fee applies" is not "no fee applies" */
    bool is_open;  /* of a phrase: any number meets it */
};

/* Which words a text has, roughly: a bit by hash. Most phrases are not said, and stop here. */
enum { WORD_BITS = 4096 };

struct facts_text {
    struct token *tokens;
    uint32_t count;
    uint64_t *words; /* WORD_BITS; NULL of a phrase */
};

/* --- words that are looked at by themselves --- */

static const char *const article_words[] = {
    "a an the der die das den dem des ein eine einen einem einer eines le la les un une du "
    "el los las una unos unas il lo gli uno um uma de het een"};

static const char *const negation_words[] = {
    "no not never none neither nor without nothing nobody nicht kein keine keinen keinem "
    "keiner keines nie niemals ohne ne pas non sans aucun aucune jamais sin nunca ningún "
    "ninguna ningun tampoco senza nessun nessuna mai não nao sem nenhum nenhuma niet geen "
    "nooit zonder не нет без никогда bez nigdy"};

enum { SLOTS = 256 };
static uint64_t article_slots[SLOTS], negation_slots[SLOTS];
static struct word_list articles = {article_slots, SLOTS}, negations = {negation_slots, SLOTS};
static pthread_once_t are_made = PTHREAD_ONCE_INIT;

static void make(void)
{
    word_list_make(&articles, article_words, sizeof article_words / sizeof *article_words);
    word_list_make(&negations, negation_words, sizeof negation_words / sizeof *negation_words);
}

/* Verbs that lose a letter before "n't". */
static const struct {
    const char *stem, *verb;
} stems[] = {{"ca", "can"}, {"wo", "will"}, {"sha", "shall"}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint64_t hash_of(const char *word)
{
    return digest_fnv1a64(bytes_of_text(word));
}

/* "doesn't" is "does not", with either apostrophe. False: it is a word like others. */
static bool split_contraction(struct bytes word, struct arena *arena, uint64_t *ret_verb)
{
    static const char *const endings[] = {"n't", "n\xe2\x80\x99t"};
    struct bytes folded = text_fold(word, arena);
    for (size_t i = 0; i < COUNT(endings); i++) {
        struct bytes ending = bytes_of_text(endings[i]);
        if (folded.size <= ending.size)
            continue;
        struct bytes verb = bytes_of(folded.data, folded.size - ending.size);
        if (!bytes_equal(bytes_of(verb.data + verb.size, ending.size), ending))
            continue;
        *ret_verb = digest_fnv1a64(verb);
        for (size_t j = 0; j < COUNT(stems); j++)
            if (bytes_equal_text(verb, stems[j].stem))
                *ret_verb = hash_of(stems[j].verb);
        return true;
    }
    if (bytes_equal_text(folded, "cannot")) {
        *ret_verb = hash_of("can");
        return true;
    }
    return false;
}

/* --- tokens --- */

struct number_list {
    struct arena *arena;
    struct number *items;
    uint32_t count, capacity;
};

static bool keep_number(void *context, const struct number *number)
{
    struct number_list *list = context;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity > 0 ? list->capacity * 2 : NUMBERS_A_ROUND;
        struct number *items = arena_zalloc(list->arena, capacity, sizeof(*items));
        if (!items)
            return false;
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *number;
    return true;
}

struct reading {
    struct bytes text;
    struct arena *arena;
    struct facts_text *to;
    struct number_list numbers;
    uint32_t next_number;
    uint32_t sentence, clause;
};

static void add(struct reading *reading, struct token token)
{
    token.sentence = reading->sentence;
    token.clause = reading->clause;
    reading->to->tokens[reading->to->count++] = token;
}

/* U+2013 and U+2014, or a hyphen between spaces. */
static bool is_dash(struct bytes text, uint32_t at, uint32_t to)
{
    const uint8_t *from = text.data + at;
    if (to - at < 3)
        return false;
    return memcmp(from, "\xe2\x80\x93", 3) == 0 || memcmp(from, "\xe2\x80\x94", 3) == 0 ||
           memcmp(from, " - ", 3) == 0;
}

/* A comma, a colon, a bracket or a dash between two words begins another clause. */
static bool is_clause_between(struct bytes text, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if ((strchr(",;:()", text.data[i]) && text.data[i] != 0) || is_dash(text, i, to))
            return true;
    return false;
}

static void add_word(struct reading *reading, const struct word *word)
{
    struct bytes text = bytes_of(reading->text.data + word->start, word->end - word->start);
    uint64_t verb;
    bool may_be_two = text.size >= 4 && (text.data[text.size - 1] | 0x20) == 't';
    if (word_list_holds(&articles, word->hash))
        return;
    if (may_be_two && split_contraction(text, reading->arena, &verb)) {
        add(reading, (struct token){.hash = verb, .start = word->start, .end = word->end});
        add(reading, (struct token){.hash = hash_of("not"),
                                    .start = word->start,
                                    .end = word->end,
                                    .is_negation = true});
        return;
    }
    add(reading, (struct token){.hash = word->hash,
                                .start = word->start,
                                .end = word->end,
                                .is_negation = word_list_holds(&negations, word->hash)});
}

/* The words of a sentence, numbers in place of the words that they are. */
static void add_words(struct reading *reading, const struct words *words, size_t *at, uint32_t end)
{
    uint32_t last_end = *at < words->count ? words->items[*at].start : 0;
    for (; *at < words->count && words->items[*at].start < end; (*at)++) {
        const struct word *word = &words->items[*at];
        struct number_list *numbers = &reading->numbers;
        if (is_clause_between(reading->text, last_end, word->start))
            reading->clause++;
        last_end = word->end;
        while (reading->next_number < numbers->count &&
               numbers->items[reading->next_number].end <= word->start)
            reading->next_number++;
        const struct number *number =
            reading->next_number < numbers->count ? &numbers->items[reading->next_number] : NULL;
        bool is_inside = number && number->start < word->end;
        if (!is_inside)
            add_word(reading, word);
        else if (reading->to->count == 0 ||
                 reading->to->tokens[reading->to->count - 1].number != number)
            add(reading,
                (struct token){.number = number, .start = number->start, .end = number->end});
    }
}

static void mark_alone(struct facts_text *text)
{
    struct token *tokens = text->tokens;
    for (uint32_t i = 0; i < text->count; i++)
        tokens[i].is_alone = tokens[i].is_negation &&
                             (i == 0 || tokens[i - 1].clause != tokens[i].clause) &&
                             (i + 1 == text->count || tokens[i + 1].clause != tokens[i].clause);
}

static struct facts_text *read_tokens(struct bytes text, struct arena *arena)
{
    struct reading reading = {.text = text, .arena = arena};
    pthread_once(&are_made, make);
    struct words words = text_words(text, arena);
    reading.to = arena_zalloc(arena, 1, sizeof(*reading.to));
    /* A contraction is two. */
    struct token *tokens = arena_zalloc(arena, 2 * words.count + 1, sizeof(*tokens));
    if (!reading.to || !tokens || !arena_look(arena, text.size))
        return NULL;
    reading.to->tokens = tokens;
    reading.numbers.arena = arena;
    numbers_read(text, false, arena, keep_number, &reading.numbers);
    size_t at = 0;
    for (uint32_t from = 0; from < text.size;) {
        struct sentence sentences[SENTENCES_A_ROUND];
        struct bytes rest = bytes_of(text.data + from, text.size - from);
        size_t count = text_sentences(rest, sentences, SENTENCES_A_ROUND);
        for (size_t i = 0; i < count; i++, reading.sentence++, reading.clause++)
            add_words(&reading, &words, &at, from + sentences[i].end);
        if (count < SENTENCES_A_ROUND)
            break;
        from += sentences[count - 1].end;
    }
    mark_alone(reading.to);
    return arena->failed || arena->is_too_costly ? NULL : reading.to;
}

const struct facts_text *facts_text_read(struct bytes text, struct arena *arena)
{
    struct facts_text *read = read_tokens(text, arena);
    uint64_t *words = arena_zalloc(arena, WORD_BITS / 64, sizeof *words);
    if (!read || !words)
        return NULL;
    for (uint32_t i = 0; i < read->count; i++)
        words[read->tokens[i].hash % WORD_BITS / 64] |= 1ULL << read->tokens[i].hash % 64;
    read->words = words;
    return read;
}

static bool has_words(const struct facts_text *text, const struct facts_text *phrase)
{
    for (uint32_t i = 0; i < phrase->count; i++) {
        uint64_t hash = phrase->tokens[i].hash;
        if (!phrase->tokens[i].number && !(text->words[hash % WORD_BITS / 64] >> hash % 64 & 1))
            return false;
    }
    return true;
}

/* --- matching --- */

/* `a` of the phrase; alone it is met by any. */
static bool is_same(const struct token *a, const struct token *b, bool is_phrase)
{
    if (!a->number || !b->number)
        return a->number == b->number && a->hash == b->hash &&
               (!is_phrase || a->is_alone == b->is_alone);
    if (a->is_open)
        return true;
    for (uint32_t i = 0; i < a->number->reading_count; i++)
        for (uint32_t j = 0; j < b->number->reading_count; j++)
            if (a->number->readings[i] == b->number->readings[j])
                return true;
    return false;
}

static uint32_t count_negations(const struct token *tokens, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    for (uint32_t i = from; i < to; i++)
        count += tokens[i].is_negation;
    return count;
}

/* Those of the phrase are met one by one already; more than those, between or within reach of its
 * first and last word in their clauses, turn it around. */
static bool is_negated(const struct facts_text *text, uint32_t first, uint32_t last,
                       uint32_t phrase_negations)
{
    uint32_t from = first, to = last + 1;
    while (from > 0 && first - from < FACTS_GAP_MAX &&
           text->tokens[from - 1].clause == text->tokens[first].clause)
        from--;
    while (to < text->count && to - last - 1 < FACTS_GAP_MAX &&
           text->tokens[to].clause == text->tokens[last].clause)
        to++;
    return count_negations(text->tokens, from, to) != phrase_negations;
}

/* Where the phrase up to its k-th token can end: the nearest first token of
 * such an end, plus one. */
static bool find(const struct facts_text *text, const struct facts_text *phrase, uint32_t *starts,
                 uint32_t *next, struct facts_place *ret_place)
{
    uint32_t negations_in = count_negations(phrase->tokens, 0, phrase->count);
    for (uint32_t k = 0; k < phrase->count; k++) {
        for (uint32_t i = 0; i < text->count; i++) {
            next[i] = 0;
            if (!is_same(&phrase->tokens[k], &text->tokens[i], phrase->count > 1))
                continue;
            if (k == 0)
                next[i] = i + 1;
            for (uint32_t gap = 0; k > 0 && gap <= FACTS_GAP_MAX && gap < i; gap++) {
                uint32_t before = i - 1 - gap;
                if (text->tokens[before].sentence != text->tokens[i].sentence)
                    break;
                if (starts[before] > next[i])
                    next[i] = starts[before];
            }
        }
        memcpy(starts, next, text->count * sizeof *starts);
    }
    for (uint32_t i = 0; i < text->count; i++)
        if (starts[i] > 0 && !is_negated(text, starts[i] - 1, i, negations_in)) {
            *ret_place =
                (struct facts_place){text->tokens[starts[i] - 1].start, text->tokens[i].end};
            return true;
        }
    return false;
}

bool facts_find(const struct facts_text *text, const struct facts_text *phrase,
                struct arena *scratch, struct facts_place *ret_place)
{
    struct facts_place place;
    if (!text || !phrase || phrase->count == 0 || phrase->count > FACTS_PHRASE_WORDS_MAX ||
        phrase->count > text->count || !has_words(text, phrase))
        return false;
    uint32_t *starts = arena_zalloc(scratch, text->count, sizeof(*starts));
    uint32_t *next = arena_zalloc(scratch, text->count, sizeof(*next));
    if (!starts || !next || !arena_look(scratch, (size_t)text->count * phrase->count) ||
        !find(text, phrase, starts, next, &place))
        return false;
    if (ret_place)
        *ret_place = place;
    return true;
}

bool facts_say(const struct facts_text *text, struct bytes phrase, struct arena *scratch)
{
    return facts_find(text, read_tokens(phrase, scratch), scratch, NULL);
}

bool facts_say_any(const struct facts_text *text, const struct bytes *phrases, uint32_t count,
                   struct arena *scratch)
{
    for (uint32_t i = 0; i < count; i++)
        if (facts_say(text, phrases[i], scratch))
            return true;
    return false;
}

/* --- phrases that are kept --- */

static bool has_reading(const struct facts_text *text, uint64_t reading)
{
    for (uint32_t i = 0; i < text->count; i++)
        for (uint32_t j = 0; text->tokens[i].number && j < text->tokens[i].number->reading_count;
             j++)
            if (text->tokens[i].number->readings[j] == reading)
                return true;
    return false;
}

/* Of a date the year is enough: texts write one day in many ways. */
static bool is_open_number(const struct number *number, const struct facts_text *open)
{
    for (uint32_t i = 0; i < number->reading_count; i++)
        if (has_reading(open, number->readings[i]))
            return true;
    return number->year != 0 && has_reading(open, number->year);
}

const struct facts_text *facts_phrase_read(struct bytes phrase, const struct facts_text *open,
                                           struct arena *scratch, struct arena *arena)
{
    const struct facts_text *read = read_tokens(phrase, scratch);
    if (!read || read->count == 0 || read->count > FACTS_PHRASE_WORDS_MAX)
        return NULL;
    struct facts_text *kept = arena_zalloc(arena, 1, sizeof(*kept));
    struct token *tokens = arena_zalloc(arena, read->count, sizeof(*tokens));
    if (!kept || !tokens)
        return NULL;
    memcpy(tokens, read->tokens, read->count * sizeof(*tokens));
    for (uint32_t i = 0; i < read->count; i++) {
        if (!tokens[i].number)
            continue;
        struct number *number = arena_alloc(arena, sizeof(*number));
        if (!number)
            return NULL;
        *number = *tokens[i].number;
        tokens[i].number = number;
        tokens[i].is_open = open && is_open_number(number, open);
    }
    *kept = (struct facts_text){.tokens = tokens, .count = read->count};
    return kept;
}
