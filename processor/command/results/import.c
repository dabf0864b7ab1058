/* All files are read before anything is sent: a person's statements may stand in several. */
#include "processor/command/results/import.h"

#include <stdio.h>
#include <stdlib.h>

#include "processor/base/text/terminal.h"
#include "processor/command/results/batch.h"

struct importing {
    struct results_batch batch;
    struct results_summary summary;
    struct error *error;
};

static void told(void *context, const char *file, uint64_t line, const char *reason)
{
    struct importing *it = context;
    const struct results_place place = {file, line};
    results_summary_refused(&it->summary, &place, "malformed", "", reason);
}

static bool take(void *context, const char *file, uint64_t line, struct bytes result)
{
    struct importing *it = context;
    return results_batch_add(&it->batch, result, (struct results_place){file, line}, it->error);
}

static void read_files(struct reviews *reviews, const char *const *paths, int path_count,
                       struct error *ret_error)
{
    for (int i = 0; i < path_count && !ret_error->is_set; i++) {
        struct buffer text = {0};
        if (!results_read_file(paths[i], &text, ret_error)) {
            buffer_finish(&text);
            return;
        }
        enum status status = reviews_read(reviews, paths[i], buffer_bytes(&text));
        buffer_finish(&text);
        if (status == STATUS_MALFORMED)
            error_set(ret_error, EXIT_USAGE, "%s is not what that tool exports as JSON", paths[i]);
        else if (status != STATUS_OK)
            error_set(ret_error, EXIT_USAGE,
                      "%s: more reviews than one import takes (256 MiB): divide the export",
                      paths[i]);
    }
}

static void say_left_out(const struct reviews *reviews)
{
    const struct reviews_counts *counts = reviews_counts(reviews);
    struct buffer names = {0}, shown = {0};
    reviews_passed_over(reviews, &names);
    terminal_append(&shown, buffer_bytes(&names));
    if (counts->passed_over > 0)
        fprintf(stderr, "passed over, by names that mean nothing here: %.*s\n", (int)shown.size,
                (const char *)buffer_bytes(&shown).data);
    if (counts->of_machines > 0)
        fprintf(stderr, "passed over, not said by people: %llu\n",
                (unsigned long long)counts->of_machines);
    if (counts->notes > 0)
        fprintf(stderr, "passed over, comments without a verdict: %llu\n",
                (unsigned long long)counts->notes);
    if (counts->of_others > 0)
        fprintf(stderr, "passed over, of nothing that has a record_id or a trace: %llu\n",
                (unsigned long long)counts->of_others);
    buffer_finish(&names);
    buffer_finish(&shown);
}

int results_import(const struct reviews_tool *tool, const struct label_set *labels,
                   const char *const *paths, int path_count, struct results_sink *sink,
                   struct error *ret_error)
{
    struct importing it = {.error = ret_error};
    it.batch.sink = sink;
    it.batch.summary = &it.summary;
    struct reviews *reviews = reviews_create(tool, labels, told, &it);
    if (!reviews) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return EXIT_TEMPORARY;
    }
    read_files(reviews, paths, path_count, ret_error);
    if (!ret_error->is_set) {
        if (reviews_write(reviews, take, &it) != STATUS_OK)
            error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        if (!ret_error->is_set)
            (void)results_batch_send(&it.batch, ret_error);
        say_left_out(reviews);
        results_summary_say(&it.summary, ret_error->is_set);
    }
    reviews_destroy(reviews);
    results_batch_finish(&it.batch);
    return it.summary.refused > 0 ? EXIT_GATE_FAILED : EXIT_DONE;
}
