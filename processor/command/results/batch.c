/* The room for a batch is reserved once, so what points into it stays. */
#include "processor/command/results/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 30 };

bool results_batch_send(struct results_batch *batch, struct error *ret_error)
{
    batch->summary->places = batch->places;
    if (batch->count > 0 && results_sink_give(batch->sink, batch->results, batch->count,
                                              batch->summary, ret_error) != STATUS_OK)
        return false;
    batch->count = 0;
    buffer_clear(&batch->text);
    return true;
}

bool results_batch_add(struct results_batch *batch, struct bytes result, struct results_place place,
                       struct error *ret_error)
{
    if (result.size > RESULTS_BATCH_BYTES_MAX) {
        results_summary_refused(batch->summary, &place, "too_large", "",
                                "a result has at most 256 KiB");
        return true;
    }
    size_t room = RESULTS_BATCH_BYTES_MAX - batch->text.size - batch->count; /* with commas */
    if ((batch->count == RESULTS_PER_POST_MAX || result.size + 1 > room) &&
        !results_batch_send(batch, ret_error))
        return false;
    if (batch->count == 0 && !buffer_reserve(&batch->text, RESULTS_BATCH_BYTES_MAX)) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return false;
    }
    size_t at = batch->text.size;
    buffer_append_bytes(&batch->text, result);
    batch->places[batch->count] = place;
    batch->results[batch->count++] = bytes_of(batch->text.data + at, result.size);
    return true;
}

void results_batch_finish(struct results_batch *batch)
{
    buffer_finish(&batch->text);
}

bool results_read_file(const char *path, struct buffer *to, struct error *ret_error)
{
    char piece[65536];
    ssize_t size = -1;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    to->limit = FILE_BYTES_MAX;
    while (fd >= 0 && !to->failed && (size = read(fd, piece, sizeof piece)) > 0)
        buffer_append(to, piece, (size_t)size);
    if (fd < 0 || size < 0 || to->failed)
        error_set(ret_error, EXIT_USAGE, "%s: %s", path,
                  to->failed ? "larger than 1 GiB" : strerror(errno));
    if (fd > STDIN_FILENO)
        close(fd);
    return !ret_error->is_set;
}
