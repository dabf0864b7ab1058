/* One buffer for the file and one for what JSON becomes, reused from file to file. Folders are
 * walked with a stack of sorted listings, so their depth costs no C stack and name order holds
 * through sub-folders. */
#include "processor/command/replay/input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/text/text.h"
#include "processor/otlp/otlp_json.h"

enum {
    JSON_ARENA_MAX = 512 * 1024 * 1024,
    READ_STEP = 256 * 1024,
    LENGTH_SIZE_MAX = 5,
    LINE_PLACE_SIZE = 4096
};

enum file_kind { FILE_PASSED_OVER, FILE_TRACES, FILE_LOGS, FILE_JSON, FILE_LINES, FILE_UNKNOWN };

struct input {
    input_fn *take;
    input_line_fn *take_line; /* NULL: nobody reads lines */
    void *context;
    struct buffer file, wire;
    struct arena arena;
    struct error *error;
};

struct listing {
    struct dirent **entries;
    int count, next;
    size_t path_size; /* of the folder, in the shared path */
};

static bool ends_with(const char *name, const char *suffix)
{
    size_t name_size = strlen(name), suffix_size = strlen(suffix);
    return name_size >= suffix_size && strcmp(name + name_size - suffix_size, suffix) == 0;
}

static enum file_kind kind_of(const char *name)
{
    if (ends_with(name, "-metrics.pb"))
        return FILE_PASSED_OVER;
    if (ends_with(name, "-logs.pb"))
        return FILE_LOGS;
    if (ends_with(name, ".pb"))
        return FILE_TRACES;
    if (ends_with(name, ".otlp.json") || ends_with(name, ".json-body"))
        return FILE_JSON;
    if (ends_with(name, ".jsonl"))
        return FILE_LINES;
    return FILE_UNKNOWN;
}

static enum status fail(struct input *input, const char *name, int code)
{
    error_set(input->error, code == EACCES || code == EPERM ? EXIT_PERMISSION : EXIT_USAGE,
              "%s: %s", name, strerror(code));
    return STATUS_FATAL;
}

static enum status fail_too_large(struct input *input, const char *name)
{
    error_set(input->error, EXIT_USAGE, "%s: larger than %d MiB, the most a request may have", name,
              INPUT_BYTES_MAX >> 20);
    return STATUS_FATAL;
}

/* Reads all of a descriptor into input->file, a pipe too. */
static enum status read_all(struct input *input, int from, const char *name)
{
    struct buffer *file = &input->file;
    buffer_clear(file);
    for (;;) {
        if (!buffer_reserve(file, READ_STEP))
            return fail(input, name, ENOMEM);
        ssize_t got = read(from, file->data + file->size, READ_STEP);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(input, name, errno);
        if (got == 0)
            return STATUS_OK;
        file->size += (size_t)got;
        if (file->size > INPUT_BYTES_MAX)
            return fail_too_large(input, name);
    }
}

static enum status deliver(struct input *input, enum wire_gate_signal signal, struct bytes body,
                           const char *name)
{
    struct input_request request = {.signal = signal, .body = body, .name = name};
    return input->take(input->context, &request, input->error);
}

/* Where the mapping's top-level member is; text inside a request comes behind it. */
static const uint8_t *find_member(struct bytes json, const char *member, const char *proto_name)
{
    const uint8_t *found = memmem(json.data, json.size, member, strlen(member));
    return found ? found : memmem(json.data, json.size, proto_name, strlen(proto_name));
}

static enum status read_json(struct input *input, struct bytes json, const char *name)
{
    const uint8_t *spans = find_member(json, "\"resourceSpans\"", "\"resource_spans\"");
    const uint8_t *logs = find_member(json, "\"resourceLogs\"", "\"resource_logs\"");
    const uint8_t *metrics = find_member(json, "\"resourceMetrics\"", "\"resource_metrics\"");
    if (metrics && (!spans || metrics < spans) && (!logs || metrics < logs))
        return STATUS_OK; /* metrics are passed over, as *-metrics.pb is */
    if (!spans && !logs) {
        error_set(
            input->error, EXIT_USAGE,
            "%s: not an OTLP request in JSON: neither resourceSpans nor resourceLogs is there",
            name);
        return STATUS_FATAL;
    }
    enum wire_gate_signal signal =
        logs && (!spans || logs < spans) ? WIRE_GATE_LOGS : WIRE_GATE_TRACES;
    buffer_clear(&input->wire);
    arena_reset(&input->arena);
    struct refused_parts parts = {0};
    enum status status = otlp_json_to_wire(json, signal, &input->arena, &input->wire, &parts);
    if (status != STATUS_OK || input->wire.failed) {
        error_set(input->error, EXIT_USAGE,
                  status == STATUS_MALFORMED ? "%s: not the JSON mapping of OTLP"
                                             : "%s: too large to convert from JSON",
                  name);
        return STATUS_FATAL;
    }
    return deliver(input, signal, buffer_bytes(&input->wire), name);
}

static enum status read_line(struct input *input, const char *name, uint64_t number,
                             struct bytes text)
{
    char place[LINE_PLACE_SIZE];
    struct input_line line = {.name = name, .number = number, .text = text_trim(text)};
    if (line.text.size == 0)
        return STATUS_OK;
    enum status status =
        input->take_line ? input->take_line(input->context, &line, input->error) : STATUS_NOT_FOUND;
    if (status != STATUS_NOT_FOUND)
        return status;
    snprintf(place, sizeof place, "%.4000s:%llu", name, (unsigned long long)number);
    return read_json(input, line.text, place);
}

static enum status read_lines(struct input *input, FILE *from, const char *name)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    enum status status = STATUS_OK;
    for (uint64_t number = 1; status == STATUS_OK && (size = getline(&line, &capacity, from)) >= 0;
         number++)
        status = size > INPUT_BYTES_MAX
                     ? fail_too_large(input, name)
                     : read_line(input, name, number, bytes_of(line, (size_t)size));
    if (status == STATUS_OK && ferror(from))
        status = fail(input, name, errno);
    free(line);
    return status;
}

static enum status read_lines_of(struct input *input, const char *path)
{
    FILE *from = fopen(path, "rbe");
    if (!from)
        return fail(input, path, errno);
    enum status status = read_lines(input, from, path);
    fclose(from);
    return status;
}

static bool looks_like_json(struct bytes file)
{
    size_t at = 0;
    if (bytes_starts_with(file, BYTES_LITERAL("\xef\xbb\xbf")))
        at = 3;
    while (at < file.size && memchr(" \t\r\n", file.data[at], 4))
        at++;
    return at < file.size && file.data[at] == '{';
}

/* JSON that is no request as a whole. */
static bool are_lines(struct bytes file)
{
    return looks_like_json(file) && !find_member(file, "\"resourceSpans\"", "\"resource_spans\"") &&
           !find_member(file, "\"resourceLogs\"", "\"resource_logs\"");
}

static enum status read_lines_in(struct input *input, const char *path)
{
    FILE *from = fmemopen(input->file.data, input->file.size, "rb");
    if (!from)
        return fail(input, path, errno);
    enum status status = read_lines(input, from, path);
    fclose(from);
    return status;
}

static enum status read_file(struct input *input, const char *path, enum file_kind kind)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fail(input, path, errno);
    enum status status = read_all(input, from, path);
    close(from);
    if (status != STATUS_OK)
        return status;
    if (kind == FILE_UNKNOWN && input->take_line && are_lines(buffer_bytes(&input->file)))
        return read_lines_in(input, path);
    if (kind == FILE_JSON || (kind == FILE_UNKNOWN && looks_like_json(buffer_bytes(&input->file))))
        return read_json(input, buffer_bytes(&input->file), path);
    return deliver(input, kind == FILE_LOGS ? WIRE_GATE_LOGS : WIRE_GATE_TRACES,
                   buffer_bytes(&input->file), path);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Byte order: the same on every machine, whatever its locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void finish_listing(struct listing *listing)
{
    for (int i = listing->next; i < listing->count; i++)
        free(listing->entries[i]);
    free(listing->entries);
}

/* `path` is NUL-terminated behind its size. */
static void path_append(struct buffer *path, const char *text)
{
    buffer_append(path, text, strlen(text) + 1);
    if (!path->failed)
        path->size--;
}

static enum status open_listing(struct input *input, const struct buffer *path,
                                struct listing *listing)
{
    *listing = (struct listing){.path_size = path->size};
    listing->count = scandir((const char *)path->data, &listing->entries, is_visible, by_name);
    if (listing->count >= 0)
        return STATUS_OK;
    listing->count = 0;
    return fail(input, (const char *)path->data, errno);
}

/* The next entry of the folder on top of the stack, at `path`. Sub-folders are pushed. */
static enum status read_entry(struct input *input, struct buffer *path, struct listing *stack,
                              int *depth)
{
    const char *name = (const char *)path->data;
    struct stat status;
    if (stat(name, &status) != 0)
        return fail(input, name, errno);
    if (S_ISDIR(status.st_mode)) {
        if (*depth == INPUT_DEPTH_MAX) {
            error_set(input->error, EXIT_USAGE, "%s: folders are nested deeper than %d", name,
                      INPUT_DEPTH_MAX);
            return STATUS_FATAL;
        }
        return open_listing(input, path, &stack[(*depth)++]);
    }
    enum file_kind kind = kind_of(name);
    if (!S_ISREG(status.st_mode) || kind == FILE_PASSED_OVER || kind == FILE_UNKNOWN)
        return STATUS_OK;
    if (kind == FILE_LINES)
        return input->take_line ? read_lines_of(input, name) : STATUS_OK;
    return read_file(input, name, kind);
}

static enum status read_folder(struct input *input, const char *folder)
{
    struct listing stack[INPUT_DEPTH_MAX];
    int depth = 0;
    struct buffer path = {.limit = 64 * 1024};
    path_append(&path, folder);
    enum status status = path.failed ? fail(input, folder, ENAMETOOLONG)
                                     : open_listing(input, &path, &stack[depth++]);
    while (status == STATUS_OK && depth > 0) {
        struct listing *top = &stack[depth - 1];
        if (top->next == top->count) {
            finish_listing(top);
            depth--;
            continue;
        }
        struct dirent *entry = top->entries[top->next++];
        path.size = top->path_size;
        path_append(&path, path.data[path.size - 1] == '/' ? "" : "/");
        path_append(&path, entry->d_name);
        free(entry);
        status = path.failed ? fail(input, folder, ENAMETOOLONG)
                             : read_entry(input, &path, stack, &depth);
    }
    while (depth > 0)
        finish_listing(&stack[--depth]);
    buffer_finish(&path);
    return status;
}

/* One byte at a time: stdio buffers it, and the length is short. NOT_FOUND at the end. */
static enum status read_length(FILE *from, uint64_t *ret_length)
{
    uint64_t length = 0;
    for (int i = 0; i < LENGTH_SIZE_MAX; i++) {
        int byte = getc(from);
        if (byte == EOF)
            return i == 0 && !ferror(from) ? STATUS_NOT_FOUND : STATUS_MALFORMED;
        length |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret_length = length;
            return STATUS_OK;
        }
    }
    return STATUS_MALFORMED;
}

static enum status read_stream(struct input *input, FILE *from)
{
    static const char name[] = "standard input";
    for (uint64_t number = 1;; number++) {
        uint64_t length = 0;
        enum status status = read_length(from, &length);
        if (status == STATUS_NOT_FOUND)
            return STATUS_OK;
        if (status == STATUS_OK && length > INPUT_BYTES_MAX)
            return fail_too_large(input, name);
        buffer_clear(&input->file);
        if (status == STATUS_OK && !buffer_reserve(&input->file, length + 1))
            return fail(input, name, ENOMEM);
        if (status == STATUS_OK)
            input->file.size = fread(input->file.data, 1, length, from);
        if (status != STATUS_OK || input->file.size != length) {
            error_set(
                input->error, EXIT_USAGE,
                "%s: request %llu is cut short, or its length is wrong; a stream has a varint "
                "length before each request",
                name, (unsigned long long)number);
            return STATUS_FATAL;
        }
        status = deliver(input, WIRE_GATE_TRACES, buffer_bytes(&input->file), name);
        if (status != STATUS_OK)
            return status;
    }
}

static enum status read_path(struct input *input, const char *path)
{
    struct stat status;
    if (strcmp(path, "-") == 0)
        return input->take_line ? read_lines(input, stdin, "standard input")
                                : read_stream(input, stdin);
    if (stat(path, &status) != 0)
        return fail(input, path, errno);
    if (S_ISDIR(status.st_mode))
        return read_folder(input, path);
    enum file_kind kind = kind_of(path);
    if (kind == FILE_LINES)
        return read_lines_of(input, path);
    return kind == FILE_PASSED_OVER ? STATUS_OK : read_file(input, path, kind);
}

enum status input_find(char *const *paths, int count, struct error *ret_error)
{
    struct input input = {.error = ret_error};
    for (int i = 0; i < count; i++)
        if (strcmp(paths[i], "-") != 0 && access(paths[i], R_OK) != 0)
            return fail(&input, paths[i], errno);
    return STATUS_OK;
}

enum status input_read(char *const *paths, int count, input_fn *take, void *context,
                       struct error *ret_error)
{
    return input_read_lines(paths, count, take, NULL, context, ret_error);
}

enum status input_read_lines(char *const *paths, int count, input_fn *take,
                             input_line_fn *take_line, void *context, struct error *ret_error)
{
    struct input input = {
        .take = take, .take_line = take_line, .context = context, .error = ret_error};
    input.wire.limit = 2 * (size_t)INPUT_BYTES_MAX;
    arena_init(&input.arena, JSON_ARENA_MAX);
    enum status status = STATUS_OK;
    for (int i = 0; i < count && status == STATUS_OK; i++)
        status = read_path(&input, paths[i]);
    buffer_finish(&input.file);
    buffer_finish(&input.wire);
    arena_finish(&input.arena);
    return status;
}
