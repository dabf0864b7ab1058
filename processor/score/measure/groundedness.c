/* Is what the answer states in what was retrieved?
 *
 *   claims      sentences of the answer with three words or more that are no question or courtesy
 *               and have content words; what says nothing at the start is left off (greetings,
 *               "I think", "Here is what I found:")
 *   support(c)  max over windows w of one or two neighboring sentences of a document of
 *               |words(c) in words(w)| / |words(c)|, on stems of content words
 *   score       mean of four shares, over the claims:
 *               support; words that stand anywhere in the documents, less what stands there by
 *               chance; pairs of neighboring words; names and numbers, where there are any
 *   1           for a short answer that stands in a document word for word, numbers by value,
 *               whatever its length ("42 EUR")
 *
 * Support alone tells an answer put together from words of one sentence from none of it; the others
 * see whose they are (names), in what order (pairs), and forgive what stands further apart. The cut
 * of 0.65 is for what the reviewer is shown.
 *
 * Each content word of a claim is one bit. The words of the documents are passed over once; a table
 * from word to (claim, bit) gives each sentence its bits, and those of a window of two are the bits
 * of both sentences together. */
#include <math.h>

#include "processor/base/text/fold.h"
#include "processor/base/text/sentences.h"
#include "processor/base/text/utf8.h"
#include "processor/base/text/words.h"
#include "processor/score/language/content_words.h"
#include "processor/score/language/phrases.h"
#include "processor/score/language/verbatim.h"
#include "processor/score/language/word_pairs.h"
#include "processor/score/language/word_set.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

/* Where a pipeline sets none: the value of ai-evaluation, whose claims these are. Of three content
 * words one may be missing, so a change of wording passes and a claim put together from elsewhere
 * does not. */
static const double support_default = 0.65;

/* A claim of more words is judged by its first; the later claims of a longer answer are not. */
enum { CLAIMS_MAX = 256, CLAIM_WORDS_MAX = 128, MASK_WORDS = CLAIM_WORDS_MAX / 64 };
enum { SENTENCES_AT_ONCE = 256 };
enum { PAIRS_MAX = 4096 };
static const uint32_t no_posting = UINT32_MAX;
/* Share of an answer's words that stand in documents about something else: 0.012 * sqrt(sentences),
 * 0.03 of 10 sentences, 0.10 of 60, 0.26 of 480 (measured on WiCE). */
static const double chance_factor = 0.012, chance_max = 0.5;

struct mask {
    uint64_t bits[MASK_WORDS];
};

struct claim {
    uint32_t start, end; /* in the answer */
    struct word_set words;
    uint32_t best;            /* most words found in one window */
    struct mask here, before; /* of this sentence and the one before it */
    struct mask anywhere;     /* of any sentence */
    struct mask names;        /* words with a capital letter inside of the sentence, and numbers */
};

struct posting {
    uint64_t hash;
    uint32_t claim, bit, next;
};

struct claims {
    struct claim *items;
    uint32_t count;
    struct posting *postings;
    uint32_t *buckets, bucket_mask;
    struct word_pairs pairs;
    uint32_t sentences; /* of the documents */
};

static struct mask either(const struct mask *a, const struct mask *b)
{
    struct mask mask;
    for (int i = 0; i < MASK_WORDS; i++)
        mask.bits[i] = a->bits[i] | b->bits[i];
    return mask;
}

static struct mask both(const struct mask *a, const struct mask *b)
{
    struct mask mask;
    for (int i = 0; i < MASK_WORDS; i++)
        mask.bits[i] = a->bits[i] & b->bits[i];
    return mask;
}

static void set_bit(struct mask *mask, uint32_t bit)
{
    mask->bits[bit / 64] |= (uint64_t)1 << bit % 64;
}

static uint32_t bits_of(struct mask mask)
{
    int count = 0;
    for (int i = 0; i < MASK_WORDS; i++)
        count += __builtin_popcountll(mask.bits[i]);
    return (uint32_t)count;
}

static bool has_capital(struct bytes word)
{
    uint8_t folded[12];
    size_t next;
    uint32_t first = utf8_decode(word, 0, &next);
    size_t size = text_fold_chunk(folded, &first, 1);
    return !bytes_equal(bytes_of(folded, size), bytes_of(word.data, next));
}

/* Without marks of citation, "[1]", which state nothing. */
static struct words without_citations(struct bytes text, struct words words)
{
    size_t kept = 0;
    for (size_t i = 0; i < words.count; i++) {
        struct word word = words.items[i];
        bool is_citation = word.has_digit && word.start > 0 && word.end < text.size &&
                           text.data[word.start - 1] == '[' && text.data[word.end] == ']';
        if (!is_citation)
            words.items[kept++] = word;
    }
    words.count = kept;
    return words;
}

/* The first word of a sentence has a capital letter whatever it is. */
static void mark_names(struct claim *claim, struct bytes text, struct words content, uint32_t first)
{
    for (size_t i = 0; i < content.count; i++) {
        struct word word = content.items[i];
        bool is_name = word.has_digit ||
                       (word.start > first &&
                        has_capital(bytes_of(text.data + word.start, word.end - word.start)));
        int64_t bit = is_name ? word_set_find(&claim->words, word.hash) : -1;
        if (bit >= 0)
            set_bit(&claim->names, (uint32_t)bit);
    }
}

static void add_claim(struct claims *claims, struct bytes answer, struct sentence sentence,
                      struct arena *arena)
{
    struct bytes text = bytes_of(answer.data + sentence.start, sentence.end - sentence.start);
    text = phrase_skip_openings(text);
    struct words words = without_citations(text, text_words(text, arena));
    if (sentence.is_question || phrase_is_courtesy(text) || words.count < 3)
        return;
    uint32_t first = words.items[0].start;
    word_pairs_add(&claims->pairs, words);
    struct words content = content_words_of(text, words);
    struct word_set set = word_set_of(content, CLAIM_WORDS_MAX, arena);
    if (set.count == 0)
        return;
    struct claim *claim = &claims->items[claims->count++];
    *claim = (struct claim){.start = sentence.start, .end = sentence.end, .words = set};
    mark_names(claim, text, content, first);
}

static bool index_claims(struct claims *claims, struct arena *arena)
{
    uint32_t words = 0, buckets = 64, at = 0;
    for (uint32_t i = 0; i < claims->count; i++)
        words += claims->items[i].words.count;
    while (buckets < words * 2)
        buckets *= 2;
    claims->postings = arena_alloc(arena, (words + 1) * sizeof *claims->postings);
    claims->buckets = arena_alloc(arena, buckets * sizeof *claims->buckets);
    if (!claims->postings || !claims->buckets)
        return false;
    claims->bucket_mask = buckets - 1;
    for (uint32_t i = 0; i < buckets; i++)
        claims->buckets[i] = no_posting;
    for (uint32_t i = 0; i < claims->count; i++)
        for (uint32_t bit = 0; bit < claims->items[i].words.count; bit++) {
            uint64_t hash = claims->items[i].words.hashes[bit];
            uint32_t *bucket = &claims->buckets[hash & claims->bucket_mask];
            claims->postings[at] = (struct posting){hash, i, bit, *bucket};
            *bucket = at++;
        }
    return true;
}

/* Claims of the answer, ready to be looked for; false when the arena is full. */
static bool read_claims(struct claims *claims, struct bytes answer, struct arena *arena)
{
    struct sentence *sentences = arena_alloc(arena, CLAIMS_MAX * sizeof *sentences);
    claims->items = arena_zalloc(arena, CLAIMS_MAX, sizeof *claims->items);
    if (!sentences || !claims->items || !word_pairs_init(&claims->pairs, PAIRS_MAX, arena))
        return false;
    size_t count = text_sentences(answer, sentences, CLAIMS_MAX);
    for (size_t i = 0; i < count; i++)
        add_claim(claims, answer, sentences[i], arena);
    return index_claims(claims, arena);
}

static void match_sentence(struct claims *claims, struct bytes text, struct arena *arena)
{
    struct words words = text_words(text, arena);
    claims->sentences += words.count > 0;
    word_pairs_match(&claims->pairs, words);
    words = content_words_of(text, words);
    for (uint32_t i = 0; i < claims->count; i++) {
        claims->items[i].before = claims->items[i].here;
        claims->items[i].here = (struct mask){0};
    }
    /* Each claim is gone through for each sentence. */
    if (!arena_look(arena, claims->count * sizeof(struct mask)))
        return;
    for (size_t i = 0; i < words.count; i++) {
        uint64_t hash = words.items[i].hash;
        uint32_t at = claims->buckets[hash & claims->bucket_mask];
        for (; at != no_posting; at = claims->postings[at].next) {
            const struct posting *posting = &claims->postings[at];
            if (posting->hash == hash)
                set_bit(&claims->items[posting->claim].here, posting->bit);
        }
    }
    for (uint32_t i = 0; i < claims->count; i++) {
        struct claim *claim = &claims->items[i];
        uint32_t found = bits_of(either(&claim->here, &claim->before));
        if (found > claim->best)
            claim->best = found;
        claim->anywhere = either(&claim->anywhere, &claim->here);
    }
}

/* Windows do not reach from one document into the next. */
static void match_document(struct claims *claims, struct bytes text, struct arena *arena)
{
    struct sentence sentences[SENTENCES_AT_ONCE];
    for (uint32_t i = 0; i < claims->count; i++)
        claims->items[i].here = (struct mask){0};
    for (;;) {
        size_t count = text_sentences(text, sentences, SENTENCES_AT_ONCE);
        for (size_t i = 0; i < count; i++)
            match_sentence(
                claims,
                bytes_of(text.data + sentences[i].start, sentences[i].end - sentences[i].start),
                arena);
        if (count < SENTENCES_AT_ONCE)
            return;
        size_t done = sentences[count - 1].end;
        text = bytes_of(text.data + done, text.size - done);
    }
}

/* What is looked for in every source. */
struct search {
    struct claims *claims;
    struct verbatim answer;
    bool is_short, is_verbatim; /* the answer: may it, does it, stand in a source word for word */
};

static void match_text(struct search *search, struct bytes text, size_t *left,
                       struct arena *scratch)
{
    text = utf8_cut(utf8_cut(text, DOCUMENT_BYTES_MAX), *left);
    *left -= text.size;
    if (text.size > 0)
        match_document(search->claims, text, scratch);
    if (search->is_short && !search->is_verbatim && text.size > 0)
        search->is_verbatim = verbatim_stands_in(&search->answer, text, scratch);
    arena_reset(scratch);
}

/* What tools said beside a retriever is known too, though no context of its own. */
static void match_documents(struct search *search, const struct agent_run *run)
{
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, run->arena);
    size_t left = CONTEXT_BYTES_MAX;
    for (uint32_t i = 0; i < run->document_count; i++)
        match_text(search, run->documents[i].text, &left, &scratch);
    for (uint32_t i = 0; i < run->step_count && !run->documents[0].is_tool_result; i++)
        if (run->steps[i].kind == STEP_TOOL && step_counts(&run->steps[i]))
            match_text(search, run->steps[i].output, &left, &scratch);
    arena_finish(&scratch);
}

static bool has_context_text(const struct agent_run *run)
{
    for (uint32_t i = 0; i < run->document_count; i++)
        if (run->documents[i].text.size > 0)
            return true;
    return false;
}

static double score_of(const struct claims *claims)
{
    double support = 0, anywhere = 0, chance = chance_factor * sqrt(claims->sentences);
    uint32_t names = 0, known_names = 0, shares = 2;
    chance = chance < chance_max ? chance : chance_max;
    for (uint32_t i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->items[i];
        support += (double)claim->best / claim->words.count;
        anywhere += (double)bits_of(claim->anywhere) / claim->words.count;
        names += bits_of(claim->names);
        known_names += bits_of(both(&claim->names, &claim->anywhere));
    }
    double beyond_chance = (anywhere / claims->count - chance) / (1 - chance);
    double sum = support / claims->count + (beyond_chance > 0 ? beyond_chance : 0);
    if (claims->pairs.count > 0) {
        sum += (double)claims->pairs.found / claims->pairs.count;
        shares++;
    }
    if (names > 0) {
        sum += (double)known_names / names;
        shares++;
    }
    return sum / shares;
}

static const char *source_of(const struct agent_run *run)
{
    return run->documents[0].is_tool_result ? "results of tools" : "retrieved documents";
}

static void judge(const struct claims *claims, struct score_context *context,
                  struct reading *reading)
{
    double threshold = context->ruleset->measurements.groundedness_support;
    if (threshold <= 0)
        threshold = support_default;
    uint32_t unsupported = 0;
    for (uint32_t i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->items[i];
        double support = (double)claim->best / claim->words.count;
        if (support >= threshold)
            continue;
        unsupported++;
        reading_point(reading, context, NO_SPAN, FIELD_OUTPUT, claim->start, claim->end);
    }
    const char *source = source_of(context->run);
    reading_number(reading, score_of(claims));
    if (unsupported == 0)
        reading_explain(reading, context,
                        "%u of %u statements of the answer are supported by the %s", claims->count,
                        claims->count, source);
    else
        reading_explain(reading, context,
                        "%u of %u statements of the answer %s not supported by the %s", unsupported,
                        claims->count, unsupported == 1 ? "is" : "are", source);
}

void measure_lexical_groundedness(const struct measurement *self, struct score_context *context,
                                  struct reading *ret_reading)
{
    (void)self;
    if (!has_context_text(context->run)) {
        reading_na(ret_reading, context->run->output.size ? "no_contexts" : "no_answer");
        return;
    }
    if (measure_answer_is_na(context, ret_reading))
        return;
    struct arena scratch;
    struct claims claims = {0};
    struct search search = {.claims = &claims};
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    struct bytes answer = utf8_cut(context->run->output, ANSWER_BYTES_MAX);
    if (!read_claims(&claims, answer, &scratch)) {
        reading_na(ret_reading, "no_memory");
        arena_finish(&scratch);
        return;
    }
    search.is_short = verbatim_init(&search.answer, phrase_skip_openings(answer), &scratch);
    if (claims.count > 0 || search.is_short)
        match_documents(&search, context->run);
    if (search.is_verbatim) {
        reading_number(ret_reading, 1);
        reading_explain(ret_reading, context, "The answer stands in the %s word for word",
                        source_of(context->run));
    } else if (claims.count == 0)
        reading_na(ret_reading, "no_claims");
    else
        judge(&claims, context, ret_reading);
    arena_finish(&scratch);
}
