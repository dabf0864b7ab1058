/* link: nouns base */
/* Random forests with clock skew, equal starts, cycles, strangers and shuffled arrival, against a
 * naive model: a selection sort over an order that is worked out from the definition, span by
 * span. */
#include <check.h>
#include <stdlib.h>

#include "processor/trajectory.h"
#include "tests/support/corpus.h"

enum { SPANS_MAX = 24, ROUNDS = 3000 };

static struct random random_state;

static size_t draw(size_t below)
{
    return random_below(&random_state, below);
}

static struct span draw_span(uint8_t id, size_t count)
{
    struct span span = {.start_ns = 1 + draw(4), .wire = bytes_of("", 0)};
    span.id[0] = (uint8_t)draw(3);
    span.id[7] = id;
    span.end_ns = draw(8) ? span.start_ns + draw(5) : 0;
    span.has_parent = draw(5) != 0;
    if (span.has_parent)
        span.parent_id[7] = (uint8_t)(1 + draw(count + 2));
    span.flags = draw(3) ? 0 : SPAN_FLAG_PARENT_REMOTE_KNOWN | SPAN_FLAG_PARENT_REMOTE;
    return span;
}

/* Ids differ in their first byte as well; parents are given by the last one, so patch them. */
static void give_parents_whole_ids(struct span *spans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (spans[i].has_parent && spans[i].parent_id[7] == spans[j].id[7])
                spans[i].parent_id[0] = spans[j].id[0];
}

static int find(const struct span *spans, size_t count, const uint8_t *id)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(spans[i].id, id, SPAN_ID_SIZE) == 0)
            return (int)i;
    return -1;
}

static bool is_earlier(const struct span *a, const struct span *b)
{
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    return memcmp(a->id, b->id, SPAN_ID_SIZE) < 0;
}

/* The parent of a span in the model: none where the span is the first of a cycle. */
static int model_parent(const struct span *spans, size_t count, int i)
{
    int parent = spans[i].has_parent ? find(spans, count, spans[i].parent_id) : -1;
    int at = parent;
    bool is_first = true;
    for (size_t steps = 0; at >= 0 && at != i && steps <= count; steps++) {
        is_first &= is_earlier(&spans[i], &spans[at]);
        at = spans[at].has_parent ? find(spans, count, spans[at].parent_id) : -1;
    }
    return at == i && is_first ? -1 : parent;
}

static uint32_t model_depth(const struct span *spans, size_t count, int i)
{
    uint32_t depth = 0;
    for (; i >= 0; i = model_parent(spans, count, i))
        depth++;
    return depth;
}

static bool precedes(const struct span *spans, size_t count, int a, int b)
{
    if (spans[a].start_ns != spans[b].start_ns)
        return spans[a].start_ns < spans[b].start_ns;
    uint32_t depth_a = model_depth(spans, count, a), depth_b = model_depth(spans, count, b);
    return depth_a != depth_b ? depth_a < depth_b : is_earlier(&spans[a], &spans[b]);
}

static void check_against_model(const struct trajectory *trajectory, const struct span *spans,
                                size_t count)
{
    bool used[SPANS_MAX] = {false};
    uint32_t orphans = 0;
    for (uint32_t place = 0; place < count; place++) {
        int next = -1;
        for (int i = 0; i < (int)count; i++)
            if (!used[i] && (next < 0 || precedes(spans, count, i, next)))
                next = i;
        used[next] = true;
        ck_assert(memcmp(trajectory->spans[place].id, spans[next].id, SPAN_ID_SIZE) == 0);
        ck_assert_uint_eq(trajectory->depths[place], model_depth(spans, count, next));
        ck_assert_uint_eq(trajectory_find(trajectory, spans[next].id), place);
        int parent = model_parent(spans, count, next);
        ck_assert_uint_eq(trajectory->parents[place],
                          parent < 0 ? NO_SPAN : trajectory_find(trajectory, spans[parent].id));
        bool is_here = find(spans, count, spans[next].parent_id) >= 0;
        orphans += spans[next].has_parent && parent < 0 &&
                   (is_here || !span_has_remote_parent(&spans[next]));
    }
    ck_assert_uint_eq(trajectory->orphan_count, orphans);
}

/* Every span but the parentless ones is in exactly one child list, lists ascend. */
static void check_child_lists(const struct trajectory *trajectory)
{
    uint32_t listed = 0, parentless = 0;
    for (uint32_t i = 0; i < trajectory->span_count; i++) {
        parentless += trajectory->parents[i] == NO_SPAN;
        uint32_t last = NO_SPAN;
        for (uint32_t child = trajectory->first_children[i]; child != NO_SPAN;
             child = trajectory->next_siblings[child]) {
            ck_assert_uint_eq(trajectory->parents[child], i);
            ck_assert(last == NO_SPAN || child > last);
            last = child;
            listed++;
        }
    }
    ck_assert_uint_eq(listed + parentless, trajectory->span_count);
}

START_TEST(any_forest_is_ordered_as_defined_whatever_the_arrival)
{
    random_state = random_from_environment();
    for (int round = 0; round < ROUNDS; round++) {
        struct span spans[SPANS_MAX], shuffled[SPANS_MAX];
        size_t count = 1 + draw(SPANS_MAX);
        for (size_t i = 0; i < count; i++)
            spans[i] = draw_span((uint8_t)(i + 1), count);
        give_parents_whole_ids(spans, count);
        memcpy(shuffled, spans, sizeof spans);
        for (size_t i = count; i > 1; i--) {
            size_t j = draw(i);
            struct span swapped = shuffled[i - 1];
            shuffled[i - 1] = shuffled[j];
            shuffled[j] = swapped;
        }
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct trajectory trajectory = {.spans = shuffled, .span_count = (uint32_t)count};
        bool is_ordered = trajectory_order(&trajectory, &arena);
        ck_assert(is_ordered);
        check_against_model(&trajectory, spans, count);
        check_child_lists(&trajectory);
        arena_finish(&arena);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trajectory");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, any_forest_is_ordered_as_defined_whatever_the_arrival);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
