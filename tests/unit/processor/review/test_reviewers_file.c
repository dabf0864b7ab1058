/* link: review base */
/* The reviewers file on disk: who may open it, and what a change leaves of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processor/review/reviewers_file.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"

static char folder[] = "/tmp/flywheel-reviewers-XXXXXX", path[64];
static char token[REVIEWER_TOKEN_SIZE];

static void enter_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/reviewers", folder);
}

static void leave_folder(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left in it */
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static const char *file_text(void)
{
    static char text[4096];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = 0;
    fclose(file);
    return text;
}

static enum status change(enum reviewer_change what, const char *name, enum reviewer_role role,
                          struct error *error)
{
    *error = (struct error){0};
    return reviewers_change(path, 64, what, bytes_of_text(name), role, token, error);
}

static struct reviewers *load(void)
{
    struct error error = {0};
    struct reviewers *reviewers = reviewers_load(path, 64, &error);
    ck_assert_msg(reviewers != NULL, "%s", error.text);
    return reviewers;
}

static const struct reviewer *owner_of(const struct reviewers *reviewers, const char *text)
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256(digest, bytes_of_text(text));
    return reviewers_by_token(reviewers, digest);
}

START_TEST(a_file_that_others_may_open_is_refused)
{
    static const mode_t modes[] = {0604, 0640, 0660, 0602, 0610};
    struct error error = {0};
    write_file("asha reviewer " DIGEST "01\n");
    free(load());
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        error = (struct error){0};
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        ck_assert_ptr_null(reviewers_load(path, 64, &error));
        ck_assert_int_eq(error.exit_code, EXIT_PERMISSION);
        ck_assert_ptr_nonnull(strstr(error.text, "chmod 600"));
        ck_assert_int_eq(change(REVIEWER_ADD, "lee", ROLE_REVIEWER, &error), STATUS_FATAL);
        ck_assert_int_eq(error.exit_code, EXIT_PERMISSION);
    }
}
END_TEST

START_TEST(a_mounted_secret_of_another_owner_may_be_its_groups)
{
    struct error error = {0};
    if (geteuid() != 0)
        return; /* only root gives files away */
    write_file("asha reviewer " DIGEST "01\n");
    ck_assert_int_eq(chown(path, 12345, 12345), 0);
    ck_assert_int_eq(chmod(path, 0440), 0);
    free(load());
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_ptr_null(reviewers_load(path, 64, &error));
    error = (struct error){0};
    ck_assert_int_eq(chmod(path, 0460), 0);
    ck_assert_ptr_null(reviewers_load(path, 64, &error));
}
END_TEST

START_TEST(an_edit_leaves_the_file_to_its_owner)
{
    struct error error;
    struct stat about;
    if (geteuid() != 0)
        return;
    write_file("asha reviewer " DIGEST "01\n");
    ck_assert_int_eq(chown(path, 12345, 12346), 0);
    ck_assert_int_eq(change(REVIEWER_ADD, "lee", ROLE_REVIEWER, &error), STATUS_OK);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_uid, 12345);
    ck_assert_uint_eq(about.st_gid, 12346);
    ck_assert_int_eq(about.st_mode & 07777, 0600);
}
END_TEST

START_TEST(what_is_no_file_is_named)
{
    struct error error = {0};
    ck_assert_ptr_null(reviewers_load(path, 64, &error));
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    error = (struct error){0};
    ck_assert_ptr_null(reviewers_load(folder, 64, &error));
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
}
END_TEST

START_TEST(a_new_reviewer_stands_behind_the_others_and_their_comments)
{
    struct error error;
    write_file("# people\nasha reviewer " DIGEST "01 # since May\n\n# programs\n");
    ck_assert_int_eq(change(REVIEWER_ADD, "lee", ROLE_ADJUDICATOR, &error), STATUS_OK);
    static const char start[] =
        "# people\nasha reviewer " DIGEST "01 # since May\n\n# programs\nlee adjudicator ";
    ck_assert_msg(strncmp(file_text(), start, sizeof start - 1) == 0, "%s", file_text());
    ck_assert_ptr_null(strstr(file_text(), token)); /* the digest alone */
    struct reviewers *reviewers = load();
    const struct reviewer *lee = owner_of(reviewers, token);
    ck_assert_ptr_nonnull(lee);
    ck_assert_str_eq(lee->name, "lee");
    free(reviewers);
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0600);
}
END_TEST

START_TEST(disable_and_rotate_change_one_line_and_end_the_old_token)
{
    struct error error;
    char first[REVIEWER_TOKEN_SIZE];
    ck_assert_int_eq(change(REVIEWER_ADD, "asha", ROLE_REVIEWER, &error), STATUS_OK);
    memcpy(first, token, sizeof first);
    ck_assert_int_eq(change(REVIEWER_ADD, "lee", ROLE_ADMIN, &error), STATUS_OK);
    ck_assert_int_eq(change(REVIEWER_DISABLE, "asha", REVIEWER_ROLES, &error), STATUS_OK);
    ck_assert_str_eq(token, "");
    ck_assert_msg(strncmp(file_text(), "asha reviewer disabled\nlee admin ", 33) == 0, "%s",
                  file_text());
    struct reviewers *reviewers = load();
    ck_assert_ptr_null(owner_of(reviewers, first));
    free(reviewers);
    ck_assert_int_eq(change(REVIEWER_ROTATE, "asha", ROLE_ADJUDICATOR, &error), STATUS_OK);
    reviewers = load();
    ck_assert_ptr_null(owner_of(reviewers, first));
    ck_assert_int_eq(owner_of(reviewers, token)->role, ROLE_ADJUDICATOR);
    free(reviewers);
}
END_TEST

START_TEST(a_change_that_cannot_be_leaves_the_file_as_it_was)
{
    static const char text[] = "asha reviewer " DIGEST "01\n";
    struct error error;
    write_file(text);
    ck_assert_int_eq(change(REVIEWER_ADD, "Asha", ROLE_ADMIN, &error), STATUS_NOT_FOUND);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
    ck_assert_int_eq(change(REVIEWER_DISABLE, "lee", REVIEWER_ROLES, &error), STATUS_NOT_FOUND);
    ck_assert_int_eq(change(REVIEWER_ROTATE, "lee", REVIEWER_ROLES, &error), STATUS_NOT_FOUND);
    ck_assert_int_eq(change(REVIEWER_ADD, "a/b", ROLE_ADMIN, &error), STATUS_MALFORMED);
    error = (struct error){0};
    ck_assert_int_eq(
        reviewers_change(path, 1, REVIEWER_ADD, BYTES_LITERAL("lee"), ROLE_ADMIN, token, &error),
        STATUS_FATAL);
    ck_assert_ptr_nonnull(strstr(error.text, "limits.reviewers"));
    ck_assert_str_eq(file_text(), text);
    write_file("asha reviewer\n");
    ck_assert_int_eq(change(REVIEWER_ADD, "lee", ROLE_ADMIN, &error), STATUS_FATAL);
    ck_assert_str_eq(file_text(), "asha reviewer\n");
}
END_TEST

START_TEST(changes_at_the_same_time_all_stand)
{
    enum { WRITERS = 8, EACH = 4 };
    pid_t writers[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        ck_assert_int_ge(writers[i], 0);
        for (int j = 0; j < EACH && writers[i] == 0; j++) {
            struct error error;
            char name[32];
            snprintf(name, sizeof name, "r%d-%d", i, j);
            if (change(REVIEWER_ADD, name, ROLE_REVIEWER, &error) != STATUS_OK)
                _exit(1);
        }
        if (writers[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < WRITERS; i++) {
        int code = 1;
        ck_assert_int_eq(waitpid(writers[i], &code, 0), writers[i]);
        ck_assert_int_eq(code, 0);
    }
    struct reviewers *reviewers = load();
    ck_assert_uint_eq(reviewers->count, WRITERS * EACH);
    free(reviewers);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reviewers_file");
    TCase *tests = tcase_create("reviewers_file");
    tcase_add_checked_fixture(tests, enter_folder, leave_folder);
    tcase_add_test(tests, a_file_that_others_may_open_is_refused);
    tcase_add_test(tests, a_mounted_secret_of_another_owner_may_be_its_groups);
    tcase_add_test(tests, an_edit_leaves_the_file_to_its_owner);
    tcase_add_test(tests, what_is_no_file_is_named);
    tcase_add_test(tests, a_new_reviewer_stands_behind_the_others_and_their_comments);
    tcase_add_test(tests, disable_and_rotate_change_one_line_and_end_the_old_token);
    tcase_add_test(tests, a_change_that_cannot_be_leaves_the_file_as_it_was);
    tcase_add_test(tests, changes_at_the_same_time_all_stand);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
