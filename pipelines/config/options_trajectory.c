/* Rows of `trajectory` and `limits`. */
#include "pipelines/config/print/print_review.h"
#include "pipelines/config/rows.h"

static const char *const scopes[] = {"trace", "conversation"};
static const char *const retains[] = {"none", "records"};

static const struct option rows[] = {
    SECTION("trajectory", 0, "When a run is done. The first limit that is reached closes it."),
    EITHER("trajectory.scope", AT(scope_is_conversation), scopes, "trace",
           "What one trajectory is: one trace, or one conversation. Then traces that close with a "
           "conversation id wait in the store for the others of that id, over restarts; the rest "
           "are judged as traces. Its root is that of the last turn; its id is a hash of the "
           "conversation's. Late spans of a turn that has closed are dropped and counted. Span ids "
           "must differ within a conversation, as SDKs see to."),
    DURATION("trajectory.settle", AT(assembly.settle_ms), 0, 1 * HOUR, "6s",
             "Quiet time after the root has ended; batch exporters of other processes send every "
             "5 s."),
    DURATION("trajectory.idle_timeout", AT(assembly.idle_timeout_ms), 1, 7 * DAY, "5m",
             "Quiet time while no root has ended: one slow tool call is silence. It stands still "
             "while the process is stopped, a partition is behind its end or its brokers are away; "
             "not while spans are refused for want of memory or room."),
    SECTION("trajectory.await", 0, "Scores of outside evaluators to wait for."),
    TEXTS("trajectory.await.scores", AT(assembly.await_scores), AT(assembly.await_count),
          AWAIT_SCORES_MAX, "Names of imported scores to wait for after root and `settle`."),
    DURATION("trajectory.await.timeout", AT(assembly.await_timeout_ms), 0, 1 * DAY, "60s",
             "How long to wait for them."),
    DURATION("trajectory.max_duration", AT(assembly.max_duration_ms), 1, 7 * DAY, "15m",
             "Longest time since the first span came; it stands still like `idle_timeout`."),
    COUNT("trajectory.max_spans", AT(assembly.max_spans), 1, 1000000, "10000", "Most spans."),
    SIZE("trajectory.max_bytes", AT(assembly.max_bytes), 1 * KIB, 1 * GIB, "16MiB",
         "Most bytes of spans as received."),
    DURATION(
        "trajectory.conversation_idle", AT(conversation_idle_ms), 1 * SECOND, 7 * DAY, "30m",
        "Quiet time that closes a conversation, from the last arrival in its closed traces on; "
        "so do `max_spans` and `max_bytes`. Better longer than `idle_timeout`, so that slow "
        "turns are in."),
    BOOL("trajectory.single_instance", AT(single_instance), "false",
         "This is the only instance that reads the topic; conversation scope over Kafka needs it."),
    SECTION("trajectory.late", 0, "What comes after the verdict."),
    DURATION("trajectory.late.window", AT(late_window_ms), 0, 7 * DAY, "1h",
             "How long late spans, scores and feedback still correct a verdict."),
    EITHER("trajectory.late.retain", AT(late_retain_records), retains, "records",
           "`records`: the content of emitted records is kept so that a revision is whole."),

    SECTION("limits", 0, "Ceilings. At a ceiling senders are told to wait; nothing is lost."),
    SIZE("limits.memory", AT(limits.memory_bytes), 16 * MIB, 1 * TIB, "1GiB",
         "Open trajectories in memory, over all shards."),
    SIZE("limits.journal", AT(limits.journal_bytes), 16 * MIB, 16 * TIB, "4GiB",
         "Accepted requests that an open trajectory still needs."),
    SIZE("limits.outbox", AT(limits.outbox_bytes), 16 * MIB, 16 * TIB, "8GiB",
         "Review records that no exporter has delivered yet."),
    SIZE("limits.late_bytes", AT(limits.late_bytes), 0, 16 * TIB, "2GiB",
         "Content kept for revisions within `trajectory.late.window`."),
    SIZE(
        "limits.queue_bytes", AT(limits.queue_bytes), 1 * MIB, 1 * TIB, "64MiB",
        "Accepted requests that the shards have not read. Above it answers wait, and partitions of "
        "Kafka pause."),
    DURATION("limits.queue_time", AT(limits.queue_ms), 10, HOUR, "1s",
             "Likewise: how long the oldest of them may have waited "
             "(`flywheel_shard_behind_seconds`)."),
    DURATION(
        "limits.answer_wait", AT(limits.answer_wait_ms), 0, 10 * MINUTE, "5s",
        "For how long a client is held back, its request unanswered, while there is no room "
        "for it (a gRPC client at most half of the time that it gives the call); then "
        "UNAVAILABLE with RetryInfo, by HTTP 503 with Retry-After. Not while the state is full "
        "or after a restart: that is refused at once. 0: never."),
    COUNT("limits.decided", AT(limits.decided), 1000, 1000000000, "5000000",
          "Decided trajectories remembered, so that none is counted twice; and as many turns of "
          "conversations that wait for the end of theirs."),
    COUNT("limits.log_only", AT(assembly.log_only_max), 1, 1000000, "10000",
          "Trajectories of which only log records have come."),
    COUNT("limits.request_spans", AT(limits.request_spans), 1, 1000000, "100000",
          "Spans, or log records, of one request. Of spans beyond it ids, times and status are "
          "kept; log "
          "records beyond it are refused."),
    COUNT("limits.request_depth", AT(limits.request_depth), 1, 64, "32",
          "Nesting of an attribute's value. A deeper attribute is left out, counted and told, as "
          "is what "
          "breaks the next three limits; its span stays."),
    COUNT("limits.span_attributes", AT(limits.span_attributes), 1, 65536, "1024",
          "Attributes of a span; likewise events and links together."),
    SIZE32("limits.attribute_bytes", AT(limits.attribute_bytes), 64, 64 * MIB, "1MiB",
           "Key and value of one attribute."),
    SIZE32("limits.span_bytes", AT(limits.span_bytes), 256, 256 * MIB, "4MiB",
           "One span. What comes last of it is left out."),
    COUNT("limits.connections", AT(limits.connections), 1, 65536, "1024",
          "Connections to each transport of the OTLP receiver. One more is closed at once and "
          "counted; so are those for which the process has no descriptor: a connection takes one, "
          "by gRPC three, and a quarter of the descriptors is never used for them."),
    COUNT("limits.streams", AT(limits.streams), 1, 10000, "100",
          "Concurrent requests of one gRPC connection; others wait at the client."),
    SIZE32(
        "limits.header_bytes", AT(limits.header_bytes), 1 * KIB, 1 * MIB, "16KiB",
        "Header of one request. A client learns of it in the first message of its connection; by "
        "gRPC a request above it fails."),
    SIZE("limits.receiving", AT(limits.receiving_bytes), 1 * MIB, 1 * TIB, "1GiB",
         "Request bodies that are arriving. By gRPC as many may take more than 250 ms at a time as "
         "there is room for at `max_message` each, at most 16; a further one is cut, counted and "
         "told to retry, and whoever has had such a place for 10 s gives it to others. Above the "
         "limit the largest streams are ended with RESOURCE_EXHAUSTED."),
    DURATION("limits.handshake", AT(limits.handshake_ms), 100, 10 * MINUTE, "10s",
             "From the connection to the end of its TLS handshake."),
    DURATION("limits.connection_idle", AT(limits.connection_idle_ms), 0, 7 * DAY, "10m",
             "A connection without a request is closed after it, by HTTP after 60 s at most; 0: "
             "never by gRPC."),
    DURATION("limits.connection_age", AT(limits.connection_age_ms), 0, 7 * DAY, "1h",
             "A gRPC connection is asked to end after it, with 30 s for what is under way, so that "
             "senders find new instances and show their certificates again; 0: never."),
    SIZE("limits.review", AT(review.bytes_max), 16 * MIB, 16 * TIB, "2GiB",
         "Items and results of review. Above it items that wait expire, the least urgent and "
         "oldest first; spans go on."),
    COUNT("limits.review_items", AT(review.items_max), 1, 1000000000, "1000000",
          "Items that wait for review; likewise."),
    COUNT("limits.results_pending", AT(review.pending_max), 0, 1000000000, "100000",
          "Results that came before their record, kept for 24 h; also at most 5 % of "
          "`limits.review`."),
    SIZE("limits.dataset", AT(dataset.bytes_max), 16 * MIB, 16 * TIB, "4GiB",
         "Dataset rows and their versions. Above it decisions stand, and their rows wait."),
    COUNT("limits.regression_rows", AT(regression.rows_max), 1, 1000000, "20000",
          "Rows that are checked on the live stream; further ones are left out, and counted."),
    COUNT("limits.reviewers", AT(review.reviewers_max), 1, 1000, "64",
          "Reviewers told apart in the statistics, and lines of `review.reviewers_file`; results "
          "of further ones count, under `__other__`."),
    COUNT("limits.labels", AT(review.labels_max), 1, REVIEW_LABELS_MAX, "32",
          "Labels of `review.labels`."),
    SIZE("limits.audit", AT(review.audit_bytes_max), 16 * MIB, 16 * TIB, "1GiB",
         "The audit trail. At 80 % what its exporters have is cut at a checkpoint; where that is "
         "not enough, results and changes of the dataset are refused until it is, and spans go "
         "on."),
};

const struct option_section config_options_trajectory = {rows, sizeof rows / sizeof rows[0]};
