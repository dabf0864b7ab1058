/* Items that are open or waiting, one in memory at a time, those that expire first before the others. A
 * page of the list is read, then each of its items, so that no read transaction is held for long.
 *
 *   page of items -> record -> form -> FILE     and beside it what people are asked:
 *                                      FILE.config.xml, FILE.config.json */
#include "processor/command/queue/export.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/review/queue_report.h"
#include "pipelines/review/review_items.h"
#include "processor/base/clock.h"
#include "processor/command/output_file.h"
#include "processor/review/forms.h"
#include "processor/review/labelling.h"

enum {
    PAGE_ITEMS = 200,
    ARENA_BYTES_MAX = 128 << 20,
    KEPT_BYTES = 1 << 20,
    RECORD_BYTES_MAX = 64 << 20,
};

struct exporting {
    const struct queue_export_arguments *arguments;
    const struct pipeline_config *config;
    const struct form *form;
    struct store *store;
    struct output_file file;
    struct arena arena;
    struct buffer record, line;
    uint8_t ids[PAGE_ITEMS][ITEM_ID_BYTES];
    uint32_t id_count;
    uint64_t items, without_content, without_form;
    struct error *error;
};

bool queue_export_has(const char *format)
{
    struct buffer names = {0};
    const struct form *form = format ? form_find(FORM_OF_RECORD, bytes_of_text(format)) : NULL;
    form_names(FORM_OF_RECORD, &names);
    if (!form)
        fprintf(stderr, "flywheel queue: export --format FORMAT; there is: %.*s\n", (int)names.size,
                names.data ? (const char *)names.data : "");
    buffer_finish(&names);
    return form != NULL;
}

/* --- what stands beside --- */

/* What the people are asked; the instructions are those of the queue that is asked for. */
static void put_labelling(struct exporting *it)
{
    struct buffer text = {0};
    struct bytes tool = bytes_of_text(it->arguments->format);
    const char *queue = it->arguments->queue ? it->arguments->queue : "*";
    const char *suffix = labelling_suffix(tool);
    labelling_write(tool, &it->config->review.labels,
                    review_settings_queue(&it->config->review, bytes_of_text(queue))->instructions,
                    &text);
    if (text.failed)
        error_set(it->error, EXIT_TEMPORARY, "out of memory");
    output_file_write(it->arguments->output, suffix, buffer_bytes(&text), it->error);
    buffer_finish(&text);
}

/* --- items --- */

static void keep_id(void *context, const struct item_row *row)
{
    struct exporting *it = context;
    memcpy(it->ids[it->id_count++], row->item_id, ITEM_ID_BYTES);
}

static enum status form_item(struct exporting *it, const uint8_t id[ITEM_ID_BYTES])
{
    struct item_row row;
    arena_reset(&it->arena);
    buffer_cool(&it->record, KEPT_BYTES);
    buffer_cool(&it->line, KEPT_BYTES);
    it->record.limit = RECORD_BYTES_MAX;
    if (review_item_read(it->store, id, &it->arena, &row, &it->record) != STATUS_OK ||
        (row.state != ITEM_OPEN && row.state != ITEM_WAITING))
        return STATUS_OK; /* decided while we read */
    if (it->record.size == 0) {
        it->without_content++;
        return STATUS_OK;
    }
    bool is_blind = review_settings_queue(&it->config->review, row.queue)->blind == BLIND_VERDICT;
    return form_write(it->form, buffer_bytes(&it->record), is_blind, &it->arena, &it->line);
}

static void write_item(struct exporting *it, const uint8_t id[ITEM_ID_BYTES])
{
    enum status status = form_item(it, id);
    if (status == STATUS_NOT_FOUND)
        it->without_form++;
    else if (status != STATUS_OK)
        error_set(it->error, status == STATUS_BUSY ? EXIT_TEMPORARY : EXIT_STATE_IO, "%s",
                  status == STATUS_BUSY ? "out of memory" : "the record of an item is damaged");
    if (status != STATUS_OK || it->line.size == 0)
        return;
    if (form_is_list(it->form)) {
        output_file_put(&it->file, it->items == 0 ? BYTES_LITERAL("[\n") : BYTES_LITERAL(",\n"));
        output_file_put(&it->file,
                        bytes_of(it->line.data, it->line.size - 1)); /* without its line end */
    } else {
        output_file_put(&it->file, buffer_bytes(&it->line));
    }
    it->items++;
}

static void write_items(struct exporting *it, enum item_state state)
{
    struct review_query query = {
        .state = state, .queue = bytes_of_text(it->arguments->queue), .limit = PAGE_ITEMS};
    struct review_page page = {0};
    bool has_more = true;
    while (has_more && !it->error->is_set) {
        it->id_count = 0;
        has_more = review_items_list(it->store, &query, &page, keep_id, it);
        for (uint32_t i = 0; i < it->id_count && !it->error->is_set; i++)
            write_item(it, it->ids[i]);
    }
}

/* One that the configuration names is there before anything has come to it. */
static void find_queue(struct exporting *it)
{
    struct queue_report report;
    struct bytes queue = bytes_of_text(it->arguments->queue);
    if (queue.size == 0 ||
        bytes_equal(review_settings_queue(&it->config->review, queue)->name, queue))
        return;
    enum status status =
        queue_report_read(it->store, &it->config->review, queue, clock_realtime_ms(), &report);
    if (status == STATUS_OK)
        queue_report_finish(&report);
    else if (status == STATUS_NOT_FOUND)
        error_set(it->error, EXIT_USAGE, "no run has come to a queue of that name");
    else
        error_set(it->error, EXIT_STATE_IO, "%s: the items cannot be read", store_path(it->store));
}

static void deliver(struct exporting *it)
{
    const char *output = it->arguments->output;
    if (!output_file_begin(&it->file, output, "", it->error))
        return;
    write_items(it, ITEM_WAITING);
    write_items(it, ITEM_OPEN);
    if (form_is_list(it->form))
        output_file_put(&it->file, it->items == 0 ? BYTES_LITERAL("[]\n") : BYTES_LITERAL("\n]\n"));
    output_file_end(&it->file);
    if (output && !it->error->is_set)
        put_labelling(it);
}

/* What is left out is told, never passed over in silence. */
static void say(const struct exporting *it)
{
    if (it->arguments->output)
        fprintf(stderr, "%llu open item%s in %s, what people are asked in %s%s\n",
                (unsigned long long)it->items, it->items == 1 ? "" : "s", it->arguments->output,
                it->arguments->output, labelling_suffix(bytes_of_text(it->arguments->format)));
    else if (it->items == 0)
        fputs("no item is open\n", stderr);
    if (it->without_content > 0)
        fprintf(stderr, "%llu left out: their content has left\n",
                (unsigned long long)it->without_content);
    if (it->without_form > 0)
        fprintf(stderr, "%llu left out: %s knows no such item (conversations)\n",
                (unsigned long long)it->without_form, it->arguments->format);
}

void queue_export(const struct queue_export_arguments *arguments,
                  const struct pipeline_config *config, struct error *ret_error)
{
    struct exporting *it = calloc(1, sizeof *it);
    if (!it) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return;
    }
    it->arguments = arguments;
    it->config = config;
    it->error = ret_error;
    it->form = form_find(FORM_OF_RECORD, bytes_of_text(arguments->format));
    arena_init(&it->arena, ARENA_BYTES_MAX);
    if (cohort_report_open(config->state.directory, &it->store, ret_error) == STATUS_OK) {
        find_queue(it);
        if (!ret_error->is_set)
            deliver(it);
        if (!ret_error->is_set)
            say(it);
    }
    store_close(it->store);
    arena_finish(&it->arena);
    buffer_finish(&it->record);
    buffer_finish(&it->line);
    free(it);
}
