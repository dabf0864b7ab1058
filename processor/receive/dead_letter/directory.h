/* A directory of dead letters, as a sink. */
#pragma once
#include "processor/base/error.h"
#include "processor/receive/dead_letter/sink.h"

/* FATAL with `ret_error`: not writable, or no memory. */
MUST_CHECK enum status letter_directory_open(const struct dead_letter_config *config,
                                             struct letter_sink **ret_sink,
                                             struct error *ret_error);
