/* Closed traces that wait for the rest of their conversation: what a trace is known by, and its
 * content as its owner encoded it. A part is here from the commit that took its trace out of
 * assembly to the one that decides its conversation, so a crash loses none.
 *   'h' | be64 sequence             what is known of it
 *   'b' | be64 sequence | be16 chunk its content (state/store/chunked.h)
 * Sequences go up; shards find new parts by asking for those above the last one seen. Owner: the
 * writer thread; parts_committed(), parts_read() and parts_content() from any thread. */
#pragma once
#include "state/store/chunked.h"

enum { PART_CONVERSATION_SIZE = 16 };

struct part_row {
    uint64_t sequence;
    uint8_t conversation[PART_CONVERSATION_SIZE];
    uint8_t trace_id[16];
    int64_t received_ms; /* wall clock of the last arrival */
    uint32_t spans;
    uint64_t bytes; /* of their messages */
};

struct parts;

MUST_CHECK enum status parts_open(struct store *store, struct parts **ret_parts);
void parts_close(struct parts *parts);
/* Under the next sequence; row->sequence is not looked at. */
void parts_append(struct parts *parts, struct store_txn *txn, const struct part_row *row,
                  struct bytes content);
void parts_delete(struct parts *parts, struct store_txn *txn, uint64_t sequence);
/* Of all parts, those of the transaction under way included. */
uint64_t parts_spans(const struct parts *parts);
/* The last durable sequence. */
uint64_t parts_committed(const struct parts *parts);

/* False: stop. */
typedef bool part_fn(void *context, const struct part_row *row);
/* Rows of sequences from `from` to `through`, both included, in one short transaction. */
MUST_CHECK enum status parts_read(struct store *store, uint64_t from, uint64_t through, part_fn *fn,
                                  void *context);
/* Appends the content. NOT_FOUND: there is no such part. */
MUST_CHECK enum status parts_content(struct store *store, uint64_t sequence, struct buffer *to);
MUST_CHECK enum status part_row_decode(struct bytes key, struct bytes value,
                                       struct part_row *ret_row);
