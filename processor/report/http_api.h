/* The server of an API that takes requests with bodies, for people's browsers and for programs. It
 * knows no route, no token and no right itself; all of these are rows and calls of whoever creates it.
 *
 *   head -> framing -> whom it works for -> route, method -> who, rights, rate -> body -> handler
 *   handler: an answer at once, or HTTP_LATER: the connection is suspended until http_api_answer(),
 *            which any thread may call, or until answer_ms have passed
 *
 * One I/O thread runs everything, handlers too. Each limit that refuses has a counter. */
#pragma once
#include "processor/base/error.h"
#include "processor/base/metrics.h"
#include "processor/report/http_origin.h"
#include "processor/report/http_query.h"

struct tls;

enum {
    HTTP_API_ROUTES_MAX = 48,
    HTTP_BODY_BYTES_MAX = 256 * 1024,
    HTTP_CALLER_NAME_SIZE = 72,
    HTTP_PROXIES_MAX = 8,
    HTTP_LATER = 0, /* instead of a status */
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_DELETE, HTTP_METHODS }; /* HEAD is a GET */

/* Who a token stands for. */
struct http_caller {
    uint64_t key;       /* of the token, not 0: by it connections and requests are counted */
    uint32_t rights;    /* a bit a right */
    uint8_t role, kind; /* the creator's own */
    char name[HTTP_CALLER_NAME_SIZE];
};

struct http_api;
struct http_api_call; /* one request, and its answer */

/* Of a call, until its answer. */
struct bytes http_api_id(const struct http_api_call *call); /* what stands for `*` in the path */
struct bytes http_api_body(const struct http_api_call *call);
struct bytes http_api_authorization(const struct http_api_call *call);
/* NULL on an open route. */
const struct http_caller *http_api_caller(const struct http_api_call *call);
/* Not after HTTP_LATER, unless copied. */
const struct http_query *http_api_query(const struct http_api_call *call);
/* Where the answer's body goes, and what it is: application/json unless set. */
struct buffer *http_api_body_to(struct http_api_call *call);
void http_api_set_type(struct http_api_call *call, const char *content_type);
/* It never changes under this name: may be kept, and is answered 304 to whoever has it. Static. */
void http_api_set_etag(struct http_api_call *call, const char *etag);
/* {"error": reason, "field": field}; `field` NULL: none. Returns `status`. */
unsigned http_api_refuse(struct http_api_call *call, unsigned status, const char *reason,
                         const char *field);
unsigned http_api_refuse_busy(struct http_api_call *call, const char *reason, int retry_s);
/* An open route has refused who signs in: it is counted, and told once a minute. */
void http_api_note_refused_login(struct http_api_call *call);
bool http_api_is_crowded(const struct http_api_call *call); /* for GET; others do not come so far */
/* Ends a call whose handler returned HTTP_LATER. Any thread, once. */
void http_api_answer(struct http_api_call *call, unsigned status);

typedef unsigned http_api_handler_fn(void *context, struct http_api_call *call);

struct http_api_route {
    enum http_method method;
    const char *path;  /* "*" stands for one segment */
    uint32_t rights;   /* one of these is wanted; 0: open to all who reach the port */
    uint32_t body_max; /* 0: HTTP_BODY_BYTES_MAX */
    http_api_handler_fn *handle;
    const char *const *parameters; /* that it knows, ends with NULL; any other is 400 */
};

struct http_api_config {
    const char *endpoint;
    struct tls *tls; /* NULL: plaintext. Borrowed */
    struct http_origin_rules origin;
    struct bytes
        proxies[HTTP_PROXIES_MAX]; /* CIDR: peers from elsewhere are refused; none: all may */
    uint32_t proxy_count;
    const struct http_api_route *routes; /* borrowed */
    uint32_t route_count;
    void *context; /* of the handlers, and of: */
    /* The value of the Authorization header to who it is. False: nobody. The I/O thread. */
    bool (*identify)(void *context, struct bytes authorization, struct http_caller *ret_caller);
    uint32_t max_connections;               /* 0: 256 */
    uint32_t connections_each;              /* of one token; 0: 32 */
    uint32_t max_waiting;                   /* suspended; 0: 32 */
    uint32_t posts_per_second;              /* of one token; 0: 20 */
    int64_t request_ms, idle_ms, answer_ms; /* 0: 30 s each */
};

/* NULL with `ret_error`. Binds nothing yet. */
struct http_api *http_api_create(const struct http_api_config *config, struct error *ret_error);
MUST_CHECK enum status http_api_start(struct http_api *api, struct error *ret_error);
int http_api_port(const struct http_api *api); /* the one bound */
/* Finishes what is under way within `grace_ms`; who still waits for an answer then gets 503. Calls may
 * be answered until http_api_destroy(). */
void http_api_stop(struct http_api *api, int64_t grace_ms);
void http_api_destroy(struct http_api *api); /* accepts NULL */
/* flywheel_http_refused_total{reason}, flywheel_http_connections, flywheel_http_requests_total{status} */
void http_api_register(const struct http_api *api, struct metrics *metrics);
