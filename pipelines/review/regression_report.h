/* What a row of the regression set has met on the stream: in all releases, and in each that is still
 * told apart (state/tables/regression.h). For `dataset show` and the API. */
#pragma once
#include "processor/base/json/writer.h"
#include "state/tables/regression.h"

/* An object {row_id matched passed failed borderline last releases[]}, releases by their first run.
 * False, and nothing is written: no run ever met it. */
bool regression_report_json(struct store_txn *txn, const uint8_t row_id[REGRESSION_ID_SIZE],
                            struct json_writer *to);
/* The same as lines; nothing when no run met it. */
void regression_report_text(struct store_txn *txn, const uint8_t row_id[REGRESSION_ID_SIZE],
                            struct buffer *to);
