/* Limits that are no option keep the wire gate's own default. */
#include "pipelines/config/limits.h"

struct wire_gate_limits config_limits_wire_gate(const struct pipeline_config *config)
{
    struct wire_gate_limits limits = wire_gate_limits_default;
    limits.depth_max = config->limits.request_depth;
    limits.spans_max = config->limits.request_spans;
    limits.attributes_max = config->limits.span_attributes;
    limits.attribute_bytes_max = config->limits.attribute_bytes;
    limits.span_bytes_max = config->limits.span_bytes;
    return limits;
}
