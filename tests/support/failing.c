/* The functions of the C library by their own names, in the executable, so that every library finds
 * these first; the real ones are the sanitizer's or the C library's behind it. tests/CMakeLists.txt
 * links it to sweeps alone. */
#include "tests/support/failing.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature) /* clang says it otherwise than gcc */
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif

static _Atomic bool is_on;
static _Atomic uint64_t seen;
static uint64_t wanted = UINT64_MAX;
static unsigned kinds;
static bool is_repeated;
static uint64_t traced; /* whose stack is printed */

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_print_stack_trace(void);
#endif

__attribute__((unused)) static bool fails(unsigned kind) /* not under TSan */
{
    if (!atomic_load_explicit(&is_on, memory_order_relaxed) || !(kinds & kind))
        return false;
    uint64_t at = atomic_fetch_add(&seen, 1) + 1;
#ifdef __SANITIZE_ADDRESS__
    if (at == wanted && at == traced) {
        failing_off();
        __sanitizer_print_stack_trace();
        failing_on();
    }
#endif
    return is_repeated ? at >= wanted : at == wanted;
}

void failing_on(void)
{
    atomic_store(&is_on, true);
}

void failing_off(void)
{
    atomic_store(&is_on, false);
}

bool failing_hit(void)
{
    return atomic_load(&seen) >= wanted;
}

bool failing_works(void)
{
#ifdef __SANITIZE_THREAD__
    return false;
#else
    return true;
#endif
}

/* Where libcrypto lies: a digest has no answer but success (processor/base/digest.h), so without
 * memory for one the process stops, by design. Not swept. */
static struct {
    const char *start, *end;
} crypto;

static int find_crypto(struct dl_phdr_info *library, size_t size, void *context)
{
    (void)size, (void)context;
    if (!library->dlpi_name || !strstr(library->dlpi_name, "libcrypto"))
        return 0;
    for (int i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        crypto.start = (const char *)(library->dlpi_addr + part->p_vaddr);
        crypto.end = crypto.start + part->p_memsz;
    }
    return 1;
}

struct failing_sweep failing_sweep(unsigned of_kinds, uint64_t stride)
{
    const char *all = getenv("FLYWHEEL_SWEEP"), *seed = getenv("FLYWHEEL_SEED");
    struct failing_sweep sweep = {.kinds = of_kinds, .stride = stride, .has_failed = true};
    if (all && strcmp(all, "all") == 0)
        sweep.stride = 1;
    const char *trace = getenv("FLYWHEEL_SWEEP_TRACE");
    traced = trace ? strtoull(trace, NULL, 0) : 0;
    sweep.random = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
    if (sweep.stride > 1)
        printf("every %ju-th of the failures, seed %ju\n", (uintmax_t)sweep.stride,
               (uintmax_t)sweep.random);
    dl_iterate_phdr(find_crypto, NULL);
    return sweep;
}

bool failing_next(struct failing_sweep *sweep)
{
    failing_off();
    sweep->has_failed = sweep->n == 0 || failing_hit();
    sweep->is_ended = !sweep->has_failed || !failing_works();
    wanted = UINT64_MAX;
    if (sweep->is_ended)
        return false;
    uint64_t step = 1;
    if (sweep->stride > 1) {
        sweep->random = sweep->random * 6364136223846793005u + 1442695040888963407u;
        step = 1 + (sweep->random >> 33) % (2 * sweep->stride - 1);
    }
    sweep->n += step;
    sweep->runs++;
    wanted = sweep->n;
    kinds = sweep->kinds;
    is_repeated = sweep->is_repeated;
    atomic_store(&seen, 0);
    return true;
}

/* --- memory --- */

#ifndef __SANITIZE_THREAD__

#ifdef __SANITIZE_ADDRESS__
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *memory, size_t size);
#define REAL(name) __interceptor_##name
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
#define REAL(name) __libc_##name
#endif

extern const char __executable_start[], etext[];

/* libcheck's own allocations, which end the process when they fail: an assertion makes some, also
 * one in a thread of the test. */
void *emalloc(size_t size);
void *erealloc(void *memory, size_t size);

static bool is_check(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    return at - (uintptr_t)emalloc < 64 || at - (uintptr_t)erealloc < 64;
}

static bool has_no_memory(const void *caller)
{
    if (((const char *)caller >= crypto.start && (const char *)caller < crypto.end) ||
        is_check(caller))
        return false;
    bool is_own = (const char *)caller >= __executable_start && (const char *)caller < etext;
    if (!fails(is_own ? FAILING_MEMORY | FAILING_LIBRARIES : FAILING_LIBRARIES))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return has_no_memory(__builtin_return_address(0)) ? NULL : REAL(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
    return has_no_memory(__builtin_return_address(0)) ? NULL : REAL(calloc)(count, size);
}

void *realloc(void *memory, size_t size)
{
    return has_no_memory(__builtin_return_address(0)) ? NULL : REAL(realloc)(memory, size);
}

static char *copy_of(const char *text, size_t size)
{
    char *copy = REAL(malloc)(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *strdup(const char *text)
{
    return has_no_memory(__builtin_return_address(0)) ? NULL : copy_of(text, strlen(text));
}

char *strndup(const char *text, size_t size)
{
    return has_no_memory(__builtin_return_address(0)) ? NULL : copy_of(text, strnlen(text, size));
}

/* --- files and sockets --- */

/* The next definition of that name behind this one. */
static void *next_of(const char *name)
{
    bool was_on = atomic_exchange(&is_on, false); /* the loader allocates */
    void *found = dlsym(RTLD_NEXT, name);
    atomic_store(&is_on, was_on);
    return found;
}

#define CALL(result, name, code, parameters, arguments)                                            \
    result name parameters                                                                         \
    {                                                                                              \
        static result(*real) parameters;                                                           \
        if (!real) {                                                                               \
            void *found = next_of(#name);                                                          \
            memcpy(&real, &found, sizeof real);                                                    \
        }                                                                                          \
        if (fails(FAILING_CALLS)) {                                                                \
            errno = (code);                                                                        \
            return -1;                                                                             \
        }                                                                                          \
        return real arguments;                                                                     \
    }

CALL(ssize_t, read, EIO, (int fd, void *to, size_t size), (fd, to, size))
CALL(ssize_t, write, ENOSPC, (int fd, const void *from, size_t size), (fd, from, size))
CALL(ssize_t, pread, EIO, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
CALL(ssize_t, pwrite, ENOSPC, (int fd, const void *from, size_t size, off_t at),
     (fd, from, size, at))
CALL(ssize_t, pwritev, ENOSPC, (int fd, const struct iovec *parts, int count, off_t at),
     (fd, parts, count, at))
CALL(ssize_t, writev, ENOSPC, (int fd, const struct iovec *parts, int count), (fd, parts, count))
CALL(int, fsync, EIO, (int fd), (fd))
CALL(int, fdatasync, EIO, (int fd), (fd))
CALL(int, ftruncate, EIO, (int fd, off_t size), (fd, size))
CALL(int, rename, EIO, (const char *from, const char *to), (from, to))
CALL(int, unlink, EIO, (const char *path), (path))
CALL(int, mkdir, EACCES, (const char *path, mode_t mode), (path, mode))
CALL(int, stat, EIO, (const char *path, struct stat *to), (path, to))
CALL(int, fstat, EIO, (int fd, struct stat *to), (fd, to))
CALL(int, flock, ENOLCK, (int fd, int operation), (fd, operation))
CALL(int, socket, EMFILE, (int domain, int type, int protocol), (domain, type, protocol))
CALL(int, bind, EADDRINUSE, (int fd, __CONST_SOCKADDR_ARG to, socklen_t size), (fd, to, size))
CALL(int, listen, EADDRINUSE, (int fd, int backlog), (fd, backlog))
CALL(int, accept4, EMFILE, (int fd, __SOCKADDR_ARG from, socklen_t *size, int flags),
     (fd, from, size, flags))
CALL(ssize_t, recv, ECONNRESET, (int fd, void *to, size_t size, int flags), (fd, to, size, flags))
CALL(ssize_t, send, EPIPE, (int fd, const void *from, size_t size, int flags),
     (fd, from, size, flags))

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    if (!real) {
        void *found = next_of("open");
        memcpy(&real, &found, sizeof real);
    }
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (fails(FAILING_CALLS)) {
        errno = EMFILE;
        return -1;
    }
    return real(path, flags, mode);
}

#endif
