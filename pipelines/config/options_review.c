/* Rows of the way back: `review`, `dataset`, and what of it is not built yet. */
#include "pipelines/config/print/print_review.h"
#include "pipelines/config/rows.h"
#include "pipelines/config/sections/review.h"

static const char *const figures[] = {"own", "adjudicator", "admin", NULL};
static const char *const implications[] = {"nothing", "pass", "fail", NULL};
static const char *const blinds[] = {"verdict", "off", NULL};
static const char *const orders[] = {"priority", "sample", NULL};
static const char *const consensuses[] = {"unanimous", "majority", NULL};
static const char *const promotes[] = {"approved", "manual", "never", NULL};
static const char *const regressions[] = {"failed", "manual", "never", NULL};
static const char *const pseudonyms[] = {"none", "pseudonym", NULL};

#define INSTRUCTIONS                                                                               \
    "Read the question and the answer, then what the answer rests on. Right is an answer that a "  \
    "customer can act on: what it claims stands in a document or in a tool's result. If you "      \
    "can't "                                                                                       \
    "tell, say so; that is a judgement, too."

static const struct option rows[] = {
    SECTION("review", 0,
            "How review work is organized. In force with `service.pipelines.results`. A reload "
            "takes `labels`, `queues`, `consensus` and what stands in `reviewers_file`."),
    TEXT("review.reviewers_file", AT(review.reviewers_file), "",
         "Who may review: a line each with name, role and the SHA-256 of a token, mode 0600; "
         "`flywheel reviewer` writes it. Empty: one declared reviewer, on loopback alone "
         "(`flywheel review`)."),
    SECTION("review.http", 0, "The page and the API of reviewers: a listener of its own."),
    ENDPOINT("review.http.endpoint", AT(review.endpoint), "127.0.0.1:8322",
             "Where to listen; port 0 takes a free one. Off loopback it needs `reviewers_file`, "
             "and `tls` or `behind_proxy`."),
    SECTION("review.http.tls", 0, "Serve by TLS 1.2 or later."),
    TEXT("review.http.tls.cert_file", AT(review.tls_cert_file), NULL,
         "Certificate, with its chain behind it (PEM)."),
    TEXT("review.http.tls.key_file", AT(review.tls_key_file), NULL,
         "Its private key, without a password (PEM)."),
    TEXT("review.http.tls.client_ca_file", AT(review.tls_client_ca_file), NULL,
         "Every client must show a certificate that one of these has signed (PEM)."),
    TEXTS("review.http.hosts", AT(review.hosts), AT(review.host_count), REVIEW_HOSTS_MAX,
          "Names by which browsers may call the listener, besides localhost and addresses."),
    SECTION("review.http.behind_proxy", 0,
            "Something in front of the listener speaks TLS for it: both keys, or neither."),
    TEXTS("review.http.behind_proxy.from", AT(review.proxies), AT(review.proxy_count),
          REVIEW_PROXIES_MAX, "Its addresses (CIDR); other peers are refused."),
    BYTES("review.http.behind_proxy.url", AT(review.proxy_url), 2048, "",
          "Where browsers see the page: `https://review.example.com`."),
    DURATION("review.retain", AT(review.retain_ms), 1 * DAY, 3650 * DAY, "400d",
             "How long results are kept. The content of a decided item is kept for 7 days, unless "
             "it became a row."),
    CHOICE("review.reviewer_statistics", AT(review.figures), figures, "own",
           "Who sees the figures of a person: `own` (the person, and admins), `adjudicator` (and "
           "adjudicators), `admin` alone."),
    TEXT("review.hours", AT(review.hours), "always", "When the time of `due` counts."),
    CUSTOM("review.labels", NULL, config_print_review_labels, "list",
           "`unsupported_claim`, `wrong_tool`, `missing_context`, `acceptable_refusal`, then the "
           "labels of `rules` in their order",
           "What reviewers may say is wrong, or right. The order gives the digit on the page. A "
           "list here is the whole list; at most `limits.labels`."),
    BYTES("review.labels[].id", LABEL(id), LABEL_ID_MAX, NULL, "As results name it. Required."),
    CHOICE("review.labels[].implies", LABEL(implies), implications, "nothing",
           "The verdict with which alone it goes. The first label of a result that implies `fail` "
           "is its failure mode. Labels that come from rules imply `fail`."),
    BYTES("review.labels[].name", LABEL(name), 256, NULL, "As people read it; else the id."),
    BYTES("review.labels[].description", LABEL(description), 4096, NULL, "When it applies."),
    BYTES("review.labels[].good_example", LABEL(good_example), 4096, NULL,
          "A case to which it applies."),
    BYTES("review.labels[].bad_example", LABEL(bad_example), 4096, NULL,
          "A case that looks like one, and is none."),
    TEXTS("review.labels[].formerly", LABEL(formerly), LABEL(formerly_count), LABEL_FORMERLY_MAX,
          "Ids that it once had: results may still use them."),
    CUSTOM("review.queues", NULL, config_print_review_queues, "map",
           "`\"*\"` for every queue; `control` with `order: sample`",
           "By name of a queue (`rules[].queue`); at most 32. What a queue does not say it has "
           "from `\"*\"`; `control` has `order: sample` unless it says otherwise."),
    COUNT("review.queues.NAME.reviewers", QUEUE(reviewers), 1, REVIEWERS_PER_ITEM_MAX, "1",
          "Results that an item needs, never more than reviewers there are."),
    NUMBER("review.queues.NAME.overlap", QUEUE(overlap), 0, 1, "0.2",
           "Share of items that need one more: without it nothing is known of agreement."),
    CHOICE("review.queues.NAME.blind", QUEUE(blind), blinds, "verdict",
           "`verdict`: reviewers decide before they see the machine's verdict; `off`."),
    CHOICE("review.queues.NAME.order", QUEUE(order), orders, "priority",
           "`priority`: the most urgent first, then the oldest. `sample`: at random within the "
           "day, so that whatever is reviewed is a sample of it."),
    DURATION("review.queues.NAME.lease", QUEUE(lease_ms), 1 * SECOND, 1 * DAY, "15m",
             "For how long an item that is served is kept for one reviewer. A result that comes "
             "later counts all the same."),
    DURATION("review.queues.NAME.expire", QUEUE(expire_ms), 1 * SECOND, 3650 * DAY, "30d",
             "Age at which an item that nobody decided leaves the queue."),
    DURATION("review.queues.NAME.due", QUEUE(due_ms), 1 * SECOND, 3650 * DAY, "24h",
             "Age from which an item counts as over due."),
    BYTES("review.queues.NAME.instructions", QUEUE(instructions), 8192, INSTRUCTIONS,
          "What reviewers read above each item."),
    {.path = "review.queues.NAME.require",
     .type = OPTION_CUSTOM,
     .load = config_review_load_require,
     .print = config_print_review_require,
     .type_text = "list of `verdict`, `label`, `comment`",
     .default_text = "`[verdict]`",
     .prose = "What a result must have; the verdict it must in any case. `label`: one with a "
              "verdict of fail."},
    CHOICE("review.consensus", AT(review.consensus), consensuses, "unanimous",
           "When results decide an item: all say the same, or more than half do, which needs a "
           "queue with `reviewers` of 3 or more. Else it is disputed, and an adjudicator decides."),
    NUMBER("review.mix", AT(review.mix), 0, 1, "0.1",
           "Least share of `control` in what is served, so that urgent work never starves what "
           "every rate rests on."),
    BOOL("review.self_adjudication", AT(review.self_adjudication), "false",
         "An adjudicator may decide an item that they reviewed; a team of one may always."),

    SECTION("dataset", 0, "From decisions to dataset rows (`flywheel.row/v1`)."),
    NAME("dataset.name", AT(dataset.name), "flywheel", "Part of every row id."),
    CHOICE("dataset.promote", AT(dataset.promote), promotes, "approved",
           "Which decisions become rows: `approved`; those that `flywheel dataset promote` names "
           "(`manual`); `never`."),
    NUMBER("dataset.train_share", AT(dataset.train_share), 0, 1, "0",
           "Share of new clusters that may ever be trained on; a cluster's split never changes. "
           "Nothing is for training until asked."),
    COUNT("dataset.require_reviews", AT(dataset.require_reviews), 1, REVIEWERS_PER_ITEM_MAX, "1",
          "Distinct persons behind a row."),
    BOOL("dataset.export_comment", AT(dataset.export_comment), "false",
         "Rows hold the reviewer's comment."),
    CHOICE("dataset.export_reviewers", AT(dataset.export_reviewers), pseudonyms, "none",
           "Whose review it was: `none`; `pseudonym`: keyed digests, `reviewed_by` of rows."),
    DURATION("dataset.retain", AT(dataset.retain_ms), 0, 3650 * DAY, "0s",
             "Age at which a row retires and what it said is deleted, in every version of the "
             "dataset; 0: "
             "never."),
    SECTION("dataset.cluster", 0, "Which rows ask the same."),
    NUMBER("dataset.cluster.similarity", AT(dataset.cluster_similarity), 0.5, 1, "0.75",
           "Jaccard similarity of questions, as sets of four characters, from which on they are of "
           "one cluster."),
    COUNT("dataset.cluster.max_rows", AT(dataset.cluster_rows_max), 1, 1000000, "5",
          "Live rows of one cluster and failure mode; of further ones the oldest counts the "
          "`occurrences`."),

    SECTION(
        "regression", 0,
        "Rows that are checked again on the live stream: a run that meets one by its question, or "
        "that failed as the row did, is held against what the row demands."),
    CHOICE(
        "regression.promote", AT(dataset.regression), regressions, "failed",
        "Which rows: `failed`, those with verdict fail and at least one check; of them those that "
        "`flywheel dataset promote` names (`manual`); `never`."),
    COUNT("regression.per_hour", AT(regression.per_hour), 1, 1000000, "100",
          "Hits an hour that become review work beyond `selection.budget`; kept by pace. What the "
          "pace leaves is chosen as it would be without the row."),
    COUNT("regression.per_row_per_hour", AT(regression.per_row_per_hour), 1, 1000000, "5",
          "Of one row, likewise."),
    SECTION("feedback", AT(feedback.is_present),
            "What users say of runs, in their spans or afterwards (`POST /api/v1/feedback`), is "
            "matched to the run and counted by cohort. Not there: it is not kept."),
    DURATION("feedback.window", AT(feedback.window_ms), 1 * HOUR, 35 * DAY, "7d",
             "How long a run is remembered for it, and what came before its run is kept. At most "
             "`limits.decided` rows."),
    SECTION("feedback.kinds", 0,
            "Names by which clients tell a kind, besides its own. What is negative and has none of "
            "these names is a thumbs-down."),
    TEXTS("feedback.kinds.thumbs_down", AT(feedback.kinds[FEEDBACK_THUMBS_DOWN].names),
          AT(feedback.kinds[FEEDBACK_THUMBS_DOWN].count), FEEDBACK_NAMES_MAX,
          "The user did not like the answer."),
    TEXTS("feedback.kinds.escalation", AT(feedback.kinds[FEEDBACK_ESCALATION].names),
          AT(feedback.kinds[FEEDBACK_ESCALATION].count), FEEDBACK_NAMES_MAX,
          "A person had to take over."),
    TEXTS("feedback.kinds.reopened_ticket", AT(feedback.kinds[FEEDBACK_REOPENED].names),
          AT(feedback.kinds[FEEDBACK_REOPENED].count), FEEDBACK_NAMES_MAX,
          "What was thought done came back."),
};

const struct option_section config_options_review = {rows, sizeof rows / sizeof rows[0]};
