/* flywheel explain: why. From recordings, or from the records that a pipeline still holds: its
 * outbox, and the file of its file exporter. */
#include <stdio.h>
#include <stdlib.h>

#include "processor/command/command.h"
#include "processor/command/explain/explain_text.h"
#include "processor/command/options.h"
#include "processor/command/replay/dataset_file.h"
#include "processor/command/replay/replay_run.h"
#include "processor/emit/outgoing.h"
#include "state/tables/outbox.h"

struct wanted {
    const char *trace; /* hex; NULL: all */
    uint64_t found;
};

static bool print_text(struct bytes json, const char *left_out)
{
    struct buffer text = {0};
    bool is_printed = explain_record(json, left_out, &text) == STATUS_OK &&
                      fwrite(text.data, 1, text.size, stdout) == text.size;
    buffer_finish(&text);
    return is_printed;
}

static bool explain_closed(void *context, const struct closed *closed, struct bytes json)
{
    struct wanted *wanted = context;
    char id[2 * TRACE_ID_SIZE];
    hex_encode(id, closed->trace_id, TRACE_ID_SIZE);
    if (wanted->trace && strncmp(id, wanted->trace, sizeof(id)) != 0)
        return true;
    if (json.size == 0)
        return true; /* too large to be read */
    wanted->found++;
    enum skip_reason skipped = closed->selection.skipped;
    return print_text(json, skipped == SKIP_NONE ? NULL : skip_reason_names[skipped]);
}

static bool explain_row(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct wanted *wanted = context;
    struct outgoing record;
    (void)sequence;
    (void)committed_ms;
    if (outgoing_decode(frame, &record) != STATUS_OK ||
        !bytes_equal_text(record.key, wanted->trace))
        return true;
    wanted->found++;
    return print_text(record.payload, NULL);
}

/* Lines of an annotation file that are about this trajectory. */
static void explain_file(const char *path, struct wanted *wanted)
{
    FILE *file = fopen(path, "re");
    char *line = NULL, key[64];
    size_t capacity = 0;
    ssize_t size;
    if (!file)
        return;
    snprintf(key, sizeof(key), "\"trajectory_id\":\"%.32s\"", wanted->trace);
    while ((size = getline(&line, &capacity, file)) > 0) {
        size -= line[size - 1] == '\n';
        if (!memmem(line, (size_t)size, key, strlen(key)))
            continue;
        wanted->found++;
        (void)print_text(bytes_of(line, (size_t)size), NULL);
    }
    free(line);
    fclose(file);
}

static void explain_stored(const struct pipeline_config *config, struct wanted *wanted,
                           struct error *ret_error)
{
    struct store *store;
    for (uint32_t i = 0; i < config->exporter_count; i++)
        if (config->exporters[i].kind == EXPORTER_FILE && !config->exporters[i].takes_no_records)
            explain_file(config->exporters[i].path, wanted);
    if (wanted->found > 0)
        return;
    if (store_open(config->state.directory, 0, STORE_READER, &store, ret_error) != STATUS_OK)
        return;
    if (outbox_scan(store, 0, 0, explain_row, wanted) != STATUS_OK)
        error_set(ret_error, EXIT_STATE_IO, "the outbox in %s cannot be read",
                  config->state.directory);
    store_close(store);
}

static void explain_recorded(const struct pipeline_config *config, const char *dataset,
                             char *const *paths, int count, struct wanted *wanted,
                             struct error *ret_error)
{
    struct regression_set *regressions =
        dataset ? dataset_file_read(dataset, config, ret_error) : NULL;
    struct replay_side side = {.config = config,
                               .is_all = true,
                               .regressions = regressions,
                               .fn = explain_closed,
                               .context = wanted};
    if (!ret_error->is_set)
        (void)!replay_run(&side, 1, paths, count, PROGRESS_TERMINAL, ret_error);
    regression_set_release(regressions);
}

static bool is_trace_id(const char *text)
{
    uint8_t id[TRACE_ID_SIZE];
    return strlen(text) == 2 * TRACE_ID_SIZE && hex_decode(id, text, TRACE_ID_SIZE);
}

int command_explain(int argc, char **argv)
{
    const char *path = NULL, *trace = NULL, *dataset = NULL;
    const struct command_option options[] = {
        {"config", 'c', NULL, &path}, {"dataset", 0, NULL, &dataset}, {"trace", 0, NULL, &trace}};
    int operand = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (operand < 0)
        return EXIT_USAGE;
    if ((operand == argc && !trace) || (trace && !is_trace_id(trace))) {
        fprintf(
            stderr,
            "flywheel explain: needs a PATH of recorded requests, or --trace with 32 hex digits\n");
        return EXIT_USAGE;
    }
    if (dataset && operand == argc) {
        fprintf(stderr, "flywheel explain: --dataset is for recorded requests: what the data "
                        "directory holds was judged by its own\n");
        return EXIT_USAGE;
    }
    for (char *at = (char *)(trace ? trace : ""); *at; at++)
        *at = (char)(*at >= 'A' && *at <= 'F' ? *at + 32 : *at);
    int code = EXIT_DONE;
    struct error error = {0};
    struct wanted wanted = {.trace = trace};
    struct pipeline_config *config = options_load_config(path, &code);
    if (!config)
        return code;
    if (operand < argc)
        explain_recorded(config, dataset, argv + operand, argc - operand, &wanted, &error);
    else
        explain_stored(config, &wanted, &error);
    config_destroy(config);
    if (!error.is_set && wanted.found == 0)
        error_set(&error, EXIT_GATE_FAILED,
                  trace ? "no record of trajectory %s is held here"
                        : "%sno trajectory in the input",
                  trace ? trace : "");
    if (!error.is_set)
        return EXIT_DONE;
    fprintf(stderr, "flywheel explain: %s\n", error.text);
    return (int)error.exit_code;
}
