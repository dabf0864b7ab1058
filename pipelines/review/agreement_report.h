/* How far reviewers agree, over a window of whole days: `flywheel agreement`, GET /api/v1/agreement and
 * the metrics. Patterns of the table become figures by subject, over all queues and in each; no names
 * of persons (those stand in agreement_persons.h). */
#pragma once
#include "pipelines/config/config.h"
#include "processor/base/agreement.h"
#include "state/tables/agreement.h"
#include "state/tables/item.h"

enum {
    AGREEMENT_ITEMS_MIN = 10, /* with two reviewers: below, no figure */
    AGREEMENT_LOW_ITEMS = 30, /* with so many, a low AC1 is a warning */
    AGREEMENT_SUBJECTS_MAX = 256,
};
#define AGREEMENT_LOW_AC1 0.6

struct agreement_request {
    struct bytes window, label; /* label absent: all */
    int64_t now_ms, from_day, to_day;
};

struct agreement_subject_report {
    enum agreement_subject subject;
    struct bytes name; /* label, or rule; "" */
    uint32_t categories;
    struct agreement_figures figures;
    bool is_known, is_low; /* is_known: enough items with two reviewers */
    double cells[2][2];    /* of a rule: items, [not bad, bad][not fired, fired] */
    struct pair_figures pair;
    /* The same of all runs, by the weights 1/pi of what was reviewed; 0 items: not known. */
    double weighted_items; /* reviewed */
    struct pair_figures weighted;
};

struct agreement_place { /* all queues, or one */
    struct bytes queue;
    struct agreement_subject_report *subjects;
    uint32_t subject_count;
};

struct agreement_report {
    struct arena arena;
    struct agreement_place *places; /* the first: all */
    uint32_t place_count;
    bool is_whole; /* else some items are not counted yet */
};

/* Absent: 28 days, all labels. MALFORMED with a sentence. */
MUST_CHECK enum status agreement_parse(struct bytes window, struct bytes label,
                                       const struct pipeline_config *config, int64_t now_ms,
                                       struct agreement_request *ret_request,
                                       struct error *ret_error);
MUST_CHECK enum status agreement_read(struct store *store, const struct pipeline_config *config,
                                      const struct agreement_request *request,
                                      struct agreement_report *ret_report);
void agreement_finish(struct agreement_report *report);
