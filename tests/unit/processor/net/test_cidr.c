/* link: net base */
#include <check.h>
#include <stdlib.h>

#include "processor/net/cidr.h"

static bool holds(const char *network, const char *peer)
{
    struct cidr cidr;
    ck_assert_msg(cidr_parse(bytes_of_text(network), &cidr), "%s", network);
    return cidr_holds(&cidr, peer);
}

START_TEST(a_network_holds_its_addresses_and_no_others)
{
    ck_assert(holds("10.0.0.0/8", "10.255.3.4:4711"));
    ck_assert(!holds("10.0.0.0/8", "11.0.0.1:4711"));
    ck_assert(holds("192.0.2.128/25", "192.0.2.200:1"));
    ck_assert(!holds("192.0.2.128/25", "192.0.2.127:1"));
    ck_assert(holds("2001:db8::/33", "[2001:db8:7fff::1]:443"));
    ck_assert(!holds("2001:db8::/33", "[2001:db8:8000::1]:443"));
    ck_assert(holds("127.0.0.1", "127.0.0.1:1"));
    ck_assert(!holds("127.0.0.1", "127.0.0.2:1"));
    ck_assert(holds("0.0.0.0/0", "8.8.8.8:1"));
    ck_assert(!holds("0.0.0.0/0", "[2001:db8::1]:1"));
}
END_TEST

START_TEST(an_ipv4_client_of_an_ipv6_socket_is_ipv4)
{
    ck_assert(holds("10.0.0.0/8", "[::ffff:10.1.2.3]:4711"));
    ck_assert(!holds("10.0.0.0/8", "[::ffff:11.1.2.3]:4711"));
}
END_TEST

START_TEST(a_peer_without_an_address_is_in_no_network)
{
    ck_assert(!holds("0.0.0.0/0", "unknown"));
    ck_assert(!holds("::/0", "unknown"));
    ck_assert(!holds("::/0", ""));
}
END_TEST

START_TEST(what_is_no_network_is_refused)
{
    static const char *const texts[] = {"",          "10.0.0.0/33", "10.0.0.0/",   "10.0.0/8",
                                        "::/129",    "name/8",      "10.0.0.0/-1", "10.0.0.0/8x",
                                        "[::1]/128", "10.0.0.0/8/8"};
    struct cidr cidr;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!cidr_parse(bytes_of_text(texts[i]), &cidr), "%s", texts[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cidr");
    TCase *tests = tcase_create("cidr");
    tcase_add_test(tests, a_network_holds_its_addresses_and_no_others);
    tcase_add_test(tests, an_ipv4_client_of_an_ipv6_socket_is_ipv4);
    tcase_add_test(tests, a_peer_without_an_address_is_in_no_network);
    tcase_add_test(tests, what_is_no_network_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
