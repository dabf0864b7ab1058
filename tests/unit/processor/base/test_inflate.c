/* link: base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/inflate.h"

static struct inflater *inflater;
static struct buffer packed, unpacked;

static void setup(void)
{
    inflater = inflater_create();
    ck_assert_ptr_nonnull(inflater);
}

static void teardown(void)
{
    inflater_destroy(inflater);
    buffer_finish(&packed);
    buffer_finish(&unpacked);
}

static void pack(size_t size, int period)
{
    uint8_t *data = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i % (size_t)period);
    ck_assert_int_eq(deflate_gzip(bytes_of(data, size), &packed), STATUS_OK);
    free(data);
}

START_TEST(what_was_deflated_comes_back)
{
    static const size_t sizes[] = {0, 1, 100, 5000, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pack(sizes[i], 251);
        ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&packed), 1 << 20, &unpacked),
                         STATUS_OK);
        ck_assert_uint_eq(unpacked.size, sizes[i]);
        for (size_t at = 0; at < unpacked.size; at++)
            ck_assert(unpacked.data[at] == at % 251);
    }
}
END_TEST

START_TEST(the_limit_is_exact)
{
    pack(5000, 7);
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&packed), 5000, &unpacked), STATUS_OK);
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&packed), 4999, &unpacked), STATUS_BUSY);
}
END_TEST

START_TEST(a_bomb_is_refused_without_being_inflated)
{
    pack(100 << 20, 1);
    buffer_finish(&unpacked);
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&packed), 1 << 20, &unpacked),
                     STATUS_BUSY);
    ck_assert_uint_le(unpacked.capacity, 1 << 20);
}
END_TEST

START_TEST(a_trailer_that_lies_is_found_out)
{
    pack(100000, 251);
    uint8_t *size = packed.data + packed.size - 4;
    memset(size, 0xff, 4);
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&packed), 1 << 30, &unpacked),
                     STATUS_MALFORMED);
    ck_assert_uint_le(unpacked.capacity, packed.size * 1032);
    memset(size, 0, 4);
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&packed), 1 << 30, &unpacked),
                     STATUS_MALFORMED);
}
END_TEST

START_TEST(members_that_follow_each_other_are_joined)
{
    pack(3000, 251);
    struct buffer both = {0};
    buffer_append_bytes(&both, buffer_bytes(&packed));
    pack(10, 251); /* its trailer alone says 10 */
    buffer_append_bytes(&both, buffer_bytes(&packed));
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&both), 1 << 20, &unpacked), STATUS_OK);
    ck_assert_uint_eq(unpacked.size, 3010);
    ck_assert_uint_eq(unpacked.data[2999], 2999 % 251);
    ck_assert_uint_eq(unpacked.data[3009], 9);
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&both), 3005, &unpacked), STATUS_BUSY);
    buffer_finish(&both);
}
END_TEST

START_TEST(what_is_not_gzip_is_malformed)
{
    pack(3000, 251);
    ck_assert_int_eq(inflate_gzip(inflater, BYTES_LITERAL("not gzip at all"), 100, &unpacked),
                     STATUS_MALFORMED);
    ck_assert_int_eq(inflate_gzip(inflater, (struct bytes){0}, 100, &unpacked), STATUS_MALFORMED);
    for (size_t size = 0; size < packed.size; size += 13)
        ck_assert_int_eq(inflate_gzip(inflater, bytes_of(packed.data, size), 1 << 20, &unpacked),
                         STATUS_MALFORMED);
    packed.data[packed.size - 6] ^= 1; /* the checksum */
    ck_assert_int_eq(inflate_gzip(inflater, buffer_bytes(&packed), 1 << 20, &unpacked),
                     STATUS_MALFORMED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inflate");
    TCase *tests = tcase_create("inflate");
    tcase_add_test(tests, what_was_deflated_comes_back);
    tcase_add_test(tests, the_limit_is_exact);
    tcase_add_test(tests, a_bomb_is_refused_without_being_inflated);
    tcase_add_test(tests, a_trailer_that_lies_is_found_out);
    tcase_add_test(tests, members_that_follow_each_other_are_joined);
    tcase_add_test(tests, what_is_not_gzip_is_malformed);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
