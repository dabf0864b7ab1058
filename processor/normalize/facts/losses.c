/* The notes in spans, logs, resources and scopes, turned from names into kinds of text: by the
 * table of attribute names, and for names with an index or a free part by the words in them. Which
 * text an input or output is depends on the step: a tool's are its arguments and its result. */
#include "processor/normalize/facts/losses.h"

#include <strings.h>

#include "processor/normalize/semconv/semconv_table.h"
#include "processor/otlp/left_out.h"

static const struct {
    const char *word;
    uint32_t texts;
} words[] = {
    {"tool", RUN_TEXT_TOOLS},
    {"function", RUN_TEXT_TOOLS},
    {"expected", RUN_TEXT_EXPECTED},
    {"reference", RUN_TEXT_EXPECTED},
    {"ground_truth", RUN_TEXT_EXPECTED},
    {"document", RUN_TEXT_DOCUMENTS},
    {"retriev", RUN_TEXT_DOCUMENTS},
    {"token", RUN_TEXT_USAGE},
    {"usage", RUN_TEXT_USAGE},
    {"cost", RUN_TEXT_USAGE},
    {"output", RUN_TEXT_OUTPUT},
    {"completion", RUN_TEXT_OUTPUT},
    {"response", RUN_TEXT_OUTPUT},
    {"answer", RUN_TEXT_OUTPUT},
    {"choice", RUN_TEXT_OUTPUT},
    {"input", RUN_TEXT_INPUT},
    {"prompt", RUN_TEXT_INPUT},
    {"question", RUN_TEXT_INPUT},
    {"query", RUN_TEXT_INPUT},
}, general_words[] = {
    /* Where no word above says more. */
    {"message", RUN_TEXT_INPUT | RUN_TEXT_OUTPUT},
    {"content", RUN_TEXT_INPUT | RUN_TEXT_OUTPUT},
    {"body", RUN_TEXT_INPUT | RUN_TEXT_OUTPUT},
};

static bool has_word(struct bytes name, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= name.size; i++)
        if (strncasecmp((const char *)name.data + i, word, size) == 0)
            return true;
    return false;
}

static uint32_t texts_of_concept(uint8_t concept)
{
    if (concept == SC_EVENTS)
        return RUN_TEXT_INPUT | RUN_TEXT_OUTPUT;
    if (concept >= SC_IN_MESSAGES && concept < SC_EVENTS)
        return RUN_TEXT_INPUT;
    if (concept >= SC_OUT_FINAL && concept <= SC_OUT_LAST_RESORT)
        return RUN_TEXT_OUTPUT;
    if (concept >= SC_TOKENS_INPUT && concept <= SC_COST_JSON)
        return RUN_TEXT_USAGE;
    if (concept >= SC_TOOL_NAME && concept <= SC_INVOCATION)
        return RUN_TEXT_TOOLS;
    if (concept >= SC_TOOL_ARGUMENTS && concept <= SC_TOOL_RESULT)
        return RUN_TEXT_TOOLS;
    if (concept == SC_QUERY)
        return RUN_TEXT_INPUT;
    if (concept == SC_DOCUMENTS)
        return RUN_TEXT_DOCUMENTS;
    return concept == SC_EXPECTED ? RUN_TEXT_EXPECTED : 0;
}

static uint32_t texts_of_name(struct bytes name)
{
    const struct semconv_row *row = semconv_find(name);
    if (row)
        return texts_of_concept(row->concept);
    uint32_t texts = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (has_word(name, words[i].word))
            texts |= words[i].texts;
    for (size_t i = 0; texts == 0 && i < sizeof general_words / sizeof *general_words; i++)
        if (has_word(name, general_words[i].word))
            texts = general_words[i].texts;
    return texts;
}

static uint32_t texts_of_note(const struct left_out *note)
{
    switch (note->part) {
    case LEFT_OUT_ATTRIBUTE:
    case LEFT_OUT_INNER:
    case LEFT_OUT_EVENT:
    case LEFT_OUT_FIELD:
        return texts_of_name(note->name);
    case LEFT_OUT_LINK:
    case LEFT_OUT_PARENT:
        return 0;
    case LEFT_OUT_UNKNOWN:
    case LEFT_OUT_REST:
    case LEFT_OUT_MORE:
    case LEFT_OUT_MORE_PARTS:
    case LEFT_OUT_SPAN:
    case LEFT_OUT_PARTS:
        break;
    }
    return RUN_TEXTS_ALL;
}

/* Input and output of a step are texts of other kinds where it is no speaker. */
static uint32_t texts_of_step(const struct step *step, uint32_t texts)
{
    uint32_t said = texts & (RUN_TEXT_INPUT | RUN_TEXT_OUTPUT);
    if (said == 0 || step->kind == STEP_AGENT || step->kind == STEP_LLM)
        return texts;
    if (step->kind == STEP_TOOL)
        return (texts & ~said) | RUN_TEXT_TOOLS;
    if (step->kind == STEP_RETRIEVER || step->kind == STEP_RERANKER)
        return (texts & ~said) | (said & RUN_TEXT_OUTPUT ? RUN_TEXT_DOCUMENTS : 0);
    return texts | (said & RUN_TEXT_OUTPUT ? RUN_TEXT_DOCUMENTS : 0);
}

static void read_span(struct agent_run *run, uint32_t index)
{
    const struct span *span = &run->trajectory->spans[index];
    struct left_out_list list = left_out_of(span->wire);
    struct left_out note;
    uint32_t texts = 0;
    run->refused_spans += span->is_stub;
    while (left_out_next(&list, &note)) {
        run->left_out += note.count;
        run->refused_spans += note.part == LEFT_OUT_SPAN ? note.count : 0;
        if (left_out_is_no_attribute(&note))
            run->dropped_attributes += note.count;
        texts |= texts_of_step(&run->steps[index], texts_of_note(&note));
    }
    if (index == run->trajectory->top)
        run->lost_at_top |= texts;
    else
        run->lost_below |= texts;
}

/* Of messages that are no spans, whose own counts nobody adds up. */
static void read_other(struct agent_run *run, struct bytes message, bool has_texts)
{
    struct left_out_list list = left_out_of(message);
    struct left_out note;
    while (left_out_next(&list, &note)) {
        run->left_out += note.count;
        run->dropped_attributes += note.count;
        if (has_texts)
            run->lost_below |= texts_of_note(&note);
    }
}

void losses_read(struct agent_run *run)
{
    const struct trajectory *trajectory = run->trajectory;
    for (uint32_t i = 0; i < run->step_count; i++)
        if (trajectory->spans[i].has_left_out)
            read_span(run, i);
    for (uint32_t i = 0; i < trajectory->log_count; i++)
        read_other(run, trajectory->logs[i].wire, true);
    for (uint32_t i = 0; i < trajectory->resource_count; i++)
        read_other(run, trajectory->resources[i], false);
    for (uint32_t i = 0; i < trajectory->scope_count; i++)
        read_other(run, trajectory->scopes[i], false);
}
