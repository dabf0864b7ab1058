/* Recordings under one configuration or several, in one pass over the input, so that standard input
 * can be compared as well. */
#pragma once
#include "pipelines/decide/replay.h"

enum { REPLAY_SIDES_MAX = 2 };

struct replay_side {
    const struct pipeline_config *config;
    bool is_all;                              /* a record of every trajectory */
    const struct regression_set *regressions; /* NULL: none */
    replay_fn *fn;
    void *context;
    struct replay_totals totals; /* filled at the end */
};

enum progress_mode {
    PROGRESS_TERMINAL, /* on stderr when that is a terminal and it takes longer than 2 s */
    PROGRESS_ALWAYS,   /* a line every 2 s, wherever stderr goes */
    PROGRESS_NEVER
};

/* FATAL with `ret_error`, which names the file where it can. */
MUST_CHECK enum status replay_run(struct replay_side *sides, int side_count, char *const *paths,
                                  int path_count, enum progress_mode mode, struct error *ret_error);
