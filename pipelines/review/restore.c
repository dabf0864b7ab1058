/* The end of each file is read at every start; all of it only when it is ahead of the state. */
#include "pipelines/review/restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/review/dataset_changes.h"
#include "processor/base/json/json.h"
#include "processor/base/log.h"
#include "state/tables/audit_line.h"
#include "state/tables/erased.h"
#include "state/tables/item_row.h"
#include "state/tables/row.h"

enum { TAIL_BYTES = 4 << 20 /* more than a row takes */, ARENA_BYTES_MAX = 4 << 20 };

struct looking {
    char instance[INSTANCE_UUID_TEXT_SIZE];
    uint64_t since;         /* the state's own last entry */
    uint64_t last, version; /* the highest that is out */
    uint8_t head[AUDIT_HASH_SIZE];
    uint8_t (*erased)[FINGERPRINT_SIZE];
    size_t erased_count;
};

typedef void line_fn(struct looking *it, struct bytes line, struct arena *arena);

static void each_line(const char *path, long tail, line_fn *fn, struct looking *it)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    struct arena arena;
    FILE *file = fopen(path, "rb");
    if (!file)
        return;
    if (tail > 0 && fseek(file, -tail, SEEK_END) != 0) /* the first line is then cut, and none */
        rewind(file);                                  /* it is shorter */
    arena_init(&arena, ARENA_BYTES_MAX);
    while ((size = getline(&text, &capacity, file)) >= 0) {
        arena_reset(&arena);
        fn(it, bytes_of(text, (size_t)size), &arena);
    }
    arena_finish(&arena);
    free(text);
    fclose(file);
}

/* --- lines --- */

static void see_last(struct looking *it, struct bytes text, struct arena *arena)
{
    struct audit_line line;
    if (audit_line_read(text, arena, &line) != STATUS_OK || line.is_checkpoint ||
        !bytes_equal_text(line.instance, it->instance) || line.entry.sequence <= it->last)
        return;
    it->last = line.entry.sequence;
    memcpy(it->head, line.entry.hash, sizeof it->head);
}

static void see_erased(struct looking *it, struct bytes text, struct arena *arena)
{
    struct audit_line line;
    if (audit_line_read(text, arena, &line) != STATUS_OK || line.is_checkpoint ||
        !bytes_equal_text(line.instance, it->instance) || line.entry.sequence <= it->since ||
        line.entry.action != AUDIT_DATASET_ERASED)
        return;
    struct bytes hex = audit_subject_of(&line.entry, "fingerprint");
    void *grown = realloc(it->erased, (it->erased_count + 1) * sizeof *it->erased);
    if (!grown)
        return;
    it->erased = grown;
    if (hex.size == 2 * FINGERPRINT_SIZE &&
        hex_decode(it->erased[it->erased_count], (const char *)hex.data, FINGERPRINT_SIZE))
        it->erased_count++;
}

static void see_version(struct looking *it, struct bytes text, struct arena *arena)
{
    struct json_reader reader;
    struct json_value row, version;
    if (!json_parse(text, arena, &reader, &row) || reader.truncated ||
        !json_member(&reader, &row, "dataset_version", &version) || version.type != JSON_NUMBER ||
        version.number < 0 || version.number > 1e15)
        return;
    uint64_t number = (uint64_t)version.number;
    it->version = number > it->version ? number : it->version;
}

/* --- what follows from them --- */

static bool is_erased(const struct looking *it, struct store_txn *txn,
                      const uint8_t trajectory_id[16])
{
    uint8_t fingerprint[FINGERPRINT_SIZE];
    erased_fingerprint(txn, "trajectory", bytes_of(trajectory_id, 16), fingerprint);
    for (size_t i = 0; i < it->erased_count; i++)
        if (memcmp(it->erased[i], fingerprint, sizeof fingerprint) == 0)
            return true;
    return false;
}

/* The first run that is still here; false: there is none. */
static bool find_erased(const struct looking *it, struct store_txn *txn,
                        const struct erased *erased, enum state_table table,
                        uint8_t ret_trajectory[16])
{
    struct store_cursor cursor;
    struct row_entry row;
    struct item_row item;
    bool is_found = false;
    store_cursor_begin(txn, table, bytes_of("", 0), 0, &cursor);
    while (!is_found && store_cursor_next(&cursor)) {
        struct bytes value = store_cursor_value(&cursor);
        bool is_row = table == TABLE_ROW;
        if ((is_row ? row_entry_decode(key_bytes(&cursor.key), value, &row)
                    : item_row_decode(value, &item)) != STATUS_OK)
            continue;
        memcpy(ret_trajectory, is_row ? row.trajectory_id : item.trajectory_id, 16);
        is_found = is_erased(it, txn, ret_trajectory) && !erased_has(erased, txn, ret_trajectory);
    }
    store_cursor_finish(&cursor);
    return is_found;
}

static void erase_again(const struct looking *it, struct store_txn *txn, struct dataset *dataset,
                        const struct dataset_settings *settings, const struct audit_entry *actor,
                        int64_t wall_ms)
{
    struct erased *erased = dataset_erased(dataset);
    struct dataset_answer answer;
    uint8_t trajectory_id[16];
    char hex[32];
    while (txn->status == STATUS_OK && (find_erased(it, txn, erased, TABLE_ROW, trajectory_id) ||
                                        find_erased(it, txn, erased, TABLE_ITEM, trajectory_id))) {
        hex_encode(hex, trajectory_id, sizeof trajectory_id);
        dataset_erase(dataset, txn, settings, ERASE_TRACE, bytes_of(hex, sizeof hex), actor,
                      wall_ms, &answer);
    }
    for (size_t i = 0; i < it->erased_count; i++)
        erased_add_fingerprint(erased, txn, it->erased[i]);
}

static void tell(const struct looking *it, struct store_txn *txn, struct audit *audit,
                 int64_t wall_ms)
{
    char lost[48], head[2 * AUDIT_HASH_SIZE];
    snprintf(lost, sizeof lost, "%" PRIu64 "-%" PRIu64, it->since + 1, it->last);
    hex_encode(head, it->head, sizeof it->head);
    struct audit_entry entry = {
        .sequence = it->last + 1,
        .time_ms = wall_ms,
        .actor = BYTES_LITERAL(""),
        .role = BYTES_LITERAL(""),
        .trust = AUDIT_SYSTEM,
        .action = AUDIT_RESTORED,
        .subjects = {{"lost", bytes_of_text(lost)}, {"head", bytes_of(head, sizeof head)}},
        .subject_count = 2,
    };
    audit_append(audit, txn, &entry);
    log_warn("state_was_set_back", "lost_entries=%s erasures=%zu", lost, it->erased_count);
}

static void look(struct looking *it, const struct pipeline_config *config)
{
    for (uint32_t i = 0; i < config->exporter_count; i++) {
        const struct exporter_config *exporter = &config->exporters[i];
        if (exporter->kind != EXPORTER_FILE || !exporter->path || exporter->is_stream)
            continue;
        if (exporter->takes_audit)
            each_line(exporter->path, TAIL_BYTES, see_last, it);
        if (exporter->takes_rows)
            each_line(exporter->path, TAIL_BYTES, see_version, it);
    }
    for (uint32_t i = 0; it->last > it->since && i < config->exporter_count; i++)
        if (config->exporters[i].takes_audit && config->exporters[i].path &&
            !config->exporters[i].is_stream)
            each_line(config->exporters[i].path, 0, see_erased, it);
}

enum status restore_look_back(struct store *store, struct audit *audit, struct dataset *dataset,
                              const struct pipeline_config *config, int64_t wall_ms)
{
    struct store_txn txn;
    struct looking it = {.since = audit_sequence(audit)};
    const struct audit_entry actor = {
        .actor = BYTES_LITERAL(""), .role = BYTES_LITERAL(""), .trust = AUDIT_SYSTEM};
    enum status status = STATUS_OK;
    schema_instance_text(store_instance(store), it.instance);
    look(&it, config);
    if (it.last > it.since) {
        store_begin(store, true, &txn);
        tell(&it, &txn, audit, wall_ms);
        dataset_skip_versions(dataset, &txn, it.version);
        erase_again(&it, &txn, dataset, &config->dataset, &actor, wall_ms);
        status = store_commit(&txn);
    }
    free(it.erased);
    return status;
}
