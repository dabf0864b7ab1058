/* A result that nothing speaks against becomes a row: times are such as can be, the first judgement is
 * what was said before the reveal, texts lie behind a salt, and ids are noted. */
#include <sys/random.h>

#include "pipelines/review/apply_state.h"
#include "pipelines/review/tally.h"
#include "pipelines/review/texts.h"
#include "processor/base/digest.h"

enum { CLOCK_AHEAD_MS = 5 * 60 * 1000 };

static int64_t clamp_time(struct applying *applying, int64_t ms)
{
    const struct review_event *event = &applying->event;
    int64_t least = applying->item.emitted_ms, most = event->wall_ms + CLOCK_AHEAD_MS;
    int64_t clamped = ms < least ? least : ms > most ? most : ms;
    if (ms == 0)
        return 0;
    if (clamped != ms)
        counters_add(event->review->counters, event->txn, event->review->skewed, 1);
    return clamped;
}

static uint32_t label_ids(const struct label_set *labels, const uint16_t *from, uint32_t count,
                          struct bytes *to)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count && kept < ITEM_LABELS_MAX; i++)
        if (from[i] < labels->count)
            to[kept++] = labels->items[from[i]].id;
    return kept;
}

/* The first judgement is the server's where it was asked for one, else what the first result says of it.
 * It stays, whatever a person says, skips or withdraws after having seen the machine's. A tool's results
 * follow each other: it says itself what came first. */
static void put_first(const struct applying *applying, struct result_row *row)
{
    const struct result *result = applying->result;
    const struct label_set *labels = &applying->event.review->config->review.labels;
    bool is_said = result->has_first_verdict;
    bool is_tool = review_speaks_for_others(applying->event.principal);
    bool has_judged = applying->own->is_given && applying->own->status == RESULT_COMPLETED;
    if (row->has_first || (!is_said && has_judged))
        return;
    row->has_first = !is_tool;
    row->is_blind = is_said;
    row->first_verdict = (uint8_t)(is_said ? result->first_verdict : result->verdict);
    row->first_label_count =
        is_said ? label_ids(labels, result->first_labels, result->first_label_count,
                            row->first_labels)
                : label_ids(labels, result->labels, result->label_count, row->first_labels);
}

static void put_judgement(struct applying *applying, struct result_row *row)
{
    const struct result *result = applying->result;
    const struct label_set *labels = &applying->event.review->config->review.labels;
    row->verdict = (uint8_t)result->verdict;
    row->label_count = label_ids(labels, result->labels, result->label_count, row->labels);
    row->failure_mode = -1;
    for (uint32_t i = 0; i < result->label_count; i++)
        if (result->failure_mode == (int32_t)result->labels[i])
            row->failure_mode = (int32_t)i;
    row->is_approved = result->has_approve ? result->approve : result->verdict != REVIEW_UNSURE;
    put_first(applying, row);
}

/* A salt for the digest in the trail, so that nobody guesses short texts by it. */
static void put_texts(struct applying *applying, struct result_row *row, struct buffer *texts,
                      uint8_t ret_content[SHA256_SIZE])
{
    texts_encode(applying->result, texts);
    row->texts = buffer_bytes(texts);
    if (texts->failed || getrandom(row->salt, sizeof row->salt, 0) != sizeof row->salt)
        store_fail(applying->event.txn, STATUS_FATAL, "out of memory");
    digest_sha256_two(ret_content, bytes_of(row->salt, sizeof row->salt), row->texts);
}

/* Have others given all reviews that the item wants? Who has a place already keeps it. */
static bool is_beyond_wanted(const struct applying *applying)
{
    const struct item_row *item = &applying->item;
    const struct result_row *own = applying->own;
    bool counts_already = applying->has_own && own->is_given && own->status == RESULT_COMPLETED;
    if (counts_already && own->role == RESULT_REVIEWER && !own->is_extra)
        return false;
    return item->results - (counts_already && item->results > 0) >=
           review_wanted(applying->event.review, item);
}

static enum principal_trust trust_of(const struct applying *applying)
{
    enum principal_trust trust = applying->event.principal->trust;
    bool is_trusted = applying->event.review->config->review.is_topic_trusted;
    return trust == TRUST_IMPORTED && is_trusted ? TRUST_AUTHENTICATED : trust;
}

static struct result_row row_of(struct applying *applying)
{
    const struct review_event *event = &applying->event;
    const struct result *result = applying->result;
    struct result_row row = *applying->own; /* what was shown to them stays */
    row.item = applying->item.sequence;
    row.principal_hash = item_row_hash(event->person);
    row.principal = event->person;
    row.reviewer = result->reviewer;
    row.result_id = result->result_id;
    row.trust = (uint8_t)trust_of(applying);
    row.role = (uint8_t)result->role;
    row.status = (uint8_t)result->status;
    row.skip_cause = (uint8_t)result->skip_cause;
    row.is_given = result->status != RESULT_WITHDRAWN;
    row.is_late = applying->item.state == ITEM_EXPIRED;
    row.is_outdated = applying->item.state == ITEM_SUPERSEDED;
    row.is_extra = result->role == RESULT_REVIEWER && is_beyond_wanted(applying);
    row.received_ms = event->wall_ms;
    row.started_ms = clamp_time(applying, result->started_ms);
    row.completed_ms = clamp_time(applying, result->completed_ms);
    row.label_count = 0;
    row.failure_mode = -1;
    row.is_approved = false;
    memcpy(row.digest, result->sha256, sizeof row.digest);
    /* What they were shown, where they say it. */
    if (result->label_set.size != 2 * sizeof row.label_set ||
        !hex_decode(row.label_set, (const char *)result->label_set.data, sizeof row.label_set))
        memcpy(row.label_set, event->review->config->review.labels.sha256, sizeof row.label_set);
    if (result->status == RESULT_COMPLETED)
        put_judgement(applying, &row);
    return row;
}

static enum result_outcome outcome_of(const struct applying *applying, const struct result_row *row)
{
    if (row->status == RESULT_WITHDRAWN)
        return RESULT_WAS_WITHDRAWN;
    if (row->status == RESULT_SKIPPED)
        return RESULT_WAS_SKIPPED;
    if (row->is_outdated)
        return RESULT_WAS_OUTDATED;
    if (applying->has_own && applying->own->is_given)
        return RESULT_WAS_REVISED;
    if (row->is_late)
        return RESULT_WAS_LATE;
    return row->is_extra ? RESULT_WAS_EXTRA : RESULT_WAS_ACCEPTED;
}

void review_note_id(const struct applying *applying, bool is_pending, uint64_t item)
{
    uint8_t hash[RESULT_ID_HASH_BYTES];
    const struct result *result = applying->result;
    struct result_note note = {
        .item = item, .is_pending = is_pending, .received_ms = applying->event.wall_ms};
    memcpy(note.digest, result->sha256, sizeof note.digest);
    result_id_hash(applying->event.person, result->result_id, hash);
    result_note_put(applying->event.txn, hash, &note);
}

static enum audit_action action_of(enum result_outcome outcome)
{
    return outcome == RESULT_WAS_WITHDRAWN ? AUDIT_RESULT_WITHDRAWN
           : outcome == RESULT_WAS_REVISED ? AUDIT_RESULT_REVISED
                                           : AUDIT_RESULT_ACCEPTED;
}

enum result_outcome review_keep(struct applying *applying)
{
    struct review *review = applying->event.review;
    struct store_txn *txn = applying->event.txn;
    struct result_row row = row_of(applying);
    struct buffer texts = {0};
    uint8_t content[SHA256_SIZE];
    if (row.is_given) {
        put_texts(applying, &row, &texts, content);
    } else {
        row.texts = BYTES_LITERAL("");
        digest_sha256(content, row.result_id);
    }
    enum result_outcome outcome = outcome_of(applying, &row);
    tally_take_back(&review->config->review, txn, &applying->item);
    results_put(review->results, txn, &row);
    uint8_t person[8];
    put_be64(person, row.principal_hash);
    item_mark(txn, 'm', bytes_of(person, sizeof person), row.item);
    review_note_id(applying, false, row.item);
    review_audit(&applying->event, action_of(outcome), &applying->item, row.result_id, content);
    if (row.status == RESULT_SKIPPED)
        applying->item.skip_to = applying->result->skip_to;
    leases_release(review->leases, row.item, row.principal_hash);
    review_settle(&applying->event, &applying->item, applying->answer->row_id);
    tally_count(&review->config->review, txn, &applying->item);
    buffer_finish(&texts);
    return outcome;
}
