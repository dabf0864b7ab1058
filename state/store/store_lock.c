/* The pid in the lock file is for people; only the flock counts. It has a place of its own in the
 * text, so that no moment of writing it costs the id. */
#include "state/store/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_BYTES_MAX = 4096,
    PID_BYTES = 11, /* with the end of its line */
    ID_BYTES = 2 * INSTANCE_UUID_SIZE,
};

enum exit_code store_exit_code(int errno_value)
{
    bool is_refused = errno_value == EACCES || errno_value == EPERM || errno_value == EROFS;
    return is_refused ? EXIT_PERMISSION : EXIT_STATE_IO;
}

static void lock_report_holder(int fd, const char *directory, struct error *ret_error)
{
    char text[PID_BYTES + 1] = "";
    ssize_t size = pread(fd, text, PID_BYTES, 0);
    long pid = size > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0)
        error_set(ret_error, EXIT_TEMPORARY,
                  "data directory %s is in use by pid %ld: stop it, or name another directory",
                  directory, pid);
    else
        error_set(ret_error, EXIT_TEMPORARY,
                  "data directory %s is in use by another process: stop it, or name another "
                  "directory",
                  directory);
}

static void lock_write_pid(int fd, long pid)
{
    char text[32]; /* a long of any size; a pid has seven digits at most */
    snprintf(text, sizeof text, "%-10ld\n", pid);
    /* A pid that could not be written costs only the number in somebody's error message. */
    if (pwrite(fd, text, PID_BYTES, 0) != PID_BYTES)
        return;
}

static void read_instance(int fd, struct store_lock *lock)
{
    char text[ID_BYTES];
    lock->has_instance = pread(fd, text, sizeof text, PID_BYTES) == (ssize_t)sizeof text &&
                         hex_decode(lock->instance, text, INSTANCE_UUID_SIZE);
}

void store_lock_remember(struct store_lock *lock, const uint8_t instance[INSTANCE_UUID_SIZE])
{
    char text[ID_BYTES + 1];
    hex_encode(text, instance, INSTANCE_UUID_SIZE);
    text[ID_BYTES] = '\n';
    if (lock->fd < 0 || lock->has_instance)
        return;
    /* On a disk that is full now, the next start does it. */
    lock->has_instance = pwrite(lock->fd, text, sizeof text, PID_BYTES) == (ssize_t)sizeof text &&
                         ftruncate(lock->fd, PID_BYTES + (off_t)sizeof text) == 0 &&
                         fsync(lock->fd) == 0;
    memcpy(lock->instance, instance, INSTANCE_UUID_SIZE);
}

static bool path_of(char to[PATH_BYTES_MAX], const char *directory, const char *name)
{
    return (size_t)snprintf(to, PATH_BYTES_MAX, "%s/%s", directory, name) < PATH_BYTES_MAX;
}

void store_lock_peek(const char *directory, struct store_lock *ret_lock)
{
    char path[PATH_BYTES_MAX];
    *ret_lock = (struct store_lock){.fd = -1};
    int fd = path_of(path, directory, "owner.lock")
                 ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
                 : -1;
    if (fd < 0)
        return;
    read_instance(fd, ret_lock);
    close(fd);
}

/* Of read-only media what there is of a lock file, and no lock when there
 * is none: nobody writes. */
static int open_lock_file(const char *path, bool create, bool *ret_is_read_only)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
    *ret_is_read_only = fd < 0 && errno == EROFS;
    return *ret_is_read_only ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : fd;
}

enum status store_lock(const char *directory, bool create, struct store_lock *ret_lock,
                       struct error *ret_error)
{
    char path[PATH_BYTES_MAX], data[PATH_BYTES_MAX];
    bool is_read_only = false;
    *ret_lock = (struct store_lock){.fd = -1};
    if (create && mkdir(directory, 0700) != 0 && errno != EEXIST) {
        error_set(ret_error, store_exit_code(errno),
                  "data directory %s can't be created: %s; name another as state.directory",
                  directory, strerror(errno));
        return STATUS_FATAL;
    }
    if (!path_of(path, directory, "owner.lock") || !path_of(data, directory, "data.mdb")) {
        error_set(ret_error, EXIT_STATE_IO, "data directory: the path is too long");
        return STATUS_FATAL;
    }
    int fd = open_lock_file(path, create || access(data, F_OK) == 0, &is_read_only);
    if (fd < 0 && is_read_only && errno == ENOENT && !create)
        return STATUS_OK;
    if (fd < 0 || (is_read_only && create)) {
        int code = fd < 0 ? errno : EROFS;
        error_set(ret_error, store_exit_code(code), "data directory %s: owner.lock: %s", directory,
                  code == ENOENT ? "there is no state here" : strerror(code));
        if (fd >= 0)
            close(fd);
        return STATUS_FATAL;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            lock_report_holder(fd, directory, ret_error);
        else
            error_set(ret_error, EXIT_STATE_IO, "data directory %s can't be locked: %s", directory,
                      strerror(errno));
        close(fd);
        return STATUS_FATAL;
    }
    read_instance(fd, ret_lock);
    if (!is_read_only)
        lock_write_pid(fd, (long)getpid());
    ret_lock->fd = fd;
    return STATUS_OK;
}

bool store_lock_leave(const char *directory, const uint8_t instance[INSTANCE_UUID_SIZE])
{
    char path[PATH_BYTES_MAX];
    struct store_lock lock = {.fd = -1};
    errno = ENAMETOOLONG;
    if (path_of(path, directory, "owner.lock"))
        lock.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock.fd < 0)
        return false;
    read_instance(lock.fd, &lock);
    store_lock_remember(&lock, instance);
    store_unlock(&lock);
    return lock.has_instance;
}

void store_unlock(struct store_lock *lock)
{
    if (lock->fd < 0)
        return;
    lock_write_pid(lock->fd, 0);
    close(lock->fd); /* The flock goes with it. */
    lock->fd = -1;
}
