/* link: receive otlp base */
/* The pool of requests: who holds them, what they weigh, and how spans are chained by shard. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "processor/receive/request.h"

START_TEST(a_request_returns_to_its_pool_with_the_last_hold)
{
    struct request_pool *pool = request_pool_create(1);
    struct request *request = request_take(pool);
    request_hold(request);
    request_release(request);
    struct request *other = request_take(pool);
    ck_assert_ptr_ne(request, other);
    request_release(request);
    ck_assert_ptr_eq(request_take(pool), request);
    request_release(request);
    request_release(other); /* above `keep`: freed */
    request_pool_destroy(pool);
}
END_TEST

START_TEST(a_request_comes_out_of_the_pool_empty_and_warm)
{
    struct request_pool *pool = request_pool_create(4);
    struct request *request = request_take(pool);
    buffer_append_text(&request->received, "body");
    buffer_append_text(&request->inflated, "inflated body");
    request->encoding = REQUEST_GZIP;
    request->position = 7;
    request->is_replayed = true;
    request->call = pool;
    request->shard_first[3] = 0;
    const uint8_t *memory = request->received.data;
    request_release(request);
    request = request_take(pool);
    ck_assert_ptr_eq(request->received.data, memory);
    ck_assert_uint_eq(request->received.size, 0);
    ck_assert_uint_eq(request->inflated.size, 0);
    ck_assert_int_eq(request->encoding, REQUEST_IDENTITY);
    ck_assert_uint_eq(request->position, 0);
    ck_assert(!request->is_replayed);
    ck_assert_ptr_null(request->call);
    ck_assert_uint_eq(request->shard_first[3], UINT32_MAX);
    ck_assert_uint_eq(request->gated.span_count, 0);
    request_release(request);
    request_pool_destroy(pool);
}
END_TEST

START_TEST(a_buffer_that_has_grown_large_is_given_back)
{
    struct request_pool *pool = request_pool_create(4);
    struct request *request = request_take(pool);
    ck_assert(buffer_reserve(&request->received, 9 * 1024 * 1024));
    ck_assert(buffer_reserve(&request->inflated, 1024));
    ck_assert_ptr_nonnull(arena_alloc(&request->arena, 9 * 1024 * 1024));
    request_release(request);
    request = request_take(pool);
    ck_assert_uint_eq(request->received.capacity, 0);
    ck_assert_uint_ge(request->inflated.capacity, 1024);
    ck_assert_ptr_null(request->arena.first);
    request_release(request);
    request_pool_destroy(pool);
}
END_TEST

/* Each stays below what one may keep; all together would keep 40 MB. */
START_TEST(idle_requests_together_keep_little_and_at_rest_nothing)
{
    enum { COUNT = 50, BODY = 800 * 1000 };
    struct request_pool *pool = request_pool_create(COUNT);
    struct request *requests[COUNT];
    size_t warm = 0;
    for (int i = 0; i < COUNT; i++) {
        requests[i] = request_take(pool);
        ck_assert(buffer_reserve(&requests[i]->received, BODY));
    }
    for (int i = 0; i < COUNT; i++)
        request_release(requests[i]);
    for (int i = 0; i < COUNT; i++) {
        requests[i] = request_take(pool);
        warm += requests[i]->received.capacity;
    }
    ck_assert_uint_gt(warm, BODY);
    ck_assert_uint_le(warm, 8 * 1024 * 1024);
    for (int i = 0; i < COUNT; i++)
        request_release(requests[i]);
    request_pool_rest(pool);
    requests[0] = request_take(pool);
    ck_assert_uint_eq(requests[0]->received.capacity, 0);
    request_release(requests[0]);
    request_pool_destroy(pool);
}
END_TEST

START_TEST(held_bytes_are_those_of_live_requests)
{
    struct request_pool *pool = request_pool_create(4);
    ck_assert_uint_eq(request_pool_held_bytes(pool), 0);
    struct request *request = request_take(pool);
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&request->received, "0123456789");
    request_account(request);
    ck_assert_uint_eq(request->held_bytes, sizeof *request + 10000);
    ck_assert_uint_eq(request_pool_held_bytes(pool), sizeof *request + 10000);
    buffer_clear(&request->received);
    request_account(request); /* again: it replaces, and may shrink */
    ck_assert_uint_eq(request_pool_held_bytes(pool), sizeof *request);
    request_release(request);
    ck_assert_uint_eq(request_pool_held_bytes(pool), 0);
    request_pool_destroy(pool);
}
END_TEST

static struct request *queued(struct request_pool *pool)
{
    struct request *request = request_take(pool);
    buffer_append_text(&request->received, "body");
    request_account(request);
    request_enqueue(request);
    return request;
}

static void *wait_for_room(void *pool)
{
    request_pool_wait(pool, 1);
    return NULL;
}

START_TEST(who_waits_for_less_in_the_queues_goes_on_with_the_last_release)
{
    struct request_pool *pool = request_pool_create(4);
    request_pool_wait(pool, 1); /* nothing is queued */
    struct request *request = queued(pool);
    request_pool_wait(pool, request_pool_queued_bytes(pool) + 1);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_room, pool), 0);
    request_release(request);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(request_pool_queued_bytes(pool), 0);
    request_pool_destroy(pool);
}
END_TEST

START_TEST(nobody_waits_at_a_pool_that_is_closed)
{
    struct request_pool *pool = request_pool_create(4);
    struct request *request = queued(pool);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_room, pool), 0);
    request_pool_close(pool);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    request_pool_wait(pool, 1);
    request_release(request);
    request_pool_destroy(pool);
}
END_TEST

START_TEST(the_shard_of_a_trace_is_stable_and_even)
{
    enum { SHARDS = 7, TRACES = 70000 };
    uint32_t counts[SHARDS] = {0};
    uint8_t id[TRACE_ID_SIZE] = {0};
    srand(1);
    for (int i = 0; i < TRACES; i++) {
        for (int k = 0; k < TRACE_ID_SIZE; k++)
            id[k] = (uint8_t)rand();
        uint32_t shard = request_shard_of(id, SHARDS);
        ck_assert_uint_lt(shard, SHARDS);
        ck_assert_uint_eq(shard, request_shard_of(id, SHARDS));
        counts[shard]++;
    }
    for (int i = 0; i < SHARDS; i++) {
        ck_assert_uint_gt(counts[i], TRACES / SHARDS * 95 / 100);
        ck_assert_uint_lt(counts[i], TRACES / SHARDS * 105 / 100);
    }
    ck_assert_uint_eq(request_shard_of(id, 1), 0);
    /* Written down: a restart must agree with the process before it. */
    static const uint8_t known[TRACE_ID_SIZE] = {1, 2,  3,  4,  5,  6,  7,  8,
                                                 9, 10, 11, 12, 13, 14, 15, 16};
    ck_assert_uint_eq(request_shard_of(known, 64), 43);
}
END_TEST

/* Also when it is chained again, because it found no room the first time. */
START_TEST(every_span_is_in_the_chain_of_its_shard_in_order)
{
    enum { SHARDS = 5, SPANS = 200, LOGS = 50 };
    struct request_pool *pool = request_pool_create(1);
    struct request *request = request_take(pool);
    struct gated_span *spans = arena_zalloc(&request->arena, SPANS, sizeof *spans);
    struct gated_log *logs = arena_zalloc(&request->arena, LOGS, sizeof *logs);
    for (uint32_t i = 0; i < SPANS; i++)
        put_be32(spans[i].trace_id, i / 3 * 2654435761u);
    for (uint32_t i = 0; i < LOGS; i++)
        put_be32(logs[i].trace_id, i * 2654435761u);
    request->gated = (struct gated_request){
        .spans = spans, .span_count = SPANS, .logs = logs, .log_count = LOGS};
    for (int i = 0; i <= _i; i++)
        request_chain_shards(request, SHARDS);
    uint32_t spans_seen = 0, logs_seen = 0;
    for (uint32_t shard = 0; shard < SHARDS_MAX; shard++) {
        uint32_t before = 0;
        for (uint32_t i = request->shard_first[shard]; i != UINT32_MAX; i = spans[i].next) {
            ck_assert_uint_lt(spans_seen, SPANS);
            ck_assert_uint_eq(request_shard_of(spans[i].trace_id, SHARDS), shard);
            ck_assert(i == request->shard_first[shard] || i > before);
            before = i;
            spans_seen++;
        }
        for (uint32_t i = request->shard_first_log[shard]; i != UINT32_MAX; i = logs[i].next) {
            ck_assert_uint_lt(logs_seen, LOGS);
            ck_assert_uint_eq(request_shard_of(logs[i].trace_id, SHARDS), shard);
            logs_seen++;
        }
    }
    ck_assert_uint_eq(spans_seen, SPANS);
    ck_assert_uint_eq(logs_seen, LOGS);
    request_release(request);
    request_pool_destroy(pool);
}
END_TEST

START_TEST(queued_bytes_are_those_that_were_admitted_and_not_released_by_all)
{
    struct request_pool *pool = request_pool_create(2);
    struct request *waits = request_take(pool), *queued = request_take(pool);
    buffer_append_text(&queued->received, "some bytes");
    request_account(waits);
    request_account(queued);
    request_enqueue(queued);
    ck_assert_uint_eq(request_pool_queued_bytes(pool), queued->held_bytes);
    request_hold(queued);
    request_release(queued);
    ck_assert_uint_gt(request_pool_queued_bytes(pool), 0);
    request_release(queued);
    ck_assert_uint_eq(request_pool_queued_bytes(pool), 0);
    ck_assert_uint_gt(request_pool_held_bytes(pool), 0);
    request_release(waits);
    request_pool_destroy(pool);
}
END_TEST

static void *take_and_release(void *context)
{
    struct request_pool *pool = context;
    for (int i = 0; i < 5000; i++) {
        struct request *request = request_take(pool);
        buffer_append_text(&request->received, "some bytes");
        request_account(request);
        request_hold(request);
        request_release(request);
        request_release(request);
    }
    return NULL;
}

START_TEST(threads_share_a_pool)
{
    struct request_pool *pool = request_pool_create(2);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_release, pool), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(request_pool_held_bytes(pool), 0);
    request_pool_destroy(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tests = tcase_create("request");
    tcase_add_test(tests, a_request_returns_to_its_pool_with_the_last_hold);
    tcase_add_test(tests, idle_requests_together_keep_little_and_at_rest_nothing);
    tcase_add_test(tests, a_request_comes_out_of_the_pool_empty_and_warm);
    tcase_add_test(tests, a_buffer_that_has_grown_large_is_given_back);
    tcase_add_test(tests, held_bytes_are_those_of_live_requests);
    tcase_add_test(tests, queued_bytes_are_those_that_were_admitted_and_not_released_by_all);
    tcase_add_test(tests, who_waits_for_less_in_the_queues_goes_on_with_the_last_release);
    tcase_add_test(tests, nobody_waits_at_a_pool_that_is_closed);
    tcase_add_test(tests, the_shard_of_a_trace_is_stable_and_even);
    tcase_add_loop_test(tests, every_span_is_in_the_chain_of_its_shard_in_order, 0, 2);
    tcase_add_test(tests, threads_share_a_pool);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
