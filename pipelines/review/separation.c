/* A text that was not read, for want of room, says nothing. */
#include "pipelines/review/separation.h"

#include <stdio.h>

#include "processor/base/json/json.h"
#include "processor/score/language/facts.h"

enum { FIELD_SIZE = 80 };

/* Does the text say one of the alternatives? */
static bool says(const struct facts_text *text, const struct result_check *check,
                 struct arena *arena)
{
    return text && facts_say_any(text, check->alternatives, check->count, arena);
}

static bool refuse(const char *list, uint32_t at, char *ret_field)
{
    (void)snprintf(ret_field, FIELD_SIZE, "%s[%u]", list, at);
    return false;
}

static struct bytes output_of(struct bytes record, struct arena *arena)
{
    struct json_reader reader;
    struct json_value root, output;
    if (json_parse(record, arena, &reader, &root) &&
        json_member(&reader, &root, "output", &output) && output.type == JSON_STRING)
        return output.text;
    return BYTES_LITERAL("");
}

bool separation_holds(const struct result *result, struct bytes record, struct arena *arena,
                      char *ret_field)
{
    bool has_checks = result->must_include.count > 0 || result->must_not_include.count > 0;
    if (!record.data || !has_checks || result->verdict == REVIEW_UNSURE)
        return true;
    bool is_wrong = result->verdict == REVIEW_FAIL;
    const struct facts_text *output = facts_text_read(output_of(record, arena), arena);
    const struct facts_text *expected = result->expected_response.size > 0
                                            ? facts_text_read(result->expected_response, arena)
                                            : NULL;
    for (uint32_t i = 0; i < result->must_not_include.count; i++)
        if (says(output, &result->must_not_include.items[i], arena) != is_wrong ||
            says(expected, &result->must_not_include.items[i], arena))
            return refuse("must_not_include", i, ret_field);
    for (uint32_t i = 0; i < result->must_include.count; i++)
        if (says(output, &result->must_include.items[i], arena) == is_wrong ||
            (expected && !says(expected, &result->must_include.items[i], arena)))
            return refuse("must_include", i, ret_field);
    return true;
}
