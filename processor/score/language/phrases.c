/* The lists, and how they are matched: byte by byte over the source, nothing is copied or folded.
 * A list is one text with `|` between phrases. Letters outside ASCII stand in lower case; where one
 * opens a sentence both cases are listed. */
#include "processor/score/language/phrases.h"

/* Say nothing by themselves; what follows them may. */
static const char greetings[] =
    "hello|hi|hey|hi there|dear|good morning|good afternoon|good evening|welcome|thank you"
    "|thanks|you're welcome|you are welcome|sure|of course|certainly|absolutely"
    "|great question|hallo|guten tag|guten morgen|gerne|vielen dank|danke|bonjour|bonsoir"
    "|merci|bien sûr|cordialement|hola|buenos días|buenas tardes|gracias|claro|saludos|ciao"
    "|buongiorno|grazie|olá|obrigado|obrigada|goedendag|bedankt|dank "
    "u|こんにちは|ありがとう|你好|您好|谢谢"
    "|안녕하세요|감사합니다";

/* Say nothing, whatever follows. */
static const char courtesies[] =
    "thank you for|thanks for|happy to help|glad to help|i'm happy to help|i'd be happy to"
    "|i hope this helps|hope this helps|let me know|please let me know|feel free"
    "|please feel free|if you have any|if you need|have a nice|have a great|best regards"
    "|kind regards|bei weiteren fragen|wenn sie weitere fragen|mit freundlichen"
    "|vielen dank für|n'hésitez pas|merci de|merci pour|gracias por|no dude en";

static const char hedges[] =
    "i think that|i think|i believe|i guess|i assume|i suppose|i'm not sure|i am not sure|it seems"
    "|it appears|it might|it may|it could|perhaps|maybe|possibly|probably|presumably"
    "|as far as i know|if i understand|to my knowledge|i would recommend|i'd recommend"
    "|i suggest|you may want to|you might want to|ich glaube|ich denke|vermutlich|vielleicht"
    "|möglicherweise|wahrscheinlich|je pense|je crois|peut-être|il semble|probablement"
    "|creo que|pienso que|quizás|tal vez|posiblemente|probablemente|credo che|penso che"
    "|forse|probabilmente|acho que|talvez|provavelmente|ik denk|misschien|waarschijnlijk"
    "|おそらく|たぶん|可能|也许|或许|아마";

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

size_t phrase_at_start(struct bytes text, struct bytes phrase)
{
    size_t at = 0;
    uint8_t last = 0;
    for (size_t i = 0; i < phrase.size; i++) {
        uint8_t wanted = phrase.data[i];
        if (at == text.size)
            return 0;
        uint8_t c = text.data[at];
        if (wanted == ' ') {
            if (!is_space(c))
                return 0;
            while (at < text.size && is_space(text.data[at]))
                at++;
        } else if (wanted == '\'') {
            size_t size = apostrophe_at(text, at);
            if (size == 0)
                return 0;
            at += size;
        } else {
            uint8_t lower =
                c >= 'A' && c <= 'Z' && wanted < 0x80 && !(wanted >= 'A' && wanted <= 'Z')
                    ? (uint8_t)(c + 32)
                    : c;
            if (lower != wanted)
                return 0;
            at++;
        }
        last = wanted;
    }
    /* Scripts without spaces between words have no end of a word to look for. */
    bool ends_word = last >= 0x80 || at == text.size || !is_word_byte(text.data[at]) ||
                     apostrophe_at(text, at) > 0;
    return ends_word ? at : 0;
}

size_t phrase_any_at_start(struct bytes text, const char *list)
{
    size_t longest = 0;
    while (*list) {
        size_t size = strcspn(list, "|");
        size_t matched = phrase_at_start(text, bytes_of(list, size));
        if (matched > longest)
            longest = matched;
        list += size + (list[size] == '|');
    }
    return longest;
}

size_t phrase_any_within(struct bytes text, const char *list)
{
    for (size_t i = 0; i < text.size; i++) {
        bool continues = (text.data[i] & 0xc0) == 0x80 ||
                         (i > 0 && is_word_byte(text.data[i]) && text.data[i] < 0x80 &&
                          is_word_byte(text.data[i - 1]));
        size_t size =
            continues ? 0 : phrase_any_at_start(bytes_of(text.data + i, text.size - i), list);
        if (size > 0)
            return i + size;
    }
    return 0;
}

static struct bytes after(struct bytes text, size_t size)
{
    return bytes_of(text.data + size, text.size - size);
}

struct bytes phrase_skip_marks(struct bytes text)
{
    static const char *const wide[] = {"，", "、", "。", "—", "–", "“", "„", "«"};
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

bool phrase_is_greeting(struct bytes sentence)
{
    enum { NAME_BYTES_MAX = 24 }; /* "Hello John Smith!" */
    struct bytes text = phrase_skip_marks(sentence);
    size_t greeting = phrase_any_at_start(text, greetings);
    return (greeting > 0 && text.size - greeting <= NAME_BYTES_MAX) ||
           phrase_any_at_start(text, courtesies) > 0;
}

size_t phrase_hedge(struct bytes sentence)
{
    struct bytes text = phrase_skip_marks(sentence);
    size_t hedge = phrase_any_at_start(text, hedges);
    return hedge ? (size_t)(text.data - sentence.data) + hedge : 0;
}
