/* tool_path:   a>b>a       tool names in call order, repeats collapsed
 * model_route: m1!>m2      models in order, `!` after one that failed, `(cache)` after a hit,
 *                          repeats collapsed
 * A model call after a failed one is a retry when it asks the same model, else a fallback. */
#include "processor/normalize/facts/route.h"

/* A joined path in the arena, sized beforehand. */
struct path {
    uint8_t *text;
    size_t size, capacity;
    struct bytes last, last_mark;
    bool has_last;
};

static void path_add(struct path *path, struct bytes name, struct bytes mark)
{
    if (path->has_last && bytes_equal(path->last, name) && bytes_equal(path->last_mark, mark))
        return;
    size_t size = name.size + mark.size + (path->size > 0);
    if (path->size + size > path->capacity)
        return;
    if (path->size > 0)
        path->text[path->size++] = '>';
    memcpy(path->text + path->size, name.data, name.size);
    path->size += name.size;
    if (mark.size > 0)
        memcpy(path->text + path->size, mark.data, mark.size);
    path->size += mark.size;
    path->has_last = true;
    path->last = name;
    path->last_mark = mark;
}

static struct bytes asked(const struct step *step)
{
    return step->model_asked.size ? step->model_asked : step->model;
}

static bool is_model_call(const struct step *step)
{
    return step->is_own && step->is_counted && step->kind == STEP_LLM;
}

/* An attempt that failed and is kept on a span which is no model call (Pydantic AI's fallback
 * model). */
static bool is_failed_attempt(const struct step *step)
{
    return step->is_own && step->kind == STEP_OTHER && step_has_failed(step) &&
           step->model_asked.size > 0;
}

/* Model calls and attempts in order, attempts inside a call before it. Calls `visit` for each. */
static void visit_models(struct agent_run *run,
                         void visit(void *context, struct agent_run *run, struct step *step),
                         void *context)
{
    const struct trajectory *trajectory = run->trajectory;
    for (uint32_t i = 0; i < run->step_count; i++) {
        struct step *step = &run->steps[i];
        uint32_t parent = trajectory->parents[i];
        bool is_inside = parent != NO_SPAN && is_model_call(&run->steps[parent]);
        if (is_failed_attempt(step) && !is_inside)
            visit(context, run, step);
        if (!is_model_call(step))
            continue;
        for (uint32_t child = trajectory->first_children[i]; child != NO_SPAN;
             child = trajectory->next_siblings[child])
            if (is_failed_attempt(&run->steps[child]))
                visit(context, run, &run->steps[child]);
        visit(context, run, step);
    }
}

static void add_model(void *context, struct agent_run *run, struct step *step)
{
    (void)run;
    struct path *path = context;
    struct bytes model = step_has_failed(step) ? asked(step) : step->model;
    if (model.size == 0)
        return;
    struct bytes mark = step_has_failed(step) ? BYTES_LITERAL("!")
                        : step->cache_hit     ? BYTES_LITERAL("(cache)")
                                              : BYTES_LITERAL("");
    path_add(path, model, mark);
}

static void add_capacity(void *context, struct agent_run *run, struct step *step)
{
    (void)run;
    struct path *path = context;
    path->capacity += step->model.size + step->model_asked.size + sizeof "(cache)>";
}

/* `context` is the last attempt when it failed. */
static void note_change(void *context, struct agent_run *run, struct step *step)
{
    const struct step **failed = context;
    if (*failed && bytes_equal(asked(*failed), asked(step))) {
        run->retries++;
    } else if (*failed && asked(*failed).size > 0 && asked(step).size > 0) {
        step->is_fallback = true;
        run->fallback = true;
    }
    *failed = step_has_failed(step) ? step : NULL;
}

static struct bytes tool_path(const struct agent_run *run)
{
    struct path path = {0};
    for (uint32_t i = 0; i < run->step_count; i++)
        path.capacity += run->steps[i].kind == STEP_TOOL ? run->steps[i].tool.size + 1 : 0;
    path.text = arena_alloc(run->arena, path.capacity ? path.capacity : 1);
    if (!path.text)
        return (struct bytes){0};
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind == STEP_TOOL && step->is_own && step->is_counted && step->tool.size > 0)
            path_add(&path, step->tool, BYTES_LITERAL(""));
    }
    return bytes_of(path.text, path.size);
}

static struct bytes model_route(struct agent_run *run)
{
    struct path path = {0};
    visit_models(run, add_capacity, &path);
    path.text = arena_alloc(run->arena, path.capacity ? path.capacity : 1);
    if (!path.text)
        return (struct bytes){0};
    visit_models(run, add_model, &path);
    return bytes_of(path.text, path.size);
}

/* What a gateway answered with is often recorded on the HTTP span below a model call. */
static void tell_model_call(struct agent_run *run, uint32_t index)
{
    enum { ANCESTORS_MAX = 8 };
    const struct step *step = &run->steps[index];
    uint32_t above = run->trajectory->parents[index];
    for (int i = 0; i < ANCESTORS_MAX && above != NO_SPAN; i++) {
        struct step *call = &run->steps[above];
        if (is_model_call(call)) {
            call->cache_hit |= step->cache_hit;
            call->is_fallback |= step->is_fallback;
            return;
        }
        if (call->kind != STEP_OTHER)
            return;
        above = run->trajectory->parents[above];
    }
}

void route_read(struct agent_run *run)
{
    for (uint32_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_OTHER && run->steps[i].is_own &&
            (run->steps[i].cache_hit || run->steps[i].is_fallback))
            tell_model_call(run, i);
    run->tool_path = tool_path(run);
    run->model_route = model_route(run);
    for (uint32_t i = 0; i < run->step_count; i++) {
        run->cache_hit |= run->steps[i].is_own && run->steps[i].cache_hit;
        run->fallback |= run->steps[i].is_own && run->steps[i].is_fallback;
    }
    const struct step *failed = NULL;
    visit_models(run, note_change, &failed);
}
