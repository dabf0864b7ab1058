/* The PATH arguments of replay, explain, send and demo, read as export requests. A path is
 *   a file           by its suffix, else by its first byte
 *   a folder         in name order, sub-folders in their place, to a depth of 8
 *   -                a stream of trace requests on standard input, a varint length before each
 * Suffixes: *.pb is one ExportTraceServiceRequest, *-logs.pb one ExportLogsServiceRequest,
 * *.otlp.json and *.json-body the OTLP JSON mapping (either signal); *-metrics.pb is passed over,
 * and in a folder so is every other name. */
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

/* Are they there? For those who have something to wait for before they
 * read. Fails as input_read. */
MUST_CHECK enum status input_find(char *const *paths, int count, struct error *ret_error);
/* FATAL with `ret_error`, which names the file (EXIT_USAGE; EXIT_PERMISSION). */
MUST_CHECK enum status input_read(char *const *paths, int count, input_fn *take, void *context,
                                  struct error *ret_error);
