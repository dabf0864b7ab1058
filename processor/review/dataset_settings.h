/* What becomes of decisions: the sections `dataset`, `regression` and `feedback` of the pipeline file as
 * plain data. Owned by the configuration; times in ms. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum promote { PROMOTE_APPROVED, PROMOTE_MANUAL, PROMOTE_NEVER };
/* Which failed rows are checked again on the live stream. */
enum regression_promote { REGRESSION_FAILED, REGRESSION_MANUAL, REGRESSION_NEVER };
enum export_reviewers { EXPORT_REVIEWERS_NONE, EXPORT_REVIEWERS_PSEUDONYM };

struct dataset_settings {
    struct bytes name;
    enum promote promote;
    enum regression_promote regression;
    double train_share;
    uint32_t require_reviews;
    bool export_comment;
    enum export_reviewers export_reviewers;
    int64_t retain_ms; /* 0: for ever */
    double cluster_similarity;
    uint32_t cluster_rows_max;
    size_t bytes_max;   /* limits.dataset */
    uint32_t exporters; /* bit i: outbox exporter i takes rows */
    uint32_t topics;    /* of them, those that are topics */
};

/* Rows that are checked again on the live stream. */
struct regression_settings {
    uint32_t per_hour, per_row_per_hour; /* hits that become review work beyond the budget */
    uint32_t rows_max;                   /* limits.regression_rows */
};

enum feedback_kind { FEEDBACK_THUMBS_DOWN, FEEDBACK_ESCALATION, FEEDBACK_REOPENED, FEEDBACK_KINDS };
enum { FEEDBACK_NAMES_MAX = 16 };

/* What users say after the verdict. */
struct feedback_settings {
    bool is_present;
    int64_t window_ms; /* how long a run is remembered for it */
    struct {
        struct bytes names[FEEDBACK_NAMES_MAX]; /* as clients write the kind */
        uint32_t count;
    } kinds[FEEDBACK_KINDS];
};
