/* link: receive base */
/* A token file of any bytes, then an authorization header of any bytes; the first byte is the size
 * of the file. Whoever is let in shows exactly the token of the file after its scheme, and a file
 * without a token lets nobody start. */
#include <assert.h>
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/net/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes trimmed(struct bytes text)
{
    static const char space[] = " \t\r\n";
    while (text.size && memchr(space, text.data[text.size - 1], sizeof space - 1))
        text.size--;
    while (text.size && memchr(space, text.data[0], sizeof space - 1))
        text.data++, text.size--;
    return text;
}

static bool shows(struct bytes header, struct bytes token)
{
    size_t at = 6;
    if (header.size < 7 || strncasecmp((const char *)header.data, "Bearer", 6) != 0 ||
        header.data[6] != ' ')
        return false;
    while (at < header.size && header.data[at] == ' ')
        at++;
    return bytes_equal(bytes_of(header.data + at, header.size - at), token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    static char path[64];
    if (file < 0) {
        file = memfd_create("token", MFD_CLOEXEC);
        assert(file >= 0);
        assert(fchmod(file, 0600) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    if (size == 0)
        return 0;
    size_t token_size = data[0] < size ? data[0] : size - 1;
    struct bytes token = bytes_of(data + 1, token_size);
    struct bytes header = bytes_of(data + 1 + token_size, size - 1 - token_size);
    bool is_written =
        ftruncate(file, 0) == 0 && pwrite(file, token.data, token.size, 0) == (ssize_t)token.size;
    assert(is_written);
    struct error error = {0};
    struct auth *auth = auth_create(path, &error);
    struct bytes expected = trimmed(token);
    assert(auth || error.text[0]);
    if (auth) {
        assert(expected.size > 0 && !memchr(expected.data, ' ', expected.size));
        assert(auth_accepts(auth, header) == shows(header, expected));
        assert(!auth_accepts(auth, (struct bytes){0}));
    }
    auth_destroy(auth);
    return 0;
}
