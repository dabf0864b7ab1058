/* Each word is looked up by its hash and put onto what was read before it:
 *
 *   forty-two thousand one hundred and five
 *   (40 + 2)  * 1000 + (1 * 100)       + 5
 *
 *   unit 0..19    onto a multiple of 10, or of 100      ten 20..90    onto a multiple of 100
 *   hundred       times what stands before it, or 1     scale         the same, and starts anew
 *
 * A decade ("nineties") stands alone or behind a century ("nineteen-nineties"), and ends it.
 * German and Dutch write units and tens as one word ("zweiundvierzig"); those are made when the
 * table is. The table is a set of slots with open addressing, made at the first question. */
#include "processor/score/language/number_words.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#include "processor/base/digest.h"

/* French: PART_DIX, ten, stands behind sixty and eighty too, and seven to nine behind it;
 * PART_VINGT, twenty, makes four eighty. */
enum part {
    PART_UNIT,
    PART_DIX,
    PART_TEN,
    PART_VINGT,
    PART_HUNDRED,
    PART_SCALE,
    PART_DECADE,
};

/* A list gives `first`, `first + step`, ... to its words; `/` parts several words of one value. */
struct list {
    const char *words;
    uint32_t first, step;
    enum part part;
    bool is_ordinal;
};

static const struct list lists[] = {
    /* en */
    {"zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
     "fifteen sixteen seventeen eighteen nineteen",
     0, 1, PART_UNIT, false},
    {"twenty thirty forty fifty sixty seventy eighty ninety", 20, 10, PART_TEN, false},
    {"first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
     "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth",
     1, 1, PART_UNIT, true},
    {"twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10,
     PART_TEN, true},
    {"twenties thirties forties fifties sixties seventies eighties nineties", 20, 10, PART_DECADE,
     false},
    /* de */
    {"null ein/eins/eine/einen/einem/einer zwei drei vier fünf/fuenf sechs sieben acht neun zehn "
     "elf zwölf/zwoelf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
     0, 1, PART_UNIT, false},
    {"zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig", 20, 10, PART_TEN, false},
    {"erste/ersten/erster/erstes zweite/zweiten/zweiter/zweites dritte/dritten/dritter/drittes "
     "vierte/vierten/vierter/viertes fünfte/fünften/fünfter/fünftes "
     "sechste/sechsten/sechster/sechstes siebte/siebten/siebter/siebtes "
     "achte/achten/achter/achtes neunte/neunten/neunter/neuntes zehnte/zehnten/zehnter/zehntes "
     "elfte/elften/elfter/elftes zwölfte/zwölften/zwölfter/zwölftes dreizehnte/dreizehnten "
     "vierzehnte/vierzehnten fünfzehnte/fünfzehnten sechzehnte/sechzehnten "
     "siebzehnte/siebzehnten achtzehnte/achtzehnten neunzehnte/neunzehnten",
     1, 1, PART_UNIT, true},
    {"zwanzigste/zwanzigsten dreißigste/dreißigsten", 20, 10, PART_TEN, true},
    {"zwanziger/zwanzigern/zwanzigerjahre/zwanzigerjahren "
     "dreißiger/dreißigern/dreißigerjahre/dreißigerjahren "
     "vierziger/vierzigern/vierzigerjahre/vierzigerjahren "
     "fünfziger/fünfzigern/fünfzigerjahre/fünfzigerjahren "
     "sechziger/sechzigern/sechzigerjahre/sechzigerjahren "
     "siebziger/siebzigern/siebzigerjahre/siebzigerjahren "
     "achtziger/achtzigern/achtzigerjahre/achtzigerjahren "
     "neunziger/neunzigern/neunzigerjahre/neunzigerjahren",
     20, 10, PART_DECADE, false},
    /* fr */
    {"dix", 10, 0, PART_DIX, false},
    {"septante huitante/octante nonante", 70, 10, PART_TEN, false},
    {"vingt/vingts", 20, 0, PART_VINGT, false},
    {"zéro un/une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
     "seize",
     0, 1, PART_UNIT, false},
    {"vingt trente quarante cinquante soixante", 20, 10, PART_TEN, false},
    {"premier/première deuxième troisième quatrième cinquième sixième septième huitième neuvième "
     "dixième onzième douzième treizième quatorzième quinzième seizième",
     1, 1, PART_UNIT, true},
    {"vingtième trentième", 20, 10, PART_TEN, true},
    /* es */
    {"cero un/uno/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
     "quince dieciséis diecisiete dieciocho diecinueve",
     0, 1, PART_UNIT, false},
    {"veintiuno/veintiún/veintiuna veintidós veintitrés veinticuatro veinticinco veintiséis "
     "veintisiete veintiocho veintinueve",
     21, 1, PART_UNIT, false},
    {"veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", 20, 10, PART_TEN, false},
    {"primero/primera/primer segundo/segunda tercero/tercera/tercer cuarto/cuarta quinto/quinta "
     "sexto/sexta séptimo/séptima octavo/octava noveno/novena décimo/décima",
     1, 1, PART_UNIT, true},
    /* it */
    {"zero un/uno/una due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
     "quattordici quindici sedici diciassette diciotto diciannove",
     0, 1, PART_UNIT, false},
    {"venti trenta quaranta cinquanta sessanta settanta ottanta novanta", 20, 10, PART_TEN, false},
    {"primo/prima secondo/seconda terzo/terza quarto/quarta quinto/quinta sesto/sesta "
     "settimo/settima ottavo/ottava nono/nona decimo/decima",
     1, 1, PART_UNIT, true},
    /* pt */
    {"zero um/uma dois/duas três quatro cinco seis sete oito nove dez onze doze treze quatorze "
     "quinze dezesseis/dezasseis dezessete/dezassete dezoito dezenove/dezanove",
     0, 1, PART_UNIT, false},
    {"vinte trinta quarenta cinquenta sessenta setenta oitenta noventa", 20, 10, PART_TEN, false},
    {"primeiro/primeira segundo/segunda terceiro/terceira quarto/quarta quinto/quinta sexto/sexta "
     "sétimo/sétima oitavo/oitava nono/nona décimo/décima",
     1, 1, PART_UNIT, true},
    /* nl */
    {"nul een/één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien "
     "vijftien zestien zeventien achttien negentien",
     0, 1, PART_UNIT, false},
    {"twintig dertig veertig vijftig zestig zeventig tachtig negentig", 20, 10, PART_TEN, false},
    {"eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde", 1, 1,
     PART_UNIT, true},
    /* all */
    {"hundred/hundert/cent/cien/ciento/cento/cem/honderd", 100, 0, PART_HUNDRED, false},
    {"hundredth", 100, 0, PART_HUNDRED, true},
    {"thousand/tausend/mille/mil/mila/duizend", 1000, 0, PART_SCALE, false},
    {"million/millionen/millions/millón/millones/milione/milioni/milhão/milhões/miljoen", 1000000,
     0, PART_SCALE, false},
    {"billion/billions/milliarde/milliarden/milliard/milliards/miljard/miliardi", 1000000000, 0,
     PART_SCALE, false},
};

/* "zweiundvierzig", "tweeënveertig". */
static const struct {
    const char *units, *joints, *tens;
    bool is_ordinal;
} joined[] = {
    {"ein zwei drei vier fünf sechs sieben acht neun", "und",
     "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig", false},
    {"ein zwei drei vier fünf sechs sieben acht neun", "und", "zwanzigste dreißigste", true},
    {"ein zwei drei vier fünf sechs sieben acht neun", "und", "zwanzigsten dreißigsten", true},
    {"een twee drie vier vijf zes zeven acht negen", "en ën",
     "twintig dertig veertig vijftig zestig zeventig tachtig negentig", false},
};

static const char *const connectors[] = {"and", "und", "et", "y", "e", "en"};

/* Numbers in one language, everyday words or names in another. */
static const char *const others[] = {"due",    "once",  "sei",   "sept",   "neuf",   "otto",
                                     "elf",    "dos",   "prima", "cuarto", "quarto", "quarta",
                                     "quinta", "sexta", "nona",  "novena"};

enum { SLOTS = 4096, SCRATCH_MAX = 1024 * 1024, WORDS_MAX = 16 };
enum {
    CONNECTORS = sizeof connectors / sizeof *connectors,
    OTHERS = sizeof others / sizeof *others
};
struct slot {
    uint64_t hash;
    uint32_t value;
    enum part part;
    bool is_ordinal;
};
static struct slot slots[SLOTS];
static uint64_t connector_hashes[CONNECTORS], other_hashes[OTHERS];
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;

static const struct slot *find(uint64_t hash)
{
    size_t at = hash % SLOTS;
    while (slots[at].hash != 0 && slots[at].hash != hash)
        at = (at + 1) % SLOTS;
    return slots[at].hash != 0 ? &slots[at] : NULL;
}

/* The first list that has a word keeps it. */
static void add(struct bytes text, const struct list *list, uint32_t value, struct arena *scratch)
{
    struct words words = text_words(text, scratch);
    if (words.count != 1)
        return;
    uint64_t hash = words.items[0].hash;
    size_t at = hash % SLOTS;
    while (slots[at].hash != 0 && slots[at].hash != hash)
        at = (at + 1) % SLOTS;
    if (slots[at].hash == 0)
        slots[at] = (struct slot){hash, value, list->part, list->is_ordinal};
}

static size_t next_word(const char *at)
{
    return strcspn(at, " /");
}

static void add_list(const struct list *list, struct arena *scratch)
{
    uint32_t value = list->first;
    for (const char *at = list->words; *at;) {
        size_t size = next_word(at);
        add(bytes_of(at, size), list, value, scratch);
        value += at[size] == ' ' ? list->step : 0;
        at += size + (at[size] != 0);
    }
}

static void add_joined(size_t which, struct arena *scratch)
{
    const struct list as = {NULL, 0, 0, PART_UNIT, joined[which].is_ordinal};
    uint32_t unit_value = 1;
    for (const char *unit = joined[which].units; *unit; unit_value++) {
        size_t unit_size = next_word(unit);
        for (const char *joint = joined[which].joints; *joint;) {
            size_t joint_size = next_word(joint);
            uint32_t ten_value = 20;
            for (const char *ten = joined[which].tens; *ten; ten_value += 10) {
                size_t ten_size = next_word(ten);
                char text[64];
                int size = snprintf(text, sizeof text, "%.*s%.*s%.*s", (int)unit_size, unit,
                                    (int)joint_size, joint, (int)ten_size, ten);
                assert(size > 0 && (size_t)size < sizeof text);
                add(bytes_of(text, (size_t)size), &as, ten_value + unit_value, scratch);
                ten += ten_size + (ten[ten_size] == ' ');
            }
            joint += joint_size + (joint[joint_size] == ' ');
        }
        unit += unit_size + (unit[unit_size] == ' ');
    }
}

static void make_slots(void)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_MAX);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        add_list(&lists[i], &scratch);
    for (size_t i = 0; i < sizeof joined / sizeof *joined; i++)
        add_joined(i, &scratch);
    for (size_t i = 0; i < CONNECTORS; i++)
        connector_hashes[i] = digest_fnv1a64(bytes_of_text(connectors[i]));
    for (size_t i = 0; i < OTHERS; i++)
        other_hashes[i] = digest_fnv1a64(bytes_of_text(others[i]));
    arena_finish(&scratch);
}

/* What was read so far. */
struct sum {
    uint64_t done, open; /* up to the last scale; behind it */
    uint32_t words;
    bool is_ordinal, has_hundred, has_dix, is_decade;
};

/* False when the word starts another number. */
static bool take(struct sum *sum, const struct slot *slot)
{
    enum { SUM_MAX_DIGITS_OF_SCALE = 1000000000 };
    switch (slot->part) {
    case PART_UNIT:
        if (sum->has_dix && slot->value >= 7 && slot->value <= 9)
            sum->has_dix = false;
        else if (sum->words > 0 && (sum->open % 10 != 0 || sum->open % 100 == 10 ||
                                    (sum->open % 100 > 0 && slot->value == 0)))
            return false;
        sum->open += slot->value;
        break;
    case PART_DIX:
        if (sum->words > 0 && sum->open % 100 != 0 && sum->open % 100 != 60 &&
            sum->open % 100 != 80)
            return false;
        sum->open += slot->value;
        sum->has_dix = true;
        break;
    case PART_VINGT:
        if (sum->open % 100 == 4) {
            sum->open += 80 - 4;
            break;
        }
        /* fall through */
    case PART_TEN:
        if (sum->words > 0 && sum->open % 100 != 0)
            return false;
        sum->open += slot->value;
        break;
    case PART_DECADE:
        if (sum->words > 0 && (sum->words > 1 || sum->open < 15 || sum->open > 20))
            return false;
        sum->open = sum->open * 100 + slot->value;
        sum->is_decade = true;
        break;
    case PART_HUNDRED:
        if (sum->has_hundred || sum->open >= 100)
            return false;
        sum->open = (sum->open ? sum->open : 1) * 100;
        sum->has_hundred = true;
        break;
    case PART_SCALE:
        if (sum->open == 0 && sum->words > 0)
            return false;
        if (sum->done >= SUM_MAX_DIGITS_OF_SCALE)
            return false;
        sum->done += (sum->open ? sum->open : 1) * slot->value;
        sum->open = 0;
        sum->has_hundred = false;
        break;
    }
    sum->is_ordinal = slot->is_ordinal;
    sum->words++;
    return true;
}

/* One space or a hyphen is between the words of one number. */
static bool are_neighbors(struct bytes text, struct word a, struct word b)
{
    return b.start == a.end + 1 && (text.data[a.end] == ' ' || text.data[a.end] == '-');
}

static bool is_among(const uint64_t *hashes, size_t count, uint64_t hash)
{
    for (size_t i = 0; i < count; i++)
        if (hashes[i] == hash)
            return true;
    return false;
}

static bool is_connector(uint64_t hash)
{
    return is_among(connector_hashes, CONNECTORS, hash);
}

static bool is_other_word(uint64_t hash)
{
    return is_among(other_hashes, OTHERS, hash);
}

static size_t read_sum(struct bytes text, const struct words *words, size_t at, struct sum *sum)
{
    size_t used = 0;
    for (size_t i = at; i < words->count && i < at + WORDS_MAX; i++) {
        struct word word = words->items[i];
        bool has_ended = sum->is_ordinal || sum->is_decade;
        if (i > at && (has_ended || !are_neighbors(text, words->items[i - 1], word)))
            break;
        if (used > 0 && i == at + used && is_connector(word.hash))
            continue; /* one, between two words of the number */
        const struct slot *slot = word.has_digit ? NULL : find(word.hash);
        if (!slot || !take(sum, slot))
            break;
        used = i - at + 1;
    }
    return used;
}

struct spelled number_words_read(struct bytes text, const struct words *words, size_t at)
{
    pthread_once(&slots_once, make_slots);
    struct sum sum = {.words = 0};
    if (!find(words->items[at].hash))
        return (struct spelled){0};
    size_t used = read_sum(text, words, at, &sum);
    return (struct spelled){.value = sum.done + sum.open,
                            .count = (uint32_t)used,
                            .is_ordinal = sum.is_ordinal,
                            .is_decade = sum.is_decade};
}

size_t number_words_at(struct bytes text, const struct words *words, size_t at,
                       struct number *ret_number)
{
    struct spelled spelled = number_words_read(text, words, at);
    if (spelled.count == 0)
        return 0;
    uint64_t value = spelled.value;
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    *ret_number = (struct number){.start = words->items[at].start,
                                  .end = words->items[at + spelled.count - 1].end,
                                  .reading_count = 1,
                                  .is_spelled = true};
    ret_number->readings[0] = number_reading((const uint8_t *)digits, (size_t)size, 0);
    /* A bare scale is a mass ("a million reasons"), a bare hundred too. */
    bool is_bare = spelled.count == 1 && value >= 100;
    ret_number->is_weak = value <= 1 || spelled.is_decade || (spelled.is_ordinal && value <= 2) ||
                          is_bare || (spelled.count == 1 && is_other_word(words->items[at].hash));
    return spelled.count;
}
