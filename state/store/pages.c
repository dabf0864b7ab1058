/* Recursion goes as deep as a tree says it is, which is 32 at most; each level holds one page. */
#include "state/store/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/bytes.h"

/* As on disk, in the byte order of the machine. */
struct tree {
    uint32_t pad; /* of the free tree: the page size */
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};
struct meta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct tree free, main;
    uint64_t last_page, txn_id;
};
struct head {
    uint64_t number;
    uint16_t pad, flags;
    uint16_t lower, upper; /* of an overflow page: one number, its pages */
};
struct node {
    uint32_t size; /* of the value; in a branch the lower part of a page number */
    uint16_t flags, key_size;
};
static_assert(sizeof(struct tree) == 48 && sizeof(struct meta) == 136, "the layout of LMDB 0.9");
static_assert(sizeof(struct head) == 16 && sizeof(struct node) == 8, "the layout of LMDB 0.9");

enum {
    MAGIC_VERSION = 1,
    METAS = 2,
    META_TRIES = 20,
    DEPTH_MAX = 32,
    PAGE_BYTES_MIN = 512,
    PAGE_BYTES_MAX = 65536,
    BRANCH = 1,
    LEAF = 2,
    OVERFLOW = 4,
    META = 8,
    INTEGER_KEYS = 8, /* the flags of the free tree, which are those of the environment */
    NODE_IS_LARGE = 1,
    NODE_IS_TABLE = 2,
};
static const uint32_t MAGIC = 0xBEEFC0DE;
static const uint64_t NO_PAGE = UINT64_MAX;

struct walk {
    int fd, write_error; /* of wiping, as errno */
    bool no_memory, wipes;
    uint8_t *seen; /* a bit a page */
    struct pages_report *report;
};

/* A tree, and what was found of it. */
struct visit {
    struct walk *walk;
    const struct tree *tree;
    struct bytes name;
    bool is_free_list, holds_tables;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries;
};

static void find(struct pages_report *report, struct bytes name, uint64_t page, const char *what)
{
    if (report->bad++ >= PAGES_FINDINGS_MAX)
        return;
    struct pages_finding *finding = &report->findings[report->bad - 1];
    *finding = (struct pages_finding){.page = page, .what = what};
    for (size_t i = 0; i < name.size && i + 1 < sizeof finding->tree; i++)
        finding->tree[i] = name.data[i] > ' ' && name.data[i] < 127 ? (char)name.data[i] : '?';
}

static void find_in(struct visit *visit, uint64_t page, const char *what)
{
    find(visit->walk->report, visit->name, page, what);
}

/* Bytes that are there; -1: the disk fails. */
static int64_t read_at(int fd, void *to, size_t size, uint64_t at)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, (uint8_t *)to + done, size - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

/* --- metas --- */

static bool is_page_size(uint32_t size)
{
    return size >= PAGE_BYTES_MIN && size <= PAGE_BYTES_MAX && (size & (size - 1)) == 0;
}

static bool read_meta(struct pages_report *report, int fd, uint64_t number, struct meta *ret_meta)
{
    struct {
        struct head head;
        struct meta meta;
    } page;
    int64_t size = read_at(fd, &page, sizeof page, number * report->page_bytes);
    *ret_meta = (struct meta){0};
    if (size < 0)
        find(report, (struct bytes){0}, number, "can't be read");
    else if (size < (int64_t)sizeof page)
        find(report, (struct bytes){0}, number, "is not in the file");
    else if (page.head.number != number || !(page.head.flags & META) || page.meta.magic != MAGIC ||
             page.meta.version != MAGIC_VERSION || page.meta.free.flags != INTEGER_KEYS ||
             !is_page_size(page.meta.free.pad))
        find(report, (struct bytes){0}, number, "is no meta page of LMDB 0.9");
    else
        *ret_meta = page.meta;
    return ret_meta->magic == MAGIC;
}

/* Each commit writes the meta of its parity: of two that are whole one is a single commit older. */
static bool are_neighbors(const struct meta metas[METAS])
{
    uint64_t even = metas[0].txn_id, odd = metas[1].txn_id;
    return (even == 0 && odd == 0) ||
           (even % 2 == 0 && odd % 2 == 1 && (even + 1 == odd || odd + 1 == even));
}

static enum status read_metas_once(int fd, struct pages_report *report, struct meta metas[METAS])
{
    struct stat file;
    *report = (struct pages_report){.page_bytes = PAGE_BYTES_MIN};
    if (fstat(fd, &file) != 0) {
        find(report, (struct bytes){0}, 0, "can't be read");
        return STATUS_MALFORMED;
    }
    report->file_bytes = (uint64_t)file.st_size;
    if (!read_meta(report, fd, 0, &metas[0]))
        return STATUS_MALFORMED;
    report->page_bytes = metas[0].free.pad;
    if (!read_meta(report, fd, 1, &metas[1]))
        return STATUS_MALFORMED;
    const struct meta *newest = &metas[metas[1].txn_id > metas[0].txn_id];
    report->txn_id = newest->txn_id;
    report->last_page = newest->last_page;
    if (metas[1].free.pad != metas[0].free.pad)
        find(report, (struct bytes){0}, 1, "has another page size");
    else if (report->file_bytes < METAS * report->page_bytes)
        find(report, (struct bytes){0}, 1, "is not in the file");
    else if (!are_neighbors(metas))
        find(report, (struct bytes){0}, newest == &metas[1],
             "is not of the transaction before or after the other");
    else if (newest->last_page < 1 || newest->last_page > INT64_MAX / report->page_bytes)
        find(report, (struct bytes){0}, newest == &metas[1], "has an impossible last page");
    return report->bad > 0 ? STATUS_MALFORMED : STATUS_OK;
}

/* A commit of another process may come between the two: then they are neighbors the next time. */
static enum status read_metas(int fd, struct pages_report *report, struct meta metas[METAS])
{
    enum status status = STATUS_MALFORMED;
    for (int i = 0; status != STATUS_OK && i < META_TRIES; i++)
        status = read_metas_once(fd, report, metas);
    return status;
}

enum status pages_read_metas(int fd, struct pages_report *ret_report)
{
    struct meta metas[METAS];
    return read_metas(fd, ret_report, metas);
}

bool pages_is_blank(int fd)
{
    static const uint8_t zeros[sizeof(struct head) + sizeof(struct meta)];
    struct pages_report report = {.page_bytes = (uint32_t)sysconf(_SC_PAGESIZE)};
    struct meta meta;
    struct stat file;
    uint8_t start[sizeof zeros];
    if (fstat(fd, &file) != 0 || file.st_size % report.page_bytes != 0)
        return false;
    uint64_t pages = (uint64_t)file.st_size / report.page_bytes;
    for (uint64_t i = 0; i < pages && pages <= METAS; i++) {
        if (read_at(fd, start, sizeof start, i * report.page_bytes) != (int64_t)sizeof start)
            return false;
        if (memcmp(start, zeros, sizeof zeros) != 0 &&
            (!read_meta(&report, fd, i, &meta) || meta.txn_id != 0))
            return false;
    }
    return pages <= METAS;
}

/* --- pages --- */

/* Nobody else has it. */
static bool claim(struct visit *visit, uint64_t number)
{
    struct walk *walk = visit->walk;
    if (number < METAS || number > walk->report->last_page) {
        find_in(visit, number, "is outside of what was written");
        return false;
    }
    uint8_t bit = (uint8_t)(1u << number % 8);
    if (walk->seen[number / 8] & bit) {
        find_in(visit, number, "has two owners");
        return false;
    }
    walk->seen[number / 8] |= bit;
    return true;
}

static bool read_pages(struct visit *visit, uint64_t number, uint64_t count, uint8_t *to)
{
    uint64_t page_bytes = visit->walk->report->page_bytes;
    int64_t size = read_at(visit->walk->fd, to, count * page_bytes, number * page_bytes);
    if (size != (int64_t)(count * page_bytes))
        find_in(visit, number, size < 0 ? "can't be read" : "is not in the file");
    return size == (int64_t)(count * page_bytes);
}

static void wipe(struct walk *walk, uint64_t at, uint64_t size)
{
    static const uint8_t zeros[PAGE_BYTES_MAX];
    for (size_t part; walk->wipes && size > 0; at += part, size -= part) {
        part = size < sizeof zeros ? size : sizeof zeros;
        if (pwrite(walk->fd, zeros, part, (off_t)at) != (ssize_t)part)
            walk->write_error = errno ? errno : EIO;
    }
}

/* Its pages may be more than it needs: a value that is put again in one transaction keeps them. */
static bool check_large(struct visit *visit, uint64_t number, uint32_t size, uint8_t **ret_pages)
{
    struct pages_report *report = visit->walk->report;
    struct head head;
    uint32_t count;
    if (!claim(visit, number))
        return false;
    int64_t got = read_at(visit->walk->fd, &head, sizeof head, number * report->page_bytes);
    memcpy(&count, &head.lower, sizeof count);
    if (got != (int64_t)sizeof head)
        find_in(visit, number, got < 0 ? "can't be read" : "is not in the file");
    else if (head.number != number)
        find_in(visit, number, "holds another page");
    else if (head.flags != OVERFLOW || count == 0 || count > report->last_page ||
             (uint64_t)count * report->page_bytes < sizeof head + (uint64_t)size)
        find_in(visit, number, "is not the large value that it should be");
    else if (report->file_bytes < (number + count) * report->page_bytes)
        find_in(visit, number + count - 1, "is not in the file");
    else {
        visit->overflow_pages += count;
        wipe(visit->walk, number * report->page_bytes + sizeof head + size,
             (uint64_t)count * report->page_bytes - sizeof head - size);
        for (uint32_t i = 1; i < count; i++)
            if (!claim(visit, number + i))
                return false;
        if (!ret_pages)
            return true;
        *ret_pages = malloc((size_t)count * report->page_bytes);
        visit->walk->no_memory |= !*ret_pages;
        return *ret_pages && read_pages(visit, number, count, *ret_pages);
    }
    return false;
}

static void check_free_list(struct visit *visit, uint64_t page, struct bytes value)
{
    uint64_t count = 0, number, before = UINT64_MAX;
    if (value.size >= sizeof count)
        memcpy(&count, value.data, sizeof count);
    if (value.size < sizeof count || count > value.size / sizeof count - 1) {
        find_in(visit, page, "holds a list of free pages that is cut");
        return;
    }
    for (uint64_t i = 1; i <= count; i++) {
        memcpy(&number, value.data + i * sizeof number, sizeof number);
        if (number >= before || !claim(visit, number)) {
            if (number >= before)
                find_in(visit, page, "holds a list of free pages out of order");
            return;
        }
        before = number;
        visit->walk->report->free++;
    }
}

static void check_tree(struct walk *walk, struct bytes name, const struct tree *tree,
                       bool is_free_list, bool holds_tables);

static void check_value(struct visit *visit, uint64_t page, const struct node *node,
                        struct bytes key, const uint8_t *value)
{
    struct tree tree;
    uint8_t *large = NULL;
    uint64_t number;
    bool is_table = (node->flags & NODE_IS_TABLE) != 0, is_large = (node->flags & NODE_IS_LARGE);
    visit->entries++;
    if (is_table != visit->holds_tables || (node->flags & ~(NODE_IS_TABLE | NODE_IS_LARGE)) ||
        (is_table && (is_large || node->size != sizeof tree))) {
        find_in(visit, page, "holds a node of another kind");
    } else if (is_table) {
        memcpy(&tree, value, sizeof tree);
        visit->walk->report->tables++;
        check_tree(visit->walk, key, &tree, false, false);
    } else if (is_large) {
        memcpy(&number, value, sizeof number);
        if (check_large(visit, number, node->size, visit->is_free_list ? &large : NULL) && large)
            check_free_list(visit, number, bytes_of(large + sizeof(struct head), node->size));
        free(large);
    } else if (visit->is_free_list) {
        check_free_list(visit, page, bytes_of(value, node->size));
    }
}

static int compare(const struct visit *visit, struct bytes a, struct bytes b)
{
    uint64_t x, y;
    if (!visit->is_free_list || a.size != sizeof x || b.size != sizeof y)
        return bytes_compare(a, b);
    memcpy(&x, a.data, sizeof x);
    memcpy(&y, b.data, sizeof y);
    return x < y ? -1 : x > y;
}

struct sorted_page {
    const uint8_t *data;
    uint64_t number;
    struct head head;
    size_t count; /* nodes */
    bool is_leaf;
};

/* The node, its key and the bytes behind that; false when it leaves the page. */
static bool node_at(const struct visit *visit, const struct sorted_page *page, size_t index,
                    struct node *ret_node, struct bytes *ret_key, size_t *ret_size)
{
    uint16_t at;
    size_t page_bytes = visit->walk->report->page_bytes;
    memcpy(&at, page->data + sizeof page->head + index * sizeof at, sizeof at);
    if (at % 2 != 0 || at < page->head.upper || at + sizeof *ret_node > page_bytes)
        return false;
    memcpy(ret_node, page->data + at, sizeof *ret_node);
    size_t value = !page->is_leaf                    ? 0
                   : ret_node->flags & NODE_IS_LARGE ? sizeof(uint64_t)
                                                     : ret_node->size;
    *ret_size = sizeof *ret_node + ret_node->key_size + value;
    *ret_size += *ret_size % 2;
    *ret_key = bytes_of(page->data + at + sizeof *ret_node, ret_node->key_size);
    return *ret_size <= page_bytes - at;
}

static bool check_head(struct visit *visit, struct sorted_page *page, unsigned level)
{
    size_t page_bytes = visit->walk->report->page_bytes;
    const struct head *head = &page->head;
    memcpy(&page->head, page->data, sizeof page->head);
    page->is_leaf = level == visit->tree->depth;
    page->count = head->lower < sizeof *head ? 0 : (head->lower - sizeof *head) / 2;
    if (head->number != page->number)
        find_in(visit, page->number, "holds another page");
    else if (head->flags != (page->is_leaf ? LEAF : BRANCH))
        find_in(visit, page->number, "is of another kind");
    else if (page->count == 0 || head->lower % 2 != 0 || head->lower > head->upper ||
             head->upper > page_bytes)
        find_in(visit, page->number, "has an impossible head");
    else
        return true;
    return false;
}

static void check_page(struct visit *visit, uint64_t number, unsigned level, struct bytes low,
                       struct bytes high);

/* Nodes in order, side by side without a gap, and what they hold. `low` <= every key < `high`. */
static void check_nodes(struct visit *visit, const struct sorted_page *page, unsigned level,
                        struct bytes low, struct bytes high)
{
    struct bytes key, next_key = high, before = low;
    struct node node, next;
    size_t size, sum = 0, page_bytes = visit->walk->report->page_bytes;
    for (size_t i = 0; i < page->count; i++) {
        if (!node_at(visit, page, i, &node, &key, &size)) {
            find_in(visit, page->number, "has a node that leaves it");
            return;
        }
        bool has_key = page->is_leaf || i > 0; /* The first of a branch begins where it does. */
        int order = has_key && before.data ? compare(visit, before, key) : -1;
        bool is_first = before.data == low.data;
        if (order > 0 || (order == 0 && !(is_first && page->is_leaf)) ||
            (has_key && high.data && compare(visit, key, high) >= 0)) {
            find_in(visit, page->number, "has keys that are not of its place");
            return;
        }
        sum += size;
        if (page->is_leaf) {
            check_value(visit, page->number, &node, key, key.data + key.size);
        } else {
            next_key = high;
            if (i + 1 < page->count && !node_at(visit, page, i + 1, &next, &next_key, &size))
                next_key = high;
            check_page(visit, node.size | (uint64_t)node.flags << 32, level + 1,
                       has_key ? key : low, next_key);
        }
        before = has_key ? key : before;
    }
    if (sum != page_bytes - page->head.upper)
        find_in(visit, page->number, "has nodes that do not fill it");
}

static void check_page(struct visit *visit, uint64_t number, unsigned level, struct bytes low,
                       struct bytes high)
{
    struct sorted_page page = {.number = number};
    if (visit->walk->no_memory || !claim(visit, number))
        return;
    uint8_t *data = malloc(visit->walk->report->page_bytes);
    page.data = data;
    visit->walk->no_memory |= !data;
    if (data && read_pages(visit, number, 1, data) && check_head(visit, &page, level)) {
        visit->leaf_pages += page.is_leaf;
        visit->branch_pages += !page.is_leaf;
        wipe(visit->walk, number * visit->walk->report->page_bytes + page.head.lower,
             (uint64_t)page.head.upper - page.head.lower);
        check_nodes(visit, &page, level, low, high);
    }
    free(data);
}

static void check_tree(struct walk *walk, struct bytes name, const struct tree *tree,
                       bool is_free_list, bool holds_tables)
{
    struct visit visit = {.walk = walk, .tree = tree, .name = name};
    visit.is_free_list = is_free_list;
    visit.holds_tables = holds_tables;
    uint64_t bad = walk->report->bad;
    bool is_empty = tree->root == NO_PAGE;
    if (is_empty != (tree->depth == 0) || tree->depth > DEPTH_MAX ||
        (!is_free_list && tree->flags != 0)) {
        find_in(&visit, is_empty ? 0 : tree->root, "is the root of a tree that can't be");
        return;
    }
    if (!is_empty)
        check_page(&visit, tree->root, 1, (struct bytes){0}, (struct bytes){0});
    walk->report->used += visit.branch_pages + visit.leaf_pages + visit.overflow_pages;
    if (walk->report->bad == bad && !walk->no_memory &&
        (visit.branch_pages != tree->branch_pages || visit.leaf_pages != tree->leaf_pages ||
         visit.overflow_pages != tree->overflow_pages || visit.entries != tree->entries))
        find_in(&visit, is_empty ? 0 : tree->root, "is the root of a tree with other counts");
}

static enum status walk_all(struct walk *walk, uint64_t txn_id)
{
    struct meta metas[METAS];
    struct pages_report *report = walk->report;
    if (read_metas(walk->fd, report, metas) != STATUS_OK)
        return STATUS_MALFORMED;
    const struct meta *meta = &metas[metas[1].txn_id > metas[0].txn_id];
    if (txn_id != PAGES_NEWEST) {
        meta = &metas[txn_id % 2];
        if (meta->txn_id != txn_id)
            return STATUS_NOT_FOUND;
        report->txn_id = txn_id;
        report->last_page = meta->last_page;
    }
    /* More pages than the file holds and as many again were not written by anybody. */
    if (meta->last_page / 2 > report->file_bytes / report->page_bytes + (1u << 20)) {
        find(report, (struct bytes){0}, meta->last_page, "is not in the file");
        return STATUS_MALFORMED;
    }
    walk->seen = calloc(1, meta->last_page / 8 + 1);
    if (!walk->seen)
        return STATUS_BUSY;
    check_tree(walk, (struct bytes){0}, &meta->main, false, true);
    check_tree(walk, (struct bytes){0}, &meta->free, true, false);
    free(walk->seen);
    return walk->no_memory ? STATUS_BUSY : report->bad > 0 ? STATUS_MALFORMED : STATUS_OK;
}

enum status pages_check(int fd, uint64_t txn_id, struct pages_report *ret_report)
{
    return walk_all(&(struct walk){.fd = fd, .report = ret_report}, txn_id);
}

int pages_wipe(int fd)
{
    struct pages_report report;
    struct walk walk = {.fd = fd, .wipes = true, .report = &report};
    return walk_all(&walk, PAGES_NEWEST) == STATUS_OK ? walk.write_error : EIO;
}
