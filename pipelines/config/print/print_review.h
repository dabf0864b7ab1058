/* Printers of `review`, and of what is not built yet: nothing. */
#pragma once
#include "pipelines/config/print/printer.h"

option_print_fn config_print_review_labels, config_print_review_queues,
    config_print_review_require, config_print_nothing;
