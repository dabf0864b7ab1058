/* White space around and between what people write. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

/* Without leading and trailing ASCII and Unicode white space. */
struct bytes text_trim(struct bytes text);
bool text_is_space(uint32_t point);
