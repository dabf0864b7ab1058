/* Each table has a function that decodes a row and says it; a writer that is not there is
 * replaced by one that nobody reads, so that checking and dumping are the same code. */
#include "state/inspect.h"

#include "processor/base/digest.h"
#include "state/cohorts/cohort.h"
#include "state/inspect_state.h"
#include "state/store/chunked.h"
#include "state/store/dictionary.h"
#include "state/tables/alert.h"
#include "state/tables/counters.h"
#include "state/tables/decided.h"
#include "state/tables/journal.h"
#include "state/tables/outbox.h"
#include "state/tables/part.h"
#include "state/tables/retained.h"
#include "state/tables/selection.h"
#include "state/tables/source.h"
#include "state/tables/spill.h"

static enum status inspect_meta(struct inspection *inspection, struct bytes key, struct bytes value,
                                struct json_writer *to)
{
    struct schema_instance instance;
    uint64_t number;
    (void)inspection;
    json_put_bytes(to, "name", key);
    if (bytes_equal_text(key, "instance")) {
        if (schema_instance_decode(value, &instance) != STATUS_OK)
            return STATUS_MALFORMED;
        json_put_hex(to, "uuid", instance.uuid, sizeof instance.uuid);
        json_put_int(to, "created_ms", instance.created_ms);
    } else if (schema_number_decode(value, &number) == STATUS_OK) {
        json_put_uint(to, "number", number);
    } else {
        json_put_uint(to, "bytes", value.size);
    }
    return STATUS_OK;
}

static enum status inspect_source(struct inspection *inspection, struct bytes key,
                                  struct bytes value, struct json_writer *to)
{
    struct source_row row;
    (void)inspection;
    if (key.size != 2 || source_row_decode(value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_uint(to, "source", get_be16(key.data));
    json_put_text(to, "name", row.name);
    json_put_uint(to, "next_position", row.next_position);
    json_put_uint(to, "low_watermark", row.low_watermark);
    json_key(to, "through");
    json_array_begin(to);
    for (uint32_t i = 0; i < row.marks.shards; i++)
        json_uint(to, row.marks.through[i]);
    json_array_end(to);
    return STATUS_OK;
}

enum status inspect_chunk(struct inspection *inspection, size_t prefix_size, struct bytes key,
                          struct bytes value, struct json_writer *to, struct bytes *ret_head)
{
    struct bytes part = value;
    uint64_t body_size = 0;
    *ret_head = (struct bytes){0};
    if (key.size != prefix_size + 10)
        return STATUS_MALFORMED;
    uint16_t chunk = get_be16(key.data + key.size - 2);
    struct bytes item = bytes_of(key.data, key.size - 2);
    bool was_inside = inspection->is_inside;
    if (chunk == 0) {
        if (chunked_first_decode(value, ret_head, &body_size, &part) != STATUS_OK)
            return STATUS_MALFORMED;
        inspection->item.size = 0;
        key_raw(&inspection->item, item);
        inspection->left = body_size;
        json_put_uint(to, "body_bytes", body_size);
    } else if (!was_inside || chunk != inspection->next_chunk ||
               !bytes_equal(item, key_bytes(&inspection->item)) || part.size > inspection->left) {
        return STATUS_MALFORMED;
    }
    inspection->left -= part.size;
    inspection->next_chunk = chunk + 1u;
    inspection->is_inside = inspection->left > 0;
    json_put_uint(to, "chunk", chunk);
    return chunk == 0 && was_inside ? STATUS_MALFORMED : STATUS_OK;
}

static enum status inspect_journal(struct inspection *inspection, struct bytes key,
                                   struct bytes value, struct json_writer *to)
{
    struct bytes head;
    struct journal_header header;
    enum status status = inspect_chunk(inspection, 2, key, value, to, &head);
    if (status != STATUS_OK)
        return status;
    json_put_uint(to, "source", get_be16(key.data));
    json_put_uint(to, "position", get_be64(key.data + 2));
    if (!head.data)
        return STATUS_OK;
    status = journal_header_decode(head, &header);
    if (status == STATUS_OK) {
        json_put_uint(to, "signal", header.signal);
        json_put_uint(to, "encoding", header.encoding);
        json_put_int(to, "received_ms", header.received_ms);
    }
    return status;
}

static enum status inspect_spill(struct inspection *inspection, struct bytes key,
                                 struct bytes value, struct json_writer *to)
{
    struct bytes head;
    struct spill_header header;
    enum status status = inspect_chunk(inspection, 0, key, value, to, &head);
    if (status != STATUS_OK)
        return status;
    json_put_uint(to, "sequence", get_be64(key.data));
    if (!head.data)
        return STATUS_OK;
    status = spill_header_decode(head, &header);
    if (status != STATUS_OK)
        return status;
    json_put_hex(to, "trace_id", header.trace_id, sizeof header.trace_id);
    json_put_int(to, "first_received_ms", header.first_received_ms);
    json_put_uint(to, "spans", header.accepted_spans);
    json_put_uint(to, "logs", header.accepted_logs);
    json_key(to, "positions");
    json_array_begin(to);
    for (size_t i = 0; i < header.position_count; i++) {
        json_object_begin(to);
        json_put_uint(to, "source", header.positions[i].source);
        json_put_uint(to, "first", header.positions[i].first_position);
        json_put_uint(to, "through", header.positions[i].spilled_through);
        json_object_end(to);
    }
    json_array_end(to);
    return STATUS_OK;
}

static enum status inspect_retained(struct inspection *inspection, struct bytes key,
                                    struct bytes value, struct json_writer *to)
{
    struct bytes head;
    int64_t committed_ms = 0;
    enum status status = inspect_chunk(inspection, 0, key, value, to, &head);
    if (status == STATUS_OK && head.data)
        status = retained_head_decode(head, &committed_ms);
    if (status != STATUS_OK)
        return status;
    json_put_uint(to, "sequence", get_be64(key.data));
    if (head.data)
        json_put_int(to, "committed_ms", committed_ms);
    return STATUS_OK;
}

static enum status inspect_outbox(struct inspection *inspection, struct bytes key,
                                  struct bytes value, struct json_writer *to)
{
    struct bytes head;
    int64_t committed_ms = 0;
    enum status status = inspect_chunk(inspection, 1, key, value, to, &head);
    if (status == STATUS_OK && head.data)
        status = outbox_head_decode(head, &committed_ms);
    if (status != STATUS_OK)
        return status;
    json_put_uint(to, "exporter", key.data[0]);
    json_put_uint(to, "sequence", get_be64(key.data + 1));
    if (head.data)
        json_put_int(to, "committed_ms", committed_ms);
    return STATUS_OK;
}

static void say_decided(struct json_writer *to, const struct decided_row *row)
{
    json_object_begin(to);
    json_put_hex(to, "trace_id", row->trace_id, sizeof row->trace_id);
    json_key(to, "positions");
    json_array_begin(to);
    for (size_t i = 0; i < row->position_count; i++) {
        json_object_begin(to);
        json_put_uint(to, "source", row->positions[i].source);
        json_put_uint(to, "position", row->positions[i].position);
        json_object_end(to);
    }
    json_array_end(to);
    json_put_int(to, "decided_ms", row->decided_ms);
    json_put_int(to, "event_ms", row->event_ms);
    json_put_uint(to, "verdict", row->verdict);
    json_put_uint(to, "trigger", row->trigger);
    json_put_uint(to, "flags", row->flags);
    json_put_uint(to, "spans", row->spans);
    json_put_uint(to, "record_sequence", row->record_sequence);
    json_put_uint(to, "contribution_bytes", row->contribution.size);
    json_put_uint(to, "extension_bytes", row->extension.size);
    json_object_end(to);
}

static enum status inspect_decided(struct inspection *inspection, struct bytes key,
                                   struct bytes value, struct json_writer *to)
{
    struct value_reader reader, contributions;
    struct decided_row row;
    struct cohort_contribution contribution;
    if (key.size != 10)
        return STATUS_MALFORMED;
    json_put_uint(to, "sequence", get_be64(key.data));
    json_put_uint(to, "chunk", get_be16(key.data + 8));
    json_key(to, "rows");
    json_array_begin(to);
    value_reader_init(&reader, value);
    bool is_known = value_get_u8(&reader) == 1;
    while (is_known && !reader.failed && reader.at < reader.end) {
        decided_row_decode(&reader, &row);
        if (reader.failed)
            break;
        value_reader_init(&contributions, row.contribution);
        while (contributions.at < contributions.end && !contributions.failed)
            cohort_contribution_decode(&contributions, &contribution);
        is_known = !contributions.failed;
        say_decided(to, &row);
        inspection->decided_rows++;
    }
    json_array_end(to);
    return is_known && !reader.failed ? STATUS_OK : STATUS_MALFORMED;
}

static enum status inspect_dictionary(struct inspection *inspection, struct bytes key,
                                      struct bytes value, struct json_writer *to)
{
    (void)inspection;
    bool is_kind =
        key.size == 3 && (key.data[0] == DICTIONARY_GROUPING || key.data[0] == DICTIONARY_RULE);
    if (!is_kind || value.size < 1 || value.data[0] != 1)
        return STATUS_MALFORMED;
    json_put_text(to, "kind", key.data[0] == DICTIONARY_RULE ? "rule" : "grouping");
    json_put_uint(to, "id", get_be16(key.data + 1));
    json_put_bytes(to, "text", bytes_of(value.data + 1, value.size - 1));
    return STATUS_OK;
}

static enum status inspect_cohort(struct inspection *inspection, struct bytes key,
                                  struct bytes value, struct json_writer *to)
{
    static const char *const rings[COHORT_RINGS] = {"minute", "hour", "day", "total"};
    static const char *const verdicts[COHORT_VERDICTS] = {"pass", "borderline", "fail", "unscored"};
    struct cohort_key row;
    struct cohort_bucket bucket = {0};
    (void)inspection;
    enum status status = cohort_key_decode(key, &row);
    if (status == STATUS_OK)
        status = cohort_bucket_decode(value, &bucket);
    if (status == STATUS_OK) {
        json_put_uint(to, "grouping", row.grouping);
        json_put_hex(to, "cohort", row.hash, sizeof row.hash);
        json_put_text(to, "ring", rings[row.ring]);
        json_put_int(to, "start_ms", row.start_ms);
        for (size_t i = 0; i < COHORT_VERDICTS; i++)
            json_put_int(to, verdicts[i], bucket.verdicts[i]);
        struct weighted_count all =
            cohort_classes_sum(&bucket.classes, 0, COHORT_CONDEMNED - 1, 0, COHORT_JUDGED - 1);
        struct weighted_count scored =
            cohort_classes_sum(&bucket.classes, 0, COHORT_CONDEMNED - 1, 1, COHORT_JUDGED - 1);
        struct weighted_count condemned = cohort_classes_sum(
            &bucket.classes, COHORT_CONDEMNED - 1, COHORT_CONDEMNED - 1, 0, COHORT_JUDGED - 1);
        json_put_double(to, "weight", all.weight);
        json_put_int(to, "scored", scored.n);
        json_put_int(to, "condemned", condemned.n);
        json_put_int(to, "unclassed", cohort_bucket_unclassed(&bucket));
        json_put_int(to, "tokens", bucket.tokens);
        json_put_int(to, "cost_nano_usd", bucket.cost_nano_usd);
        json_put_uint(to, "bins", bucket.duration_ms.bin_count);
        json_put_uint(to, "rules", bucket.rule_count);
    }
    cohort_bucket_finish(&bucket);
    return status;
}

static enum status inspect_name(struct inspection *inspection, struct bytes key, struct bytes value,
                                struct json_writer *to)
{
    struct cohort_name name;
    (void)inspection;
    if (key.size != 2 + COHORT_HASH_SIZE || cohort_name_decode(value, &name) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_uint(to, "grouping", get_be16(key.data));
    json_put_hex(to, "cohort", key.data + 2, COHORT_HASH_SIZE);
    json_put_int(to, "first_seen_ms", name.first_seen_ms);
    json_put_texts(to, "values", name.values, name.count);
    uint8_t hash[COHORT_HASH_SIZE];
    cohort_hash(hash, name.values, name.count);
    return memcmp(hash, key.data + 2, sizeof hash) == 0 ? STATUS_OK : STATUS_MALFORMED;
}

static enum status inspect_file(struct inspection *inspection, struct bytes key, struct bytes value,
                                struct json_writer *to)
{
    struct outbox_file file;
    (void)inspection;
    if (key.size != 1 || outbox_file_decode(value, &file) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_uint(to, "exporter", key.data[0]);
    json_put_uint(to, "inode", file.inode);
    json_put_uint(to, "length", file.length);
    return STATUS_OK;
}

static enum status inspect_counter(struct inspection *inspection, struct bytes key,
                                   struct bytes value, struct json_writer *to)
{
    uint64_t number;
    (void)inspection;
    if (counter_value_decode(value, &number) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_bytes(to, "name", key);
    json_put_uint(to, "value", number);
    return STATUS_OK;
}

static enum status inspect_selection(struct inspection *inspection, struct bytes key,
                                     struct bytes value, struct json_writer *to)
{
    struct selection_row row;
    (void)inspection;
    if (selection_row_decode(key, value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    if (row.kind == 'c') {
        json_put_uint(to, "grouping", row.grouping);
        json_put_hex(to, "cohort", row.hash, sizeof row.hash);
        json_put_uint(to, "seen", row.cohort_seen);
        return STATUS_OK;
    }
    if (row.kind == 'd') {
        json_put_int(to, "day", row.day.day);
        json_put_uint(to, "basis", row.day.basis);
        json_put_uint(to, "seen", row.day.seen);
        return STATUS_OK;
    }
    json_put_int(to, "hour", row.hour.hour);
    if (row.kind == 's')
        json_put_uint(to, "signature", row.signature.id);
    uint64_t basis = row.signature.basis, seen = row.signature.seen;
    uint64_t emitted = row.signature.emitted;
    for (size_t i = 0; i < SELECTION_STRATA; i++) {
        basis += row.hour.basis[i];
        seen += row.hour.seen[i];
        emitted += row.hour.emitted[i];
    }
    json_put_uint(to, "basis", basis);
    json_put_uint(to, "seen", seen);
    json_put_uint(to, "emitted", emitted);
    return STATUS_OK;
}

static enum status inspect_alert(struct inspection *inspection, struct bytes key,
                                 struct bytes value, struct json_writer *to)
{
    struct alert_key alert;
    struct alert_row row;
    (void)inspection;
    if (alert_row_decode(key, value, &alert, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_uint(to, "grouping", alert.grouping);
    json_put_hex(to, "cohort", alert.hash, sizeof alert.hash);
    json_put_text(to, "kind", alert_kind_names[alert.kind]);
    json_put_int(to, "window_ms", alert.window_ms);
    json_put_bool(to, "is_firing", row.is_firing);
    json_put_uint(to, "episode", row.episode);
    json_put_int(to, "changed_ms", row.changed_ms);
    json_put_double(to, "statistic", row.statistic);
    json_put_double(to, "p0", row.p0);
    return STATUS_OK;
}

static enum status inspect_part(struct inspection *inspection, struct bytes key, struct bytes value,
                                struct json_writer *to)
{
    struct part_row row;
    if (key.size > 0 && key.data[0] == 'b') {
        struct bytes head;
        enum status status = inspect_chunk(inspection, 1, key, value, to, &head);
        if (status == STATUS_OK)
            json_put_uint(to, "sequence", get_be64(key.data + 1));
        return status;
    }
    if (part_row_decode(key, value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_uint(to, "sequence", row.sequence);
    json_put_hex(to, "conversation", row.conversation, sizeof row.conversation);
    json_put_hex(to, "trace_id", row.trace_id, sizeof row.trace_id);
    json_put_int(to, "received_ms", row.received_ms);
    json_put_uint(to, "spans", row.spans);
    return STATUS_OK;
}

static inspect_fn *const inspectors[STATE_TABLES] = {
    [TABLE_META] = inspect_meta,           [TABLE_SOURCE] = inspect_source,
    [TABLE_JOURNAL] = inspect_journal,     [TABLE_SPILL] = inspect_spill,
    [TABLE_DECIDED] = inspect_decided,     [TABLE_DICTIONARY] = inspect_dictionary,
    [TABLE_COHORT] = inspect_cohort,       [TABLE_COHORT_NAME] = inspect_name,
    [TABLE_OUTBOX] = inspect_outbox,       [TABLE_OUTBOX_FILE] = inspect_file,
    [TABLE_COUNTER] = inspect_counter,     [TABLE_AUDIT] = inspect_audit,
    [TABLE_RETAINED] = inspect_retained,   [TABLE_SELECTION] = inspect_selection,
    [TABLE_PART] = inspect_part,           [TABLE_ALERT] = inspect_alert,
    [TABLE_REVIEWER] = inspect_reviewer,   [TABLE_ITEM] = inspect_item,
    [TABLE_ITEM_ID] = inspect_item_id,     [TABLE_ITEM_OPEN] = inspect_item_open,
    [TABLE_RESULT] = inspect_result,       [TABLE_ITEM_CONTENT] = inspect_item_content,
    [TABLE_RESULT_ID] = inspect_result_id, [TABLE_RESULT_PENDING] = inspect_result_pending,
    [TABLE_ROW] = inspect_dataset_row,     [TABLE_ROW_VERSION] = inspect_row_version,
    [TABLE_CLUSTER] = inspect_cluster,     [TABLE_ERASED] = inspect_erased,
    [TABLE_REGRESSION] = inspect_regression, [TABLE_HIT] = inspect_hit,
    [TABLE_FEEDBACK] = inspect_feedback,
    [TABLE_AGREEMENT] = inspect_agreement, [TABLE_PAIR] = inspect_pair,
    [TABLE_CALIBRATION] = inspect_calibration,
};

enum status inspect_row(struct inspection *inspection, enum state_table table, struct bytes key,
                        struct bytes value, struct json_writer *to)
{
    struct buffer unread = {.limit = 1 << 26};
    struct json_writer nobody;
    json_writer_init(&nobody, &unread);
    if (!to)
        to = &nobody;
    json_object_begin(to);
    json_put_text(to, "table", table_layouts[table].name);
    json_put_uint(to, "bytes", value.size);
    enum status status =
        inspectors[table] ? inspectors[table](inspection, key, value, to) : STATUS_OK;
    json_object_end(to);
    buffer_finish(&unread);
    return status;
}

enum status inspect_end(const struct inspection *inspection)
{
    return inspection->is_inside ? STATUS_MALFORMED : STATUS_OK;
}
