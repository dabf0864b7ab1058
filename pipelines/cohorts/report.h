/* The fail rates of cohorts as people and programs read them: one document for `flywheel cohorts`,
 * the admin server and the gate, and the same as a table.
 *   texts -> cohort_report_parse -> request -> cohort_report_query -> result -> JSON or table */
#pragma once
#include "pipelines/cohorts/rates.h"
#include "pipelines/config/config.h"
#include "state/cohorts/query.h"

struct cohort_report_request {
    struct bytes window; /* as it was written, for the document; borrowed */
    int64_t window_ms;
    struct bytes group_by[COHORT_DIMENSIONS_MAX]; /* borrowed */
    uint32_t group_by_count;
    int64_t as_of_ms;
    struct cohort_rate_terms terms; /* of the configuration */
};

/* From texts as people write them: "1h", "release,intent", RFC 3339 or Unix seconds. Absent ones
 * take the default: 1h, the first grouping of `config`, `now_ms`. MALFORMED with `ret_error`
 * (EXIT_USAGE). `config` may be NULL when `group_by` is there. */
MUST_CHECK enum status cohort_report_parse(struct bytes window, struct bytes group_by,
                                           struct bytes as_of, const struct pipeline_config *config,
                                           int64_t now_ms,
                                           struct cohort_report_request *ret_request,
                                           struct error *ret_error);

/* Has a daemon run there? Who only asks, or changes what is there, makes no directory by it. */
MUST_CHECK bool cohort_report_is_there(const char *directory, struct error *ret_error);
/* Opens the store of a data directory beside a running daemon. */
MUST_CHECK enum status cohort_report_open(const char *directory, struct store **ret_store,
                                          struct error *ret_error);

/* cohort_query() with errors that name the groupings there are. With a `config` only its own
 * groupings answer, for what an earlier configuration counted is out of date; what it covers is
 * empty, not an error, while the store has not heard of it. NULL: any grouping of the store. */
MUST_CHECK enum status cohort_report_query(struct store *store,
                                           const struct pipeline_config *config,
                                           const struct cohort_report_request *request,
                                           struct cohort_result *ret_result,
                                           struct error *ret_error);

void cohort_report_json(const struct cohort_report_request *request,
                        const struct cohort_result *result, struct buffer *to);

struct cohort_rates cohort_report_rates(const struct cohort_report_request *request,
                                        const struct cohort_result *result,
                                        const struct cohort_result_row *row);

/* The cohort of all that came once a grouping held cohorts.max_per_group others. */
bool cohort_report_is_overflow(const struct bytes *values, uint32_t count);
