/* Any failure here is a broken test setup, so everything aborts. */
#include "tests/support/runs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/otlp/fields.h"
#include "processor/otlp/otlp_json.h"
#include "processor/otlp/wire_gate.h"

/* One trace while its spans are collected. */
struct group {
    uint8_t id[TRACE_ID_SIZE];
    uint32_t span_count, log_count;
    struct span *spans;
    struct log_record *logs;
    uint64_t first_start;
};

static struct group *find_group(struct group *groups, uint32_t *count, const uint8_t *id)
{
    for (uint32_t i = 0; i < *count; i++)
        if (memcmp(groups[i].id, id, TRACE_ID_SIZE) == 0)
            return &groups[i];
    memcpy(groups[*count].id, id, TRACE_ID_SIZE);
    groups[*count].first_start = UINT64_MAX;
    return &groups[(*count)++];
}

static void keep_span(struct group *group, const struct span *span, uint32_t capacity,
                      struct arena *arena)
{
    if (!group->spans)
        group->spans = arena_zalloc(arena, capacity, sizeof *group->spans);
    assert(group->spans);
    for (uint32_t i = 0; i < group->span_count; i++) {
        if (memcmp(group->spans[i].id, span->id, SPAN_ID_SIZE) != 0)
            continue;
        if (span_supersedes(span, &group->spans[i]))
            group->spans[i] = *span;
        return;
    }
    group->spans[group->span_count++] = *span;
}

static int compare_groups(const void *a_, const void *b_)
{
    const struct group *a = a_, *b = b_;
    if (a->first_start != b->first_start)
        return a->first_start < b->first_start ? -1 : 1;
    return memcmp(a->id, b->id, TRACE_ID_SIZE);
}

static int compare_logs(const void *a_, const void *b_)
{
    const struct log_record *a = a_, *b = b_;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    int by_span = memcmp(a->span_id, b->span_id, SPAN_ID_SIZE);
    return by_span ? by_span : bytes_compare(a->wire, b->wire);
}

uint32_t trajectories_of(const struct gated_request *requests, size_t request_count,
                         struct arena *arena, struct trajectory **ret_items)
{
    uint32_t spans = 1, logs = 1, resources = 1, scopes = 1, group_count = 0;
    for (size_t i = 0; i < request_count; i++) {
        spans += requests[i].span_count;
        logs += requests[i].log_count;
        resources += requests[i].resource_count;
        scopes += requests[i].scope_count;
    }
    struct group *groups = arena_zalloc(arena, spans + logs, sizeof *groups);
    struct bytes *all_resources = arena_zalloc(arena, resources, sizeof *all_resources);
    struct bytes *all_scopes = arena_zalloc(arena, scopes, sizeof *all_scopes);
    if (!groups || !all_resources || !all_scopes)
        return 0;
    uint32_t resource_base = 0, scope_base = 0;
    for (size_t i = 0; i < request_count; i++) {
        const struct gated_request *request = &requests[i];
        for (uint32_t j = 0; j < request->span_count; j++) {
            struct span span = request->spans[j].span;
            span.resource += resource_base;
            span.scope += scope_base;
            struct group *group = find_group(groups, &group_count, request->spans[j].trace_id);
            keep_span(group, &span, spans, arena);
            group->first_start =
                span.start_ns < group->first_start ? span.start_ns : group->first_start;
        }
        for (uint32_t j = 0; j < request->log_count; j++) {
            if (!request->logs[j].has_ids || !request->logs[j].is_known)
                continue;
            struct group *group = find_group(groups, &group_count, request->logs[j].trace_id);
            if (!group->logs)
                group->logs = arena_zalloc(arena, logs, sizeof *group->logs);
            assert(group->logs);
            struct log_record log = request->logs[j].log;
            log.resource += resource_base;
            log.scope += scope_base;
            group->logs[group->log_count++] = log;
        }
        if (request->resource_count)
            memcpy(all_resources + resource_base, request->resources,
                   request->resource_count * sizeof *all_resources);
        if (request->scope_count)
            memcpy(all_scopes + scope_base, request->scopes,
                   request->scope_count * sizeof *all_scopes);
        resource_base += request->resource_count;
        scope_base += request->scope_count;
    }
    qsort(groups, group_count, sizeof *groups, compare_groups);
    struct trajectory *items = arena_zalloc(arena, group_count + 1, sizeof *items);
    uint32_t count = 0;
    for (uint32_t i = 0; items && i < group_count; i++) {
        if (groups[i].span_count == 0)
            continue;
        struct trajectory *item = &items[count];
        memcpy(item->id, groups[i].id, TRACE_ID_SIZE);
        item->spans = groups[i].spans;
        item->span_count = groups[i].span_count;
        item->logs = groups[i].logs;
        item->log_count = groups[i].log_count;
        item->resources = all_resources;
        item->resource_count = resource_base;
        item->scopes = all_scopes;
        item->scope_count = scope_base;
        if (item->log_count > 0)
            qsort(item->logs, item->log_count, sizeof *item->logs, compare_logs);
        count += trajectory_order(item, arena);
    }
    *ret_items = items;
    return count;
}

struct recorded_runs recorded_runs_load(const char *library, const char *scenario)
{
    char pattern[512];
    struct recorded_runs runs = {0};
    snprintf(pattern, sizeof pattern, "corpus/%s/%s-[0-9][0-9].otlp*", library, scenario);
    runs.corpus = corpus_load(pattern);
    arena_init(&runs.arena, 256 << 20);
    runs.bodies = calloc(runs.corpus.count, sizeof *runs.bodies);
    struct gated_request *requests = calloc(runs.corpus.count, sizeof *requests);
    assert(runs.bodies && requests);
    size_t request_count = 0;
    for (size_t i = 0; i < runs.corpus.count; i++) {
        const struct corpus_file *file = &runs.corpus.files[i];
        if (strstr(file->path, "-metrics.pb"))
            continue;
        bool is_logs = strstr(file->path, "-logs.pb") != NULL;
        struct bytes body = file->body;
        if (strstr(file->path, ".json-body")) {
            enum status status =
                otlp_json_to_wire(body, WIRE_GATE_TRACES, &runs.arena, &runs.bodies[i],
                                  &(struct refused_parts){0});
            assert(status == STATUS_OK);
            body = buffer_bytes(&runs.bodies[i]);
        }
        enum status status =
            wire_gate(body, is_logs ? WIRE_GATE_LOGS : WIRE_GATE_TRACES, &wire_gate_limits_default,
                      &runs.arena, &requests[request_count]);
        assert(status == STATUS_OK);
        request_count++;
    }
    runs.body_count = runs.corpus.count;
    runs.count = trajectories_of(requests, request_count, &runs.arena, &runs.items);
    free(requests);
    return runs;
}

void recorded_runs_free(struct recorded_runs *runs)
{
    for (size_t i = 0; i < runs->body_count; i++)
        buffer_finish(&runs->bodies[i]);
    free(runs->bodies);
    arena_finish(&runs->arena);
    corpus_free(&runs->corpus);
}
