/* PCRE2 kept on a short lead: 100,000 steps of the matcher from one start, 1,000 nested groups,
 * 1 MiB of heap a search. The JIT is used where the machine lets it; it knows the match limit too
 * (and its stack is its own bound).
 *
 * None of these bounds a search: each start of a match has them anew, and what one item passes over
 * counts for one step, so that \w+@ looks at a word of n letters n^2/2 times. So the code calls
 * back before each item of the pattern, and what lies between two calls is what was looked at. */
#include "processor/base/regex.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { MATCH_LIMIT = 100000, DEPTH_LIMIT = 1000, HEAP_LIMIT_KIB = 1024 };
enum { PATTERN_MAX = 16 * 1024 };
/* What a text has of its own, what is spent for a call, and what a run has for all of its texts. */
enum { LOOKS_MIN = 64 * 1024, LOOKS_PER_BYTE = 128, LOOKS_PER_CALL = 8 };
#define LOOKS_TO_SPARE (UINT64_C(1) << 30)

struct regex {
    pcre2_code *code;
};

struct regex_scratch {
    pcre2_match_data *match;
    pcre2_match_context *context;
    uint64_t spare;       /* for what texts of this run look at beyond their own share */
    uint64_t share;       /* of the text at hand, by its size */
    uint64_t looked;      /* at it */
    PCRE2_SIZE called_at; /* the place of the last call */
};

static _Atomic uint64_t limit_hits;

struct regex *regex_create(struct bytes pattern, struct error *ret_error)
{
    if (pattern.size > PATTERN_MAX) {
        error_set(ret_error, EXIT_CONFIG, "the pattern is longer than %d bytes", PATTERN_MAX);
        return NULL;
    }
    struct regex *regex = malloc(sizeof *regex);
    int code = 0;
    size_t at = 0;
    PCRE2_SPTR text = pattern.data ? pattern.data : (const uint8_t *)"";
    uint32_t options =
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
    if (regex)
        regex->code = pcre2_compile(text, pattern.size, options, &code, &at, NULL);
    if (!regex || !regex->code) {
        PCRE2_UCHAR message[256] = "out of memory";
        if (regex)
            pcre2_get_error_message(code, message, sizeof message);
        error_set(ret_error, EXIT_CONFIG, "the pattern is wrong at character %zu: %s", at + 1,
                  (const char *)message);
        free(regex);
        return NULL;
    }
    (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without it the interpreter runs */
    return regex;
}

void regex_destroy(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    free(regex);
}

/* By halves, so that one text leaves something to the next. */
static uint64_t limit_of(const struct regex_scratch *scratch)
{
    return scratch->share + scratch->spare / 2;
}

static int count_looks(pcre2_callout_block *block, void *context)
{
    struct regex_scratch *scratch = context;
    PCRE2_SIZE at = block->current_position, before = scratch->called_at;
    scratch->looked += LOOKS_PER_CALL + (at > before ? at - before : before - at);
    scratch->called_at = at;
    return scratch->looked > limit_of(scratch) ? PCRE2_ERROR_CALLOUT : 0;
}

static void begin_text(struct regex_scratch *scratch, size_t size)
{
    uint64_t over = scratch->looked > scratch->share ? scratch->looked - scratch->share : 0;
    scratch->spare -= over < scratch->spare ? over : scratch->spare;
    scratch->share = LOOKS_MIN + LOOKS_PER_BYTE * (uint64_t)size;
    scratch->looked = 0;
}

void regex_scratch_begin(struct regex_scratch *scratch)
{
    scratch->spare = LOOKS_TO_SPARE;
    scratch->share = scratch->looked = 0;
}

uint64_t regex_looked(const struct regex_scratch *scratch)
{
    return scratch->looked;
}

struct regex_scratch *regex_scratch_create(void)
{
    struct regex_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch)
        return NULL;
    scratch->match = pcre2_match_data_create(1, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    if (!scratch->match || !scratch->context) {
        regex_scratch_destroy(scratch);
        return NULL;
    }
    pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
    pcre2_set_depth_limit(scratch->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
    pcre2_set_callout(scratch->context, count_looks, scratch);
    regex_scratch_begin(scratch);
    return scratch;
}

void regex_scratch_destroy(struct regex_scratch *scratch)
{
    if (!scratch)
        return;
    pcre2_match_data_free(scratch->match);
    pcre2_match_context_free(scratch->context);
    free(scratch);
}

static enum regex_result gave_up(void)
{
    atomic_fetch_add_explicit(&limit_hits, 1, memory_order_relaxed);
    return REGEX_GAVE_UP;
}

enum regex_result regex_search(const struct regex *regex, struct regex_scratch *scratch,
                               struct bytes subject, size_t offset, size_t *ret_start,
                               size_t *ret_end)
{
    assert(offset <= subject.size);
    PCRE2_SPTR text = subject.data ? subject.data : (const uint8_t *)"";
    if (offset == 0)
        begin_text(scratch, subject.size);
    while (offset > 0 && offset < subject.size && (text[offset] & 0xc0) == 0x80)
        offset++;
    scratch->called_at = offset;
    int count =
        pcre2_match(regex->code, text, subject.size, offset, 0, scratch->match, scratch->context);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter has a heap of its own */
        count = pcre2_match(regex->code, text, subject.size, offset, PCRE2_NO_JIT, scratch->match,
                            scratch->context);
    if (count == PCRE2_ERROR_NOMATCH)
        return REGEX_NONE;
    const PCRE2_SIZE *range = pcre2_get_ovector_pointer(scratch->match);
    /* \K in a lookahead can put the start behind the end. */
    if (count < 0 || range[0] > range[1])
        return gave_up();
    *ret_start = range[0];
    *ret_end = range[1];
    return REGEX_FOUND;
}

uint64_t regex_limit_hits(void)
{
    return atomic_load_explicit(&limit_hits, memory_order_relaxed);
}
