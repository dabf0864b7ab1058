/* Which runs of the newest release people have reviewed, and which known failures came back: from the
 * items, the rows, and what the writer counts of releases (state/tables/regression.h). */
#pragma once
#include "pipelines/review/escape.h"
#include "pipelines/review/measures_items.h"
#include "state/tables/regression.h"

enum { ESCAPE_MODES_MAX = 256 };

struct escape_item;
struct escape_mode {
    struct bytes label;
    int64_t known_ms;       /* when its first row was made */
    bool is_known, is_back; /* known before the release; and it came back in it */
};

struct escape_reading { /* owns what is below; escape_read_finish() */
    const struct pipeline_config *config;
    int64_t now_ms;
    struct escape_item *items;
    size_t item_count, item_capacity;
    struct escape_mode modes[ESCAPE_MODES_MAX];
    uint32_t mode_count;
    struct key_index seen; /* runs */
    struct key_index row_ids;
    uint32_t *row_modes; /* of each row, by number in row_ids */
    uint32_t row_capacity;
    struct arena arena, scratch;
    bool failed;
    /* What comes of it: */
    const char *reason; /* why there is no rate; NULL: there is */
    struct regression_release release;
    struct escape_rate rate;
    double response; /* weighted share of what was chosen that is reviewed; 0 of nothing */
    uint32_t known_modes, back_modes;
};

void escape_read_init(struct escape_reading *reading, const struct pipeline_config *config,
                      int64_t now_ms);
measures_item_fn escape_read_item; /* of the pass over items */
/* Behind the pass. */
MUST_CHECK enum status escape_read(struct escape_reading *reading, struct store *store);
void escape_read_finish(struct escape_reading *reading);
