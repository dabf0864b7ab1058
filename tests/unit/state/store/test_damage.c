/* link: state base */
/* What a data directory may be found as, case by case; tests/property/prop_damaged_file.c draws
 * damages of the file by chance. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/support/temp_store.h"

enum { PAGE = 4096 };

static char name_memory[192];

static const char *name_in(const char *directory, const char *file)
{
    snprintf(name_memory, sizeof name_memory, "%s/%s", directory, file);
    return name_memory;
}

static void put_text(struct store *store, const char *key, const char *value)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    store_put(&txn, TABLE_META, bytes_of_text(key), bytes_of_text(value));
    COMMIT(&txn);
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

static void open_filled(struct temp_store *temp)
{
    char key[16];
    struct store_txn txn;
    temp_store_open(temp, TEMP_MAP_BYTES);
    store_begin(temp->store, true, &txn);
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "k%05d", i);
        store_put(&txn, TABLE_META, bytes_of_text(key), bytes_of_text("value"));
    }
    COMMIT(&txn);
}

static void close_of(struct temp_store *temp)
{
    store_close(temp->store);
    temp->store = NULL;
}

static void refuses(struct temp_store *temp, enum store_mode mode, const char *sentence)
{
    struct store *store;
    struct error error = {0};
    ck_assert_int_eq(store_open(temp->path, TEMP_MAP_BYTES, mode, &store, &error), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
    ck_assert_msg(strstr(error.text, sentence), "%s", error.text);
}

static void opens(struct temp_store *temp, enum store_mode mode)
{
    struct store *store;
    struct error error = {0};
    ck_assert_msg(store_open(temp->path, TEMP_MAP_BYTES, mode, &store, &error) == STATUS_OK, "%s",
                  error.text);
    store_close(store);
}

START_TEST(a_directory_that_lost_its_file_does_not_start_as_new)
{
    struct temp_store temp;
    open_filled(&temp);
    close_of(&temp);
    ck_assert_int_eq(truncate(name_in(temp.path, "data.mdb"), 0), 0);
    for (enum store_mode mode = STORE_OWNER; mode <= STORE_OFFLINE; mode++)
        refuses(&temp, mode, "data.mdb is empty, but owner.lock says that there was a state");
    ck_assert_int_eq(unlink(name_in(temp.path, "data.mdb")), 0);
    for (enum store_mode mode = STORE_OWNER; mode <= STORE_READER; mode++)
        refuses(&temp, mode, "data.mdb is missing, but owner.lock says that there was a state");
    ck_assert_int_ne(access(name_in(temp.path, "data.mdb"), F_OK), 0);
    ck_assert_int_eq(unlink(name_in(temp.path, "owner.lock")), 0);
    opens(&temp, STORE_OWNER); /* as the sentence says */
    temp_store_finish(&temp);
}
END_TEST

START_TEST(the_file_of_another_instance_is_refused)
{
    struct temp_store temp, other;
    char from[192];
    open_filled(&temp);
    open_filled(&other);
    close_of(&temp);
    close_of(&other);
    snprintf(from, sizeof from, "%s/data.mdb", other.path);
    ck_assert_int_eq(rename(from, name_in(temp.path, "data.mdb")), 0);
    for (enum store_mode mode = STORE_OWNER; mode <= STORE_OFFLINE; mode++)
        refuses(&temp, mode, "of another instance");
    ck_assert_int_eq(unlink(name_in(temp.path, "owner.lock")), 0);
    opens(&temp, STORE_OWNER);
    temp_store_finish(&temp);
    temp_store_finish(&other);
}
END_TEST

START_TEST(a_directory_without_an_id_in_its_lock_opens_and_gets_one)
{
    struct temp_store temp;
    char text[64] = "";
    open_filled(&temp);
    close_of(&temp);
    int fd = open(name_in(temp.path, "owner.lock"), O_WRONLY | O_TRUNC);
    ck_assert_int_eq(write(fd, "4711\n", 5), 5); /* as it was written once */
    close(fd);
    opens(&temp, STORE_OWNER);
    fd = open(name_in(temp.path, "owner.lock"), O_RDONLY);
    ck_assert_int_eq(read(fd, text, sizeof text - 1), 44);
    close(fd);
    ck_assert_int_eq(strncmp(text, "0         \n", 11), 0);
    ck_assert_int_eq(truncate(name_in(temp.path, "data.mdb"), 0), 0);
    refuses(&temp, STORE_OWNER, "empty");
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_file_that_was_only_just_made_is_begun_again_and_one_that_was_used_is_not)
{
    struct temp_store temp = {.path = "/tmp/flywheel-test-XXXXXX"};
    static const uint8_t zeros[2 * PAGE];
    ck_assert_ptr_nonnull(mkdtemp(temp.path));
    for (int pages = 0; pages <= 2; pages++) { /* what a power cut leaves of the first moment */
        int fd = open(name_in(temp.path, "data.mdb"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ck_assert_int_eq(write(fd, zeros, (size_t)pages * PAGE), pages * PAGE);
        close(fd);
        unlink(name_in(temp.path, "owner.lock"));
        if (pages > 0)
            refuses(&temp, STORE_READER, "page 0");
        opens(&temp, STORE_OWNER);
    }
    unlink(name_in(temp.path, "owner.lock"));
    ck_assert_int_eq(truncate(name_in(temp.path, "data.mdb"), 2 * PAGE), 0);
    refuses(&temp, STORE_OWNER, "is not in the file");
    ck_assert_int_eq(truncate(name_in(temp.path, "data.mdb"), 100), 0);
    refuses(&temp, STORE_OWNER, "page 0 is not in the file");
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_cut_file_is_refused_by_the_first_page_that_is_missing)
{
    struct temp_store temp;
    struct stat file;
    open_filled(&temp);
    close_of(&temp);
    ck_assert_int_eq(stat(name_in(temp.path, "data.mdb"), &file), 0);
    for (off_t size = file.st_size; size > 0; size -= size > 3 * PAGE ? 5 * PAGE / 2 : 1777) {
        ck_assert_int_eq(truncate(name_in(temp.path, "data.mdb"), size), 0);
        for (enum store_mode mode = STORE_OWNER; size < file.st_size && mode <= STORE_OFFLINE;
             mode++)
            refuses(&temp, mode, "is not in the file");
    }
    temp_store_finish(&temp);
}
END_TEST

/* The end of a child that runs `use` with stderr in `text`. */
static int end_of(void (*use)(struct temp_store *temp), struct temp_store *temp, char text[1024])
{
    int pipe_[2], status;
    ck_assert_int_eq(pipe(pipe_), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit no_core = {0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(pipe_[1], STDERR_FILENO);
        use(temp);
        _exit(1);
    }
    close(pipe_[1]);
    ssize_t size = read(pipe_[0], text, 1023);
    text[size > 0 ? size : 0] = 0;
    close(pipe_[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void cut_and_read(struct temp_store *temp)
{
    struct store *store;
    struct error error = {0};
    if (store_open(temp->path, 0, STORE_READER, &store, &error) != STATUS_OK ||
        truncate(name_in(temp->path, "data.mdb"), 2 * PAGE) != 0)
        _exit(2);
    (void)has_text(store, "k00001", "value");
}

START_TEST(a_file_that_is_cut_under_a_reader_ends_it_with_one_line_and_74)
{
    struct temp_store temp;
    char text[1024];
    open_filled(&temp);
    close_of(&temp);
    ck_assert_int_eq(end_of(cut_and_read, &temp, text), EXIT_STATE_IO);
    ck_assert_msg(strstr(text, "data.mdb: page ") && strstr(text, temp.path) &&
                      strchr(text, '\n') == text + strlen(text) - 1,
                  "%s", text);
    temp_store_finish(&temp);
}
END_TEST

static void cut_and_write(struct temp_store *temp)
{
    temp_store_reopen(temp, TEMP_MAP_BYTES);
    if (truncate(name_in(temp->path, "data.mdb"), 2 * PAGE) != 0)
        _exit(2);
    put_text(temp->store, "k00001", "other");
}

START_TEST(a_file_that_is_cut_under_its_owner_ends_it_with_74)
{
    struct temp_store temp;
    char text[1024];
    open_filled(&temp);
    close_of(&temp);
    ck_assert_int_eq(end_of(cut_and_write, &temp, text), EXIT_STATE_IO);
    temp_store_finish(&temp);
}
END_TEST

static void fault_elsewhere(struct temp_store *temp)
{
    temp_store_reopen(temp, TEMP_MAP_BYTES);
    volatile int *nowhere = (volatile int *)(uintptr_t)16;
    *nowhere = 1;
}

START_TEST(a_fault_that_is_not_of_the_map_stays_a_fault)
{
    struct temp_store temp;
    char text[1024];
    open_filled(&temp);
    close_of(&temp);
    ck_assert_int_ne(end_of(fault_elsewhere, &temp, text), EXIT_STATE_IO);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_backup_is_opened_offline_and_as_owner_though_it_has_no_lock_file)
{
    struct temp_store temp, copy;
    struct error error = {0};
    open_filled(&temp);
    copy = temp;
    strcat(copy.path, "-b");
    ck_assert_int_eq(store_copy(temp.store, copy.path, &error), STATUS_OK);
    opens(&copy, STORE_OFFLINE);
    opens(&copy, STORE_READER);
    opens(&copy, STORE_OWNER);
    temp_directory_remove(copy.path);
    ck_assert_int_eq(mkdir(copy.path, 0700), 0);
    refuses(&copy, STORE_OFFLINE, "there is no state here");
    ck_assert_int_ne(access(name_in(copy.path, "owner.lock"), F_OK), 0);
    rmdir(copy.path);
    temp_store_finish(&temp);
}
END_TEST

/* Rows come, grow and go, until the parent ends it. */
static _Noreturn void write_on(struct temp_store *temp)
{
    static uint8_t value[30000];
    temp_store_reopen(temp, TEMP_MAP_BYTES);
    for (unsigned i = 0;; i++) {
        struct store_txn txn;
        char key[16];
        store_begin(temp->store, true, &txn);
        for (unsigned k = 0; k < 20; k++) {
            snprintf(key, sizeof key, "k%05u", (i * 37 + k * 101) % 2000);
            if ((i + k) % 3 == 0)
                store_delete(&txn, TABLE_META, bytes_of_text(key));
            else
                store_put(&txn, TABLE_META, bytes_of_text(key),
                          bytes_of(value, 10 + (i * 977 + k * 3001) % (k == 0 ? 29000 : 300)));
        }
        if (store_commit(&txn) != STATUS_OK)
            _exit(1);
    }
}

START_TEST(a_reader_finds_nothing_wrong_while_the_owner_writes)
{
    struct temp_store temp;
    int status;
    open_filled(&temp);
    close_of(&temp);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        write_on(&temp);
    for (int i = 0; i < 300; i++)
        opens(&temp, STORE_READER);
    ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0); /* It still writes. */
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    opens(&temp, STORE_OFFLINE);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(no_copy_is_made_of_a_damaged_file)
{
    struct temp_store temp;
    struct error error = {0};
    char copy[96];
    open_filled(&temp);
    int fd = open(name_in(temp.path, "data.mdb"), O_RDWR);
    static uint8_t zeros[PAGE];
    struct stat file;
    ck_assert_int_eq(fstat(fd, &file), 0);
    for (off_t at = 2 * PAGE; at < file.st_size; at += PAGE)
        ck_assert_int_eq(pwrite(fd, zeros, PAGE, at), PAGE);
    close(fd);
    snprintf(copy, sizeof copy, "%s-b", temp.path);
    ck_assert_int_eq(store_copy(temp.store, copy, &error), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
    ck_assert_int_ne(access(name_in(copy, "data.mdb"), F_OK), 0);
    temp_directory_remove(copy);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damage");
    TCase *cases = tcase_create("damage");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_directory_that_lost_its_file_does_not_start_as_new);
    tcase_add_test(cases, the_file_of_another_instance_is_refused);
    tcase_add_test(cases, a_directory_without_an_id_in_its_lock_opens_and_gets_one);
    tcase_add_test(cases,
                   a_file_that_was_only_just_made_is_begun_again_and_one_that_was_used_is_not);
    tcase_add_test(cases, a_cut_file_is_refused_by_the_first_page_that_is_missing);
    tcase_add_test(cases, a_file_that_is_cut_under_a_reader_ends_it_with_one_line_and_74);
    tcase_add_test(cases, a_file_that_is_cut_under_its_owner_ends_it_with_74);
    tcase_add_test(cases, a_fault_that_is_not_of_the_map_stays_a_fault);
    tcase_add_test(cases, a_backup_is_opened_offline_and_as_owner_though_it_has_no_lock_file);
    tcase_add_test(cases, a_reader_finds_nothing_wrong_while_the_owner_writes);
    tcase_add_test(cases, no_copy_is_made_of_a_damaged_file);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
