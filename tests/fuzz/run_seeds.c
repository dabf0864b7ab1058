/* Runs a fuzz target over its seeds without libFuzzer: what once broke stays mended. Besides each
 * seed itself, its prefixes and versions with one byte flipped, at a stride that keeps a target
 * under a second or two. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "processor/base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VARIANTS = 400, CPU_SECONDS = 20 };

/* An input that takes so long of the processor, whatever else the machine does, ends the process by
 * SIGPROF. */
static void limit_input(void)
{
    const struct itimerval limit = {.it_value = {.tv_sec = CPU_SECONDS}};
    if (setitimer(ITIMER_PROF, &limit, NULL) != 0)
        abort();
}

/* A copy of exactly that size, so that a read behind the end is seen. */
static void run(const uint8_t *data, size_t size, size_t flip)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (flip < size)
        copy[flip] ^= (uint8_t)(1u << (flip % 8));
    limit_input();
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_file(const char *path)
{
    struct buffer data = {0};
    uint8_t chunk[4096];
    FILE *file = fopen(path, "rb");
    if (!file)
        return;
    for (size_t size; (size = fread(chunk, 1, sizeof(chunk), file)) > 0;)
        buffer_append(&data, chunk, size);
    fclose(file);
    struct bytes seed = buffer_bytes(&data);
    size_t stride = seed.size / VARIANTS + 1;
    run(seed.data, seed.size, SIZE_MAX);
    for (size_t at = 0; at < seed.size; at += stride) {
        run(seed.data, at, SIZE_MAX);
        run(seed.data, seed.size, at);
    }
    buffer_finish(&data);
}

int main(int argc, char **argv)
{
    size_t seeds = 0;
    run((const uint8_t *)"", 0, SIZE_MAX);
    DIR *directory = argc > 1 ? opendir(argv[1]) : NULL;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char path[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        run_file(path);
        seeds++;
    }
    if (directory)
        closedir(directory);
    printf("%zu seeds\n", seeds);
    return seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
