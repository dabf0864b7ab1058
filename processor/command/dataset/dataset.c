/* flywheel dataset: a table of actions. Those that read look at the store beside the daemon; those
 * that change go through its API, or straight to the directory when no daemon holds it. */
#include "processor/command/dataset/dataset.h"

#include <stdio.h>
#include <string.h>

#include "pipelines/cohorts/report.h"
#include "processor/base/json/json.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

static const struct {
    const char *name;
    int operands;
    dataset_action_fn *run;
    const char *options; /* beside config, which all take */
} actions[] = {
    {"list", 0, dataset_list, "version stale"},
    {"show", 1, dataset_show, ""},
    {"diff", 2, dataset_diff, ""},
    {"export", 0, dataset_export, "format version split cohort output endpoint token-file"},
    {"check", 1, dataset_check, "version similarity"},
    {"tag", 2, dataset_change, "endpoint token-file"},
    {"promote", 1, dataset_change, "endpoint token-file"},
    {"retire", 1, dataset_change, "endpoint token-file"},
    {"erase", 0, dataset_change, "trace conversation reviewer endpoint token-file"},
};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

enum status dataset_store_open(const struct dataset_arguments *arguments, struct store **ret_store,
                               struct error *ret_error)
{
    return cohort_report_open(arguments->pipeline->state.directory, ret_store, ret_error);
}

struct bytes dataset_text_of(struct bytes json, const char *first, const char *second,
                             struct arena *arena)
{
    struct json_reader reader;
    struct json_value object, found, inner;
    if (!json_parse(json, arena, &reader, &object) || !json_member(&reader, &object, first, &found))
        return (struct bytes){0};
    if (!second)
        return found.type == JSON_STRING ? found.text : (struct bytes){0};
    bool is_there = json_member(&reader, &found, second, &inner) && inner.type == JSON_STRING;
    return is_there ? inner.text : (struct bytes){0};
}

static int usage(void)
{
    fputs("flywheel dataset: usage: flywheel dataset list|show ROW|diff V1 V2|tag V NAME|export|\n"
          "check FILE|promote ROW|retire ROW|erase --trace ID|--conversation ID|--reviewer NAME\n",
          stderr);
    return EXIT_USAGE;
}

/* Is the name a word of the list? */
static bool names(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += size)
        if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0))
            return true;
    return false;
}

/* An option that the action does not know would be passed over in silence. */
static bool takes_all(size_t action, const struct command_option *options, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if ((options[i].flag ? *options[i].flag : *options[i].value != NULL) &&
            !names(actions[action].options, options[i].name)) {
            fprintf(stderr, "flywheel dataset %s: takes no --%s\n", actions[action].name,
                    options[i].name);
            return false;
        }
    return true;
}

int command_dataset(int argc, char **argv)
{
    struct dataset_arguments it = {.version = NULL};
    const struct command_option options[] = {
        {"config", 'c', NULL, &it.config},       {"format", 0, NULL, &it.format},
        {"version", 0, NULL, &it.version},       {"stale", 0, &it.is_stale, NULL},
        {"split", 0, NULL, &it.split},           {"cohort", 0, NULL, &it.cohort},
        {"output", 'o', NULL, &it.output},       {"similarity", 0, NULL, &it.similarity},
        {"trace", 0, NULL, &it.trace},           {"conversation", 0, NULL, &it.conversation},
        {"reviewer", 0, NULL, &it.reviewer},     {"endpoint", 0, NULL, &it.endpoint},
        {"token-file", 0, NULL, &it.token_file},
    };
    int first = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (first < 0)
        return EXIT_USAGE;
    const char *name = first < argc ? argv[first] : "";
    size_t action = 0;
    while (action < ACTIONS && strcmp(actions[action].name, name) != 0)
        action++;
    if (action == ACTIONS || argc - first - 1 != actions[action].operands)
        return usage();
    if (!takes_all(action, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    it.operand_count = actions[action].operands;
    for (int i = 0; i < it.operand_count; i++)
        it.operands[i] = argv[first + 1 + i];
    it.action = name;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct pipeline_config *config = options_load_config(it.config, &exit_code);
    if (!config)
        return exit_code;
    it.pipeline = config;
    exit_code = actions[action].run(&it, &error);
    config_destroy(config);
    char command[32];
    snprintf(command, sizeof command, "dataset %s", name);
    return options_finish(command, NULL, &error, exit_code);
}
