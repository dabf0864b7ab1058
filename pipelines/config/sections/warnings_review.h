/* Of warnings those about the way back: what is not kept, not proved, or can never be known. */
#pragma once
#include "pipelines/config/loader.h"

void warnings_find_in_review(struct config_loader *loader);
