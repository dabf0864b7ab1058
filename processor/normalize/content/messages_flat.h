/* Messages that are no one attribute: flattened to indexed keys, span events, log records. */
#pragma once
#include "processor/normalize/content/messages.h"
#include "processor/otlp/attributes.h"
#include "processor/span.h"

enum direction { DIRECTION_INPUT, DIRECTION_OUTPUT };

/* llm.input_messages.N.message..., gen_ai.input.messages.N.message..., gen_ai.prompt.N... and their
 * output counterparts. `*ret_found` says whether there are such messages at all, so that a call
 * without text is told from one whose text is elsewhere. Indexes may have holes and any size;
 * nothing is allocated by index. */
struct bytes messages_flat_text(struct bytes message, enum attribute_owner owner,
                                enum direction direction, enum wanted wanted, struct arena *arena,
                                bool *ret_found);
/* The turns among the input messages of a span. */
void messages_flat_turns(const struct span *span, struct arena *arena, struct turns *turns);
/* gen_ai.user.message, gen_ai.choice and other events of a span, as they were before messages
 * became attributes. */
struct bytes messages_flat_of_events(const struct span *span, enum direction direction,
                                     struct arena *arena);
/* The same as a log record, and gen_ai.client.inference.operation.details. */
struct bytes messages_flat_of_log(const struct log_record *log, enum direction direction,
                                  struct arena *arena);
