/* Rows of the item tables as plain data, and how they are written. Texts of a decoded row are borrowed.
 * Numbers of verdicts, reasons and labels are the caller's; times are wall clock. */
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

enum item_cause {
    CAUSE_NONE,
    EXPIRED_BY_AGE,
    EXPIRED_BY_LIMIT,
    SKIPPED_BY_PEOPLE,
    SKIPPED_SAME_AS
};

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

struct item_row {
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
    struct bytes cohort;  /* names and values of dimensions, as the caller encoded them */
    struct bytes summary; /* rule outcomes and values, dimension values, as the caller encoded them */
};

struct item_queue {
    struct bytes name;
    uint64_t counts[ITEM_STATES];
};

/* Stands for the name of a queue, reviewer or principal in a key. */
uint64_t item_row_hash(struct bytes name);
void item_row_encode(const struct item_row *row, struct buffer *to);
MUST_CHECK enum status item_row_decode(struct bytes value, struct item_row *ret_row);
void item_row_queue_encode(const struct item_queue *queue, struct buffer *to);
MUST_CHECK enum status item_row_queue_decode(struct bytes value, struct item_queue *ret_queue);
/* What an index row holds: its version alone; or a sequence behind it (decoded as 0: it is none). */
extern const struct bytes item_row_nothing;
void item_row_sequence_encode(uint64_t sequence, struct buffer *to);
uint64_t item_row_sequence_decode(struct bytes value);
