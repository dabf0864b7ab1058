/* link: report net base */
#include <check.h>
#include <stdlib.h>

#include "processor/report/http_origin.h"

static const char *fault(const char *host, const char *origin, const char *site)
{
    const struct http_origin_rules rules = {.hosts = {BYTES_LITERAL("review.example")},
                                            .host_count = 1};
    const struct http_origin_head head = {
        .host = bytes_of_text(host), .origin = bytes_of_text(origin), .site = bytes_of_text(site)};
    return http_origin_fault(&rules, &head, false);
}

#define assert_ours(...) ck_assert_ptr_null(fault(__VA_ARGS__))
#define assert_refused(reason, ...) ck_assert_pstr_eq(fault(__VA_ARGS__), reason)

START_TEST(addresses_localhost_and_configured_names_are_ours)
{
    assert_ours("127.0.0.1:8322", NULL, NULL);
    assert_ours("[::1]:8322", NULL, NULL);
    assert_ours("LOCALHOST", NULL, NULL);
    assert_ours("app.localhost:1", NULL, NULL);
    assert_ours("review.example:443", NULL, NULL);
    assert_ours("Review.Example", NULL, NULL);
}
END_TEST

START_TEST(a_name_of_somebody_elses_is_refused_and_so_is_none)
{
    assert_refused("host", NULL, NULL, NULL);
    assert_refused("host", "", NULL, NULL);
    assert_refused("host", "evil.example", NULL, NULL);
    assert_refused("host", "127.0.0.1.evil.example:8322", NULL, NULL);
    assert_refused("host", "evillocalhost", NULL, NULL);
    assert_refused("host", "xreview.example", NULL, NULL);
    assert_refused("host", "[::1", NULL, NULL);
}
END_TEST

START_TEST(only_the_page_of_this_very_port_may_ask)
{
    assert_ours("localhost:8322", "http://localhost:8322", "same-origin");
    assert_ours("localhost:8322", "http://localhost:8322", NULL);
    assert_refused("origin", "localhost:8322", "http://localhost:3000", "same-site");
    assert_refused("origin", "localhost:8322", "http://localhost:3000", NULL);
    assert_refused("origin", "localhost:8322", "https://localhost:8322", NULL);
    assert_refused("origin", "localhost:8322", "http://evil.example", "cross-site");
    assert_refused("origin", "localhost:8322", "null", NULL);
    assert_refused("origin", "localhost:8322", "", NULL);
    assert_refused("origin", "localhost:8322", NULL, "cross-site");
    assert_refused("origin", "localhost:8322", NULL, "same-site");
}
END_TEST

START_TEST(a_typed_address_leads_to_the_page_alone)
{
    const struct http_origin_rules rules = {0};
    const struct http_origin_head head = {.host = BYTES_LITERAL("127.0.0.1:8322"),
                                          .site = BYTES_LITERAL("none")};
    ck_assert_ptr_null(http_origin_fault(&rules, &head, true));
    ck_assert_pstr_eq(http_origin_fault(&rules, &head, false), "origin");
}
END_TEST

START_TEST(behind_a_proxy_the_origin_is_the_proxys)
{
    const struct http_origin_rules rules = {.url = BYTES_LITERAL("https://review.example/fw/")};
    struct http_origin_head head = {.host = BYTES_LITERAL("review.example"),
                                    .origin = BYTES_LITERAL("https://review.example")};
    ck_assert_ptr_null(http_origin_fault(&rules, &head, false));
    head.origin = BYTES_LITERAL("http://review.example");
    ck_assert_pstr_eq(http_origin_fault(&rules, &head, false), "origin");
    head.origin = BYTES_LITERAL("https://review.example.evil");
    ck_assert_pstr_eq(http_origin_fault(&rules, &head, false), "origin");
}
END_TEST

START_TEST(a_target_that_names_another_host_is_refused)
{
    const struct http_origin_rules rules = {0};
    const struct http_origin_head head = {.host = BYTES_LITERAL("127.0.0.1:8322"),
                                          .target_host = BYTES_LITERAL("evil.example")};
    ck_assert_pstr_eq(http_origin_fault(&rules, &head, false), "host");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_origin");
    TCase *tests = tcase_create("http_origin");
    tcase_add_test(tests, addresses_localhost_and_configured_names_are_ours);
    tcase_add_test(tests, a_name_of_somebody_elses_is_refused_and_so_is_none);
    tcase_add_test(tests, only_the_page_of_this_very_port_may_ask);
    tcase_add_test(tests, a_typed_address_leads_to_the_page_alone);
    tcase_add_test(tests, behind_a_proxy_the_origin_is_the_proxys);
    tcase_add_test(tests, a_target_that_names_another_host_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
