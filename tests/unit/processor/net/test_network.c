/* link: net base */
/* Ranges of addresses: what is one, and who is of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/net/network.h"

static bool contains(const char *range, const char *host)
{
    struct network network;
    char peer[80];
    ck_assert_msg(network_parse(bytes_of_text(range), &network), "%s", range);
    snprintf(peer, sizeof peer, strchr(host, ':') ? "[%s]:4711" : "%s:4711", host);
    return network_contains(&network, peer);
}

START_TEST(a_peer_is_of_the_range_that_its_first_bits_say)
{
    ck_assert(contains("10.0.0.0/8", "10.255.0.1"));
    ck_assert(!contains("10.0.0.0/8", "11.0.0.1"));
    ck_assert(contains("192.0.2.128/25", "192.0.2.129"));
    ck_assert(!contains("192.0.2.128/25", "192.0.2.127"));
    ck_assert(contains("192.0.2.7", "192.0.2.7"));
    ck_assert(!contains("192.0.2.7", "192.0.2.6"));
    ck_assert(contains("0.0.0.0/0", "203.0.113.9"));
    ck_assert(!contains("0.0.0.0/0", "2001:db8::1"));
    ck_assert(contains("2001:db8::/32", "2001:db8:1::9"));
    ck_assert(!contains("2001:db8::/32", "2001:db9::"));
    ck_assert(contains("::/0", "2001:db9::"));
}
END_TEST

START_TEST(an_address_of_four_bytes_is_the_same_through_a_socket_of_sixteen)
{
    ck_assert(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    ck_assert(!contains("10.0.0.0/8", "::10.1.2.3"));
}
END_TEST

START_TEST(a_peer_without_an_address_is_of_no_range)
{
    struct network network;
    ck_assert(network_parse(BYTES_LITERAL("::/0"), &network));
    ck_assert(!network_contains(&network, "unknown"));
    ck_assert(!network_contains(&network, ""));
}
END_TEST

START_TEST(what_is_no_range_is_refused)
{
    static const char *const texts[] = {"",
                                        "/8",
                                        "10.0.0.0/33",
                                        "10.0.0.1/8",
                                        "10.0.0.0/",
                                        "10.0.0.0/+8",
                                        "10.0.0/8",
                                        "10.0.0.0/8/8",
                                        "::/129",
                                        "::1/64",
                                        "localhost",
                                        "10.0.0.0 /8",
                                        "10.0.0.0/8 ",
                                        "10.0.0.0/0008"};
    struct network network;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!network_parse(bytes_of_text(texts[i]), &network), "%s", texts[i]);
    ck_assert(!network_parse(bytes_of("10.0.0.0/8\0", 11), &network));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("network");
    TCase *tests = tcase_create("network");
    tcase_add_test(tests, a_peer_is_of_the_range_that_its_first_bits_say);
    tcase_add_test(tests, an_address_of_four_bytes_is_the_same_through_a_socket_of_sixteen);
    tcase_add_test(tests, a_peer_without_an_address_is_of_no_range);
    tcase_add_test(tests, what_is_no_range_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
