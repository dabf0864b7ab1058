/* One result on its way; apply.c and keep.c share it. */
#pragma once
#include "pipelines/review/state.h"

struct applying {
    struct review_event event;
    struct result *result;
    struct item_row item;
    struct result_row *own; /* what this person said before; zeroed: nothing */
    bool has_own;
    struct result_answer *answer;
};

/* A tool or a topic, which names the reviewer. */
bool review_speaks_for_others(const struct principal *principal);
/* The result becomes the row of its person, and the item what its results say. */
enum result_outcome review_keep(struct applying *applying);
/* Whoever says the same under that id is a repeat from now on. */
void review_note_id(const struct applying *applying, bool is_pending, uint64_t item);
