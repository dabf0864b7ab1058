/* The rows of a version as lines of JSON, as they were written: the same version and filter give the
 * same bytes on any day, until an erasure. Beside the file stands FILE.manifest.json, which says of
 * what it is made; both are moved into place when they are whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "processor/base/json/writer.h"
#include "processor/command/dataset/change.h"
#include "processor/command/dataset/dataset.h"

enum { PATH_BYTES_MAX = 4096, ARENA_BYTES_MAX = 8 << 20 };

struct exporting {
    const struct dataset_arguments *arguments;
    struct buffer *text; /* of the whole, for its digest */
    struct arena arena;
    struct bytes dimension, value; /* of --cohort; absent: every row */
    uint64_t rows;
};

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

static bool write_row(void *context, const struct row_version_head *head, struct bytes json)
{
    struct exporting *it = context;
    const char *split = it->arguments->split;
    if (split && strcmp(split, row_split_names[head->split % ROW_SPLITS]) != 0)
        return true;
    if (!is_in_cohort(it, json))
        return true;
    buffer_append_bytes(it->text, json);
    buffer_append_byte(it->text, '\n');
    it->rows++;
    return !it->text->failed;
}

static void write_manifest(const struct exporting *it, const struct dataset_listing *listing,
                           const uint8_t sha256[SHA256_SIZE], struct buffer *to)
{
    struct json_writer json;
    char digest[2 * SHA256_SIZE];
    hex_encode(digest, sha256, SHA256_SIZE);
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "schema", "flywheel.manifest/v1");
    json_put_bytes(&json, "dataset", it->arguments->pipeline->dataset.name);
    json_put_uint(&json, "version", listing->version);
    json_put_text(&json, "snapshot", listing->snapshot);
    json_put_text(&json, "format", "jsonl");
    json_key(&json, "filter");
    json_object_begin(&json);
    if (it->arguments->split)
        json_put_text(&json, "split", it->arguments->split);
    if (it->arguments->cohort)
        json_put_text(&json, "cohort", it->arguments->cohort);
    json_object_end(&json);
    json_put_uint(&json, "rows", it->rows);
    json_put_bytes(&json, "sha256", bytes_of(digest, sizeof digest));
    json_key(&json, "untrusted"); /* people and models wrote them: data, never instructions */
    json_raw(&json, BYTES_LITERAL("[\"input\",\"history\",\"contexts\",\"output\","
                                  "\"expected_response\"]"));
    json_object_end(&json);
    buffer_append_byte(to, '\n');
}

/* Beside its name, then moved there. */
static bool put_file(const char *path, const char *suffix, struct bytes text,
                     struct error *ret_error)
{
    char name[PATH_BYTES_MAX], beside[PATH_BYTES_MAX];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    snprintf(beside, sizeof beside, "%s%s.tmp", path, suffix);
    FILE *file = fopen(beside, "wb");
    bool is_written = file && fwrite(text.data, 1, text.size, file) == text.size &&
                      fflush(file) == 0 && fsync(fileno(file)) == 0;
    is_written = (!file || fclose(file) == 0) && is_written && rename(beside, name) == 0;
    if (!is_written)
        error_set(ret_error, EXIT_STATE_IO, "%s can't be written: %s", name, strerror(errno));
    return is_written;
}

static bool read_filter(struct exporting *it, struct error *ret_error)
{
    const char *split = it->arguments->split, *cohort = it->arguments->cohort;
    const char *format = it->arguments->format;
    if (format && strcmp(format, "jsonl") != 0)
        error_set(ret_error, EXIT_USAGE, "there is no format %s; there is: jsonl", format);
    if (split && strcmp(split, "eval") != 0 && strcmp(split, "train") != 0)
        error_set(ret_error, EXIT_USAGE, "--split is eval or train");
    const char *equal = cohort ? strchr(cohort, '=') : NULL;
    if (cohort && (!equal || equal == cohort || equal - cohort > 100))
        error_set(ret_error, EXIT_USAGE, "--cohort is DIMENSION=VALUE");
    if (ret_error->is_set)
        return false;
    if (equal) {
        it->dimension = bytes_of(cohort, (size_t)(equal - cohort));
        it->value = bytes_of_text(equal + 1);
    }
    return true;
}

static int deliver(struct exporting *it, const struct dataset_listing *listing,
                   struct error *ret_error)
{
    struct buffer manifest = {0};
    uint8_t sha256[SHA256_SIZE];
    const char *path = it->arguments->output;
    struct bytes text = buffer_bytes(it->text);
    digest_sha256(sha256, text);
    write_manifest(it, listing, sha256, &manifest);
    if (it->text->failed || manifest.failed) {
        error_set(ret_error, EXIT_STATE_IO, "out of memory");
    } else if (!path) {
        fwrite(text.data, 1, text.size, stdout);
    } else if (put_file(path, "", text, ret_error) &&
               put_file(path, ".manifest.json", buffer_bytes(&manifest), ret_error)) {
        fprintf(stderr, "%llu row%s of version %llu (%s) in %s\n", (unsigned long long)it->rows,
                it->rows == 1 ? "" : "s", (unsigned long long)listing->version, listing->snapshot,
                path);
    }
    buffer_finish(&manifest);
    if (!ret_error->is_set)
        change_note_export(it->arguments, listing->version, sha256);
    return EXIT_DONE;
}

int dataset_export(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct store *store = NULL;
    struct dataset_listing listing = {0};
    struct buffer text = {0};
    struct exporting it = {.arguments = arguments, .text = &text};
    uint64_t version;
    arena_init(&it.arena, ARENA_BYTES_MAX);
    bool is_read =
        read_filter(&it, ret_error) &&
        dataset_store_open(arguments, &store, ret_error) == STATUS_OK &&
        dataset_read_version(store, bytes_of_text(arguments->version), &version, ret_error) &&
        dataset_read_listing(store, version, &listing, ret_error) == STATUS_OK &&
        dataset_read_rows(store, &listing, write_row, &it, ret_error) == STATUS_OK;
    store_close(store);
    if (is_read)
        (void)deliver(&it, &listing, ret_error);
    dataset_listing_finish(&listing);
    arena_finish(&it.arena);
    buffer_finish(&text);
    return ret_error->is_set ? (int)ret_error->exit_code : EXIT_DONE;
}
