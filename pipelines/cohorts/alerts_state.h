/* What alerts keep; seen by alerts*.c and alert_record.c only. */
#pragma once
#include <stdatomic.h>

#include "pipelines/cohorts/alerts.h"
#include "pipelines/cohorts/release_gate.h"
#include "processor/base/statistics.h"
#include "state/cohorts/cohort_windows.h"
#include "state/store/key_index.h"
#include "state/tables/alert.h"

enum { DIRECTION_WORSE, DIRECTION_BETTER, DIRECTIONS };

/* One direction of the CUSUM of a cohort. `row` has seen all that was observed; what was told of it
 * is as of the last flush. */
struct cusum {
    struct cusum_design design; /* p0 = 0: not known yet */
    struct alert_row row;
    uint64_t told_episode;
    bool was_told_firing, is_changed;
    _Atomic double shown;
    _Atomic bool shown_firing;
};

struct watched { /* a pinned cohort, by the number of pipeline_config.pinned */
    uint16_t grouping;
    uint8_t hash[COHORT_HASH_SIZE];
    double p0;                      /* configured; 0: to be learned */
    struct cohort_windows *windows; /* NULL: no alert names it */
    struct cusum cusums[DIRECTIONS];
};

struct burn_windows {
    struct gate_rate of_long, of_short;
    double long_burn, short_burn; /* negative: too little data */
};

struct watch { /* an alert of the configuration, by its number */
    struct alert_row floor, burn, next_floor, next_burn;
    uint32_t burning; /* the burn rate that fires */
    _Atomic bool shown_floor, shown_burn;
    _Atomic double shown_rates[BURNS_MAX][2]; /* long, short; negative: too little data */
};

struct alerts {
    const struct pipeline_config *config;
    char instance[2 * INSTANCE_UUID_SIZE + 1];
    struct watched *watched;
    struct watch *watches;
    struct key_index index; /* grouping and hash -> number of the pinned cohort */
    bool is_flushing;
    /* Of the flush under way: */
    struct store_txn *txn;
    int64_t wall_ms;
    alerts_tell_fn *tell;
    void *context;
};

/* What a record says. */
struct alert_news {
    enum alert_kind kind;
    const struct pipeline_config *config;
    const struct pinned_config *pinned;
    const struct alert_config *alert; /* NULL for a change */
    const struct alert_row *row;
    bool is_firing; /* this record; the row may have gone on */
    int64_t wall_ms;
    const char *instance;
    const struct gate_rate *rate;       /* of a floor */
    const struct burn_config *burn;     /* of a burn rate */
    const struct burn_windows *windows; /* the same */
    const struct cusum_design *design;  /* of a change */
};
/* Appends the framed record. */
void alert_record_write(const struct alert_news *news, struct buffer *to);
