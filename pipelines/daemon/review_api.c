/* The table of routes, and the life of the API. */
#include "pipelines/daemon/review_api.h"

#include <assert.h>
#include <stdlib.h>

#include "pipelines/config/value.h"
#include "pipelines/daemon/api_gate.h"
#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/queue_report.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/report/page_assets.h"

/* --- the page --- */

static unsigned answer_asset(struct http_api_call *call, struct bytes name)
{
    for (size_t i = 0; i < page_asset_count; i++) {
        const struct page_asset *asset = &page_assets[i];
        if (!bytes_equal_text(name, asset->name))
            continue;
        buffer_append(http_api_body_to(call), asset->data, asset->size);
        http_api_set_type(call, asset->content_type);
        http_api_set_etag(call, asset->etag);
        return 200;
    }
    return http_api_refuse(call, 404, "not found", NULL);
}

static unsigned answer_page(void *context, struct http_api_call *call)
{
    (void)context;
    return answer_asset(call, BYTES_LITERAL("index.html"));
}

static unsigned answer_asset_named(void *context, struct http_api_call *call)
{
    (void)context;
    return answer_asset(call, http_api_id(call));
}

/* --- aggregates --- */

static const struct http_route *find_document(struct review_api *review, const char *path)
{
    api_follow(&review->own, review->telemetry);
    for (uint32_t i = 0; i < review->document_count; i++)
        if (strcmp(review->document_routes[i].path, path) == 0)
            return &review->document_routes[i];
    return NULL;
}

static unsigned answer_document(struct review_api *review, struct http_api_call *call,
                                const char *path, bool is_kept)
{
    const struct http_route *route = find_document(review, path);
    return route ? review_documents_answer(review->documents, call, route, is_kept)
                 : http_api_refuse(call, 404, "not found", NULL);
}

unsigned review_api_answer_about(struct review_api *review, struct http_api_call *call,
                                 const char *path, struct bytes person)
{
    const struct http_route *route = find_document(review, path);
    return route ? review_documents_answer_about(review->documents, call, route, person)
                 : http_api_refuse(call, 404, "not found", NULL);
}

static unsigned answer_status(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/status", true);
}

static unsigned answer_cohorts(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/cohorts", true);
}

static unsigned answer_gate(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/gate", true);
}

static unsigned answer_queue(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/queue", true);
}

static unsigned answer_agreement(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/agreement", true);
}

static unsigned answer_calibration(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/calibration", true);
}

static unsigned answer_measures(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/measures", true);
}

static unsigned answer_coverage(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/dataset_coverage", true);
}

static unsigned answer_dataset(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/dataset", true);
}

static unsigned answer_rows(void *context, struct http_api_call *call)
{
    return answer_document(context, call, "/api/v1/dataset/rows", false);
}

/* The document of `flywheel queue --format json`. The thread of the documents. */
static unsigned write_queue(void *context, const struct http_query *query,
                            struct http_answer *answer)
{
    struct review_api *review = context;
    struct queue_report report;
    (void)query;
    answer->content_type = "application/json";
    if (queue_report_read(review->store, &review->config->review, (struct bytes){NULL, 0},
                          clock_realtime_ms(), &report) != STATUS_OK)
        return 500;
    queue_report_json(&report, &answer->body);
    queue_report_finish(&report);
    return 200;
}

/* --- the table --- */

static const char *const item_parameters[] = {"state", "queue", "mine", "find", "after", NULL};
static const char *const audit_parameters[] = {"since", "limit", NULL};
static const char *const dataset_parameters[] = {"version", NULL};
static const char *const row_parameters[] = {"version", "after", NULL};
static const char *const queue_parameters[] = {NULL};
static const char *const agreement_parameters[] = {"window", "label", NULL};
static const char *const calibration_parameters[] = {"window", "rule",       "cohort",
                                                     "curve",  "min_recall", NULL};
static const char *const measures_parameters[] = {"window", "group_by", "baseline", NULL};
static const char *const coverage_parameters[] = {"window", NULL};
static const char *const cohort_parameters[] = {"window", "group_by", "as_of", NULL};

enum { SMALL_BODY = 4096 };

static const struct http_api_route routes[] = {
    {HTTP_GET, "/", 0, 0, answer_page, NULL},
    {HTTP_GET, "/assets/*", 0, 0, answer_asset_named, NULL},
    {HTTP_POST, "/api/v1/session", 0, SMALL_BODY, review_api_sign_in, NULL},
    {HTTP_GET, "/api/v1/session", RIGHT_ANY, 0, review_api_show_session, NULL},
    {HTTP_DELETE, "/api/v1/session", RIGHT_ANY, 0, review_api_sign_out, NULL},
    {HTTP_POST, "/api/v1/review/next", RIGHT_REVIEW, SMALL_BODY, review_api_next, NULL},
    {HTTP_GET, "/api/v1/review/items", RIGHT_REVIEW, 0, review_api_list, item_parameters},
    {HTTP_GET, "/api/v1/review/items/*", RIGHT_REVIEW, 0, review_api_show_item, NULL},
    {HTTP_POST, "/api/v1/review/items/*/reveal", RIGHT_REVIEW, SMALL_BODY, review_api_reveal, NULL},
    {HTTP_POST, "/api/v1/review/items/*/check", RIGHT_REVIEW, 0, review_api_check, NULL},
    {HTTP_POST, "/api/v1/results", RIGHT_RESULTS, 0, review_api_submit, NULL},
    {HTTP_POST, "/api/v1/results/withdraw", RIGHT_ADMIN, SMALL_BODY, review_api_withdraw, NULL},
    {HTTP_POST, "/api/v1/feedback", RIGHT_FEEDBACK, SMALL_BODY, review_api_feedback, NULL},
    {HTTP_GET, "/api/v1/status", RIGHT_AGGREGATES, 0, answer_status, NULL},
    {HTTP_GET, "/api/v1/cohorts", RIGHT_AGGREGATES, 0, answer_cohorts, cohort_parameters},
    {HTTP_GET, "/api/v1/gate", RIGHT_AGGREGATES, 0, answer_gate, api_gate_parameters},
    {HTTP_GET, "/api/v1/queue", RIGHT_AGGREGATES, 0, answer_queue, queue_parameters},
    {HTTP_GET, "/api/v1/agreement", RIGHT_AGGREGATES, 0, answer_agreement, agreement_parameters},
    {HTTP_GET, "/api/v1/agreement/reviewers", RIGHT_REVIEW | RIGHT_ADMIN, 0,
     review_api_agreement_persons, agreement_parameters},
    {HTTP_GET, "/api/v1/calibration", RIGHT_AGGREGATES, 0, answer_calibration,
     calibration_parameters},
    {HTTP_GET, "/api/v1/measures", RIGHT_AGGREGATES, 0, answer_measures, measures_parameters},
    {HTTP_GET, "/api/v1/dataset_coverage", RIGHT_AGGREGATES, 0, answer_coverage,
     coverage_parameters},
    {HTTP_GET, "/api/v1/dataset", RIGHT_ADJUDICATE, 0, answer_dataset, dataset_parameters},
    {HTTP_GET, "/api/v1/dataset/rows", RIGHT_ADJUDICATE, 0, answer_rows, row_parameters},
    {HTTP_POST, "/api/v1/dataset/tag", RIGHT_ADJUDICATE, SMALL_BODY, review_api_tag, NULL},
    {HTTP_POST, "/api/v1/dataset/promote", RIGHT_ADJUDICATE, SMALL_BODY, review_api_promote, NULL},
    {HTTP_POST, "/api/v1/dataset/retire", RIGHT_ADJUDICATE, SMALL_BODY, review_api_retire, NULL},
    {HTTP_POST, "/api/v1/dataset/exported", RIGHT_ADJUDICATE, SMALL_BODY, review_api_exported,
     NULL},
    {HTTP_POST, "/api/v1/dataset/erase", RIGHT_ADMIN, SMALL_BODY, review_api_erase, NULL},
    {HTTP_GET, "/api/v1/audit", RIGHT_ADMIN, 0, review_api_audit, audit_parameters},
    {HTTP_POST, "/api/v1/audit/checkpoint", RIGHT_ADMIN, SMALL_BODY, review_api_checkpoint, NULL},
    {HTTP_GET, "/api/v1/runs/*", RIGHT_ADJUDICATE, 0, review_api_run, NULL},
};

unsigned review_api_refuse_unstored(struct http_api_call *call)
{
    return http_api_refuse_busy(call, "nothing was stored: the state is full, or stops", 1);
}

unsigned review_api_refuse_memory(struct http_api_call *call)
{
    return http_api_refuse_busy(call, "no memory for the request now", 1);
}

unsigned review_api_malformed(struct http_api_call *call, const char *reason, const char *field)
{
    return http_api_refuse(call, 422, reason, field);
}

/* --- life --- */

const struct pipeline_config *review_api_config(struct review_api *review)
{
    struct pipeline_config *fresh = atomic_exchange(&review->fresh, NULL);
    if (fresh) {
        if (review->reloaded)
            config_destroy(review->reloaded);
        review->reloaded = fresh;
    }
    return review->reloaded ? review->reloaded : review->config;
}

/* Reviewers and certificates; both or none. */
static enum status load_guards(const struct review_settings *settings,
                               struct reviewers **ret_reviewers, struct tls **ret_tls,
                               struct error *ret_error)
{
    const struct tls_files files = {settings->tls_cert_file, settings->tls_key_file,
                                    settings->tls_client_ca_file};
    struct reviewers *reviewers = NULL;
    struct tls *tls = NULL;
    if (settings->reviewers_file &&
        !(reviewers = reviewers_load(settings->reviewers_file, settings->reviewers_max, ret_error)))
        return STATUS_FATAL;
    if (files.cert_file && !(tls = tls_create(&files, ret_error))) {
        free(reviewers);
        return STATUS_FATAL;
    }
    *ret_reviewers = reviewers;
    *ret_tls = tls;
    return STATUS_OK;
}

static bool create_server(struct review_api *review, struct error *ret_error)
{
    const struct review_settings *settings = &review->config->review;
    struct http_api_config config = {
        .endpoint = settings->endpoint,
        .tls = review->tls,
        .origin = {.is_tls = review->tls != NULL, .host_count = settings->host_count},
        .proxy_count = settings->proxy_count,
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .context = review,
        .identify = review_api_identify,
    };
    static_assert(sizeof config.origin.hosts == sizeof settings->hosts &&
                      sizeof config.proxies == sizeof settings->proxies,
                  "each has a place");
    memcpy(config.origin.hosts, settings->hosts, sizeof settings->hosts);
    memcpy(config.proxies, settings->proxies, sizeof settings->proxies);
    if (settings->proxy_url.size > 0)
        config.origin.url = settings->proxy_url;
    review->http = http_api_create(&config, ret_error);
    return review->http != NULL;
}

struct review_api *review_api_create(const struct pipeline_config *config, struct store *store,
                                     struct runtime *runtime, struct error *ret_error)
{
    static_assert(sizeof routes / sizeof routes[0] <= HTTP_API_ROUTES_MAX, "each has a place");
    struct review_api *review = calloc(1, sizeof *review);
    if (!review) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return NULL;
    }
    review->config = config;
    review->store = store;
    review->runtime = runtime;
    review->is_alone = true;
    review->codes.since_ms = clock_realtime_ms();
    review->is_loopback = config_value_is_loopback(config->review.endpoint);
    probe_init(&review->probe, "review", config->review.endpoint, 0);
    int failed = pthread_mutex_init(&review->lock, NULL);
    assert(!failed);
    if (session_key_make(store, ret_error) == STATUS_OK &&
        session_key_read(store, review->key, ret_error) == STATUS_OK &&
        load_guards(&config->review, &review->reviewers, &review->tls, ret_error) == STATUS_OK &&
        create_server(review, ret_error)) {
        if (review->reviewers)
            review_set_people(runtime_review(runtime), reviewers_enabled(review->reviewers));
        return review;
    }
    review_api_destroy(review);
    return NULL;
}

void review_api_register(const struct review_api *review, struct metrics *metrics)
{
    http_api_register(review->http, metrics);
}

enum status review_api_start(struct review_api *review, const struct api *documents,
                             struct error *ret_error)
{
    review->telemetry = documents;
    review->own = *documents;
    review->sources = (struct telemetry_sources){.store = review->store};
    review->own.sources = &review->sources;
    review->document_count = api_routes(&review->own, review->document_routes);
    const struct http_route own[] = {
        {.path = "/api/v1/queue", .handle = write_queue, .context = review},
        {.path = "/api/v1/agreement", .handle = review_api_write_agreement, .context = review},
        {.path = "/api/v1/agreement/reviewers",
         .handle = review_api_write_persons,
         .context = review},
        {.path = "/api/v1/calibration",
         .handle = review_api_write_calibration,
         .context = review},
        {.path = "/api/v1/measures", .handle = review_api_write_measures, .context = review},
        {.path = "/api/v1/dataset_coverage",
         .handle = review_api_write_coverage,
         .context = review},
        {.path = "/api/v1/dataset", .handle = review_api_write_dataset, .context = review},
        {.path = "/api/v1/dataset/rows", .handle = review_api_write_rows, .context = review},
    };
    static_assert(sizeof own / sizeof own[0] == OWN_DOCUMENTS, "each has a place");
    memcpy(review->document_routes + review->document_count, own, sizeof own);
    review->document_count += OWN_DOCUMENTS;
    review->documents = review_documents_create(ret_error);
    if (!review->documents || http_api_start(review->http, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    probe_init(&review->probe, "review", review->config->review.endpoint,
               http_api_port(review->http));
    log_info("review_started", "endpoint=%s port=%d tls=%s reviewers=%s",
             review->config->review.endpoint, http_api_port(review->http),
             review->tls ? "yes" : "no", review->reviewers ? "file" : "declared");
    return STATUS_OK;
}

void review_api_stop(struct review_api *review, int64_t grace_ms)
{
    http_api_stop(review->http, grace_ms);
}

void review_api_destroy(struct review_api *review)
{
    if (!review)
        return;
    if (review->http)
        http_api_stop(review->http, 0);
    review_documents_destroy(review->documents);
    http_api_destroy(review->http);
    probe_finish(&review->probe);
    tls_destroy(review->tls);
    free(review->reviewers);
    if (review->reloaded)
        config_destroy(review->reloaded);
    struct pipeline_config *fresh = atomic_exchange(&review->fresh, NULL);
    if (fresh)
        config_destroy(fresh);
    pthread_mutex_destroy(&review->lock);
    free(review);
}

/* --- reload --- */

struct people {
    struct review_call call; /* first */
    uint32_t count;
};

static void set_people(struct review_call *call, struct review *review, struct store_txn *txn,
                       int64_t wall_ms)
{
    (void)txn, (void)wall_ms;
    review_set_people(review, ((struct people *)call)->count);
}

static void people_set(struct review_call *call, enum status status)
{
    (void)status; /* BUSY: a number of yesterday makes an item wait for a person more or less */
    free(call);
}

/* The writer is told by how many an item can be reviewed. */
static void tell_people(struct review_api *review, uint32_t count)
{
    struct people *people = calloc(1, sizeof *people);
    if (!people)
        return;
    *people = (struct people){{set_people, people_set, sizeof *people, NULL}, count};
    if (runtime_review_call(review->runtime, &people->call) != STATUS_OK)
        free(people);
}

enum status review_api_reload(struct review_api *review, struct pipeline_config *loaded,
                              struct error *ret_error)
{
    struct reviewers *reviewers;
    struct tls *tls;
    if (!loaded->review.is_present)
        return STATUS_OK; /* told as a restart that is needed */
    if (load_guards(&loaded->review, &reviewers, &tls, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    if ((tls != NULL) != (review->tls != NULL))
        log_warn("restart_needed", "changed=\"%s\"", "review.http.tls");
    if (tls && review->tls)
        tls_apply(review->tls, tls);
    else
        tls_destroy(tls);
    pthread_mutex_lock(&review->lock);
    struct reviewers *before = review->reviewers;
    uint32_t people = reviewers ? reviewers_enabled(reviewers) : 0;
    bool is_exchanged = before && reviewers;
    if (is_exchanged) {
        review->reviewers = reviewers;
        reviewers = before;
    } else if (before || reviewers) {
        log_warn("restart_needed", "changed=\"%s\"", "review.reviewers_file");
    }
    pthread_mutex_unlock(&review->lock);
    free(reviewers);
    if (is_exchanged)
        tell_people(review, people);
    struct pipeline_config *untaken = atomic_exchange(&review->fresh, config_hold(loaded));
    if (untaken)
        config_destroy(untaken);
    return STATUS_OK;
}

bool review_api_answers(struct review_api *review, int64_t now_ms)
{
    return probe_turn(&review->probe, now_ms);
}
