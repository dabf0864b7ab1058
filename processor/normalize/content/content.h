/* What was said in a run: question, answer, documents, what each step read and wrote. */
#pragma once
#include "processor/agent_run.h"

/* Adds the content. Does nothing when it is there already. */
void content_read(struct agent_run *run);
/* The question alone: of the top span, where it has one, without a look at the others; else it reads all. */
struct bytes content_question(struct agent_run *run);
