/* `review` as YAML again. */
#include "pipelines/config/print/print_review.h"

void config_print_nothing(struct config_printer *printer, const struct option *row,
                                 const void *base)
{
    (void)printer;
    (void)row;
    (void)base;
}

void config_print_review_labels(struct config_printer *printer, const struct option *row,
                                const void *base)
{
    const struct label_set *labels = &printer->config->review.labels;
    (void)base;
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, labels->count > 0 ? "\n" : " []\n");
    for (uint32_t i = 0; i < labels->count; i++) {
        printer->indent += 4;
        printer->has_dash = true;
        config_printer_object(printer, "review.labels[]", &labels->items[i]);
        printer->indent -= 4;
    }
}

void config_print_review_queues(struct config_printer *printer, const struct option *row,
                                const void *base)
{
    const struct review_settings *review = &printer->config->review;
    (void)base;
    config_printer_row_key(printer, row);
    buffer_append_byte(printer->to, '\n');
    for (uint32_t i = 0; i < review->queue_count; i++) {
        printer->indent += 2;
        config_printer_key(printer, review->queues[i].name);
        buffer_append_byte(printer->to, '\n');
        printer->indent += 2;
        config_printer_object(printer, "review.queues.NAME", &review->queues[i]);
        printer->indent -= 4;
    }
}

void config_print_review_require(struct config_printer *printer, const struct option *row,
                                 const void *base)
{
    const struct review_queue_settings *queue = base;
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, " [verdict");
    if (queue->require & REQUIRE_LABEL)
        buffer_append_text(printer->to, ", label");
    if (queue->require & REQUIRE_COMMENT)
        buffer_append_text(printer->to, ", comment");
    buffer_append_text(printer->to, "]\n");
}
