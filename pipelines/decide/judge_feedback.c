/* What users say of a run, as far as its spans carry it, and the ids by which it is found when more is
 * said. Nothing unless the pipeline file has `feedback`. A feedback is known again by its name, value,
 * text and time, so that a revision that reads it again says nothing new. */
#include <stdio.h>

#include "pipelines/decide/judge_state.h"
#include "processor/base/digest.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"
#include "processor/review/feedback.h"

static void identify(const struct judge *judge, const struct closed *closed,
                     const struct feedback *feedback, struct said_feedback *ret_said)
{
    char numbers[64];
    uint8_t digest[SHA256_SIZE];
    struct buffer whole = {0};
    (void)snprintf(numbers, sizeof numbers, "%llu %d %.17g ", (unsigned long long)feedback->time_ns,
                   feedback->has_value, feedback->value);
    buffer_append(&whole, closed->trace_id, sizeof closed->trace_id);
    buffer_append_text(&whole, numbers);
    buffer_append_bytes(&whole, feedback->name);
    buffer_append_byte(&whole, 0);
    buffer_append_bytes(&whole, feedback->text);
    digest_sha256_two(digest, BYTES_LITERAL("span"), buffer_bytes(&whole));
    buffer_finish(&whole);
    ret_said->kind = feedback_kind_of(&judge->config->feedback, feedback->name, feedback->text,
                                      feedback->is_negative);
    memcpy(ret_said->identity, digest, sizeof ret_said->identity);
}

static void add_id(struct closed *closed, uint64_t id)
{
    uint32_t at = 0;
    while (at < closed->said.id_count && closed->said.ids[at] != id)
        at++;
    if (at == closed->said.id_count && at < SAID_IDS_MAX)
        closed->said.ids[closed->said.id_count++] = id;
}

bool judge_feedback_read(const struct judge *judge, const struct judgement *judgement)
{
    struct closed *closed = judgement->closed;
    const struct agent_run *run = &judge->run;
    bool is_candidate =
        run->row_id.size > 0; /* remembered, so that what is said of it counts nowhere */
    if (!judge->config->feedback.is_present || (closed->is_judge_only && !is_candidate))
        return true;
    uint32_t count =
        run->feedback_count < SAID_FEEDBACKS_MAX ? run->feedback_count : SAID_FEEDBACKS_MAX;
    add_id(closed, feedback_id_of_trace(closed->trace_id));
    if (run->conversation_id.size > 0)
        add_id(closed, feedback_id_of_conversation(run->conversation_id));
    for (uint32_t i = 0; judge->trajectory.is_conversation && i < judge->trajectory.span_count;
         i++) {
        struct bytes id = wire_find_bytes(judge->trajectory.spans[i].wire, SPAN_TRACE_ID);
        if (id.size == TRACE_ID_SIZE)
            add_id(closed, feedback_id_of_trace(id.data));
    }
    closed->said.items =
        arena_zalloc(&judgement->effects->arena, count + 1, sizeof *closed->said.items);
    if (!closed->said.items)
        return false;
    for (uint32_t i = 0; i < count; i++)
        identify(judge, closed, &run->feedback[i], &closed->said.items[closed->said.count++]);
    return true;
}
