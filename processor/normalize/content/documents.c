/* Where documents stand:
 *   retrieval.documents.N.document.{id,content,score,metadata}     OpenInference, traceAI
 *   reranker.output_documents.N.document...                        the same after reranking
 *   gen_ai.retrieval.documents                                     JSON or structured; ids, scores, maybe content
 *   events db.query.result                                         OpenLLMetry's vector databases
 *   the output of a retriever                                      lists of texts or of objects with one */
#include "processor/normalize/content/documents.h"

#include <stdlib.h>

#include "processor/base/json/json.h"
#include "processor/normalize/content/message.h"
#include "processor/normalize/content/python_repr.h"
#include "processor/normalize/facts/lists.h"
#include "processor/otlp/span_fields.h"

enum { DOCUMENTS_MAX = 1000, LEVELS_MAX = 6 };

static void add_document(struct document_list *list, struct document document)
{
    if ((document.text.size == 0 && document.id.size == 0) || list->count >= DOCUMENTS_MAX)
        return;
    for (uint32_t i = 0; i < list->count; i++) {
        struct document *known = &list->items[i];
        if (known->text.size == document.text.size && !arena_look(list->arena, document.text.size))
            return;
        bool is_same = known->text.size > 0 && document.text.size > 0
                           ? bytes_equal(known->text, document.text)
                           : known->id.size > 0 && bytes_equal(known->id, document.id);
        if (!is_same)
            continue;
        if (known->text.size == 0)
            known->text = document.text;
        return;
    }
    void *items = list->items;
    if (!list_reserve(&items, list->count, &list->capacity, sizeof document, list->arena))
        return;
    list->items = items;
    list->items[list->count++] = document;
}

/* One document of indexed keys on its way together. */
struct indexed_document {
    uint64_t index;
    uint8_t space;
    struct document document;
};

static bool split_key(struct bytes key, uint8_t *ret_space, uint64_t *ret_index,
                      struct bytes *ret_field)
{
    static const char *const prefixes[] = {"retrieval.documents.", "reranker.output_documents."};
    static const char middle[] = ".document.";
    for (uint8_t i = 0; i < 2; i++) {
        size_t size = strlen(prefixes[i]);
        if (key.size <= size || memcmp(key.data, prefixes[i], size) != 0)
            continue;
        uint64_t index = 0;
        size_t at = size;
        for (; at < key.size && key.data[at] >= '0' && key.data[at] <= '9'; at++)
            index = index > UINT64_MAX / 16 ? index : index * 10 + (uint64_t)(key.data[at] - '0');
        size_t middle_size = sizeof middle - 1;
        if (at == size || key.size < at + middle_size ||
            memcmp(key.data + at, middle, middle_size) != 0)
            return false;
        *ret_space = i;
        *ret_index = index;
        *ret_field = bytes_of(key.data + at + middle_size, key.size - at - middle_size);
        return true;
    }
    return false;
}

static int compare_indexed(const void *a_, const void *b_)
{
    const struct indexed_document *a = a_, *b = b_;
    if (a->space != b->space)
        return a->space < b->space ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* LangChain keeps the score among the metadata. */
static void metadata_score(struct document *document, struct bytes metadata, struct arena *arena)
{
    static const char member[] = "\"score\"";
    struct json_reader reader;
    struct json_value object, score;
    if (memmem(metadata.data, metadata.size, member, sizeof member - 1) &&
        json_parse(metadata, arena, &reader, &object) &&
        json_member(&reader, &object, "score", &score) && score.type == JSON_NUMBER) {
        document->has_score = true;
        document->score = score.number;
    }
}

static void put_field(struct document *document, struct bytes field, struct value value,
                      struct arena *arena)
{
    if (bytes_equal_text(field, "content")) {
        document->text = value_text(value, arena);
    } else if (bytes_equal_text(field, "id")) {
        document->id = value_text(value, arena);
    } else if (bytes_equal_text(field, "score") &&
               (value.type == VALUE_DOUBLE || value.type == VALUE_INT)) {
        document->has_score = true;
        document->score = value.number;
    } else if (bytes_equal_text(field, "metadata") && !document->has_score &&
               value.type == VALUE_STRING) {
        metadata_score(document, value.bytes, arena);
    }
}

static void indexed_documents(struct document_list *list, const struct span *span, uint32_t index)
{
    struct indexed_document *found = NULL;
    uint32_t count = 0, capacity = 0;
    struct attributes attributes = attributes_of(span->wire, OF_SPAN);
    struct attribute attribute;
    while (attributes_next(&attributes, &attribute)) {
        uint8_t space;
        uint64_t position;
        struct bytes field;
        if (!split_key(attribute.key, &space, &position, &field))
            continue;
        /* Fields of one document mostly stand together: look from the end. */
        uint32_t i = count;
        while (i > 0 && (found[i - 1].index != position || found[i - 1].space != space))
            i--;
        if (!arena_look(list->arena, (count - i) * sizeof *found))
            break;
        if (i == 0) {
            void *items = found;
            if (!list_reserve(&items, count, &capacity, sizeof *found, list->arena))
                break;
            found = items;
            found[count] = (struct indexed_document){.index = position, .space = space};
            found[count].document.span = index;
            i = ++count;
        }
        put_field(&found[i - 1].document, field, attribute.value, list->arena);
    }
    if (count > 0)
        qsort(found, count, sizeof *found, compare_indexed);
    for (uint32_t i = 0; i < count; i++)
        add_document(list, found[i].document);
}

static void event_documents(struct document_list *list, const struct span *span, uint32_t index)
{
    struct span_events events = span_events_of(span);
    struct span_event event;
    while (span_events_next(&events, &event)) {
        if (!bytes_equal_text(event.name, "db.query.result"))
            continue;
        struct document document = {.span = index};
        struct value score =
            attributes_find(event.wire, OF_EVENT, BYTES_LITERAL("db.query.result.score"));
        document.id =
            value_text(attributes_find(event.wire, OF_EVENT, BYTES_LITERAL("db.query.result.id")),
                       list->arena);
        document.text = value_text(
            attributes_find(event.wire, OF_EVENT, BYTES_LITERAL("db.query.result.document")),
            list->arena);
        document.has_score = score.type == VALUE_DOUBLE || score.type == VALUE_INT;
        document.score = document.has_score ? score.number : 0;
        add_document(list, document);
    }
}

static bool find_member(const struct json_reader *reader, const struct json_value *object,
                        const char *const *names, enum json_type type, struct json_value *ret)
{
    for (; *names; names++)
        if (json_member(reader, object, *names, ret) && ret->type == type)
            return true;
    return false;
}

static void json_document(struct document_list *list, const struct json_reader *reader,
                          const struct json_value *object, uint32_t index)
{
    static const char *const wrappers[] = {"kwargs", "node", "document", "doc", "payload", NULL};
    static const char *const texts[] = {"page_content", "pageContent", "text",    "content",
                                        "document",     "chunk",       "passage", "body",
                                        "snippet",      NULL};
    static const char *const ids[] = {"id",      "doc_id", "document_id", "id_",
                                      "node_id", "_id",    "chunk_id",    NULL};
    static const char *const scores[] = {"score", "similarity", "relevance_score", "_score", NULL};
    struct document document = {.span = index};
    struct json_value value = *object, inner, member;
    if (find_member(reader, &value, scores, JSON_NUMBER, &member)) {
        document.has_score = true;
        document.score = member.number;
    }
    if (find_member(reader, &value, ids, JSON_STRING, &member))
        document.id = member.text;
    if (!find_member(reader, &value, texts, JSON_STRING, &member) &&
        find_member(reader, &value, wrappers, JSON_OBJECT, &inner)) {
        value = inner;
        if (find_member(reader, &value, ids, JSON_STRING, &member))
            document.id = member.text;
    }
    if (find_member(reader, &value, texts, JSON_STRING, &member))
        document.text = member.text;
    else if (find_member(reader, &value, texts, JSON_ARRAY, &member)) /* parts: [{"text": ..}] */
        document.text = message_content_text(reader, &member, list->arena);
    struct json_value metadata;
    if (!document.has_score && json_member(reader, &value, "metadata", &metadata) &&
        find_member(reader, &metadata, scores, JSON_NUMBER, &member)) {
        document.has_score = true;
        document.score = member.number;
    }
    add_document(list, document);
}

static void json_documents(struct document_list *list, struct bytes text, uint32_t index,
                           int level);

static void json_array(struct document_list *list, const struct json_reader *reader,
                       const struct json_value *array, uint32_t index, int level)
{
    struct json_reader elements;
    struct json_value element;
    json_children(reader, array, &elements);
    for (enum json_type type = json_next(&elements, &element);
         type != JSON_END && type != JSON_BROKEN && list->count < DOCUMENTS_MAX;
         type = json_next(&elements, &element)) {
        if (type == JSON_OBJECT)
            json_document(list, &elements, &element, index);
        else if (type == JSON_ARRAY && level < LEVELS_MAX)
            json_array(list, &elements, &element, index, level + 1);
        else if (type == JSON_STRING && python_repr_looks(element.text))
            json_documents(list, element.text, index, level + 1);
        else if (type == JSON_STRING)
            add_document(list, (struct document){.text = element.text, .span = index});
    }
}

/* `text` is JSON of documents, or JSON around it, or a repr of one. */
static void json_documents(struct document_list *list, struct bytes text, uint32_t index, int level)
{
    static const char *const lists[] = {
        "documents", "docs",     "results",  "matches",  "nodes",   "source_nodes",
        "chunks",    "passages", "hits",     "contexts", "context", "output",
        "outputs",   "result",   "response", "data",     "content", NULL};
    struct json_reader reader;
    struct json_value value, member;
    if (level >= LEVELS_MAX || text.size < 2)
        return;
    if (python_repr_looks(text) && text.data[0] != '<')
        text = python_repr_to_json(text, list->arena);
    if (!text.data || !json_parse(text, list->arena, &reader, &value))
        return;
    for (int i = 0; i < LEVELS_MAX && value.type == JSON_OBJECT; i++) {
        if (find_member(&reader, &value, lists, JSON_ARRAY, &member) ||
            find_member(&reader, &value, lists, JSON_OBJECT, &member)) {
            value = member;
            continue;
        }
        json_document(list, &reader, &value, index);
        return;
    }
    if (value.type == JSON_ARRAY)
        json_array(list, &reader, &value, index, level);
    else if (value.type == JSON_STRING && value.text.size > 0 &&
             (value.text.data[0] == '[' || value.text.data[0] == '{'))
        json_documents(list, value.text, index, level + 1);
}

void documents_of_span(struct document_list *list, const struct span *span, uint32_t index,
                       const struct semconv *semconv, bool from_output)
{
    static const enum semconv_concept outputs[] = {SC_OUT_VALUE, SC_OUT_LIBRARY, SC_OUT_ENTITY,
                                                   SC_OUT_RAW,   SC_OUT_LEGACY,  SC_OUT_MESSAGES,
                                                   SC_OUT_ENDING};
    uint32_t before = list->count;
    if (semconv->seen & SEEN_DOCUMENTS) {
        indexed_documents(list, span, index);
        event_documents(list, span, index);
    }
    const struct value *documents = semconv_get(semconv, SC_DOCUMENTS);
    if (documents && documents->type == VALUE_STRING)
        json_documents(list, documents->bytes, index, 0);
    else if (documents && documents->type == VALUE_ARRAY)
        json_documents(list, value_json(*documents, list->arena), index, 0);
    bool is_named = semconv->seen & SEEN_DOCUMENTS || documents;
    for (size_t i = 0;
         from_output && !is_named && list->count == before && i < sizeof outputs / sizeof *outputs;
         i++) {
        const struct value *output = semconv_get(semconv, outputs[i]);
        if (output && output->type == VALUE_STRING)
            json_documents(list, output->bytes, index, 0);
    }
}

static bool has_retrieved(const struct document_list *list, const struct agent_run *run)
{
    for (uint32_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_RETRIEVER && run->steps[i].is_own)
            return true;
    return list->count > 0;
}

void documents_of_tools(struct document_list *list, const struct agent_run *run)
{
    if (has_retrieved(list, run))
        return;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind == STEP_TOOL && step->is_counted && step->is_own && step->output.size > 0)
            add_document(list, (struct document){
                                   .text = step->output, .span = i, .is_tool_result = true});
    }
}
