/* Trajectories that are open for long, taken out of the way of the low watermark: what they hold is
 * here, so the journal need not keep the requests that brought it. Chunked items under increasing
 * sequences, read whole at the start. Counts follow the commit. Owner: the writer thread. */
#pragma once
#include "state/store/chunked.h"

enum { SPILL_SOURCES_MAX = 8 };

struct spill_position {
    uint16_t source;
    uint64_t first_position;  /* of what the trajectory holds of this source */
    uint64_t spilled_through; /* everything up to and with it is in the body */
};

struct spill_header {
    uint8_t trace_id[16];
    int64_t first_received_ms, last_received_ms; /* wall clock */
    uint32_t accepted_spans, accepted_logs;      /* duplicates included */
    uint8_t position_count;
    struct spill_position positions[SPILL_SOURCES_MAX];
};

struct spill;

MUST_CHECK enum status spill_open(struct store *store, struct spill **ret_spill);
void spill_close(struct spill *spill);

/* A sequence that no stored item has; above all that were given before. From 1. */
uint64_t spill_next_sequence(struct spill *spill);
void spill_append(struct spill *spill, struct store_txn *txn, uint64_t sequence,
                  const struct spill_header *header, struct bytes body);
/* The item of `sequence` is this one from now on, whether there was one or not. */
void spill_replace(struct spill *spill, struct store_txn *txn, uint64_t sequence,
                   const struct spill_header *header, struct bytes body);
/* False when it was not there. */
bool spill_delete(struct spill *spill, struct store_txn *txn, uint64_t sequence);
uint64_t spill_items(const struct spill *spill); /* durable */
uint64_t spill_bytes(const struct spill *spill); /* durable, as stored */

/* Borrowed until it returns. False: stop. */
typedef bool spill_fn(void *context, uint64_t sequence, const struct spill_header *header,
                      struct bytes body);
/* Everything, in order of sequence; no read transaction is open during `fn`. */
MUST_CHECK enum status spill_read(struct store *store, spill_fn *fn, void *context);

void spill_header_encode(const struct spill_header *header, struct buffer *to);
MUST_CHECK enum status spill_header_decode(struct bytes value, struct spill_header *ret_header);
