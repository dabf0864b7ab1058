/* 18 bytes for a run that met nothing. */
#include "pipelines/decide/met_rows.h"

#include "state/store/value.h"

void met_rows_of(const struct regression_report *met, struct bytes release,
                 struct met_rows *ret_rows)
{
    *ret_rows = (struct met_rows){.count = 0};
    regression_release_id(release, ret_rows->release);
    for (uint32_t i = 0; i < met->count && i < REGRESSION_HITS_MAX; i++) {
        const struct regression_hit *hit = &met->hits[i];
        struct met_row *row = &ret_rows->rows[ret_rows->count++];
        memcpy(row->row_id, hit->row_id_bytes, sizeof row->row_id);
        row->outcome = hit->check == CHECK_NONE ? OUTCOME_PASS
                       : hit->is_fail           ? OUTCOME_FAIL
                                                : OUTCOME_BORDERLINE;
    }
}

void met_rows_encode(const struct met_rows *rows, struct buffer *to)
{
    buffer_append(to, rows->release, sizeof rows->release);
    value_put_varint(to, rows->count);
    for (uint32_t i = 0; i < rows->count; i++) {
        buffer_append(to, rows->rows[i].row_id, sizeof rows->rows[i].row_id);
        buffer_append_byte(to, (uint8_t)rows->rows[i].outcome);
    }
}

enum status met_rows_decode(struct bytes encoded, struct met_rows *ret_rows)
{
    struct value_reader reader;
    struct met_rows rows = {.count = 0};
    value_reader_init(&reader, encoded);
    value_get_copy(&reader, rows.release, sizeof rows.release);
    uint32_t count = (uint32_t)value_get_count(&reader, REGRESSION_HITS_MAX);
    for (; rows.count < count; rows.count++) {
        struct met_row *row = &rows.rows[rows.count];
        value_get_copy(&reader, row->row_id, sizeof row->row_id);
        uint8_t outcome = value_get_u8(&reader);
        reader.failed |= outcome > OUTCOME_FAIL;
        row->outcome = reader.failed ? OUTCOME_NA : (enum outcome)outcome;
    }
    if (value_reader_finish(&reader) != STATUS_OK)
        return STATUS_MALFORMED;
    *ret_rows = rows;
    return STATUS_OK;
}

enum outcome met_rows_worst(const struct met_rows *rows)
{
    enum outcome worst = OUTCOME_NA;
    for (uint32_t i = 0; i < rows->count; i++)
        if (worst == OUTCOME_NA || rows->rows[i].outcome > worst)
            worst = rows->rows[i].outcome;
    return worst;
}
