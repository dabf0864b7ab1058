/* YAML as a located tree: what a pipeline file says and where it says it. The tree is plain: no
 * anchors, aliases, tags or repeated keys, one document, at most TREE_DEPTH_MAX levels. */
#pragma once
#include "pipelines/config/findings.h"
#include "processor/base/arena.h"
#include "processor/base/error.h"

enum {
    TREE_DEPTH_MAX = 16,
    TREE_NODES_MAX = 100000,
    TREE_MAP_KEYS_MAX = 1024,
    TREE_FILE_BYTES_MAX = 1024 * 1024,
};

enum config_node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct config_node {
    enum config_node_kind kind;
    bool is_plain;         /* a scalar without quotes */
    bool is_broken;        /* it, or something in it, could not be read; that was told */
    uint32_t line, column; /* both from 1 */
    struct bytes text;     /* of a scalar, substituted, NUL-terminated */
    struct bytes key;      /* as an entry of a map; no NUL follows */
    uint32_t key_line, key_column;
    struct config_node *first, *last, *next; /* children, and the next sibling */
    uint32_t child_count;
};

/* Everything is allocated in `arena`; an empty document is an empty map. Behind a repeated key and a
 * text that can't be substituted it goes on. NULL with `ret_error`. */
struct config_node *config_tree_read(const char *name, struct bytes text, struct arena *arena,
                                     struct config_findings *findings, struct error *ret_error);
/* The value of `key` in a map; NULL when it is not there, or `map` is no map. */
const struct config_node *config_tree_find(const struct config_node *map, const char *key);
/* An empty plain scalar, `~` or `null`: a key without a value. */
bool config_tree_is_null(const struct config_node *node);
