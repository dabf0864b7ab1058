/* Where the dataset looks, and where it does not: live rows and decided items by the values of each
 * dimension, beside the traffic of these values; and failing signatures that no regression row
 * watches, which is to say which trace should become a test. GET /api/v1/dataset_coverage. */
#pragma once
#include "pipelines/cohorts/report.h"
#include "pipelines/review/measures_items.h"

enum {
    COVERAGE_DIMENSIONS = 6,
    COVERAGE_DECIDED_MIN = 5, /* decided items from which on a value counts as looked at */
    COVERAGE_VALUES_MAX = 10000,
    COVERAGE_SHOWN_MAX = 50, /* values of a dimension, and signatures, that are told */
};
extern const char *const coverage_dimensions[COVERAGE_DIMENSIONS];

struct coverage_value {
    struct bytes value;
    uint64_t decided, rows, regression_rows; /* ever; rows: live ones */
    int64_t runs, failed;                    /* of the window */
};

struct coverage_dimension {
    struct bytes name;
    const char *reason;            /* why its traffic is not known; NULL: it is */
    struct coverage_value *values; /* most traffic first, then decided */
    uint32_t count, capacity;
    int64_t runs, thin_runs; /* of all values; of those with fewer decided than the least */
    struct key_index index;
};

struct coverage_signature {
    uint64_t signature;
    uint64_t items;          /* failed runs of the window that are items and failed no row */
    double runs;             /* that they stand for, each by 1 / probability */
    bool has_regression_row; /* some live row of one of its items, whenever */
    uint8_t newest_trajectory[16], newest_item[16];
    int64_t newest_ms;
};

struct coverage { /* owns what is below; dataset_coverage_finish() */
    struct measures_span span;
    struct coverage_dimension dimensions[COVERAGE_DIMENSIONS];
    struct coverage_signature *signatures; /* those without a row, most items first */
    uint32_t signature_count, signature_capacity;
    uint32_t unwatched;
    struct key_index by_signature;
    struct arena arena, scratch; /* scratch: of one item */
    bool failed;
};

void dataset_coverage_init(struct coverage *coverage, const struct measures_span *span);
/* Of the pass over items. */
measures_item_fn dataset_coverage_add_item;
/* Traffic, order: behind the pass. */
MUST_CHECK enum status dataset_coverage_read_traffic(struct coverage *coverage, struct store *store,
                                                     const struct pipeline_config *config,
                                                     const struct cohort_report_request *request,
                                                     struct error *ret_error);
void dataset_coverage_finish(struct coverage *coverage);
