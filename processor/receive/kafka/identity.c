/* An offset is a number: a topic that was deleted, made anew and filled past the old position has a
 * message there, too. So the last message that was handed over is remembered, by the store as well,
 * and met again before anything new is read:
 *
 *   known ------ next_offset                     start: from the store's mark; later: the last one
 *     | read again
 *     |--- looks the same ------------------> go on, hand over from next_offset
 *     |--- another one, or the end before it -> another topic: reset, from its first message
 *     \--- not there (expired, compacted) ----> go on, but if the group's offset is lost as well: reset
 */
#include "processor/receive/kafka/identity.h"

#include <string.h>

#include "processor/base/digest.h"

enum { EDGE = 512 };

/* The first and the last bytes of a key or a value, behind its size. */
static size_t put_edges(uint8_t *to, const void *data, size_t size)
{
    size_t part = !data ? 0 : size < EDGE ? size : EDGE;
    put_be64(to, data ? size : UINT64_MAX);
    if (part > 0) {
        memcpy(to + 8, data, part);
        memcpy(to + 8 + part, (const uint8_t *)data + size - part, part);
    }
    return 8 + 2 * part;
}

/* Timestamp, sizes, and both ends of key and value: an OTLP message holds ids and times there. */
void kafka_describe(const rd_kafka_message_t *message, uint8_t digest[REQUEST_ORIGIN_SIZE])
{
    uint8_t text[8 + 2 * (8 + 2 * EDGE)], sha[SHA256_SIZE];
    rd_kafka_timestamp_type_t type;
    put_be64(text, (uint64_t)rd_kafka_message_timestamp(message, &type));
    size_t size = 8 + put_edges(text + 8, message->key, message->key_len);
    size += put_edges(text + size, message->payload, message->len);
    digest_sha256(sha, bytes_of(text, size));
    memcpy(digest, sha, REQUEST_ORIGIN_SIZE);
}

int64_t kafka_read_from(const struct partition *partition)
{
    const struct known_message *known = &partition->known;
    return known->offset >= 0 && known->offset < partition->next_offset ? known->offset
                                                                        : partition->next_offset;
}

static bool can_not_tell(struct partition *partition)
{
    if (partition->is_unproven)
        return false;
    partition->known.offset = -1;
    return true;
}

bool kafka_is_same(struct partition *partition, const rd_kafka_message_t *message)
{
    const struct known_message *known = &partition->known;
    if (known->offset < 0 || message->offset < known->offset)
        return true;
    if (message->offset > known->offset)
        return can_not_tell(partition);
    uint8_t digest[REQUEST_ORIGIN_SIZE];
    kafka_describe(message, digest);
    if (memcmp(digest, known->digest, sizeof digest) != 0)
        return false;
    partition->known.offset = -1;
    partition->is_unproven = false;
    return true;
}

bool kafka_is_same_at_end(struct partition *partition, int64_t offset)
{
    if (partition->known.offset < 0)
        return true;
    return offset > partition->known.offset && can_not_tell(partition);
}
