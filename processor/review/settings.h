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
};

enum promote { PROMOTE_APPROVED, PROMOTE_MANUAL, PROMOTE_NEVER };
enum export_reviewers { EXPORT_REVIEWERS_NONE, EXPORT_REVIEWERS_PSEUDONYM };

struct dataset_settings {
    struct bytes name;
    enum promote promote;
    double train_share;
    uint32_t require_reviews;
    bool export_comment;
    enum export_reviewers export_reviewers;
    int64_t retain_ms; /* 0: for ever */
    double cluster_similarity;
    uint32_t cluster_rows_max;
    size_t bytes_max;   /* limits.dataset */
    uint32_t exporters; /* bit i: outbox exporter i takes rows */
    uint32_t topics;    /* of them, those that are topics */
};

enum regression_promote { REGRESSION_FAILED, REGRESSION_MANUAL, REGRESSION_NEVER };

/* Rows that are checked again on the live stream. */
struct regression_settings {
    enum regression_promote promote;
    uint32_t per_hour, per_row_per_hour; /* hits that become review work beyond the budget */
    uint32_t rows_max;                   /* limits.regression_rows */
};

enum feedback_kind { FEEDBACK_THUMBS_DOWN, FEEDBACK_ESCALATION, FEEDBACK_REOPENED, FEEDBACK_KINDS };
enum { FEEDBACK_NAMES_MAX = 16 };

/* What users say after the verdict. */
struct feedback_settings {
    bool is_present;
    int64_t window_ms; /* how long a run is remembered for it */
    struct {
        struct bytes names[FEEDBACK_NAMES_MAX]; /* as clients write the kind */
        uint32_t count;
    } kinds[FEEDBACK_KINDS];
};

/* The settings of a queue by its name: its own, else those of "*". */
const struct review_queue_settings *review_settings_queue(const struct review_settings *settings,
                                                          struct bytes name);
