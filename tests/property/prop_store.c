/* link: state base */
/* A child commits journal, decided rows, counters, outbox and cohorts together and is killed at
 * random points, in some rounds just before or just after a commit. Whatever is found afterwards:
 *   counter == decided rows == sum of the cohort == journal entries
 * and nothing that the child had acknowledged is missing. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "state/cohorts/delta.h"
#include "state/cohorts/query.h"
#include "state/store/dictionary.h"
#include "state/store/store_faults.h"
#include "state/tables/counters.h"
#include "state/tables/decided.h"
#include "state/tables/journal.h"
#include "state/tables/outbox.h"
#include "tests/support/temp_store.h"

enum { ROUNDS = 30, SOURCE = 1 };
static const int64_t NOW_MS = 1763888400000;

struct shared {
    _Atomic uint64_t acknowledged; /* rows of commits that have returned */
};

struct state {
    struct store *store;
    struct journal *journal;
    struct decided *decided;
    struct outbox *outbox;
    struct counters *counters;
    struct cohorts *cohorts;
    struct cohort_delta *delta;
    uint64_t last_sequence;
};

static bool open_state(const char *path, struct state *state)
{
    struct error error = {0};
    *state = (struct state){.delta = cohort_delta_create()};
    return store_open(path, TEMP_MAP_BYTES, STORE_OWNER, &state->store, &error) == STATUS_OK &&
           journal_open(state->store, &state->journal) == STATUS_OK &&
           decided_open(state->store, &state->decided) == STATUS_OK &&
           outbox_open(state->store, &state->outbox) == STATUS_OK &&
           counters_open(state->store, &state->counters) == STATUS_OK &&
           cohorts_open(state->store, 100, &state->cohorts) == STATUS_OK &&
           cohort_delta_restore(state->delta, state->store, &state->last_sequence) == STATUS_OK;
}

static void close_state(struct state *state)
{
    cohort_delta_destroy(state->delta);
    cohorts_close(state->cohorts);
    counters_close(state->counters);
    outbox_close(state->outbox);
    decided_close(state->decided);
    journal_close(state->journal);
    store_close(state->store);
}

/* Commits until killed. */
static void work(const char *path, struct shared *shared, struct store_faults *faults,
                 unsigned seed)
{
    static uint8_t body[100000];
    struct state state;
    struct store_txn txn;
    struct bytes value = BYTES_LITERAL("refund");
    if (!open_state(path, &state))
        _exit(1);
    srand(seed);
    struct persistent_counter *counter = counters_get(state.counters, "decided");
    uint64_t position = counter_get(persistent_counter_value(counter));
    store_set_faults(state.store, faults);
    for (;;) {
        struct decided_row rows[8] = {0};
        struct buffer encoded[8] = {0};
        size_t count = 1 + (size_t)rand() % 8;
        store_begin(state.store, true, &txn);
        uint16_t grouping = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"));
        for (size_t i = 0; i < count; i++) {
            struct cohort_contribution c = {.event_ms = NOW_MS, .weight = 1, .group_count = 1};
            c.groups[0].grouping = grouping;
            cohort_assign(state.cohorts, &txn, grouping, &value, 1, NOW_MS, c.groups[0].hash);
            cohort_contribution_encode(&c, &encoded[i]);
            rows[i].contribution = buffer_bytes(&encoded[i]);
            journal_append(state.journal, &txn, SOURCE, position + i, &(struct journal_header){0},
                           bytes_of(body, (size_t)rand() % sizeof body));
            outbox_append(state.outbox, &txn, 0, outbox_next_sequence(state.outbox), NOW_MS,
                          bytes_of(body, 500));
        }
        if (rand() % 3 == 0)
            cohort_delta_flush(state.delta, &txn, state.last_sequence, NOW_MS);
        uint64_t sequence = decided_append(state.decided, &txn, rows, count);
        counters_add(state.counters, &txn, counter, count);
        counters_write(state.counters, &txn);
        /* A little of the front leaves again, so that pages are reused. */
        journal_trim(state.journal, &txn, SOURCE, position > 50 ? position - 50 : 0, 20);
        if (store_commit(&txn) != STATUS_OK)
            _exit(2);
        position += count;
        shared->acknowledged = position;
        state.last_sequence = sequence;
        for (size_t i = 0; i < count; i++) {
            if (cohort_delta_add_encoded(state.delta, rows[i].contribution) != STATUS_OK)
                _exit(3);
            buffer_finish(&encoded[i]);
        }
    }
}

static bool count_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    uint64_t *count = context;
    (void)sequence, (void)row;
    ++*count;
    return true;
}

struct positions {
    uint64_t first, last, count;
};

static bool count_request(void *context, uint64_t position, const struct journal_header *header,
                          struct bytes body)
{
    struct positions *positions = context;
    (void)header, (void)body;
    if (positions->count++ == 0)
        positions->first = position;
    positions->last = position;
    return true;
}

static int64_t cohort_total(struct store *store)
{
    struct cohort_result result;
    struct error error = {0};
    struct bytes dimension = BYTES_LITERAL("intent");
    int64_t total = 0;
    enum status status = cohort_query(store, &dimension, 1, NOW_MS, 0, &result, &error);
    if (status == STATUS_NOT_FOUND)
        return 0;
    ck_assert_msg(status == STATUS_OK, "%s", error.text);
    for (size_t i = 0; i < result.row_count; i++)
        total += cohort_bucket_total(&result.rows[i].sums);
    cohort_result_finish(&result);
    return total;
}

static uint64_t check(const char *path, uint64_t acknowledged)
{
    struct state state;
    struct positions positions = {0};
    uint64_t rows = 0;
    ck_assert(open_state(path, &state));
    uint64_t count = counter_get(persistent_counter_value(counters_get(state.counters, "decided")));
    ck_assert_uint_ge(count, acknowledged);
    ck_assert_int_eq(decided_load(state.store, 0, count_row, &rows), STATUS_OK);
    ck_assert_uint_eq(rows, count);
    ck_assert_uint_eq(decided_count(state.decided), count);
    ck_assert_int_eq(cohort_total(state.store), (int64_t)count);
    ck_assert_uint_eq(outbox_held(state.outbox, 0).records, count);
    ck_assert_uint_eq(outbox_next_sequence(state.outbox), count + 1);
    ck_assert_int_eq(journal_read(state.store, SOURCE, 0, count_request, &positions), STATUS_OK);
    ck_assert_uint_eq(positions.count, journal_requests(state.journal));
    if (count > 0) {
        ck_assert_uint_eq(positions.last, count - 1);
        ck_assert_uint_eq(positions.last - positions.first + 1, positions.count);
    }
    close_state(&state);
    return count;
}

struct crash {
    int commits_left;
};

static void maybe_die(void *context)
{
    struct crash *crash = context;
    if (--crash->commits_left == 0)
        kill(getpid(), SIGKILL);
}

START_TEST(a_killed_writer_leaves_counters_rows_and_cohorts_in_step)
{
    struct temp_store temp;
    const char *text = getenv("SEED");
    unsigned seed = text ? (unsigned)strtoul(text, NULL, 10) : 20261123;
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    printf("seed %u\n", seed);
    fflush(stdout);
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_close(temp.store);
    temp.store = NULL;
    uint64_t count = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct crash crash = {.commits_left = 1 + (int)(round % 7)};
        struct store_faults faults = {.context = &crash};
        faults.before_commit = round % 3 == 0 ? maybe_die : NULL;
        faults.after_commit = round % 3 == 1 ? maybe_die : NULL;
        pid_t child = fork();
        if (child == 0)
            work(temp.path, shared, &faults, seed + round);
        ck_assert_int_gt(child, 0);
        if (round % 3 == 2) {
            usleep((useconds_t)((seed + round * 7919) % 60000));
            kill(child, SIGKILL);
        }
        int status;
        waitpid(child, &status, 0);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        count = check(temp.path, shared->acknowledged);
    }
    ck_assert_uint_gt(count, ROUNDS);
    munmap(shared, sizeof *shared);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *cases = tcase_create("store");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_killed_writer_leaves_counters_rows_and_cohorts_in_step);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
