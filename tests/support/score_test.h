/* What tests of measurements begin with: a run with an agent as its root, and what is expected of a
 * measurement of it as it is now. One fixture a program. */
#pragma once
#include <check.h>

#include "tests/support/score_fixture.h"

static struct score_fixture *fixture;
static struct hand_run *hand;

static inline void set_up(void)
{
    fixture = score_fixture_create();
    hand = &fixture->builder;
    hand_run_step(hand, NO_SPAN, STEP_AGENT, "root");
}

static inline void tear_down(void)
{
    score_fixture_destroy(fixture);
}

static inline void expect(const char *name, double value)
{
    const struct reading *reading = score_fixture_read(fixture, name);
    ck_assert_msg(reading->has_value, "%s is na(%s)", name, reading->na_reason);
    ck_assert_msg(reading->value > value - 1e-9 && reading->value < value + 1e-9,
                  "%s is %g, not %g: %.*s", name, reading->value, value, (int)hand->run.output.size,
                  (const char *)hand->run.output.data);
}

static inline void expect_na(const char *name, const char *reason)
{
    const struct reading *reading = score_fixture_read(fixture, name);
    ck_assert_msg(!reading->has_value, "%s is %g", name, reading->value);
    ck_assert_str_eq(reading->na_reason, reason);
}

static inline void expect_explanation(const char *name, const char *text)
{
    struct bytes said = score_fixture_read(fixture, name)->explanation;
    ck_assert_msg(bytes_equal_text(said, text), "%.*s", (int)said.size, (const char *)said.data);
}
