/* Words without content of their own: articles, pronouns, prepositions, conjunctions, auxiliaries.
 * One list for all languages: an answer in one of them rarely means another's, and nothing has to
 * guess the language. Kept as a set of hashes with open addressing, made at the first question. */
#include "processor/score/language/stop_words.h"

#include <assert.h>
#include <pthread.h>

#include "processor/base/digest.h"

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
};

enum { SLOTS = 4096 }; /* about a third full */
static uint64_t slots[SLOTS];
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;

static void add(uint64_t hash)
{
    size_t at = hash % SLOTS;
    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) % SLOTS;
    slots[at] = hash;
}

static void make_slots(void)
{
    for (size_t i = 0; i < sizeof stop_words / sizeof *stop_words; i++) {
        const char *at = stop_words[i];
        while (*at) {
            size_t size = strcspn(at, " ");
            assert(size > 0);
            add(digest_fnv1a64(bytes_of(at, size)));
            at += size + (at[size] == ' ');
        }
    }
}

bool stop_words_hold(uint64_t hash)
{
    pthread_once(&slots_once, make_slots);
    for (size_t at = hash % SLOTS; slots[at] != 0; at = (at + 1) % SLOTS)
        if (slots[at] == hash)
            return true;
    return false;
}
