/* Finished, redacted records on their way out: frames per exporter under increasing sequences,
 * deleted when the exporter's acknowledgement is committed. Counts follow the commit. Owner: the
 * writer thread; outbox_scan from any thread. */
#pragma once
#include "state/store/chunked.h"
#include "state/tables/outbox_slots.h"

struct outbox;

struct outbox_held {
    uint64_t records, bytes;
};

MUST_CHECK enum status outbox_open(struct store *store, struct outbox **ret_outbox);
void outbox_close(struct outbox *outbox);

/* The next sequence never used by any exporter, also after all rows have left. From 1. Does not
 * advance by itself: append takes it on. */
uint64_t outbox_next_sequence(const struct outbox *outbox);
/* One record may be appended for several exporters under the same sequence. `committed_ms`: wall
 * clock. */
void outbox_append(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                   uint64_t sequence, int64_t committed_ms, struct bytes frame);
/* False when it was not there (an acknowledgement heard twice). */
bool outbox_delete(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                   uint64_t sequence);
/* Another frame under the same sequence; the time it became durable stays. False when it was not
 * there. */
bool outbox_replace(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                    uint64_t sequence, struct bytes frame);
/* Everything up to and with `through`, about `rows_max` rows; returns the rows deleted. */
uint32_t outbox_delete_through(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                               uint64_t through, uint32_t rows_max);
/* Durable; of the rows of one exporter, by its slot. */
struct outbox_held outbox_held(const struct outbox *outbox, uint8_t slot);
struct outbox_held outbox_held_all(const struct outbox *outbox);
/* The last sequence used, of a store whose outbox is not open. */
uint64_t outbox_sequence_read(struct store_txn *txn);
bool outbox_first(struct store_txn *txn, uint8_t exporter, uint64_t *ret_sequence,
                  int64_t *ret_committed_ms); /* the oldest, for its age */
bool outbox_last(struct store_txn *txn, uint8_t exporter, uint64_t *ret_sequence);

/* Borrowed until it returns. False: stop. */
typedef bool outbox_fn(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame);
/* From `from` to the end, in copies: no read transaction is open during `fn`. */
MUST_CHECK enum status outbox_scan(struct store *store, uint8_t exporter, uint64_t from,
                                   outbox_fn *fn, void *context);

/* Where the file of a file exporter ended when its rows were deleted. */
struct outbox_file {
    uint64_t inode, length;
};
bool outbox_file_read(struct store_txn *txn, uint8_t exporter, struct outbox_file *ret_file);
void outbox_file_write(struct store_txn *txn, uint8_t exporter, const struct outbox_file *file);
/* The head of an item. */
MUST_CHECK enum status outbox_head_decode(struct bytes head, int64_t *ret_committed_ms);
MUST_CHECK enum status outbox_file_decode(struct bytes value, struct outbox_file *ret_file);
