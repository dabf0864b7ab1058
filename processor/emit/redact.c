/* The policy over one text: built-in masks, then the pipeline's own regexes, both over the
 * original, their ranges merged, so that a regex never sees half a mask. Each range becomes an
 * edit:
 *
 *   original   "ask jo@example.com now"      edit {4, 18 -> 4, 11}
 *   redacted   "ask [EMAIL] now"
 *
 * Whatever goes wrong (no memory, a text past 4 GiB, a regex that met its limit), the text does not
 * leave. */
#include "processor/emit/redact.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/masks/escapes.h"
#include "processor/base/masks/masks.h"

const char *const redaction_content_names[4] = {
    [REDACT_NONE] = "none",
    [REDACT_METADATA] = "metadata",
    [REDACT_REDACTED] = "redacted",
    [REDACT_FULL] = "full",
};

const char *const mask_kind_names[MASK_KINDS] = {
    [MASK_EMAIL] = "email",   [MASK_CARD] = "card",     [MASK_PHONE] = "phone",
    [MASK_SECRET] = "secret", [MASK_CUSTOM] = "custom",
};

const char *const mask_marks[MASK_KINDS] = {
    [MASK_EMAIL] = "[EMAIL]",   [MASK_CARD] = "[CARD]",     [MASK_PHONE] = "[PHONE]",
    [MASK_SECRET] = "[SECRET]", [MASK_CUSTOM] = "[MASKED]",
};

static int by_start(const void *a, const void *b)
{
    const struct mask_range *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

/* Merges `more`, which is sorted, into the ranges. */
static void merge(struct mask_ranges *ranges, const struct mask_ranges *more)
{
    ranges->failed = ranges->failed || more->failed;
    if (more->count == 0 || ranges->failed)
        return;
    uint32_t count = ranges->count + more->count;
    struct mask_range *items = arena_alloc(ranges->arena, count * sizeof *items);
    if (!items) {
        ranges->failed = true;
        return;
    }
    if (ranges->count)
        memcpy(items, ranges->items, ranges->count * sizeof *items);
    memcpy(items + ranges->count, more->items, more->count * sizeof *items);
    qsort(items, count, sizeof *items, by_start);
    struct mask_ranges all = {.arena = ranges->arena};
    for (uint32_t i = 0; i < count; i++)
        mask_ranges_add(&all, items[i].start, items[i].end, items[i].kind);
    *ranges = all;
}

/* False when the search gave up: what it would have found is not known. */
static bool find_all(const struct regex *regex, struct regex_scratch *scratch, struct bytes text,
                     struct mask_ranges *found)
{
    enum regex_result result = REGEX_FOUND;
    size_t at = 0, start, end;
    while (at < text.size && !found->failed) {
        result = regex_search(regex, scratch, text, at, &start, &end);
        if (result != REGEX_FOUND)
            break;
        if (end > start)
            mask_ranges_add(found, start, end, MASK_CUSTOM);
        at = end > at ? end : at + 1;
    }
    return result != REGEX_GAVE_UP;
}

/* The pipeline's own regexes, over the text as it stands and as its escapes read. */
static bool add_custom(const struct redaction_policy *policy, struct regex_scratch *scratch,
                       struct bytes text, struct mask_ranges *ranges)
{
    struct buffer plain = {0};
    bool is_known = true, has_escapes = escapes_stand_in(text);
    if (has_escapes)
        escapes_read(text, &plain);
    ranges->failed = ranges->failed || plain.failed;
    for (uint32_t i = 0; i < policy->custom_count && is_known && !ranges->failed; i++) {
        /* One list for each regex: its own matches come in order, as mask_ranges_add wants. */
        struct mask_ranges raw = {.arena = ranges->arena}, read = raw, mapped = raw;
        is_known = find_all(policy->custom[i], scratch, text, &raw);
        merge(ranges, &raw);
        if (!has_escapes || !is_known)
            continue;
        is_known = find_all(policy->custom[i], scratch, buffer_bytes(&plain), &read);
        escapes_map(text, &read, &mapped);
        merge(ranges, &mapped);
    }
    buffer_finish(&plain);
    return is_known;
}

static struct redacted_text apply(struct bytes text, const struct mask_ranges *ranges,
                                  struct arena *arena, struct redaction_counts *counts)
{
    size_t size = text.size;
    for (uint32_t i = 0; i < ranges->count; i++)
        size += strlen(mask_marks[ranges->items[i].kind]) - ranges->items[i].end +
                ranges->items[i].start;
    struct redaction_edit *edits = arena_alloc(arena, ranges->count * sizeof *edits);
    uint8_t *to = arena_alloc(arena, size);
    if (!edits || !to || size > UINT32_MAX)
        return (struct redacted_text){0};
    uint32_t from = 0, at = 0;
    for (uint32_t i = 0; i < ranges->count; i++) {
        const struct mask_range *range = &ranges->items[i];
        uint32_t replaced = (uint32_t)strlen(mask_marks[range->kind]);
        memcpy(to + at, text.data + from, range->start - from);
        at += range->start - from;
        memcpy(to + at, mask_marks[range->kind], replaced);
        edits[i] = (struct redaction_edit){range->start, range->end, at, at + replaced};
        at += replaced;
        from = range->end;
        counts->masked[range->kind]++;
    }
    memcpy(to + at, text.data + from, text.size - from);
    assert(at + (text.size - from) == size);
    return (struct redacted_text){bytes_of(to, size), edits, ranges->count};
}

static struct redacted_text mask(const struct redaction_policy *policy,
                                 struct regex_scratch *scratch, struct bytes text,
                                 struct arena *arena, struct redaction_counts *counts)
{
    struct mask_range few[16];
    struct mask_ranges ranges = {
        .items = few, .capacity = sizeof few / sizeof *few, .arena = arena};
    struct redacted_text result = {.text = text};
    if (text.size == 0 || policy->content == REDACT_FULL)
        return result;
    ranges.failed = text.size > UINT32_MAX / 2;
    if (!ranges.failed) {
        masks_scan(text, policy->builtin, &ranges);
        if (policy->custom_count && !add_custom(policy, scratch, text, &ranges)) {
            counts->given_up++;
            ranges.failed = true;
        }
    }
    if (!ranges.failed && ranges.count == 0)
        return result;
    result = ranges.failed ? (struct redacted_text){0} : apply(text, &ranges, arena, counts);
    counts->dropped_fields += !result.text.data;
    return result;
}

struct redacted_text redact_text(const struct redaction_policy *policy,
                                 struct regex_scratch *scratch, struct bytes text,
                                 struct arena *arena, struct redaction_counts *counts)
{
    if (!text.data)
        return (struct redacted_text){0};
    if (policy->content == REDACT_NONE || policy->content == REDACT_METADATA) {
        counts->dropped_fields++;
        return (struct redacted_text){0};
    }
    return mask(policy, scratch, text, arena, counts);
}

struct bytes redact_name(const struct redaction_policy *policy, struct regex_scratch *scratch,
                         struct bytes name, struct arena *arena, struct redaction_counts *counts)
{
    return name.data ? mask(policy, scratch, name, arena, counts).text : name;
}

uint32_t redact_offset(const struct redacted_text *text, uint32_t offset, bool is_end)
{
    /* The last edit that starts before the offset; an offset at an edit's start is not inside. */
    uint32_t low = 0, high = text->edit_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (text->edits[middle].start < offset)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t size = (uint32_t)text->text.size;
    uint32_t moved = offset;
    if (low > 0) {
        const struct redaction_edit *edit = &text->edits[low - 1];
        if (offset < edit->end)
            moved = is_end ? edit->new_end : edit->new_start;
        else
            moved = offset - edit->end + edit->new_end;
    }
    return moved < size ? moved : size;
}

static bool key_matches(const struct bytes *list, uint32_t count, struct bytes key)
{
    for (uint32_t i = 0; i < count; i++) {
        struct bytes entry = list[i];
        bool is_prefix = entry.size > 0 && entry.data[entry.size - 1] == '*';
        if (is_prefix ? bytes_starts_with(key, bytes_of(entry.data, entry.size - 1))
                      : bytes_equal(key, entry))
            return true;
    }
    return false;
}

bool redact_allows_key(const struct redaction_policy *policy, struct bytes key)
{
    return policy->content == REDACT_FULL || key_matches(policy->allow, policy->allow_count, key) ||
           key_matches(policy->hash, policy->hash_count, key);
}

struct bytes redact_identifier(const struct redaction_policy *policy, struct bytes key,
                               struct bytes value, struct arena *arena,
                               struct redaction_counts *counts)
{
    if (!value.data || !key_matches(policy->hash, policy->hash_count, key))
        return value;
    enum { KEPT = 16 };
    uint8_t digest[SHA256_SIZE];
    char hex[2 * KEPT];
    digest_hmac_sha256(digest, policy->hash_key, value);
    hex_encode(hex, digest, KEPT);
    counts->hashed_fields++;
    struct bytes copy = arena_copy(arena, bytes_of(hex, sizeof hex));
    counts->dropped_fields += !copy.data;
    return copy;
}
