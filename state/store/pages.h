/* The file of an LMDB 0.9 environment as pages, read without LMDB, which trusts what it maps: a cut
 * file ends it by a signal, a changed page by whatever follows from it. Here each page is read with
 * pread and believed only when it says where it stands. This is the one place that knows
 *   page 0, 1   metas: page size, the roots of two trees, the last page, a transaction id; the newer
 *               one counts
 *   a page      number, flags, its two ends of free space | offsets of nodes ... | nodes
 *   free tree   transaction id -> count and numbers of the pages that it freed
 *   main tree   name of a table -> the root of its tree, its depth and counts
 *   large value pages of their own, behind one header
 * A whole file may end before the last page: pages that were freed in the transaction that took
 * them are never written. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/status.h"

enum { PAGES_FINDINGS_MAX = 8, PAGES_NAME_BYTES_MAX = 24 };

struct pages_finding {
    uint64_t page;
    const char *what;                /* goes on from "page 12 of table journal ..." */
    char tree[PAGES_NAME_BYTES_MAX]; /* a table, or "" */
};

struct pages_report {
    uint32_t page_bytes;
    uint64_t file_bytes, last_page, txn_id;
    uint64_t used, free; /* pages of trees, pages of the free list */
    uint64_t tables;     /* named trees */
    uint64_t bad;        /* findings, more than are kept */
    struct pages_finding findings[PAGES_FINDINGS_MAX];
};

/* The metas alone, also while their owner writes. MALFORMED: `ret_report` says why. */
MUST_CHECK enum status pages_read_metas(int fd, struct pages_report *ret_report);

/* Every page of every tree: in its place, of its kind, whole, once, its keys in order, its table's
 * counts right. Of the snapshot `txn_id`, which nobody may write over meanwhile; PAGES_NEWEST when
 * nobody writes. MALFORMED: findings; NOT_FOUND: the snapshot is gone; BUSY: no memory. */
#define PAGES_NEWEST UINT64_MAX
MUST_CHECK enum status pages_check(int fd, uint64_t txn_id, struct pages_report *ret_report);

/* Zeros where pages hold neither node nor value: LMDB leaves there what it deleted, or what another page
 * held, and copies it along. Of a file that nobody has open. 0, or an errno. */
MUST_CHECK int pages_wipe(int fd);

/* Was nothing ever committed: pages of zeros, or metas of no transaction? So a power cut leaves a
 * file that was just made. */
bool pages_is_blank(int fd);
