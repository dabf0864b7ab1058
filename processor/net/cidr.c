/* Everything is IPv6 inside, so that there is one comparison. */
#include "processor/net/cidr.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { TEXT_SIZE = 64, MAPPED_BITS = 96 };

/* False: not an address. */
static bool read_address(const char *text, uint8_t ret_address[16], bool *ret_is_v4)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    *ret_is_v4 = inet_pton(AF_INET, text, ret_address + sizeof mapped) == 1;
    if (!*ret_is_v4)
        return inet_pton(AF_INET6, text, ret_address) == 1;
    memcpy(ret_address, mapped, sizeof mapped);
    return true;
}

bool cidr_parse(struct bytes text, struct cidr *ret_cidr)
{
    char address[TEXT_SIZE];
    struct cidr cidr = {{0}, 128};
    bool is_v4;
    if (text.size == 0 || text.size >= sizeof address || memchr(text.data, 0, text.size))
        return false;
    memcpy(address, text.data, text.size);
    address[text.size] = 0;
    char *slash = strchr(address, '/');
    if (slash)
        *slash = 0;
    if (!read_address(address, cidr.address, &is_v4))
        return false;
    if (slash) {
        size_t digits = strspn(slash + 1, "0123456789");
        long bits = digits > 0 && digits <= 3 ? strtol(slash + 1, NULL, 10) : -1;
        if (bits < 0 || bits > (is_v4 ? 32 : 128) || slash[1 + digits])
            return false;
        cidr.prefix = (uint8_t)(bits + (is_v4 ? MAPPED_BITS : 0));
    }
    *ret_cidr = cidr;
    return true;
}

bool cidr_holds(const struct cidr *cidr, const char *peer)
{
    char text[TEXT_SIZE];
    uint8_t address[16];
    bool is_v4, is_bracketed = peer[0] == '[';
    size_t size = strcspn(peer + is_bracketed, is_bracketed ? "]" : ":");
    if (size >= sizeof text)
        return false;
    memcpy(text, peer + is_bracketed, size);
    text[size] = 0;
    if (!read_address(text, address, &is_v4))
        return false;
    size_t whole = cidr->prefix / 8, rest = cidr->prefix % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(address, cidr->address, whole) == 0 &&
           (rest == 0 || ((address[whole] ^ cidr->address[whole]) & mask) == 0);
}
