/* Two replays side by side; their judgements are kept sorted by trajectory id, in order of closing,
 * and merged. */
#include "processor/command/replay/diff.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/load.h"
#include "pipelines/decide/judged_rules.h"
#include "processor/base/json/writer.h"
#include "processor/command/replay/diff_summary.h"

struct judgement {
    uint8_t trace_id[TRACE_ID_SIZE];
    uint64_t order;
    enum verdict verdict;
    bool is_emitted;
    uint8_t *outcomes;   /* of the rules of its file, and of the built-in one if there is a set */
    uint32_t rule_count; /* of them */
    struct bytes queue;  /* when emitted */
    struct bytes cohort; /* JSON: dimensions and values */
    uint32_t *cohorts;   /* numbers in the summary, of the first file's groupings */
};

struct side {
    const struct pipeline_config *config;
    struct diff_summary *summary; /* NULL: cohorts are not wanted */
    struct judgement *items;
    size_t count, capacity;
    struct arena arena; /* what the items point to */
    struct buffer json;
};

struct diff {
    struct side before, after;
    struct diff_summary summary;
};

/* --- collecting --- */

static struct judgement *new_judgement(struct side *side)
{
    if (side->count == side->capacity) {
        size_t capacity = side->capacity ? side->capacity * 2 : 256;
        struct judgement *grown = realloc(side->items, capacity * sizeof(*grown));
        if (!grown)
            return NULL;
        side->items = grown;
        side->capacity = capacity;
    }
    return &side->items[side->count];
}

static struct bytes cohort_json(struct side *side, const struct closed *closed)
{
    const struct pipeline_config *config = closed->config;
    struct json_writer writer;
    buffer_clear(&side->json);
    json_writer_init(&writer, &side->json);
    json_object_begin(&writer);
    for (uint32_t i = 0; i < config->dimension_count; i++) {
        json_key_bytes(&writer, config->dimensions[i].name);
        json_string(&writer, closed->dimension_values[i]);
    }
    json_object_end(&writer);
    return arena_copy(&side->arena, buffer_bytes(&side->json));
}

static bool collect(void *context, const struct closed *closed, struct bytes json)
{
    struct side *side = context;
    const struct pipeline_config *config = closed->config;
    const struct selected_record *record = &closed->selection.record;
    uint32_t rules = judged_rules_count(closed);
    struct judgement *judgement = new_judgement(side);
    (void)json;
    if (!judgement)
        return false;
    *judgement = (struct judgement){
        .order = side->count,
        .verdict = closed->verdict,
        .is_emitted = record->frame.size > 0,
        .outcomes = arena_alloc(&side->arena, rules + 1),
        .rule_count = rules,
        .queue = arena_copy(&side->arena, record->queue),
        .cohort = cohort_json(side, closed),
    };
    if (side->summary) {
        judgement->cohorts =
            arena_zalloc(&side->arena, config->grouping_count + 1, sizeof(*judgement->cohorts));
        for (uint32_t i = 0; judgement->cohorts && i < config->grouping_count; i++)
            judgement->cohorts[i] =
                diff_summary_cohort(side->summary, config, i, closed->dimension_values);
    }
    if (side->arena.failed)
        return false;
    memcpy(judgement->trace_id, closed->trace_id, TRACE_ID_SIZE);
    memcpy(judgement->outcomes, closed->outcomes, rules);
    side->count++;
    return true;
}

static int compare_ids(const struct judgement *a, const struct judgement *b)
{
    return memcmp(a->trace_id, b->trace_id, TRACE_ID_SIZE);
}

static int compare(const void *a, const void *b)
{
    const struct judgement *left = a, *right = b;
    int order = compare_ids(left, right);
    return order != 0 ? order : left->order < right->order ? -1 : left->order > right->order;
}

/* --- one pair; a trajectory that a limit closed in one file only has no partner --- */

static uint8_t outcome_of(const struct pipeline_config *config, const struct judgement *judgement,
                          struct bytes rule)
{
    for (uint32_t i = 0; judgement && i < judgement->rule_count; i++)
        if (bytes_equal(judged_rules_name(config, i), rule))
            return judgement->outcomes[i];
    return OUTCOME_ABSENT;
}

static bool is_quiet(uint8_t outcome)
{
    return outcome == OUTCOME_PASS || outcome == OUTCOME_NA || outcome == OUTCOME_ABSENT;
}

/* Counts every rule's outcomes. True: one differs that says something about the run. */
static bool count_rules(struct diff *diff, const struct judgement *a, const struct judgement *b)
{
    bool is_different = false;
    for (uint32_t i = 0; i < diff->summary.rule_count; i++) {
        struct diff_rule *rule = &diff->summary.rules[i];
        uint8_t before = outcome_of(diff->before.config, a, rule->name);
        uint8_t after = outcome_of(diff->after.config, b, rule->name);
        rule->outcomes[before][after]++;
        is_different |= before != after && !(is_quiet(before) && is_quiet(after));
    }
    return is_different;
}

static void count_cohorts(struct diff *diff, const struct judgement *a, const struct judgement *b,
                          enum diff_change change)
{
    for (uint32_t i = 0; a && i < diff->before.config->grouping_count; i++) {
        if (a->cohorts[i] >= DIFF_COHORTS_MAX)
            continue;
        struct diff_cohort *cohort = &diff->summary.cohorts[a->cohorts[i]];
        cohort->runs++;
        cohort->fails[0] += a->verdict == VERDICT_FAIL;
        cohort->fails[1] += b && b->verdict == VERDICT_FAIL;
        cohort->changes[change]++;
    }
}

static void write_side(struct json_writer *writer, const char *key,
                       const struct pipeline_config *config, const struct judgement *judgement)
{
    if (!judgement)
        return;
    json_key(writer, key);
    json_object_begin(writer);
    json_put_text(writer, "verdict", verdict_name(judgement->verdict));
    json_put_bool(writer, "emitted", judgement->is_emitted);
    if (judgement->is_emitted)
        json_put_bytes(writer, "queue", judgement->queue);
    json_key(writer, "rules");
    json_object_begin(writer);
    for (uint32_t i = 0; i < judgement->rule_count; i++) {
        if (is_quiet(judgement->outcomes[i]))
            continue;
        json_key_bytes(writer, judged_rules_name(config, i));
        json_text(writer, outcome_name(judgement->outcomes[i]));
    }
    json_object_end(writer);
    json_object_end(writer);
}

static void print_change(const struct diff *diff, const struct judgement *a,
                         const struct judgement *b, enum diff_change change)
{
    struct buffer line = {0};
    struct json_writer writer;
    char id[2 * TRACE_ID_SIZE];
    const struct judgement *any = a ? a : b;
    hex_encode(id, any->trace_id, TRACE_ID_SIZE);
    json_writer_init(&writer, &line);
    json_object_begin(&writer);
    json_put_text(&writer, "change", diff_change_names[change]);
    json_put_bytes(&writer, "trajectory_id", bytes_of(id, sizeof(id)));
    json_key(&writer, "cohort");
    json_raw(&writer, any->cohort);
    write_side(&writer, "before", diff->before.config, a);
    write_side(&writer, "after", diff->after.config, b);
    json_object_end(&writer);
    fwrite(line.data, 1, line.size, stdout);
    putchar('\n');
    buffer_finish(&line);
}

/* One of the two may be NULL. */
static void take_pair(struct diff *diff, const struct judgement *a, const struct judgement *b)
{
    bool was_emitted = a && a->is_emitted, is_emitted = b && b->is_emitted;
    int before = a ? (int)a->verdict : VERDICTS, after = b ? (int)b->verdict : VERDICTS;
    bool is_different = count_rules(diff, a, b) || before != after ||
                        (was_emitted && is_emitted && !bytes_equal(a->queue, b->queue));
    enum diff_change change = was_emitted && !is_emitted   ? DIFF_REMOVED
                              : is_emitted && !was_emitted ? DIFF_ADDED
                              : is_different               ? DIFF_CHANGED
                                                           : DIFF_SAME;
    diff->summary.changes[change]++;
    diff->summary.verdicts[before][after]++;
    count_cohorts(diff, a, b, change);
    if (change != DIFF_SAME)
        print_change(diff, a, b, change);
}

static void merge(struct diff *diff)
{
    struct side *before = &diff->before, *after = &diff->after;
    if (before->count > 0)
        qsort(before->items, before->count, sizeof(*before->items), compare);
    if (after->count > 0)
        qsort(after->items, after->count, sizeof(*after->items), compare);
    for (size_t i = 0, j = 0; i < before->count || j < after->count;) {
        const struct judgement *a = i < before->count ? &before->items[i] : NULL;
        const struct judgement *b = j < after->count ? &after->items[j] : NULL;
        int order = !a ? 1 : !b ? -1 : compare_ids(a, b);
        take_pair(diff, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        i += order <= 0;
        j += order >= 0;
    }
}

static void side_finish(struct side *side)
{
    free(side->items);
    arena_finish(&side->arena);
    buffer_finish(&side->json);
}

int diff_print(const struct pipeline_config *before, const char *second_path,
               const struct regression_set *regressions, char *const *paths, int count,
               enum progress_mode mode, struct error *ret_error)
{
    struct pipeline_config *after = config_load(second_path, ret_error);
    if (!after)
        return (int)ret_error->exit_code;
    struct diff diff = {.before.config = before, .after.config = after};
    struct buffer text = {0};
    diff.before.summary = &diff.summary;
    arena_init(&diff.before.arena, SIZE_MAX);
    arena_init(&diff.after.arena, SIZE_MAX);
    struct replay_side sides[] = {
        {.config = before, .regressions = regressions, .fn = collect, .context = &diff.before},
        {.config = after, .regressions = regressions, .fn = collect, .context = &diff.after}};
    if (!diff_summary_init(&diff.summary, &before->ruleset, &after->ruleset, regressions != NULL))
        error_set(ret_error, EXIT_BUG, "out of memory");
    else if (replay_run(sides, 2, paths, count, mode, ret_error) == STATUS_OK) {
        merge(&diff);
        diff_summary_write(&diff.summary, &text);
        fwrite(text.data, 1, text.size, stderr);
    }
    const uint64_t *changes = diff.summary.changes;
    bool is_empty = changes[DIFF_ADDED] + changes[DIFF_REMOVED] + changes[DIFF_CHANGED] == 0;
    buffer_finish(&text);
    side_finish(&diff.before);
    side_finish(&diff.after);
    diff_summary_finish(&diff.summary);
    config_destroy(after);
    return is_empty ? EXIT_DONE : EXIT_GATE_FAILED;
}
