/* Everything is copied before the transaction ends. */
#include "pipelines/decide/revision_source.h"

#include "state/tables/retained.h"

/* Content that was trimmed meanwhile is no failure. */
static enum status read_content(struct store_txn *txn, struct arena *arena,
                                struct decided_before *before)
{
    struct buffer content = {0};
    if (!(before->row.flags & DECIDED_CONTENT))
        return STATUS_OK;
    enum status status = retained_read(txn, before->row.record_sequence, &content);
    if (status == STATUS_OK) {
        before->content = arena_copy(arena, buffer_bytes(&content));
        status = before->content.data ? STATUS_OK : STATUS_BUSY;
    }
    buffer_finish(&content);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status find(void *context, const uint8_t trace_id[16], uint64_t from_sequence,
                        struct arena *arena, struct decided_before *ret_before)
{
    struct store_txn txn;
    struct decided_before before = {0};
    store_begin(context, false, &txn);
    enum status status = STATUS_NOT_FOUND;
    if (decided_search(&txn, from_sequence, trace_id, &before.sequence, &before.row)) {
        before.row.contribution = arena_copy(arena, before.row.contribution);
        before.row.extension = arena_copy(arena, before.row.extension);
        status = arena->failed ? STATUS_BUSY : read_content(&txn, arena, &before);
    }
    if (store_commit(&txn) != STATUS_OK)
        return STATUS_FATAL;
    if (status != STATUS_OK)
        return status;
    status = summary_decode(before.row.extension, arena, &before.summary);
    if (status == STATUS_BUSY)
        return STATUS_BUSY;
    before.has_summary = status == STATUS_OK;
    *ret_before = before;
    return STATUS_OK;
}

struct revision_source revision_source_from_store(struct store *store)
{
    return (struct revision_source){.context = store, .find = find};
}
