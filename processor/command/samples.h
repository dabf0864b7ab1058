/* Recorded runs of real agents, embedded in the binary: what `flywheel demo` sends. */
#pragma once
#include "processor/otlp/wire_gate.h"

struct sample {
    const char *name;
    enum wire_gate_signal signal;
    const uint8_t *data;
    size_t size;
};

extern const struct sample samples[]; /* generated at build time from processor/command/samples/ */
extern const size_t sample_count;
