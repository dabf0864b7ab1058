/* What persons do to the dataset beside deciding items: name a version, let a row in or take it
 * out, erase a run or a person. For the routes POST /api/v1/dataset/{tag,promote,retire,erase} and
 * the commands of the same names; each in the writer's transaction, each an entry of the audit
 * trail. Who may is asked by the caller. */
#pragma once
#include "pipelines/review/dataset.h"

enum dataset_fate {
    DATASET_DONE,
    DATASET_UNCHANGED, /* it was so already */
    DATASET_UNKNOWN,   /* no such row, version or run: 404 */
    DATASET_REFUSED,   /* `reason` says why: 409 */
    DATASET_MALFORMED, /* an argument is none: 422 */
    DATASET_FULL,      /* limits.audit: nothing that has to be told may happen: 503 */
    DATASET_FATES
};
/* The HTTP status of a fate: 200, 404, 409, 422, 503. */
unsigned dataset_fate_status(enum dataset_fate fate);

struct dataset_answer {
    enum dataset_fate fate;
    uint64_t version; /* of the dataset, after it */
    char row_id[37];
    char reason[160];        /* one sentence without content */
    uint32_t rows;           /* of an erasure: that are erased */
    uint32_t records;        /* of an erasure: that leave other tables */
    bool is_pending_compact; /* freed pages were not all overwritten: `flywheel state compact` */
};

/* `version` 0: the newest. A name is of [A-Za-z0-9._-] and stays where it is. */
void dataset_tag(struct dataset *dataset, struct store_txn *txn, struct bytes name,
                 uint64_t version, const struct audit_entry *actor, int64_t wall_ms,
                 struct dataset_answer *ret_answer);
/* `row_id`: as text; enough of its front to be the only one. */
void dataset_promote(struct dataset *dataset, struct store_txn *txn,
                     const struct dataset_settings *settings, struct bytes row_id,
                     const struct audit_entry *actor, int64_t wall_ms,
                     struct dataset_answer *ret_answer);
void dataset_retire(struct dataset *dataset, struct store_txn *txn,
                    const struct dataset_settings *settings, struct bytes row_id,
                    const struct audit_entry *actor, int64_t wall_ms,
                    struct dataset_answer *ret_answer);

enum erase_subject { ERASE_TRACE, ERASE_CONVERSATION, ERASE_REVIEWER };
/* Takes the texts out of every table: item, content, results, pending results, rows in all
 * versions, retained, spill, outbox. Digests and ids of rows stay, the trail stays whole. */
void dataset_erase(struct dataset *dataset, struct store_txn *txn,
                   const struct dataset_settings *settings, enum erase_subject subject,
                   struct bytes id, const struct audit_entry *actor, int64_t wall_ms,
                   struct dataset_answer *ret_answer);
/* An export was written: {version, sha256 of the file} goes into the trail. */
void dataset_note_export(struct dataset *dataset, struct store_txn *txn, uint64_t version,
                         const uint8_t sha256[32], const struct audit_entry *actor,
                         int64_t wall_ms);
