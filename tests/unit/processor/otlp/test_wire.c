/* link: otlp */
#include <check.h>

#include "processor/otlp/wire.h"

static bool is_broken(struct bytes message)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field))
        ;
    return wire.broken;
}

START_TEST(what_is_written_is_read_back)
{
    struct buffer buffer = {0};
    wire_put_number(&buffer, 1, UINT64_MAX);
    wire_put_fixed64(&buffer, 2, 0x0102030405060708u);
    wire_put_fixed32(&buffer, 2000, 0x01020304u);
    wire_put_bytes(&buffer, 15, BYTES_LITERAL("text"));
    struct wire wire = wire_of(buffer_bytes(&buffer));
    struct wire_field field;
    ck_assert(wire_next(&wire, &field));
    ck_assert(field.number == 1 && field.type == WIRE_VARINT && field.value == UINT64_MAX);
    ck_assert(wire_next(&wire, &field));
    ck_assert(field.type == WIRE_FIXED64 && field.value == 0x0102030405060708u);
    ck_assert(wire_next(&wire, &field));
    ck_assert(field.number == 2000 && field.type == WIRE_FIXED32 && field.value == 0x01020304u);
    ck_assert(wire_next(&wire, &field));
    ck_assert(field.number == 15 && bytes_equal_text(field.bytes, "text"));
    ck_assert(!wire_next(&wire, &field));
    ck_assert(!wire.broken);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(every_width_of_varint_is_read_back)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        struct buffer buffer = {0};
        uint64_t value = (uint64_t)1 << bit;
        wire_put_number(&buffer, 3, value);
        ck_assert_uint_eq(wire_find_number(buffer_bytes(&buffer), 3, 0), value);
        wire_put_number(&buffer, 3, value - 1);
        ck_assert_uint_eq(wire_find_number(buffer_bytes(&buffer), 3, 99), value - 1);
        buffer_finish(&buffer);
    }
}
END_TEST

START_TEST(broken_bytes_end_the_walk)
{
    ck_assert(is_broken(BYTES_LITERAL("\x00\x01")));                 /* field number 0 */
    ck_assert(is_broken(BYTES_LITERAL("\x0b\x0c")));                 /* a group */
    ck_assert(is_broken(BYTES_LITERAL("\x0e\x01\x01\x01\x01")));     /* wire type 6 */
    ck_assert(is_broken(BYTES_LITERAL("\x0a\x05text")));             /* length past the end */
    ck_assert(is_broken(BYTES_LITERAL("\x0a")));                     /* no length */
    ck_assert(is_broken(BYTES_LITERAL("\x08\x80\x80")));             /* varint without an end */
    ck_assert(is_broken(BYTES_LITERAL("\x09\1\2\3\4\5\6\7")));       /* 7 bytes of fixed64 */
    ck_assert(is_broken(BYTES_LITERAL("\x0d\1\2\3")));               /* 3 bytes of fixed32 */
    ck_assert(is_broken(BYTES_LITERAL("\x8a\x80\x80\x80\x80\x00"))); /* a tag of six bytes */
    ck_assert(is_broken(BYTES_LITERAL("\xff\xff\xff\xff\x7f\x01"))); /* a tag over 32 bits */
    ck_assert(is_broken(BYTES_LITERAL("\x0a\x80\x80\x80\x80\x80\x00")));
    ck_assert(is_broken(BYTES_LITERAL("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")));
    ck_assert(is_broken(BYTES_LITERAL("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")));
}
END_TEST

START_TEST(an_empty_and_an_absent_message_have_no_fields)
{
    ck_assert(!is_broken((struct bytes){0}));
    ck_assert(!is_broken(BYTES_LITERAL("")));
    ck_assert_ptr_null(wire_find_bytes((struct bytes){0}, 1).data);
}
END_TEST

START_TEST(the_last_occurrence_of_a_field_wins)
{
    struct buffer buffer = {0};
    wire_put_bytes(&buffer, 5, BYTES_LITERAL("first"));
    wire_put_number(&buffer, 5, 7); /* another type is another field */
    wire_put_bytes(&buffer, 5, BYTES_LITERAL(""));
    struct bytes found = wire_find_bytes(buffer_bytes(&buffer), 5);
    ck_assert_ptr_nonnull(found.data);
    ck_assert_uint_eq(found.size, 0);
    ck_assert_uint_eq(wire_find_number(buffer_bytes(&buffer), 5, 1), 7);
    ck_assert_uint_eq(wire_find_number(buffer_bytes(&buffer), 6, 1), 1);
    buffer_finish(&buffer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tests = tcase_create("wire");
    tcase_add_test(tests, what_is_written_is_read_back);
    tcase_add_test(tests, every_width_of_varint_is_read_back);
    tcase_add_test(tests, broken_bytes_end_the_walk);
    tcase_add_test(tests, an_empty_and_an_absent_message_have_no_fields);
    tcase_add_test(tests, the_last_occurrence_of_a_field_wins);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
