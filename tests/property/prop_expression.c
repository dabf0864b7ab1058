/* link: score */
/* Random expressions, built beside a naive evaluation: what is printed parses to the same text, and
 * both texts evaluate as the naive model says. The seed is printed when one differs. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/score/expression/expression.h"
#include "tests/support/score_fixture.h"

enum { ROUNDS = 3000, TEXT_MAX = 8192, DEPTH_MAX = 6 };

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static void put(char *to, const char *text)
{
    size_t used = strlen(to);
    snprintf(to + used, TEXT_MAX - used, "%s", text);
}

/* Comparisons whose result in the fixture's run is known. */
static enum tristate put_comparison(char *to)
{
    static const struct {
        const char *text;
        enum tristate result;
    } known[] = {
        {"steps == 1", IS_TRUE},
        {"steps>1.5e0", IS_FALSE},
        {"score.A <= 0.5", IS_TRUE},
        {"0.25 >=score.A", IS_FALSE},
        {"score.None > 0", IS_UNKNOWN},
        {"intent == 'refund'", IS_TRUE},
        {"intent in [\"a\", 'refund', \"it's \\\"\"]", IS_TRUE},
        {"intent contains \"x\"", IS_FALSE},
        {"intent =~ '^re\\w+$'", IS_TRUE},
        {"locale == 'de'", IS_UNKNOWN},
        {"locale != 'unknown'", IS_FALSE},
        {"attributes['k \\\\'] == true", IS_UNKNOWN},
        {"'a' in attributes[\"list\"]", IS_UNKNOWN},
        {"true", IS_TRUE},
        {"false", IS_FALSE},
    };
    uint32_t choice = draw(sizeof known / sizeof *known);
    put(to, known[choice].text);
    return known[choice].result;
}

static enum tristate least(enum tristate a, enum tristate b)
{
    if (a == IS_FALSE || b == IS_FALSE)
        return IS_FALSE;
    return a == IS_UNKNOWN || b == IS_UNKNOWN ? IS_UNKNOWN : IS_TRUE;
}

static enum tristate inverse(enum tristate a)
{
    return a == IS_UNKNOWN ? IS_UNKNOWN : a == IS_TRUE ? IS_FALSE : IS_TRUE;
}

/* Everything composite is in parentheses, so the model needs no precedence. */
static enum tristate put_expression(char *to, uint32_t depth)
{
    uint32_t choice = depth == 0 ? 0 : draw(5);
    if (choice == 0)
        return put_comparison(to);
    if (choice == 1) {
        put(to, "not (");
        enum tristate inner = put_expression(to, depth - 1);
        put(to, " )");
        return inverse(inner);
    }
    bool is_and = choice < 4;
    put(to, "(");
    enum tristate a = put_expression(to, depth - 1);
    put(to, is_and ? " and " : "\n or ");
    enum tristate b = put_expression(to, depth - 1);
    put(to, ")");
    return is_and ? least(a, b) : inverse(least(inverse(a), inverse(b)));
}

static const struct bytes dimensions[] = {{(const uint8_t *)"intent", 6},
                                          {(const uint8_t *)"locale", 6}};
static const struct expression_names names = {dimensions, 2};

static void check_one(struct score_fixture *fixture, uint64_t seed)
{
    char text[TEXT_MAX] = "", first_text[TEXT_MAX];
    struct buffer first = {0}, second = {0};
    struct error error = {0};
    enum tristate expected = put_expression(text, draw(DEPTH_MAX));
    struct expression *parsed = expression_parse(bytes_of_text(text), &names, &error);
    ck_assert_msg(parsed != NULL, "seed %llu: %s: %s", (unsigned long long)seed, text, error.text);
    expression_print(parsed, &first);
    snprintf(first_text, sizeof first_text, "%.*s", (int)first.size, (const char *)first.data);
    struct expression *again = expression_parse(buffer_bytes(&first), &names, &error);
    ck_assert_msg(again != NULL, "seed %llu: %s: %s", (unsigned long long)seed, first_text,
                  error.text);
    expression_print(again, &second);
    ck_assert_msg(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)), "seed %llu: %s",
                  (unsigned long long)seed, first_text);
    expression_destroy(parsed);
    expression_destroy(again);
    buffer_finish(&first);
    buffer_finish(&second);
    ck_assert_msg(score_fixture_evaluate(fixture, text) == expected, "seed %llu: %s",
                  (unsigned long long)seed, text);
    ck_assert_msg(score_fixture_evaluate(fixture, first_text) == expected, "seed %llu: %s",
                  (unsigned long long)seed, first_text);
}

START_TEST(printing_and_parsing_keep_the_meaning)
{
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    state = seed;
    struct score_fixture *fixture = score_fixture_create();
    hand_run_step(&fixture->builder, NO_SPAN, STEP_AGENT, "root");
    hand_run_score(&fixture->builder, "A", 0.5);
    fixture->dimension_values[0] = BYTES_LITERAL("refund");
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(&fixture->builder.arena);
        check_one(fixture, seed);
    }
    score_fixture_destroy(fixture);
}
END_TEST

static void put_number(char *to)
{
    char text[64];
    double number = (double)(int32_t)(draw(1u << 31) - (1u << 30)) / pow(10, draw(12));
    if (draw(2))
        snprintf(text, sizeof text, "%.17g", number);
    else
        snprintf(text, sizeof text, "%.6f", number);
    put(to, text);
}

/* Quotes, backslashes, line breaks and letters of more than one byte. */
static void put_random_text(char *to)
{
    static const char *const pieces[] = {"a", "Z",  " ", "\\", "\\\"", "\\'", "\n",
                                         "ß", "見", "0", "|",  "]",    ")",   "\\\\"};
    bool is_double = draw(2);
    put(to, is_double ? "\"" : "'");
    for (uint32_t i = draw(8); i > 0; i--) {
        const char *piece = pieces[draw(sizeof pieces / sizeof *pieces)];
        /* A backslash before the closing quote would escape it. */
        put(to, strcmp(piece, "\\") == 0 ? "\\d" : piece);
    }
    put(to, is_double ? "\"" : "'");
}

static void put_literal(char *to, bool is_text)
{
    if (is_text)
        put_random_text(to);
    else
        put_number(to);
}

/* A comparison of any operator that the types allow. */
static void put_any_comparison(char *to)
{
    static const char *const numbers[] = {"steps", "duration_ms", "score.A", "tool.errors", "leak"};
    static const char *const texts[] = {"intent", "locale", "tool_path", "label.B",
                                        "routing_policy"};
    static const char *const orders[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
    bool is_text = draw(2);
    const char *name = is_text ? texts[draw(5)] : numbers[draw(5)];
    if (draw(4) == 0) {
        put(to, "attributes[");
        put_random_text(to);
        put(to, "]");
    } else
        put(to, name);
    switch (draw(4)) {
    case 0:
        put(to, " in [");
        for (uint32_t i = draw(3); i > 0; i--) {
            put_literal(to, is_text);
            put(to, ", ");
        }
        put_literal(to, is_text);
        put(to, "]");
        break;
    case 1:
        put(to, is_text ? " contains " : " == ");
        put_literal(to, is_text);
        break;
    case 2:
        put(to, is_text ? " =~ '^[a-z]+(\\d|x)$'" : " != 7");
        break;
    default:
        put(to, orders[is_text ? 4 + draw(2) : draw(6)]);
        put_literal(to, is_text);
    }
}

static void put_any(char *to, uint32_t depth)
{
    uint32_t choice = depth == 0 ? 0 : draw(6);
    if (choice < 2) {
        put_any_comparison(to);
        return;
    }
    if (choice == 2) {
        put(to, "not ");
        put_any(to, 0);
        return;
    }
    put(to, choice == 3 ? "(" : "");
    put_any(to, depth - 1);
    put(to, draw(2) ? " and " : " or ");
    put_any(to, depth - 1);
    put(to, choice == 3 ? ")" : "");
}

/* The form is a fixed point: what is printed parses, and prints as itself. */
START_TEST(the_printed_form_is_a_fixed_point)
{
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    state = seed;
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_MAX] = "";
        struct buffer first = {0}, second = {0};
        struct error error = {0};
        put_any(text, 4);
        struct expression *parsed = expression_parse(bytes_of_text(text), &names, &error);
        ck_assert_msg(parsed != NULL, "seed %llu: %s: %s", (unsigned long long)seed, text,
                      error.text);
        expression_print(parsed, &first);
        struct expression *again = expression_parse(buffer_bytes(&first), &names, &error);
        ck_assert_msg(again != NULL, "seed %llu: %.*s: %s", (unsigned long long)seed,
                      (int)first.size, (const char *)first.data, error.text);
        expression_print(again, &second);
        ck_assert_msg(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)),
                      "seed %llu: %.*s\nthen %.*s", (unsigned long long)seed, (int)first.size,
                      (const char *)first.data, (int)second.size, (const char *)second.data);
        expression_destroy(parsed);
        expression_destroy(again);
        buffer_finish(&first);
        buffer_finish(&second);
    }
}
END_TEST

/* Whatever is cut off or swapped: a sentence with a column, never a crash. */
START_TEST(a_broken_text_is_answered_with_a_column)
{
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    state = seed;
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_MAX] = "";
        struct error error = {0};
        put_any(text, 3);
        size_t size = strlen(text);
        text[draw((uint32_t)size)] = "()[]\"'\\=<x0 "[draw(12)];
        size = draw(2) ? draw((uint32_t)size) : size;
        struct expression *parsed = expression_parse(bytes_of(text, size), &names, &error);
        ck_assert_msg(parsed || strstr(error.text, "column ") != NULL, "seed %llu: %.*s: %s",
                      (unsigned long long)seed, (int)size, text, error.text);
        expression_destroy(parsed);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expression");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, printing_and_parsing_keep_the_meaning);
    tcase_add_test(tests, the_printed_form_is_a_fixed_point);
    tcase_add_test(tests, a_broken_text_is_answered_with_a_column);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
