/* The kernel's list of maps says where LMDB has put its files. The handler reads slots that are
 * written once before they are shown, and calls only what a handler may call. */
#include "state/store/store_guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "processor/base/error.h"

enum {
    PATH_BYTES_MAX = 4096,
    SAID_BYTES_MAX = 512,
    /* Offsets in a page are 16 bits wide, so a damaged page at the end leads this far behind it. */
    BEHIND_BYTES = 192 << 10,
};

struct slot {
    _Atomic uintptr_t begin, end; /* 0: free, or being written */
    bool is_taken;
    uint32_t page_bytes; /* 0: pages are not said */
    char before[SAID_BYTES_MAX], after[SAID_BYTES_MAX];
};

static struct slot slots[STORE_GUARD_SLOTS];
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static struct sigaction bus_before, segv_before;

_Noreturn void store_guard_end(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(EXIT_STATE_IO); /* Nobody is left to be told. */
    _exit(EXIT_STATE_IO);
}

static char *append(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    *at = 0;
    return at;
}

static char *append_number(char *at, uintptr_t number)
{
    char text[24], *first = text + sizeof text - 1;
    *first = 0;
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    return append(at, first);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    for (struct slot *slot = slots; info->si_code > 0 && slot < slots + STORE_GUARD_SLOTS; slot++) {
        uintptr_t begin = atomic_load(&slot->begin), end = atomic_load(&slot->end);
        if (begin == 0 || address < begin || address >= end + BEHIND_BYTES)
            continue;
        char line[2 * SAID_BYTES_MAX + 64], *at = append(line, slot->before);
        if (slot->page_bytes > 0)
            at = append_number(append(at, ": page "), (address - begin) / slot->page_bytes);
        append(at, slot->after);
        store_guard_end(line);
    }
    sigaction(number, number == SIGBUS ? &bus_before : &segv_before, NULL);
    if (info->si_code <= 0) /* Somebody sent it; a fault comes again by itself. */
        raise(number);
}

static void install_handlers(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &bus_before);
    sigaction(SIGSEGV, &action, &segv_before);
}

static bool find_map(const char *path, uintptr_t *ret_begin, uintptr_t *ret_end)
{
    char *line = NULL, *real = realpath(path, NULL);
    size_t capacity = 0;
    ssize_t size;
    bool is_found = false;
    FILE *maps = real ? fopen("/proc/self/maps", "re") : NULL;
    while (maps && !is_found && (size = getline(&line, &capacity, maps)) > 0) {
        char *at = strchr(line, '/'), *rest;
        line[size - 1] = 0;
        *ret_begin = (uintptr_t)strtoull(line, &rest, 16);
        *ret_end = *rest == '-' ? (uintptr_t)strtoull(rest + 1, NULL, 16) : 0;
        is_found = at && *ret_end > *ret_begin && strcmp(at, real) == 0;
    }
    if (maps)
        fclose(maps);
    free(line);
    free(real);
    return is_found;
}

static void set(int *index, const char *directory, const char *name, uint32_t page_bytes)
{
    char path[PATH_BYTES_MAX];
    uintptr_t begin, end;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) >= sizeof path ||
        !find_map(path, &begin, &end))
        return;
    for (int i = 0; *index == 0 && i < STORE_GUARD_SLOTS; i++)
        if (!slots[i].is_taken)
            *index = i + 1;
    if (*index == 0)
        return;
    struct slot *slot = &slots[*index - 1];
    atomic_store(&slot->begin, 0);
    slot->is_taken = true;
    slot->page_bytes = page_bytes;
    snprintf(slot->before, sizeof slot->before, "flywheel: data directory %.400s: %s", directory,
             name);
    snprintf(slot->after, sizeof slot->after,
             " can't be read: the file was cut or damaged, or its disk fails; see `flywheel state "
             "check`\n");
    atomic_store(&slot->end, end);
    atomic_store(&slot->begin, begin);
}

void store_guard_set(struct store_guard *guard, const char *directory, uint32_t page_bytes)
{
    pthread_once(&handlers_once, install_handlers);
    pthread_mutex_lock(&slots_lock);
    set(&guard->data, directory, "data.mdb", page_bytes);
    set(&guard->lock, directory, "lock.mdb", 0);
    pthread_mutex_unlock(&slots_lock);
}

static void clear(int *index)
{
    if (*index == 0)
        return;
    atomic_store(&slots[*index - 1].begin, 0);
    slots[*index - 1].is_taken = false;
    *index = 0;
}

void store_guard_clear(struct store_guard *guard)
{
    pthread_mutex_lock(&slots_lock);
    clear(&guard->data);
    clear(&guard->lock);
    pthread_mutex_unlock(&slots_lock);
}
