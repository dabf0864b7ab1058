/* What a person is shown: the next item, one by its id, a list. The document is made first, from what is
 * durable; that somebody saw it goes into the audit trail, and only then the answer leaves. */
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "pipelines/daemon/review_item.h"
#include "pipelines/review/next_item.h"
#include "pipelines/review/reading.h"
#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"

enum {
    NEXT_ARENA_BYTES = 8 << 20,
    BODY_ARENA_BYTES = 64 * 1024,
    LIST_MAX = 50,
    QUESTION_MAX = 120
};

/* --- that somebody saw it --- */

struct showing {
    struct review_call call; /* first: the call is the showing */
    struct http_api_call *http;
    struct http_caller caller;
    uint8_t item_id[ITEM_ID_BYTES];
    bool is_chosen, is_there;
};

static void run(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms)
{
    struct showing *showing = (struct showing *)call;
    struct principal principal = review_api_principal(&showing->caller);
    showing->is_there =
        review_served(review, txn, showing->item_id, &principal, showing->is_chosen, wall_ms);
}

static void done(struct review_call *call, enum status status)
{
    struct showing *showing = (struct showing *)call;
    struct http_api_call *http = showing->http;
    unsigned code = 200;
    if (status != STATUS_OK)
        code = http_api_refuse_busy(http, "who saw it can't be stored: the state is full", 1);
    else if (!showing->is_there)
        code = http_api_refuse(http, 404, "there is no such item", NULL);
    free(showing);
    http_api_answer(http, code);
}

/* The document is in the answer already. */
static unsigned show(struct review_api *review, struct http_api_call *call,
                     const uint8_t item_id[ITEM_ID_BYTES], bool is_chosen)
{
    struct showing *showing = calloc(1, sizeof *showing);
    if (!showing)
        return review_api_refuse_memory(call);
    *showing = (struct showing){.call = {run, done, sizeof *showing, NULL},
                                .http = call,
                                .caller = *http_api_caller(call),
                                .is_chosen = is_chosen};
    memcpy(showing->item_id, item_id, ITEM_ID_BYTES);
    if (runtime_review_call(review->runtime, &showing->call) == STATUS_OK)
        return HTTP_LATER;
    free(showing);
    return http_api_refuse_busy(call, "too much waits; send it again", 1);
}

static unsigned show_item(struct review_api *review, struct http_api_call *call,
                          const uint8_t item_id[ITEM_ID_BYTES], int64_t lease_ms, bool is_chosen)
{
    struct review_item item;
    if (!review_item_open(review, item_id, http_api_caller(call), &item))
        return http_api_refuse(call, 404, "there is no such item", NULL);
    review_item_write(review, &item, http_api_caller(call), lease_ms, http_api_body_to(call));
    review_item_finish(&item);
    return show(review, call, item_id, is_chosen);
}

unsigned review_api_show_item(void *context, struct http_api_call *call)
{
    uint8_t id[ITEM_ID_BYTES];
    if (http_api_is_crowded(call))
        return http_api_refuse_busy(call, "too many requests wait; send it again", 1);
    if (!review_item_id(http_api_id(call), id))
        return http_api_refuse(call, 404, "there is no such item", NULL);
    return show_item(context, call, id, 0, true);
}

/* --- the next one --- */

/* May the caller choose that queue? */
static bool may_choose(const struct review_settings *settings, const struct http_caller *caller,
                       struct bytes queue)
{
    return caller->rights & RIGHT_ADJUDICATE ||
           review_settings_queue(settings, queue)->blind == BLIND_OFF;
}

/* The queue that the body names, in the arena; absent: none. False: the body is none. */
static bool read_queue(struct http_api_call *call, struct arena *arena, struct bytes *ret_queue)
{
    struct json_reader reader;
    struct json_value body, queue;
    *ret_queue = (struct bytes){0};
    if (http_api_body(call).size == 0)
        return true;
    if (!json_parse(http_api_body(call), arena, &reader, &body) || body.type != JSON_OBJECT)
        return false;
    if (!json_member(&reader, &body, "queue", &queue))
        return true;
    *ret_queue = queue.text;
    return queue.type == JSON_STRING;
}

static uint32_t count_people(struct review_api *review)
{
    pthread_mutex_lock(&review->lock);
    uint32_t people = review->reviewers ? reviewers_enabled(review->reviewers) : 1;
    pthread_mutex_unlock(&review->lock);
    return people;
}

unsigned review_api_next(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    const struct review_settings *settings = &review_api_config(review)->review;
    const struct http_caller *caller = http_api_caller(call);
    struct arena arena;
    struct item_row row;
    struct review_next next = {.person = bytes_of_text(caller->name),
                               .name = bytes_of_text(caller->name),
                               .people = count_people(review),
                               .wall_ms = clock_realtime_ms()};
    unsigned status = 0;
    arena_init(&arena, NEXT_ARENA_BYTES);
    if (!read_queue(call, &arena, &next.queue))
        status = review_api_malformed(call, "a JSON object, with a queue or without", "queue");
    else if (next.queue.data && !may_choose(settings, caller, next.queue))
        status = http_api_refuse(call, 403, "adjudicators choose the queue", "queue");
    else if (!review_next_item(review->store, settings,
                               review_leases(runtime_review(review->runtime)), &next, &arena, &row))
        status = 204;
    else
        status =
            show_item(review, call, row.item_id,
                      next.wall_ms + review_settings_queue(settings, row.queue)->lease_ms, false);
    arena_finish(&arena);
    return status;
}

/* --- lists --- */

struct listed {
    uint8_t id[ITEM_ID_BYTES];
};

struct list {
    struct listed items[LIST_MAX];
    uint32_t count;
};

static void note(void *context, const struct item_row *row)
{
    struct list *list = context;
    if (list->count < LIST_MAX)
        memcpy(list->items[list->count++].id, row->item_id, ITEM_ID_BYTES);
}

static void write_line(struct review_api *review, const struct http_caller *caller,
                       const uint8_t id[ITEM_ID_BYTES], int64_t now_ms, struct json_writer *to)
{
    struct review_item item;
    if (!review_item_open(review, id, caller, &item))
        return;
    struct bytes question = reading_question(buffer_bytes(&item.record), &item.arena, QUESTION_MAX);
    int64_t waiting_ms = now_ms - item.row.emitted_ms;
    json_object_begin(to);
    json_put_hex(to, "item_id", id, ITEM_ID_BYTES);
    if (question.data)
        json_put_bytes(to, "question", question);
    json_put_text(to, "state", item_state_names[item.row.state]);
    json_put_uint(to, "waiting_s", waiting_ms > 0 ? (uint64_t)waiting_ms / 1000 : 0);
    if (caller->rights & RIGHT_ADJUDICATE) {
        json_put_bytes(to, "queue", item.row.queue);
        json_put_uint(to, "priority", item.row.priority);
    }
    json_object_end(to);
    review_item_finish(&item);
}

/* "major-minor", as it was sent; false: it is not that. */
static bool read_page(struct bytes text, struct review_page *ret_page)
{
    char copy[48];
    unsigned long long major = 0, minor = 0;
    int end = 0;
    *ret_page = (struct review_page){0};
    if (!text.data)
        return true;
    if (text.size == 0 || text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    if (sscanf(copy, "%20llu-%20llu%n", &major, &minor, &end) != 2 || (size_t)end != text.size)
        return false;
    *ret_page = (struct review_page){major, minor};
    return true;
}

/* 16 bytes in hexadecimal digits, with the dashes of a UUID or without. */
static bool read_id(struct bytes text, uint8_t ret_id[16])
{
    char digits[32];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '-')
            continue;
        if (count == sizeof digits)
            return false;
        digits[count++] = (char)text.data[i];
    }
    return count == sizeof digits && hex_decode(ret_id, digits, 16);
}

static bool find(struct review_api *review, struct bytes text, struct list *list)
{
    uint8_t id[16], item_id[ITEM_ID_BYTES];
    struct arena arena;
    struct item_row row;
    struct buffer record = {.limit = REVIEW_ITEM_RECORD_BYTES};
    if (!read_id(text, id))
        return false;
    if (review_item_find(review->store, id, item_id)) {
        memcpy(list->items[list->count++].id, item_id, ITEM_ID_BYTES);
        return true;
    }
    arena_init(&arena, REVIEW_ITEM_ARENA_BYTES);
    if (review_item_read(review->store, id, &arena, &row, &record) == STATUS_OK)
        memcpy(list->items[list->count++].id, id, ITEM_ID_BYTES);
    buffer_finish(&record);
    arena_finish(&arena);
    return true;
}

static bool read_state(struct bytes text, enum item_state *ret_state)
{
    *ret_state = ITEM_STATES;
    for (int i = 0; text.size > 0 && i < ITEM_STATES; i++)
        if (bytes_equal_text(text, item_state_names[i]))
            *ret_state = (enum item_state)i;
    return text.size == 0 || *ret_state != ITEM_STATES;
}

static void write_list(struct review_api *review, struct http_api_call *call,
                       const struct list *list, const struct review_page *more)
{
    struct json_writer to;
    char page[48];
    json_writer_init(&to, http_api_body_to(call));
    json_object_begin(&to);
    json_key(&to, "items");
    json_array_begin(&to);
    for (uint32_t i = 0; i < list->count; i++)
        write_line(review, http_api_caller(call), list->items[i].id, clock_realtime_ms(), &to);
    json_array_end(&to);
    if (more) {
        snprintf(page, sizeof page, "%llu-%llu", (unsigned long long)more->major,
                 (unsigned long long)more->minor);
        json_put_text(&to, "next", page);
    }
    json_object_end(&to);
}

unsigned review_api_list(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    const struct http_query *query = http_api_query(call);
    const struct http_caller *caller = http_api_caller(call);
    struct bytes mine = http_query_get(query, "mine"), wanted = http_query_get(query, "find");
    struct review_query asked = {.queue = http_query_get(query, "queue"), .limit = LIST_MAX};
    struct review_page page;
    struct list list = {.count = 0};
    if (!read_state(http_query_get(query, "state"), &asked.state))
        return review_api_malformed(call, "there is no such state", "state");
    if (!read_page(http_query_get(query, "after"), &page))
        return review_api_malformed(call, "the `next` of a page before", "after");
    if (asked.queue.data && !may_choose(&review_api_config(review)->review, caller, asked.queue))
        return http_api_refuse(call, 403, "adjudicators list by queue", "queue");
    if (mine.data && !bytes_equal_text(mine, "false"))
        asked.person = bytes_of_text(caller->name);
    if (wanted.size > 0) {
        if (!find(review, wanted, &list))
            return review_api_malformed(call, "the id of a trace, a record or an item", "find");
        write_list(review, call, &list, NULL);
        return 200;
    }
    bool has_more = review_items_list(review->store, &asked, &page, note, &list);
    write_list(review, call, &list, has_more ? &page : NULL);
    return 200;
}
