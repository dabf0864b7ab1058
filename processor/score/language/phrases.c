/* The lists, and how they are matched: letter by letter over the source, nothing is copied. A list
 * is one text with `|` between phrases, in lower case. */
#include "processor/score/language/phrases.h"

#include "processor/base/text/utf8.h"

/* Say nothing by themselves, and may have a name behind them. */
static const char greetings[] =
    "hello|hi|hey|hi there|dear|good morning|good afternoon|good evening|welcome|thank you|thanks"
    "|hallo|guten tag|guten morgen|vielen dank|danke|bonjour|bonsoir|merci|cordialement|hola"
    "|buenos días|buenas tardes|gracias|saludos|ciao|buongiorno|grazie|olá|obrigado|obrigada"
    "|goedendag|bedankt|dank u|здравствуйте|привет|спасибо|dzień dobry|dziękuję|merhaba|teşekkürler"
    "|مرحبا|شكرا|नमस्ते|धन्यवाद|xin chào|cảm ơn|สวัสดี|ขอบคุณ|こんにちは|ありがとう|你好|您好|谢谢"
    "|안녕하세요|감사합니다";

/* Say nothing up to the mark behind them. */
static const char openers[] =
    "sure|sure thing|of course|certainly|absolutely|yes|yeah|no|ok|okay|alright|great|perfect"
    "|no problem|great question|good question|excellent question|that's a great question"
    "|that's a good question|that is a great question|that is a good question|gerne|natürlich"
    "|gute frage|ja|nein|oui|non|bien sûr|bonne question|claro|por supuesto|sí|buena pregunta"
    "|certo|sim|natuurlijk|конечно|да|нет|отличный вопрос|好的|当然|はい|もちろん|네|물론입니다";

/* Say nothing, whatever follows. */
static const char courtesies[] =
    "thank you for|thanks for|thank you so much|happy to help|glad to help|i'm happy to help"
    "|i am happy to help|i'd be happy to|i would be happy to|i'd be glad to|i'm glad to help"
    "|i can help you with that|i can help with that|i hope this helps|i hope that helps"
    "|hope this helps|hope that helps|let me know|please let me know|feel free|please feel free"
    "|don't hesitate|please don't hesitate|do not hesitate|please do not hesitate|if you have any"
    "|if you need|have a nice|have a great|best regards|kind regards|let me check|let me look"
    "|let me explain|let me help|i understand your|here you go|here is what i|here's what i"
    "|here are the results|here are the details|here is the information|that's a great question"
    "|that's a good question|that is a great question|that is a good question|bei weiteren fragen"
    "|wenn sie weitere fragen|mit freundlichen|vielen dank für|ich hoffe, das|n'hésitez pas"
    "|merci de|merci pour|j'espère que cela|gracias por|no dude en|espero que esto|надеюсь, это"
    "|если у вас есть|если у вас";

/* Announce what comes behind a colon. */
static const char announcements[] =
    "here is|here's|here are|below|below is|below are|the following|these are|based on|according to"
    "|from what|as follows|in short|in summary|to summarize|to answer|hier ist|hier sind|folgend"
    "|laut|voici|selon|d'après|aquí está|aquí están|aquí tiene|según|ecco|secondo|aqui está"
    "|aqui estão|segundo|hier is|hier zijn|volgens|вот|согласно|以下|根据|以下は";

static const char hedges[] =
    "i think that|i think|i believe|i guess|i assume|i suppose|i'm not sure|i am not sure|it seems"
    "|it appears|it might|it may|it could|perhaps|maybe|possibly|probably|presumably"
    "|as far as i know|if i understand|to my knowledge|i would recommend|i'd recommend"
    "|i suggest|you may want to|you might want to|ich glaube|ich denke|vermutlich|vielleicht"
    "|möglicherweise|wahrscheinlich|je pense|je crois|peut-être|il semble|probablement"
    "|creo que|pienso que|quizás|tal vez|posiblemente|probablemente|credo che|penso che"
    "|forse|probabilmente|acho que|talvez|provavelmente|ik denk|misschien|waarschijnlijk"
    "|думаю|возможно|наверное|вероятно|кажется|być może|prawdopodobnie|おそらく|たぶん|可能|也许"
    "|或许|아마|but|aber|mais|pero|ma|mas|maar|но";
/* "I'm not completely sure about this" */
static const char doubts[] = "i'm not|i am not|not|i can't be|i cannot be|ich bin mir nicht"
                             "|ich bin nicht|je ne suis pas|no estoy|non sono|não tenho";
static const char doubt_degrees[] = "completely|entirely|totally|fully|quite|absolutely|very|too"
                                    "|really|ganz|völlig|tout à fait|completamente|del todo|100%";
static const char certainties[] = "sure|certain|positive|confident|sicher|sûr|sûre|certain|seguro"
                                  "|segura|sicuro|sicura|certeza";
static const char doubted[] = "about this|about that|of this|of that|here|on this|on that";

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
}

/* Length of an apostrophe of either shape at `at`, 0 for something else. */
static size_t apostrophe_at(struct bytes text, size_t at)
{
    if (text.data[at] == '\'')
        return 1;
    return text.size - at >= 3 && memcmp(text.data + at, "\xe2\x80\x99", 3) == 0 ? 3 : 0;
}

/* Of the scripts that the lists are written in. */
static uint32_t lower_of(uint32_t c)
{
    static const struct {
        uint32_t first, last, distance;
    } shifted[] = {{0xc0, 0xde, 0x20},   {0x391, 0x3a9, 0x20}, {0x386, 0x386, 0x26},
                   {0x388, 0x38a, 0x25}, {0x38c, 0x38c, 0x40}, {0x410, 0x42f, 0x20},
                   {0x400, 0x40f, 0x50}};
    static const struct {
        uint32_t first, last; /* upper and lower case in turn */
    } paired[] = {{0x100, 0x137}, {0x139, 0x148}, {0x14a, 0x177}, {0x179, 0x17e},  {0x1a0, 0x1a1},
                  {0x1af, 0x1b0}, {0x218, 0x21b}, {0x490, 0x491}, {0x1e00, 0x1eff}};
    for (size_t i = 0; i < sizeof shifted / sizeof *shifted; i++)
        if (c >= shifted[i].first && c <= shifted[i].last)
            return c + shifted[i].distance;
    for (size_t i = 0; i < sizeof paired / sizeof *paired; i++)
        if (c >= paired[i].first && c <= paired[i].last)
            return c + ((c - paired[i].first) % 2 == 0);
    return c;
}

/* A letter or digit of a script that is written with spaces between words. */
static bool is_spaced_letter(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } others[] = {{0x80, 0xbf},     {0x60c, 0x61f},   {0x964, 0x965},  {0xe00, 0xeff},
                  {0x1000, 0x109f}, {0x1780, 0x17ff}, {0x2000, 0x206f}};
    if (c < 0x80)
        return is_word_byte((uint8_t)c);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (c >= others[i].first && c <= others[i].last)
            return false;
    return c < 0x2e80;
}

static uint32_t point_before(struct bytes text, size_t at)
{
    size_t start = at - 1, next;
    while (start > 0 && (text.data[start] & 0xc0) == 0x80)
        start--;
    return utf8_decode(text, start, &next);
}

/* Is `at`, in the middle of the text, between two letters of one word? */
static bool is_inside_word(struct bytes text, size_t at)
{
    size_t next;
    return is_spaced_letter(point_before(text, at)) &&
           is_spaced_letter(utf8_decode(text, at, &next));
}

/* Length of the letters that say `phrase`, whatever stands behind them. */
static size_t match(struct bytes text, struct bytes phrase)
{
    size_t at = 0, i = 0;
    while (i < phrase.size) {
        uint8_t wanted = phrase.data[i];
        if (at == text.size)
            return 0;
        uint8_t c = text.data[at];
        if (wanted == ' ') {
            if (!is_space(c))
                return 0;
            while (at < text.size && is_space(text.data[at]))
                at++;
            i++;
        } else if (wanted == '\'') {
            size_t size = apostrophe_at(text, at);
            if (size == 0)
                return 0;
            at += size;
            i++;
        } else if (wanted < 0x80) {
            if ((c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c) != wanted)
                return 0;
            at++;
            i++;
        } else if (c < 0x80 || lower_of(utf8_decode(text, at, &at)) != utf8_decode(phrase, i, &i))
            return 0;
    }
    return at;
}

size_t phrase_at_start(struct bytes text, struct bytes phrase)
{
    size_t at = match(text, phrase);
    bool ends_word = at == text.size || (at > 0 && !is_inside_word(text, at)) ||
                     (at > 0 && apostrophe_at(text, at) > 0);
    return ends_word ? at : 0;
}

/* Most phrases are told apart by their first letter. */
static bool may_start(struct bytes text, uint8_t wanted)
{
    uint8_t c = text.size > 0 ? text.data[0] : 0;
    return wanted >= 0x80 ? c >= 0x80 : wanted < 'a' || (c | 0x20) == wanted;
}

/* The longest of a list; `is_whole`: up to the end of a word. */
static size_t longest_match(struct bytes text, const char *list, bool is_whole)
{
    size_t longest = 0;
    while (*list) {
        size_t size = (size_t)(strchrnul(list, '|') - list), matched = 0;
        struct bytes phrase = bytes_of(list, size);
        if (may_start(text, (uint8_t)list[0]))
            matched = is_whole ? phrase_at_start(text, phrase) : match(text, phrase);
        if (matched > longest)
            longest = matched;
        list += size + (list[size] == '|');
    }
    return longest;
}

size_t phrase_any_at_start(struct bytes text, const char *list)
{
    return longest_match(text, list, true);
}

static size_t match_within(struct bytes text, const char *list, bool is_whole)
{
    for (size_t i = 0; i < text.size; i++) {
        bool continues = (text.data[i] & 0xc0) == 0x80 || is_space(text.data[i]) ||
                         (i > 0 && is_inside_word(text, i));
        size_t size =
            continues ? 0 : longest_match(bytes_of(text.data + i, text.size - i), list, is_whole);
        if (size > 0)
            return i + size;
    }
    return 0;
}

size_t phrase_any_within(struct bytes text, const char *list)
{
    return match_within(text, list, true);
}

size_t phrase_stem_within(struct bytes text, const char *list)
{
    return match_within(text, list, false);
}

static struct bytes after(struct bytes text, size_t size)
{
    return bytes_of(text.data + size, text.size - size);
}

struct bytes phrase_skip_marks(struct bytes text)
{
    static const char *const wide[] = {"，", "、", "。", "！", "—", "–", "“",
                                       "„",  "«",  "…",  "¡",  "¿", "،", "।"};
    for (;;) {
        size_t size = 0;
        if (text.size > 0 && !is_word_byte(text.data[0]))
            size = 1;
        for (size_t i = 0; i < sizeof wide / sizeof *wide && size == 0; i++)
            if (bytes_starts_with(text, bytes_of_text(wide[i])))
                size = strlen(wide[i]);
        if (size == 0)
            return text;
        text = after(text, size);
    }
}

static bool has_digit(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9')
            return true;
    return false;
}

/* Is there punctuation at the start, or nothing? */
static bool is_at_mark(struct bytes text)
{
    return text.size == 0 || phrase_skip_marks(text).size == 0 ||
           (!is_space(text.data[0]) && phrase_skip_marks(text).data > text.data);
}

static size_t doubt_at(struct bytes text)
{
    size_t at = phrase_any_at_start(text, doubts);
    if (at == 0)
        return 0;
    struct bytes rest = phrase_skip_marks(after(text, at));
    rest = phrase_skip_marks(after(rest, phrase_any_at_start(rest, doubt_degrees)));
    size_t certainty = phrase_any_at_start(rest, certainties);
    if (certainty == 0)
        return 0;
    struct bytes behind = after(rest, certainty), next = phrase_skip_marks(behind);
    size_t what = phrase_any_at_start(next, doubted);
    return (size_t)((what ? next.data + what : behind.data) - text.data);
}

/* Up to the colon behind an announcement; not that of a time. */
static size_t announcement_at(struct bytes text)
{
    enum { ANNOUNCED_WITHIN = 120 };
    static const char wide[] = "\xef\xbc\x9a";
    if (phrase_any_at_start(text, announcements) == 0)
        return 0;
    for (size_t i = 0; i < text.size && i < ANNOUNCED_WITHIN; i++) {
        struct bytes rest = after(text, i);
        if (bytes_starts_with(rest, bytes_of_text(wide)))
            return i + sizeof wide - 1;
        if (text.data[i] == ':' &&
            (i + 1 == text.size || is_space(text.data[i + 1]) || text.data[i + 1] == '*'))
            return i + 1;
    }
    return 0;
}

/* A greeting with its name: "Hello Ann," or to the end of a short sentence. */
static size_t greeting_at(struct bytes text)
{
    enum { NAME_BYTES_MAX = 24 }; /* "Hello John Smith!" */
    size_t greeting = phrase_any_at_start(text, greetings);
    struct bytes name = after(text, greeting);
    if (greeting == 0 || is_at_mark(name))
        return greeting;
    for (size_t i = 0; i < name.size && i <= NAME_BYTES_MAX; i++)
        if (name.data[i] == ',')
            return greeting + i;
    return name.size <= NAME_BYTES_MAX && !has_digit(name) ? text.size : 0;
}

/* Length of one thing that says nothing; 0 for none. */
static size_t opening_at(struct bytes text)
{
    size_t size = phrase_any_at_start(text, openers);
    if (size > 0 && is_at_mark(after(text, size)))
        return size;
    if ((size = greeting_at(text)) > 0 || (size = announcement_at(text)) > 0 ||
        (size = doubt_at(text)) > 0)
        return size;
    return phrase_any_at_start(text, hedges);
}

struct bytes phrase_skip_openings(struct bytes sentence)
{
    for (;;) {
        struct bytes text = phrase_skip_marks(sentence);
        size_t size = opening_at(text);
        if (size == 0)
            return sentence;
        sentence = after(text, size);
    }
}

bool phrase_is_courtesy(struct bytes text)
{
    return phrase_any_at_start(phrase_skip_marks(text), courtesies) > 0;
}
