/* Everything is an index into the gated request: an item is a span or log record, a chain is the
 * items of one trace. A message is a stretch of a chain, [first, end). Within it the items of a
 * Resource stand together, and within those the items of a scope, because the gate numbers both in
 * the order of the request; so a group is a run of equal indexes, and its size is known before it
 * is written. */
#include "processor/emit/otlp/split.h"

#include <assert.h>

#include "processor/base/digest.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"

enum { GROUP_FRAME_MAX = 6 /* tag and length of a group */ };
static const uint32_t NONE = UINT32_MAX;

struct item {
    struct bytes wire;
    uint32_t resource, scope, next;
};

static uint32_t item_count(const struct span_split *split)
{
    return split->signal == WIRE_GATE_TRACES ? split->gated->span_count : split->gated->log_count;
}

static struct item item_at(const struct span_split *split, uint32_t at)
{
    if (split->signal == WIRE_GATE_TRACES) {
        const struct gated_span *span = &split->gated->spans[at];
        return (struct item){span->span.wire, span->span.resource, span->span.scope, span->next};
    }
    const struct gated_log *log = &split->gated->logs[at];
    return (struct item){log->log.wire, log->log.resource, log->log.scope, log->next};
}

/* Zeroes stand for none: the gate lets no such id of a span pass. */
static const uint8_t *trace_id_at(const struct span_split *split, uint32_t at)
{
    return split->signal == WIRE_GATE_TRACES ? split->gated->spans[at].trace_id
                                             : split->gated->logs[at].trace_id;
}

static void set_next(struct span_split *split, uint32_t at, uint32_t next)
{
    if (split->signal == WIRE_GATE_TRACES)
        split->gated->spans[at].next = next;
    else
        split->gated->logs[at].next = next;
}

/* ---- Schema URLs ---- */

/* An item without bytes may lie at the very end of its group; the next group begins later. */
static bool holds(struct bytes group, struct bytes item)
{
    return item.data >= group.data && item.data <= group.data + group.size;
}

/* The gate keeps no URLs, since nothing else reads them. Groups without an accepted item have no
 * index and are passed over. */
static void read_urls(struct span_split *split)
{
    uint32_t at = 0, count = item_count(split);
    struct wire groups = wire_of(split->body);
    struct wire_field group, part;
    while (at < count && wire_next(&groups, &group)) {
        if (group.number != REQUEST_GROUPS || !holds(group.bytes, item_at(split, at).wire))
            continue;
        split->resource_urls[item_at(split, at).resource] =
            wire_find_bytes(group.bytes, GROUP_SCHEMA_URL);
        struct wire parts = wire_of(group.bytes);
        while (at < count && wire_next(&parts, &part)) {
            if (part.number != GROUP_ITEMS || !holds(part.bytes, item_at(split, at).wire))
                continue;
            uint32_t scope = item_at(split, at).scope;
            split->scope_urls[scope] = wire_find_bytes(part.bytes, GROUP_SCHEMA_URL);
            while (at < count && item_at(split, at).scope == scope)
                at++;
        }
    }
    assert(at == count);
}

/* ---- Chains ---- */

/* The chain of a trace id in an open table of chain numbers; a new one when it is not there. */
static uint32_t chain_of(struct span_split *split, uint32_t *slots, uint32_t mask, uint32_t at)
{
    const uint8_t *id = trace_id_at(split, at);
    uint32_t slot = (uint32_t)digest_table_hash(bytes_of(id, TRACE_ID_SIZE)) & mask;
    for (; slots[slot] != NONE; slot = (slot + 1) & mask) {
        const struct span_chain *chain = &split->chains[slots[slot]];
        if (memcmp(trace_id_at(split, chain->first), id, TRACE_ID_SIZE) == 0)
            return slots[slot];
    }
    slots[slot] = split->chain_count;
    split->chains[split->chain_count] = (struct span_chain){at, NONE};
    return split->chain_count++;
}

static bool make_chains(struct span_split *split, struct arena *arena)
{
    uint32_t count = item_count(split), size = 4, chain = NONE;
    while (size < 2 * count)
        size *= 2;
    uint32_t *slots = arena_alloc(arena, size * sizeof *slots);
    split->chains = arena_alloc(arena, count * sizeof *split->chains);
    if (!slots || !split->chains)
        return false;
    memset(slots, 0xff, size * sizeof *slots);
    for (uint32_t i = 0; i < count; i++) {
        bool is_as_before =
            i > 0 && memcmp(trace_id_at(split, i), trace_id_at(split, i - 1), TRACE_ID_SIZE) == 0;
        if (!is_as_before)
            chain = chain_of(split, slots, size - 1, i);
        set_next(split, i, NONE);
        if (split->chains[chain].last != NONE)
            set_next(split, split->chains[chain].last, i);
        split->chains[chain].last = i;
    }
    return true;
}

enum status span_split_begin(struct span_split *split, struct bytes body,
                             struct gated_request *gated, enum wire_gate_signal signal,
                             size_t payload_max, struct arena *arena)
{
    *split = (struct span_split){
        .signal = signal, .body = body, .gated = gated, .payload_max = payload_max, .item = NONE};
    if (item_count(split) == 0)
        return STATUS_OK;
    split->resource_urls = arena_zalloc(arena, gated->resource_count, sizeof *split->resource_urls);
    split->scope_urls = arena_zalloc(arena, gated->scope_count, sizeof *split->scope_urls);
    if (!split->resource_urls || !split->scope_urls || !make_chains(split, arena))
        return STATUS_BUSY;
    read_urls(split);
    split->item = split->chains[0].first;
    return STATUS_OK;
}

/* ---- Sizes ---- */

/* Of a field whose number is below 16. */
static size_t field_size(size_t size)
{
    size_t length = 1;
    for (size_t rest = size; rest >= 0x80; rest >>= 7)
        length++;
    return 1 + length + size;
}

/* Of a field that is left out when it is empty. */
static size_t optional_size(struct bytes value)
{
    return value.size > 0 ? field_size(value.size) : 0;
}

/* The items of [at, end) that share its scope (or its Resource); `*ret_after` is behind them. */
static size_t scope_size(const struct span_split *split, uint32_t at, uint32_t end,
                         uint32_t *ret_after)
{
    struct item item = item_at(split, at);
    uint32_t scope = item.scope;
    size_t size =
        optional_size(split->gated->scopes[scope]) + optional_size(split->scope_urls[scope]);
    while (at != end && (item = item_at(split, at)).scope == scope) {
        size += field_size(item.wire.size);
        at = item.next;
    }
    *ret_after = at;
    return size;
}

static size_t resource_size(const struct span_split *split, uint32_t at, uint32_t end,
                            uint32_t *ret_after)
{
    uint32_t resource = item_at(split, at).resource;
    size_t size = optional_size(split->gated->resources[resource]) +
                  optional_size(split->resource_urls[resource]);
    while (at != end && item_at(split, at).resource == resource)
        size += field_size(scope_size(split, at, end, &at));
    *ret_after = at;
    return size;
}

/* ---- Messages ---- */

/* What an item adds at most to a message whose last item is `before` (NONE: the first one). */
static size_t cost_of(const struct span_split *split, uint32_t before, const struct item *item)
{
    size_t cost = field_size(item->wire.size);
    bool is_first = before == NONE;
    if (is_first || item_at(split, before).scope != item->scope)
        cost += GROUP_FRAME_MAX + optional_size(split->gated->scopes[item->scope]) +
                optional_size(split->scope_urls[item->scope]);
    if (is_first || item_at(split, before).resource != item->resource)
        cost += GROUP_FRAME_MAX + optional_size(split->gated->resources[item->resource]) +
                optional_size(split->resource_urls[item->resource]);
    return cost;
}

static void measure(const struct span_split *split, struct span_message *message)
{
    message->size = 0;
    for (uint32_t at = message->first; at != message->end;)
        message->size += field_size(resource_size(split, at, message->end, &at));
}

/* Takes items from `*at` on and before `end`: as many as fit, and the first in any case. */
static void take_items(const struct span_split *split, uint32_t *at, uint32_t end,
                       struct span_message *message)
{
    size_t size = 0;
    uint32_t before = NONE;
    message->first = *at;
    while (*at != end) {
        struct item item = item_at(split, *at);
        size += cost_of(split, before, &item);
        if (message->items > 0 && (message->is_too_large || size > split->payload_max))
            break;
        message->items++;
        message->is_too_large = size > split->payload_max;
        before = *at;
        *at = item.next;
    }
    message->end = *at;
    measure(split, message);
}

static bool is_whole(const struct span_split *split)
{
    return split->chain_count == 1 && split->gated->rejected_count == 0 &&
           split->item == split->chains[0].first && split->body.size <= split->payload_max;
}

bool span_split_next(struct span_split *split, struct span_message *ret_message)
{
    struct span_message message = {0};
    if (split->item == NONE && ++split->chain < split->chain_count)
        split->item = split->chains[split->chain].first;
    if (split->chain >= split->chain_count)
        return false;
    if (is_whole(split)) {
        message.whole = split->body;
        message.first = split->item;
        message.end = split->item = NONE;
        message.items = item_count(split);
        message.size = split->body.size;
    } else {
        take_items(split, &split->item, NONE, &message);
    }
    static const uint8_t none[TRACE_ID_SIZE];
    memcpy(message.trace_id, trace_id_at(split, message.first), TRACE_ID_SIZE);
    message.has_key = memcmp(message.trace_id, none, TRACE_ID_SIZE) != 0;
    *ret_message = message;
    return true;
}

bool span_split_again(struct span_split *split, const struct span_message *message, uint32_t *at,
                      struct span_message *ret_part)
{
    if (*at == message->end)
        return false;
    struct span_message part = {.has_key = message->has_key};
    memcpy(part.trace_id, message->trace_id, TRACE_ID_SIZE);
    take_items(split, at, message->end, &part);
    *ret_part = part;
    return true;
}

/* ---- Writing ---- */

static void put_head(struct buffer *to, uint32_t field, size_t size)
{
    wire_put_tag(to, field, WIRE_BYTES);
    wire_put_varint(to, size);
}

static void put_optional(struct buffer *to, uint32_t field, struct bytes value)
{
    if (value.size > 0)
        wire_put_bytes(to, field, value);
}

static uint32_t write_scope(const struct span_split *split, uint32_t at, uint32_t end,
                            struct buffer *to)
{
    uint32_t after, scope = item_at(split, at).scope;
    put_head(to, GROUP_ITEMS, scope_size(split, at, end, &after));
    put_optional(to, GROUP_HEAD, split->gated->scopes[scope]);
    while (at != after) {
        struct item item = item_at(split, at);
        wire_put_bytes(to, GROUP_ITEMS, item.wire);
        at = item.next;
    }
    put_optional(to, GROUP_SCHEMA_URL, split->scope_urls[scope]);
    return after;
}

void span_split_write(const struct span_split *split, const struct span_message *message,
                      struct buffer *to)
{
    if (message->whole.data) {
        buffer_append_bytes(to, message->whole);
        return;
    }
    size_t before = to->size;
    (void)buffer_reserve(to, message->size);
    for (uint32_t at = message->first; at != message->end;) {
        uint32_t after, resource = item_at(split, at).resource;
        put_head(to, REQUEST_GROUPS, resource_size(split, at, message->end, &after));
        put_optional(to, GROUP_HEAD, split->gated->resources[resource]);
        while (at != after)
            at = write_scope(split, at, after, to);
        put_optional(to, GROUP_SCHEMA_URL, split->resource_urls[resource]);
    }
    assert(to->failed || to->size - before == message->size);
}
