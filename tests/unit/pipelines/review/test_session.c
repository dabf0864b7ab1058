/* link: pipelines state base */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "pipelines/review/session.h"
#include "tests/support/temp_store.h"

static const uint8_t key[SESSION_KEY_SIZE] = {1, 2, 3}, other_key[SESSION_KEY_SIZE] = {1, 2, 4};
static const struct session asha = {
    .trust = 1, .role = 2, .ends_ms = 1000, .token_head = {9, 8}, .name = "asha"};

START_TEST(a_session_says_whose_it_is_until_it_ends)
{
    char text[SESSION_TEXT_SIZE];
    struct session session;
    session_write(key, &asha, text);
    ck_assert(session_read(key, bytes_of_text(text), 999, &session));
    ck_assert_str_eq(session.name, "asha");
    ck_assert_uint_eq(session.trust, 1);
    ck_assert_uint_eq(session.role, 2);
    ck_assert_mem_eq(session.token_head, asha.token_head, SESSION_TOKEN_HEAD);
    ck_assert(!session_read(key, bytes_of_text(text), 1000, &session));
}
END_TEST

START_TEST(a_session_of_the_longest_name_has_room)
{
    char text[SESSION_TEXT_SIZE];
    struct session longest = asha, session;
    memset(longest.name, 'n', SESSION_NAME_MAX);
    session_write(key, &longest, text);
    ck_assert_uint_eq(strlen(text), SESSION_TEXT_SIZE - 1);
    ck_assert(session_read(key, bytes_of_text(text), 0, &session));
    ck_assert_str_eq(session.name, longest.name);
}
END_TEST

START_TEST(a_session_that_was_changed_anywhere_is_none)
{
    char text[SESSION_TEXT_SIZE];
    struct session session;
    session_write(key, &asha, text);
    for (size_t i = 0; text[i]; i++) {
        char was = text[i];
        text[i] = was == '0' ? '1' : '0';
        ck_assert_msg(!session_read(key, bytes_of_text(text), 0, &session), "at %zu", i);
        text[i] = was;
    }
    for (size_t size = 0; size < strlen(text); size++)
        ck_assert(!session_read(key, bytes_of(text, size), 0, &session));
    ck_assert(!session_read(other_key, bytes_of_text(text), 0, &session));
}
END_TEST

START_TEST(a_code_is_good_once_and_for_a_minute)
{
    char text[CODE_TEXT_SIZE];
    struct code_book book = {0};
    uint8_t role = 0;
    code_make(key, 3, 100000, text);
    ck_assert(!code_take(&book, other_key, bytes_of_text(text), 100001, &role));
    ck_assert(!code_take(&book, key, bytes_of_text(text), 99999, &role));
    ck_assert(!code_take(&book, key, bytes_of_text(text), 160001, &role));
    ck_assert(code_take(&book, key, bytes_of_text(text), 160000, &role));
    ck_assert_uint_eq(role, 3);
    ck_assert(!code_take(&book, key, bytes_of_text(text), 160000, &role));
}
END_TEST

START_TEST(a_code_from_before_the_start_is_refused)
{
    char text[CODE_TEXT_SIZE];
    struct code_book book = {.since_ms = 100001};
    uint8_t role;
    code_make(key, 3, 100000, text);
    ck_assert(!code_take(&book, key, bytes_of_text(text), 100002, &role));
}
END_TEST

START_TEST(codes_that_are_remembered_are_bounded_and_forgotten_after_their_minute)
{
    char text[CODE_TEXT_SIZE];
    struct code_book book = {0};
    uint8_t role;
    for (int i = 0; i < CODES_REMEMBERED; i++) {
        code_make(key, 3, 100000, text);
        ck_assert(code_take(&book, key, bytes_of_text(text), 100000, &role));
    }
    code_make(key, 3, 100000, text);
    ck_assert(!code_take(&book, key, bytes_of_text(text), 100000, &role));
    code_make(key, 3, 160001, text);
    ck_assert(code_take(&book, key, bytes_of_text(text), 160001, &role));
}
END_TEST

START_TEST(neither_a_code_nor_a_session_passes_for_the_other)
{
    char code[CODE_TEXT_SIZE], text[SESSION_TEXT_SIZE];
    struct code_book book = {0};
    struct session session;
    uint8_t role;
    code_make(key, 3, 100, code);
    session_write(key, &asha, text);
    ck_assert(!session_read(key, bytes_of_text(code), 0, &session));
    ck_assert(!code_take(&book, key, bytes_of_text(text), 100, &role));
}
END_TEST

START_TEST(the_key_of_a_directory_is_made_once)
{
    struct temp_store temp;
    struct error error = {0};
    uint8_t first[SESSION_KEY_SIZE] = {0}, second[SESSION_KEY_SIZE], none[SESSION_KEY_SIZE] = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(session_key_read(temp.store, first, &error), STATUS_NOT_FOUND);
    ck_assert_int_eq(session_key_make(temp.store, &error), STATUS_OK);
    ck_assert_int_eq(session_key_read(temp.store, first, &error), STATUS_OK);
    ck_assert_int_eq(session_key_make(temp.store, &error), STATUS_OK);
    ck_assert_int_eq(session_key_read(temp.store, second, &error), STATUS_OK);
    ck_assert_mem_eq(first, second, sizeof first);
    ck_assert_mem_ne(first, none, sizeof first);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    tcase_add_test(tests, a_session_says_whose_it_is_until_it_ends);
    tcase_add_test(tests, a_session_of_the_longest_name_has_room);
    tcase_add_test(tests, a_session_that_was_changed_anywhere_is_none);
    tcase_add_test(tests, a_code_is_good_once_and_for_a_minute);
    tcase_add_test(tests, a_code_from_before_the_start_is_refused);
    tcase_add_test(tests, codes_that_are_remembered_are_bounded_and_forgotten_after_their_minute);
    tcase_add_test(tests, neither_a_code_nor_a_session_passes_for_the_other);
    tcase_add_test(tests, the_key_of_a_directory_is_made_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
