/* Japanese, Korean, Turkish, Hindi and Bengali put the verb at the end, so that there what refuses is
 * sought in the whole sentence. */
#include "processor/score/language/refusal_phrases.h"

static const struct refusal_phrases english = {
    .apologies =
        "i'm sorry|i am sorry|we're sorry|we are sorry|i'm very sorry|i'm really sorry|i'm so sorry"
        "|sorry|my apologies|i apologize|i apologise|apologies|unfortunately|regrettably|i'm afraid"
        "|i am afraid|i regret|thank you for asking|thanks for asking",
    .links = "but|however|that|to say|to say that|to inform you that",
    .refusals =
        "i must decline|i have to decline|i decline|i'll have to decline|i do not have access"
        "|i don't have access|i do not have enough information|i don't have enough information"
        "|i do not have information|i don't have information|i do not have the information"
        "|i don't have the information|i don't have any information|i do not have any information"
        "|i don't have specific information|i don't have real-time|i do not have real-time"
        "|i do not have the ability|i don't have the ability|i do not have the capability"
        "|i don't have the capability|i don't have the ability"
        "|i do not know|i don't know|i am not allowed|i'm not allowed|i'm not permitted"
        "|i am not permitted|i am not authorized|i'm not authorized|i am not programmed"
        "|i'm not programmed|i am not designed to|i'm not designed to"
        "|it is not appropriate|it's not appropriate|it is not ethical|it's not ethical"
        "|it is not accurate to|it's not accurate to|it would not be appropriate"
        "|it wouldn't be appropriate|it would not be ethical|it is inappropriate"
        "|it's inappropriate|i don't think it's appropriate|i do not think it is appropriate"
        "|i don't think it is appropriate|i do not feel comfortable|i don't feel comfortable"
        "|i'm not comfortable|i am not comfortable|i must refuse|i refuse to|i'd rather not"
        "|i would rather not|i have no access|i have no information",
    .negated = "i cannot|i can't|i can not|i am unable|i'm unable|i am not able|i'm not able"
               "|i won't|i will not|i won't be able|i will not be able|i could not|i couldn't"
               "|i would not be able|i wouldn't be able|i am not in a position"
               "|i'm not in a position|i am incapable of|i'm not capable of"
               "|i am not capable of|we cannot|we can't|we can not|we are unable|we're unable"
               "|we are not able|we're not able|we won't be able|we will not be able",
    .bare = "cannot|can't|unable|not able",
    .verbs =
        "help|helping|assist|assisting|aid|support|provide|providing|supply|answer|answering"
        "|respond|reply|comply|complying|discuss|share|disclose|reveal|give|giving|offer|tell|say"
        "|speak|talk|comment|advise|recommend|suggest|instruct|teach|show|explain|describe|list"
        "|name|do|make|create|write|generate|produce|draft|compose|continue|proceed|complete"
        "|fulfill|fulfil|satisfy|accommodate|honor|grant|perform|carry out|execute|process|handle"
        "|complete|engage|participate|take part|encourage|condone|endorse|promote|facilitate"
        "|enable|allow|permit|accept|agree to|act|pretend|impersonate|role-play|roleplay|play"
        "|express|form|have|predict|speculate|guess|judge|evaluate|determine|decide|choose"
        "|confirm|verify|guarantee|diagnose|prescribe|access|open|browse|view|read|look up|search"
        "|retrieve|check|fetch|book|order|cancel|change|update|delete|modify|transfer|send|contact"
        "|call|connect|schedule|refund|approve|authorize|release|translate|summarize|analyze"
        "|calculate|quote|cite|fabricate|bypass|violate|entertain|go into"
        "|get into",
    .is_verb_next = true};

static const struct refusal_phrases german = {
    .apologies = "es tut mir leid|tut mir leid|entschuldigung|entschuldigen sie|leider"
                 "|bedauerlicherweise|ich bedaure|ich bedauere|verzeihung",
    .links = "aber|dass|jedoch|doch",
    .refusals = "ich darf nicht|ich bin nicht befugt|ich weiß es nicht|ich weiß nicht"
                "|ich habe keine informationen|ich habe keinen zugriff|dazu habe ich keine"
                "|darüber habe ich keine|habe ich keinen zugriff|habe ich keine informationen"
                "|ich verfüge nicht über|ich muss ablehnen|das darf ich nicht",
    .negated = "ich kann nicht|ich kann das nicht|ich kann dir nicht|ich kann ihnen nicht"
               "|ich kann ihnen dabei nicht|ich kann dir dabei nicht|ich kann diese frage nicht"
               "|ich kann ihre frage nicht"
               "|kann ich nicht|kann ich ihnen nicht|kann ich ihnen dabei nicht|kann ich dir nicht"
               "|kann ich dir dabei nicht|kann ich das nicht|das kann ich nicht"
               "|das kann ich leider nicht|ich bin nicht in der lage|bin ich nicht in der lage"
               "|ich bin leider nicht in der lage|ich möchte nicht|wir können nicht"
               "|wir können ihnen nicht|ich werde nicht",
    .verbs = "helf|weiterhelf|behilflich|beantwort|antwort|geben|nennen|mitteil|mitzuteil|weitergeb"
             "|herausgeb|unterstütz|dienen|auskunft|angaben|informier|bereitstell|erfüll"
             "|bearbeit|sagen|teilen|zugreif|zuzugreif|durchführ|erstell|schreib|empfehl|machen"
             "|besprech|diskutier|preisgeb|liefer|nachkomm|entsprech|beurteil|bestätig"
             "|verrat|zeigen|anbiet|tun|erteil|offenleg|äußer|raten|beraten",
};

static const struct refusal_phrases french = {
    .apologies = "je suis désolé|je suis désolée|je suis vraiment désolé|désolé|désolée|je regrette"
                 "|malheureusement|navré|je suis navré|excusez-moi|je m'excuse|toutes mes excuses",
    .links = "mais|que|cependant",
    .refusals = "je ne suis pas autorisé|je ne suis pas autorisée|je n'ai pas accès"
                "|je n'ai pas d'information|je n'ai pas d'informations|je ne dispose pas"
                "|je ne sais pas|je refuse|je dois refuser|je n'ai pas le droit",
    .negated = "je ne peux pas|je ne peux malheureusement pas|je ne peux vous"
               "|je ne suis pas en mesure|je ne suis malheureusement pas|je ne saurais"
               "|je ne pourrai pas|il m'est impossible|nous ne pouvons pas"
               "|nous ne sommes pas en mesure|je suis dans l'impossibilité",
    .verbs = "aid|répond|fourni|donner|partag|communiqu|divulgu|discut|accéd|dire|parler|assist"
             "|effectu|accept|satisf|conseill|révél|transmettr|indiqu|traiter|faire|écri|génér"
             "|créer|rédig|recommand|accompagn|proposer|renseign",
};

static const struct refusal_phrases spanish = {
    .apologies = "lo siento|lo siento mucho|lo lamento|lamentablemente|desafortunadamente|me temo"
                 "|perdón|perdona|disculpa|disculpe|por desgracia",
    .links = "pero|que|sin embargo",
    .refusals = "no estoy autorizado|no estoy autorizada|no tengo acceso|no tengo información"
                "|no tengo la información|no tengo permitido|no dispongo de|no cuento con|no sé"
                "|debo declinar|no me está permitido",
    .negated = "no puedo|no podemos|no me es posible|no nos es posible|no estoy en condiciones"
               "|no le puedo|no te puedo|no se lo puedo|no soy capaz|no podré",
    .verbs = "ayud|respond|proporcion|ofrec|dar|brind|compart|revel|discut|facilit|acced|decir"
             "|asist|hablar|complet|realizar|cumpl|atender|procesar|hacer|escrib|generar|crear"
             "|inform|divulg|contest|aconsej|recomend|coment|mostrar|hacerlo",
};

static const struct refusal_phrases italian = {
    .apologies = "mi dispiace|sono spiacente|spiacente|purtroppo|mi scuso|scusa|scusi|mi spiace",
    .links = "ma|che|però",
    .refusals = "non sono autorizzato|non sono autorizzata|non ho accesso|non ho informazioni"
                "|non dispongo di|non so|devo rifiutare",
    .negated = "non posso|non possiamo|non sono in grado|non mi è possibile|non ti posso"
               "|non le posso|non riesco",
    .verbs = "aiut|rispond|forn|dare|darti|darle|condivid|rivel|discut|acced|dire|dirti|dirle"
             "|assist|parl|soddisf|esegu|fare|farlo|scriv|generar|creare|offr|comunic|consigli"
             "|divulg|elabor|mostr",
};

static const struct refusal_phrases portuguese = {
    .apologies = "desculpe|desculpa|peço desculpa|peço desculpas|sinto muito|lamento"
                 "|infelizmente|perdão",
    .links = "mas|que|porém",
    .refusals = "não estou autorizado|não estou autorizada|não tenho acesso|não tenho informações"
                "|não tenho informação|não disponho de|não sei|não tenho permissão",
    .negated = "não posso|não podemos|não consigo|não me é possível|não sou capaz|não lhe posso"
               "|não poderei",
    .verbs = "ajud|respond|fornec|dar|compart|partilh|revel|discut|acess|aced|dizer|assist|auxili"
             "|falar|realizar|cumpr|atend|process|fazer|escrev|gerar|criar|oferec|inform|divulg"
             "|aconselh|recomend|coment|mostrar",
};

static const struct refusal_phrases dutch = {
    .apologies = "het spijt me|het spijt mij|sorry|helaas|excuses|mijn excuses",
    .links = "maar|dat",
    .refusals = "ik mag niet|ik weet het niet|ik heb geen toegang|ik heb geen informatie"
                "|heb ik geen toegang|heb ik geen informatie",
    .negated = "ik kan niet|ik kan je niet|ik kan u niet|ik kan u daar niet|ik kan u hierbij niet"
               "|ik kan je daar niet|ik kan je hierbij niet|ik kan dat niet|ik ben niet in staat"
               "|kan ik niet|kan ik u niet|kan ik je niet|kan ik u daar niet|dat kan ik niet"
               "|wij kunnen niet|we kunnen niet",
    .verbs = "help|beantwoord|antwoord|geven|verstrek|delen|bespre|zeggen|vertel|ondersteun"
             "|uitvoer|doen|schrijv|maken|toegang|advis|aanrad|aanbied|voldoen|bijstaan",
};

static const struct refusal_phrases japanese = {
    .apologies = "申し訳ありませんが|申し訳ございませんが|申し訳ありません|申し訳ございません"
                 "|恐れ入りますが|残念ながら|すみませんが|すみません",
    .links = "、",
    .refusals = "お答えできません|お手伝いできません|その質問にはお答えできません",
    .finals = "お答えできません|お答えすることができません|お答えすることはできません"
              "|お答えしかねます|お答えいたしかねます|回答できません|回答することができません"
              "|回答することはできません|お手伝いできません|お手伝いすることができません"
              "|お手伝いすることはできません|お伝えできません|お伝えすることはできません"
              "|ご案内できません|ご提供できません|提供できません|提供することはできません"
              "|お教えできません|開示できません|対応いたしかねます|わかりかねます"
              "|分かりかねます|アクセスできません|お力になれません|お応えできません"
              "|応じることはできません|共有できません|お助けできません"};

static const struct refusal_phrases chinese = {
    .apologies = "很抱歉|非常抱歉|抱歉|对不起|對不起|很遗憾|很遺憾|不好意思",
    .links = "但|但是|不过",
    .refusals = "我没有权限|我没有关于|我没有相关|我没有足够|我没有这方面|我没有访问|我没有个人"
                "|我没有信息|我没有资料|我没有能力|我没有办法|我沒有權限|我沒有關於|我沒有相關"
                "|我沒有足夠|我沒有辦法|我不知道|恕我|不能提供",
    .negated = "我无法|我無法|我不能|我们无法|我們無法|我们不能|我們不能|无法|無法|我不可以"
               "|恐怕我不能|恐怕我无法",
    .verbs =
        "提供|回答|帮助|幫助|帮到|帮忙|协助|協助|透露|分享|讨论|討論|满足|滿足|给出|給出"
        "|告诉|告訴|完成|处理|處理|执行|執行|支持|访问|訪問|查看|评论|評論|为您|為您|为你"
        "|幫您|帮您|帮你|生成|创建|创作|撰写|推荐|建议|继续|参与|預測|预测|确认|確認|解答|答复|公开"
        "|泄露|这样做|做到|遵从|给您|给你",
};

static const struct refusal_phrases korean = {
    .apologies = "죄송하지만|죄송합니다만|죄송합니다|유감스럽게도|안타깝지만|안타깝게도|미안하지만",
    .links = "하지만",
    .refusals = "도와드릴 수 없|답변할 수 없",
    .finals = "도와드릴 수 없|도와 드릴 수 없|도와드리기 어렵|답변할 수 없|답변드릴 수 없"
              "|답변해 드릴 수 없|답변을 드릴 수 없|답변드리기 어렵|제공할 수 없|제공해 드릴 수 없"
              "|제공해드릴 수 없|알려드릴 수 없|알려 드릴 수 없|안내해 드릴 수 없|말씀드릴 수 없"
              "|접근할 수 없|공유할 수 없|공유해 드릴 수 없|응할 수 없|들어드릴 수 없"};

static const struct refusal_phrases russian = {
    .apologies = "извините|извини|простите|прости|к сожалению|приношу извинения|прошу прощения"
                 "|мне жаль|мне очень жаль|сожалею|увы",
    .links = "но|что|однако",
    .refusals = "у меня нет доступа|у меня нет информации|у меня нет данных|я не имею доступа"
                "|я не знаю|я не имею права|мне не разрешено|мне запрещено|я отказываюсь"
                "|я вынужден отказать|я вынуждена отказать|вынужден отказать|вынуждена отказать"
                "|я не располагаю|нет доступа к",
    .negated = "я не могу|не могу|я не смогу|не смогу|мы не можем|не можем|я не в состоянии"
               "|я не имею возможности|не имею возможности|у меня нет возможности|я не способен"
               "|я не способна|я не буду",
    .verbs = "помоч|помог|ответ|отвеч|предостав|сообщ|подел|делит|раскры|обсужд|обсуд|рассказ"
             "|дать|выполн|назва|сказать|говор|консульт|поддерж|предлож|сделать|написа|созда"
             "|показа|удовлетвор|комментир|рекоменд|советова|доступ|продолж|участв|оказ",
};

static const struct refusal_phrases ukrainian = {
    .apologies = "вибачте|пробачте|на жаль|перепрошую|мені шкода|прошу вибачення",
    .links = "але|що|проте",
    .refusals = "у мене немає доступу|у мене немає інформації|я не знаю|я не маю доступу"
                "|я не маю інформації",
    .negated = "я не можу|не можу|я не зможу|не зможу|ми не можемо|не можемо|я не в змозі",
    .verbs = "допомог|допомаг|відпов|надати|повідом|поділит|розкри|обговор|розпов|дати|викон"
             "|сказати|зробити|написати|порад",
};

static const struct refusal_phrases polish = {
    .apologies = "przepraszam|bardzo przepraszam|przykro mi|bardzo mi przykro|niestety|wybacz",
    .links = "ale|że|jednak",
    .refusals = "nie mam dostępu|nie mam informacji|nie wiem|nie wolno mi|muszę odmówić"
                "|nie mam uprawnień|nie posiadam informacji",
    .negated = "nie mogę|nie jestem w stanie|nie możemy|nie potrafię|nie będę w stanie",
    .verbs = "pomóc|pomoc|pomag|odpowie|odpowiad|udziel|udostęp|podać|przekaz|ujawn|dostarcz|zrobi"
             "|wykon|spełni|omówi|omawia|powiedzie|doradz|napisa|stworz|komentow|zapewni",
};

static const struct refusal_phrases czech = {
    .apologies = "omlouvám se|bohužel|je mi líto|promiňte|lituji",
    .links = "ale|že",
    .refusals = "nemám přístup|nemám informace|nevím|nesmím",
    .negated = "nemohu|nemůžu|nemůžeme|nejsem schopen|nejsem schopna|nedokážu",
    .verbs = "pomoc|pomáh|pomoh|odpov|poskyt|sděl|sdílet|prozrad|říci|říct|udělat|provést|splnit",
};

static const struct refusal_phrases romanian = {
    .apologies = "din păcate|îmi pare rău|imi pare rau|din pacate|scuze|ne pare rău|regret",
    .links = "dar|că|însă",
    .refusals = "nu am acces|nu am informații|nu dețin informații|nu știu|nu am voie",
    .negated = "nu pot|nu putem|nu sunt în măsură|nu vă pot|nu te pot|nu îți pot",
    .verbs = "ajut|răspun|furniz|ofer|împărtăș|dezvălui|discut|accesa|spune|divulg|realiza|face"
             "|asist|comunic",
};

static const struct refusal_phrases swedish = {
    .apologies = "tyvärr|jag beklagar|beklagar|förlåt|ursäkta|jag är ledsen",
    .links = "men|att",
    .refusals = "jag har inte tillgång|jag har ingen information|jag vet inte|jag får inte",
    .negated = "jag kan inte|jag kan tyvärr inte|kan jag inte|kan jag tyvärr inte|vi kan inte"
               "|kan vi inte|jag har inte möjlighet|jag är inte i stånd",
    .verbs = "hjälpa|svara|besvara|ge|lämna|dela|diskutera|tillhandahålla|berätta|säga|utföra"
             "|uppfylla|bistå|göra|skriva|skapa|avslöja",
};

static const struct refusal_phrases greek = {
    .apologies = "λυπάμαι|συγγνώμη|δυστυχώς|ζητώ συγγνώμη|με συγχωρείτε",
    .links = "αλλά|όμως|που",
    .refusals = "δεν έχω πρόσβαση|δεν έχω πληροφορίες|δεν γνωρίζω|δεν ξέρω|δεν επιτρέπεται",
    .negated = "δεν μπορώ|δεν μπορούμε|δεν είμαι σε θέση|αδυνατώ",
    .verbs = "βοηθ|απαντ|παρ|δώσ|μοιρ|αποκαλ|συζητ|πρόσβαση|πω|πληροφορ|εκτελ|εξυπηρετ|κάν"
             "|ανταποκρ",
};

static const struct refusal_phrases turkish = {
    .apologies = "maalesef|üzgünüm|çok üzgünüm|ne yazık ki|özür dilerim|kusura bakmayın",
    .links = "ama|ancak|fakat",
    .finals = "yardımcı olamam|yardımcı olamıyorum|yardımcı olamayacağım|yardımcı olamayız"
              "|yardım edemem|yardım edemiyorum|yardım edemeyeceğim|cevap veremem"
              "|cevap veremiyorum|yanıt veremem|yanıt veremiyorum|yanıtlayamam|yanıtlayamıyorum"
              "|cevaplayamam|cevaplayamıyorum|paylaşamam|paylaşamıyorum|paylaşamayız|sağlayamam"
              "|sağlayamıyorum|bilgi veremem|bilgi veremiyorum|tavsiye veremem|tavsiyesi veremem"
              "|erişimim yok|bilgim yok|bilgiye sahip değilim|bilmiyorum|yapamam|yapamıyorum"
              "|söyleyemem|yerine getiremem|yerine getiremiyorum|sunamam|sunamıyorum"};

static const struct refusal_phrases arabic = {
    .apologies = "عذرا|عذرًا|عذراً|آسف|أنا آسف|آسفة|أنا آسفة|نأسف|أعتذر|للأسف|مع الأسف|يؤسفني"
                 "|المعذرة",
    .links = "لكن|ولكن|لكنني|ولكنني|لكني|أنني|أنا",
    .refusals = "ليس لدي معلومات|ليس لدي صلاحية|ليس لدي إمكانية|ليست لدي معلومات"
                "|لا أملك معلومات|لا أملك صلاحية|لا أعرف|لا أعلم|غير مسموح لي|لا يسمح لي",
    .negated = "لا أستطيع|لا استطيع|لا يمكنني|لا أقدر|لا يمكننا|لا نستطيع|لست قادرا|لست قادرًا"
               "|لست قادراً|لن أتمكن|لن أستطيع|غير قادر|لا أتمكن|لا بإمكاني|ليس بإمكاني",
    .verbs = "مساعد|بمساعد|الإجابة|الاجابة|إجابة|الرد|تقديم|توفير|مشاركة|الإفصاح|الكشف|إعطاء|اعطاء"
             "|مناقشة|الوصول|تنفيذ|القيام|إخبار|كتابة|إنشاء|أن أساعد|الاطلاع|تزويد|تلبية|المساعدة"
             "|أن أقدم|أن أجيب|ذلك",
};

static const struct refusal_phrases hebrew = {
    .apologies = "מצטער|אני מצטער|מצטערת|אני מצטערת|לצערי|סליחה",
    .links = "אבל|אך",
    .refusals = "אין לי גישה|אין לי מידע|אינני יודע|איני יודע|אני לא יודע",
    .negated = "איני יכול|אני לא יכול|איני יכולה|אני לא יכולה|אין באפשרותי|לא אוכל|אינני יכול",
    .verbs = "לעזור|לענות|לספק|לתת|לשתף|לסייע|לחשוף|לדון|לומר|למסור|לבצע|לגשת|לעשות",
};

static const struct refusal_phrases hindi = {
    .apologies = "माफ़ कीजिए|माफ कीजिए|क्षमा करें|क्षमा कीजिए|मुझे खेद है|खेद है|मुझे अफ़सोस है"
                 "|दुर्भाग्य से|दुर्भाग्यवश|माफ़ करें|माफ करें",
    .links = "लेकिन|परंतु|किंतु|कि",
    .finals = "मदद नहीं कर सकता|मदद नहीं कर सकती|मदद नहीं कर पाऊंगा|सहायता नहीं कर सकता"
              "|सहायता नहीं कर सकती|उत्तर नहीं दे सकता|उत्तर नहीं दे सकती|जवाब नहीं दे सकता"
              "|जवाब नहीं दे सकती|जानकारी नहीं दे सकता|जानकारी नहीं दे सकती|सलाह नहीं दे सकता"
              "|सलाह नहीं दे सकती|साझा नहीं कर सकता|साझा नहीं कर सकती|प्रदान नहीं कर सकता"
              "|प्रदान नहीं कर सकती|बता नहीं सकता|बता नहीं सकती|नहीं बता सकता|नहीं बता सकती"
              "|पूरा नहीं कर सकता|पूरा नहीं कर सकती|करने में असमर्थ|देने में असमर्थ"
              "|मुझे जानकारी नहीं है|मेरे पास जानकारी नहीं है|पहुँच नहीं है|पहुंच नहीं है"};

static const struct refusal_phrases bengali = {
    .apologies = "দুঃখিত|আমি দুঃখিত|দুর্ভাগ্যবশত|ক্ষমা করবেন",
    .links = "কিন্তু|তবে",
    .finals = "সাহায্য করতে পারছি না|সাহায্য করতে পারব না|সাহায্য করতে পারি না"
              "|উত্তর দিতে পারছি না|উত্তর দিতে পারব না|উত্তর দিতে পারি না|তথ্য দিতে পারছি না"
              "|তথ্য দিতে পারব না|তথ্য দিতে পারি না|শেয়ার করতে পারি না|জানাতে পারছি না"
              "|জানাতে পারব না"};

static const struct refusal_phrases vietnamese = {
    .apologies = "xin lỗi|tôi xin lỗi|rất xin lỗi|rất tiếc|tiếc là|thật tiếc",
    .links = "nhưng|là|rằng|bạn",
    .refusals = "tôi không có quyền|tôi không có thông tin|tôi không biết|tôi không được phép",
    .negated = "tôi không thể|không thể|chúng tôi không thể|em không thể|mình không thể"
               "|tôi chưa thể|tôi không có khả năng",
    .verbs = "giúp|trả lời|cung cấp|chia sẻ|tiết lộ|hỗ trợ|thảo luận|truy cập|thực hiện|cho bạn"
             "|nói|đáp ứng|đưa ra|tư vấn|viết|làm|giải đáp",
};

static const struct refusal_phrases thai = {
    .apologies = "ขออภัย|ขอโทษ|เสียใจ|ฉันขออภัย|ผมขออภัย|ขออภัยด้วย|น่าเสียดาย|ต้องขออภัย|ต้องขออภัยด้วย",
    .links = "ครับ|ค่ะ|คะ|นะคะ|นะครับ|ด้วย|แต่|ที่",
    .refusals = "ฉันไม่มีข้อมูล|ผมไม่มีข้อมูล|ดิฉันไม่มีข้อมูล|ฉันไม่มีสิทธิ์|ผมไม่มีสิทธิ์|ฉันไม่ทราบ|ผมไม่ทราบ"
                "|ดิฉันไม่ทราบ|ฉันไม่รู้|ผมไม่รู้|ไม่ได้รับอนุญาต",
    .negated = "ไม่สามารถ|ฉันไม่สามารถ|ผมไม่สามารถ|ดิฉันไม่สามารถ|เราไม่สามารถ|ทางเราไม่สามารถ|ฉันไม่อาจ"
               "|ผมไม่อาจ|ไม่อาจ",
    .verbs = "ช่วย|ตอบ|ให้|เปิดเผย|แบ่งปัน|บอก|ดำเนินการ|เข้าถึง|ทำ|แชร์|สนับสนุน|พูด|แจ้ง|เขียน|สร้าง|แนะนำ",
};

static const struct refusal_phrases indonesian = {
    .apologies = "maaf|mohon maaf|saya minta maaf|saya mohon maaf|maafkan saya|sayangnya"
                 "|sayang sekali",
    .links = "tetapi|tapi|namun",
    .refusals = "saya tidak memiliki akses|saya tidak memiliki informasi|saya tidak tahu"
                "|saya tidak diizinkan|saya tidak punya akses|saya tidak punya informasi",
    .negated = "saya tidak dapat|saya tidak bisa|kami tidak dapat|kami tidak bisa|tidak dapat"
               "|tidak bisa|aku tidak bisa|saya tidak mampu",
    .verbs = "membantu|menjawab|memberi|menyediakan|membagikan|berbagi|mengungkap|membahas"
             "|mengakses|melakukan|memenuhi|menyampaikan|mendukung|memproses|menulis|membuat"
             "|melayani",
};

const struct refusal_phrases *const refusal_phrases[] = {
    &english,  &german,     &french, &spanish,   &italian,   &portuguese, &dutch,
    &japanese, &chinese,    &korean, &russian,   &ukrainian, &polish,     &czech,
    &romanian, &swedish,    &greek,  &turkish,   &arabic,    &hebrew,     &hindi,
    &bengali,  &vietnamese, &thai,   &indonesian};
const size_t refusal_phrases_count = sizeof refusal_phrases / sizeof *refusal_phrases;
