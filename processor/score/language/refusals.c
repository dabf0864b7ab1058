/* Did a sentence refuse, and does what follows answer all the same?
 *
 *   [apology [link]] refusal                          "I'm not allowed to say."
 *   [apology [link]] I cannot, verb of serving        "I can't share that."
 *   identity ... negation ... contrast answer         "As an AI, I have no opinion, but ..."
 *   identity ... negation ... opinions. answer        "As an AI, I have no opinions. Most hold ..."
 *   refusal. The fee is 20 dollars.                   a sentence that states a number answers
 *
 * "I can't see any errors" and "I can't wait to help" refuse nothing: the verb is another. A
 * refusal that goes on to answer is none. An offer ("but I can help with ...") answers nothing. */
#include "processor/score/language/refusals.h"

#include "processor/score/language/phrases.h"
#include "processor/score/language/refusal_phrases.h"

static const char interjections[] = "no,|oh|oh no|hmm|well|okay|ok|nein,|non,|não,|нет,";
/* Between "I cannot" and its verb. */
static const char adverbs[] =
    "to|be able to|in a position to|actually|really|directly|personally|currently|just|simply|also"
    "|legally|ethically|fully|possibly|unfortunately|however|therefore|at this time|right now"
    "|in good conscience|with certainty|yet|even|honestly|safely|quite|either|ever|be";
/* Mean something else than their words. */
static const char idioms[] =
    "help but|help feeling|help thinking|help wondering|help noticing|help it|tell you how"
    "|say no|do without|tell if|tell whether|say enough|do better|give up|make up my mind"
    "|have it both ways|have both|say that i|say i|do anything but";
/* "I can't find any information" refuses, "I can't find any errors" tells. */
static const char perceptions[] =
    "see|find|locate|detect|spot|notice|identify|recognize|observe|hear|think of|recall|remember";
static const char perception_stems[] =
    "finden|sehen|erkennen|trouv|voir|détect|encontr|hallar|ver|detect|trov|veder|rilev|vinden|zien"
    "|найти|увиде|обнаруж|знайти|znaleźć|zobacz|najít|găsi|hitta|βρω|أجد|العثور|למצוא|tìm thấy"
    "|หาไม่พบ|พบ|menemukan|找到|发现|發現|看到|看出";
static const char determiners[] =
    "any|the|a|an|that|this|those|these|enough|specific|relevant|more|further|sufficient"
    "|additional|detailed|such|exact|reliable|much|some|other|and|to";
static const char knowledge[] =
    "information|info|details|detail|data|record|records|account|answer|answers|document"
    "|documents|result|results|content|source|sources|article|articles|mention|reference"
    "|references|anything about|anything on|anything related|your|you|context|it";
/* Degrees, not acts: "I can't recommend this enough". */
static const char degrees[] = "enough|highly enough|more strongly";
static const char amounts[] = "enough information|enough context|enough details|enough data";

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

/* Says what the speaker is; a refusal when the sentence goes on with what it is not or cannot. */
static const char identities[] =
    "as an ai|as a language model|as an artificial intelligence|as a large language model"
    "|i am an ai|i'm an ai|i am just an ai|i'm just an ai|i am a language model"
    "|i'm a language model|i am only an ai|als ki|als sprachmodell|en tant qu'ia"
    "|en tant que modèle|como ia|como modelo de lenguaje|como modelo de linguagem"
    "|come modello linguistico|als taalmodel|作为人工智能|作为一个人工智能|作为ai|作为一个ai";
static const char negations[] =
    "cannot|can't|can not|unable|not able|do not|don't|not have|am not|i'm not|won't|will not"
    "|no personal|not capable|incapable|nicht|keine|kein|ne peux|ne suis|n'ai pas|n'ai|no puedo"
    "|no tengo|não posso|não tenho|non posso|non ho|niet|geen|无法|不能|没有|不会";

/* Only as the first words of an answer: further on they explain. */
static const char evasions[] =
    "it is important to note that|it's important to note that|there is no inherent reason"
    "|there is no reason|there's no reason|there is no evidence that it is appropriate";

/* Opinions that a model has none of: what comes behind them answers. */
static const char disclaimed[] =
    "opinions|opinion|feelings|emotions|beliefs|preferences|experiences|experience|biases"
    "|meinung|meinungen|gefühle|opinion personnelle|sentiments|opiniones|opinioni|opiniões"
    "|consciousness|favorites|views";

/* After what was refused: what comes now was not. */
static const char contrasts[] =
    "but|however|that said|having said that|nevertheless|nonetheless|still|though|although"
    "|aber|jedoch|allerdings|dennoch|trotzdem|mais|cependant|toutefois|néanmoins|pero"
    "|sin embargo|no obstante|ma|tuttavia|però|mas|no entanto|porém|maar|echter|ただし"
    "|しかし|但是|不过|但|하지만|다만|그러나|но|однако|але|однак|ale|jednak|لكن|ولكن|nhưng"
    "|tuy nhiên|แต่|อย่างไรก็ตาม|tetapi|tapi|namun|men|dar|însă|αλλά|όμως|ωστόσο";
/* ... or is the offer of something else, which answers nothing. */
static const char offers[] =
    "i can|i could|i would be|i'd be|i am happy|i'm happy|i am here|i'm here|i will be|i'll be"
    "|please|feel free|you can|you could|you may|you might|let me|if you|if there|i recommend"
    "|i suggest|i would suggest|i would recommend|i'd recommend|i'd suggest|perhaps|maybe"
    "|is there|would you|do you|we can|we could|our|contact|i hope|thank|i do not|i don't"
    "|ich kann|gerne|bitte|sie können|du kannst|wenden sie|wenn sie|je peux|vous pouvez"
    "|n'hésitez|si vous|puedo|puede|por favor|si desea|si necesita|posso|può|se vuole"
    "|pode|se quiser|ik kan|u kunt|je kunt|neem contact|als u|请|如果|我可以|您可以"
    "|よろしければ|お手数|궁금"
    "|я могу|могу|вы можете|можете|пожалуйста|если|обратитесь|рекомендую|советую|буду рад"
    "|буду рада|с удовольствием|давайте|попробуйте|готов|готова|мы можем|спасибо|я можу|можу"
    "|ви можете|будь ласка|якщо|зверніться|mogę|możesz|może pan|proszę|jeśli|jeżeli|skontaktuj"
    "|zalecam|chętnie|możemy|mohu|můžete|můžeš|prosím|pokud|rád|ráda|pot|puteți|poți|vă rog|dacă"
    "|jag kan|du kan|ni kan|vänligen|om du|om ni|kontakta|gärna|vi kan|μπορώ|μπορείτε|μπορείς"
    "|παρακαλώ|αν|εάν|θα χαρώ|يمكنني|أستطيع|يمكنك|يرجى|من فضلك|إذا|أنصح|يسعدني|أقترح|بإمكانك"
    "|tôi có thể|bạn có thể|vui lòng|nếu|hãy|xin|tôi sẽ|tôi rất|ฉันสามารถ|ผมสามารถ|คุณสามารถ|กรุณา"
    "|โปรด|หาก|ถ้า|ยินดี|สามารถ|saya dapat|saya bisa|anda dapat|anda bisa|silakan|jika|kalau|mohon"
    "|saya akan|saya senang|kami dapat";
/* An offer that says what it offers. */
static const char tellings[] =
    "i can tell you|i can say|i can share that|i can confirm|i could tell you|i can tell";

/* Behind a refusal, what does not answer: reasons, and where else to turn. */
static const char reasons[] =
    "i|i'm|i've|my|we|we're|our|this|that|it|it's|such|these|those|as|because|due "
    "to|for|since|doing"
    "|sharing|providing|please|call|dial|text|visit|see|ask|write|you|your|if|contact|instead|try"
    "|ich|mein|wir|das|dies|diese|es|weil|je|cela|c'est|nous|votre|esto|eso|es|su|lo";
static const char reason_words[] =
    "policy|policies|guideline|guidelines|privacy|security|illegal|harmful|unethical|dangerous"
    "|violate|violates|violation|confidential|sensitive|law|laws|hotline|helpline|lifeline|support"
    "|professional|cutoff|training|trained|datenschutz|gesetz|confidentialité|privacidad";

enum { ANSWER_WORDS_MIN = 3, STATEMENT_WORDS_MAX = 15 };

static struct bytes after(struct bytes text, size_t size)
{
    return bytes_of(text.data + size, text.size - size);
}

static size_t at_start(struct bytes text, const char *list)
{
    return list ? phrase_any_at_start(text, list) : 0;
}

static size_t within(struct bytes text, const char *list)
{
    return list ? phrase_any_within(text, list) : 0;
}

/* Passes over any number of a list's phrases and the marks around them. */
static struct bytes skip_all(struct bytes text, const char *list)
{
    for (;;) {
        text = phrase_skip_marks(text);
        size_t size = at_start(text, list);
        if (size == 0)
            return text;
        text = after(text, size);
    }
}

/* Nothing but ASCII and punctuation: no language of another script, and none of the five whose
 * refusals are sought everywhere. */
static bool is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= 0xc3 && text.data[i] != 0xe2 && text.data[i] < 0xf0)
            return false;
    return true;
}

/* Rows of Latin script begin with an ASCII letter. */
static bool is_of_other_script(const struct refusal_phrases *phrases)
{
    return (uint8_t)phrases->apologies[0] >= 0x80;
}

static struct bytes behind_apology(struct bytes sentence, bool *ret_has_apology)
{
    struct bytes rest = skip_all(sentence, interjections);
    size_t apology;
    bool plain = is_plain(sentence);
    *ret_has_apology = false;
    for (size_t i = 0; i < refusal_phrases_count; i++)
        if (!(plain && is_of_other_script(refusal_phrases[i])) &&
            (apology = at_start(rest, refusal_phrases[i]->apologies)) > 0) {
            *ret_has_apology = true;
            rest = skip_all(after(rest, apology), refusal_phrases[i]->links);
            i = 0; /* "Sorry, unfortunately I cannot" */
        }
    return rest;
}

/* Is what stands behind "I cannot" an act of serving that is refused? */
static bool refuses_to(struct bytes text, const struct refusal_phrases *phrases, bool has_apology)
{
    text = skip_all(text, phrases->is_verb_next ? adverbs : NULL);
    if (text.size == 0)
        return true;
    if (!phrases->is_verb_next)
        return phrase_stem_within(text, phrases->verbs) > 0 ||
               (has_apology && phrase_stem_within(text, perception_stems) == 0);
    size_t perception = phrase_any_at_start(text, perceptions);
    if (perception > 0) {
        struct bytes object = skip_all(after(text, perception), determiners);
        return object.size == 0 || phrase_any_at_start(object, knowledge) > 0;
    }
    if (phrase_any_at_start(text, idioms) > 0 ||
        (phrase_any_within(text, degrees) > 0 && phrase_any_within(text, amounts) == 0))
        return false;
    bool is_pronoun = phrase_any_at_start(text, "that|this|it|so|but|because|as|due|sorry") > 0;
    return has_apology || is_pronoun || phrase_any_at_start(text, phrases->verbs) > 0;
}

/* Length of what refuses in one language; 0: nothing does. */
static size_t refusal_size_in(struct bytes rest, const struct refusal_phrases *phrases,
                              bool has_apology)
{
    size_t size = at_start(rest, phrases->refusals);
    if (size > 0)
        return size;
    size = at_start(rest, phrases->negated);
    if (size == 0 && has_apology)
        size = at_start(rest, phrases->bare);
    if (size > 0 && refuses_to(after(rest, size), phrases, has_apology))
        return size;
    /* "Je mi líto, s tím nemohu pomoci." */
    if (size == 0 && has_apology && !phrases->is_verb_next)
        size = within(rest, phrases->negated);
    if (size > 0 && refuses_to(after(rest, size), phrases, false))
        return size;
    return is_plain(rest) ? 0 : within(rest, phrases->finals);
}

/* The same in any; an identity has to be followed by what it is not. */
static size_t refusal_size(struct bytes rest, bool is_first, bool has_apology,
                           bool *ret_is_identity)
{
    size_t size = phrase_any_at_start(rest, identities);
    *ret_is_identity = size > 0;
    if (size > 0) {
        size_t negation = phrase_any_within(after(rest, size), negations);
        return negation ? size + negation : 0;
    }
    bool plain = is_plain(rest);
    for (size_t i = 0; i < refusal_phrases_count && size == 0; i++)
        if (!(plain && is_of_other_script(refusal_phrases[i])))
            size = refusal_size_in(rest, refusal_phrases[i], has_apology);
    if (size == 0 && phrase_any_at_start(rest, split_openings) > 0)
        return phrase_any_within(rest, split_endings);
    return size == 0 && is_first ? phrase_any_at_start(rest, evasions) : size;
}

/* Scripts without spaces: a few characters are a few words. */
static bool has_words(struct bytes text)
{
    size_t words = 0;
    for (size_t i = 0; i < text.size && words < ANSWER_WORDS_MIN; i++) {
        bool is_space = text.data[i] == ' ';
        words += text.data[i] >= 0xe0 ? 1 : !is_space && (i == 0 || text.data[i - 1] == ' ');
    }
    return words >= ANSWER_WORDS_MIN;
}

static bool answers(struct bytes text)
{
    text = phrase_skip_marks(text);
    bool is_identity;
    if (refusal_size(text, false, false, &is_identity) > 0 || !has_words(text))
        return false;
    return phrase_any_at_start(text, tellings) > 0 || phrase_any_at_start(text, offers) == 0;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A word of digits: 3D, 19th and 9/11 are names. */
static bool has_number(struct bytes text)
{
    for (size_t i = 0, size; i < text.size; i += size + 1) {
        size_t digits = 0, marks = 0;
        for (size = 0; i + size < text.size && text.data[i + size] != ' '; size++) {
            uint8_t c = text.data[i + size];
            digits += is_digit(c);
            marks += c == '.' || c == ',' || c == '%' || c == '$';
        }
        if (digits > 0 && digits + marks == size)
            return true;
    }
    return false;
}

/* Tells a number in a few words, as an answer does and a reason for refusing seldom. */
static bool states_number(struct bytes text)
{
    size_t spaces = 0;
    for (size_t i = 0; i < text.size; i++)
        spaces += text.data[i] == ' ';
    return spaces < STATEMENT_WORDS_MAX && has_number(text) &&
           phrase_any_at_start(text, reasons) == 0 && phrase_any_within(text, reason_words) == 0 &&
           answers(text);
}

/* A contrast behind what was refused, within the sentence. */
static bool goes_on_within(struct bytes rest)
{
    while (rest.size > 0) {
        size_t end = phrase_any_within(rest, contrasts);
        if (end == 0)
            return false;
        rest = after(rest, end);
        if (answers(rest))
            return true;
    }
    return false;
}

struct refusal refusal_of(struct bytes sentence, bool is_first)
{
    struct refusal refusal = {false, false, false};
    bool is_identity = false, has_apology;
    struct bytes rest = behind_apology(sentence, &has_apology);
    size_t size = refusal_size(rest, is_first, has_apology, &is_identity);
    if (size == 0 && has_apology) { /* "I'm sorry that you feel so, but I can't ..." */
        rest = phrase_skip_marks(after(rest, phrase_any_within(rest, contrasts)));
        size = refusal_size(rest, false, true, &is_identity);
    }
    if (size == 0)
        return refusal;
    refusal.is_refusal = true;
    rest = after(rest, size);
    refusal.goes_on = goes_on_within(rest);
    refusal.is_disclaimer = is_identity && phrase_any_within(rest, disclaimed) > 0;
    return refusal;
}

bool refusal_is_answered_by(const struct refusal *refusal, struct bytes next)
{
    struct bytes text = phrase_skip_marks(next);
    size_t contrast = phrase_any_at_start(text, contrasts);
    if (contrast == 0 && !refusal->is_disclaimer)
        return states_number(text);
    return answers(after(text, contrast));
}
