/* The notes that spans carry of what was left out of them at the door. */
#include "processor/emit/record/left_out.h"

#include <stdio.h>

#include "processor/otlp/left_out.h"

enum { TOLD_MAX = 64, PLACE_MAX = 200 };

static const char *const part_names[LEFT_OUT_PARTS] = {
    [LEFT_OUT_UNKNOWN] = "parts",
    [LEFT_OUT_ATTRIBUTE] = "attributes",
    [LEFT_OUT_EVENT] = "events",
    [LEFT_OUT_LINK] = "links",
    [LEFT_OUT_PARENT] = "parent_span_id",
    [LEFT_OUT_FIELD] = "",
    [LEFT_OUT_REST] = "span",
    [LEFT_OUT_INNER] = "events.attributes",
    [LEFT_OUT_MORE] = "more_attributes",
    [LEFT_OUT_MORE_PARTS] = "more_parts",
    [LEFT_OUT_SPAN] = "refused_spans",
};

/* steps[3].attributes.input.value */
static void tell(struct record_writer *record, uint32_t step, const struct left_out *note)
{
    char place[PLACE_MAX];
    const char *part = part_names[note->part];
    struct bytes name = record_redact_name(record, note->name);
    int size = snprintf(place, sizeof place, "%s%s%.*s", part, *part && name.size > 0 ? "." : "",
                        (int)(name.size < LEFT_OUT_NAME_MAX ? name.size : LEFT_OUT_NAME_MAX),
                        name.size > 0 ? (const char *)name.data : "");
    struct bytes member = arena_copy(record->input->arena, bytes_of(place, (size_t)size + 1));
    if (!member.data) {
        record->failed = true;
        return;
    }
    record_truncation(record, (struct text_field){"steps", step, (const char *)member.data},
                      note->bytes);
}

void record_left_out(struct record_writer *record)
{
    const struct trajectory *trajectory = record->input->run->trajectory;
    const struct agent_run *run = record->input->run;
    uint32_t told = 0;
    if (run->has_unread_facts || run->has_unread_texts)
        record_truncation(record, (struct text_field){"content", NO_INDEX, NULL},
                          run->arena->looked);
    for (uint32_t i = 0; i < trajectory->span_count && told < TOLD_MAX; i++) {
        struct left_out_list list = left_out_of(trajectory->spans[i].wire);
        struct left_out note;
        while (trajectory->spans[i].has_left_out && told < TOLD_MAX &&
               left_out_next(&list, &note)) {
            tell(record, i, &note);
            told++;
        }
    }
}
