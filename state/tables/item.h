/* Items of the review: one content of one trajectory in one queue, and what has become of it. Its
 * record stays beside it while somebody may read it. Rows stay when the content has left, for results
 * that come late and for the estimates.
 *
 *   item          be64 sequence                                       item_row.h
 *   item_content  be64 sequence, be16 chunk                           the record, deflated
 *   item_id       'i' | item id 16                                    be64 sequence
 *                 'r' | record id 16                                  be64 sequence; of each revision
 *                 't' | trajectory id 16 | be64 sequence              nothing; the last is the newest
 *                 'm' | be64 principal | be64 sequence                nothing; has a result on it
 *                 'w' | record or trajectory id 16 | be64 pending     nothing; waits for its item
 *   item_open     'p' | be64 queue | u8 priority | be64 emitted_ms | be64 sequence   to be served
 *                 's' | be64 queue | be64 day | be64 u | be64 sequence               likewise
 *                 'q' | be64 queue or reviewer | be64 sequence        to be served there first
 *                 'e' | be64 expires_ms | be64 sequence               open or waiting
 *                 'd' | be64 sequence                                 disputed
 *                 'c' | be64 drop_ms | be64 sequence                  its content leaves then
 *                 'n' | be64 queue                                    item_row.h
 *
 * A queue, reviewer or principal in a key is item_row_hash() of its name. Numbers of verdicts, reasons
 * and labels are the caller's. Owner: the writer's transaction; reads from any thread. */
#pragma once
#include "state/tables/item_row.h"

struct items;

MUST_CHECK enum status items_open(struct store *store, struct items **ret_items);
void items_close(struct items *items);

/* A new item under the next sequence, which is filled in. */
void items_append(struct items *items, struct store_txn *txn, struct item_row *row,
                  struct bytes content);
/* The row as it is now; every index and count follows. */
void items_put(struct items *items, struct store_txn *txn, const struct item_row *row);
/* Its content leaves; the row is the caller's to put. */
void items_drop_content(struct items *items, struct store_txn *txn, uint64_t sequence);
/* In place of the content that is there. */
void items_replace_content(struct items *items, struct store_txn *txn, uint64_t sequence,
                           struct bytes content);
/* Row, content and indexes. */
void items_delete(struct items *items, struct store_txn *txn, uint64_t sequence);
/* Bytes of rows and contents, about, the transaction under way included. */
uint64_t items_bytes(const struct items *items);
uint64_t items_next_sequence(const struct items *items);

/* Texts are copied into the arena. False: there is none. */
bool item_read(struct store_txn *txn, uint64_t sequence, struct arena *arena,
               struct item_row *ret_row);
/* Appends the content as it was given. NOT_FOUND: it has left. */
MUST_CHECK enum status item_content_read(struct store_txn *txn, uint64_t sequence,
                                         struct buffer *to);
/* By 'i' or 'r'; 0: there is none. */
uint64_t item_find(struct store_txn *txn, char kind, const uint8_t id[16]);
/* The newest of a trajectory below `before` (UINT64_MAX: of all); 0: there is none. */
uint64_t item_of_trajectory(struct store_txn *txn, const uint8_t trajectory_id[16],
                            uint64_t before);
/* A row of item_id that has a sequence behind its id and no value: 'm' and 'w'. */
void item_mark(struct store_txn *txn, char kind, struct bytes id, uint64_t sequence);
void item_unmark(struct store_txn *txn, char kind, struct bytes id, uint64_t sequence);
/* The first one not below `from`; 0: there is none. */
uint64_t item_marked(struct store_txn *txn, char kind, struct bytes id, uint64_t from);

/* Every queue that ever had an item, names in the arena; how many, at most ITEM_QUEUES_MAX. */
uint32_t item_queues_read(struct store_txn *txn, struct arena *arena,
                          struct item_queue ret_queues[ITEM_QUEUES_MAX]);
