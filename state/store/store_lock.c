/* The pid in the lock file is for people; only the flock counts. */
#include "state/store/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum exit_code store_exit_code(int errno_value)
{
    bool is_refused = errno_value == EACCES || errno_value == EPERM || errno_value == EROFS;
    return is_refused ? EXIT_PERMISSION : EXIT_STATE_IO;
}

static void lock_report_holder(int fd, const char *directory, struct error *ret_error)
{
    char text[24] = "";
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    long pid = size > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0)
        error_set(ret_error, EXIT_TEMPORARY, "data directory %s is in use by pid %ld", directory,
                  pid);
    else
        error_set(ret_error, EXIT_TEMPORARY, "data directory %s is in use by another process",
                  directory);
}

static void lock_write_pid(int fd)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* A pid that could not be written costs only the number in somebody's error message. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        return;
}

enum status store_lock(const char *directory, bool create, int *ret_fd, struct error *ret_error)
{
    char path[4096];
    if (create && mkdir(directory, 0700) != 0 && errno != EEXIST) {
        error_set(ret_error, store_exit_code(errno), "data directory %s can't be created: %s",
                  directory, strerror(errno));
        return STATUS_FATAL;
    }
    if ((size_t)snprintf(path, sizeof path, "%s/owner.lock", directory) >= sizeof path) {
        error_set(ret_error, EXIT_STATE_IO, "data directory: the path is too long");
        return STATUS_FATAL;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
    if (fd < 0) {
        error_set(ret_error, store_exit_code(errno), "data directory %s: owner.lock: %s", directory,
                  errno == ENOENT ? "there is no state here" : strerror(errno));
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
    lock_write_pid(fd);
    *ret_fd = fd;
    return STATUS_OK;
}

void store_unlock(int fd)
{
    if (fd < 0)
        return;
    if (ftruncate(fd, 0) != 0) { /* The flock goes all the same. */
    }
    close(fd);
}
