/* Members are checked once, then written: what the reader let pass is what the writer finds. */
#include "processor/command/gate/candidate_span.h"

#include <stdio.h>

#include "processor/base/json/writer.h"

struct span_writer {
    struct json_writer json;
    const uint8_t *trace_id;
    uint64_t end_ns;
    uint32_t spans;
};

/* --- reading --- */

static bool is_text_or(const struct candidate_line *line, const char *name, enum json_type other)
{
    struct json_value found;
    if (!json_member(&line->reader, &line->object, name, &found))
        return true;
    return found.type == JSON_STRING || found.type == JSON_NULL || found.type == other;
}

static bool is_list_of(const struct candidate_line *line, const char *name, const char *member)
{
    struct json_value list, item, found;
    struct json_reader items;
    if (!json_member(&line->reader, &line->object, name, &list) || list.type == JSON_NULL)
        return true;
    if (list.type != JSON_ARRAY)
        return false;
    json_children(&line->reader, &list, &items);
    while (json_next(&items, &item) != JSON_END)
        if (item.type != JSON_STRING &&
            (item.type != JSON_OBJECT || !json_member(&items, &item, member, &found) ||
             found.type != JSON_STRING))
            return false;
    return true;
}

static bool are_scores(const struct candidate_line *line)
{
    struct json_value scores, item;
    struct json_reader items;
    if (!json_member(&line->reader, &line->object, "scores", &scores) || scores.type == JSON_NULL)
        return true;
    if (scores.type != JSON_OBJECT)
        return false;
    json_children(&line->reader, &scores, &items);
    while (json_next(&items, &item) != JSON_END)
        if (item.type != JSON_NUMBER && item.type != JSON_STRING)
            return false;
    return true;
}

static const char *problem_of(const struct candidate_line *line)
{
    struct json_value output;
    if (!json_member(&line->reader, &line->object, "output", &output) &&
        !json_member(&line->reader, &line->object, "error", &output))
        return "it has no output";
    if (!is_text_or(line, "output", JSON_STRING))
        return "output is no text";
    if (!is_text_or(line, "error", JSON_STRING))
        return "error is no text";
    if (!is_text_or(line, "snapshot", JSON_STRING))
        return "snapshot is no text";
    if (!is_list_of(line, "contexts", "text"))
        return "contexts is no list of texts or of {id?, text}";
    if (!is_list_of(line, "tool_calls", "name"))
        return "tool_calls is no list of names or of {name, arguments?, result?}";
    return are_scores(line) ? NULL : "scores is no map from names to numbers or labels";
}

static struct bytes text_of(const struct json_reader *reader, const struct json_value *object,
                            const char *name)
{
    struct json_value found;
    bool is_text = json_member(reader, object, name, &found) && found.type == JSON_STRING;
    return is_text ? found.text : (struct bytes){0};
}

enum status candidate_line_read(struct bytes text, struct arena *arena,
                                struct candidate_line *ret_line, const char **ret_problem)
{
    struct json_value found;
    *ret_line = (struct candidate_line){.row_id = {0}};
    *ret_problem = NULL;
    bool is_json = json_parse(text, arena, &ret_line->reader, &ret_line->object) &&
                   ret_line->object.type == JSON_OBJECT && !ret_line->reader.truncated;
    if (arena->failed)
        *ret_problem = "it is too large";
    else if (!is_json)
        *ret_problem = "it is no JSON object";
    if (*ret_problem)
        return STATUS_MALFORMED;
    if (!json_member(&ret_line->reader, &ret_line->object, "row_id", &found)) {
        if (!json_member(&ret_line->reader, &ret_line->object, "output", &found))
            return STATUS_NOT_FOUND;
        *ret_problem = "it has no row_id";
        return STATUS_MALFORMED;
    }
    ret_line->row_id = found.text;
    ret_line->snapshot = text_of(&ret_line->reader, &ret_line->object, "snapshot");
    *ret_problem = found.type == JSON_STRING ? problem_of(ret_line) : "row_id is no text";
    if (!*ret_problem && arena->failed)
        *ret_problem = "it is too large";
    return *ret_problem ? STATUS_MALFORMED : STATUS_OK;
}

/* --- writing --- */

static void put_attribute(struct span_writer *it, const char *key, struct bytes text)
{
    json_object_begin(&it->json);
    json_put_text(&it->json, "key", key);
    json_key(&it->json, "value");
    json_object_begin(&it->json);
    json_put_bytes(&it->json, "stringValue", text);
    json_object_end(&it->json);
    json_object_end(&it->json);
}

static void put_number(struct span_writer *it, const char *key, double value)
{
    json_object_begin(&it->json);
    json_put_text(&it->json, "key", key);
    json_key(&it->json, "value");
    json_object_begin(&it->json);
    json_put_double(&it->json, "doubleValue", value);
    json_object_end(&it->json);
    json_object_end(&it->json);
}

/* A span up to its attributes. The first is the root. */
static void begin_span(struct span_writer *it, const char *name, const char *operation)
{
    uint8_t id[8], parent[8];
    char end[24];
    put_be64(parent, 1);
    put_be64(id, ++it->spans);
    snprintf(end, sizeof end, "%llu", (unsigned long long)it->end_ns);
    json_object_begin(&it->json);
    json_put_hex(&it->json, "traceId", it->trace_id, CANDIDATE_TRACE_ID_SIZE);
    json_put_hex(&it->json, "spanId", id, sizeof id);
    if (it->spans > 1)
        json_put_hex(&it->json, "parentSpanId", parent, sizeof parent);
    json_put_text(&it->json, "name", name);
    json_put_text(&it->json, "endTimeUnixNano", end);
    json_key(&it->json, "attributes");
    json_array_begin(&it->json);
    put_attribute(it, "gen_ai.operation.name", bytes_of_text(operation));
}

static void put_message(struct json_writer *json, const char *role, struct bytes text)
{
    json_object_begin(json);
    json_put_text(json, "role", role);
    json_key(json, "parts");
    json_array_begin(json);
    json_object_begin(json);
    json_put_text(json, "type", "text");
    json_put_bytes(json, "content", text);
    json_object_end(json);
    json_array_end(json);
    json_object_end(json);
}

static void put_messages(struct span_writer *it, const char *key, const char *role,
                         struct bytes text, struct bytes history, struct arena *arena)
{
    struct buffer messages = {0};
    struct json_writer json;
    struct json_reader reader, turns;
    struct json_value list, turn;
    json_writer_init(&json, &messages);
    json_array_begin(&json);
    if (history.size > 0 && json_parse(history, arena, &reader, &list) && list.type == JSON_ARRAY) {
        json_children(&reader, &list, &turns);
        while (json_next(&turns, &turn) == JSON_OBJECT) {
            bool is_user = bytes_equal_text(text_of(&turns, &turn, "role"), "user");
            put_message(&json, is_user ? "user" : "assistant", text_of(&turns, &turn, "text"));
        }
    }
    put_message(&json, role, text);
    json_array_end(&json);
    put_attribute(it, key, buffer_bytes(&messages));
    it->json.to->failed |= messages.failed;
    buffer_finish(&messages);
}

/* An evaluator's word is an event of the root. */
static void put_scores(struct span_writer *it, const struct candidate_line *line)
{
    struct json_value scores, item;
    struct json_reader items;
    char time[24];
    if (!json_member(&line->reader, &line->object, "scores", &scores) || scores.type != JSON_OBJECT)
        return;
    snprintf(time, sizeof time, "%llu", (unsigned long long)it->end_ns);
    json_key(&it->json, "events");
    json_array_begin(&it->json);
    json_children(&line->reader, &scores, &items);
    while (json_next(&items, &item) != JSON_END) {
        json_object_begin(&it->json);
        json_put_text(&it->json, "name", "gen_ai.evaluation.result");
        json_put_text(&it->json, "timeUnixNano", time);
        json_key(&it->json, "attributes");
        json_array_begin(&it->json);
        put_attribute(it, "gen_ai.evaluation.name", item.key);
        if (item.type == JSON_NUMBER)
            put_number(it, "gen_ai.evaluation.score.value", item.number);
        else
            put_attribute(it, "gen_ai.evaluation.score.label", item.text);
        json_array_end(&it->json);
        json_object_end(&it->json);
    }
    json_array_end(&it->json);
}

static void put_root(struct span_writer *it, const struct candidate_line *line, struct bytes input,
                     struct bytes history, struct arena *arena)
{
    struct bytes output = text_of(&line->reader, &line->object, "output");
    struct bytes error = text_of(&line->reader, &line->object, "error");
    begin_span(it, "candidate", "invoke_agent");
    put_attribute(it, "flywheel.row_id", line->row_id);
    if (input.size > 0)
        put_messages(it, "gen_ai.input.messages", "user", input, history, arena);
    if (output.size > 0)
        put_messages(it, "gen_ai.output.messages", "assistant", output, (struct bytes){0}, arena);
    json_array_end(&it->json);
    put_scores(it, line);
    if (error.data) {
        json_key(&it->json, "status");
        json_object_begin(&it->json);
        json_put_uint(&it->json, "code", 2);
        json_put_bytes(&it->json, "message", error);
        json_object_end(&it->json);
    }
    json_object_end(&it->json);
}

static void put_contexts(struct span_writer *it, const struct candidate_line *line)
{
    struct json_value list, item;
    struct json_reader items;
    struct buffer documents = {0};
    struct json_writer json;
    if (!json_member(&line->reader, &line->object, "contexts", &list) || list.type != JSON_ARRAY)
        return;
    json_writer_init(&json, &documents);
    json_array_begin(&json);
    json_children(&line->reader, &list, &items);
    while (json_next(&items, &item) != JSON_END) {
        bool is_text = item.type == JSON_STRING;
        struct bytes id = is_text ? (struct bytes){0} : text_of(&items, &item, "id");
        json_object_begin(&json);
        if (id.data)
            json_put_bytes(&json, "id", id);
        json_put_bytes(&json, "content", is_text ? item.text : text_of(&items, &item, "text"));
        json_object_end(&json);
    }
    json_array_end(&json);
    begin_span(it, "retrieval", "retrieval");
    put_attribute(it, "gen_ai.retrieval.documents", buffer_bytes(&documents));
    json_array_end(&it->json);
    json_object_end(&it->json);
    it->json.to->failed |= documents.failed;
    buffer_finish(&documents);
}

/* As it stands: a text as text, all else as JSON. */
static void put_member(struct span_writer *it, const struct json_reader *reader,
                       const struct json_value *object, const char *name, const char *key)
{
    struct json_value found;
    if (object->type == JSON_OBJECT && json_member(reader, object, name, &found) &&
        found.type != JSON_NULL)
        put_attribute(it, key, found.type == JSON_STRING ? found.text : found.raw);
}

static void put_tool_calls(struct span_writer *it, const struct candidate_line *line)
{
    struct json_value list, item;
    struct json_reader items;
    if (!json_member(&line->reader, &line->object, "tool_calls", &list) || list.type != JSON_ARRAY)
        return;
    json_children(&line->reader, &list, &items);
    while (json_next(&items, &item) != JSON_END) {
        begin_span(it, "tool", "execute_tool");
        put_attribute(it, "gen_ai.tool.name",
                      item.type == JSON_STRING ? item.text : text_of(&items, &item, "name"));
        put_member(it, &items, &item, "arguments", "gen_ai.tool.call.arguments");
        put_member(it, &items, &item, "result", "gen_ai.tool.call.result");
        json_array_end(&it->json);
        json_object_end(&it->json);
    }
}

static void open_list(struct json_writer *json, const char *key)
{
    json_object_begin(json);
    json_key(json, key);
    json_array_begin(json);
}

static void close_list(struct json_writer *json)
{
    json_array_end(json);
    json_object_end(json);
}

void candidate_line_write(const struct candidate_line *line, struct bytes input,
                          struct bytes history, const uint8_t trace_id[CANDIDATE_TRACE_ID_SIZE],
                          uint64_t end_ns, struct buffer *to)
{
    struct span_writer it = {.trace_id = trace_id, .end_ns = end_ns};
    json_writer_init(&it.json, to);
    open_list(&it.json, "resourceSpans");
    open_list(&it.json, "scopeSpans");
    open_list(&it.json, "spans");
    put_root(&it, line, input, history, line->reader.arena);
    put_contexts(&it, line);
    put_tool_calls(&it, line);
    close_list(&it.json);
    close_list(&it.json);
    close_list(&it.json);
}
