/* The settings of measurements that have no fixed keys: tools by value of a dimension, prices by
 * model. Entries are sorted, so that the order of keys in the file never decides anything. */
#include "pipelines/config/sections/measurements.h"

#include <stdlib.h>
#include <string.h>

#include "pipelines/config/field.h"
#include "processor/score/measure/expected_calls.h"

enum { TOOLS_MAX = 256, EXPECTATIONS_MAX = 1024, PRICES_MAX = 1024, CALL_BYTES_MAX = 1 << 20 };

static bool read_list(struct config_loader *loader, const struct config_node *node,
                      const char *what, struct bytes_list *ret_list)
{
    struct bytes items[TOOLS_MAX];
    if (!config_loader_texts(loader, node, what, items, TOOLS_MAX, &ret_list->count))
        return false;
    ret_list->items = config_loader_alloc(loader, ret_list->count, sizeof items[0]);
    if (ret_list->items && ret_list->count > 0)
        memcpy(ret_list->items, items, ret_list->count * sizeof items[0]);
    return ret_list->items != NULL;
}

void config_measurements_load_list(struct config_loader *loader, const struct option *row,
                                   const struct config_node *node, void *base)
{
    struct bytes_list *list = (void *)((char *)base + row->at - 1);
    read_list(loader, node, strrchr(row->path, '.') + 1, list);
}

static int compare_expectations(const void *a, const void *b)
{
    const struct tool_expectation *left = a, *right = b;
    return bytes_compare(left->value, right->value);
}

/* A call that can't be understood would never be found, and fail every run. */
static void check_calls(struct config_loader *loader, const struct config_node *list)
{
    for (const struct config_node *item = list->first; item; item = item->next) {
        struct arena arena;
        arena_init(&arena, CALL_BYTES_MAX);
        const char *problem = expected_call_problem(item->text, &arena);
        arena_finish(&arena);
        if (problem) {
            config_loader_error(loader, item, "this call %s", problem);
            return;
        }
    }
}

/* `{ "mortgage payoff": [lookup_payoff], "*": [...] }`, or `[...]` for any value. */
void config_measurements_load_expectations(struct config_loader *loader, const struct option *row,
                                           const struct config_node *node, void *base)
{
    bool is_map = node->kind == NODE_MAP;
    uint32_t count = is_map ? node->child_count : 1;
    if (node->kind == NODE_SCALAR || count > EXPECTATIONS_MAX) {
        config_loader_error(
            loader, node,
            "tools are given as a list, or as lists by the value of the first dimension: "
            "{ \"*\": [tool] }");
        return;
    }
    struct tool_expectation *items = config_loader_alloc(loader, count, sizeof *items);
    const struct config_node *entry = is_map ? node->first : node;
    for (uint32_t i = 0; i < count && items; i++, entry = entry->next) {
        items[i].value = config_loader_keep(loader, is_map ? entry->key : BYTES_LITERAL("*"));
        if (!read_list(loader, entry, "the tools of one value", &items[i].tools))
            return;
        check_calls(loader, entry);
    }
    if (!items)
        return;
    qsort(items, count, sizeof *items, compare_expectations);
    *(struct tool_expectation **)((char *)base + row->at - 1) = items;
    *(uint32_t *)((char *)base + row->count_at - 1) = count;
}

/* `{ exact: [transfer], ignore: [search] }` */
void config_measurements_load_argument_match(struct config_loader *loader, const struct option *row,
                                             const struct config_node *node, void *base)
{
    const struct config_node *entry = node->kind == NODE_MAP ? node->first : NULL;
    bool is_known = node->kind == NODE_MAP;
    for (; entry && is_known; entry = entry->next) {
        is_known = false;
        for (size_t i = 0; argument_match_names[i]; i++)
            is_known |= bytes_equal_text(entry->key, argument_match_names[i]);
    }
    if (is_known)
        config_measurements_load_expectations(loader, row, node, base);
    else
        config_loader_error(loader, node,
                            "arguments takes lists of tools by how their arguments are compared: "
                            "exact, subset or ignore");
}

static bool is_prefix(const struct model_price *price)
{
    return price->model.size > 0 && price->model.data[price->model.size - 1] == '*';
}

/* Exact names first, then prefixes, the longest first: the first match is the best one. */
static int compare_prices(const void *a, const void *b)
{
    const struct model_price *left = a, *right = b;
    if (is_prefix(left) != is_prefix(right))
        return is_prefix(left) ? 1 : -1;
    if (is_prefix(left) && left->model.size != right->model.size)
        return left->model.size > right->model.size ? -1 : 1;
    return bytes_compare(left->model, right->model);
}

static void load_price(struct config_loader *loader, const struct config_node *node,
                       struct model_price *price)
{
    static const struct option input = {.path = "input",
                                        .type = OPTION_NUMBER,
                                        .at = 1 + offsetof(struct model_price, input),
                                        .max = 1e6};
    static const struct option output = {.path = "output",
                                         .type = OPTION_NUMBER,
                                         .at = 1 + offsetof(struct model_price, output),
                                         .max = 1e6};
    price->model = config_loader_keep(loader, node->key);
    if (!config_loader_require(loader, node, NODE_MAP, "a price"))
        return;
    for (const struct config_node *item = node->first; item; item = item->next) {
        if (bytes_equal_text(item->key, "input"))
            config_field_store(loader, &input, item, price);
        else if (bytes_equal_text(item->key, "output"))
            config_field_store(loader, &output, item, price);
        else
            config_loader_error_at_key(loader, item,
                                       "a price has the keys input and output, no other");
    }
    if (!config_tree_find(node, "input") || !config_tree_find(node, "output"))
        config_loader_error(loader, node,
                            "a price needs both input and output, in USD per 10^6 tokens");
}

void config_measurements_load_prices(struct config_loader *loader, const struct option *row,
                                     const struct config_node *node, void *base)
{
    (void)row;
    struct pipeline_config *config = base;
    struct measurement_config *settings = &config->ruleset.measurements;
    if (!config_loader_require(loader, node, NODE_MAP, "prices"))
        return;
    if (node->child_count > PRICES_MAX) {
        config_loader_error(loader, node, "more than %d prices: use names that end in `*`",
                            PRICES_MAX);
        return;
    }
    struct model_price *prices = config_loader_alloc(loader, node->child_count, sizeof *prices);
    uint32_t count = 0;
    for (const struct config_node *entry = node->first; entry && !config_loader_failed(loader);
         entry = entry->next)
        load_price(loader, entry, &prices[count++]);
    if (config_loader_failed(loader))
        return;
    qsort(prices, count, sizeof *prices, compare_prices);
    settings->prices = prices;
    settings->price_count = count;
}

static void check_contract(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    struct output_contract *contract = &config->ruleset.measurements.output_contract;
    *contract = (struct output_contract){
        .is_present = config->output_contract.is_present,
        .is_json = config->output_contract.is_json,
        .required_keys = config->output_contract.required_keys,
        .required_key_count = config->output_contract.required_key_count,
        .max_length = config->output_contract.max_length,
    };
    if (!config->output_contract.pattern)
        return;
    struct error problem = {0};
    contract->pattern = regex_create(bytes_of_text(config->output_contract.pattern), &problem);
    if (!contract->pattern)
        config_loader_error(loader,
                            config_loader_place(loader, "measurements.output_contract.pattern"),
                            "%s", problem.text);
}

void config_measurements_check(struct config_loader *loader)
{
    if (config_loader_failed(loader))
        return;
    struct route_sources *route = &loader->config->ruleset.measurements.route;
    route->is_default = true;
    for (int fact = 0; fact < ROUTE_FACTS; fact++) {
        struct route_source *source = &route->of[fact];
        source->without_defaults = source->count > 0;
        route->is_default &= source->count == 0;
        for (uint32_t i = 0; i < source->count; i++)
            if (bytes_equal_text(source->names[i], "*"))
                source->without_defaults = false;
    }
    check_contract(loader);
}
