/* Any bytes as lines of flywheel.row/v1: what is no row is refused, what is one makes a set; a run that
 * asks a row's question and answers with the whole input meets it, and every place it is told is in the
 * answer. */
#include <assert.h>

#include "pipelines/decide/regression.h"
#include "processor/base/json/json.h"
#include "processor/review/row.h"
#include "tests/support/hand_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct regression_set *set, struct bytes line, struct bytes answer,
                 struct arena *arena)
{
    static struct hand_run hand;
    struct regression_report found;
    struct verdict_report report = {.verdict = VERDICT_FAIL, .signature = "00112233445566ff"};
    hand_run_init(&hand);
    hand_run_step(&hand, NO_SPAN, STEP_AGENT, "root");
    hand.run.input = row_question(line, arena);
    hand.run.output = answer;
    struct score_context context = {.run = hand_run_ordered(&hand), .arena = arena};
    regression_look(set, &context, &report, 1700000000000, &found);
    uint32_t told = found.count < REGRESSION_HITS_MAX ? found.count : REGRESSION_HITS_MAX;
    assert(found.count <= regression_set_rows(set) && found.failed + found.borderline <= told);
    for (uint32_t i = 0; i < told; i++) {
        const struct regression_hit *hit = &found.hits[i];
        assert(hit->check < REGRESSION_CHECKS && hit->match < REGRESSION_MATCHES);
        assert(hit->start <= hit->end && hit->end <= answer.size);
        assert(regression_set_find(set, hit->row_id_bytes));
    }
    hand_run_finish(&hand);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct bytes all = {data, size}, last = {0};
    struct regression_builder *builder = regression_builder_create(0.75, 8);
    if (!builder)
        return 0;
    while (size > 0) {
        const uint8_t *newline = memchr(data, '\n', size);
        size_t line = newline ? (size_t)(newline - data) : size;
        if (regression_builder_add(builder, bytes_of(data, line)) == STATUS_OK)
            last = bytes_of(data, line);
        line += newline != NULL;
        data += line;
        size -= line;
    }
    struct regression_set *set = regression_builder_finish(builder);
    arena_init(&arena, 16 << 20);
    if (set && last.data)
        look(set, last, all, &arena);
    arena_finish(&arena);
    regression_set_release(set);
    return 0;
}
