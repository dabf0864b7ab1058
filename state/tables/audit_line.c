/* Members in fixed order. What is read back is checked for shape alone: audit_chain says whether it
 * is true. */
#include "state/tables/audit_line.h"

#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"

static const uint8_t zeroes[AUDIT_HASH_SIZE];

static void begin(struct json_writer *json, const char *kind, const char *instance,
                  uint64_t sequence, int64_t time_ms, struct buffer *to)
{
    char time[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(time, (uint64_t)(time_ms > 0 ? time_ms : 0) * 1000000);
    json_writer_init(json, to);
    json_object_begin(json);
    json_put_text(json, "schema", AUDIT_SCHEMA_NAME);
    json_put_text(json, "kind", kind);
    json_put_text(json, "instance", instance);
    json_put_uint(json, "sequence", sequence);
    json_put_int(json, "time_ms", time_ms);
    json_put_text(json, "time", time);
}

void audit_line_write_entry(const struct audit_entry *entry, const char *instance,
                            struct buffer *to)
{
    struct json_writer json;
    begin(&json, "entry", instance, entry->sequence, entry->time_ms, to);
    json_put_bytes(&json, "actor", entry->actor);
    json_put_bytes(&json, "role", entry->role);
    json_put_text(&json, "trust", audit_trust_names[entry->trust]);
    json_put_text(&json, "action", audit_action_names[entry->action]);
    json_key(&json, "subjects");
    json_array_begin(&json);
    for (uint32_t i = 0; i < entry->subject_count; i++) {
        json_object_begin(&json);
        json_put_text(&json, "kind", entry->subjects[i].kind);
        json_put_bytes(&json, "id", entry->subjects[i].id);
        json_object_end(&json);
    }
    json_array_end(&json);
    if (memcmp(entry->content, zeroes, sizeof zeroes) != 0)
        json_put_hex(&json, "content", entry->content, AUDIT_HASH_SIZE);
    json_put_hex(&json, "previous", entry->previous, AUDIT_HASH_SIZE);
    json_put_hex(&json, "hash", entry->hash, AUDIT_HASH_SIZE);
    json_object_end(&json);
}

void audit_line_write_checkpoint(const struct audit_checkpoint *checkpoint, const char *instance,
                                 struct buffer *to)
{
    struct json_writer json;
    begin(&json, "checkpoint", instance, checkpoint->sequence, checkpoint->time_ms, to);
    json_put_hex(&json, "hash", checkpoint->hash, AUDIT_HASH_SIZE);
    json_object_end(&json);
}

/* --- reading --- */

static bool read_hash(const struct json_value *value, uint8_t to[AUDIT_HASH_SIZE])
{
    return value->type == JSON_STRING && value->text.size == 2 * AUDIT_HASH_SIZE &&
           hex_decode(to, (const char *)value->text.data, AUDIT_HASH_SIZE);
}

static bool read_number(const struct json_value *value, int64_t *ret)
{
    bool is_whole = value->type == JSON_NUMBER && value->number >= -9007199254740992.0 &&
                    value->number <= 9007199254740992.0;
    *ret = is_whole ? (int64_t)value->number : 0;
    return is_whole && (double)*ret == value->number;
}

static bool read_name(struct bytes text, const char *const *names, uint32_t count, uint32_t *ret)
{
    for (*ret = 0; *ret < count; ++*ret)
        if (bytes_equal_text(text, names[*ret]))
            return true;
    return false;
}

static const char *text_in(struct arena *arena, struct bytes text)
{
    char *copy = text.size < AUDIT_NAME_BYTES_MAX ? arena_zalloc(arena, 1, text.size + 1) : NULL;
    if (copy)
        memcpy(copy, text.data, text.size);
    return copy && strlen(copy) == text.size ? copy : NULL;
}

static bool read_subjects(const struct json_reader *reader, const struct json_value *list,
                          struct arena *arena, struct audit_entry *entry)
{
    struct json_reader items;
    struct json_value item, kind, id;
    if (list->type != JSON_ARRAY)
        return false;
    json_children(reader, list, &items);
    while (json_next(&items, &item) == JSON_OBJECT) {
        if (entry->subject_count == AUDIT_SUBJECTS_MAX ||
            !json_member(&items, &item, "kind", &kind) || kind.type != JSON_STRING ||
            !json_member(&items, &item, "id", &id) || id.type != JSON_STRING ||
            id.text.size > AUDIT_SUBJECT_BYTES_MAX)
            return false;
        struct audit_subject *subject = &entry->subjects[entry->subject_count++];
        subject->id = id.text;
        subject->kind = text_in(arena, kind.text);
        if (!subject->kind)
            return false;
    }
    return item.type == JSON_END;
}

static bool read_entry(const struct json_reader *reader, const struct json_value *object,
                       struct arena *arena, struct audit_entry *entry)
{
    struct json_value actor, role, trust, action, subjects, content, previous, hash;
    uint32_t trust_number, action_number;
    if (!json_member(reader, object, "actor", &actor) || actor.type != JSON_STRING ||
        !json_member(reader, object, "role", &role) || role.type != JSON_STRING ||
        !json_member(reader, object, "trust", &trust) || trust.type != JSON_STRING ||
        !json_member(reader, object, "action", &action) || action.type != JSON_STRING ||
        !json_member(reader, object, "subjects", &subjects) ||
        !json_member(reader, object, "previous", &previous) ||
        !json_member(reader, object, "hash", &hash))
        return false;
    entry->actor = actor.text;
    entry->role = role.text;
    if (!read_name(trust.text, audit_trust_names, AUDIT_TRUSTS, &trust_number) ||
        !read_name(action.text, audit_action_names, AUDIT_ACTIONS, &action_number) ||
        !read_subjects(reader, &subjects, arena, entry))
        return false;
    entry->trust = trust_number;
    entry->action = action_number;
    if (json_member(reader, object, "content", &content) && !read_hash(&content, entry->content))
        return false;
    return read_hash(&previous, entry->previous) && read_hash(&hash, entry->hash);
}

enum status audit_line_read(struct bytes line, struct arena *arena, struct audit_line *ret_line)
{
    struct json_reader reader;
    struct json_value object, schema, kind, sequence, time, instance, hash;
    struct audit_line read = {0};
    int64_t number, time_ms;
    if (!json_parse(line, arena, &reader, &object) || object.type != JSON_OBJECT ||
        !json_member(&reader, &object, "schema", &schema) ||
        !bytes_equal_text(schema.text, AUDIT_SCHEMA_NAME) ||
        !json_member(&reader, &object, "kind", &kind) ||
        !json_member(&reader, &object, "sequence", &sequence) || !read_number(&sequence, &number) ||
        number <= 0 || !json_member(&reader, &object, "time_ms", &time) ||
        !read_number(&time, &time_ms))
        return STATUS_MALFORMED;
    if (json_member(&reader, &object, "instance", &instance))
        read.instance = instance.text;
    read.is_checkpoint = bytes_equal_text(kind.text, "checkpoint");
    bool is_read;
    if (read.is_checkpoint) {
        read.checkpoint.sequence = (uint64_t)number;
        read.checkpoint.time_ms = time_ms;
        is_read =
            json_member(&reader, &object, "hash", &hash) && read_hash(&hash, read.checkpoint.hash);
    } else {
        read.entry.sequence = (uint64_t)number;
        read.entry.time_ms = time_ms;
        is_read = bytes_equal_text(kind.text, "entry") &&
                  read_entry(&reader, &object, arena, &read.entry);
    }
    if (!is_read || arena->failed)
        return STATUS_MALFORMED;
    *ret_line = read;
    return STATUS_OK;
}
