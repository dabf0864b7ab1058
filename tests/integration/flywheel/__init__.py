"""What the integration and fault tests share: one idea a file.

    checks     what held and what did not; the arguments of a test
    daemon     one `flywheel run` with a pipeline file, a directory and ports of its own
    broker     a real Kafka broker, and what an independent reader finds on its topics
    sender     requests over gRPC and HTTP
    clients    SDKs of other languages, and a Collector
    metrics    /metrics as numbers
    processes  whatever a test starts ends with the test, however that ends
    waiting    limits on waits, and the one factor that scales them

Bytes of a wire by hand: otlp_bytes (export requests), h2_raw (HTTP/2), certificates."""
