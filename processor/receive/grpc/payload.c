/* From the payload of a call to a gated request. It is copied once, from core's slices into the
 * pooled buffer of the request; it is inflated here and not by core, which would inflate first and
 * look at the limit afterwards. */
#include "processor/receive/grpc/payload.h"

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>

#include "processor/receive/accept.h"
#include "processor/receive/admission.h"

bool payload_copy(const grpc_byte_buffer *payload, size_t size, struct buffer *to)
{
    if (!buffer_reserve(to, size))
        return false;
    const grpc_slice_buffer *slices = &payload->data.raw.slice_buffer;
    for (size_t i = 0; i < slices->count; i++)
        buffer_append(to, GRPC_SLICE_START_PTR(slices->slices[i]),
                      GRPC_SLICE_LENGTH(slices->slices[i]));
    return !to->failed;
}

/* The size that the end of a gzip member claims. Only a hint for has_room(): inflating stays
 * bounded whatever it says. */
static size_t claimed_size(const grpc_byte_buffer *payload)
{
    const grpc_slice_buffer *slices = &payload->data.raw.slice_buffer;
    uint32_t claimed = 0;
    size_t needed = 4;
    for (size_t i = slices->count; i-- > 0 && needed > 0;)
        for (size_t at = GRPC_SLICE_LENGTH(slices->slices[i]); at-- > 0 && needed > 0; needed--)
            claimed = claimed << 8 | GRPC_SLICE_START_PTR(slices->slices[i])[at];
    return needed ? 0 : claimed;
}

static const struct grpc_reply reply_too_large = {
    GRPC_STATUS_RESOURCE_EXHAUSTED, "the message is larger than the limit after decompression", 0,
    false};

bool payload_admit(struct grpc_receiver *receiver, const grpc_byte_buffer *payload, size_t size,
                   struct grpc_reply *ret_reply)
{
    grpc_compression_algorithm compression = payload->data.raw.compression;
    size_t limit = receiver->config.max_message_bytes;
    if (compression != GRPC_COMPRESS_NONE && compression != GRPC_COMPRESS_GZIP) {
        *ret_reply = (struct grpc_reply){.code = GRPC_STATUS_UNIMPLEMENTED,
                                         .text = "compression is not supported; use gzip or none",
                                         .names_encodings = true};
        return false;
    }
    if (size > limit) {
        *ret_reply = reply_too_large;
        counter_add(&receiver->limits->limits[GRPC_LIMIT_MESSAGE], 1);
        return false;
    }
    size_t room = size;
    if (compression == GRPC_COMPRESS_GZIP) {
        size_t claimed = claimed_size(payload);
        room += claimed < limit ? claimed : limit;
    }
    if (!receiver->intake->has_room(receiver->intake->context, room)) {
        *ret_reply = grpc_reply_retry("no room for the request now", ACCEPT_RETRY_MS);
        return false;
    }
    return true;
}

/* The request as it was received is kept for people to look at, when there is a place for it. */
static void keep_dead(struct grpc_receiver *receiver, const struct request *request,
                      const char *reason, const char *detail)
{
    struct dead_letter_reason letter = {
        .reason = reason,
        .detail = detail,
        .receiver = "otlp/grpc",
        .signal = request->signal == WIRE_GATE_TRACES ? "traces" : "logs",
        .encoding = "otlp_proto",
        .compression = request->encoding == REQUEST_GZIP ? "gzip" : NULL,
    };
    (void)dead_letter_submit(receiver->config.dead_letter, &letter,
                             buffer_bytes(&request->received));
}

static const char *const no_memory = "no memory for the request now";

/* What is well-formed and too large is the sender's to cut, and counted; what is not well-formed is
 * a dead letter. */
static enum status unpack(struct grpc_receiver *receiver, struct request *request,
                          struct grpc_reply *ret_reply)
{
    if (request->encoding == REQUEST_GZIP) {
        enum status inflated = inflate_gzip(receiver->inflater, buffer_bytes(&request->received),
                                            receiver->config.max_message_bytes, &request->inflated);
        *ret_reply = inflated == STATUS_BUSY ? reply_too_large
                                             : grpc_reply_of(GRPC_STATUS_INVALID_ARGUMENT,
                                                             "the message is not well-formed gzip");
        if (inflated == STATUS_BUSY && request_lacks_memory(request))
            *ret_reply = grpc_reply_retry(no_memory, ACCEPT_RETRY_MS);
        else if (inflated == STATUS_BUSY)
            counter_add(&receiver->limits->limits[GRPC_LIMIT_MESSAGE], 1);
        if (inflated != STATUS_OK)
            return inflated;
    }
    enum status gated = admission_gate(request, &receiver->config.gate);
    if (gated == STATUS_MALFORMED)
        *ret_reply = grpc_reply_undecodable(request_body(request));
    else if (gated != STATUS_OK && request_lacks_memory(request))
        *ret_reply = grpc_reply_retry(no_memory, ACCEPT_RETRY_MS);
    else if (gated != STATUS_OK) {
        counter_add(&receiver->limits->limits[GRPC_LIMIT_ITEMS], 1);
        *ret_reply = grpc_reply_of(GRPC_STATUS_RESOURCE_EXHAUSTED,
                                   "the message holds more items than a request may");
    }
    return gated;
}

bool payload_read(struct grpc_receiver *receiver, enum wire_gate_signal signal,
                  grpc_byte_buffer **payload, size_t size, struct request *request,
                  struct grpc_reply *ret_reply)
{
    bool is_gzip = (*payload)->data.raw.compression == GRPC_COMPRESS_GZIP;
    if (!payload_copy(*payload, size, &request->received)) {
        *ret_reply = grpc_reply_retry(no_memory, ACCEPT_RETRY_MS);
        return false;
    }
    grpc_byte_buffer_destroy(*payload);
    *payload = NULL;
    request->signal = signal;
    request->encoding = is_gzip ? REQUEST_GZIP : REQUEST_IDENTITY;
    enum status status = unpack(receiver, request, ret_reply);
    if (status == STATUS_MALFORMED)
        keep_dead(receiver, request, "malformed", ret_reply->text);
    const char *reason = status == STATUS_OK ? accept_letter_reason(&request->gated) : NULL;
    if (reason)
        keep_dead(receiver, request, reason, "some of its items were refused, or nothing in it was recognized");
    return status == STATUS_OK;
}
