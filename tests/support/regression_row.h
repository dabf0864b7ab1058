/* Rows of the regression set for tests, as `flywheel.row/v1`: what a case leaves out is left out, or what
 * rows mostly have. */
#pragma once
#include "processor/base/json/writer.h"

struct regression_case {
    uint32_t number;   /* its row id follows from it */
    uint32_t revision; /* 0: 1 */
    const char *question, *said_before, *expected, *kind, *until;
    const char *must_include, *or_include, *must_not_include; /* one, with two alternatives */
    const char *required_tool, *forbidden_tool, *volatile_number;
    const char *signature, *machine_verdict, *failure_mode; /* absent: fail, unsupported_claim */
    const char *split;
    bool has_volatile_numbers, is_critical, is_retired, is_no_regression;
};

static inline void regression_case_id(char to[37], uint32_t number)
{
    struct buffer text = {0};
    buffer_printf(&text, "6ba7b810-9dad-51d1-80b4-00c0%08x", number);
    memcpy(to, text.data, 36);
    to[36] = 0;
    buffer_finish(&text);
}

static inline void regression_case_texts(struct json_writer *json, const char *key,
                                         const char *first, const char *second)
{
    json_key(json, key);
    json_array_begin(json);
    if (first) {
        json_array_begin(json);
        json_text(json, first);
        if (second)
            json_text(json, second);
        json_array_end(json);
    }
    json_array_end(json);
}

static inline void regression_case_names(struct json_writer *json, const char *key,
                                         const char *name)
{
    json_key(json, key);
    json_array_begin(json);
    if (name)
        json_text(json, name);
    json_array_end(json);
}

static inline void regression_case_optional(struct json_writer *json, const char *key,
                                            const char *value)
{
    if (value)
        json_put_text(json, key, value);
}

static inline void regression_case_write(const struct regression_case *row, struct buffer *to)
{
    struct json_writer json;
    char id[37];
    uint8_t digest[32] = {0};
    regression_case_id(id, row->number);
    put_be32(digest, row->number);
    put_be32(digest + 4, row->revision);
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "schema", "flywheel.row/v1");
    json_put_text(&json, "row_id", id);
    json_put_uint(&json, "row_revision", row->revision ? row->revision : 1);
    json_put_text(&json, "dataset", "flywheel");
    json_put_uint(&json, "dataset_version", 1);
    json_put_text(&json, "action", row->is_retired ? "retire" : "add");
    json_put_text(&json, "split", row->split ? row->split : "eval");
    json_put_bool(&json, "regression", !row->is_no_regression);
    json_put_text(&json, "severity", row->is_critical ? "critical" : "warn");
    regression_case_optional(&json, "input", row->question);
    if (row->said_before) {
        json_key(&json, "history");
        json_array_begin(&json);
        json_object_begin(&json);
        json_put_text(&json, "role", "assistant");
        json_put_text(&json, "text", row->said_before);
        json_object_end(&json);
        json_array_end(&json);
    }
    regression_case_optional(&json, "expected_response", row->expected);
    json_put_text(&json, "expected_kind", row->kind ? row->kind : "none");
    json_key(&json, "checks");
    json_object_begin(&json);
    regression_case_texts(&json, "must_include", row->must_include, row->or_include);
    regression_case_texts(&json, "must_not_include", row->must_not_include, NULL);
    regression_case_names(&json, "required_tools", row->required_tool);
    regression_case_names(&json, "forbidden_tools", row->forbidden_tool);
    json_put_bool(&json, "volatile_numbers", row->has_volatile_numbers);
    if (row->volatile_number)
        regression_case_names(&json, "volatile", row->volatile_number);
    json_object_end(&json);
    regression_case_optional(&json, "expected_until", row->until);
    json_put_text(&json, "failure_mode",
                  row->failure_mode ? row->failure_mode : "unsupported_claim");
    json_put_text(&json, "verdict", "fail");
    json_put_text(&json, "machine_verdict", row->machine_verdict ? row->machine_verdict : "fail");
    regression_case_optional(&json, "signature", row->signature);
    json_put_hex(&json, "sha256", digest, sizeof digest);
    json_object_end(&json);
}
