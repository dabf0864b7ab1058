/* The root speaks first. Then of scores the last by time, of attributes the first span's. */
#include "processor/normalize/facts/lookup.h"

static bool is_ignored(uint8_t c)
{
    return c == '_' || c == '-' || c == ' ';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool lookup_name_equal(struct bytes a, struct bytes b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.size && is_ignored(a.data[i]))
            i++;
        while (j < b.size && is_ignored(b.data[j]))
            j++;
        if (i == a.size || j == b.size)
            return i == a.size && j == b.size;
        if (lower(a.data[i++]) != lower(b.data[j++]))
            return false;
    }
}

const struct score *lookup_score(const struct agent_run *run, struct bytes name)
{
    const struct score *found = NULL;
    bool found_on_root = false;
    for (uint32_t i = 0; i < run->score_count; i++) {
        const struct score *score = &run->scores[i];
        if (score->is_error || !lookup_name_equal(score->name, name))
            continue;
        bool is_on_root = score->span != NO_SPAN && score->span == run->trajectory->root;
        bool is_later = !found || score->time_ns >= found->time_ns;
        if (is_on_root > found_on_root || (is_on_root == found_on_root && is_later)) {
            found = score;
            found_on_root = is_on_root;
        }
    }
    return found;
}

struct value lookup_attribute(const struct agent_run *run, struct bytes key)
{
    const struct trajectory *trajectory = run->trajectory;
    struct value value = {0};
    if (trajectory->top != NO_SPAN)
        value = attributes_find(trajectory->spans[trajectory->top].wire, OF_SPAN, key);
    for (uint32_t i = 0; value.type == VALUE_NONE && i < trajectory->span_count; i++)
        if (i != trajectory->top)
            value = attributes_find(trajectory->spans[i].wire, OF_SPAN, key);
    for (uint32_t i = 0; value.type == VALUE_NONE && i < trajectory->resource_count; i++)
        value = attributes_find(trajectory->resources[i], OF_RESOURCE, key);
    return value;
}
