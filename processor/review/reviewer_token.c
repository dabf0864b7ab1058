/* A prefix that scanners of repositories can look for, randomness that nobody guesses, and check
 * digits, so that a token that lost a character on its way is told from one that was withdrawn. */
#include "processor/review/reviewer_token.h"

#include <sys/random.h>

#include "processor/base/digest.h"

enum { RANDOM_SIZE = 32, CHECK_SIZE = 4, PREFIX_SIZE = 4 };
static const char prefix[] = "fwr_";

static void check_digits(char to[2 * CHECK_SIZE], const uint8_t random[RANDOM_SIZE])
{
    uint8_t check[CHECK_SIZE];
    put_be32(check, digest_crc32c(0, bytes_of(random, RANDOM_SIZE)));
    hex_encode(to, check, CHECK_SIZE);
}

bool reviewer_token_make(char to[REVIEWER_TOKEN_SIZE])
{
    uint8_t random[RANDOM_SIZE];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    memcpy(to, prefix, PREFIX_SIZE);
    hex_encode(to + PREFIX_SIZE, random, RANDOM_SIZE);
    check_digits(to + PREFIX_SIZE + 2 * RANDOM_SIZE, random);
    to[REVIEWER_TOKEN_SIZE - 1] = 0;
    explicit_bzero(random, sizeof random);
    return true;
}

bool reviewer_token_is_formed(struct bytes token)
{
    uint8_t random[RANDOM_SIZE];
    char check[2 * CHECK_SIZE];
    const char *digits = (const char *)token.data + PREFIX_SIZE;
    if (token.size != REVIEWER_TOKEN_SIZE - 1 || memcmp(token.data, prefix, PREFIX_SIZE) != 0 ||
        !hex_decode(random, digits, RANDOM_SIZE))
        return false;
    check_digits(check, random);
    return memcmp(check, digits + 2 * RANDOM_SIZE, sizeof check) == 0;
}
