/* Lines come in any order; all are kept until the end, then sorted by row and revision. */
#include "processor/command/gate/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "processor/base/json/json.h"
#include "processor/base/memory.h"
#include "processor/base/text/text.h"

enum {
    LINE_BYTES_MAX = 16 << 20,
    LINES_MAX = 2000000, /* of a log with old revisions */
    ROWS_MAX = 200000,
    MANIFEST_BYTES_MAX = 1 << 20,
    PATH_BYTES_MAX = 4096,
};

const char *const gate_row_state_names[GATE_ROW_STATES] = {"live", "stale", "retired", "held"};

struct rows_reading {
    struct gate_rows *rows;
    struct regression_builder *builder;
    struct digest_stream *digest;
    const char *name;
    uint64_t line;
    struct error *error;
};

/* --- a line --- */

static struct bytes text_of(const struct json_reader *reader, const struct json_value *row,
                            const char *name)
{
    struct json_value found;
    bool is_text = json_member(reader, row, name, &found) && found.type == JSON_STRING;
    return is_text ? found.text : (struct bytes){0};
}

static struct bytes keep_json(struct gate_rows *rows, const struct json_reader *reader,
                              const struct json_value *row, const char *name)
{
    struct json_value found;
    return json_member(reader, row, name, &found) ? arena_copy(&rows->arena, found.raw)
                                                  : (struct bytes){0};
}

static struct bytes keep_text(struct gate_rows *rows, const struct json_reader *reader,
                              const struct json_value *row, const char *name)
{
    struct bytes text = text_of(reader, row, name);
    return text.data ? arena_copy(&rows->arena, text) : text;
}

static bool refuse(struct rows_reading *it, const char *what)
{
    error_set(it->error, EXIT_USAGE, "%s:%llu: %s", it->name, (unsigned long long)it->line, what);
    return false;
}

static bool read_identity(struct rows_reading *it, const struct json_reader *reader,
                          const struct json_value *json, struct gate_row *row)
{
    struct json_value revision, version;
    struct bytes split = text_of(reader, json, "split"), dataset = text_of(reader, json, "dataset");
    struct bytes digest = text_of(reader, json, "sha256");
    struct bytes action = text_of(reader, json, "action");
    struct gate_rows *rows = it->rows;
    if (!bytes_equal_text(text_of(reader, json, "schema"), ROW_SCHEMA_NAME))
        return refuse(it, "this is no row of a dataset (flywheel.row/v1)");
    if (!row_id_parse(text_of(reader, json, "row_id"), row->id) ||
        !json_member(reader, json, "row_revision", &revision) || revision.type != JSON_NUMBER ||
        !(revision.number >= 1 && revision.number <= UINT32_MAX) || !action.data || !split.data)
        return refuse(it, "the row has no row_id, row_revision, action or split");
    if (bytes_equal_text(split, row_split_names[SPLIT_TRAIN]))
        return refuse(it, "a row of split train: what may have been trained on says nothing of a "
                          "candidate; export with --split eval");
    row_id_text(row->id_text, row->id);
    row->revision = (uint32_t)revision.number;
    row->state = bytes_equal_text(action, row_action_names[ROW_RETIRE]) ? GATE_ROW_RETIRED
                 : bytes_equal_text(split, row_split_names[SPLIT_EVAL]) ? GATE_ROW_LIVE
                                                                        : GATE_ROW_HELD;
    if (digest.size == 2 * SHA256_SIZE)
        (void)!hex_decode(row->sha256, (const char *)digest.data, SHA256_SIZE);
    if (json_member(reader, json, "dataset_version", &version) && version.number > 0 &&
        version.number < 1e15 && (uint64_t)version.number > rows->version)
        rows->version = (uint64_t)version.number;
    if (!rows->dataset.data)
        rows->dataset = arena_copy(&rows->arena, dataset);
    return bytes_equal(rows->dataset, dataset) || refuse(it, "this row is of another dataset");
}

static bool grow(struct gate_rows *rows)
{
    if (rows->count < rows->capacity)
        return true;
    if (rows->count >= LINES_MAX)
        return false;
    rows->capacity = rows->capacity ? 2 * rows->capacity : 256;
    rows->items = memory_need(realloc(rows->items, rows->capacity * sizeof *rows->items));
    return true;
}

static bool read_row(struct rows_reading *it, struct bytes text)
{
    struct gate_rows *rows = it->rows;
    struct json_reader reader;
    struct json_value json;
    struct gate_row row = {.id = {0}};
    arena_reset(&rows->line);
    if (!json_parse(text, &rows->line, &reader, &json) || json.type != JSON_OBJECT ||
        reader.truncated)
        return refuse(it, "this is no JSON object");
    if (!read_identity(it, &reader, &json, &row))
        return false;
    row.is_critical = bytes_equal_text(text_of(&reader, &json, "severity"), "critical");
    if (row.state == GATE_ROW_LIVE) {
        row.input = keep_text(rows, &reader, &json, "input");
        row.expected = keep_text(rows, &reader, &json, "expected_response");
        row.failure_mode = keep_text(rows, &reader, &json, "failure_mode");
        row.history = keep_json(rows, &reader, &json, "history");
        row.cohort = keep_json(rows, &reader, &json, "cohort");
        row.checks = keep_json(rows, &reader, &json, "checks");
    }
    if (rows->arena.failed || !grow(rows))
        return refuse(it, "there are more rows than a gate takes");
    rows->items[rows->count++] = row;
    enum status status = regression_builder_add(it->builder, text);
    if (status == STATUS_MALFORMED)
        return refuse(it, "the row is not what its schema says (proto/row.schema.json)");
    return status == STATUS_OK || refuse(it, "there are more rows than a gate takes");
}

static void read_lines(struct rows_reading *it, FILE *from)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    for (it->line = 1; (size = getline(&line, &capacity, from)) >= 0; it->line++) {
        struct bytes text = text_trim(bytes_of(line, (size_t)size));
        digest_stream_add(it->digest, bytes_of(line, (size_t)size));
        if (size > LINE_BYTES_MAX)
            refuse(it, "the line is longer than 16 MiB");
        else if (text.size > 0)
            (void)!read_row(it, text);
        if (it->error->is_set)
            break;
    }
    if (ferror(from))
        error_set(it->error, EXIT_STATE_IO, "%s can't be read: %s", it->name, strerror(errno));
    free(line);
}

/* --- what all lines come to --- */

static int by_row(const void *a, const void *b)
{
    const struct gate_row *x = a, *y = b;
    int order = memcmp(x->id, y->id, sizeof x->id);
    return order ? order : x->revision < y->revision ? 1 : x->revision > y->revision ? -1 : 0;
}

static void conclude(struct rows_reading *it, int64_t now_ms)
{
    struct gate_rows *rows = it->rows;
    struct row_snapshot snapshot = {0};
    uint32_t kept = 0;
    if (rows->count > 0)
        qsort(rows->items, rows->count, sizeof *rows->items, by_row);
    for (uint32_t i = 0; i < rows->count; i++) {
        struct gate_row *row = &rows->items[i];
        if (kept > 0 && memcmp(rows->items[kept - 1].id, row->id, sizeof row->id) == 0) {
            rows->superseded++;
            continue;
        }
        if (row->state == GATE_ROW_LIVE)
            row->demands = regression_set_find(rows->set, row->id);
        if (row->state == GATE_ROW_LIVE || row->state == GATE_ROW_HELD)
            row_snapshot_add(&snapshot, row->id, row->revision,
                             row->state == GATE_ROW_HELD ? SPLIT_HELD : SPLIT_EVAL, row->sha256);
        if (row->demands && regression_row_is_stale(row->demands, now_ms))
            row->state = GATE_ROW_STALE;
        rows->states[row->state]++;
        rows->items[kept++] = *row;
    }
    rows->count = kept;
    if (!row_snapshot_finish(&snapshot, rows->snapshot))
        error_set(it->error, EXIT_BUG, "out of memory");
}

/* --- the manifest beside the file --- */

static size_t read_manifest(const char *path, char *to)
{
    char name[PATH_BYTES_MAX];
    if (snprintf(name, sizeof name, "%s.manifest.json", path) >= (int)sizeof name)
        return 0;
    FILE *file = fopen(name, "rbe");
    size_t size = file ? fread(to, 1, MANIFEST_BYTES_MAX, file) : 0;
    if (file)
        fclose(file);
    return size;
}

static void take_manifest(struct gate_rows *rows, const char *path)
{
    struct json_reader reader;
    struct json_value manifest, version;
    char digest[2 * SHA256_SIZE];
    char *text = memory_need(malloc(MANIFEST_BYTES_MAX));
    size_t size = read_manifest(path, text);
    arena_reset(&rows->line);
    if (size > 0 && json_parse(bytes_of(text, size), &rows->line, &reader, &manifest) &&
        manifest.type == JSON_OBJECT) {
        struct bytes snapshot = text_of(&reader, &manifest, "snapshot");
        hex_encode(digest, rows->sha256, SHA256_SIZE);
        rows->is_other_than_manifest =
            !bytes_equal(text_of(&reader, &manifest, "sha256"), bytes_of(digest, sizeof digest));
        if (!rows->is_other_than_manifest && snapshot.size == SNAPSHOT_TEXT_SIZE - 1)
            memcpy(rows->exported, snapshot.data, snapshot.size);
        if (!rows->is_other_than_manifest && json_member(&reader, &manifest, "version", &version) &&
            version.number >= 1 && version.number < 1e15)
            rows->version = (uint64_t)version.number;
    }
    free(text);
}

enum status gate_rows_read(const char *path, double similarity, int64_t now_ms,
                           struct gate_rows *ret_rows, struct error *ret_error)
{
    bool is_stream = strcmp(path, "-") == 0;
    struct rows_reading it = {
        .rows = ret_rows, .name = is_stream ? "standard input" : path, .error = ret_error};
    *ret_rows = (struct gate_rows){.count = 0};
    arena_init(&ret_rows->arena, SIZE_MAX / 2);
    arena_init(&ret_rows->line, 4 * (size_t)LINE_BYTES_MAX);
    FILE *from = is_stream ? stdin : fopen(path, "rbe");
    if (!from) {
        error_set(ret_error, errno == EACCES ? EXIT_PERMISSION : EXIT_USAGE, "%s: %s", path,
                  strerror(errno));
        return STATUS_FATAL;
    }
    it.builder = memory_need(regression_builder_create(similarity, ROWS_MAX));
    it.digest = memory_need(digest_stream_create());
    regression_builder_take_all(it.builder);
    read_lines(&it, from);
    if (!is_stream)
        fclose(from);
    digest_stream_sha256(it.digest, ret_rows->sha256);
    digest_stream_destroy(it.digest);
    ret_rows->set = regression_builder_finish(it.builder);
    if (!ret_rows->set)
        error_set(ret_error, EXIT_BUG, "out of memory");
    if (!ret_error->is_set)
        conclude(&it, now_ms);
    if (!ret_error->is_set && !is_stream)
        take_manifest(ret_rows, path);
    return ret_error->is_set ? STATUS_FATAL : STATUS_OK;
}

void gate_rows_finish(struct gate_rows *rows)
{
    regression_set_release(rows->set);
    free(rows->items);
    arena_finish(&rows->arena);
    arena_finish(&rows->line);
}

static int by_id(const void *key, const void *item)
{
    return memcmp(key, ((const struct gate_row *)item)->id, 16);
}

const struct gate_row *gate_rows_find(const struct gate_rows *rows, const uint8_t id[16])
{
    return rows->count == 0 ? NULL
                            : bsearch(id, rows->items, rows->count, sizeof *rows->items, by_id);
}

bool gate_row_is_in(struct gate_rows *rows, const struct gate_row *row,
                    const struct release_gate_cohort *cohort)
{
    struct json_reader reader, members;
    struct json_value object, member;
    arena_reset(&rows->line);
    bool has_cohort = row->cohort.data && json_parse(row->cohort, &rows->line, &reader, &object) &&
                      object.type == JSON_OBJECT;
    for (uint32_t i = 0; i < cohort->count; i++) {
        struct bytes value = BYTES_LITERAL("unknown");
        if (has_cohort) {
            json_children(&reader, &object, &members);
            while (json_next(&members, &member) == JSON_STRING)
                if (bytes_equal(member.key, cohort->dimensions[i]))
                    value = member.text;
        }
        if (!bytes_equal(value, cohort->values[i]))
            return false;
    }
    return true;
}
