/* How review work is organized: the sections `review` and `dataset` of the pipeline file as plain
 * data. Owned by the configuration; times in ms. */
#pragma once
#include "processor/review/label_set.h"

enum {
    REVIEW_QUEUES_MAX = 32,
    REVIEWERS_PER_ITEM_MAX = 8,
    REVIEW_HOSTS_MAX = 16,
    REVIEW_PROXIES_MAX = 8,
    ADJUDICATORS_MAX = 64
};

enum review_blind { BLIND_VERDICT, BLIND_OFF };
enum review_order { ORDER_PRIORITY, ORDER_SAMPLE };
enum review_require { REQUIRE_VERDICT = 1, REQUIRE_LABEL = 2, REQUIRE_COMMENT = 4 };

struct review_queue_settings {
    struct bytes name;  /* "*": every other */
    uint32_t reviewers; /* at most REVIEWERS_PER_ITEM_MAX */
    double overlap;
    enum review_blind blind;
    enum review_order order;
    int64_t lease_ms, expire_ms, due_ms;
    struct bytes instructions;
    uint32_t require; /* review_require, or-ed */
};

/* What estimates of all runs are made for: each cohort of each grouping, and each rule. */
struct calibration_settings {
    const struct calibration_grouping {
        const struct bytes *names; /* of its dimensions */
        uint32_t count;
    } * groupings;
    uint32_t grouping_count;
    const struct calibration_rule {
        struct bytes name;
        const struct bytes *labels; /* of its own those that reviewers can give, by id */
        uint32_t label_count;
    } * rules;
    uint32_t rule_count;
    uint64_t fingerprint; /* of all above: sums made under another one are no such sums */
};

enum person_figures { FIGURES_OWN, FIGURES_ADJUDICATOR, FIGURES_ADMIN };
enum review_consensus { CONSENSUS_UNANIMOUS, CONSENSUS_MAJORITY };

struct review_settings {
    bool is_present;            /* there is a `results` pipeline */
    const char *reviewers_file; /* NULL: none, one declared reviewer on loopback */
    const char *hours;          /* when `due` counts: "always" */
    const char *endpoint;       /* of the review listener */
    const char *tls_cert_file, *tls_key_file, *tls_client_ca_file; /* NULL: none */
    struct bytes hosts[REVIEW_HOSTS_MAX];
    uint32_t host_count;
    struct bytes proxies[REVIEW_PROXIES_MAX]; /* CIDR */
    uint32_t proxy_count;
    struct bytes proxy_url; /* empty: none is in front */
    int64_t retain_ms;
    enum person_figures figures;
    struct label_set labels;
    /* `control` is always there; the last is "*". */
    struct review_queue_settings queues[REVIEW_QUEUES_MAX];
    uint32_t queue_count;
    enum review_consensus consensus;
    double mix;
    bool self_adjudication;
    size_t bytes_max;   /* limits.review */
    uint32_t items_max; /* limits.review_items */
    uint32_t pending_max, reviewers_max, labels_max;
    size_t audit_bytes_max;
    uint32_t audit_exporters; /* bit i: outbox exporter i takes the audit trail */
    struct bytes adjudicators[ADJUDICATORS_MAX]; /* of results from a topic */
    uint32_t adjudicator_count;
    bool is_topic_trusted;
    struct calibration_settings calibration;
};

/* The settings of a queue by its name: its own, else those of "*". */
const struct review_queue_settings *review_settings_queue(const struct review_settings *settings,
                                                          struct bytes name);
