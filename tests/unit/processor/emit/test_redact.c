/* link: emit base */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/emit/redact.h"

static struct arena arena;
static struct redaction_counts counts;
static struct redaction_policy policy;
static struct regex_scratch *scratch;

static void setup(void)
{
    arena_init(&arena, 256u << 20);
    counts = (struct redaction_counts){0};
    policy = (struct redaction_policy){.content = REDACT_REDACTED};
    for (int i = 0; i < MASK_KINDS; i++)
        policy.builtin[i] = true;
    scratch = regex_scratch_create();
}

static void teardown(void)
{
    for (uint32_t i = 0; i < policy.custom_count; i++)
        regex_destroy(policy.custom[i]);
    regex_scratch_destroy(scratch);
    arena_finish(&arena);
}

static const char *redacted(const char *text)
{
    struct redacted_text result =
        redact_text(&policy, scratch, bytes_of_text(text), &arena, &counts);
    if (!result.text.data)
        return NULL;
    char *copy = arena_alloc(&arena, result.text.size + 1);
    memcpy(copy, result.text.data, result.text.size);
    copy[result.text.size] = 0;
    return copy;
}

static void check_masks(const char *const pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(strcmp(redacted(pairs[i][0]), pairs[i][1]) == 0, "\"%s\" became \"%s\"",
                      pairs[i][0], redacted(pairs[i][0]));
}

static void check_stays(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(strcmp(redacted(texts[i]), texts[i]) == 0, "\"%s\" became \"%s\"", texts[i],
                      redacted(texts[i]));
}
#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(mail_addresses_are_masked)
{
    static const char *const pairs[][2] = {
        {"mail jo@example.com now", "mail [EMAIL] now"},
        {"jo@example.com", "[EMAIL]"},
        {"<jo.doe+tag@mail.example.co.uk>.", "<[EMAIL]>."},
        {"At end: jo@example.com.", "At end: [EMAIL]."},
        {"a@b.io,c@d.io", "[EMAIL],[EMAIL]"},
        {"J\xc3\xb6rg@m\xc3\xbcller.de ja", "[EMAIL] ja"},
        {"line\\njo@example.com", "line\\n[EMAIL]"},
        {"{\"to\":\"jo@example.com\"}", "{\"to\":\"[EMAIL]\"}"},
        {"\xe9\x82\xae\xe7\xae\xb1jo@example.com", "\xe9\x82\xae\xe7\xae\xb1[EMAIL]"},
        {"mailto:o'neil@example.org?subject=x", "mailto:[EMAIL]?subject=x"},
        {"x@xn--bcher-kva.xn--p1ai", "[EMAIL]"},
    };
    check_masks(pairs, COUNT(pairs));
    ck_assert_uint_ge(counts.masked[MASK_EMAIL], 12);
}
END_TEST

START_TEST(what_only_holds_an_at_sign_stays)
{
    static const char *const texts[] = {
        "@decorator", "pkg@1.2.3", "npm i @types/node", "a @ b.com", "user@localhost", "x@y.1z",
        "@",          "jo@",
    };
    check_stays(texts, COUNT(texts));
}
END_TEST

START_TEST(card_numbers_are_masked)
{
    static const char *const pairs[][2] = {
        {"4111111111111111", "[CARD]"},
        {"pay 4111 1111 1111 1111 12/27 cvc 123", "pay [CARD] 12/27 cvc 123"},
        {"5500-0000-0000-0004.", "[CARD]."},
        {"Amex 3782 822463 10005!", "Amex [CARD]!"},
        {"{\"pan\":\"6011111111111117\"}", "{\"pan\":\"[CARD]\"}"},
        {"36227206271667", "[CARD]"},
        {"Card 2: 4111 1111 1111 1111", "Card 2: [CARD]"},
        {"2 4111 1111 1111 1111 3", "2 [CARD] 3"},
        {"It is $25. 4111 1111 1111 1111. 12 left", "It is $25. [CARD]. 12 left"},
        {"3530111333300000", "[CARD]"},
        {"6771-8900-0000-0004", "6771-8900-0000-0004"}, /* fails Luhn */
    };
    check_masks(pairs, COUNT(pairs));
}
END_TEST

START_TEST(numbers_that_are_no_card_stay)
{
    static const char *const texts[] = {
        "4111111111111112",    /* Luhn */
        "1700000000000000000", /* nanoseconds */
        "1700000000000",       /* milliseconds */
        "9999999999999995",    /* no issuer; passes Luhn */
        "0.4111111111111111",  /* a fraction */
        "a4111111111111111",
        "4111111111111111a",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        "550e8400-e29b-41d4-a716-446655440000",
        "41111111111111111111111",
    };
    check_stays(texts, COUNT(texts));
}
END_TEST

START_TEST(phone_numbers_are_masked)
{
    static const char *const pairs[][2] = {
        {"call +49 151 23456789 today", "call [PHONE] today"},
        {"+15551234567", "[PHONE]"},
        {"+1 (555) 123-4567", "[PHONE]"},
        {"+44 (0)20 7946 0958", "[PHONE]"},
        {"(555) 123-4567", "[PHONE]"},
        {"call 555-123-4567.", "call [PHONE]."},
        {"call 555.123.4567, please", "call [PHONE], please"},
        {"1-800-555-0199", "[PHONE]"},
        {"1 (800) 555-0199 x12", "[PHONE] x12"},
        {"0151 23456789", "[PHONE]"},
        {"030/1234567", "[PHONE]"},
        {"(030) 1234567", "[PHONE]"},
        {"01 23 45 67 89", "[PHONE]"},
        {"01.23.45.67.89", "[PHONE]"},
        {"0049 151 2345678", "[PHONE]"},
        {"tel:+33-1-23-45-67-89", "tel:[PHONE]"},
        {"612 345 678", "[PHONE]"},
        {"8 (912) 345-67-89", "[PHONE]"},
        {"Room 12 555-123-4567", "Room 12 [PHONE]"},
        {"\xe7\x94\xb5\xe8\xaf\x9d"
         "138 1234 5678\xe3\x80\x82",
         "\xe7\x94\xb5\xe8\xaf\x9d[PHONE]\xe3\x80\x82"},
        {"(555-123-4567)", "([PHONE])"},
        {"+49\xc2\xa0"
         "151\xc2\xa0"
         "2345678",
         "[PHONE]"},
        {"020 7946 0958", "[PHONE]"},
    };
    check_masks(pairs, COUNT(pairs));
}
END_TEST

START_TEST(ids_dates_amounts_and_versions_are_no_phone)
{
    static const char *const texts[] = {
        "order 5551234567",
        "5551234567",
        "2026-11-23 09:23:56",
        "2026-11-23T09:23:56.123456789Z",
        "23.11.2026 10:30",
        "01.02.2026 1030",
        "01/02/2026 1030",
        "192.168.100.200",
        "10.0.0.1",
        "v1.22.333",
        "115.0.5790.102",
        "1,234,567,890",
        "1 234 567 890",
        "123456789.123456",
        "978-3-16-148410-0",
        "112-1234567-1234567",
        "550e8400-e29b-41d4-a716-446655440000",
        "100 200 300 400",
        "0.000123456",
        "3.14159265358979",
        "INV-2026-0001-0002",
        "#555-123-4567",
        "12:30:45",
        "0001-0002-0003",
        "[1, 2, 3, 100, 200]",
        "lat 52.520008 lon 13.404954",
        "span 00f067aa0ba902b7",
        "{\"start_ms\":1700000000123,\"n\":42}",
        "1e+123456789",
        "00:01:02.003",
        "2026-11-23-123456",
        "01234567-0123-0123-0123-012345678901",
        "20 000 000 EUR",
    };
    check_stays(texts, COUNT(texts));
}
END_TEST

START_TEST(secrets_are_masked)
{
    static const char *const pairs[][2] = {
        {"key sk-proj-abcDEF1234567890abcdef", "key [SECRET]"},
        {"sk-abcdefghijklmnopqrstuvwxyz", "[SECRET]"},
        {"AKIAIOSFODNN7EXAMPLE", "[SECRET]"},
        {"use ghp_abcdefghijklmnopqrstuvwxyz0123456789.", "use [SECRET]."},
        {"github_pat_11ABCDEFG0abcdefghijkl_x", "[SECRET]"},
        {"xoxb-123456789012-abcdefghij", "[SECRET]"},
        {"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF-_1 end", "jwt [SECRET] end"},
        {"Authorization: Bearer abcdef123456", "Authorization: Bearer [SECRET]"},
        {"bearer   mF_9.B5f-4.1JqM", "bearer   [SECRET]"},
        {"Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [SECRET]"},
        {"password=hunter2&x=1", "password=[SECRET]&x=1"},
        {"password = swordfish", "password = [SECRET]"},
        {"DB_PASSWORD=abc;x", "DB_PASSWORD=[SECRET];x"},
        {"{\"password\": \"correct horse\"}", "{\"password\": \"[SECRET]\"}"},
        {"{\\\"api_key\\\": \\\"abc def\\\", \\\"x\\\":1}",
         "{\\\"api_key\\\": \\\"[SECRET]\\\", \\\"x\\\":1}"},
        {"client-secret: s3cr3t!", "client-secret: [SECRET]"},
        {"?token=abc123&y=2", "?token=[SECRET]&y=2"},
        {"{\"access_token\":\"0a1b2c3d\"}", "{\"access_token\":\"[SECRET]\"}"},
        {"postgres://app:p4ss#w@db:5432/x", "postgres://app:[SECRET]@db:5432/x"},
        {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nab+/=\n-----END RSA PRIVATE KEY-----\nbye",
         "[SECRET]\nbye"},
        {"-----BEGIN PRIVATE KEY-----\nMIIEab", "[SECRET]"},
        {"{\"k\":\"-----BEGIN EC PRIVATE KEY-----\\nMI\\n\"}", "{\"k\":\"[SECRET]\"}"},
    };
    check_masks(pairs, COUNT(pairs));
}
END_TEST

START_TEST(words_about_secrets_stay)
{
    static const char *const texts[] = {
        "max_tokens: 1000",
        "\"total_tokens\": 1234",
        "\"token\": \"Hello\"",
        "the token: a unit of text",
        "token=5",
        "The secret: patience",
        "password: please",
        "Bearer of bad news",
        "risk-based-approach-to-testing",
        "sk-learn",
        "password=[SECRET]",
        "api_key=${KEY}",
        "\"password\": \"\"",
        "JavaScript eyJ",
        "x == password",
        "-----BEGIN X----- nothing",
        "a_b_c_d",
        "bread and butter",
        "if (password == nil)",
        "keys: a, b",
        "key=value",
    };
    check_stays(texts, COUNT(texts));
}
END_TEST

START_TEST(a_custom_regex_runs_after_the_built_in_masks_and_overlaps_merge)
{
    struct error error = {0};
    policy.custom[policy.custom_count++] =
        regex_create(bytes_of_text("ACC-[0-9]+|com now|\\b"), &error);
    ck_assert_msg(policy.custom[0] != NULL, "%s", error.text);
    ck_assert_str_eq(redacted("ACC-12 and ACC-7"), "[MASKED] and [MASKED]");
    ck_assert_uint_eq(counts.masked[MASK_CUSTOM], 2);
    ck_assert_str_eq(redacted("mail jo@example.com now!"), "mail [EMAIL]!");
}
END_TEST

START_TEST(an_escaped_text_is_masked_as_it_reads)
{
    static const char *const pairs[][2] = {
        {"j\\u00f6rg@example.com", "[EMAIL]"},
        {"jo\\u0040example.com\\n", "[EMAIL]\\n"},
        {"\\\\u006ao@example\\u002Ecom", "[EMAIL]"},
        {"{'to': '4111\\xa01111\\xa01111\\xa01111'}", "{'to': '[CARD]'}"}, /* a repr */
        {"jo\\_doe@example\\.com", "[EMAIL]"},                             /* Markdown */
        {"030\\/1234567", "[PHONE]"},
        {"a\\\\\\njo@example.com", "a\\\\\\n[EMAIL]"},
        {"C:\\jo@example.com", "C:\\[EMAIL]"},
        {"{\"password\": \"a\\\"b\", \"x\": \"y\"}", "{\"password\": \"[SECRET]\", \"x\": \"y\"}"},
        {"{\"password\": \"a\\\"b", "{\"password\": \"[SECRET]"}, /* cut */
        {"{\"password\": \"ab\\\\\", \"x\": \"y\"}",
         "{\"password\": \"[SECRET]\", \"x\": \"y\"}"},
        {"\\u0070assword\\u003dhunter2 \\ud83d\\ude00", "\\u0070assword\\u003d[SECRET] \\ud83d\\ude00"},
        {"\\", "\\"},
        {"\\u12", "\\u12"},
    };
    check_masks(pairs, COUNT(pairs));
}
END_TEST

START_TEST(a_custom_regex_reads_a_text_as_it_stands_and_as_its_escapes_read)
{
    struct error error = {0};
    policy.custom[policy.custom_count++] =
        regex_create(bytes_of_text("K\xc3\xb6ln|\"ssn\": \"\\d+\"|\\\\n--"), &error);
    ck_assert_msg(policy.custom[0] != NULL, "%s", error.text);
    ck_assert_str_eq(redacted("in K\\u00f6ln, K\xc3\xb6ln"), "in [MASKED], [MASKED]");
    ck_assert_str_eq(redacted("{\\\"ssn\\\": \\\"12\\\"}"), "{[MASKED]}");
    ck_assert_str_eq(redacted("a\\n--b"), "a[MASKED]b"); /* the raw form */
}
END_TEST

START_TEST(a_text_that_a_custom_regex_gives_up_on_does_not_leave_and_is_counted)
{
    struct error error = {0};
    policy.custom[policy.custom_count++] = regex_create(bytes_of_text("(?s)<a>.*?</a>"), &error);
    enum { SIZE = 400000 };
    char *text = malloc(SIZE + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, 'y', SIZE);
    text[SIZE] = 0;
    memcpy(text, "<a>1</a><a>", 11);
    ck_assert_ptr_null(redacted(text));
    ck_assert_uint_eq(counts.given_up, 1);
    ck_assert_uint_eq(counts.dropped_fields, 1);
    ck_assert_uint_eq(counts.masked[MASK_CUSTOM], 0);
    ck_assert_str_eq(redacted("<a>1</a> <a>2</a>"), "[MASKED] [MASKED]");
    ck_assert_uint_eq(counts.given_up, 1);
    free(text);
}
END_TEST

START_TEST(a_mask_kind_that_is_off_does_not_run)
{
    policy.builtin[MASK_EMAIL] = false;
    policy.builtin[MASK_PHONE] = false;
    ck_assert_str_eq(redacted("jo@example.com 555-123-4567 4111111111111111"),
                     "jo@example.com 555-123-4567 [CARD]");
    policy.builtin[MASK_SECRET] = false;
    ck_assert_str_eq(redacted("password=hunter2"), "password=hunter2");
}
END_TEST

START_TEST(none_and_metadata_drop_texts_but_keep_masked_names)
{
    for (policy.content = REDACT_NONE; policy.content <= REDACT_METADATA; policy.content++) {
        ck_assert_ptr_null(redacted("hello"));
        struct bytes name =
            redact_name(&policy, scratch, BYTES_LITERAL("mail jo@example.com"), &arena, &counts);
        ck_assert(bytes_equal_text(name, "mail [EMAIL]"));
    }
    ck_assert_uint_eq(counts.dropped_fields, 2);
    policy.content = REDACT_FULL;
    ck_assert_str_eq(redacted("jo@example.com"), "jo@example.com");
    struct redacted_text absent = redact_text(&policy, scratch, (struct bytes){0}, &arena, &counts);
    ck_assert_ptr_null(absent.text.data);
    ck_assert_uint_eq(counts.dropped_fields, 2);
}
END_TEST

START_TEST(a_text_without_a_match_is_not_copied)
{
    struct bytes text = BYTES_LITERAL("nothing to see here, 12 of 13");
    size_t used = arena.used;
    struct redacted_text result = redact_text(&policy, scratch, text, &arena, &counts);
    ck_assert_ptr_eq(result.text.data, text.data);
    ck_assert_uint_eq(arena.used, used);
    ck_assert_uint_eq(result.edit_count, 0);
}
END_TEST

START_TEST(offsets_are_carried_over_the_masks)
{
    /* "a jo@example.com b 4111111111111111 c" -> "a [EMAIL] b [CARD] c" */
    struct bytes text = BYTES_LITERAL("a jo@example.com b 4111111111111111 c");
    struct redacted_text result = redact_text(&policy, scratch, text, &arena, &counts);
    ck_assert(bytes_equal_text(result.text, "a [EMAIL] b [CARD] c"));
    static const uint32_t expected[][3] = {
        {0, 0, 0},    {2, 2, 2},    {5, 2, 9},    {16, 9, 9},   {17, 10, 10},
        {19, 12, 12}, {25, 12, 18}, {35, 18, 18}, {37, 20, 20}, {99, 20, 20},
    };
    for (size_t i = 0; i < COUNT(expected); i++) {
        ck_assert_uint_eq(redact_offset(&result, expected[i][0], false), expected[i][1]);
        ck_assert_uint_eq(redact_offset(&result, expected[i][0], true), expected[i][2]);
    }
}
END_TEST

/* Any scanner that read to the end of a token for each trigger in it would need hours here. */
START_TEST(hostile_texts_take_time_in_proportion_to_their_length)
{
    static const char *const patterns[] = {
        "sk-",
        "eyJ-",
        "a@",
        "1 ",
        "0 1-",
        "+1",
        "(1",
        "4 ",
        "-",
        "://u:p@",
        "token:'",
        "password",
        "bearer ",
        "-----BEGIN X-----",
        "token=",
        "a.b@c.",
        "eyJa.b",
        "411111-1",
        "a=\"b\":",
        "AKIA-",
        "-----BEGIN PRIVATE KEY-----",
        "_ghp_a-",
        "\\",
        "\\n",
        "\\u0031",
        "\\\\ud83d",
        "password: \"\\\"",
        "\"token\": \"\\\\\\\"a1b2c3d4",
        "1",
    };
    enum { SIZE = 2 << 20 };
    char *text = malloc(SIZE + 1);
    for (size_t i = 0; i < COUNT(patterns); i++) {
        size_t period = strlen(patterns[i]);
        for (size_t j = 0; j < SIZE; j++)
            text[j] = patterns[i][j % period];
        text[SIZE] = 0;
        clock_t before = clock();
        (void)redacted(text);
        ck_assert_msg(clock() - before < 5 * CLOCKS_PER_SEC, "%s", patterns[i]);
        arena_reset(&arena);
    }
    free(text);
}
END_TEST

START_TEST(a_text_that_finds_no_memory_does_not_leave)
{
    arena.limit = 8;
    ck_assert_ptr_null(redacted("jo@example.com"));
    ck_assert_uint_eq(counts.dropped_fields, 1);
}
END_TEST

START_TEST(an_identifier_is_hashed_with_the_key_when_its_name_is_listed)
{
    policy.hash[policy.hash_count++] = BYTES_LITERAL("session.id");
    policy.hash[policy.hash_count++] = BYTES_LITERAL("user.*");
    policy.hash_key = BYTES_LITERAL("key");
    struct bytes value = BYTES_LITERAL("The quick brown fox jumps over the lazy dog");
    struct bytes id =
        redact_identifier(&policy, BYTES_LITERAL("session.id"), value, &arena, &counts);
    ck_assert(bytes_equal_text(id, "f7bc83f430538424b13298e6aa6fb143")); /* a known HMAC-SHA256 */
    struct bytes other =
        redact_identifier(&policy, BYTES_LITERAL("user.email"), value, &arena, &counts);
    ck_assert(bytes_equal(id, other));
    struct bytes plain = redact_identifier(&policy, BYTES_LITERAL("x"), value, &arena, &counts);
    ck_assert(bytes_equal(plain, value));
    ck_assert_uint_eq(counts.hashed_fields, 2);
}
END_TEST

START_TEST(an_attribute_key_leaves_only_when_a_list_names_it)
{
    policy.allow[policy.allow_count++] = BYTES_LITERAL("gen_ai.*");
    policy.allow[policy.allow_count++] = BYTES_LITERAL("http.route");
    ck_assert(redact_allows_key(&policy, BYTES_LITERAL("gen_ai.system")));
    ck_assert(redact_allows_key(&policy, BYTES_LITERAL("http.route")));
    ck_assert(!redact_allows_key(&policy, BYTES_LITERAL("http.route.x")));
    ck_assert(!redact_allows_key(&policy, BYTES_LITERAL("user.id")));
    policy.content = REDACT_FULL;
    ck_assert(redact_allows_key(&policy, BYTES_LITERAL("user.id")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redact");
    TCase *cases = tcase_create("masks");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, mail_addresses_are_masked);
    tcase_add_test(cases, what_only_holds_an_at_sign_stays);
    tcase_add_test(cases, card_numbers_are_masked);
    tcase_add_test(cases, numbers_that_are_no_card_stay);
    tcase_add_test(cases, phone_numbers_are_masked);
    tcase_add_test(cases, ids_dates_amounts_and_versions_are_no_phone);
    tcase_add_test(cases, secrets_are_masked);
    tcase_add_test(cases, words_about_secrets_stay);
    tcase_add_test(cases, a_custom_regex_runs_after_the_built_in_masks_and_overlaps_merge);
    tcase_add_test(cases, an_escaped_text_is_masked_as_it_reads);
    tcase_add_test(cases, a_custom_regex_reads_a_text_as_it_stands_and_as_its_escapes_read);
    tcase_add_test(cases, a_text_that_a_custom_regex_gives_up_on_does_not_leave_and_is_counted);
    tcase_add_test(cases, a_mask_kind_that_is_off_does_not_run);
    tcase_add_test(cases, none_and_metadata_drop_texts_but_keep_masked_names);
    tcase_add_test(cases, a_text_without_a_match_is_not_copied);
    tcase_add_test(cases, offsets_are_carried_over_the_masks);
    tcase_add_test(cases, hostile_texts_take_time_in_proportion_to_their_length);
    tcase_add_test(cases, a_text_that_finds_no_memory_does_not_leave);
    tcase_add_test(cases, an_identifier_is_hashed_with_the_key_when_its_name_is_listed);
    tcase_add_test(cases, an_attribute_key_leaves_only_when_a_list_names_it);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
