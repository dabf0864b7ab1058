/* flywheel gate --dataset: a candidate release against the rows of a dataset.
 *
 *   rows ──────────────┐
 *   candidate ─> runs ─┼─> rows that pass ─> suites ─> exit code, reports
 *   baseline ──> runs ─┘ */
#pragma once
#include <stdbool.h>

/* Does a command line ask for it? */
bool dataset_gate_is_meant(int argc, char **argv);
/* The whole command: its exit code. */
int dataset_gate(int argc, char **argv);
