/* What a tool was given and returned, where its own span's attributes do not say. */
#pragma once
#include "processor/agent_run.h"

/* From events of the tool's span: gen_ai.tool.message is what it was given, gen_ai.choice what it
 * returned. */
void tool_messages_of_events(struct step *step, struct arena *arena);
/* From the messages of the run's model calls and agents, by the id of the call. After all steps
 * have their own content. */
void tool_messages_by_call(struct agent_run *run);
