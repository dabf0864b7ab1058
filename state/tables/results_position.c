/* "results_position/<partition>" -> u8 version | be64 next offset | known 16 | bytes topic */
#include "state/tables/results_position.h"

#include <stdio.h>

#include "state/store/value.h"

enum { POSITION_VERSION = 1, NAME_SIZE = 48 };

static struct bytes name_of(char to[NAME_SIZE], int32_t partition)
{
    snprintf(to, NAME_SIZE, "results_position/%d", (int)partition);
    return bytes_of_text(to);
}

struct results_position results_position_get(struct store_txn *txn, const char *topic,
                                             int32_t partition)
{
    char name[NAME_SIZE];
    struct bytes value;
    struct value_reader reader;
    struct results_position position = {0};
    if (!store_get(txn, TABLE_META, name_of(name, partition), &value))
        return position;
    value_reader_init(&reader, value);
    bool is_known = value_get_u8(&reader) == POSITION_VERSION;
    position.next_offset = (int64_t)value_get_be64(&reader);
    value_get_copy(&reader, position.known, sizeof position.known);
    struct bytes of = value_get_bytes(&reader);
    if (!is_known || value_reader_finish(&reader) != STATUS_OK || position.next_offset < 0) {
        store_fail(txn, STATUS_FATAL, "the position of the results topic is not understood");
        return (struct results_position){0};
    }
    return bytes_equal_text(of, topic) ? position : (struct results_position){0};
}

void results_position_put(struct store_txn *txn, const char *topic, int32_t partition,
                          const struct results_position *position)
{
    char name[NAME_SIZE];
    struct buffer value = {0};
    buffer_append_byte(&value, POSITION_VERSION);
    value_put_be64(&value, (uint64_t)position->next_offset);
    buffer_append(&value, position->known, sizeof position->known);
    value_put_bytes(&value, bytes_of_text(topic));
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_META, name_of(name, partition), buffer_bytes(&value));
    buffer_finish(&value);
}
