/* What a command writes to FILE or to standard output. A file is written beside its name and moved into
 * place when it is whole; where anything went wrong, what stood there before still does. */
#pragma once
#include <stdio.h>

#include "processor/base/bytes.h"
#include "processor/base/error.h"

struct output_file {
    const char *path, *suffix; /* borrowed; path NULL: standard output */
    FILE *file;
    struct error *error; /* the command's: whatever set it, the file does not get its name */
};

/* False after a sentence. */
bool output_file_begin(struct output_file *file, const char *path, const char *suffix,
                       struct error *error);
void output_file_put(struct output_file *file, struct bytes text);
void output_file_end(struct output_file *file);
/* All three. */
void output_file_write(const char *path, const char *suffix, struct bytes text,
                       struct error *error);
