/* The open conversations of one shard, by the hash of their ids: which parts they have, and when
 * they are over. The parts themselves lie in the store. Single-threaded, no clock. */
#pragma once
#include "pipelines/decide/conversation_parts.h"
#include "processor/assemble/timer_wheel.h"
#include "processor/trajectory.h"

struct conversation_limits {
    int64_t idle_ms;
    uint32_t max_spans;
    size_t max_bytes;
};

struct conversation {
    struct timer_node timer;
    uint8_t id[PART_CONVERSATION_SIZE];
    struct conversation *next; /* of its slot */
    uint64_t *parts;           /* sequences, ascending */
    uint32_t part_count, part_capacity;
    uint64_t spans, bytes;
    int64_t received_ms; /* wall clock of the last arrival */
    enum close_trigger trigger;
};

struct conversations {
    struct conversation **slots;
    size_t slot_count, count;
    struct timer_wheel wheel;
    uint64_t spans;
    size_t part_count;
};

MUST_CHECK bool conversations_init(struct conversations *all, int64_t now_ms);
void conversations_finish(struct conversations *all);
/* Of the text of the id, as everywhere. */
void conversation_hash(uint8_t ret_id[PART_CONVERSATION_SIZE], struct bytes conversation_id);
/* One more part, in order of sequence. It moves the deadline; at a limit the conversation is due at
 * once. False: no memory. */
MUST_CHECK bool conversations_add(struct conversations *all, const struct part_row *row,
                                  const struct conversation_limits *limits, int64_t now_ms,
                                  int64_t wall_ms);
/* One that is over, out of the table: conversation_destroy() it. NULL: none. */
struct conversation *conversations_take_due(struct conversations *all, int64_t now_ms);
void conversation_destroy(struct conversation *conversation);
