/* The way in of receivers that get whole requests (gRPC, HTTP). */
#pragma once
#include "processor/receive/receiver.h"

struct runtime;

/* The intake of source number `source`, for its receiver. Valid until runtime_destroy. */
struct intake intake_of_source(struct runtime *runtime, uint32_t source);
