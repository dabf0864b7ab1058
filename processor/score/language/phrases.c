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
    "i think|i believe|i guess|i assume|i suppose|i'm not sure|i am not sure|it seems"
    "|it appears|it might|it may|it could|perhaps|maybe|possibly|probably|presumably"
    "|as far as i know|if i understand|to my knowledge|i would recommend|i'd recommend"
    "|i suggest|you may want to|you might want to|ich glaube|ich denke|vermutlich|vielleicht"
    "|möglicherweise|wahrscheinlich|je pense|je crois|peut-être|il semble|probablement"
    "|creo que|pienso que|quizás|tal vez|posiblemente|probablemente|credo che|penso che"
    "|forse|probabilmente|acho que|talvez|provavelmente|ik denk|misschien|waarschijnlijk"
    "|おそらく|たぶん|可能|也许|或许|아마";

static const char apologies[] =
    "i'm sorry|i am sorry|we're sorry|we are sorry|i'm very sorry|sorry|my apologies|i apologize"
    "|i apologise|apologies|unfortunately|regrettably|i'm afraid|i am afraid"
    /* de */
    "|es tut mir leid|tut mir leid|entschuldigung|entschuldigen sie|leider|bedauerlicherweise"
    /* fr */
    "|je suis désolé|je suis désolée|désolé|Désolé|désolée|Désolée|je regrette|malheureusement"
    "|navré|excusez-moi"
    /* es, pt, it, nl */
    "|lo siento|lo siento mucho|lo lamento|lamentablemente|desafortunadamente|me temo"
    "|desculpe|peço desculpa|peço desculpas|sinto muito|lamento|infelizmente"
    "|mi dispiace|sono spiacente|spiacente|purtroppo|het spijt me|het spijt mij|sorry maar|helaas"
    /* ja, zh, ko */
    "|申し訳ありませんが|申し訳ございませんが|申し訳ありません|申し訳ございません|恐れ入りますが"
    "|残念ながら|すみませんが|很抱歉|非常抱歉|抱歉|对不起|對不起|很遗憾|很遺憾|不好意思"
    "|죄송하지만|죄송합니다만|죄송합니다|유감스럽게도|안타깝지만|안타깝게도";

/* Between an apology and what it is for. */
static const char links[] = "but|however|that|aber|mais|pero|ma|mas|maar|dass|que|che|但|但是";

/* Said at the start of a sentence, or right behind an apology. */
static const char refusals[] =
    "i cannot|i can't|i can not|i am unable|i'm unable|i am not able|i'm not able|i won't"
    "|i will not|i must decline|i have to decline|i decline|i do not have access"
    "|i don't have access|i do not have enough information|i don't have enough information"
    "|i do not have information|i don't have information|i do not have the information"
    "|i don't have the information|i do not know|i don't know|i couldn't find"
    "|i could not find|i am not allowed|i'm not allowed|i'm not permitted|i am not permitted"
    "|we cannot|we can't|we are unable|we're unable|as an ai|as a language model"
    /* de */
    "|ich kann nicht|ich kann das nicht|ich kann dir nicht|ich kann ihnen nicht"
    "|ich kann ihnen dabei nicht|ich kann dir dabei nicht|ich kann diese frage nicht"
    "|ich kann ihre frage nicht|ich kann ihnen leider|kann ich nicht|kann ich ihnen nicht"
    "|kann ich ihnen dabei nicht|kann ich dir nicht|kann ich dir dabei nicht"
    "|kann ich das nicht|das kann ich nicht|ich bin nicht in der lage|ich darf nicht"
    "|bin ich nicht in der lage|ich bin nicht befugt|ich weiß es nicht|ich weiß nicht"
    "|ich habe keine informationen|ich habe keinen zugriff|dazu habe ich keine"
    /* fr */
    "|je ne peux pas|je ne peux malheureusement pas|je ne peux vous|je ne suis pas en mesure"
    "|je ne suis malheureusement pas|je ne suis pas autorisé|je ne suis pas autorisée"
    "|je n'ai pas accès|je n'ai pas d'information|je n'ai pas d'informations|je ne dispose pas"
    "|je ne sais pas|il m'est impossible|nous ne pouvons pas|nous ne sommes pas en mesure"
    /* es */
    "|no puedo|no podemos|no me es posible|no nos es posible|no estoy autorizado"
    "|no estoy autorizada|no estoy en condiciones|no tengo acceso|no tengo información"
    "|no tengo la información|no tengo permitido|no dispongo de|no cuento con|no sé"
    /* it */
    "|non posso|non possiamo|non sono in grado|non mi è possibile|non sono autorizzato"
    "|non sono autorizzata|non ho accesso|non ho informazioni|non dispongo di|non so"
    /* pt */
    "|não posso|não podemos|não consigo|não me é possível|não estou autorizado"
    "|não estou autorizada|não tenho acesso|não tenho informações|não tenho informação"
    "|não disponho de|não sei"
    /* nl */
    "|ik kan niet|ik kan je niet|ik kan u niet|ik kan u daar niet|ik kan u hierbij niet"
    "|ik ben niet in staat|ik mag niet|ik weet het niet|ik heb geen toegang"
    "|ik heb geen informatie|kan ik niet|kan ik u niet|kan ik je niet|kan ik u daar niet"
    /* ja, zh, ko */
    "|お答えできません|お手伝いできません|その質問にはお答えできません|我无法|我無法|我不能|我没有"
    "|我沒有|我不知道|我们无法|我們無法|无法|無法|不能提供|恕我|도와드릴 수 없|답변할 수 없";

/* Where the verb stands at the end: an opening, and anywhere behind it an ending. */
static const char split_openings[] =
    "ich kann|kann ich|wir können|können wir|dazu kann ich|dabei kann ich|das kann ich"
    "|diese frage kann ich|hierzu kann ich|darf ich|ich darf|ik kan|kan ik|wij kunnen|kunnen wij"
    "|daar kan ik|deze vraag kan ik|ik mag|mag ik";
static const char split_endings[] =
    "nicht helfen|nicht weiterhelfen|nicht beantworten|nicht geben|nicht nennen|nicht mitteilen"
    "|nicht weitergeben|nicht herausgeben|nicht unterstützen|nicht dienen|keine auskunft"
    "|keine angaben|keine informationen|keine empfehlung|nichts sagen"
    "|niet helpen|niet verder helpen|niet beantwoorden|niet geven|niet verstrekken|niet delen"
    "|geen informatie|geen advies|geen antwoord";

/* Japanese and Korean refuse in the last word of a sentence. */
static const char final_refusals[] =
    "お答えできません|お答えすることができません|お答えすることはできません|お答えしかねます"
    "|お答えいたしかねます|回答できません|回答することができません|回答することはできません"
    "|お手伝いできません|お手伝いすることができません|お手伝いすることはできません"
    "|お伝えできません|お伝えすることはできません|ご案内できません|ご提供できません"
    "|提供することはできません|お教えできません|開示できません|対応いたしかねます"
    "|わかりかねます|分かりかねます|アクセスできません"
    "|도와드릴 수 없|도와 드릴 수 없|답변할 수 없|답변드릴 수 없|답변해 드릴 수 없"
    "|답변을 드릴 수 없|제공할 수 없|제공해 드릴 수 없|제공해드릴 수 없|알려드릴 수 없"
    "|알려 드릴 수 없|안내해 드릴 수 없|말씀드릴 수 없|접근할 수 없";

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

/* Length of the longest phrase of a list that stands at the start. */
static size_t any_at_start(struct bytes text, const char *list)
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

/* Does a phrase of a list stand anywhere in a sentence? Looked for where a character starts. */
static bool any_within(struct bytes text, const char *list)
{
    for (size_t i = 0; i < text.size; i++) {
        bool continues = (text.data[i] & 0xc0) == 0x80 ||
                         (i > 0 && is_word_byte(text.data[i]) && text.data[i] < 0x80 &&
                          is_word_byte(text.data[i - 1]));
        if (!continues && any_at_start(bytes_of(text.data + i, text.size - i), list) > 0)
            return true;
    }
    return false;
}

static struct bytes after(struct bytes text, size_t size)
{
    return bytes_of(text.data + size, text.size - size);
}

/* Without punctuation and spaces in front. */
static struct bytes skip_marks(struct bytes text)
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
    struct bytes text = skip_marks(sentence);
    size_t greeting = any_at_start(text, greetings);
    return (greeting > 0 && text.size - greeting <= NAME_BYTES_MAX) ||
           any_at_start(text, courtesies) > 0;
}

bool phrase_is_hedge(struct bytes sentence)
{
    return any_at_start(skip_marks(sentence), hedges) > 0;
}

bool phrase_is_refusal(struct bytes sentence)
{
    struct bytes rest = skip_marks(sentence);
    size_t apology = any_at_start(rest, apologies);
    if (apology > 0) {
        rest = skip_marks(after(rest, apology));
        rest = skip_marks(after(rest, any_at_start(rest, links)));
    }
    if (any_at_start(rest, refusals) > 0)
        return true;
    if (any_at_start(rest, split_openings) > 0)
        return any_within(rest, split_endings);
    bool is_verb_final = rest.size > 0 && rest.data[0] >= 0xe3 && rest.data[0] <= 0xed;
    return is_verb_final && any_within(rest, final_refusals);
}
