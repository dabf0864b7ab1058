/* By the counters, beside a running daemon or without one. A name that no evaluator ever used looks
 * right in the file; only what came can tell. */
#include "processor/command/check/seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "pipelines/commit/writer_counters.h"
#include "processor/base/text/terminal.h"

enum {
    RUNS_MIN = 20, /* fewer runs say nothing */
    ITEMS_MIN = 20,
    ITEMS_MAX = 1000, /* more say no more */
    PATH_SIZE = 4096,
};

static uint64_t value_of(const struct persistent_counter *counter)
{
    return counter ? counter_get(persistent_counter_value(counter)) : 0;
}

static bool is_never_seen(struct writer_counters *counted, struct bytes rule, uint64_t *ret_runs)
{
    uint64_t with_value = 0;
    *ret_runs = 0;
    for (int outcome = 0; outcome < OUTCOMES; outcome++) {
        uint64_t count =
            value_of(writer_counters_rule_outcome(counted, rule, (enum outcome)outcome));
        with_value += outcome == OUTCOME_NA || outcome == OUTCOME_ERROR ? 0 : count;
        *ret_runs += count;
    }
    return with_value == 0 && *ret_runs >= RUNS_MIN;
}

/* `score.Qualty missing in 40` */
static void append_missing(struct writer_counters *counted, const struct rule *rule,
                           struct buffer *to)
{
    for (uint32_t i = 0; i < rule->measure_count; i++) {
        struct bytes name = rule->measures[i].name;
        uint64_t count = value_of(writer_counters_measurement_na(counted, name, "missing"));
        if (count == 0)
            continue;
        buffer_append_text(to, "; ");
        terminal_append(to, name);
        buffer_printf(to, " was missing in %" PRIu64, count);
    }
}

static uint32_t warn(const char *name, const struct pipeline_config *config,
                     struct counters *stored)
{
    struct writer_counters counted = {.stored = stored};
    uint32_t warnings = 0;
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++) {
        const struct rule *rule = &config->ruleset.rules[i];
        uint64_t runs = 0;
        if (!is_never_seen(&counted, rule->name, &runs))
            continue;
        struct buffer line = {0};
        buffer_printf(&line,
                      "%s: warning: rule %.*s had no value in any of the %" PRIu64
                      " runs that %s has seen",
                      name, (int)rule->name.size, (const char *)rule->name.data, runs,
                      config->state.directory);
        append_missing(&counted, rule, &line);
        fprintf(stderr, "%.*s\n", (int)line.size, (const char *)line.data);
        buffer_finish(&line);
        warnings++;
    }
    return warnings;
}

/* NULL: there is none yet, or it can't be read; `run` tells what is wrong with the directory. */
static struct store *open_seen(const struct pipeline_config *config)
{
    char path[PATH_SIZE];
    struct store *store = NULL;
    struct error ignored = {0};
    int size = snprintf(path, sizeof path, "%s/data.mdb", config->state.directory);
    if (size >= PATH_SIZE || access(path, R_OK) != 0 || config->relay.is_present ||
        store_open(config->state.directory, 0, STORE_READER, &store, &ignored) != STATUS_OK)
        return NULL;
    return store;
}

double seen_item_bytes(const struct pipeline_config *config)
{
    struct store *store = open_seen(config);
    struct store_txn txn;
    struct store_cursor cursor;
    uint64_t items = 0, bytes = 0;
    if (!store)
        return 0;
    store_begin(store, false, &txn);
    store_cursor_begin(&txn, TABLE_ITEM_CONTENT, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        struct bytes key = key_bytes(&cursor.key);
        items += get_be16(key.data + key.size - 2) == 0; /* its first chunk */
        if (items > ITEMS_MAX)
            break;
        bytes += store_cursor_value_size(&cursor);
    }
    store_cursor_finish(&cursor);
    store_abort(&txn);
    store_close(store);
    items = items > ITEMS_MAX ? ITEMS_MAX : items;
    return items >= ITEMS_MIN ? (double)bytes / (double)items : 0;
}

uint32_t seen_warn(const char *name, const struct pipeline_config *config)
{
    struct store *store = open_seen(config);
    struct counters *stored = NULL;
    uint32_t warnings = 0;
    if (!store)
        return 0;
    if (counters_open(store, &stored) == STATUS_OK) {
        warnings = warn(name, config, stored);
        counters_close(stored);
    }
    store_close(store);
    return warnings;
}
