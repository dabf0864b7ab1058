/* A topic of dead letters, as a sink. */
#pragma once
#include "processor/base/error.h"
#include "processor/receive/dead_letter/sink.h"

/* FATAL with `ret_error`: a property that can't be, or no memory. A broker need not be there. */
MUST_CHECK enum status letter_topic_open(const struct dead_letter_config *config,
                                         struct letter_sink **ret_sink, struct error *ret_error);
