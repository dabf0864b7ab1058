/* What the head of a request must be before a byte of its body is read. The order matters: what a
 * stranger may learn comes first, and it is little. */
#include <stdlib.h>
#include <strings.h>

#include "processor/base/digest.h"
#include "processor/base/log.h"
#include "processor/net/http_head.h"
#include "processor/report/http_api_state.h"

enum { LOGIN_LOG_MS = 60000, URI_BYTES_MAX = 2048 };

static const char *const method_names[HTTP_METHODS] = {"GET", "POST", "DELETE"};

static bool refuse(struct http_api_call *call, enum http_refused why, unsigned status,
                   const char *text)
{
    http_api_count(call->api, why);
    call->status = http_api_refuse(call, status, text, NULL);
    return false;
}

/* --- where it comes from --- */

static bool has_secret(const struct http_query *query)
{
    static const char *const names[] = {"token", "code", "session", "access_token",
                                        "authorization"};
    bool is_found = false;
    for (uint32_t i = 0; i < query->count; i++)
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
            is_found = is_found || (query->items[i].name.size == strlen(names[n]) &&
                                    strncasecmp((const char *)query->items[i].name.data, names[n],
                                                strlen(names[n])) == 0);
    return is_found;
}

static bool comes_by_proxy(const struct http_api *api, const char *peer)
{
    bool is_held = api->config.proxy_count == 0;
    for (uint32_t i = 0; i < api->config.proxy_count; i++)
        is_held = is_held || network_contains(&api->proxies[i], peer);
    return is_held;
}

/* The host of a target in absolute form. */
static struct bytes target_host(const char *target)
{
    const char *path = http_head_path(target);
    const char *host = target[0] == '/' ? NULL : strstr(target, "://");
    if (!host || path == target)
        return (struct bytes){0};
    return bytes_of(host + 3, strcspn(host + 3, "/"));
}

static bool is_from_here(struct http_api_call *call, const char *target, const char *peer,
                         bool is_page)
{
    struct MHD_Connection *connection = call->connection;
    const struct http_origin_head head = {
        .host = http_head_value(connection, MHD_HTTP_HEADER_HOST),
        .origin = http_head_value(connection, MHD_HTTP_HEADER_ORIGIN),
        .site = http_head_value(connection, "Sec-Fetch-Site"),
        .target_host = target_host(target),
    };
    if (!comes_by_proxy(call->api, peer))
        return refuse(call, REFUSED_PROXY, 403, "ask by the proxy");
    const char *fault = http_origin_fault(&call->api->config.origin, &head, is_page);
    if (fault && strcmp(fault, "host") == 0)
        return refuse(call, REFUSED_HOST, 403,
                      "ask by an IP address, as localhost, or by a name of review.http.hosts");
    if (fault)
        return refuse(call, REFUSED_ORIGIN, 403, "asked by a page of another origin");
    http_query_read(connection, &call->query);
    if (has_secret(&call->query))
        return refuse(call, REFUSED_SECRET_IN_URL, 400,
                      "a token has no place in a URL: send it as Authorization: Bearer");
    return true;
}

/* --- what it asks for --- */

/* "*" takes one segment; in `id` if it has room. */
static bool matches(const char *pattern, const char *path, char id[HTTP_ID_SIZE])
{
    for (; *pattern && *pattern != '*'; pattern++, path++)
        if (*pattern != *path)
            return false;
    if (!*pattern)
        return !*path;
    size_t size = strcspn(path, "/");
    if (size == 0 || size >= HTTP_ID_SIZE || strcmp(pattern + 1, path + size) != 0)
        return false;
    memcpy(id, path, size);
    id[size] = 0;
    return true;
}

static const char *method_of(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? MHD_HTTP_METHOD_GET : method;
}

/* The methods that a path has, for Allow; static text. */
static const char *allowed(unsigned methods)
{
    static const char *const texts[1 << HTTP_METHODS] = {
        "",       "GET, HEAD",         "POST",         "GET, HEAD, POST",
        "DELETE", "GET, HEAD, DELETE", "POST, DELETE", "GET, HEAD, POST, DELETE"};
    return texts[methods];
}

/* Sets the route. Returns the methods that the path has, a bit each; 0: there is no such path. */
static unsigned find_route(struct http_api_call *call, const char *path, const char *method)
{
    const struct http_api_config *config = &call->api->config;
    unsigned methods = 0;
    for (uint32_t i = 0; i < config->route_count && !call->route; i++) {
        const struct http_api_route *route = &config->routes[i];
        if (!matches(route->path, path, call->id))
            continue;
        methods |= 1U << route->method;
        if (strcmp(method_of(method), method_names[route->method]) == 0)
            call->route = route;
    }
    return methods;
}

static bool has_route(struct http_api_call *call, unsigned methods)
{
    if (call->route)
        return true;
    if (methods == 0)
        return refuse(call, REFUSED_ROUTE, 404, "not found");
    call->allow = allowed(methods);
    return refuse(call, REFUSED_ROUTE, 405, "the path has other methods");
}

/* --- who asks, and how often --- */

/* At most so many in a second; the table forgets whom it has not seen for longest. */
static bool is_within_rate(struct http_api *api, uint64_t key)
{
    int64_t second = api->port.now_ms / 1000;
    struct http_rate *rate = &api->rates[0];
    for (struct http_rate *at = api->rates; at < api->rates + HTTP_RATES_MAX; at++) {
        if (at->key == key) {
            rate = at;
            break;
        }
        if (at->second < rate->second)
            rate = at;
    }
    if (rate->key != key || rate->second != second)
        *rate = (struct http_rate){.key = key, .second = second};
    return ++rate->count <= api->config.posts_per_second;
}

/* May the connection be the caller's, who has others? */
static bool has_place(struct http_api_call *call)
{
    struct http_api *api = call->api;
    struct http_place *own = http_port_place(call->connection);
    uint32_t count = 1;
    for (uint32_t i = 0; i < api->config.max_connections; i++) {
        const struct http_place *place = &api->port.places[i];
        count += place != own && place->fd >= 0 && place->owner == call->caller.key;
    }
    own->owner = call->caller.key;
    return count <= api->config.connections_each;
}

static void log_refused_login(struct http_api *api, const char *peer)
{
    api->logins_refused++;
    if (api->logins_logged_ms != 0 && api->port.now_ms - api->logins_logged_ms < LOGIN_LOG_MS)
        return;
    log_warn("login_refused", "listener=review count=%llu last_peer=%s",
             (unsigned long long)api->logins_refused, peer);
    api->logins_logged_ms = api->port.now_ms;
    api->logins_refused = 0;
}

void http_api_note_refused_login(struct http_api_call *call)
{
    char peer[PEER_SIZE];
    http_port_peer(&call->api->port, call->connection, peer);
    http_api_count(call->api, REFUSED_LOGIN);
    log_refused_login(call->api, peer);
}

/* Who has no token yet is known by where he comes from: by the proxy's word if there is one. */
static uint64_t key_of_peer(struct http_api_call *call, const char *peer)
{
    struct bytes forwarded = http_head_value(call->connection, "X-Forwarded-For");
    size_t size = strcspn(peer, peer[0] == '[' ? "]" : ":");
    struct bytes from = bytes_of(peer, size);
    if (call->api->config.proxy_count > 0 && forwarded.size > 0) {
        for (size_t i = forwarded.size; i > 0 && forwarded.data[i - 1] != ','; i--)
            from = bytes_of(forwarded.data + i - 1, forwarded.size - i + 1);
    }
    return digest_table_hash(from) | 1;
}

static bool is_allowed(struct http_api_call *call, const char *peer)
{
    struct http_api *api = call->api;
    const struct http_api_route *route = call->route;
    uint64_t key = 0;
    if (route->rights == 0) {
        key = key_of_peer(call, peer);
    } else {
        if (!api->config.identify(api->config.context, http_api_authorization(call),
                                  &call->caller)) {
            log_refused_login(api, peer);
            return refuse(call, REFUSED_LOGIN, 401, "no session");
        }
        key = call->caller.key;
        if (!has_place(call))
            return refuse(call, REFUSED_RATE, 429, "too many connections of this token");
        if (!(call->caller.rights & route->rights))
            return refuse(call, REFUSED_RIGHTS, 403, "this role may not do that");
    }
    if (route->method != HTTP_GET && !is_within_rate(api, key)) {
        call->retry_s = 1;
        return refuse(call, REFUSED_RATE, 429, "too many requests of this token in a second");
    }
    return true;
}

/* --- what it brings --- */

static bool is_json(struct bytes type)
{
    static const char name[] = "application/json";
    size_t size = sizeof name - 1;
    return type.size >= size && strncasecmp((const char *)type.data, name, size) == 0 &&
           (type.size == size || strchr("; \t", type.data[size]));
}

static uint32_t body_max(const struct http_api_call *call)
{
    uint32_t most = call->route ? call->route->body_max : 0;
    return most ? most : HTTP_BODY_BYTES_MAX;
}

/* Told after the rights: which parameters there are is nobody's business else. */
static bool are_parameters_known(struct http_api_call *call)
{
    struct buffer why = {0};
    bool are_all = http_query_is_known(&call->query, call->route->parameters, &why);
    buffer_append_byte(&why, 0);
    if (!are_all)
        (void)refuse(call, REFUSED_ROUTE, 400,
                     why.failed ? "unknown parameter" : (const char *)why.data);
    buffer_finish(&why);
    return are_all;
}

static bool is_body_taken(struct http_api_call *call)
{
    bool has_body = call->length != 0;
    struct bytes encoding = http_head_value(call->connection, MHD_HTTP_HEADER_CONTENT_ENCODING);
    if (call->route->method == HTTP_GET && has_body)
        return refuse(call, REFUSED_FRAMING, 400, "a GET brings no body");
    if ((call->route->method == HTTP_POST || has_body) &&
        (!is_json(http_head_value(call->connection, MHD_HTTP_HEADER_CONTENT_TYPE)) ||
         (encoding.data && !bytes_equal_text(encoding, "identity"))))
        return refuse(call, REFUSED_TYPE, 415, "only application/json is taken, not compressed");
    if (call->length > (int64_t)body_max(call))
        return refuse(call, REFUSED_SIZE, 413, "the body is larger than the limit");
    return true;
}

/* -1: chunked. */
static int64_t length_of(struct MHD_Connection *connection)
{
    struct bytes text = http_head_value(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (http_head_value(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING).data)
        return -1;
    int64_t length = 0;
    for (size_t i = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        if (length > INT64_MAX / 16)
            return INT64_MAX;
        length = length * 10 + (text.data[i] - '0');
    }
    return length;
}

bool http_api_admit(struct http_api_call *call, const char *target, const char *method,
                    const char *version)
{
    char peer[PEER_SIZE];
    const char *fault = http_head_fault(call->connection, version);
    if (fault)
        return refuse(call, REFUSED_FRAMING, 400, fault);
    if (strlen(target) > URI_BYTES_MAX)
        return refuse(call, REFUSED_URI, 414, "the URI is too long");
    call->length = length_of(call->connection);
    call->waits_for_100 = http_head_value(call->connection, MHD_HTTP_HEADER_EXPECT).data != NULL;
    http_port_peer(&call->api->port, call->connection, peer);
    unsigned methods = find_route(call, http_head_path(target), method);
    bool is_page = call->route && call->route->method == HTTP_GET && call->route->rights == 0;
    if (!is_from_here(call, target, peer, is_page))
        return false;
    if (atomic_load(&call->api->is_stopping)) {
        call->retry_s = 1;
        return refuse(call, REFUSED_STOPPING, 503, "shutting down; send it again");
    }
    return has_route(call, methods) && is_allowed(call, peer) && are_parameters_known(call) &&
           is_body_taken(call);
}
