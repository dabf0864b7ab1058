/* The reviewers file on disk: read whole, changed line by line, renamed into place, so that a reader
 * sees the old file or the new one. Comments and order stay. */
#pragma once
#include "processor/review/reviewer_token.h"
#include "processor/review/reviewers.h"

/* A regular file that only its owner may read (EXIT_PERMISSION otherwise, and when we may not); of
 * another owner's its group may, too.
 * NULL with `ret_error`; free() it otherwise. */
struct reviewers *reviewers_load(const char *path, uint32_t max, struct error *ret_error);

enum reviewer_change { REVIEWER_ADD, REVIEWER_DISABLE, REVIEWER_ROTATE };

/* Changes one reviewer; of two at once the second waits. ADD makes the file where there is none.
 * `role`: REVIEWER_ROLES keeps it. A name that is disabled is let in again by ROTATE. `ret_token` is ""
 * after DISABLE. */
MUST_CHECK enum status reviewers_change(const char *path, uint32_t max, enum reviewer_change change,
                                        struct bytes name, enum reviewer_role role,
                                        char ret_token[REVIEWER_TOKEN_SIZE],
                                        struct error *ret_error);
