/* A configuration being written as YAML, by the option table: what is printed loads again and gives
 * the same ruleset. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/config/option.h"

struct config_printer {
    struct buffer *to;
    const struct option_table *options;
    const struct pipeline_config *config;
    uint32_t indent;
    bool has_dash;    /* the next line starts an entry of a list */
    bool is_unmasked; /* for comparing, never for reading */
};
/* `key:` at the current indent; the caller writes what follows, and the line break. */
void config_printer_key(struct config_printer *printer, struct bytes key);
/* The last part of a row's path. */
void config_printer_row_key(struct config_printer *printer, const struct option *row);
/* Quoted where needed. */
void config_printer_text(struct config_printer *printer, struct bytes text);
void config_printer_texts(struct config_printer *printer, const struct bytes *items,
                          uint32_t count);
void config_printer_object(struct config_printer *printer, const char *object, const void *base);
/* One row with its key, whatever its type; and whether there is anything to print. */
void config_printer_row(struct config_printer *printer, const struct option *row, const void *base);
bool config_printer_is_set(const struct option *row, const void *base);
