/* Cohorts are those of the first file's groupings; only those where something differs are shown,
 * the largest differences first. */
#include "processor/command/replay/diff_summary.h"

#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/text/terminal.h"
#include "processor/regression.h"

enum { COHORTS_SHOWN = 20 };

const char *const diff_change_names[DIFF_CHANGES] = {"same", "added", "removed", "changed"};

bool diff_summary_init(struct diff_summary *summary, const struct ruleset *before,
                       const struct ruleset *after, bool has_regressions)
{
    *summary = (struct diff_summary){.index = {.key_size = sizeof(uint64_t)}};
    summary->rules =
        calloc((size_t)before->rule_count + after->rule_count + 2, sizeof(*summary->rules));
    if (!summary->rules)
        return false;
    for (uint32_t i = 0; i < before->rule_count; i++)
        summary->rules[summary->rule_count++].name = before->rules[i].name;
    for (uint32_t i = 0; i < after->rule_count; i++)
        if (!diff_summary_rule(summary, after->rules[i].name))
            summary->rules[summary->rule_count++].name = after->rules[i].name;
    if (has_regressions)
        summary->rules[summary->rule_count++].name = BYTES_LITERAL(REGRESSION_RULE);
    return true;
}

void diff_summary_finish(struct diff_summary *summary)
{
    for (uint32_t i = 0; i < summary->index.count; i++)
        free(summary->cohorts[i].text);
    key_index_finish(&summary->index);
    free(summary->cohorts);
    free(summary->rules);
}

struct diff_rule *diff_summary_rule(struct diff_summary *summary, struct bytes name)
{
    for (uint32_t i = 0; i < summary->rule_count; i++)
        if (bytes_equal(summary->rules[i].name, name))
            return &summary->rules[i];
    return NULL;
}

static void cohort_text(const struct pipeline_config *config, uint32_t grouping,
                        const struct bytes *dimension_values, struct buffer *to)
{
    const struct grouping_config *dimensions = &config->groupings[grouping];
    for (uint32_t i = 0; i < dimensions->count; i++) {
        uint32_t dimension = dimensions->dimensions[i];
        if (i > 0)
            buffer_append_text(to, ", ");
        buffer_append_bytes(to, config->dimensions[dimension].name);
        buffer_append_byte(to, '=');
        terminal_append(to, dimension_values[dimension]);
    }
    buffer_append_byte(to, 0);
}

static bool has_cohort_room(struct diff_summary *summary)
{
    if (summary->index.count >= DIFF_COHORTS_MAX)
        return false;
    if (summary->index.count < summary->cohort_capacity)
        return true;
    uint32_t capacity = summary->cohort_capacity ? summary->cohort_capacity * 2 : 64;
    void *grown = realloc(summary->cohorts, capacity * sizeof(*summary->cohorts));
    if (!grown)
        return false;
    summary->cohorts = grown;
    summary->cohort_capacity = capacity;
    return true;
}

uint32_t diff_summary_cohort(struct diff_summary *summary, const struct pipeline_config *config,
                             uint32_t grouping, const struct bytes *dimension_values)
{
    struct buffer text = {0};
    uint8_t key[sizeof(uint64_t)];
    uint32_t number = KEY_INDEX_NONE;
    cohort_text(config, grouping, dimension_values, &text);
    if (!text.failed) {
        put_be64(key, digest_table_hash(buffer_bytes(&text)));
        number = key_index_find(&summary->index, key);
        if (number == KEY_INDEX_NONE && has_cohort_room(summary) &&
            (number = key_index_add(&summary->index, key)) != KEY_INDEX_NONE) {
            summary->cohorts[number] = (struct diff_cohort){.text = (char *)text.data};
            text = (struct buffer){0}; /* the cohort's now */
        }
    }
    buffer_finish(&text);
    return number == KEY_INDEX_NONE ? DIFF_COHORTS_MAX : number;
}

/* --- the tables --- */

static void write_verdicts(const struct diff_summary *summary, struct buffer *to)
{
    for (int a = 0; a <= VERDICTS; a++)
        for (int b = 0; b <= VERDICTS; b++)
            if (a != b && summary->verdicts[a][b] > 0)
                buffer_printf(to, "  verdict  %s -> %s: %llu\n",
                              a < VERDICTS ? verdict_name(a) : "none",
                              b < VERDICTS ? verdict_name(b) : "none",
                              (unsigned long long)summary->verdicts[a][b]);
}

static void write_rule(const struct diff_rule *rule, struct buffer *to)
{
    for (int a = 0; a <= OUTCOMES; a++)
        for (int b = 0; b <= OUTCOMES; b++)
            if (a != b && rule->outcomes[a][b] > 0)
                buffer_printf(to, "  rule     %.*s: %s -> %s: %llu\n", (int)rule->name.size,
                              (const char *)rule->name.data,
                              a < OUTCOMES ? outcome_name(a) : "absent",
                              b < OUTCOMES ? outcome_name(b) : "absent",
                              (unsigned long long)rule->outcomes[a][b]);
}

static uint64_t differences(const struct diff_cohort *cohort)
{
    return cohort->changes[DIFF_ADDED] + cohort->changes[DIFF_REMOVED] +
           cohort->changes[DIFF_CHANGED];
}

static int by_differences(const void *a, const void *b)
{
    const struct diff_cohort *const *left = a, *const *right = b;
    uint64_t m = differences(*left), n = differences(*right);
    return m != n ? (m < n ? 1 : -1) : strcmp((*left)->text, (*right)->text);
}

static void write_cohorts(const struct diff_summary *summary, struct buffer *to)
{
    size_t count = 0;
    const struct diff_cohort **sorted = calloc((size_t)summary->index.count + 1, sizeof(*sorted));
    for (uint32_t i = 0; sorted && i < summary->index.count; i++)
        if (differences(&summary->cohorts[i]) > 0)
            sorted[count++] = &summary->cohorts[i];
    if (count > 0) {
        qsort(sorted, count, sizeof(*sorted), by_differences);
        buffer_printf(to, "  %7s %15s %7s %7s %7s  cohort\n", "runs", "failed", "added", "removed",
                      "changed");
    }
    for (size_t i = 0; i < count && i < COHORTS_SHOWN; i++)
        buffer_printf(to, "  %7llu %6llu -> %5llu %7llu %7llu %7llu  %s\n",
                      (unsigned long long)sorted[i]->runs, (unsigned long long)sorted[i]->fails[0],
                      (unsigned long long)sorted[i]->fails[1],
                      (unsigned long long)sorted[i]->changes[DIFF_ADDED],
                      (unsigned long long)sorted[i]->changes[DIFF_REMOVED],
                      (unsigned long long)sorted[i]->changes[DIFF_CHANGED], sorted[i]->text);
    if (count > COHORTS_SHOWN)
        buffer_printf(to, "  ... and %zu cohorts more\n", count - COHORTS_SHOWN);
    free(sorted);
}

void diff_summary_write(const struct diff_summary *summary, struct buffer *to)
{
    buffer_printf(to, "%llu added, %llu removed, %llu changed, %llu the same\n",
                  (unsigned long long)summary->changes[DIFF_ADDED],
                  (unsigned long long)summary->changes[DIFF_REMOVED],
                  (unsigned long long)summary->changes[DIFF_CHANGED],
                  (unsigned long long)summary->changes[DIFF_SAME]);
    write_verdicts(summary, to);
    for (uint32_t i = 0; i < summary->rule_count; i++)
        write_rule(&summary->rules[i], to);
    write_cohorts(summary, to);
}
