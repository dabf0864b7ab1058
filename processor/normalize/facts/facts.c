/* The facts of a run, for every trajectory: one pass over the bytes of each span, then a few over
 * the steps. Order is the trajectory's, so how spans arrived never shows.
 *   spans -> steps -> relate -> errors, names, sums, route */
#include "processor/normalize/facts/facts.h"

#include "processor/base/json/json.h"
#include "processor/base/text/text.h"
#include "processor/normalize/facts/lists.h"
#include "processor/normalize/facts/losses.h"
#include "processor/normalize/facts/relate.h"
#include "processor/normalize/facts/route.h"
#include "processor/normalize/facts/scores.h"
#include "processor/normalize/facts/steps.h"
#include "processor/normalize/facts/tools.h"
#include "processor/normalize/facts/usage.h"
#include "processor/otlp/span_fields.h"

/* An exception climbs from a tool to the root in less than 10 ms; a model call in between takes
 * longer. */
enum { ANCESTORS_MAX = 64, CLIMB_NS_MAX = 10000000 };

/* What is collected while spans are read. */
struct facts {
    struct agent_run *run;
    const struct route_sources *sources; /* NULL: the defaults */
    struct score_list scores;
    struct tool_offers offers;
    struct bytes named_agent; /* the first explicit agent name */
    bool top_has_output;      /* the top span carries an answer */
    bool has_content;         /* any span carries content: it is recorded at all */
    bool has_weight, has_judge_marker;
    double first_weight; /* of the span that came first; the top's counts */
};

static void set_once(struct bytes *field, struct bytes text)
{
    if (field->size == 0)
        *field = text;
}

/* w = 2^56 / (2^56 - T) of `ot=th:T`, T in hex, padded to 14 digits on the right (OpenTelemetry,
 * TraceState probability sampling). False when the state says nothing. */
static bool read_weight(struct bytes state, double *ret_weight)
{
    const uint8_t *at = state.data, *end = state.data + state.size;
    while (at < end) {
        const uint8_t *comma = memchr(at, ',', (size_t)(end - at));
        const uint8_t *entry_end = comma ? comma : end;
        while (at < entry_end && *at == ' ')
            at++;
        const uint8_t *th = entry_end - at > 3 && memcmp(at, "ot=", 3) == 0
                                ? memmem(at, (size_t)(entry_end - at), "th:", 3)
                                : NULL;
        if (th && (th[-1] == '=' || th[-1] == ';')) {
            uint64_t threshold = 0;
            int digits = 0;
            for (th += 3; th < entry_end && *th != ';'; th++, digits++) {
                uint8_t digit = *th >= '0' && *th <= '9'   ? (uint8_t)(*th - '0')
                                : *th >= 'a' && *th <= 'f' ? (uint8_t)(*th - 'a' + 10)
                                                           : 255;
                if (digit == 255 || digits == 14)
                    return false;
                threshold = threshold << 4 | digit;
            }
            if (digits == 0)
                return false;
            threshold <<= 4 * (14 - digits);
            *ret_weight = 0x1p56 / (double)((UINT64_C(1) << 56) - threshold); /* at most 2^56 */
            return true;
        }
        at = entry_end + 1;
    }
    return false;
}

static struct bytes scope_of(const struct trajectory *trajectory, uint32_t scope)
{
    return scope < trajectory->scope_count ? scope_name(trajectory->scopes[scope])
                                           : (struct bytes){0};
}

static bool is_judge_marker(const struct semconv *semconv)
{
    if (semconv->seen & SEEN_JUDGE_RUN)
        return true;
    /* Langfuse keeps environments of this name for its own evaluators and experiments. */
    if (semconv_has(semconv, SC_ENVIRONMENT) &&
        semconv->family[SC_ENVIRONMENT] == FAMILY_LANGFUSE &&
        bytes_starts_with(semconv_text(semconv, SC_ENVIRONMENT), BYTES_LITERAL("langfuse-")))
        return true;
    if (!semconv_has(semconv, SC_JUDGE_RUN))
        return false;
    return semconv->family[SC_JUDGE_RUN] != FAMILY_TRACEAI || semconv_flag(semconv, SC_JUDGE_RUN);
}

/* Phoenix keeps its evaluators, its playground and each experiment in projects of their own. */
static bool is_judge_project(struct bytes project)
{
    return bytes_equal_text(project, "evaluators") || bytes_equal_text(project, "playground") ||
           bytes_starts_with(project, BYTES_LITERAL("Experiment-"));
}

static const char *const conversation_members[] = {
    "session_id", "sessionId",       "session.id",     "thread_id", "threadId",
    "thread.id",  "conversation_id", "conversationId", "chat_id",   NULL};
static const char *const user_members[] = {"user_id", "userId", "user.id", NULL};
static const char *const row_members[] = {"flywheel.row_id", "row_id", NULL};

/* The first of these members in the application's own metadata. */
static struct bytes metadata_text(const struct semconv *semconv, const char *const *names,
                                  struct arena *arena)
{
    const struct value *value = semconv_get(semconv, SC_METADATA);
    struct json_reader reader;
    struct json_value object, member;
    if (!value || (value->type != VALUE_STRING && value->type != VALUE_KVLIST))
        return (struct bytes){0};
    struct bytes text = value->type == VALUE_STRING ? value->bytes : value_json(*value, arena);
    if (!json_parse(text, arena, &reader, &object) || object.type != JSON_OBJECT)
        return (struct bytes){0};
    for (; *names; names++)
        if (json_member(&reader, &object, *names, &member) &&
            (member.type == JSON_STRING || member.type == JSON_NUMBER))
            return member.text;
    return (struct bytes){0};
}

/* As the ids of rows are written; another one's `row_id` is no reason to leave a run out. */
static bool is_row_id(struct bytes text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    bool is_one = text.size == sizeof form - 1;
    for (size_t i = 0; is_one && i < text.size; i++) {
        uint8_t c = text.data[i], lower = c | 0x20;
        is_one =
            form[i] == '-' ? c == '-' : (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
    }
    return is_one;
}

/* A candidate of the gate answers the question of a dataset row: it is no traffic of the agent's. */
static void read_row_id(struct facts *facts, const struct semconv *semconv, bool is_top)
{
    struct bytes row = semconv_text(semconv, SC_ROW);
    facts->has_judge_marker |= row.size > 0 && semconv->family[SC_ROW] == FAMILY_LANGFUSE;
    if (!is_top)
        return;
    if (!is_row_id(row))
        row = metadata_text(semconv, row_members, facts->run->arena);
    if (is_row_id(row))
        facts->run->row_id = row;
}

static void read_span(struct facts *facts, uint32_t index)
{
    struct agent_run *run = facts->run;
    const struct trajectory *trajectory = run->trajectory;
    const struct span *span = &trajectory->spans[index];
    struct step *step = &run->steps[index];
    struct semconv semconv;
    semconv_read_span(span, &semconv);
    if (facts->sources)
        semconv_read_route(span, facts->sources, &semconv);
    step_read(span, &semconv, scope_of(trajectory, span->scope), run->arena, step);
    scores_of_span(&facts->scores, trajectory, index, &semconv, step->kind);
    tools_of_span(&facts->offers, span, &semconv);

    bool is_top = index == trajectory->top;
    double retries, weight;
    if (semconv_number(&semconv, SC_RETRIES, &retries) && retries < 1e6)
        run->retries += (uint32_t)retries;
    if (semconv.trace_state.size > 0 && read_weight(semconv.trace_state, &weight)) {
        if (!facts->has_weight)
            facts->first_weight = weight;
        run->is_weight_mixed |= weight < facts->first_weight || weight > facts->first_weight;
        if (is_top || !facts->has_weight)
            run->weight = weight;
        facts->has_weight = true;
    }
    facts->has_judge_marker |= is_judge_marker(&semconv);
    facts->has_content |= (semconv.seen & (SEEN_OUTPUT | SEEN_CONTENT)) != 0;
    facts->top_has_output |= is_top && semconv.seen & SEEN_OUTPUT;
    run->dropped_attributes += span->dropped_attributes;

    struct bytes policy = text_trim(semconv_text(&semconv, SC_ROUTING_POLICY));
    if (policy.size > 0 && (is_top || run->routing_policy.size == 0))
        run->routing_policy = policy;
    struct bytes conversation = semconv_text(&semconv, SC_CONVERSATION);
    if (conversation.size == 0 && semconv_has(&semconv, SC_CONVERSATION))
        conversation = value_text(*semconv_get(&semconv, SC_CONVERSATION), run->arena);
    if (conversation.size == 0)
        conversation = metadata_text(&semconv, conversation_members, run->arena);
    struct bytes user = semconv_text(&semconv, SC_USER);
    if (user.size == 0)
        user = metadata_text(&semconv, user_members, run->arena);
    struct bytes agent = steps_agent_name(&semconv);
    read_row_id(facts, &semconv, is_top);
    if (is_top) { /* The root's word counts before that of spans which come before it in order. */
        run->conversation_id = conversation.size ? conversation : run->conversation_id;
        run->user_id = user.size ? user : run->user_id;
        facts->named_agent = agent.size ? agent : facts->named_agent;
    }
    set_once(&run->conversation_id, conversation);
    set_once(&run->user_id, user);
    set_once(&facts->named_agent, agent);
    set_once(&run->agent_version, semconv_text(&semconv, SC_AGENT_VERSION));
    set_once(&run->release, semconv_text(&semconv, SC_RELEASE));
    if (semconv_has(&semconv, SC_ENVIRONMENT))
        set_once(&run->environment, semconv_text(&semconv, SC_ENVIRONMENT));
}

/* Log records tell what the spans leave out, and scores. */
static void read_log(struct facts *facts, const struct log_record *log)
{
    struct agent_run *run = facts->run;
    scores_of_log(&facts->scores, run->trajectory, log);
    struct semconv semconv;
    semconv_read(log->wire, OF_LOG_RECORD, &semconv);
    set_once(&run->conversation_id, semconv_text(&semconv, SC_CONVERSATION));
    set_once(&run->user_id, semconv_text(&semconv, SC_USER));
    uint32_t span = trajectory_find(run->trajectory, log->span_id);
    if (span != NO_SPAN && !semconv_has(&semconv, SC_SCORE_NAME))
        step_fill_gaps(&semconv, &run->steps[span]);
}

static void read_resource(struct facts *facts)
{
    struct agent_run *run = facts->run;
    const struct trajectory *trajectory = run->trajectory;
    uint32_t resource =
        trajectory->top != NO_SPAN ? trajectory->spans[trajectory->top].resource : 0;
    if (resource >= trajectory->resource_count)
        return;
    struct semconv semconv;
    semconv_read(trajectory->resources[resource], OF_RESOURCE, &semconv);
    struct bytes project = semconv_text(&semconv, SC_PROJECT);
    run->service = semconv_text(&semconv, SC_SERVICE);
    bool is_unknown = bytes_starts_with(run->service, BYTES_LITERAL("unknown_service"));
    if (project.size > 0 && (run->service.size == 0 || is_unknown))
        run->service = project;
    struct bytes version = semconv_text(&semconv, SC_VERSION);
    run->release = version.size ? version : run->release;
    struct bytes environment = semconv_text(&semconv, SC_ENVIRONMENT);
    run->environment = environment.size ? environment : run->environment;
    set_once(&run->user_id, semconv_text(&semconv, SC_USER));
    facts->has_judge_marker |= is_judge_marker(&semconv) || is_judge_project(project);
}

static bool is_error(const struct step *step)
{
    return step->is_own && !step->is_repeat && step_has_failed(step);
}

/* Did the same thing work later? The same tool, or for anything but a tool any later model call or
 * agent. */
static bool worked_later(const struct agent_run *run, uint32_t index)
{
    const struct step *failed = &run->steps[index];
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (!step->is_own || step_has_failed(step) || !span_follows(step->span, failed->span))
            continue;
        if (failed->kind == STEP_TOOL
                ? step->kind == STEP_TOOL && bytes_equal(step->tool, failed->tool)
                : step->kind == STEP_LLM || step->kind == STEP_AGENT)
            return true;
    }
    return false;
}

/* Was work of the agent's own going on after this one ended? Then somebody caught the error. */
static bool went_on(const struct agent_run *run, uint32_t index)
{
    const struct span *failed = run->steps[index].span;
    uint32_t above = run->trajectory->parents[index];
    for (int i = 0; i < ANCESTORS_MAX && above != NO_SPAN; i++) {
        const struct step *step = &run->steps[above];
        if (!step_has_failed(step) && (step->kind == STEP_LLM || step->kind == STEP_TOOL))
            return true; /* It happened inside a call that succeeded. */
        above = run->trajectory->parents[above];
    }
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->is_own && !step_has_failed(step) && span_follows(step->span, failed) &&
            (step->kind == STEP_LLM || step->kind == STEP_TOOL || step->kind == STEP_AGENT))
            return true;
    }
    return false;
}

/* Without content and without model calls there is no trace of what went on after a tool failed but
 * the time it took. */
static bool went_on_unseen(const struct facts *facts, uint32_t index)
{
    const struct agent_run *run = facts->run;
    const struct trajectory *trajectory = run->trajectory;
    if (facts->has_content || trajectory->root == NO_SPAN || run->steps[index].kind != STEP_TOOL)
        return false;
    const struct span *root = &trajectory->spans[trajectory->root];
    return root->end_ns > run->steps[index].span->end_ns &&
           root->end_ns - run->steps[index].span->end_ns >= CLIMB_NS_MAX;
}

/* Failed: the root says so; or, since some libraries leave the root OK when a run is stopped, the
 * top has no answer and after an error nothing went on. */
static bool has_failed(const struct facts *facts)
{
    const struct agent_run *run = facts->run;
    const struct trajectory *trajectory = run->trajectory;
    if (trajectory->root != NO_SPAN && is_error(&run->steps[trajectory->root]))
        return true;
    if (facts->top_has_output && trajectory->root != NO_SPAN)
        return false;
    for (uint32_t i = 0; i < run->step_count; i++)
        if (is_error(&run->steps[i]) && !went_on(run, i) && !went_on_unseen(facts, i))
            return true;
    return false;
}

static void read_errors(struct facts *facts)
{
    struct agent_run *run = facts->run;
    struct text_list errors = {0};
    run->has_failed = has_failed(facts);
    bool root_is_fine = run->trajectory->root != NO_SPAN && !run->has_failed;
    for (uint32_t i = 0; i < run->step_count; i++) {
        if (!is_error(&run->steps[i]))
            continue;
        run->error_count++;
        run->errors_recovered += root_is_fine || worked_later(run, i);
        text_list_add_new(&errors, run->steps[i].error, run->arena);
    }
    run->errors = text_list_done(&errors);
}

static void read_names(struct facts *facts)
{
    struct agent_run *run = facts->run;
    struct text_list models = {0}, providers = {0}, tools = {0}, reasons = {0};
    run->agent_name = facts->named_agent;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (!step->is_own)
            continue;
        if (step->kind == STEP_AGENT)
            set_once(&run->agent_name, step->agent);
        if (step->kind == STEP_LLM) {
            text_list_add_new(&models, step->model, run->arena);
            text_list_add_new(&providers, step->provider, run->arena);
            text_list_add_new(&reasons, step->finish_reason, run->arena);
        }
        if (step->kind == STEP_TOOL && step->is_counted)
            text_list_add_new(&tools, step->tool, run->arena);
        if (run->ttft_ns < 0 && (step->kind == STEP_LLM || step->kind == STEP_AGENT))
            run->ttft_ns = step->ttft_ns;
    }
    run->models = text_list_done(&models);
    run->providers = text_list_done(&providers);
    run->tools = text_list_done(&tools);
    run->finish_reasons = text_list_done(&reasons);
}

static bool is_understood(const struct facts *facts)
{
    for (uint32_t i = 0; i < facts->run->step_count; i++)
        if (facts->run->steps[i].kind != STEP_OTHER)
            return true;
    return facts->has_content;
}

static bool is_judge_only(const struct facts *facts)
{
    const struct trajectory *trajectory = facts->run->trajectory;
    if (facts->has_judge_marker || facts->run->row_id.size > 0)
        return true;
    if (trajectory->top == NO_SPAN)
        return false;
    const struct step *top = &facts->run->steps[trajectory->top];
    struct bytes scope = scope_of(trajectory, top->span->scope);
    return (trajectory->root != NO_SPAN && top->kind == STEP_EVALUATOR) ||
           bytes_equal_text(scope, "flywheel") || bytes_equal_text(scope, "pydantic-evals");
}

void facts_read(const struct trajectory *trajectory, struct arena *arena, struct agent_run *ret_run)
{
    facts_read_from(trajectory, NULL, arena, ret_run);
}

void facts_read_from(const struct trajectory *trajectory, const struct route_sources *sources,
                     struct arena *arena, struct agent_run *ret_run)
{
    *ret_run = (struct agent_run){.trajectory = trajectory,
                                  .arena = arena,
                                  .tokens_input = -1,
                                  .tokens_output = -1,
                                  .cost_usd = -1,
                                  .ttft_ns = -1,
                                  .weight = 1,
                                  .input_span = NO_SPAN,
                                  .output_span = NO_SPAN};
    struct facts facts = {.run = ret_run, .scores.arena = arena, .offers.arena = arena};
    facts.sources = sources && !sources->is_default ? sources : NULL;
    ret_run->steps = arena_zalloc(arena, (size_t)trajectory->span_count + 1, sizeof(struct step));
    if (!ret_run->steps)
        return;
    ret_run->step_count = trajectory->span_count;
    for (uint32_t i = 0; i < trajectory->span_count; i++)
        read_span(&facts, i);
    for (uint32_t i = 0; i < trajectory->log_count; i++)
        read_log(&facts, &trajectory->logs[i]);
    read_resource(&facts);
    ret_run->scores = facts.scores.scores;
    ret_run->score_count = facts.scores.score_count;
    ret_run->feedback = facts.scores.feedback;
    ret_run->feedback_count = facts.scores.feedback_count;
    ret_run->tools_offered = text_list_done(&facts.offers.names);
    ret_run->tool_definitions = text_list_done(&facts.offers.definitions);
    losses_read(ret_run);
    relate_steps(ret_run);
    read_errors(&facts);
    read_names(&facts);
    usage_sum(ret_run);
    route_read(ret_run);
    ret_run->is_understood = is_understood(&facts);
    if (!ret_run->is_understood && trajectory->top != NO_SPAN)
        ret_run->unread_scope = scope_of(trajectory, trajectory->spans[trajectory->top].scope);
    ret_run->is_judge_only = is_judge_only(&facts);
    ret_run->has_unread_facts = arena->is_too_costly;
}
