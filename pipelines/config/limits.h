/* The `limits` of a pipeline file in the form that other parts take them: what the check of
 * untrusted bytes lets through. The same for admission, recovery and replay, so that what one has
 * acknowledged the other takes. */
#pragma once
#include "pipelines/config/config.h"
#include "processor/otlp/wire_gate.h"

struct wire_gate_limits config_limits_wire_gate(const struct pipeline_config *config);
