/* Decisions become rows: what they say, in which version, cluster and split. */
#include "processor/emit/outgoing.h"
#include "state/tables/row.h"
#include "tests/support/review_rows.h"

/* The text of the row in that version of the dataset. */
static void read_row(struct rows_fixture *it, const struct dataset_change *change,
                     struct buffer *to)
{
    struct store_txn txn;
    struct row_version_head head;
    struct store_cursor cursor;
    buffer_clear(to);
    store_begin(it->temp.store, false, &txn);
    store_cursor_begin(&txn, TABLE_ROW_VERSION, bytes_of("", 0), 0, &cursor);
    bool is_found = false;
    while (!is_found && store_cursor_next(&cursor))
        if (row_version_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &head) ==
                STATUS_OK &&
            head.version == change->version)
            is_found = true;
    store_cursor_finish(&cursor);
    ck_assert(is_found);
    ck_assert(row_version_read(&txn, head.version, head.row_id, &head, to));
    COMMIT(&txn);
    buffer_append_byte(to, 0);
}

#define HAS(text, part) ck_assert_msg(strstr((const char *)(text).data, part), "%s", (text).data)
#define HAS_NOT(text, part)                                                                        \
    ck_assert_msg(!strstr((const char *)(text).data, part), "%s", (text).data)

static const struct decided_case a_fail = {.number = 1,
                                           .input = "What is the payoff of my loan 4711?",
                                           .must_include = "2 % fee in the first three years",
                                           .must_not_include = "no prepayment fee applies",
                                           .verdict = REVIEW_FAIL};

START_TEST(a_decision_becomes_a_row_with_all_that_it_says)
{
    struct rows_fixture it;
    struct buffer text = {0};
    rows_set_up(&it);
    struct dataset_change change = rows_decide(&it, &a_fail);
    ck_assert_uint_eq(change.version, 1);
    ck_assert(!change.is_held);
    ck_assert_uint_eq(strlen(change.row_id), 36);
    read_row(&it, &change, &text);
    HAS(text, "{\"schema\":\"flywheel.row/v1\",\"row_id\":\"");
    HAS(text,
        "\"row_revision\":1,\"dataset\":\"flywheel\",\"dataset_version\":1,\"action\":\"add\","
        "\"split\":\"eval\",\"regression\":true,\"severity\":\"warn\",\"source\":{");
    HAS(text, "\"must_not_include\":[[\"no prepayment fee applies\"]]");
    HAS(text, "\"expected_kind\":\"facts\"");
    HAS(text, "\"failure_mode\":\"unsupported_claim\"");
    HAS(text, "\"verdict\":\"fail\",\"machine_verdict\":\"fail\",\"reviewer_status\":\"approved\","
              "\"reviewers\":1,\"agreement\":\"single\"");
    HAS(text, "\"cohort\":{\"intent\":\"payoff\"}");
    HAS(text, "\"inclusion_probability\":0.5,\"weight\":2");
    HAS(text, "\"audit\":{\"sequence\":2,");
    HAS_NOT(text, "expected_response");
    ck_assert(dataset_take_news(it.dataset));
    ck_assert_uint_eq(outbox_held(it.outbox, 0).records, 1);
    ck_assert_uint_eq(outbox_held(it.outbox, 1).records, 0);
    ck_assert_uint_eq(audit_sequence(it.audit), 2); /* split, row */
    buffer_finish(&text);
    rows_tear_down(&it);
}
END_TEST

START_TEST(the_approved_output_is_what_a_passed_run_is_expected_to_say)
{
    struct rows_fixture it;
    struct buffer text = {0};
    rows_set_up(&it);
    struct dataset_change change =
        rows_decide(&it, &(struct decided_case){.number = 2,
                                                .input = "payoff?",
                                                .output = "You owe 12,345.67 dollars.",
                                                .verdict = REVIEW_PASS,
                                                .failure_mode = -1});
    read_row(&it, &change, &text);
    HAS(text, "\"expected_response\":\"You owe 12,345.67 dollars.\",\"expected_kind\":\"answer\"");
    HAS(text, "\"volatile_numbers\":true,\"volatile\":[");
    HAS(text, "\"regression\":false,\"source\"");
    buffer_finish(&text);
    rows_tear_down(&it);
}
END_TEST

START_TEST(the_same_decision_again_changes_nothing_and_another_one_revises)
{
    struct rows_fixture it;
    struct buffer text = {0};
    struct decided_case one = a_fail;
    rows_set_up(&it);
    struct dataset_change first = rows_decide(&it, &one);
    ck_assert(dataset_take_news(it.dataset));
    ck_assert_uint_eq(rows_decide(&it, &one).version, 1);
    ck_assert(!dataset_take_news(it.dataset));
    ck_assert_uint_eq(dataset_version(it.dataset), 1);
    one.expected = "A 2 % fee is due.";
    struct dataset_change second = rows_decide(&it, &one);
    ck_assert_uint_eq(second.version, 2);
    ck_assert_str_eq(first.row_id, second.row_id);
    read_row(&it, &second, &text);
    HAS(text, "\"row_revision\":2");
    HAS(text, "\"action\":\"revise\"");
    read_row(&it, &first, &text); /* what was stays */
    HAS(text, "\"row_revision\":1");
    buffer_finish(&text);
    rows_tear_down(&it);
}
END_TEST

START_TEST(without_a_decision_the_row_retires_and_a_tombstone_without_texts_goes_out)
{
    struct rows_fixture it;
    struct buffer text = {0};
    struct decided_case one = a_fail;
    rows_set_up(&it);
    (void)rows_decide(&it, &one);
    one.is_undecided = true;
    struct dataset_change gone = rows_decide(&it, &one);
    ck_assert_uint_eq(gone.version, 2);
    read_row(&it, &gone, &text);
    HAS(text, "\"action\":\"retire\"");
    HAS_NOT(text, "prepayment");
    ck_assert_uint_eq(outbox_held(it.outbox, 0).records, 2);
    ck_assert_uint_eq(rows_decide(&it, &one).version, 2); /* it is gone already */
    one.is_undecided = false;
    struct dataset_change back = rows_decide(&it, &one);
    read_row(&it, &back, &text);
    HAS(text, "\"row_revision\":3");
    HAS(text, "\"action\":\"add\"");
    buffer_finish(&text);
    rows_tear_down(&it);
}
END_TEST

START_TEST(all_changes_of_one_commit_are_one_version)
{
    struct rows_fixture it;
    struct store_txn txn;
    struct decided_case one = a_fail;
    rows_set_up(&it);
    store_begin(it.temp.store, true, &txn);
    (void)rows_decide_in(&it, &txn, &one);
    one.number = 2;
    one.input = "Where is my card that I ordered?";
    ck_assert_uint_eq(rows_decide_in(&it, &txn, &one).version, 1);
    COMMIT(&txn);
    ck_assert_uint_eq(dataset_version(it.dataset), 1);
    store_begin(it.temp.store, true, &txn);
    one.number = 3;
    (void)rows_decide_in(&it, &txn, &one);
    store_abort(&txn);
    ck_assert_uint_eq(dataset_version(it.dataset), 1);
    rows_close(&it);
    temp_store_reopen(&it.temp, TEMP_MAP_BYTES);
    rows_open(&it);
    ck_assert_uint_eq(dataset_version(it.dataset), 1);
    ck_assert_uint_eq(rows_decide(&it, &one).version, 2);
    rows_tear_down(&it);
}
END_TEST

START_TEST(what_nobody_approved_or_too_few_reviewed_is_no_row)
{
    struct rows_fixture it;
    struct decided_case one = a_fail;
    rows_set_up(&it);
    one.is_rejected = true;
    ck_assert_str_eq(rows_decide(&it, &one).row_id, "");
    one.is_rejected = false;
    one.verdict = REVIEW_UNSURE;
    ck_assert_str_eq(rows_decide(&it, &one).row_id, "");
    one.verdict = REVIEW_FAIL;
    it.settings.require_reviews = 2;
    ck_assert_str_eq(rows_decide(&it, &one).row_id, "");
    it.settings.require_reviews = 1;
    it.settings.promote = PROMOTE_NEVER;
    ck_assert_str_eq(rows_decide(&it, &one).row_id, "");
    ck_assert_uint_eq(dataset_version(it.dataset), 0);
    rows_tear_down(&it);
}
END_TEST

START_TEST(a_full_dataset_holds_the_row_and_the_decision_goes_on)
{
    struct rows_fixture it;
    rows_set_up(&it);
    it.settings.bytes_max = 1000;
    struct dataset_change change = rows_decide(&it, &a_fail);
    ck_assert(change.is_held);
    ck_assert_str_eq(change.held_reason, "dataset_full");
    ck_assert_uint_eq(dataset_version(it.dataset), 0);
    it.settings.bytes_max = 0;
    change = rows_decide(&it, &a_fail);
    ck_assert(!change.is_held);
    ck_assert_uint_eq(change.version, 1);
    rows_tear_down(&it);
}
END_TEST

START_TEST(more_than_max_rows_of_one_kind_count_as_occurrences_of_the_oldest)
{
    struct rows_fixture it;
    struct buffer text = {0};
    struct decided_case one = a_fail;
    rows_set_up(&it);
    it.settings.cluster_rows_max = 2;
    (void)rows_decide(&it, &one);
    one.number = 2;
    (void)rows_decide(&it, &one);
    one.number = 3;
    (void)rows_decide(&it, &one);
    ck_assert_uint_eq(dataset_version(it.dataset), 3);
    read_row(&it, &(struct dataset_change){.version = 3}, &text);
    HAS(text, "\"occurrences\":2");
    HAS(text, "\"row_revision\":2");
    (void)rows_decide(&it, &one); /* the same again counts once */
    ck_assert_uint_eq(dataset_version(it.dataset), 3);
    one.is_undecided = true;
    (void)rows_decide(&it, &one);
    read_row(&it, &(struct dataset_change){.version = 4}, &text);
    HAS(text, "\"occurrences\":1");
    one.failure_mode = 1; /* another kind has room of its own */
    one.is_undecided = false;
    one.number = 4;
    ck_assert_uint_eq(rows_decide(&it, &one).version, 5);
    buffer_finish(&text);
    rows_tear_down(&it);
}
END_TEST

START_TEST(near_questions_and_one_conversation_share_a_cluster_and_its_split)
{
    struct rows_fixture it;
    struct buffer text = {0};
    struct decided_case one = {.number = 1,
                               .input = "Hello, what is the payoff amount of my loan 4711?",
                               .conversation = "c1",
                               .verdict = REVIEW_PASS,
                               .failure_mode = -1};
    char cluster[64];
    rows_set_up(&it);
    it.settings.train_share = 1;
    struct dataset_change first = rows_decide(&it, &one);
    snprintf(cluster, sizeof cluster, "\"cluster\":\"%s\"", first.row_id);
    it.settings.train_share = 0; /* only new clusters are drawn anew */
    one.number = 2;
    one.input = "what is the payoff amount of my loan 1234?";
    one.conversation = "c2";
    struct dataset_change near = rows_decide(&it, &one);
    read_row(&it, &near, &text);
    HAS(text, cluster);
    HAS(text, "\"split\":\"train\"");
    one.number = 3;
    one.input = "Thanks!";
    struct dataset_change same = rows_decide(&it, &one);
    read_row(&it, &same, &text);
    HAS(text, cluster);
    one.number = 4;
    one.input = "How do I block a card that was stolen from me?";
    one.conversation = NULL;
    struct dataset_change other = rows_decide(&it, &one);
    read_row(&it, &other, &text);
    HAS_NOT(text, cluster);
    HAS(text, "\"split\":\"eval\"");
    one.number = 5; /* bridges */
    one.conversation = "c1";
    struct dataset_change bridge = rows_decide(&it, &one);
    ck_assert(bridge.is_held);
    ck_assert_str_eq(bridge.held_reason, "bridges_splits");
    struct decided_case test = a_fail; /* what is trained on can't be tested for */
    test.number = 6;
    test.conversation = "c1";
    struct dataset_change held = rows_decide(&it, &test);
    ck_assert(held.is_held);
    ck_assert_str_eq(held.held_reason, "train_cluster");
    buffer_finish(&text);
    rows_tear_down(&it);
}
END_TEST

START_TEST(a_row_whose_decision_makes_it_a_test_leaves_what_is_trained_on)
{
    struct rows_fixture it;
    struct decided_case one = {.number = 1,
                               .input = "What is the payoff of my loan 4711?",
                               .verdict = REVIEW_PASS,
                               .failure_mode = -1};
    rows_set_up(&it);
    it.settings.train_share = 1;
    ck_assert_uint_eq(rows_decide(&it, &one).version, 1);
    one = a_fail;
    struct dataset_change change = rows_decide(&it, &one);
    ck_assert(change.is_held);
    ck_assert_str_eq(change.held_reason, "train_cluster");
    ck_assert_uint_eq(dataset_version(it.dataset), 2); /* it retired */
    rows_tear_down(&it);
}
END_TEST

START_TEST(equal_content_has_equal_digests_whatever_version_it_came_in)
{
    struct rows_fixture one, other;
    struct buffer text = {0}, text_of_other = {0};
    struct decided_case first = a_fail, before = a_fail;
    rows_set_up(&one);
    struct dataset_change here = rows_decide(&one, &first);
    read_row(&one, &here, &text);
    rows_set_up(&other);
    before.number = 9;
    before.input = "Where is my card that I ordered?";
    (void)rows_decide(&other, &before);
    struct dataset_change there = rows_decide(&other, &first);
    ck_assert_uint_eq(there.version, 2);
    read_row(&other, &there, &text_of_other);
    const char *digest = strrchr((char *)text.data, ':');
    const char *digest_of_other = strrchr((char *)text_of_other.data, ':');
    ck_assert_str_eq(digest, digest_of_other);
    buffer_finish(&text);
    buffer_finish(&text_of_other);
    rows_tear_down(&one);
    rows_tear_down(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *cases = tcase_create("dataset");
    tcase_add_test(cases, a_decision_becomes_a_row_with_all_that_it_says);
    tcase_add_test(cases, the_approved_output_is_what_a_passed_run_is_expected_to_say);
    tcase_add_test(cases, the_same_decision_again_changes_nothing_and_another_one_revises);
    tcase_add_test(cases,
                   without_a_decision_the_row_retires_and_a_tombstone_without_texts_goes_out);
    tcase_add_test(cases, all_changes_of_one_commit_are_one_version);
    tcase_add_test(cases, what_nobody_approved_or_too_few_reviewed_is_no_row);
    tcase_add_test(cases, a_full_dataset_holds_the_row_and_the_decision_goes_on);
    tcase_add_test(cases, more_than_max_rows_of_one_kind_count_as_occurrences_of_the_oldest);
    tcase_add_test(cases, near_questions_and_one_conversation_share_a_cluster_and_its_split);
    tcase_add_test(cases, a_row_whose_decision_makes_it_a_test_leaves_what_is_trained_on);
    tcase_add_test(cases, equal_content_has_equal_digests_whatever_version_it_came_in);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
