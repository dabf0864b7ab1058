/* How an HTTP request is answered: the status line, the gRPC code that it stands for (one table for
 * both transports, so that their counters compare), and the body in the encoding of the request. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/receive/accept.h"

enum http_media { HTTP_PROTOBUF, HTTP_JSON };

/* `text` is static. `retry_ms` > 0 makes it retryable at that delay. */
struct http_reply {
    unsigned status; /* 0: none yet */
    enum rpc_code code;
    const char *text;
    int64_t retry_ms;
    bool names_encodings; /* says in Accept-Encoding what would be understood */
};

static inline struct http_reply http_reply_of(unsigned status, enum rpc_code code, const char *text)
{
    return (struct http_reply){.status = status, .code = code, .text = text};
}

static inline struct http_reply http_reply_retry(const char *text, int64_t retry_ms)
{
    return (struct http_reply){.status = 503,
                               .code = RPC_UNAVAILABLE,
                               .text = text,
                               .retry_ms = retry_ms > 0 ? retry_ms : ACCEPT_RETRY_MS};
}

static inline struct http_reply http_reply_too_large(const char *text)
{
    return http_reply_of(413, RPC_RESOURCE_EXHAUSTED, text);
}

const char *http_media_type(enum http_media media);
/* google.rpc.Status of a refusal. */
void http_status_body(struct buffer *to, enum http_media media, const struct http_reply *reply);
/* Export{Trace,Logs}ServiceResponse; what was rejected becomes a partial success. */
void http_export_body(struct buffer *to, enum http_media media, enum wire_gate_signal signal,
                      const struct gated_request *gated);
/* Whole seconds for Retry-After, at least 1. */
int64_t http_retry_seconds(int64_t retry_ms);
