/* link: state base */
/* From schema to schema, with steps of the test's own. */
#include <check.h>
#include <sys/stat.h>

#include "state/store/store_faults.h"
#include "state/store/store_state.h"
#include "tests/support/temp_store.h"

static char name_memory[192];

static const char *name_in(const char *directory, const char *file)
{
    snprintf(name_memory, sizeof name_memory, "%s/%s", directory, file);
    return name_memory;
}

static uint64_t number_of(struct store *store, const char *name)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    uint64_t number = store_get_number(&txn, name);
    store_abort(&txn);
    return number;
}

static void put_number(struct store *store, const char *name, uint64_t number)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    store_put_number(&txn, name, number);
    COMMIT(&txn);
}

static void step_7(struct store_txn *txn)
{
    store_put_number(txn, "rows", store_get_number(txn, "rows") * 10);
}

static void step_8(struct store_txn *txn)
{
    store_put_number(txn, "rows", store_get_number(txn, "rows") + 1);
}

static void step_that_fails(struct store_txn *txn)
{
    store_fail(txn, STATUS_FATAL, "a row of old is not understood");
}

START_TEST(the_steps_run_in_order_and_each_says_its_schema)
{
    static const struct store_migration steps[] = {{8, step_8}, {7, step_7}, {0, NULL}};
    struct temp_store temp;
    struct store_txn txn;
    struct error error = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    put_number(temp.store, "rows", 4);
    store_begin(temp.store, true, &txn);
    store_migrate_run(&txn, steps, 7, 9, &error);
    ck_assert_uint_eq(store_get_number(&txn, "schema"), 9);
    COMMIT(&txn);
    ck_assert(!error.is_set);
    ck_assert_uint_eq(number_of(temp.store, "rows"), 41);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_step_that_fails_or_is_not_there_leaves_everything_as_it_was)
{
    static const struct store_migration steps[] = {{1, step_7}, {2, step_that_fails}, {0, NULL}};
    struct temp_store temp;
    struct store_txn txn;
    struct error error = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    put_number(temp.store, "rows", 4);
    store_begin(temp.store, true, &txn);
    store_migrate_run(&txn, steps, 1, 3, &error);
    ck_assert_int_eq(store_commit(&txn), STATUS_FATAL);
    ck_assert(!error.is_set);
    store_begin(temp.store, true, &txn);
    store_migrate_run(&txn, steps, 5, 6, &error);
    ck_assert_int_eq(store_commit(&txn), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    ck_assert_uint_eq(number_of(temp.store, "rows"), 4);
    ck_assert_uint_eq(number_of(temp.store, "schema"), SCHEMA_VERSION);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(the_backup_holds_what_was_there_and_replaces_one_of_an_attempt_before)
{
    struct temp_store temp;
    struct error error = {0};
    struct store *copy;
    char backup[96];
    temp_store_open(&temp, TEMP_MAP_BYTES);
    snprintf(backup, sizeof backup, "%s/backup-schema1", temp.path);
    for (uint64_t attempt = 1; attempt <= 2; attempt++) {
        put_number(temp.store, "rows", attempt);
        ck_assert_int_eq(store_migrate_back_up(temp.store, 1, &error), STATUS_OK);
        put_number(temp.store, "rows", 100);
        ck_assert_int_eq(store_open(backup, 0, STORE_OFFLINE, &copy, &error), STATUS_OK);
        ck_assert_uint_eq(number_of(copy, "rows"), attempt);
        store_close(copy);
    }
    ck_assert_int_ne(access(name_in(temp.path, "backup-schema1.tmp"), F_OK), 0);
    temp_directory_remove(backup);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(without_room_for_the_backup_it_is_not_migrated_and_the_missing_bytes_are_said)
{
    struct temp_store temp;
    struct error error = {0};
    struct store_faults faults = {.has_disk_free = true, .disk_free = 5000};
    char sentence[64];
    temp_store_open(&temp, TEMP_MAP_BYTES);
    temp_store_reopen(&temp, TEMP_MAP_BYTES); /* so that its pages are known */
    const struct pages_report *pages = store_pages(temp.store);
    ck_assert_uint_ge(pages->used, 2);
    store_set_faults(temp.store, &faults);
    ck_assert_int_eq(store_migrate_back_up(temp.store, 1, &error), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_TEMPORARY);
    snprintf(sentence, sizeof sentence, "%llu bytes short",
             (unsigned long long)((pages->used + 2) * pages->page_bytes - 5000));
    ck_assert_msg(strstr(error.text, sentence), "%s", error.text);
    ck_assert_int_ne(access(name_in(temp.path, "backup-schema1"), F_OK), 0);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(an_owner_migrates_behind_a_backup_that_can_be_checked)
{
    struct temp_store temp;
    struct error error = {0};
    struct store *copy;
    char backup[96];
    temp_store_open(&temp, TEMP_MAP_BYTES);
    put_number(temp.store, "schema", SCHEMA_VERSION - 1);
    put_number(temp.store, "rows", 4);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_uint_eq(number_of(temp.store, "schema"), SCHEMA_VERSION);
    snprintf(backup, sizeof backup, "%s/backup-schema%d", temp.path, SCHEMA_VERSION - 1);
    ck_assert_msg(store_open(backup, 0, STORE_OFFLINE, &copy, &error) == STATUS_OK, "%s",
                  error.text);
    ck_assert_uint_eq(number_of(copy, "schema"), SCHEMA_VERSION - 1);
    ck_assert_uint_eq(number_of(copy, "rows"), 4);
    store_close(copy);
    temp_directory_remove(backup);
    temp_store_reopen(&temp, TEMP_MAP_BYTES); /* once is enough */
    ck_assert_int_ne(access(name_in(backup, "data.mdb"), F_OK), 0);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(the_backup_knows_whose_state_it_is)
{
    struct temp_store temp;
    struct error error = {0};
    struct store_lock lock;
    struct store *copy = NULL;
    char backup[96];
    temp_store_open(&temp, TEMP_MAP_BYTES);
    put_number(temp.store, "schema", SCHEMA_VERSION - 1);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    snprintf(backup, sizeof backup, "%s/backup-schema%d", temp.path, SCHEMA_VERSION - 1);
    store_lock_peek(backup, &lock);
    ck_assert(lock.has_instance);
    ck_assert_mem_eq(lock.instance, store_instance(temp.store)->uuid, INSTANCE_UUID_SIZE);
    ck_assert_int_eq(truncate(name_in(backup, "data.mdb"), 0), 0);
    ck_assert_int_ne(store_open(backup, TEMP_MAP_BYTES, STORE_OWNER, &copy, &error), STATUS_OK);
    ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
    temp_directory_remove(backup);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_migration_is_told_before_and_after_with_the_place_of_the_copy)
{
    struct temp_store temp;
    char path[] = "/tmp/flywheel-log-XXXXXX", text[2048] = "", wanted[256];
    int log = mkstemp(path), before = dup(STDERR_FILENO);
    temp_store_open(&temp, TEMP_MAP_BYTES);
    put_number(temp.store, "schema", SCHEMA_VERSION - 1);
    put_number(temp.store, "decided_rows", 7);
    ck_assert_int_ge(dup2(log, STDERR_FILENO), 0);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    temp_store_reopen(&temp, TEMP_MAP_BYTES); /* says nothing */
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    ck_assert_int_gt(pread(log, text, sizeof text - 1, 0), 0);
    unlink(path);
    char *first = strstr(text, "event=state_migrating "),
         *then = strstr(text, "event=state_migrated ");
    ck_assert_msg(first && then && first < then, "%s", text);
    ck_assert_ptr_null(strstr(then + 1, "event=state_migrat"));
    snprintf(wanted, sizeof wanted, "from_schema=%d to_schema=%d decided_runs=7 ",
             SCHEMA_VERSION - 1, SCHEMA_VERSION);
    ck_assert_ptr_nonnull(strstr(first, wanted));
    ck_assert_ptr_nonnull(strstr(then, wanted));
    ck_assert_ptr_nonnull(strstr(then, " seconds="));
    snprintf(wanted, sizeof wanted, "backup=\"%s/backup-schema%d\"\n", temp.path,
             SCHEMA_VERSION - 1);
    ck_assert_ptr_nonnull(strstr(then, wanted));
    close(log);
    close(before);
    snprintf(wanted, sizeof wanted, "%s/backup-schema%d", temp.path, SCHEMA_VERSION - 1);
    temp_directory_remove(wanted);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("migrate");
    TCase *cases = tcase_create("migrate");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, the_steps_run_in_order_and_each_says_its_schema);
    tcase_add_test(cases, a_step_that_fails_or_is_not_there_leaves_everything_as_it_was);
    tcase_add_test(cases, the_backup_holds_what_was_there_and_replaces_one_of_an_attempt_before);
    tcase_add_test(cases,
                   without_room_for_the_backup_it_is_not_migrated_and_the_missing_bytes_are_said);
    tcase_add_test(cases, an_owner_migrates_behind_a_backup_that_can_be_checked);
    tcase_add_test(cases, the_backup_knows_whose_state_it_is);
    tcase_add_test(cases, a_migration_is_told_before_and_after_with_the_place_of_the_copy);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
