/* Rows of the dataset: ids, digests and numbers; what they say is never said. */
#include "state/inspect_state.h"
#include "state/store/value.h"
#include "state/tables/cluster.h"
#include "state/tables/erased.h"
#include "state/tables/regression.h"
#include "state/tables/row.h"

enum status inspect_dataset_row(struct inspection *inspection, struct bytes key, struct bytes value,
                                struct json_writer *to)
{
    struct row_entry entry;
    (void)inspection;
    if (row_entry_decode(key, value, &entry) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_hex(to, "row_id", entry.row_id, sizeof entry.row_id);
    json_put_text(to, "state", row_state_names[entry.state]);
    json_put_uint(to, "revision", entry.revision);
    json_put_uint(to, "version", entry.version);
    json_put_hex(to, "cluster", entry.cluster, sizeof entry.cluster);
    json_put_uint(to, "split", entry.split);
    json_put_uint(to, "regression", entry.is_regression);
    json_put_uint(to, "erased", entry.is_erased);
    json_put_uint(to, "occurrences", entry.occurrences);
    json_put_bytes(to, "failure_mode", entry.failure_mode);
    json_put_bytes(to, "reason", entry.reason);
    return STATUS_OK;
}

/* Chunks follow each other until the body is whole. */
enum status inspect_row_version(struct inspection *inspection, struct bytes key, struct bytes value,
                                struct json_writer *to)
{
    struct row_version_head head;
    if (row_version_decode(key, value, &head) != STATUS_OK)
        return STATUS_MALFORMED;
    uint16_t chunk = get_be16(key.data + key.size - 2);
    struct bytes item = bytes_of(key.data, key.size - 2);
    bool was_inside = inspection->is_inside;
    if (chunk == 0) {
        inspection->item.size = 0;
        key_raw(&inspection->item, item);
        inspection->left = head.body_size;
    } else if (!was_inside || chunk != inspection->next_chunk ||
               !bytes_equal(item, key_bytes(&inspection->item))) {
        return STATUS_MALFORMED;
    }
    if (head.part_size > inspection->left)
        return STATUS_MALFORMED;
    inspection->left -= head.part_size;
    inspection->next_chunk = chunk + 1u;
    inspection->is_inside = inspection->left > 0;
    json_put_uint(to, "version", head.version);
    json_put_hex(to, "row_id", head.row_id, sizeof head.row_id);
    json_put_uint(to, "chunk", chunk);
    if (chunk == 0) {
        json_put_uint(to, "action", head.action);
        json_put_uint(to, "revision", head.revision);
        json_put_uint(to, "body_bytes", head.body_size);
    }
    return chunk == 0 && was_inside ? STATUS_MALFORMED : STATUS_OK;
}

enum status inspect_cluster(struct inspection *inspection, struct bytes key, struct bytes value,
                            struct json_writer *to)
{
    (void)inspection;
    if (cluster_row_check(key, value) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_bytes(to, "kind", bytes_of(key.data, 1));
    json_put_hex(to, "key", key.data + 1, key.size - 1);
    return STATUS_OK;
}

enum status inspect_erased(struct inspection *inspection, struct bytes key, struct bytes value,
                           struct json_writer *to)
{
    (void)inspection;
    if (key.size != FINGERPRINT_SIZE || value.size != 1)
        return STATUS_MALFORMED;
    json_put_hex(to, "fingerprint", key.data, key.size);
    return STATUS_OK;
}

/* --- what the regression set met --- */

static int64_t sum_of(const int64_t counts[REGRESSION_VERDICTS])
{
    int64_t sum = 0;
    for (int i = 0; i < REGRESSION_VERDICTS; i++)
        sum = value_sum(sum, counts[i]);
    return sum;
}

enum status inspect_regression(struct inspection *inspection, struct bytes key, struct bytes value,
                               struct json_writer *to)
{
    struct regression_any row;
    (void)inspection;
    if (regression_decode(key, value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    bool is_release = row.kind == 'r';
    json_put_bytes(to, "kind", bytes_of(&row.kind, 1));
    json_put_hex(to, "release", is_release ? row.release.id : row.count.release,
                 REGRESSION_ID_SIZE);
    if (is_release) {
        json_put_int(to, "runs", sum_of(row.release.runs));
        json_put_int(to, "hits", sum_of(row.release.hits));
        json_put_int(to, "near", sum_of(row.release.near));
        json_put_int(to, "first_ms", row.release.first_ms);
        json_put_int(to, "last_ms", row.release.last_ms);
        return STATUS_OK;
    }
    json_put_hex(to, "row_id", row.count.row_id, REGRESSION_ID_SIZE);
    json_put_int(to, "matched", row.count.matched);
    json_put_int(to, "passed", row.count.passed);
    json_put_int(to, "failed", row.count.failed);
    json_put_int(to, "borderline", row.count.borderline);
    json_put_int(to, "last_ms", row.count.last_ms);
    return STATUS_OK;
}

enum status inspect_hit(struct inspection *inspection, struct bytes key, struct bytes value,
                        struct json_writer *to)
{
    struct regression_hit_hour row;
    (void)inspection;
    if (regression_hit_hour_decode(key, value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_int(to, "hour", row.hour);
    json_put_hex(to, "row_id", row.row_id, sizeof row.row_id);
    json_put_uint(to, "hits", row.hits);
    json_put_uint(to, "emitted", row.emitted);
    json_put_uint(to, "halvings", row.halvings);
    return STATUS_OK;
}
