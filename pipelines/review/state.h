/* What the return path keeps; seen inside this room only. What is durable is in the tables; the rest
 * can be forgotten by a restart. */
#pragma once
#include <stdatomic.h>

#include "pipelines/review/audit_export.h"
#include "pipelines/review/dataset.h"
#include "pipelines/review/decision.h"
#include "pipelines/review/leases.h"
#include "pipelines/config/config.h"
#include "pipelines/review/outcome.h"
#include "pipelines/review/principal.h"
#include "processor/base/inflate.h"
#include "state/tables/counters.h"
#include "state/tables/item.h"

enum { ITEM_TEXT_SIZE = 33, ARRIVED_MAX = 512 /* the turn finds the rest */ };

typedef void review_dead_fn(void *context, struct bytes json); /* review.h */

struct review {
    struct store *store;
    const struct pipeline_config *first_config; /* what lives as long; for other threads */
    _Atomic uint64_t used;                      /* bytes; likewise */
    const struct pipeline_config *config;       /* the newest */
    struct items *items;
    struct results *results;
    struct audit *audit;
    struct dataset *dataset;
    struct audit_export *audit_export;
    struct calibration_metrics *calibration_metrics;
    struct leases *leases;
    struct counters *counters;
    struct persistent_counter *outcomes[RESULT_OUTCOMES], *dead[RESULT_OUTCOMES];
    struct persistent_counter *expired_by_age, *expired_by_limit, *skewed;
    struct regex_scratch *scratch;
    struct inflater *inflater;
    struct arena arena;             /* of one call; reset by who comes in from outside */
    struct buffer deflated, record; /* content of an item, as stored and as JSON */
    uint32_t people;                /* enabled reviewers; UINT32_MAX: not known */
    review_dead_fn *tell_dead;      /* NULL: nobody wants to know */
    void *dead_context;
    struct buffer dead_letters;       /* of this transaction, one behind the other */
    uint64_t pending_at;              /* where the turn goes on */
    struct state_key waiting_at;      /* likewise, after people left; size 0: nobody has */
    uint8_t arrived[ARRIVED_MAX][16]; /* ids of this transaction that results may wait for */
    uint32_t arrived_count;
};

/* One call: its transaction and time, and who acts; `principal` NULL: the program. */
struct review_event {
    struct review *review;
    struct store_txn *txn;
    const struct principal *principal;
    struct bytes person; /* unique: of the principal and the reviewer that it speaks for */
    struct bytes reviewer;
    enum result_role role;
    int64_t wall_ms;
};

/* --- items.c --- */

/* How many reviews it needs: never more than there are people. */
uint32_t review_wanted(const struct review *review, const struct item_row *item);
void review_item_text(const uint8_t id[ITEM_ID_BYTES], char to[ITEM_TEXT_SIZE]);
/* Its record as JSON, borrowed from the review; absent: the content has left. */
struct bytes review_record_of(struct review *review, struct store_txn *txn,
                              const struct item_row *item);

/* --- settle.c --- */

/* Results have changed: state, decision, row. `ret_row_id`: 37 bytes, "" without a row; NULL: nobody
 * asks. */
void review_settle(const struct review_event *event, struct item_row *item, char *ret_row_id);
/* An entry of the trail. `result_id` and `content` may be absent. */
void review_audit(const struct review_event *event, enum audit_action action,
                  const struct item_row *item, struct bytes result_id, const uint8_t *content);
/* The item ends without a decision: it expired, or was superseded. */
void review_end_item(const struct review_event *event, struct item_row *item, enum item_state state,
                     enum item_cause cause);

/* --- apply.c --- */

/* The same as review_apply, of one that may have waited. The arena is reset. */
void review_apply_one(struct review *review, struct store_txn *txn, struct bytes json,
                      const struct principal *principal, bool has_waited, int64_t wall_ms,
                      struct result_answer *ret_answer);

/* --- turn.c --- */

/* Ends or deletes at most `items_max` items while limits are passed. */
void review_make_room(struct review *review, struct store_txn *txn, uint32_t items_max,
                      int64_t wall_ms);
bool review_is_full(const struct review *review);
/* There are fewer people: the next turns look at what waits for one that is gone. */
void review_look_at_waiting(struct review *review);
