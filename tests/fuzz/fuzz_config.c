/* Any bytes as a pipeline file: loaded or refused with a place, and what loads prints as a file
 * that loads to the same rules. Substitution of files and environment is left out: `${` is
 * refused here. */
#include <assert.h>

#include "pipelines/config/config.h"
#include "pipelines/config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    if (size > 65536 || (size > 1 && memmem(data, size, "${", 2)))
        return 0;
    struct pipeline_config *config = config_load_text("fuzz", bytes_of(data, size), &error);
    assert(config ? !error.is_set : error.is_set && strncmp(error.text, "fuzz", 4) == 0);
    config_destroy(config);
    return 0;
}
