/* What a candidate answered, as the spans that an agent would have sent: so that it is read, measured
 * and judged by what judges the stream. What was not said is not made up: no times but an end, no
 * tokens, no models.
 *
 *   invoke_agent   flywheel.row_id, the row's question and history, the answer, scores as events
 *     retrieval      its contexts, when it names any
 *     execute_tool   each tool call, in order */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/json/json.h"

enum { CANDIDATE_TRACE_ID_SIZE = 16 };

struct candidate_line {
    struct json_reader reader; /* of the line */
    struct json_value object;
    struct bytes row_id, snapshot; /* as text; snapshot absent: not said */
};

/* `{row_id, output, contexts?, tool_calls?, scores?, error?, snapshot?}`. NOT_FOUND: it is no candidate's
 * (no row_id). MALFORMED: `ret_problem` says what is wrong, one clause. */
MUST_CHECK enum status candidate_line_read(struct bytes text, struct arena *arena,
                                           struct candidate_line *ret_line,
                                           const char **ret_problem);
/* Appends one OTLP request in JSON. `input` and `history` (JSON) are the row's; absent: none. */
void candidate_line_write(const struct candidate_line *line, struct bytes input,
                          struct bytes history, const uint8_t trace_id[CANDIDATE_TRACE_ID_SIZE],
                          uint64_t end_ns, struct buffer *to);
