/* What an OTLP receiver over gRPC is told at its creation. */
#pragma once
#include "processor/net/auth.h"
#include "processor/otlp/wire_gate.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/grpc/limits.h"

struct grpc_receiver_config {
    const char *endpoint;            /* host:port; port 0 takes a free one */
    size_t max_message_bytes;        /* after decompression; 64 MiB */
    size_t max_receiving_bytes;      /* of messages that are arriving; 0: 1 GiB */
    uint32_t max_header_bytes;       /* of one call; 0: 16 KiB */
    uint32_t max_concurrent_streams; /* per connection; 100 */
    uint32_t max_connections;        /* 1,024 */
    uint32_t calls;                  /* call slots waiting for work at once; 256 */
    int64_t handshake_ms;            /* of TLS; 0: 10 s */
    int64_t max_connection_idle_ms;  /* without a call; 0: any time */
    int64_t max_connection_age_ms;   /* 0: none */
    struct wire_gate_limits gate;
    const struct auth *auth;               /* NULL: everybody may send. Borrowed */
    struct tls *tls;                       /* NULL: plaintext. Borrowed */
    struct dead_letter *dead_letter;       /* NULL: none. Borrowed */
    struct grpc_receiver_counters *limits; /* NULL: nobody reads them. Borrowed */
};
