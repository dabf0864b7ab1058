/* What other threads may know of the writer: durable numbers only. */
#include "pipelines/cohorts/alert_metrics.h"
#include "pipelines/commit/writer.h"

#include "pipelines/commit/state.h"

const char *writer_reason(const struct writer *writer)
{
    return writer->txn.reason;
}

void writer_flush_cohorts(struct writer *writer)
{
    writer->is_flush_due = true;
}

void writer_committed_records(const struct writer *writer, uint64_t *ret_first, uint64_t *ret_end)
{
    *ret_first = writer->first_record;
    *ret_end = writer->end_record;
}

uint64_t writer_part_sequence(const struct writer *writer)
{
    return parts_committed(writer->parts);
}

uint64_t writer_decided_sequence(const struct writer *writer)
{
    return atomic_load_explicit(&writer->decided_sequence, memory_order_acquire);
}

int64_t writer_horizon_ms(const struct writer *writer)
{
    return atomic_load_explicit(&writer->horizon_ms, memory_order_relaxed);
}

void writer_publish(struct writer *writer)
{
    struct outbox_held held = outbox_held_all(writer->outbox);
    atomic_store_explicit(&writer->outbox_records, held.records, memory_order_relaxed);
    atomic_store_explicit(&writer->outbox_bytes, held.bytes, memory_order_relaxed);
    atomic_store_explicit(&writer->journal_bytes, journal_bytes(writer->journal),
                          memory_order_relaxed);
}

struct writer_gauges writer_gauges(const struct writer *writer)
{
    return (struct writer_gauges){
        .journal_bytes = atomic_load_explicit(&writer->journal_bytes, memory_order_relaxed),
        .outbox_records = atomic_load_explicit(&writer->outbox_records, memory_order_relaxed),
        .outbox_bytes = atomic_load_explicit(&writer->outbox_bytes, memory_order_relaxed),
        .outbox_oldest_ms = atomic_load_explicit(&writer->outbox_oldest_ms, memory_order_relaxed),
        .used_ratio = atomic_load_explicit(&writer->used_ratio, memory_order_relaxed),
    };
}

uint32_t writer_committed_alerts(const struct writer *writer)
{
    return writer->alert_records;
}

void writer_collect_metrics(void *writer, struct buffer *to)
{
    writer_counters_render(&((struct writer *)writer)->counted, to);
    alert_metrics_collect(((struct writer *)writer)->alerts, to);
    if (((struct writer *)writer)->review)
        review_collect_metrics(((struct writer *)writer)->review, to);
}

struct span_account writer_account(const struct writer *writer)
{
    return writer_counters_account(&writer->counted);
}
