/* What alerts keep: seen by those who change it (alerts.c) and show it (alert_metrics.c). */
#pragma once
#include "pipelines/cohorts/alert_change.h"
#include "pipelines/cohorts/alert_rates.h"
#include "pipelines/cohorts/alerts.h"
#include "state/store/key_index.h"

struct watched { /* a pinned cohort, by the number of pipeline_config.pinned */
    uint16_t grouping;
    uint8_t hash[COHORT_HASH_SIZE];
    double p0;                      /* configured; 0: to be learned */
    struct cohort_windows *windows; /* NULL: no alert names it */
    struct alert_change changes[DIRECTIONS];
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
    struct alert_change_terms change_terms;
    double largest_weight; /* seen since the start of this process */
    bool is_flushing;
    /* Of the flush under way: */
    struct store_txn *txn;
    int64_t wall_ms;
    alerts_tell_fn *tell;
    void *context;
};
