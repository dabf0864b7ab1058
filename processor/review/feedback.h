/* What a user said of a run: of which kind it is, and how a program tells it,
 *
 *   {"trace_id" | "conversation_id", "kind", "value"?, "time"}
 *
 * A kind is one of those of the pipeline file, by the name that a client gives; anything negative of
 * another name is a thumbs-down; all else is said, and of no kind. Pure. */
#pragma once
#include "processor/base/arena.h"
#include "processor/review/dataset_settings.h"

enum { FEEDBACK_OTHER = FEEDBACK_KINDS, FEEDBACK_KINDS_ALL, FEEDBACK_TEXT_MAX = 256 };
extern const char *const feedback_kind_names[FEEDBACK_KINDS_ALL];

/* `name` and `label` (may be absent) as the client wrote them. */
uint8_t feedback_kind_of(const struct feedback_settings *settings, struct bytes name,
                         struct bytes label, bool is_negative);

/* Ids by which what is said finds its run: of what has happened, not of what it says. */
uint64_t feedback_id_of_trace(const uint8_t trace_id[16]);
uint64_t feedback_id_of_conversation(struct bytes conversation);

struct feedback_note {
    uint64_t id;
    uint8_t kind;
    uint8_t identity[16]; /* of the whole note: who sends it twice says it once */
    int64_t time_ms;
};
/* Reads one; `wall_ms` says what is in the future. False: `ret_field` and `ret_reason` say what it
 * should have been; constants. */
MUST_CHECK bool feedback_read(const struct feedback_settings *settings, struct bytes json,
                              struct arena *arena, int64_t wall_ms, struct feedback_note *ret_note,
                              const char **ret_field, const char **ret_reason);
