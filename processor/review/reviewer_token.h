/* The token of a reviewer: "fwr_", 32 random bytes and their CRC-32C, in hexadecimal. */
#pragma once
#include "processor/base/bytes.h"

enum { REVIEWER_TOKEN_SIZE = 4 + 2 * 32 + 2 * 4 + 1 /* with a NUL */ };

/* A new one; false: the system has no randomness. */
MUST_CHECK bool reviewer_token_make(char to[REVIEWER_TOKEN_SIZE]);
/* Could it be one? A mistyped one is told from an unknown one by its check digits. */
bool reviewer_token_is_formed(struct bytes token);
