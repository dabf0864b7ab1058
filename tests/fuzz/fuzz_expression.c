/* link: score */
/* Any text as an expression: it parses or is refused with a sentence; what parses prints to a text
 * that parses to the same print, and evaluates over an empty run. */
#include <assert.h>

#include "processor/score/expression/expression.h"
#include "processor/score/scorer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bytes dimensions[] = {{(const uint8_t *)"intent", 6},
                                          {(const uint8_t *)"locale", 6}};
static const struct expression_names names = {dimensions, 2};

static void evaluate(const struct expression *expression)
{
    static const struct ruleset ruleset = {.dimension_names = dimensions, .dimension_count = 2};
    static const struct bytes values[] = {{(const uint8_t *)"refund", 6},
                                          {(const uint8_t *)"unknown", 7}};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct trajectory trajectory = {.root = NO_SPAN, .top = NO_SPAN};
    struct agent_run run = {.trajectory = &trajectory,
                            .arena = &arena,
                            .tokens_input = -1,
                            .tokens_output = -1,
                            .cost_usd = -1,
                            .ttft_ns = -1,
                            .has_content = true};
    struct regex_scratch *scratch = regex_scratch_create();
    struct score_context context = {.run = &run,
                                    .ruleset = &ruleset,
                                    .dimension_values = values,
                                    .arena = &arena,
                                    .scratch = scratch};
    (void)expression_evaluate(expression, &context);
    regex_scratch_destroy(scratch);
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct expression *expression = expression_parse(bytes_of(data, size), &names, &error);
    assert(error.is_set == !expression);
    if (!expression)
        return 0;
    struct buffer first = {0}, second = {0};
    expression_print(expression, &first);
    struct expression *again = expression_parse(buffer_bytes(&first), &names, &error);
    assert(again);
    expression_print(again, &second);
    assert(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    evaluate(expression);
    buffer_finish(&first);
    buffer_finish(&second);
    expression_destroy(expression);
    expression_destroy(again);
    return 0;
}
