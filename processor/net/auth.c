/* RFC 6750: the scheme in any case, one or more spaces, the token. */
#include "processor/net/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/digest.h"
#include "processor/base/log.h"

enum { FILE_BYTES_MAX = TOKEN_BYTES_MAX + 256 }; /* room for white space around the token */

struct auth {
    pthread_mutex_t lock;
    uint8_t digest[SHA256_SIZE]; /* of the token */
};

/* Returns the size, or -1 with errno. A directory or a pipe is no token. */
static ssize_t read_file(const char *path, char *to, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    struct stat about;
    ssize_t count = -1;
    bool is_known = fstat(fd, &about) == 0;
    if (is_known && !S_ISREG(about.st_mode))
        errno = EINVAL;
    else if (is_known)
        count = read(fd, to, size);
    int code = errno;
    if (count >= 0 && (about.st_mode & S_IROTH))
        log_warn("token_readable_by_others", "file=\"%s\" action=\"chmod o-r\"", path);
    close(fd);
    errno = code;
    return count;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return true;
}

static enum status read_token(const char *token_file, uint8_t ret_digest[SHA256_SIZE],
                              struct error *ret_error)
{
    char text[FILE_BYTES_MAX + 1];
    ssize_t count = read_file(token_file, text, sizeof text);
    if (count < 0) {
        error_set(ret_error, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIG,
                  "%s: the bearer token cannot be read: %s", token_file, strerror(errno));
        return STATUS_FATAL;
    }
    size_t from = 0, to = (size_t)count;
    while (to > 0 && is_space(text[to - 1]))
        to--;
    while (from < to && is_space(text[from]))
        from++;
    struct bytes token = bytes_of(text + from, to - from);
    if (token.size == 0 || token.size > TOKEN_BYTES_MAX || count > FILE_BYTES_MAX ||
        !is_printable(token)) {
        error_set(ret_error, EXIT_CONFIG,
                  "%s: holds no bearer token: write 1 to %d printable ASCII characters without "
                  "spaces on one line",
                  token_file, TOKEN_BYTES_MAX);
        return STATUS_FATAL;
    }
    digest_sha256(ret_digest, token);
    return STATUS_OK;
}

void auth_apply(struct auth *auth, struct auth *loaded)
{
    pthread_mutex_lock(&auth->lock);
    memcpy(auth->digest, loaded->digest, sizeof auth->digest);
    pthread_mutex_unlock(&auth->lock);
    auth_destroy(loaded);
}

bool auth_accepts(const struct auth *auth, struct bytes authorization)
{
    static const char scheme[] = "Bearer";
    const size_t scheme_size = sizeof scheme - 1;
    if (!auth)
        return true;
    if (authorization.size <= scheme_size || authorization.size > 2 * (size_t)TOKEN_BYTES_MAX ||
        strncasecmp((const char *)authorization.data, scheme, scheme_size) != 0 ||
        authorization.data[scheme_size] != ' ')
        return false;
    size_t from = scheme_size;
    while (from < authorization.size && authorization.data[from] == ' ')
        from++;
    uint8_t expected[SHA256_SIZE], digest[SHA256_SIZE], difference = 0;
    digest_sha256(digest, bytes_of(authorization.data + from, authorization.size - from));
    struct auth *locked = (struct auth *)auth; /* the lock is no part of its value */
    pthread_mutex_lock(&locked->lock);
    memcpy(expected, auth->digest, sizeof expected);
    pthread_mutex_unlock(&locked->lock);
    for (size_t i = 0; i < SHA256_SIZE; i++)
        difference |= (uint8_t)(digest[i] ^ expected[i]);
    return difference == 0;
}

struct auth *auth_create(const char *token_file, struct error *ret_error)
{
    uint8_t digest[SHA256_SIZE];
    if (read_token(token_file, digest, ret_error) != STATUS_OK)
        return NULL;
    struct auth *auth = calloc(1, sizeof *auth);
    if (!auth) {
        error_set(ret_error, EXIT_BUG, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&auth->lock, NULL);
    memcpy(auth->digest, digest, sizeof digest);
    return auth;
}

void auth_destroy(struct auth *auth)
{
    if (!auth)
        return;
    pthread_mutex_destroy(&auth->lock);
    free(auth);
}
