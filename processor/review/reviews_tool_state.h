/* What the reader of a tool makes of one element of an export: who said what of which item. A tool more is
 * one such reader and a row of the table in reviews.c. Seen in this folder only. */
#pragma once
#include "processor/review/reviews_fields.h"

struct review;
struct reviews;

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

/* --- tools --- */

typedef void reviews_element_fn(struct reviews *reviews, const struct json_reader *reader,
                                const struct json_value *element);
reviews_element_fn reviews_label_studio, reviews_langfuse, reviews_langsmith, reviews_futureagi;

struct reviews_tool {
    const char *name;
    const char *lists[4]; /* members of an object that stands around the elements */
    reviews_element_fn *read;
};
