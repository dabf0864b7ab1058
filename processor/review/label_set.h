/* What reviewers may say is wrong (or right): `review.labels` of the pipeline file, in its order;
 * without it the four that there are, then the labels of the rules. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum { REVIEW_LABELS_MAX = 32, LABEL_FORMERLY_MAX = 8, LABEL_ID_MAX = 64 };

enum label_implies { LABEL_IMPLIES_NOTHING, LABEL_IMPLIES_PASS, LABEL_IMPLIES_FAIL };

struct review_label { /* all but the id may be absent */
    struct bytes id, name, description, good_example, bad_example;
    enum label_implies implies;
    struct bytes formerly[LABEL_FORMERLY_MAX];
    uint32_t formerly_count;
};

struct label_set { /* owned by the configuration */
    struct review_label items[REVIEW_LABELS_MAX];
    uint32_t count;
    uint8_t sha256[32]; /* over ids, implications, names and descriptions, in order */
};

/* By id or by a former one; -1: there is none. */
int32_t label_set_find(const struct label_set *labels, struct bytes id);
/* Fills in sha256 from the items. False: out of memory. */
MUST_CHECK bool label_set_seal(struct label_set *labels);
/* The four that there are unless the file says otherwise. */
void label_set_default(struct label_set *labels);
