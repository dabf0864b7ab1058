/* link: state base */
#include "state/tables/audit.h"

#include "state/tables/audit_chain.h"
#include "state/tables/audit_line.h"
#include "state/tables/reviewer.h"
#include "tests/support/temp_store.h"

struct fixture {
    struct temp_store temp;
    struct audit *audit;
};

static void set_up(struct fixture *it)
{
    temp_store_open(&it->temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(audit_open(it->temp.store, &it->audit), STATUS_OK);
}

static void reopen(struct fixture *it)
{
    audit_close(it->audit);
    temp_store_reopen(&it->temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(audit_open(it->temp.store, &it->audit), STATUS_OK);
}

static void tear_down(struct fixture *it)
{
    audit_close(it->audit);
    temp_store_finish(&it->temp);
}

static const char item_text[] = "0123456789abcdef0123456789abcdef";
static const char row_text[] = "6ba7b810-9dad-51d1-80b4-00c04fd430c8";
static const char result_text[] = "page:0001.x";

static struct audit_entry entry_of(int64_t time_ms)
{
    struct audit_entry entry = {.time_ms = time_ms,
                                .actor = BYTES_LITERAL("0011223344556677"),
                                .role = BYTES_LITERAL("reviewer"),
                                .trust = AUDIT_AUTHENTICATED,
                                .action = AUDIT_RESULT_ACCEPTED,
                                .subjects = {{"item", bytes_of_text(item_text)},
                                             {"result", bytes_of_text(result_text)},
                                             {"row", bytes_of_text(row_text)}},
                                .subject_count = 3};
    memset(entry.content, 7, sizeof entry.content);
    return entry;
}

static void append(struct fixture *it, int count)
{
    struct store_txn txn;
    store_begin(it->temp.store, true, &txn);
    for (int i = 0; i < count; i++) {
        struct audit_entry entry = entry_of(1000 + i);
        audit_append(it->audit, &txn, &entry);
    }
    COMMIT(&txn);
}

/* Walks the directory; the first bad sequence. */
static uint64_t verify(struct fixture *it, const struct audit_checkpoint *checkpoints, size_t count)
{
    struct store_txn txn;
    struct audit_cut cut = {0};
    struct audit_chain chain;
    struct audit_texts texts;
    struct audit_entry entry;
    store_begin(it->temp.store, false, &txn);
    (void)audit_cut_read(&txn, &cut);
    audit_chain_begin(&chain, &cut, checkpoints, count);
    for (uint64_t i = cut.sequence + 1; i <= audit_sequence(it->audit); i++)
        if (audit_read(&txn, i, &texts, &entry))
            (void)audit_chain_add(&chain, &entry);
    (void)audit_chain_end(&chain);
    COMMIT(&txn);
    return chain.bad;
}

START_TEST(entries_come_back_as_they_were_and_a_restart_goes_on_with_the_chain)
{
    struct fixture it;
    struct store_txn txn;
    struct audit_texts texts;
    struct audit_entry read;
    set_up(&it);
    append(&it, 3);
    reopen(&it);
    append(&it, 2);
    ck_assert_uint_eq(audit_sequence(it.audit), 5);
    ck_assert_uint_eq(verify(&it, NULL, 0), 0);
    store_begin(it.temp.store, false, &txn);
    ck_assert(audit_read(&txn, 4, &texts, &read));
    ck_assert_int_eq(read.action, AUDIT_RESULT_ACCEPTED);
    ck_assert_int_eq(read.trust, AUDIT_AUTHENTICATED);
    ck_assert(bytes_equal_text(audit_subject_of(&read, "item"), item_text));
    ck_assert(bytes_equal_text(audit_subject_of(&read, "result"), result_text));
    ck_assert(bytes_equal_text(audit_subject_of(&read, "row"), row_text));
    ck_assert(bytes_equal_text(read.actor, "0011223344556677"));
    COMMIT(&txn);
    tear_down(&it);
}
END_TEST

START_TEST(an_entry_about_an_item_a_result_and_a_row_takes_about_200_bytes)
{
    struct fixture it;
    set_up(&it);
    append(&it, 100);
    ck_assert_uint_le(audit_bytes(it.audit), 100 * 220);
    tear_down(&it);
}
END_TEST

START_TEST(what_was_not_committed_leaves_no_trace_in_the_chain)
{
    struct fixture it;
    struct store_txn txn;
    set_up(&it);
    append(&it, 1);
    store_begin(it.temp.store, true, &txn);
    struct audit_entry entry = entry_of(1);
    audit_append(it.audit, &txn, &entry);
    ck_assert_uint_eq(audit_sequence_open(it.audit), 2);
    ck_assert_uint_eq(audit_sequence(it.audit), 1);
    store_abort(&txn);
    ck_assert_uint_eq(audit_sequence_open(it.audit), 1);
    append(&it, 1);
    ck_assert_uint_eq(verify(&it, NULL, 0), 0);
    tear_down(&it);
}
END_TEST

/* Rewrites one entry: the byte `at` from the end of its value, counted before its hash. */
static void spoil(struct fixture *it, uint64_t sequence, bool with_hash)
{
    struct store_txn txn;
    struct audit_texts texts;
    struct audit_entry entry;
    struct state_key key = {.size = 0};
    struct bytes value;
    uint8_t changed[512];
    key_be64(&key, sequence);
    store_begin(it->temp.store, true, &txn);
    ck_assert(audit_read(&txn, sequence, &texts, &entry));
    ck_assert(store_get(&txn, TABLE_AUDIT, key_bytes(&key), &value));
    size_t size = value.size;
    memcpy(changed, value.data, size);
    changed[2] ^= 1; /* the time */
    if (with_hash) { /* as somebody would who knows how it is made */
        ck_assert_int_eq(audit_decode(sequence, bytes_of(changed, size), &texts, &entry),
                         STATUS_OK);
        audit_hash(&entry, changed + size - AUDIT_HASH_SIZE);
    }
    store_put(&txn, TABLE_AUDIT, key_bytes(&key), bytes_of(changed, size));
    COMMIT(&txn);
}

START_TEST(a_changed_entry_is_named_and_so_is_the_one_after_a_rewritten_one)
{
    struct fixture it;
    set_up(&it);
    append(&it, 9);
    spoil(&it, 4, false);
    ck_assert_uint_eq(verify(&it, NULL, 0), 4);
    tear_down(&it);
    set_up(&it);
    append(&it, 9);
    spoil(&it, 4, true);
    ck_assert_uint_eq(verify(&it, NULL, 0), 5);
    tear_down(&it);
}
END_TEST

START_TEST(a_missing_entry_is_named)
{
    struct fixture it;
    struct store_txn txn;
    struct state_key key = {.size = 0};
    set_up(&it);
    append(&it, 9);
    key_be64(&key, 6);
    store_begin(it.temp.store, true, &txn);
    ck_assert(store_delete(&txn, TABLE_AUDIT, key_bytes(&key)));
    COMMIT(&txn);
    ck_assert_uint_eq(verify(&it, NULL, 0), 6);
    tear_down(&it);
}
END_TEST

START_TEST(a_checkpoint_kept_elsewhere_proves_that_nothing_before_it_was_rewritten)
{
    struct fixture it;
    struct audit_checkpoint checkpoints[2] = {{.sequence = 9}, {.sequence = 12}};
    set_up(&it);
    append(&it, 9);
    audit_head(it.audit, checkpoints[0].hash);
    ck_assert_uint_eq(verify(&it, checkpoints, 1), 0);
    spoil(&it, 9, true); /* the last one: a chain alone cannot tell */
    reopen(&it);
    ck_assert_uint_eq(verify(&it, NULL, 0), 0);
    ck_assert_uint_eq(verify(&it, checkpoints, 1), 9);
    tear_down(&it);
    set_up(&it);
    append(&it, 9);
    ck_assert_uint_eq(verify(&it, checkpoints + 1, 1), 10);
    tear_down(&it);
}
END_TEST

START_TEST(entries_that_were_cut_leave_a_chain_that_still_begins_where_it_must)
{
    struct fixture it;
    struct store_txn txn;
    set_up(&it);
    append(&it, 20);
    uint64_t bytes = audit_bytes(it.audit);
    store_begin(it.temp.store, true, &txn);
    ck_assert_uint_eq(audit_trim(it.audit, &txn, 12, 100, bytes), 0);
    ck_assert_uint_eq(audit_trim(it.audit, &txn, 12, 5, 0), 5);
    ck_assert_uint_eq(audit_trim(it.audit, &txn, 12, 100, 0), 7);
    COMMIT(&txn);
    ck_assert_uint_lt(audit_bytes(it.audit), bytes);
    bytes = audit_bytes(it.audit);
    reopen(&it);
    ck_assert_uint_eq(audit_bytes(it.audit), bytes);
    ck_assert_uint_eq(verify(&it, NULL, 0), 0);
    append(&it, 1);
    ck_assert_uint_eq(audit_sequence(it.audit), 21);
    ck_assert_uint_eq(verify(&it, NULL, 0), 0);
    tear_down(&it);
}
END_TEST

START_TEST(a_full_trail_says_so_before_it_is_above_its_limit)
{
    struct fixture it;
    set_up(&it);
    append(&it, 10);
    ck_assert(!audit_is_full(it.audit, 0));
    ck_assert(!audit_is_full(it.audit, 1 << 20));
    ck_assert(audit_is_full(it.audit, 64 * 1024));
    tear_down(&it);
}
END_TEST

START_TEST(a_line_holds_all_that_the_hash_stands_for)
{
    struct fixture it;
    struct store_txn txn;
    struct audit_texts texts;
    struct audit_entry entry;
    struct audit_line line;
    struct audit_chain chain;
    struct arena arena;
    struct buffer text = {0};
    set_up(&it);
    append(&it, 5);
    arena_init(&arena, 1 << 20);
    audit_chain_begin(&chain, NULL, NULL, 0);
    store_begin(it.temp.store, false, &txn);
    for (uint64_t i = 2; i <= 5; i++) {
        ck_assert(audit_read(&txn, i, &texts, &entry));
        buffer_clear(&text);
        audit_line_write_entry(&entry, "an-instance", &text);
        ck_assert_int_eq(audit_line_read(buffer_bytes(&text), &arena, &line), STATUS_OK);
        ck_assert(!line.is_checkpoint);
        ck_assert(bytes_equal_text(line.instance, "an-instance"));
        ck_assert(audit_chain_add(&chain, &line.entry));
    }
    COMMIT(&txn);
    ck_assert(audit_chain_add(&chain, &line.entry)); /* it came twice */
    ck_assert_uint_eq(chain.first, 2);
    ck_assert_uint_eq(chain.repeated, 1);
    struct audit_entry other = line.entry; /* of another life of the state */
    other.time_ms++;
    audit_hash(&other, other.hash);
    ck_assert(!audit_chain_add(&chain, &other));
    ck_assert_uint_eq(chain.bad, 5);
    chain.bad = 0;
    uint8_t *digit = memmem(text.data, text.size, "result.accepted", 15);
    ck_assert_ptr_nonnull(digit);
    memcpy(digit, "result.revised\"", 15);
    ck_assert_int_eq(audit_line_read(buffer_bytes(&text), &arena, &line), STATUS_MALFORMED);
    struct audit_checkpoint checkpoint = {.sequence = 5, .time_ms = 9}, wrong = {.sequence = 5};
    audit_head(it.audit, checkpoint.hash);
    buffer_clear(&text);
    audit_line_write_checkpoint(&checkpoint, "an-instance", &text);
    ck_assert_int_eq(audit_line_read(buffer_bytes(&text), &arena, &line), STATUS_OK);
    ck_assert(line.is_checkpoint);
    ck_assert(audit_chain_meet(&chain, &line.checkpoint));
    ck_assert(!audit_chain_meet(&chain, &wrong));
    buffer_finish(&text);
    arena_finish(&arena);
    tear_down(&it);
}
END_TEST

START_TEST(a_state_that_was_set_back_goes_on_above_the_numbers_that_are_out)
{
    struct fixture it;
    struct store_txn txn;
    char head[2 * AUDIT_HASH_SIZE];
    uint8_t lost_head[AUDIT_HASH_SIZE];
    set_up(&it);
    append(&it, 4);
    memset(lost_head, 9, sizeof lost_head);
    hex_encode(head, lost_head, sizeof lost_head);
    store_begin(it.temp.store, true, &txn);
    struct audit_entry entry = {
        .sequence = 8,
        .trust = AUDIT_SYSTEM,
        .action = AUDIT_RESTORED,
        .subjects = {{"lost", BYTES_LITERAL("5-7")}, {"head", bytes_of(head, sizeof head)}},
        .subject_count = 2};
    audit_append(it.audit, &txn, &entry);
    COMMIT(&txn);
    ck_assert_uint_eq(audit_sequence(it.audit), 8);
    append(&it, 1);
    ck_assert_uint_eq(audit_sequence(it.audit), 9);
    ck_assert_uint_eq(verify(&it, NULL, 0), 0);
    struct audit_chain exported;
    audit_chain_begin(&exported, &(struct audit_cut){.sequence = 7}, NULL, 0);
    memcpy(exported.hash, lost_head, sizeof lost_head);
    ck_assert(audit_chain_add(&exported, &entry));
    tear_down(&it);
}
END_TEST

START_TEST(a_reviewer_keeps_one_random_id_until_erased)
{
    struct fixture it;
    struct store_txn txn;
    char first[REVIEWER_ACTOR_SIZE], second[REVIEWER_ACTOR_SIZE], other[REVIEWER_ACTOR_SIZE];
    set_up(&it);
    store_begin(it.temp.store, true, &txn);
    reviewer_actor(&txn, BYTES_LITERAL("asha"), 5, first);
    COMMIT(&txn);
    store_begin(it.temp.store, true, &txn);
    reviewer_actor(&txn, BYTES_LITERAL("asha"), 6, second);
    reviewer_actor(&txn, BYTES_LITERAL("lee"), 6, other);
    ck_assert_str_eq(first, second);
    ck_assert_str_ne(first, other);
    ck_assert_uint_eq(strlen(first), 16);
    ck_assert(reviewer_erase(&txn, BYTES_LITERAL("asha"), second));
    ck_assert_str_eq(first, second);
    ck_assert(!reviewer_erase(&txn, BYTES_LITERAL("asha"), second));
    reviewer_actor(&txn, BYTES_LITERAL("asha"), 7, second);
    ck_assert_str_ne(first, second);
    COMMIT(&txn);
    tear_down(&it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("audit");
    TCase *cases = tcase_create("audit");
    tcase_add_test(cases, entries_come_back_as_they_were_and_a_restart_goes_on_with_the_chain);
    tcase_add_test(cases, an_entry_about_an_item_a_result_and_a_row_takes_about_200_bytes);
    tcase_add_test(cases, what_was_not_committed_leaves_no_trace_in_the_chain);
    tcase_add_test(cases, a_changed_entry_is_named_and_so_is_the_one_after_a_rewritten_one);
    tcase_add_test(cases, a_missing_entry_is_named);
    tcase_add_test(cases, a_checkpoint_kept_elsewhere_proves_that_nothing_before_it_was_rewritten);
    tcase_add_test(cases, entries_that_were_cut_leave_a_chain_that_still_begins_where_it_must);
    tcase_add_test(cases, a_full_trail_says_so_before_it_is_above_its_limit);
    tcase_add_test(cases, a_line_holds_all_that_the_hash_stands_for);
    tcase_add_test(cases, a_state_that_was_set_back_goes_on_above_the_numbers_that_are_out);
    tcase_add_test(cases, a_reviewer_keeps_one_random_id_until_erased);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
