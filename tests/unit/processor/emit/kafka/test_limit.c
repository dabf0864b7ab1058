/* link: emit base */
#include <check.h>

#include "processor/emit/kafka/limit.h"

enum { OWN = 1000000 };

START_TEST(what_a_topic_says_holds_below_what_is_our_own)
{
    struct kafka_limit limit = kafka_limit_presumed(OWN);
    ck_assert_uint_eq(limit.bytes, OWN);
    kafka_limit_tell(&limit, 65536);
    ck_assert_uint_eq(limit.bytes, 65536);
    ck_assert_uint_lt(kafka_limit_record(&limit), 65536);
    kafka_limit_tell(&limit, 8 * OWN);
    ck_assert_uint_eq(limit.bytes, OWN);
}
END_TEST

START_TEST(a_refused_batch_halves_only_what_was_presumed)
{
    struct kafka_limit limit = kafka_limit_presumed(OWN);
    kafka_limit_suspect(&limit);
    ck_assert(limit.is_alone);
    ck_assert_uint_eq(limit.bytes, OWN); /* its members go alone first */
    kafka_limit_settle(&limit);
    ck_assert(!limit.is_alone);
    ck_assert_uint_eq(limit.bytes, OWN / 2);
    kafka_limit_settle(&limit); /* once */
    ck_assert_uint_eq(limit.bytes, OWN / 2);
    kafka_limit_tell(&limit, 65536);
    kafka_limit_suspect(&limit);
    kafka_limit_settle(&limit);
    ck_assert_uint_eq(limit.bytes, 65536);
}
END_TEST

START_TEST(a_record_refused_alone_may_have_what_is_told_or_half_of_its_size)
{
    struct kafka_limit limit = kafka_limit_presumed(OWN);
    kafka_limit_suspect(&limit);
    ck_assert_uint_eq(kafka_limit_refuse(&limit, 300000), 150000);
    ck_assert_uint_eq(kafka_limit_refuse(&limit, 200000), 150000);
    ck_assert_uint_eq(kafka_limit_refuse(&limit, 150000), 75000);
    kafka_limit_settle(&limit); /* one of them explains the batch */
    ck_assert_uint_eq(limit.bytes, 75000);
    kafka_limit_tell(&limit, 65536);
    ck_assert_uint_eq(kafka_limit_refuse(&limit, 300000), 65536);
    ck_assert_uint_eq(kafka_limit_refuse(&limit, 40000),
                      20000); /* changed since: others may have more */
    ck_assert_uint_eq(limit.bytes, 65536);
}
END_TEST

START_TEST(halving_ends)
{
    struct kafka_limit limit = kafka_limit_presumed(OWN);
    for (size_t size = OWN, rounds = 0; size > 1024; rounds++) {
        size_t less = kafka_limit_refuse(&limit, size);
        ck_assert_uint_lt(less, size);
        ck_assert_uint_lt(rounds, 20);
        size = less;
    }
    ck_assert_uint_gt(kafka_limit_record(&limit), 0);
}
END_TEST

START_TEST(only_size_and_content_can_be_the_fault_of_a_batch)
{
    ck_assert_int_eq(kafka_refusal_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), REFUSED_FOR_SIZE);
    ck_assert_int_eq(kafka_refusal_of(RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE), REFUSED_FOR_SIZE);
    ck_assert_int_eq(kafka_refusal_of(RD_KAFKA_RESP_ERR_INVALID_RECORD), REFUSED_FOR_CONTENT);
    ck_assert_int_eq(kafka_refusal_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
                     REFUSED_FOR_NOW);
    ck_assert_int_eq(kafka_refusal_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), REFUSED_FOR_NOW);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kafka limit");
    TCase *cases = tcase_create("limit");
    tcase_add_test(cases, what_a_topic_says_holds_below_what_is_our_own);
    tcase_add_test(cases, a_refused_batch_halves_only_what_was_presumed);
    tcase_add_test(cases, a_record_refused_alone_may_have_what_is_told_or_half_of_its_size);
    tcase_add_test(cases, halving_ends);
    tcase_add_test(cases, only_size_and_content_can_be_the_fault_of_a_batch);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
