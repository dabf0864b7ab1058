/* Ids and times are read as these tools write them: UUIDs for traces, times without a zone. */
#include "processor/review/reviews_fields.h"

#include "processor/base/clock.h"
#include "processor/base/digest.h"

enum { UUID_CHARS = 36, SECONDS_CHARS = 19 /* "2026-11-30T09:00:00" */ };

struct bytes reviews_text(const struct json_reader *reader, const struct json_value *object,
                          const char *const *names)
{
    struct json_value member;
    for (; *names; names++)
        if (json_member(reader, object, *names, &member) && member.type == JSON_STRING &&
            member.text.size > 0)
            return member.text;
    return (struct bytes){0};
}

static bool parse_time(struct bytes text, int64_t *ret_ms)
{
    char with_zone[40];
    if (clock_parse_rfc3339(text, ret_ms) == STATUS_OK)
        return *ret_ms > 0;
    if (text.size < SECONDS_CHARS || text.size + 1 > sizeof with_zone)
        return false;
    memcpy(with_zone, text.data, text.size);
    with_zone[text.size] = 'Z'; /* without a zone it is UTC */
    return clock_parse_rfc3339(bytes_of(with_zone, text.size + 1), ret_ms) == STATUS_OK &&
           *ret_ms > 0;
}

int64_t reviews_time(const struct json_reader *reader, const struct json_value *object,
                     const char *const *names)
{
    for (; *names; names++) {
        struct bytes text = reviews_text(reader, object, (const char *const[]){*names, NULL});
        int64_t time_ms = 0;
        if (text.size > 0 && parse_time(text, &time_ms))
            return time_ms;
    }
    return 0;
}

struct bytes reviews_record_id(const struct json_reader *reader, const struct json_value *object,
                               const char *const *holders)
{
    struct json_value inner;
    struct bytes id = reviews_text(reader, object, REVIEWS_NAMES("record_id"));
    for (; id.size != UUID_CHARS && *holders; holders++)
        if (json_member(reader, object, *holders, &inner) && inner.type == JSON_OBJECT)
            id = reviews_text(reader, &inner, REVIEWS_NAMES("record_id"));
    return id.size == UUID_CHARS ? id : (struct bytes){0};
}

struct bytes reviews_trace_id(struct bytes text, struct arena *arena)
{
    char digits[32];
    uint8_t id[16];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '-')
            continue;
        if (count == sizeof digits)
            return (struct bytes){0};
        digits[count++] = (char)text.data[i];
    }
    if (count != sizeof digits || !hex_decode(id, digits, sizeof id))
        return (struct bytes){0};
    hex_encode(digits, id, sizeof id); /* lower case */
    return arena_copy(arena, bytes_of(digits, sizeof digits));
}

struct bytes reviews_conversation(struct bytes id, struct arena *arena)
{
    uint8_t digest[SHA256_SIZE];
    char digits[32];
    if (id.size == 0)
        return id;
    digest_sha256_two(digest, BYTES_LITERAL("flywheel:conversation/"), id);
    hex_encode(digits, digest, sizeof digits / 2);
    return arena_copy(arena, bytes_of(digits, sizeof digits));
}
