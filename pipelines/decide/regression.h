/* The regression set: approved rows that a run is held against, compiled once and immutable.
 *
 *   rows -> builder -> set ── signature map, exact-question map, near questions, facts
 *   run, verdict ────────> regression_look -> what it matches, and what it fails there
 *
 * A run whose signature, question and near questions meet no row costs three lookups. Pure. Shared by
 * count: a set that has been replaced lives until the last shard has taken its successor. */
#pragma once
#include "processor/regression.h"
#include "processor/score/measurement.h"

struct regression_set;
struct regression_row; /* one row of it */

/* --- building --- */

struct regression_builder;
/* NULL: out of memory. `similarity`: Jaccard of questions from which on they are near. */
struct regression_builder *regression_builder_create(double similarity, uint32_t rows_max);
/* Before the first row: every live eval row counts, whether or not it is a regression row. */
void regression_builder_take_all(struct regression_builder *builder);
/* One flywheel.row/v1. What is no live regression row is passed over (OK). MALFORMED: no row at all.
 * BUSY: out of memory, or more than rows_max (counted; the set is without it). */
MUST_CHECK enum status regression_builder_add(struct regression_builder *builder, struct bytes row);
/* Ends the builder, which is gone in any case. NULL: out of memory. Held once by the caller. */
struct regression_set *regression_builder_finish(struct regression_builder *builder);
void regression_builder_destroy(struct regression_builder *builder); /* accepts NULL */

void regression_set_hold(struct regression_set *set);
void regression_set_release(struct regression_set *set); /* accepts NULL */
uint32_t regression_set_rows(const struct regression_set *set);
uint32_t regression_set_left_out(const struct regression_set *set); /* above rows_max */
size_t regression_set_bytes(const struct regression_set *set);
/* First 16 hex of SHA-256 over its sorted lines `row_id row_revision split sha256`: equal rows, equal
 * snapshot, on any machine. */
const char *regression_set_snapshot(const struct regression_set *set);

/* --- on the stream --- */

/* After scorer_run(): `report` gives signature and verdict. Texts are read only when a row matches.
 * `now_ms` (event time) tells rows that are stale (expected_until): reported by nobody, never a hit. */
void regression_look(const struct regression_set *set, struct score_context *context,
                     const struct verdict_report *report, int64_t now_ms,
                     struct regression_report *ret_regressions);

/* --- before a release --- */

/* By its id as text or 16 bytes; NULL: the set has none. */
const struct regression_row *regression_set_find(const struct regression_set *set,
                                                 const uint8_t row_id[16]);
/* The row's own checks on a run that answers the row's question. */
void regression_row_check(const struct regression_row *row, struct score_context *context,
                          struct regression_hit *ret_hit);
/* Does it ask anything of an answer? */
bool regression_row_demands(const struct regression_row *row);
bool regression_row_is_stale(const struct regression_row *row, int64_t now_ms);
