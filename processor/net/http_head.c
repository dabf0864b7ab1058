/* libmicrohttpd keeps each header line as it came, so all of a name are seen here. */
#include "processor/net/http_head.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct framing {
    unsigned lengths, encodings, hosts;
    bool is_number, is_chunked, has_bad_name;
};

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits + strspn(text + digits, " \t")] == 0;
}

static bool is_chunked(const char *text)
{
    static const char word[] = "chunked";
    size_t size = sizeof word - 1;
    return strncasecmp(text, word, size) == 0 && text[size + strspn(text + size, " \t")] == 0;
}

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    (void)kind;
    struct framing *framing = context;
    value = value ? value : "";
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->lengths++;
        framing->is_number = is_number(value);
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->encodings++;
        framing->is_chunked = is_chunked(value);
    } else if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        framing->hosts++;
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
    if (framing.hosts > 1)
        return "more than one Host";
    if (framing.lengths > 0 && framing.encodings > 0)
        return "Content-Length beside Transfer-Encoding";
    if (framing.lengths > 1)
        return "more than one Content-Length";
    if (framing.lengths == 1 && !framing.is_number)
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
