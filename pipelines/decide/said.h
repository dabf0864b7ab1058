/* What users say of a run, as far as its spans carry it, and by which ids more may come. */
#pragma once
#include <stdint.h>

enum { SAID_IDS_MAX = 64, SAID_FEEDBACKS_MAX = 64 };
struct closed_said {
    uint64_t ids[SAID_IDS_MAX]; /* the first is its own */
    uint32_t id_count;          /* 0: nobody asks */
    struct said_feedback {
        uint8_t kind, identity[16];
    } * items;
    uint32_t count;
};
