/* What the readers of the tools and the joining of their statements share; seen in this folder only. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/json/json.h"
#include "processor/review/reviews.h"
#include "processor/review/subject.h"

enum {
    REVIEWS_BYTES_MAX = 256 << 20, /* of all that one import keeps */
    REVIEWS_IDS_MAX = 128,         /* statements of one review */
    REVIEWS_NAMES_MAX = 16,        /* names that are passed over and told */
};

/* --- a review --- */

struct review_head {
    struct bytes record_id, trajectory_id; /* whose item: one of them */
    struct bytes person;                   /* a name that people know; absent: */
    struct bytes person_id;                /* the tool's own */
    struct bytes id;                       /* of the annotation or score there */
    int64_t at_ms, started_ms;             /* 0: not said */
    bool is_whole;                         /* replaces what the person said before */
    bool is_skipped;
    bool is_blind; /* the machine's verdict was not shown */
};

struct review;
/* The review that the statement belongs to; made when there is none. NULL: a newer one is there, or it
 * can't be (told). `place`: where in the file it stands. */
struct review *reviews_review(struct reviews *reviews, const struct review_head *head,
                              const uint8_t *place);
/* Into the review: what it says by that name. */
void reviews_say(struct reviews *reviews, struct review *review, struct bytes name,
                 const struct json_reader *reader, const struct json_value *value, int64_t at_ms);
void reviews_comment(struct reviews *reviews, struct review *review, struct bytes text,
                     int64_t at_ms);
/* For tools with one score a name: the review, its value and its comment, where the name means
 * something here. */
void reviews_score(struct reviews *reviews, const struct review_head *head, struct bytes name,
                   const struct json_reader *reader, const struct json_value *value,
                   struct bytes comment, const uint8_t *place);
void reviews_of_machine(struct reviews *reviews);
void reviews_of_other(struct reviews *reviews);

/* --- what readers read with --- */

/* A member that is a text, or the first of several that is; absent: none. */
struct bytes reviews_text(const struct json_reader *reader, const struct json_value *object,
                          const char *const *names);
/* Likewise of a time, with or without a zone; 0: none. */
int64_t reviews_time(const struct json_reader *reader, const struct json_value *object,
                     const char *const *names);
/* The id that our export put there: `record_id` of the object or of what it holds by one of the names. */
struct bytes reviews_record_id(const struct json_reader *reader, const struct json_value *object,
                               const char *const *holders);
/* 32 hex digits of a trace, with or without dashes; absent: it is none. */
struct bytes reviews_trace_id(struct reviews *reviews, struct bytes text);
/* Of the conversation with that id. */
struct bytes reviews_conversation(struct reviews *reviews, struct bytes id);
#define REVIEWS_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- tools --- */

typedef void reviews_element_fn(struct reviews *reviews, const struct json_reader *reader,
                                const struct json_value *element);
reviews_element_fn reviews_label_studio, reviews_langfuse, reviews_langsmith, reviews_futureagi;

struct reviews_tool {
    const char *name;
    const char *lists[4]; /* members of an object that stands around the elements */
    reviews_element_fn *read;
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
    bool is_skipped, is_blind;
    struct bytes fault; /* absent: none */
    struct bytes ids[REVIEWS_IDS_MAX];
    uint32_t id_count;
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
