/* One pass over argv: options are read, operands collected behind them in their order. */
#include "processor/command/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipelines/config/config.h"
#include "pipelines/config/load.h"
#include "processor/base/memory.h"
#include "processor/base/nearest.h"

struct parsing {
    char **argv;
    int argc;
    const struct command_option *options;
    size_t count;
    struct option_values *lists;
    size_t list_count;
};

static const struct command_option *find(const struct parsing *parsing, const char *argument,
                                         const char **ret_value)
{
    bool is_long = argument[1] == '-';
    const char *name = argument + (is_long ? 2 : 1), *equals = strchr(name, '=');
    size_t size = is_long ? (equals ? (size_t)(equals - name) : strlen(name)) : 1;
    for (size_t i = 0; i < parsing->count; i++) {
        const struct command_option *option = &parsing->options[i];
        bool is_match = is_long
                            ? strlen(option->name) == size && strncmp(option->name, name, size) == 0
                            : option->letter && option->letter == name[0];
        if (!is_match)
            continue;
        *ret_value = is_long ? (equals ? equals + 1 : NULL) : (name[1] ? name + 1 : NULL);
        return option;
    }
    return NULL;
}

static void refuse_unknown(const struct parsing *parsing, const char *argument)
{
    struct nearest nearest = nearest_to(bytes_of_text(argument + strspn(argument, "-")));
    for (size_t i = 0; i < parsing->count; i++)
        nearest_offer(&nearest, bytes_of_text(parsing->options[i].name));
    for (size_t i = 0; i < parsing->list_count; i++)
        nearest_offer(&nearest, bytes_of_text(parsing->lists[i].name));
    if (nearest.name.data)
        fprintf(stderr, "flywheel %s: unknown option %s; did you mean --%s?\n", parsing->argv[0],
                argument, (const char *)nearest.name.data);
    else
        fprintf(stderr, "flywheel %s: unknown option %s; see `flywheel help %s`\n",
                parsing->argv[0], argument, parsing->argv[0]);
}

/* How many arguments it took; 0: it is no such option. -1: it lacks its value. */
static int take_values(const struct parsing *parsing, int at)
{
    const char *name = parsing->argv[at] + 2, *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    struct option_values *values = parsing->lists, *end = parsing->lists + parsing->list_count;
    while (values < end && (strlen(values->name) != size || strncmp(values->name, name, size) != 0))
        values++;
    if (parsing->argv[at][1] != '-' || values == end)
        return 0;
    int taken = equals ? 1 : 2;
    if (at + taken > parsing->argc) {
        fprintf(stderr, "flywheel %s: --%s needs a value\n", parsing->argv[0], values->name);
        return -1;
    }
    values->items = memory_need(
        realloc(values->items, (size_t)(values->count + parsing->argc) * sizeof *values->items));
    values->items[values->count++] =
        equals ? parsing->argv[at] + (equals + 1 - parsing->argv[at]) : parsing->argv[at + 1];
    for (; values->is_greedy && at + taken < parsing->argc; taken++) {
        char *next = parsing->argv[at + taken];
        if (next[0] == '-' && next[1] != 0)
            break;
        values->items[values->count++] = next;
    }
    return taken;
}

void option_values_finish(struct option_values *values)
{
    free(values->items);
    values->items = NULL;
    values->count = 0;
}

/* Reads the option at `at`; how many arguments it took, 0 after a sentence on stderr. */
static int take(const struct parsing *parsing, int at)
{
    const char *value = NULL, *argument = parsing->argv[at];
    int listed = take_values(parsing, at);
    if (listed != 0)
        return listed > 0 ? listed : 0;
    const struct command_option *option = find(parsing, argument, &value);
    if (!option) {
        refuse_unknown(parsing, argument);
        return 0;
    }
    if (option->flag && value) {
        fprintf(stderr, "flywheel %s: --%s takes no value\n", parsing->argv[0], option->name);
        return 0;
    }
    if (option->flag) {
        *option->flag = true;
        return 1;
    }
    if (!value && at + 1 >= parsing->argc) {
        fprintf(stderr, "flywheel %s: --%s needs a value\n", parsing->argv[0], option->name);
        return 0;
    }
    *option->value = value ? value : parsing->argv[at + 1];
    return value ? 1 : 2;
}

int options_parse(int argc, char **argv, const struct command_option *options, size_t count)
{
    return options_parse_values(argc, argv, options, count, NULL, 0);
}

int options_parse_values(int argc, char **argv, const struct command_option *options, size_t count,
                         struct option_values *lists, size_t list_count)
{
    const struct parsing parsing = {argv, argc, options, count, lists, list_count};
    int operands = 0; /* argv[at - operands .. at) are the operands so far */
    int at = 1;
    while (at < argc && strcmp(argv[at], "--") != 0) {
        if (argv[at][0] != '-' || argv[at][1] == 0) {
            at++, operands++;
            continue;
        }
        int taken = take(&parsing, at);
        if (taken == 0)
            return -1;
        for (int i = 0; i < taken; i++, at++) { /* moves each in front of the operands */
            char *option = argv[at];
            memmove(&argv[at - operands + 1], &argv[at - operands],
                    (size_t)operands * sizeof *argv);
            argv[at - operands] = option;
        }
    }
    if (at < argc) { /* `--` itself: everything behind it is an operand */
        memmove(&argv[at - operands + 1], &argv[at - operands], (size_t)operands * sizeof *argv);
        return at - operands + 1;
    }
    return at - operands;
}

bool options_only(int argc, char **argv, const struct command_option *options, size_t count)
{
    int operand = options_parse(argc, argv, options, count);
    if (operand >= 0 && operand < argc)
        fprintf(stderr, "flywheel %s: unexpected argument %s; see `flywheel help %s`\n", argv[0],
                argv[operand], argv[0]);
    return operand == argc;
}

struct pipeline_config *
options_load_config_findings(const char *path, struct config_findings *findings, int *ret_exit)
{
    struct error error = {0};
    struct pipeline_config *config = config_load_findings(path, findings, &error);
    if (config)
        return config;
    if (findings->errors.size > 0 && !findings->errors.failed)
        fwrite(findings->errors.data, 1, findings->errors.size, stderr);
    else
        fprintf(stderr, "%s\n", error.text);
    *ret_exit = (int)error.exit_code;
    return NULL;
}

struct pipeline_config *options_load_config(const char *path, int *ret_exit)
{
    struct config_findings findings = {.error_count = 0};
    struct pipeline_config *config = options_load_config_findings(path, &findings, ret_exit);
    config_findings_finish(&findings);
    return config;
}

bool options_format_is(const char *command, const char *format, const char *one, const char *other)
{
    if (strcmp(format, one) == 0 || strcmp(format, other) == 0)
        return true;
    fprintf(stderr, "flywheel %s: --format is %s or %s\n", command, one, other);
    return false;
}

int options_finish(const char *command, const struct buffer *text, struct error *error,
                   int exit_code)
{
    bool is_written = !text || error->is_set ||
                      (!text->failed && fwrite(text->data, 1, text->size, stdout) == text->size);
    if (!error->is_set && (!is_written || fflush(stdout) != 0 || ferror(stdout)))
        error_set(error, EXIT_STATE_IO, "standard output cannot be written");
    if (!error->is_set)
        return exit_code;
    fprintf(stderr, "flywheel %s: %s\n", command, error->text);
    return (int)error->exit_code;
}
