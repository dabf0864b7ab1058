/* DIR/NAME.dead/..., DIR/KIND/NAME.dead/...: no deeper, and no link is followed. */
#include "pipelines/review/dead_letters.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/bytes.h"
#include "processor/base/inflate.h"

enum { DEPTH_MAX = 3, PART_BYTES = 1 << 16, LETTER_BYTES_MAX = 64 << 20, NAME_SIZE = 300 };
static const char suffix[] = ".letter";

struct wanted {
    const uint8_t *raw;
    char hex[32];
    struct inflater *inflater; /* NULL: no memory for one */
};

static bool says(struct bytes text, const struct wanted *wanted)
{
    return text.size > 0 &&
           (memmem(text.data, text.size, wanted->raw, 16) ||
            memmem(text.data, text.size, wanted->hex, 32));
}

/* A body that was refused before it was unpacked. */
static bool says_packed(struct bytes text, const struct wanted *wanted)
{
    struct buffer unpacked = {0};
    bool is_packed = wanted->inflater && text.size > 2 && text.data[0] == 0x1f &&
                     text.data[1] == 0x8b;
    bool is_said = is_packed &&
                   inflate_gzip(wanted->inflater, text, LETTER_BYTES_MAX, &unpacked) == STATUS_OK &&
                   says(buffer_bytes(&unpacked), wanted);
    buffer_finish(&unpacked);
    return is_said;
}

static bool holds(int directory, const char *name, const struct wanted *wanted)
{
    struct buffer text = {.limit = LETTER_BYTES_MAX};
    uint8_t part[PART_BYTES];
    ssize_t size;
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return false;
    while (!text.failed && (size = read(file, part, sizeof part)) > 0)
        buffer_append(&text, part, (size_t)size);
    close(file);
    bool is_there = says(buffer_bytes(&text), wanted) || says_packed(buffer_bytes(&text), wanted);
    buffer_finish(&text);
    return is_there;
}

static bool erase_letter(int directory, const char *name, const struct wanted *wanted)
{
    char description[NAME_SIZE];
    size_t size = strlen(name), end = sizeof suffix - 1;
    if (size <= end || strcmp(name + size - end, suffix) != 0 || !holds(directory, name, wanted))
        return false;
    snprintf(description, sizeof description, "%.*s.json", (int)(size - end), name);
    (void)unlinkat(directory, description, 0);
    return unlinkat(directory, name, 0) == 0;
}

static uint32_t walk(int fd, const struct wanted *wanted, int depth)
{
    uint32_t count = 0;
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        int below = depth < DEPTH_MAX ? openat(dirfd(directory), entry->d_name,
                                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                                      : -1;
        if (below >= 0)
            count += walk(below, wanted, depth + 1);
        else
            count += erase_letter(dirfd(directory), entry->d_name, wanted);
    }
    closedir(directory);
    return count;
}

uint32_t dead_letters_erase(const char *directory, const uint8_t trajectory_id[16])
{
    struct wanted wanted = {.raw = trajectory_id, .inflater = inflater_create()};
    hex_encode(wanted.hex, trajectory_id, 16);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint32_t count = fd < 0 ? 0 : walk(fd, &wanted, 0);
    inflater_destroy(wanted.inflater);
    return count;
}
