/* What people said of runs in other tools, read from what those tools export: one result for each item
 * and person, `flywheel.result/v1`. Some tools write one score a label, so statements are joined first.
 *
 *   bytes of a file -> reader of the tool -> statements -> joined by (item, person) -> results
 *
 * What a statement means hangs on its name alone (README.md of this folder); a value that means nothing
 * here is told with its line and its review left out: nothing is guessed. Pure. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/review/label_set.h"

struct reviews;
struct reviews_tool;

/* By the name of `--from`; NULL: there is none. */
const struct reviews_tool *reviews_tool_find(struct bytes name);
/* "label-studio, langfuse, ...". */
void reviews_tool_names(struct buffer *to);

/* Of a review, or of a file, that is not taken. The reason holds no text of a run. */
typedef void reviews_told_fn(void *context, const char *file, uint64_t line, const char *reason);
/* Of a review that begins there. False: enough. */
typedef bool reviews_result_fn(void *context, const char *file, uint64_t line, struct bytes result);

struct reviews_counts {
    uint64_t results;     /* handed out */
    uint64_t refused;     /* reviews that were told of */
    uint64_t of_machines; /* statements that no person made */
    uint64_t of_others;   /* of what did not come from here */
    uint64_t notes;       /* comments on a run that nobody judged */
    uint64_t passed_over; /* by names that mean nothing here */
};

/* Both are borrowed. NULL: no memory. */
struct reviews *reviews_create(const struct reviews_tool *tool, const struct label_set *labels,
                               reviews_told_fn *told, void *context);
void reviews_destroy(struct reviews *reviews); /* accepts NULL */
/* One file: a list, an object that holds one, or lines of either. Its name is borrowed until
 * reviews_write. MALFORMED: it is told where it is none of these. BUSY: too much for one import. */
MUST_CHECK enum status reviews_read(struct reviews *reviews, const char *file, struct bytes text);
/* All that was read, in its order; once. BUSY: no memory. */
MUST_CHECK enum status reviews_write(struct reviews *reviews, reviews_result_fn *fn, void *context);
const struct reviews_counts *reviews_counts(const struct reviews *reviews);
/* "helpfulness (12), tone (3)": names that were passed over; nothing: none was. */
void reviews_passed_over(const struct reviews *reviews, struct buffer *to);
