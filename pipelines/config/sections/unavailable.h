/* Settings whose feature this version does not have. */
#pragma once
#include "pipelines/config/loader.h"

/* Notes one that the file asks for; the first one in the file is the one to name. */
void config_unavailable_note(struct config_loader *loader, const struct option *row,
                             const struct config_node *node);
/* The one value that this version takes there, "" for none at all; NULL: no such restriction. */
const char *config_unavailable_allowed(const char *path);
