/* What is valid in a pipeline file, but surely not meant: thresholds that nothing can cross, rules
 * that can never have a value, settings that nothing reads, names that are nearly another's. */
#pragma once
#include "pipelines/config/loader.h"

/* Of a file without an error, once all of it is known. */
void config_warnings_find(struct config_loader *loader);
