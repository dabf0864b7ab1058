/* Fails the n-th call: allocations of the whole process (malloc, calloc, realloc, strdup, strndup),
 * and calls to the kernel on files and sockets (open, read, write, pread, pwrite, fsync, fdatasync,
 * rename, ftruncate, ...), those of the libraries we link included. A sweep runs a case with n = 1,
 * 2, 3, ... until a run has met no failure:
 *
 *   struct failing_sweep sweep = failing_sweep(FAILING_MEMORY, 1);
 *   while (failing_next(&sweep)) {
 *       set up
 *       failing_on(); what is tested; failing_off();
 *       check, clean up
 *   }
 *
 * Only calls between on and off count, of any thread. Left out are digests (without memory for one
 * the process stops, by design) and libcheck's own allocations. FLYWHEEL_SWEEP=all visits every n
 * even where a case strides; FLYWHEEL_SWEEP_TRACE=n prints where the n-th call was. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum failing_kind {
    FAILING_MEMORY = 1,    /* of our own code */
    FAILING_LIBRARIES = 2, /* memory of the libraries as well */
    FAILING_CALLS = 4,     /* the kernel's */
};

struct failing_sweep {
    unsigned kinds;
    uint64_t n, stride, runs, random;
    bool has_failed; /* did the run before meet its failure? */
    bool is_ended;
    bool is_repeated; /* the n-th and all later ones fail, as when memory is really gone */
};

/* `stride` 1 visits every n; larger: about every stride-th, from a printed seed. */
struct failing_sweep failing_sweep(unsigned kinds, uint64_t stride);
/* False when the run before has met no failure: the sweep is over. */
bool failing_next(struct failing_sweep *sweep);
/* Has the run under way met it? */
bool failing_hit(void);
void failing_on(void);
void failing_off(void);
/* Is the interposition part of this build? (Not under ThreadSanitizer.) */
bool failing_works(void);
