/* What persons change, and how the trail of it leaves. */
#include "pipelines/review/audit_export.h"
#include "processor/emit/outgoing.h"
#include "processor/review/row.h"
#include "state/tables/audit_line.h"
#include "state/tables/row.h"
#include "tests/support/review_rows.h"

static const struct decided_case a_fail = {.number = 1,
                                           .input = "What is the payoff of my loan 4711?",
                                           .must_not_include = "no prepayment fee applies",
                                           .verdict = REVIEW_FAIL};

typedef void change_fn(struct dataset *dataset, struct store_txn *txn,
                       const struct dataset_settings *settings, struct bytes row_id,
                       const struct audit_entry *actor, int64_t wall_ms,
                       struct dataset_answer *ret_answer);

static struct dataset_answer change(struct rows_fixture *it, change_fn *fn, const char *row_id)
{
    struct store_txn txn;
    struct dataset_answer answer;
    store_begin(it->temp.store, true, &txn);
    fn(it->dataset, &txn, &it->settings, bytes_of_text(row_id), &it->actor, 5, &answer);
    COMMIT(&txn);
    return answer;
}

static struct dataset_answer tag(struct rows_fixture *it, const char *name, uint64_t version)
{
    struct store_txn txn;
    struct dataset_answer answer;
    store_begin(it->temp.store, true, &txn);
    dataset_tag(it->dataset, &txn, bytes_of_text(name), version, &it->actor, 5, &answer);
    COMMIT(&txn);
    return answer;
}

START_TEST(with_promote_manual_a_person_lets_the_row_in)
{
    struct rows_fixture it;
    rows_set_up(&it);
    it.settings.promote = PROMOTE_MANUAL;
    struct dataset_change proposed = rows_decide(&it, &a_fail);
    ck_assert(proposed.is_held);
    ck_assert_str_eq(proposed.held_reason, "not_promoted");
    ck_assert_uint_eq(dataset_version(it.dataset), 0);
    struct dataset_answer answer = change(&it, dataset_promote, proposed.row_id);
    ck_assert_int_eq(answer.fate, DATASET_DONE);
    ck_assert_uint_eq(answer.version, 1);
    ck_assert_int_eq(change(&it, dataset_promote, proposed.row_id).fate, DATASET_UNCHANGED);
    ck_assert_uint_eq(rows_decide(&it, &a_fail).version, 1); /* it is in */
    rows_tear_down(&it);
}
END_TEST

static struct row_entry entry_of(struct rows_fixture *it, const char *row_id)
{
    uint8_t raw[16];
    struct row_entry entry;
    struct store_txn txn;
    ck_assert(row_id_parse(bytes_of_text(row_id), raw));
    store_begin(it->temp.store, false, &txn);
    ck_assert(row_entry_read(&txn, raw, &entry));
    COMMIT(&txn);
    return entry;
}

START_TEST(which_failed_rows_test_answers_is_a_setting)
{
    struct decided_case passed = {.number = 9, .input = "Where is the branch?"};
    struct rows_fixture it;
    rows_set_up(&it);
    it.settings.regression = REGRESSION_NEVER;
    struct dataset_change row = rows_decide(&it, &a_fail);
    ck_assert(!entry_of(&it, row.row_id).is_regression);
    ck_assert_int_eq(change(&it, dataset_promote, row.row_id).fate, DATASET_UNCHANGED);
    it.settings.regression = REGRESSION_MANUAL;
    struct dataset_answer answer = change(&it, dataset_promote, row.row_id);
    ck_assert_int_eq(answer.fate, DATASET_DONE);
    ck_assert_uint_eq(answer.version, 2);
    ck_assert(entry_of(&it, row.row_id).is_regression);
    ck_assert(!entry_of(&it, row.row_id).is_critical);
    ck_assert_int_eq(change(&it, dataset_promote, row.row_id).fate, DATASET_UNCHANGED);
    ck_assert_uint_eq(rows_decide(&it, &a_fail).version, 2); /* it stays in */
    row = rows_decide(&it, &passed);
    ck_assert_int_eq(change(&it, dataset_promote, row.row_id).fate, DATASET_UNCHANGED);
    ck_assert(!entry_of(&it, row.row_id).is_regression); /* it demands nothing */
    rows_tear_down(&it);
}
END_TEST

START_TEST(a_retired_row_needs_a_new_result)
{
    struct rows_fixture it;
    rows_set_up(&it);
    struct dataset_change row = rows_decide(&it, &a_fail);
    row.row_id[8] = 0; /* the front of it is enough */
    ck_assert_int_eq(change(&it, dataset_retire, row.row_id).fate, DATASET_DONE);
    ck_assert_int_eq(change(&it, dataset_retire, row.row_id).fate, DATASET_UNCHANGED);
    struct dataset_answer answer = change(&it, dataset_promote, row.row_id);
    ck_assert_int_eq(answer.fate, DATASET_REFUSED);
    ck_assert_uint_eq(answer.version, 2);
    ck_assert_uint_eq(rows_decide(&it, &a_fail).version, 3);
    ck_assert_int_eq(change(&it, dataset_retire, "ffffffff").fate, DATASET_UNKNOWN);
    ck_assert_int_eq(change(&it, dataset_retire, "no id").fate, DATASET_UNKNOWN);
    rows_tear_down(&it);
}
END_TEST

START_TEST(a_tag_stays_where_it_is)
{
    struct rows_fixture it;
    rows_set_up(&it);
    ck_assert_int_eq(tag(&it, "golden", 0).fate, DATASET_UNKNOWN);
    (void)rows_decide(&it, &a_fail);
    ck_assert_int_eq(tag(&it, "golden", 0).fate, DATASET_DONE);
    ck_assert_int_eq(tag(&it, "golden", 1).fate, DATASET_UNCHANGED);
    ck_assert_int_eq(change(&it, dataset_retire, rows_decide(&it, &a_fail).row_id).fate,
                     DATASET_DONE);
    ck_assert_int_eq(tag(&it, "golden", 0).fate, DATASET_REFUSED);
    ck_assert_int_eq(tag(&it, "12", 1).fate, DATASET_MALFORMED);
    ck_assert_int_eq(tag(&it, "a b", 1).fate, DATASET_MALFORMED);
    ck_assert_int_eq(tag(&it, "later", 9).fate, DATASET_UNKNOWN);
    rows_tear_down(&it);
}
END_TEST

/* --- the trail leaves --- */

struct lines {
    struct audit_chain chain;
    uint64_t entries, checkpoints;
};

static bool see(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct lines *lines = context;
    struct outgoing record;
    struct audit_line line;
    struct arena arena;
    (void)sequence, (void)committed_ms;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(outgoing_decode(frame, &record), STATUS_OK);
    ck_assert_int_eq(audit_line_read(record.payload, &arena, &line), STATUS_OK);
    if (line.is_checkpoint)
        ck_assert(audit_chain_meet(&lines->chain, &line.checkpoint));
    else
        ck_assert(audit_chain_add(&lines->chain, &line.entry));
    lines->checkpoints += line.is_checkpoint;
    lines->entries += !line.is_checkpoint;
    arena_finish(&arena);
    return true;
}

static void turn(struct rows_fixture *it, struct audit_export *exported,
                 const struct review_settings *settings, int64_t wall_ms)
{
    struct store_txn txn;
    store_begin(it->temp.store, true, &txn);
    audit_export_turn(exported, &txn, settings, wall_ms);
    COMMIT(&txn);
}

START_TEST(every_entry_leaves_once_and_checkpoints_follow)
{
    enum { ENTRIES = 2600 };
    struct rows_fixture it;
    struct audit_export *exported;
    struct store_txn txn;
    struct lines lines = {.entries = 0};
    const struct review_settings settings = {.audit_exporters = 4};
    rows_set_up(&it);
    ck_assert_int_eq(audit_export_open(it.temp.store, it.audit, it.outbox, &exported), STATUS_OK);
    store_begin(it.temp.store, true, &txn);
    for (int i = 0; i < ENTRIES; i++) {
        struct audit_entry entry = it.actor;
        audit_append(it.audit, &txn, &entry);
    }
    COMMIT(&txn);
    for (int i = 0; i < 20; i++)
        turn(&it, exported, &settings, 1700000000000 + i);
    ck_assert(audit_export_take_news(exported));
    ck_assert(!audit_export_take_news(exported));
    audit_chain_begin(&lines.chain, &(struct audit_cut){0}, NULL, 0);
    ck_assert_int_eq(outbox_scan(it.temp.store, 2, 0, see, &lines), STATUS_OK);
    ck_assert_uint_eq(lines.entries, ENTRIES);
    ck_assert_uint_eq(lines.checkpoints, 2); /* each thousand */
    turn(&it, exported, &settings, 1700000000000 + 25 * 3600000LL);
    ck_assert(audit_export_take_news(exported)); /* a day later */
    audit_export_close(exported);
    rows_tear_down(&it);
}
END_TEST

START_TEST(a_trail_that_runs_full_is_cut_only_up_to_what_others_hold)
{
    struct rows_fixture it;
    struct audit_export *exported;
    struct store_txn txn;
    struct review_settings settings = {.audit_exporters = 1};
    rows_set_up(&it);
    ck_assert_int_eq(audit_export_open(it.temp.store, it.audit, it.outbox, &exported), STATUS_OK);
    store_begin(it.temp.store, true, &txn);
    for (int i = 0; i < 200; i++) {
        struct audit_entry entry = it.actor;
        audit_append(it.audit, &txn, &entry);
    }
    COMMIT(&txn);
    uint64_t whole = audit_bytes(it.audit);
    settings.audit_bytes_max = whole;
    turn(&it, exported, &settings, 1700000000000);
    turn(&it, exported, &settings, 1700000002000);
    ck_assert_uint_eq(audit_bytes(it.audit), whole); /* nobody has acknowledged anything */
    store_begin(it.temp.store, true, &txn);
    (void)outbox_delete_through(it.outbox, &txn, 0, 1 << 20, 1 << 20);
    COMMIT(&txn);
    turn(&it, exported, &settings, 1700000004000);
    turn(&it, exported, &settings, 1700000006000);
    ck_assert_uint_le(audit_bytes(it.audit), whole / 10 * 6);
    ck_assert_uint_gt(audit_bytes(it.audit), whole / 2);
    audit_export_close(exported);
    rows_tear_down(&it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset_changes");
    TCase *cases = tcase_create("dataset_changes");
    tcase_add_test(cases, with_promote_manual_a_person_lets_the_row_in);
    tcase_add_test(cases, which_failed_rows_test_answers_is_a_setting);
    tcase_add_test(cases, a_retired_row_needs_a_new_result);
    tcase_add_test(cases, a_tag_stays_where_it_is);
    tcase_add_test(cases, every_entry_leaves_once_and_checkpoints_follow);
    tcase_add_test(cases, a_trail_that_runs_full_is_cut_only_up_to_what_others_hold);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
