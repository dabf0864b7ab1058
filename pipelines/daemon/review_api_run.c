/* A run as its record has it, with the machine's verdict: for those who adjudicate. */
#include "pipelines/daemon/review_api_state.h"
#include "pipelines/daemon/review_item.h"
#include "processor/base/json/writer.h"

/* By the id of a record, a trajectory or an item. */
static bool find(struct review_api *review, struct http_api_call *call,
                 struct review_item *ret_item)
{
    struct bytes text = http_api_id(call);
    char digits[2 * ITEM_ID_BYTES];
    uint8_t id[ITEM_ID_BYTES], item_id[ITEM_ID_BYTES];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != '-' && count < sizeof digits)
            digits[count++] = (char)text.data[i];
    if (count != sizeof digits || !hex_decode(id, digits, sizeof id))
        return false;
    bool is_known = review_item_find(review->store, id, item_id);
    return review_item_open(review, is_known ? item_id : id, http_api_caller(call), ret_item);
}

unsigned review_api_run(void *context, struct http_api_call *call)
{
    struct json_writer to;
    struct review_item item;
    if (!find(context, call, &item))
        return http_api_refuse(call, 404, "no item has that id", NULL);
    json_writer_init(&to, http_api_body_to(call));
    json_object_begin(&to);
    json_put_hex(&to, "item_id", item.row.item_id, ITEM_ID_BYTES);
    json_put_bytes(&to, "queue", item.row.queue);
    json_put_text(&to, "state", item_state_names[item.row.state]);
    json_key(&to, "record");
    if (item.record.size > 0)
        json_raw(&to, buffer_bytes(&item.record));
    else
        json_null(&to);
    json_object_end(&to);
    review_item_finish(&item);
    return 200;
}
