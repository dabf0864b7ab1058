/* texts = u8 version | bytes expected response | bytes expected until | bytes comment
 *       | must include, must not include: varint checks (varint alternatives (bytes))
 *       | required, forbidden: varint tools (bytes)
 *       | varint evidence (bytes pointer, bytes label, varint start, varint end)
 * An absent text is one of no bytes. */
#include "pipelines/review/texts.h"

#include "state/store/value.h"

enum { TEXTS_VERSION = 1 };

/* --- masks --- */

struct masking {
    const struct redaction_policy *policy;
    struct regex_scratch *scratch;
    struct arena *arena;
    struct redaction_counts counts;
};

static void mask(struct masking *masking, struct bytes *text)
{
    if (text->size > 0)
        *text =
            redact_text(masking->policy, masking->scratch, *text, masking->arena, &masking->counts)
                .text;
}

static void mask_checks(struct masking *masking, struct result_checks *checks)
{
    for (uint32_t i = 0; i < checks->count; i++)
        for (uint32_t j = 0; j < checks->items[i].count; j++)
            mask(masking, &checks->items[i].alternatives[j]);
}

static void mask_tools(struct masking *masking, struct result_tools *tools)
{
    for (uint32_t i = 0; i < tools->count; i++)
        tools->names[i] = redact_name(masking->policy, masking->scratch, tools->names[i],
                                      masking->arena, &masking->counts);
}

bool texts_mask(struct result *result, const struct redaction_policy *policy,
                struct regex_scratch *scratch, struct arena *arena)
{
    struct masking masking = {.policy = policy, .scratch = scratch, .arena = arena};
    mask(&masking, &result->expected_response);
    mask(&masking, &result->comment);
    mask_checks(&masking, &result->must_include);
    mask_checks(&masking, &result->must_not_include);
    mask_tools(&masking, &result->required_tools);
    mask_tools(&masking, &result->forbidden_tools);
    return !arena->failed;
}

/* --- bytes --- */

static void put_checks(const struct result_checks *checks, struct buffer *to)
{
    value_put_varint(to, checks->count);
    for (uint32_t i = 0; i < checks->count; i++) {
        value_put_varint(to, checks->items[i].count);
        for (uint32_t j = 0; j < checks->items[i].count; j++)
            value_put_bytes(to, checks->items[i].alternatives[j]);
    }
}

static void put_tools(const struct result_tools *tools, struct buffer *to)
{
    value_put_varint(to, tools->count);
    for (uint32_t i = 0; i < tools->count; i++)
        value_put_bytes(to, tools->names[i]);
}

void texts_encode(const struct result *result, struct buffer *to)
{
    buffer_append_byte(to, TEXTS_VERSION);
    value_put_bytes(to, result->expected_response);
    value_put_bytes(to, result->expected_until);
    value_put_bytes(to, result->comment);
    put_checks(&result->must_include, to);
    put_checks(&result->must_not_include, to);
    put_tools(&result->required_tools, to);
    put_tools(&result->forbidden_tools, to);
    value_put_varint(to, result->evidence_count);
    for (uint32_t i = 0; i < result->evidence_count; i++) {
        value_put_bytes(to, result->evidence[i].pointer);
        value_put_bytes(to, result->evidence[i].label);
        value_put_varint(to, result->evidence[i].start);
        value_put_varint(to, result->evidence[i].end);
    }
}

static struct bytes get_text(struct value_reader *from)
{
    struct bytes text = value_get_bytes(from);
    return text.size > 0 ? text : (struct bytes){NULL, 0};
}

static void get_checks(struct value_reader *from, struct result_checks *checks)
{
    checks->count = (uint32_t)value_get_count(from, RESULT_CHECKS_MAX);
    for (uint32_t i = 0; i < checks->count; i++) {
        checks->items[i].count = (uint32_t)value_get_count(from, RESULT_ALTERNATIVES_MAX);
        for (uint32_t j = 0; j < checks->items[i].count; j++)
            checks->items[i].alternatives[j] = value_get_bytes(from);
    }
}

static void get_tools(struct value_reader *from, struct result_tools *tools)
{
    tools->count = (uint32_t)value_get_count(from, RESULT_TOOLS_MAX);
    for (uint32_t i = 0; i < tools->count; i++)
        tools->names[i] = value_get_bytes(from);
}

enum status texts_decode(struct bytes encoded, struct result *result)
{
    struct value_reader from;
    if (encoded.size == 0) /* erased */
        return STATUS_OK;
    value_reader_init(&from, encoded);
    bool is_known = value_get_u8(&from) == TEXTS_VERSION;
    result->expected_response = get_text(&from);
    result->expected_until = get_text(&from);
    result->comment = get_text(&from);
    get_checks(&from, &result->must_include);
    get_checks(&from, &result->must_not_include);
    get_tools(&from, &result->required_tools);
    get_tools(&from, &result->forbidden_tools);
    result->evidence_count = (uint32_t)value_get_count(&from, RESULT_EVIDENCE_MAX);
    for (uint32_t i = 0; i < result->evidence_count; i++) {
        result->evidence[i].pointer = value_get_bytes(&from);
        result->evidence[i].label = get_text(&from);
        result->evidence[i].start = (uint32_t)value_get_count(&from, UINT32_MAX);
        result->evidence[i].end = (uint32_t)value_get_count(&from, UINT32_MAX);
    }
    return is_known ? value_reader_finish(&from) : STATUS_MALFORMED;
}
