/* Each request goes to every side before the next is read. Progress is told between requests, so
 * what it costs is one look at the clock for each. */
#include "processor/command/replay/replay_run.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "pipelines/decide/regression.h"
#include "processor/base/clock.h"
#include "processor/command/replay/input.h"

enum { FIRST_MS = 2000, LINE_MS = 2000, REDRAW_MS = 200 };

struct progress {
    bool is_shown, is_terminal, is_drawn;
    int64_t next_ms;
};

struct pass {
    struct replay *replays[REPLAY_SIDES_MAX];
    int count;
    struct progress progress;
};

static struct progress progress_begin(enum progress_mode mode)
{
    bool is_terminal = isatty(STDERR_FILENO);
    return (struct progress){
        .is_shown = mode == PROGRESS_ALWAYS || (mode == PROGRESS_TERMINAL && is_terminal),
        .is_terminal = is_terminal,
        .next_ms = clock_monotonic_ms() + FIRST_MS,
    };
}

static void progress_step(struct pass *pass, const char *name)
{
    struct progress *progress = &pass->progress;
    if (!progress->is_shown)
        return;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < progress->next_ms)
        return;
    struct replay_totals totals = replay_totals(pass->replays[0]);
    fprintf(stderr, progress->is_terminal ? "\r\033[K" : "");
    fprintf(stderr, "%llu requests, %llu spans, %llu trajectories, at %.60s",
            (unsigned long long)totals.requests, (unsigned long long)totals.spans,
            (unsigned long long)totals.trajectories, name);
    fprintf(stderr, progress->is_terminal ? "" : "\n");
    fflush(stderr);
    progress->is_drawn = progress->is_terminal;
    progress->next_ms = now_ms + (progress->is_terminal ? REDRAW_MS : LINE_MS);
}

static void progress_end(const struct progress *progress)
{
    if (progress->is_drawn)
        fprintf(stderr, "\r\033[K");
}

static enum status take(void *context, const struct input_request *request, struct error *ret_error)
{
    struct pass *pass = context;
    enum status status = STATUS_OK;
    for (int i = 0; i < pass->count && status == STATUS_OK; i++)
        status = replay_add(pass->replays[i], request->signal, request->body);
    progress_step(pass, request->name);
    if (status == STATUS_MALFORMED)
        error_set(ret_error, EXIT_USAGE, "%s: this is not an OTLP export request", request->name);
    else if (status != STATUS_OK)
        error_set(ret_error, EXIT_BUG, "%s: out of memory, or the output was closed",
                  request->name);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

enum status replay_run(struct replay_side *sides, int side_count, char *const *paths,
                       int path_count, enum progress_mode mode, struct error *ret_error)
{
    struct pass pass = {.progress = progress_begin(mode)};
    uint64_t wall_ms = (uint64_t)clock_realtime_ms();
    enum status status = STATUS_OK;
    assert(side_count <= REPLAY_SIDES_MAX);
    for (; pass.count < side_count && status == STATUS_OK; pass.count++) {
        const struct replay_side *side = &sides[pass.count];
        struct replay *replay =
            replay_create(side->config, side->is_all, wall_ms, side->fn, side->context);
        pass.replays[pass.count] = replay;
        if (replay && side->regressions && regression_set_rows(side->regressions) > 0)
            replay_use_regressions(replay, side->regressions);
        status = replay ? STATUS_OK : STATUS_FATAL;
    }
    if (status == STATUS_OK)
        status = input_read(paths, path_count, take, &pass, ret_error);
    for (int i = 0; i < pass.count && status == STATUS_OK; i++)
        status = replay_finish(pass.replays[i]);
    progress_end(&pass.progress);
    if (status != STATUS_OK && !ret_error->is_set)
        error_set(ret_error, EXIT_BUG, "out of memory, or the output was closed");
    for (int i = 0; i < pass.count; i++) {
        if (pass.replays[i])
            sides[i].totals = replay_totals(pass.replays[i]);
        replay_destroy(pass.replays[i]);
    }
    return status;
}
