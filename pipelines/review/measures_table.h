/* The measures for people to read. */
#pragma once
#include "pipelines/review/measures.h"

void measures_table(const struct measures_request *request, struct measures *measures,
                    struct buffer *to);
