/* u8 version | u8 bits (1 judge only, 2 record id, 4 record id as first of its cohort)
 *   | varint decisions | varint revision | varint spans | varint late spans | ruleset 8
 *   | record ids, 16 each
 *   | varint rules (be32 name, u8 outcome | has value << 3 | bit << 4 | measure << 5, double value if
 *                   it has one); the bit: it judges, or without a value: when false; outcome 5: na,
 *                   because an awaited score did not come. Version 1 does not say whether it judges
 *   | varint dimensions (bytes value) | bytes contribution | double probability (from version 2 on)
 *   | bytes met rows (version 3; one without any is version 2) */
#include "pipelines/decide/summary.h"

#include <assert.h>

#include "processor/base/digest.h"
#include "processor/regression.h"
#include "processor/score/measurements.h"
#include "state/store/value.h"

enum { SUMMARY_VERSION = 2, SUMMARY_VERSION_MET = 3 };
enum { BIT_JUDGE_ONLY = 1, BIT_RECORD_ID = 2 };
enum { RULE_OUTCOME = 7, RULE_HAS_VALUE = 8, RULE_BIT = 16, RULE_MEASURE_SHIFT = 5 };
enum { OUTCOME_MISSING = OUTCOMES }; /* as stored */

/* Sizes in bytes of the groups that hyphens part. */
static const uint8_t uuid_groups[] = {4, 2, 2, 2, 6};

void record_id_write(const uint8_t id[RECORD_ID_SIZE], char *to)
{
    for (size_t group = 0; group < sizeof(uuid_groups); group++) {
        if (group > 0)
            *to++ = '-';
        hex_encode(to, id, uuid_groups[group]);
        to += 2 * uuid_groups[group];
        id += uuid_groups[group];
    }
    *to = 0;
}

bool record_id_read(const char *text, uint8_t to[RECORD_ID_SIZE])
{
    if (strlen(text) != 36)
        return false;
    for (size_t group = 0; group < sizeof(uuid_groups); group++) {
        if ((group > 0 && *text++ != '-') || !hex_decode(to, text, uuid_groups[group]))
            return false;
        text += 2 * uuid_groups[group];
        to += uuid_groups[group];
    }
    return true;
}

uint32_t summary_rule_name(struct bytes name)
{
    uint64_t hash = digest_fnv1a64(name);
    return (uint32_t)(hash ^ hash >> 32);
}

const struct summary_rule *summary_find_rule(const struct summary *summary, struct bytes name)
{
    uint32_t hash = summary_rule_name(name);
    for (uint32_t i = 0; i < summary->rule_count; i++)
        if (summary->rules[i].name == hash)
            return &summary->rules[i];
    return NULL;
}

/* Which of the rule's measures an evaluation states. */
static uint8_t measure_of(const struct evaluation *evaluation)
{
    const struct rule *rule = evaluation->rule;
    for (uint32_t i = 0; i < rule->measure_count; i++) {
        const struct measure *measure = &rule->measures[i];
        struct bytes name =
            measure->measurement ? bytes_of_text(measure->measurement->name) : measure->name;
        if (bytes_equal(evaluation->measurement, name))
            return (uint8_t)i;
    }
    return 0;
}

/* A regression set that has no row for the run: that there is one changes no verdict. */
static bool says_nothing(const struct evaluation *evaluation)
{
    return evaluation->outcome == OUTCOME_NA &&
           bytes_equal_text(evaluation->rule->name, REGRESSION_RULE);
}

bool summary_take_report(struct summary *summary, const struct verdict_report *report,
                         struct arena *arena)
{
    summary->rules = arena_zalloc(arena, report->evaluation_count + 1, sizeof(*summary->rules));
    if (!summary->rules)
        return false;
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        const struct evaluation *evaluation = &report->evaluations[i];
        if (says_nothing(evaluation))
            continue;
        bool is_when = evaluation->outcome == OUTCOME_NA && evaluation->na_reason &&
                       strncmp(evaluation->na_reason, "when_", 5) == 0;
        summary->rules[summary->rule_count++] = (struct summary_rule){
            .name = summary_rule_name(evaluation->rule->name),
            .outcome = evaluation->outcome,
            .measure = measure_of(evaluation),
            .has_value = evaluation->has_value,
            .is_when_false = is_when,
            .judges = evaluation->judges,
            .is_missing = evaluation->is_missing,
            .value = evaluation->has_value ? evaluation->value : 0,
        };
    }
    return true;
}

static const struct summary_rule *find_name(const struct summary *summary, uint32_t name,
                                            uint32_t first)
{
    for (uint32_t i = 0; i < summary->rule_count; i++) {
        const struct summary_rule *rule = &summary->rules[(first + i) % summary->rule_count];
        if (rule->name == name)
            return rule;
    }
    return NULL;
}

bool summary_differs(const struct summary *before, const struct summary *now)
{
    if (before->rule_count != now->rule_count)
        return true;
    for (uint32_t i = 0; i < now->rule_count; i++) {
        const struct summary_rule *rule = &now->rules[i];
        const struct summary_rule *old = find_name(before, rule->name, i);
        if (!old || old->outcome != rule->outcome || old->has_value != rule->has_value ||
            memcmp(&old->value, &rule->value, sizeof(double)) != 0)
            return true;
    }
    return false;
}

void summary_encode(const struct summary *summary, struct buffer *to)
{
    uint8_t bits = summary->is_judge_only ? BIT_JUDGE_ONLY : 0;
    for (int i = 0; i < 2; i++)
        bits |= (uint8_t)(summary->has_record_id[i] ? BIT_RECORD_ID << i : 0);
    buffer_append_byte(to, summary->met.size > 0 ? SUMMARY_VERSION_MET : SUMMARY_VERSION);
    buffer_append_byte(to, bits);
    value_put_varint(to, summary->decisions);
    value_put_varint(to, summary->revision);
    value_put_varint(to, summary->spans);
    value_put_varint(to, summary->late_spans);
    buffer_append(to, summary->ruleset, sizeof(summary->ruleset));
    for (int i = 0; i < 2; i++)
        if (summary->has_record_id[i])
            buffer_append(to, summary->record_ids[i], RECORD_ID_SIZE);
    value_put_varint(to, summary->rule_count);
    for (uint32_t i = 0; i < summary->rule_count; i++) {
        const struct summary_rule *rule = &summary->rules[i];
        assert(rule->measure < RULE_MEASURES_MAX);
        value_put_be32(to, rule->name);
        bool bit = rule->has_value ? rule->judges : rule->is_when_false;
        bool is_missing = rule->is_missing && rule->outcome == OUTCOME_NA;
        unsigned outcome = is_missing ? (unsigned)OUTCOME_MISSING : (unsigned)rule->outcome;
        buffer_append_byte(to, (uint8_t)(outcome | (rule->has_value ? RULE_HAS_VALUE : 0u) |
                                         (bit ? RULE_BIT : 0u) |
                                         (unsigned)rule->measure << RULE_MEASURE_SHIFT));
        if (rule->has_value)
            value_put_double(to, rule->value);
    }
    value_put_varint(to, summary->dimension_count);
    for (uint32_t i = 0; i < summary->dimension_count; i++)
        value_put_bytes(to, summary->dimension_values[i]);
    value_put_bytes(to, summary->contribution);
    value_put_double(to, summary->probability);
    if (summary->met.size > 0)
        value_put_bytes(to, summary->met);
}

static void decode_rule(struct value_reader *reader, uint8_t version, struct summary_rule *ret_rule)
{
    ret_rule->name = value_get_be32(reader);
    uint8_t bits = value_get_u8(reader);
    ret_rule->is_missing = (bits & RULE_OUTCOME) == OUTCOME_MISSING;
    ret_rule->outcome = ret_rule->is_missing ? OUTCOME_NA : (enum outcome)(bits & RULE_OUTCOME);
    ret_rule->has_value = bits & RULE_HAS_VALUE;
    ret_rule->is_when_false = !ret_rule->has_value && bits & RULE_BIT;
    ret_rule->judges = ret_rule->has_value && (version == 1 || bits & RULE_BIT);
    ret_rule->measure = (uint8_t)(bits >> RULE_MEASURE_SHIFT);
    ret_rule->value = ret_rule->has_value ? value_get_double(reader) : 0;
    if (ret_rule->outcome >= OUTCOMES)
        reader->failed = true;
}

static void decode_ids(struct value_reader *reader, uint8_t bits, struct summary *summary)
{
    value_get_copy(reader, summary->ruleset, sizeof(summary->ruleset));
    for (int i = 0; i < 2; i++) {
        if (!(bits & BIT_RECORD_ID << i))
            continue;
        value_get_copy(reader, summary->record_ids[i], RECORD_ID_SIZE);
        summary->has_record_id[i] = true;
    }
}

enum status summary_decode(struct bytes encoded, struct arena *arena, struct summary *ret_summary)
{
    struct value_reader reader;
    struct summary summary = {0};
    if (encoded.size == 0)
        return STATUS_NOT_FOUND;
    value_reader_init(&reader, encoded);
    uint8_t version = value_get_u8(&reader);
    if (version == 0 || version > SUMMARY_VERSION_MET)
        return STATUS_MALFORMED;
    uint8_t bits = value_get_u8(&reader);
    summary.is_judge_only = bits & BIT_JUDGE_ONLY;
    summary.decisions = (uint32_t)value_get_count(&reader, UINT32_MAX);
    summary.revision = (uint32_t)value_get_count(&reader, UINT32_MAX);
    summary.spans = (uint32_t)value_get_count(&reader, UINT32_MAX);
    summary.late_spans = (uint32_t)value_get_count(&reader, UINT32_MAX);
    decode_ids(&reader, bits, &summary);
    uint32_t rules = (uint32_t)value_get_count(&reader, RULES_JUDGED_MAX);
    summary.rules = arena_zalloc(arena, rules + 1, sizeof(*summary.rules));
    if (!summary.rules)
        return STATUS_BUSY;
    for (; summary.rule_count < rules && !reader.failed; summary.rule_count++)
        decode_rule(&reader, version, &summary.rules[summary.rule_count]);
    uint32_t dimensions = (uint32_t)value_get_count(&reader, SUMMARY_DIMENSIONS_MAX);
    summary.dimension_values =
        arena_zalloc(arena, dimensions + 1, sizeof(*summary.dimension_values));
    if (!summary.dimension_values)
        return STATUS_BUSY;
    for (; summary.dimension_count < dimensions && !reader.failed; summary.dimension_count++)
        summary.dimension_values[summary.dimension_count] = value_get_bytes(&reader);
    summary.contribution = value_get_bytes(&reader);
    summary.probability = version > 1 ? value_get_double(&reader) : 0;
    if (version >= SUMMARY_VERSION_MET)
        summary.met = value_get_bytes(&reader);
    if (summary.probability < 0 || summary.probability > 1)
        reader.failed = true;
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_summary = summary;
    return status;
}
