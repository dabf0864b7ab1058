/* What a person reads of a review record, and what the machine says of it, apart: who decides first
 * must not see the second. Each member of the first is named here; whatever else a record has or will
 * have stays out. Pure.
 *
 *   reading  input history output sentences contexts steps service started_at duration_ms content_off
 *   machine  verdict summary labels evaluations
 *
 * Of the steps those of evaluators and guardrails are left out of the reading: they are verdicts. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/json/writer.h"

enum { READING_SENTENCES_MAX = 2000 };

/* Members of the object that is open in `to`. False: it is no record. */
MUST_CHECK bool reading_write(struct bytes record, struct arena *arena, struct json_writer *to);
/* One object. */
MUST_CHECK bool reading_write_machine(struct bytes record, struct arena *arena,
                                      struct json_writer *to);
/* An array: where the trace is shown; it names the trace, and so leads to what machines say of it. */
void reading_write_links(struct bytes record, struct arena *arena, struct json_writer *to);
/* The question, at most `most` code points of it; absent: there is none. Borrowed. */
struct bytes reading_question(struct bytes record, struct arena *arena, size_t most);
