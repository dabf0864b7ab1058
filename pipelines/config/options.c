/* The sections of the table, in the order of the reference. */
#include "pipelines/config/options.h"

#include "pipelines/config/rows.h"

_Static_assert(sizeof(enum log_level) == sizeof(uint32_t), "a choice is stored as uint32_t");

static const struct option_section *const sections[] = {
    &config_options_receivers, &config_options_trajectory, &config_options_judgement,
    &config_options_review, &config_options_service};

const struct option_table config_options = {sections, sizeof sections / sizeof sections[0]};
