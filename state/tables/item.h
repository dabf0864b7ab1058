/* Items of the review: one content of one trajectory in one queue, and what has become of it. Its
 * record stays beside it while somebody may read it. Rows stay when the content has left, for results
 * that come late and for the estimates.
 *
 *   item          be64 sequence                                       struct item_row
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
 *                 'n' | be64 queue                                    struct item_queue
 *
 * A queue, reviewer or principal in a key is item_hash() of its name. Numbers of verdicts, reasons
 * and labels are the caller's. Owner: the writer's transaction; reads from any thread. */
#pragma once
#include "processor/base/arena.h"
#include "state/store/chunked.h"

enum item_state {
    ITEM_OPEN,    /* no result yet */
    ITEM_WAITING, /* some results, more wanted */
    ITEM_DISPUTED,
    ITEM_AGREED,
    ITEM_ADJUDICATED,
    ITEM_SKIPPED,
    ITEM_EXPIRED,
    ITEM_SUPERSEDED, /* by a revision with other content */
    ITEM_WITHDRAWN,  /* no result any more, and no content to judge it again */
    ITEM_STATES
};
extern const char *const item_state_names[ITEM_STATES];

enum item_cause { CAUSE_NONE, EXPIRED_BY_AGE, EXPIRED_BY_LIMIT, SKIPPED_BY_PEOPLE, SKIPPED_SAME_AS };

enum { ITEM_ID_BYTES = 16, ITEM_LABELS_MAX = 32, ITEM_RECORDS_MAX = 10, ITEM_QUEUES_MAX = 128 };

struct item_decision { /* in force */
    uint32_t number;   /* of decisions so far; 0: there was none */
    bool is_decided, is_adjudicated, is_approved;
    uint8_t verdict;
    uint32_t reviewers, agreeing;
    struct bytes labels[ITEM_LABELS_MAX]; /* ids */
    uint32_t label_count;
    int32_t failure_mode; /* place in `labels`; -1: none */
    int64_t decided_ms;
    uint64_t fingerprint; /* of all that a row states of it */
    struct bytes row_id;  /* text; "": no row */
};

struct item_row { /* times are wall clock */
    uint64_t sequence;
    uint8_t item_id[ITEM_ID_BYTES], trajectory_id[16], content_digest[32], ruleset[32];
    uint8_t record_ids[ITEM_RECORDS_MAX][16]; /* of its revisions; the last is in force */
    uint32_t record_count;
    struct bytes queue;
    enum item_state state;
    enum item_cause cause;
    uint8_t verdict, priority, reason;
    bool has_content, is_row; /* is_row: it became one, the content stays */
    uint32_t revisions, wanted, results, skips;
    int64_t emitted_ms, event_ms, changed_ms, expires_ms;
    int64_t drop_ms;       /* when the content leaves; 0: not said yet */
    double u, probability; /* probability: the largest of all revisions */
    uint64_t signature, conversation;
    struct item_decision decision;
    struct bytes skip_to; /* "": nobody */
    struct bytes summary; /* rule outcomes and values, dimension values, as the caller encoded them */
};

struct item_queue {
    struct bytes name;
    uint64_t counts[ITEM_STATES];
};

struct items;

MUST_CHECK enum status items_open(struct store *store, struct items **ret_items);
void items_close(struct items *items);
uint64_t item_hash(struct bytes name);

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
MUST_CHECK enum status item_row_decode(struct bytes value, struct item_row *ret_row); /* borrows */
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

MUST_CHECK enum status item_queue_decode(struct bytes value, struct item_queue *ret_queue);
/* Every queue that ever had an item, names in the arena; how many, at most ITEM_QUEUES_MAX. */
uint32_t item_queues_read(struct store_txn *txn, struct arena *arena,
                          struct item_queue ret_queues[ITEM_QUEUES_MAX]);
