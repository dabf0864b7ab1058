/* From decisions to dataset rows (`flywheel.row/v1`): which decision is a row, in which version,
 * cluster and split. In the writer's transaction; every change is in the audit trail and goes to
 * the exporters of rows through the outbox.
 *
 *   decision -> dataset_decide -> added | revised | retired | held (why) | nothing
 *
 * Owner: the writer thread. */
#pragma once
#include "processor/review/result.h"
#include "processor/review/dataset_settings.h"
#include "processor/review/row.h"
#include "processor/review/settings.h"
#include "state/store/store.h"
#include "state/tables/audit.h"
#include "state/tables/outbox.h"

struct dataset;
struct erased;

/* What stands, after a result, for an item. All borrowed. */
struct decision {
    uint32_t number; /* from 1; of this item */
    bool is_decided; /* false: none any more; its row retires */
    enum reviewer_verdict verdict;
    bool is_adjudicated;
    const struct result
        *texts; /* expected response, checks, tools: whose they are; NULL: nobody's */
    uint16_t labels[RESULT_LABELS_MAX];
    uint32_t label_count;
    int32_t failure_mode; /* -1: none */
    bool approve;
    uint32_t reviewers; /* distinct persons behind it */
    uint32_t agreeing;  /* of them, with its verdict */
    struct bytes
        reviewed_by[ROW_PERSONS_MAX]; /* their pseudonyms; none unless they are asked for */
    uint32_t reviewed_by_count;
    bool has_critical_right; /* two authenticated reviewers, or an adjudicator */
    int64_t decided_ms;
};

/* The item that was decided. All borrowed. */
struct decided_item {
    const uint8_t *item_id;        /* 16 */
    const uint8_t *trajectory_id;  /* 16 */
    const uint8_t *content_digest; /* 32 */
    struct bytes record_id;
    struct bytes record; /* the review record as JSON; absent: its content has left */
};

struct dataset_change {
    char row_id[37]; /* "": no row */
    uint64_t version;
    bool is_held;
    char held_reason[40]; /* "dataset_full", "bridges_splits", "train_cluster", "not_promoted" */
};

/* Other tables that hold texts of runs, which an erasure goes through; NULL: not open here. */
struct items;
struct results;
struct retained;
struct spill;
struct dataset_tables {
    struct items *items;
    struct results *results;
    struct retained *retained;
    struct spill *spill;
};

MUST_CHECK enum status dataset_open(struct store *store, struct audit *audit, struct outbox *outbox,
                                    struct dataset **ret_dataset);
void dataset_close(struct dataset *dataset);
void dataset_use_tables(struct dataset *dataset, const struct dataset_tables *tables);
/* Frames for the exporters of rows (settings->exporters) go into the outbox; dataset_has_news()
 * below says so. `actor`: who and how known; its action and subjects are not looked at. */
void dataset_decide(struct dataset *dataset, struct store_txn *txn,
                    const struct dataset_settings *settings, const struct label_set *labels,
                    const struct decided_item *item, const struct decision *decision,
                    const struct audit_entry *actor, int64_t wall_ms,
                    struct dataset_change *ret_change);
/* Retires rows that are older than `dataset.retain`, and deletes what they said in every version: a
 * bounded piece of work a call; each second. */
void dataset_turn(struct dataset *dataset, struct store_txn *txn,
                  const struct dataset_settings *settings, int64_t wall_ms);
/* Does the outbox hold rows that the last committed transaction put there?
 * Their lanes are to look. */
bool dataset_take_news(struct dataset *dataset);
/* What must not come back: state/tables/erased.h. */
struct erased *dataset_erased(struct dataset *dataset);
/* Versions up to and with this one are out already: the next is above it. */
void dataset_skip_versions(struct dataset *dataset, struct store_txn *txn, uint64_t through);
uint64_t dataset_version(const struct dataset *dataset); /* durable; 0: no row was ever live */
/* Whole metric families; `dataset` is a struct dataset. From any thread. */
void dataset_collect_metrics(void *dataset, struct buffer *to);
