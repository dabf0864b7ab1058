/* What reading and judging of a candidate share. */
#pragma once
#include "pipelines/decide/judge.h"
#include "processor/command/gate/candidate.h"

struct judging {
    const struct candidate_terms *terms;
    struct candidate *to;
    struct replay *lines, *requests; /* a batch of answers; all requests */
    struct judge_watch watch;
    struct pipeline_config config; /* a shallow copy: each trace is a run of its own */
    struct arena line;
    struct buffer json, wire;
    uint8_t (*digests)[SHA256_SIZE]; /* of what was read */
    uint32_t digest_count, digest_capacity, batch;
};

void candidate_look(void *context, struct score_context *score, const struct closed *closed,
                    const struct verdict_report *report);
void candidate_name(struct candidate *candidate, struct candidate_names *names, struct bytes name);
