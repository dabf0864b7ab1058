/* Rows of the dataset: ids, digests and numbers; what they say is never said. */
#include "state/inspect_state.h"
#include "state/tables/cluster.h"
#include "state/tables/erased.h"
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
