/* What a decided run is counted by, beside the cohorts: its release, and the rows of the regression
 * set that it met. Encoded in its summary, so that a revision takes back exactly what the verdict
 * before had added.
 *   release 16 | varint rows (row id 16, u8 outcome) */
#pragma once
#include "processor/regression.h"
#include "processor/verdict.h"
#include "state/tables/regression.h"

struct met_rows {
    uint8_t release[REGRESSION_ID_SIZE];
    uint32_t count;
    struct met_row {
        uint8_t row_id[REGRESSION_ID_SIZE];
        enum outcome outcome;    /* pass, borderline, fail */
    } rows[REGRESSION_HITS_MAX]; /* the worst first */
};

/* `met` without a snapshot: there was no set. */
void met_rows_of(const struct regression_report *met, struct bytes release,
                 struct met_rows *ret_rows);
void met_rows_encode(const struct met_rows *rows, struct buffer *to);
MUST_CHECK enum status met_rows_decode(struct bytes encoded, struct met_rows *ret_rows);
/* The worst outcome; OUTCOME_NA: it met no row. */
enum outcome met_rows_worst(const struct met_rows *rows);
