/* flywheel results: submits judgements that stand in files, imports those of other tools, and takes a
 * person's back. Through the API of the daemon that holds the directory, or straight into it when none
 * does. */
#include <stdio.h>
#include <string.h>

#include "processor/base/json/json.h"
#include "processor/command/command.h"
#include "processor/command/local_api.h"
#include "processor/command/options.h"
#include "processor/command/results/batch.h"
#include "processor/command/results/import.h"

enum { ARENA_BYTES = 256 << 20 };

struct results_arguments {
    const char *config, *endpoint, *token_file, *reviewer, *since, *from;
    const char *const *paths;
    int path_count;
    const struct reviews_tool *tool; /* of import alone */
};

/* --- files --- */

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
static bool submit_text(struct results_batch *batch, const char *path, struct bytes text,
                        struct error *ret_error)
{
    struct arena arena;
    struct json_reader reader, elements;
    struct json_value value, element;
    const struct results_place nowhere = {NULL, 0};
    bool is_good = true;
    size_t read = 0;
    arena_init(&arena, ARENA_BYTES);
    json_reader_init(&reader, text, &arena);
    while (is_good && json_next(&reader, &value) != JSON_END) {
        if (value.type == JSON_OBJECT) {
            is_good = results_batch_add(batch, value.raw, nowhere, ret_error);
        } else if (value.type == JSON_ARRAY) {
            json_children(&reader, &value, &elements);
            while (is_good && json_next(&elements, &element) != JSON_END &&
                   element.type != JSON_BROKEN)
                is_good = results_batch_add(batch, element.raw, nowhere, ret_error);
        } else {
            error_set(ret_error, EXIT_USAGE, "%s:%llu: neither a result nor an array of results",
                      path, line_behind(text, read));
            is_good = false;
        }
        if (is_good)
            read = (size_t)(value.raw.data + value.raw.size - text.data);
    }
    is_good = is_good && results_batch_send(batch, ret_error);
    arena_finish(&arena);
    return is_good;
}

static int submit(struct results_sink *sink, const struct results_arguments *arguments,
                  struct error *ret_error)
{
    struct results_summary summary = {.refused = 0};
    for (int i = 0; i < arguments->path_count && !ret_error->is_set; i++) {
        struct results_batch batch = {.sink = sink, .summary = &summary};
        struct buffer text = {0};
        if (results_read_file(arguments->paths[i], &text, ret_error))
            (void)submit_text(&batch, arguments->paths[i], buffer_bytes(&text), ret_error);
        results_batch_finish(&batch);
        buffer_finish(&text);
    }
    results_summary_say(&summary, ret_error->is_set);
    return summary.refused > 0 ? EXIT_GATE_FAILED : EXIT_DONE;
}

/* --- the command --- */

static int act(const char *action, const struct pipeline_config *config, struct results_sink *sink,
               const struct results_arguments *arguments, struct error *ret_error)
{
    uint64_t count = 0;
    if (arguments->tool)
        return results_import(arguments->tool, &config->review.labels, arguments->paths,
                              arguments->path_count, sink, ret_error);
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
    enum reviewer_role role = strcmp(action, "withdraw") == 0 ? ROLE_ADMIN : ROLE_SERVICE;
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
        exit_code = act(action, config, &sink, arguments, &error);
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

static int import(struct results_arguments *arguments)
{
    struct buffer names = {0};
    reviews_tool_names(&names);
    if (arguments->from)
        arguments->tool = reviews_tool_find(bytes_of_text(arguments->from));
    if (!arguments->tool)
        fprintf(stderr, "flywheel results: import --from TOOL PATH...; there is: %.*s\n",
                (int)names.size, names.data ? (const char *)names.data : "");
    buffer_finish(&names);
    if (!arguments->tool)
        return EXIT_USAGE;
    return arguments->path_count > 0 ? run("import", arguments)
                                     : usage("which files? - is standard input");
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
        return import(&arguments);
    if (strcmp(action, "submit") == 0)
        return arguments.path_count > 0 ? run(action, &arguments)
                                        : usage("which files? - is standard input");
    if (strcmp(action, "withdraw") != 0)
        return usage("submit PATH..., import --from TOOL PATH..., or withdraw --reviewer NAME");
    return arguments.reviewer && arguments.path_count == 0 ? run(action, &arguments)
                                                           : usage("whose? --reviewer NAME");
}
