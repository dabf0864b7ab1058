/* Do the citations of the answer name documents that were retrieved?
 *
 *   validity = citations of a retrieved document / citations
 *
 * What counts as a citation, outside of code:
 *   [2]  [1, 3]  [^1]  【4†source】   the place of a document in order of retrieval, or its id
 *   [KB-204]  [doc_7#chunk2]          an id, or what has the shape of the retrieved ids
 *   [Doc 3]  (source: KB-204)         a place or an id behind a word that says so
 *   [text](https://...)               a link, where the ids of documents are links
 *
 * Other brackets ([x], [see below], [2026] among two documents with named ids) cite nothing. */
#include <strings.h>

#include "processor/base/digest.h"
#include "processor/base/text/text.h"
#include "processor/base/text/utf8.h"
#include "processor/score/language/word_set.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

enum { ENTRIES_MAX = 2048, CITATION_BYTES_MAX = 200, PLACE_DIGITS_MAX = 3, ID_BYTES_MAX = 1024 };

/* Words before a place or an id. Bytes from 0x80 on are compared as they are. */
static const char *const labels[] = {
    "document", "documents", "doc",   "docs", "source",   "sources",  "ref",    "reference",
    "context",  "passage",   "chunk", "cite", "citation", "dokument", "quelle", "quellen",
    "fuente",   "documento", "fonte", "bron", "资料",     "来源",     "出典",   "출처",
};

struct citations {
    const struct agent_run *run;
    struct score_context *context;
    struct reading *reading;
    uint32_t entries, count, valid; /* looked at; citations; of retrieved documents */
    struct bytes first_invalid;
    bool ids_are_links;
    struct word_set ids, shapes; /* of the documents: see hash_of() */
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static struct bytes part(struct bytes text, size_t start, size_t end)
{
    return bytes_of(text.data + start, end - start);
}

static bool equal_folded(struct bytes a, struct bytes b)
{
    return a.size == b.size && strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0;
}

/* Of a text in lower case; as `shape`, with one 0 for each run of digits, so that KB-204 and KB-9,
 * doc_1#2 and doc_77#0 agree. A shape must have a digit and something else: 0 where it has not. */
static uint64_t hash_of(struct bytes text, bool as_shape)
{
    uint8_t folded[ID_BYTES_MAX];
    size_t size = 0;
    bool has_digits = false, has_rest = false;
    if (text.size > sizeof folded)
        return 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z', ends_run = false;
        if (as_shape && is_digit(c)) {
            has_digits = true;
            ends_run = size > 0 && is_digit(folded[size - 1]);
            c = '0';
        } else {
            has_rest = true;
            c = is_letter || as_shape ? c | 0x20 : c;
        }
        if (!ends_run)
            folded[size++] = c;
    }
    return as_shape && !(has_digits && has_rest) ? 0 : digest_table_hash(bytes_of(folded, size)) | 1;
}

/* The ids of the documents, to be looked up. An id longer than anything that is cited is none. */
static bool index_ids(struct citations *citations, struct arena *scratch)
{
    const struct agent_run *run = citations->run;
    struct word_set *sets[] = {&citations->ids, &citations->shapes};
    for (int as_shape = 0; as_shape < 2; as_shape++) {
        struct word_set *set = sets[as_shape];
        set->hashes = arena_alloc(scratch, run->document_count * sizeof *set->hashes);
        for (uint32_t i = 0; set->hashes && i < run->document_count; i++) {
            struct bytes id = run->documents[i].id;
            uint64_t hash = id.size > 0 && arena_look(scratch, id.size < ID_BYTES_MAX ? id.size : 1)
                                ? hash_of(id, as_shape)
                                : 0;
            if (hash)
                set->hashes[set->count++] = hash;
        }
        if (!set->hashes)
            return false;
        word_set_sort(set);
    }
    return true;
}

static bool is_known_id(const struct citations *citations, struct bytes id)
{
    uint64_t hash = id.size > 0 ? hash_of(id, false) : 0;
    return hash && word_set_find(&citations->ids, hash) >= 0;
}

static bool looks_like_id(const struct citations *citations, struct bytes text)
{
    uint64_t hash = hash_of(text, true);
    return hash && word_set_find(&citations->shapes, hash) >= 0;
}

/* Without a label in front; `text` itself when there is none. */
static struct bytes without_label(struct bytes text)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        size_t size = strlen(labels[i]);
        if (text.size <= size || !equal_folded(part(text, 0, size), bytes_of_text(labels[i])))
            continue;
        size_t at = size;
        while (at < text.size && (text.data[at] == ' ' || text.data[at] == ':' ||
                                  text.data[at] == '#' || text.data[at] == '.'))
            at++;
        if (at > size && at < text.size)
            return part(text, at, text.size);
        if (is_digit(text.data[at]))
            return part(text, at, text.size); /* [doc3] */
    }
    return text;
}

static void add_citation(struct citations *citations, struct bytes answer, struct bytes cited,
                         bool is_valid)
{
    citations->count++;
    citations->valid += is_valid;
    if (is_valid)
        return;
    if (citations->count - citations->valid == 1)
        citations->first_invalid = cited;
    size_t start = (size_t)(cited.data - answer.data);
    reading_point(citations->reading, citations->context, NO_SPAN, FIELD_OUTPUT, start,
                  start + cited.size);
}

/* 1 to 3 digits; false for anything else. */
static bool read_place(struct bytes text, uint32_t *ret_place)
{
    uint32_t place = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i]))
            return false;
        place = place * 10 + text.data[i] - '0';
        if (i >= PLACE_DIGITS_MAX)
            return false;
    }
    *ret_place = place;
    return text.size > 0;
}

/* [1-3]: both ends are cited. */
static bool read_range(struct bytes text, uint32_t *ret_first, uint32_t *ret_last)
{
    static const char *const dashes[] = {"-", "–", "—"};
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++) {
        struct bytes dash = bytes_of_text(dashes[i]);
        const uint8_t *at = memmem(text.data, text.size, dash.data, dash.size);
        if (!at)
            continue;
        size_t start = (size_t)(at - text.data);
        return read_place(text_trim(part(text, 0, start)), ret_first) &&
               read_place(text_trim(part(text, start + dash.size, text.size)), ret_last) &&
               *ret_first < *ret_last;
    }
    return false;
}

/* One entry of a bracket. */
static void read_entry(struct citations *citations, struct bytes answer, struct bytes entry)
{
    const struct agent_run *run = citations->run;
    struct bytes cited = text_trim(entry);
    if (cited.size > 1 && cited.data[0] == '^')
        cited = part(cited, 1, cited.size);
    if (cited.size == 0 || citations->entries++ >= ENTRIES_MAX)
        return;
    struct bytes name = without_label(cited);
    bool is_labelled = name.size < cited.size;
    uint32_t place, last;
    if (is_known_id(citations, cited) || is_known_id(citations, name))
        add_citation(citations, answer, cited, true);
    else if (read_place(name, &place))
        add_citation(citations, answer, cited, place <= run->document_count);
    else if (read_range(name, &place, &last))
        add_citation(citations, answer, cited, last <= run->document_count);
    else if (is_labelled || looks_like_id(citations, name))
        add_citation(citations, answer, cited, false);
}

static void read_entries(struct citations *citations, struct bytes answer, struct bytes inside)
{
    if (is_known_id(citations, text_trim(inside))) { /* an id may hold a comma */
        read_entry(citations, answer, inside);
        return;
    }
    for (size_t start = 0; start <= inside.size;) {
        size_t end = start;
        while (end < inside.size && inside.data[end] != ',' && inside.data[end] != ';')
            end++;
        read_entry(citations, answer, part(inside, start, end));
        start = end + 1;
    }
}

/* End of what opened at `at`, or `at` when it does not end soon. */
static size_t closing(struct bytes text, size_t at, const char *mark)
{
    size_t limit = text.size - at < CITATION_BYTES_MAX ? text.size : at + CITATION_BYTES_MAX;
    size_t size = strlen(mark);
    for (size_t i = at; i + size <= limit && text.data[i] != '\n'; i++)
        if (memcmp(text.data + i, mark, size) == 0)
            return i;
    return at;
}

/* `[...]` and the `(...)` of a link behind it; returns what comes after. */
static size_t read_bracket(struct citations *citations, struct bytes answer, size_t at)
{
    size_t end = closing(answer, at + 1, "]");
    if (end == at + 1)
        return at + 1;
    if (end + 1 < answer.size && answer.data[end + 1] == '(') {
        size_t link_end = closing(answer, end + 2, ")");
        if (link_end == end + 2)
            return end + 1;
        struct bytes link = part(answer, end + 2, link_end);
        if (citations->ids_are_links && memmem(link.data, link.size, "://", 3))
            add_citation(citations, answer, link, is_known_id(citations, link));
        return link_end + 1;
    }
    read_entries(citations, answer, part(answer, at + 1, end));
    return end + 1;
}

/* 【4:0†source】: the number in front. */
static size_t read_lenticular(struct citations *citations, struct bytes answer, size_t at)
{
    enum { MARK = 3 };
    size_t end = closing(answer, at + MARK, "】");
    if (end == at + MARK)
        return at + MARK;
    struct bytes inside = part(answer, at + MARK, end);
    size_t digits = 0;
    while (digits < inside.size && is_digit(inside.data[digits]))
        digits++;
    bool has_dagger = memmem(inside.data, inside.size, "†", strlen("†")) != NULL;
    read_entry(citations, answer, has_dagger && digits > 0 ? part(inside, 0, digits) : inside);
    return end + MARK;
}

/* `(source: KB-204)`; other parentheses are text. */
static size_t read_parenthesis(struct citations *citations, struct bytes answer, size_t at)
{
    size_t end = closing(answer, at + 1, ")");
    if (end == at + 1)
        return at + 1;
    struct bytes inside = text_trim(part(answer, at + 1, end)), name = without_label(inside);
    bool has_colon = name.size < inside.size && memchr(inside.data, ':', inside.size - name.size);
    if (!has_colon)
        return at + 1;
    read_entries(citations, answer, name);
    return end + 1;
}

/* End of the code that starts at a backtick. Where it has none all the rest was looked at. */
static size_t skip_code(struct arena *arena, struct bytes text, size_t at)
{
    size_t ticks = at;
    while (ticks < text.size && text.data[ticks] == '`')
        ticks++;
    const uint8_t *end = memmem(text.data + ticks, text.size - ticks, text.data + at, ticks - at);
    if (end)
        return (size_t)(end - text.data) + (ticks - at);
    return arena_look(arena, text.size - ticks) ? ticks : text.size;
}

static void read_citations(struct citations *citations, struct bytes answer)
{
    struct arena *arena = citations->run->arena;
    size_t looked = 0;
    for (size_t at = 0; at < answer.size && citations->entries < ENTRIES_MAX;) {
        /* A mark that does not end is looked behind for as long as a citation may be. */
        bool is_mark = answer.data[at] == '[' || answer.data[at] == '(';
        if (!arena_look(arena, at - looked + (is_mark ? CITATION_BYTES_MAX / 8 : 0)))
            return;
        looked = at;
        uint8_t c = answer.data[at];
        if (c == '`')
            at = skip_code(arena, answer, at);
        else if (c == '[')
            at = read_bracket(citations, answer, at);
        else if (c == '(')
            at = read_parenthesis(citations, answer, at);
        else if (c == 0xe3 && answer.size - at >= 3 && memcmp(answer.data + at, "【", 3) == 0)
            at = read_lenticular(citations, answer, at);
        else
            at++;
    }
}

void measure_citations(const struct measurement *self, struct score_context *context,
                       struct reading *ret_reading)
{
    (void)self;
    const struct agent_run *run = context->run;
    struct citations citations = {.run = run, .context = context, .reading = ret_reading};
    if (run->document_count == 0 || run->documents[0].is_tool_result) { /* they have no places */
        reading_na(ret_reading, run->output.size ? "no_contexts" : "no_answer");
        return;
    }
    if (measure_answer_is_na(context, ret_reading))
        return;
    for (uint32_t i = 0; i < run->document_count; i++)
        citations.ids_are_links |=
            run->documents[i].id.size > 0 &&
            memmem(run->documents[i].id.data, run->documents[i].id.size, "://", 3);
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, run->arena);
    bool has_room = index_ids(&citations, &scratch);
    if (has_room)
        read_citations(&citations, utf8_cut(run->output, ANSWER_BYTES_MAX));
    arena_finish(&scratch);
    if (!has_room) {
        reading_na(ret_reading, "no_memory");
        return;
    }
    if (citations.count == 0) {
        reading_na(ret_reading, "no_citations");
        return;
    }
    reading_number(ret_reading, (double)citations.valid / citations.count);
    if (citations.valid == citations.count)
        reading_explain(ret_reading, context, "All %u citations name retrieved documents",
                        citations.count);
    else
        reading_explain(ret_reading, context,
                        "%u of %u citations %s no retrieved document, such as %.*s",
                        citations.count - citations.valid, citations.count,
                        citations.count - citations.valid == 1 ? "names" : "name",
                        SHOWN(citations.first_invalid));
}
