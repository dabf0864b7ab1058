/* The outbox holds one frame of a record for all exporters; what an exporter sends is derived from
 * it here, in that exporter's thread.
 *   json       as it is
 *   protobuf   made from the JSON
 *   otlp       the spans that stand beside it, under headers that the Collector's receiver knows */
#include "processor/emit/outgoing_form.h"

#include "processor/emit/otlp/shorten.h"
#include "processor/emit/record/protobuf.h"
#include "processor/emit/record/shorten.h"

enum { ARENA_BYTES_MAX = 16 * 1024 * 1024 };

static void set_header(struct outgoing *record, const char *name, struct bytes value)
{
    for (uint32_t i = 0; i < record->header_count; i++)
        if (strcmp(record->headers[i].name, name) == 0)
            record->headers[i].value = value;
}

static enum status to_protobuf(struct outgoing *record, struct buffer *made)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    enum status status = review_protobuf_write(record->payload, &arena, made);
    arena_finish(&arena);
    record->payload = buffer_bytes(made);
    set_header(record, "content-type", BYTES_LITERAL(REVIEW_PROTOBUF_TYPE));
    return status;
}

static enum status to_otlp(struct outgoing *record)
{
    if (!record->otlp.data)
        return STATUS_MALFORMED; /* decided while no exporter sent spans */
    record->payload = record->otlp;
    set_header(record, "content-type", BYTES_LITERAL(REVIEW_PROTOBUF_TYPE));
    set_header(record, "schema", BYTES_LITERAL("opentelemetry.proto.trace.v1.TracesData"));
    if (record->header_count < OUTGOING_HEADERS_MAX)
        record->headers[record->header_count++] =
            (struct outgoing_header){"otelcol.signal", BYTES_LITERAL("traces")};
    return STATUS_OK;
}

enum status outgoing_form(struct outgoing *record, enum record_form form, struct buffer *made)
{
    return form == FORM_JSON   ? STATUS_OK
           : form == FORM_OTLP ? to_otlp(record)
                               : to_protobuf(record, made);
}

enum status outgoing_read(struct bytes frame, enum record_form form, struct outgoing *ret_record,
                          struct buffer *made)
{
    buffer_clear(made);
    enum status status = outgoing_decode(frame, ret_record);
    return status == STATUS_OK ? outgoing_form(ret_record, form, made) : status;
}

/* The other form of the record stays with it, if it stands there. */
static enum status shorten_json(struct outgoing *record, size_t bytes_max, struct buffer *json)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    enum status status = review_record_shorten(record->payload, bytes_max, &arena, json);
    arena_finish(&arena);
    record->payload = buffer_bytes(json);
    return status;
}

/* How long the message is that comes of the JSON is known when it is made:
 * shorter, nearly always. */
static enum status shorten_protobuf(struct outgoing *record, size_t bytes_max, struct buffer *json)
{
    const struct outgoing whole = *record;
    for (size_t json_max = bytes_max; json_max > bytes_max / 4; json_max -= bytes_max / 8) {
        struct buffer made = {0};
        *record = whole;
        buffer_clear(json);
        enum status status = shorten_json(record, json_max, json);
        struct outgoing stated = *record;
        if (status == STATUS_OK)
            status = to_protobuf(&stated, &made);
        size_t size = made.size;
        buffer_finish(&made);
        if (status != STATUS_OK || size <= bytes_max)
            return status;
    }
    return STATUS_MALFORMED;
}

enum status outgoing_shorten(struct bytes frame, enum record_form form, size_t bytes_max,
                             struct buffer *to)
{
    struct outgoing record;
    struct buffer shorter = {0};
    enum status status = outgoing_decode(frame, &record);
    if (status == STATUS_OK && form == FORM_OTLP) {
        status = otlp_record_shorten(record.otlp, bytes_max, &shorter);
        record.otlp = buffer_bytes(&shorter);
    } else if (status == STATUS_OK) {
        status = form == FORM_JSON ? shorten_json(&record, bytes_max, &shorter)
                                   : shorten_protobuf(&record, bytes_max, &shorter);
    }
    if (status == STATUS_OK)
        outgoing_encode(&record, to);
    buffer_finish(&shorter);
    return status == STATUS_OK && to->failed ? STATUS_FATAL : status;
}
