/* How a call is answered: the code and, for what a sender should try again, when. */
#pragma once
#include <grpc/grpc.h>

#include "processor/base/bytes.h"
#include "processor/receive/accept.h"

enum { STATUS_TRAILERS_MAX = 3 };

/* A verdict on a request. `text` is static. `retry_ms` > 0 makes it retryable at that delay. */
struct grpc_reply {
    grpc_status_code code;
    const char *text;
    int64_t retry_ms;
    bool names_encodings; /* says in grpc-accept-encoding what would be understood */
};

static inline struct grpc_reply grpc_reply_of(grpc_status_code code, const char *text)
{
    return (struct grpc_reply){.code = code, .text = text};
}

static inline struct grpc_reply grpc_reply_retry(const char *text, int64_t retry_ms)
{
    return (struct grpc_reply){.code = GRPC_STATUS_UNAVAILABLE,
                               .text = text,
                               .retry_ms = retry_ms > 0 ? retry_ms : ACCEPT_RETRY_MS};
}

/* Fills the trailing metadata that goes with `reply`; returns how many. They are the caller's to
 * give back with grpc_trailers_finish, once the batch that sends them has completed. */
size_t grpc_trailers_init(grpc_metadata trailers[STATUS_TRAILERS_MAX],
                          const struct grpc_reply *reply);
void grpc_trailers_finish(grpc_metadata *trailers, size_t count);

/* What to say of a body that is not the protobuf it should be. Core reads a message of an encoding
 * that it doesn't know as if it were not compressed, and hides the header, so the encodings that
 * senders use are told by their first bytes. None of them begins a valid request. */
struct grpc_reply grpc_reply_undecodable(struct bytes body);
