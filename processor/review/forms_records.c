/* Review records as the work of people in other tools. What comes back is found by the record's id where
 * the tool keeps one that we choose, else by the trace, which is the run's own. What the machine said of
 * the run leaves only where a queue shows it before the decision (`blind: off`); steps of evaluators and
 * guardrails, which are verdicts, never. */
#include "processor/review/forms_state.h"

#define RECORD_SCHEMA "flywheel.review/v1"

#define MACHINE(target, source)                                                                    \
    {                                                                                              \
        .to = (target), .from = (source), .how = form_as_is, .is_machine = true                    \
    }
#define TEXT_ALWAYS(target, source)                                                                \
    {                                                                                              \
        .to = (target), .from = (source), .how = form_as_is, .otherwise = "\"\""                   \
    }

/* --- what is read --- */

static const struct form_rule turn[] = {
    TEXT_ALWAYS("role", "role"),
    TEXT_ALWAYS("text", "text"),
    FORM_END,
};

static const struct form_rule document[] = {
    TEXT_ALWAYS("id", "id"),
    TEXT_ALWAYS("text", "text"),
    FORM_END,
};

static bool is_verdict(const struct json_reader *reader, const struct json_value *step)
{
    struct json_value kind;
    return json_member(reader, step, "kind", &kind) &&
           (bytes_equal_text(kind.text, "evaluator") || bytes_equal_text(kind.text, "guardrail"));
}

static void append_line(const struct json_reader *reader, const struct json_value *step,
                        const char *name, const char *before, struct buffer *to)
{
    struct json_value member;
    if (!json_member(reader, step, name, &member) || member.type != JSON_STRING ||
        member.text.size == 0)
        return;
    buffer_append_text(to, to->size > 0 ? "\n" : "");
    buffer_append_text(to, before);
    buffer_append_bytes(to, member.text);
}

/* "tool get_quote", and beneath it what went in and came out. */
static void write_step(struct form_run *run, const struct json_reader *reader,
                       const struct json_value *step)
{
    struct buffer name = {0}, text = {0};
    struct json_value kind, own;
    if (json_member(reader, step, "kind", &kind))
        buffer_append_bytes(&name, kind.text);
    if (json_member(reader, step, "name", &own)) {
        buffer_append_byte(&name, ' ');
        buffer_append_bytes(&name, own.text);
    }
    append_line(reader, step, "arguments", "", &text);
    append_line(reader, step, "output", "-> ", &text);
    append_line(reader, step, "error", "error: ", &text);
    json_object_begin(&run->json);
    json_put_bytes(&run->json, "name", buffer_bytes(&name));
    json_put_bytes(&run->json, "text", buffer_bytes(&text));
    json_object_end(&run->json);
    run->json.to->failed |= name.failed || text.failed;
    buffer_finish(&name);
    buffer_finish(&text);
}

static void write_steps(struct form_run *run, const struct form_rule *rule,
                        const struct json_value *found)
{
    struct json_reader steps;
    struct json_value step;
    form_reach(run, rule);
    json_array_begin(&run->json);
    json_children(&run->reader, found, &steps);
    while (json_next(&steps, &step) > JSON_END && step.type != JSON_BROKEN)
        if (step.type == JSON_OBJECT && !is_verdict(&run->reader, &step))
            write_step(run, &run->reader, &step);
    json_array_end(&run->json);
}

/* --- Label Studio --- */

static const struct form_rule predicted[] = {
    FORM_CONSTANT("from_name", "\"verdict\""),
    FORM_CONSTANT("to_name", "\"output\""),
    FORM_CONSTANT("type", "\"choices\""),
    FORM_COPY("value/choices/[]", "verdict"),
    FORM_END,
};

#define PREDICTION(text)                                                                           \
    {.to = "predictions/[machine]/model_version",                                                  \
     .how = form_constant,                                                                         \
     .constant = "\"flywheel\"",                                                                   \
     .when = "verdict=" text,                                                                      \
     .is_machine = true},                                                                          \
    {                                                                                              \
        .to = "predictions/[machine]/result/[verdict]", .how = form_group, .rules = predicted,     \
        .when = "verdict=" text, .is_machine = true                                                \
    }

/* Objects of the labelling configuration (labelling.h) take their values from `data`: all are there. */
static const struct form_rule label_studio[] = {
    FORM_COPY("data/record_id", "record_id"),
    TEXT_ALWAYS("data/input", "input"),
    {.to = "data/history", .from = "history", .how = form_items, .rules = turn, .otherwise = "[]"},
    TEXT_ALWAYS("data/output", "output"),
    {.to = "data/contexts",
     .from = "contexts",
     .how = form_items,
     .rules = document,
     .otherwise = "[]"},
    {.to = "data/steps", .from = "steps", .how = write_steps},
    FORM_CONSTANT("meta/from", "\"flywheel\""),
    FORM_COPY("meta/record_id", "record_id"),
    FORM_COPY("meta/trace_id", "source/trace_id"),
    FORM_COPY("meta/service", "source/service"),
    FORM_COPY("meta/time", "time"),
    {.to = "meta/is_machine_shown", .how = form_constant, .constant = "true", .is_machine = true},
    MACHINE("meta/queue", "queue"),
    MACHINE("meta/priority", "priority"),
    MACHINE("meta/summary", "summary"),
    MACHINE("meta/verdict", "verdict"),
    MACHINE("meta/labels", "labels"),
    MACHINE("meta/evaluations", "evaluations"),
    PREDICTION("pass"),
    PREDICTION("fail"),
    FORM_END,
};

/* --- Langfuse --- */

static const struct form_rule langfuse[] = {
    {.to = "objectId", .from = "source/trace_id", .how = form_as_is, .when = "scope=trace"},
    {.to = "objectType", .how = form_constant, .constant = "\"TRACE\"", .when = "scope=trace"},
    {.to = "objectId",
     .from = "source/conversation_id",
     .how = form_as_is,
     .when = "scope=conversation"},
    {.to = "objectType",
     .how = form_constant,
     .constant = "\"SESSION\"",
     .when = "scope=conversation"},
    FORM_CONSTANT("status", "\"PENDING\""),
    FORM_END,
};

/* --- LangSmith --- */

/* A run of its own, by the record's id: theirs of the same trace have ids that we do not know. */
static const struct form_rule langsmith[] = {
    FORM_COPY("id", "record_id"),
    FORM_CONSTANT("name", "\"review\""),
    FORM_CONSTANT("run_type", "\"chain\""),
    {.to = "start_time",
     .from = "time/start",
     .how = form_as_is,
     .otherwise = "\"1970-01-01T00:00:00Z\""},
    FORM_COPY("end_time", "time/end"),
    TEXT_ALWAYS("inputs/input", "input"),
    {.to = "inputs/history", .from = "history", .how = form_items, .rules = turn},
    {.to = "inputs/contexts", .from = "contexts", .how = form_items, .rules = document},
    {.to = "inputs/steps", .from = "steps", .how = write_steps},
    TEXT_ALWAYS("outputs/output", "output"),
    FORM_CONSTANT("extra/metadata/from", "\"flywheel\""),
    FORM_COPY("extra/metadata/record_id", "record_id"),
    FORM_COPY("extra/metadata/trace_id", "source/trace_id"),
    FORM_COPY("extra/metadata/service", "source/service"),
    MACHINE("extra/metadata/queue", "queue"),
    MACHINE("extra/metadata/priority", "priority"),
    MACHINE("extra/metadata/summary", "summary"),
    MACHINE("extra/metadata/verdict", "verdict"),
    MACHINE("extra/metadata/labels", "labels"),
    MACHINE("extra/metadata/evaluations", "evaluations"),
    FORM_END,
};

/* --- FutureAGI --- */

/* The digits of a trace id as a UUID. */
static void write_uuid(struct form_run *run, const struct form_rule *rule,
                       const struct json_value *found)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    char text[37];
    size_t from = 0, to = 0;
    if (found->text.size != 32)
        return;
    for (int i = 0; i < 5; i++) {
        memcpy(text + to, found->text.data + from, groups[i]);
        from += groups[i];
        to += groups[i];
        text[to++] = '-';
    }
    form_reach(run, rule);
    json_string(&run->json, bytes_of(text, to - 1));
}

static const struct form_rule futureagi[] = {
    FORM_CONSTANT("source_type", "\"trace\""),
    {.to = "source_id", .from = "source/trace_id", .how = write_uuid},
    FORM_END,
};
/* Their sessions have ids of their own. */
static const char *const traces_alone[] = {"scope=trace", "source/trace_id", NULL};

const struct form form_records[] = {
    {.name = "langfuse", .schema = RECORD_SCHEMA, .rules = langfuse},
    {.name = "langsmith", .schema = RECORD_SCHEMA, .rules = langsmith},
    {.name = "label-studio", .schema = RECORD_SCHEMA, .rules = label_studio, .is_list = true},
    {.name = "futureagi", .schema = RECORD_SCHEMA, .rules = futureagi, .needs = traces_alone},
    {.name = NULL},
};
