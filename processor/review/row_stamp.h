/* A draft becomes the row of a version, written once, with its digest. The digest covers what the row
 * says, not when or as what version it came, so equal content has equal digests on any machine. */
#pragma once
#include "processor/review/row.h"

enum row_action { ROW_ADD, ROW_REVISE, ROW_RETIRE, ROW_ACTIONS };
enum row_split { SPLIT_EVAL, SPLIT_TRAIN, SPLIT_HELD, ROW_SPLITS };
extern const char *const row_action_names[ROW_ACTIONS];
extern const char *const row_split_names[ROW_SPLITS];

/* What changes from version to version. */
struct row_stamp {
    uint32_t row_revision, occurrences;
    uint64_t dataset_version;
    enum row_action action;
    enum row_split split;
    bool is_regression, is_critical;
    const char *cluster; /* as text */
    uint64_t audit_sequence;
    const uint8_t *audit_hash; /* 32 */
};

/* Of a draft, or of a row: what was stamped on it before does not count. */
MUST_CHECK enum status row_digest(struct bytes draft, const struct row_stamp *stamp,
                                  struct arena *arena, uint8_t ret_sha256[SHA256_SIZE]);
/* Appends the row, without a line end. */
MUST_CHECK enum status row_stamp(struct bytes draft, const struct row_stamp *stamp,
                                 const uint8_t sha256[SHA256_SIZE], struct arena *arena,
                                 struct buffer *to);
/* The tombstone of one that leaves: no texts. */
void row_write_retired(const char *row_id, struct bytes dataset, const struct row_stamp *stamp,
                       const char *reason, struct buffer *to);
