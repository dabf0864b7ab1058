/* Each is written beside its place and synced; when all are there, they are moved. What is appended or
 * printed comes last: it can't be taken back. */
#include "processor/command/gate/report_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name;
    gate_report_fn *write;
} forms[] = {
    {"junit", gate_report_junit},
    {"json", gate_report_json},
    {"markdown", gate_report_markdown},
};

static gate_report_fn *form_of(struct bytes name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (bytes_equal_text(name, forms[i].name))
            return forms[i].write;
    return NULL;
}

static void add(struct report_files *files, const char *text, size_t size, struct error *ret_error)
{
    const char *equal = memchr(text, '=', size), *summary = getenv("GITHUB_STEP_SUMMARY");
    size_t path_size = equal ? size - (size_t)(equal + 1 - text) : 0;
    gate_report_fn *write = equal ? form_of(bytes_of(text, (size_t)(equal - text))) : NULL;
    if (!write || path_size == 0 || path_size >= REPORT_PATH_MAX) {
        error_set(ret_error, EXIT_USAGE,
                  "--report takes junit=FILE, json=FILE and markdown=FILE, joined by commas; - is "
                  "standard output");
        return;
    }
    if (files->count == REPORT_FILES_MAX) {
        error_set(ret_error, EXIT_USAGE, "at most %d reports at once", REPORT_FILES_MAX);
        return;
    }
    uint32_t at = files->count++;
    files->items[at].write = write;
    memcpy(files->items[at].path, equal + 1, path_size);
    files->items[at].path[path_size] = 0;
    memcpy(files->items[at].beside, equal + 1, path_size);
    memcpy(files->items[at].beside + path_size, ".tmp", sizeof ".tmp");
    files->items[at].is_stdout = strcmp(files->items[at].path, "-") == 0;
    struct stat place;
    bool is_no_file = stat(files->items[at].path, &place) == 0 && !S_ISREG(place.st_mode);
    files->items[at].is_appended =
        is_no_file || (summary && summary[0] && strcmp(files->items[at].path, summary) == 0);
}

void report_files_parse(char *const *texts, int count, struct report_files *ret_files,
                        struct error *ret_error)
{
    for (int i = 0; i < count; i++)
        for (const char *at = texts[i], *end = at; *end && !ret_error->is_set; at = end + 1) {
            end = strchrnul(at, ',');
            add(ret_files, at, (size_t)(end - at), ret_error);
        }
    uint32_t printed = 0;
    for (uint32_t i = 0; i < ret_files->count; i++) {
        printed += ret_files->items[i].is_stdout;
        for (uint32_t j = 0; j < i && !ret_files->items[i].is_stdout; j++)
            if (!ret_error->is_set &&
                strcmp(ret_files->items[i].path, ret_files->items[j].path) == 0)
                error_set(ret_error, EXIT_USAGE, "--report: %s can't be two reports",
                          ret_files->items[i].path);
    }
    if (printed > 1)
        error_set(ret_error, EXIT_USAGE, "one report at most goes to standard output");
}

bool report_files_use_stdout(const struct report_files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        if (files->items[i].is_stdout)
            return true;
    return false;
}

static void fail(const char *path, struct error *ret_error)
{
    error_set(ret_error, errno == EACCES ? EXIT_PERMISSION : EXIT_STATE_IO,
              "%s can't be written: %s", path, strerror(errno));
}

static void put(const char *path, const char *mode, struct bytes text, const char *name,
                struct error *ret_error)
{
    FILE *file = path ? fopen(path, mode) : stdout;
    if (!file) {
        fail(name, ret_error);
        return;
    }
    bool is_written = fwrite(text.data, 1, text.size, file) == text.size && fflush(file) == 0;
    if (is_written && path && fsync(fileno(file)) != 0 && errno != EINVAL) /* a pipe has no disk */
        is_written = false;
    if (!is_written)
        fail(name, ret_error);
    if (path && fclose(file) != 0)
        fail(name, ret_error);
}

/* The summary of a job, standard output, and what is no file (a pipe, a device) are written in place. */
static bool is_late(const struct report_files *files, uint32_t i)
{
    return files->items[i].is_stdout || files->items[i].is_appended;
}

void report_files_write(struct report_files *files, const struct gate_answer *answer,
                        struct error *ret_error)
{
    struct buffer texts[REPORT_FILES_MAX] = {0};
    for (uint32_t i = 0; i < files->count; i++) {
        files->items[i].write(answer, &texts[i]);
        if (texts[i].failed)
            error_set(ret_error, EXIT_BUG, "out of memory");
    }
    for (uint32_t i = 0; i < files->count && !ret_error->is_set; i++)
        if (!is_late(files, i))
            put(files->items[i].beside, "wbe", buffer_bytes(&texts[i]), files->items[i].path,
                ret_error);
    for (uint32_t i = 0; i < files->count; i++) {
        if (is_late(files, i))
            continue;
        if (!ret_error->is_set && rename(files->items[i].beside, files->items[i].path) != 0)
            fail(files->items[i].path, ret_error);
        if (ret_error->is_set)
            (void)unlink(files->items[i].beside);
    }
    for (uint32_t i = 0; i < files->count && !ret_error->is_set; i++)
        if (is_late(files, i))
            put(files->items[i].is_stdout ? NULL : files->items[i].path, "abe",
                buffer_bytes(&texts[i]), files->items[i].path, ret_error);
    for (uint32_t i = 0; i < files->count; i++)
        buffer_finish(&texts[i]);
}
