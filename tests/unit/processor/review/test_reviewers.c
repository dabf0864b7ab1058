/* link: review base */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/review/reviewers.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"

static struct reviewers *parse(const char *text, struct error *error)
{
    *error = (struct error){0};
    return reviewers_parse("reviewers", bytes_of_text(text), 3, error);
}

static void assert_fault(const char *text, const char *said)
{
    struct error error;
    ck_assert_ptr_null(parse(text, &error));
    ck_assert_msg(strstr(error.text, said) != NULL, "%s", error.text);
}

START_TEST(a_line_is_a_name_a_role_and_the_digest_of_a_token)
{
    struct error error;
    uint8_t token[SHA256_SIZE];
    struct reviewers *reviewers = parse("# who may\n\nasha reviewer " DIGEST "01\r\n"
                                        "  lee\tadjudicator  " DIGEST "02 # since May\n"
                                        "ci service " DIGEST "03",
                                        &error);
    ck_assert_msg(reviewers != NULL, "%s", error.text);
    ck_assert_uint_eq(reviewers->count, 3);
    ck_assert(hex_decode(token, DIGEST "02", SHA256_SIZE));
    const struct reviewer *lee = reviewers_by_token(reviewers, token);
    ck_assert_ptr_nonnull(lee);
    ck_assert_str_eq(lee->name, "lee");
    ck_assert_int_eq(lee->role, ROLE_ADJUDICATOR);
    ck_assert_ptr_eq(reviewers_by_name(reviewers, BYTES_LITERAL("lee")), lee);
    ck_assert_ptr_null(reviewers_by_name(reviewers, BYTES_LITERAL("le")));
    token[31] = 9;
    ck_assert_ptr_null(reviewers_by_token(reviewers, token));
    free(reviewers);
}
END_TEST

START_TEST(a_line_that_says_something_else_is_named)
{
    assert_fault("asha reviewer " DIGEST "01\nlee boss " DIGEST "02\n", "reviewers:2: the role is");
    assert_fault("asha reviewer\n", "reviewers:1: the digest");
    assert_fault("asha reviewer " DIGEST "0\n", "64 hexadecimal digits");
    assert_fault("asha reviewer " DIGEST "0g\n", "64 hexadecimal digits");
    assert_fault("asha reviewer " DIGEST "01 x\n", "more on the line");
    assert_fault("as/ha reviewer " DIGEST "01\n", "a name is");
    assert_fault("a reviewer " DIGEST "01\na admin " DIGEST "02\n", "the name is there twice");
    assert_fault("a reviewer " DIGEST "01\nb admin " DIGEST "01\n", "another one's");
    assert_fault("a reviewer " DIGEST "01\nb admin " DIGEST "02\nc admin " DIGEST
                 "03\nd admin " DIGEST "04\n",
                 "limits.reviewers");
}
END_TEST

START_TEST(a_file_that_others_may_read_is_refused)
{
    char path[] = "/tmp/flywheel-reviewers-XXXXXX";
    struct error error = {0};
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(dprintf(fd, "asha reviewer " DIGEST "01\n"), 0);
    close(fd);
    struct reviewers *reviewers = reviewers_load(path, 64, &error);
    ck_assert_msg(reviewers != NULL, "%s", error.text);
    free(reviewers);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_ptr_null(reviewers_load(path, 64, &error));
    ck_assert_int_eq(error.exit_code, EXIT_PERMISSION);
    unlink(path);
    error = (struct error){0};
    ck_assert_ptr_null(reviewers_load(path, 64, &error));
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reviewers");
    TCase *tests = tcase_create("reviewers");
    tcase_add_test(tests, a_line_is_a_name_a_role_and_the_digest_of_a_token);
    tcase_add_test(tests, a_line_that_says_something_else_is_named);
    tcase_add_test(tests, a_file_that_others_may_read_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
