/* The server of an API and its calls, as its own files see them. Of the server first what is set
 * before its thread runs or is atomic, then what the I/O thread alone touches.
 *
 *   RECEIVING --body is there--> handler --status--------------------------------> REPLYING
 *       |                           '---HTTP_LATER--> WAITING --answered, abandoned--^
 *       '--refused--> DISCARDING (the rest of the body is read and dropped) ---------^ */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "processor/net/http_port.h"
#include "processor/net/network.h"
#include "processor/report/http_api.h"
#include "processor/report/http_refused.h"

enum http_api_state {
    API_CALL_FREE,
    API_CALL_RECEIVING,
    API_CALL_DISCARDING,
    API_CALL_WAITING,
    API_CALL_REPLYING
};

enum { HTTP_RATES_MAX = 128, HTTP_ID_SIZE = 130 };

struct http_api_call {
    struct http_api *api;
    struct http_api_call *next; /* of the free ones, or of those that are answered */
    struct MHD_Connection
        *connection; /* NULL: it is gone, only the handler's side knows the call */
    enum http_api_state state;
    bool is_handed_out; /* HTTP_LATER, and not answered yet */
    bool is_abandoned;  /* the reply is not the handler's */
    bool waits_for_100;
    const struct http_api_route *route; /* NULL: refused before one was found */
    char id[HTTP_ID_SIZE];
    struct http_caller caller;
    struct http_query query;
    struct buffer body;
    int64_t length; /* as announced; -1: not */
    uint64_t discarded;
    int64_t waiting_since_ms;
    /* The answer. */
    unsigned status;
    const char *content_type, *etag, *allow;
    int retry_s;
    struct buffer to;
};

struct http_rate {
    uint64_t key;
    int64_t second;
    uint32_t count;
};

struct http_api {
    struct http_api_config config;
    char *endpoint;
    struct network proxies[HTTP_PROXIES_MAX];
    struct http_port port;
    pthread_t thread;
    bool is_running;
    _Atomic bool is_stopping;
    _Atomic int64_t grace_ends_ms; /* monotonic; valid when is_stopping */
    _Atomic(struct http_api_call *) answered;
    struct counter refused[HTTP_REFUSED], connections, answers[6]; /* by the status' first digit */
    struct tls_front_counters handshakes;

    /* The I/O thread's. */
    struct http_api_call **calls;
    uint32_t call_count, calls_max;
    struct http_api_call *free_calls;
    uint32_t live;    /* calls that have a connection */
    uint32_t waiting; /* handed out */
    struct http_rate rates[HTTP_RATES_MAX];
    int64_t logins_logged_ms;
    uint64_t logins_refused; /* since then */
};

static inline void http_api_count(struct http_api *api, enum http_refused why)
{
    counter_add(&api->refused[why], 1);
}

/* http_api_head.c: decides by the head. False: refused, `call` has the answer. */
bool http_api_admit(struct http_api_call *call, const char *path, const char *method,
                    const char *version);
/* http_api_reply.c: what libmicrohttpd sends for the call's answer. */
enum MHD_Result http_api_reply(struct http_api_call *call);
/* http_api_call.c: libmicrohttpd's callbacks; the closure is the server. */
enum MHD_Result http_api_serve(void *api, struct MHD_Connection *connection, const char *path,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **state);
void *http_api_begins(void *api, const char *uri, struct MHD_Connection *connection);
void http_api_completed(void *api, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode how);
void http_api_take_answers(struct http_api *api);
/* Those that have waited since before `since_ms` get 503. */
void http_api_abandon(struct http_api *api, int64_t since_ms, enum http_refused why);
void http_api_free_calls(struct http_api *api);
