/* Who may use the review API: the reviewers file, one person or program a line.
 *
 *   name role sha256-of-the-token        # a comment
 *
 * A token is known by its digest alone; who reads the file can't sign in with what it says. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/digest.h"
#include "processor/base/error.h"

enum reviewer_role {
    ROLE_VIEWER,      /* aggregates */
    ROLE_REVIEWER,    /* and the own queue */
    ROLE_ADJUDICATOR, /* and what is disputed, tags and rows */
    ROLE_ADMIN,       /* and persons, erasure, the audit trail */
    ROLE_SERVICE,     /* results and feedback of others alone */
    REVIEWER_ROLES
};
extern const char *const reviewer_role_names[REVIEWER_ROLES];

enum { REVIEWER_NAME_BYTES_MAX = 64 };

struct reviewer {
    char name[REVIEWER_NAME_BYTES_MAX + 1]; /* of [A-Za-z0-9._@-] */
    enum reviewer_role role;
    uint8_t token[SHA256_SIZE]; /* its digest */
};

struct reviewers {
    uint32_t count;
    struct reviewer items[]; /* in the order of the file */
};

/* Reads the file, of at most `most` lines that name somebody. NULL with `ret_error`, which has the
 * line; free() otherwise. A file that others may read is an error. */
struct reviewers *reviewers_load(const char *path, uint32_t most, struct error *ret_error);
/* From text; `path` is for the error. */
struct reviewers *reviewers_parse(const char *path, struct bytes text, uint32_t most,
                                  struct error *ret_error);
/* By the digest of a token; NULL: nobody. Takes the same time whoever it is. */
const struct reviewer *reviewers_by_token(const struct reviewers *reviewers,
                                          const uint8_t token[SHA256_SIZE]);
const struct reviewer *reviewers_by_name(const struct reviewers *reviewers, struct bytes name);
