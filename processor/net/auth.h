/* Who may send: the bearer token of a file. Only its digest is kept, and digests are compared in
 * constant time. A reload exchanges the 32 bytes under a lock, so that there is nothing to free
 * under a caller. Any thread. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/error.h"

struct auth;

enum { TOKEN_BYTES_MAX = 4096 };

/* Reads the token: the file's text without surrounding white space, 1 to TOKEN_BYTES_MAX printable
 * ASCII characters without a space. A file that others may read is warned of in the log. NULL with
 * `ret_error`. */
struct auth *auth_create(const char *token_file, struct error *ret_error);
void auth_destroy(struct auth *auth);

/* Puts the token of `loaded` in force, and frees `loaded`. So several things can be reloaded
 * together or not at all. */
void auth_apply(struct auth *auth, struct auth *loaded);

/* Does the value of an `authorization` header (absent: no header) show the token? With `auth` NULL
 * everybody is let in. */
bool auth_accepts(const struct auth *auth, struct bytes authorization);
