/* One result, from its JSON to its outcome:
 *
 *   read ── refused: malformed, unknown_label, inconsistent, too_large
 *     │ who ── not_yours, role
 *     │ seen before ── duplicate, conflict
 *     │ which item ── pending
 *     │ against the item ── stale, not_yours, own_review, content_off, check_does_not_separate
 *     └ kept ── accepted, revised, extra, late, outdated, skipped, withdrawn -> settle */
#include <stdarg.h>
#include <stdio.h>

#include "pipelines/decide/summary.h"
#include "pipelines/review/apply_state.h"
#include "pipelines/review/separation.h"
#include "pipelines/review/pending.h"
#include "pipelines/review/state.h"

#include "pipelines/review/texts.h"
#include "processor/base/digest.h"
#include "processor/review/result_json.h"

/* --- outcomes --- */

PRINTF_LIKE(4, 5)
static enum result_outcome refuse(struct result_answer *answer, enum result_outcome outcome,
                                  const char *field, const char *format, ...)
{
    va_list arguments;
    (void)snprintf(answer->field, sizeof answer->field, "%s", field);
    va_start(arguments, format);
    (void)vsnprintf(answer->reason, sizeof answer->reason, format, arguments);
    va_end(arguments);
    return outcome;
}

static enum result_outcome outcome_of_fault(enum result_fault fault)
{
    return fault == RESULT_UNKNOWN_LABEL  ? RESULT_WAS_UNKNOWN_LABEL
           : fault == RESULT_INCONSISTENT ? RESULT_WAS_INCONSISTENT
           : fault == RESULT_TOO_LARGE    ? RESULT_WAS_TOO_LARGE
                                          : RESULT_WAS_MALFORMED;
}

/* --- who --- */

static struct bytes join(struct arena *arena, const char *prefix, struct bytes name,
                         const char *between, struct bytes rest)
{
    struct buffer text = {0};
    buffer_append_text(&text, prefix);
    buffer_append_bytes(&text, name);
    buffer_append_text(&text, between);
    buffer_append_bytes(&text, rest);
    struct bytes joined = arena_copy(arena, buffer_bytes(&text));
    buffer_finish(&text);
    return joined;
}

/* What is said through a service or a topic is another person's than what the same name says
 * authenticated. */
static struct bytes person_of(const struct principal *principal, struct bytes reviewer,
                              struct arena *arena)
{
    if (principal->is_service)
        return join(arena, "service/", principal->name, ":", reviewer);
    if (principal->trust == TRUST_IMPORTED)
        return join(arena, "import:", reviewer, "", BYTES_LITERAL(""));
    return principal->name;
}

bool review_speaks_for_others(const struct principal *principal)
{
    return principal->is_service || principal->trust == TRUST_IMPORTED;
}

/* Who may produce to the topic can say to be anybody: only whom the file names is believed. */
static bool is_topic_adjudicator(const struct applying *applying)
{
    const struct review_settings *settings = &applying->event.review->config->review;
    for (uint32_t i = 0; i < settings->adjudicator_count; i++)
        if (bytes_equal(settings->adjudicators[i], applying->result->reviewer))
            return true;
    return false;
}

static enum result_outcome check_person(struct applying *applying)
{
    const struct result *result = applying->result;
    const struct principal *principal = applying->event.principal;
    if (!review_speaks_for_others(principal) && !bytes_equal(result->reviewer, principal->name))
        return refuse(applying->answer, RESULT_WAS_NOT_YOURS, "reviewer",
                      "the reviewer is not who the token belongs to");
    if (result->role == RESULT_ADJUDICATOR && !principal->may_adjudicate &&
        !(principal->trust == TRUST_IMPORTED && is_topic_adjudicator(applying)))
        return refuse(applying->answer, RESULT_WAS_ROLE, "role",
                      "this reviewer may not adjudicate");
    return RESULT_WAS_ACCEPTED;
}

/* --- which item --- */

/* 16 bytes of either form; false: neither. */
static bool read_id(struct bytes text, uint8_t ret_id[16])
{
    char id[UUID_TEXT_SIZE];
    if (text.size == 32)
        return hex_decode(ret_id, (const char *)text.data, 16);
    if (text.size != UUID_TEXT_SIZE - 1)
        return false;
    memcpy(id, text.data, text.size);
    id[text.size] = 0;
    return record_id_read(id, ret_id);
}

static bool find_item(struct applying *applying)
{
    uint8_t id[16];
    struct store_txn *txn = applying->event.txn;
    const struct result *result = applying->result;
    uint64_t sequence = 0;
    if (result->record_id.size > 0 && read_id(result->record_id, id))
        sequence = item_find(txn, 'r', id);
    else if (result->record_id.size == 0 && read_id(result->trajectory_id, id))
        sequence = item_of_trajectory(txn, id, UINT64_MAX);
    return item_read(txn, sequence, &applying->event.review->arena, &applying->item);
}

static enum result_outcome set_aside(struct applying *applying, struct bytes json, bool has_waited)
{
    if (has_waited)
        return RESULT_WAS_PENDING;
    if (review_pending_is_of_another(applying->event.review, applying->result))
        return RESULT_WAS_UNCLAIMED;
    if (!review_pending_add(&applying->event, applying->result, json))
        return refuse(applying->answer, RESULT_WAS_FULL, "",
                      "too many results wait for their records");
    return RESULT_WAS_PENDING;
}

/* --- against the item --- */

/* Has anybody else a result of that id on the item? */
static bool is_of_another(struct applying *applying, struct bytes result_id)
{
    uint64_t principals[RESULT_KEYS_MAX];
    struct result_row *row = arena_zalloc(&applying->event.review->arena, 1, sizeof *row);
    uint32_t count = result_principals(applying->event.txn, applying->item.sequence, principals);
    for (uint32_t i = 0; row && i < count; i++)
        if (result_row_read(applying->event.txn, applying->item.sequence, principals[i],
                            &applying->event.review->arena, row) &&
            bytes_equal(row->result_id, result_id) &&
            !bytes_equal(row->principal, applying->event.person))
            return true;
    return false;
}

static enum result_outcome check_place(struct applying *applying)
{
    const struct result *result = applying->result;
    uint64_t principals[RESULT_KEYS_MAX];
    if (!applying->has_own && result_principals(applying->event.txn, applying->item.sequence,
                                                principals) == RESULT_KEYS_MAX)
        return refuse(applying->answer, RESULT_WAS_TOO_LARGE, "",
                      "the item has results of %d persons already", RESULT_KEYS_MAX);
    bool is_given = applying->has_own && applying->own->is_given;
    bool is_current = is_given && bytes_equal(result->supersedes, applying->own->result_id);
    if (result->supersedes.size > 0 && !is_current) {
        if (is_of_another(applying, result->supersedes))
            return refuse(applying->answer, RESULT_WAS_NOT_YOURS, "supersedes",
                          "that is another reviewer's result");
        return refuse(applying->answer, RESULT_WAS_STALE, "supersedes",
                      "that is not the reviewer's result in force");
    }
    if (result->status == RESULT_WITHDRAWN && !is_given)
        return refuse(applying->answer, RESULT_WAS_NOT_YOURS, "status",
                      "this reviewer has no result to withdraw");
    bool is_own = is_given && applying->own->role == RESULT_REVIEWER &&
                  applying->own->status == RESULT_COMPLETED;
    const struct review *review = applying->event.review;
    if (result->role == RESULT_ADJUDICATOR && result->status == RESULT_COMPLETED && is_own &&
        !review->config->review.self_adjudication && review->people > 1)
        return refuse(applying->answer, RESULT_WAS_OWN_REVIEW, "role",
                      "who reviewed the item may not adjudicate it");
    return RESULT_WAS_ACCEPTED;
}

/* What the queue asks of a result. */
static enum result_outcome check_required(struct applying *applying)
{
    const struct result *result = applying->result;
    uint32_t require =
        review_settings_queue(&applying->event.review->config->review, applying->item.queue)
            ->require;
    if ((require & REQUIRE_LABEL) && result->verdict == REVIEW_FAIL && result->label_count == 0)
        return refuse(applying->answer, RESULT_WAS_INCONSISTENT, "labels",
                      "the queue wants a label with a fail");
    if ((require & REQUIRE_COMMENT) && result->comment.size == 0)
        return refuse(applying->answer, RESULT_WAS_INCONSISTENT, "comment",
                      "the queue wants a comment");
    return RESULT_WAS_ACCEPTED;
}

static enum result_outcome check_texts(struct applying *applying)
{
    struct review *review = applying->event.review;
    struct result *result = applying->result;
    const struct redaction_policy *policy = &review->config->redaction;
    char field[sizeof applying->answer->field];
    if (result->status != RESULT_COMPLETED)
        return RESULT_WAS_ACCEPTED;
    enum result_outcome outcome = check_required(applying);
    if (outcome != RESULT_WAS_ACCEPTED)
        return outcome;
    bool is_off = policy->content == REDACT_NONE || policy->content == REDACT_METADATA;
    if (is_off && result->expected_response.size > 0)
        return refuse(applying->answer, RESULT_WAS_CONTENT_OFF, "expected_response",
                      "redaction.content keeps texts out of records, so results bring none");
    if (!texts_mask(result, policy, review->scratch, &review->arena)) {
        store_fail(applying->event.txn, STATUS_FATAL, "out of memory");
        return RESULT_WAS_FULL;
    }
    struct bytes record = review_record_of(review, applying->event.txn, &applying->item);
    if (!is_off && !separation_holds(result, record, &review->arena, field))
        return refuse(applying->answer, RESULT_WAS_NOT_SEPARATING, field,
                      "this check does not tell the answer from the one that is wanted");
    return RESULT_WAS_ACCEPTED;
}

/* --- the way --- */

static void put_item(struct applying *applying)
{
    struct result_answer *answer = applying->answer;
    review_item_text(applying->item.item_id, answer->item_id);
    answer->item_state = (uint8_t)applying->item.state;
    answer->decision = applying->item.decision.is_decided ? applying->item.decision.number : 0;
}

/* Was it heard before? */
static bool is_known(struct applying *applying, bool has_waited, enum result_outcome *ret_outcome)
{
    uint8_t hash[RESULT_ID_HASH_BYTES];
    struct result_note note;
    struct arena *arena = &applying->event.review->arena;
    result_id_hash(applying->event.person, applying->result->result_id, hash);
    if (!result_note_read(applying->event.txn, hash, &note) || (has_waited && note.is_pending))
        return false;
    bool is_same = memcmp(note.digest, applying->result->sha256, sizeof note.digest) == 0;
    if (item_read(applying->event.txn, note.item, arena, &applying->item))
        put_item(applying);
    *ret_outcome = is_same ? RESULT_WAS_DUPLICATE
                           : refuse(applying->answer, RESULT_WAS_CONFLICT, "result_id",
                                    "that id was used for another result");
    return true;
}

/* What a topic brought and the item refused stays refused: read again, it would be held against what the
 * item has become since. Over HTTP whoever is told may mend it and send it under the same id. */
static void note_refused(const struct applying *applying, enum result_outcome outcome)
{
    if (outcome != RESULT_WAS_FULL)
        review_note_id(applying, false, applying->item.sequence);
}

static enum result_outcome apply(struct applying *applying, struct bytes json, bool has_waited)
{
    struct review_event *event = &applying->event;
    enum result_outcome outcome = check_person(applying);
    if (outcome != RESULT_WAS_ACCEPTED)
        return outcome;
    event->person = person_of(event->principal, applying->result->reviewer, &event->review->arena);
    event->reviewer = applying->result->reviewer;
    event->role = applying->result->role;
    if (is_known(applying, has_waited, &outcome))
        return outcome;
    if (!find_item(applying)) {
        outcome = set_aside(applying, json, has_waited);
        if (outcome == RESULT_WAS_PENDING && !has_waited)
            review_note_id(applying, true, 0);
        return outcome;
    }
    applying->has_own =
        result_row_read(event->txn, applying->item.sequence, item_row_hash(event->person),
                        &event->review->arena, applying->own);
    outcome = check_place(applying);
    if (outcome == RESULT_WAS_ACCEPTED)
        outcome = check_texts(applying);
    if (outcome == RESULT_WAS_ACCEPTED)
        outcome = review_keep(applying);
    else if (event->principal->trust == TRUST_IMPORTED)
        note_refused(applying, outcome);
    put_item(applying);
    return outcome;
}

void review_apply_one(struct review *review, struct store_txn *txn, struct bytes json,
                      const struct principal *principal, bool has_waited, int64_t wall_ms,
                      struct result_answer *ret_answer)
{
    struct result_refusal refusal = {.fault = RESULT_OK};
    struct bytes owner = review_speaks_for_others(principal) ? (struct bytes){NULL, 0} : principal->name;
    *ret_answer = (struct result_answer){.outcome = RESULT_WAS_FULL};
    arena_reset(&review->arena);
    struct applying *applying = arena_zalloc(&review->arena, 1, sizeof *applying);
    if (applying) {
        applying->result = arena_zalloc(&review->arena, 1, sizeof *applying->result);
        applying->own = arena_zalloc(&review->arena, 1, sizeof *applying->own);
    }
    if (!applying || !applying->result || !applying->own) {
        store_fail(txn, STATUS_FATAL, "out of memory");
        return;
    }
    applying->own->failure_mode = -1;
    applying->event = (struct review_event){
        .review = review, .txn = txn, .principal = principal, .wall_ms = wall_ms};
    applying->answer = ret_answer;
    if (audit_is_full(review->audit, review->config->review.audit_bytes_max) ||
        review_is_full(review)) {
        ret_answer->outcome =
            refuse(ret_answer, RESULT_WAS_FULL, "", "limits.audit or limits.review is reached");
    } else if (!result_json_read(json, &review->config->review.labels, owner, &review->arena,
                                 applying->result, &refusal)) {
        ret_answer->outcome = refuse(ret_answer, outcome_of_fault(refusal.fault), refusal.field,
                                     "%s", refusal.reason);
    } else {
        (void)snprintf(ret_answer->result_id, sizeof ret_answer->result_id, "%.*s",
                       (int)applying->result->result_id.size,
                       (const char *)applying->result->result_id.data);
        ret_answer->outcome = apply(applying, json, has_waited);
    }
}
