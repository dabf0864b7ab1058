/* Who may review: a file of lines, and the tokens that prove it. Only digests are kept, so a file that
 * leaks lets nobody in.
 *
 *   asha reviewer 3fa2... (64 digits of the token's SHA-256)   # since May
 *   lee adjudicator disabled
 *
 * A table is immutable once read; whoever reloads it keeps the old one until nobody looks at it. */
#pragma once
#include "processor/base/digest.h"
#include "processor/base/error.h"
#include "processor/review/result.h"

enum {
    REVIEWERS_FILE_BYTES_MAX = 256 * 1024,
    REVIEWER_LINE_BYTES_MAX = 512,
};

enum reviewer_role {
    ROLE_VIEWER,      /* aggregates */
    ROLE_REVIEWER,    /* and the own queue */
    ROLE_ADJUDICATOR, /* and what is disputed, tags and rows */
    ROLE_ADMIN,       /* and persons, erasure, the audit trail */
    ROLE_SERVICE,     /* results and feedback of others alone */
    REVIEWER_ROLES
};
extern const char *const reviewer_role_names[REVIEWER_ROLES];

struct reviewer {
    char name[REVIEWER_NAME_MAX + 1];
    enum reviewer_role role;
    bool is_disabled;
    uint8_t token[SHA256_SIZE]; /* its digest; zero when disabled */
};

struct reviewers {
    uint32_t count;
    struct reviewer items[]; /* in the order of the file, disabled ones too */
};

/* Letters, digits and `. _ - @ +`, 1 to REVIEWER_NAME_MAX, beginning with a letter or a digit: no name
 * can look like "service/ci:asha" or "__other__". */
bool reviewer_name_is_valid(struct bytes name);
/* False: there is no such role. */
MUST_CHECK bool reviewer_role_read(struct bytes name, enum reviewer_role *ret_role);

/* The whole file, or none of it: NULL with `ret_error`, which names file and line. A line that was
 * not written to its end makes the file a torn one. At most `max` reviewers. free() it. */
struct reviewers *reviewers_parse(const char *file, struct bytes text, uint32_t max,
                                  struct error *ret_error);

/* By the digest of a token; NULL: nobody's, or a disabled one's. Takes the same time for each. */
const struct reviewer *reviewers_by_token(const struct reviewers *reviewers,
                                          const uint8_t token[SHA256_SIZE]);
/* NULL: nobody, or a disabled one. */
const struct reviewer *reviewers_by_name(const struct reviewers *reviewers, struct bytes name);
/* Disabled ones too, and letters in any case: no two names may differ in that alone. */
const struct reviewer *reviewers_named(const struct reviewers *reviewers, struct bytes name);
/* Those who may judge and are not disabled: what an item can wait for. */
uint32_t reviewers_enabled(const struct reviewers *reviewers);
