/* By the type of the row: parsed, held against its range, stored. */
#include "pipelines/config/field.h"

#include <assert.h>
#include <stdio.h>

#include "pipelines/config/value.h"
#include "processor/base/json/number.h"

static void store(const struct option *row, void *base, const void *value, size_t size)
{
    assert(row->at > 0);
    memcpy((char *)base + row->at - 1, value, size);
}

static bool is_size(const struct option *row)
{
    return row->type == OPTION_SIZE || row->type == OPTION_SIZE32;
}

static void refuse_range(struct config_loader *loader, const struct option *row,
                         const struct config_node *node)
{
    struct buffer low = {0}, high = {0};
    if (row->type == OPTION_DURATION) {
        config_value_print_duration(&low, (int64_t)row->min);
        config_value_print_duration(&high, (int64_t)row->max);
    } else if (is_size(row)) {
        config_value_print_size(&low, (uint64_t)row->min);
        config_value_print_size(&high, (uint64_t)row->max);
    } else {
        char text[NUMBER_TEXT_SIZE];
        number_format(text, row->min);
        buffer_append_text(&low, text);
        number_format(text, row->max);
        buffer_append_text(&high, text);
    }
    buffer_append_byte(&low, 0);
    buffer_append_byte(&high, 0);
    config_loader_error(loader, node, "%s must be between %s and %s", config_option_key(row),
                        (char *)low.data, (char *)high.data);
    buffer_finish(&low);
    buffer_finish(&high);
}

/* What the value looks like, where that says what was meant. */
static const char *hint_of(const struct option *row, struct bytes text)
{
    int64_t ms;
    uint64_t count;
    bool has_digit = text.size > 0 && text.data[0] >= '0' && text.data[0] <= '9';
    if (text.size > 1 && text.data[0] == '$')
        return "; for a variable write ${env:NAME}";
    if (row->type == OPTION_DURATION)
        return config_value_parse_count(text, &count) ? "; the unit is missing" : "";
    if (has_digit && (row->type == OPTION_NUMBER || row->type == OPTION_COUNT)) {
        if (text.data[text.size - 1] == '%')
            return "; a share is written as a number, 0.05 for 5 %";
        if (config_value_parse_duration(text, &ms) || config_value_parse_size(text, &count))
            return "; write it without a unit (durations of runs are in ms)";
    }
    return "";
}

static void store_quantity(struct config_loader *loader, const struct option *row,
                           const struct config_node *node, void *base)
{
    const char *how = NULL;
    uint64_t unsigned_value = 0;
    int64_t ms = 0;
    double number = 0;
    struct bytes text = node->text;
    if (row->type == OPTION_DURATION) {
        how = config_value_parse_duration(text, &ms)
                  ? NULL
                  : "a duration: write it like 500ms, 2s, 15m or 24h";
        number = (double)ms;
    } else if (is_size(row)) {
        how = config_value_parse_size(text, &unsigned_value)
                  ? NULL
                  : "a size: write it like 64KiB, 16MiB or 1GiB";
        number = (double)unsigned_value;
    } else if (row->type == OPTION_COUNT) {
        how = config_value_parse_count(text, &unsigned_value) ? NULL : "a whole number";
        number = (double)unsigned_value;
    } else {
        how = number_parse(text, &number) ? NULL : "a number";
    }
    if (how) {
        config_loader_error(loader, node, "%s must be %s%s", config_option_key(row), how,
                            hint_of(row, text));
        return;
    }
    if (!(number >= row->min && number <= row->max)) {
        refuse_range(loader, row, node);
        return;
    }
    uint32_t count = (uint32_t)unsigned_value;
    size_t size = (size_t)unsigned_value;
    if (row->type == OPTION_DURATION)
        store(row, base, &ms, sizeof ms);
    else if (row->type == OPTION_SIZE)
        store(row, base, &size, sizeof size);
    else if (row->type == OPTION_COUNT || row->type == OPTION_SIZE32)
        store(row, base, &count, sizeof count);
    else
        store(row, base, &number, sizeof number);
}

static void store_choice(struct config_loader *loader, const struct option *row,
                         const struct config_node *node, void *base)
{
    static const char *const booleans[] = {"false", "true"};
    bool is_two = row->type == OPTION_BOOL || row->type == OPTION_EITHER;
    const char *const *choices = row->type == OPTION_BOOL ? booleans : row->choices;
    char known[200] = "";
    for (uint32_t i = 0; is_two ? i < 2 : choices[i] != NULL; i++) {
        if (bytes_equal_text(node->text, choices[i])) {
            bool is_second = i == 1;
            if (is_two)
                store(row, base, &is_second, sizeof is_second);
            else
                store(row, base, &i, sizeof i);
            return;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", choices[i]);
    }
    config_loader_error(loader, node, "%s must be one of: %s%s", config_option_key(row), known,
                        hint_of(row, node->text));
}

static void store_list(struct config_loader *loader, const struct option *row,
                       const struct config_node *node, void *base)
{
    struct bytes items[REDACTION_KEYS_MAX];
    uint32_t count = 0, max = (uint32_t)row->max;
    assert(max <= REDACTION_KEYS_MAX);
    if (!config_loader_texts(loader, node, config_option_key(row), items, max, &count))
        return;
    if (row->type == OPTION_TEXTS)
        store(row, base, items, count * sizeof items[0]);
    const char **pointers = (const char **)((char *)base + row->at - 1);
    for (uint32_t i = 0; row->type == OPTION_POINTERS && i < count; i++)
        pointers[i] = (const char *)items[i].data;
    if (row->count_at)
        memcpy((char *)base + row->count_at - 1, &count, sizeof count);
    if (row->type != OPTION_JOINED)
        return;
    struct buffer joined = {0};
    struct bytes host;
    uint32_t port;
    for (uint32_t i = 0; i < count; i++) {
        if (!config_value_split_endpoint((const char *)items[i].data, &host, &port))
            config_loader_error(loader, node, "%s must be a list of host:port",
                                config_option_key(row));
        buffer_append_text(&joined, i > 0 ? "," : "");
        buffer_append_bytes(&joined, items[i]);
    }
    if (count == 0)
        config_loader_error(loader, node, "%s must name at least one host:port",
                            config_option_key(row));
    struct bytes kept = config_loader_keep(loader, buffer_bytes(&joined));
    store(row, base, &kept.data, sizeof kept.data);
    buffer_finish(&joined);
}

static void store_text(struct config_loader *loader, const struct option *row,
                       const struct config_node *node, void *base)
{
    struct bytes host, text = config_loader_keep(loader, node->text);
    uint32_t port;
    if (config_loader_failed(loader))
        return;
    /* Where the default is empty, empty means "none"; elsewhere it is a mistake. */
    if (text.size == 0 && !(row->fallback && row->fallback[0] == 0))
        config_loader_error(loader, node, "%s is empty: give it a value or leave the key out",
                            config_option_key(row));
    else if (row->type == OPTION_ENDPOINT &&
             !config_value_split_endpoint((const char *)text.data, &host, &port))
        config_loader_error(loader, node,
                            "%s must be host:port, such as 127.0.0.1:4317 or [::1]:4317%s",
                            config_option_key(row), hint_of(row, text));
    else if (row->type == OPTION_NAME && !config_value_is_name(text))
        config_loader_error(loader, node,
                            "%s must be 1 to 64 of the characters a-z, 0-9, `_`, `.` and `-`",
                            config_option_key(row));
    else if (row->type == OPTION_BYTES && (double)text.size > row->max)
        config_loader_error(loader, node, "%s has more than %u bytes: shorten it",
                            config_option_key(row), (uint32_t)row->max);
    else if (row->type == OPTION_NAME || row->type == OPTION_BYTES)
        store(row, base, &text, sizeof text);
    else
        store(row, base, &text.data, sizeof text.data);
}

void config_field_store(struct config_loader *loader, const struct option *row,
                        const struct config_node *node, void *base)
{
    bool is_list =
        row->type == OPTION_TEXTS || row->type == OPTION_POINTERS || row->type == OPTION_JOINED;
    if (config_tree_is_null(node)) {
        config_loader_error_at_key(loader, node,
                                   "%s has no value: give it one or leave the key out",
                                   config_option_key(row));
        return;
    }
    if (is_list) {
        store_list(loader, row, node, base);
    } else if (node->kind != NODE_SCALAR) {
        config_loader_error(loader, node, "%s takes one value, not a %s", config_option_key(row),
                            node->kind == NODE_LIST ? "list" : "map");
        return;
    } else if (row->type == OPTION_BOOL || row->type == OPTION_EITHER ||
               row->type == OPTION_CHOICE) {
        store_choice(loader, row, node, base);
    } else if (row->type == OPTION_COUNT || row->type == OPTION_NUMBER || is_size(row) ||
               row->type == OPTION_DURATION) {
        store_quantity(loader, row, node, base);
    } else {
        store_text(loader, row, node, base);
    }
    if (row->given_at && !config_loader_failed(loader))
        *(bool *)((char *)base + row->given_at - 1) = true;
}
