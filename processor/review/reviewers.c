/* A strict reader: whoever wrote something else than meant must not find out by a login that works. */
#include "processor/review/reviewers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20 };

const char *const reviewer_role_names[REVIEWER_ROLES] = {
    [ROLE_VIEWER] = "viewer", [ROLE_REVIEWER] = "reviewer", [ROLE_ADJUDICATOR] = "adjudicator",
    [ROLE_ADMIN] = "admin",   [ROLE_SERVICE] = "service",
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next word off the line; empty at its end, or at a comment. */
static struct bytes take_word(struct bytes *line)
{
    size_t from = 0;
    while (from < line->size && is_space(line->data[from]))
        from++;
    size_t to = from;
    if (from < line->size && line->data[from] == '#')
        from = to = line->size;
    while (to < line->size && !is_space(line->data[to]))
        to++;
    struct bytes word = bytes_of(line->data + from, to - from);
    *line = bytes_of(line->data + to, line->size - to);
    return word;
}

static bool is_name(struct bytes name)
{
    bool is_good = name.size > 0 && name.size <= REVIEWER_NAME_BYTES_MAX;
    for (size_t i = 0; i < name.size && is_good; i++) {
        uint8_t c = name.data[i], lower = c | 0x20;
        is_good = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                  (c != 0 && strchr("._@-", c));
    }
    return is_good;
}

/* NULL: it is good, or empty (then the name is). Else what is wrong. */
static const char *read_line(struct bytes line, struct reviewer *ret_reviewer)
{
    struct bytes name = take_word(&line), role = take_word(&line), token = take_word(&line);
    *ret_reviewer = (struct reviewer){.role = REVIEWER_ROLES};
    if (name.size == 0)
        return NULL;
    if (!is_name(name))
        return "a name is 1 to 64 of A-Z a-z 0-9 . _ @ -";
    for (enum reviewer_role i = 0; i < REVIEWER_ROLES; i++)
        if (bytes_equal_text(role, reviewer_role_names[i]))
            ret_reviewer->role = i;
    if (ret_reviewer->role == REVIEWER_ROLES)
        return "the role is viewer, reviewer, adjudicator, admin or service";
    if (token.size != 2 * SHA256_SIZE ||
        !hex_decode(ret_reviewer->token, (const char *)token.data, SHA256_SIZE))
        return "the digest of the token is 64 hexadecimal digits, as `flywheel reviewer add` "
               "writes it";
    if (take_word(&line).size > 0)
        return "there is more on the line than name, role and digest";
    memcpy(ret_reviewer->name, name.data, name.size);
    return NULL;
}

static const char *add(struct reviewers *reviewers, const struct reviewer *reviewer, uint32_t most)
{
    if (reviewers->count == most)
        return "more reviewers than limits.reviewers";
    if (reviewers_by_name(reviewers, bytes_of_text(reviewer->name)))
        return "the name is there twice";
    if (reviewers_by_token(reviewers, reviewer->token))
        return "the token is another one's";
    reviewers->items[reviewers->count++] = *reviewer;
    return NULL;
}

struct reviewers *reviewers_parse(const char *path, struct bytes text, uint32_t most,
                                  struct error *ret_error)
{
    struct reviewers *reviewers = calloc(1, sizeof *reviewers + most * sizeof reviewers->items[0]);
    const char *fault = reviewers ? NULL : "no memory is left";
    uint32_t number = 0;
    while (!fault && text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        struct reviewer reviewer;
        number++;
        fault = read_line(bytes_of(text.data, size), &reviewer);
        if (!fault && reviewer.name[0])
            fault = add(reviewers, &reviewer, most);
        size_t past = size + (end ? 1 : 0);
        text = bytes_of(text.data + past, text.size - past);
    }
    if (!fault)
        return reviewers;
    error_set(ret_error, EXIT_CONFIG, "%s:%u: %s", path, number, fault);
    free(reviewers);
    return NULL;
}

struct reviewers *reviewers_load(const char *path, uint32_t most, struct error *ret_error)
{
    struct stat about;
    struct buffer text = {.limit = FILE_BYTES_MAX};
    struct reviewers *reviewers = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &about) != 0) {
        error_set(ret_error, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIG,
                  "%s: the reviewers cannot be read: %s", path, strerror(errno));
    } else if (!S_ISREG(about.st_mode) || about.st_size > FILE_BYTES_MAX) {
        error_set(ret_error, EXIT_CONFIG, "%s: is no file of reviewers", path);
    } else if (about.st_mode & (S_IRWXG | S_IRWXO)) {
        error_set(ret_error, EXIT_PERMISSION, "%s: may be read by others: chmod 600 it", path);
    } else {
        char piece[4096];
        ssize_t size;
        while ((size = read(fd, piece, sizeof piece)) > 0)
            buffer_append(&text, piece, (size_t)size);
        if (size < 0 || text.failed)
            error_set(ret_error, EXIT_CONFIG, "%s: the reviewers cannot be read", path);
        else
            reviewers = reviewers_parse(path, buffer_bytes(&text), most, ret_error);
    }
    if (fd >= 0)
        close(fd);
    buffer_finish(&text);
    return reviewers;
}

const struct reviewer *reviewers_by_token(const struct reviewers *reviewers,
                                          const uint8_t token[SHA256_SIZE])
{
    const struct reviewer *found = NULL;
    for (uint32_t i = 0; i < reviewers->count; i++) {
        uint8_t difference = 0;
        for (size_t at = 0; at < SHA256_SIZE; at++)
            difference |= (uint8_t)(reviewers->items[i].token[at] ^ token[at]);
        found = difference == 0 ? &reviewers->items[i] : found;
    }
    return found;
}

const struct reviewer *reviewers_by_name(const struct reviewers *reviewers, struct bytes name)
{
    for (uint32_t i = 0; i < reviewers->count; i++)
        if (bytes_equal_text(name, reviewers->items[i].name))
            return &reviewers->items[i];
    return NULL;
}
