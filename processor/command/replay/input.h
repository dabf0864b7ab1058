/* The PATH arguments of replay, explain, send and demo, read as export requests. A path is
 *   a file           by its suffix, else by its first byte
 *   a folder         in name order, sub-folders in their place, to a depth of 8
 *   -                a stream of trace requests on standard input, a varint length before each
 * Suffixes: *.pb is one ExportTraceServiceRequest, *-logs.pb one ExportLogsServiceRequest,
 * *.otlp.json and *.json-body the OTLP JSON mapping (either signal), *.jsonl one of them a line (by
 * name alone); *-metrics.pb is passed over, and in a folder so is every other name. */
#pragma once
#include "processor/base/error.h"
#include "processor/otlp/wire_gate.h"

enum { INPUT_DEPTH_MAX = 8, INPUT_BYTES_MAX = 64 * 1024 * 1024 };

struct input_request {
    enum wire_gate_signal signal;
    struct bytes body; /* wire protobuf, as yet ungated; lives until the callback returns */
    const char *name;  /* the file; "standard input" */
};

/* Anything but OK ends the reading and is returned by input_read. */
typedef enum status input_fn(void *context, const struct input_request *request,
                             struct error *ret_error);

/* One line of a *.jsonl file, or of standard input. NOT_FOUND: it is none of those, and is read as an
 * OTLP request in JSON. */
struct input_line {
    const char *name;
    uint64_t number; /* from 1 */
    struct bytes text;
};
typedef enum status input_line_fn(void *context, const struct input_line *line,
                                  struct error *ret_error);

/* Are they there? For those who have something to wait for before they
 * read. Fails as input_read. */
MUST_CHECK enum status input_find(char *const *paths, int count, struct error *ret_error);
/* FATAL with `ret_error`, which names the file (EXIT_USAGE; EXIT_PERMISSION). */
MUST_CHECK enum status input_read(char *const *paths, int count, input_fn *take, void *context,
                                  struct error *ret_error);
/* The same, and *.jsonl in folders and by name line by line. `-` is then lines too. */
MUST_CHECK enum status input_read_lines(char *const *paths, int count, input_fn *take,
                                        input_line_fn *take_line, void *context,
                                        struct error *ret_error);
