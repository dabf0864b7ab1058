/* Texts of a record: masked, cut to the cap of their class, measured for the next plan. A cap
 * counts bytes of JSON, because that is what the limit of a record counts: a control character is
 * six. */
#include "processor/emit/record/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "processor/base/digest.h"
#include "processor/base/text/utf8.h"

enum { ESCAPE_MAX = 6, MEASURED_MIN = 128 };

/* Bytes of JSON of the code point at `at`, as the writer escapes it (or more). */
static size_t escaped_size(struct bytes text, size_t at, size_t *ret_next)
{
    uint8_t c = text.data[at];
    *ret_next = at + 1;
    if (c < 0x20)
        return c == '\n' || c == '\r' || c == '\t' ? 2 : ESCAPE_MAX;
    if (c < 0x80)
        return c == '"' || c == '\\' ? 2 : 1;
    (void)utf8_decode(text, at, ret_next);
    size_t size = *ret_next - at;
    return size > 1 ? size : 3; /* an invalid byte becomes U+FFFD */
}

/* The longest prefix of at most `cap` bytes of JSON. */
static struct bytes json_prefix(struct bytes text, size_t cap)
{
    size_t at = 0, size = 0, next;
    while (at < text.size) {
        size += escaped_size(text, at, &next);
        if (size > cap)
            break;
        at = next;
    }
    return bytes_of(text.data, at);
}

static size_t json_size(struct bytes text)
{
    size_t size = 0;
    for (size_t at = 0; at < text.size;)
        size += escaped_size(text, at, &at);
    return size;
}

static void remember_size(struct record_writer *record, enum text_class class, size_t size)
{
    struct text_sizes *sizes = &record->measured.sizes[class];
    if (size < MEASURED_MIN)
        return;
    if (sizes->count == sizes->capacity) {
        uint32_t capacity = sizes->capacity ? sizes->capacity * 2 : 64;
        uint32_t *items = arena_alloc(record->input->arena, capacity * sizeof *items);
        if (!items) {
            record->failed = true;
            return;
        }
        if (sizes->count)
            memcpy(items, sizes->items, sizes->count * sizeof *items);
        sizes->items = items;
        sizes->capacity = capacity;
    }
    sizes->items[sizes->count++] = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

void record_string(struct record_writer *record, enum text_class class, struct bytes text,
                   struct text_field field)
{
    size_t cap = record->plan.caps[class];
    struct buffer *to = record->json.to;
    if (text.size > cap / ESCAPE_MAX) {
        size_t whole = text.size > cap + CUT_COST ? SIZE_MAX : json_size(text);
        if (whole > cap + CUT_COST) {
            record_truncation(record, field, text.size);
            text = json_prefix(text, cap);
        }
    }
    if (to->size - record->start + record->unwritten > REVIEW_RECORD_MAX && class < TEXT_REASON) {
        size_t size = json_size(text);
        record->unwritten += size;
        remember_size(record, class, size);
        json_text(&record->json, "");
        return;
    }
    size_t before = to->size;
    json_string(&record->json, text);
    remember_size(record, class, to->size - before);
}

bool record_has_content(const struct record_writer *record)
{
    enum redaction_content content = record->input->redaction->content;
    return content == REDACT_REDACTED || content == REDACT_FULL;
}

struct redacted_text record_redact(struct record_writer *record, struct bytes text,
                                   struct text_field field)
{
    const struct review_input *input = record->input;
    uint32_t before = record->counts.given_up;
    struct redacted_text redacted =
        redact_text(input->redaction, input->scratch, text, input->arena, &record->counts);
    if (record->counts.given_up > before)
        record_truncation(record, field, text.size);
    return redacted;
}

struct bytes record_content(struct record_writer *record, const char *key, enum text_class class,
                            struct bytes text, struct text_field field)
{
    struct redacted_text redacted = record_redact(record, text, field);
    if (!redacted.text.data)
        return redacted.text;
    json_key(&record->json, key);
    record_string(record, class, redacted.text, field);
    return redacted.text;
}

struct bytes record_redact_name(struct record_writer *record, struct bytes name)
{
    const struct review_input *input = record->input;
    return redact_name(input->redaction, input->scratch, name, input->arena, &record->counts);
}

struct bytes record_name(struct record_writer *record, const char *key, struct bytes name,
                         struct text_field field)
{
    name = record_redact_name(record, name);
    if (!name.data)
        return name;
    json_key(&record->json, key);
    record_string(record, TEXT_NAME, name, field);
    return name;
}

void record_digest(struct record_writer *record, const char *name, struct bytes text)
{
    uint8_t digest[SHA256_SIZE];
    if (!record->digests || !text.data)
        return;
    digest_sha256_two(digest, bytes_of_text(name), text);
    buffer_append(record->digests, digest, sizeof digest);
}

void record_id(struct record_writer *record, const char *key, struct bytes attribute,
               struct bytes value, struct text_field field)
{
    const struct review_input *input = record->input;
    value = redact_identifier(input->redaction, attribute, value, input->arena, &record->counts);
    record_name(record, key, value, field);
}

void record_names(struct record_writer *record, const char *key, const struct bytes_list *names,
                  struct text_field field)
{
    json_key(&record->json, key);
    json_array_begin(&record->json);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        bytes += names->items[i].size;
        struct bytes name = i < record->plan.list_max ? record_redact_name(record, names->items[i])
                                                      : (struct bytes){0};
        if (name.data)
            record_string(record, TEXT_NAME, name,
                          (struct text_field){field.name, i, field.member});
    }
    json_array_end(&record->json);
    if (names->count > record->plan.list_max)
        record_truncation(record, field, bytes);
}

void record_truncation(struct record_writer *record, struct text_field field, uint64_t bytes)
{
    if (record->cut_count == record->cut_capacity) {
        uint32_t capacity = record->cut_capacity ? record->cut_capacity * 2 : 16;
        struct truncation *cuts = arena_alloc(record->input->arena, capacity * sizeof *cuts);
        if (!cuts) {
            record->failed = true;
            return;
        }
        if (record->cut_count)
            memcpy(cuts, record->cuts, record->cut_count * sizeof *cuts);
        record->cuts = cuts;
        record->cut_capacity = capacity;
    }
    record->cuts[record->cut_count++] = (struct truncation){field, bytes};
}

void record_ms(struct record_writer *record, const char *key, int64_t ns)
{
    json_key(&record->json, key);
    /* Up to 15 significant digits the exact decimal is the shortest that reads back the same. */
    if (ns <= -1000000000000000 || ns >= 1000000000000000) {
        json_double(&record->json, (double)ns / 1e6);
        return;
    }
    char text[24];
    size_t at = sizeof text;
    uint64_t rest = (uint64_t)(ns < 0 ? -ns : ns);
    uint64_t fraction = rest % 1000000;
    rest /= 1000000;
    if (fraction) {
        int digits = 6;
        for (; fraction % 10 == 0; digits--)
            fraction /= 10;
        for (; digits > 0; digits--, fraction /= 10)
            text[--at] = (char)('0' + fraction % 10);
        text[--at] = '.';
    }
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (ns < 0)
        text[--at] = '-';
    json_raw(&record->json, bytes_of(text + at, sizeof text - at));
}

void record_cut_path(const struct text_field *field, char ret_path[RECORD_PATH_SIZE])
{
    const char *point = field->member ? "." : "", *member = field->member ? field->member : "";
    int size = field->index == NO_INDEX
                   ? snprintf(ret_path, RECORD_PATH_SIZE, "%s%s%s", field->name, point, member)
                   : snprintf(ret_path, RECORD_PATH_SIZE, "%s[%" PRIu32 "]%s%s", field->name,
                              field->index, point, member);
    assert(size > 0 && size < RECORD_PATH_SIZE);
}

void record_cuts(struct record_writer *record)
{
    struct json_writer *json = &record->json;
    size_t before = json->to->size;
    json_key(json, "truncation");
    json_array_begin(json);
    for (uint32_t i = 0; i < record->cut_count; i++) {
        char path[RECORD_PATH_SIZE];
        record_cut_path(&record->cuts[i].field, path);
        json_object_begin(json);
        json_put_text(json, "field", path);
        json_put_uint(json, "original_bytes", record->cuts[i].original_bytes);
        json_object_end(json);
    }
    json_array_end(json);
    record->measured.cuts_bytes = json->to->size - before;
}
