/* One writer a tool, from the label set. */
#include "processor/review/labelling.h"

#include "processor/base/json/writer.h"

struct question {
    const char *name, *asks;
    bool is_long; /* several texts are one answer; else each is one of its own */
};
static const struct question texts[] = {
    {"expected_response", "What would have been the right answer?", true},
    {"must_not_include", "What must no answer say? Copy it from the answer.", false},
    {"must_include", "What must a right answer say?", false},
    {"comment", "Comment", true},
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

static const struct {
    const char *id, *means;
} verdicts[] = {
    {"pass", "The answer is right"}, {"fail", "The answer is wrong"}, {"unsure", "I can't tell"}};
enum { VERDICTS = sizeof verdicts / sizeof verdicts[0] };

static struct bytes name_of(const struct review_label *label)
{
    return label->name.size > 0 ? label->name : label->id;
}

/* --- Label Studio --- */

static void put_xml(struct buffer *to, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '&')
            buffer_append_text(to, "&amp;");
        else if (c == '<')
            buffer_append_text(to, "&lt;");
        else if (c == '>')
            buffer_append_text(to, "&gt;");
        else if (c == '"')
            buffer_append_text(to, "&quot;");
        else if (c == '\n')
            buffer_append_text(to, "&#10;");
        else
            buffer_append_byte(to, c < ' ' && c != '\t' ? ' ' : c);
    }
}

static void put_choice(struct buffer *to, struct bytes id, struct bytes name, struct bytes more)
{
    buffer_append_text(to, "    <Choice value=\"");
    put_xml(to, id);
    buffer_append_text(to, "\" hint=\"");
    put_xml(to, name);
    if (more.size > 0) {
        buffer_append_text(to, ": ");
        put_xml(to, more);
    }
    buffer_append_text(to, "\"/>\n");
}

static void put_header(struct buffer *to, const char *text)
{
    buffer_printf(to, "  <Header value=\"%s\"/>\n", text);
}

static void write_reading(struct buffer *to)
{
    put_header(to, "Earlier turns");
    buffer_append_text(to, "  <Paragraphs name=\"history\" value=\"$history\" nameKey=\"role\" "
                           "textKey=\"text\" layout=\"dialogue\"/>\n");
    put_header(to, "Question");
    buffer_append_text(to, "  <Text name=\"input\" value=\"$input\"/>\n");
    put_header(to, "Answer");
    buffer_append_text(to, "  <Text name=\"output\" value=\"$output\"/>\n");
    put_header(to, "Documents");
    buffer_append_text(to, "  <Paragraphs name=\"contexts\" value=\"$contexts\" nameKey=\"id\" "
                           "textKey=\"text\" layout=\"dialogue\"/>\n");
    put_header(to, "What it did");
    buffer_append_text(to, "  <Paragraphs name=\"steps\" value=\"$steps\" nameKey=\"name\" "
                           "textKey=\"text\" layout=\"dialogue\"/>\n");
}

static void write_label_studio(const struct label_set *labels, struct bytes instructions,
                               struct buffer *to)
{
    buffer_append_text(to, "<View>\n");
    if (instructions.size > 0) {
        buffer_append_text(to, "  <Header size=\"5\" value=\"");
        put_xml(to, instructions);
        buffer_append_text(to, "\"/>\n");
    }
    write_reading(to);
    put_header(to, "Is this answer right?");
    buffer_append_text(to, "  <Choices name=\"verdict\" toName=\"output\" choice=\"single\" "
                           "required=\"true\" showInline=\"true\">\n");
    for (int i = 0; i < VERDICTS; i++)
        put_choice(to, bytes_of_text(verdicts[i].id), bytes_of_text(verdicts[i].means),
                   (struct bytes){0});
    buffer_append_text(to, "  </Choices>\n");
    put_header(to, "What is wrong, or right about it?");
    buffer_append_text(to, "  <Choices name=\"labels\" toName=\"output\" choice=\"multiple\" "
                           "showInline=\"true\">\n");
    for (uint32_t i = 0; i < labels->count; i++)
        put_choice(to, labels->items[i].id, name_of(&labels->items[i]),
                   labels->items[i].description);
    buffer_append_text(to, "  </Choices>\n");
    for (int i = 0; i < TEXTS; i++) {
        put_header(to, texts[i].asks);
        buffer_printf(to,
                      "  <TextArea name=\"%s\" toName=\"output\" rows=\"%d\" maxSubmissions=\"%d\" "
                      "editable=\"true\"/>\n",
                      texts[i].name, texts[i].is_long ? 3 : 1, texts[i].is_long ? 1 : 16);
    }
    buffer_append_text(to, "</View>\n");
}

/* --- tools that ask for one score a name --- */

static void put_description(struct json_writer *to, const struct review_label *label)
{
    struct buffer text = {0};
    buffer_append_bytes(&text, name_of(label));
    if (label->description.size > 0) {
        buffer_append_text(&text, ": ");
        buffer_append_bytes(&text, label->description);
    }
    json_put_bytes(to, "description", buffer_bytes(&text));
    to->to->failed |= text.failed;
    buffer_finish(&text);
}

static void put_category(struct json_writer *to, const char *label, uint64_t value)
{
    json_object_begin(to);
    json_put_text(to, "label", label);
    json_put_uint(to, "value", value);
    json_object_end(to);
}

static void write_langfuse(struct json_writer *to, const struct label_set *labels)
{
    json_object_begin(to);
    json_put_text(to, "name", "verdict");
    json_put_text(to, "dataType", "CATEGORICAL");
    json_key(to, "categories");
    json_array_begin(to);
    for (uint64_t i = 0; i < VERDICTS; i++)
        put_category(to, verdicts[i].id, i);
    json_array_end(to);
    json_object_end(to);
    for (uint32_t i = 0; i < labels->count; i++) {
        json_object_begin(to);
        json_put_bytes(to, "name", labels->items[i].id);
        json_put_text(to, "dataType", "BOOLEAN");
        put_description(to, &labels->items[i]);
        json_object_end(to);
    }
    for (int i = 0; i < TEXTS; i++) {
        json_object_begin(to);
        json_put_text(to, "name", texts[i].name);
        json_put_text(to, "dataType", "TEXT");
        json_put_text(to, "description", texts[i].asks);
        json_object_end(to);
    }
}

static void write_langsmith(struct json_writer *to, const struct label_set *labels)
{
    json_object_begin(to);
    json_put_text(to, "feedback_key", "verdict");
    json_key(to, "value_descriptions");
    json_object_begin(to);
    for (int i = 0; i < VERDICTS; i++)
        json_put_text(to, verdicts[i].id, verdicts[i].means);
    json_object_end(to);
    json_put_bool(to, "is_required", true);
    json_object_end(to);
    for (uint32_t i = 0; i < labels->count; i++) {
        json_object_begin(to);
        json_put_bytes(to, "feedback_key", labels->items[i].id);
        put_description(to, &labels->items[i]);
        json_object_end(to);
    }
    for (int i = 0; i < TEXTS; i++) {
        json_object_begin(to);
        json_put_text(to, "feedback_key", texts[i].name);
        json_put_text(to, "description", texts[i].asks);
        json_object_end(to);
    }
}

static void begin_choices(struct json_writer *to, const char *name, bool is_multiple)
{
    json_object_begin(to);
    json_put_text(to, "name", name);
    json_put_text(to, "type", "categorical");
    json_key(to, "settings");
    json_object_begin(to);
    json_put_text(to, "rule_prompt", "");
    json_put_bool(to, "multi_choice", is_multiple);
    json_put_bool(to, "auto_annotate", false);
    json_key(to, "strategy");
    json_null(to);
    json_key(to, "options");
    json_array_begin(to);
}

static void put_option(struct json_writer *to, struct bytes label)
{
    json_object_begin(to);
    json_put_bytes(to, "label", label);
    json_object_end(to);
}

static void end_choices(struct json_writer *to)
{
    json_array_end(to);
    json_object_end(to);
    json_object_end(to);
}

static void write_futureagi(struct json_writer *to, const struct label_set *labels)
{
    begin_choices(to, "verdict", false);
    for (int i = 0; i < VERDICTS; i++)
        put_option(to, bytes_of_text(verdicts[i].id));
    end_choices(to);
    begin_choices(to, "labels", true);
    for (uint32_t i = 0; i < labels->count; i++)
        put_option(to, labels->items[i].id);
    end_choices(to);
    for (int i = 0; i < TEXTS; i++) {
        json_object_begin(to);
        json_put_text(to, "name", texts[i].name);
        json_put_text(to, "type", "text");
        json_put_text(to, "description", texts[i].asks);
        json_key(to, "settings");
        json_object_begin(to);
        json_put_text(to, "placeholder", texts[i].asks);
        json_put_uint(to, "min_length", 0);
        json_put_uint(to, "max_length", 8192);
        json_object_end(to);
        json_object_end(to);
    }
}

/* --- tools --- */

static const struct {
    const char *tool;
    void (*write)(struct json_writer *to, const struct label_set *labels);
} lists[] = {
    {"langfuse", write_langfuse}, {"langsmith", write_langsmith}, {"futureagi", write_futureagi}};

const char *labelling_suffix(struct bytes tool)
{
    return bytes_equal_text(tool, "label-studio") ? ".config.xml" : ".config.json";
}

void labelling_write(struct bytes tool, const struct label_set *labels, struct bytes instructions,
                     struct buffer *to)
{
    struct json_writer json;
    if (bytes_equal_text(tool, "label-studio")) {
        write_label_studio(labels, instructions, to);
        return;
    }
    json_writer_init(&json, to);
    json_array_begin(&json);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (bytes_equal_text(tool, lists[i].tool))
            lists[i].write(&json, labels);
    json_array_end(&json);
    buffer_append_byte(to, '\n');
}
