/* Did a sentence refuse, and does what follows answer all the same?
 *
 *   [apology [link]] refusal ... contrast answer      "I can't say who called, but it was at 9."
 *   identity ... negation ... contrast answer         "As an AI, I have no opinion, but ..."
 *   identity ... negation ... opinions. answer        "As an AI, I have no opinions. Most hold ..."
 *
 * A refusal that goes on to answer is none. An offer ("but I can help with
 * ...") answers nothing. */
#include "processor/score/language/refusals.h"

#include "processor/score/language/phrases.h"

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
    "|we cannot|we can't|we are unable|we're unable"
    "|it is not appropriate|it's not appropriate|it is not ethical|it's not ethical"
    "|it is not accurate to|it's not accurate to|it would not be appropriate"
    "|it wouldn't be appropriate|it would not be ethical|it is inappropriate|it's inappropriate"
    "|i don't think it's appropriate|i do not think it is appropriate"
    "|i don't think it is appropriate|i do not feel comfortable|i don't feel comfortable"
    "|i'm not comfortable|i am not comfortable|i must refuse|i refuse to|i'd rather not"
    "|i would rather not|i have no access|i have no information"
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
    "|しかし|但是|不过|但|하지만|다만|그러나";
/* ... or is the offer of something else, which answers nothing. */
static const char offers[] =
    "i can|i could|i would be|i'd be|i am happy|i'm happy|i am here|i'm here|i will be|i'll be"
    "|please|feel free|you can|you could|you may|you might|let me|if you|if there|i recommend"
    "|i suggest|i would suggest|i would recommend|i'd recommend|i'd suggest|perhaps|maybe"
    "|is there|would you|do you|we can|we could|our|contact|i hope|thank|i do not|i don't"
    "|ich kann|gerne|bitte|sie können|du kannst|wenden sie|wenn sie|je peux|vous pouvez"
    "|n'hésitez|si vous|puedo|puede|por favor|si desea|si necesita|posso|può|se vuole"
    "|pode|se quiser|ik kan|u kunt|je kunt|neem contact|als u|请|如果|我可以|您可以"
    "|よろしければ|お手数|궁금";
/* An offer that says what it offers. */
static const char tellings[] =
    "i can tell you|i can say|i can share that|i can confirm|i could tell you|i can tell";

enum { ANSWER_WORDS_MIN = 3 };

static struct bytes after(struct bytes text, size_t size)
{
    return bytes_of(text.data + size, text.size - size);
}

static struct bytes behind_apology(struct bytes sentence)
{
    struct bytes rest = phrase_skip_marks(sentence);
    size_t apology = phrase_any_at_start(rest, apologies);
    if (apology == 0)
        return rest;
    rest = phrase_skip_marks(after(rest, apology));
    return phrase_skip_marks(after(rest, phrase_any_at_start(rest, links)));
}

/* Length of what refuses at the start of `rest`; 0: nothing does. */
static size_t refusal_size(struct bytes rest, bool is_first, bool *ret_is_identity)
{
    size_t size = phrase_any_at_start(rest, identities);
    *ret_is_identity = size > 0;
    if (size > 0) {
        size_t negation = phrase_any_within(after(rest, size), negations);
        return negation ? size + negation : 0;
    }
    size = phrase_any_at_start(rest, refusals);
    if (size == 0 && phrase_any_at_start(rest, split_openings) > 0)
        return phrase_any_within(rest, split_endings);
    if (size == 0 && is_first)
        size = phrase_any_at_start(rest, evasions);
    bool is_verb_final = rest.size > 0 && rest.data[0] >= 0xe3 && rest.data[0] <= 0xed;
    return size == 0 && is_verb_final ? phrase_any_within(rest, final_refusals) : size;
}

/* Scripts without spaces: a few characters are a few words. */
static bool has_words(struct bytes text)
{
    size_t words = 0;
    for (size_t i = 0; i < text.size && words < ANSWER_WORDS_MIN; i++) {
        bool is_space = text.data[i] == ' ';
        words += text.data[i] >= 0xe3 ? 1 : !is_space && (i == 0 || text.data[i - 1] == ' ');
    }
    return words >= ANSWER_WORDS_MIN;
}

static bool answers(struct bytes text)
{
    text = phrase_skip_marks(text);
    bool is_identity;
    if (refusal_size(text, false, &is_identity) > 0 || !has_words(text))
        return false;
    return phrase_any_at_start(text, tellings) > 0 || phrase_any_at_start(text, offers) == 0;
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
    struct bytes rest = behind_apology(sentence);
    bool is_identity = false;
    size_t size = refusal_size(rest, is_first, &is_identity);
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
        return false;
    return answers(after(text, contrast));
}
