/* Results on their way to a sink: as many at once as it takes, and the files that they stand in. */
#pragma once
#include "processor/command/results/sink.h"

enum { RESULTS_BATCH_BYTES_MAX = RESULT_BYTES_MAX - 1024 /* brackets and commas */ };

struct results_batch {
    struct results_sink *sink;
    struct results_summary *summary;
    struct bytes results[RESULTS_PER_POST_MAX]; /* in `text`, which never moves */
    struct results_place places[RESULTS_PER_POST_MAX];
    uint32_t count;
    struct buffer text;
};

/* A copy of one result, JSON. False with `ret_error`. One that is too large is told, and no fault. */
bool results_batch_add(struct results_batch *batch, struct bytes result, struct results_place place,
                       struct error *ret_error);
bool results_batch_send(struct results_batch *batch, struct error *ret_error);
void results_batch_finish(struct results_batch *batch);

/* The whole of a file; "-": standard input. False with `ret_error`. */
bool results_read_file(const char *path, struct buffer *to, struct error *ret_error);
