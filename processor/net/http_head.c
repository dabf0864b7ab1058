/* libmicrohttpd keeps each header line as it came, so all of a name are seen here. */
#include "processor/net/http_head.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Of these a second line makes two readers of the same bytes differ, about where the request ends or
 * about who asks. */
static const struct {
    const char *name, *fault;
} single[] = {
    {MHD_HTTP_HEADER_HOST, "more than one Host"},
    {MHD_HTTP_HEADER_CONTENT_LENGTH, "more than one Content-Length"},
    {MHD_HTTP_HEADER_CONTENT_TYPE, "more than one Content-Type"},
    {MHD_HTTP_HEADER_AUTHORIZATION, "more than one Authorization"},
    {MHD_HTTP_HEADER_ORIGIN, "more than one Origin"},
    {"Sec-Fetch-Site", "more than one Sec-Fetch-Site"},
};

enum { SINGLE_COUNT = sizeof single / sizeof single[0] };

struct framing {
    unsigned lengths, encodings, counts[SINGLE_COUNT];
    bool is_number, is_chunked, has_bad_name;
};

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits + strspn(text + digits, " \t")] == 0;
}

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    (void)kind;
    struct framing *framing = context;
    value = value ? value : "";
    for (int i = 0; i < SINGLE_COUNT; i++)
        framing->counts[i] += strcasecmp(name, single[i].name) == 0;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->lengths++;
        framing->is_number = is_number(value);
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->encodings++;
        /* "chunked\t" it would read as a body that ends with the connection */
        framing->is_chunked = strcasecmp(value, "chunked") == 0;
    } else if (strpbrk(name, " \t")) {
        framing->has_bad_name = true; /* "Content-Length : 5" */
    }
    return MHD_YES;
}

const char *http_head_fault(struct MHD_Connection *connection, const char *version)
{
    struct framing framing = {0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &framing);
    if (framing.has_bad_name)
        return "a header's name has a space";
    if (framing.lengths > 0 && framing.encodings > 0)
        return "Content-Length beside Transfer-Encoding";
    for (int i = 0; i < SINGLE_COUNT; i++)
        if (framing.counts[i] > 1)
            return single[i].fault;
    if (framing.lengths > 0 && !framing.is_number)
        return "the Content-Length is no number";
    if (framing.encodings > 1 || (framing.encodings == 1 && !framing.is_chunked))
        return "a Transfer-Encoding other than chunked";
    if (framing.encodings == 1 && strcasecmp(version, MHD_HTTP_VERSION_1_0) == 0)
        return "a Transfer-Encoding in HTTP/1.0";
    return NULL;
}

const char *http_head_path(const char *target)
{
    size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                    : strncasecmp(target, "https://", 8) == 0 ? 8
                                                              : 0;
    if (scheme == 0)
        return target;
    const char *path = strchr(target + scheme, '/');
    return path ? path : "/";
}

struct bytes http_head_value(struct MHD_Connection *connection, const char *name)
{
    const char *value = NULL;
    size_t size = 0;
    if (MHD_lookup_connection_value_n(connection, MHD_HEADER_KIND, name, strlen(name), &value,
                                      &size) != MHD_YES)
        return (struct bytes){0};
    return value ? bytes_of(value, size) : BYTES_LITERAL("");
}
