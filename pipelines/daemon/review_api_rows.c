/* The dataset as documents: what a version comes to, and its rows by pages. */

#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/dataset_read.h"
#include "pipelines/review/regression_report.h"
#include "processor/base/json/writer.h"

enum { ROWS_MAX = 200 };

static unsigned refuse(struct http_answer *answer, unsigned status, const char *reason)
{
    struct json_writer to;
    buffer_clear(&answer->body);
    json_writer_init(&to, &answer->body);
    json_object_begin(&to);
    json_put_text(&to, "error", reason);
    json_object_end(&to);
    return status;
}

/* The version that is asked for, the newest one unless one is named. 0: found. */
static unsigned open_listing(struct review_api *review, const struct http_query *query,
                             struct http_answer *answer, struct dataset_listing *ret_listing)
{
    struct error error = {0};
    uint64_t version = 0;
    answer->content_type = "application/json";
    if (!dataset_read_version(review->store, http_query_get(query, "version"), &version, &error))
        return refuse(answer, 404, error.text);
    if (dataset_read_listing(review->store, version, ret_listing, &error) != STATUS_OK)
        return refuse(answer, 500, error.text);
    return 0;
}

unsigned review_api_write_dataset(void *context, const struct http_query *query,
                                  struct http_answer *answer)
{
    struct review_api *review = context;
    struct dataset_listing listing;
    struct json_writer to;
    uint64_t splits[ROW_SPLITS] = {0}, regression = 0;
    unsigned status = open_listing(review, query, answer, &listing);
    if (status != 0)
        return status;
    for (size_t i = 0; i < listing.count; i++) {
        splits[listing.rows[i].split < ROW_SPLITS ? listing.rows[i].split : 0]++;
        regression += listing.rows[i].is_regression;
    }
    json_writer_init(&to, &answer->body);
    json_object_begin(&to);
    json_put_bytes(&to, "dataset", review->config->dataset.name);
    json_put_uint(&to, "version", listing.version);
    json_put_text(&to, "snapshot", listing.snapshot);
    json_put_uint(&to, "rows", listing.count);
    json_put_uint(&to, "regression", regression);
    json_key(&to, "splits");
    json_object_begin(&to);
    for (int i = 0; i < ROW_SPLITS; i++)
        json_put_uint(&to, row_split_names[i], splits[i]);
    json_object_end(&to);
    json_object_end(&to);
    dataset_listing_finish(&listing);
    return 200;
}

static bool write_row(void *context, const struct row_version_head *head, struct bytes json)
{
    (void)head;
    json_raw(context, json);
    return true;
}

/* What runs have met of the page's regression rows; left out where they met none. */
static enum status write_met(struct store *store, const struct dataset_listing *page,
                             struct json_writer *to, struct error *ret_error)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    json_key(to, "met");
    json_array_begin(to);
    for (size_t i = 0; i < page->count; i++)
        if (page->rows[i].is_regression)
            (void)regression_report_json(&txn, page->rows[i].row_id, to);
    json_array_end(to);
    if (store_commit(&txn) == STATUS_OK)
        return STATUS_OK;
    error_set(ret_error, EXIT_STATE_IO, "what rows have met can't be read: %s", txn.reason);
    return STATUS_FATAL;
}

/* The first row behind `after`, which is the id of a row in hexadecimal digits. */
static size_t first_behind(const struct dataset_listing *listing, const uint8_t after[ROW_ID_SIZE])
{
    size_t at = 0;
    while (at < listing->count && memcmp(listing->rows[at].row_id, after, ROW_ID_SIZE) <= 0)
        at++;
    return at;
}

unsigned review_api_write_rows(void *context, const struct http_query *query,
                               struct http_answer *answer)
{
    struct review_api *review = context;
    struct bytes after = http_query_get(query, "after");
    struct dataset_listing listing;
    struct error error = {0};
    struct json_writer to;
    uint8_t id[ROW_ID_SIZE];
    if (after.data &&
        (after.size != 2 * sizeof id || !hex_decode(id, (const char *)after.data, sizeof id)))
        return refuse(answer, 422, "after is the `next` of a page before");
    unsigned status = open_listing(review, query, answer, &listing);
    if (status != 0)
        return status;
    size_t from = after.data ? first_behind(&listing, id) : 0, left = listing.count - from;
    struct dataset_listing page = listing;
    page.rows = listing.rows + from;
    page.count = left < ROWS_MAX ? left : ROWS_MAX;
    json_writer_init(&to, &answer->body);
    json_object_begin(&to);
    json_put_uint(&to, "version", listing.version);
    json_key(&to, "rows");
    json_array_begin(&to);
    enum status read = dataset_read_rows(review->store, &page, write_row, &to, &error);
    json_array_end(&to);
    if (read == STATUS_OK)
        read = write_met(review->store, &page, &to, &error);
    if (left > page.count)
        json_put_hex(&to, "next", page.rows[page.count - 1].row_id, ROW_ID_SIZE);
    json_object_end(&to);
    dataset_listing_finish(&listing);
    return read == STATUS_OK ? 200 : refuse(answer, 500, error.text);
}
