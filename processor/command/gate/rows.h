/* The rows of a dataset that a candidate is held against, read from lines of flywheel.row/v1: an export,
 * or the log that a rows exporter writes.
 *
 *   line -> newest revision of its row_id -> live | stale | retired | held
 *                                             └─> its checks: the regression set of all eval rows
 *
 * Rows to train on are refused: what a candidate may have learned says nothing of it. */
#pragma once
#include "pipelines/cohorts/release_gate_ask.h"
#include "pipelines/decide/regression.h"
#include "processor/review/row_snapshot.h"

enum gate_row_state {
    GATE_ROW_LIVE,
    GATE_ROW_STALE,   /* expected_until has passed: told, never blocking */
    GATE_ROW_RETIRED, /* likewise */
    GATE_ROW_HELD,    /* likewise */
    GATE_ROW_STATES
};
extern const char *const gate_row_state_names[GATE_ROW_STATES];

struct gate_row { /* texts in the arena of the rows */
    uint8_t id[16], sha256[SHA256_SIZE];
    char id_text[UUID_TEXT_SIZE];
    uint32_t revision;
    enum gate_row_state state;
    bool is_critical;
    struct bytes input, expected, failure_mode; /* absent: none */
    struct bytes history, cohort, checks;       /* JSON; absent: none */
    const struct regression_row *demands;       /* NULL: not live */
};

struct gate_rows {
    struct arena arena, line;
    struct gate_row *items; /* by id, when reading has ended */
    uint32_t count, capacity;
    uint32_t states[GATE_ROW_STATES];
    uint32_t superseded; /* lines that a newer revision of their row replaces */
    struct bytes dataset;
    uint64_t version; /* of the manifest, else the newest that a row names */
    struct regression_set *set;
    char snapshot[SNAPSHOT_TEXT_SIZE]; /* of the rows in the file */
    char exported
        [SNAPSHOT_TEXT_SIZE];    /* of the version that it was exported from; empty: not known */
    bool is_other_than_manifest; /* the file is not the one that its manifest is about */
    uint8_t sha256[SHA256_SIZE]; /* of the file */
};

/* `path`: a file, or `-`. FATAL with a sentence: EXIT_USAGE for what is no dataset or is one to train
 * on, EXIT_PERMISSION, EXIT_STATE_IO. */
MUST_CHECK enum status gate_rows_read(const char *path, double similarity, int64_t now_ms,
                                      struct gate_rows *ret_rows, struct error *ret_error);
void gate_rows_finish(struct gate_rows *rows);
/* NULL: there is none. */
const struct gate_row *gate_rows_find(const struct gate_rows *rows, const uint8_t id[16]);
/* Is the row of that cohort? What its `cohort` does not name is `unknown`. Scratch is `line`. */
bool gate_row_is_in(struct gate_rows *rows, const struct gate_row *row,
                    const struct release_gate_cohort *cohort);
