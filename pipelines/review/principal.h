/* Who speaks to the review. */
#pragma once
#include <stdbool.h>

#include "processor/base/bytes.h"

/* Who says it. `principal` is who the store knows: the reviewer's own name for an authenticated or
 * declared person. Of results that a service or a topic brings, review_apply makes it itself, of the
 * reviewer that they name: "service/NAME:reviewer", "import:reviewer". */
enum principal_trust { TRUST_AUTHENTICATED, TRUST_DECLARED, TRUST_IMPORTED };
struct principal {
    struct bytes name;      /* of the token: whose it is */
    struct bytes principal; /* as above */
    enum principal_trust trust;
    bool may_adjudicate, is_service, is_admin;
};
