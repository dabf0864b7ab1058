/* Words without content of their own: articles, pronouns, prepositions, conjunctions, auxiliaries.
 * One list for all languages: an answer in one of them rarely means another's, and nothing has to
 * guess the language. */
#include "processor/score/language/stop_words.h"

#include <pthread.h>

#include "processor/score/language/word_list.h"

static const char *const stop_words[] = {
    /* en */
    "a about above after again all also am an and any are aren't as at be because been before "
    "being below between both but by can can't cannot could couldn't did didn't do does "
    "doesn't doing don't down during each either else ever few for from further had hadn't "
    "has hasn't have haven't having he he'd he'll he's her here hers herself him himself his "
    "how i i'd i'll i'm i've if in into is isn't it it's its itself just let let's may me "
    "might more most must my myself neither nor of off on once only or other our ours "
    "ourselves out over own same shall she she'd she'll she's should shouldn't so some such "
    "than that that's the their theirs them themselves then there there's these they they'd "
    "they'll they're they've this those through to too under until up upon us very was wasn't "
    "we we'd we'll we're we've were weren't what what's when where which while who whom whose "
    "why will with within won't would wouldn't yes yet you you'd you'll you're you've your "
    "yours yourself yourselves",
    /* de */
    "aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei "
    "beim bin bis bist da damit dann das dass dein deine dem den denn der des dich die dies "
    "diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer "
    "eines er es etwas euch euer für hab habe haben hat hatte hatten hier hin ich ihm ihn "
    "ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jene kann "
    "können könnte man mein meine mich mir mit muss müssen nach noch nun nur ob oder ohne "
    "sehr sein seine seinem seinen seiner seit sich sie sind so soll sollte sondern sonst "
    "über um und uns unser unsere unter vom von vor war waren was weil welche welcher welches "
    "wenn wer werde werden wie wieder will wir wird wirst wo wollen wurde wurden würde zu zum "
    "zur zwar zwischen",
    /* fr */
    "ai ainsi as au aucun aussi autre aux avait avant avec avez avons c'est ce cela celle "
    "celui ces cet cette ceux chaque comme d'un d'une dans de des deux donc dont du elle "
    "elles en encore entre est et être eu eux fait il ils j'ai je l'on la le les leur leurs "
    "lui mais me même mes moi mon ne nos notre nous on ont ou où par parce peut peuvent plus "
    "pour pouvez puis qu'il qu'elle quand que quel quelle quels qui sa sans se sera ses si "
    "son sont sur ta te tes toi ton tous tout toute toutes très tu un une vers vos votre vous "
    "y à",
    /* es */
    "al algo alguna alguno ante antes aquí así aunque cada como con contra cual cuando cuándo "
    "de del desde donde dos durante e el él ella ellas ellos en entre era eran es esa ese eso "
    "esos esta está están estar estas este esto estos fue fueron ha haber había han hasta hay "
    "la las le les lo los más me mi mis mucho muy nada ni nos nosotros nuestra nuestro o os "
    "otra otro para pero poco por porque puede pueden pues que qué quién se ser si sí "
    "siempre sin sobre son soy su sus también tan te tiene tienen todo todos tu tus un una "
    "uno unos usted ustedes y ya yo",
    /* it */
    "agli ai al alla alle allo anche ancora avere aveva c'è che chi ci ciascuno come con cosa "
    "cui da dagli dai dal dalla dalle dei del dell della delle dello di dopo dove e è ed "
    "ecco era erano essere fa fra già gli ha hai hanno ho i il in io la là le lei li lo loro "
    "lui ma mi mia mio molto ne negli nei nel nella nelle noi nostra nostro o ogni per perché "
    "più poi può qual quale quando quella quelle quelli quello questa queste questi questo "
    "qui se sei sempre si sia siamo siete solo sono stata stato su sua sue sugli sul sulla "
    "suo suoi tra tu tua tuo tutti tutto un una uno vi voi vostra vostro",
    /* pt */
    "a à ao aos aquela aquele aqui as às até com como da das de dela dele depois do dos e é "
    "ela elas ele eles em entre era essa esse esta está estão este estes eu foi for foram há "
    "isso isto já lhe mais mas me mesmo meu meus minha muito na nas nós no nos nossa nosso "
    "num numa o os ou para pela pelas pelo pelos pode podem por porque qual quando que quem "
    "são se sem ser seu seus só sobre sua suas também te tem têm ter teu tinha um uma umas "
    "uns você vocês",
    /* nl */
    "aan al alle als altijd andere ben bij daar dan dat de der deze die dit doch doen "
    "dus een en er ge haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is "
    "ja je jij jouw jullie kan kunnen kunt maar me meer men met mij mijn moet moeten na naar "
    "nog nu of om omdat onder ons onze ook op over reeds te tegen toch toen tot u uit uw van "
    "veel voor waren was wat we wel werd wezen wie wij wil worden wordt zal ze zei zelf "
    "zich zij zijn zo zonder zou zullen",
    /* ru */
    "а без более бы был была были было быть в вам вас весь во вот все всё всего всех вы где да "
    "даже для до его ее её ей ему если есть еще ещё же за здесь и из или им их к как какая какие "
    "какой какое когда который которая которое которые кто ли либо между меня мне много мной "
    "может мой моя мы на над нам нас наш наша не него нее неё ней нет ни них но ну о об один "
    "однако он она они оно от очень по под после потому при про с сам со так также такой там тебя "
    "тем то того тоже той только том тот тут ты у уже хотя чего чем что чтобы чьё эта эти это "
    "этого этой этом этот я является",
    /* pl */
    "a aby ale bardzo bez bo by był była było były być co czy dla do gdy gdzie go i ich ile im "
    "inne iż ja jak jaka jaki jakie jako je jego jej jest jestem jeśli jeszcze już każdy kiedy "
    "kto która które który lub ma mają mi między mnie może mój my na nad nam nas nasz nich nie "
    "niego niej nim niż o od on ona one oni oraz po pod ponieważ przed przez przy są się ta tak "
    "także tam te tego tej ten to tu ty tylko tym w we wszystko z za ze że żeby",
    /* ro */
    "a ai al ale am ar are aș au ca care că ce cea cei cel cele cum când cu cât câte da dacă dar "
    "de decât deci din dintre dintr după e ea ei el ele era este eu fi fie fost fără iar îi îl în "
    "între într la le lor lui lui mai mă mea meu mi mult ne nici noi noastre nostru nu o or ori "
    "pe pentru peste prin să sa sale sau se sunt și ta te tot toate toți tu un una unde unei unor "
    "unui va vor voi vă",
    /* sv */
    "alla allt att av blev bli blir både de dem den denna deras dess det detta dig din dina ditt "
    "då efter ej eller en er ett från för ha hade han hans har hon henne honom hur här i icke "
    "inte ja jag kan kunde man med mellan men mig min mina mitt mot mycket måste ni nu någon "
    "något några när och också om oss på sedan sig sin sina sitt skall ska skulle som så sådan "
    "till under upp ut utan vad var vara varit vem vi vid vilka vilken vilket är än",
    /* tr */
    "acaba ama ancak artık bana bazı belki ben beni benim bir biri birçok biz bize bizim bu buna "
    "bunda bundan bunu bunun burada böyle çok çünkü da daha de değil diye dolayı en eğer fakat "
    "gibi hangi hem hep her hiç için ile ise işte kadar kez ki kim kimse mi mı mu mü nasıl ne "
    "neden nedir nerede o olan olarak oldu olduğu olması olur ona onlar onu onun orada oysa öyle "
    "sanki sen senin siz sizin sonra şey şu tüm var ve veya ya yani yok",
    /* el */
    "ακόμα αλλά αν ανά από αυτά αυτές αυτή αυτό αυτός αυτού αυτών για γιατί δε δεν εάν είμαι είναι "
    "είχε εγώ εκεί εμείς ένα έναν ένας ενός επειδή εσείς εσύ έτσι έχει έχουν έχω ή ήταν η θα και "
    "κάθε κάποιος κατά κι με μέσα μετά μέχρι μη μην μια μία μιας μόνο μου μας να ο οι όλα όλες "
    "όμως "
    "όπου όπως όσο όταν ότι ού οποία οποίο οποίος ούτε πάνω παρά πιο πίσω ποια ποιο ποιος πολύ "
    "πού που πριν προς πρέπει πώς πως σας σε σου στα στη στην στις στο στον στους στα τα τη την "
    "της "
    "τι τις το τον του τους των τότε τώρα υπάρχει ως",
    /* ar */
    "أن إن أو أي أين إلى إلا إذا أنا أنت أنه إنه أنها إنها الذي التي الذين الى ان او اذا بعد بعض "
    "بل بين به بها بهذا بهذه تكون تلك ثم حتى حيث خلال ذلك دون سوف شيء عند عن على عليه عليها غير "
    "فإن في فيه فيها فقط قبل قد قد كان كانت كل كم كما كيف كي لا لأن لدى لدي لك لكن له لها لم لماذا "
    "لن لو ليس ليست ما ماذا متى مع من منذ منه منها هذا هذه هل هم هنا هناك هو هي و وقد ولا وهو وهي "
    "وفي ومن يا يكون يمكن يوجد نحن",
    /* hi */
    "अपना अपनी अपने अब आदि आप इन इस इसका इसकी इसके इसे उन उनका उनकी उनके उन्हें उस उसका उसकी उसके उसे "
    "एक एवं ऐसा ऐसे और कई कर करता करते करना करने करें का कि किया किस किसी की कुछ के को कोई कौन क्या "
    "क्यों गया गयी गई गए जब जहाँ जा जाता जाती जाते जिस जो तक तथा तब तरह तो था थी थे दिया द्वारा न नहीं "
    "ने पर फिर बहुत बाद भी मगर मुझे मेरा मेरी मेरे में मैं यदि यह यहाँ या ये रहा रही रहे लिए लेकिन "
    "व वह वहाँ वाला वाली वाले वे सकता सकते सकती सब सभी साथ से हम हमारे ही हुआ हुई हुए है हैं हो होता "
    "होती होते होना कब कहाँ कैसे कितना कितने कितनी",
    /* vi */
    "ai anh bạn bị bởi các cái cần chỉ cho chúng chưa có của cùng cũng cứ đã đang đây để đến đó "
    "đều "
    "điều do được gì hay hơn khi không là lại lên lúc mà mỗi một nào này nên nếu ngay như nhưng "
    "những nơi nữa ở phải qua ra rằng rất rồi sau sẽ sự tại tất theo thì tôi trên trong từ và vẫn "
    "vào vậy về vì việc với vừa bao nhiêu ấy",
};

enum { SLOTS = 8192 }; /* about a third full */
static uint64_t slots[SLOTS];
static struct word_list list = {slots, SLOTS};
static pthread_once_t is_made = PTHREAD_ONCE_INIT;

static void make(void)
{
    word_list_make(&list, stop_words, sizeof stop_words / sizeof *stop_words);
}

bool stop_words_hold(uint64_t hash)
{
    pthread_once(&is_made, make);
    return word_list_holds(&list, hash);
}
