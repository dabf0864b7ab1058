/* link: state base */
#include "state/tables/spill.h"
#include "tests/support/temp_store.h"

enum { BODY = 200000 };

static uint8_t body[BODY];

static struct bytes body_of(uint64_t seed, size_t size)
{
    for (size_t i = 0; i < size; i++)
        body[i] = (uint8_t)(seed + i);
    return bytes_of(body, size);
}

static struct spill_header header_of(uint8_t id, uint32_t spans)
{
    return (struct spill_header){.trace_id = {id},
                                 .first_received_ms = 1763888400000,
                                 .last_received_ms = 1763888405000,
                                 .accepted_spans = spans,
                                 .accepted_logs = 3,
                                 .position_count = 2,
                                 .positions = {{7, 100, 100}, {9, UINT64_MAX - 5, UINT64_MAX}}};
}

struct seen {
    struct spill_header headers[8];
    uint64_t sequences[8];
    size_t sizes[8], count;
};

static bool see(void *context, uint64_t sequence, const struct spill_header *header,
                struct bytes bytes)
{
    struct seen *seen = context;
    for (size_t i = 0; i < bytes.size; i++)
        ck_assert_uint_eq(bytes.data[i], (uint8_t)(header->accepted_spans + i));
    seen->headers[seen->count] = *header;
    seen->sequences[seen->count] = sequence;
    seen->sizes[seen->count++] = bytes.size;
    return true;
}

START_TEST(what_was_spilled_is_read_whole_after_a_restart)
{
    struct temp_store temp;
    struct spill *spill;
    struct store_txn txn;
    struct seen seen = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(spill_open(temp.store, &spill), STATUS_OK);
    struct spill_header first = header_of(1, 11), second = header_of(2, 22);
    ck_assert_uint_eq(spill_next_sequence(spill), 1);
    store_begin(temp.store, true, &txn);
    spill_append(spill, &txn, 1, &first, body_of(11, BODY));
    ck_assert_uint_eq(spill_next_sequence(spill), 2);
    spill_append(spill, &txn, 2, &second, body_of(22, 5));
    COMMIT(&txn);
    ck_assert_uint_eq(spill_items(spill), 2);
    ck_assert_uint_gt(spill_bytes(spill), BODY);
    spill_close(spill);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(spill_open(temp.store, &spill), STATUS_OK);
    ck_assert_uint_eq(spill_items(spill), 2);
    ck_assert_uint_eq(spill_next_sequence(spill), 3);
    ck_assert_int_eq(spill_read(temp.store, see, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_uint_eq(seen.sizes[0], BODY);
    ck_assert_uint_eq(seen.headers[1].trace_id[0], 2);
    ck_assert_uint_eq(seen.headers[1].accepted_logs, 3);
    ck_assert_int_eq(seen.headers[1].last_received_ms, 1763888405000);
    ck_assert_uint_eq(seen.headers[1].positions[1].source, 9);
    ck_assert_uint_eq(seen.headers[1].positions[1].first_position, UINT64_MAX - 5);
    ck_assert_uint_eq(seen.headers[1].positions[1].spilled_through, UINT64_MAX);
    spill_close(spill);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_replaced_item_keeps_its_sequence_and_an_aborted_one_its_content)
{
    struct temp_store temp;
    struct spill *spill;
    struct store_txn txn;
    struct seen seen = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(spill_open(temp.store, &spill), STATUS_OK);
    struct spill_header first = header_of(1, 11), other = header_of(2, 22),
                        grown = header_of(1, 33);
    store_begin(temp.store, true, &txn);
    spill_append(spill, &txn, 1, &first, body_of(11, BODY));
    spill_append(spill, &txn, 2, &other, body_of(22, 50));
    COMMIT(&txn);
    uint64_t bytes = spill_bytes(spill);
    store_begin(temp.store, true, &txn);
    spill_replace(spill, &txn, 2, &grown, body_of(33, 70));
    store_abort(&txn);
    ck_assert_uint_eq(spill_bytes(spill), bytes);
    store_begin(temp.store, true, &txn);
    spill_replace(spill, &txn, 1, &grown, body_of(33, 70));
    COMMIT(&txn);
    ck_assert_uint_eq(spill_items(spill), 2);
    ck_assert_uint_lt(spill_bytes(spill), bytes);
    ck_assert_int_eq(spill_read(temp.store, see, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.sequences[0], 1);
    ck_assert_uint_eq(seen.headers[0].accepted_spans, 33);
    ck_assert_uint_eq(seen.headers[1].accepted_spans, 22);
    store_begin(temp.store, true, &txn);
    ck_assert(spill_delete(spill, &txn, 1));
    ck_assert(!spill_delete(spill, &txn, 1));
    ck_assert(spill_delete(spill, &txn, 2));
    COMMIT(&txn);
    ck_assert_uint_eq(spill_items(spill) + spill_bytes(spill), 0);
    spill_close(spill);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_header_of_eight_sources_fits_and_a_cut_one_is_malformed)
{
    struct spill_header header = header_of(1, UINT32_MAX), back;
    struct buffer encoded = {0};
    header.position_count = SPILL_SOURCES_MAX;
    for (uint16_t i = 0; i < SPILL_SOURCES_MAX; i++)
        header.positions[i] =
            (struct spill_position){(uint16_t)(UINT16_MAX - i), UINT64_MAX - 9, UINT64_MAX};
    spill_header_encode(&header, &encoded);
    ck_assert_uint_le(encoded.size, CHUNKED_HEAD_BYTES_MAX);
    ck_assert_int_eq(spill_header_decode(buffer_bytes(&encoded), &back), STATUS_OK);
    ck_assert_uint_eq(back.positions[7].source, UINT16_MAX - 7);
    for (size_t size = 0; size < encoded.size; size++)
        ck_assert_int_eq(spill_header_decode(bytes_of(encoded.data, size), &back),
                         STATUS_MALFORMED);
    buffer_finish(&encoded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spill");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, what_was_spilled_is_read_whole_after_a_restart);
    tcase_add_test(all, a_replaced_item_keeps_its_sequence_and_an_aborted_one_its_content);
    tcase_add_test(all, a_header_of_eight_sources_fits_and_a_cut_one_is_malformed);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
