/* What people are asked in another tool, in that tool's own words: the controls of Label Studio, the score
 * configurations of Langfuse, the rubric of LangSmith, the labels of FutureAGI. Names and choices are
 * those that an import reads (subject.h). Pure. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/review/label_set.h"

/* ".config.xml", ".config.json": of the file beside the items. */
const char *labelling_suffix(struct bytes tool);
/* `instructions` may be absent. */
void labelling_write(struct bytes tool, const struct label_set *labels, struct bytes instructions,
                     struct buffer *to);
