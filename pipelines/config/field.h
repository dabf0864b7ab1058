/* One field of a struct by its row. Values are never put into error texts (they may be secrets);
 * the place says which one it is. */
#pragma once
#include "pipelines/config/loader.h"

void config_field_store(struct config_loader *loader, const struct option *row,
                        const struct config_node *node, void *base);
