/* Appends records to a file, exactly once over a crash. One thread takes what is queued as one
 * batch:
 *
 *   write whole lines -> fdatasync -> acknowledge each -> file_settled(inode, length)
 *
 * `length` is the end of the last batch that is on disk. When a write or a sync fails, the file is
 * cut back to it and the whole batch is written again after a pause: nothing was acknowledged, so
 * nothing is lost, and no half line stays. A crash between the sync and the commit that deletes the
 * outbox rows leaves lines past the length that the store knows; the next start settles their rows.
 * A file that was rotated away is reopened by its path before the next batch, without a signal.
 *
 * Nothing is opened or written in a way that could wait: a pipe that nobody reads is an error like
 * a full disk, and TERM ends the thread in its grace. */
#include "processor/emit/file/emitter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/condition.h"
#include "processor/base/log.h"
#include "processor/emit/file/tail.h"
#include "processor/emit/inbox_emitter.h"
#include "processor/emit/outgoing.h"

enum {
    HELD_ITEMS_MAX = 4096,
    HELD_BYTES_MAX = 32 * 1024 * 1024,
    BATCH_ITEMS = 64,
    WARM_BYTES = 1024 * 1024, /* of the lines of a batch, kept for the next one */
    PAUSE_FIRST_MS = 100,
    PAUSE_MAX_MS = 5000,
    IDLE_MS = 1000,
    READER_MS = 1000, /* that a pipe is full before it counts as an error */
    UNKNOWN_BYTES_MAX = 64 * 1024 * 1024,
};

struct file_emitter {
    struct inbox_emitter base;
    struct file_emitter_config config;
    char *path;
    struct emit_acknowledge acknowledge;
    struct emitter_counters *counters;

    /* Of the thread, after start. */
    int fd;
    uint64_t inode, device, length;
    bool is_regular;   /* not a pipe or a terminal: has a length, can be cut and synced */
    bool is_dirty;     /* bytes past `length` may be left of a failed write */
    bool is_unsettled; /* inode and length differ from what the store knows */
    struct condition failing;
    struct emit_item *batch[BATCH_ITEMS];
    size_t batch_count;
    struct buffer lines;
    size_t written; /* of `lines`, to what can't be cut */
};

static struct file_emitter *of(struct emitter *emitter)
{
    return (struct file_emitter *)emitter;
}

static void take_stat(struct file_emitter *file, const struct stat *stat)
{
    file->inode = stat->st_ino;
    file->device = stat->st_dev;
    file->is_regular = S_ISREG(stat->st_mode);
    file->length = file->is_regular ? (uint64_t)stat->st_size : 0;
}

/* A new file must be found by its name after a power cut. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(directory);
}

/* Is `stat` something to write to? */
static bool is_allowed(const struct file_emitter *file, const struct stat *stat)
{
    if (S_ISREG(stat->st_mode) || (file->config.is_stream && !S_ISDIR(stat->st_mode)))
        return true;
    errno = EINVAL;
    return false;
}

/* A pipe is opened for writing alone: when nobody reads, that fails. */
static int open_path(const struct file_emitter *file, struct stat *ret_stat)
{
    struct stat stat_of_path;
    bool is_there = stat(file->path, &stat_of_path) == 0;
    if (is_there && !is_allowed(file, &stat_of_path))
        return -1;
    int flags = O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = is_there && !S_ISREG(stat_of_path.st_mode)
                 ? open(file->path, O_WRONLY | flags)
                 : open(file->path, O_RDWR | O_CREAT | flags, 0600);
    if (fd >= 0 && (fstat(fd, ret_stat) != 0 || !is_allowed(file, ret_stat))) {
        int cause = errno;
        (void)close(fd);
        errno = cause;
        return -1;
    }
    return fd;
}

static bool cut_to(struct file_emitter *file, uint64_t length)
{
    if (!file->is_regular)
        return true;
    while (ftruncate(file->fd, (off_t)length) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

/* A file that the store does not know, or that is shorter than it was: go on at its end. When it is
 * young, a crash right after a rotation may be why it is not known: its lines are settled. */
static enum status start_at_end(struct file_emitter *file)
{
    bool is_torn;
    uint64_t end;
    if (file->config.inode != 0 || file->length > 0)
        log_warn("file_changed",
                 "path=\"%s\" inode=%" PRIu64 " known_inode=%" PRIu64 " size=%" PRIu64
                 " known_length=%" PRIu64 " action=append_at_end",
                 file->path, file->inode, file->config.inode, file->length, file->config.length);
    if (file_tail_end(file->fd, file->length, &end, &is_torn) != STATUS_OK || !cut_to(file, end))
        return STATUS_FATAL;
    file->length = end;
    const struct file_tail tail = {
        .size = end, .settles = file->config.settles, .context = file->config.context};
    if (end <= UNKNOWN_BYTES_MAX && file_tail_settle(file->fd, &tail, &end) != STATUS_OK)
        return STATUS_FATAL;
    if (is_torn) { /* not ours: end its line instead of cutting it */
        if (write(file->fd, "\n", 1) != 1)
            return STATUS_FATAL;
        file->length++;
    }
    file->is_unsettled = true;
    return STATUS_OK;
}

static enum status settle_tail(struct file_emitter *file)
{
    if (!file->is_regular)
        return STATUS_OK;
    if (file->inode != file->config.inode || file->length < file->config.length)
        return start_at_end(file);
    const struct file_tail tail = {.from = file->config.length,
                                   .size = file->length,
                                   .ends_at_hole = true,
                                   .settles = file->config.settles,
                                   .context = file->config.context};
    uint64_t end;
    if (file_tail_settle(file->fd, &tail, &end) != STATUS_OK || !cut_to(file, end))
        return STATUS_FATAL;
    if (end < file->length)
        log_info("file_tail_cut", "path=\"%s\" length=%" PRIu64 " cut_bytes=%" PRIu64, file->path,
                 end, file->length - end);
    file->is_unsettled = end != file->config.length;
    file->length = end;
    return STATUS_OK;
}

/* Before each batch: has the path got another file (logrotate), was ours cut (copytruncate)? */
static bool follow_path(struct file_emitter *file)
{
    struct stat at_path, ours;
    bool is_there = stat(file->path, &at_path) == 0;
    if (!is_there && errno != ENOENT)
        return false;
    if (!is_there || at_path.st_ino != file->inode || at_path.st_dev != file->device) {
        int fd = open_path(file, &ours);
        if (fd < 0)
            return false;
        log_info("file_reopened", "path=\"%s\"", file->path);
        if (file->fd >= 0)
            (void)close(file->fd);
        file->fd = fd;
        file->is_dirty = false;
        file->written = 0;
        take_stat(file, &ours);
        if (file->is_regular)
            sync_directory(file->path);
        return true;
    }
    if (!file->is_regular)
        return true;
    uint64_t size = (uint64_t)at_path.st_size;
    if (file->is_dirty && size > file->length && !cut_to(file, file->length))
        return false;
    if (!file->is_dirty || size < file->length)
        file->length = size;
    file->is_dirty = false;
    return true;
}

/* Waits a little for whoever reads a pipe. */
static bool is_writable(const struct file_emitter *file)
{
    struct pollfd polled = {.fd = file->fd, .events = POLLOUT};
    int ready = poll(&polled, 1, inbox_is_stopping(&file->base.inbox) ? READER_MS / 10 : READER_MS);
    errno = EAGAIN;
    return ready == 1 && !(polled.revents & (POLLERR | POLLNVAL));
}

/* What a pipe has taken stays written, so that the next attempt goes on behind it. */
static bool write_lines(struct file_emitter *file)
{
    size_t at = file->is_regular ? 0 : file->written;
    while (at < file->lines.size) {
        ssize_t wrote = write(file->fd, file->lines.data + at, file->lines.size - at);
        if (wrote < 0 && (errno == EINTR || (errno == EAGAIN && is_writable(file))))
            continue;
        if (wrote < 0)
            break;
        at += (size_t)wrote;
    }
    file->written = at;
    return at == file->lines.size && (!file->is_regular || fdatasync(file->fd) == 0);
}

/* The reader is gone: the next attempt waits for another one, and gives it whole lines. */
static void forget_pipe(struct file_emitter *file)
{
    (void)close(file->fd);
    file->fd = -1;
    file->inode = file->device = 0;
}

static bool build_lines(struct file_emitter *file)
{
    buffer_clear(&file->lines);
    for (size_t i = 0; i < file->batch_count; i++) {
        struct outgoing record;
        struct bytes frame = bytes_of(file->batch[i]->frame, file->batch[i]->size);
        if (outgoing_decode(frame, &record) != STATUS_OK) {
            /* The store checks what it reads; such a row could never leave. */
            log_error("outbox_row_malformed", "sequence=%" PRIu64, file->batch[i]->sequence);
            counter_add(&file->counters->send_failures, 1);
            continue;
        }
        buffer_append_bytes(&file->lines, record.payload);
        buffer_append_byte(&file->lines, '\n');
    }
    return !file->lines.failed;
}

static bool write_batch(struct file_emitter *file)
{
    errno = ENOMEM;
    if (!build_lines(file) || !follow_path(file))
        return false;
    if (write_lines(file)) {
        if (file->is_regular)
            file->length += file->lines.size;
        return true;
    }
    int cause = errno;
    file->is_dirty = !cut_to(file, file->length);
    if (cause == EPIPE)
        forget_pipe(file);
    errno = cause;
    return false;
}

/* In words that live for ever. */
static const char *reason_of(int error)
{
    const char *text = strerrordesc_np(error);
    return error == EINVAL                    ? "not a regular file; declare a pipe by stream: true"
           : error == ENXIO || error == EPIPE ? "nobody reads the pipe"
           : error == EAGAIN                  ? "the pipe is full: its reader does not read"
           : text                             ? text
                                              : "unknown error";
}

/* False when the process stops before the batch is on disk. */
static bool write_batch_until_done(struct file_emitter *file)
{
    file->written = 0;
    for (int64_t pause_ms = PAUSE_FIRST_MS; !write_batch(file);) {
        const char *reason = reason_of(errno);
        counter_add(&file->counters->send_failures, 1);
        condition_log_met(&file->failing, LOG_ERROR, "file_write_failed",
                          "path=\"%s\" error=\"%s\" action=retry", file->path, reason);
        atomic_store(&file->counters->trouble, reason);
        inbox_pause(&file->base.inbox, pause_ms);
        if (inbox_is_time_up(&file->base.inbox, clock_monotonic_ms()))
            return false;
        pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
    }
    condition_log_over(&file->failing, "file_write_recovered", "path=\"%s\"", file->path);
    buffer_cool(&file->lines, WARM_BYTES);
    atomic_store(&file->counters->trouble, NULL);
    return true;
}

/* Rows first: a crash before file_settled finds the lines past the known length, and no rows. */
static void acknowledge_batch(struct file_emitter *file)
{
    const struct emit_acknowledge *acknowledge = &file->acknowledge;
    uint64_t last = 0;
    for (size_t i = 0; i < file->batch_count; i++) {
        uint64_t sequence = file->batch[i]->sequence;
        if (acknowledge->acknowledged)
            acknowledge->acknowledged(acknowledge->context, sequence);
        last = sequence > last ? sequence : last;
    }
    if (acknowledge->file_settled)
        acknowledge->file_settled(acknowledge->context, last, file->inode, file->length);
    counter_add(&file->counters->sent_records, file->batch_count);
}

static void free_batch(struct file_emitter *file)
{
    for (size_t i = 0; i < file->batch_count; i++) {
        inbox_release(&file->base.inbox, file->batch[i]->size);
        free(file->batch[i]);
    }
    file->batch_count = 0;
}

static void *run_thread(void *argument)
{
    struct file_emitter *file = argument;
    while (!inbox_is_over(&file->base.inbox, clock_monotonic_ms())) {
        file->batch_count = queue_pop(file->base.inbox.queue, (void **)file->batch, BATCH_ITEMS);
        if (file->batch_count == 0) {
            queue_wait(file->base.inbox.queue, IDLE_MS);
            continue;
        }
        if (write_batch_until_done(file))
            acknowledge_batch(file);
        free_batch(file);
    }
    return NULL;
}

/* A pipe that nobody reads yet is no error: records wait, as for a broker. */
static enum status start_closed(struct file_emitter *file, struct error *ret_error)
{
    if (file->config.is_stream && errno == ENXIO)
        return inbox_start(&file->base.inbox, run_thread, file, file->path, ret_error);
    error_set(ret_error,
              errno == EACCES   ? EXIT_PERMISSION
              : errno == EINVAL ? EXIT_CONFIG
                                : EXIT_STATE_IO,
              "cannot open %s for records: %s", file->path, reason_of(errno));
    return STATUS_FATAL;
}

static enum status file_start(struct emitter *emitter, struct error *ret_error)
{
    struct file_emitter *file = of(emitter);
    struct stat stat;
    file->fd = open_path(file, &stat);
    if (file->fd < 0)
        return start_closed(file, ret_error);
    take_stat(file, &stat);
    if (settle_tail(file) != STATUS_OK) {
        error_set(ret_error, EXIT_STATE_IO, "cannot read back %s: %s", file->path, strerror(errno));
        return STATUS_FATAL;
    }
    if (file->is_regular)
        sync_directory(file->path);
    if (file->is_unsettled && file->acknowledge.file_settled) /* before anything is written */
        file->acknowledge.file_settled(file->acknowledge.context, 0, file->inode, file->length);
    return inbox_start(&file->base.inbox, run_thread, file, file->path, ret_error);
}

static void file_destroy(struct emitter *emitter)
{
    if (!emitter)
        return;
    struct file_emitter *file = of(emitter);
    inbox_stop(&file->base.inbox, 0);
    inbox_finish(&file->base.inbox, free);
    if (file->fd >= 0)
        (void)close(file->fd);
    buffer_finish(&file->lines);
    free(file->path);
    free(file);
}

static const struct emitter_operations operations = {
    .kind = "file",
    .start = file_start,
    .send = inbox_emitter_send,
    .has_room = inbox_emitter_has_room,
    .stop = inbox_emitter_stop,
    .destroy = file_destroy,
};

struct emitter *file_emitter_create(const struct file_emitter_config *config,
                                    const struct emit_acknowledge *acknowledge,
                                    struct emitter_counters *counters, struct error *ret_error)
{
    struct file_emitter *file = calloc(1, sizeof *file);
    bool has_inbox = false;
    if (file) {
        file->base.emitter.operations = &operations;
        file->fd = -1;
        file->config = *config;
        file->acknowledge = *acknowledge;
        file->counters = counters;
        file->path = strdup(config->path);
        has_inbox = inbox_init(&file->base.inbox, HELD_ITEMS_MAX, HELD_BYTES_MAX);
    }
    if (!has_inbox || !file->path) {
        error_set(ret_error, EXIT_TEMPORARY, "no memory for the exporter of %s", config->path);
        file_destroy(file ? &file->base.emitter : NULL);
        return NULL;
    }
    return &file->base.emitter;
}
