/* Of two statements of one person by one name, the later one counts; of the same time, that which stands
 * further behind. */
#include "processor/review/reviews_state.h"

#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/text/terminal.h"

_Static_assert(REVIEW_LABELS_MAX <= 32, "labels of a review are bits");

enum { SLOTS_MIN = 64, SHOWN_MAX = 40 };

static struct bytes keep(struct reviews *reviews, struct bytes text)
{
    return text.data ? arena_copy(&reviews->arena, text) : text;
}

static void add_text(struct reviews *reviews, struct review_text **list, struct bytes text,
                     int64_t at_ms)
{
    struct review_text *added = arena_zalloc(&reviews->arena, 1, sizeof *added);
    if (!added)
        return;
    *added = (struct review_text){.next = *list, .at_ms = at_ms, .text = keep(reviews, text)};
    *list = added;
}

/* --- reviews by item and person --- */

static bool grow_slots(struct reviews *reviews)
{
    uint32_t count = reviews->slot_count > 0 ? 2 * reviews->slot_count : SLOTS_MIN;
    struct review_slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = 0; i < reviews->slot_count; i++) {
        uint64_t at = reviews->slots[i].hash & (count - 1);
        while (reviews->slots[i].review != 0 && slots[at].review != 0)
            at = (at + 1) & (count - 1);
        if (reviews->slots[i].review != 0)
            slots[at] = reviews->slots[i];
    }
    free(reviews->slots);
    reviews->slots = slots;
    reviews->slot_count = count;
    return true;
}

static bool grow_all(struct reviews *reviews)
{
    uint32_t capacity = reviews->capacity > 0 ? 2 * reviews->capacity : SLOTS_MIN;
    struct review **all = realloc(reviews->all, capacity * sizeof(struct review *));
    if (!all)
        return false;
    reviews->all = all;
    reviews->capacity = capacity;
    return true;
}

static uint64_t hash_of(struct bytes item, struct bytes person)
{
    uint8_t both[16];
    put_be64(both, digest_table_hash(item));
    put_be64(both + 8, digest_table_hash(person));
    return digest_table_hash(bytes_of(both, sizeof both));
}

static struct review *add(struct reviews *reviews, struct review_slot *slot, uint64_t hash,
                          struct bytes item, struct bytes person)
{
    struct review *review = arena_zalloc(&reviews->arena, 1, sizeof *review);
    if (!review)
        return NULL;
    review->item = keep(reviews, item);
    review->person = keep(reviews, person);
    reviews->all[reviews->count++] = review;
    *slot = (struct review_slot){hash, reviews->count};
    return review;
}

/* NULL: no memory. */
static struct review *find_or_add(struct reviews *reviews, struct bytes item, struct bytes person,
                                  bool *ret_is_new)
{
    uint64_t hash = hash_of(item, person);
    if ((reviews->count >= reviews->slot_count / 2 && !grow_slots(reviews)) ||
        (reviews->count == reviews->capacity && !grow_all(reviews))) {
        reviews->arena.failed = true;
        return NULL;
    }
    uint64_t at = hash & (reviews->slot_count - 1);
    for (; reviews->slots[at].review != 0; at = (at + 1) & (reviews->slot_count - 1)) {
        struct review *known = reviews->all[reviews->slots[at].review - 1];
        if (reviews->slots[at].hash == hash && bytes_equal(known->item, item) &&
            bytes_equal(known->person, person))
            return known;
    }
    *ret_is_new = true;
    return add(reviews, &reviews->slots[at], hash, item, person);
}

/* "import:asha", or, of whom only a number is known, "import:label-studio/7". */
static void put_person(const struct reviews *reviews, const struct review_head *head,
                       struct buffer *to)
{
    buffer_append_text(to, "import:");
    if (head->person.size == 0)
        buffer_printf(to, "%s/", reviews->tool->name);
    buffer_append_bytes(to, head->person.size > 0 ? head->person : head->person_id);
}

static void begin(struct reviews *reviews, struct review *review, const struct review_head *head,
                  uint64_t line)
{
    *review = (struct review){.item = review->item,
                              .person = review->person,
                              .is_trajectory = head->record_id.size == 0,
                              .file = reviews->file,
                              .line = line,
                              .at_ms = head->at_ms,
                              .started_ms = head->started_ms,
                              .is_whole = head->is_whole,
                              .is_skipped = head->is_skipped,
                              .is_blind = head->is_blind,
                              .failure_mode = -1};
}

static void refuse_new(struct reviews *reviews, const uint8_t *place, const char *reason)
{
    reviews->counts.refused++;
    reviews_tell(reviews, reviews_line(reviews, place), reason);
}

struct review *reviews_review(struct reviews *reviews, const struct review_head *head,
                              const uint8_t *place)
{
    struct bytes item = head->record_id.size > 0 ? head->record_id : head->trajectory_id;
    struct buffer person = {0};
    bool is_new = false;
    if (item.size == 0) {
        reviews_of_other(reviews);
        return NULL;
    }
    if (head->person.size == 0 && head->person_id.size == 0) {
        refuse_new(reviews, place, "nobody is named who said it");
        return NULL;
    }
    put_person(reviews, head, &person);
    struct review *review = find_or_add(reviews, item, buffer_bytes(&person), &is_new);
    buffer_finish(&person);
    if (!review || (!is_new && head->is_whole && head->at_ms < review->at_ms))
        return NULL;
    if (is_new || head->is_whole)
        begin(reviews, review, head, reviews_line(reviews, place));
    review->at_ms = head->at_ms > review->at_ms ? head->at_ms : review->at_ms;
    if (head->id.size > 0)
        add_text(reviews, &review->ids, head->id, 0);
    return review;
}

/* --- what is said in one --- */

/* The first reason stays, and is told when the review is written: a later one may have taken its place.
 * The name is shown as it is in the tool. */
static void refuse(struct reviews *reviews, struct review *review, struct bytes name,
                   const char *reason)
{
    struct buffer text = {0};
    if (review->fault.data)
        return;
    terminal_append(&text, bytes_of(name.data, name.size < SHOWN_MAX ? name.size : SHOWN_MAX));
    buffer_printf(&text, ": %s", reason);
    review->fault = keep(reviews, buffer_bytes(&text));
    reviews->arena.failed |= text.failed;
    buffer_finish(&text);
}

/* Is it as late as what is known? Then it takes its place. */
static bool is_later(int64_t *known_ms, int64_t at_ms)
{
    bool is = at_ms >= *known_ms;
    if (is)
        *known_ms = at_ms;
    return is;
}

static void set_label(struct review *review, int32_t label, bool holds, int64_t at_ms)
{
    uint32_t bit = (uint32_t)1 << label;
    if (is_later(&review->label_ms[label], at_ms))
        review->labels = holds ? review->labels | bit : review->labels & ~bit;
}

static const char *say_verdict(struct review *review, const struct subject_said *said,
                               int64_t at_ms)
{
    enum reviewer_verdict verdict = REVIEW_UNSURE, next = REVIEW_UNSURE;
    for (uint32_t i = 0; i < said->count; i++) {
        if (!subject_verdict(said->texts[i], &next))
            return "it is none of pass, fail, unsure and their like";
        if (i > 0 && next != verdict)
            return "two verdicts at once";
        verdict = next;
    }
    if (said->count > 0 && is_later(&review->verdict_ms, at_ms)) {
        review->has_verdict = true;
        review->verdict = verdict;
    }
    return NULL;
}

/* A list of labels says of each whether it holds. */
static const char *say_labels(struct reviews *reviews, struct review *review,
                              const struct subject_said *said, int64_t at_ms)
{
    uint32_t labels = 0;
    for (uint32_t i = 0; i < said->count; i++) {
        int32_t label = subject_label(reviews->labels, said->texts[i]);
        if (label < 0)
            return "one of them is no label of review.labels";
        labels |= (uint32_t)1 << label;
    }
    for (uint32_t i = 0; i < reviews->labels->count; i++)
        if ((labels >> i & 1) != 0)
            set_label(review, (int32_t)i, true, at_ms);
    return NULL;
}

static const char *say_failure_mode(struct reviews *reviews, struct review *review,
                                    const struct subject_said *said, int64_t at_ms)
{
    int32_t label = said->count == 1 ? subject_label(reviews->labels, said->texts[0]) : -1;
    if (said->count > 0 && label < 0)
        return "it is no label of review.labels";
    if (label >= 0 && is_later(&review->failure_mode_ms, at_ms)) {
        review->failure_mode = label;
        set_label(review, label, true, at_ms);
    }
    return NULL;
}

/* "yes", true, 1, or the label's own name. */
static const char *say_one_label(struct reviews *reviews, struct review *review, int32_t label,
                                 const struct subject_said *said, int64_t at_ms)
{
    bool holds = false;
    if (said->count == 0)
        return NULL;
    if (said->count > 1 || (!subject_truth(said->texts[0], &holds) &&
                            subject_label(reviews->labels, said->texts[0]) != label))
        return "a label holds or it does not: true or false";
    bool is_named = !subject_truth(said->texts[0], &holds);
    set_label(review, label, is_named || holds, at_ms);
    return NULL;
}

static void say_checks(struct reviews *reviews, struct review *review, int which,
                       const struct subject_said *said, int64_t at_ms)
{
    if (said->count == 0 || !is_later(&review->checks_ms[which], at_ms))
        return;
    review->checks[which] = NULL;
    for (uint32_t i = 0; i < said->count; i++)
        add_text(reviews, &review->checks[which], said->texts[i], at_ms);
}

static const char *say_expected(struct reviews *reviews, struct review *review,
                                const struct subject_said *said, int64_t at_ms)
{
    struct buffer text = {0};
    for (uint32_t i = 0; i < said->count; i++) {
        buffer_append_text(&text, i == 0 ? "" : "\n\n");
        buffer_append_bytes(&text, said->texts[i]);
    }
    if (said->count > 0 && is_later(&review->expected_ms, at_ms))
        review->expected = keep(reviews, buffer_bytes(&text));
    reviews->arena.failed |= text.failed;
    buffer_finish(&text);
    return NULL;
}

static const char *say_skip(struct review *review, const struct subject_said *said)
{
    if (said->count == 0)
        return NULL;
    if (!subject_skip_cause(said->texts[0], &review->skip_cause))
        return "it is none of not_me, cannot_tell, out_of_scope, sensitive";
    review->has_skip_cause = review->is_skipped = true;
    return NULL;
}

static void pass_over(struct reviews *reviews, struct bytes name)
{
    uint32_t at = 0;
    char shown[SHOWN_MAX];
    size_t size = name.size < sizeof shown ? name.size : sizeof shown;
    if (size > 0)
        memcpy(shown, name.data, size);
    reviews->counts.passed_over++;
    while (at < reviews->passed_count &&
           !bytes_equal(reviews->passed[at].name, bytes_of(shown, size)))
        at++;
    if (at == REVIEWS_NAMES_MAX)
        return;
    if (at == reviews->passed_count) {
        reviews->passed[at].name = keep(reviews, bytes_of(shown, size));
        reviews->passed_count++;
    }
    reviews->passed[at].count++;
}

void reviews_say(struct reviews *reviews, struct review *review, struct bytes name,
                 const struct json_reader *reader, const struct json_value *value, int64_t at_ms)
{
    struct subject subject = subject_of(reviews->labels, name);
    struct subject_said said;
    const char *fault = NULL;
    subject_said_read(reader, value, &said);
    if (said.is_cut)
        fault = "more than 64 texts";
    else if (subject.kind == SUBJECT_NONE)
        pass_over(reviews, name);
    else if (subject.kind == SUBJECT_VERDICT)
        fault = say_verdict(review, &said, at_ms);
    else if (subject.kind == SUBJECT_LABELS)
        fault = say_labels(reviews, review, &said, at_ms);
    else if (subject.kind == SUBJECT_FAILURE_MODE)
        fault = say_failure_mode(reviews, review, &said, at_ms);
    else if (subject.kind == SUBJECT_ONE_LABEL)
        fault = say_one_label(reviews, review, subject.label, &said, at_ms);
    else if (subject.kind == SUBJECT_EXPECTED)
        fault = say_expected(reviews, review, &said, at_ms);
    else if (subject.kind == SUBJECT_SKIP)
        fault = say_skip(review, &said);
    else if (subject.kind == SUBJECT_COMMENT)
        for (uint32_t i = 0; i < said.count; i++)
            reviews_comment(reviews, review, said.texts[i], at_ms);
    else
        say_checks(reviews, review, subject.kind == SUBJECT_MUST_NOT, &said, at_ms);
    review->is_more |= subject.kind != SUBJECT_COMMENT && subject.kind != SUBJECT_NONE;
    if (fault)
        refuse(reviews, review, name, fault);
}

void reviews_comment(struct reviews *reviews, struct review *review, struct bytes text,
                     int64_t at_ms)
{
    for (const struct review_text *known = review->comments; known; known = known->next)
        if (bytes_equal(known->text, text))
            return; /* tools write one comment on each score of a sitting */
    if (text.size > 0)
        add_text(reviews, &review->comments, text, at_ms);
}

void reviews_score(struct reviews *reviews, const struct review_head *head, struct bytes name,
                   const struct json_reader *reader, const struct json_value *value,
                   struct bytes comment, const uint8_t *place)
{
    struct review_head with_id = *head;
    if (subject_of(reviews->labels, name).kind == SUBJECT_NONE) {
        pass_over(reviews, name);
        return;
    }
    if (with_id.id.size == 0)
        with_id.id = name;
    struct review *review = reviews_review(reviews, &with_id, place);
    if (!review)
        return;
    reviews_say(reviews, review, name, reader, value, head->at_ms);
    reviews_comment(reviews, review, comment, head->at_ms);
}
