/* `redaction`: masks, and the key of hashed attributes. */
#pragma once
#include "pipelines/config/loader.h"

option_load_fn config_redaction_load_masks;
void config_redaction_check(struct config_loader *loader);
