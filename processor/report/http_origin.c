/* Names are compared without their case, as DNS does; an origin must match as a whole. */
#include "processor/report/http_origin.h"

#include <arpa/inet.h>
#include <strings.h>

enum { NAME_SIZE = 256 };

static bool equal(struct bytes a, struct bytes b)
{
    return a.size == b.size &&
           (a.size == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0);
}

/* Without port and brackets; absent when it is no host. */
static struct bytes name_of(struct bytes host)
{
    if (host.size == 0)
        return (struct bytes){0};
    bool is_bracketed = host.data[0] == '[';
    struct bytes rest = is_bracketed ? bytes_of(host.data + 1, host.size - 1) : host;
    const uint8_t *end = memchr(rest.data, is_bracketed ? ']' : ':', rest.size);
    if (is_bracketed && !end)
        return (struct bytes){0};
    struct bytes name = bytes_of(rest.data, end ? (size_t)(end - rest.data) : rest.size);
    return name.size > 0 && name.size < NAME_SIZE ? name : (struct bytes){0};
}

bool http_host_is_local(struct bytes host)
{
    struct bytes name = name_of(host), suffix = BYTES_LITERAL(".localhost");
    char text[NAME_SIZE];
    uint8_t address[16];
    if (!name.data || memchr(name.data, 0, name.size))
        return false;
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    return equal(name, BYTES_LITERAL("localhost")) || inet_pton(AF_INET, text, address) == 1 ||
           inet_pton(AF_INET6, text, address) == 1 ||
           (name.size > suffix.size &&
            equal(bytes_of(name.data + name.size - suffix.size, suffix.size), suffix));
}

/* "https://review.example:8443" of "https://review.example:8443/flywheel/". */
static struct bytes origin_of(struct bytes url)
{
    for (size_t i = 0, slashes = 0; i < url.size; i++)
        if (url.data[i] == '/' && ++slashes == 3)
            return bytes_of(url.data, i);
    return url;
}

static struct bytes after_scheme(struct bytes origin)
{
    for (size_t i = 0; i + 3 <= origin.size; i++)
        if (memcmp(origin.data + i, "://", 3) == 0)
            return bytes_of(origin.data + i + 3, origin.size - i - 3);
    return (struct bytes){0};
}

static bool is_own_host(const struct http_origin_rules *rules, struct bytes host)
{
    if (http_host_is_local(host))
        return true;
    struct bytes name = name_of(host);
    for (uint32_t i = 0; name.data && i < rules->host_count; i++)
        if (equal(name, rules->hosts[i]) || equal(host, rules->hosts[i]))
            return true;
    return name.data && rules->url.data && equal(host, after_scheme(origin_of(rules->url)));
}

static bool is_own_origin(const struct http_origin_rules *rules, struct bytes origin,
                          struct bytes host)
{
    struct bytes scheme = rules->is_tls ? BYTES_LITERAL("https://") : BYTES_LITERAL("http://");
    if (rules->url.data)
        return equal(origin, origin_of(rules->url));
    return origin.size == scheme.size + host.size &&
           equal(bytes_of(origin.data, scheme.size), scheme) &&
           equal(bytes_of(origin.data + scheme.size, host.size), host);
}

const char *http_origin_fault(const struct http_origin_rules *rules,
                              const struct http_origin_head *head, bool is_page)
{
    if (!is_own_host(rules, head->host) ||
        (head->target_host.data && !equal(head->target_host, head->host)))
        return "host";
    if (head->origin.data && !is_own_origin(rules, head->origin, head->host))
        return "origin";
    bool is_ours = !head->site.data || equal(head->site, BYTES_LITERAL("same-origin")) ||
                   (is_page && equal(head->site, BYTES_LITERAL("none")));
    return is_ours ? NULL : "origin";
}
