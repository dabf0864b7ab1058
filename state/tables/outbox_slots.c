/* Numbers of exporters are places in the pipeline file, and files are edited. One meta row says
 * which slot of the outbox each number stands for, and by which name a slot is known:
 *
 *   [annotations, archive]   numbers 0 1 -> slots 0 1     annotations, archive
 *   [archive, annotations]   numbers 0 1 -> slots 1 0     the same names: nothing is moved
 *
 * The row = u8 version | slot of each number | u8 numbers in use | name of each slot. */
#include "state/tables/outbox_slots.h"

#include <inttypes.h>
#include <string.h>

#include "processor/base/log.h"
#include "state/store/value.h"

enum { SLOTS_VERSION = 1, SLOTS = OUTBOX_EXPORTERS_MAX };

#define ROW_NAME BYTES_LITERAL("outbox_slots")

struct slots {
    uint8_t of[SLOTS], count; /* the first `count` have an exporter */
    struct bytes names[SLOTS];
    bool is_taken[SLOTS];
};

static bool read_row(struct store_txn *txn, struct bytes *ret_row)
{
    return store_get(txn, TABLE_META, ROW_NAME, ret_row) && ret_row->size > 1 + SLOTS &&
           ret_row->data[0] == SLOTS_VERSION;
}

uint8_t outbox_slot(struct store_txn *txn, uint8_t exporter)
{
    struct bytes row;
    if (!read_row(txn, &row))
        return exporter;
    uint8_t slot = row.data[1 + exporter];
    return slot < SLOTS ? slot : exporter;
}

uint8_t outbox_slot_exporter(struct store_txn *txn, uint8_t slot)
{
    for (uint8_t exporter = 0; exporter < SLOTS; exporter++)
        if (outbox_slot(txn, exporter) == slot)
            return exporter;
    return slot;
}

/* As it was; the names are the row's. */
static void read_slots(struct store_txn *txn, struct slots *ret_slots)
{
    struct value_reader reader;
    struct bytes row;
    bool is_there = read_row(txn, &row);
    *ret_slots = (struct slots){0};
    for (uint8_t i = 0; i < SLOTS; i++)
        ret_slots->of[i] = is_there ? row.data[1 + i] : i;
    ret_slots->count = is_there ? row.data[1 + SLOTS] : SLOTS;
    if (!is_there)
        return;
    value_reader_init(&reader, bytes_of(row.data + 2 + SLOTS, row.size - 2 - SLOTS));
    for (uint8_t i = 0; i < SLOTS; i++)
        ret_slots->names[i] = value_get_bytes(&reader);
}

static uint64_t rows_of(struct store_txn *txn, uint8_t slot)
{
    struct tally tally = {0};
    chunked_count(txn, (struct chunked_place){TABLE_OUTBOX, bytes_of(&slot, 1)}, &tally);
    return tally.items;
}

/* SLOTS: none. */
static uint8_t find_slot(struct store_txn *txn, const struct slots *slots, struct bytes name,
                         uint8_t before)
{
    for (uint8_t i = 0; i < SLOTS; i++)
        if (!slots->is_taken[i] && name.size > 0 && bytes_equal(slots->names[i], name))
            return i;
    if (before < SLOTS && !slots->is_taken[before])
        return before;
    for (uint8_t i = 0; i < SLOTS; i++)
        if (!slots->is_taken[i] && rows_of(txn, i) == 0)
            return i;
    return SLOTS;
}

/* Those of known names first, so that a new one takes nobody's place. */
static bool choose(struct store_txn *txn, const char *const *names, uint32_t count,
                   struct slots *slots)
{
    struct slots before = *slots;
    for (int turn = 0; turn < 2; turn++)
        for (uint32_t i = 0; i < count; i++) {
            struct bytes name = bytes_of_text(names[i]);
            bool is_known = false;
            for (uint8_t slot = 0; slot < SLOTS; slot++)
                is_known |= bytes_equal(before.names[slot], name);
            if (is_known != (turn == 0))
                continue;
            uint8_t slot = find_slot(txn, slots, name, i < before.count ? before.of[i] : SLOTS);
            if (slot == SLOTS)
                return false;
            slots->of[i] = slot;
            slots->is_taken[slot] = true;
            slots->names[slot] = name;
        }
    return true;
}

/* The slots of nobody: what waits there keeps its name. */
static void leave_rest(struct store_txn *txn, uint32_t count, struct slots *slots)
{
    uint32_t at = count;
    for (uint8_t slot = 0; slot < SLOTS; slot++) {
        if (slots->is_taken[slot])
            continue;
        uint64_t rows = rows_of(txn, slot);
        slots->of[at++] = slot;
        if (rows == 0)
            slots->names[slot] = (struct bytes){0};
        if (rows > 0)
            log_warn("exporter_gone",
                     "exporter=\"%.*s\" records=%" PRIu64
                     " action=\"they wait in the outbox until it is named again\"",
                     (int)slots->names[slot].size,
                     slots->names[slot].data ? (const char *)slots->names[slot].data : "", rows);
    }
}

bool outbox_slots_assign(struct store_txn *txn, const char *const *names, uint32_t count)
{
    struct slots slots;
    struct buffer row = {0};
    struct bytes before;
    read_slots(txn, &slots);
    if (count > SLOTS || !choose(txn, names, count, &slots))
        return false;
    leave_rest(txn, count, &slots);
    buffer_append_byte(&row, SLOTS_VERSION);
    buffer_append(&row, slots.of, SLOTS);
    buffer_append_byte(&row, (uint8_t)count);
    for (uint8_t i = 0; i < SLOTS; i++)
        value_put_bytes(&row, slots.names[i]);
    if (row.failed)
        store_fail(txn, STATUS_FATAL, "no memory for the names of exporters");
    if (!read_row(txn, &before) || !bytes_equal(before, buffer_bytes(&row)))
        store_put(txn, TABLE_META, ROW_NAME, buffer_bytes(&row));
    buffer_finish(&row);
    return true;
}
