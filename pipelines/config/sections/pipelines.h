/* `service.pipelines`: which receivers and exporters are connected, once the whole file is
 * known. */
#pragma once
#include "pipelines/config/loader.h"

void config_pipelines_connect(struct config_loader *loader);
