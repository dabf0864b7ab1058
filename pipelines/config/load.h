/* From a pipeline file to a checked configuration. Errors say "file:line:column: what is wrong and
 * what to do". Nothing is opened but the files that the configuration names. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/config/findings.h"
#include "processor/base/error.h"

/* Loads, substitutes and checks the file at `path`; NULL: the embedded default. On failure NULL,
 * and `ret_error` is set. */
struct pipeline_config *config_load(const char *path, struct error *ret_error);
/* The same, with every error there is, of which `ret_error` is the first; and with warnings when there
 * is none. */
struct pipeline_config *config_load_findings(const char *path, struct config_findings *findings,
                                             struct error *ret_error);
/* The same of bytes in memory; `name` stands for the file in errors. */
struct pipeline_config *config_load_text(const char *name, struct bytes text,
                                         struct error *ret_error);
struct pipeline_config *config_load_text_findings(const char *name, struct bytes text,
                                                  struct config_findings *findings,
                                                  struct error *ret_error);
/* The same, but hands the first missing feature over instead of failing for it. */
struct pipeline_config *config_load_all(const char *name, struct bytes text,
                                        struct error *ret_unavailable, struct error *ret_error);
