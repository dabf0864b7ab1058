/* The tree of an expression, private to this folder.
 *
 * Nodes lie in one array and point to each other by index: a parent to its first child, a child to
 * its next sibling. `and` and `or` have any number of children, none of their own kind, so a long
 * chain is flat and `height` alone bounds recursion. */
#pragma once
#include "processor/score/expression/expression.h"
#include "processor/rule.h"

enum node_kind {
    NODE_NUMBER,
    NODE_TEXT,
    NODE_BOOL,
    NODE_LIST,
    NODE_MEASURE,
    NODE_DIMENSION,
    NODE_ATTRIBUTE,
    NODE_COMPARE,
    NODE_NOT,
    NODE_AND,
    NODE_OR,
};

enum node_type { TYPE_NUMBER, TYPE_TEXT, TYPE_BOOL, TYPE_LIST, TYPE_DYNAMIC };
extern const char *const node_type_names[]; /* "a number", "a text", ... */

enum compare_operator {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL,
    COMPARE_IN,
    COMPARE_CONTAINS,
    COMPARE_MATCH,
    COMPARE_OPERATORS
};
extern const char *const compare_operator_names[COMPARE_OPERATORS];

enum { NO_NODE = UINT16_MAX };

struct node {
    enum node_kind kind;
    enum node_type type; /* of a list: TYPE_LIST; its elements share one type */
    enum compare_operator compare;
    uint16_t first_child, next_sibling, height;
    uint32_t dimension; /* index in the names */
    double number;
    bool boolean;
    struct bytes text; /* a text, an attribute key, a name; in the pool */
    struct measure measure;
    struct regex *regex; /* on the comparison */
};

struct expression {
    uint8_t *pool; /* names and unescaped texts; never longer than the source */
    struct node *nodes;
    uint16_t node_count, root;
};

static inline bool node_is_condition(const struct node *node)
{
    return node->kind >= NODE_COMPARE;
}

/* The tokens of a text. */
enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_COMPARE, /* and `in`, `contains` */
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_LIST_OPEN,
    TOKEN_LIST_CLOSE,
    TOKEN_COMMA,
    TOKEN_WRONG, /* `problem` says why */
};

struct token {
    enum token_kind kind;
    size_t start, end; /* bytes of the source */
    enum compare_operator compare;
    double number;
    struct bytes text; /* of a name: as written; of a text: unescaped, in the pool */
    const char *problem;
};

/* The token at `at`. Unescaped texts are appended to `*pool_end`, which the caller has as much room
 * behind as the source is long. */
struct token token_read(struct bytes source, size_t at, uint8_t **pool_end);
