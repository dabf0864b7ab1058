/* link: state base */
/* A data.mdb that is cut, or whose bits, pages or places have changed, opened
 * in each mode by a child:
 *   it ends with 0 only when every row is what it was, else with EXIT_STATE_IO, never by a signal
 * The damages follow from a seed (SEED=...). */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "processor/base/digest.h"
#include "tests/support/temp_store.h"

enum { ROUNDS = 250, PAGE = 4096, SMALL_ROWS = 4000, LARGE_ROWS = 30 };

static struct temp_store temp;
static uint8_t *whole;
static size_t whole_size;
static uint32_t rows_digest;

static void put_number(struct store_txn *txn, enum state_table table, uint64_t number, size_t size)
{
    static uint8_t value[STORE_VALUE_BYTES_MAX];
    struct state_key key = {.size = 0};
    key_be64(&key, number);
    key_be16(&key, 0);
    for (size_t i = 0; i < size; i++)
        value[i] = (uint8_t)(number * 31 + i);
    store_put(txn, table, key_bytes(&key), bytes_of(value, size));
}

static void fill(struct store *store)
{
    struct store_txn txn;
    struct store_cursor cursor;
    for (int part = 0; part < 4; part++) {
        store_begin(store, true, &txn);
        for (uint64_t i = 0; i < SMALL_ROWS; i++)
            if (i % 4 == (uint64_t)part)
                put_number(&txn, TABLE_DECIDED, i * 2654435761u % SMALL_ROWS, 20 + i % 90);
        for (uint64_t i = 0; i < LARGE_ROWS; i++)
            put_number(&txn, TABLE_JOURNAL, i, 1000 * (i + 1) + (uint64_t)part);
        put_number(&txn, TABLE_COUNTER, 1, 8);
        COMMIT(&txn);
    }
    store_begin(store, true, &txn);
    store_cursor_begin(&txn, TABLE_JOURNAL, bytes_of("", 0), 0, &cursor);
    for (int i = 0; i < LARGE_ROWS / 2 && store_cursor_next(&cursor); i++)
        store_cursor_delete(&cursor);
    store_cursor_finish(&cursor);
    COMMIT(&txn);
}

/* Of every key and value; the transaction fails when one is not intact. */
static uint32_t digest_of(struct store *store, struct store_txn *txn)
{
    uint32_t digest = 0;
    store_begin(store, false, txn);
    for (enum state_table table = 0; table < STATE_TABLES; table++) {
        struct store_cursor cursor;
        store_cursor_begin(txn, table, bytes_of("", 0), 0, &cursor);
        while (store_cursor_next(&cursor)) {
            digest = digest_crc32c(digest, key_bytes(&cursor.key));
            digest = digest_crc32c(digest, store_cursor_value(&cursor));
        }
        store_cursor_finish(&cursor);
    }
    return digest;
}

/* In a child: what it ends with. */
static int use(enum store_mode mode)
{
    struct store *store;
    struct store_txn txn;
    struct error error = {0};
    if (store_open(temp.path, TEMP_MAP_BYTES, mode, &store, &error) != STATUS_OK)
        return error.exit_code == EXIT_STATE_IO && error.is_set ? EXIT_STATE_IO : 1;
    uint32_t digest = digest_of(store, &txn);
    if (store_commit(&txn) != STATUS_OK)
        return EXIT_STATE_IO;
    if (digest != rows_digest)
        return 2;
    for (int i = 0; i < 5 && mode == STORE_OWNER; i++) {
        store_begin(store, true, &txn);
        for (uint64_t k = 0; k < 300; k++)
            put_number(&txn, TABLE_DECIDED, k * 13 + (uint64_t)i, 50);
        if (store_commit(&txn) != STATUS_OK)
            return EXIT_STATE_IO;
    }
    store_close(store);
    return 0;
}

static void write_file(const uint8_t *data, size_t size)
{
    char name[128];
    snprintf(name, sizeof name, "%s/data.mdb", temp.path);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

static size_t some_page(void)
{
    return (size_t)rand() % (whole_size / PAGE) * PAGE;
}

/* Changes `data`; returns its new size. */
static size_t damage(uint8_t *data, const char **ret_what)
{
    uint8_t page[PAGE];
    size_t a = some_page(), b = some_page(), size = whole_size;
    switch (rand() % 7) {
    case 0:
        *ret_what = "cut";
        size = (size_t)rand() % whole_size;
        break;
    case 1:
        *ret_what = "bit of a head";
        data[a + (size_t)rand() % 16] ^= (uint8_t)(1 << rand() % 8);
        break;
    case 2:
        *ret_what = "bit";
        data[(size_t)rand() % whole_size] ^= (uint8_t)(1 << rand() % 8);
        break;
    case 3:
        *ret_what = "pages swapped";
        memcpy(page, data + a, PAGE);
        memcpy(data + a, data + b, PAGE);
        memcpy(data + b, page, PAGE);
        break;
    case 4:
        *ret_what = "page of zeros";
        memset(data + a, 0, PAGE);
        break;
    case 5:
        *ret_what = "byte among the first of a page";
        data[a + (size_t)rand() % 200] = (uint8_t)rand();
        break;
    default:
        *ret_what = "meta";
        data[(size_t)rand() % 2 * PAGE + (size_t)rand() % 152] ^= (uint8_t)(1 << rand() % 8);
    }
    return size;
}

static int end_of_child(enum store_mode mode)
{
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct rlimit no_core = {0};
        setrlimit(RLIMIT_CORE, &no_core);
        _exit(freopen("/dev/null", "w", stderr) ? use(mode) : 1);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

START_TEST(a_damaged_file_is_refused_or_read_right_and_never_a_signal)
{
    const char *text = getenv("SEED");
    unsigned seed = text ? (unsigned)strtoul(text, NULL, 10) : 20270214;
    struct store_txn txn;
    struct stat file;
    char name[128];
    int counts[3] = {0};
    printf("seed %u\n", seed);
    fflush(stdout);
    srand(seed);
    temp_store_open(&temp, TEMP_MAP_BYTES);
    fill(temp.store);
    rows_digest = digest_of(temp.store, &txn);
    COMMIT(&txn);
    store_close(temp.store);
    temp.store = NULL;
    snprintf(name, sizeof name, "%s/data.mdb", temp.path);
    int fd = open(name, O_RDONLY);
    ck_assert_int_eq(fstat(fd, &file), 0);
    whole_size = (size_t)file.st_size;
    whole = malloc(whole_size);
    uint8_t *data = malloc(whole_size);
    ck_assert_int_eq(read(fd, whole, whole_size), (ssize_t)whole_size);
    close(fd);
    for (enum store_mode mode = STORE_OWNER; mode <= STORE_OFFLINE; mode++) {
        write_file(whole, whole_size);
        ck_assert_int_eq(end_of_child(mode), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        const char *what = "";
        memcpy(data, whole, whole_size);
        size_t size = damage(data, &what);
        for (enum store_mode mode = STORE_OWNER; mode <= STORE_OFFLINE; mode++) {
            write_file(data, size);
            int end = end_of_child(mode);
            ck_assert_msg(end == 0 || end == EXIT_STATE_IO, "round %d, %s, mode %d: %d", round,
                          what, (int)mode, end);
            counts[end == 0 ? 0 : 1]++;
        }
    }
    printf("%d unharmed, %d refused\n", counts[0], counts[1]);
    ck_assert_int_gt(counts[0], ROUNDS / 10);
    ck_assert_int_gt(counts[1], ROUNDS);
    free(data);
    free(whole);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damaged file");
    TCase *cases = tcase_create("damaged file");
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, a_damaged_file_is_refused_or_read_right_and_never_a_signal);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
