/* Every outcome of a result, each with what it leaves behind. */
#include <stdarg.h>

#include "tests/support/check_state.h"
#include "processor/base/json/json.h"
#include "state/tables/row.h"
#include "tests/support/review_fixture.h"

static struct review_fixture it;
static struct principal asha, lee, service, topic;

static void set_up(void)
{
    review_fixture_set_up(&it);
    asha = review_fixture_person("asha");
    lee = review_fixture_person("lee");
    service = review_fixture_person("tool");
    service.is_service = true;
    service.may_adjudicate = false;
    topic = (struct principal){.trust = TRUST_IMPORTED};
}

static void tear_down(void)
{
    check_state(it.temp.store);
    review_fixture_tear_down(&it);
}

#define SAYS(who, run, outcome_, ...)                                                              \
    do {                                                                                           \
        struct result_answer said = review_fixture_say(&it, &(who), run, __VA_ARGS__);             \
        ck_assert_msg(said.outcome == (outcome_), "%s: %s %s", review_outcome_names[said.outcome], \
                      said.field, said.reason);                                                    \
    } while (0)

static void add(uint32_t run)
{
    review_fixture_add(&it, &(struct record_case){.run = run, .content = 1});
}

static enum item_state state_of(uint32_t run)
{
    return review_fixture_item(&it, run, 0).state;
}

START_TEST(one_result_decides_an_item_that_wants_one)
{
    add(1);
    struct result_answer answer = review_fixture_say(&it, &asha, 1, FAIL);
    ck_assert_int_eq(answer.outcome, RESULT_WAS_ACCEPTED);
    ck_assert_int_eq(answer.item_state, ITEM_AGREED);
    ck_assert_uint_eq(answer.decision, 1);
    ck_assert_uint_eq(strlen(answer.item_id), 32);
    ck_assert_uint_eq(strlen(answer.row_id), 36);
    struct item_row item = review_fixture_item(&it, 1, 0);
    ck_assert(item.decision.is_decided);
    ck_assert_uint_eq(item.decision.verdict, REVIEW_FAIL);
    ck_assert(bytes_equal_text(item.decision.labels[0], "unsupported_claim"));
    ck_assert_int_eq(item.decision.failure_mode, 0);
    ck_assert_uint_eq(review_fixture_count(&it, "flywheel_results_total{outcome=\"accepted\"}"), 1);
}
END_TEST

START_TEST(an_unsure_reviewer_leaves_it_disputed_until_somebody_adjudicates)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, UNSURE);
    ck_assert_int_eq(state_of(1), ITEM_DISPUTED);
    SAYS(lee, 1, RESULT_WAS_ACCEPTED, "\"role\":\"adjudicator\"," PASS);
    ck_assert_int_eq(state_of(1), ITEM_ADJUDICATED);
    struct principal mia = review_fixture_person("mia");
    SAYS(mia, 1, RESULT_WAS_EXTRA, FAIL);
    ck_assert_int_eq(state_of(1), ITEM_ADJUDICATED);
    ck_assert_uint_eq(review_fixture_item(&it, 1, 0).decision.verdict, REVIEW_PASS);
}
END_TEST

START_TEST(a_repeat_has_no_effect_and_another_content_under_its_id_is_a_conflict)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, "\"result_id\":\"r1\"," FAIL);
    SAYS(asha, 1, RESULT_WAS_DUPLICATE, "\"result_id\":\"r1\"," FAIL);
    SAYS(asha, 1, RESULT_WAS_CONFLICT, "\"result_id\":\"r1\"," PASS);
    ck_assert_uint_eq(review_fixture_item(&it, 1, 0).decision.number, 1);
}
END_TEST

START_TEST(the_same_words_of_two_persons_are_two_results)
{
    it.config->review.queues[0].reviewers = 2;
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, FAIL);
    ck_assert_int_eq(state_of(1), ITEM_WAITING);
    SAYS(lee, 1, RESULT_WAS_ACCEPTED, FAIL);
    ck_assert_int_eq(state_of(1), ITEM_AGREED);
    ck_assert_uint_eq(review_fixture_item(&it, 1, 0).decision.reviewers, 2);
}
END_TEST

START_TEST(a_correction_is_another_decision_and_its_lock_is_optimistic)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, "\"result_id\":\"r1\"," FAIL);
    SAYS(asha, 1, RESULT_WAS_STALE, "\"result_id\":\"r2\",\"supersedes\":\"r0\"," PASS);
    SAYS(asha, 1, RESULT_WAS_REVISED, "\"result_id\":\"r3\",\"supersedes\":\"r1\"," PASS);
    struct item_row item = review_fixture_item(&it, 1, 0);
    ck_assert_uint_eq(item.decision.number, 2);
    ck_assert_uint_eq(item.decision.verdict, REVIEW_PASS);
    SAYS(asha, 1, RESULT_WAS_DUPLICATE, "\"result_id\":\"r1\"," FAIL);
    ck_assert_uint_eq(review_fixture_item(&it, 1, 0).decision.number, 2);
}
END_TEST

START_TEST(a_withdrawal_opens_the_item_again)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_NOT_YOURS, "\"status\":\"withdrawn\"");
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, FAIL);
    SAYS(asha, 1, RESULT_WAS_WITHDRAWN, "\"status\":\"withdrawn\"");
    struct item_row item = review_fixture_item(&it, 1, 0);
    ck_assert_int_eq(item.state, ITEM_OPEN);
    ck_assert(!item.decision.is_decided);
    ck_assert_uint_eq(item.results, 0);
}
END_TEST

START_TEST(two_skips_skip_an_item_and_one_does_not)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_SKIPPED, "\"status\":\"skipped\",\"skip_reason\":\"not_me\"");
    ck_assert_int_eq(state_of(1), ITEM_OPEN);
    SAYS(lee, 1, RESULT_WAS_SKIPPED, "\"status\":\"skipped\",\"skip_reason\":\"cannot_tell\"");
    ck_assert_int_eq(state_of(1), ITEM_SKIPPED);
    add(2);
    SAYS(lee, 2, RESULT_WAS_SKIPPED,
         "\"role\":\"adjudicator\",\"status\":\"skipped\",\"skip_reason\":\"out_of_scope\"");
    ck_assert_int_eq(state_of(2), ITEM_SKIPPED);
}
END_TEST

START_TEST(nobody_speaks_for_another_and_nobody_judges_the_own_review)
{
    struct principal mia = review_fixture_person("mia");
    mia.may_adjudicate = false;
    add(1);
    SAYS(asha, 1, RESULT_WAS_NOT_YOURS, "\"reviewer\":\"lee\"," FAIL);
    SAYS(mia, 1, RESULT_WAS_ROLE, "\"role\":\"adjudicator\"," FAIL);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, UNSURE);
    SAYS(asha, 1, RESULT_WAS_OWN_REVIEW, "\"role\":\"adjudicator\"," FAIL);
    review_set_people(it.review, 1);
    SAYS(asha, 1, RESULT_WAS_REVISED, "\"role\":\"adjudicator\"," FAIL);
    ck_assert_int_eq(state_of(1), ITEM_ADJUDICATED);
}
END_TEST

START_TEST(what_waits_for_people_who_have_left_is_decided_by_what_there_is)
{
    it.config->review.queues[0].reviewers = 2;
    for (uint32_t run = 1; run <= 110; run++) {
        add(run);
        SAYS(asha, run, RESULT_WAS_ACCEPTED, FAIL);
        ck_assert_int_eq(state_of(run), ITEM_WAITING);
    }
    review_fixture_turn(&it);
    ck_assert_int_eq(state_of(1), ITEM_WAITING);
    review_set_people(it.review, 1);
    review_fixture_turn(&it);
    ck_assert_int_eq(state_of(1), ITEM_AGREED);
    ck_assert_int_eq(state_of(110), ITEM_WAITING); /* a bounded piece of work a turn */
    review_fixture_turn(&it);
    ck_assert_int_eq(state_of(110), ITEM_AGREED);
}
END_TEST

START_TEST(what_is_imported_is_another_persons_than_what_was_authenticated)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, "\"result_id\":\"r1\"," FAIL);
    SAYS(topic, 1, RESULT_WAS_NOT_YOURS, "\"reviewer\":\"asha\",\"supersedes\":\"r1\"," PASS);
    SAYS(topic, 1, RESULT_WAS_NOT_YOURS, "\"reviewer\":\"asha\",\"status\":\"withdrawn\"");
    SAYS(topic, 1, RESULT_WAS_EXTRA, "\"reviewer\":\"asha\"," FAIL);
    SAYS(service, 1, RESULT_WAS_EXTRA, "\"reviewer\":\"asha\"," FAIL);
    ck_assert_uint_eq(review_fixture_item(&it, 1, 0).results, 3);
    SAYS(topic, 1, RESULT_WAS_ROLE, "\"reviewer\":\"asha\",\"role\":\"adjudicator\"," PASS);
    it.config->review.adjudicators[0] = BYTES_LITERAL("asha");
    it.config->review.adjudicator_count = 1;
    SAYS(topic, 1, RESULT_WAS_OWN_REVIEW, "\"reviewer\":\"asha\",\"role\":\"adjudicator\"," PASS);
    ck_assert_uint_eq(
        review_fixture_count(&it, "flywheel_results_dead_total{reason=\"not_yours\"}"), 2);
}
END_TEST

START_TEST(what_a_topic_brought_and_the_item_refused_stays_refused)
{
    add(1);
    const char *withdrawn = "\"reviewer\":\"kim\",\"result_id\":\"r0\",\"status\":\"withdrawn\"";
    SAYS(topic, 1, RESULT_WAS_NOT_YOURS, "%s", withdrawn);
    SAYS(topic, 1, RESULT_WAS_STALE,
         "\"reviewer\":\"kim\",\"result_id\":\"r2\",\"supersedes\":\"r1\"," PASS);
    SAYS(topic, 1, RESULT_WAS_ACCEPTED, "\"reviewer\":\"kim\",\"result_id\":\"r1\"," FAIL);
    SAYS(topic, 1, RESULT_WAS_DUPLICATE, "%s", withdrawn);
    SAYS(topic, 1, RESULT_WAS_DUPLICATE,
         "\"reviewer\":\"kim\",\"result_id\":\"r2\",\"supersedes\":\"r1\"," PASS);
    ck_assert_uint_eq(review_fixture_item(&it, 1, 0).decision.verdict, REVIEW_FAIL);
}
END_TEST

START_TEST(what_cannot_be_read_is_refused_by_its_field)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_MALFORMED, "\"status\":\"done\"");
    SAYS(asha, 1, RESULT_WAS_UNKNOWN_LABEL,
         COMPLETED "\"verdict\":\"fail\",\"labels\":[\"nonsense\"]");
    SAYS(asha, 1, RESULT_WAS_INCONSISTENT,
         COMPLETED "\"verdict\":\"fail\",\"labels\":[\"acceptable_refusal\"]");
    SAYS(asha, 1, RESULT_WAS_ACCEPTED,
         COMPLETED "\"verdict\":\"fail\",\"labels\":[\"hallucination\"]");
    ck_assert(
        bytes_equal_text(review_fixture_item(&it, 1, 0).decision.labels[0], "unsupported_claim"));
}
END_TEST

START_TEST(a_check_has_to_tell_the_answer_from_the_wanted_one)
{
    add(1);
    SAYS(asha, 1, RESULT_WAS_NOT_SEPARATING, FAIL ",\"must_not_include\":[[\"a 3 %% fee\"]]");
    SAYS(asha, 1, RESULT_WAS_NOT_SEPARATING,
         FAIL ",\"must_include\":[[\"no prepayment fee applies\"]]");
    SAYS(asha, 1, RESULT_WAS_NOT_SEPARATING,
         FAIL ",\"must_include\":[[\"2 %% fee\"]],\"expected_response\":\"There is a fee.\"");
    SAYS(asha, 1, RESULT_WAS_ACCEPTED,
         FAIL ",\"must_not_include\":[[\"no prepayment fee applies\"]],"
              "\"must_include\":[[\"2 %% fee\"]],\"expected_response\":\"A 2 %% fee is due.\"");
}
END_TEST

START_TEST(texts_are_masked_before_they_are_kept)
{
    struct result_row *rows;
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED,
         FAIL ",\"comment\":\"ask jane.doe@example.com\",\"expected_response\":\"Call "
              "jane.doe@example.com.\"");
    ck_assert_uint_eq(review_item_results(it.temp.store, review_fixture_item(&it, 1, 0).sequence,
                                          &it.arena, &rows),
                      1);
    ck_assert_ptr_null(memmem(rows[0].texts.data, rows[0].texts.size, "jane.doe", 8));
    ck_assert_ptr_nonnull(memmem(rows[0].texts.data, rows[0].texts.size, "[EMAIL]", 7));
}
END_TEST

/* What the newest version of the run's row says of who reviewed it; arena. */
static struct bytes reviewed_by(const char *row_id)
{
    struct store_txn txn;
    struct row_entry entry;
    struct row_version_head head;
    struct buffer json = {0};
    struct json_reader reader;
    struct json_value row, found = {.raw = {0}};
    uint8_t id[ROW_ID_SIZE];
    ck_assert(row_id_parse(bytes_of_text(row_id), id));
    store_begin(it.temp.store, false, &txn);
    ck_assert(row_entry_read(&txn, id, &entry));
    ck_assert(row_version_read(&txn, entry.version, id, &head, &json));
    COMMIT(&txn);
    ck_assert(!memmem(json.data, json.size, "asha", 4));
    struct bytes copy = arena_copy(&it.arena, buffer_bytes(&json));
    buffer_finish(&json);
    ck_assert(json_parse(copy, &it.arena, &reader, &row));
    (void)json_member(&reader, &row, "reviewed_by", &found);
    return found.raw;
}

START_TEST(rows_say_who_reviewed_them_by_pseudonyms_alone_and_when_asked)
{
    add(1);
    ck_assert(!reviewed_by(review_fixture_say(&it, &asha, 1, FAIL).row_id).data);
    it.config->dataset.export_reviewers = EXPORT_REVIEWERS_PSEUDONYM;
    it.config->review.queues[0].reviewers = 2;
    struct principal mia = review_fixture_person("mia");
    struct bytes seen[3];
    for (uint32_t run = 2; run < 4; run++) {
        add(run);
        SAYS(mia, run, RESULT_WAS_ACCEPTED, FAIL);
        seen[run - 2] = reviewed_by(review_fixture_say(&it, &asha, run, FAIL).row_id);
    }
    ck_assert_uint_eq(seen[0].size, sizeof "[\"\",\"\"]" - 1 + 64);
    ck_assert(bytes_equal(seen[0], seen[1]));
    it.config->review.queues[0].reviewers = 1;
    add(4);
    seen[2] = reviewed_by(review_fixture_say(&it, &mia, 4, FAIL).row_id);
    ck_assert_uint_eq(seen[2].size, sizeof "[\"\"]" - 1 + 32);
    ck_assert(memmem(seen[0].data, seen[0].size, seen[2].data + 1, seen[2].size - 2));
}
END_TEST

START_TEST(with_texts_off_none_come_back)
{
    it.config->redaction.content = REDACT_NONE;
    add(1);
    SAYS(asha, 1, RESULT_WAS_CONTENT_OFF, FAIL ",\"expected_response\":\"A fee.\"");
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, FAIL);
}
END_TEST

START_TEST(a_result_waits_for_its_record_and_is_applied_with_it)
{
    SAYS(asha, 7, RESULT_WAS_PENDING, "\"result_id\":\"r1\"," FAIL);
    SAYS(asha, 7, RESULT_WAS_DUPLICATE, "\"result_id\":\"r1\"," FAIL);
    add(7);
    ck_assert_int_eq(state_of(7), ITEM_AGREED);
    SAYS(asha, 7, RESULT_WAS_DUPLICATE, "\"result_id\":\"r1\"," FAIL);
    ck_assert_uint_eq(review_fixture_count(&it, "flywheel_results_total{outcome=\"accepted\"}"), 1);
}
END_TEST

START_TEST(after_a_day_what_nobody_knows_is_a_dead_letter_of_whoever_answers_for_it)
{
    SAYS(asha, 7, RESULT_WAS_PENDING, FAIL);
    it.now_ms += 25 * HOUR_MS;
    review_fixture_turn(&it);
    ck_assert_uint_eq(
        review_fixture_count(&it, "flywheel_results_dead_total{reason=\"unknown_record\"}"), 1);
    it.config->budget.instances = 2;
    SAYS(asha, 8, RESULT_WAS_PENDING, FAIL);
    it.now_ms += 25 * HOUR_MS;
    review_fixture_turn(&it);
    ck_assert_uint_eq(review_fixture_count(&it, "flywheel_results_total{outcome=\"unclaimed\"}"),
                      1);
    struct store_txn txn;
    store_begin(it.temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_RESULT_PENDING), 0);
    store_abort(&txn);
}
END_TEST

START_TEST(where_too_many_wait_the_one_that_has_waited_longest_leaves)
{
    it.config->review.pending_max = 2;
    for (uint32_t run = 1; run <= 3; run++)
        SAYS(asha, run, RESULT_WAS_PENDING, FAIL);
    ck_assert_uint_eq(
        review_fixture_count(&it, "flywheel_results_dead_total{reason=\"unknown_record\"}"), 1);
    add(1);
    add(2);
    ck_assert_int_eq(state_of(1), ITEM_OPEN);
    ck_assert_int_eq(state_of(2), ITEM_AGREED);
}
END_TEST

static void keep_letter(void *context, struct bytes json)
{
    ck_assert_ptr_nonnull(memmem(json.data, json.size, "\"nobody\"", 8));
    ++*(uint32_t *)context;
}

START_TEST(a_dead_letter_is_told_after_the_commit_and_once)
{
    uint32_t letters = 0;
    review_on_dead(it.review, keep_letter, &letters);
    SAYS(topic, 9, RESULT_WAS_PENDING, "\"reviewer\":\"nobody\"," FAIL);
    it.now_ms += 25 * HOUR_MS;
    review_fixture_turn(&it);
    ck_assert_uint_eq(letters, 0);
    review_tell_dead(it.review);
    review_tell_dead(it.review);
    ck_assert_uint_eq(letters, 1);
}
END_TEST

START_TEST(a_result_that_waited_and_is_refused_then_is_a_dead_letter)
{
    uint32_t letters = 0;
    review_on_dead(it.review, keep_letter, &letters);
    SAYS(topic, 9, RESULT_WAS_PENDING, "\"reviewer\":\"nobody\",\"status\":\"withdrawn\"");
    add(9);
    review_tell_dead(it.review);
    ck_assert_uint_eq(letters, 1);
    ck_assert_uint_eq(
        review_fixture_count(&it, "flywheel_results_dead_total{reason=\"not_yours\"}"), 1);
}
END_TEST

START_TEST(what_went_out_from_another_instance_is_not_waited_for)
{
    SAYS(topic, 1, RESULT_WAS_UNCLAIMED,
         "\"reviewer\":\"asha\",\"origin\":\"6ba7b810-9dad-51d1-80b4-00c04fd430c8\"," FAIL);
}
END_TEST

START_TEST(an_item_whose_texts_were_erased_goes_on_counting)
{
    struct store_txn txn;
    struct result_row row;
    struct results *results;
    it.config->review.queues[0].reviewers = 2;
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, FAIL ",\"expected_response\":\"A fee.\"");
    struct item_row item = review_fixture_item(&it, 1, 0);
    ck_assert_int_eq(results_open(it.temp.store, &results), STATUS_OK);
    store_begin(it.temp.store, true, &txn);
    ck_assert(result_row_read(&txn, item.sequence, item_row_hash(BYTES_LITERAL("asha")), &it.arena,
                              &row));
    row.texts = BYTES_LITERAL("");
    results_put(results, &txn, &row);
    COMMIT(&txn);
    results_close(results);
    SAYS(lee, 1, RESULT_WAS_ACCEPTED, FAIL);
    ck_assert_int_eq(state_of(1), ITEM_AGREED);
    SAYS(lee, 1, RESULT_WAS_WITHDRAWN, "\"status\":\"withdrawn\"");
    it.config->review.queues[0].reviewers = 1;
    ck_assert_int_eq(state_of(1), ITEM_WAITING);
}
END_TEST

START_TEST(a_revision_of_the_same_content_is_the_same_item_and_of_other_content_another)
{
    it.config->review.queues[0].reviewers = 2;
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, FAIL);
    review_fixture_add(&it, &(struct record_case){.run = 1, .revision = 2, .content = 1});
    ck_assert_int_eq(state_of(1), ITEM_WAITING);
    ck_assert_uint_eq(review_fixture_item(&it, 1, 0).revisions, 2);
    review_fixture_add(&it, &(struct record_case){.run = 1, .revision = 3, .content = 2});
    ck_assert_int_eq(review_fixture_item(&it, 1, 1).state, ITEM_SUPERSEDED);
    ck_assert_int_eq(review_fixture_item(&it, 1, 2).state, ITEM_OPEN);
    SAYS(lee, 1, RESULT_WAS_OUTDATED, FAIL);
    ck_assert_int_eq(review_fixture_item(&it, 1, 1).state, ITEM_SUPERSEDED);
    ck_assert(!review_fixture_item(&it, 1, 1).decision.is_decided);
    SAYS(lee, 1, RESULT_WAS_ACCEPTED,
         "\"record_id\":\"6ba7b810-9dad-51d1-0003-000000000001\"," FAIL);
    ck_assert_int_eq(review_fixture_item(&it, 1, 2).state, ITEM_WAITING);
}
END_TEST

START_TEST(a_trajectory_id_means_its_newest_content)
{
    add(1);
    review_fixture_add(&it, &(struct record_case){.run = 1, .revision = 2, .content = 2});
    SAYS(asha, 1, RESULT_WAS_ACCEPTED,
         "\"trajectory_id\":\"00000000000000000000000000000001\"," FAIL);
    ck_assert_int_eq(review_fixture_item(&it, 1, 2).state, ITEM_AGREED);
}
END_TEST

START_TEST(an_item_nobody_came_to_expires_and_a_late_result_still_counts)
{
    add(1);
    it.now_ms += 721LL * HOUR_MS;
    review_fixture_turn(&it);
    struct item_row item = review_fixture_item(&it, 1, 0);
    ck_assert_int_eq(item.state, ITEM_EXPIRED);
    ck_assert_int_eq(item.cause, EXPIRED_BY_AGE);
    ck_assert(!item.has_content);
    SAYS(asha, 1, RESULT_WAS_LATE, FAIL);
    ck_assert_int_eq(state_of(1), ITEM_AGREED);
}
END_TEST

START_TEST(without_room_the_least_urgent_expires_first_and_control_last)
{
    it.config->review.items_max = 2;
    review_fixture_add(
        &it, &(struct record_case){.run = 1, .content = 1, .queue = "control", .priority = 9});
    review_fixture_add(&it, &(struct record_case){.run = 2, .content = 1, .priority = 3});
    it.config->review.items_max = 1000;
    it.config->review.bytes_max = 1;
    review_fixture_add(&it, &(struct record_case){.run = 3, .content = 1, .priority = 7});
    ck_assert_int_eq(state_of(3), ITEM_EXPIRED);
    ck_assert_int_eq(state_of(2), ITEM_EXPIRED);
    ck_assert_int_eq(state_of(1), ITEM_OPEN);
    ck_assert_uint_eq(review_fixture_count(&it, "flywheel_review_expired_total{reason=\"full\"}"),
                      2);
    SAYS(asha, 1, RESULT_WAS_FULL, FAIL);
}
END_TEST

START_TEST(too_many_that_wait_leave_what_was_decided_alone_and_can_be_judged_late)
{
    it.config->review.items_max = 2;
    for (uint32_t run = 1; run <= 4; run++) {
        add(run);
        SAYS(asha, run, RESULT_WAS_ACCEPTED, FAIL);
    }
    for (uint32_t run = 5; run <= 7; run++)
        add(run);
    for (uint32_t run = 1; run <= 4; run++)
        ck_assert_int_eq(state_of(run), ITEM_AGREED);
    ck_assert_int_eq(state_of(5), ITEM_EXPIRED);
    ck_assert_int_eq(state_of(6), ITEM_OPEN);
    ck_assert_int_eq(state_of(7), ITEM_OPEN);
    SAYS(asha, 5, RESULT_WAS_LATE, FAIL);
}
END_TEST

START_TEST(content_leaves_a_week_after_the_decision_unless_it_became_a_row)
{
    it.config->dataset.promote = PROMOTE_NEVER;
    add(1);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, FAIL);
    review_fixture_turn(&it);
    ck_assert(review_fixture_item(&it, 1, 0).has_content);
    it.now_ms += 169LL * HOUR_MS;
    review_fixture_turn(&it);
    ck_assert(!review_fixture_item(&it, 1, 0).has_content);
    SAYS(asha, 1, RESULT_WAS_WITHDRAWN, "\"status\":\"withdrawn\"");
    ck_assert_int_eq(state_of(1), ITEM_WITHDRAWN);
    it.now_ms += 9700LL * HOUR_MS;
    review_fixture_turn(&it);
    struct store_txn txn;
    store_begin(it.temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_ITEM), 0);
    ck_assert_uint_eq(store_count(&txn, TABLE_RESULT), 0);
    ck_assert_uint_eq(store_count(&txn, TABLE_ITEM_ID), 0);
    ck_assert_uint_eq(store_count(&txn, TABLE_RESULT_ID), 0);
    store_abort(&txn);
}
END_TEST

START_TEST(the_first_judgement_is_what_was_said_before_the_reveal)
{
    struct store_txn txn;
    struct result_row row;
    uint16_t labels[] = {0};
    add(1);
    struct item_row item = review_fixture_item(&it, 1, 0);
    review_fixture_begin(&it, &txn);
    ck_assert(review_served(it.review, &txn, item.item_id, &asha, false, it.now_ms));
    ck_assert(
        review_reveal(it.review, &txn, item.item_id, &asha, REVIEW_FAIL, labels, 1, it.now_ms));
    ck_assert(review_reveal(it.review, &txn, item.item_id, &asha, REVIEW_PASS, NULL, 0,
                            it.now_ms + 1)); /* changes nothing */
    review_fixture_commit(&it, &txn);
    ck_assert_int_eq(state_of(1), ITEM_OPEN);
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, PASS);
    ck_assert(review_item_result_of(it.temp.store, item.sequence, BYTES_LITERAL("asha"), &it.arena,
                                    &row));
    ck_assert_uint_eq(row.first_verdict, REVIEW_FAIL);
    ck_assert_uint_eq(row.verdict, REVIEW_PASS);
    ck_assert_uint_eq(row.first_label_count, 1);
    ck_assert(row.is_blind && row.is_served && !row.is_chosen);
}
END_TEST

START_TEST(whoever_saw_the_machines_verdict_does_not_judge_blindly_any_more)
{
    struct result_row row;
    add(1);
    struct item_row item = review_fixture_item(&it, 1, 0);
    SAYS(asha, 1, RESULT_WAS_SKIPPED, "\"status\":\"skipped\",\"skip_reason\":\"not_me\"");
    ck_assert(review_item_result_of(it.temp.store, item.sequence, BYTES_LITERAL("asha"), &it.arena,
                                    &row));
    ck_assert(!row.has_first); /* who skips has seen nothing yet */
    SAYS(asha, 1, RESULT_WAS_REVISED, FAIL);
    SAYS(asha, 1, RESULT_WAS_WITHDRAWN, "\"status\":\"withdrawn\"");
    SAYS(asha, 1, RESULT_WAS_ACCEPTED, "\"first_verdict\":\"pass\"," PASS);
    ck_assert(review_item_result_of(it.temp.store, item.sequence, BYTES_LITERAL("asha"), &it.arena,
                                    &row));
    ck_assert(row.has_first && !row.is_blind);
    ck_assert_uint_eq(row.first_verdict, REVIEW_FAIL);
}
END_TEST

START_TEST(a_persons_results_are_taken_out_of_all_counts)
{
    struct store_txn txn;
    it.config->review.queues[0].reviewers = 2;
    for (uint32_t run = 1; run <= 3; run++) {
        add(run);
        SAYS(asha, run, RESULT_WAS_ACCEPTED, FAIL);
        SAYS(lee, run, RESULT_WAS_ACCEPTED, FAIL);
    }
    review_fixture_begin(&it, &txn);
    ck_assert_uint_eq(
        review_withdraw_all(it.review, &txn, BYTES_LITERAL("asha"), 0, &lee, it.now_ms), 3);
    review_fixture_commit(&it, &txn);
    for (uint32_t run = 1; run <= 3; run++)
        ck_assert_int_eq(state_of(run), ITEM_WAITING);
}
END_TEST

START_TEST(open_items_of_the_same_failure_are_closed_together)
{
    struct store_txn txn;
    for (uint32_t run = 1; run <= 4; run++)
        review_fixture_add(
            &it, &(struct record_case){.run = run, .content = 1, .signature = run == 4 ? 8 : 7});
    struct item_row item = review_fixture_item(&it, 1, 0);
    review_fixture_begin(&it, &txn);
    ck_assert_uint_eq(review_close_same(it.review, &txn, item.item_id, 100, &asha, it.now_ms), 2);
    review_fixture_commit(&it, &txn);
    ck_assert_int_eq(state_of(1), ITEM_OPEN);
    ck_assert_int_eq(state_of(2), ITEM_SKIPPED);
    ck_assert_int_eq(state_of(4), ITEM_OPEN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("apply");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, one_result_decides_an_item_that_wants_one);
    tcase_add_test(all, an_unsure_reviewer_leaves_it_disputed_until_somebody_adjudicates);
    tcase_add_test(all, a_repeat_has_no_effect_and_another_content_under_its_id_is_a_conflict);
    tcase_add_test(all, the_same_words_of_two_persons_are_two_results);
    tcase_add_test(all, a_correction_is_another_decision_and_its_lock_is_optimistic);
    tcase_add_test(all, a_withdrawal_opens_the_item_again);
    tcase_add_test(all, two_skips_skip_an_item_and_one_does_not);
    tcase_add_test(all, nobody_speaks_for_another_and_nobody_judges_the_own_review);
    tcase_add_test(all, what_waits_for_people_who_have_left_is_decided_by_what_there_is);
    tcase_add_test(all, what_is_imported_is_another_persons_than_what_was_authenticated);
    tcase_add_test(all, what_a_topic_brought_and_the_item_refused_stays_refused);
    tcase_add_test(all, what_cannot_be_read_is_refused_by_its_field);
    tcase_add_test(all, a_check_has_to_tell_the_answer_from_the_wanted_one);
    tcase_add_test(all, texts_are_masked_before_they_are_kept);
    tcase_add_test(all, rows_say_who_reviewed_them_by_pseudonyms_alone_and_when_asked);
    tcase_add_test(all, with_texts_off_none_come_back);
    tcase_add_test(all, a_result_waits_for_its_record_and_is_applied_with_it);
    tcase_add_test(all, after_a_day_what_nobody_knows_is_a_dead_letter_of_whoever_answers_for_it);
    tcase_add_test(all, where_too_many_wait_the_one_that_has_waited_longest_leaves);
    tcase_add_test(all, a_dead_letter_is_told_after_the_commit_and_once);
    tcase_add_test(all, a_result_that_waited_and_is_refused_then_is_a_dead_letter);
    tcase_add_test(all, what_went_out_from_another_instance_is_not_waited_for);
    tcase_add_test(all, an_item_whose_texts_were_erased_goes_on_counting);
    tcase_add_test(all,
                   a_revision_of_the_same_content_is_the_same_item_and_of_other_content_another);
    tcase_add_test(all, a_trajectory_id_means_its_newest_content);
    tcase_add_test(all, an_item_nobody_came_to_expires_and_a_late_result_still_counts);
    tcase_add_test(all, without_room_the_least_urgent_expires_first_and_control_last);
    tcase_add_test(all, too_many_that_wait_leave_what_was_decided_alone_and_can_be_judged_late);
    tcase_add_test(all, content_leaves_a_week_after_the_decision_unless_it_became_a_row);
    tcase_add_test(all, the_first_judgement_is_what_was_said_before_the_reveal);
    tcase_add_test(all, whoever_saw_the_machines_verdict_does_not_judge_blindly_any_more);
    tcase_add_test(all, a_persons_results_are_taken_out_of_all_counts);
    tcase_add_test(all, open_items_of_the_same_failure_are_closed_together);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
