/* flywheel audit: is the trail whole, its entries as lines, and a checkpoint to keep elsewhere. Reads the
 * store beside a daemon; changes nothing. */
#include "processor/command/audit/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipelines/cohorts/report.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"
#include "state/tables/audit_line.h"

enum { ENTRIES_PER_READ = 1000 };

struct arguments {
    const char *config, *since, *checkpoint, *path;
};

/* Some of the entries from `next` on. True: there may be more. */
static bool append_entries(struct store *store, const char *instance, uint64_t *next,
                           struct buffer *to, struct error *ret_error)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct state_key from = {.size = 0};
    struct audit_texts texts;
    struct audit_entry entry;
    uint32_t count = 0;
    key_be64(&from, *next);
    store_begin(store, false, &txn);
    store_cursor_begin(&txn, TABLE_AUDIT, key_bytes(&from), 0, &cursor);
    while (count < ENTRIES_PER_READ && store_cursor_next(&cursor)) {
        uint64_t sequence = get_be64(cursor.key.data);
        if (!audit_read(&txn, sequence, &texts, &entry))
            break;
        audit_line_write_entry(&entry, instance, to);
        buffer_append_byte(to, '\n');
        *next = sequence + 1;
        count++;
    }
    store_cursor_finish(&cursor);
    if (store_commit(&txn) != STATUS_OK)
        error_set(ret_error, EXIT_STATE_IO, "the trail can't be read: %s", txn.reason);
    return count == ENTRIES_PER_READ && !ret_error->is_set;
}

static int export(const struct arguments *arguments, const char *directory, struct error *ret_error)
{
    struct store *store = NULL;
    struct buffer lines = {0};
    char instance[INSTANCE_UUID_TEXT_SIZE], *end = NULL;
    uint64_t next = arguments->since ? strtoull(arguments->since, &end, 10) : 1;
    if (end && (*end || end == arguments->since)) {
        error_set(ret_error, EXIT_USAGE, "--since is the number of an entry");
        return EXIT_USAGE;
    }
    if (cohort_report_open(directory, &store, ret_error) != STATUS_OK)
        return (int)ret_error->exit_code;
    schema_instance_text(store_instance(store), instance);
    for (bool is_more = true; is_more && !ferror(stdout);) {
        is_more = append_entries(store, instance, &next, &lines, ret_error);
        fwrite(lines.data, 1, lines.size, stdout);
        buffer_clear(&lines);
    }
    buffer_finish(&lines);
    store_close(store);
    return EXIT_DONE;
}

static int checkpoint(const char *directory, struct error *ret_error)
{
    struct store *store = NULL;
    struct audit *audit = NULL;
    struct buffer line = {0};
    char instance[INSTANCE_UUID_TEXT_SIZE];
    if (cohort_report_open(directory, &store, ret_error) != STATUS_OK)
        return (int)ret_error->exit_code;
    schema_instance_text(store_instance(store), instance);
    if (audit_open(store, &audit) != STATUS_OK) {
        error_set(ret_error, EXIT_STATE_IO, "the trail can't be read");
    } else if (audit_sequence(audit) == 0) {
        error_set(ret_error, EXIT_TOO_LITTLE_DATA, "the trail has no entry yet");
    } else {
        struct audit_checkpoint head = {.sequence = audit_sequence(audit),
                                        .time_ms = clock_realtime_ms()};
        audit_head(audit, head.hash);
        audit_line_write_checkpoint(&head, instance, &line);
        buffer_append_byte(&line, '\n');
        fwrite(line.data, 1, line.size, stdout);
    }
    buffer_finish(&line);
    if (audit)
        audit_close(audit);
    store_close(store);
    return EXIT_DONE;
}

static int verify(const struct arguments *arguments, const char *path, struct error *ret_error)
{
    struct audit_checkpoints checkpoints = {.items = NULL};
    int exit_code = EXIT_DONE;
    if (!arguments->checkpoint ||
        audit_checkpoints_read(arguments->checkpoint, &checkpoints, ret_error))
        exit_code = audit_verify(path, &checkpoints, ret_error);
    free(checkpoints.items);
    return exit_code;
}

static int act(const char *action, const struct arguments *arguments, struct error *ret_error)
{
    int exit_code = EXIT_DONE;
    bool is_verify = strcmp(action, "verify") == 0;
    if (is_verify && arguments->path)
        return verify(arguments, arguments->path, ret_error);
    struct pipeline_config *config = options_load_config(arguments->config, &exit_code);
    if (!config)
        return exit_code;
    const char *directory = config->state.directory;
    exit_code = is_verify                       ? verify(arguments, directory, ret_error)
                : strcmp(action, "export") == 0 ? export(arguments, directory, ret_error)
                                                : checkpoint(directory, ret_error);
    config_destroy(config);
    return exit_code;
}

int command_audit(int argc, char **argv)
{
    struct arguments arguments = {.config = NULL};
    const struct command_option options[] = {{"config", 'c', NULL, &arguments.config},
                                             {"since", 0, NULL, &arguments.since},
                                             {"checkpoint", 0, NULL, &arguments.checkpoint}};
    int first = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (first < 0)
        return EXIT_USAGE;
    const char *action = first < argc ? argv[first] : "";
    int operands = argc - first - 1;
    bool is_verify = strcmp(action, "verify") == 0;
    bool is_other = strcmp(action, "export") == 0 || strcmp(action, "checkpoint") == 0;
    if (!(is_verify && operands <= 1) && !(is_other && operands == 0)) {
        fputs("flywheel audit: usage: flywheel audit verify [DIR|FILE] [--checkpoint FILE] | "
              "export [--since SEQUENCE] | checkpoint\n",
              stderr);
        return EXIT_USAGE;
    }
    arguments.path = operands == 1 ? argv[first + 1] : NULL;
    struct error error = {0};
    char command[32];
    snprintf(command, sizeof command, "audit %s", action);
    int exit_code = act(action, &arguments, &error);
    return options_finish(command, NULL, &error, exit_code);
}
