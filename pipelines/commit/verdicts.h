/* What is decided goes into the transaction: closed trajectories, and traces that wait for the rest
 * of their conversation. */
#pragma once
#include "pipelines/decide/effects.h"

struct writer;

/* Says in `closed` which record of it goes out. */
void verdicts_add(struct writer *writer, struct closed *closed, int64_t wall_ms);
void verdicts_add_part(struct writer *writer, const struct conversation_part *part);
