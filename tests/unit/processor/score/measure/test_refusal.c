/* link: score */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/score_test.h"

START_TEST(refusals_are_anchored)
{
    static const char *const yes[] = {"I can't help with that.",
                                      "I\xe2\x80\x99m sorry, but I cannot share that.",
                                      "Sorry. I am unable to do so.",
                                      "Leider kann ich Ihnen dabei nicht helfen.",
                                      "Je ne peux pas répondre.",
                                      "Lo siento, no puedo ayudarle.",
                                      "抱歉，我无法回答。"};
    static const char *const no[] = {
        "The product is not available in blue.", "I'm sorry for the delay. Your refund was sent.",
        "You cannot pay twice.", "I candidly agree.", "Cannot-fail policies apply."};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        hand->run.output = bytes_of_text(yes[i]);
        ck_assert_msg(score_fixture_read(fixture, "refusal")->value > 0, "%s", yes[i]);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        hand->run.output = bytes_of_text(no[i]);
        ck_assert_msg(score_fixture_read(fixture, "refusal")->value <= 0, "%s", no[i]);
    }
}
END_TEST

static void expect_all(const char *const *texts, size_t count, double value)
{
    for (size_t i = 0; i < count; i++) {
        hand->run.output = bytes_of_text(texts[i]);
        ck_assert_msg(score_fixture_read(fixture, "refusal")->value == value, "%s", texts[i]);
    }
}

START_TEST(what_cannot_be_done_is_a_refusal_where_it_is_to_serve)
{
    static const char *const refused[] = {"I can't.",
                                          "I cannot do that.",
                                          "I'm unable to do so.",
                                          "I can't, sorry.",
                                          "I cannot, in good conscience, help with this.",
                                          "I'm not able to actually share that.",
                                          "I won't be able to assist with this request.",
                                          "I can't find your order.",
                                          "I could not find any information about that.",
                                          "I'm sorry, but I could not find that.",
                                          "I can't see the account details.",
                                          "Sorry, can't help with that.",
                                          "Unfortunately, I cannot open links.",
                                          "I cannot recommend a specific stock.",
                                          "I don't know enough to say.",
                                          "I cannot provide enough information on that."};
    static const char *const no_refusals[] = {
        "I can't see any errors in the log, so the deployment went well.",
        "I cannot find any problem with your configuration.",
        "I cannot recommend this enough!",
        "I can't thank you enough for waiting.",
        "I can't wait to help: what is the order number?",
        "I can't help but notice that the invoice is paid.",
        "I cannot stress this enough: back up first.",
        "I can't think of a better choice.",
        "I couldn't agree more.",
        "I cannot reproduce the bug on version 2.",
        "I can't believe how fast it arrived.",
        "We can't rule out rain tomorrow.",
        "I won't bore you with details: it is 5.",
        "I can't tell whether it rains.",
        "No puedo encontrar ningún error en el registro.",
        "No puedo esperar a verlo.",
        "Je ne peux pas attendre demain.",
        "Ich kann nicht klagen.",
        "我没有发现任何错误。",
        "我无法找到任何错误。",
        "Я не могу найти ни одной ошибки.",
        "К сожалению, я не могу найти ошибок.",
        "Lo siento, no puedo encontrar ningún error.",
        "I'm sorry, I couldn't find any flights on 3 May.",
        "I can't say I disagree."};
    expect_all(refused, sizeof refused / sizeof *refused, 1);
    expect_all(no_refusals, sizeof no_refusals / sizeof *no_refusals, 0);
}
END_TEST

START_TEST(a_number_behind_a_refusal_answers_and_a_reason_does_not)
{
    static const char *const answered[] = {
        "I can't help with that. The fee is 20 dollars for every transfer.",
        "Sorry, I cannot answer this. The Eiffel Tower was built in 1889.",
        "Lo siento, no puedo ayudarle. La tarifa es de 20 euros."};
    static const char *const refused[] = {
        "I can't help with that. It is against our policy of 2021.",
        "I can't help with that. Please call 1-800-555-0100.",
        "I'm sorry, but I can't help. The crisis hotline is open 24 hours.",
        "I can't help with that. Hacking accounts is a crime.",
        "I can't answer that. My knowledge ends in 2023.",
        "I can't help with that. You can ask branch 12.",
        "I can't help with that. The war of the 19th century was a 3D horror.",
        "No, I cannot provide reasons for that.",
        "I'm really sorry that you feel this way, but I'm unable to help."};
    expect_all(answered, sizeof answered / sizeof *answered, 0);
    expect_all(refused, sizeof refused / sizeof *refused, 1);
}
END_TEST

START_TEST(a_refusal_that_goes_on_to_answer_is_none)
{
    static const char *const answered[] = {
        "As an AI, I don't have personal opinions, but most reviewers call it a fair offer.",
        "As an AI language model, I do not have feelings. The capital of France is Paris.",
        "I can't see your balance. However, the fee is 35 dollars for every plan.",
        "I'm sorry, but I can't name the officer, but the loan was approved on Monday.",
        "Ich kann den Kontostand nicht nennen, aber die Gebühr beträgt 5 Euro.",
        "As an AI assistant, I can tell you that the payoff is 1,200 dollars.",
        "抱歉，我无法查看账户，但是费用是五十元。"};
    static const char *const refused[] = {
        "I'm sorry, but I can't help with that, but I can help with another question.",
        "I can't share that. However, I would be happy to help with something else.",
        "As an AI, I don't have personal opinions.",
        "As an AI, I don't have opinions, but feel free to ask about rates.",
        "I am an AI language model and do not have access to accounts.",
        "It is not appropriate to share such details.",
        "It's not ethical to advise on this.",
        "I don't think it's appropriate to answer that.",
        "There is no inherent reason to do so.",
        "I cannot say, but please ask the branch.",
        "Unfortunately, I am not comfortable with that."};
    for (size_t i = 0; i < sizeof answered / sizeof *answered; i++) {
        hand->run.output = bytes_of_text(answered[i]);
        ck_assert_msg(score_fixture_read(fixture, "refusal")->value <= 0, "%s", answered[i]);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        hand->run.output = bytes_of_text(refused[i]);
        ck_assert_msg(score_fixture_read(fixture, "refusal")->value > 0, "%s", refused[i]);
    }
}
END_TEST

START_TEST(a_refusal_after_three_hundred_characters_is_not_one)
{
    static char text[600];
    int used = 0;
    for (int i = 0; i < 20; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "Your loan is paid. ");
    snprintf(text + used, sizeof text - (size_t)used, "I cannot say more.");
    hand->run.output = bytes_of_text(text);
    expect("refusal", 0);
}
END_TEST

static const struct {
    const char *locale, *text;
    bool refuses;
} answers[] = {
    {"en", "I'm sorry, but I can't share account details.", true},
    {"en", "Unfortunately, I am unable to answer that.", true},
    {"en", "As an AI, I cannot give legal advice.", true},
    {"en", "I'm sorry for the delay. Your refund was sent.", false},
    {"en", "You cannot pay twice.", false},
    {"de", "Leider kann ich Ihnen dabei nicht helfen.", true},
    {"de", "Es tut mir leid, aber ich kann diese Anfrage nicht beantworten.", true},
    {"de", "Ich kann Ihnen zu fremden Konten keine Auskunft geben.", true},
    {"de", "Dazu kann ich Ihnen leider keine Auskunft geben.", true},
    {"de", "Ich kann Ihnen die Ablösesumme nennen: 1.234,50 Euro.", false},
    {"de", "Leider ist die Frist abgelaufen.", false},
    {"fr", "Je suis désolé, mais je ne peux pas répondre à cette question.", true},
    {"fr", "Malheureusement, je ne suis pas en mesure de vous aider.", true},
    {"fr", "Il m'est impossible de communiquer ces données.", true},
    {"fr", "Malheureusement, le délai est dépassé.", false},
    {"es", "Lo siento, no puedo ayudarle con eso.", true},
    {"es", "Me temo que no tengo acceso a esos datos.", true},
    {"es", "El pago no puede repetirse.", false},
    {"it", "Mi dispiace, ma non posso fornire queste informazioni.", true},
    {"it", "Purtroppo non sono in grado di rispondere.", true},
    {"it", "Il rimborso non è stato ancora inviato.", false},
    {"pt", "Desculpe, mas não posso ajudar com isso.", true},
    {"pt", "Infelizmente, não tenho acesso a essa conta.", true},
    {"pt", "O pagamento não foi recebido.", false},
    {"nl", "Het spijt me, maar ik kan u hierbij niet helpen.", true},
    {"nl", "Helaas kan ik deze vraag niet beantwoorden.", true},
    {"nl", "Ik kan het bedrag voor u berekenen.", false},
    {"ja", "申し訳ありませんが、そのご質問にはお答えできません。", true},
    {"ja", "恐れ入りますが、口座の詳細はお伝えすることはできません。", true},
    {"ja", "見積書は十日間有効です。", false},
    {"zh", "很抱歉，我无法提供账户信息。", true},
    {"zh", "對不起，我無法回答這個問題。", true},
    {"zh", "报价十天内有效。", false},
    {"ko", "죄송하지만 해당 요청은 도와드릴 수 없습니다.", true},
    {"ko", "죄송합니다. 계좌 정보는 알려드릴 수 없습니다.", true},
    {"ko", "견적은 열흘 동안 유효합니다.", false},
    {"ru", "Извините, я не могу помочь с этим запросом.", true},
    {"ru", "К сожалению, я не могу предоставить эту информацию.", true},
    {"ru", "У меня нет доступа к этим данным.", true},
    {"ru", "Извините за задержку. Возврат отправлен в понедельник.", false},
    {"ru", "Я не могу назвать имя, но комиссия составляет 5 евро.", false},
    {"uk", "Вибачте, але я не можу допомогти з цим.", true},
    {"pl", "Przepraszam, ale nie mogę w tym pomóc.", true},
    {"pl", "Niestety oddział jest dziś zamknięty.", false},
    {"cs", "Omlouvám se, ale s tím nemohu pomoci.", true},
    {"ro", "Îmi pare rău, dar nu vă pot ajuta cu asta.", true},
    {"sv", "Tyvärr kan jag inte hjälpa dig med det.", true},
    {"el", "Λυπάμαι, δεν μπορώ να σας βοηθήσω με αυτό.", true},
    {"el", "ΛΥΠΆΜΑΙ, δεν μπορώ να απαντήσω.", true},
    {"tr", "Üzgünüm, bu konuda yardımcı olamam.", true},
    {"tr", "Maalesef şube bugün kapalı.", false},
    {"ar", "عذرًا، لا أستطيع مساعدتك في ذلك.", true},
    {"ar", "آسف، لكن لا يمكنني تقديم هذه المعلومات.", true},
    {"ar", "تم إرسال المبلغ يوم الاثنين.", false},
    {"he", "מצטער, אני לא יכול לעזור בזה.", true},
    {"hi", "माफ़ कीजिए, मैं इसमें आपकी मदद नहीं कर सकता।", true},
    {"hi", "आपका भुगतान सोमवार को भेजा गया।", false},
    {"bn", "দুঃখিত, আমি এই বিষয়ে সাহায্য করতে পারছি না।", true},
    {"vi", "Xin lỗi, tôi không thể giúp bạn việc này.", true},
    {"vi", "Rất tiếc, chi nhánh hôm nay đóng cửa.", false},
    {"th", "ขออภัย ฉันไม่สามารถช่วยเหลือในเรื่องนี้ได้", true},
    {"th", "ขอโทษครับ ผมไม่สามารถให้ข้อมูลนี้ได้", true},
    {"th", "ค่าธรรมเนียมคือ 20 บาท", false},
    {"id", "Maaf, saya tidak dapat membantu permintaan itu.", true},
    {"id", "Maaf atas keterlambatannya. Dana sudah dikirim.", false},
};

START_TEST(refusals_are_known_in_many_languages)
{
    hand->run.output = bytes_of_text(answers[_i].text);
    const struct reading *reading = score_fixture_read(fixture, "refusal");
    ck_assert_msg((reading->value > 0) == answers[_i].refuses, "%s: %s", answers[_i].locale,
                  answers[_i].text);
    ck_assert(reading->explanation.size > 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("refusals");
    TCase *tests = tcase_create("refusals");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, refusals_are_anchored);
    tcase_add_test(tests, what_cannot_be_done_is_a_refusal_where_it_is_to_serve);
    tcase_add_test(tests, a_number_behind_a_refusal_answers_and_a_reason_does_not);
    tcase_add_test(tests, a_refusal_that_goes_on_to_answer_is_none);
    tcase_add_test(tests, a_refusal_after_three_hundred_characters_is_not_one);
    tcase_add_loop_test(tests, refusals_are_known_in_many_languages, 0,
                        (int)(sizeof answers / sizeof *answers));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
