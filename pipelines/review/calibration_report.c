/* Shares of the traffic and sums of the reviews come together here, cohort by cohort and rule by rule. */
#include <string.h>

#include "pipelines/cohorts/release_gate_text.h"
#include "pipelines/review/calibration_report_state.h"

enum { CALIBRATION_BYTES_MAX = 64 << 20, DAY_MS = 24 * 60 * 60 * 1000 };

/* --- the request --- */

static bool parse_cohort(struct bytes text, struct arena *arena,
                         struct calibration_request *request, struct error *ret_error)
{
    struct release_gate_cohort cohort;
    if (!text.data)
        return true;
    if (release_gate_text_parse_cohort("cohort", text, arena, &cohort, ret_error) != STATUS_OK)
        return false;
    request->cohort_count = cohort.count;
    memcpy(request->names, cohort.dimensions, sizeof request->names);
    memcpy(request->values, cohort.values, sizeof request->values);
    return true;
}

static bool has_rule(const struct pipeline_config *config, struct bytes name)
{
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        if (bytes_equal(config->ruleset.rules[i].name, name))
            return true;
    return false;
}

bool calibration_find_days(struct calibration_request *request, struct error *ret_error)
{
    struct cohort_window buckets;
    const struct cohort_report_request *asked = &request->cohorts;
    if (asked->window_ms < (int64_t)CALIBRATION_DAYS_MIN * DAY_MS ||
        cohort_window_resolve(asked->as_of_ms, asked->window_ms, &buckets) != STATUS_OK) {
        error_set(ret_error, EXIT_USAGE, "window: reviews are counted by whole days: 3d to 35d");
        return false;
    }
    request->from_day = tally_day(buckets.from_ms);
    request->to_day = tally_day(buckets.to_ms);
    return true;
}

enum status calibration_parse(struct bytes window, struct bytes rule, struct bytes cohort,
                              const struct pipeline_config *config, int64_t now_ms,
                              struct arena *arena, struct calibration_request *ret_request,
                              struct error *ret_error)
{
    struct calibration_request request = {.rule = rule, .confidence = CALIBRATION_CONFIDENCE};
    if (cohort_report_parse(window.data ? window : BYTES_LITERAL("28d"), BYTES_LITERAL("intent"),
                            (struct bytes){NULL, 0}, config, now_ms, &request.cohorts,
                            ret_error) != STATUS_OK)
        return STATUS_MALFORMED;
    if (!calibration_find_days(&request, ret_error))
        return STATUS_MALFORMED;
    if (rule.data && !has_rule(config, rule)) {
        error_set(ret_error, EXIT_USAGE, "rule: there is no rule %.*s",
                  (int)(rule.size < 100 ? rule.size : 100), (const char *)rule.data);
        return STATUS_MALFORMED;
    }
    if (!parse_cohort(cohort, arena, &request, ret_error))
        return STATUS_MALFORMED;
    *ret_request = request;
    return STATUS_OK;
}

/* --- one rate --- */

static struct weighted_count cells(const struct cohort_bucket *sums, int condemned, int judged)
{
    return cohort_classes_sum(&sums->classes, condemned, condemned, judged, judged);
}

/* Runs of each verdict, by weight, as their class says it; a bucket that an earlier version wrote knows
 * verdicts alone. */
static void add_traffic(const struct cohort_bucket *sums, double traffic[CALIBRATION_VERDICTS])
{
    if (cohort_bucket_unclassed(sums) > 0) {
        for (int verdict = 0; verdict < CALIBRATION_VERDICTS; verdict++)
            traffic[verdict] += (double)sums->verdicts[verdict];
        return;
    }
    for (int condemned = 0; condemned < CONDEMNED_CLASSES; condemned++)
        for (int judged = 0; judged < JUDGED_CLASSES; judged++) {
            int verdict = condemned == CONDEMNED_FAIL || judged == JUDGED_FAIL ? COHORT_FAIL
                          : condemned == CONDEMNED_BORDERLINE || judged == JUDGED_BORDERLINE
                              ? COHORT_BORDERLINE
                          : judged == JUDGED_PASS ? COHORT_PASS
                                                  : COHORT_UNSCORED;
            traffic[verdict] += cells(sums, condemned, judged).weight;
        }
}

struct traffic_sums {
    int64_t runs;
    double of_verdict[CALIBRATION_VERDICTS];
};

static void set_rate(struct calibration *calibration, const struct calibration_request *request,
                     const struct traffic_sums *traffic, struct calibration_rate *rate)
{
    double all = 0;
    rate->runs = traffic->runs;
    for (int v = 0; v < CALIBRATION_VERDICTS; v++)
        all += traffic->of_verdict[v];
    for (int v = 0; v < CALIBRATION_VERDICTS; v++)
        rate->strata[v].share = all > 0 ? traffic->of_verdict[v] / all : 0;
    rate->calibrated = poststratify(rate->strata, CALIBRATION_VERDICTS, request->confidence);
    bool is_own = rate->calibrated.reviewed >= CALIBRATION_REVIEWS_MIN || !rate->grouping;
    if (calibration->traffic_reason)
        rate->reason = calibration->traffic_reason;
    else if (all <= 0)
        rate->reason = "no run in the window";
    else if (!is_own)
        rate->reason = "fewer than 20 reviews of its own";
    else if (rate->calibrated.reviewed == 0)
        rate->reason = "nothing was reviewed in the window";
    else if (!rate->calibrated.rate.is_known)
        rate->reason = "more than 5 % of the runs have a verdict of which nothing was reviewed";
}

static void add_reviews(const struct calibration *calibration,
                        const uint8_t scope[CALIBRATION_SCOPE_SIZE], struct calibration_rate *rate)
{
    const struct calibration_scope_sums *sums = calibration_sums_scope(&calibration->sums, scope);
    for (int v = 0; sums && v < CALIBRATION_VERDICTS; v++) {
        fail_rate_count_add(&rate->strata[v].all, &sums->verdicts[v].all);
        fail_rate_count_add(&rate->strata[v].bad, &sums->verdicts[v].bad);
    }
}

/* Of the verdicts that it has runs of, is one so that less than half of its items was reviewed? */
static void mark_low_response(const struct calibration *calibration,
                              const struct pipeline_config *config, struct calibration_rate *rate)
{
    for (int v = 0; v < CALIBRATION_VERDICTS; v++) {
        int64_t eligible = 0, reviewed = 0;
        for (size_t i = 0; i < calibration->sums.queue_class_count; i++) {
            const struct response_class *class = &calibration->sums.queue_classes[i].class;
            if (class->verdict != v ||
                calibration_is_sampled(config, calibration_queue(calibration, class->queue)))
                continue;
            eligible += class->eligible;
            reviewed += class->reviewed;
        }
        rate->is_low_response = rate->is_low_response ||
                                (rate->strata[v].share > 0 &&
                                 (double)reviewed < CALIBRATION_RESPONSE_MIN * (double)eligible);
    }
}

/* --- all rates --- */

static bool is_asked(const struct calibration_request *request,
                     const struct calibration_grouping *grouping, const struct bytes *values)
{
    for (uint32_t i = 0; i < request->cohort_count; i++) {
        uint32_t at = 0;
        while (at < grouping->count && !bytes_equal(grouping->names[at], request->names[i]))
            at++;
        if (at == grouping->count || !bytes_equal(values[at], request->values[i]))
            return false;
    }
    return request->cohort_count > 0;
}

/* The smallest grouping that has all that was asked for; NULL: none. */
static const struct calibration_grouping *asked_grouping(const struct pipeline_config *config,
                                                         const struct calibration_request *request)
{
    const struct calibration_settings *settings = &config->review.calibration;
    const struct calibration_grouping *best = NULL;
    for (uint32_t g = 0; g < settings->grouping_count && request->cohort_count > 0; g++) {
        const struct calibration_grouping *grouping = &settings->groupings[g];
        uint32_t found = 0;
        for (uint32_t i = 0; i < request->cohort_count; i++)
            for (uint32_t d = 0; d < grouping->count; d++)
                found += bytes_equal(grouping->names[d], request->names[i]);
        if (found == request->cohort_count && (!best || grouping->count < best->count))
            best = grouping;
    }
    return best;
}

struct reading {
    const struct pipeline_config *config;
    const struct calibration_request *request;
    struct calibration *calibration;
    const struct calibration_grouping *answers; /* for the cohort that was asked for */
    struct traffic_sums all, asked;
    struct calibration_rate asked_rate;
    uint32_t capacity;
    bool failed;
};

static struct calibration_rate *add_rate(struct reading *reading)
{
    struct calibration *calibration = reading->calibration;
    if (calibration->rate_count == reading->capacity) {
        uint32_t capacity = reading->capacity * 2;
        struct calibration_rate *rates = arena_zalloc(&calibration->arena, capacity, sizeof *rates);
        if (!rates) {
            reading->failed = true;
            return NULL;
        }
        memcpy(rates, calibration->rates, reading->capacity * sizeof *rates);
        calibration->rates = rates;
        reading->capacity = capacity;
    }
    return &calibration->rates[calibration->rate_count++];
}

static void take_row(struct reading *reading, const struct calibration_grouping *grouping,
                     const struct cohort_result_row *row, bool is_first)
{
    uint8_t scope[CALIBRATION_SCOPE_SIZE];
    struct calibration *calibration = reading->calibration;
    struct traffic_sums traffic = {.runs = cohort_bucket_total(&row->sums)};
    struct calibration_rate *rate = add_rate(reading);
    struct bytes *values = arena_zalloc(&calibration->arena, grouping->count + 1, sizeof *values);
    if (!rate || !values) {
        reading->failed = true;
        return;
    }
    add_traffic(&row->sums, traffic.of_verdict);
    for (uint32_t d = 0; d < grouping->count; d++)
        values[d] = arena_copy(&calibration->arena, row->values[d]);
    rate->grouping = grouping;
    rate->values = values;
    calibration_scope(grouping->names, values, grouping->count, scope);
    add_reviews(calibration, scope, rate);
    set_rate(calibration, reading->request, &traffic, rate);
    mark_low_response(calibration, reading->config, rate);
    for (int v = 0; is_first && v < CALIBRATION_VERDICTS; v++)
        reading->all.of_verdict[v] += traffic.of_verdict[v];
    reading->all.runs += is_first ? traffic.runs : 0;
    if (grouping != reading->answers || !is_asked(reading->request, grouping, values))
        return;
    add_reviews(calibration, scope, &reading->asked_rate);
    reading->asked.runs += traffic.runs;
    for (int v = 0; v < CALIBRATION_VERDICTS; v++)
        reading->asked.of_verdict[v] += traffic.of_verdict[v];
}

static enum status read_grouping(struct reading *reading, struct store *store, uint32_t number,
                                 struct error *ret_error)
{
    const struct calibration_grouping *grouping =
        &reading->config->review.calibration.groupings[number];
    struct cohort_report_request request = reading->request->cohorts;
    struct cohort_result result;
    request.group_by_count = grouping->count;
    memcpy(request.group_by, grouping->names, grouping->count * sizeof *grouping->names);
    enum status status = cohort_report_query(store, reading->config, &request, &result, ret_error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < result.row_count; i++)
        take_row(reading, grouping, &result.rows[i], number == 0);
    cohort_result_finish(&result);
    return STATUS_OK;
}

/* The cohort that was asked for, as a rate of its own behind all others. */
static void take_asked(struct reading *reading)
{
    struct calibration *calibration = reading->calibration;
    struct calibration_rate *rate = add_rate(reading);
    struct calibration_grouping *grouping = arena_zalloc(&calibration->arena, 1, sizeof *grouping);
    if (!rate || !grouping) {
        reading->failed = true;
        return;
    }
    *grouping =
        (struct calibration_grouping){reading->request->names, reading->request->cohort_count};
    *rate = reading->asked_rate;
    rate->grouping = grouping;
    rate->values = reading->request->values;
    set_rate(calibration, reading->request, &reading->asked, rate);
    mark_low_response(calibration, reading->config, rate);
    calibration->asked = calibration->rate_count - 1;
}

/* Does `of` say nothing that `rate` does not say, and less? */
static bool is_wider(const struct calibration_rate *of, const struct calibration_rate *rate)
{
    if (!of->grouping || of->grouping->count >= rate->grouping->count)
        return !of->grouping;
    for (uint32_t i = 0; i < of->grouping->count; i++) {
        uint32_t at = 0;
        while (at < rate->grouping->count &&
               !bytes_equal(rate->grouping->names[at], of->grouping->names[i]))
            at++;
        if (at == rate->grouping->count || !bytes_equal(rate->values[at], of->values[i]))
            return false;
    }
    return true;
}

/* For a cohort that has no rate of its own: of the wider ones that have, the narrowest. */
static void name_parents(struct calibration *calibration)
{
    for (uint32_t i = 1; i < calibration->rate_count; i++) {
        struct calibration_rate *rate = &calibration->rates[i];
        uint32_t size = 0;
        for (uint32_t k = 1; rate->reason && k < calibration->rate_count; k++) {
            const struct calibration_rate *parent = &calibration->rates[k];
            if (parent->reason || parent->grouping->count <= size || !is_wider(parent, rate))
                continue;
            rate->parent = k;
            size = parent->grouping->count;
        }
    }
}

static enum status read_rates(struct reading *reading, struct store *store, struct error *ret_error)
{
    static const uint8_t all[CALIBRATION_SCOPE_SIZE] = {0};
    const struct pipeline_config *config = reading->config;
    struct calibration *calibration = reading->calibration;
    reading->capacity = 64;
    calibration->rates =
        arena_zalloc(&calibration->arena, reading->capacity, sizeof *calibration->rates);
    if (!calibration->rates || !add_rate(reading))
        return STATUS_BUSY;
    reading->answers = asked_grouping(config, reading->request);
    if (reading->request->cohort_count > 0 && !reading->answers) {
        error_set(ret_error, EXIT_USAGE, "cohort: no grouping of cohorts.group_by covers it");
        return STATUS_NOT_FOUND;
    }
    if (config->grouping_count == 0)
        calibration->traffic_reason = "no grouping of cohorts.group_by counts the runs";
    for (uint32_t g = 0; g < config->review.calibration.grouping_count && !reading->failed; g++) {
        enum status status = read_grouping(reading, store, g, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    if (reading->answers)
        take_asked(reading);
    if (reading->failed)
        return STATUS_BUSY;
    add_reviews(calibration, all, &calibration->rates[0]);
    set_rate(calibration, reading->request, &reading->all, &calibration->rates[0]);
    mark_low_response(calibration, config, &calibration->rates[0]);
    name_parents(calibration);
    return STATUS_OK;
}

/* --- queues --- */

struct bytes calibration_queue(const struct calibration *calibration, uint64_t queue)
{
    for (uint32_t i = 0; i < calibration->queue_count; i++)
        if (item_row_hash(calibration->queues[i].name) == queue)
            return calibration->queues[i].name;
    return BYTES_LITERAL("?");
}

bool calibration_is_sampled(const struct pipeline_config *config, struct bytes queue)
{
    return review_settings_queue(&config->review, queue)->order == ORDER_SAMPLE;
}

double calibration_response(const struct calibration_queue_class *class)
{
    return class->class.eligible > 0 ? (double)class->class.reviewed / (double)class->class.eligible
                                     : -1;
}

/* --- the whole --- */

static void read_queues(struct store *store, struct calibration *calibration)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    calibration->queue_count = item_queues_read(&txn, &calibration->arena, calibration->queues);
    store_abort(&txn);
}

enum status calibration_read(struct store *store, const struct pipeline_config *config,
                             const struct calibration_request *request,
                             struct calibration *ret_calibration, struct error *ret_error)
{
    struct calibration *calibration = ret_calibration;
    struct reading reading = {.config = config, .request = request, .calibration = calibration};
    *calibration = (struct calibration){.rate_count = 0};
    arena_init(&calibration->arena, CALIBRATION_BYTES_MAX);
    enum status status =
        calibration_sums_read(store, &config->review, request->from_day, request->to_day,
                              request->cohorts.as_of_ms, &calibration->sums);
    if (status == STATUS_FATAL || status == STATUS_MALFORMED)
        error_set(ret_error, EXIT_STATE_IO, "%s: the reviews cannot be read", store_path(store));
    if (status == STATUS_OK) {
        read_queues(store, calibration);
        status = read_rates(&reading, store, ret_error);
    }
    if (status == STATUS_OK && !calibration_rules_read(config, request, calibration))
        status = STATUS_BUSY;
    if (status == STATUS_BUSY)
        error_set(ret_error, EXIT_TEMPORARY, "no memory for the calibration");
    if (status != STATUS_OK)
        calibration_finish(calibration);
    return status;
}

void calibration_finish(struct calibration *calibration)
{
    calibration_sums_finish(&calibration->sums);
    arena_finish(&calibration->arena);
}
