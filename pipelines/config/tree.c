/* libyaml's events, folded into the tree without recursion: `open` is the stack of containers from
 * the root to the current place, and a map remembers the key that waits for its value.
 *
 *   MAPPING-START  push        SCALAR  key of the open map, or a value
 *   SEQUENCE-START push        ...-END pop */
#include "pipelines/config/tree.h"

#include <yaml.h>

#include "pipelines/config/substitute.h"

struct tree_reader {
    const char *name;
    struct bytes text;
    struct arena *arena;
    struct config_findings *findings;
    struct error *error;
    struct config_node *root;
    struct config_node *open[TREE_DEPTH_MAX];
    uint32_t depth;
    uint32_t nodes;
    uint32_t documents;
    bool has_key; /* of the innermost map: its value comes next */
    struct config_node key;
};

static void refuse(struct tree_reader *reader, yaml_mark_t mark, const char *problem)
{
    error_set(reader->error, EXIT_CONFIG, "%s:%zu:%zu: %s", reader->name, mark.line + 1,
              mark.column + 1, problem);
}

/* YAML counts characters, so the byte is looked for. */
static bool stands_on_tab(struct bytes text, size_t character)
{
    size_t at = 0;
    for (; at < text.size; at++)
        if ((text.data[at] & 0xc0) != 0x80 && character-- == 0)
            break;
    return at < text.size && text.data[at] == '\t';
}

static void refuse_syntax(struct tree_reader *reader, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "it can't be read";
    if (parser->error == YAML_READER_ERROR)
        error_set(reader->error, EXIT_CONFIG, "%s:1:1: not a text in UTF-8: %s (byte %zu)",
                  reader->name, problem, parser->problem_offset);
    else if (stands_on_tab(reader->text, parser->problem_mark.index))
        refuse(reader, parser->problem_mark, "not YAML: a tab stands here: indent with spaces");
    else
        error_set(reader->error, EXIT_CONFIG,
                  "%s:%zu:%zu: not YAML: %s: look at indentation, quotes and brackets",
                  reader->name, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                  problem);
}

static struct config_node *node_new(struct tree_reader *reader, enum config_node_kind kind,
                                    yaml_mark_t mark)
{
    if (++reader->nodes > TREE_NODES_MAX) {
        refuse(reader, mark, "the file holds more than 100000 values: make it smaller");
        return NULL;
    }
    struct config_node *node = arena_zalloc(reader->arena, 1, sizeof *node);
    if (!node) {
        refuse(reader, mark, "the file needs too much memory from here on: make it smaller");
        return NULL;
    }
    node->kind = kind;
    node->line = (uint32_t)mark.line + 1;
    node->column = (uint32_t)mark.column + 1;
    return node;
}

/* A scalar as the key that the next value belongs to. */
static void take_key(struct tree_reader *reader, const yaml_event_t *event)
{
    const struct config_node *map = reader->open[reader->depth - 1];
    struct bytes text = bytes_of(event->data.scalar.value, event->data.scalar.length);
    if (text.size > 256 || memchr(text.data, 0, text.size))
        refuse(reader, event->start_mark, "this key is too long or holds a NUL: shorten it");
    else if (map->child_count == TREE_MAP_KEYS_MAX)
        refuse(reader, event->start_mark, "more than 1024 keys in one place: remove some");
    for (const struct config_node *child = map->first; child; child = child->next)
        if (bytes_equal(child->key, text))
            error_set(reader->error, EXIT_CONFIG,
                      "%s:%zu:%zu: the key %.*s is already set in line %u: remove one of the two",
                      reader->name, event->start_mark.line + 1, event->start_mark.column + 1,
                      (int)text.size, (const char *)text.data, child->key_line);
    config_findings_take(reader->findings, reader->error);
    if (reader->error->is_set)
        return;
    reader->key.key = arena_copy(reader->arena, text);
    reader->key.key_line = (uint32_t)event->start_mark.line + 1;
    reader->key.key_column = (uint32_t)event->start_mark.column + 1;
    reader->has_key = true;
}

/* Hangs a new value into the innermost container. */
static void attach(struct tree_reader *reader, struct config_node *node)
{
    if (reader->depth == 0) {
        reader->root = node;
        return;
    }
    struct config_node *parent = reader->open[reader->depth - 1];
    if (parent->kind == NODE_MAP) {
        node->key = reader->key.key;
        node->key_line = reader->key.key_line;
        node->key_column = reader->key.key_column;
        reader->has_key = false;
    }
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->child_count++;
}

/* The value of this place is not known, and neither is what it is a part of. */
static void mark_broken(struct tree_reader *reader, struct config_node *node)
{
    config_findings_take(reader->findings, reader->error);
    node->is_broken = true;
    for (uint32_t i = 0; i < reader->depth; i++)
        reader->open[i]->is_broken = true;
}

static void take_scalar(struct tree_reader *reader, const yaml_event_t *event)
{
    if (reader->depth > 0 && reader->open[reader->depth - 1]->kind == NODE_MAP &&
        !reader->has_key) {
        take_key(reader, event);
        return;
    }
    struct config_node *node = node_new(reader, NODE_SCALAR, event->start_mark);
    if (!node)
        return;
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct bytes text = bytes_of(event->data.scalar.value, event->data.scalar.length);
    struct error problem = {0};
    if (text.size > SUBSTITUTED_BYTES_MAX)
        refuse(reader, event->start_mark, "this text is longer than 64KiB: shorten it");
    else if (!config_substitute(text, reader->arena, &node->text, &problem)) {
        error_set(reader->error, problem.exit_code, "%s:%u:%u: %s", reader->name, node->line,
                  node->column, problem.text);
        mark_broken(reader, node);
        attach(reader, node);
    } else if (memchr(node->text.data, 0, node->text.size))
        refuse(reader, event->start_mark, "this text holds a NUL character: remove it");
    else
        attach(reader, node);
}

static void take_start(struct tree_reader *reader, enum config_node_kind kind, yaml_mark_t mark)
{
    if (reader->depth > 0 && reader->open[reader->depth - 1]->kind == NODE_MAP &&
        !reader->has_key) {
        refuse(reader, mark, "a key must be a plain text: write `key: value`");
        return;
    }
    if (reader->depth == TREE_DEPTH_MAX) {
        refuse(reader, mark, "nested deeper than 16 levels: no setting is that deep");
        return;
    }
    struct config_node *node = node_new(reader, kind, mark);
    if (!node)
        return;
    attach(reader, node);
    reader->open[reader->depth++] = node;
}

static void take_end(struct tree_reader *reader)
{
    reader->depth--;
    reader->has_key = false; /* A container that was a value has already used its key. */
}

static void take_event(struct tree_reader *reader, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT)
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    else if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    if (anchor || event->type == YAML_ALIAS_EVENT) {
        refuse(reader, event->start_mark, "anchors and aliases are not allowed: repeat the value");
        return;
    }
    if (tag) {
        refuse(reader, event->start_mark, "tags (`!...`) are not allowed: write the value alone");
        return;
    }
    if (event->type == YAML_DOCUMENT_START_EVENT && ++reader->documents > 1)
        refuse(reader, event->start_mark, "a second document starts here: keep one per file");
    else if (event->type == YAML_SCALAR_EVENT)
        take_scalar(reader, event);
    else if (event->type == YAML_MAPPING_START_EVENT)
        take_start(reader, NODE_MAP, event->start_mark);
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        take_start(reader, NODE_LIST, event->start_mark);
    else if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT)
        take_end(reader);
}

struct config_node *config_tree_read(const char *name, struct bytes text, struct arena *arena,
                                     struct config_findings *findings, struct error *ret_error)
{
    struct tree_reader reader = {
        .name = name, .text = text, .arena = arena, .findings = findings, .error = ret_error};
    if (text.size > TREE_FILE_BYTES_MAX) {
        error_set(ret_error, EXIT_CONFIG, "%s:1:1: the file is larger than 1MiB: split it", name);
        return NULL;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory while reading %s", name);
        return NULL;
    }
    yaml_parser_set_input_string(&parser, text.data ? text.data : (const uint8_t *)"", text.size);
    for (bool is_ended = false; !is_ended && !ret_error->is_set;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            refuse_syntax(&reader, &parser);
            break;
        }
        is_ended = event.type == YAML_STREAM_END_EVENT;
        take_event(&reader, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!ret_error->is_set && !reader.root)
        reader.root = node_new(&reader, NODE_MAP, (yaml_mark_t){0});
    return ret_error->is_set ? NULL : reader.root;
}

const struct config_node *config_tree_find(const struct config_node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    const struct config_node *child = map->first;
    while (child && !bytes_equal_text(child->key, key))
        child = child->next;
    return child;
}

bool config_tree_is_null(const struct config_node *node)
{
    return node->kind == NODE_SCALAR && node->is_plain &&
           (node->text.size == 0 || bytes_equal_text(node->text, "~") ||
            bytes_equal_text(node->text, "null"));
}
