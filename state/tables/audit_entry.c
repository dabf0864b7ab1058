/* value = u8 version | signed time_ms | bytes actor | bytes role | u8 trust | u8 action |
 *         u8 count (bytes kind with its NUL, u8 form, bytes id) | u8 has content [32] |
 *         previous 32 | hash 32
 * Forms of an id: 0 text, 1 lower-case hexadecimal, 2 a UUID; the latter two as their bytes. So an
 * entry about an item, a record and a row takes about 200 bytes. */
#include "state/tables/audit_entry.h"

#include <assert.h>

#include "processor/base/digest.h"
#include "state/store/value.h"

enum { AUDIT_VERSION = 1, VALUE_BYTES_MAX = 4096, UUID_SIZE = 16 };
enum id_form { ID_TEXT, ID_HEX, ID_UUID, ID_FORMS };

const char *const audit_action_names[AUDIT_ACTIONS] = {
    [AUDIT_RESULT_ACCEPTED] = "result.accepted",
    [AUDIT_RESULT_REVISED] = "result.revised",
    [AUDIT_RESULT_WITHDRAWN] = "result.withdrawn",
    [AUDIT_DECISION] = "decision",
    [AUDIT_ADJUDICATION] = "adjudication",
    [AUDIT_ROW_ADDED] = "row.added",
    [AUDIT_ROW_REVISED] = "row.revised",
    [AUDIT_ROW_RETIRED] = "row.retired",
    [AUDIT_SPLIT_ASSIGNED] = "split.assigned",
    [AUDIT_ROW_SEVERITY] = "row.severity",
    [AUDIT_DATASET_TAG] = "dataset.tag",
    [AUDIT_DATASET_EXPORTED] = "dataset.exported",
    [AUDIT_DATASET_ERASED] = "dataset.erased",
    [AUDIT_LABEL_SET_CHANGED] = "label_set.changed",
    [AUDIT_RULESET_CHANGED] = "ruleset.changed",
    [AUDIT_REGRESSION_CHANGED] = "regression.changed",
    [AUDIT_REVIEWER_ADDED] = "reviewer.added",
    [AUDIT_REVIEWER_DISABLED] = "reviewer.disabled",
    [AUDIT_ITEM_SERVED] = "item.served",
    [AUDIT_RESTORED] = "audit.restored",
    [AUDIT_GATE_VERDICT] = "gate.verdict",
};
const char *const audit_trust_names[AUDIT_TRUSTS] = {"authenticated", "declared", "imported",
                                                     "system"};

static const uint8_t zeroes[AUDIT_HASH_SIZE];

static bool is_hex(struct bytes id)
{
    for (size_t i = 0; i < id.size; i++)
        if (!((id.data[i] >= '0' && id.data[i] <= '9') || (id.data[i] >= 'a' && id.data[i] <= 'f')))
            return false;
    return id.size > 0 && id.size % 2 == 0;
}

static const uint8_t uuid_groups[] = {8, 4, 4, 4, 12};

/* The 32 digits of a UUID. */
static bool uuid_digits(struct bytes id, char ret_digits[2 * UUID_SIZE])
{
    size_t from = 0, to = 0;
    if (id.size != UUID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < sizeof uuid_groups; i++) {
        memcpy(ret_digits + to, id.data + from, uuid_groups[i]);
        from += uuid_groups[i], to += uuid_groups[i];
        if (from < id.size && id.data[from++] != '-')
            return false;
    }
    return is_hex(bytes_of(ret_digits, 2 * UUID_SIZE));
}

static void put_id(struct buffer *to, struct bytes id)
{
    char digits[2 * UUID_SIZE];
    uint8_t raw[AUDIT_SUBJECT_BYTES_MAX];
    struct bytes text = {id.data, id.size < sizeof raw ? id.size : sizeof raw};
    enum id_form form = uuid_digits(text, digits) ? ID_UUID : is_hex(text) ? ID_HEX : ID_TEXT;
    bool is_read = true;
    buffer_append_byte(to, (uint8_t)form);
    if (form == ID_UUID)
        is_read = hex_decode(raw, digits, UUID_SIZE), text = bytes_of(raw, UUID_SIZE);
    else if (form == ID_HEX)
        is_read = hex_decode(raw, (const char *)text.data, text.size / 2),
        text = bytes_of(raw, text.size / 2);
    assert(is_read);
    value_put_bytes(to, text);
}

static struct bytes get_id(struct value_reader *reader, char to[AUDIT_SUBJECT_BYTES_MAX])
{
    enum id_form form = value_get_u8(reader);
    struct bytes raw = value_get_bytes(reader);
    size_t size = 2 * raw.size;
    reader->failed |= form >= ID_FORMS || raw.size > AUDIT_SUBJECT_BYTES_MAX ||
                      (form == ID_HEX && size > AUDIT_SUBJECT_BYTES_MAX) ||
                      (form == ID_UUID && raw.size != UUID_SIZE);
    if (reader->failed || form == ID_TEXT)
        return reader->failed ? bytes_of("", 0) : raw;
    char digits[AUDIT_SUBJECT_BYTES_MAX];
    hex_encode(digits, raw.data, raw.size);
    if (form == ID_HEX) {
        memcpy(to, digits, size);
        return bytes_of(to, size);
    }
    size_t from = 0, at = 0;
    for (size_t i = 0; i < sizeof uuid_groups; i++) {
        if (i > 0)
            to[at++] = '-';
        memcpy(to + at, digits + from, uuid_groups[i]);
        from += uuid_groups[i], at += uuid_groups[i];
    }
    return bytes_of(to, at);
}

static struct bytes cut_name_of(struct bytes name)
{
    return (struct bytes){name.data,
                          name.size < AUDIT_NAME_BYTES_MAX ? name.size : AUDIT_NAME_BYTES_MAX};
}

/* Everything but the hash. */
static void encode(const struct audit_entry *entry, struct buffer *to)
{
    assert(entry->subject_count <= AUDIT_SUBJECTS_MAX && entry->action < AUDIT_ACTIONS);
    buffer_append_byte(to, AUDIT_VERSION);
    value_put_signed(to, entry->time_ms);
    value_put_bytes(to, cut_name_of(entry->actor));
    value_put_bytes(to, cut_name_of(entry->role));
    buffer_append_byte(to, (uint8_t)entry->trust);
    buffer_append_byte(to, (uint8_t)entry->action);
    buffer_append_byte(to, (uint8_t)entry->subject_count);
    for (uint32_t i = 0; i < entry->subject_count; i++) {
        size_t size = strlen(entry->subjects[i].kind);
        assert(size < AUDIT_NAME_BYTES_MAX);
        value_put_bytes(to, bytes_of(entry->subjects[i].kind, size + 1));
        put_id(to, entry->subjects[i].id);
    }
    bool has_content = memcmp(entry->content, zeroes, sizeof zeroes) != 0;
    buffer_append_byte(to, has_content);
    if (has_content)
        buffer_append(to, entry->content, sizeof entry->content);
    buffer_append(to, entry->previous, sizeof entry->previous);
}

static void hash_of(uint64_t sequence, struct bytes encoded, uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    uint8_t key[8];
    put_be64(key, sequence);
    digest_sha256_two(ret_hash, bytes_of(key, sizeof key), encoded);
}

void audit_encode(const struct audit_entry *entry, struct buffer *to,
                  uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    encode(entry, to);
    hash_of(entry->sequence, buffer_bytes(to), ret_hash);
}

void audit_hash(const struct audit_entry *entry, uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    uint8_t memory[VALUE_BYTES_MAX];
    struct buffer value = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    audit_encode(entry, &value, ret_hash);
    assert(!value.failed);
}

/* A name that ends in its NUL and holds no other, so that it may be borrowed as a string. */
static const char *get_kind(struct value_reader *reader)
{
    struct bytes kind = value_get_bytes(reader);
    reader->failed |= kind.size == 0 || kind.size > AUDIT_NAME_BYTES_MAX ||
                      memchr(kind.data, 0, kind.size) != kind.data + kind.size - 1;
    return reader->failed ? "" : (const char *)kind.data;
}

enum status audit_decode(uint64_t sequence, struct bytes value, struct audit_texts *texts,
                         struct audit_entry *ret_entry)
{
    struct value_reader reader;
    struct audit_entry entry = {.sequence = sequence};
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != AUDIT_VERSION)
        return STATUS_MALFORMED;
    entry.time_ms = value_get_signed(&reader);
    entry.actor = value_get_bytes(&reader);
    entry.role = value_get_bytes(&reader);
    entry.trust = value_get_u8(&reader);
    entry.action = value_get_u8(&reader);
    entry.subject_count = value_get_u8(&reader);
    if (entry.subject_count > AUDIT_SUBJECTS_MAX || entry.trust >= AUDIT_TRUSTS ||
        entry.action >= AUDIT_ACTIONS)
        return STATUS_MALFORMED;
    for (uint32_t i = 0; i < entry.subject_count; i++) {
        entry.subjects[i].kind = get_kind(&reader);
        entry.subjects[i].id = get_id(&reader, texts->ids[i]);
    }
    if (value_get_u8(&reader) != 0)
        value_get_copy(&reader, entry.content, AUDIT_HASH_SIZE);
    value_get_copy(&reader, entry.previous, AUDIT_HASH_SIZE);
    value_get_copy(&reader, entry.hash, AUDIT_HASH_SIZE);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_entry = entry;
    return status;
}
