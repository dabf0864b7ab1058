/* Everything is rebuilt on each reading: no test sees what another left in the memo. */
#include "tests/support/score_fixture.h"

#include <check.h>
#include <stdlib.h>

#include "processor/score/measurements.h"
#include "processor/score/memo.h"
#include "processor/score/rules.h"
#include "processor/score/scorer.h"

static const struct bytes dimension_names[] = {{(const uint8_t *)"intent", 6},
                                               {(const uint8_t *)"locale", 6}};

struct score_fixture *score_fixture_create(void)
{
    struct score_fixture *fixture = calloc(1, sizeof *fixture);
    ck_assert_ptr_nonnull(fixture);
    hand_run_init(&fixture->builder);
    arena_init(&fixture->arena, 16 << 20);
    fixture->scratch = regex_scratch_create();
    fixture->ruleset = (struct ruleset){
        .rules = fixture->rules, .dimension_names = dimension_names, .dimension_count = 2};
    fixture->dimension_values[0] = fixture->dimension_values[1] = BYTES_LITERAL("unknown");
    fixture->context = (struct score_context){.run = &fixture->builder.run,
                                              .ruleset = &fixture->ruleset,
                                              .dimension_values = fixture->dimension_values,
                                              .arena = &fixture->arena,
                                              .scratch = fixture->scratch};
    return fixture;
}

void score_fixture_destroy(struct score_fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->ruleset.rule_count; i++)
        expression_destroy(fixture->rules[i].when);
    regex_scratch_destroy(fixture->scratch);
    arena_finish(&fixture->arena);
    hand_run_finish(&fixture->builder);
    free(fixture);
}

struct rule *score_fixture_rule(struct score_fixture *fixture, const char *name,
                                const char *measure)
{
    struct rule *rule = &fixture->rules[fixture->ruleset.rule_count++];
    *rule = (struct rule){.name = bytes_of_text(name),
                          .measure_count = 1,
                          .priority = 5,
                          .queue = BYTES_LITERAL("review"),
                          .judges = true};
    ck_assert(measurements_resolve(bytes_of_text(measure), &rule->measures[0], NULL));
    return rule;
}

void score_fixture_reset(struct score_fixture *fixture)
{
    arena_reset(&fixture->arena);
    fixture->context.memo = NULL;
    (void)hand_run_ordered(&fixture->builder);
}

const struct verdict_report *score_fixture_judge(struct score_fixture *fixture)
{
    score_fixture_reset(fixture);
    rules_prepare(&fixture->ruleset);
    scorer_run(&fixture->context, &fixture->report);
    return &fixture->report;
}

const struct reading *score_fixture_read(struct score_fixture *fixture, const char *measure)
{
    struct measure resolved;
    score_fixture_reset(fixture);
    ck_assert_msg(measurements_resolve(bytes_of_text(measure), &resolved, NULL), "%s", measure);
    return memo_read(&resolved, &fixture->context);
}

enum tristate score_fixture_evaluate(struct score_fixture *fixture, const char *expression)
{
    const struct expression_names names = {dimension_names, 2};
    struct error error = {0};
    score_fixture_reset(fixture);
    struct expression *parsed = expression_parse(bytes_of_text(expression), &names, &error);
    ck_assert_msg(parsed != NULL, "%s: %s", expression, error.text);
    enum tristate result = expression_evaluate(parsed, &fixture->context);
    expression_destroy(parsed);
    return result;
}
