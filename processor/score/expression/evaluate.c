/* Walks the tree of an expression over one run. Recursion is bounded by the height that the parser
 * checked. `and` and `or` stop at the first child that decides, so a measurement behind it is never
 * computed. */
#include "processor/score/expression/expression.h"
#include "processor/score/expression/tree.h"

#include <assert.h>
#include <math.h>

#include "processor/base/json/number.h"
#include "processor/base/text/text.h"
#include "processor/normalize/facts/lookup.h"
#include "processor/score/memo.h"

/* An operand as met in this run. */
struct operand {
    enum { OPERAND_MISSING, OPERAND_NUMBER, OPERAND_TEXT, OPERAND_BOOL, OPERAND_ARRAY } type;
    double number;
    bool boolean;
    bool is_unknown_dimension; /* the text "unknown" that stands for an absent value */
    bool is_attribute;         /* exporters write numbers as texts */
    struct bytes text;
    struct value array;
};

static enum tristate negate(enum tristate a)
{
    return a == IS_UNKNOWN ? IS_UNKNOWN : a == IS_TRUE ? IS_FALSE : IS_TRUE;
}

static enum tristate of_bool(bool is_true)
{
    return is_true ? IS_TRUE : IS_FALSE;
}

static struct operand number_operand(double number)
{
    if (!isfinite(number))
        return (struct operand){.type = OPERAND_MISSING};
    return (struct operand){.type = OPERAND_NUMBER, .number = number};
}

static struct operand operand_of_value(struct value value)
{
    switch (value.type) {
    case VALUE_STRING:
        return (struct operand){.type = OPERAND_TEXT, .text = value.bytes, .is_attribute = true};
    case VALUE_BOOL:
        return (struct operand){.type = OPERAND_BOOL, .boolean = value.integer != 0};
    case VALUE_INT:
    case VALUE_DOUBLE:
        return number_operand(value.number);
    case VALUE_ARRAY:
        return (struct operand){.type = OPERAND_ARRAY, .array = value};
    case VALUE_NONE:
    case VALUE_KVLIST:
    case VALUE_BYTES:
    default:
        return (struct operand){.type = OPERAND_MISSING};
    }
}

static struct operand operand_of(const struct node *node, struct score_context *context)
{
    switch (node->kind) {
    case NODE_NUMBER:
        return (struct operand){.type = OPERAND_NUMBER, .number = node->number};
    case NODE_TEXT:
        return (struct operand){.type = OPERAND_TEXT, .text = node->text};
    case NODE_BOOL:
        return (struct operand){.type = OPERAND_BOOL, .boolean = node->boolean};
    case NODE_MEASURE: {
        const struct reading *reading = memo_read(&node->measure, context);
        if (reading->text.data)
            return (struct operand){.type = OPERAND_TEXT, .text = reading->text};
        return reading->has_value ? number_operand(reading->value) : (struct operand){0};
    }
    case NODE_DIMENSION: {
        struct bytes text = context->dimension_values[node->dimension];
        bool is_unknown = text.size == 0 || bytes_equal_text(text, "unknown");
        return (struct operand){.type = OPERAND_TEXT,
                                .text = is_unknown ? BYTES_LITERAL("unknown") : text,
                                .is_unknown_dimension = is_unknown};
    }
    case NODE_ATTRIBUTE:
        return operand_of_value(lookup_attribute(context->run, node->text));
    case NODE_LIST:
    case NODE_COMPARE:
    case NODE_NOT:
    case NODE_AND:
    case NODE_OR:
    default:
        return (struct operand){.type = OPERAND_MISSING};
    }
}

/* A text of an attribute, next to a number, as the number that it writes. */
static struct operand beside(struct operand operand, const struct operand *other)
{
    double number;
    bool is_written = operand.type == OPERAND_TEXT && operand.is_attribute &&
                      other->type == OPERAND_NUMBER &&
                      number_parse(text_trim(operand.text), &number);
    return is_written ? number_operand(number) : operand;
}

static enum tristate equal(struct operand a, struct operand b)
{
    a = beside(a, &b);
    b = beside(b, &a);
    if (a.type == OPERAND_MISSING || a.type != b.type)
        return IS_UNKNOWN;
    switch (a.type) {
    case OPERAND_NUMBER:
        return of_bool(a.number >= b.number && a.number <= b.number);
    case OPERAND_BOOL:
        return of_bool(a.boolean == b.boolean);
    case OPERAND_TEXT: {
        bool is_equal = bytes_equal(a.text, b.text);
        if (a.is_unknown_dimension && b.is_unknown_dimension)
            return IS_UNKNOWN;
        if (a.is_unknown_dimension || b.is_unknown_dimension)
            return is_equal ? IS_TRUE : IS_UNKNOWN;
        return of_bool(is_equal);
    }
    case OPERAND_MISSING:
    case OPERAND_ARRAY:
    default:
        return IS_UNKNOWN;
    }
}

/* True when one element equals; unknown when none could be compared; an empty array holds nothing.
 */
struct membership {
    bool found, compared, any;
};

static void meet(struct membership *membership, enum tristate is_equal)
{
    membership->any = true;
    membership->found |= is_equal == IS_TRUE;
    membership->compared |= is_equal != IS_UNKNOWN;
}

static enum tristate is_member(const struct node *nodes, const struct node *collection,
                               struct operand array, struct operand wanted)
{
    struct membership membership = {0};
    if (wanted.type == OPERAND_MISSING)
        return IS_UNKNOWN;
    if (collection->kind == NODE_LIST) {
        for (uint16_t i = collection->first_child; i != NO_NODE; i = nodes[i].next_sibling)
            meet(&membership, equal(wanted, operand_of(&nodes[i], NULL)));
    } else if (array.type == OPERAND_ARRAY) {
        struct value_elements elements = value_elements_of(array.array);
        struct value element;
        while (!membership.found && value_elements_next(&elements, &element))
            meet(&membership, equal(wanted, operand_of_value(element)));
    } else
        return IS_UNKNOWN;
    if (membership.found)
        return IS_TRUE;
    return membership.any && !membership.compared ? IS_UNKNOWN : IS_FALSE;
}

static enum tristate contains(const struct node *nodes, const struct node *left, struct operand a,
                              struct operand b)
{
    if (left->kind == NODE_LIST || a.type == OPERAND_ARRAY)
        return is_member(nodes, left, a, b);
    if (a.type != OPERAND_TEXT || b.type != OPERAND_TEXT || a.is_unknown_dimension ||
        b.is_unknown_dimension)
        return IS_UNKNOWN;
    if (b.text.size == 0)
        return IS_TRUE;
    return of_bool(a.text.size > 0 && memmem(a.text.data, a.text.size, b.text.data, b.text.size));
}

static enum tristate matches(const struct node *node, struct operand a,
                             struct score_context *context)
{
    size_t start, end;
    if (a.type != OPERAND_TEXT || a.is_unknown_dimension)
        return IS_UNKNOWN;
    assert(context->scratch);
    struct bytes subject = a.text.data ? a.text : BYTES_LITERAL("");
    if (!arena_look(context->run->arena, subject.size))
        return IS_UNKNOWN;
    enum regex_result result =
        regex_search(node->regex, context->scratch, subject, 0, &start, &end);
    return result == REGEX_GAVE_UP ? IS_UNKNOWN : of_bool(result == REGEX_FOUND);
}

static enum tristate compare(const struct node *nodes, const struct node *node,
                             struct score_context *context)
{
    const struct node *left = &nodes[node->first_child], *right = &nodes[left->next_sibling];
    struct operand a = operand_of(left, context), b = operand_of(right, context);
    if (node->compare != COMPARE_CONTAINS && node->compare != COMPARE_MATCH) {
        a = beside(a, &b);
        b = beside(b, &a);
    }
    bool are_numbers = a.type == OPERAND_NUMBER && b.type == OPERAND_NUMBER;
    switch (node->compare) {
    case COMPARE_EQUAL:
        return equal(a, b);
    case COMPARE_NOT_EQUAL:
        return negate(equal(a, b));
    case COMPARE_LESS:
        return are_numbers ? of_bool(a.number < b.number) : IS_UNKNOWN;
    case COMPARE_LESS_EQUAL:
        return are_numbers ? of_bool(a.number <= b.number) : IS_UNKNOWN;
    case COMPARE_GREATER:
        return are_numbers ? of_bool(a.number > b.number) : IS_UNKNOWN;
    case COMPARE_GREATER_EQUAL:
        return are_numbers ? of_bool(a.number >= b.number) : IS_UNKNOWN;
    case COMPARE_IN:
        return is_member(nodes, right, b, a);
    case COMPARE_CONTAINS:
        return contains(nodes, left, a, b);
    case COMPARE_MATCH:
        return matches(node, a, context);
    case COMPARE_OPERATORS:
    default:
        return IS_UNKNOWN;
    }
}

static enum tristate evaluate(const struct node *nodes, uint16_t index,
                              struct score_context *context)
{
    const struct node *node = &nodes[index];
    if (node->kind == NODE_COMPARE)
        return compare(nodes, node, context);
    if (node->kind == NODE_NOT)
        return negate(evaluate(nodes, node->first_child, context));
    if (node->kind == NODE_AND || node->kind == NODE_OR) {
        enum tristate deciding = node->kind == NODE_AND ? IS_FALSE : IS_TRUE;
        enum tristate result = negate(deciding);
        for (uint16_t i = node->first_child; i != NO_NODE; i = nodes[i].next_sibling) {
            enum tristate part = evaluate(nodes, i, context);
            if (part == deciding)
                return deciding;
            if (part == IS_UNKNOWN)
                result = IS_UNKNOWN;
        }
        return result;
    }
    struct operand operand = operand_of(node, context);
    return operand.type == OPERAND_BOOL ? of_bool(operand.boolean) : IS_UNKNOWN;
}

enum tristate expression_evaluate(const struct expression *expression,
                                  struct score_context *context)
{
    return evaluate(expression->nodes, expression->root, context);
}

bool expression_needs_content(const struct expression *expression)
{
    for (uint16_t i = 0; i < expression->node_count; i++) {
        const struct measurement *measurement = expression->nodes[i].measure.measurement;
        if (measurement && measurement->needs_content)
            return true;
    }
    return false;
}

struct measure *expression_measure(struct expression *expression, uint32_t index)
{
    for (uint16_t i = 0; i < expression->node_count; i++)
        if (expression->nodes[i].kind == NODE_MEASURE && index-- == 0)
            return &expression->nodes[i].measure;
    return NULL;
}
