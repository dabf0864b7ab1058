/* link: review base */
/* The reviewers file as text: what a line may say, and who is found by it. */
#include <check.h>
#include <stdlib.h>

#include "processor/review/reviewer_token.h"
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
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
}

static void digest_read(uint8_t to[SHA256_SIZE], const char *digits)
{
    bool is_read = hex_decode(to, digits, SHA256_SIZE);
    ck_assert(is_read);
}

START_TEST(a_line_is_a_name_a_role_and_the_digest_of_a_token)
{
    struct error error;
    uint8_t token[SHA256_SIZE];
    struct reviewers *reviewers = parse("# who may\n\nasha reviewer " DIGEST "01\r\n"
                                        "  lee\tadjudicator  " DIGEST "02 # since May\n"
                                        "ci service " DIGEST "03\n",
                                        &error);
    ck_assert_msg(reviewers != NULL, "%s", error.text);
    ck_assert_uint_eq(reviewers->count, 3);
    digest_read(token, DIGEST "02");
    const struct reviewer *lee = reviewers_by_token(reviewers, token);
    ck_assert_ptr_nonnull(lee);
    ck_assert_str_eq(lee->name, "lee");
    ck_assert_int_eq(lee->role, ROLE_ADJUDICATOR);
    ck_assert_ptr_eq(reviewers_by_name(reviewers, BYTES_LITERAL("lee")), lee);
    ck_assert_ptr_null(reviewers_by_name(reviewers, BYTES_LITERAL("le")));
    ck_assert_ptr_null(reviewers_by_name(reviewers, BYTES_LITERAL("")));
    token[31] = 9;
    ck_assert_ptr_null(reviewers_by_token(reviewers, token));
    ck_assert_uint_eq(reviewers_enabled(reviewers), 2); /* a service judges nothing */
    free(reviewers);
}
END_TEST

START_TEST(a_disabled_reviewer_is_known_and_let_in_nowhere)
{
    struct error error;
    uint8_t none[SHA256_SIZE] = {0};
    struct reviewers *reviewers =
        parse("asha reviewer disabled\nlee reviewer disabled\nkim admin " DIGEST "01\n", &error);
    ck_assert_msg(reviewers != NULL, "%s", error.text);
    ck_assert_ptr_null(reviewers_by_token(reviewers, none));
    ck_assert_ptr_null(reviewers_by_name(reviewers, BYTES_LITERAL("asha")));
    ck_assert_ptr_nonnull(reviewers_named(reviewers, BYTES_LITERAL("ASHA")));
    ck_assert_uint_eq(reviewers_enabled(reviewers), 1);
    free(reviewers);
}
END_TEST

START_TEST(a_line_that_says_something_else_is_named)
{
    assert_fault("asha reviewer " DIGEST "01\nlee boss " DIGEST "02\n",
                 "reviewers:2: the role must be one of");
    assert_fault("asha\n", "a line is `name role sha256`");
    assert_fault("asha reviewer\n", "a line is `name role sha256`");
    assert_fault("asha reviewer " DIGEST "0\n", "64 hexadecimal digits");
    assert_fault("asha reviewer " DIGEST "0g\n", "64 hexadecimal digits");
    assert_fault("asha reviewer Disabled\n", "64 hexadecimal digits");
    assert_fault("asha reviewer " DIGEST "01 x\n", "nothing behind it");
    assert_fault("asha Reviewer " DIGEST "01\n", "the role must be one of");
    assert_fault("asha\x01 reviewer " DIGEST "01\n", "control character");
}
END_TEST

START_TEST(a_name_that_could_be_taken_for_another_is_refused)
{
    static const char *const names[] = {"service/ci:asha", "import:asha", "__other__", "as ha",
                                        ".asha",           "-c",          "\xc3\xa4sha"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(!reviewer_name_is_valid(bytes_of_text(names[i])), "%s", names[i]);
    char longest[REVIEWER_NAME_MAX + 1];
    memset(longest, 'a', sizeof longest);
    ck_assert(reviewer_name_is_valid(bytes_of(longest, REVIEWER_NAME_MAX)));
    ck_assert(!reviewer_name_is_valid(bytes_of(longest, REVIEWER_NAME_MAX + 1)));
    ck_assert(!reviewer_name_is_valid(bytes_of("a\0b", 3)));
    ck_assert(reviewer_name_is_valid(BYTES_LITERAL("asha.k+qa@example.com")));
    assert_fault("as/ha reviewer " DIGEST "01\n", "a name is");
}
END_TEST

START_TEST(names_tokens_and_places_are_given_once)
{
    assert_fault("a reviewer " DIGEST "01\na admin " DIGEST "02\n", "reviewers:2: the name is there");
    assert_fault("asha reviewer " DIGEST "01\nAsha admin disabled\n", "the name is there already");
    assert_fault("a reviewer " DIGEST "01\nb admin " DIGEST "01\n", "has this token already");
    assert_fault("a reviewer " DIGEST "01\nb admin " DIGEST "02\nc admin " DIGEST
                 "03\nd admin " DIGEST "04\n",
                 "reviewers:4: more reviewers than limits.reviewers");
}
END_TEST

START_TEST(a_line_too_long_is_refused_even_in_a_comment)
{
    struct buffer text = {0};
    buffer_append_text(&text, "#");
    for (int i = 1; i < REVIEWER_LINE_BYTES_MAX; i++)
        buffer_append_byte(&text, 'x');
    buffer_append_text(&text, "\n");
    struct error error = {0};
    struct reviewers *reviewers = reviewers_parse("r", buffer_bytes(&text), 3, &error);
    ck_assert_msg(reviewers != NULL, "%s", error.text);
    free(reviewers);
    text.data[text.size - 1] = 'x';
    buffer_append_text(&text, "\n");
    ck_assert_ptr_null(reviewers_parse("r", buffer_bytes(&text), 3, &error));
    ck_assert_str_eq(error.text, "r:1: the line is longer than 512 bytes");
    buffer_finish(&text);
}
END_TEST

START_TEST(a_file_cut_within_a_line_is_refused_wherever_it_was_cut)
{
    static const char whole[] = "asha reviewer " DIGEST "01 # since May\nlee admin disabled\n";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        struct error error = {0};
        struct reviewers *reviewers = reviewers_parse("r", bytes_of(whole, size), 3, &error);
        bool is_between_lines = size == 0 || whole[size - 1] == '\n';
        ck_assert_msg((reviewers != NULL) == is_between_lines, "cut at %zu: %s", size, error.text);
        free(reviewers);
    }
}
END_TEST

START_TEST(a_token_bears_check_digits_and_no_two_are_alike)
{
    char token[REVIEWER_TOKEN_SIZE], other[REVIEWER_TOKEN_SIZE];
    ck_assert(reviewer_token_make(token) && reviewer_token_make(other));
    ck_assert_str_ne(token, other);
    ck_assert(strncmp(token, "fwr_", 4) == 0);
    ck_assert(reviewer_token_is_formed(bytes_of_text(token)));
    ck_assert(!reviewer_token_is_formed(bytes_of(token, REVIEWER_TOKEN_SIZE - 2)));
    ck_assert(!reviewer_token_is_formed((struct bytes){0}));
    for (size_t i = 0; i < REVIEWER_TOKEN_SIZE - 1; i++) { /* any digit mistyped */
        char wrong[REVIEWER_TOKEN_SIZE];
        memcpy(wrong, token, sizeof wrong);
        wrong[i] = wrong[i] == '0' ? '1' : '0';
        ck_assert_msg(!reviewer_token_is_formed(bytes_of_text(wrong)), "%zu", i);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reviewers");
    TCase *tests = tcase_create("reviewers");
    tcase_add_test(tests, a_line_is_a_name_a_role_and_the_digest_of_a_token);
    tcase_add_test(tests, a_disabled_reviewer_is_known_and_let_in_nowhere);
    tcase_add_test(tests, a_line_that_says_something_else_is_named);
    tcase_add_test(tests, a_name_that_could_be_taken_for_another_is_refused);
    tcase_add_test(tests, names_tokens_and_places_are_given_once);
    tcase_add_test(tests, a_line_too_long_is_refused_even_in_a_comment);
    tcase_add_test(tests, a_file_cut_within_a_line_is_refused_wherever_it_was_cut);
    tcase_add_test(tests, a_token_bears_check_digits_and_no_two_are_alike);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
