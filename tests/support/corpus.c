/* Any failure here is a broken test setup, so everything aborts. */
#include "tests/support/corpus.h"

#include <assert.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

static struct bytes read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert(file);
    assert(fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    assert(size >= 0);
    rewind(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    assert(data);
    size_t count = fread(data, 1, (size_t)size, file);
    assert(count == (size_t)size);
    fclose(file);
    return bytes_of(data, count);
}

struct corpus corpus_load(const char *pattern)
{
    char full[1024];
    glob_t found;
    snprintf(full, sizeof full, "%s/%s", TEST_DATA, pattern);
    int result = glob(full, 0, NULL, &found);
    assert(result == 0 && found.gl_pathc > 0);
    struct corpus corpus = {calloc(found.gl_pathc, sizeof *corpus.files), found.gl_pathc};
    assert(corpus.files);
    for (size_t i = 0; i < corpus.count; i++) {
        corpus.files[i].path = strdup(found.gl_pathv[i]);
        corpus.files[i].body = read_file(found.gl_pathv[i]);
    }
    globfree(&found);
    return corpus;
}

void corpus_free(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        free(corpus->files[i].path);
        free((void *)(uintptr_t)corpus->files[i].body.data);
    }
    free(corpus->files);
    *corpus = (struct corpus){0};
}

long corpus_sidecar_number(const struct corpus_file *file, const char *key)
{
    char path[1024], member[64];
    const char *suffix = strstr(file->path, ".otlp");
    assert(suffix);
    snprintf(path, sizeof path, "%.*s.json", (int)(suffix - file->path), file->path);
    snprintf(member, sizeof member, "\n \"%s\": ", key);
    struct bytes json = read_file(path);
    const char *found = memmem(json.data, json.size, member, strlen(member));
    long number = -1;
    if (found)
        sscanf(found + strlen(member), "%ld", &number);
    free((void *)(uintptr_t)json.data);
    return number;
}

struct random random_from_environment(void)
{
    const char *seed = getenv("SEED");
    return (struct random){seed ? strtoull(seed, NULL, 10) : 1};
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t random_below(struct random *random, size_t below)
{
    return (size_t)(random_next(random) % below);
}
