/* Two replays; their judgements are kept sorted by trajectory id and merged. */
#include "processor/command/diff.h"

#include <stdio.h>
#include <stdlib.h>

#include "processor/base/json.h"

struct judgement {
    uint8_t trace_id[TRACE_ID_SIZE];
    enum verdict verdict;
    bool is_emitted;
    uint8_t outcomes[RULES_MAX];
    uint32_t rule_count;
};

struct judgements {
    struct judgement *items;
    size_t count, capacity;
};

static bool collect(void *context, const struct closed *closed, struct bytes json)
{
    struct judgements *all = context;
    (void)json;
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? all->capacity * 2 : 256;
        struct judgement *grown = realloc(all->items, capacity * sizeof(*grown));
        if (!grown)
            return false;
        all->items = grown;
        all->capacity = capacity;
    }
    struct judgement *judgement = &all->items[all->count++];
    *judgement = (struct judgement){
        .verdict = closed->verdict,
        .is_emitted = closed->has_record,
        .rule_count = closed->config->ruleset.rule_count,
    };
    memcpy(judgement->trace_id, closed->trace_id, TRACE_ID_SIZE);
    memcpy(judgement->outcomes, closed->outcomes, judgement->rule_count);
    return true;
}

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct judgement *)a)->trace_id, ((const struct judgement *)b)->trace_id,
                  TRACE_ID_SIZE);
}

static void write_side(struct json_writer *writer, const char *key,
                       const struct pipeline_config *config, const struct judgement *judgement)
{
    json_key(writer, key);
    json_object_begin(writer);
    json_key(writer, "verdict");
    json_text(writer, verdict_names[judgement->verdict]);
    json_key(writer, "emitted");
    json_bool(writer, judgement->is_emitted);
    json_key(writer, "rules");
    json_object_begin(writer);
    for (uint32_t i = 0; i < judgement->rule_count; i++) {
        if (judgement->outcomes[i] == OUTCOME_PASS || judgement->outcomes[i] == OUTCOME_NA)
            continue;
        json_key_bytes(writer, config->ruleset.rules[i].name);
        json_text(writer, outcome_names[judgement->outcomes[i]]);
    }
    json_object_end(writer);
    json_object_end(writer);
}

/* Outcomes of rules of one name; a rule that only one file has counts as different when it did
 * not pass. */
static bool rules_differ(const struct pipeline_config *before, const struct judgement *a,
                         const struct pipeline_config *after, const struct judgement *b)
{
    for (uint32_t i = 0; i < a->rule_count; i++) {
        uint32_t j = 0;
        while (j < b->rule_count &&
               !bytes_equal(before->ruleset.rules[i].name, after->ruleset.rules[j].name))
            j++;
        uint8_t other = j < b->rule_count ? b->outcomes[j] : OUTCOME_NA;
        bool is_quiet = (a->outcomes[i] == OUTCOME_PASS || a->outcomes[i] == OUTCOME_NA) &&
                        (other == OUTCOME_PASS || other == OUTCOME_NA);
        if (a->outcomes[i] != other && !is_quiet)
            return true;
    }
    return false;
}

struct diff_counts {
    size_t added, removed, changed, same;
};

static void print_pair(const struct pipeline_config *before, const struct judgement *a,
                       const struct pipeline_config *after, const struct judgement *b,
                       struct diff_counts *counts)
{
    bool is_changed = a->verdict != b->verdict || rules_differ(before, a, after, b) ||
                      rules_differ(after, b, before, a);
    const char *change = NULL;
    if (a->is_emitted != b->is_emitted)
        change = b->is_emitted ? "added" : "removed";
    else if (is_changed)
        change = "changed";
    size_t *count = !change          ? &counts->same
                    : *change == 'a' ? &counts->added
                    : *change == 'r' ? &counts->removed
                                     : &counts->changed;
    (*count)++;
    if (!change)
        return;
    struct buffer line = {0};
    struct json_writer writer;
    char id[2 * TRACE_ID_SIZE];
    hex_encode(id, a->trace_id, TRACE_ID_SIZE);
    json_writer_init(&writer, &line);
    json_object_begin(&writer);
    json_key(&writer, "change");
    json_text(&writer, change);
    json_key(&writer, "trajectory_id");
    json_string(&writer, bytes_of(id, sizeof(id)));
    write_side(&writer, "before", before, a);
    write_side(&writer, "after", after, b);
    json_object_end(&writer);
    fwrite(line.data, 1, line.size, stdout);
    putchar('\n');
    buffer_finish(&line);
}

int diff_print(const struct pipeline_config *before, const char *second_path, char *const *paths,
               int count, struct error *ret_error)
{
    struct judgements a = {0}, b = {0};
    struct replay_totals totals;
    struct diff_counts counts = {0};
    struct pipeline_config *after = config_load(second_path, ret_error);
    if (after &&
        replay_paths(before, paths, count, false, collect, &a, &totals, ret_error) == STATUS_OK &&
        replay_paths(after, paths, count, false, collect, &b, &totals, ret_error) == STATUS_OK) {
        if (a.count > 0)
            qsort(a.items, a.count, sizeof(*a.items), compare);
        if (b.count > 0)
            qsort(b.items, b.count, sizeof(*b.items), compare);
        for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
            int order = compare(&a.items[i], &b.items[j]);
            if (order == 0)
                print_pair(before, &a.items[i], after, &b.items[j], &counts);
            i += order <= 0;
            j += order >= 0;
        }
        fprintf(stderr, "%zu added, %zu removed, %zu changed, %zu the same\n", counts.added,
                counts.removed, counts.changed, counts.same);
    }
    config_destroy(after);
    free(a.items);
    free(b.items);
    return counts.added + counts.removed + counts.changed > 0 ? EXIT_GATE_FAILED : EXIT_DONE;
}
