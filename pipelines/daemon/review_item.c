/* Members of the item come from four places: its row, its record (pipelines/review/reading says which),
 * what the person has said of it, and what others have, for those who adjudicate. */
#include "pipelines/daemon/review_item.h"

#include "pipelines/decide/summary.h"
#include "pipelines/review/reading.h"
#include "pipelines/review/texts.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"
#include "processor/review/result_json.h"

bool review_item_id(struct bytes text, uint8_t ret_id[ITEM_ID_BYTES])
{
    return text.size == 2 * ITEM_ID_BYTES &&
           hex_decode(ret_id, (const char *)text.data, ITEM_ID_BYTES);
}

bool review_item_open(struct review_api *review, const uint8_t item_id[ITEM_ID_BYTES],
                      const struct http_caller *caller, struct review_item *ret_item)
{
    *ret_item = (struct review_item){.record.limit = REVIEW_ITEM_RECORD_BYTES};
    arena_init(&ret_item->arena, REVIEW_ITEM_ARENA_BYTES);
    if (review_item_read(review->store, item_id, &ret_item->arena, &ret_item->row,
                         &ret_item->record) != STATUS_OK) {
        review_item_finish(ret_item);
        return false;
    }
    ret_item->queue =
        review_settings_queue(&review_api_config(review)->review, ret_item->row.queue);
    ret_item->has_own =
        review_item_result_of(review->store, ret_item->row.sequence, bytes_of_text(caller->name),
                              &ret_item->arena, &ret_item->own);
    ret_item->is_revealed =
        ret_item->queue->blind == BLIND_OFF ||
        (ret_item->has_own && ret_item->own.has_first); /* a skip or a withdrawal judges nothing */
    return true;
}

void review_item_finish(struct review_item *item)
{
    buffer_finish(&item->record);
    arena_finish(&item->arena);
}

static void put_bytes(struct json_writer *to, const char *name, struct bytes text)
{
    if (text.size == 0)
        return;
    json_put_bytes(to, name, text);
}

/* Of a person's result what the page can put back into its fields; `is_own`: with its id. */
static void write_result(struct json_writer *to, const struct result_row *row, bool is_own,
                         struct result *texts)
{
    *texts = (struct result){.failure_mode = -1};
    json_object_begin(to);
    if (is_own) {
        put_bytes(to, "result_id", row->result_id);
        json_put_text(to, "status", result_status_names[row->status]);
    }
    if (row->status == RESULT_COMPLETED) {
        json_put_text(to, "verdict", reviewer_verdict_names[row->verdict]);
        json_put_texts(to, "labels", row->labels, row->label_count);
    }
    if (texts_decode(row->texts, texts) == STATUS_OK) {
        result_json_put_checks(to, "must_include", &texts->must_include);
        result_json_put_checks(to, "must_not_include", &texts->must_not_include);
        put_bytes(to, "expected_response", texts->expected_response);
        put_bytes(to, "comment", texts->comment);
    }
    if (is_own)
        json_put_bool(to, "approve", row->is_approved);
    json_object_end(to);
}

static void write_own(struct json_writer *to, const struct review_item *item, struct result *texts)
{
    const struct result_row *own = &item->own;
    if (!item->has_own)
        return;
    if (own->has_first) {
        json_key(to, "first");
        json_object_begin(to);
        json_put_text(to, "verdict", reviewer_verdict_names[own->first_verdict]);
        json_put_texts(to, "labels", own->first_labels, own->first_label_count);
        json_object_end(to);
    }
    if (own->is_given) {
        json_key(to, "mine");
        write_result(to, own, true, texts);
    }
}

/* Is nobody's judgement of it wanted any more that others' could sway? */
static bool is_settled(const struct review_item *item)
{
    return item->row.state != ITEM_OPEN && item->row.state != ITEM_WAITING;
}

/* What others said, without their names. */
static void write_others(struct review_api *review, struct json_writer *to,
                         struct review_item *item, struct result *texts)
{
    struct result_row *rows;
    uint32_t count = review_item_results(review->store, item->row.sequence, &item->arena, &rows);
    json_key(to, "results");
    json_array_begin(to);
    for (uint32_t i = 0; i < count; i++) {
        bool is_own = item->has_own && rows[i].principal_hash == item->own.principal_hash;
        if (rows[i].is_given && rows[i].status == RESULT_COMPLETED && !is_own)
            write_result(to, &rows[i], false, texts);
    }
    json_array_end(to);
}

static void write_head(struct json_writer *to, const struct review_item *item, int64_t lease_ms)
{
    const struct item_row *row = &item->row;
    char record[UUID_TEXT_SIZE], time[CLOCK_RFC3339_SIZE];
    json_put_hex(to, "item_id", row->item_id, ITEM_ID_BYTES);
    if (row->record_count > 0) {
        record_id_write(row->record_ids[row->record_count - 1], record);
        json_put_text(to, "record_id", record);
    }
    json_put_hex(to, "content_digest", row->content_digest, sizeof row->content_digest);
    json_put_text(to, "state", item_state_names[row->state]);
    if (lease_ms > 0) {
        clock_format_rfc3339(time, (uint64_t)lease_ms * 1000000);
        json_put_text(to, "lease_until", time);
    }
    put_bytes(to, "instructions", item->queue->instructions);
    if (row->state == ITEM_SUPERSEDED)
        json_put_text(to, "notice", "New evidence: a later revision of this run took its place.");
    else if (item->record.size == 0)
        json_put_text(to, "notice", "The texts of this run have left; it can't be read again.");
}

void review_item_write(struct review_api *review, struct review_item *item,
                       const struct http_caller *caller, int64_t lease_ms, struct buffer *to)
{
    struct json_writer writer;
    struct bytes record = buffer_bytes(&item->record);
    struct result *texts = arena_alloc(&item->arena, sizeof *texts);
    json_writer_init(&writer, to);
    json_object_begin(&writer);
    write_head(&writer, item, lease_ms);
    if (record.size == 0 || !reading_write(record, &item->arena, &writer))
        json_put_text(&writer, "output", "");
    if (texts)
        write_own(&writer, item, texts);
    if (texts && caller->rights & RIGHT_ADJUDICATE && (item->is_revealed || is_settled(item)))
        write_others(review, &writer, item, texts);
    if (item->is_revealed && record.size > 0) {
        json_key(&writer, "machine");
        if (!reading_write_machine(record, &item->arena, &writer))
            json_null(&writer);
        json_key(&writer, "links");
        reading_write_links(record, &item->arena, &writer);
    }
    json_object_end(&writer);
    to->failed = to->failed || item->arena.failed;
}

void review_item_write_machine(struct review_item *item, struct buffer *to)
{
    struct json_writer writer;
    struct bytes record = buffer_bytes(&item->record);
    json_writer_init(&writer, to);
    json_object_begin(&writer);
    json_key(&writer, "machine");
    if (record.size == 0 || !reading_write_machine(record, &item->arena, &writer))
        json_null(&writer);
    json_key(&writer, "links");
    reading_write_links(record, &item->arena, &writer);
    json_object_end(&writer);
}
