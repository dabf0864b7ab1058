/* From text to a checked tree, by recursive descent with one token in hand. Whatever is wrong is
 * said once, with the column and what would have been right. Depth is counted where the text nests,
 * at `(` and `not`, and again as the height of the tree, so neither parsing nor evaluating can
 * recurse further than EXPRESSION_DEPTH_MAX. */
#include "processor/score/expression/expression.h"
#include "processor/score/expression/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/nearest.h"
#include "processor/base/text/utf8.h"
#include "processor/score/measurements.h"

const char *const node_type_names[] = {
    [TYPE_NUMBER] = "a number", [TYPE_TEXT] = "a text",          [TYPE_BOOL] = "true or false",
    [TYPE_LIST] = "a list",     [TYPE_DYNAMIC] = "an attribute",
};

struct parser {
    struct bytes source;
    const struct expression_names *names;
    struct expression *expression;
    struct error *error;
    struct token token;
    uint8_t *pool_end;
    uint32_t depth;
    bool failed;
};

static uint16_t parse_condition(struct parser *parser);

static uint32_t column_of(const struct parser *parser, size_t at)
{
    return (uint32_t)utf8_length(bytes_of(parser->source.data, at)) + 1;
}

/* What stands at a place, short enough for a sentence. */
static struct bytes shown(struct bytes text)
{
    return utf8_cut(text, 60);
}

static void fail_at(struct parser *parser, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);

static void fail_at(struct parser *parser, size_t at, const char *format, ...)
{
    if (parser->failed)
        return;
    char text[sizeof parser->error->text - 64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_set(parser->error, EXIT_CONFIG, "column %u: %s", column_of(parser, at), text);
    parser->failed = true;
}

static void expected(struct parser *parser, const char *what)
{
    struct token token = parser->token;
    if (token.kind == TOKEN_WRONG)
        fail_at(parser, token.start, "%s", token.problem);
    else if (token.kind == TOKEN_END)
        fail_at(parser, token.start, "expected %s, found the end", what);
    else {
        struct bytes found =
            shown(bytes_of(parser->source.data + token.start, token.end - token.start));
        fail_at(parser, token.start, "expected %s, found `%.*s`", what, (int)found.size,
                (const char *)found.data);
    }
}

static void advance(struct parser *parser)
{
    parser->token = token_read(parser->source, parser->token.end, &parser->pool_end);
}

static struct node *node_at(struct parser *parser, uint16_t index)
{
    return &parser->expression->nodes[index];
}

static uint16_t add_node(struct parser *parser, enum node_kind kind, enum node_type type)
{
    if (parser->failed)
        return NO_NODE;
    struct expression *expression = parser->expression;
    if (expression->node_count == EXPRESSION_NODES_MAX) {
        fail_at(parser, parser->token.start, "the expression has more than %d parts",
                EXPRESSION_NODES_MAX);
        return NO_NODE;
    }
    expression->nodes[expression->node_count] = (struct node){
        .kind = kind, .type = type, .first_child = NO_NODE, .next_sibling = NO_NODE, .height = 1};
    return expression->node_count++;
}

/* Hangs `child` behind `*last` (the children so far) of `parent`. */
static void add_child(struct parser *parser, uint16_t parent, uint16_t *last, uint16_t child)
{
    if (parser->failed)
        return;
    struct node *node = node_at(parser, parent);
    if (*last == NO_NODE)
        node->first_child = child;
    else
        node_at(parser, *last)->next_sibling = child;
    *last = child;
    uint16_t height = (uint16_t)(node_at(parser, child)->height + 1);
    if (height > node->height)
        node->height = height;
    if (node->height > EXPRESSION_DEPTH_MAX)
        fail_at(parser, parser->token.start, "the expression nests deeper than %d",
                EXPRESSION_DEPTH_MAX);
}

static struct bytes keep(struct parser *parser, struct bytes text)
{
    struct bytes kept = bytes_of(parser->pool_end, text.size);
    memcpy(parser->pool_end, text.data, text.size);
    parser->pool_end += text.size;
    return kept;
}

static uint16_t parse_literal(struct parser *parser)
{
    struct token token = parser->token;
    uint16_t index = NO_NODE;
    if (token.kind == TOKEN_NUMBER)
        index = add_node(parser, NODE_NUMBER, TYPE_NUMBER);
    else if (token.kind == TOKEN_TEXT)
        index = add_node(parser, NODE_TEXT, TYPE_TEXT);
    else if (token.kind == TOKEN_TRUE || token.kind == TOKEN_FALSE)
        index = add_node(parser, NODE_BOOL, TYPE_BOOL);
    else
        expected(parser, "a number, a text, true or false");
    if (index == NO_NODE)
        return NO_NODE;
    struct node *node = node_at(parser, index);
    node->number = token.number;
    node->text = token.text;
    node->boolean = token.kind == TOKEN_TRUE;
    advance(parser);
    return index;
}

static uint16_t parse_list(struct parser *parser)
{
    uint16_t list = add_node(parser, NODE_LIST, TYPE_LIST), last = NO_NODE;
    do {
        advance(parser);
        size_t start = parser->token.start;
        uint16_t element = parse_literal(parser);
        if (parser->failed)
            return NO_NODE;
        enum node_type first = last == NO_NODE
                                   ? node_at(parser, element)->type
                                   : node_at(parser, node_at(parser, list)->first_child)->type;
        if (node_at(parser, element)->type != first)
            fail_at(parser, start, "the elements of a list have one type: expected %s",
                    node_type_names[first]);
        add_child(parser, list, &last, element);
    } while (!parser->failed && parser->token.kind == TOKEN_COMMA);
    if (!parser->failed && parser->token.kind != TOKEN_LIST_CLOSE)
        expected(parser, "`,` or `]`");
    advance(parser);
    return list;
}

static uint16_t parse_attribute(struct parser *parser)
{
    uint16_t index = add_node(parser, NODE_ATTRIBUTE, TYPE_DYNAMIC);
    advance(parser);
    if (parser->token.kind != TOKEN_LIST_OPEN)
        expected(parser, "`[\"key\"]` after attributes");
    advance(parser);
    if (!parser->failed && parser->token.kind != TOKEN_TEXT)
        expected(parser, "the key of an attribute in quotes");
    if (!parser->failed)
        node_at(parser, index)->text = parser->token.text;
    advance(parser);
    if (!parser->failed && parser->token.kind != TOKEN_LIST_CLOSE)
        expected(parser, "`]`");
    advance(parser);
    return index;
}

static void unknown_name(struct parser *parser, size_t at, struct bytes name, const char *near)
{
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < parser->names->dimension_count; i++)
        nearest_offer(&nearest, parser->names->dimensions[i]);
    nearest_offer(&nearest, BYTES_LITERAL("attributes"));
    if (near)
        nearest_offer(&nearest, bytes_of_text(near));
    struct bytes name_shown = shown(name);
    if (nearest.name.data)
        fail_at(parser, at, "expected a measurement or a dimension, found `%.*s`; nearest: `%.*s`",
                (int)name_shown.size, (const char *)name_shown.data, (int)nearest.name.size,
                (const char *)nearest.name.data);
    else
        fail_at(parser, at, "expected a measurement or a dimension, found `%.*s`",
                (int)name_shown.size, (const char *)name_shown.data);
}

static uint16_t parse_name(struct parser *parser)
{
    struct token token = parser->token;
    if (bytes_equal_text(token.text, "attributes"))
        return parse_attribute(parser);
    struct bytes name = keep(parser, token.text);
    struct measure measure;
    const char *near = NULL;
    advance(parser);
    if (measurements_resolve(name, &measure, &near)) {
        bool is_text = measure.measurement ? measure.measurement->is_text : measure.is_label;
        uint16_t index = add_node(parser, NODE_MEASURE, is_text ? TYPE_TEXT : TYPE_NUMBER);
        if (index == NO_NODE)
            return NO_NODE;
        node_at(parser, index)->text = name;
        node_at(parser, index)->measure = measure;
        return index;
    }
    for (uint32_t i = 0; i < parser->names->dimension_count; i++) {
        if (!bytes_equal(name, parser->names->dimensions[i]))
            continue;
        uint16_t index = add_node(parser, NODE_DIMENSION, TYPE_TEXT);
        if (index == NO_NODE)
            return NO_NODE;
        node_at(parser, index)->text = name;
        node_at(parser, index)->dimension = i;
        return index;
    }
    unknown_name(parser, token.start, name, near);
    return NO_NODE;
}

static uint16_t parse_operand(struct parser *parser)
{
    switch (parser->token.kind) {
    case TOKEN_NAME:
        return parse_name(parser);
    case TOKEN_LIST_OPEN:
        return parse_list(parser);
    case TOKEN_NUMBER:
    case TOKEN_TEXT:
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        return parse_literal(parser);
    case TOKEN_OPEN: {
        if (++parser->depth > EXPRESSION_DEPTH_MAX) {
            fail_at(parser, parser->token.start, "the expression nests deeper than %d",
                    EXPRESSION_DEPTH_MAX);
            return NO_NODE;
        }
        advance(parser);
        uint16_t inner = parse_condition(parser);
        if (!parser->failed && parser->token.kind != TOKEN_CLOSE)
            expected(parser, "and, or, an operator or `)`");
        advance(parser);
        parser->depth--;
        return inner;
    }
    case TOKEN_END:
    case TOKEN_COMPARE:
    case TOKEN_AND:
    case TOKEN_OR:
    case TOKEN_NOT:
    case TOKEN_CLOSE:
    case TOKEN_LIST_CLOSE:
    case TOKEN_COMMA:
    case TOKEN_WRONG:
    default:
        expected(parser, "a measurement, a dimension, an attribute or a value");
        return NO_NODE;
    }
}

/* What the right side must be, or NULL when the two fit. An attribute fits wherever some type of
 * it would. */
static const char *misfit(enum compare_operator compare, const struct node *left,
                          const struct node *right, enum node_type element)
{
    bool left_dynamic = left->type == TYPE_DYNAMIC, right_dynamic = right->type == TYPE_DYNAMIC;
    switch (compare) {
    case COMPARE_EQUAL:
    case COMPARE_NOT_EQUAL:
        if (left->type == TYPE_LIST || right->type == TYPE_LIST)
            return "`in` or `contains` to compare with a list";
        if (!left_dynamic && !right_dynamic && left->type != right->type)
            return node_type_names[left->type];
        return NULL;
    case COMPARE_LESS:
    case COMPARE_LESS_EQUAL:
    case COMPARE_GREATER:
    case COMPARE_GREATER_EQUAL:
        if ((!left_dynamic && left->type != TYPE_NUMBER) ||
            (!right_dynamic && right->type != TYPE_NUMBER))
            return "numbers on both sides of < <= > >=";
        return NULL;
    case COMPARE_IN:
        if (right_dynamic)
            return left->type == TYPE_LIST ? "a single value before `in`" : NULL;
        if (right->type != TYPE_LIST || left->type == TYPE_LIST)
            return "a value before `in` and a [list] after it";
        return left_dynamic || left->type == element ? NULL : node_type_names[left->type];
    case COMPARE_CONTAINS:
        if (right->type == TYPE_LIST)
            return "a single value after `contains`";
        if (left_dynamic)
            return NULL;
        if (left->type == TYPE_LIST)
            return right_dynamic || right->type == element ? NULL : node_type_names[element];
        if (left->type != TYPE_TEXT)
            return "a text, a list or an attribute before `contains`";
        return right_dynamic || right->type == TYPE_TEXT ? NULL : "a text after `contains`";
    case COMPARE_MATCH:
        if (!left_dynamic && left->type != TYPE_TEXT)
            return "a text or an attribute before `=~`";
        return right->kind == NODE_TEXT ? NULL : "a regex in quotes after `=~`";
    case COMPARE_OPERATORS:
    default:
        return NULL;
    }
}

static void check_comparison(struct parser *parser, uint16_t comparison, uint16_t left,
                             uint16_t right, size_t right_start)
{
    struct node *node = node_at(parser, comparison);
    const struct node *a = node_at(parser, left), *b = node_at(parser, right);
    const struct node *list = b->type == TYPE_LIST ? b : a->type == TYPE_LIST ? a : NULL;
    enum node_type element = list ? node_at(parser, list->first_child)->type : TYPE_DYNAMIC;
    const char *problem = misfit(node->compare, a, b, element);
    if (problem) {
        fail_at(parser, right_start, "expected %s, found %s %s %s", problem,
                node_type_names[a->type], compare_operator_names[node->compare],
                node_type_names[b->type]);
        return;
    }
    if (node->compare != COMPARE_MATCH)
        return;
    struct error error = {0};
    node->regex = regex_create(b->text, &error);
    if (!node->regex)
        fail_at(parser, right_start, "expected a regex: %s", error.text);
}

static uint16_t parse_comparison(struct parser *parser)
{
    size_t left_start = parser->token.start;
    uint16_t left = parse_operand(parser);
    if (parser->failed || parser->token.kind != TOKEN_COMPARE)
        return left;
    uint16_t index = add_node(parser, NODE_COMPARE, TYPE_BOOL), last = NO_NODE;
    if (index == NO_NODE)
        return NO_NODE;
    node_at(parser, index)->compare = parser->token.compare;
    advance(parser);
    size_t right_start = parser->token.start;
    uint16_t right = parse_operand(parser);
    if (parser->failed)
        return NO_NODE;
    bool is_left = node_is_condition(node_at(parser, left));
    if (is_left || node_is_condition(node_at(parser, right))) {
        fail_at(parser, is_left ? left_start : right_start,
                "expected a value to compare, found a condition; conditions are joined by and, or");
        return NO_NODE;
    }
    add_child(parser, index, &last, left);
    add_child(parser, index, &last, right);
    if (!parser->failed)
        check_comparison(parser, index, left, right, right_start);
    return index;
}

/* A condition is what is true or false by itself. An attribute may be; when it is not, the result
 * is unknown. */
static void require_condition(struct parser *parser, uint16_t index, size_t start)
{
    if (parser->failed)
        return;
    const struct node *node = node_at(parser, index);
    if (node->type != TYPE_BOOL && node->type != TYPE_DYNAMIC)
        fail_at(parser, start, "expected a condition, found %s; compare it, such as `%s`",
                node_type_names[node->type],
                node->type == TYPE_NUMBER ? "steps > 0" : "intent == \"refund\"");
}

static uint16_t parse_negation(struct parser *parser)
{
    if (parser->token.kind != TOKEN_NOT)
        return parse_comparison(parser);
    if (++parser->depth > EXPRESSION_DEPTH_MAX) {
        fail_at(parser, parser->token.start, "the expression nests deeper than %d",
                EXPRESSION_DEPTH_MAX);
        return NO_NODE;
    }
    advance(parser);
    size_t start = parser->token.start;
    uint16_t inner = parse_negation(parser);
    require_condition(parser, inner, start);
    uint16_t index = add_node(parser, NODE_NOT, TYPE_BOOL), last = NO_NODE;
    add_child(parser, index, &last, inner);
    parser->depth--;
    return index;
}

/* `operand {word operand}` as one node with many children. A child of the same kind, which was in
 * parentheses, gives its children to this node, as they mean the same. */
static uint16_t parse_chain(struct parser *parser, enum token_kind word, enum node_kind kind,
                            uint16_t (*parse_part)(struct parser *))
{
    size_t start = parser->token.start;
    uint16_t first = parse_part(parser);
    if (parser->failed || parser->token.kind != word)
        return first;
    uint16_t chain = add_node(parser, kind, TYPE_BOOL), last = NO_NODE, part = first;
    for (;;) {
        require_condition(parser, part, start);
        if (parser->failed)
            return NO_NODE;
        if (node_at(parser, part)->kind == kind) {
            for (uint16_t child = node_at(parser, part)->first_child; child != NO_NODE;) {
                uint16_t next = node_at(parser, child)->next_sibling;
                node_at(parser, child)->next_sibling = NO_NODE;
                add_child(parser, chain, &last, child);
                child = next;
            }
        } else
            add_child(parser, chain, &last, part);
        if (parser->failed || parser->token.kind != word)
            return chain;
        advance(parser);
        start = parser->token.start;
        part = parse_part(parser);
    }
}

static uint16_t parse_all(struct parser *parser)
{
    return parse_chain(parser, TOKEN_AND, NODE_AND, parse_negation);
}

static uint16_t parse_condition(struct parser *parser)
{
    return parse_chain(parser, TOKEN_OR, NODE_OR, parse_all);
}

struct expression *expression_parse(struct bytes text, const struct expression_names *names,
                                    struct error *ret_error)
{
    static const struct expression_names no_names = {0};
    struct expression *expression = calloc(1, sizeof *expression);
    if (expression) {
        expression->pool = malloc(text.size + 1);
        expression->nodes = calloc(EXPRESSION_NODES_MAX, sizeof *expression->nodes);
    }
    if (!expression || !expression->pool || !expression->nodes) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        expression_destroy(expression);
        return NULL;
    }
    struct parser parser = {.source = text,
                            .names = names ? names : &no_names,
                            .expression = expression,
                            .error = ret_error,
                            .pool_end = expression->pool};
    advance(&parser);
    size_t start = parser.token.start;
    uint16_t root = parse_condition(&parser);
    if (!parser.failed && parser.token.kind != TOKEN_END)
        expected(&parser, "and, or or the end");
    require_condition(&parser, root, start);
    if (parser.failed) {
        expression_destroy(expression);
        return NULL;
    }
    expression->root = root;
    return expression;
}

void expression_destroy(struct expression *expression)
{
    if (!expression)
        return;
    for (uint16_t i = 0; i < expression->node_count; i++)
        regex_destroy(expression->nodes[i].regex);
    free(expression->nodes);
    free(expression->pool);
    free(expression);
}
