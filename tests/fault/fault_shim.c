/* Loaded into the daemon by LD_PRELOAD: a disk that is slow, full or broken, and a wall clock that
 * steps, as a file says that the test writes while the daemon runs. No product code.
 *
 *   FLYWHEEL_FAULTS=FILE     int64 sync_delay_us | write_errno | sync_errno | clock_offset_ns
 * Only regular files beyond the standard streams are meant. A full disk still takes what overwrites
 * blocks that a file has: LMDB's two meta pages, at the beginning of its file, are always there. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct faults {
    volatile int64_t sync_delay_us, write_errno, sync_errno, clock_offset_ns;
};

static struct faults nothing;
static struct faults *faults = &nothing;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FLYWHEEL_FAULTS");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*faults), PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        faults = map;
    if (fd >= 0)
        close(fd);
}

static int is_file(int fd)
{
    struct stat status;
    return fd > 2 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static int fails_to_write(int fd)
{
    if (faults->write_errno == 0 || !is_file(fd))
        return 0;
    errno = (int)faults->write_errno;
    return 1;
}

enum { META_BYTES = 2 * 4096 };

static int fails_to_write_at(int fd, off_t at)
{
    return (at >= META_BYTES || faults->write_errno != ENOSPC) && fails_to_write(fd);
}

static int before_sync(int fd)
{
    int64_t delay = faults->sync_delay_us;
    if (!is_file(fd))
        return 0;
    if (delay > 0)
        nanosleep(&(struct timespec){delay / 1000000, delay % 1000000 * 1000}, NULL);
    if (faults->sync_errno == 0)
        return 0;
    errno = (int)faults->sync_errno;
    return 1;
}

#define NEXT(type, name, ...)                                                                      \
    static type (*next)(__VA_ARGS__);                                                              \
    if (!next)                                                                                     \
        *(void **)&next = dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *data, size_t size)
{
    NEXT(ssize_t, "write", int, const void *, size_t);
    return fails_to_write(fd) ? -1 : next(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    NEXT(ssize_t, "writev", int, const struct iovec *, int);
    return fails_to_write(fd) ? -1 : next(fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return fails_to_write_at(fd, at) ? -1 : next(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails_to_write_at(fd, at) ? -1 : next(fd, data, size, at);
}

int fdatasync(int fd)
{
    NEXT(int, "fdatasync", int);
    return before_sync(fd) ? -1 : next(fd);
}

int fsync(int fd)
{
    NEXT(int, "fsync", int);
    return before_sync(fd) ? -1 : next(fd);
}

int clock_gettime(clockid_t clock, struct timespec *to)
{
    NEXT(int, "clock_gettime", clockid_t, struct timespec *);
    int result = next(clock, to);
    if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return result;
    int64_t ns = to->tv_nsec + faults->clock_offset_ns % 1000000000;
    to->tv_sec += faults->clock_offset_ns / 1000000000 + (ns >= 1000000000) - (ns < 0);
    to->tv_nsec = (ns + 1000000000) % 1000000000;
    return 0;
}
