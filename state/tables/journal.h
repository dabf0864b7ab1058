/* Requests as received (still compressed), keyed by source and arrival position, so that what was
 * acknowledged is read again after a crash. Appended in position order, trimmed from the front.
 * Owner: the writer thread; journal_read from any thread. */
#pragma once
#include "state/store/chunked.h"
#include "state/tables/source.h"

struct journal;

struct journal_header {
    uint8_t signal;   /* the caller's number: traces, logs */
    uint8_t encoding; /* the caller's number: protobuf, JSON, gzip, ... */
    int64_t received_ms;
};

/* Counts what is held. FATAL only when the store can't be read. */
MUST_CHECK enum status journal_open(struct store *store, struct journal **ret_journal);
void journal_close(struct journal *journal);

void journal_append(struct journal *journal, struct store_txn *txn, uint16_t source,
                    uint64_t position, const struct journal_header *header, struct bytes body);
/* Deletes requests below `below`, oldest first, about `rows_max` rows. Returns the rows deleted: as
 * many as rows_max means call again in the next transaction. */
uint32_t journal_trim(struct journal *journal, struct store_txn *txn, uint16_t source,
                      uint64_t below, uint32_t rows_max);
uint64_t journal_bytes(const struct journal *journal); /* durable, as stored */
uint64_t journal_requests(const struct journal *journal);

/* When the first request at or above position `from` was received; false when there is none.
 * Reads no more than its first chunk; any thread. */
bool journal_received_ms(struct store_txn *txn, uint16_t source, uint64_t from, int64_t *ret_ms);

/* Borrowed until it returns. False: stop. */
typedef bool journal_fn(void *context, uint64_t position, const struct journal_header *header,
                        struct bytes body);
/* From position `from` to the end, in copies: no read transaction is open during `fn`. */
MUST_CHECK enum status journal_read(struct store *store, uint16_t source, uint64_t from,
                                    journal_fn *fn, void *context);

void journal_header_encode(const struct journal_header *header, struct buffer *to);
MUST_CHECK enum status journal_header_decode(struct bytes value, struct journal_header *ret_header);
