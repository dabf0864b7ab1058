/* Votes are counted label by label; ids of before a rename are counted under the new one. */
#include "pipelines/review/decision.h"

#include "pipelines/review/principal.h"
#include "processor/base/digest.h"
#include "processor/review/result.h"

struct votes {
    const struct result_row *rows;
    uint32_t count;
    const struct review_settings *settings;
};

static bool is_judgement(const struct result_row *row, enum result_role role)
{
    return row->is_given && !row->is_outdated && row->status == RESULT_COMPLETED &&
           row->role == role;
}

static bool is_skip(const struct result_row *row)
{
    return row->is_given && !row->is_outdated && row->status == RESULT_SKIPPED;
}

static bool is_later(const struct result_row *a, const struct result_row *b)
{
    if (!b || a->received_ms != b->received_ms)
        return !b || a->received_ms > b->received_ms;
    return a->principal_hash > b->principal_hash;
}

static struct bytes current_id(const struct review_settings *settings, struct bytes id)
{
    int32_t at = label_set_find(&settings->labels, id);
    return at >= 0 ? settings->labels.items[at].id : id;
}

static enum label_implies implication(const struct review_settings *settings, struct bytes id)
{
    int32_t at = label_set_find(&settings->labels, id);
    return at >= 0 ? settings->labels.items[at].implies : LABEL_IMPLIES_NOTHING;
}

static bool has_label(const struct votes *votes, const struct result_row *row, struct bytes id)
{
    for (uint32_t i = 0; i < row->label_count; i++)
        if (bytes_equal(current_id(votes->settings, row->labels[i]), id))
            return true;
    return false;
}

/* Reviewers who gave the label. */
static uint32_t label_votes(const struct votes *votes, struct bytes id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < votes->count; i++)
        count +=
            is_judgement(&votes->rows[i], RESULT_REVIEWER) && has_label(votes, &votes->rows[i], id);
    return count;
}

static uint32_t verdict_votes(const struct votes *votes, uint8_t verdict)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < votes->count; i++)
        count +=
            is_judgement(&votes->rows[i], RESULT_REVIEWER) && votes->rows[i].verdict == verdict;
    return count;
}

/* Do all reviewers say the same of every label that implies a verdict? */
static bool is_unanimous_on_labels(const struct votes *votes, uint32_t reviewers)
{
    for (uint32_t i = 0; i < votes->count; i++) {
        const struct result_row *row = &votes->rows[i];
        for (uint32_t j = 0; is_judgement(row, RESULT_REVIEWER) && j < row->label_count; j++) {
            struct bytes id = current_id(votes->settings, row->labels[j]);
            if (implication(votes->settings, id) != LABEL_IMPLIES_NOTHING &&
                label_votes(votes, id) != reviewers)
                return false;
        }
    }
    return true;
}

/* The verdict that the reviewers agree on; false: none. */
static bool find_consensus(const struct votes *votes, uint32_t reviewers, uint8_t *ret_verdict)
{
    for (uint8_t verdict = REVIEW_PASS; verdict <= REVIEW_FAIL; verdict++) {
        uint32_t count = verdict_votes(votes, verdict);
        bool is_majority = votes->settings->consensus == CONSENSUS_MAJORITY && reviewers >= 3;
        if (is_majority ? 2 * count > reviewers
                        : count == reviewers && is_unanimous_on_labels(votes, reviewers)) {
            *ret_verdict = verdict;
            return true;
        }
    }
    return false;
}

static void add_label(struct decision_labels *labels, struct bytes id)
{
    for (uint32_t i = 0; i < labels->count; i++)
        if (bytes_equal(labels->ids[i], id))
            return;
    if (labels->count < ITEM_LABELS_MAX)
        labels->ids[labels->count++] = id;
}

/* In the order of the label set, those that it does not have any more behind. */
static void sort_labels(const struct review_settings *settings, struct decision_labels *labels)
{
    for (uint32_t i = 1; i < labels->count; i++)
        for (uint32_t j = i; j > 0; j--) {
            uint32_t a = (uint32_t)label_set_find(&settings->labels, labels->ids[j - 1]);
            uint32_t b = (uint32_t)label_set_find(&settings->labels, labels->ids[j]);
            if (a < b || (a == b && bytes_compare(labels->ids[j - 1], labels->ids[j]) <= 0))
                break;
            struct bytes swapped = labels->ids[j];
            labels->ids[j] = labels->ids[j - 1];
            labels->ids[j - 1] = swapped;
        }
}

static void find_labels(const struct votes *votes, struct results_decision *decision)
{
    for (uint32_t i = 0; i < votes->count; i++) {
        const struct result_row *row = &votes->rows[i];
        bool is_theirs =
            decision->is_adjudicated ? row == decision->texts : is_judgement(row, RESULT_REVIEWER);
        for (uint32_t j = 0; is_theirs && j < row->label_count; j++) {
            struct bytes id = current_id(votes->settings, row->labels[j]);
            if (decision->is_adjudicated || 2 * label_votes(votes, id) > decision->reviewers)
                add_label(&decision->labels, id);
        }
    }
    sort_labels(votes->settings, &decision->labels);
}

/* That of whose texts stand, when it is among the labels; else the first that implies fail. */
static void find_failure_mode(const struct votes *votes, struct results_decision *decision)
{
    const struct result_row *row = decision->texts;
    decision->failure_mode = -1;
    for (uint32_t i = decision->labels.count; i-- > 0;)
        if (implication(votes->settings, decision->labels.ids[i]) == LABEL_IMPLIES_FAIL)
            decision->failure_mode = (int32_t)i;
    if (!row || row->failure_mode < 0)
        return;
    struct bytes id = current_id(votes->settings, row->labels[row->failure_mode]);
    for (uint32_t i = 0; i < decision->labels.count; i++)
        if (bytes_equal(decision->labels.ids[i], id))
            decision->failure_mode = (int32_t)i;
}

/* Persons, rights and approval of who stands behind the verdict. */
static void count_persons(const struct votes *votes, struct results_decision *decision)
{
    uint32_t authenticated = 0;
    bool is_approved = true;
    decision->agreeing = 0;
    for (uint32_t i = 0; i < votes->count; i++) {
        const struct result_row *row = &votes->rows[i];
        bool is_theirs = is_judgement(row, RESULT_REVIEWER) || row == decision->texts;
        if (!is_theirs || row->verdict != decision->verdict)
            continue;
        decision->agreeing++;
        if (decision->person_count < ROW_PERSONS_MAX)
            decision->persons[decision->person_count++] = row;
        authenticated += row->trust == TRUST_AUTHENTICATED;
        is_approved = is_approved && row->is_approved;
    }
    decision->is_approved = decision->is_adjudicated ? decision->texts->is_approved : is_approved;
    decision->has_critical_right =
        authenticated >= 2 ||
        (decision->is_adjudicated && decision->texts->trust == TRUST_AUTHENTICATED);
}

static uint64_t fingerprint_of(const struct results_decision *decision)
{
    uint8_t digest[SHA256_SIZE];
    struct buffer text = {0};
    buffer_printf(&text, "%d %d %d %d %u %u %d %d\n", decision->is_decided,
                  decision->is_adjudicated, decision->is_approved, decision->verdict,
                  decision->reviewers, decision->agreeing, decision->has_critical_right,
                  decision->failure_mode);
    for (uint32_t i = 0; i < decision->labels.count; i++) {
        buffer_append_bytes(&text, decision->labels.ids[i]);
        buffer_append_byte(&text, '\n');
    }
    if (decision->texts) {
        buffer_append_bytes(&text, decision->texts->principal);
        buffer_append(&text, decision->texts->digest, sizeof decision->texts->digest);
    }
    digest_sha256(digest, buffer_bytes(&text));
    buffer_finish(&text);
    return get_be64(digest);
}

static void count_results(const struct votes *votes, struct results_decision *decision,
                          uint32_t *ret_reviewers, bool *ret_is_out_of_scope)
{
    for (uint32_t i = 0; i < votes->count; i++) {
        const struct result_row *row = &votes->rows[i];
        if (is_judgement(row, RESULT_ADJUDICATOR) && is_later(row, decision->texts))
            decision->texts = row;
        *ret_reviewers += is_judgement(row, RESULT_REVIEWER);
        decision->results +=
            is_judgement(row, RESULT_REVIEWER) || is_judgement(row, RESULT_ADJUDICATOR);
        decision->skips += is_skip(row);
        *ret_is_out_of_scope |= is_skip(row) && row->role == RESULT_ADJUDICATOR &&
                                row->skip_cause == SKIPPED_OUT_OF_SCOPE;
    }
}

void decision_make(const struct result_row *rows, uint32_t count, uint32_t wanted,
                   const struct review_settings *settings, struct results_decision *ret_decision)
{
    struct votes votes = {rows, count, settings};
    uint32_t reviewers = 0;
    bool is_out_of_scope = false;
    struct results_decision *decision = ret_decision;
    *decision = (struct results_decision){.failure_mode = -1};
    count_results(&votes, decision, &reviewers, &is_out_of_scope);
    if (decision->texts) {
        decision->state = ITEM_ADJUDICATED;
        decision->is_adjudicated = true;
        decision->verdict = decision->texts->verdict;
    } else if (reviewers < wanted || reviewers == 0) {
        decision->state = is_out_of_scope || decision->skips >= 2 ? ITEM_SKIPPED
                          : reviewers == 0                        ? ITEM_OPEN
                                                                  : ITEM_WAITING;
        return;
    } else if (!find_consensus(&votes, reviewers, &decision->verdict)) {
        decision->state = ITEM_DISPUTED;
        return;
    } else {
        decision->state = ITEM_AGREED;
        for (uint32_t i = 0; i < count; i++)
            if (is_judgement(&rows[i], RESULT_REVIEWER) && rows[i].verdict == decision->verdict &&
                is_later(&rows[i], decision->texts))
                decision->texts = &rows[i];
    }
    decision->is_decided = true;
    decision->reviewers = reviewers + decision->is_adjudicated;
    find_labels(&votes, decision);
    find_failure_mode(&votes, decision);
    count_persons(&votes, decision);
    decision->fingerprint = fingerprint_of(decision);
}
