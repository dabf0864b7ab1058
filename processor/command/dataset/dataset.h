/* flywheel dataset: what its actions share. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/review/dataset_read.h"

struct dataset_arguments {
    const char *config, *format, *version, *split, *cohort, *output, *similarity, *trace,
        *conversation, *reviewer, *endpoint, *token_file;
    const char *action, *operands[2];
    int operand_count;
    bool is_stale; /* list: only rows whose expected answer is out of date */
    const struct pipeline_config *pipeline;
};

/* Each returns the exit code; `ret_error` says why when it is set. */
typedef int dataset_action_fn(const struct dataset_arguments *arguments, struct error *ret_error);
dataset_action_fn dataset_list, dataset_show, dataset_diff, dataset_export, dataset_check,
    dataset_change;

/* What an erasure came to, and what it can't reach. */
void dataset_say_erased(uint32_t rows, uint32_t records);
/* Reading, beside a daemon or without one. */
MUST_CHECK enum status dataset_store_open(const struct dataset_arguments *arguments,
                                          struct store **ret_store, struct error *ret_error);
/* The text at `first` or `first.second` of a row, unescaped; absent: there is none. */
struct bytes dataset_text_of(struct bytes json, const char *first, const char *second,
                             struct arena *arena);
