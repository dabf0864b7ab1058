/* A row is read as its schema (proto/row.schema.json) has it: what a member is not, it is refused for;
 * members that nobody here asks for are passed over. */
#include "pipelines/decide/regression_state.h"
#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/text/utf8.h"
#include "processor/review/question.h"
#include "processor/review/row_numbers.h"

enum { SAID_BEFORE_BYTES_MAX = 512, DAY_MS = 86400000 };

struct row_reading {
    struct json_reader reader;
    struct json_value row, checks;
    struct arena *scratch, *arena;
    const struct facts_text *open; /* numbers that are a customer's own; NULL: none */
    struct regression_row *to;
    bool is_any; /* not regression rows alone */
};

/* --- questions --- */

struct bytes regression_question(struct bytes question, struct bytes said_before,
                                 struct arena *arena)
{
    struct bytes asked = question_normalize(question, arena);
    if (asked.size == 0 || asked.size >= QUESTION_ALONE_BYTES || said_before.size == 0)
        return asked;
    struct bytes before = utf8_cut(question_normalize(said_before, arena), SAID_BEFORE_BYTES_MAX);
    uint8_t *both = arena_alloc(arena, before.size + 1 + asked.size);
    if (!both)
        return (struct bytes){0};
    if (before.size > 0)
        memcpy(both, before.data, before.size);
    both[before.size] = '\n';
    memcpy(both + before.size + 1, asked.data, asked.size);
    return bytes_of(both, before.size + 1 + asked.size);
}

/* --- members --- */

static bool text_member(const struct row_reading *it, const struct json_value *object,
                        const char *name, struct bytes *ret)
{
    struct json_value found;
    *ret = (struct bytes){0};
    if (!json_member(&it->reader, object, name, &found))
        return true;
    *ret = found.text;
    return found.type == JSON_STRING;
}

static bool bool_member(const struct row_reading *it, const struct json_value *object,
                        const char *name)
{
    struct json_value found;
    return json_member(&it->reader, object, name, &found) && found.type == JSON_BOOL &&
           found.boolean;
}

static bool read_identity(struct row_reading *it)
{
    struct json_value revision;
    struct bytes schema, row_id, action, split, digest;
    struct regression_row *to = it->to;
    if (!text_member(it, &it->row, "schema", &schema) ||
        !bytes_equal_text(schema, ROW_SCHEMA_NAME) ||
        !text_member(it, &it->row, "row_id", &row_id) || !row_id_parse(row_id, to->row_id) ||
        !text_member(it, &it->row, "action", &action) ||
        !text_member(it, &it->row, "split", &split) ||
        !text_member(it, &it->row, "sha256", &digest) ||
        !json_member(&it->reader, &it->row, "row_revision", &revision) ||
        revision.type != JSON_NUMBER || !(revision.number >= 1 && revision.number <= UINT32_MAX))
        return false;
    row_id_text(to->row_id_text, to->row_id);
    to->revision = (uint32_t)revision.number;
    while (to->split < ROW_SPLITS && !bytes_equal_text(split, row_split_names[to->split]))
        to->split++;
    bool is_retired = bytes_equal_text(action, row_action_names[ROW_RETIRE]);
    to->is_live = !is_retired && to->split == SPLIT_EVAL &&
                  (it->is_any || bool_member(it, &it->row, "regression"));
    bool has_digest = digest.size == 2 * SHA256_SIZE &&
                      hex_decode(to->sha256, (const char *)digest.data, SHA256_SIZE);
    return to->split < ROW_SPLITS && (is_retired || has_digest);
}

/* --- facts --- */

/* Does a text of a row hold the mark of something that was masked? */
static bool has_mask(struct bytes text)
{
    for (size_t i = 0; i < MASK_KINDS; i++)
        if (text.size > 0 && memmem(text.data, text.size, mask_marks[i], strlen(mask_marks[i])))
            return true;
    return false;
}

static bool add_alternative(const struct row_reading *it, const struct json_value *value,
                            struct regression_demand *demand)
{
    if (value->type != JSON_STRING || demand->count == RESULT_ALTERNATIVES_MAX ||
        value->text.size > RESULT_ALTERNATIVE_BYTES_MAX)
        return false;
    it->to->has_masked_facts |= has_mask(value->text);
    demand->texts[demand->count] = arena_copy(it->arena, value->text);
    demand->phrases[demand->count++] =
        facts_phrase_read(value->text, it->open, it->scratch, it->arena);
    return true;
}

static bool read_demand(const struct row_reading *it, const struct json_value *list,
                        const struct json_reader *from, struct regression_demand *demand)
{
    struct json_reader items;
    struct json_value item;
    if (list->type != JSON_ARRAY)
        return false;
    json_children(from, list, &items);
    while (json_next(&items, &item) != JSON_END)
        if (item.type == JSON_BROKEN || !add_alternative(it, &item, demand))
            return false;
    return demand->count > 0;
}

static bool read_demands(const struct row_reading *it, const char *name,
                         struct regression_demands *demands)
{
    struct json_value list, item;
    struct json_reader items;
    struct regression_demand read[RESULT_CHECKS_MAX] = {0};
    if (!json_member(&it->reader, &it->checks, name, &list))
        return true;
    if (list.type != JSON_ARRAY)
        return false;
    json_children(&it->reader, &list, &items);
    for (; json_next(&items, &item) != JSON_END; demands->count++)
        if (demands->count == RESULT_CHECKS_MAX ||
            !read_demand(it, &item, &items, &read[demands->count]))
            return false;
    demands->items = arena_zalloc(it->arena, demands->count, sizeof *read);
    if (demands->count > 0 && demands->items)
        memcpy(demands->items, read, demands->count * sizeof *read);
    return true;
}

static bool read_names(const struct row_reading *it, const char *name, struct bytes_list *names)
{
    struct json_value list, item;
    struct json_reader items;
    struct bytes read[RESULT_TOOLS_MAX];
    if (!json_member(&it->reader, &it->checks, name, &list))
        return true;
    if (list.type != JSON_ARRAY)
        return false;
    json_children(&it->reader, &list, &items);
    while (json_next(&items, &item) != JSON_END) {
        if (item.type != JSON_STRING || names->count == RESULT_TOOLS_MAX)
            return false;
        read[names->count++] = arena_copy(it->arena, item.text);
    }
    names->items = arena_alloc(it->arena, (names->count + 1) * sizeof *read);
    if (names->count > 0 && names->items)
        memcpy(names->items, read, names->count * sizeof *read);
    return true;
}

/* Which numbers are a customer's own: those of the question, which are no part of it either, and those
 * that the row says came from a tool. */
static void read_open_numbers(struct row_reading *it, struct bytes question, struct bytes expected)
{
    struct json_value list, item;
    struct json_reader items;
    struct buffer text = {.limit = 1 << 20};
    buffer_append_bytes(&text, question);
    bool is_told = json_member(&it->reader, &it->checks, "volatile", &list);
    if (is_told && list.type == JSON_ARRAY) {
        json_children(&it->reader, &list, &items);
        while (json_next(&items, &item) == JSON_STRING) {
            buffer_append_text(&text, " ; ");
            buffer_append_bytes(&text, item.text);
        }
    } else if (it->to->has_volatile_numbers) {
        row_numbers_write(expected, &text);
    }
    it->open = facts_text_read(arena_copy(it->scratch, buffer_bytes(&text)), it->scratch);
    buffer_finish(&text);
}

static bool read_checks(struct row_reading *it, struct bytes question, struct bytes expected)
{
    struct regression_row *to = it->to;
    if (!json_member(&it->reader, &it->row, "checks", &it->checks) ||
        it->checks.type != JSON_OBJECT)
        return false;
    to->has_volatile_numbers = bool_member(it, &it->checks, "volatile_numbers");
    read_open_numbers(it, question, expected);
    return read_demands(it, "must_include", &to->must_include) &&
           read_demands(it, "must_not_include", &to->must_not_include) &&
           read_names(it, "required_tools", &to->required_tools) &&
           read_names(it, "forbidden_tools", &to->forbidden_tools);
}

/* --- the rest --- */

static bool read_until(struct regression_row *to, struct bytes date)
{
    char text[] = "2027-01-31T00:00:00Z";
    int64_t day_ms;
    to->stale_from_ms = INT64_MAX;
    if (!date.data)
        return true;
    if (date.size != 10)
        return false;
    memcpy(text, date.data, 10);
    if (clock_parse_rfc3339(bytes_of_text(text), &day_ms) != STATUS_OK)
        return false;
    to->stale_from_ms = day_ms + DAY_MS;
    return true;
}

bool regression_signature_read(const char *text, size_t size, uint64_t *ret_signature)
{
    uint8_t raw[8];
    if (size != 2 * sizeof raw || !hex_decode(raw, text, sizeof raw))
        return false;
    *ret_signature = get_be64(raw);
    return true;
}

static bool read_origin(struct row_reading *it)
{
    struct bytes machine, signature, until, severity, kind;
    struct regression_row *to = it->to;
    if (!text_member(it, &it->row, "machine_verdict", &machine) ||
        !text_member(it, &it->row, "signature", &signature) ||
        !text_member(it, &it->row, "expected_until", &until) ||
        !text_member(it, &it->row, "expected_kind", &kind) ||
        !text_member(it, &it->row, "severity", &severity) || !read_until(to, until))
        return false;
    to->is_critical = bytes_equal_text(severity, "critical");
    if (severity.size > 0 && !to->is_critical && !bytes_equal_text(severity, "warn"))
        return false; /* what was meant to block must not pass for a warning */
    to->expects_refusal = bytes_equal_text(kind, "refusal");
    to->expects_answer = bytes_equal_text(kind, "answer") || bytes_equal_text(kind, "facts");
    to->has_signature =
        bytes_equal_text(machine, "fail") &&
        regression_signature_read((const char *)signature.data, signature.size, &to->signature);
    return true;
}

/* What was said last before the question. */
static struct bytes last_turn(const struct row_reading *it)
{
    struct json_value history, turn, text;
    struct json_reader turns;
    struct bytes last = {0};
    if (!json_member(&it->reader, &it->row, "history", &history) || history.type != JSON_ARRAY)
        return last;
    json_children(&it->reader, &history, &turns);
    while (json_next(&turns, &turn) == JSON_OBJECT)
        if (json_member(&turns, &turn, "text", &text) && text.type == JSON_STRING)
            last = text.text;
    return last;
}

static bool read_live(struct row_reading *it)
{
    struct regression_row *to = it->to;
    struct bytes question, expected, mode;
    if (!text_member(it, &it->row, "input", &question) ||
        !text_member(it, &it->row, "expected_response", &expected) ||
        !text_member(it, &it->row, "failure_mode", &mode) || !read_origin(it) ||
        !read_checks(it, question, expected))
        return false;
    to->failure_mode = mode.data ? arena_copy(it->arena, mode) : mode;
    to->has_masked_question = has_mask(question);
    if (question.size > 0)
        to->question =
            arena_copy(it->arena, regression_question(question, last_turn(it), it->scratch));
    if (expected.size > 0 && to->must_include.count == 0)
        to->expected = arena_copy(it->arena, expected);
    return true;
}

enum status regression_row_read(struct bytes json, bool is_any, struct arena *scratch,
                                struct arena *arena, struct regression_row *ret_row)
{
    struct row_reading it = {.scratch = scratch, .arena = arena, .to = ret_row, .is_any = is_any};
    *ret_row = (struct regression_row){.next_alike = ROW_INDEX_NONE, .next_asked = ROW_INDEX_NONE};
    arena_reset(scratch);
    bool is_row = json_parse(json, scratch, &it.reader, &it.row) && it.row.type == JSON_OBJECT &&
                  !it.reader.truncated && read_identity(&it) &&
                  (!ret_row->is_live || read_live(&it));
    if (scratch->failed || arena->failed)
        return STATUS_BUSY;
    return is_row ? STATUS_OK : STATUS_MALFORMED;
}
