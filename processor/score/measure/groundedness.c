/* Is what the answer states in what was retrieved?
 *
 *   claims      sentences of the answer with three words or more that are no question or courtesy
 *               and have content words; what says nothing at the start is left off (greetings,
 *               "I think", "Here is what I found:")
 *   support(c)  max over windows w of one or two neighboring sentences of a document of
 *               |words(c) in words(w)| / |words(c)|, on stems of content words
 *   score       mean support of the claims; 1 for a short answer that stands in a document word for
 *               word, numbers by value, whatever its length ("42 EUR")
 *
 * The mean tells a claim that lacks one word from one that has none in common; a share of claims
 * above a cut is 0 or 1 where an answer is short. The cut of 0.65 remains for what the reviewer is
 * shown.
 *
 * Each content word of a claim is one bit. The words of the documents are passed over once; a table
 * from word to (claim, bit) gives each sentence its bits, and those of a window of two are the bits
 * of both sentences together. */
#include "processor/base/text/sentences.h"
#include "processor/base/text/utf8.h"
#include "processor/base/text/words.h"
#include "processor/score/language/content_words.h"
#include "processor/score/language/phrases.h"
#include "processor/score/language/verbatim.h"
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
static const uint32_t no_posting = UINT32_MAX;

struct mask {
    uint64_t bits[MASK_WORDS];
};

struct claim {
    uint32_t start, end; /* in the answer */
    struct word_set words;
    uint32_t best;            /* most words found in one window */
    struct mask here, before; /* of this sentence and the one before it */
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
};

static uint32_t bits_in_window(const struct claim *claim)
{
    int count = 0;
    for (int i = 0; i < MASK_WORDS; i++)
        count += __builtin_popcountll(claim->here.bits[i] | claim->before.bits[i]);
    return (uint32_t)count;
}

static void add_claim(struct claims *claims, struct bytes answer, struct sentence sentence,
                      struct arena *arena)
{
    struct bytes text = bytes_of(answer.data + sentence.start, sentence.end - sentence.start);
    text = phrase_skip_openings(text);
    if (sentence.is_question || phrase_is_courtesy(text) || text_words(text, arena).count < 3)
        return;
    struct word_set words = word_set_content(text, CLAIM_WORDS_MAX, arena);
    if (words.count > 0)
        claims->items[claims->count++] =
            (struct claim){.start = sentence.start, .end = sentence.end, .words = words};
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
    if (!sentences || !claims->items)
        return false;
    size_t count = text_sentences(answer, sentences, CLAIMS_MAX);
    for (size_t i = 0; i < count; i++)
        add_claim(claims, answer, sentences[i], arena);
    return index_claims(claims, arena);
}

static void match_sentence(struct claims *claims, struct bytes text, struct arena *arena)
{
    struct words words = content_words(text, arena);
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
                claims->items[posting->claim].here.bits[posting->bit / 64] |= (uint64_t)1
                                                                              << posting->bit % 64;
        }
    }
    for (uint32_t i = 0; i < claims->count; i++) {
        uint32_t found = bits_in_window(&claims->items[i]);
        if (found > claims->items[i].best)
            claims->items[i].best = found;
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
    double sum = 0;
    for (uint32_t i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->items[i];
        double support = (double)claim->best / claim->words.count;
        sum += support;
        if (support >= threshold)
            continue;
        unsupported++;
        reading_point(reading, context, NO_SPAN, FIELD_OUTPUT, claim->start, claim->end);
    }
    const char *source = source_of(context->run);
    reading_number(reading, sum / claims->count);
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
