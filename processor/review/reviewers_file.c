/* Under a lock on the file itself: whoever waited finds another file in its place, and begins again. */
#include "processor/review/reviewers_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

static enum status refuse(struct error *ret_error, const char *path, const char *what)
{
    bool is_right = errno == EACCES || errno == EPERM || errno == EROFS;
    bool is_missing = errno == ENOENT || errno == ENOTDIR || errno == EISDIR || errno == EINVAL;
    error_set(ret_error,
              is_right     ? EXIT_PERMISSION
              : is_missing ? EXIT_CONFIG
                           : EXIT_STATE_IO,
              "the reviewers file %s can't be %s: %s", path, what, strerror(errno));
    return STATUS_FATAL;
}

/* Secrets that are mounted are root's, and ours to read by their group or an access list. */
static bool is_open_to_others(const struct stat *about)
{
    mode_t allowed = about->st_uid == geteuid() ? S_IRWXU : S_IRWXU | S_IRGRP;
    return (about->st_mode & 0777 & ~allowed) != 0;
}

/* A pipe or a directory is no file of reviewers. */
static int open_file(const char *path, int flags, struct stat *ret_about, struct error *ret_error)
{
    int file = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);
    if (file >= 0 && fstat(file, ret_about) == 0 && S_ISREG(ret_about->st_mode)) {
        if (!is_open_to_others(ret_about))
            return file;
        error_set(ret_error, EXIT_PERMISSION,
                  "the reviewers file %s is open to others than its owner: chmod 600 %s", path,
                  path);
        close(file);
        return -1;
    }
    if (file >= 0)
        errno = EINVAL;
    (void)refuse(ret_error, path, "opened");
    if (file >= 0)
        close(file);
    return -1;
}

static enum status read_whole(int file, const char *path, struct buffer *to,
                              struct error *ret_error)
{
    ssize_t got = 1;
    while (got > 0 && to->size <= REVIEWERS_FILE_BYTES_MAX && buffer_reserve(to, 4096)) {
        got = read(file, to->data + to->size, 4096);
        to->size += got > 0 ? (size_t)got : 0;
        if (got < 0 && errno == EINTR)
            got = 1;
    }
    return got < 0 ? refuse(ret_error, path, "read") : STATUS_OK;
}

struct reviewers *reviewers_load(const char *path, uint32_t max, struct error *ret_error)
{
    struct stat about;
    struct buffer text = {0};
    struct reviewers *reviewers = NULL;
    int file = open_file(path, O_RDONLY, &about, ret_error);
    if (file < 0)
        return NULL;
    if (read_whole(file, path, &text, ret_error) == STATUS_OK)
        reviewers = reviewers_parse(path, buffer_bytes(&text), max, ret_error);
    buffer_finish(&text);
    close(file);
    return reviewers;
}

/* --- a change --- */

/* The file that bears the name, locked; -1 with `ret_error`. */
static int open_locked(const char *path, bool makes, struct stat *ret_about,
                       struct error *ret_error)
{
    for (;;) {
        struct stat named;
        int file = open_file(path, O_RDWR | (makes ? O_CREAT : 0), ret_about, ret_error);
        if (file < 0)
            return -1;
        while (flock(file, LOCK_EX) != 0)
            if (errno != EINTR) {
                (void)refuse(ret_error, path, "locked");
                close(file);
                return -1;
            }
        if (stat(path, &named) == 0 && named.st_ino == ret_about->st_ino &&
            named.st_dev == ret_about->st_dev)
            return file;
        close(file);
    }
}

static void write_line(struct buffer *to, const struct reviewer *reviewer, struct bytes comment)
{
    char digits[2 * SHA256_SIZE];
    hex_encode(digits, reviewer->token, SHA256_SIZE);
    buffer_printf(to, "%s %s ", reviewer->name, reviewer_role_names[reviewer->role]);
    if (reviewer->is_disabled)
        buffer_append_text(to, "disabled");
    else
        buffer_append(to, digits, sizeof digits);
    if (comment.size > 0)
        buffer_append_byte(to, ' ');
    buffer_append_bytes(to, comment);
    buffer_append_byte(to, '\n');
}

/* The name that stands first on a line; of a comment something that is no name. */
static struct bytes name_of(struct bytes line)
{
    size_t from = 0, to;
    while (from < line.size && (line.data[from] == ' ' || line.data[from] == '\t'))
        from++;
    for (to = from; to < line.size && line.data[to] != ' ' && line.data[to] != '\t';)
        to++;
    return bytes_of(line.data + from, to - from);
}

/* What stands behind the third word: a comment, or nothing. */
static struct bytes comment_of(struct bytes line)
{
    const uint8_t *at = memchr(line.data, '#', line.size);
    return at ? bytes_of(at, (size_t)(line.data + line.size - at)) : (struct bytes){0};
}

/* The text with the reviewer's line in place of the old one, or behind the last. */
static void edit(struct bytes text, const struct reviewer *reviewer, struct buffer *to)
{
    bool is_written = false;
    for (size_t at = 0; at < text.size;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        struct bytes line = bytes_of(text.data + at, size);
        if (bytes_equal_text(name_of(line), reviewer->name)) {
            write_line(to, reviewer, comment_of(line));
            is_written = true;
        } else {
            buffer_append_bytes(to, line);
            buffer_append_byte(to, '\n');
        }
        at += size + 1;
    }
    if (!is_written)
        write_line(to, reviewer, (struct bytes){0});
}

static bool write_whole(int file, struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        ssize_t put = write(file, text.data + at, text.size - at);
        if (put < 0 && errno != EINTR)
            return false;
        at += put > 0 ? (size_t)put : 0;
    }
    return fsync(file) == 0;
}

/* The directory, so that the name is durable; where it can't be opened, the file system knows better. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_BYTES_MAX] = ".";
    size_t size = slash && slash > path ? (size_t)(slash - path) : 1;
    if (slash && size < sizeof folder) {
        memcpy(folder, path, size);
        folder[size] = 0;
    }
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    (void)fsync(directory);
    close(directory);
}

/* The owner stays the owner: root may edit the file of the daemon's user. */
static enum status replace(const char *path, const struct stat *about, struct bytes text,
                           struct error *ret_error)
{
    char beside[PATH_BYTES_MAX];
    if ((size_t)snprintf(beside, sizeof beside, "%s.new", path) >= sizeof beside) {
        errno = ENAMETOOLONG;
        return refuse(ret_error, path, "written");
    }
    (void)unlink(beside); /* what a crash has left */
    int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return refuse(ret_error, path, "written");
    bool is_owned = about->st_uid == geteuid() || fchown(file, about->st_uid, about->st_gid) == 0;
    bool is_done = is_owned && write_whole(file, text) && rename(beside, path) == 0;
    int code = errno;
    close(file);
    if (!is_done) {
        (void)unlink(beside);
        errno = code;
        return refuse(ret_error, path, "written");
    }
    sync_directory(path);
    return STATUS_OK;
}

/* The reviewer as it is to be; NOT_FOUND with a sentence when that can't be. */
static enum status make(const struct reviewers *reviewers, const char *path,
                        enum reviewer_change change, struct bytes name, enum reviewer_role role,
                        struct reviewer *ret_reviewer, struct error *ret_error)
{
    const struct reviewer *known = reviewers_named(reviewers, name);
    if (change == REVIEWER_ADD && known) {
        error_set(ret_error, EXIT_USAGE,
                  "%s is in %s already (%s%s): `flywheel reviewer rotate` gives a new token",
                  known->name, path, reviewer_role_names[known->role],
                  known->is_disabled ? ", disabled" : "");
        return STATUS_NOT_FOUND;
    }
    if (change != REVIEWER_ADD && !known) {
        error_set(ret_error, EXIT_USAGE,
                  "there is no %.*s in %s: `flywheel reviewer list` shows "
                  "who is",
                  (int)name.size, (const char *)name.data, path);
        return STATUS_NOT_FOUND;
    }
    if (known)
        *ret_reviewer = *known;
    else
        memcpy(ret_reviewer->name, name.data, name.size);
    if (role != REVIEWER_ROLES)
        ret_reviewer->role = role;
    return STATUS_OK;
}

static enum status change_text(const char *path, uint32_t max, const struct stat *about,
                               struct bytes text, const struct reviewer *reviewer,
                               struct error *ret_error)
{
    struct buffer edited = {0};
    edit(text, reviewer, &edited);
    /* What we would not read we do not write. */
    struct reviewers *after = reviewers_parse(path, buffer_bytes(&edited), max, ret_error);
    enum status status = after && !edited.failed
                             ? replace(path, about, buffer_bytes(&edited), ret_error)
                             : STATUS_FATAL;
    free(after);
    buffer_finish(&edited);
    return status;
}

enum status reviewers_change(const char *path, uint32_t max, enum reviewer_change change,
                             struct bytes name, enum reviewer_role role,
                             char ret_token[REVIEWER_TOKEN_SIZE], struct error *ret_error)
{
    struct stat about;
    struct buffer text = {0};
    struct reviewer reviewer = {.role = ROLE_REVIEWER};
    ret_token[0] = 0;
    if (!reviewer_name_is_valid(name)) {
        error_set(ret_error, EXIT_USAGE,
                  "a reviewer's name is 1 to %d letters, digits and `. _ - @ +`, and begins with "
                  "one of the first two",
                  REVIEWER_NAME_MAX);
        return STATUS_MALFORMED;
    }
    int file = open_locked(path, change == REVIEWER_ADD, &about, ret_error);
    if (file < 0)
        return STATUS_FATAL;
    struct reviewers *reviewers = NULL;
    enum status status = read_whole(file, path, &text, ret_error);
    if (status == STATUS_OK)
        reviewers = reviewers_parse(path, buffer_bytes(&text), max, ret_error);
    status =
        reviewers ? make(reviewers, path, change, name, role, &reviewer, ret_error) : STATUS_FATAL;
    if (status == STATUS_OK) {
        reviewer.is_disabled = change == REVIEWER_DISABLE;
        memset(reviewer.token, 0, SHA256_SIZE);
        if (!reviewer.is_disabled && !reviewer_token_make(ret_token)) {
            error_set(ret_error, EXIT_TEMPORARY, "the system gives no random bytes for a token");
            status = STATUS_FATAL;
        } else if (!reviewer.is_disabled) {
            digest_sha256(reviewer.token, bytes_of_text(ret_token));
        }
    }
    if (status == STATUS_OK)
        status = change_text(path, max, &about, buffer_bytes(&text), &reviewer, ret_error);
    free(reviewers);
    buffer_finish(&text);
    close(file); /* and with it the lock */
    return status;
}
