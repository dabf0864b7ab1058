/* Few traces, so they are searched one by one. */
#include "processor/otlp/refused_spans.h"

#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"

static bool is_id(struct bytes id, size_t size)
{
    static const uint8_t zeroes[TRACE_ID_SIZE];
    return id.size == size && memcmp(id.data, zeroes, size) != 0;
}

static void add(struct refused_spans *refused, const uint8_t trace_id[TRACE_ID_SIZE])
{
    for (uint32_t i = 0; i < refused->trace_count; i++)
        if (memcmp(refused->traces[i].trace_id, trace_id, TRACE_ID_SIZE) == 0) {
            refused->traces[i].count++;
            return;
        }
    if (refused->trace_count == REFUSED_TRACES_MAX)
        return;
    memcpy(refused->traces[refused->trace_count].trace_id, trace_id, TRACE_ID_SIZE);
    refused->traces[refused->trace_count++].count = 1;
}

void refused_spans_collect(struct bytes request, struct refused_spans *ret)
{
    struct wire groups = wire_of(request);
    struct bytes group, scope_group, span;
    ret->trace_count = 0;
    while (wire_next_bytes(&groups, REQUEST_GROUPS, &group)) {
        struct wire scope_groups = wire_of(group);
        while (wire_next_bytes(&scope_groups, GROUP_ITEMS, &scope_group)) {
            struct wire spans = wire_of(scope_group);
            while (wire_next_bytes(&spans, GROUP_ITEMS, &span)) {
                struct bytes trace_id = wire_find_bytes(span, SPAN_TRACE_ID);
                if (is_id(trace_id, TRACE_ID_SIZE) &&
                    !is_id(wire_find_bytes(span, SPAN_SPAN_ID), SPAN_ID_SIZE))
                    add(ret, trace_id.data);
            }
        }
    }
}

uint32_t refused_spans_take(struct refused_spans *refused, struct bytes trace_id)
{
    for (uint32_t i = 0; i < refused->trace_count; i++)
        if (memcmp(refused->traces[i].trace_id, trace_id.data, TRACE_ID_SIZE) == 0) {
            uint32_t count = refused->traces[i].count;
            refused->traces[i].count = 0;
            return count;
        }
    return 0;
}
