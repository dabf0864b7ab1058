/* Canonical text of an expression: double quotes, single spaces, and no parentheses but those that
 * `or` below `and` and a condition below `not` need. It is what the digest of a ruleset covers, so
 * a file that was only laid out anew judges as the same ruleset. */
#include "processor/score/expression/expression.h"
#include "processor/score/expression/tree.h"

#include "processor/base/json/number.h"

static void print_text(struct bytes text, struct buffer *to)
{
    buffer_append_byte(to, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            buffer_append_byte(to, '\\');
        buffer_append_byte(to, text.data[i]);
    }
    buffer_append_byte(to, '"');
}

static void print(const struct node *nodes, uint16_t index, struct buffer *to);

static void print_children(const struct node *nodes, const struct node *node, const char *between,
                           enum node_kind in_parentheses, struct buffer *to)
{
    for (uint16_t i = node->first_child; i != NO_NODE; i = nodes[i].next_sibling) {
        if (i != node->first_child)
            buffer_append_text(to, between);
        bool needs_parentheses = nodes[i].kind >= in_parentheses;
        buffer_append_text(to, needs_parentheses ? "(" : "");
        print(nodes, i, to);
        buffer_append_text(to, needs_parentheses ? ")" : "");
    }
}

static void print(const struct node *nodes, uint16_t index, struct buffer *to)
{
    const struct node *node = &nodes[index];
    char number[NUMBER_TEXT_SIZE];
    switch (node->kind) {
    case NODE_NUMBER:
        number_format(number, node->number);
        buffer_append_text(to, number);
        break;
    case NODE_TEXT:
        print_text(node->text, to);
        break;
    case NODE_BOOL:
        buffer_append_text(to, node->boolean ? "true" : "false");
        break;
    case NODE_LIST:
        buffer_append_text(to, "[");
        print_children(nodes, node, ", ", NODE_COMPARE, to);
        buffer_append_text(to, "]");
        break;
    case NODE_MEASURE:
    case NODE_DIMENSION:
        buffer_append_bytes(to, node->text);
        break;
    case NODE_ATTRIBUTE:
        buffer_append_text(to, "attributes[");
        print_text(node->text, to);
        buffer_append_text(to, "]");
        break;
    case NODE_COMPARE:
        print(nodes, node->first_child, to);
        buffer_printf(to, " %s ", compare_operator_names[node->compare]);
        print(nodes, nodes[node->first_child].next_sibling, to);
        break;
    case NODE_NOT:
        buffer_append_text(to, "not ");
        print_children(nodes, node, "", NODE_AND, to);
        break;
    case NODE_AND:
        print_children(nodes, node, " and ", NODE_OR, to);
        break;
    case NODE_OR:
        print_children(nodes, node, " or ", NODE_OR, to);
        break;
    }
}

void expression_print(const struct expression *expression, struct buffer *to)
{
    print(expression->nodes, expression->root, to);
}
