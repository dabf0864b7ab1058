/* Pieces: one allocation for the spans of a trace that stand together in a request.
 *   [struct piece][struct span][wire bytes, padded to 8][struct span][wire bytes, padded to 8]...
 * A span that was superseded stays in its piece without wire data; it no longer counts. */
#include "processor/assemble/open_trajectory.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/digest.h"

enum { LINEAR_IDS_MAX = 16, LINEAR_BLOBS_MAX = 16 };

struct piece {
    struct piece *next;
    uint32_t used, capacity; /* bytes behind this header */
    uint8_t data[] __attribute__((aligned(8)));
};

/* One distinct resource, scope or log. */
struct blob {
    struct blob *next;
    struct blob *next_in_bucket;
    uint64_t hash;  /* of the table, once there is one */
    uint32_t index; /* of resources and scopes: what spans name */
    uint32_t size;
    struct log_record log; /* of logs only */
    uint8_t data[];
};

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

struct open_trajectory *open_trajectory_create(const uint8_t trace_id[TRACE_ID_SIZE],
                                               int64_t now_ms)
{
    struct open_trajectory *trajectory = calloc(1, sizeof(*trajectory));
    if (!trajectory)
        return NULL;
    memcpy(trajectory->id, trace_id, TRACE_ID_SIZE);
    trajectory->first_ms = trajectory->last_ms = now_ms;
    trajectory->bytes = sizeof(*trajectory) + MALLOC_OVERHEAD + sizeof(void *) * 2;
    return trajectory;
}

static void free_blobs(struct blob *blob)
{
    while (blob) {
        struct blob *next = blob->next;
        free(blob);
        blob = next;
    }
}

void open_trajectory_destroy(struct open_trajectory *trajectory)
{
    while (trajectory->pieces) {
        struct piece *next = trajectory->pieces->next;
        free(trajectory->pieces);
        trajectory->pieces = next;
    }
    while (trajectory->holding.next_of_owner) {
        struct holding *next = trajectory->holding.next_of_owner->next_of_owner;
        free(trajectory->holding.next_of_owner);
        trajectory->holding.next_of_owner = next;
    }
    free_blobs(trajectory->resources.newest);
    free_blobs(trajectory->scopes.newest);
    free(trajectory->resources.buckets);
    free(trajectory->scopes.buckets);
    free(trajectory->logs.buckets);
    free_blobs(trajectory->logs.newest);
    free(trajectory->ids);
    free(trajectory);
}

/* Walks all spans, superseded ones (without wire) included. */
static struct span *next_span(struct piece **piece, uint32_t *at)
{
    while (*piece && *at == (*piece)->used) {
        *piece = (*piece)->next;
        *at = 0;
    }
    if (!*piece)
        return NULL;
    struct span *span = (struct span *)(void *)((*piece)->data + *at);
    *at += (uint32_t)(sizeof(*span) + padded(span->wire.size));
    return span;
}

static size_t id_slot(const struct open_trajectory *trajectory, const uint8_t id[SPAN_ID_SIZE])
{
    size_t mask = trajectory->id_capacity - 1;
    size_t slot = digest_table_hash(bytes_of(id, SPAN_ID_SIZE)) & mask;
    while (trajectory->ids[slot] && memcmp(trajectory->ids[slot]->id, id, SPAN_ID_SIZE) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

/* Makes room for `more` further ids in the index; nothing to do while a walk over the spans is
 * quick. */
static bool reserve_ids(struct open_trajectory *trajectory, uint32_t more)
{
    uint32_t needed = trajectory->span_count + more;
    /* Superseded spans are walked over as well, so all that came count. */
    if (trajectory->accepted_spans + more <= LINEAR_IDS_MAX ||
        (trajectory->ids && needed <= trajectory->id_capacity / 4 * 3))
        return true;
    uint32_t capacity = trajectory->id_capacity ? trajectory->id_capacity : 32;
    while (needed > capacity / 4 * 3)
        capacity *= 2;
    struct span **ids = calloc(capacity, sizeof(struct span *));
    if (!ids)
        return false;
    trajectory->bytes += (capacity - trajectory->id_capacity) * sizeof(*ids);
    free(trajectory->ids);
    trajectory->ids = ids;
    trajectory->id_capacity = capacity;
    struct piece *piece = trajectory->pieces;
    uint32_t at = 0;
    for (struct span *span; (span = next_span(&piece, &at));)
        if (span->wire.data)
            ids[id_slot(trajectory, span->id)] = span;
    return true;
}

static struct span *find_span(const struct open_trajectory *trajectory,
                              const uint8_t id[SPAN_ID_SIZE])
{
    if (trajectory->ids)
        return trajectory->ids[id_slot(trajectory, id)];
    struct piece *piece = trajectory->pieces;
    uint32_t at = 0;
    for (struct span *span; (span = next_span(&piece, &at));)
        if (span->wire.data && memcmp(span->id, id, SPAN_ID_SIZE) == 0)
            return span;
    return NULL;
}

/* A table over the blobs, for more of them than a quick walk takes: outsiders choose their bytes,
 * so its hash has a key. A table that could not be made is a longer walk. */
static void index_blobs(struct open_trajectory *trajectory, struct blob_set *set)
{
    uint32_t capacity = set->bucket_count ? set->bucket_count * 4 : LINEAR_BLOBS_MAX * 4;
    struct blob **buckets = calloc(capacity, sizeof(*buckets));
    if (!buckets)
        return;
    for (struct blob *blob = set->newest; blob; blob = blob->next) {
        if (set->bucket_count == 0)
            blob->hash = digest_table_hash(bytes_of(blob->data, blob->size));
        struct blob **bucket = &buckets[blob->hash & (capacity - 1)];
        blob->next_in_bucket = *bucket;
        *bucket = blob;
    }
    trajectory->bytes += (capacity - set->bucket_count) * sizeof(*buckets);
    free(set->buckets);
    set->buckets = buckets;
    set->bucket_count = capacity;
}

static bool is_same(struct blob_set *set, const struct blob *blob, struct bytes message,
                    uint64_t hash)
{
    set->compared++;
    return blob->hash == hash && bytes_equal(bytes_of(blob->data, blob->size), message);
}

static const struct blob *find_blob(struct blob_set *set, struct bytes message, uint64_t hash)
{
    const struct blob *blob =
        set->buckets ? set->buckets[hash & (set->bucket_count - 1)] : set->newest;
    while (blob && !is_same(set, blob, message, hash))
        blob = set->buckets ? blob->next_in_bucket : blob->next;
    return blob;
}

static uint64_t blob_hash(const struct blob_set *set, struct bytes message)
{
    return set->buckets ? digest_table_hash(message) : 0;
}

/* A copy of the message, which is new. NULL when out of memory. */
static struct blob *add_blob(struct open_trajectory *trajectory, struct blob_set *set,
                             struct bytes message, uint64_t hash)
{
    struct blob *blob = malloc(sizeof(*blob) + message.size);
    if (!blob)
        return NULL;
    *blob = (struct blob){
        .next = set->newest, .hash = hash, .index = set->count++, .size = (uint32_t)message.size};
    if (message.size > 0)
        memcpy(blob->data, message.data, message.size);
    set->newest = blob;
    trajectory->bytes += sizeof(*blob) + message.size + MALLOC_OVERHEAD;
    if (set->buckets) {
        struct blob **bucket = &set->buckets[hash & (set->bucket_count - 1)];
        blob->next_in_bucket = *bucket;
        *bucket = blob;
    }
    if (set->count > (set->buckets ? set->bucket_count : LINEAR_BLOBS_MAX))
        index_blobs(trajectory, set);
    return blob;
}

/* Index of a resource or scope, copied on its first use. UINT32_MAX when out of memory. */
static uint32_t intern(struct open_trajectory *trajectory, struct blob_set *set,
                       struct bytes message)
{
    uint64_t hash = blob_hash(set, message);
    const struct blob *known = find_blob(set, message, hash);
    if (known)
        return known->index;
    struct blob *blob = add_blob(trajectory, set, message, hash);
    return blob ? blob->index : UINT32_MAX;
}

/* Interning of a run of spans: neighbors name the same resource and scope nearly always. */
struct interned {
    uint32_t from_resource, resource, from_scope, scope;
};

static bool intern_places(struct open_trajectory *trajectory, const struct gated_request *request,
                          const struct span *span, struct interned *last)
{
    if (span->resource != last->from_resource) {
        last->from_resource = span->resource;
        last->resource = intern(trajectory, &trajectory->resources, request->resources[span->resource]);
    }
    if (span->scope != last->from_scope) {
        last->from_scope = span->scope;
        last->scope = intern(trajectory, &trajectory->scopes, request->scopes[span->scope]);
    }
    return last->resource != UINT32_MAX && last->scope != UINT32_MAX;
}

static struct piece *piece_create(struct open_trajectory *trajectory, size_t capacity)
{
    struct piece *piece = malloc(sizeof(*piece) + capacity);
    if (!piece)
        return NULL;
    *piece = (struct piece){.capacity = (uint32_t)capacity};
    if (trajectory->last_piece)
        trajectory->last_piece->next = piece;
    else
        trajectory->pieces = piece;
    trajectory->last_piece = piece;
    trajectory->bytes += sizeof(*piece) + capacity + MALLOC_OVERHEAD;
    return piece;
}

static void keep_span(struct open_trajectory *trajectory, struct piece *piece,
                      const struct span *span, const struct interned *places, struct span *kept)
{
    struct span *copy = (struct span *)(void *)(piece->data + piece->used);
    uint8_t *wire = (uint8_t *)(copy + 1);
    *copy = *span;
    memcpy(wire, span->wire.data, span->wire.size);
    copy->wire = bytes_of(wire, span->wire.size);
    copy->resource = places->resource;
    copy->scope = places->scope;
    piece->used += (uint32_t)(sizeof(*copy) + padded(span->wire.size));
    assert(piece->used <= piece->capacity);
    trajectory->wire_bytes += span->wire.size;
    if (trajectory->ids)
        trajectory->ids[id_slot(trajectory, span->id)] = copy;
    if (kept) {
        trajectory->wire_bytes -= kept->wire.size;
        kept->wire.data = NULL; /* its size still says where the next one begins */
    } else {
        trajectory->span_count++;
    }
    trajectory->has_root |= span_is_root(span);
    trajectory->has_local_root |= span_has_remote_parent(span);
}

enum status open_trajectory_add_spans(struct open_trajectory *trajectory,
                                      const struct gated_request *request, uint32_t first,
                                      uint32_t *ret_next)
{
    size_t size = 0;
    uint32_t count = 0, end = first;
    for (; end != UINT32_MAX; end = request->spans[end].next, count++) {
        if (memcmp(request->spans[end].trace_id, trajectory->id, TRACE_ID_SIZE) != 0)
            break;
        size += sizeof(struct span) + padded(request->spans[end].span.wire.size);
    }
    assert(count > 0 && size <= UINT32_MAX);
    if (!reserve_ids(trajectory, count))
        return STATUS_FATAL;
    struct piece *piece = NULL;
    struct interned places = {UINT32_MAX, 0, UINT32_MAX, 0};
    for (uint32_t i = first; i != end; i = request->spans[i].next) {
        const struct span *span = &request->spans[i].span;
        struct span *kept = find_span(trajectory, span->id);
        trajectory->accepted_spans++;
        if (kept && !span_supersedes(span, kept))
            continue;
        if (!piece && !(piece = piece_create(trajectory, size)))
            return STATUS_FATAL;
        if (!intern_places(trajectory, request, span, &places))
            return STATUS_FATAL;
        keep_span(trajectory, piece, span, &places, kept);
    }
    *ret_next = end;
    return STATUS_OK;
}

enum status open_trajectory_add_log(struct open_trajectory *trajectory,
                                    const struct gated_request *request,
                                    const struct log_record *log)
{
    uint64_t hash = blob_hash(&trajectory->logs, log->wire);
    trajectory->accepted_logs++;
    if (find_blob(&trajectory->logs, log->wire, hash))
        return STATUS_OK;
    struct log_record copy = *log;
    copy.resource = intern(trajectory, &trajectory->resources, request->resources[log->resource]);
    copy.scope = intern(trajectory, &trajectory->scopes, request->scopes[log->scope]);
    if (copy.resource == UINT32_MAX || copy.scope == UINT32_MAX)
        return STATUS_FATAL;
    struct blob *blob = add_blob(trajectory, &trajectory->logs, log->wire, hash);
    if (!blob)
        return STATUS_FATAL;
    copy.wire = bytes_of(blob->data, log->wire.size);
    if (log->event_name.data)
        copy.event_name.data = blob->data + (log->event_name.data - log->wire.data);
    blob->log = copy;
    trajectory->log_count++;
    return STATUS_OK;
}

bool open_trajectory_has_local_root(const struct open_trajectory *trajectory)
{
    struct piece *piece = trajectory->pieces;
    uint32_t at = 0;
    for (const struct span *span; (span = next_span(&piece, &at));)
        if (span->wire.data && span_has_remote_parent(span) &&
            !find_span(trajectory, span->parent_id))
            return true;
    return false;
}

bool open_trajectory_is_spilled(const struct open_trajectory *trajectory, uint16_t source,
                                uint64_t position)
{
    for (const struct holding *holding = &trajectory->holding; holding;
         holding = holding->next_of_owner)
        if (holding->owner && holding->source == source)
            return position <= holding->spilled_through;
    return false;
}

static int compare_logs(const void *a, const void *b)
{
    const struct log_record *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    int by_span = memcmp(x->span_id, y->span_id, SPAN_ID_SIZE);
    return by_span ? by_span : bytes_compare(x->wire, y->wire);
}

static struct bytes *view_blobs(const struct blob *list, uint32_t count, struct arena *arena)
{
    struct bytes *items = arena_zalloc(arena, count + 1, sizeof(*items));
    for (; items && list; list = list->next)
        items[list->index] = bytes_of(list->data, list->size);
    return items;
}

bool open_trajectory_view(const struct open_trajectory *open, enum close_trigger trigger,
                          struct arena *arena, struct trajectory *ret_trajectory)
{
    struct trajectory view = {.trigger = trigger,
                              .received_ms = open->received_ms,
                              .is_conversation = open->is_conversation};
    memcpy(view.id, open->id, TRACE_ID_SIZE);
    view.spans = arena_zalloc(arena, open->span_count + 1, sizeof(*view.spans));
    view.logs = arena_zalloc(arena, open->log_count + 1, sizeof(*view.logs));
    view.resources = view_blobs(open->resources.newest, open->resources.count, arena);
    view.scopes = view_blobs(open->scopes.newest, open->scopes.count, arena);
    if (!view.spans || !view.logs || !view.resources || !view.scopes)
        return false;
    view.resource_count = open->resources.count;
    view.scope_count = open->scopes.count;
    struct piece *piece = open->pieces;
    uint32_t at = 0;
    for (const struct span *span; (span = next_span(&piece, &at));)
        if (span->wire.data)
            view.spans[view.span_count++] = *span;
    assert(view.span_count == open->span_count);
    for (const struct blob *blob = open->logs.newest; blob; blob = blob->next)
        view.logs[view.log_count++] = blob->log;
    qsort(view.logs, view.log_count, sizeof(*view.logs), compare_logs);
    *ret_trajectory = view;
    return trajectory_order(ret_trajectory, arena);
}
