/* Changes of the dataset through the API of the daemon that holds the directory. */
#pragma once
#include "processor/command/api_client.h"
#include "processor/command/dataset/dataset.h"

/* OK: it answers. BUSY: nobody does, so the directory may be free. FATAL with `ret_error`. */
MUST_CHECK enum status remote_connect(const struct dataset_arguments *arguments,
                                      struct api_target *ret_target, struct error *ret_error);
/* Tells it that a version was exported. */
void remote_note_export(const struct api_target *target, uint64_t version, const char *sha256,
                        struct error *ret_error);
/* Asks for the change and says what became of it; the exit code. */
int remote_change(const struct dataset_arguments *arguments, const struct api_target *target,
                  struct error *ret_error);
