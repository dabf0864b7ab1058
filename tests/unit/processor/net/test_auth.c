/* link: receive base */
/* Bearer tokens: what a file may hold, what a header must show, what a reload changes. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/net/auth.h"

static char path[] = "flywheel-token-XXXXXX";

static void write_token(const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void set_up(void)
{
    snprintf(path, sizeof path, "flywheel-token-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    unlink(path);
}

static bool accepts(const struct auth *auth, const char *header)
{
    return auth_accepts(auth, bytes_of_text(header));
}

START_TEST(the_token_is_the_trimmed_text_of_its_file)
{
    struct error error = {0};
    write_token(" \r\n s3cret-token \n\n", 18);
    struct auth *auth = auth_create(path, &error);
    ck_assert_ptr_nonnull(auth);
    ck_assert(accepts(auth, "Bearer s3cret-token"));
    ck_assert(accepts(auth, "bearer   s3cret-token"));
    auth_destroy(auth);
}
END_TEST

START_TEST(anything_but_the_token_is_refused)
{
    static const char *const headers[] = {"",
                                          "Bearer",
                                          "Bearer ",
                                          "Bearer s3cret",
                                          "Bearer s3cret-tokens",
                                          "Bearer S3cret-token",
                                          "Bearer s3cret-token ",
                                          "Bearers3cret-token",
                                          "Bearer\ts3cret-token",
                                          "Basic s3cret-token",
                                          "s3cret-token",
                                          " Bearer s3cret-token"};
    struct error error = {0};
    write_token("s3cret-token", 12);
    struct auth *auth = auth_create(path, &error);
    ck_assert_ptr_nonnull(auth);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        ck_assert_msg(!accepts(auth, headers[i]), "%s", headers[i]);
    ck_assert(!auth_accepts(auth, (struct bytes){0}));
    char *long_header = malloc(1 << 20);
    memset(long_header, 'a', 1 << 20);
    memcpy(long_header, "Bearer ", 7);
    ck_assert(!auth_accepts(auth, bytes_of(long_header, 1 << 20)));
    ck_assert(!auth_accepts(auth, bytes_of("Bearer s3cret-token\0", 20)));
    free(long_header);
    auth_destroy(auth);
}
END_TEST

START_TEST(without_auth_everybody_is_let_in)
{
    ck_assert(auth_accepts(NULL, (struct bytes){0}));
    ck_assert(accepts(NULL, "Bearer whatever"));
}
END_TEST

START_TEST(a_file_without_a_token_is_an_error_that_names_it)
{
    static const struct {
        const char *text;
        size_t size;
    } bad[] = {{"", 0},     {" \n\t ", 4},     {"two words", 9}, {"two\nlines\n", 10},
               {"a\0b", 3}, {"caf\xc3\xa9", 5}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        write_token(bad[i].text, bad[i].size);
        ck_assert_ptr_null(auth_create(path, &error));
        ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
        ck_assert_ptr_nonnull(strstr(error.text, path));
    }
    char longest[TOKEN_BYTES_MAX + 2];
    memset(longest, 't', sizeof longest);
    struct error error = {0};
    write_token(longest, TOKEN_BYTES_MAX + 1);
    ck_assert_ptr_null(auth_create(path, &error));
    struct error none = {0};
    write_token(longest, TOKEN_BYTES_MAX);
    struct auth *auth = auth_create(path, &none);
    ck_assert_msg(auth != NULL, "%s", none.text);
    auth_destroy(auth);
}
END_TEST

START_TEST(what_is_no_readable_file_is_an_error)
{
    static const char *const paths[] = {"no-such-token-file", "/", "/dev/null"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct error error = {0};
        ck_assert_ptr_null(auth_create(paths[i], &error));
        ck_assert(error.is_set && strstr(error.text, paths[i]));
    }
}
END_TEST

START_TEST(a_reload_takes_the_new_token_or_keeps_the_old)
{
    struct error error = {0};
    write_token("old", 3);
    struct auth *auth = auth_create(path, &error);
    write_token("", 0);
    ck_assert_ptr_null(auth_create(path, &error));
    ck_assert(accepts(auth, "Bearer old"));
    write_token("new", 3);
    struct error none = {0};
    struct auth *loaded = auth_create(path, &none);
    ck_assert(accepts(auth, "Bearer old"));
    auth_apply(auth, loaded);
    ck_assert(!accepts(auth, "Bearer old"));
    ck_assert(accepts(auth, "Bearer new"));
    auth_destroy(auth);
}
END_TEST

static void *ask_often(void *context)
{
    for (int i = 0; i < 20000; i++)
        if (!accepts(context, "Bearer one") && !accepts(context, "Bearer two") &&
            !accepts(context, "Bearer one"))
            return "neither token was in force";
    return NULL;
}

START_TEST(a_token_is_exchanged_under_callers)
{
    struct error error = {0};
    write_token("two", 3);
    struct auth *other = auth_create(path, &error);
    write_token("one", 3);
    struct auth *auth = auth_create(path, &error);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_often, auth), 0);
    auth_apply(auth, other);
    void *failure;
    pthread_join(thread, &failure);
    ck_assert_msg(!failure, "%s", (const char *)failure);
    auth_destroy(auth);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth");
    TCase *tests = tcase_create("auth");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_token_is_the_trimmed_text_of_its_file);
    tcase_add_test(tests, anything_but_the_token_is_refused);
    tcase_add_test(tests, without_auth_everybody_is_let_in);
    tcase_add_test(tests, a_file_without_a_token_is_an_error_that_names_it);
    tcase_add_test(tests, what_is_no_readable_file_is_an_error);
    tcase_add_test(tests, a_reload_takes_the_new_token_or_keeps_the_old);
    tcase_add_test(tests, a_token_is_exchanged_under_callers);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
