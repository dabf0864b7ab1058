/* link: base */
#include <check.h>

#include "processor/base/digest.h"

static const char *hex(const uint8_t *data, size_t size)
{
    static char text[2 * SHA256_SIZE + 1];
    hex_encode(text, data, size);
    text[2 * size] = 0;
    return text;
}

START_TEST(sha256_agrees_with_the_standard)
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256(digest, BYTES_LITERAL("abc"));
    ck_assert_str_eq(hex(digest, SHA256_SIZE),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256(digest, (struct bytes){0});
    ck_assert_str_eq(hex(digest, SHA256_SIZE),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(sha256_of_two_parts_is_that_of_the_whole)
{
    uint8_t whole[SHA256_SIZE], parts[SHA256_SIZE];
    digest_sha256(whole, BYTES_LITERAL("abcdef"));
    digest_sha256_two(parts, BYTES_LITERAL("abc"), BYTES_LITERAL("def"));
    ck_assert_mem_eq(whole, parts, SHA256_SIZE);
    digest_sha256_two(parts, BYTES_LITERAL("abcdef"), (struct bytes){0});
    ck_assert_mem_eq(whole, parts, SHA256_SIZE);
}
END_TEST

START_TEST(hmac_agrees_with_rfc_4231)
{
    uint8_t digest[SHA256_SIZE];
    digest_hmac_sha256(digest, BYTES_LITERAL("Jefe"),
                       BYTES_LITERAL("what do ya want for nothing?"));
    ck_assert_str_eq(hex(digest, SHA256_SIZE),
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
END_TEST

START_TEST(crc32c_agrees_with_rfc_3720)
{
    uint8_t zeros[32] = {0}, rising[32];
    for (int i = 0; i < 32; i++)
        rising[i] = (uint8_t)i;
    ck_assert_uint_eq(digest_crc32c(0, bytes_of(zeros, 32)), 0x8a9136aa);
    ck_assert_uint_eq(digest_crc32c(0, bytes_of(rising, 32)), 0x46dd794e);
    ck_assert_uint_eq(digest_crc32c(0, BYTES_LITERAL("123456789")), 0xe3069283);
    ck_assert_uint_eq(digest_crc32c(0, (struct bytes){0}), 0);
}
END_TEST

START_TEST(crc32c_can_be_taken_in_parts)
{
    uint32_t crc = digest_crc32c(digest_crc32c(0, BYTES_LITERAL("1234")), BYTES_LITERAL("56789"));
    ck_assert_uint_eq(crc, 0xe3069283);
}
END_TEST

START_TEST(the_table_hash_depends_on_every_byte_and_on_the_length)
{
    uint8_t data[40] = {0};
    for (size_t size = 0; size < sizeof data; size++) {
        uint64_t hash = digest_table_hash(bytes_of(data, size));
        ck_assert_uint_eq(hash, digest_table_hash(bytes_of(data, size)));
        ck_assert_uint_ne(hash, digest_table_hash(bytes_of(data, size + 1)));
        for (size_t i = 0; i < size; i++) {
            data[i] ^= 1;
            ck_assert_uint_ne(hash, digest_table_hash(bytes_of(data, size)));
            data[i] ^= 1;
        }
    }
}
END_TEST

START_TEST(fnv1a_is_the_published_one)
{
    ck_assert_uint_eq(digest_fnv1a64(BYTES_LITERAL("")), 0xcbf29ce484222325);
    ck_assert_uint_eq(digest_fnv1a64(BYTES_LITERAL("foobar")), 0x85944171f73967e8);
}
END_TEST

START_TEST(a_uuid_of_a_url_is_the_one_others_compute)
{
    char text[UUID_TEXT_SIZE];
    digest_uuid_v5_url(text, BYTES_LITERAL("http://example.com/"));
    ck_assert_str_eq(text, "0a300ee9-f9e4-5697-a51a-efc7fafaba67");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("digest");
    TCase *tests = tcase_create("digest");
    tcase_add_test(tests, sha256_agrees_with_the_standard);
    tcase_add_test(tests, sha256_of_two_parts_is_that_of_the_whole);
    tcase_add_test(tests, hmac_agrees_with_rfc_4231);
    tcase_add_test(tests, crc32c_agrees_with_rfc_3720);
    tcase_add_test(tests, crc32c_can_be_taken_in_parts);
    tcase_add_test(tests, the_table_hash_depends_on_every_byte_and_on_the_length);
    tcase_add_test(tests, fnv1a_is_the_published_one);
    tcase_add_test(tests, a_uuid_of_a_url_is_the_one_others_compute);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
