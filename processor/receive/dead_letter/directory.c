/* Dead letters as files, two for each:
 *
 *   20261123T121401.123Z-4711-000001.json     what is known of it
 *   20261123T121401.123Z-4711-000001.letter   the message as received
 *
 * Both are written under a name that begins with ".letter-", synced, and renamed, the letter last:
 * a letter that is there is whole and has its description. The directory is bounded; what earlier
 * runs left in it counts, and when the bound is reached it is looked at again now and then, since
 * people take letters out. */
#include "processor/receive/dead_letter/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/condition.h"
#include "processor/base/json/writer.h"
#include "processor/base/log.h"

enum {
    NAME_SIZE = 96,
    LOOK_AGAIN_MS = 10000, /* at a full directory: looking costs a stat for each of its files */
    LETTERS_DEFAULT = 10000
};
static const size_t bytes_default = (size_t)1 << 30;
static const char temporary_prefix[] = ".letter-";

struct letter_directory {
    struct letter_sink sink; /* first: handed out as this */
    int fd;
    char *path;
    uint32_t letters_max, letters;
    size_t bytes_max, bytes;
    int64_t looked_ms;
    bool is_full; /* said in the log */
    struct condition failing;
    struct buffer text;
};

static struct letter_directory *of(struct letter_sink *sink)
{
    return (struct letter_directory *)sink;
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size > end_size && strcmp(name + size - end_size, end) == 0;
}

/* Counts what is there, and removes what a crash has left half-written. */
static bool look(struct letter_directory *directory, bool removes_temporary)
{
    int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    uint32_t letters = 0;
    size_t bytes = 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        struct stat status;
        bool is_letter = ends_with(entry->d_name, ".letter");
        if (removes_temporary &&
            strncmp(entry->d_name, temporary_prefix, sizeof temporary_prefix - 1) == 0)
            (void)unlinkat(directory->fd, entry->d_name, 0);
        else if ((is_letter || ends_with(entry->d_name, ".json")) &&
                 fstatat(directory->fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                 S_ISREG(status.st_mode)) {
            letters += is_letter;
            bytes += (size_t)status.st_size;
        }
    }
    closedir(stream);
    directory->letters = letters;
    directory->bytes = bytes;
    directory->looked_ms = clock_monotonic_ms();
    return true;
}

static bool has_room(struct letter_directory *directory, size_t more)
{
    for (int again = 0; again < 2; again++) {
        if (directory->letters < directory->letters_max && more <= directory->bytes_max &&
            directory->bytes <= directory->bytes_max - more)
            return true;
        if (clock_monotonic_ms() - directory->looked_ms < LOOK_AGAIN_MS || !look(directory, false))
            return false;
    }
    return false;
}

static bool write_all(int fd, struct bytes data)
{
    while (data.size > 0) {
        ssize_t written = write(fd, data.data, data.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data = bytes_of(data.data + written, data.size - (size_t)written);
    }
    return true;
}

/* Written and synced, or not there; errno tells. */
static bool write_file(int directory, const char *name, struct bytes data)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool is_good = write_all(fd, data) && fsync(fd) == 0;
    int error = errno;
    close(fd);
    if (!is_good)
        (void)unlinkat(directory, name, 0);
    errno = error;
    return is_good;
}

static void describe_text(struct json_writer *writer, const char *key, const char *text)
{
    if (!*text)
        return;
    json_put_text(writer, key, text);
}

static void describe(const struct letter *letter, struct buffer *to)
{
    char time[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(time, (uint64_t)letter->time_ms * 1000000);
    struct json_writer writer;
    buffer_clear(to);
    json_writer_init(&writer, to);
    json_object_begin(&writer);
    describe_text(&writer, "schema", "flywheel.dead_letter/v1");
    describe_text(&writer, "time", time);
    describe_text(&writer, "reason", letter->reason);
    describe_text(&writer, "detail", letter->detail);
    describe_text(&writer, "receiver", letter->receiver);
    describe_text(&writer, "signal", letter->signal);
    describe_text(&writer, "encoding", letter->encoding);
    describe_text(&writer, "compression", letter->compression);
    if (*letter->topic) {
        describe_text(&writer, "topic", letter->topic);
        json_put_int(&writer, "partition", letter->partition);
        json_put_int(&writer, "offset", letter->offset);
    }
    if (letter->has_key)
        json_put_bytes(&writer, "key", letter_key(letter));
    json_put_uint(&writer, "bytes", letter->body_size);
    json_object_end(&writer);
    buffer_append_byte(to, '\n');
}

/* Time, process and number: unique among processes of one machine that share the directory. */
static void name_letter(char to[NAME_SIZE], const struct letter *letter)
{
    struct tm when;
    time_t seconds = (time_t)(letter->time_ms / 1000);
    gmtime_r(&seconds, &when);
    char text[32];
    (void)strftime(text, sizeof text, "%Y%m%dT%H%M%S", &when);
    (void)snprintf(to, NAME_SIZE, "%s.%03dZ-%ld-%06" PRIu64, text, (int)(letter->time_ms % 1000),
                   (long)getpid(), letter->sequence);
}

static bool keep_file(struct letter_directory *directory, const char *name, const char *suffix,
                      struct bytes data)
{
    char temporary[NAME_SIZE + 32], final[NAME_SIZE + 32];
    (void)snprintf(temporary, sizeof temporary, "%s%s%s", temporary_prefix, name, suffix);
    (void)snprintf(final, sizeof final, "%s%s", name, suffix);
    if (!write_file(directory->fd, temporary, data))
        return false;
    if (renameat(directory->fd, temporary, directory->fd, final) == 0)
        return true;
    int error = errno;
    (void)unlinkat(directory->fd, temporary, 0);
    errno = error;
    return false;
}

static enum dead_letter_loss keep_letter(struct letter_directory *directory,
                                         const struct letter *letter)
{
    char name[NAME_SIZE], description[NAME_SIZE + 32];
    describe(letter, &directory->text);
    struct bytes text = buffer_bytes(&directory->text);
    size_t size = text.size + letter->body_size;
    bool was_full = directory->is_full;
    directory->is_full = !has_room(directory, size);
    if (directory->is_full && was_full)
        return LETTER_BOUND;
    if (directory->is_full) {
        log_warn("dead_letters_full",
                 "directory=\"%s\" letters=%u bytes=%zu action=\"further ones are only counted\"",
                 directory->path, directory->letters, directory->bytes);
        return LETTER_BOUND;
    }
    name_letter(name, letter);
    (void)snprintf(description, sizeof description, "%s.json", name);
    bool is_kept = !directory->text.failed && keep_file(directory, name, ".json", text);
    if (is_kept && !keep_file(directory, name, ".letter", letter_body(letter))) {
        int error = errno;
        (void)unlinkat(directory->fd, description, 0);
        errno = error;
        is_kept = false;
    }
    is_kept = is_kept && fsync(directory->fd) == 0;
    if (!is_kept) {
        condition_log_met(&directory->failing, LOG_WARN, "dead_letter_failed",
                          "directory=\"%s\" error=\"%s\"", directory->path, strerror(errno));
        return LETTER_FAILED;
    }
    condition_log_over(&directory->failing, "dead_letter_kept", "directory=\"%s\"",
                       directory->path);
    directory->letters++;
    directory->bytes += size;
    return LETTER_LOSSES;
}

static void keep(struct letter_sink *sink, struct letter *letter)
{
    sink->settled(sink->context, letter, keep_letter(of(sink), letter));
}

static void turn(struct letter_sink *sink)
{
    (void)sink;
}

static void destroy(struct letter_sink *sink, int64_t grace_ms)
{
    (void)grace_ms;
    struct letter_directory *directory = of(sink);
    if (directory->fd >= 0)
        close(directory->fd);
    buffer_finish(&directory->text);
    free(directory->path);
    free(directory);
}

static const struct letter_sink_operations operations = {
    .keep = keep, .turn = turn, .destroy = destroy};

/* A file is written once, so that a mistake shows at the start and not with the first letter. */
static bool try_out(struct letter_directory *directory)
{
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%stry-%ld", temporary_prefix, (long)getpid());
    return write_file(directory->fd, name, BYTES_LITERAL("try\n")) &&
           unlinkat(directory->fd, name, 0) == 0;
}

enum status letter_directory_open(const struct dead_letter_config *config,
                                  struct letter_sink **ret_sink, struct error *ret_error)
{
    struct letter_directory *directory = calloc(1, sizeof *directory);
    if (directory)
        *directory = (struct letter_directory){
            .sink = {.operations = &operations},
            .fd = -1,
            .path = strdup(config->directory),
            .letters_max = config->letters_max ? config->letters_max : LETTERS_DEFAULT,
            .bytes_max = config->bytes_max ? config->bytes_max : bytes_default,
        };
    if (!directory || !directory->path) {
        error_set(ret_error, EXIT_TEMPORARY, "no memory for dead letters");
        free(directory);
        return STATUS_FATAL;
    }
    if (mkdir(config->directory, 0700) == 0 || errno == EEXIST)
        directory->fd = open(config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0 || !look(directory, true) || !try_out(directory)) {
        int error = errno;
        error_set(ret_error, error == EACCES || error == EPERM ? EXIT_PERMISSION : EXIT_STATE_IO,
                  "dead letters of receiver %s: directory %s can't be written: %s",
                  config->receiver, config->directory, strerror(error));
        destroy(&directory->sink, 0);
        return STATUS_FATAL;
    }
    *ret_sink = &directory->sink;
    return STATUS_OK;
}
