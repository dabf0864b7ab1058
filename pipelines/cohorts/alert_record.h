/* The record of an alert that began or ended, `flywheel.alert/v1`: keys in fixed order, described
 * by proto/alert.schema.json. Its id follows from the directory, the cohort, the alert and the
 * number of the episode, so that one id never has two contents. */
#pragma once
#include "pipelines/cohorts/alert_change.h"
#include "pipelines/cohorts/alert_rates.h"

struct alert_news {
    enum alert_kind kind;
    const struct pipeline_config *config;
    const struct pinned_config *pinned;
    const struct alert_config *alert; /* NULL for a change */
    const struct alert_row *row;
    bool is_firing; /* this record; the row may have gone on */
    int64_t wall_ms;
    const char *instance;
    const struct release_gate_rate *rate; /* of a floor */
    const struct burn_config *burn;       /* of a burn rate */
    const struct burn_windows *windows;   /* the same */
    const struct cusum_design *design;    /* of a change */
};
/* Appends the framed record. */
void alert_record_write(const struct alert_news *news, struct buffer *to);
