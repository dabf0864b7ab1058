/* Counts of cohorts summed over all dimensions but one. */
#include "pipelines/review/feedback_report.h"

#include <stdlib.h>

#include "pipelines/review/measure_json.h"
#include "state/tables/feedback.h"

struct reading {
    struct store_txn *txn;
    struct arena *arena;
    struct feedback_report *report;
    uint16_t grouping;
    uint32_t place; /* of the dimension in it; COHORT_DIMENSIONS_MAX: it is in none */
};

static struct feedback_sums *sums_of(struct reading *reading, struct bytes value)
{
    struct feedback_report *report = reading->report;
    for (uint32_t i = 0; i < report->value_count; i++)
        if (bytes_equal(report->values[i].value, value))
            return &report->values[i].sums;
    if (report->value_count == report->value_capacity) {
        uint32_t capacity = report->value_capacity ? report->value_capacity * 2 : 16;
        void *values = realloc(report->values, capacity * sizeof *report->values);
        if (!values)
            return NULL;
        report->values = values;
        report->value_capacity = capacity;
    }
    struct bytes copy = arena_copy(reading->arena, value);
    if (!copy.data)
        return NULL;
    report->values[report->value_count] = (struct feedback_of_value){.value = copy};
    return &report->values[report->value_count++].sums;
}

static void take(void *context, const struct feedback_count *count)
{
    struct reading *reading = context;
    struct feedback_report *report = reading->report;
    struct cohort_name name;
    if (count->kind >= FEEDBACK_KINDS_ALL)
        return;
    if (!count->is_of_cohort) {
        struct feedback_sums *sums =
            count->is_attributed ? &report->attributed : &report->unattributed;
        sums->kinds[count->kind] += count->count;
        return;
    }
    if (count->cohort.grouping != reading->grouping || reading->place == COHORT_DIMENSIONS_MAX ||
        !cohort_names_read(reading->txn, count->cohort.grouping, count->cohort.hash, &name) ||
        reading->place >= name.count)
        return;
    struct feedback_sums *sums = sums_of(reading, name.values[reading->place]);
    report->failed |= !sums;
    if (sums)
        sums->kinds[count->kind] += count->count;
}

enum status feedback_report_read(struct store *store, int64_t from_ms, uint16_t grouping,
                                 struct bytes dimension, struct arena *arena,
                                 struct feedback_report *ret_report)
{
    struct store_txn txn;
    struct reading reading = {.txn = &txn,
                              .arena = arena,
                              .report = ret_report,
                              .grouping = grouping,
                              .place = COHORT_DIMENSIONS_MAX};
    *ret_report = (struct feedback_report){.is_configured = true};
    store_begin(store, false, &txn);
    if (dimension.data)
        reading.place = cohort_names_place(&txn, grouping, dimension);
    feedback_counts(&txn, from_ms, take, &reading);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK && ret_report->failed)
        status = STATUS_BUSY;
    if (status != STATUS_OK)
        feedback_report_finish(ret_report);
    return status;
}

const struct feedback_sums *feedback_report_of(const struct feedback_report *report,
                                               struct bytes value)
{
    for (uint32_t i = 0; i < report->value_count; i++)
        if (bytes_equal(report->values[i].value, value))
            return &report->values[i].sums;
    return NULL;
}

void feedback_report_finish(struct feedback_report *report)
{
    free(report->values);
    *report = (struct feedback_report){.is_configured = false};
}

void feedback_report_add(const struct feedback_sums *from, struct feedback_sums *to)
{
    for (int kind = 0; from && kind < FEEDBACK_KINDS_ALL; kind++)
        to->kinds[kind] += from->kinds[kind];
}

uint64_t feedback_report_total(const struct feedback_sums *sums)
{
    uint64_t total = 0;
    for (int kind = 0; kind < FEEDBACK_KINDS_ALL; kind++)
        total += sums->kinds[kind];
    return total;
}

static void write_counts(struct json_writer *to, const char *key, const struct feedback_sums *sums)
{
    json_key(to, key);
    json_object_begin(to);
    for (int kind = 0; kind < FEEDBACK_KINDS_ALL; kind++)
        json_put_uint(to, feedback_kind_names[kind], sums->kinds[kind]);
    json_object_end(to);
}

void feedback_report_write(struct json_writer *to, const struct feedback_sums *sums, int64_t runs)
{
    uint64_t total = feedback_report_total(sums);
    json_put_int(to, "runs", runs);
    json_put_uint(to, "feedbacks", total);
    write_counts(to, "counts", sums);
    json_key(to, "per_100_runs");
    json_object_begin(to);
    for (int kind = 0; kind < FEEDBACK_KINDS; kind++) {
        json_key(to, feedback_kind_names[kind]);
        if (runs > 0)
            json_double(to, 100 * (double)sums->kinds[kind] / (double)runs);
        else
            json_null(to);
    }
    json_object_end(to);
    json_key(to, "of_feedbacks");
    json_object_begin(to);
    for (int kind = 0; kind < FEEDBACK_KINDS; kind++) {
        json_key(to, feedback_kind_names[kind]);
        measure_json_share(to, sums->kinds[kind], total, "nobody said anything of these runs");
    }
    json_object_end(to);
}
