/* queue export: open items as the work of people in another tool. */
#pragma once
#include "pipelines/config/config.h"

struct queue_export_arguments {
    const char *format, *queue, *output; /* NULL: not given */
};

/* Is there such a format? False after a sentence on stderr. */
bool queue_export_has(const char *format);
/* `ret_error` says what went wrong. */
void queue_export(const struct queue_export_arguments *arguments,
                  const struct pipeline_config *config, struct error *ret_error);
