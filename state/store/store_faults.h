/* Faults on demand, for tests: a store with faults set fails its n-th write operation or its
 * commit, or calls out just before and just after a commit (where a test may kill the process). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct store;

struct store_faults {
    int64_t writes_until_failure; /* 1: the next put or delete fails; 0 or less: none does */
    int write_error;              /* an errno or LMDB code: ENOSPC, EIO, ... */
    int commit_error;             /* not 0: the next commit fails so, once */
    bool has_disk_free;           /* the disk is said to have so many bytes left */
    uint64_t disk_free;
    void (*before_commit)(void *context);
    void (*after_commit)(void *context); /* durable, but nobody has been told */
    void *context;
};

/* Borrowed until the store is closed or other faults are set; NULL: none. */
void store_set_faults(struct store *store, struct store_faults *faults);
/* Bytes that the disk of the store has left for its user; what faults say goes before. */
uint64_t store_disk_free(const struct store *store);
