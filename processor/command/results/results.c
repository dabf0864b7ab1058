/* flywheel results: submits judgements that stand in files, and takes a person's back. Through the API of
 * the daemon that holds the directory, or straight into it when none does. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "processor/base/json/json.h"
#include "processor/command/command.h"
#include "processor/command/local_api.h"
#include "processor/command/options.h"
#include "processor/command/results/sink.h"

enum {
    ARENA_BYTES = 256 << 20,
    FILE_BYTES_MAX = 1 << 30,
    BATCH_BYTES_MAX = RESULT_BYTES_MAX - 1024, /* brackets and commas */
};

struct results_arguments {
    const char *config, *endpoint, *token_file, *reviewer, *since, *from;
    const char *const *paths;
    int path_count;
};

/* --- files --- */

static bool read_file(const char *path, struct buffer *to, struct error *ret_error)
{
    char piece[65536];
    ssize_t size = -1;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    to->limit = FILE_BYTES_MAX;
    while (fd >= 0 && (size = read(fd, piece, sizeof piece)) > 0)
        buffer_append(to, piece, (size_t)size);
    if (fd < 0 || size < 0 || to->failed)
        error_set(ret_error, EXIT_USAGE, "%s: %s", path,
                  to->failed ? "larger than 1 GiB" : strerror(errno));
    if (fd > STDIN_FILENO)
        close(fd);
    return !ret_error->is_set;
}

struct batch {
    struct results_sink *sink;
    struct results_summary *summary;
    struct bytes results[RESULTS_PER_POST_MAX];
    uint32_t count;
    size_t bytes;
};

static bool send_batch(struct batch *batch, struct error *ret_error)
{
    if (batch->count > 0 && results_sink_give(batch->sink, batch->results, batch->count,
                                              batch->summary, ret_error) != STATUS_OK)
        return false;
    batch->count = 0;
    batch->bytes = 0;
    return true;
}

static bool add(struct batch *batch, struct bytes result, struct error *ret_error)
{
    if (result.size > BATCH_BYTES_MAX) {
        results_summary_refused(batch->summary, "too_large", "", "a result has at most 256 KiB");
        return true;
    }
    if ((batch->count == RESULTS_PER_POST_MAX || batch->bytes + result.size > BATCH_BYTES_MAX) &&
        !send_batch(batch, ret_error))
        return false;
    batch->results[batch->count++] = result;
    batch->bytes += result.size + 1;
    return true;
}

/* Of what comes behind so many bytes and white space. */
static unsigned long long line_behind(struct bytes text, size_t size)
{
    unsigned long long line = 1;
    while (size < text.size && strchr(" \t\r\n", text.data[size]))
        size++;
    for (size_t i = 0; i < size && i < text.size; i++)
        line += text.data[i] == '\n';
    return line;
}

/* One result, an array of them, or lines of either. */
static bool submit_text(struct batch *batch, const char *path, struct bytes text,
                        struct error *ret_error)
{
    struct arena arena;
    struct json_reader reader, elements;
    struct json_value value, element;
    bool is_good = true;
    size_t read = 0;
    arena_init(&arena, ARENA_BYTES);
    json_reader_init(&reader, text, &arena);
    while (is_good && json_next(&reader, &value) != JSON_END) {
        if (value.type == JSON_OBJECT) {
            is_good = add(batch, value.raw, ret_error);
        } else if (value.type == JSON_ARRAY) {
            json_children(&reader, &value, &elements);
            while (is_good && json_next(&elements, &element) != JSON_END &&
                   element.type != JSON_BROKEN)
                is_good = add(batch, element.raw, ret_error);
        } else {
            error_set(ret_error, EXIT_USAGE,
                      "%s:%llu: neither a result nor an array of results", path,
                      line_behind(text, read));
            is_good = false;
        }
        if (is_good)
            read = (size_t)(value.raw.data + value.raw.size - text.data);
    }
    is_good = is_good && send_batch(batch, ret_error); /* its texts are the file's */
    arena_finish(&arena);
    return is_good;
}

static int submit(struct results_sink *sink, const struct results_arguments *arguments,
                  struct error *ret_error)
{
    struct results_summary summary = {.refused = 0};
    for (int i = 0; i < arguments->path_count && !ret_error->is_set; i++) {
        struct batch batch = {.sink = sink, .summary = &summary};
        struct buffer text = {0};
        if (read_file(arguments->paths[i], &text, ret_error))
            (void)submit_text(&batch, arguments->paths[i], buffer_bytes(&text), ret_error);
        buffer_finish(&text);
    }
    results_summary_say(&summary, ret_error->is_set);
    return summary.refused > 0 ? EXIT_GATE_FAILED : EXIT_DONE;
}

/* --- the command --- */

static int act(const char *action, struct results_sink *sink,
               const struct results_arguments *arguments, struct error *ret_error)
{
    uint64_t count = 0;
    if (strcmp(action, "submit") == 0)
        return submit(sink, arguments, ret_error);
    if (results_sink_withdraw(sink, arguments->reviewer, arguments->since, &count, ret_error) ==
        STATUS_OK)
        printf("%llu results of %s taken back\n", (unsigned long long)count, arguments->reviewer);
    return EXIT_DONE;
}

static int run(const char *action, const struct results_arguments *arguments)
{
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct api_target target;
    struct results_sink sink = {.target = &target};
    enum reviewer_role role = strcmp(action, "submit") == 0 ? ROLE_SERVICE : ROLE_ADMIN;
    struct pipeline_config *config = options_load_config(arguments->config, &exit_code);
    if (!config)
        return exit_code;
    enum status status = local_api_connect(config, arguments->endpoint, arguments->token_file, role,
                                           &target, &error);
    if (status == STATUS_BUSY) {
        sink.target = NULL;
        status = results_directory_open(config, &sink.directory, &error);
    }
    if (status == STATUS_OK)
        exit_code = act(action, &sink, arguments, &error);
    if (error.is_set) {
        fprintf(stderr, "flywheel results: %s\n", error.text);
        exit_code = (int)error.exit_code;
    }
    results_directory_close(sink.directory);
    config_destroy(config);
    return exit_code;
}

static int usage(const char *text)
{
    fprintf(stderr, "flywheel results: %s\n", text);
    return EXIT_USAGE;
}

int command_results(int argc, char **argv)
{
    struct results_arguments arguments = {.config = NULL};
    const struct command_option options[] = {
        {"config", 'c', NULL, &arguments.config},       {"endpoint", 0, NULL, &arguments.endpoint},
        {"token-file", 0, NULL, &arguments.token_file}, {"reviewer", 0, NULL, &arguments.reviewer},
        {"since", 0, NULL, &arguments.since},           {"from", 0, NULL, &arguments.from}};
    int first = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (first < 0)
        return EXIT_USAGE;
    const char *action = first < argc ? argv[first] : "";
    arguments.paths = (const char *const *)argv + first + 1;
    arguments.path_count = argc - first - 1;
    if (strcmp(action, "import") == 0)
        return usage("nothing is imported from other tools yet: write lines of flywheel.result/v1 "
                     "and submit them");
    if (strcmp(action, "submit") == 0)
        return arguments.path_count > 0 ? run(action, &arguments)
                                        : usage("which files? - is standard input");
    if (strcmp(action, "withdraw") != 0)
        return usage("submit PATH..., or withdraw --reviewer NAME");
    return arguments.reviewer && arguments.path_count == 0 ? run(action, &arguments)
                                                           : usage("whose? --reviewer NAME");
}
