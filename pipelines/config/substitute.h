/* ${env:NAME}, ${env:NAME:-default} and ${file:PATH} inside a scalar; `$${` stands for `${`. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/error.h"

enum { SUBSTITUTED_BYTES_MAX = 64 * 1024 }; /* of a scalar, and of a file in it */

/* The result is NUL-terminated and in `arena`. False with one sentence in `ret_problem` (without a
 * place). */
bool config_substitute(struct bytes text, struct arena *arena, struct bytes *ret_text,
                       struct error *ret_problem);
