/* Both families are looked at as IPv6, so that there is one comparison of bits. */
#include "processor/net/network.h"

#include <arpa/inet.h>
#include <string.h>

enum { V4_AT = 12 /* of ::ffff:0:0/96 */, ADDRESS_BITS = 128 };

static void map_v4(uint8_t address[16], const void *v4)
{
    memset(address, 0, 10);
    address[10] = address[11] = 0xff;
    memcpy(address + V4_AT, v4, 4);
}

static bool bit(const uint8_t address[16], uint32_t at)
{
    return address[at / 8] >> (7 - at % 8) & 1;
}

static bool prefix_parse(const char *text, uint32_t most, uint32_t *ret_prefix)
{
    uint32_t value = 0;
    size_t size = strlen(text);
    if (size == 0 || size > 3)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *ret_prefix = value;
    return value <= most;
}

bool network_parse(struct bytes text, struct network *ret_network)
{
    char copy[INET6_ADDRSTRLEN + 4];
    uint8_t v4[4];
    if (text.size == 0 || text.size >= sizeof copy || memchr(text.data, 0, text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    char *slash = strchr(copy, '/');
    if (slash)
        *slash = 0;
    bool is_v4 = inet_pton(AF_INET, copy, v4) == 1;
    if (is_v4)
        map_v4(ret_network->address, v4);
    else if (inet_pton(AF_INET6, copy, ret_network->address) != 1)
        return false;
    uint32_t offset = is_v4 ? 8 * V4_AT : 0;
    ret_network->prefix = ADDRESS_BITS;
    if (slash) {
        if (!prefix_parse(slash + 1, ADDRESS_BITS - offset, &ret_network->prefix))
            return false;
        ret_network->prefix += offset;
    }
    for (uint32_t i = ret_network->prefix; i < ADDRESS_BITS; i++)
        if (bit(ret_network->address, i))
            return false;
    return true;
}

bool network_contains(const struct network *network, const char *peer)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[16], v4[4];
    bool is_bracketed = peer[0] == '[';
    size_t size = strcspn(peer + is_bracketed, is_bracketed ? "]" : ":");
    if (size >= sizeof text)
        return false;
    memcpy(text, peer + is_bracketed, size);
    text[size] = 0;
    if (inet_pton(AF_INET, text, v4) == 1)
        map_v4(address, v4);
    else if (inet_pton(AF_INET6, text, address) != 1)
        return false;
    for (uint32_t i = 0; i < network->prefix; i++)
        if (bit(address, i) != bit(network->address, i))
            return false;
    return true;
}
