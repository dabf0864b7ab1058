/* Fragments of messages are collected in one pass and sorted by (index, part), so holes cost
 * nothing:
 *   llm.input_messages.0.message.role                                  index 0, role
 *   llm.input_messages.10.message.contents.2.message_content.text      index 10, part 2 */
#include "processor/normalize/content/messages_flat.h"

#include <stdlib.h>

#include "processor/normalize/content/said.h"
#include "processor/normalize/content/transcript.h"
#include "processor/normalize/facts/lists.h"
#include "processor/otlp/span_fields.h"

enum { PARTS_MAX = 64 };

enum fragment_kind {
    FRAGMENT_ROLE,
    FRAGMENT_CONTENT,
    FRAGMENT_PART,
    FRAGMENT_PART_TYPE,
    FRAGMENT_CALL, /* of a tool */
};

struct fragment {
    uint64_t index, part;
    uint32_t order; /* of arrival: of repeated keys the last counts */
    enum fragment_kind kind;
    bool may_be_parts;
    struct bytes text;
};

static bool take_prefix(struct bytes *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text->size < size || memcmp(text->data, prefix, size) != 0)
        return false;
    *text = bytes_of(text->data + size, text->size - size);
    return true;
}

/* An index and the dot behind it; huge ones saturate and keep their order well enough. */
static bool take_index(struct bytes *text, uint64_t *ret_index)
{
    uint64_t index = 0;
    size_t digits = 0;
    for (; digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9'; digits++)
        index = index > UINT64_MAX / 16 ? index : index * 10 + (uint64_t)(text->data[digits] - '0');
    if (digits == 0 || digits >= text->size || text->data[digits] != '.')
        return false;
    *text = bytes_of(text->data + digits + 1, text->size - digits - 1);
    *ret_index = index;
    return true;
}

static bool split_key(struct bytes key, enum direction direction, struct fragment *ret)
{
    bool is_plain = false;
    if (direction == DIRECTION_INPUT) {
        is_plain = take_prefix(&key, "gen_ai.prompt.");
        if (!is_plain && !take_prefix(&key, "llm.input_messages.") &&
            !take_prefix(&key, "gen_ai.input.messages."))
            return false;
    } else {
        is_plain = take_prefix(&key, "gen_ai.completion.");
        if (!is_plain && !take_prefix(&key, "llm.output_messages.") &&
            !take_prefix(&key, "gen_ai.output.messages."))
            return false;
    }
    *ret = (struct fragment){.may_be_parts = is_plain};
    if (!take_index(&key, &ret->index))
        return false;
    take_prefix(&key, "message.");
    if (bytes_equal_text(key, "role")) {
        ret->kind = FRAGMENT_ROLE;
        return true;
    }
    if (bytes_equal_text(key, "content")) {
        ret->kind = FRAGMENT_CONTENT;
        return true;
    }
    if (take_prefix(&key, "tool_calls.") || take_prefix(&key, "function_call")) {
        ret->kind = FRAGMENT_CALL;
        return true;
    }
    if (!take_prefix(&key, "contents.") || !take_index(&key, &ret->part))
        return false;
    ret->kind = bytes_equal_text(key, "message_content.type") ? FRAGMENT_PART_TYPE : FRAGMENT_PART;
    return ret->kind == FRAGMENT_PART_TYPE || bytes_equal_text(key, "message_content.text");
}

static int compare_fragments(const void *a_, const void *b_)
{
    const struct fragment *a = a_, *b = b_;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/* A message of indexed keys on its way together. */
struct flat_message {
    enum role role;
    struct bytes content, parts[PARTS_MAX];
    uint64_t numbers[PARTS_MAX];  /* of each part */
    uint64_t unspoken[PARTS_MAX]; /* numbers of parts that are no text: reasoning, images */
    uint32_t part_count, unspoken_count;
    bool has_calls;
};

static void put_fragment(struct flat_message *message, const struct fragment *fragment,
                         struct arena *arena)
{
    switch (fragment->kind) {
    case FRAGMENT_ROLE:
        message->role = message_role(fragment->text);
        break;
    case FRAGMENT_CONTENT:
        message->content =
            fragment->may_be_parts ? messages_parts_text(fragment->text, arena) : fragment->text;
        break;
    case FRAGMENT_PART:
        if (message->part_count < PARTS_MAX) {
            message->numbers[message->part_count] = fragment->part;
            message->parts[message->part_count++] = fragment->text;
        }
        break;
    case FRAGMENT_PART_TYPE:
        if (!bytes_equal_text(fragment->text, "text") && message->unspoken_count < PARTS_MAX)
            message->unspoken[message->unspoken_count++] = fragment->part;
        break;
    case FRAGMENT_CALL:
        message->has_calls = true;
        break;
    }
}

static struct bytes spoken_parts(struct flat_message *message, struct arena *arena)
{
    for (uint32_t i = 0; i < message->part_count; i++)
        for (uint32_t j = 0; j < message->unspoken_count; j++)
            if (message->numbers[i] == message->unspoken[j])
                message->parts[i] = (struct bytes){0};
    return message_parts_join(message->parts, message->part_count, arena);
}

static void fold_fragments(const struct fragment *fragments, uint32_t count, struct arena *arena,
                           struct dialogue *dialogue)
{
    for (uint32_t i = 0; i < count;) {
        uint64_t index = fragments[i].index;
        struct flat_message message;
        message.role = ROLE_NONE;
        message.content = (struct bytes){0};
        message.part_count = message.unspoken_count = 0;
        message.has_calls = false;
        for (; i < count && fragments[i].index == index; i++)
            put_fragment(&message, &fragments[i], arena);
        struct bytes text =
            message.content.size > 0 ? message.content : spoken_parts(&message, arena);
        if (message.has_calls && message.role != ROLE_USER)
            dialogue_add_calls(dialogue);
        dialogue_add(dialogue, message.role, said_text(text, message.role, arena));
    }
}

/* False when there are no such messages. */
static bool read_flat(struct bytes message, enum attribute_owner owner, enum direction direction,
                      struct arena *arena, struct dialogue *dialogue, bool *ret_found)
{
    struct fragment *fragments = NULL;
    uint32_t count = 0, capacity = 0;
    struct attributes attributes = attributes_of(message, owner);
    struct attribute attribute;
    *ret_found = false;
    while (attributes_next(&attributes, &attribute)) {
        struct fragment fragment;
        if (!split_key(attribute.key, direction, &fragment))
            continue;
        *ret_found = true;
        void *items = fragments;
        if (!list_reserve(&items, count, &capacity, sizeof *fragments, arena))
            break;
        fragments = items;
        fragment.order = count;
        fragment.text = value_text(attribute.value, arena);
        fragments[count++] = fragment;
    }
    if (count == 0)
        return false;
    qsort(fragments, count, sizeof *fragments, compare_fragments);
    fold_fragments(fragments, count, arena, dialogue);
    return true;
}

struct bytes messages_flat_text(struct bytes message, enum attribute_owner owner,
                                enum direction direction, enum wanted wanted, struct arena *arena,
                                bool *ret_found)
{
    struct dialogue dialogue = {0};
    return read_flat(message, owner, direction, arena, &dialogue, ret_found)
               ? dialogue_text(&dialogue, wanted)
               : (struct bytes){0};
}

void messages_flat_turns(const struct span *span, struct arena *arena, struct turns *turns)
{
    struct dialogue dialogue = {.turns = turns};
    bool is_found;
    (void)read_flat(span->wire, OF_SPAN, DIRECTION_INPUT, arena, &dialogue, &is_found);
}

static struct bytes text_or_json(struct value value, struct arena *arena)
{
    return value.type == VALUE_KVLIST || value.type == VALUE_ARRAY ? value_json(value, arena)
                                                                   : value_text(value, arena);
}

static enum wanted wanted_of(enum direction direction)
{
    return direction == DIRECTION_INPUT ? WANTED_QUESTION : WANTED_ANSWER;
}

/* A question may be written down as a transcript. */
static struct bytes read_turns(struct bytes text, enum direction direction, struct arena *arena)
{
    struct bytes found;
    if (direction == DIRECTION_INPUT && transcript_text(text, WANTED_QUESTION, arena, &found))
        return found;
    return messages_text(text, wanted_of(direction), arena);
}

/* The text of one event: content, message, or whole lists of messages. */
static struct bytes event_text(struct bytes name, struct bytes message, enum attribute_owner owner,
                               enum direction direction, struct arena *arena)
{
    static const char *const questions[] = {"gen_ai.input.messages", "gen_ai.prompt", "content",
                                            "gen_ai.event.content"};
    static const char *const answers[] = {"gen_ai.output.messages", "gen_ai.completion", "message",
                                          "content", "gen_ai.event.content"};
    bool is_question = bytes_equal_text(name, "gen_ai.user.message") ||
                       bytes_equal_text(name, "gen_ai.content.prompt");
    bool is_answer = bytes_equal_text(name, "gen_ai.choice") ||
                     bytes_equal_text(name, "gen_ai.assistant.message") ||
                     bytes_equal_text(name, "gen_ai.content.completion");
    bool is_details = bytes_equal_text(name, "gen_ai.client.inference.operation.details");
    bool is_input = direction == DIRECTION_INPUT;
    if (!is_details && !(is_input ? is_question : is_answer))
        return (struct bytes){0};
    size_t count =
        is_input ? sizeof questions / sizeof *questions : sizeof answers / sizeof *answers;
    for (size_t i = 0; i < count; i++) {
        struct bytes key = bytes_of_text(is_input ? questions[i] : answers[i]);
        struct value value = attributes_find(message, owner, key);
        if (value.type == VALUE_NONE)
            continue;
        struct bytes text = read_turns(text_or_json(value, arena), direction, arena);
        if (text.size > 0)
            return text;
    }
    return (struct bytes){0};
}

struct bytes messages_flat_of_events(const struct span *span, enum direction direction,
                                     struct arena *arena)
{
    struct span_events events = span_events_of(span);
    struct span_event event;
    struct bytes last = {0};
    while (span_events_next(&events, &event)) {
        struct bytes text = event_text(event.name, event.wire, OF_EVENT, direction, arena);
        if (text.size > 0)
            last = text;
        else if (direction == DIRECTION_OUTPUT &&
                 bytes_equal_text(event.name, "gen_ai.user.message"))
            last = (struct bytes){0}; /* What the assistant said before is history. */
    }
    return last;
}

struct bytes messages_flat_of_log(const struct log_record *log, enum direction direction,
                                  struct arena *arena)
{
    struct bytes text = event_text(log->event_name, log->wire, OF_LOG_RECORD, direction, arena);
    if (text.size > 0)
        return text;
    bool is_question = bytes_equal_text(log->event_name, "gen_ai.user.message");
    bool is_answer = bytes_equal_text(log->event_name, "gen_ai.choice");
    if (direction == DIRECTION_INPUT ? !is_question : !is_answer)
        return (struct bytes){0};
    struct value body = log_body(log);
    if (body.type == VALUE_NONE)
        return (struct bytes){0};
    return messages_text(text_or_json(body, arena), wanted_of(direction), arena);
}
