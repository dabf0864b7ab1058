/* The option table, as its readers see it: one row for each key of the pipeline file.
 *
 * A row's path names the place in the file. Objects that may come several times have rows of their
 * own struct: "rules[].name" is a field of `struct rule`, "exporters.kafka/NAME.topic" one of
 * `struct exporter_config`, "review.queues.NAME.order" one of `struct review_queue_settings`; all
 * other rows are fields of `struct pipeline_config`. A row with a function of its own
 * (OPTION_CUSTOM) reads and prints what has no fixed shape. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processor/base/bytes.h"

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
    OPTION_BYTES,    /* struct bytes: a text of at most max bytes; absent when left out */
    OPTION_TEXTS,    /* struct bytes [max] and a uint32_t count */
    OPTION_POINTERS, /* const char *[max] and a uint32_t count */
    OPTION_JOINED,   /* const char *, the list joined by commas */
    OPTION_CUSTOM,
};

struct config_loader;
struct config_node;
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

struct option_table {
    const struct option_section *const *sections;
    size_t section_count;
};

enum { OPTIONS_LIMIT = 512 };
/* Row number `index` of the whole table; NULL past the last one. */
const struct option *config_option_at(const struct option_table *table, uint32_t index);
uint32_t config_option_index(const struct option_table *table, const struct option *row);

/* The row of `key` directly below `prefix` ("" for the top level); NULL. */
const struct option *config_option_find(const struct option_table *table, const char *prefix,
                                        struct bytes key);
/* The known key below `prefix` that is closest to `key`, as a question; what to do when none is. */
enum { OPTION_HINT_SIZE = 160 };
void config_option_hint(const struct option_table *table, const char *prefix, struct bytes key,
                        char ret_hint[OPTION_HINT_SIZE]);
/* Length of the part of a path that names its object: "rules[]" of "rules[].name", 0 at the top. */
size_t config_option_object(const char *path);
/* The last part of a row's path: what the reader sees in the file. */
const char *config_option_key(const struct option *row);
