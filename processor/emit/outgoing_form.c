/* The outbox holds one frame of a record for all exporters; what an exporter sends is derived from
 * it here, in that exporter's thread.
 *   json       as it is
 *   protobuf   made from the JSON
 *   otlp       the spans that stand beside it, under headers that the Collector's receiver knows */
#include "processor/emit/outgoing_form.h"

#include "processor/emit/record/protobuf.h"

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
