/* The arms and cells of a lift, from the cohort store. One grouping answers for the mix: of those that
 * have the release and beside it nothing but what is known before a run, the one that has the most. */
#include "pipelines/review/lift_read.h"

#include "state/cohorts/names.h"
#include "state/store/key_index.h"

enum { LIFT_BYTES_MAX = 64 << 20 };

static const char *const mix_names[] = {"intent", "locale", "product"};

#define RELEASE BYTES_LITERAL("release")

static bool is_mix(struct bytes name)
{
    for (size_t i = 0; i < sizeof mix_names / sizeof *mix_names; i++)
        if (bytes_equal_text(name, mix_names[i]))
            return true;
    return false;
}

/* Its dimensions but the release go to the report; false: there is none. */
static bool choose_mix(const struct pipeline_config *config, struct lift_report *report)
{
    for (uint32_t i = 0; i < config->grouping_count; i++) {
        const struct grouping_config *grouping = &config->groupings[i];
        struct bytes mix[GROUPING_DIMENSIONS_MAX];
        uint32_t count = 0;
        bool has_release = false, has_other = false;
        for (uint32_t d = 0; d < grouping->count; d++) {
            struct bytes name = config->dimensions[grouping->dimensions[d]].name;
            if (bytes_equal(name, RELEASE))
                has_release = true;
            else if (is_mix(name))
                mix[count++] = name;
            else
                has_other = true;
        }
        if (!has_release || has_other || count <= report->mix_count)
            continue;
        memcpy(report->mix, mix, sizeof mix);
        report->mix_count = count;
    }
    return report->mix_count > 0;
}

/* --- which release is the newest --- */

struct newest {
    const struct cohort_result *result; /* releases of the window, first value */
    uint32_t place;
    int64_t *first_ms; /* of each row of it; INT64_MAX: not met */
};

static bool meet(void *context, const struct cohort_name *name)
{
    struct newest *newest = context;
    for (size_t i = 0; i < newest->result->row_count; i++)
        if (newest->place < name->count &&
            bytes_equal(newest->result->rows[i].values[0], name->values[newest->place]) &&
            name->first_seen_ms < newest->first_ms[i])
            newest->first_ms[i] = name->first_seen_ms;
    return true;
}

static bool is_no_release(struct bytes value)
{
    return bytes_equal_text(value, "unknown") || bytes_equal_text(value, COHORT_OTHER);
}

/* The row of the release whose first run came last, and not before that of `before`; row_count: none. */
static size_t newest_release(struct store *store, const struct cohort_result *result,
                             struct bytes before, struct arena *arena)
{
    struct store_txn txn;
    struct newest newest = {
        .result = result,
        .first_ms = arena_alloc(arena, (result->row_count + 1) * sizeof *newest.first_ms)};
    size_t best = result->row_count;
    int64_t before_ms = 0;
    if (!newest.first_ms)
        return best;
    for (size_t i = 0; i < result->row_count; i++)
        newest.first_ms[i] = INT64_MAX;
    store_begin(store, false, &txn);
    newest.place = cohort_names_place(&txn, result->grouping, RELEASE);
    cohort_names(&txn, result->grouping, meet, &newest);
    store_abort(&txn);
    for (size_t i = 0; i < result->row_count; i++)
        if (bytes_equal(result->rows[i].values[0], before))
            before_ms = newest.first_ms[i];
    for (size_t i = 0; i < result->row_count; i++) {
        if (is_no_release(result->rows[i].values[0]) ||
            bytes_equal(result->rows[i].values[0], before) || newest.first_ms[i] < before_ms)
            continue;
        if (best == result->row_count || newest.first_ms[i] > newest.first_ms[best])
            best = i;
    }
    return best;
}

/* --- arms --- */

static struct lift_arm pass_rate_arm(const struct cohort_report_request *request,
                                     const struct cohort_result *result,
                                     const struct cohort_bucket *sums)
{
    struct cohort_rate_terms terms = request->terms;
    terms.largest_weight = result->largest_weight;
    struct cohort_rates rates = cohort_rates_of(sums, &terms);
    return (struct lift_arm){.is_known = rates.fail.is_known,
                             .n = rates.scored,
                             .weight = rates.sums.all.weight,
                             .p = 1 - rates.fail.p,
                             .low = 1 - rates.high,
                             .high = 1 - rates.low};
}

/* Outcomes of rules are counted without their weights. */
static struct lift_arm rule_arm(const struct cohort_report_request *request,
                                const struct cohort_bucket *sums, uint16_t rule)
{
    struct lift_arm arm = {.is_known = false};
    int64_t passed = 0;
    for (uint32_t i = 0; i < sums->rule_count; i++) {
        const int64_t *outcomes = sums->rules[i].outcomes;
        if (sums->rules[i].rule != rule)
            continue;
        passed = outcomes[COHORT_PASS];
        arm.n = passed + outcomes[COHORT_BORDERLINE] + outcomes[COHORT_FAIL];
    }
    arm.weight = (double)arm.n;
    arm.is_known = arm.n > 0;
    if (!arm.is_known)
        return arm;
    arm.p = (double)passed / (double)arm.n;
    struct interval interval =
        statistics_wilson(arm.p, (double)arm.n, statistics_z(request->terms.confidence));
    arm.low = interval.low;
    arm.high = interval.high;
    return arm;
}

static struct lift_arm arm_of(const struct cohort_report_request *request,
                              const struct cohort_result *result, const struct cohort_bucket *sums,
                              struct bytes rule)
{
    if (!sums)
        return (struct lift_arm){.is_known = false};
    if (!rule.data)
        return pass_rate_arm(request, result, sums);
    for (size_t i = 0; i < result->rule_count; i++)
        if (bytes_equal(result->rules[i].name, rule))
            return rule_arm(request, sums, result->rules[i].rule);
    return (struct lift_arm){.is_known = false};
}

static const struct cohort_bucket *release_sums(const struct cohort_result *result,
                                                struct bytes release)
{
    for (size_t i = 0; i < result->row_count; i++)
        if (bytes_equal(result->rows[i].values[0], release))
            return &result->rows[i].sums;
    return NULL;
}

static void read_raw(const struct cohort_report_request *request,
                     const struct cohort_result *result, struct lift_report *report)
{
    for (uint32_t i = 0; i < report->subject_count; i++) {
        struct lift_subject *subject = &report->subjects[i];
        subject->before =
            arm_of(request, result, release_sums(result, report->before), subject->rule);
        subject->after =
            arm_of(request, result, release_sums(result, report->after), subject->rule);
        subject->lift = lift_of(&subject->before, &subject->after);
    }
}

/* --- cells --- */

static void cell_hash(const struct cohort_result *result, size_t row,
                      uint8_t ret_hash[COHORT_HASH_SIZE])
{
    cohort_hash(ret_hash, result->rows[row].values + 1, result->value_count - 1);
}

/* Of each row the number of its release's cell; `ret_rows`: the row of B for each of A, row_count
 * where there is none. */
static bool pair(const struct cohort_result *result, const struct lift_report *report,
                 size_t *ret_rows)
{
    struct key_index cells = {.key_size = COHORT_HASH_SIZE};
    uint8_t hash[COHORT_HASH_SIZE];
    bool is_whole = true;
    for (size_t i = 0; i < result->row_count; i++) {
        ret_rows[i] = result->row_count;
        cell_hash(result, i, hash);
        if (bytes_equal(result->rows[i].values[0], report->before))
            is_whole &= key_index_add(&cells, hash) != KEY_INDEX_NONE;
    }
    for (size_t i = 0; i < result->row_count; i++) {
        cell_hash(result, i, hash);
        uint32_t cell = bytes_equal(result->rows[i].values[0], report->after)
                            ? key_index_find(&cells, hash)
                            : KEY_INDEX_NONE;
        if (cell != KEY_INDEX_NONE)
            ret_rows[cell] = i;
    }
    key_index_finish(&cells);
    return is_whole;
}

static void adjust(const struct cohort_report_request *request, const struct cohort_result *result,
                   struct lift_report *report)
{
    struct lift_cell *cells = arena_zalloc(&report->arena, result->row_count + 1, sizeof *cells);
    size_t *rows = arena_zalloc(&report->arena, result->row_count + 1, sizeof *rows);
    if (!cells || !rows || !pair(result, report, rows))
        return;
    for (uint32_t s = 0; s < report->subject_count; s++) {
        struct lift_subject *subject = &report->subjects[s];
        uint32_t count = 0;
        for (size_t a = 0; a < result->row_count; a++) {
            if (!bytes_equal(result->rows[a].values[0], report->before))
                continue;
            size_t b = rows[count];
            const struct cohort_bucket *after =
                b < result->row_count ? &result->rows[b].sums : NULL;
            cells[count].before = arm_of(request, result, &result->rows[a].sums, subject->rule);
            cells[count++].after = arm_of(request, result, after, subject->rule);
        }
        subject->adjusted = lift_adjust(cells, count);
    }
}

static enum status query(struct store *store, const struct pipeline_config *config,
                         const struct cohort_report_request *request, const struct bytes *mix,
                         uint32_t mix_count, struct cohort_result *ret_result,
                         struct error *ret_error)
{
    struct cohort_report_request asked = *request;
    asked.group_by[0] = RELEASE;
    for (uint32_t i = 0; i < mix_count; i++)
        asked.group_by[1 + i] = mix[i];
    asked.group_by_count = 1 + mix_count;
    return cohort_report_query(store, config, &asked, ret_result, ret_error);
}

static bool name_subjects(const struct cohort_result *result, struct lift_report *report)
{
    report->subjects =
        arena_zalloc(&report->arena, result->rule_count + 1, sizeof *report->subjects);
    if (!report->subjects)
        return false;
    report->subject_count = 1;
    for (size_t i = 0; i < result->rule_count; i++)
        report->subjects[report->subject_count++].rule =
            arena_copy(&report->arena, result->rules[i].name);
    return !report->arena.failed;
}

static enum status read_releases(struct store *store, const struct pipeline_config *config,
                                 const struct cohort_report_request *request,
                                 struct lift_report *report, struct error *ret_error)
{
    struct cohort_result result;
    struct error unasked = {0};
    enum status status = query(store, config, request, NULL, 0, &result, &unasked);
    if (status == STATUS_FATAL)
        *ret_error = unasked;
    if (status != STATUS_OK) {
        report->reason = "no grouping of cohorts.group_by has release";
        return status == STATUS_FATAL ? status : STATUS_OK;
    }
    size_t newest = newest_release(store, &result, report->before, &report->arena);
    if (!release_sums(&result, report->before)) {
        report->reason = "the baseline has no run in the window";
    } else if (newest == result.row_count) {
        report->reason = "no newer release has a run in the window";
    } else if (name_subjects(&result, report)) {
        report->after = arena_copy(&report->arena, result.rows[newest].values[0]);
        read_raw(request, &result, report);
    }
    cohort_result_finish(&result);
    return STATUS_OK;
}

enum status lift_read(struct store *store, const struct pipeline_config *config,
                      const struct cohort_report_request *request, struct bytes before,
                      struct lift_report *ret_report, struct error *ret_error)
{
    struct cohort_result result;
    *ret_report = (struct lift_report){.mix_count = 0};
    arena_init(&ret_report->arena, LIFT_BYTES_MAX);
    ret_report->before = arena_copy(&ret_report->arena, before);
    enum status status = read_releases(store, config, request, ret_report, ret_error);
    if (status == STATUS_OK && !ret_report->reason) {
        if (!choose_mix(config, ret_report)) {
            ret_report->mix_reason =
                "no grouping has release and beside it only intent, locale or product";
        } else {
            status = query(store, config, request, ret_report->mix, ret_report->mix_count, &result,
                           ret_error);
            if (status == STATUS_OK) {
                adjust(request, &result, ret_report);
                cohort_result_finish(&result);
            }
        }
    }
    if (status == STATUS_OK && ret_report->arena.failed) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        status = STATUS_FATAL;
    }
    if (status != STATUS_OK)
        lift_read_finish(ret_report);
    return status;
}

void lift_read_finish(struct lift_report *report)
{
    arena_finish(&report->arena);
    *report = (struct lift_report){.mix_count = 0};
}
