/* What an item's results come to goes into its row, into the dataset, and into the trail. Every change
 * of a result ends here, so that an item is what its results say, however they came. */
#include <assert.h>

#include "pipelines/decide/summary.h"
#include "pipelines/review/state.h"
#include "pipelines/review/tally.h"
#include "pipelines/review/texts.h"
#include "processor/base/digest.h"
#include "state/tables/erased.h"
#include "state/tables/reviewer.h"

enum { CONTENT_KEPT_MS = 7 * 24 * 60 * 60 * 1000 /* after the decision */ };

/* --- the trail --- */

static enum audit_trust trust_of(const struct principal *principal)
{
    if (!principal)
        return AUDIT_SYSTEM;
    return principal->trust == TRUST_AUTHENTICATED ? AUDIT_AUTHENTICATED
           : principal->trust == TRUST_DECLARED    ? AUDIT_DECLARED
                                                   : AUDIT_IMPORTED;
}

static struct audit_entry actor_of(const struct review_event *event,
                                   char actor[REVIEWER_ACTOR_SIZE])
{
    actor[0] = 0;
    if (event->principal)
        reviewer_actor(event->txn, event->person, event->wall_ms, actor);
    return (struct audit_entry){
        .time_ms = event->wall_ms,
        .actor = bytes_of_text(actor),
        .role = bytes_of_text(event->principal ? result_role_names[event->role] : ""),
        .trust = trust_of(event->principal),
    };
}

static void add_subject(struct audit_entry *entry, const char *kind, struct bytes id)
{
    if (id.size > 0)
        entry->subjects[entry->subject_count++] = (struct audit_subject){kind, id};
}

void review_audit(const struct review_event *event, enum audit_action action,
                  const struct item_row *item, struct bytes result_id, const uint8_t *content)
{
    char actor[REVIEWER_ACTOR_SIZE], id[ITEM_TEXT_SIZE], record_id[UUID_TEXT_SIZE];
    struct audit_entry entry = actor_of(event, actor);
    entry.action = action;
    review_item_text(item->item_id, id);
    add_subject(&entry, "item", bytes_of_text(id));
    add_subject(&entry, "result", result_id);
    if (item->record_count > 0) {
        record_id_write(item->record_ids[item->record_count - 1], record_id);
        add_subject(&entry, "record", bytes_of_text(record_id));
    }
    if (content)
        memcpy(entry.content, content, sizeof entry.content);
    audit_append(event->review->audit, event->txn, &entry);
}

/* --- from a decision to its row --- */

/* The result whose texts stand, as what the dataset reads. */
static bool read_texts(const struct review_event *event, const struct result_row *row,
                       struct result *ret_result)
{
    const struct label_set *labels = &event->review->config->review.labels;
    *ret_result = (struct result){.status = RESULT_COMPLETED,
                                  .role = (enum result_role)row->role,
                                  .has_verdict = true,
                                  .verdict = (enum reviewer_verdict)row->verdict,
                                  .failure_mode = -1,
                                  .result_id = row->result_id,
                                  .reviewer = row->reviewer,
                                  .has_approve = true,
                                  .approve = row->is_approved,
                                  .started_ms = row->started_ms,
                                  .completed_ms = row->completed_ms};
    memcpy(ret_result->sha256, row->digest, sizeof ret_result->sha256);
    for (uint32_t i = 0; i < row->label_count; i++) {
        int32_t at = label_set_find(labels, row->labels[i]);
        if (at < 0)
            continue;
        if (row->failure_mode == (int32_t)i)
            ret_result->failure_mode = at;
        ret_result->labels[ret_result->label_count++] = (uint16_t)at;
    }
    if (texts_decode(row->texts, ret_result) == STATUS_OK)
        return true;
    store_fail(event->txn, STATUS_FATAL, "the texts of a result are not understood");
    return false;
}

static void put_labels(const struct label_set *labels, const struct results_decision *from,
                       struct decision *to)
{
    to->failure_mode = -1;
    for (uint32_t i = 0; i < from->labels.count; i++) {
        int32_t at = label_set_find(labels, from->labels.ids[i]);
        if (at < 0)
            continue;
        if (from->failure_mode == (int32_t)i)
            to->failure_mode = at;
        to->labels[to->label_count++] = (uint16_t)at;
    }
}

/* Keyed digests of the random ids that the trail knows them by: with the name of a person in table
 * `reviewer` erased, nothing leads from one to the other. */
static void put_pseudonyms(const struct review_event *event, const struct results_decision *from,
                           struct decision *to)
{
    struct arena *arena = &event->review->arena;
    for (uint32_t i = 0; i < from->person_count; i++) {
        char actor[REVIEWER_ACTOR_SIZE], text[2 * FINGERPRINT_SIZE];
        uint8_t fingerprint[FINGERPRINT_SIZE];
        reviewer_actor_of_row(event->txn, from->persons[i]->principal, event->wall_ms, actor);
        erased_fingerprint(event->txn, "reviewer", bytes_of_text(actor), fingerprint);
        hex_encode(text, fingerprint, sizeof fingerprint);
        struct bytes pseudonym = arena_copy(arena, bytes_of(text, sizeof text));
        uint32_t at = to->reviewed_by_count++;
        for (; at > 0 && bytes_compare(to->reviewed_by[at - 1], pseudonym) > 0; at--)
            to->reviewed_by[at] = to->reviewed_by[at - 1]; /* their order says nothing */
        to->reviewed_by[at] = pseudonym;
    }
}

/* Tells the dataset; the id of its row, "" without one, is in the arena. */
static void tell_dataset(const struct review_event *event, struct item_row *item,
                         const struct results_decision *decision)
{
    struct review *review = event->review;
    char record_id[UUID_TEXT_SIZE] = "", actor[REVIEWER_ACTOR_SIZE];
    struct result *texts = arena_zalloc(&review->arena, 1, sizeof *texts);
    struct dataset_change change = {.row_id = ""};
    struct decision told = {
        .number = item->decision.number,
        .is_decided = decision->is_decided,
        .verdict = (enum reviewer_verdict)decision->verdict,
        .is_adjudicated = decision->is_adjudicated,
        .approve = decision->is_approved,
        .reviewers = decision->reviewers,
        .agreeing = decision->agreeing,
        .has_critical_right = decision->has_critical_right,
        .decided_ms = event->wall_ms,
    };
    if (!texts || (decision->texts && !read_texts(event, decision->texts, texts)))
        return;
    told.texts = decision->texts ? texts : NULL;
    put_labels(&review->config->review.labels, decision, &told);
    if (review->config->dataset.export_reviewers == EXPORT_REVIEWERS_PSEUDONYM)
        put_pseudonyms(event, decision, &told);
    if (item->record_count > 0)
        record_id_write(item->record_ids[item->record_count - 1], record_id);
    struct decided_item about = {
        .item_id = item->item_id,
        .trajectory_id = item->trajectory_id,
        .content_digest = item->content_digest,
        .record_id = bytes_of_text(record_id),
        .record = review_record_of(review, event->txn, item),
    };
    struct audit_entry entry = actor_of(event, actor);
    dataset_decide(review->dataset, event->txn, &review->config->dataset,
                   &review->config->review.labels, &about, &told, &entry, event->wall_ms, &change);
    item->decision.row_id = arena_copy(&review->arena, bytes_of_text(change.row_id));
    item->is_row = item->is_row || change.row_id[0] != 0;
}

/* --- the item --- */

static void digest_decision(const struct item_row *item, uint8_t ret_digest[SHA256_SIZE])
{
    uint8_t head[12];
    put_be32(head, item->decision.number);
    put_be64(head + 4, item->decision.fingerprint);
    digest_sha256(ret_digest, bytes_of(head, sizeof head));
}

/* Takes the decision over; has it changed? */
static bool take_decision(const struct review_event *event, struct item_row *item,
                          const struct results_decision *decision)
{
    struct item_decision *stands = &item->decision;
    if (decision->is_decided == stands->is_decided &&
        (!stands->is_decided || decision->fingerprint == stands->fingerprint))
        return false;
    stands->number += decision->is_decided;
    stands->is_decided = decision->is_decided;
    stands->is_adjudicated = decision->is_adjudicated;
    stands->is_approved = decision->is_approved;
    stands->verdict = decision->verdict;
    stands->reviewers = decision->reviewers;
    stands->agreeing = decision->agreeing;
    stands->failure_mode = decision->failure_mode;
    stands->fingerprint = decision->fingerprint;
    stands->decided_ms = event->wall_ms;
    stands->label_count = decision->labels.count;
    for (uint32_t i = 0; i < decision->labels.count; i++)
        stands->labels[i] = decision->labels.ids[i];
    return true;
}

/* The results say `said`; what an item has become by itself stays until they say more. */
static enum item_state next_state(const struct item_row *item, enum item_state said,
                                  bool was_decided)
{
    bool is_undecided = said == ITEM_OPEN || said == ITEM_WAITING;
    if (item->state == ITEM_SUPERSEDED)
        return ITEM_SUPERSEDED;
    if (item->state == ITEM_EXPIRED && (is_undecided || said == ITEM_SKIPPED))
        return ITEM_EXPIRED;
    if (item->state == ITEM_SKIPPED && item->cause == SKIPPED_SAME_AS && is_undecided)
        return ITEM_SKIPPED;
    if (item->state == ITEM_WITHDRAWN && is_undecided)
        return ITEM_WITHDRAWN;
    if (is_undecided && !item->has_content && (was_decided || item->state == ITEM_DISPUTED))
        return ITEM_WITHDRAWN;
    return said;
}

/* When the content leaves, and when it is too late to review it. */
static void put_times(const struct review_event *event, struct item_row *item,
                      enum item_state before)
{
    bool is_for_review = item->state == ITEM_OPEN || item->state == ITEM_WAITING;
    const struct review_queue_settings *queue =
        review_settings_queue(&event->review->config->review, item->queue);
    if (item->state != before)
        item->changed_ms = event->wall_ms;
    if (is_for_review && item->expires_ms <= event->wall_ms)
        item->expires_ms = event->wall_ms + queue->expire_ms; /* it came back */
    if (is_for_review || item->state == ITEM_DISPUTED || item->is_row)
        item->drop_ms = 0;
    else if (item->state != before || item->drop_ms == 0)
        item->drop_ms = event->wall_ms + CONTENT_KEPT_MS;
}

static struct result_row *read_results(const struct review_event *event,
                                       const struct item_row *item, uint32_t *ret_count)
{
    uint64_t principals[RESULT_KEYS_MAX];
    struct arena *arena = &event->review->arena;
    uint32_t count = result_principals(event->txn, item->sequence, principals), found = 0;
    struct result_row *rows = arena_zalloc(arena, count > 0 ? count : 1, sizeof *rows);
    for (uint32_t i = 0; rows && i < count; i++)
        found += result_row_read(event->txn, item->sequence, principals[i], arena, &rows[found]);
    if (!rows)
        store_fail(event->txn, STATUS_FATAL, "out of memory");
    *ret_count = found;
    return rows;
}

void review_settle(const struct review_event *event, struct item_row *item, char *ret_row_id)
{
    struct results_decision decision;
    uint32_t count;
    enum item_state before = item->state;
    bool was_decided = item->decision.is_decided;
    struct result_row *rows = read_results(event, item, &count);
    if (!rows)
        return;
    decision_make(rows, count, review_wanted(event->review, item), &event->review->config->review,
                  &decision);
    item->results = decision.results;
    item->skips = decision.skips;
    item->state = next_state(item, decision.state, was_decided);
    if (item->state == ITEM_SKIPPED && before != ITEM_SKIPPED)
        item->cause = SKIPPED_BY_PEOPLE;
    else if (item->state != before)
        item->cause = CAUSE_NONE;
    if (item->state == ITEM_SUPERSEDED)
        decision.is_decided = false;
    if (take_decision(event, item, &decision)) {
        uint8_t digest[SHA256_SIZE];
        digest_decision(item, digest);
        review_audit(event, item->decision.is_adjudicated ? AUDIT_ADJUDICATION : AUDIT_DECISION,
                     item, (struct bytes){NULL, 0}, digest);
        tell_dataset(event, item, &decision);
    }
    put_times(event, item, before);
    items_put(event->review->items, event->txn, item);
    if (!ret_row_id)
        return;
    size_t size = item->decision.row_id.size < 36 ? item->decision.row_id.size : 36;
    memcpy(ret_row_id,
           item->decision.row_id.size > 0 ? (const char *)item->decision.row_id.data : "", size);
    ret_row_id[size] = 0;
}

void review_end_item(const struct review_event *event, struct item_row *item, enum item_state state,
                     enum item_cause cause)
{
    assert(state == ITEM_EXPIRED || state == ITEM_SUPERSEDED || state == ITEM_SKIPPED);
    const struct review_settings *settings = &event->review->config->review;
    tally_take_back(settings, event->txn, item);
    item->state = state;
    item->cause = cause;
    item->changed_ms = event->wall_ms;
    item->drop_ms = event->wall_ms + CONTENT_KEPT_MS;
    if (state == ITEM_EXPIRED && item->has_content) {
        items_drop_content(event->review->items, event->txn, item->sequence);
        item->has_content = false;
        item->drop_ms = 0;
    }
    items_put(event->review->items, event->txn, item);
    tally_count(settings, event->txn, item);
}
