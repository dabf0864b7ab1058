/* A line that is no row ends it: half a set would judge by half of what was approved. */
#include "processor/command/replay/dataset_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool add_lines(FILE *file, const char *path, struct regression_builder *builder,
                      struct error *ret_error)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    for (unsigned long number = 1;
         !ret_error->is_set && (size = getline(&line, &capacity, file)) >= 0; number++) {
        while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
            size--;
        if (size == 0)
            continue;
        /* What is above the limit is counted in the set. */
        if (regression_builder_add(builder, bytes_of(line, (size_t)size)) == STATUS_MALFORMED)
            error_set(ret_error, EXIT_USAGE,
                      "%s:%lu: this is no row of a dataset (flywheel.row/v1)", path, number);
    }
    if (ferror(file))
        error_set(ret_error, EXIT_USAGE, "%s: can't be read to its end", path);
    free(line);
    return !ret_error->is_set;
}

struct regression_set *dataset_file_read(const char *path, const struct pipeline_config *config,
                                         struct error *ret_error)
{
    struct regression_set *set = NULL;
    FILE *file = fopen(path, "re");
    if (!file) {
        error_set(ret_error, errno == EACCES ? EXIT_PERMISSION : EXIT_USAGE, "%s: %s", path,
                  strerror(errno));
        return NULL;
    }
    struct regression_builder *builder =
        regression_builder_create(config->dataset.cluster_similarity, config->regression.rows_max);
    if (builder && add_lines(file, path, builder, ret_error)) {
        set = regression_builder_finish(builder);
        builder = NULL;
    }
    regression_builder_destroy(builder);
    fclose(file);
    if (!set)
        error_set(ret_error, EXIT_BUG, "out of memory");
    else if (regression_set_left_out(set) > 0)
        fprintf(stderr, "%s: %u rows above limits.regression_rows are left out\n", path,
                regression_set_left_out(set));
    return set;
}
