/* What was in hand for over a second when a process ended without letting go of it is a suspect; a
 * suspect that is found so at the next start as well is set aside for good:
 *
 *   crash      1st             2nd                3rd start
 *   suspects   {t: 1}          {t: 2}             t is decided as unscored, its spans a dead letter
 *
 * A suspect that was not in hand at the next crash was not the reason, and is forgotten. */
#include "pipelines/run/in_hand.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipelines/decide/trajectory_codec.h"
#include "processor/base/log.h"
#include "processor/otlp/wire.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/request.h"

enum {
    SUSPECTS_MAX = 64,
    HELD_MS = 1000,
    CRASHES = 2,
    LETTERS_MAX = 1000,
    LETTER_GRACE_MS = 1000,
    LOOK_MS_MAX = 500
};
static const uint64_t file_magic = 0x31646e61686e6966; /* "finhand1" */

struct in_hand_file {
    uint64_t magic;
    struct in_hand_slot slots[SHARDS_MAX];
    struct suspect {
        uint8_t trace_id[TRACE_ID_SIZE];
        uint32_t crashes; /* 0: none */
    } suspects[SUSPECTS_MAX];
};

struct in_hand {
    struct in_hand_file *file;
    uint32_t shard_count;
    uint8_t ids[SUSPECTS_MAX][TRACE_ID_SIZE];
    struct set_aside set_aside;
    int64_t looked_ms;
    char directory[1024];
    struct dead_letter *letters; /* opened with the first; by the thread of any shard, once */
};

static uint32_t crashes_before(const struct in_hand_file *file, const uint8_t id[TRACE_ID_SIZE])
{
    for (int i = 0; i < SUSPECTS_MAX; i++)
        if (file->suspects[i].crashes && memcmp(file->suspects[i].trace_id, id, TRACE_ID_SIZE) == 0)
            return file->suspects[i].crashes;
    return 0;
}

/* The suspects of the crash before, by what the slots say; then the slots are empty. */
static void take_stock(struct in_hand_file *file)
{
    struct suspect now[SUSPECTS_MAX] = {{{0}, 0}};
    uint32_t count = 0;
    for (int i = 0; i < SHARDS_MAX; i++) {
        struct in_hand_slot *slot = &file->slots[i];
        uint32_t turn = atomic_load(&slot->turn);
        bool is_held = turn % 2 == 1 && atomic_load(&slot->seen) == turn &&
                       atomic_load(&slot->held_ms) >= HELD_MS;
        if (!is_held || count == SUSPECTS_MAX)
            continue;
        now[count].crashes = crashes_before(file, slot->trace_id) + 1;
        memcpy(now[count++].trace_id, slot->trace_id, TRACE_ID_SIZE);
    }
    for (int i = 0; i < SUSPECTS_MAX && count < SUSPECTS_MAX; i++)
        if (file->suspects[i].crashes >= CRASHES) /* set aside until it is decided, and after */
            now[count++] = file->suspects[i];
    memcpy(file->suspects, now, sizeof(now));
    memset(file->slots, 0, sizeof(file->slots));
    file->magic = file_magic;
}

static struct in_hand_file *map_file(const char *directory)
{
    char path[1088];
    snprintf(path, sizeof(path), "%s/in_hand", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return NULL;
    /* Allocated, not only sized: a full disk must show here, not as a SIGBUS later. */
    bool has_room = posix_fallocate(fd, 0, sizeof(struct in_hand_file)) == 0;
    void *map = has_room ? mmap(NULL, sizeof(struct in_hand_file), PROT_READ | PROT_WRITE,
                                MAP_SHARED, fd, 0)
                         : MAP_FAILED;
    (void)close(fd);
    return map == MAP_FAILED ? NULL : map;
}

static struct dead_letter *letters_of(struct in_hand *in_hand)
{
    char path[1088];
    struct error error = {0};
    snprintf(path, sizeof(path), "%s/set_aside.dead", in_hand->directory);
    const struct dead_letter_config config = {.receiver = "set_aside",
                                              .directory = path,
                                              .letters_max = LETTERS_MAX,
                                              .bytes_max = (size_t)1 << 30};
    struct dead_letter *letters = dead_letter_create(&config, &error);
    if (!letters)
        log_error("dead_letter_failed", "reason=\"%s\"", error.text);
    return letters;
}

static void keep(void *context, const struct open_trajectory *open)
{
    struct in_hand *in_hand = context;
    struct buffer body = {0};
    char id[2 * TRACE_ID_SIZE];
    hex_encode(id, open->id, TRACE_ID_SIZE);
    log_warn("set_aside", "trace_id=%.*s reason=\"in hand for over 1 s at two crashes in a row\"",
             (int)sizeof(id), id);
    if (trajectory_encode(open, &body)) {
        struct wire_varint size = wire_varint_read(body.data, body.data + body.size);
        const struct dead_letter_reason said = {
            .reason = "set_aside",
            .detail = "the process ended twice while it judged this trajectory",
            .receiver = "shard",
            .signal = "traces",
            .encoding = "otlp_proto",
            .partition = -1,
            .offset = -1};
        if (size.at)
            (void)dead_letter_submit(in_hand->letters, &said,
                                     bytes_of(size.at, (size_t)size.value));
    }
    buffer_finish(&body);
}

struct in_hand *in_hand_open(const char *directory, uint32_t shard_count)
{
    struct in_hand *in_hand = calloc(1, sizeof(*in_hand));
    if (!in_hand)
        return NULL;
    in_hand->file = map_file(directory);
    if (!in_hand->file) {
        log_warn("in_hand_failed", "reason=\"the file in_hand cannot be made\"");
        free(in_hand);
        return NULL;
    }
    if (in_hand->file->magic != file_magic)
        memset(in_hand->file, 0, sizeof(*in_hand->file));
    take_stock(in_hand->file);
    in_hand->shard_count = shard_count;
    snprintf(in_hand->directory, sizeof(in_hand->directory), "%s", directory);
    for (int i = 0; i < SUSPECTS_MAX; i++)
        if (in_hand->file->suspects[i].crashes >= CRASHES)
            memcpy(in_hand->ids[in_hand->set_aside.count++], in_hand->file->suspects[i].trace_id,
                   TRACE_ID_SIZE);
    in_hand->set_aside.ids = (const uint8_t(*)[TRACE_ID_SIZE])in_hand->ids;
    in_hand->set_aside.keep = keep;
    in_hand->set_aside.context = in_hand;
    if (in_hand->set_aside.count > 0)
        in_hand->letters = letters_of(in_hand);
    return in_hand;
}

void in_hand_close(struct in_hand *in_hand)
{
    if (!in_hand)
        return;
    dead_letter_destroy(in_hand->letters, LETTER_GRACE_MS);
    (void)munmap(in_hand->file, sizeof(*in_hand->file));
    free(in_hand);
}

struct in_hand_slot *in_hand_slot(struct in_hand *in_hand, uint32_t shard)
{
    return in_hand ? &in_hand->file->slots[shard] : NULL;
}

const struct set_aside *in_hand_set_aside(const struct in_hand *in_hand)
{
    return in_hand ? &in_hand->set_aside : NULL;
}

void in_hand_look(struct in_hand *in_hand, int64_t now_ms)
{
    if (!in_hand)
        return;
    /* Time in which the process was stopped is nobody's. */
    int64_t since_ms = now_ms - in_hand->looked_ms;
    uint32_t elapsed_ms = since_ms < LOOK_MS_MAX ? (uint32_t)since_ms : LOOK_MS_MAX;
    in_hand->looked_ms = now_ms;
    for (uint32_t i = 0; i < in_hand->shard_count; i++) {
        struct in_hand_slot *slot = &in_hand->file->slots[i];
        uint32_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        bool goes_on = turn % 2 == 1 && atomic_load(&slot->seen) == turn;
        atomic_store(&slot->held_ms, goes_on ? atomic_load(&slot->held_ms) + elapsed_ms : 0);
        atomic_store(&slot->seen, turn);
    }
}
