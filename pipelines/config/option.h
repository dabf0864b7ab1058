/* Inside of the configuration: the option table and the loader that follows it. Included by
 * config*.c only.
 *
 * A row's path names the place in the file. Objects that may come several times have rows of their
 * own struct: "rules[].name" is a field of `struct rule`, "exporters.kafka/NAME.topic" one of
 * `struct exporter_config`; all other rows are fields of `struct pipeline_config`. A row with a
 * function of its own (OPTION_CUSTOM) reads and prints what has no fixed shape. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/config/tree.h"
#include "pipelines/config/value.h"
#include "processor/score/measurements.h"

#include <stddef.h>

enum option_type {
    OPTION_SECTION,
    OPTION_BOOL,     /* bool */
    OPTION_EITHER,   /* bool: choices[0] is false, choices[1] is true */
    OPTION_CHOICE,   /* an enum (uint32_t), index into choices */
    OPTION_COUNT,    /* uint32_t */
    OPTION_NUMBER,   /* double */
    OPTION_SIZE,     /* size_t, bytes */
    OPTION_SIZE32,   /* uint32_t, bytes */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_TEXT,     /* const char *, NULL when left out */
    OPTION_SECRET,   /* the same, masked when printed */
    OPTION_ENDPOINT, /* const char *, host:port */
    OPTION_NAME,     /* struct bytes: [a-z0-9_.-], at most 64 */
    OPTION_TEXTS,    /* struct bytes [max] and a uint32_t count */
    OPTION_POINTERS, /* const char *[max] and a uint32_t count */
    OPTION_JOINED,   /* const char *, the list joined by commas */
    OPTION_CUSTOM,
};

struct config_loader;
struct config_printer;
struct option;

typedef void option_load_fn(struct config_loader *loader, const struct option *row,
                            const struct config_node *node, void *base);
typedef void option_print_fn(struct config_printer *printer, const struct option *row,
                             const void *base);

struct option {
    const char *path;
    enum option_type type;
    size_t at;            /* 1 + offset in its struct; 0: not stored */
    size_t count_at;      /* of a list's count */
    size_t given_at;      /* of a bool: the file has it (a section: is there) */
    double min, max;      /* of counts, numbers, durations (ms), sizes, entries of a list */
    const char *fallback; /* the default as one writes it; NULL: none */
    const char *const *choices;
    option_load_fn *load;
    option_print_fn *print;
    const char *type_text;    /* of OPTION_CUSTOM */
    const char *default_text; /* what the reference says where `fallback` can't */
    const char *prose;
};

/* Some sections of the table; the rows of one file. */
struct option_section {
    const struct option *rows;
    uint32_t count;
};

enum { OPTIONS_LIMIT = 512 };
/* Row number `index` of the whole table; NULL past the last one. */
const struct option *option_at(uint32_t index);
uint32_t option_index(const struct option *row);

/* The row of `key` directly below `prefix` ("" for the top level); NULL. */
const struct option *option_find(const char *prefix, struct bytes key);
/* The known key below `prefix` that is closest to `key`, in `to`; "" when none is. */
enum { OPTION_HINT_SIZE = 160 };
void option_hint(char to[OPTION_HINT_SIZE], const char *prefix, struct bytes key);
/* Length of the part of a path that names its object: "rules[]" of "rules[].name", 0 at the top. */
size_t option_object(const char *path);

struct config_loader {
    const char *name; /* of the file */
    struct pipeline_config *config;
    struct error *error;
    struct error unavailable; /* the first setting whose feature is not built */
    uint32_t unavailable_line;
    struct arena scratch;
    const struct config_node *root;
    const struct config_node *given[OPTIONS_LIMIT]; /* by row: where the file has it, or NULL */
    const struct config_node *object;               /* the entry of a list or exporter being read */
};

/* `name:line:column: ...`; later errors are ignored. */
void config_error(struct config_loader *loader, const struct config_node *node, const char *format,
                  ...) PRINTF_LIKE(3, 4);
void config_error_at_key(struct config_loader *loader, const struct config_node *node,
                         const char *format, ...) PRINTF_LIKE(3, 4);
bool config_failed(const struct config_loader *loader);
/* Where the file has this path; the whole document when it has not, for errors of defaults. */
const struct config_node *config_place(const struct config_loader *loader, const char *path);
bool config_is_given(const struct config_loader *loader, const char *path);

/* Reads a map by the rows of `prefix` into the struct at `base`. */
void config_load_object(struct config_loader *loader, const struct config_node *map,
                        const char *prefix, void *base);
/* Fills the struct of an object with the defaults of its rows. */
void config_load_defaults(struct config_loader *loader, const char *object, void *base);
/* Copies into the configuration's arena, NUL-terminated; sets the error when there is no room. */
struct bytes config_keep(struct config_loader *loader, struct bytes text);
void *config_alloc(struct config_loader *loader, size_t count, size_t size);
/* A list of texts, each non-empty; false with the error set. */
bool config_texts(struct config_loader *loader, const struct config_node *node, const char *what,
                  struct bytes *items, uint32_t max, uint32_t *ret_count);
bool config_require(struct config_loader *loader, const struct config_node *node,
                    enum config_node_kind kind, const char *what);

/* config_value.c: one scalar or list, by the type of its row. */
void option_store(struct config_loader *loader, const struct option *row,
                  const struct config_node *node, void *base);

/* Notes a setting whose feature this version does not have (config_unavailable.c). */
void config_note_unavailable(struct config_loader *loader, const struct option *row,
                             const struct config_node *node);
/* The one value that this version takes there, "" for none at all; NULL: no such restriction. */
const char *config_only_available(const char *path);

/* Loaders and printers of rows with a function of their own. A row without a loader is read by the
 * check that needs it, once what it refers to is known. */
option_load_fn load_measures, load_when, load_expectations, load_prices, load_exporters,
    load_properties, load_masks, load_list, load_burns;
option_print_fn print_rules, print_measures, print_when, print_expectations, print_prices,
    print_exporters, print_properties, print_dimensions, print_group_by, print_pinned, print_alerts,
    print_alert_cohort, print_masks, print_list, print_burns;

/* What the parts of an alert say together; default burn rates. */
void config_check_alert(struct config_loader *loader, const struct config_node *node,
                        struct alert_config *alert);

/* What is checked once everything is read, in this order. */
void config_check_cohorts(struct config_loader *loader);
void config_check_rules(struct config_loader *loader);
void config_check_measurements(struct config_loader *loader);
void config_check_redaction(struct config_loader *loader);
void config_check_pipelines(struct config_loader *loader);
void config_check_limits(struct config_loader *loader);

/* Loads and hands the first missing feature over instead of failing for it. */
struct pipeline_config *config_load_all(const char *name, struct bytes text,
                                        struct error *ret_unavailable, struct error *ret_error);
MUST_CHECK bool config_digest(struct pipeline_config *config); /* false: out of memory */

struct config_printer {
    struct buffer *to;
    const struct pipeline_config *config;
    uint32_t indent;
    bool has_dash;    /* the next line starts an entry of a list */
    bool is_unmasked; /* for comparing, never for reading */
};
/* `key:` at the current indent; the caller writes what follows, and the line break. */
void print_key(struct config_printer *printer, struct bytes key);
/* The last part of a row's path. */
void print_row_key(struct config_printer *printer, const struct option *row);
void print_text(struct config_printer *printer, struct bytes text); /* quoted where needed */
void print_texts(struct config_printer *printer, const struct bytes *items, uint32_t count);
void print_object(struct config_printer *printer, const char *object, const void *base);
