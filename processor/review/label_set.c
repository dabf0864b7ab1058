/* A set is sealed over lengths and bytes, so that no text can pass for the border between two. */
#include "processor/review/label_set.h"

#include "processor/base/digest.h"

int32_t label_set_find(const struct label_set *labels, struct bytes id)
{
    for (uint32_t i = 0; i < labels->count; i++)
        if (bytes_equal(labels->items[i].id, id))
            return (int32_t)i;
    /* A name in use wins over a former one. */
    for (uint32_t i = 0; i < labels->count; i++)
        for (uint32_t j = 0; j < labels->items[i].formerly_count; j++)
            if (bytes_equal(labels->items[i].formerly[j], id))
                return (int32_t)i;
    return -1;
}

static void put_text(struct buffer *to, struct bytes text)
{
    uint8_t size[4];
    put_be32(size, (uint32_t)text.size);
    buffer_append(to, size, sizeof size);
    buffer_append_bytes(to, text);
}

bool label_set_seal(struct label_set *labels)
{
    struct buffer text = {0};
    for (uint32_t i = 0; i < labels->count; i++) {
        const struct review_label *label = &labels->items[i];
        put_text(&text, label->id);
        buffer_append_byte(&text, (uint8_t)label->implies);
        put_text(&text, label->name);
        put_text(&text, label->description);
    }
    digest_sha256(labels->sha256, buffer_bytes(&text));
    bool is_whole = !text.failed;
    buffer_finish(&text);
    return is_whole;
}

static const struct default_label {
    enum label_implies implies;
    const char *id, *formerly, *name, *description, *good_example, *bad_example;
} defaults[] = {
    {LABEL_IMPLIES_FAIL, "unsupported_claim", "hallucination", "Unsupported claim",
     "The answer says something that neither a document nor a tool's result says.",
     "The document says \"a 2 % fee in the first three years\"; the answer says \"no fee "
     "applies\".",
     "The answer says what a document says, in other words."},
    {LABEL_IMPLIES_FAIL, "wrong_tool", NULL, "Wrong tool",
     "The agent called a tool that does not fit the request, left out the one that does, or gave "
     "it wrong arguments.",
     "Asked for the payoff of a loan, it looked up the account's balance.",
     "The right tool was called, and its service was down."},
    {LABEL_IMPLIES_FAIL, "missing_context", NULL, "Missing context",
     "The documents that were found do not hold what the answer needed.",
     "Asked about a mortgage, it found documents on credit cards alone.",
     "The right document was found, and the answer contradicts it."},
    {LABEL_IMPLIES_PASS, "acceptable_refusal", NULL, "Acceptable refusal",
     "The agent declined, and it should have.", "It declined to recommend a share to buy.",
     "It declined to state a balance that its tool had just returned."},
};

static struct bytes optional(const char *text)
{
    return text ? bytes_of_text(text) : (struct bytes){0};
}

void label_set_default(struct label_set *labels)
{
    _Static_assert(sizeof defaults / sizeof defaults[0] <= REVIEW_LABELS_MAX, "they fit");
    labels->count = 0;
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        labels->items[labels->count++] = (struct review_label){
            .id = bytes_of_text(defaults[i].id),
            .implies = defaults[i].implies,
            .name = optional(defaults[i].name),
            .description = optional(defaults[i].description),
            .good_example = optional(defaults[i].good_example),
            .bad_example = optional(defaults[i].bad_example),
            .formerly = {optional(defaults[i].formerly)},
            .formerly_count = defaults[i].formerly != NULL,
        };
}
