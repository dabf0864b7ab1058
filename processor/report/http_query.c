/* A misspelled parameter must not pass for one that was left out, and of two of a name one would be
 * looked at: both are told. */
#include "processor/report/http_query.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "processor/base/text/terminal.h"
#include "processor/base/text/utf8.h"

enum { SHOWN_BYTES = 60 };

static enum MHD_Result take(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    struct http_query *query = context;
    (void)kind;
    query->has_more = query->count == HTTP_PARAMETERS_MAX;
    if (query->has_more)
        return MHD_NO;
    struct bytes text = value ? bytes_of_text(value) : BYTES_LITERAL("");
    query->items[query->count++] = (struct http_parameter){bytes_of_text(name), text};
    return MHD_YES;
}

void http_query_read(struct MHD_Connection *connection, struct http_query *ret_query)
{
    *ret_query = (struct http_query){0};
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take, ret_query);
}

static struct bytes move(struct bytes text, uint8_t **at)
{
    if (text.size > 0)
        memcpy(*at, text.data, text.size);
    struct bytes moved = bytes_of(*at, text.size);
    *at += text.size;
    return moved;
}

struct http_query *http_query_copy(const struct http_query *query)
{
    size_t size = sizeof *query;
    for (uint32_t i = 0; i < query->count; i++)
        size += query->items[i].name.size + query->items[i].value.size;
    struct http_query *copy = malloc(size);
    if (!copy)
        return NULL;
    *copy = *query;
    uint8_t *at = (uint8_t *)(copy + 1);
    for (uint32_t i = 0; i < copy->count; i++) {
        copy->items[i].name = move(copy->items[i].name, &at);
        copy->items[i].value = move(copy->items[i].value, &at);
    }
    return copy;
}

struct bytes http_query_get(const struct http_query *query, const char *name)
{
    for (uint32_t i = 0; i < query->count; i++)
        if (bytes_equal_text(query->items[i].name, name))
            return query->items[i].value;
    return (struct bytes){0};
}

bool http_query_read_flag(struct bytes value, bool *ret_flag)
{
    *ret_flag = value.size == 0 || bytes_equal_text(value, "true");
    return *ret_flag || bytes_equal_text(value, "false");
}

static bool is_one_of(struct bytes name, const char *const *parameters)
{
    for (; parameters && *parameters; parameters++)
        if (bytes_equal_text(name, *parameters))
            return true;
    return false;
}

/* The first that must not be there; `count`: none. */
static uint32_t find_stranger(const struct http_query *query, const char *const *parameters,
                              bool *ret_is_repeated)
{
    for (uint32_t i = 0; i < query->count; i++) {
        *ret_is_repeated = false;
        if (!is_one_of(query->items[i].name, parameters))
            return i;
        for (uint32_t before = 0; before < i; before++)
            *ret_is_repeated =
                *ret_is_repeated || bytes_equal(query->items[before].name, query->items[i].name);
        if (*ret_is_repeated)
            return i;
    }
    return query->count;
}

bool http_query_is_known(const struct http_query *query, const char *const *parameters,
                         struct buffer *why)
{
    bool is_repeated;
    uint32_t stranger = find_stranger(query, parameters, &is_repeated);
    if (stranger == query->count && !query->has_more)
        return true;
    if (stranger == query->count) {
        buffer_append_text(why, "too many parameters");
    } else {
        buffer_append_text(why, is_repeated ? "there twice: " : "unknown parameter ");
        terminal_append(why, utf8_cut(query->items[stranger].name, SHOWN_BYTES));
    }
    buffer_append_text(why, parameters ? "; known are " : "; it takes none");
    for (const char *const *name = parameters; name && *name; name++) {
        buffer_append_text(why, name == parameters ? "" : ", ");
        buffer_append_text(why, *name);
    }
    return false;
}
