/* An acknowledgement stays in memory until the transaction that deletes its row has succeeded. */
#include "pipelines/run/outbox_lane.h"

#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/log.h"
#include "processor/emit/file/emitter.h"
#include "processor/emit/kafka/emitter.h"
#include "processor/emit/kafka/transactions.h"
#include "processor/emit/outgoing.h"

enum {
    DEAD_LETTER_MS = 1000,  /* for letters that are queued at the stop */
    CATCH_UP_RECORDS = 256, /* rows read in one turn of the writer, which commits between */
    FULL_MS = 100,          /* an emitter with a full queue is left alone for so long */
};

static void on_acknowledged(void *context, uint64_t sequence)
{
    struct outbox_lane *lane = context;
    pthread_mutex_lock(&lane->lock);
    if (lane->acknowledged_count == lane->acknowledged_capacity) {
        size_t capacity = lane->acknowledged_capacity ? lane->acknowledged_capacity * 2 : 1024;
        uint64_t *grown = realloc(lane->acknowledged, capacity * sizeof(*grown));
        if (!grown) { /* The row stays, and its record is sent again after a restart. */
            pthread_mutex_unlock(&lane->lock);
            return;
        }
        lane->acknowledged = grown;
        lane->acknowledged_capacity = capacity;
    }
    lane->acknowledged[lane->acknowledged_count++] = sequence;
    pthread_mutex_unlock(&lane->lock);
}

/* Rows of a file leave only together with the position of the file, in on_file_settled. */
static void on_written(void *context, uint64_t sequence)
{
    (void)context;
    (void)sequence;
}

static void on_file_settled(void *context, uint64_t sequence, uint64_t inode, uint64_t length)
{
    struct outbox_lane *lane = context;
    pthread_mutex_lock(&lane->lock);
    lane->has_file = true;
    lane->file_news++;
    lane->file_through = sequence;
    lane->file = (struct outbox_file){inode, length};
    pthread_mutex_unlock(&lane->lock);
}

static void on_replace(void *context, uint64_t sequence, struct bytes frame)
{
    replacements_ask(&((struct outbox_lane *)context)->replacements, sequence, frame);
}

static bool on_is_replaced(void *context, uint64_t sequence)
{
    return replacements_is_durable(&((struct outbox_lane *)context)->replacements, sequence);
}

/* The first letter makes the directory; without one there is none. */
static struct dead_letter *dead_letters(struct outbox_lane *lane)
{
    const struct exporter_config *config = lane->config;
    const struct dead_letter_config letters = {.receiver = config->name,
                                               .directory = config->dead_letter_directory,
                                               .letters_max = config->dead_letter_max_letters,
                                               .bytes_max = config->dead_letter_max_bytes};
    struct error error = {0};
    if (lane->dead || !config->dead_letter_directory)
        return lane->dead;
    lane->dead = dead_letter_create(&letters, &error);
    if (!lane->dead)
        log_error("dead_letter_failed", "exporter=%s reason=\"%s\"", config->name, error.text);
    return lane->dead;
}

static void on_give_up(void *context, uint64_t sequence, struct bytes frame, const char *reason)
{
    struct outbox_lane *lane = context;
    struct outgoing record;
    (void)sequence;
    if (outgoing_decode(frame, &record) != STATUS_OK)
        return;
    const struct dead_letter_reason said = {.reason = reason,
                                            .detail = "the topic refuses the record alone",
                                            .receiver = lane->config->name,
                                            .topic = lane->config->topic,
                                            .partition = -1,
                                            .offset = -1,
                                            .key = record.key};
    (void)dead_letter_submit(dead_letters(lane), &said, record.payload);
}

static int compare_lines(const void *a, const void *b)
{
    const struct settled_line *x = a, *y = b;
    int order = memcmp(x->record_id, y->record_id, sizeof(x->record_id));
    return order ? order : memcmp(x->sha256, y->sha256, sizeof(x->sha256));
}

static bool identify(struct settled_line *line, struct bytes record_id, struct bytes text)
{
    if (record_id.size != sizeof(line->record_id))
        return false;
    memcpy(line->record_id, record_id.data, record_id.size);
    digest_sha256(line->sha256, text);
    return true;
}

static void on_settles(void *context, struct bytes record_id, struct bytes line)
{
    struct outbox_lane *lane = context;
    struct settled_line settled;
    if (!identify(&settled, record_id, line))
        return;
    if (lane->settled_count == lane->settled_capacity) {
        size_t capacity = lane->settled_capacity ? lane->settled_capacity * 2 : 64;
        struct settled_line *grown = realloc(lane->settled, capacity * sizeof(*grown));
        if (!grown)
            return; /* The record would be written twice, with the same bytes. */
        lane->settled = grown;
        lane->settled_capacity = capacity;
    }
    lane->settled[lane->settled_count++] = settled;
}

/* Does the file hold this very record? One of the same id with other bytes is damaged. */
static bool is_settled(const struct outbox_lane *lane, struct bytes frame)
{
    struct outgoing record;
    if (lane->settled_count == 0 || outgoing_decode(frame, &record) != STATUS_OK)
        return false;
    for (uint32_t i = 0; i < record.header_count; i++) {
        struct settled_line line;
        if (strcmp(record.headers[i].name, "record_id") == 0 &&
            identify(&line, record.headers[i].value, record.payload))
            return bsearch(&line, lane->settled, lane->settled_count, sizeof(line),
                           compare_lines) != NULL;
    }
    return false;
}

/* One place in the outbox for each data directory and exporter. */
static struct emitter *create_transactions(struct outbox_lane *lane,
                                           const struct exporter_config *config,
                                           const struct kafka_emitter_config *kafka,
                                           const struct emit_acknowledge *acknowledge,
                                           struct error *ret_error)
{
    char uuid[2 * INSTANCE_UUID_SIZE + 1] = "", id[256];
    struct store_txn txn;
    hex_encode(uuid, store_instance(lane->store)->uuid, INSTANCE_UUID_SIZE);
    snprintf(id, sizeof(id), "flywheel-%s-%.180s", uuid, config->name);
    store_begin(lane->store, false, &txn);
    struct kafka_transactions_config transactions = {
        .kafka = *kafka,
        .transactional_id = id,
        .next_sequence = outbox_sequence_read(&txn) + 1,
    };
    store_abort(&txn);
    return kafka_transactions_create(&transactions, acknowledge, &lane->counters, ret_error);
}

static struct emitter *create_emitter(struct outbox_lane *lane,
                                      const struct exporter_config *config, struct error *ret_error)
{
    static const enum record_form forms[] = {[ENCODING_JSON] = FORM_JSON,
                                             [ENCODING_PROTOBUF] = FORM_PROTOBUF,
                                             [ENCODING_OTLP_PROTO] = FORM_OTLP};
    struct emit_acknowledge acknowledge = {.acknowledged = on_acknowledged,
                                           .file_settled = on_file_settled,
                                           .replace = on_replace,
                                           .is_replaced = on_is_replaced,
                                           .give_up = on_give_up,
                                           .context = lane};
    if (config->kind == EXPORTER_KAFKA) {
        struct kafka_emitter_config kafka = {
            .brokers = config->brokers,
            .topic = config->topic,
            .properties = config->properties,
            .client_id = "flywheel",
            .form = forms[config->encoding],
        };
        return config->is_transactional
                   ? create_transactions(lane, config, &kafka, &acknowledge, ret_error)
                   : kafka_emitter_create(&kafka, &acknowledge, &lane->counters, ret_error);
    }
    struct store_txn txn;
    struct outbox_file file = {0};
    store_begin(lane->store, false, &txn);
    (void)outbox_file_read(&txn, lane->exporter, &file);
    store_abort(&txn);
    acknowledge.acknowledged = on_written;
    struct file_emitter_config config_of_file = {.path = config->path,
                                                 .is_stream = config->is_stream,
                                                 .inode = file.inode,
                                                 .length = file.length,
                                                 .settles = on_settles,
                                                 .context = lane};
    return file_emitter_create(&config_of_file, &acknowledge, &lane->counters, ret_error);
}

enum status outbox_lane_open(struct outbox_lane *lane, uint8_t exporter,
                             const struct exporter_config *config, struct store *store,
                             struct error *ret_error)
{
    *lane = (struct outbox_lane){
        .exporter = exporter, .config = config, .store = store, .is_behind = true};
    pthread_mutex_init(&lane->lock, NULL);
    replacements_init(&lane->replacements);
    lane->emitter = create_emitter(lane, config, ret_error);
    if (!lane->emitter)
        return STATUS_FATAL;
    enum status status = lane->emitter->operations->start(lane->emitter, ret_error);
    lane->is_unplaced = outbox_lane_has_news(lane);
    if (lane->settled_count > 0)
        qsort(lane->settled, lane->settled_count, sizeof(*lane->settled), compare_lines);
    return status;
}

void outbox_lane_stop(struct outbox_lane *lane, int64_t grace_ms)
{
    if (lane->emitter)
        lane->emitter->operations->stop(lane->emitter, grace_ms);
}

void outbox_lane_close(struct outbox_lane *lane)
{
    if (lane->emitter)
        lane->emitter->operations->destroy(lane->emitter);
    dead_letter_destroy(lane->dead, DEAD_LETTER_MS);
    if (lane->store) {
        pthread_mutex_destroy(&lane->lock);
        replacements_finish(&lane->replacements);
    }
    free(lane->settled);
    free(lane->acknowledged);
    *lane = (struct outbox_lane){0};
}

/* False when the emitter's queue is full. */
static bool hand_over(struct outbox_lane *lane, uint64_t sequence, int64_t now_ms,
                      struct bytes frame)
{
    struct emit_item *item = malloc(sizeof(*item) + frame.size);
    if (!item)
        return false;
    item->sequence = sequence;
    item->committed_ms = now_ms;
    item->size = frame.size;
    memcpy(item->frame, frame.data, frame.size);
    if (lane->emitter->operations->send(lane->emitter, item) == STATUS_OK)
        return true;
    free(item);
    return false;
}

void outbox_lane_offer(struct outbox_lane *lane, uint64_t sequence, int64_t now_ms,
                       struct bytes frame)
{
    if (lane->is_behind)
        return;
    if (hand_over(lane, sequence, now_ms, frame)) {
        lane->next_sequence = sequence + 1;
    } else {
        lane->is_behind = true;
        lane->next_sequence = sequence;
    }
}

void outbox_lane_look(struct outbox_lane *lane)
{
    lane->is_behind = true;
}

struct catch_up {
    struct outbox_lane *lane;
    int64_t now_ms;
    int count;
    bool is_full;
};

static bool catch_up_one(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct catch_up *work = context;
    (void)committed_ms;
    if (work->count++ == CATCH_UP_RECORDS) {
        work->is_full = true;
        return false;
    }
    if (is_settled(work->lane, frame)) {
        on_acknowledged(work->lane, sequence);
    } else if (!hand_over(work->lane, sequence, work->now_ms, frame)) {
        work->is_full = true;
        work->lane->refused_bytes = frame.size;
        work->lane->full_until_ms = work->now_ms + FULL_MS;
        return false;
    }
    work->lane->next_sequence = sequence + 1;
    return true;
}

void outbox_lane_catch_up(struct outbox_lane *lane, int64_t now_ms)
{
    if (!lane->is_behind || lane->is_unplaced || now_ms < lane->full_until_ms)
        return;
    /* Rows are read a batch at a time: for nothing, while not even the next one finds room. */
    if (!lane->emitter->operations->has_room(lane->emitter, lane->refused_bytes)) {
        lane->full_until_ms = now_ms + FULL_MS;
        return;
    }
    struct catch_up work = {.lane = lane, .now_ms = now_ms};
    if (outbox_scan(lane->store, lane->exporter, lane->next_sequence, catch_up_one, &work) ==
        STATUS_OK)
        lane->is_behind = work.is_full;
    if (!lane->is_behind) { /* What the file held beyond its known end has been met. */
        free(lane->settled);
        lane->settled = NULL;
        lane->settled_count = lane->settled_capacity = 0;
    }
}

bool outbox_lane_has_news(struct outbox_lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    bool has_news = lane->acknowledged_count > 0 || lane->has_file;
    pthread_mutex_unlock(&lane->lock);
    return has_news || replacements_has_news(&lane->replacements);
}

void outbox_lane_add_replacements(struct outbox_lane *lane, struct writer *writer)
{
    replacements_add_to(&lane->replacements, writer, lane->exporter);
}

void outbox_lane_add_to(struct outbox_lane *lane, struct writer *writer)
{
    replacements_settle(&lane->replacements, false); /* of a transaction that has failed */
    pthread_mutex_lock(&lane->lock);
    for (size_t i = 0; i < lane->acknowledged_count; i++)
        writer_add_acknowledged(writer, lane->exporter, lane->acknowledged[i]);
    if (lane->has_file)
        writer_add_file(writer, lane->exporter, lane->file_through, &lane->file);
    lane->taken_count = lane->acknowledged_count;
    lane->taken_news = lane->file_news;
    pthread_mutex_unlock(&lane->lock);
}

void outbox_lane_settle(struct outbox_lane *lane)
{
    replacements_settle(&lane->replacements, true);
    pthread_mutex_lock(&lane->lock);
    lane->acknowledged_count -= lane->taken_count;
    if (lane->taken_count > 0)
        memmove(lane->acknowledged, lane->acknowledged + lane->taken_count,
                lane->acknowledged_count * sizeof(*lane->acknowledged));
    if (lane->taken_count > 0 || (lane->has_file && lane->taken_news > 0))
        counter_set(&lane->last_success_ms, (uint64_t)clock_realtime_ms());
    if (lane->taken_news > 0)
        lane->is_unplaced = false;
    if (lane->file_news == lane->taken_news)
        lane->has_file = false;
    lane->taken_count = 0;
    pthread_mutex_unlock(&lane->lock);
}
