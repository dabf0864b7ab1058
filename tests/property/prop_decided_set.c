/* link: assemble otlp nouns base */
/* The set against an array in order of decision. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/assemble/decided_set.h"
#include "tests/support/trace_builder.h"

enum { IDS = 6000, SOURCES = 3, STEPS = 60000, ROUNDS = 4 };

static uint64_t state;

static uint32_t below(uint32_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % bound);
}

/* What was decided last, of which trace and source; id = trace * SOURCES + source. */
struct model {
    uint32_t order[STEPS]; /* ids; those in [oldest, newest) whose step is the id's are in */
    uint32_t steps[STEPS];
    size_t oldest, newest, count;
    uint32_t latest[IDS];    /* step of the entry's place; 0: not in */
    uint64_t positions[IDS]; /* 0: not in */
    uint64_t decided_ms[IDS];
};

static bool is_decided(const struct model *model, uint32_t trace)
{
    bool is_any = false;
    for (uint32_t source = 0; source < SOURCES; source++)
        is_any |= model->positions[trace * SOURCES + source] != 0;
    return is_any;
}

static void check(const struct decided_set *set, const struct model *model, uint32_t id)
{
    uint8_t trace_id[TRACE_ID_SIZE];
    trace_id_of(id / SOURCES + 1, trace_id);
    const struct decided_entry *entry =
        decided_set_find_source(set, trace_id, (uint16_t)(id % SOURCES));
    if (!entry != !model->positions[id] || (entry && entry->position != model->positions[id]))
        ck_abort_msg("id %u", id);
    entry = decided_set_find(set, trace_id);
    if (!entry != !is_decided(model, id / SOURCES) ||
        (entry && memcmp(entry->trace_id, trace_id, TRACE_ID_SIZE) != 0))
        ck_abort_msg("trace %u", id / SOURCES);
}

static void add(struct decided_set *set, struct model *model, uint32_t step)
{
    uint32_t id = below(IDS);
    struct decided_entry entry = {.position = step,
                                  .source = (uint16_t)(id % SOURCES),
                                  .decided_ms = below(3) ? step : model->decided_ms[id]};
    trace_id_of(id / SOURCES + 1, entry.trace_id);
    ck_assert_int_eq(decided_set_add(set, &entry), STATUS_OK);
    if (!model->latest[id] || entry.decided_ms > model->decided_ms[id]) {
        model->count += !model->latest[id];
        model->order[model->newest] = id;
        model->steps[model->newest++] = model->latest[id] = step;
    }
    model->positions[id] = step;
    model->decided_ms[id] = entry.decided_ms;
}

static void drop(struct decided_set *set, struct model *model)
{
    while (model->latest[model->order[model->oldest]] != model->steps[model->oldest])
        model->oldest++; /* it was decided again */
    uint32_t id = model->order[model->oldest++];
    const struct decided_entry *oldest = decided_set_oldest(set);
    ck_assert_uint_eq(trace_of_id(oldest->trace_id), id / SOURCES + 1);
    ck_assert_uint_eq(oldest->source, id % SOURCES);
    decided_set_drop_oldest(set);
    model->positions[id] = model->latest[id] = 0;
    model->decided_ms[id] = 0;
    model->count--;
}

START_TEST(the_set_knows_what_a_list_knows)
{
    static struct model model;
    const char *text = getenv("SEED");
    uint64_t seed = (text ? strtoull(text, NULL, 10) : 20261123u) + (unsigned)_i;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    state = seed * 2654435761u + 1;
    memset(&model, 0, sizeof(model));
    struct decided_set set;
    ck_assert(decided_set_init(&set));
    uint32_t bias = 50; /* how often it grows, so that it fills and empties */
    for (uint32_t step = 1; step < STEPS; step++) {
        if (step % 5000 == 0)
            bias = 20 + below(70);
        if (below(100) < bias)
            add(&set, &model, step);
        else if (model.count > 0)
            drop(&set, &model);
        if (set.count != model.count)
            ck_abort_msg("count %zu", set.count);
        check(&set, &model, below(IDS));
    }
    for (uint32_t id = 0; id < IDS; id++)
        check(&set, &model, id);
    decided_set_finish(&set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decided_set");
    TCase *cases = tcase_create("decided_set");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, the_set_knows_what_a_list_knows, 0, ROUNDS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
