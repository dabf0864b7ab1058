/* Content of a run, on demand: texts of each step, documents, and of the run as a whole the
 * question and the answer. These are the top span's own words where it has any. Where not, the tree
 * is walked from the top: tools, retrievals, guardrails and evaluators are not entered (what
 * happens inside a tool is not said to the user), and
 *   question  the first agent or workflow that has one, else the first model call
 *   answer    the one that ended last of the outermost agents, workflows and model calls with one */
#include "processor/normalize/content/content.h"

#include "processor/normalize/content/documents.h"
#include "processor/normalize/content/history.h"
#include "processor/normalize/content/messages_flat.h"
#include "processor/normalize/content/exchange.h"
#include "processor/normalize/content/tool_messages.h"

/* What each span says; same indexes as steps. */
struct content {
    struct agent_run *run;
    struct exchange *exchanges;
    bool has_agent; /* some step is an agent, a workflow or a model call */
};

static void read_step(struct content *content, struct document_list *documents, uint32_t index)
{
    struct agent_run *run = content->run;
    struct step *step = &run->steps[index];
    struct exchange *exchange = &content->exchanges[index];
    struct semconv semconv;
    semconv_read_span(step->span, &semconv);
    bool is_repeated_tool = step->is_repeat && run->steps[step->repeated].kind == STEP_TOOL;
    if (step->kind == STEP_TOOL || is_repeated_tool) {
        step->arguments = exchange_tool_arguments(&semconv, run->arena);
        step->input = step->arguments;
        step->output = exchange_tool_result(&semconv, run->arena);
        if (semconv.seen & SEEN_CONTENT)
            tool_messages_of_events(step, run->arena);
    } else {
        exchange_of_span(run, index, &semconv, exchange);
        step->input = exchange->question.size > 0 ? exchange->question : exchange->history;
        step->output = exchange->answer;
        if (step->kind == STEP_RETRIEVER && step->input.size == 0)
            step->input = exchange_concept_text(&semconv, SC_QUERY, run->arena);
    }
    content->has_agent |= step->is_own && (step->kind == STEP_AGENT || step->kind == STEP_LLM ||
                                           step->kind == STEP_WORKFLOW);
    bool is_retrieval = step->kind == STEP_RETRIEVER;
    bool may_have_documents = is_retrieval || step->kind == STEP_CHAIN || step->kind == STEP_OTHER;
    if (step->is_own && may_have_documents)
        documents_of_span(documents, step->span, index, &semconv, is_retrieval);
    if (run->expected.size == 0 || index == run->trajectory->top) {
        struct bytes expected = exchange_concept_text(&semconv, SC_EXPECTED, run->arena);
        if (expected.size > 0)
            expected = messages_expected(expected, run->arena);
        run->expected = expected.size > 0 ? expected : run->expected;
    }
}

/* What only the second span of a call shows belongs to the one that stands for it. Backwards: a
 * repeat of a repeat hands on what it was given. */
static void hand_over(struct content *content)
{
    struct agent_run *run = content->run;
    for (uint32_t i = run->step_count; i-- > 0;) {
        const struct step *repeat = &run->steps[i];
        if (!repeat->is_repeat)
            continue;
        struct step *step = &run->steps[repeat->repeated];
        struct exchange *exchange = &content->exchanges[repeat->repeated];
        if (step->input.size == 0)
            step->input = repeat->input;
        if (step->arguments.size == 0)
            step->arguments = repeat->arguments;
        if (step->output.size == 0)
            step->output = repeat->output;
        if (exchange->question.size == 0)
            exchange->question = content->exchanges[i].question;
        if (exchange->answer.size == 0)
            exchange->answer = content->exchanges[i].answer;
    }
}

static void read_reranked(struct content *content, struct document_list *documents)
{
    struct agent_run *run = content->run;
    for (uint32_t i = 0; i < run->step_count; i++) {
        struct semconv semconv;
        if (run->steps[i].kind != STEP_RERANKER || !run->steps[i].is_own)
            continue;
        semconv_read_span(run->steps[i].span, &semconv);
        documents_of_span(documents, run->steps[i].span, i, &semconv, true);
    }
}

/* Log records fill gaps: of several about one span the last that says something counts. */
static void read_logs(struct content *content)
{
    struct agent_run *run = content->run;
    const struct trajectory *trajectory = run->trajectory;
    for (uint32_t i = trajectory->log_count; i-- > 0;) {
        const struct log_record *log = &trajectory->logs[i];
        uint32_t span = trajectory_find(trajectory, log->span_id);
        if (span == NO_SPAN || run->steps[span].kind == STEP_TOOL)
            continue;
        struct exchange *exchange = &content->exchanges[span];
        if (exchange->question.size == 0)
            exchange->question = messages_flat_of_log(log, DIRECTION_INPUT, run->arena);
        if (exchange->answer.size == 0)
            exchange->answer = messages_flat_of_log(log, DIRECTION_OUTPUT, run->arena);
        if (exchange->question.size > 0)
            run->steps[span].input = exchange->question;
        if (exchange->answer.size > 0)
            run->steps[span].output = exchange->answer;
    }
}

/* May the walk enter this step's children? */
static bool is_entered(const struct step *step)
{
    return step->is_own && step->kind != STEP_TOOL && step->kind != STEP_RETRIEVER &&
           step->kind != STEP_RERANKER && step->kind != STEP_EMBEDDING &&
           step->kind != STEP_GUARDRAIL && step->kind != STEP_EVALUATOR;
}

/* The next span in preorder within the tree of `top`; NO_SPAN at its end. */
static uint32_t next_in_tree(const struct trajectory *trajectory, uint32_t top, uint32_t at,
                             bool enter)
{
    if (enter && trajectory->first_children[at] != NO_SPAN)
        return trajectory->first_children[at];
    while (at != top && trajectory->next_siblings[at] == NO_SPAN)
        at = trajectory->parents[at];
    return at == top ? NO_SPAN : trajectory->next_siblings[at];
}

/* Which steps a walk asks. */
enum asked { ASKED_AGENTS, ASKED_MODELS, ASKED_HISTORY, ASKED_CHAINS };

static bool is_asked(const struct step *step, enum asked asked)
{
    bool is_agent = step->kind == STEP_AGENT || step->kind == STEP_WORKFLOW;
    if (asked == ASKED_AGENTS || asked == ASKED_HISTORY)
        return is_agent;
    return asked == ASKED_MODELS ? step->kind == STEP_LLM : step->kind == STEP_CHAIN;
}

static bool find_question(struct content *content, uint32_t top, enum asked asked)
{
    struct agent_run *run = content->run;
    for (uint32_t at = top; at != NO_SPAN;
         at = next_in_tree(run->trajectory, top, at, is_entered(&run->steps[at]))) {
        const struct step *step = &run->steps[at];
        const struct exchange *exchange = &content->exchanges[at];
        struct bytes text = asked == ASKED_HISTORY ? exchange->history : exchange->question;
        if (!step->is_own || !is_asked(step, asked) || text.size == 0)
            continue;
        run->input = text;
        run->input_span = at;
        return true;
    }
    return false;
}

/* Begun when the run had ended already: memory, titles, clean-up. Nobody waits for it. */
static bool is_afterwards(const struct agent_run *run, const struct step *step)
{
    const struct trajectory *trajectory = run->trajectory;
    return trajectory->root != NO_SPAN && !trajectory->is_conversation &&
           trajectory->spans[trajectory->root].end_ns != 0 &&
           step->span->start_ns > trajectory->spans[trajectory->root].end_ns;
}

/* Takes the answer of the outermost that have one; the latest end counts over all trees. */
static void find_answer(struct content *content, uint32_t top, bool ask_chains)
{
    struct agent_run *run = content->run;
    uint32_t at = top;
    while (at != NO_SPAN) {
        const struct step *step = &run->steps[at];
        bool is_speaker = step->is_own && !step_has_failed(step) && !is_afterwards(run, step) &&
                          (is_asked(step, ASKED_AGENTS) || is_asked(step, ASKED_MODELS) ||
                           (ask_chains && step->kind == STEP_CHAIN));
        bool has_answer = is_speaker && content->exchanges[at].answer.size > 0;
        if (has_answer && (run->output_span == NO_SPAN ||
                           step->span->end_ns >= run->steps[run->output_span].span->end_ns)) {
            run->output = content->exchanges[at].answer;
            run->output_span = at;
        }
        bool is_failed_part = at != top && step_has_failed(step) && is_asked(step, ASKED_AGENTS);
        bool enter = is_entered(step) && !has_answer && !is_failed_part;
        at = next_in_tree(run->trajectory, top, at, enter);
    }
}

static bool may_ask(const struct step *step)
{
    return is_entered(step) || step->kind == STEP_RETRIEVER;
}

static void read_question(struct content *content)
{
    struct agent_run *run = content->run;
    const struct trajectory *trajectory = run->trajectory;
    uint32_t top = trajectory->top;
    const struct step *step = &run->steps[top];
    if (content->exchanges[top].is_resumed && trajectory->root != NO_SPAN)
        return;
    if (may_ask(step) && trajectory->root != NO_SPAN && content->exchanges[top].question.size > 0) {
        run->input = content->exchanges[top].question;
        run->input_span = top;
        return;
    }
    if (!content->has_agent)
        return;
    for (enum asked asked = ASKED_AGENTS; asked <= ASKED_CHAINS; asked++) {
        if (find_question(content, top, asked))
            return;
        for (uint32_t i = 0; i < run->step_count; i++)
            if (i != top && trajectory->parents[i] == NO_SPAN && find_question(content, i, asked))
                return;
    }
}

static void read_answer(struct content *content)
{
    struct agent_run *run = content->run;
    const struct trajectory *trajectory = run->trajectory;
    uint32_t top = trajectory->top;
    if (run->has_failed)
        return;
    if (trajectory->root != NO_SPAN && is_entered(&run->steps[top]) &&
        content->exchanges[top].answer.size > 0) {
        run->output = content->exchanges[top].answer;
        run->output_span = top;
        return;
    }
    for (int ask_chains = 0; content->has_agent && ask_chains < 2; ask_chains++) {
        find_answer(content, top, ask_chains);
        for (uint32_t i = 0; run->output_span == NO_SPAN || trajectory->root == NO_SPAN; i++) {
            if (i >= run->step_count)
                break;
            if (i != top && trajectory->parents[i] == NO_SPAN)
                find_answer(content, i, ask_chains);
        }
        if (run->output_span != NO_SPAN)
            return;
    }
}

void content_read(struct agent_run *run)
{
    if (run->has_content)
        return;
    run->has_content = true;
    run->input_span = run->output_span = NO_SPAN;
    if (run->step_count == 0 || run->trajectory->top == NO_SPAN)
        return;
    struct content content = {.run = run};
    struct document_list documents = {.arena = run->arena};
    content.exchanges = arena_zalloc(run->arena, run->step_count, sizeof *content.exchanges);
    if (!content.exchanges)
        return;
    for (uint32_t i = 0; i < run->step_count; i++)
        read_step(&content, &documents, i);
    hand_over(&content);
    tool_messages_by_call(run);
    if (documents.count == 0)
        read_reranked(&content, &documents);
    read_logs(&content);
    documents_of_tools(&documents, run);
    run->documents = documents.items;
    run->document_count = documents.count;
    read_question(&content);
    read_answer(&content);
    history_read(run);
    run->has_unread_texts = run->arena->is_too_costly;
}

struct bytes content_question(struct agent_run *run)
{
    const struct trajectory *trajectory = run->trajectory;
    uint32_t top = run->step_count > 0 ? trajectory->top : NO_SPAN;
    if (!run->has_content && top != NO_SPAN && trajectory->root != NO_SPAN &&
        may_ask(&run->steps[top]) && !run->steps[top].is_repeat) {
        struct semconv semconv;
        struct exchange exchange;
        semconv_read_span(run->steps[top].span, &semconv);
        exchange_of_span(run, top, &semconv, &exchange);
        if (exchange.question.size > 0 && !exchange.is_resumed)
            return exchange.question;
    }
    content_read(run);
    return run->input;
}
