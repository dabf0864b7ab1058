/* Values larger than a row: split over rows whose keys end in a chunk number.
 *   key = prefix | be64 number | be16 chunk     number: a position or a sequence
 *   chunk 0 = u8 version | varint head size | head | varint body size | body bytes
 *   chunk 1.. = further body bytes
 * A tally keeps exact counts in memory, which follow the commit. */
#pragma once
#include "state/store/store.h"

enum {
    CHUNKED_HEAD_BYTES_MAX = 256,
    CHUNKED_BATCH_BYTES = 4 << 20,
    CHUNKED_BODY_BYTES_MAX = 1 << 30
};

struct tally {
    uint64_t items, rows, bytes;               /* durable; bytes as stored */
    int64_t open_items, open_rows, open_bytes; /* of the write transaction under way */
};

struct chunked_place {
    enum state_table table;
    struct bytes prefix; /* at most 8 bytes */
};

/* Counts what is there: walks keys, not values. */
void chunked_count(struct store_txn *txn, struct chunked_place place, struct tally *ret_tally);
void chunked_append(struct store_txn *txn, struct chunked_place place, uint64_t number,
                    struct bytes head, struct bytes body, struct tally *tally);
/* Deletes all rows of `number`; how many there were. */
uint32_t chunked_delete(struct store_txn *txn, struct chunked_place place, uint64_t number,
                        struct tally *tally);
/* Deletes numbers below `below`, lowest first, at most about `rows_max` rows, never half of one.
 * Returns the rows deleted. */
uint32_t chunked_trim(struct store_txn *txn, struct chunked_place place, uint64_t below,
                      uint32_t rows_max, struct tally *tally);
/* The lowest or highest number; false when there is none. */
bool chunked_first(struct store_txn *txn, struct chunked_place place, uint64_t *ret_number);
bool chunked_last(struct store_txn *txn, struct chunked_place place, uint64_t *ret_number);

/* Chunk 0 taken apart: head, size of the whole body, and the part of it that this chunk holds. */
MUST_CHECK enum status chunked_first_decode(struct bytes value, struct bytes *ret_head,
                                            uint64_t *ret_body_size, struct bytes *ret_part);
/* What was appended as `head`, borrowed from the transaction; false: there is no such number. */
bool chunked_head(struct store_txn *txn, struct chunked_place place, uint64_t number,
                  struct bytes *ret_head);

/* Appends the body of one item to `to`, within the transaction; NOT_FOUND when there is none. */
MUST_CHECK enum status chunked_get(struct store_txn *txn, struct chunked_place place,
                                   uint64_t number, struct buffer *to);

/* Borrowed until it returns. False: stop. */
typedef bool chunked_fn(void *context, uint64_t number, struct bytes head, struct bytes body);
/* Hands out copies from `from` on, up to the end. Each read transaction copies about
 * CHUNKED_BATCH_BYTES and has ended when `fn` is called, so `fn` may take its time. */
MUST_CHECK enum status chunked_read(struct store *store, struct chunked_place place, uint64_t from,
                                    chunked_fn *fn, void *context);
