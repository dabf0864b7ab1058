/* The text of one message as a person reads it: without the thoughts that models put in front, and
 * without the message that some libraries wrap into its own text. */
#pragma once
#include "processor/normalize/content/message.h"

struct bytes said_text(struct bytes text, enum role role, struct arena *arena);
/* What stands behind a model's thoughts: "<think>..</think>answer". */
struct bytes said_without_thoughts(struct bytes text);
