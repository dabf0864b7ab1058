/* `exporters`: where records and alerts go. */
#pragma once
#include "pipelines/config/loader.h"

option_load_fn config_exporters_load;
/* Once the whole file is known: one exporter at least, and a file exporter without a path writes
 * into the data directory. */
void config_exporters_complete(struct config_loader *loader);
