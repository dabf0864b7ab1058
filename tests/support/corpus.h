/* The recorded requests of tests/data/corpus, for tests: loaded whole, each body an allocation of
 * exactly its size, so that AddressSanitizer sees a read past its end. */
#pragma once
#include "processor/base/bytes.h"

struct corpus_file {
    char *path;
    struct bytes body;
};

struct corpus {
    struct corpus_file *files; /* in order of their paths */
    size_t count;
};

/* All files of a pattern below tests/data, such as "corpus/<any>/<any>.otlp.pb"; at least one, or
 * the process aborts. */
struct corpus corpus_load(const char *pattern);
void corpus_free(struct corpus *corpus);
/* A whole number of the sidecar of a recorded request ("spans", "records"); -1 when it is not
 * there. */
long corpus_sidecar_number(const struct corpus_file *file, const char *key);

/* Numbers from a seed, for properties: SEED of the environment, else 1. */
struct random {
    uint64_t state;
};
struct random random_from_environment(void);
uint64_t random_next(struct random *random);
/* [0, below) */
size_t random_below(struct random *random, size_t below);
