/* What an OTLP receiver over HTTP is told at its creation. */
#pragma once
#include "processor/net/auth.h"
#include "processor/otlp/wire_gate.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/http/limits.h"

struct http_receiver_config {
    const char *endpoint;           /* host:port; port 0 takes a free one */
    const char *const *trace_paths; /* where traces are taken; none: /v1/traces */
    uint32_t trace_path_count;      /* logs are always taken at /v1/logs */
    size_t max_message_bytes;       /* as received and after decompression; 64 MiB */
    size_t max_header_bytes;        /* request line and headers; 0: 32 KiB */
    size_t max_receiving_bytes;     /* of all bodies that are arriving; 0: 256 MiB */
    uint32_t max_connections;       /* 1,024 */
    int64_t handshake_ms;           /* of TLS; 0: 10 s */
    int64_t idle_ms;                /* between requests, and before the first; 0: 60 s */
    int64_t request_ms;             /* for head and body; likewise for the answer; 0: 30 s */
    int64_t commit_ms;              /* 0: 30 s */
    struct wire_gate_limits gate;
    const struct auth *auth;               /* NULL: everybody may send. Borrowed */
    struct tls *tls;                       /* NULL: plaintext. Borrowed */
    struct dead_letter *dead_letter;       /* NULL: none. Borrowed */
    struct http_receiver_counters *limits; /* NULL: nobody reads them. Borrowed */
};
