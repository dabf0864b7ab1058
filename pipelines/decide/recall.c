/* Everything is copied before the transaction ends. */
#include "pipelines/decide/recall.h"

#include "state/tables/retained.h"

/* Content that was trimmed meanwhile is no failure. */
static enum status read_content(struct store_txn *txn, struct arena *arena,
                                struct recalled *recalled)
{
    struct buffer content = {0};
    if (!(recalled->row.flags & DECIDED_CONTENT))
        return STATUS_OK;
    enum status status = retained_read(txn, recalled->row.record_sequence, &content);
    if (status == STATUS_OK) {
        recalled->content = arena_copy(arena, buffer_bytes(&content));
        status = recalled->content.data ? STATUS_OK : STATUS_BUSY;
    }
    buffer_finish(&content);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status find(void *context, const uint8_t trace_id[16], uint64_t from_sequence,
                        struct arena *arena, struct recalled *ret_recalled)
{
    struct store_txn txn;
    struct recalled recalled = {0};
    store_begin(context, false, &txn);
    enum status status = STATUS_NOT_FOUND;
    if (decided_search(&txn, from_sequence, trace_id, &recalled.sequence, &recalled.row)) {
        recalled.row.contribution = arena_copy(arena, recalled.row.contribution);
        recalled.row.extension = arena_copy(arena, recalled.row.extension);
        status = arena->failed ? STATUS_BUSY : read_content(&txn, arena, &recalled);
    }
    if (store_commit(&txn) != STATUS_OK)
        return STATUS_FATAL;
    if (status != STATUS_OK)
        return status;
    status = summary_decode(recalled.row.extension, arena, &recalled.summary);
    if (status == STATUS_BUSY)
        return STATUS_BUSY;
    recalled.has_summary = status == STATUS_OK;
    *ret_recalled = recalled;
    return STATUS_OK;
}

struct recall recall_from_store(struct store *store)
{
    return (struct recall){.context = store, .find = find};
}
