/* Rows, clusters, splits and versions against a naive model that compares every question with every
 * other: any order of decisions, corrections and withdrawals, in commits of any size, some of which
 * fail, over restarts. And each version reads later as it was. */
#include "pipelines/review/dataset_read.h"
#include "processor/review/question.h"
#include "tests/support/review_rows.h"

enum { ITEMS = 48, COMMITS = 160, CHANGES_MAX = 4, VERSIONS_MAX = COMMITS + 1, KINDS = 3 };
enum model_state { NONE, LIVE, HELD, FOLDED, RETIRED };

struct model_row {
    enum model_state state;
    bool is_joined, is_regression;
    int verdict, mode, said_verdict, said_mode; /* mode: -1 none */
    bool said_regression;
    uint32_t revision, occurrences, said_occurrences;
    uint64_t first_version;
    int cluster, folded_into; /* item that founded it */
};
struct model {
    struct model_row rows[ITEMS];
    int split[ITEMS]; /* of the cluster that the item founded */
    int number[ITEMS], founded;
    int conversation[KINDS]; /* cluster; -1: none yet */
    uint64_t version;
    bool has_changed; /* in the commit under way */
};

struct world {
    struct rows_fixture rows;
    struct model model;
    char inputs[ITEMS][160];
    int conversations[ITEMS]; /* -1: none */
    uint8_t ids[ITEMS][16];
    struct arena arena;
    uint64_t seed;
    struct { /* what was live in each version */
        uint32_t revision[ITEMS];
        int split[ITEMS];
    } past[VERSIONS_MAX];
};

static uint32_t draw(struct world *world, uint32_t below)
{
    world->seed = world->seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(world->seed >> 33) % below;
}

/* --- the model --- */

static double similarity(struct world *world, int a, int b)
{
    arena_reset(&world->arena);
    struct bytes x = question_normalize(bytes_of_text(world->inputs[a]), &world->arena);
    struct bytes y = question_normalize(bytes_of_text(world->inputs[b]), &world->arena);
    return question_jaccard(question_grams(x, &world->arena), question_grams(y, &world->arena));
}

static void change(struct model *model, int item)
{
    if (!model->has_changed)
        model->version++;
    model->has_changed = true;
    struct model_row *row = &model->rows[item];
    row->revision++;
    if (row->first_version == 0)
        row->first_version = model->version;
}

static void publish(struct model *model, int item)
{
    struct model_row *row = &model->rows[item];
    bool is_same = row->state == LIVE && row->said_verdict == row->verdict &&
                   row->said_mode == row->mode && row->said_regression == row->is_regression &&
                   row->said_occurrences == row->occurrences;
    if (is_same)
        return;
    change(model, item);
    row->state = LIVE;
    row->said_verdict = row->verdict;
    row->said_mode = row->mode;
    row->said_regression = row->is_regression;
    row->said_occurrences = row->occurrences;
}

static void count_occurrence(struct model *model, int item, int by)
{
    model->rows[item].occurrences += (uint32_t)by;
    if (model->rows[item].state == LIVE)
        publish(model, item);
}

static void unfold(struct model *model, int item)
{
    if (model->rows[item].state == FOLDED)
        count_occurrence(model, model->rows[item].folded_into, -1);
}

static void retire(struct model *model, int item)
{
    change(model, item);
    model->rows[item].state = RETIRED;
}

/* False: held. */
static bool join(struct world *world, int item)
{
    struct model *model = &world->model;
    struct model_row *row = &model->rows[item];
    int first = -1, conversation = world->conversations[item];
    bool has[2] = {false, false};
    if (row->is_joined)
        return !(model->split[row->cluster] == SPLIT_TRAIN && row->is_regression);
    for (int other = -1; other < ITEMS; other++) {
        int cluster = -1;
        if (other < 0)
            cluster = conversation >= 0 ? model->conversation[conversation] : -1;
        else if (model->rows[other].is_joined && similarity(world, item, other) >= 0.75)
            cluster = model->rows[other].cluster;
        if (cluster < 0)
            continue;
        has[model->split[cluster]] = true;
        if (first < 0 || model->number[cluster] < model->number[first])
            first = cluster;
    }
    if ((has[SPLIT_EVAL] && has[SPLIT_TRAIN]) || (has[SPLIT_TRAIN] && row->is_regression))
        return false;
    row->is_joined = true;
    row->cluster = first >= 0 ? first : item;
    if (first < 0) {
        model->number[item] = ++model->founded;
        model->split[item] = -1; /* is drawn; taken from what came out, and held to it */
    }
    if (conversation >= 0 && model->conversation[conversation] < 0)
        model->conversation[conversation] = row->cluster;
    return true;
}

static int oldest(struct world *world, int item, uint32_t *ret_count)
{
    struct model *model = &world->model;
    int found = -1;
    *ret_count = 0;
    for (int i = 0; i < ITEMS; i++) {
        struct model_row *row = &model->rows[i];
        if (row->state != LIVE || row->cluster != model->rows[item].cluster ||
            row->said_mode != model->rows[item].mode)
            continue;
        ++*ret_count;
        if (found < 0 || row->first_version < model->rows[found].first_version ||
            (row->first_version == model->rows[found].first_version &&
             memcmp(world->ids[i], world->ids[found], 16) < 0))
            found = i;
    }
    return found;
}

static void decide(struct world *world, int item, const struct decided_case *one)
{
    struct model *model = &world->model;
    struct model_row *row = &model->rows[item];
    if (one->is_undecided) {
        if (row->state == LIVE)
            retire(model, item);
        else if (row->state != NONE && row->state != RETIRED) {
            unfold(model, item);
            row->state = RETIRED;
        }
        return;
    }
    int mode_before = row->mode;
    if (row->occurrences == 0)
        row->occurrences = 1;
    row->is_regression = one->verdict == REVIEW_FAIL && one->must_include;
    row->verdict = (int)one->verdict;
    row->mode = one->failure_mode;
    if (row->state == FOLDED && mode_before == row->mode)
        return;
    unfold(model, item);
    if (row->state == FOLDED)
        row->state = RETIRED;
    bool was_live = row->state == LIVE;
    if (!join(world, item)) {
        if (was_live)
            retire(model, item);
        row->state = HELD;
        return;
    }
    uint32_t count;
    int old = was_live ? -1 : oldest(world, item, &count);
    if (!was_live && count >= world->rows.settings.cluster_rows_max) {
        count_occurrence(model, old, 1);
        row->state = FOLDED;
        row->folded_into = old;
        return;
    }
    publish(model, item);
}

/* --- comparing --- */

static int item_of(const struct world *world, const uint8_t row_id[16])
{
    for (int i = 0; i < ITEMS; i++)
        if (memcmp(world->ids[i], row_id, 16) == 0)
            return i;
    ck_abort_msg("a row of nobody");
    return -1;
}

static void compare_version(struct world *world, uint64_t version)
{
    struct dataset_listing listing;
    struct error error = {0};
    struct buffer lines = {0};
    uint8_t hash[SHA256_SIZE];
    char snapshot[SNAPSHOT_TEXT_SIZE] = "";
    size_t live = 0;
    ck_assert_int_eq(dataset_read_listing(world->rows.temp.store, version, &listing, &error),
                     STATUS_OK);
    for (size_t i = 0; i < listing.count; i++) {
        const struct row_version_head *row = &listing.rows[i];
        char row_id[UUID_TEXT_SIZE], digest[2 * SHA256_SIZE];
        int item = item_of(world, row->row_id);
        ck_assert_uint_eq(row->revision, world->past[version].revision[item]);
        ck_assert_int_eq(row->split, world->past[version].split[item]);
        row_id_text(row_id, row->row_id);
        hex_encode(digest, row->sha256, SHA256_SIZE);
        buffer_printf(&lines, "%s %u %s %.64s\n", row_id, row->revision,
                      row_split_names[row->split], digest);
    }
    for (int i = 0; i < ITEMS; i++)
        live += world->past[version].revision[i] > 0;
    ck_assert_uint_eq(listing.count, live);
    digest_sha256(hash, buffer_bytes(&lines));
    hex_encode(snapshot, hash, sizeof snapshot / 2);
    ck_assert_str_eq(listing.snapshot, snapshot);
    buffer_finish(&lines);
    dataset_listing_finish(&listing);
}

/* The split of a cluster founded in this commit is drawn by the product: it is read once. */
static void learn_split(struct world *world, struct store_txn *txn, int item)
{
    struct row_entry entry;
    struct model_row *row = &world->model.rows[item];
    if (!row->is_joined || world->model.split[row->cluster] >= 0)
        return;
    ck_assert(row_entry_read(txn, world->ids[item], &entry));
    world->model.split[row->cluster] = entry.split;
    ck_assert(!row->is_regression || entry.split == SPLIT_EVAL);
}

static void remember(struct world *world)
{
    struct model *model = &world->model;
    for (int i = 0; i < ITEMS; i++) {
        bool is_live = model->rows[i].state == LIVE;
        world->past[model->version].revision[i] = is_live ? model->rows[i].revision : 0;
        world->past[model->version].split[i] = is_live ? model->split[model->rows[i].cluster] : 0;
    }
}

static struct decided_case draw_case(struct world *world, int item)
{
    static const char *const conversations[KINDS] = {"c0", "c1", "c2"};
    int conversation = world->conversations[item];
    bool is_fail = draw(world, 2) == 0;
    return (struct decided_case){.number = (uint32_t)item + 1,
                                 .input = world->inputs[item],
                                 .conversation =
                                     conversation >= 0 ? conversations[conversation] : NULL,
                                 .verdict = is_fail ? REVIEW_FAIL : REVIEW_PASS,
                                 .must_include = is_fail && draw(world, 2) ? "a fee" : NULL,
                                 .failure_mode = is_fail ? (int32_t)draw(world, 2) : -1,
                                 .is_undecided = draw(world, 4) == 0};
}

static void commit_some(struct world *world)
{
    struct store_txn txn;
    const struct model before = world->model;
    world->model.has_changed = false;
    store_begin(world->rows.temp.store, true, &txn);
    for (uint32_t i = 0, count = 1 + draw(world, CHANGES_MAX); i < count; i++) {
        int item = (int)draw(world, ITEMS);
        const struct decided_case one = draw_case(world, item);
        decide(world, item, &one);
        (void)rows_decide_in(&world->rows, &txn, &one);
        learn_split(world, &txn, item);
    }
    if (draw(world, 8) == 0) {
        store_abort(&txn);
        world->model = before;
    } else {
        COMMIT(&txn);
    }
    ck_assert_uint_eq(dataset_version(world->rows.dataset), world->model.version);
    remember(world);
}

static void set_up(struct world *world, uint64_t seed)
{
    static const char *const questions[] = {"", "How do I block the card that was stolen",
                                            "Which fee applies when I pay early",
                                            "Where is the branch that is next to me"};
    static const char *const ends[] = {"", "now", "please tell me", "and what do I have to bring"};
    memset(world, 0, sizeof *world);
    world->seed = seed;
    arena_init(&world->arena, 1 << 20);
    rows_set_up(&world->rows);
    world->rows.settings.train_share = 0.5;
    world->rows.settings.cluster_rows_max = 2;
    for (int i = 0; i < KINDS; i++)
        world->model.conversation[i] = -1;
    for (int i = 0; i < ITEMS; i++) {
        uint32_t kind = draw(world, 4);
        uint8_t trajectory[16] = {0}, digest[32] = {0};
        char row_id[UUID_TEXT_SIZE];
        if (kind == 0)
            snprintf(world->inputs[i], sizeof world->inputs[i],
                     "What is the payoff amount of my "
                     "loan %u?",
                     draw(world, 9999));
        else
            snprintf(world->inputs[i], sizeof world->inputs[i], "%.40s %s", questions[kind],
                     ends[draw(world, 4)]);
        world->conversations[i] = draw(world, 6) == 0 ? (int)draw(world, KINDS) : -1;
        put_be32(trajectory + 12, (uint32_t)i + 1);
        put_be32(digest + 28, (uint32_t)i + 1);
        row_id_of(row_id, world->rows.settings.name, trajectory, digest);
        ck_assert(row_id_parse(bytes_of_text(row_id), world->ids[i]));
    }
}

START_TEST(rows_are_those_of_the_naive_model_in_every_version)
{
    static struct world world;
    set_up(&world, (uint64_t)_i * 7919 + 1);
    for (int i = 0; i < COMMITS; i++) {
        commit_some(&world);
        compare_version(&world, world.model.version);
        compare_version(&world, draw(&world, (uint32_t)world.model.version + 1));
        if (draw(&world, 20) == 0) {
            rows_close(&world.rows);
            temp_store_reopen(&world.rows.temp, TEMP_MAP_BYTES);
            rows_open(&world.rows);
        }
    }
    ck_assert_uint_gt(world.model.version, COMMITS / 2);
    arena_finish(&world.arena);
    rows_tear_down(&world.rows);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *cases = tcase_create("dataset");
    tcase_add_loop_test(cases, rows_are_those_of_the_naive_model_in_every_version, 0, 12);
    tcase_set_timeout(cases, 300);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
