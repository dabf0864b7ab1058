/* What an import has read so far; seen by reviews*.c only. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/json/json.h"
#include "processor/review/reviews.h"
#include "processor/review/reviews_tool_state.h"
#include "processor/review/subject.h"

enum {
    REVIEWS_BYTES_MAX = 256 << 20, /* of all that one import keeps */
    REVIEWS_NAMES_MAX = 16,        /* names that are passed over and told */
};

/* --- what there is so far, by item and person ---
 *
 *   slots[hash of (item, person)] -> all[], in the order of their first statements */

struct review_text {
    struct review_text *next;
    int64_t at_ms;
    struct bytes text;
};

struct review {
    struct bytes item; /* text of the id */
    bool is_trajectory;
    struct bytes person;
    const char *file;
    uint64_t line; /* of the first statement */
    int64_t at_ms, started_ms;
    bool is_whole, is_skipped, is_blind;
    bool is_more;            /* than comments */
    struct bytes fault;      /* absent: none */
    struct review_text *ids; /* of what it is made of there */
    bool has_verdict, has_skip_cause;
    enum reviewer_verdict verdict;
    enum skip_cause skip_cause;
    int64_t verdict_ms, expected_ms, failure_mode_ms, checks_ms[2];
    uint32_t labels; /* bits */
    int64_t label_ms[REVIEW_LABELS_MAX];
    int32_t failure_mode; /* -1: not said */
    struct bytes expected;
    struct review_text *checks[2]; /* must include, must not include; the last one first */
    struct review_text *comments;
};

struct review_slot {
    uint64_t hash;
    uint32_t review; /* 0: free; else one more than its place in `all` */
};

struct reviews {
    const struct reviews_tool *tool;
    const struct label_set *labels;
    reviews_told_fn *told;
    void *context;
    struct arena arena, element; /* what stays, and what is read of one element */
    struct review_slot *slots;
    uint32_t slot_count; /* a power of two */
    struct review **all;
    uint32_t count, capacity;
    struct reviews_counts counts;
    struct {
        struct bytes name;
        uint64_t count;
    } passed[REVIEWS_NAMES_MAX];
    uint32_t passed_count;
    const char *file;
    struct bytes text;
    const uint8_t *counted; /* lines before it are counted */
    uint64_t line;
};

uint64_t reviews_line(struct reviews *reviews, const uint8_t *place);
void reviews_tell(struct reviews *reviews, uint64_t line, const char *reason);
