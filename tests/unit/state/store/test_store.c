/* link: state base */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "state/store/store_faults.h"
#include "tests/support/temp_store.h"

static void put_text(struct store_txn *txn, const char *key, const char *value)
{
    store_put(txn, TABLE_META, bytes_of_text(key), bytes_of_text(value));
}

static bool has_text(struct store *store, const char *key, const char *value)
{
    struct store_txn txn;
    struct bytes found = {0};
    store_begin(store, false, &txn);
    bool is_same =
        store_get(&txn, TABLE_META, bytes_of_text(key), &found) && bytes_equal_text(found, value);
    store_abort(&txn);
    return is_same;
}

START_TEST(what_is_committed_is_there_after_a_reopen_and_what_is_aborted_is_not)
{
    struct temp_store temp;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "one");
    COMMIT(&txn);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "two");
    store_abort(&txn);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert(has_text(temp.store, "a", "one"));
    temp_store_finish(&temp);
}
END_TEST

START_TEST(the_first_failure_stays_and_later_calls_do_nothing)
{
    struct temp_store temp;
    struct store_txn txn;
    struct bytes value;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    struct store_faults faults = {.writes_until_failure = 2, .write_error = ENOSPC};
    store_set_faults(temp.store, &faults);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "1");
    put_text(&txn, "b", "2");
    put_text(&txn, "c", "3");
    ck_assert(!store_get(&txn, TABLE_META, BYTES_LITERAL("a"), &value));
    store_fail(&txn, STATUS_FATAL, "a later failure");
    ck_assert_int_eq(store_commit(&txn), STATUS_BUSY);
    ck_assert_ptr_nonnull(strstr(txn.reason, "meta"));
    ck_assert(!has_text(temp.store, "a", "1"));
    ck_assert(!has_text(temp.store, "c", "3"));
    temp_store_finish(&temp);
}
END_TEST

START_TEST(an_io_error_of_a_commit_is_fatal_and_a_full_disk_is_not)
{
    struct temp_store temp;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    struct store_faults faults = {.commit_error = EIO};
    store_set_faults(temp.store, &faults);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "1");
    ck_assert_int_eq(store_commit(&txn), STATUS_FATAL);
    faults.commit_error = ENOSPC;
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "1");
    ck_assert_int_eq(store_commit(&txn), STATUS_BUSY);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "1");
    COMMIT(&txn);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_file_at_the_limit_of_the_process_is_like_a_full_disk)
{
    struct temp_store temp;
    struct store_txn txn;
    char text[60000];
    struct rlimit before, limit;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 300001; /* ends within a page: LMDB calls a write that is cut short EIO */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    for (int i = 0; i < 3; i++) {
        store_begin(temp.store, true, &txn);
        for (char key[2] = "a"; key[0] < 'k'; key[0]++)
            put_text(&txn, key, text);
        ck_assert_int_eq(store_commit(&txn), STATUS_BUSY);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", text);
    COMMIT(&txn);
    ck_assert(has_text(temp.store, "a", text));
    temp_store_finish(&temp);
}
END_TEST

struct ends {
    int committed, aborted;
};

static void count_end(void *context, bool is_committed)
{
    struct ends *ends = context;
    ends->committed += is_committed;
    ends->aborted += !is_committed;
}

START_TEST(hooks_run_once_and_know_how_the_transaction_ended)
{
    struct temp_store temp;
    struct store_txn txn;
    struct ends ends = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    store_on_end(&txn, count_end, &ends);
    store_on_end(&txn, count_end, &ends);
    COMMIT(&txn);
    store_abort(&txn);
    ck_assert_int_eq(ends.committed, 1);
    ck_assert_int_eq(ends.aborted, 0);
    store_begin(temp.store, true, &txn);
    store_on_end(&txn, count_end, &ends);
    store_fail(&txn, STATUS_BUSY, "no");
    ck_assert_int_eq(store_commit(&txn), STATUS_BUSY);
    ck_assert_int_eq(ends.aborted, 1);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_cursor_stays_in_its_prefix_and_survives_deletes_and_puts)
{
    struct temp_store temp;
    struct store_txn txn;
    struct store_cursor cursor;
    char key[16];
    int seen = 0;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "%c%05d", 'a' + i % 3, i);
        put_text(&txn, key, "value");
    }
    store_cursor_begin(&txn, TABLE_META, BYTES_LITERAL("b"), 1, &cursor);
    while (store_cursor_next(&cursor)) {
        ck_assert(bytes_equal_text(store_cursor_value(&cursor), "value"));
        ck_assert_uint_eq(cursor.key.data[0], 'b');
        if (seen++ % 2 == 0)
            store_cursor_delete(&cursor);
        snprintf(key, sizeof key, "a%05d+", seen);
        put_text(&txn, key, "between");
    }
    store_cursor_finish(&cursor);
    ck_assert_int_eq(seen, 1000);
    COMMIT(&txn);
    seen = 0;
    store_begin(temp.store, false, &txn);
    store_cursor_begin(&txn, TABLE_META, BYTES_LITERAL("b"), 1, &cursor);
    while (store_cursor_next(&cursor))
        seen++;
    store_cursor_finish(&cursor);
    ck_assert_int_eq(seen, 500);
    struct state_key last = {.size = 0};
    ck_assert(store_last_key(&txn, TABLE_META, BYTES_LITERAL("c"), &last));
    ck_assert(bytes_equal_text(key_bytes(&last), "c02999"));
    ck_assert(store_last_key(&txn, TABLE_META, BYTES_LITERAL("schema"), &last));
    ck_assert(!store_last_key(&txn, TABLE_META, BYTES_LITERAL("zz"), &last));
    ck_assert(!store_last_key(&txn, TABLE_AUDIT, BYTES_LITERAL(""), &last));
    COMMIT(&txn);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_second_owner_is_told_who_has_the_directory)
{
    struct temp_store temp;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    pid_t owner = getpid(), child = fork();
    if (child == 0) {
        struct store *store;
        struct error error = {0};
        char expected[64];
        snprintf(expected, sizeof expected, "in use by pid %d", (int)owner);
        bool is_right = store_open(temp.path, 0, STORE_OWNER, &store, &error) == STATUS_FATAL &&
                        error.exit_code == EXIT_TEMPORARY && strstr(error.text, expected);
        _exit(is_right ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_reader_sees_commits_of_a_running_owner)
{
    struct temp_store temp;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "one");
    COMMIT(&txn);
    pid_t child = fork();
    if (child == 0) {
        struct store *store;
        struct error error = {0};
        bool is_right = store_open(temp.path, 0, STORE_READER, &store, &error) == STATUS_OK &&
                        has_text(store, "a", "one");
        _exit(is_right ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(files_are_private_and_an_absent_state_is_said_so)
{
    struct temp_store temp;
    struct stat file;
    char name[128];
    struct store *store;
    struct error error = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    snprintf(name, sizeof name, "%s/data.mdb", temp.path);
    ck_assert_int_eq(stat(name, &file), 0);
    ck_assert_int_eq(file.st_mode & 0777, 0600);
    snprintf(name, sizeof name, "%s/none", temp.path);
    ck_assert_int_eq(store_open(name, 0, STORE_READER, &store, &error), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
    ck_assert_ptr_nonnull(strstr(error.text, "no state here"));
    temp_store_finish(&temp);
}
END_TEST

/* Opening a FIFO would wait for who writes to it, and for ever. */
START_TEST(what_is_no_file_in_its_place_is_refused_at_once)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    for (int i = 0; i < 2; i++) {
        struct temp_store temp;
        char name[128];
        struct store *store;
        struct error error = {0};
        temp_store_open(&temp, TEMP_MAP_BYTES);
        store_close(temp.store);
        snprintf(name, sizeof name, "%s/%s", temp.path, names[i]);
        ck_assert_int_eq(unlink(name), 0);
        ck_assert_int_eq(mkfifo(name, 0600), 0);
        ck_assert_int_eq(store_open(temp.path, 0, STORE_OWNER, &store, &error), STATUS_FATAL);
        ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
        ck_assert_ptr_nonnull(strstr(error.text, "regular files"));
        temp.store = NULL;
        temp_store_finish(&temp);
    }
}
END_TEST

START_TEST(a_newer_schema_is_refused_and_left_alone)
{
    struct temp_store temp;
    struct store_txn txn;
    struct store *store;
    struct error error = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    store_put_number(&txn, "schema", SCHEMA_VERSION + 1);
    COMMIT(&txn);
    store_close(temp.store);
    temp.store = NULL;
    for (enum store_mode mode = STORE_OWNER; mode <= STORE_OFFLINE; mode++) {
        error = (struct error){0};
        ck_assert_int_eq(store_open(temp.path, 0, mode, &store, &error), STATUS_FATAL);
        ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    }
    temp_store_finish(&temp);
}
END_TEST

START_TEST(an_older_schema_is_brought_up_by_its_owner)
{
    struct temp_store temp;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    store_put_number(&txn, "schema", 1);
    COMMIT(&txn);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, false, &txn);
    ck_assert_uint_eq(store_get_number(&txn, "schema"), SCHEMA_VERSION);
    store_abort(&txn);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(the_instance_keeps_its_id)
{
    struct temp_store temp;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    struct schema_instance first = *store_instance(temp.store);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_mem_eq(first.uuid, store_instance(temp.store)->uuid, INSTANCE_UUID_SIZE);
    ck_assert_int_eq(first.created_ms, store_instance(temp.store)->created_ms);
    temp_store_finish(&temp);
}
END_TEST

static void fill(struct store *store, uint64_t *sequence, enum status *ret_status)
{
    static uint8_t value[40000];
    struct store_txn txn;
    struct state_key key = {.size = 0};
    store_begin(store, true, &txn);
    key_be64(&key, (*sequence)++);
    key_be16(&key, 0);
    store_append(&txn, TABLE_AUDIT, key_bytes(&key), bytes_of(value, sizeof value),
                 bytes_of("", 0));
    *ret_status = store_commit(&txn);
}

START_TEST(a_full_map_says_busy_and_takes_writes_again_after_deletes)
{
    struct temp_store temp;
    struct store_txn txn;
    struct store_cursor cursor;
    uint64_t sequence = 0;
    enum status status = STATUS_OK;
    temp_store_open(&temp, 4 << 20);
    while (status == STATUS_OK)
        fill(temp.store, &sequence, &status);
    ck_assert_int_eq(status, STATUS_BUSY);
    ck_assert_uint_gt(sequence, 40);
    ck_assert(store_used_ratio(temp.store) > 0.8);
    for (int round = 0; round < 3; round++) { /* deletes free pages two commits later */
        int rows = 0;
        store_begin(temp.store, true, &txn);
        store_cursor_begin(&txn, TABLE_AUDIT, bytes_of("", 0), 0, &cursor);
        while (rows++ < 15 && store_cursor_next(&cursor))
            store_cursor_delete(&cursor);
        store_cursor_finish(&cursor);
        COMMIT(&txn);
    }
    ck_assert(store_used_ratio(temp.store) < 0.6);
    fill(temp.store, &sequence, &status);
    ck_assert_int_eq(status, STATUS_OK);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_flipped_bit_of_a_value_is_found)
{
    struct temp_store temp;
    struct store_txn txn;
    struct bytes value;
    char name[128];
    static uint8_t file[1 << 20];
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "key-of-it", "a value that nobody else has");
    COMMIT(&txn);
    store_close(temp.store);
    temp.store = NULL;
    snprintf(name, sizeof name, "%s/data.mdb", temp.path);
    int fd = open(name, O_RDWR);
    ssize_t size = read(fd, file, sizeof file);
    ck_assert_int_gt(size, 0);
    int flipped = 0;
    for (uint8_t *at = file; at && at < file + size;) {
        at = memmem(at, (size_t)(file + size - at), "nobody else", 11);
        if (!at)
            break;
        *at ^= 0x20;
        flipped++;
        ck_assert_int_eq(pwrite(fd, at, 1, at - file), 1);
        at++;
    }
    close(fd);
    ck_assert_int_gt(flipped, 0);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, false, &txn);
    ck_assert(!store_get(&txn, TABLE_META, BYTES_LITERAL("key-of-it"), &value));
    ck_assert_int_eq(store_commit(&txn), STATUS_FATAL);
    ck_assert_ptr_nonnull(strstr(txn.reason, "CRC"));
    temp_store_finish(&temp);
}
END_TEST

static bool holds(const char *directory, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    int fd = open(path, O_RDONLY);
    struct stat file;
    ck_assert(fd >= 0 && fstat(fd, &file) == 0);
    void *data = malloc((size_t)file.st_size);
    ck_assert_int_eq(read(fd, data, (size_t)file.st_size), file.st_size);
    bool is_there = memmem(data, (size_t)file.st_size, text, strlen(text)) != NULL;
    free(data);
    close(fd);
    return is_there;
}

/* LMDB takes pages of one transaction again in it, uncleaned: behind a shorter value, which has a page of
 * its own, stands what was there before; nodes that are deleted leave their bytes in the page. */
START_TEST(what_was_deleted_is_nowhere_in_a_copy)
{
    struct temp_store temp;
    struct store_txn txn;
    struct error error = {0};
    char name[128], key[24], text[3500];
    temp_store_open(&temp, TEMP_MAP_BYTES);
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 0;
    memcpy(text + 3300, "a secret", 8);
    for (int round = 0; round < 3; round++) {
        store_begin(temp.store, true, &txn);
        for (int i = 0; i < 20; i++) {
            snprintf(key, sizeof key, "large%d", i);
            put_text(&txn, key, text);
            snprintf(key, sizeof key, "small%d", i);
            put_text(&txn, key, "another secret");
        }
        for (int i = 0; i < 20; i++) {
            snprintf(key, sizeof key, "large%d", i);
            store_delete(&txn, TABLE_META, bytes_of_text(key));
            snprintf(key, sizeof key, "small%d", i);
            store_delete(&txn, TABLE_META, bytes_of_text(key));
        }
        text[2500] = 0;
        for (int i = 0; i < 10; i++) {
            snprintf(key, sizeof key, "kept%d", i);
            put_text(&txn, key, text);
        }
        text[2500] = 'a';
        COMMIT(&txn);
    }
    ck_assert(holds(temp.path, "a secret") && holds(temp.path, "another secret"));
    snprintf(name, sizeof name, "%s-copy", temp.path);
    ck_assert_int_eq(store_copy(temp.store, name, &error), STATUS_OK);
    ck_assert(!holds(name, "secret"));
    store_close(temp.store);
    temp.store = NULL;
    ck_assert_int_eq(store_open(name, 0, STORE_OWNER, &temp.store, &error), STATUS_OK);
    text[2500] = 0;
    ck_assert(has_text(temp.store, "kept9", text));
    store_close(temp.store);
    temp.store = NULL;
    temp_directory_remove(name);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_copy_holds_the_same)
{
    struct temp_store temp;
    struct store_txn txn;
    struct error error = {0};
    char name[128];
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    put_text(&txn, "a", "one");
    COMMIT(&txn);
    snprintf(name, sizeof name, "%s-copy", temp.path);
    ck_assert_int_eq(store_copy(temp.store, name, &error), STATUS_OK);
    char file_name[160];
    struct stat file;
    snprintf(file_name, sizeof file_name, "%s/data.mdb", name);
    ck_assert_int_eq(stat(file_name, &file), 0);
    ck_assert_int_eq(file.st_mode & 0777, 0600);
    ck_assert_int_eq(store_copy(temp.store, name, &error), STATUS_FATAL); /* nothing is replaced */
    ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
    error = (struct error){0};
    store_close(temp.store);
    temp.store = NULL;
    ck_assert_int_eq(store_open(name, 0, STORE_OWNER, &temp.store, &error), STATUS_OK);
    ck_assert(has_text(temp.store, "a", "one"));
    store_close(temp.store);
    temp.store = NULL;
    temp_directory_remove(name);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *cases = tcase_create("store");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, what_is_committed_is_there_after_a_reopen_and_what_is_aborted_is_not);
    tcase_add_test(cases, the_first_failure_stays_and_later_calls_do_nothing);
    tcase_add_test(cases, an_io_error_of_a_commit_is_fatal_and_a_full_disk_is_not);
    tcase_add_test(cases, a_file_at_the_limit_of_the_process_is_like_a_full_disk);
    tcase_add_test(cases, hooks_run_once_and_know_how_the_transaction_ended);
    tcase_add_test(cases, a_cursor_stays_in_its_prefix_and_survives_deletes_and_puts);
    tcase_add_test(cases, a_second_owner_is_told_who_has_the_directory);
    tcase_add_test(cases, a_reader_sees_commits_of_a_running_owner);
    tcase_add_test(cases, files_are_private_and_an_absent_state_is_said_so);
    tcase_add_test(cases, what_is_no_file_in_its_place_is_refused_at_once);
    tcase_add_test(cases, a_newer_schema_is_refused_and_left_alone);
    tcase_add_test(cases, an_older_schema_is_brought_up_by_its_owner);
    tcase_add_test(cases, the_instance_keeps_its_id);
    tcase_add_test(cases, a_full_map_says_busy_and_takes_writes_again_after_deletes);
    tcase_add_test(cases, a_flipped_bit_of_a_value_is_found);
    tcase_add_test(cases, what_was_deleted_is_nowhere_in_a_copy);
    tcase_add_test(cases, a_copy_holds_the_same);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
