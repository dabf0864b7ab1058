/* meta row audit_export = u8 version | be64 exported | be64 checkpoint, signed its time_ms |
 *                         be64 pending checkpoint, be64 its sequence in the outbox | be64 acknowledged
 * A checkpoint is acknowledged when no exporter of the trail has anything in the outbox up to it. */
#include "pipelines/review/audit_export.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/metrics.h"
#include "processor/emit/outgoing.h"
#include "state/store/value.h"
#include "state/tables/audit_line.h"

enum { EXPORT_VERSION = 1, ENTRIES_MAX = 1000, CHECKPOINT_ENTRIES = 1000, TRIM_ENTRIES_MAX = 1000 };
enum { CHECKPOINT_MS = 24 * 60 * 60 * 1000, LOOK_MS = 1000 };
static const char row_name[] = "audit_export";

struct marks { /* follow the commit */
    uint64_t exported, checkpoint, pending, pending_at, acknowledged;
    int64_t checkpoint_ms;
    bool has_news;
};

struct audit_export {
    struct audit *audit;
    struct outbox *outbox;
    struct marks durable, open;
    int64_t looked_ms;
    char instance[INSTANCE_UUID_TEXT_SIZE];
    _Atomic uint64_t shown_sequence;
    _Atomic int64_t shown_checkpoint_ms;
};

static void publish(struct audit_export *it)
{
    atomic_store_explicit(&it->shown_sequence, audit_sequence(it->audit), memory_order_relaxed);
    atomic_store_explicit(&it->shown_checkpoint_ms, it->durable.checkpoint_ms,
                          memory_order_relaxed);
}

static bool read_marks(struct store_txn *txn, struct marks *ret)
{
    struct bytes value;
    struct value_reader reader;
    struct marks marks = {0};
    if (!store_get(txn, TABLE_META, bytes_of_text(row_name), &value))
        return true;
    value_reader_init(&reader, value);
    bool is_known = value_get_u8(&reader) == EXPORT_VERSION;
    marks.exported = value_get_be64(&reader);
    marks.checkpoint = value_get_be64(&reader);
    marks.checkpoint_ms = value_get_signed(&reader);
    marks.pending = value_get_be64(&reader);
    marks.pending_at = value_get_be64(&reader);
    marks.acknowledged = value_get_be64(&reader);
    *ret = marks;
    return is_known && value_reader_finish(&reader) == STATUS_OK;
}

static void write_marks(struct store_txn *txn, const struct marks *marks)
{
    struct buffer value = {0};
    buffer_append_byte(&value, EXPORT_VERSION);
    value_put_be64(&value, marks->exported);
    value_put_be64(&value, marks->checkpoint);
    value_put_signed(&value, marks->checkpoint_ms);
    value_put_be64(&value, marks->pending);
    value_put_be64(&value, marks->pending_at);
    value_put_be64(&value, marks->acknowledged);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_META, bytes_of_text(row_name), buffer_bytes(&value));
    buffer_finish(&value);
}

enum status audit_export_open(struct store *store, struct audit *audit, struct outbox *outbox,
                              struct audit_export **ret_export)
{
    struct store_txn txn;
    struct audit_export *it = calloc(1, sizeof *it);
    if (!it)
        return STATUS_FATAL;
    it->audit = audit;
    it->outbox = outbox;
    schema_instance_text(store_instance(store), it->instance);
    store_begin(store, false, &txn);
    if (!read_marks(&txn, &it->durable))
        store_fail(&txn, STATUS_FATAL, "the meta row audit_export is not understood");
    it->open = it->durable;
    enum status status = store_commit(&txn);
    publish(it);
    if (status == STATUS_OK)
        *ret_export = it;
    else
        audit_export_close(it);
    return status;
}

void audit_export_close(struct audit_export *exported)
{
    free(exported);
}

static void export_end(void *context, bool is_committed)
{
    struct audit_export *it = context;
    if (is_committed)
        it->durable = it->open;
    it->open = it->durable;
    publish(it);
}

/* --- lines --- */

static uint64_t send(struct audit_export *it, struct store_txn *txn,
                     const struct review_settings *settings, int64_t wall_ms, const char *kind,
                     uint64_t number, struct bytes line)
{
    struct buffer frame = {0};
    char name[96], record_id[UUID_TEXT_SIZE];
    uint64_t sequence = outbox_next_sequence(it->outbox);
    snprintf(name, sizeof name, "flywheel:audit/%s/%s/%" PRIu64, it->instance, kind, number);
    digest_uuid_v5_url(record_id, bytes_of_text(name));
    const struct outgoing record = {
        .key = bytes_of_text(it->instance), /* a chain stays in order */
        .payload = line,
        .header_count = 3,
        .headers = {{"schema", BYTES_LITERAL(AUDIT_SCHEMA_NAME)},
                    {"content-type", BYTES_LITERAL("application/json")},
                    {"record_id", bytes_of_text(record_id)}},
    };
    outgoing_encode(&record, &frame);
    if (frame.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    for (uint8_t exporter = 0; exporter < OUTBOX_EXPORTERS_MAX; exporter++)
        if (settings->audit_exporters >> exporter & 1)
            outbox_append(it->outbox, txn, exporter, sequence, wall_ms, buffer_bytes(&frame));
    it->open.has_news = true;
    buffer_finish(&frame);
    return sequence;
}

static void send_entries(struct audit_export *it, struct store_txn *txn,
                         const struct review_settings *settings, int64_t wall_ms)
{
    struct audit_texts texts;
    struct audit_entry entry;
    struct buffer line = {0};
    struct store_cursor cursor;
    struct state_key key = {.size = 0};
    uint32_t count = 0;
    key_be64(&key, it->open.exported + 1);
    store_cursor_begin(txn, TABLE_AUDIT, key_bytes(&key), 0, &cursor);
    while (count < ENTRIES_MAX && store_cursor_next(&cursor)) {
        uint64_t sequence = get_be64(cursor.key.data);
        if (!audit_read(txn, sequence, &texts, &entry))
            break;
        buffer_clear(&line);
        audit_line_write_entry(&entry, it->instance, &line);
        (void)send(it, txn, settings, wall_ms, "entry", sequence, buffer_bytes(&line));
        it->open.exported = sequence;
        count++;
    }
    store_cursor_finish(&cursor);
    buffer_finish(&line);
}

bool audit_export_checkpoint(struct audit_export *it, struct store_txn *txn,
                             const struct review_settings *settings, int64_t wall_ms)
{
    struct audit_checkpoint checkpoint = {.sequence = it->open.exported, .time_ms = wall_ms};
    struct audit_texts texts;
    struct audit_entry entry;
    struct buffer line = {0};
    if (settings->audit_exporters == 0 || !audit_read(txn, checkpoint.sequence, &texts, &entry))
        return false;
    store_on_end(txn, export_end, it);
    memcpy(checkpoint.hash, entry.hash, sizeof checkpoint.hash);
    audit_line_write_checkpoint(&checkpoint, it->instance, &line);
    uint64_t at =
        send(it, txn, settings, wall_ms, "checkpoint", checkpoint.sequence, buffer_bytes(&line));
    buffer_finish(&line);
    struct marks *marks = &it->open;
    marks->checkpoint = checkpoint.sequence;
    marks->checkpoint_ms = wall_ms;
    if (marks->pending == 0) {
        marks->pending = checkpoint.sequence;
        marks->pending_at = at;
    }
    write_marks(txn, marks);
    return true;
}

static bool is_acknowledged(struct audit_export *it, struct store_txn *txn,
                            const struct review_settings *settings)
{
    uint64_t first;
    int64_t committed_ms;
    for (uint8_t exporter = 0; exporter < OUTBOX_EXPORTERS_MAX; exporter++)
        if (settings->audit_exporters >> exporter & 1 &&
            outbox_first(txn, exporter, &first, &committed_ms) && first <= it->open.pending_at)
            return false;
    return true;
}

/* What is acknowledged, and whether it may go. */
static void look_back(struct audit_export *it, struct store_txn *txn,
                      const struct review_settings *settings, int64_t wall_ms)
{
    uint64_t limit = settings->audit_bytes_max;
    bool is_soon = wall_ms >= it->looked_ms && wall_ms - it->looked_ms < LOOK_MS;
    if (settings->audit_exporters == 0 || is_soon)
        return;
    it->looked_ms = wall_ms;
    if (it->open.pending > 0 && is_acknowledged(it, txn, settings)) {
        store_on_end(txn, export_end, it);
        it->open.acknowledged = it->open.pending;
        it->open.pending = it->open.pending_at = 0;
        write_marks(txn, &it->open);
    }
    if (limit > 0 && audit_bytes(it->audit) > limit / 10 * 8 && it->open.acknowledged > 0)
        (void)audit_trim(it->audit, txn, it->open.acknowledged, TRIM_ENTRIES_MAX, limit / 10 * 6);
}

void audit_export_turn(struct audit_export *it, struct store_txn *txn,
                       const struct review_settings *settings, int64_t wall_ms)
{
    struct marks *marks = &it->open;
    if (settings->audit_exporters != 0 && audit_sequence_open(it->audit) > marks->exported) {
        store_on_end(txn, export_end, it);
        send_entries(it, txn, settings, wall_ms);
        write_marks(txn, marks);
    }
    bool is_due =
        marks->exported >= marks->checkpoint + CHECKPOINT_ENTRIES ||
        (marks->exported > marks->checkpoint && wall_ms - marks->checkpoint_ms >= CHECKPOINT_MS);
    if (is_due)
        (void)audit_export_checkpoint(it, txn, settings, wall_ms);
    look_back(it, txn, settings, wall_ms);
}

bool audit_export_take_news(struct audit_export *it)
{
    bool has_news = it->durable.has_news;
    it->durable.has_news = it->open.has_news = false;
    return has_news;
}

void audit_export_collect_metrics(void *exported, struct buffer *to)
{
    static const struct metric_family families[] = {
        {"flywheel_audit_sequence", METRIC_GAUGE, "The last entry of the audit trail."},
        {"flywheel_audit_checkpoint_timestamp_seconds", METRIC_GAUGE,
         "When the last checkpoint of the audit trail was given to its exporters; 0: never."},
    };
    struct audit_export *it = exported;
    uint64_t sequence = atomic_load_explicit(&it->shown_sequence, memory_order_relaxed);
    int64_t checkpoint_ms = atomic_load_explicit(&it->shown_checkpoint_ms, memory_order_relaxed);
    metrics_write_family(to, &families[0]);
    metrics_write_sample(to, families[0].name, "", (double)sequence);
    metrics_write_family(to, &families[1]);
    metrics_write_sample(to, families[1].name, "", (double)checkpoint_ms / 1000);
}
