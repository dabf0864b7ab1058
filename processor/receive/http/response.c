/* What libmicrohttpd sends for a reply: status, headers and body. A response is made for
 * one request and given up at once; libmicrohttpd keeps it, and the bytes that it has
 * taken, until it is sent. */
#include "processor/receive/http/response.h"

#include <stdio.h>

/* Takes the body, which came from malloc. */
static struct MHD_Response *make_response(struct buffer *body)
{
    struct MHD_Response *response = NULL;
    if (!body->failed)
        response = MHD_create_response_from_buffer(
            body->size, body->data ? (void *)body->data : (void *)"",
            body->data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response)
        buffer_finish(body);
    *body = (struct buffer){0};
    return response;
}

static bool add_headers(struct MHD_Response *response, const struct http_reply *reply,
                        enum http_media media, bool is_last)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)http_retry_seconds(reply->retry_ms));
    const char *type = http_media_type(media);
    bool is_good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES;
    if (reply->retry_ms > 0)
        is_good &= MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        is_good &= MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "POST");
    if (reply->status == MHD_HTTP_UNAUTHORIZED)
        is_good &= MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (reply->names_encodings)
        is_good &=
            MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_ENCODING, "gzip, identity");
    if (is_last)
        is_good &= MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return is_good;
}

enum MHD_Result http_response_send(struct http_receiver *receiver,
                                   struct MHD_Connection *connection, enum http_media media,
                                   const struct http_reply *reply, struct buffer *body)
{
    if (reply->status != MHD_HTTP_OK)
        http_status_body(body, media, reply);
    struct MHD_Response *response = make_response(body);
    if (!response)
        return MHD_NO;
    http_place_enter(http_port_place(connection), HTTP_REPLY, receiver->port.now_ms);
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, reply, media, atomic_load(&receiver->is_stopping)))
        result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}
