/* An object of a pipeline file (the whole, a rule, an alert, an exporter) by its rows. */
#pragma once
#include "pipelines/config/loader.h"

/* Reads a map by the rows of `prefix` into the struct at `base`, each key by itself. False: an error was
 * found in it (and is kept, or stays set). */
bool config_walk_object(struct config_loader *loader, const struct config_node *map,
                        const char *prefix, void *base);
/* Fills the struct of an object with the defaults of its rows. */
void config_walk_defaults(struct config_loader *loader, const char *object, void *base);
