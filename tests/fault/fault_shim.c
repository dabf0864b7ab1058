/* Loaded into the daemon by LD_PRELOAD: a disk that is slow, full or broken, and a wall clock that
 * steps, as a file says that the test writes while the daemon runs. No product code.
 *
 *   FLYWHEEL_FAULTS=FILE     int64 sync_delay_us | write_errno | sync_errno | clock_offset_ns
 *   FLYWHEEL_WRITES=FILE     is appended: what was written to which file, and what was synced; of it
 *                            power.py makes what a power cut may have left
 * A record of the second: u32 kind, u32 size of the path, u64 offset, u64 size of the data | path |
 * data. A write is recorded when it is done; a sync when it begins and, with the same number, when
 * it is done: it covers the writes that are recorded before its begin.
 *
 * Only regular files beyond the standard streams are meant. A full disk still takes what overwrites
 * blocks that a file has: LMDB's two meta pages, at the beginning of its file, are always there. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct faults {
    volatile int64_t sync_delay_us, write_errno, sync_errno, clock_offset_ns;
};

enum kind { WRITTEN = 1, WRITTEN_DURABLY, CUT, SYNC_BEGINS, SYNC_ENDS };

static int record_fd = -1;
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
    path = getenv("FLYWHEEL_WRITES");
    if (path)
        record_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
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

/* One write, so that records of threads do not mix. Leaves errno as it was. */
static void record(int fd, enum kind kind, uint64_t at, const void *data, uint64_t size)
{
    int cause = errno;
    char link[40], path[512];
    if (record_fd < 0 || fd == record_fd || !is_file(fd)) {
        errno = cause;
        return;
    }
    NEXT(ssize_t, "writev", int, const struct iovec *, int);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path));
    struct {
        uint32_t kind, path_size;
        uint64_t at, size;
    } head = {(uint32_t)kind, length > 0 ? (uint32_t)length : 0, at, size};
    struct iovec parts[] = {
        {&head, sizeof(head)}, {path, head.path_size}, {(void *)(uintptr_t)data, size}};
    if (next(record_fd, parts, 3) < 0)
        abort();
    errno = cause;
}

static void record_write(int fd, uint64_t at, const void *data, ssize_t size)
{
    if (size > 0)
        record(fd, (fcntl(fd, F_GETFL) & O_DSYNC) ? WRITTEN_DURABLY : WRITTEN, at, data,
               (uint64_t)size);
}

/* Of a file that is written at its position. */
static uint64_t begin_of(int fd, ssize_t size)
{
    return size > 0 && record_fd >= 0 && is_file(fd) ? (uint64_t)(lseek(fd, 0, SEEK_CUR) - size)
                                                     : 0;
}

ssize_t write(int fd, const void *data, size_t size)
{
    NEXT(ssize_t, "write", int, const void *, size_t);
    if (fails_to_write(fd))
        return -1;
    ssize_t done = next(fd, data, size);
    record_write(fd, begin_of(fd, done), data, done);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    NEXT(ssize_t, "writev", int, const struct iovec *, int);
    if (fails_to_write(fd))
        return -1;
    ssize_t done = next(fd, parts, count), left = done;
    uint64_t at = begin_of(fd, done);
    for (int i = 0; i < count && left > 0; i++) {
        ssize_t size = (ssize_t)parts[i].iov_len < left ? (ssize_t)parts[i].iov_len : left;
        record_write(fd, at, parts[i].iov_base, size);
        at += (uint64_t)size;
        left -= size;
    }
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    if (fails_to_write_at(fd, at))
        return -1;
    ssize_t done = next(fd, data, size, at);
    record_write(fd, (uint64_t)at, data, done);
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (fails_to_write_at(fd, at))
        return -1;
    ssize_t done = next(fd, data, size, at);
    record_write(fd, (uint64_t)at, data, done);
    return done;
}

int ftruncate(int fd, off_t size)
{
    NEXT(int, "ftruncate", int, off_t);
    int result = next(fd, size);
    if (result == 0)
        record(fd, CUT, (uint64_t)size, NULL, 0);
    return result;
}

static int synced(int fd, int (*next)(int fd))
{
    static uint64_t syncs;
    if (before_sync(fd))
        return -1;
    uint64_t number = __atomic_add_fetch(&syncs, 1, __ATOMIC_RELAXED);
    record(fd, SYNC_BEGINS, number, NULL, 0);
    int result = next(fd);
    if (result == 0)
        record(fd, SYNC_ENDS, number, NULL, 0);
    return result;
}

int fdatasync(int fd)
{
    NEXT(int, "fdatasync", int);
    return synced(fd, next);
}

int fsync(int fd)
{
    NEXT(int, "fsync", int);
    return synced(fd, next);
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
