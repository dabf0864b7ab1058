/* Groups are written with their sizes worked out beforehand, so that every span is copied once. The
 * items are sorted by resource and scope: each resource stands there once, however the spans of
 * several processes interleave in time. */
#include "pipelines/decide/trajectory_codec.h"

#include <stdlib.h>

#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"
#include "processor/otlp/wire_walk.h"

enum {
    SCRATCH_BYTES_MAX = 1 << 30
}; /* pointers to the spans and logs: far above 1,000,000 of each */

struct item {
    uint32_t resource, scope, index;
    struct bytes wire;
};

struct items {
    struct item *items;
    uint32_t count;
    const struct bytes *resources, *scopes;
};

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->resource != y->resource)
        return x->resource < y->resource ? -1 : 1;
    if (x->scope != y->scope)
        return x->scope < y->scope ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

/* Of a field with a one-byte tag. */
static size_t field_size(size_t size)
{
    return 1 + varint_size(size) + size;
}

static size_t head_size(struct bytes head)
{
    return head.size > 0 ? field_size(head.size) : 0;
}

static void put_head(struct buffer *to, struct bytes head)
{
    if (head.size > 0)
        wire_put_bytes(to, GROUP_HEAD, head);
}

static void put_size(struct buffer *to, uint32_t field, size_t size)
{
    wire_put_tag(to, field, WIRE_BYTES);
    wire_put_varint(to, size);
}

/* Size of the scope group that begins at `first`, and where it ends. */
static size_t scope_group_size(const struct items *all, uint32_t first, uint32_t *ret_end)
{
    const struct item *items = all->items;
    size_t size = head_size(all->scopes[items[first].scope]);
    uint32_t i = first;
    for (; i < all->count && items[i].resource == items[first].resource &&
           items[i].scope == items[first].scope;
         i++)
        size += field_size(items[i].wire.size);
    *ret_end = i;
    return size;
}

static size_t resource_group_size(const struct items *all, uint32_t first, uint32_t *ret_end)
{
    size_t size = head_size(all->resources[all->items[first].resource]);
    uint32_t i = first;
    while (i < all->count && all->items[i].resource == all->items[first].resource)
        size += field_size(scope_group_size(all, i, &i));
    *ret_end = i;
    return size;
}

static size_t request_size(const struct items *all)
{
    size_t size = 0;
    for (uint32_t i = 0; i < all->count;)
        size += field_size(resource_group_size(all, i, &i));
    return size;
}

static void put_request(const struct items *all, struct buffer *to)
{
    for (uint32_t i = 0; i < all->count;) {
        uint32_t resource_end, scope_end;
        put_size(to, REQUEST_GROUPS, resource_group_size(all, i, &resource_end));
        put_head(to, all->resources[all->items[i].resource]);
        while (i < resource_end) {
            put_size(to, GROUP_ITEMS, scope_group_size(all, i, &scope_end));
            put_head(to, all->scopes[all->items[i].scope]);
            for (; i < scope_end; i++)
                wire_put_bytes(to, GROUP_ITEMS, all->items[i].wire);
        }
    }
}

bool trajectory_encode_view(const struct trajectory *trajectory, struct arena *scratch,
                            struct buffer *to)
{
    struct items spans = {.count = trajectory->span_count,
                          .resources = trajectory->resources,
                          .scopes = trajectory->scopes};
    struct items logs = spans;
    logs.count = trajectory->log_count;
    spans.items = arena_alloc(scratch, (spans.count + 1) * sizeof(*spans.items));
    logs.items = arena_alloc(scratch, (logs.count + 1) * sizeof(*logs.items));
    if (!spans.items || !logs.items) {
        to->failed = true;
        return false;
    }
    for (uint32_t i = 0; i < spans.count; i++) {
        const struct span *span = &trajectory->spans[i];
        spans.items[i] = (struct item){span->resource, span->scope, i, span->wire};
    }
    for (uint32_t i = 0; i < logs.count; i++) {
        const struct log_record *log = &trajectory->logs[i];
        logs.items[i] = (struct item){log->resource, log->scope, i, log->wire};
    }
    qsort(spans.items, spans.count, sizeof(*spans.items), compare_items);
    qsort(logs.items, logs.count, sizeof(*logs.items), compare_items);
    size_t size = request_size(&spans);
    buffer_reserve(to, varint_size(size) + size + request_size(&logs));
    wire_put_varint(to, size);
    put_request(&spans, to);
    put_request(&logs, to);
    return !to->failed;
}

bool trajectory_encode(const struct open_trajectory *open, struct buffer *to)
{
    struct arena scratch;
    struct trajectory view;
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    bool is_encoded = open_trajectory_view(open, CLOSE_IDLE, &scratch, &view) &&
                      trajectory_encode_view(&view, &scratch, to);
    arena_finish(&scratch);
    to->failed |= !is_encoded;
    return is_encoded;
}

enum status trajectory_decode(struct bytes encoded, const struct wire_gate_limits *limits,
                              struct arena *arena, struct gated_request *ret_spans,
                              struct gated_request *ret_logs)
{
    struct wire_gate_limits own = *limits;
    own.spans_max = own.attributes_max = own.attribute_bytes_max = UINT32_MAX;
    own.span_bytes_max = own.submessages_max = UINT32_MAX;
    own.depth_max = WALK_DEPTH_MAX; /* It has passed a gate, perhaps under other limits. */
    if (encoded.size == 0)
        return STATUS_MALFORMED;
    const uint8_t *end = encoded.data + encoded.size;
    struct wire_varint size = wire_varint_read(encoded.data, end);
    if (!size.at || size.value > (uint64_t)(end - size.at))
        return STATUS_MALFORMED;
    struct bytes traces = bytes_of(size.at, (size_t)size.value);
    struct bytes records =
        bytes_of(traces.data + traces.size, (size_t)(end - size.at) - traces.size);
    struct gated_request spans, logs;
    enum status status = wire_gate(traces, WIRE_GATE_TRACES, &own, arena, &spans);
    if (status == STATUS_OK)
        status = wire_gate(records, WIRE_GATE_LOGS, &own, arena, &logs);
    if (status != STATUS_OK)
        return status;
    if (spans.rejected_count > 0 || logs.rejected_count > 0)
        return STATUS_MALFORMED;
    for (uint32_t i = 0; i < spans.span_count; i++)
        spans.spans[i].next = i + 1 < spans.span_count ? i + 1 : UINT32_MAX;
    for (uint32_t i = 0; i < logs.log_count; i++)
        logs.logs[i].next = i + 1 < logs.log_count ? i + 1 : UINT32_MAX;
    *ret_spans = spans;
    *ret_logs = logs;
    return STATUS_OK;
}
