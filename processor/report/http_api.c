/* Life and loop. As in the OTLP receiver libmicrohttpd has neither thread
 * nor listening socket here:
 *
 *   stop: port shut -> requests in flight finish, new ones get 503 -> quiet, or grace over: those that
 *         wait get 503 -> a little later everything is closed -> the thread ends */
#include "processor/report/http_api.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/thread.h"
#include "processor/report/http_api_state.h"

enum {
    TICK_MS = 250,                /* the loop looks at deadlines at least that often */
    DRAIN_TICK_MS = 10,           /* while it stops */
    QUIET_MS = 100,               /* without a request, before the connections are closed */
    ABANDON_MS = 200,             /* from the refusal of waiting calls to the end */
    CONNECTION_BYTES = 16 * 1024, /* head of a request and of its answer */
    CONNECTIONS_MAX = 256,
    CONNECTIONS_EACH = 32,
    WAITING_MAX = 32,
    POSTS_PER_SECOND = 20,
    PATIENCE_MS = 30000
};

/* --- the I/O thread --- */

static bool start_daemon(struct http_api *api)
{
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)api->config.max_connections, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)http_api_begins, api},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_api_completed, api},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)http_port_notify, &api->port},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
    api->port.daemon = MHD_start_daemon(flags, 0, NULL, NULL, http_api_serve, api, MHD_OPTION_ARRAY,
                                        options, MHD_OPTION_END);
    return api->port.daemon != NULL;
}

/* Is there nothing left to wait for? */
static bool is_drained(struct http_api *api, int64_t *quiet_since_ms)
{
    int64_t now_ms = api->port.now_ms;
    if (*quiet_since_ms == 0 || api->live > 0)
        *quiet_since_ms = now_ms;
    int64_t over_ms = now_ms - atomic_load(&api->grace_ends_ms);
    if (over_ms >= 0)
        http_api_abandon(api, INT64_MAX, REFUSED_STOPPING);
    return now_ms - *quiet_since_ms >= QUIET_MS || over_ms >= ABANDON_MS;
}

static void *io_loop(void *context)
{
    struct http_api *api = context;
    int64_t quiet_since_ms = 0;
    for (;;) {
        bool is_stopping = atomic_load(&api->is_stopping);
        http_port_wait(&api->port, is_stopping ? DRAIN_TICK_MS : TICK_MS);
        http_port_take(&api->port);
        http_api_take_answers(api);
        if (http_port_sweep(&api->port))
            http_api_abandon(api, api->port.now_ms - api->config.answer_ms, REFUSED_LATE);
        bool is_over = is_stopping && is_drained(api, &quiet_since_ms);
        (void)MHD_run(api->port.daemon);
        if (is_over)
            break;
    }
    /* What began to wait in the last turn: a suspended connection can't be closed. */
    http_api_abandon(api, INT64_MAX, REFUSED_STOPPING);
    MHD_stop_daemon(api->port.daemon);
    api->port.daemon = NULL;
    return NULL;
}

/* --- life --- */

static void set_defaults(struct http_api_config *config)
{
    config->max_connections = config->max_connections ? config->max_connections : CONNECTIONS_MAX;
    if (config->connections_each == 0)
        config->connections_each = CONNECTIONS_EACH;
    config->max_waiting = config->max_waiting ? config->max_waiting : WAITING_MAX;
    if (config->posts_per_second == 0)
        config->posts_per_second = POSTS_PER_SECOND;
    config->request_ms = config->request_ms > 0 ? config->request_ms : PATIENCE_MS;
    config->idle_ms = config->idle_ms > 0 ? config->idle_ms : PATIENCE_MS;
    config->answer_ms = config->answer_ms > 0 ? config->answer_ms : PATIENCE_MS;
}

static bool read_proxies(struct http_api *api, struct error *ret_error)
{
    for (uint32_t i = 0; i < api->config.proxy_count; i++) {
        struct bytes text = api->config.proxies[i];
        if (network_parse(text, &api->proxies[i]))
            continue;
        error_set(ret_error, EXIT_CONFIG, "review.http.behind_proxy.from: \"%.*s\" is no network",
                  (int)text.size, (const char *)text.data);
        return false;
    }
    return true;
}

struct http_api *http_api_create(const struct http_api_config *config, struct error *ret_error)
{
    assert(config->route_count <= HTTP_API_ROUTES_MAX && config->identify);
    struct http_api *api = calloc(1, sizeof *api);
    if (!api) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return NULL;
    }
    api->config = *config;
    set_defaults(&api->config);
    /* A call that waits may have lost its connection to another. */
    api->calls_max = api->config.max_connections + api->config.max_waiting;
    api->calls = calloc(api->calls_max, sizeof(struct http_api_call *));
    api->endpoint = strdup(config->endpoint);
    if (api->calls && api->endpoint && read_proxies(api, ret_error))
        return api;
    error_set(ret_error, EXIT_TEMPORARY, "out of memory");
    http_api_destroy(api);
    return NULL;
}

enum status http_api_start(struct http_api *api, struct error *ret_error)
{
    const struct http_port_config port = {
        .name = "review/http",
        .endpoint = api->endpoint,
        .tls = api->config.tls,
        .max_connections = api->config.max_connections,
        .handshake_ms = api->config.request_ms,
        .idle_ms = api->config.idle_ms,
        .request_ms = api->config.request_ms,
        .full = &api->refused[REFUSED_CONNECTIONS],
        .exhausted = &api->refused[REFUSED_DESCRIPTORS],
        .unserved = &api->refused[REFUSED_BUSY],
        .idle = &api->refused[REFUSED_IDLE],
        .slow = &api->refused[REFUSED_SLOW],
        .connections = &api->connections,
        .handshakes = &api->handshakes,
    };
    if (http_port_open(&api->port, &port, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    if (!start_daemon(api) || pthread_create(&api->thread, NULL, io_loop, api) != 0) {
        error_set(ret_error, EXIT_TEMPORARY, "%s: the review server cannot be started",
                  api->endpoint);
        return STATUS_FATAL;
    }
    thread_name(api->thread, "review-http");
    api->is_running = true;
    return http_port_start(&api->port, ret_error);
}

int http_api_port(const struct http_api *api)
{
    return api->port.number;
}

void http_api_stop(struct http_api *api, int64_t grace_ms)
{
    if (!api->is_running)
        return;
    http_port_shut(&api->port);
    atomic_store(&api->grace_ends_ms, clock_monotonic_ms() + grace_ms);
    atomic_store(&api->is_stopping, true);
    http_port_wake(&api->port);
    pthread_join(api->thread, NULL);
    api->is_running = false;
}

void http_api_destroy(struct http_api *api)
{
    if (!api)
        return;
    http_api_stop(api, 0);
    if (api->port.daemon)
        MHD_stop_daemon(api->port.daemon);
    http_port_finish(&api->port);
    if (api->calls)
        http_api_free_calls(api);
    free(api->endpoint);
    free(api);
}

void http_api_register(const struct http_api *api, struct metrics *metrics)
{
    static const struct metric_family refused = {
        "flywheel_http_refused_total", METRIC_COUNTER,
        "Requests and connections that the review listener has refused, by reason."};
    static const struct metric_family connections = {"flywheel_http_connections", METRIC_GAUGE,
                                                     "Connections of the review listener."};
    static const struct metric_family answers = {
        "flywheel_http_answers_total", METRIC_COUNTER,
        "Answers of the review listener, by the class of their status."};
    char label[64];
    for (size_t i = 0; i < HTTP_REFUSED; i++) {
        snprintf(label, sizeof label, "reason=\"%s\"", http_refused_names[i]);
        metrics_add(metrics, &refused, label, &api->refused[i], 1);
    }
    for (size_t i = 2; i < sizeof api->answers / sizeof api->answers[0]; i++) {
        snprintf(label, sizeof label, "status=\"%zuxx\"", i);
        metrics_add(metrics, &answers, label, &api->answers[i], 1);
    }
    metrics_add(metrics, &connections, "", &api->connections, 1);
}
