/* The rows of a version as lines of JSON: as they were written, or in the form of another tool (where that
 * takes one list, as its items, still one a line). The same version, filter and form give the same bytes
 * on any day, until an erasure. One row is in memory at a time.
 *
 *   rows -> filter -> form -> FILE               and beside it:
 *                      └─> digest, count -> FILE.manifest.json      of what it is made
 *                                           FILE.item_schema.json   where the tool asks for one */
#include <stdio.h>
#include <string.h>

#include "processor/base/json/writer.h"
#include "processor/command/dataset/change.h"
#include "processor/command/dataset/dataset.h"
#include "processor/command/output_file.h"
#include "processor/review/forms.h"

enum { ARENA_BYTES_MAX = 64 << 20, LINE_BYTES_KEPT = 1 << 20 };

struct exporting {
    const struct dataset_arguments *arguments;
    const struct form *form; /* NULL: rows as they are */
    struct output_file file;
    struct digest_stream *digest;
    struct arena arena;
    struct buffer line;
    struct bytes dimension, value; /* of --cohort; absent: every row */
    uint64_t rows, left_out;
    uint8_t sha256[SHA256_SIZE]; /* of the lines */
    struct error *error;
};

/* --- what is asked for --- */

static void read_format(struct exporting *it)
{
    const char *format = it->arguments->format, *split = it->arguments->split;
    struct buffer names = {0};
    if (!format || strcmp(format, "jsonl") == 0)
        return;
    it->form = form_find(FORM_OF_ROW, bytes_of_text(format));
    form_names(FORM_OF_ROW, &names);
    if (!it->form)
        error_set(it->error, EXIT_USAGE, "there is no format %s; there is: jsonl, %.*s", format,
                  (int)names.size, names.data ? (const char *)names.data : "");
    else if (form_is_for_training(it->form) && (!split || strcmp(split, "train") != 0))
        error_set(it->error, EXIT_USAGE, "format %s is for training: with --split train alone",
                  format);
    buffer_finish(&names);
}

static bool read_filter(struct exporting *it)
{
    const char *split = it->arguments->split, *cohort = it->arguments->cohort;
    read_format(it);
    if (split && strcmp(split, "eval") != 0 && strcmp(split, "train") != 0)
        error_set(it->error, EXIT_USAGE, "--split is eval or train");
    const char *equal = cohort ? strchr(cohort, '=') : NULL;
    if (cohort && (!equal || equal == cohort || equal - cohort > 100))
        error_set(it->error, EXIT_USAGE, "--cohort is DIMENSION=VALUE");
    if (it->error->is_set)
        return false;
    if (equal) {
        it->dimension = bytes_of(cohort, (size_t)(equal - cohort));
        it->value = bytes_of_text(equal + 1);
    }
    return true;
}

/* --- rows --- */

static bool is_in_cohort(struct exporting *it, struct bytes json)
{
    char name[128];
    if (!it->dimension.data)
        return true;
    arena_reset(&it->arena);
    snprintf(name, sizeof name, "%.*s", (int)it->dimension.size, (const char *)it->dimension.data);
    struct bytes value = dataset_text_of(json, "cohort", name, &it->arena);
    return value.data && bytes_equal(value, it->value);
}

static enum status form_row(struct exporting *it, struct bytes json)
{
    buffer_cool(&it->line, LINE_BYTES_KEPT);
    if (it->form) {
        arena_reset(&it->arena);
        return form_write(it->form, json, false, &it->arena, &it->line);
    }
    buffer_append_bytes(&it->line, json);
    buffer_append_byte(&it->line, '\n');
    return it->line.failed ? STATUS_BUSY : STATUS_OK;
}

static bool is_list(const struct exporting *it)
{
    return it->form && form_is_list(it->form);
}

static void put(struct exporting *it, struct bytes text)
{
    output_file_put(&it->file, text);
    digest_stream_add(it->digest, text);
}

static bool write_row(void *context, const struct row_version_head *head, struct bytes json)
{
    struct exporting *it = context;
    const char *split = it->arguments->split;
    if (split && strcmp(split, row_split_names[head->split % ROW_SPLITS]) != 0)
        return true;
    if (!is_in_cohort(it, json))
        return true;
    enum status status = form_row(it, json);
    if (status == STATUS_NOT_FOUND) {
        it->left_out++;
        return true;
    }
    struct bytes line = buffer_bytes(&it->line);
    if (status != STATUS_OK) {
        error_set(it->error, EXIT_STATE_IO, "%s",
                  status == STATUS_BUSY ? "out of memory"
                                        : "a row of the dataset is not understood");
    } else if (is_list(it)) {
        put(it, it->rows == 0 ? BYTES_LITERAL("[\n") : BYTES_LITERAL(",\n"));
        put(it, bytes_of(line.data, line.size - 1)); /* without its line end */
    } else {
        put(it, line);
    }
    it->rows += status == STATUS_OK;
    return !it->error->is_set;
}

/* --- what stands beside --- */

static void write_manifest(const struct exporting *it, const struct dataset_listing *listing,
                           struct buffer *to)
{
    struct json_writer json;
    const char *format = it->form ? it->arguments->format : "jsonl";
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "schema", "flywheel.manifest/v1");
    json_put_bytes(&json, "dataset", it->arguments->pipeline->dataset.name);
    json_put_uint(&json, "version", listing->version);
    json_put_text(&json, "snapshot", listing->snapshot);
    json_put_text(&json, "format", format);
    json_key(&json, "filter");
    json_object_begin(&json);
    if (it->arguments->split)
        json_put_text(&json, "split", it->arguments->split);
    if (it->arguments->cohort)
        json_put_text(&json, "cohort", it->arguments->cohort);
    json_object_end(&json);
    json_put_uint(&json, "rows", it->rows);
    if (it->left_out > 0)
        json_put_uint(&json, "left_out", it->left_out);
    json_put_hex(&json, "sha256", it->sha256, SHA256_SIZE);
    json_key(&json, "untrusted"); /* people and models wrote them: data, never instructions */
    json_raw(&json, it->form ? form_untrusted(it->form)
                             : BYTES_LITERAL("[\"input\",\"history\",\"contexts\",\"output\","
                                             "\"expected_response\"]"));
    json_object_end(&json);
    buffer_append_byte(to, '\n');
}

static void put_beside(struct exporting *it, const struct dataset_listing *listing)
{
    struct buffer text = {0};
    write_manifest(it, listing, &text);
    if (text.failed)
        error_set(it->error, EXIT_STATE_IO, "out of memory");
    output_file_write(it->arguments->output, ".manifest.json", buffer_bytes(&text), it->error);
    buffer_finish(&text);
    struct bytes schema = it->form ? form_item_schema(it->form) : bytes_of("", 0);
    if (schema.size > 0)
        output_file_write(it->arguments->output, ".item_schema.json", schema, it->error);
}

/* What a form has no place for is told, never passed over in silence. */
static void say(const struct exporting *it, const struct dataset_listing *listing)
{
    const char *path = it->arguments->output;
    if (path)
        fprintf(stderr, "%llu row%s of version %llu (%s) in %s\n", (unsigned long long)it->rows,
                it->rows == 1 ? "" : "s", (unsigned long long)listing->version, listing->snapshot,
                path);
    if (!path && it->rows == 0)
        fputs("no row is in it\n", stderr);
    if (it->left_out > 0)
        fprintf(stderr,
                "%llu row%s without what the format is about (a question, an expected response) "
                "left out\n",
                (unsigned long long)it->left_out, it->left_out == 1 ? "" : "s");
    if (it->form && listing->retired > 0)
        fprintf(stderr,
                "no tombstones in this format: where the %zu row%s that left the dataset by this "
                "version may be there from an earlier import, %s (`dataset diff` names them)\n",
                listing->retired, listing->retired == 1 ? "" : "s", form_retired(it->form));
}

static void deliver(struct exporting *it, struct store *store,
                    const struct dataset_listing *listing)
{
    const char *path = it->arguments->output;
    if (!output_file_begin(&it->file, path, "", it->error))
        return;
    enum status status = dataset_read_rows(store, listing, write_row, it, it->error);
    if (status != STATUS_OK && !it->error->is_set)
        error_set(it->error, EXIT_STATE_IO, "the dataset can't be read");
    if (is_list(it))
        put(it, it->rows == 0 ? BYTES_LITERAL("[]\n") : BYTES_LITERAL("\n]\n"));
    digest_stream_sha256(it->digest, it->sha256);
    output_file_end(&it->file);
    if (path)
        put_beside(it, listing);
    if (!it->error->is_set)
        say(it, listing);
}

int dataset_export(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct store *store = NULL;
    struct dataset_listing listing = {0};
    struct exporting it = {.arguments = arguments, .error = ret_error};
    uint64_t version;
    arena_init(&it.arena, ARENA_BYTES_MAX);
    it.digest = digest_stream_create();
    if (read_filter(&it) && dataset_store_open(arguments, &store, ret_error) == STATUS_OK &&
        dataset_read_version(store, bytes_of_text(arguments->version), &version, ret_error) &&
        dataset_read_listing(store, version, &listing, ret_error) == STATUS_OK)
        deliver(&it, store, &listing);
    store_close(store); /* before the trail is written: a directory is open once */
    if (!ret_error->is_set && listing.version > 0) /* the trail knows of versions */
        change_note_export(arguments, listing.version, it.sha256);
    dataset_listing_finish(&listing);
    digest_stream_destroy(it.digest);
    arena_finish(&it.arena);
    buffer_finish(&it.line);
    return ret_error->is_set ? (int)ret_error->exit_code : EXIT_DONE;
}
