/* value = u8 2 | double largest weight | signed verdicts[4] | signed first[4] | signed first_scored
 *         | classes | classes of the missing | signed tokens, cost, with_tokens, with_cost,
 *         last_event_ms | sketch | varint count (varint rule, signed outcomes[6])...
 * Version 1 had four doubles in place of the classes, which counted other runs as scored: they are
 * read over, and its runs are in no class. */
#include "state/cohorts/bucket.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { BUCKET_VERSION = 2, CONTRIBUTION_VERSION = 2, WITHOUT_CLASS = 1 };
enum { CLASS_JUDGED_SHIFT = 2, CLASS_MISSING = 16 }; /* u8 condemned | judged << 2 | missing << 4 */

int64_t cohort_nano_usd(double usd)
{
    double nano = usd * 1e9;
    if (!isfinite(nano) || nano < 0 || nano > 9e18)
        return -1;
    return (int64_t)(nano + 0.5);
}

/* --- contributions --- */

static void decode_class(struct value_reader *reader, uint8_t version, struct cohort_class *to)
{
    *to = (struct cohort_class){.is_known = version == CONTRIBUTION_VERSION};
    if (!to->is_known)
        return;
    uint8_t bits = value_get_u8(reader);
    to->condemned = bits & 3;
    to->judged = bits >> CLASS_JUDGED_SHIFT & 3;
    to->is_missing = bits & CLASS_MISSING;
    if (to->condemned >= COHORT_CONDEMNED || bits >= 2 * CLASS_MISSING)
        reader->failed = true;
}

void cohort_contribution_encode(const struct cohort_contribution *contribution, struct buffer *to)
{
    assert(contribution->group_count <= COHORT_GROUPS_MAX);
    assert(contribution->rule_count <= COHORT_RULES_MAX);
    const struct cohort_class *class = &contribution->class;
    buffer_append_byte(to, class->is_known ? CONTRIBUTION_VERSION : WITHOUT_CLASS);
    buffer_append_byte(to, (uint8_t)contribution->change);
    value_put_signed(to, contribution->event_ms);
    buffer_append_byte(to, contribution->verdict);
    if (class->is_known)
        buffer_append_byte(to, (uint8_t)(class->condemned | class->judged << CLASS_JUDGED_SHIFT |
                                         (class->is_missing ? CLASS_MISSING : 0)));
    value_put_double(to, contribution->weight);
    value_put_double(to, contribution->duration_ms);
    value_put_signed(to, contribution->tokens);
    value_put_signed(to, contribution->cost_nano_usd);
    value_put_varint(to, contribution->group_count);
    for (uint32_t i = 0; i < contribution->group_count; i++) {
        value_put_varint(to, contribution->groups[i].grouping);
        buffer_append(to, contribution->groups[i].hash, COHORT_HASH_SIZE);
    }
    value_put_varint(to, contribution->rule_count);
    for (uint32_t i = 0; i < contribution->rule_count; i++) {
        value_put_varint(to, contribution->rules[i].rule);
        buffer_append_byte(to, contribution->rules[i].outcome);
    }
}

void cohort_contribution_decode(struct value_reader *reader,
                                struct cohort_contribution *ret_contribution)
{
    struct cohort_contribution *to = ret_contribution;
    uint8_t version = value_get_u8(reader);
    bool is_known = version == WITHOUT_CLASS || version == CONTRIBUTION_VERSION;
    uint8_t change = value_get_u8(reader);
    to->change = (enum cohort_change)change;
    to->event_ms = value_get_signed(reader);
    to->verdict = value_get_u8(reader);
    decode_class(reader, version, &to->class);
    to->weight = value_get_double(reader);
    to->duration_ms = value_get_double(reader);
    to->tokens = value_get_signed(reader);
    to->cost_nano_usd = value_get_signed(reader);
    to->group_count = (uint32_t)value_get_count(reader, COHORT_GROUPS_MAX);
    for (uint32_t i = 0; i < to->group_count; i++) {
        to->groups[i].grouping = (uint16_t)value_get_count(reader, UINT16_MAX);
        value_get_copy(reader, to->groups[i].hash, COHORT_HASH_SIZE);
    }
    to->rule_count = (uint32_t)value_get_count(reader, COHORT_RULES_MAX);
    for (uint32_t i = 0; i < to->rule_count; i++) {
        to->rules[i].rule = (uint16_t)value_get_count(reader, UINT16_MAX);
        to->rules[i].outcome = value_get_u8(reader);
        is_known = is_known && to->rules[i].outcome < COHORT_RULE_SUMS;
    }
    if (!is_known || change > COHORT_CHANGE_AGAIN || to->verdict >= COHORT_VERDICTS ||
        to->weight < 0)
        reader->failed = true;
    if (reader->failed)
        to->group_count = to->rule_count = 0;
}

/* --- sums --- */

void cohort_bucket_finish(struct cohort_bucket *bucket)
{
    sketch_finish(&bucket->duration_ms);
    free(bucket->rules);
    *bucket = (struct cohort_bucket){0};
}

static bool reserve_rules(struct cohort_bucket *bucket, size_t more)
{
    size_t needed = bucket->rule_count + more;
    if (needed > COHORT_BUCKET_RULES_MAX)
        needed = COHORT_BUCKET_RULES_MAX;
    if (needed <= bucket->rule_capacity)
        return true;
    size_t capacity = needed < 8 ? 8 : needed;
    struct cohort_rule_sums *rules = realloc(bucket->rules, capacity * sizeof *rules);
    if (!rules)
        return false;
    bucket->rules = rules;
    bucket->rule_capacity = (uint32_t)capacity;
    return true;
}

/* The sums of `rule`, put in at its place when new; NULL when there are too many rules. */
static struct cohort_rule_sums *rule_sums(struct cohort_bucket *bucket, uint16_t rule)
{
    uint32_t low = 0, high = bucket->rule_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (bucket->rules[middle].rule < rule)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < bucket->rule_count && bucket->rules[low].rule == rule)
        return &bucket->rules[low];
    if (bucket->rule_count == COHORT_BUCKET_RULES_MAX)
        return NULL;
    assert(bucket->rule_count < bucket->rule_capacity);
    struct cohort_rule_sums *sums = &bucket->rules[low];
    memmove(sums + 1, sums, (bucket->rule_count - low) * sizeof *sums);
    *sums = (struct cohort_rule_sums){.rule = rule};
    bucket->rule_count++;
    return sums;
}

bool cohort_bucket_add(struct cohort_bucket *bucket, const struct cohort_contribution *contribution)
{
    if (!sketch_reserve(&bucket->duration_ms, 1) ||
        !reserve_rules(bucket, contribution->rule_count))
        return false;
    int sign = contribution->change == COHORT_CHANGE_REMOVE ? -1 : 1;
    uint8_t verdict = contribution->verdict;
    bucket->verdicts[verdict] = value_sum(bucket->verdicts[verdict], sign);
    if (contribution->change == COHORT_CHANGE_FIRST)
        bucket->first[verdict] = value_sum(bucket->first[verdict], 1);
    const struct cohort_class *class = &contribution->class;
    cohort_classes_add(&bucket->classes, class, contribution->weight, sign);
    if (class->is_missing)
        cohort_classes_add(&bucket->missing, class, contribution->weight, sign);
    if (contribution->change == COHORT_CHANGE_FIRST && class->is_known && class->judged > 0)
        bucket->first_scored = value_sum(bucket->first_scored, 1);
    if (contribution->weight > bucket->largest_weight)
        bucket->largest_weight = contribution->weight;
    if (contribution->tokens >= 0) {
        bucket->tokens = value_sum(bucket->tokens, sign * contribution->tokens);
        bucket->with_tokens = value_sum(bucket->with_tokens, sign);
    }
    if (contribution->cost_nano_usd >= 0) {
        bucket->cost_nano_usd =
            value_sum(bucket->cost_nano_usd, sign * contribution->cost_nano_usd);
        bucket->with_cost = value_sum(bucket->with_cost, sign);
    }
    if (contribution->event_ms > bucket->last_event_ms)
        bucket->last_event_ms = contribution->event_ms;
    if (contribution->duration_ms >= 0)
        sketch_add(&bucket->duration_ms, contribution->duration_ms, sign);
    for (uint32_t i = 0; i < contribution->rule_count; i++) {
        struct cohort_rule_sums *sums = rule_sums(bucket, contribution->rules[i].rule);
        if (sums)
            sums->outcomes[contribution->rules[i].outcome] += sign;
    }
    return true;
}

bool cohort_bucket_merge(struct cohort_bucket *into, const struct cohort_bucket *from)
{
    if (!sketch_reserve(&into->duration_ms, from->duration_ms.bin_count) ||
        !reserve_rules(into, from->rule_count))
        return false;
    for (size_t i = 0; i < COHORT_VERDICTS; i++) {
        into->verdicts[i] = value_sum(into->verdicts[i], from->verdicts[i]);
        into->first[i] = value_sum(into->first[i], from->first[i]);
    }
    into->first_scored = value_sum(into->first_scored, from->first_scored);
    cohort_classes_merge(&into->classes, &from->classes);
    cohort_classes_merge(&into->missing, &from->missing);
    if (from->largest_weight > into->largest_weight)
        into->largest_weight = from->largest_weight;
    into->tokens = value_sum(into->tokens, from->tokens);
    into->cost_nano_usd = value_sum(into->cost_nano_usd, from->cost_nano_usd);
    into->with_tokens = value_sum(into->with_tokens, from->with_tokens);
    into->with_cost = value_sum(into->with_cost, from->with_cost);
    if (from->last_event_ms > into->last_event_ms)
        into->last_event_ms = from->last_event_ms;
    sketch_merge(&into->duration_ms, &from->duration_ms);
    for (uint32_t i = 0; i < from->rule_count; i++) {
        struct cohort_rule_sums *sums = rule_sums(into, from->rules[i].rule);
        for (size_t k = 0; sums && k < COHORT_RULE_SUMS; k++)
            sums->outcomes[k] = value_sum(sums->outcomes[k], from->rules[i].outcomes[k]);
    }
    return true;
}

void cohort_bucket_settle(struct cohort_bucket *bucket)
{
    cohort_classes_settle(&bucket->classes);
    cohort_classes_settle(&bucket->missing);
}

bool cohort_bucket_is_empty(const struct cohort_bucket *bucket)
{
    for (size_t i = 0; i < COHORT_VERDICTS; i++)
        if (bucket->verdicts[i] != 0 || bucket->first[i] != 0)
            return false;
    return true;
}

int64_t cohort_bucket_total(const struct cohort_bucket *bucket)
{
    int64_t total = 0;
    for (size_t i = 0; i < COHORT_VERDICTS; i++)
        total = value_sum(total, bucket->verdicts[i]);
    return total;
}

int64_t cohort_bucket_unclassed(const struct cohort_bucket *bucket)
{
    struct weighted_count all =
        cohort_classes_sum(&bucket->classes, 0, COHORT_CONDEMNED - 1, 0, COHORT_JUDGED - 1);
    return cohort_bucket_total(bucket) - all.n;
}

/* --- the stored form --- */

double cohort_bucket_peek_largest(struct bytes value)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    double largest = value_get_u8(&reader) == BUCKET_VERSION ? value_get_double(&reader) : 0;
    return reader.failed ? 0 : largest;
}

void cohort_bucket_encode(const struct cohort_bucket *bucket, struct buffer *to)
{
    buffer_append_byte(to, BUCKET_VERSION);
    value_put_double(to, bucket->largest_weight);
    for (size_t i = 0; i < COHORT_VERDICTS; i++)
        value_put_signed(to, bucket->verdicts[i]);
    for (size_t i = 0; i < COHORT_VERDICTS; i++)
        value_put_signed(to, bucket->first[i]);
    value_put_signed(to, bucket->first_scored);
    cohort_classes_encode(&bucket->classes, to);
    cohort_classes_encode(&bucket->missing, to);
    value_put_signed(to, bucket->tokens);
    value_put_signed(to, bucket->cost_nano_usd);
    value_put_signed(to, bucket->with_tokens);
    value_put_signed(to, bucket->with_cost);
    value_put_signed(to, bucket->last_event_ms);
    sketch_encode(&bucket->duration_ms, to);
    value_put_varint(to, bucket->rule_count);
    for (uint32_t i = 0; i < bucket->rule_count; i++) {
        value_put_varint(to, bucket->rules[i].rule);
        for (size_t k = 0; k < COHORT_RULE_SUMS; k++)
            value_put_signed(to, bucket->rules[i].outcomes[k]);
    }
}

static void decode_classes(struct value_reader *reader, uint8_t version,
                           struct cohort_bucket *bucket)
{
    if (version == WITHOUT_CLASS) {
        (void)value_get_raw(reader, 4 * sizeof(double));
        return;
    }
    bucket->first_scored = value_get_signed(reader);
    cohort_classes_decode(reader, &bucket->classes);
    cohort_classes_decode(reader, &bucket->missing);
}

enum status cohort_bucket_decode(struct bytes value, struct cohort_bucket *ret_bucket)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    uint8_t version = value_get_u8(&reader);
    if (version != BUCKET_VERSION && version != WITHOUT_CLASS)
        return STATUS_MALFORMED;
    if (version == BUCKET_VERSION)
        ret_bucket->largest_weight = value_get_double(&reader);
    for (size_t i = 0; i < COHORT_VERDICTS; i++)
        ret_bucket->verdicts[i] = value_get_signed(&reader);
    for (size_t i = 0; i < COHORT_VERDICTS; i++)
        ret_bucket->first[i] = value_get_signed(&reader);
    decode_classes(&reader, version, ret_bucket);
    ret_bucket->tokens = value_get_signed(&reader);
    ret_bucket->cost_nano_usd = value_get_signed(&reader);
    ret_bucket->with_tokens = value_get_signed(&reader);
    ret_bucket->with_cost = value_get_signed(&reader);
    ret_bucket->last_event_ms = value_get_signed(&reader);
    sketch_decode(&reader, &ret_bucket->duration_ms);
    uint32_t rule_count = (uint32_t)value_get_count(&reader, COHORT_BUCKET_RULES_MAX);
    if (!reserve_rules(ret_bucket, rule_count))
        return STATUS_MALFORMED;
    for (uint32_t i = 0; i < rule_count && !reader.failed; i++) {
        uint16_t rule = (uint16_t)value_get_count(&reader, UINT16_MAX);
        if (i > 0 && rule <= ret_bucket->rules[i - 1].rule)
            return STATUS_MALFORMED;
        ret_bucket->rules[i] = (struct cohort_rule_sums){.rule = rule};
        for (size_t k = 0; k < (version == WITHOUT_CLASS ? COHORT_OUTCOMES : COHORT_RULE_SUMS); k++)
            ret_bucket->rules[i].outcomes[k] = value_get_signed(&reader);
        ret_bucket->rule_count = i + 1;
    }
    return value_reader_finish(&reader);
}
