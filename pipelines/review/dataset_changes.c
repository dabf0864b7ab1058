/* Each asks first whether it may be, so that what is refused changes nothing. */
#include "pipelines/review/dataset_changes.h"

#include <stdarg.h>
#include <stdio.h>

#include "pipelines/review/dataset_state.h"
#include "pipelines/review/dataset_tags.h"

unsigned dataset_fate_status(enum dataset_fate fate)
{
    static const unsigned statuses[DATASET_FATES] = {
        [DATASET_DONE] = 200,    [DATASET_UNCHANGED] = 200, [DATASET_UNKNOWN] = 404,
        [DATASET_REFUSED] = 409, [DATASET_MALFORMED] = 422, [DATASET_FULL] = 503};
    return statuses[fate];
}

static void answer(struct dataset_answer *to, enum dataset_fate fate, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void answer(struct dataset_answer *to, enum dataset_fate fate, const char *format, ...)
{
    va_list arguments;
    to->fate = fate;
    va_start(arguments, format);
    vsnprintf(to->reason, sizeof to->reason, format, arguments);
    va_end(arguments);
}

static void tell(struct dataset *dataset, struct store_txn *txn, const struct audit_entry *actor,
                 enum audit_action action, int64_t wall_ms, const struct audit_subject *subjects,
                 uint32_t count)
{
    struct audit_entry entry = *actor;
    entry.sequence = 0;
    entry.time_ms = wall_ms;
    entry.action = action;
    entry.subject_count = count;
    memset(entry.content, 0, sizeof entry.content);
    memcpy(entry.subjects, subjects, count * sizeof *subjects);
    audit_append(dataset->audit, txn, &entry);
}

/* --- tags and exports --- */

void dataset_tag(struct dataset *dataset, struct store_txn *txn, struct bytes name,
                 uint64_t version, const struct audit_entry *actor, int64_t wall_ms,
                 struct dataset_answer *ret_answer)
{
    char number[24];
    uint64_t newest = dataset->open.version, there;
    version = version == 0 ? newest : version;
    *ret_answer = (struct dataset_answer){.version = version};
    if (!dataset_tag_is_valid(name)) {
        answer(ret_answer, DATASET_MALFORMED,
               "a tag is 1 to %d of A-Z a-z 0-9 . _ -, and no number", DATASET_TAG_BYTES_MAX);
    } else if (version == 0 || version > newest) {
        answer(ret_answer, DATASET_UNKNOWN, "there is no version %llu",
               (unsigned long long)version);
    } else if (dataset_tag_read(txn, name, &there)) {
        if (there == version)
            answer(ret_answer, DATASET_UNCHANGED, "%s", "");
        else
            answer(ret_answer, DATASET_REFUSED, "the tag stands at version %llu, and stays there",
                   (unsigned long long)there);
    } else {
        dataset_tag_write(txn, name, version);
        snprintf(number, sizeof number, "%llu", (unsigned long long)version);
        tell(dataset, txn, actor, AUDIT_DATASET_TAG, wall_ms,
             (struct audit_subject[]){{"version", bytes_of_text(number)}, {"tag", name}}, 2);
        answer(ret_answer, DATASET_DONE, "%s", "");
    }
}

void dataset_note_export(struct dataset *dataset, struct store_txn *txn, uint64_t version,
                         const uint8_t sha256[32], const struct audit_entry *actor, int64_t wall_ms)
{
    char number[24], digest[2 * SHA256_SIZE];
    snprintf(number, sizeof number, "%llu", (unsigned long long)version);
    hex_encode(digest, sha256, SHA256_SIZE);
    tell(dataset, txn, actor, AUDIT_DATASET_EXPORTED, wall_ms,
         (struct audit_subject[]){{"version", bytes_of_text(number)},
                                  {"sha256", bytes_of(digest, sizeof digest)}},
         2);
}

/* --- rows --- */

static bool begin(struct row_change *change, struct bytes row_id, struct dataset_answer *to)
{
    uint8_t raw[ROW_ID_SIZE];
    *to = (struct dataset_answer){.version = change->dataset->open.version};
    uint32_t found = row_entry_find(change->txn, row_id, raw);
    if (found != 1 || !dataset_row_begin(change, raw)) {
        answer(to, found > 1 ? DATASET_REFUSED : DATASET_UNKNOWN, "%s",
               found > 1 ? "several rows begin so" : "there is no such row");
        return false;
    }
    row_id_text(to->row_id, raw);
    if (change->entry.is_erased)
        answer(to, DATASET_REFUSED, "it is erased");
    return !change->entry.is_erased;
}

/* With `regression.promote: manual` the row that a person names becomes one that tests answers, if it can.
 * False: nothing changes by it. */
static bool becomes_test(struct row_change *change)
{
    bool is_adjudicated = false;
    struct row_entry *entry = &change->entry;
    if (change->settings->regression != REGRESSION_MANUAL || entry->is_regression ||
        !row_may_test(change->draft, &change->dataset->arena, &is_adjudicated))
        return false;
    entry->is_regression = true;
    entry->is_critical = is_adjudicated;
    return true;
}

static void promote_live(struct row_change *change, struct dataset_answer *to)
{
    if (!becomes_test(change)) {
        answer(to, DATASET_UNCHANGED, "%s", "");
    } else if (change->entry.split == SPLIT_TRAIN) {
        answer(to, DATASET_REFUSED, "train_cluster");
    } else {
        dataset_row_publish(change);
        answer(to, DATASET_DONE, "%s", "");
        to->version = change->dataset->open.version;
    }
}

void dataset_promote(struct dataset *dataset, struct store_txn *txn,
                     const struct dataset_settings *settings, struct bytes row_id,
                     const struct audit_entry *actor, int64_t wall_ms,
                     struct dataset_answer *ret_answer)
{
    struct row_change change = {
        .dataset = dataset, .txn = txn, .settings = settings, .actor = actor, .wall_ms = wall_ms};
    struct buffer draft = {0};
    if (!begin(&change, row_id, ret_answer))
        return;
    change.draft = dataset_row_content(txn, &change.entry, &draft);
    if (change.was_live) {
        promote_live(&change, ret_answer);
    } else if (!change.draft.data) {
        answer(ret_answer, DATASET_REFUSED,
               "what it says is not kept: a new result of its item brings it back");
    } else {
        bool is_folded = change.entry.state == ROW_STATE_FOLDED;
        (void)becomes_test(&change);
        dataset_row_unfold(&change);
        if (is_folded) /* a person wants this one beside the others */
            dataset_row_publish(&change);
        else
            dataset_row_place(&change);
        bool is_live = change.entry.state == ROW_STATE_LIVE;
        answer(ret_answer, is_live ? DATASET_DONE : DATASET_REFUSED, "%.*s",
               is_live ? 0 : (int)change.entry.reason.size,
               is_live ? "" : (const char *)change.entry.reason.data);
        ret_answer->version = dataset->open.version;
    }
    buffer_finish(&draft);
}

void dataset_retire(struct dataset *dataset, struct store_txn *txn,
                    const struct dataset_settings *settings, struct bytes row_id,
                    const struct audit_entry *actor, int64_t wall_ms,
                    struct dataset_answer *ret_answer)
{
    struct row_change change = {
        .dataset = dataset, .txn = txn, .settings = settings, .actor = actor, .wall_ms = wall_ms};
    if (!begin(&change, row_id, ret_answer))
        return;
    enum row_state state = change.entry.state;
    answer(ret_answer, state == ROW_STATE_RETIRED ? DATASET_UNCHANGED : DATASET_DONE, "%s", "");
    if (state == ROW_STATE_LIVE) {
        dataset_row_retire(&change, "retired");
    } else if (state != ROW_STATE_RETIRED) {
        dataset_row_unfold(&change);
        dataset_row_keep(&change, ROW_STATE_RETIRED, "retired");
    }
    ret_answer->version = dataset->open.version;
}
