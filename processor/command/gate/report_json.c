/* flywheel.dataset_gate/v1: keys and their order are a contract. */
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "processor/command/gate/report.h"
#include "processor/score/rules.h"

static void put_optional(struct json_writer *json, const char *key, struct bytes text)
{
    if (text.data)
        json_put_bytes(json, key, text);
}

static void put_interval(struct json_writer *json, const struct interval *interval)
{
    json_put_double(json, "low", interval->low);
    json_put_double(json, "high", interval->high);
}

static void put_names(struct json_writer *json, const char *key,
                      const struct candidate_names *names)
{
    json_key(json, key);
    json_object_begin(json);
    json_put_uint(json, "count", names->count);
    json_put_texts(
        json, "first", names->items,
        (uint32_t)(names->count < CANDIDATE_NAMES_MAX ? names->count : CANDIDATE_NAMES_MAX));
    json_object_end(json);
}

/* --- what was compared --- */

static void put_dataset(struct json_writer *json, const struct gate_rows *rows)
{
    json_key(json, "dataset");
    json_object_begin(json);
    put_optional(json, "name", rows->dataset);
    json_put_uint(json, "version", rows->version);
    json_put_text(json, "snapshot", rows->snapshot);
    if (rows->exported[0])
        json_put_text(json, "exported_snapshot", rows->exported);
    json_put_hex(json, "sha256", rows->sha256, SHA256_SIZE);
    for (int state = 0; state < GATE_ROW_STATES; state++)
        json_put_uint(json, gate_row_state_names[state], rows->states[state]);
    json_put_uint(json, "superseded", rows->superseded);
    json_put_bool(json, "is_other_than_manifest", rows->is_other_than_manifest);
    json_object_end(json);
}

static void put_ruleset(struct json_writer *json, const struct gate_answer *answer)
{
    const struct ruleset *ruleset = &answer->config->ruleset;
    json_key(json, "ruleset");
    json_object_begin(json);
    json_put_hex(json, "sha256", ruleset->sha256, SHA256_SIZE);
    json_key(json, "rules");
    json_array_begin(json);
    for (uint32_t i = 0; i < ruleset->rule_count; i++) {
        if (!rule_counts_in_gate(&ruleset->rules[i]))
            continue;
        json_object_begin(json);
        json_put_bytes(json, "name", ruleset->rules[i].name);
        json_put_uint(json, "judged", answer->candidate->rule_judged[i]);
        json_put_uint(json, "failed", answer->candidate->rule_failed[i]);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

static void put_candidate(struct json_writer *json, const char *key,
                          const struct candidate *candidate)
{
    json_key(json, key);
    json_object_begin(json);
    json_put_text(json, "sha256", candidate->digest);
    json_put_uint(json, "runs", candidate->run_count);
    put_names(json, "unknown_rows", &candidate->unknown);
    put_names(json, "idle_rows", &candidate->idle);
    put_names(json, "without_row", &candidate->unnamed);
    put_names(json, "unreadable", &candidate->unreadable);
    put_names(json, "other_snapshots", &candidate->other_snapshots);
    json_object_end(json);
}

static void put_terms(struct json_writer *json, const struct gate_answer *answer)
{
    const struct gate_terms *terms = &answer->terms;
    json_key(json, "terms");
    json_object_begin(json);
    json_put_double(json, "min_pass_rate", terms->min_pass_rate);
    json_put_text(json, "judge", terms->is_population ? "population" : "set");
    json_put_double(json, "confidence", terms->confidence);
    json_key(json, "repeats");
    if (terms->repeats > GATE_REPEATS_ANY)
        json_uint(json, terms->repeats);
    else
        json_text(json, terms->repeats == GATE_REPEATS_ANY ? "any" : "all");
    json_put_text(json, "missing", terms->is_missing_insufficient ? "insufficient" : "fail");
    json_put_uint(json, "critical", terms->critical_max);
    json_put_text(json, "texts", candidate_texts_names[answer->texts]);
    json_object_end(json);
}

/* --- what it came to --- */

static void put_pairs(struct json_writer *json, const struct gate_pairs *pairs)
{
    json_key(json, "baseline");
    json_object_begin(json);
    json_put_uint(json, "newly_failing", pairs->newly_failing);
    json_put_uint(json, "newly_passing", pairs->newly_passing);
    json_put_uint(json, "both", pairs->both);
    json_put_uint(json, "neither", pairs->neither);
    json_put_uint(json, "unpaired", pairs->unpaired);
    json_put_uint(json, "newly_failing_critical", pairs->newly_failing_critical);
    json_key(json, "mcnemar");
    json_object_begin(json);
    json_put_double(json, "p", pairs->p);
    json_put_double(json, "p_worse", pairs->p_worse);
    json_object_end(json);
    json_key(json, "lift");
    json_object_begin(json);
    json_put_double(json, "difference", pairs->difference);
    put_interval(json, &pairs->interval);
    json_object_end(json);
    json_object_end(json);
}

static void put_cohort(struct json_writer *json, const struct release_gate_cohort *cohort)
{
    json_key(json, "cohort");
    json_object_begin(json);
    for (uint32_t i = 0; i < cohort->count; i++) {
        json_key_bytes(json, cohort->dimensions[i]);
        json_string(json, cohort->values[i]);
    }
    json_object_end(json);
}

static void put_suite(struct json_writer *json, const struct gate_answer *answer,
                      const struct gate_suite *suite)
{
    const struct gate_suite_answer *found = &suite->answer;
    struct buffer why = {0};
    json_object_begin(json);
    json_put_bytes(json, "name", suite->name);
    put_cohort(json, &suite->cohort);
    json_put_text(json, "outcome", gate_outcome_names[found->outcome]);
    json_put_text(json, "reason", gate_reason_names[found->reason]);
    gate_report_why(answer, suite, &why);
    json_put_bytes(json, "message", buffer_bytes(&why));
    json_put_uint(json, "rows", found->rows);
    json_put_uint(json, "passed", found->passed);
    json_put_uint(json, "failed", found->failed);
    json_put_uint(json, "missing", found->missing);
    json_put_uint(json, "flaky", found->flaky);
    json_put_uint(json, "unjudged", found->unjudged);
    json_put_uint(json, "critical", found->critical);
    json_put_uint(json, "critical_failed", found->critical_failed);
    json_key(json, "pass_rate");
    if (found->rows > 0)
        json_double(json, found->pass_rate);
    else
        json_null(json);
    put_interval(json, &found->interval);
    if (answer->terms.is_population && found->rows > 0)
        json_put_double(json, "high_deciding", found->high);
    if (found->needed > 0 && found->needed < UINT64_MAX)
        json_put_uint(json, "needed", found->needed);
    if (found->has_pairs)
        put_pairs(json, &found->pairs);
    json_object_end(json);
    buffer_finish(&why);
}

static void put_fault(struct json_writer *json, const struct candidate_fault *fault)
{
    json_object_begin(json);
    json_put_bytes(json, fault->is_rule ? "rule" : "check",
                   fault->is_rule ? bytes_of(fault->what.data + 5, fault->what.size - 5)
                                  : fault->what);
    json_put_bytes(json, "message", fault->message);
    put_optional(json, "expected", fault->expected);
    put_optional(json, "seen", fault->seen);
    if (fault->is_weak)
        json_put_bool(json, "is_weak", true);
    json_object_end(json);
}

static void put_faults(struct json_writer *json, const struct candidate_run *run)
{
    json_put_hex(json, "trace_id", run->trace_id, sizeof run->trace_id);
    json_key(json, "failures");
    json_array_begin(json);
    for (uint32_t i = 0; i < run->fault_count && i < CANDIDATE_FAULTS_MAX; i++)
        put_fault(json, &run->faults[i]);
    json_array_end(json);
}

/* Written again: what stands in a file is not what may leave as it is. */
static void put_row_cohort(struct json_writer *json, const struct gate_answer *answer,
                           const struct gate_row *row)
{
    struct arena *arena = answer->scratch;
    struct json_reader reader, members;
    struct json_value object, member;
    arena_reset(arena);
    if (!row->cohort.data || !json_parse(row->cohort, arena, &reader, &object) ||
        object.type != JSON_OBJECT)
        return;
    json_key(json, "cohort");
    json_object_begin(json);
    json_children(&reader, &object, &members);
    while (json_next(&members, &member) == JSON_STRING) {
        json_key_bytes(json, member.key);
        json_string(json, member.text);
    }
    json_object_end(json);
}

static void put_row(struct json_writer *json, const struct gate_answer *answer, uint32_t place)
{
    const struct gate_row *row = &answer->rows->items[place];
    const struct gate_row_result *result = &answer->candidate->results[place];
    const struct candidate_run *run = gate_report_failed_run(answer->candidate, place);
    json_object_begin(json);
    json_put_text(json, "row_id", row->id_text);
    json_put_uint(json, "row_revision", row->revision);
    json_put_text(json, "state", gate_row_state_names[row->state]);
    put_optional(json, "failure_mode", row->failure_mode);
    json_put_text(json, "severity", row->is_critical ? "critical" : "warn");
    put_row_cohort(json, answer, row);
    if (row->state == GATE_ROW_LIVE) {
        json_put_text(json, "outcome", gate_row_outcome_names[result->outcome]);
        json_put_uint(json, "runs", result->runs);
        json_put_uint(json, "passed", result->passed);
        json_put_bool(json, "is_flaky", result->is_flaky);
        json_put_bool(json, "is_unjudged", result->outcome == GATE_PASSED && result->is_unjudged);
        if (answer->baseline)
            json_put_text(json, "baseline",
                          gate_row_outcome_names[answer->baseline->results[place].outcome]);
    }
    if (run)
        put_faults(json, run);
    json_object_end(json);
}

void gate_report_json(const struct gate_answer *answer, struct buffer *to)
{
    static const int exit_codes[GATE_OUTCOMES] = {EXIT_DONE, EXIT_GATE_FAILED,
                                                  EXIT_TOO_LITTLE_DATA};
    struct json_writer json;
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "schema", "flywheel.dataset_gate/v1");
    json_put_text(&json, "outcome", gate_outcome_names[answer->outcome]);
    json_put_int(&json, "exit_code", exit_codes[answer->outcome]);
    put_dataset(&json, answer->rows);
    put_ruleset(&json, answer);
    put_candidate(&json, "candidate", answer->candidate);
    if (answer->baseline)
        put_candidate(&json, "baseline_candidate", answer->baseline);
    put_terms(&json, answer);
    json_key(&json, "suites");
    json_array_begin(&json);
    for (uint32_t i = 0; i < answer->suite_count; i++)
        put_suite(&json, answer, &answer->suites[i]);
    json_array_end(&json);
    json_key(&json, "rows");
    json_array_begin(&json);
    for (uint32_t i = 0; i < answer->rows->count; i++)
        put_row(&json, answer, i);
    json_array_end(&json);
    json_object_end(&json);
    buffer_append_byte(to, '\n');
}
