/* Records and results in any order, repeats, corrections, withdrawals, skips, adjudications, results
 * before their record, revisions with other content, transactions that are aborted, and a store that is
 * reopened, against a model that knows only sets of results:
 *   state and decision of each item, its number of decisions, counts of the queue, the trail. */
#include "state/tables/audit_chain.h"
#include "tests/support/check_state.h"
#include "tests/support/review_fixture.h"

enum { SEEDS = 10, STEPS = 220, RUNS = 8, CONTENTS = 2, PERSONS = 5, WAITING_MAX = 64 };

static const char *const names[PERSONS] = {"asha", "lee", "mia", "noor", "ola"};

/* --- the model --- */

struct said {
    bool is_given, is_adjudication, is_skip, is_out_of_scope;
    int verdict, label; /* label: 0 none, 1 unsupported_claim, 2 wrong_tool */
    int64_t at_ms;
    uint32_t id; /* of the result */
};

struct stands { /* what a decision is known by */
    bool is_decided, is_adjudicated;
    int verdict;
    uint32_t reviewers, agreeing, texts_id;
    bool labels[3];
};

struct model_item {
    bool is_there, is_superseded;
    struct said said[PERSONS];
    struct stands stands;
    uint32_t decisions;
};

struct waiting {
    uint32_t run, content, person;
    struct said said;
    bool is_withdrawal;
};

struct model {
    struct model_item items[RUNS][CONTENTS];
    struct waiting waiting[WAITING_MAX];
    uint32_t waiting_count;
};

static bool is_later(const struct said *a, uint32_t person, const struct said *b, uint32_t than)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms > b->at_ms;
    return item_row_hash(bytes_of_text(names[person])) > item_row_hash(bytes_of_text(names[than]));
}

/* The last of those for whom `is_theirs`; PERSONS: nobody. */
static uint32_t last_of(const struct model_item *item, const bool is_theirs[PERSONS])
{
    uint32_t last = PERSONS;
    for (uint32_t i = 0; i < PERSONS; i++)
        if (is_theirs[i] &&
            (last == PERSONS || is_later(&item->said[i], i, &item->said[last], last)))
            last = i;
    return last;
}

static enum item_state adjudicated(const struct model_item *item, uint32_t by, uint32_t reviewers,
                                   struct stands *stands)
{
    *stands = (struct stands){.is_decided = true,
                              .is_adjudicated = true,
                              .verdict = item->said[by].verdict,
                              .reviewers = reviewers + 1,
                              .texts_id = item->said[by].id};
    for (uint32_t i = 0; i < PERSONS; i++) {
        const struct said *said = &item->said[i];
        stands->agreeing += said->is_given && !said->is_skip &&
                            (!said->is_adjudication || i == by) && said->verdict == stands->verdict;
    }
    stands->labels[item->said[by].label] = item->said[by].label != 0;
    return ITEM_ADJUDICATED;
}

/* Two are wanted. */
static enum item_state come_to(const struct model_item *item, struct stands *stands)
{
    uint32_t reviewers = 0, skips = 0;
    bool judges[PERSONS] = {0}, reviews[PERSONS] = {0}, is_out = false, is_agreed = true;
    *stands = (struct stands){0};
    for (uint32_t i = 0; i < PERSONS; i++) {
        const struct said *said = &item->said[i];
        judges[i] = said->is_given && !said->is_skip && said->is_adjudication;
        reviews[i] = said->is_given && !said->is_skip && !said->is_adjudication;
        reviewers += reviews[i];
        skips += said->is_given && said->is_skip;
        is_out |= said->is_given && said->is_skip && said->is_adjudication && said->is_out_of_scope;
    }
    if (last_of(item, judges) < PERSONS)
        return adjudicated(item, last_of(item, judges), reviewers, stands);
    if (reviewers < 2)
        return is_out || skips >= 2 ? ITEM_SKIPPED : reviewers == 0 ? ITEM_OPEN : ITEM_WAITING;
    uint32_t last = last_of(item, reviews);
    for (uint32_t i = 0; i < PERSONS; i++)
        is_agreed &= !reviews[i] || (item->said[i].verdict == item->said[last].verdict &&
                                     item->said[i].label == item->said[last].label);
    if (!is_agreed || item->said[last].verdict == REVIEW_UNSURE)
        return ITEM_DISPUTED;
    *stands = (struct stands){.is_decided = true,
                              .verdict = item->said[last].verdict,
                              .reviewers = reviewers,
                              .agreeing = reviewers,
                              .texts_id = item->said[last].id};
    stands->labels[item->said[last].label] = item->said[last].label != 0;
    return ITEM_AGREED;
}

static void model_settle(struct model_item *item)
{
    struct stands now;
    if (item->is_superseded)
        return;
    (void)come_to(item, &now);
    bool is_same = now.is_decided == item->stands.is_decided &&
                   (!now.is_decided || memcmp(&now, &item->stands, sizeof now) == 0);
    if (!is_same)
        item->decisions += now.is_decided;
    item->stands = now;
}

/* Who reviewed an item does not adjudicate it, and nobody withdraws what is not there. */
static void model_say(struct model_item *item, uint32_t person, const struct said *said,
                      bool is_withdrawal, int64_t at_ms)
{
    struct said *own = &item->said[person];
    bool has_reviewed = own->is_given && !own->is_skip && !own->is_adjudication;
    if (is_withdrawal && !own->is_given)
        return;
    if (!is_withdrawal && said->is_adjudication && !said->is_skip && has_reviewed)
        return;
    *own = *said;
    own->is_given = !is_withdrawal;
    own->at_ms = at_ms;
    model_settle(item);
}

static void model_add(struct model *model, uint32_t run, uint32_t content, int64_t at_ms)
{
    struct model_item *item = &model->items[run][content];
    uint32_t kept = 0;
    if (!item->is_there) {
        item->is_there = true;
        for (uint32_t other = 0; other < CONTENTS; other++) {
            struct model_item *old = &model->items[run][other];
            struct stands stands;
            enum item_state state = come_to(old, &stands);
            if (other != content && old->is_there && (state == ITEM_OPEN || state == ITEM_WAITING))
                old->is_superseded = true;
        }
    }
    for (uint32_t i = 0; i < model->waiting_count; i++) {
        const struct waiting *waiting = &model->waiting[i];
        if (waiting->run == run && waiting->content == content)
            model_say(item, waiting->person, &waiting->said, waiting->is_withdrawal, at_ms);
        else
            model->waiting[kept++] = *waiting;
    }
    model->waiting_count = kept;
}

/* --- the same, for real --- */

struct world {
    struct review_fixture it;
    struct model model;
    uint64_t random;
    uint32_t next_id;
    char repeats[STEPS][512];
    uint32_t repeat_persons[STEPS], repeat_count;
};

static uint32_t pick(struct world *world, uint32_t of)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(world->random >> 33) % of;
}

static const char *text_of(const struct said *said, bool is_withdrawal, uint32_t id)
{
    static const char *const verdicts[] = {"pass", "fail", "unsure"};
    static const char *const labels[] = {"", "\"unsupported_claim\"", "\"wrong_tool\""};
    static char text[300];
    const char *role = said->is_adjudication ? "\"role\":\"adjudicator\"," : "";
    if (is_withdrawal)
        (void)snprintf(text, sizeof text, "\"result_id\":\"r%u\",\"status\":\"withdrawn\"", id);
    else if (said->is_skip)
        (void)snprintf(text, sizeof text,
                       "\"result_id\":\"r%u\",%s\"status\":\"skipped\",\"skip_reason\":\"%s\"", id,
                       role, said->is_out_of_scope ? "out_of_scope" : "cannot_tell");
    else
        (void)snprintf(text, sizeof text,
                       "\"result_id\":\"r%u\",%s" COMPLETED "\"verdict\":\"%s\",\"labels\":[%s]",
                       id, role, verdicts[said->verdict], labels[said->label]);
    return text;
}

static struct result_answer apply(struct world *world, uint32_t person, const char *json,
                                  bool is_aborted)
{
    struct store_txn txn;
    struct result_answer answer;
    struct principal who = review_fixture_person(names[person]);
    review_fixture_begin(&world->it, &txn);
    review_apply(world->it.review, &txn, bytes_of_text(json), &who, world->it.now_ms, &answer);
    counters_write(world->it.counters, &txn);
    if (is_aborted)
        store_abort(&txn);
    else
        COMMIT(&txn);
    return answer;
}

static void say(struct world *world, bool is_aborted)
{
    struct said said = {.verdict = (int)pick(world, 3), .id = ++world->next_id};
    char id[37], json[512];
    uint32_t run = pick(world, RUNS), content = pick(world, CONTENTS),
             person = pick(world, PERSONS);
    bool is_withdrawal = pick(world, 6) == 0;
    said.label = said.verdict == REVIEW_FAIL ? 1 + (int)pick(world, 2) : 0;
    said.is_skip = pick(world, 6) == 0;
    said.is_adjudication = pick(world, 5) == 0;
    said.is_out_of_scope = pick(world, 2) == 0;
    review_fixture_record_id(run + 1, content + 1, id);
    (void)snprintf(json, sizeof json, "{\"schema\":\"flywheel.result/v1\",\"record_id\":\"%s\",%s}",
                   id, text_of(&said, is_withdrawal, said.id));
    struct result_answer answer = apply(world, person, json, is_aborted);
    ck_assert_int_ne(answer.outcome, RESULT_WAS_MALFORMED);
    ck_assert_int_ne(answer.outcome, RESULT_WAS_DUPLICATE);
    if (is_aborted)
        return;
    struct model_item *item = &world->model.items[run][content];
    if (item->is_there)
        model_say(item, person, &said, is_withdrawal, world->it.now_ms);
    else
        world->model.waiting[world->model.waiting_count++] =
            (struct waiting){run, content, person, said, is_withdrawal};
    ck_assert_int_eq(answer.outcome == RESULT_WAS_PENDING, !item->is_there);
    if (review_outcome_status(answer.outcome) < 300) {
        memcpy(world->repeats[world->repeat_count], json, sizeof json);
        world->repeat_persons[world->repeat_count++] = person;
    }
}

static void repeat(struct world *world)
{
    if (world->repeat_count == 0)
        return;
    uint32_t at = pick(world, world->repeat_count);
    struct result_answer answer =
        apply(world, world->repeat_persons[at], world->repeats[at], false);
    /* One that waited may have been refused when its record came: then it is judged again. */
    if (review_outcome_status(answer.outcome) < 300)
        ck_assert_int_eq(answer.outcome, RESULT_WAS_DUPLICATE);
}

static void add(struct world *world, bool is_aborted)
{
    struct store_txn txn;
    uint32_t run = pick(world, RUNS), content = pick(world, CONTENTS);
    review_fixture_begin(&world->it, &txn);
    review_fixture_add_in(&world->it, &txn,
                          &(struct record_case){.run = run + 1,
                                                .revision = content + 1,
                                                .content = (uint8_t)(content + 1)});
    if (is_aborted) {
        store_abort(&txn);
        return;
    }
    review_fixture_commit(&world->it, &txn);
    model_add(&world->model, run, content, world->it.now_ms);
}

static void step(struct world *world)
{
    bool is_aborted = pick(world, 10) == 0;
    world->it.now_ms += 1000;
    switch (pick(world, 12)) {
    case 0:
    case 1:
        add(world, is_aborted);
        break;
    case 2:
        repeat(world);
        break;
    case 3:
        review_fixture_turn(&world->it);
        break;
    case 4:
        if (pick(world, 4) == 0)
            review_fixture_reopen(&world->it);
        break;
    default:
        if (world->model.waiting_count < WAITING_MAX)
            say(world, is_aborted);
    }
}

/* --- what is compared --- */

static void compare_item(struct world *world, uint32_t run, uint32_t content, uint64_t *counts)
{
    const struct model_item *model = &world->model.items[run][content];
    struct stands stands;
    if (!model->is_there)
        return;
    struct item_row item = review_fixture_item(&world->it, run + 1, (uint8_t)(content + 1));
    enum item_state state = model->is_superseded ? ITEM_SUPERSEDED : come_to(model, &stands);
    ck_assert_msg(item.state == state, "run %u/%u is %s, not %s", run, content,
                  item_state_names[item.state], item_state_names[state]);
    counts[state]++;
    if (model->is_superseded)
        return;
    ck_assert_int_eq(item.decision.is_decided, stands.is_decided);
    ck_assert_uint_eq(item.decision.number, model->decisions);
    if (!stands.is_decided)
        return;
    ck_assert_int_eq(item.decision.verdict, stands.verdict);
    ck_assert_int_eq(item.decision.is_adjudicated, stands.is_adjudicated);
    ck_assert_uint_eq(item.decision.reviewers, stands.reviewers);
    ck_assert_uint_eq(item.decision.agreeing, stands.agreeing);
    ck_assert_uint_eq(item.decision.label_count, stands.labels[1] + stands.labels[2]);
}

static void compare(struct world *world)
{
    struct store_txn txn;
    struct item_queue queues[ITEM_QUEUES_MAX];
    uint64_t counts[ITEM_STATES] = {0};
    arena_reset(&world->it.arena);
    for (uint32_t run = 0; run < RUNS; run++)
        for (uint32_t content = 0; content < CONTENTS; content++)
            compare_item(world, run, content, counts);
    store_begin(world->it.temp.store, false, &txn);
    uint32_t queue_count = item_queues_read(&txn, &world->it.arena, queues);
    for (int state = 0; state < ITEM_STATES && queue_count > 0; state++)
        ck_assert_uint_eq(queues[0].counts[state], counts[state]);
    ck_assert_uint_eq(store_count(&txn, TABLE_RESULT_PENDING), world->model.waiting_count);
    store_abort(&txn);
}

static void check_trail(struct store *store)
{
    struct store_txn txn;
    struct audit_chain chain;
    struct audit_texts texts;
    struct audit_entry entry;
    audit_chain_begin(&chain, NULL, NULL, 0);
    store_begin(store, false, &txn);
    for (uint64_t i = 1; audit_read(&txn, i, &texts, &entry); i++)
        ck_assert_msg(audit_chain_add(&chain, &entry), "%s", chain.reason);
    store_abort(&txn);
    ck_assert(audit_chain_end(&chain));
    ck_assert_uint_gt(chain.entries, 0);
}

START_TEST(items_are_what_their_results_say_however_they_came)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    world.random = (uint64_t)_i * 2654435761u + 12345;
    review_fixture_set_up(&world.it);
    world.it.config->review.queues[0].reviewers = 2;
    for (uint32_t i = 0; i < STEPS; i++) {
        step(&world);
        compare(&world);
    }
    review_fixture_reopen(&world.it);
    compare(&world);
    check_state(world.it.temp.store);
    check_trail(world.it.temp.store);
    review_fixture_tear_down(&world.it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("review");
    TCase *all = tcase_create("all");
    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, items_are_what_their_results_say_however_they_came, 0, SEEDS);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
