/* Of a digest the first eight bytes: enough to tell one dataset's versions apart. */
#include "processor/review/row_snapshot.h"

void row_snapshot_add(struct row_snapshot *snapshot, const uint8_t row_id[16],
                      uint32_t row_revision, enum row_split split,
                      const uint8_t sha256[SHA256_SIZE])
{
    char text[UUID_TEXT_SIZE], digest[2 * SHA256_SIZE];
    row_id_text(text, row_id);
    hex_encode(digest, sha256, SHA256_SIZE);
    buffer_printf(&snapshot->lines, "%s %u %s %.64s\n", text, row_revision, row_split_names[split],
                  digest);
}

bool row_snapshot_finish(struct row_snapshot *snapshot, char ret_text[SNAPSHOT_TEXT_SIZE])
{
    uint8_t hash[SHA256_SIZE];
    bool is_whole = !snapshot->lines.failed;
    digest_sha256(hash, buffer_bytes(&snapshot->lines));
    hex_encode(ret_text, hash, (SNAPSHOT_TEXT_SIZE - 1) / 2);
    ret_text[SNAPSHOT_TEXT_SIZE - 1] = 0;
    buffer_finish(&snapshot->lines);
    return is_whole;
}
