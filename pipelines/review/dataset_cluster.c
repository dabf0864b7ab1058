/* Which cluster a row belongs to, and so in which split it is:
 *   its own, once it has one; else that of its conversation and of each near-duplicate:
 *     none            -> a new one, whose split is drawn; eval when the row tests for a regression
 *     of one split    -> the one that was founded first
 *     of both splits  -> none: the row would carry what is trained on into what is evaluated on */
#include "pipelines/review/dataset_state.h"
#include "processor/review/question.h"

static const uint8_t nowhere[CLUSTER_ID_SIZE];

struct neighbors {
    struct store_txn *txn;
    struct arena *arena;
    struct question_grams grams;
    double similarity;
    uint32_t looked;
    struct cluster first;
    bool has[ROW_SPLITS];
};

static bool is_met(const struct neighbors *it)
{
    return it->has[SPLIT_EVAL] || it->has[SPLIT_TRAIN];
}

static void meet(struct neighbors *it, const uint8_t id[CLUSTER_ID_SIZE])
{
    struct cluster cluster;
    if (!cluster_read(it->txn, id, &cluster) || cluster.split >= ROW_SPLITS)
        return;
    if (!is_met(it) || cluster.number < it->first.number)
        it->first = cluster;
    it->has[cluster.split] = true;
}

static bool compare(void *context, const uint8_t row_id[16])
{
    struct neighbors *it = context;
    uint8_t id[CLUSTER_ID_SIZE];
    struct bytes question;
    if (!cluster_question(it->txn, row_id, id, &question))
        return it->txn->status == STATUS_OK;
    if (is_met(it) && memcmp(id, it->first.id, sizeof it->first.id) == 0)
        return ++it->looked < CLUSTER_CANDIDATES_MAX; /* it says nothing new */
    struct arena part;
    arena_init_part(&part, 4 * QUESTION_BYTES_MAX * sizeof(uint64_t), it->arena);
    if (question_jaccard(it->grams, question_grams(question, &part)) >= it->similarity)
        meet(it, id);
    arena_finish(&part);
    return ++it->looked < CLUSTER_CANDIDATES_MAX;
}

/* Of a new cluster: by its id alone, so that any machine draws the same. */
static enum row_split draw(const struct dataset_settings *settings, const char *cluster)
{
    uint8_t hash[SHA256_SIZE];
    struct buffer text = {0};
    buffer_append_text(&text, "split");
    buffer_append_bytes(&text, settings->name);
    buffer_append_text(&text, cluster);
    digest_sha256(hash, buffer_bytes(&text));
    buffer_finish(&text);
    double u = (double)(get_be64(hash) >> 11) * 0x1p-53;
    return u < settings->train_share ? SPLIT_TRAIN : SPLIT_EVAL;
}

static void found(struct row_change *change)
{
    char text[UUID_TEXT_SIZE];
    struct row_entry *entry = &change->entry;
    struct audit_entry told;
    struct cluster cluster = {.founded_ms = change->wall_ms};
    memcpy(cluster.id, entry->row_id, sizeof cluster.id); /* of the row that founds it */
    row_id_text(text, cluster.id);
    enum row_split split = entry->is_regression ? SPLIT_EVAL : draw(change->settings, text);
    cluster.split = (uint8_t)split;
    memcpy(entry->cluster, cluster.id, sizeof cluster.id);
    entry->split = (uint8_t)split;
    cluster_found(change->txn, &cluster);
    dataset_row_tell(change, AUDIT_SPLIT_ASSIGNED, &told);
}

static bool hold(struct row_change *change, const char *reason)
{
    change->held_reason = reason;
    return false;
}

bool dataset_row_join_cluster(struct row_change *change)
{
    struct row_entry *entry = &change->entry;
    struct arena *arena = &change->dataset->arena;
    uint8_t id[CLUSTER_ID_SIZE];
    uint64_t bands[QUESTION_BANDS];
    if (memcmp(entry->cluster, nowhere, sizeof nowhere) != 0)
        return entry->split == SPLIT_TRAIN && entry->is_regression ? hold(change, "train_cluster")
                                                                   : true;
    struct bytes input = row_question(change->draft, arena);
    struct bytes question = question_normalize(input.data ? input : bytes_of("", 0), arena);
    struct neighbors it = {.txn = change->txn,
                           .arena = arena,
                           .grams = question_grams(question, arena),
                           .similarity = change->settings->cluster_similarity};
    bool has_conversation = memcmp(entry->conversation, nowhere, sizeof nowhere) != 0;
    if (has_conversation && cluster_of_conversation(change->txn, entry->conversation, id))
        meet(&it, id);
    uint32_t band_count = it.grams.count > 0 ? QUESTION_BANDS : 0;
    if (band_count > 0)
        question_bands(it.grams, bands);
    for (uint32_t band = 0; band < band_count; band++)
        cluster_each_in_band(change->txn, band, bands[band], compare, &it);
    if (it.has[SPLIT_EVAL] && it.has[SPLIT_TRAIN])
        return hold(change, "bridges_splits");
    if (it.has[SPLIT_TRAIN] && entry->is_regression)
        return hold(change, "train_cluster");
    if (is_met(&it)) {
        memcpy(entry->cluster, it.first.id, sizeof entry->cluster);
        entry->split = it.first.split;
    } else {
        found(change);
    }
    cluster_put_question(change->txn, entry->row_id, entry->cluster, question, bands, band_count);
    if (has_conversation && !cluster_of_conversation(change->txn, entry->conversation, id))
        cluster_put_conversation(change->txn, entry->conversation, entry->cluster);
    return true;
}
