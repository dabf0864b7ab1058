/* link: assemble otlp nouns base */
/* The set against an array in order of decision. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/assemble/decided_set.h"
#include "tests/support/trace_builder.h"

enum { IDS = 6000, STEPS = 60000, ROUNDS = 4 };

static uint64_t state;

static uint32_t below(uint32_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % bound);
}

struct model {
    uint32_t order[STEPS]; /* ids; those in [oldest, newest) are in */
    size_t oldest, newest;
    uint64_t positions[IDS]; /* 0: not in */
};

static void check(const struct decided_set *set, const struct model *model, uint32_t id)
{
    uint8_t trace_id[TRACE_ID_SIZE];
    trace_id_of(id + 1, trace_id);
    const struct decided_entry *entry = decided_set_find(set, trace_id);
    if (!entry != !model->positions[id] || (entry && entry->position != model->positions[id]))
        ck_abort_msg("id %u", id);
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
        if (below(100) < bias) {
            struct decided_entry entry = {.position = step};
            uint32_t id = below(IDS);
            trace_id_of(id + 1, entry.trace_id);
            ck_assert_int_eq(decided_set_add(&set, &entry), STATUS_OK);
            if (!model.positions[id])
                model.order[model.newest++] = id;
            model.positions[id] = step;
        } else if (model.oldest < model.newest) {
            uint32_t id = model.order[model.oldest++];
            ck_assert_uint_eq(trace_of_id(decided_set_oldest(&set)->trace_id), id + 1);
            decided_set_drop_oldest(&set);
            model.positions[id] = 0;
        }
        if (set.count != model.newest - model.oldest)
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
