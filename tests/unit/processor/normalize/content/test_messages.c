/* link: normalize otlp nouns base */
/* Message texts in every shape that instrumentations write them in. */
#include <check.h>
#include <stdlib.h>

#include "processor/normalize/content/messages.h"
#include "processor/normalize/content/python_repr.h"
#include "processor/normalize/content/transcript.h"

struct sample {
    const char *text;
    const char *wanted; /* NULL: nothing */
};

static void check_samples(const struct sample *samples, size_t count, enum wanted wanted)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        struct bytes found = messages_text(bytes_of_text(samples[i].text), wanted, &arena);
        struct bytes expected = bytes_of_text(samples[i].wanted);
        ck_assert_msg(bytes_equal(found, expected) && !found.data == !expected.data,
                      "%s\n  wanted <%s>\n  found <%.*s>", samples[i].text,
                      samples[i].wanted ? samples[i].wanted : "nothing", (int)found.size,
                      (const char *)found.data);
        arena_reset(&arena);
    }
    arena_finish(&arena);
}

#define CHECK(samples, wanted) check_samples(samples, sizeof(samples) / sizeof *(samples), wanted)

START_TEST(a_question_is_the_last_text_of_the_user)
{
    static const struct sample samples[] = {
        {"Where is it?", "Where is it?"},
        {"  \n ", NULL},
        {"null", NULL},
        {"None", NULL},
        {"[]", NULL},
        {"{}", NULL},
        {"42", "42"},
        {"[draft] Hello there", "[draft] Hello there"},
        {"{name}, is that you?", "{name}, is that you?"},
        {"\"Hello\" she said", "\"Hello\" she said"},
        {"\"Hello\"", "Hello"},
        {"\"\\\"Hello\\\"\"", "Hello"},
        {"print('hello')", "print('hello')"},
        {"x=5", "x=5"},
        {"Sum(a, b) of what?", "Sum(a, b) of what?"},
        {"{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}", "Hi"},
        {"{\"messages\": [[\"user\", \"Hi\"]]}", "Hi"},
        {"{\"messages\": [[\"system\", \"Be nice\"], [\"human\", \"Hi\"]]}", "Hi"},
        {"[{\"role\":\"user\",\"content\":\"one\"},{\"role\":\"assistant\",\"content\":\"two\"},"
         "{\"role\":\"user\",\"content\":\"three\"}]",
         "three"},
        {"[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is this?\"},"
         "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:...\"}}]}]",
         "What is this?"},
        {"[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"one\"},"
         "{\"type\":\"text\",\"text\":\"two\"}]}]",
         "one\ntwo"},
        {"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Hi\"}]},"
         "{\"role\":\"user\",\"parts\":[{\"type\":\"tool_call_response\",\"id\":\"1\","
         "\"result\":\"x\"}]}]",
         "Hi"},
        {"[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]", "Hi"},
        {"[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]},{\"role\":\"user\",\"content\":"
         "[{\"toolResult\":{\"content\":[{\"text\":\"42\"}]}}]}]",
         "Hi"},
        {"{\"type\": \"human\", \"data\": {\"content\": \"Hi\", \"type\": \"human\"}}", "Hi"},
        {"{\"type\": \"ai\", \"data\": {\"content\": \"Hi\", \"type\": \"ai\"}}", NULL},
        {"{\"messages\": [[{\"lc\": 1, \"type\": \"constructor\", \"id\": [\"langchain\", "
         "\"schema\", \"messages\", \"SystemMessage\"], \"kwargs\": {\"content\": \"S\"}}, "
         "{\"lc\": 1, \"type\": \"constructor\", \"id\": [\"langchain\", \"HumanMessage\"], "
         "\"kwargs\": {\"content\": \"Hi\", \"type\": \"human\"}}]]}",
         "Hi"},
        {"{\"messages\": [\"content='Hi' additional_kwargs={} response_metadata={} id='1'\", "
         "\"content='Hello!' additional_kwargs={} response_metadata={'model': 'm'} id='2' "
         "tool_calls=[] invalid_tool_calls=[]\"]}",
         "Hi"},
        {"HumanMessage(content=\"It's me\", additional_kwargs={})", "It's me"},
        {"[HumanMessage(content='a'), AIMessage(content='b'), HumanMessage(content='c\\nd')]",
         "c\nd"},
    };
    CHECK(samples, WANTED_QUESTION);
}
END_TEST

START_TEST(a_question_is_found_within_what_frameworks_put_around_it)
{
    static const struct sample samples[] = {
        {"{'input': 'Hi', 'n': None}", "Hi"},
        {"{\"input\": \"Hi\"}", "Hi"},
        {"{\"input\": {\"question\": \"Hi\"}}", "Hi"},
        {"{\"args\": [\"Hi\"], \"kwargs\": {}}", "Hi"},
        {"{\"args\": [], \"kwargs\": {\"question\": \"Hi\"}}", "Hi"},
        {"{\"inputs\": {\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}, \"tags\": []}",
         "Hi"},
        {"{\"system\":\"S\",\"prompt\":\"Hi\"}", "Hi"},
        {"{\"system\":\"S\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
         "\"text\":\"Hi\"}]}]}",
         "Hi"},
        {"{\"model\": \"m\", \"messages\": [{\"role\": \"system\", \"content\": \"S\"}, {\"role\": "
         "\"user\", \"content\": \"Hi\"}], \"tools\": [{\"type\": \"function\"}]}",
         "Hi"},
        {"{\"query_bundle\": {\"query_str\": \"Hi\", \"image_path\": null}}", "Hi"},
        {"{\"contents\": [{\"role\": \"user\", \"parts\": [{\"text\": \"Hi\"}]}]}", "Hi"},
        {"{\"new_message\": {\"role\": \"user\", \"parts\": [{\"text\": \"Hi\"}]}}", "Hi"},
        {"{\"topic\": \"bears\"}", "bears"},
        {"{\"data\": {\"prompt_builder\": {\"question\": \"Hi\"}}}", "Hi"},
        {"{\"nodes\": [\"<Document(id_=1)>\"], \"show\": {\"text\": \"no\"}}", NULL},
        {"{\"input\": [{\"name\": \"f\", \"args\": {\"a\": \"b\"}, \"type\": \"tool_call\"}]}",
         NULL},
        {"{\"input\": \"Command(resume='approved')\"}", NULL},
        {"<workflows.context.context.Context object at 0x7fdb37ed5f10>", NULL},
        {"[\"<Document(id_=5f419641)>\", \"<Document(id_=7942b7e5)>\"]", NULL},
        {"StopEvent(result=AgentOutput(response=ChatMessage(role=<MessageRole.USER: 'us...", NULL},
        {"ChatMessage(role=<MessageRole.USER: 'user'>, additional_kwargs={}, "
         "blocks=[TextBlock(block_type='text', text='Hi')])",
         "Hi"},
        {"[{\"role\":\"user\",\"content\":\"Cut o", "Cut o"},
        {"[{\"role\":\"user\",\"content\":\"\\u00dcber \\ud83d\\ude80\"}]", "Über 🚀"},
    };
    CHECK(samples, WANTED_QUESTION);
}
END_TEST

START_TEST(an_answer_is_the_last_text_of_the_assistant_after_the_user)
{
    static const struct sample samples[] = {
        {"All done.", "All done."},
        {"{\"output\": \"All done.\"}", "All done."},
        {"{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\","
         "\"content\":\"Done\"}}],\"model\":\"m\"}",
         "Done"},
        {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":"
         "[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}",
         NULL},
        {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":"
         "\"I can't.\"}}]}",
         "I can't."},
        {"{\"generations\": [[{\"text\": \"Done\", \"type\": \"ChatGeneration\", \"message\": "
         "{\"lc\": 1, \"type\": \"constructor\", \"id\": [\"langchain\", \"AIMessage\"], "
         "\"kwargs\": {\"content\": \"Done\"}}}]], \"llm_output\": {\"model_name\": \"m\"}}",
         "Done"},
        {"{\"generations\": [[{\"text\": \"\", \"message\": {\"lc\": 1, \"id\": [\"x\", "
         "\"AIMessage\"], \"kwargs\": {\"content\": \"\"}}}]]}",
         NULL},
        {"{\"candidates\":[{\"content\":{\"parts\":[{\"thought\":true,\"text\":\"hm\"},{\"text\":"
         "\"Done\"}],\"role\":\"model\"}}]}",
         "Done"},
        {"[{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
         "\"text\":\"Done\"}]}]",
         "Done"},
        {"{\"output\":[{\"type\":\"reasoning\",\"summary\":[]},{\"type\":\"function_call\","
         "\"name\":"
         "\"f\",\"arguments\":\"{}\"}],\"object\":\"response\"}",
         NULL},
        {"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"content\":\"hm\"},"
         "{\"type\":\"text\",\"content\":\"Done\"}],\"finish_reason\":\"stop\"}]",
         "Done"},
        {"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\",\"name\":\"f\","
         "\"arguments\":{}}]}]",
         NULL},
        {"{\"messages\": [{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\","
         "\"content\":\"old\"},{\"role\":\"user\",\"content\":\"b\"},{\"role\":\"assistant\","
         "\"content\":\"\",\"tool_calls\":[{}]}]}",
         NULL},
        {"{\"messages\": [{\"type\":\"human\",\"content\":\"a\"},{\"type\":\"ai\",\"content\":"
         "\"b\"},{\"type\":\"tool\",\"content\":\"c\",\"tool_call_id\":\"1\"}]}",
         "b"},
    };
    CHECK(samples, WANTED_ANSWER);
}
END_TEST

START_TEST(an_answer_is_found_within_what_frameworks_put_around_it)
{
    static const struct sample samples[] = {
        {"[{\"graph\": null, \"update\": {\"messages\": [{\"type\": \"ai\", \"data\": "
         "{\"content\": \"Done\"}}]}}]",
         "Done"},
        {"{\"output\": [\"Command(update={'messages': [AIMessage(content='Done', "
         "additional_kwargs={'refusal': None}, tool_calls=[])]})\"]}",
         "Done"},
        {"{\"raw\": \"Done\", \"pydantic\": null, \"json_dict\": null, \"tasks_output\": []}",
         "Done"},
        {"{\"response\": \"Done\", \"source_nodes\": [\"<NodeWithScore(node=1)>\"]}", "Done"},
        {"{\"role\":\"assistant\",\"content\":[{\"text\":\"Done\"}]}", "Done"},
        {"{\"message\":{\"role\":\"assistant\",\"blocks\":[{\"text\":\"Done\"}]},\"raw\":{}}",
         "Done"},
        {"{\"messages\": [{\"type\":\"human\",\"content\":\"a\"},{\"type\":\"ai\",\"content\":"
         "\"interim\"},{\"type\":\"tool\",\"content\":\"cut her",
         NULL},
        {"{\"messages\": [{\"type\":\"human\",\"content\":\"a\"},{\"type\":\"ai\",\"content\":"
         "\"cut her",
         "cut her"},
        {"{\"agent\": {\"messages\": [{\"type\": \"ai\", \"content\": \"Done\"}]}}", "Done"},
        {"{\"llm\": {\"replies\": [\"Done\"], \"meta\": [{\"model\": \"m\"}]}}", "Done"},
        {"Prediction(\n    reasoning='hm',\n    answer='Done'\n)", "Done"},
        {"[{\"event.name\":\"gen_ai.user.message\",\"content\":\"Q\",\"role\":\"user\"},"
         "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Done\"},"
         "\"event.name\":\"gen_ai.choice\"}]",
         "Done"},
        {"[{\"page_content\": \"a document\", \"metadata\": {}}]", NULL},
        {"[\"chunk one\", \"chunk two\"]", NULL},
    };
    CHECK(samples, WANTED_ANSWER);
}
END_TEST

START_TEST(a_choice_is_what_one_call_of_a_model_said)
{
    static const struct sample samples[] = {
        {"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"first\"}]},"
         "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"second\"}]}]",
         "first"},
        {"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Let me look.\"},"
         "{\"type\":\"tool_call\",\"id\":\"c\",\"name\":\"f\",\"arguments\":{}}]}]",
         NULL},
        {"{\"answer\": \"Done\", \"confidence\": 0.9}",
         "{\"answer\": \"Done\", \"confidence\": 0.9}"},
        {"{\"content\": \"Done\", \"usage\": {}}", "Done"},
        {"{\"generations\": [[]], \"llm_output\": {\"token_usage\": {\"a\": 1}}}", NULL},
        {"{\"role\":\"assistant\",\"content\":\"<think>hm</think>\\n\\nDone\"}", "Done"},
        {"{\"role\":\"assistant\",\"content\":\"<think>cut off\"}", NULL},
        {"{\"role\":\"assistant\",\"content\":\"Write <think> before </think>.\"}",
         "Write <think> before </think>."},
        {"[{\"type\":\"reasoning\",\"summary\":[]},{\"type\":\"function_call\",\"name\":\"f\","
         "\"arguments\":\"{}\"}]",
         NULL},
    };
    CHECK(samples, WANTED_CHOICE);
}
END_TEST

START_TEST(reprs_of_any_model_and_roles_of_ones_own_are_read)
{
    static const struct sample samples[] = {
        {"{\"messages\": [\"id='1' source='user' models_usage=None "
         "created_at=datetime.datetime(2026, "
         "11, 30, tzinfo=datetime.timezone.utc) content='Hi' type='TextMessage'\"]}",
         "Hi"},
        {"[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"lookup\",\"content\":\"7\","
         "\"additional_kwargs\":{}}]",
         "Hi"},
        {"{\"type\": \"chat_messages\", \"value\": [{\"role\": \"user\", \"content\": \"Hi\"}]}",
         "Hi"},
        {"x='5' is an assignment", "x='5' is an assignment"},
    };
    CHECK(samples, WANTED_QUESTION);
}
END_TEST

START_TEST(the_class_of_an_autogen_message_says_whose_it_is_without_a_count_of_tokens)
{
    static const struct sample samples[] = {
        {"{\"messages\": [{\"source\": \"user\", \"content\": \"how high?\", \"type\": "
         "\"TextMessage\"}, "
         "{\"source\": \"bob\", \"content\": \"5 m\", \"type\": \"TextMessage\"}]}",
         "5 m"},
        {"{\"messages\": [{\"source\": \"user\", \"content\": \"how high?\", \"type\": "
         "\"TextMessage\"}, "
         "{\"source\": \"bob\", \"content\": \"5 m\", \"type\": \"ToolCallSummaryMessage\"}]}",
         "5 m"},
    };
    CHECK(samples, WANTED_ANSWER);
}
END_TEST

START_TEST(a_transcript_is_folded_by_its_turns)
{
    struct arena arena;
    struct bytes found;
    arena_init(&arena, 1 << 20);
    ck_assert(
        transcript_text(BYTES_LITERAL("system: Be nice\nuser: text: Hi\nthere\nassistant: Yes"),
                        WANTED_QUESTION, &arena, &found));
    ck_assert(bytes_equal_text(found, "Hi\nthere"));
    ck_assert(transcript_text(BYTES_LITERAL("user: one\nassistant: two\nuser: three"),
                              WANTED_QUESTION, &arena, &found));
    ck_assert(bytes_equal_text(found, "three"));
    ck_assert(
        !transcript_text(BYTES_LITERAL("Question: what is it?"), WANTED_QUESTION, &arena, &found));
    ck_assert(!transcript_text(BYTES_LITERAL(""), WANTED_QUESTION, &arena, &found));
    ck_assert(transcript_text(BYTES_LITERAL("user:"), WANTED_QUESTION, &arena, &found));
    ck_assert_uint_eq(found.size, 0);
    arena_finish(&arena);
}
END_TEST

START_TEST(a_text_is_a_transcript_when_turns_of_a_user_and_another_stand_in_it)
{
    ck_assert(transcript_is_dialogue(BYTES_LITERAL("System: Be nice.\nHuman: how long?")));
    ck_assert(transcript_is_dialogue(BYTES_LITERAL("user: hi\n\nassistant: yes\nuser: more")));
    ck_assert(!transcript_is_dialogue(BYTES_LITERAL("user: hi")));
    ck_assert(!transcript_is_dialogue(BYTES_LITERAL("System: it is down\nwhat now?")));
    ck_assert(!transcript_is_dialogue(BYTES_LITERAL("Why?\nsystem: down\nuser: me")));
    ck_assert(!transcript_is_dialogue(BYTES_LITERAL("assistant: one\nassistant: two")));
    ck_assert(!transcript_is_dialogue(BYTES_LITERAL("")));
}
END_TEST

START_TEST(a_result_is_whatever_text_a_tool_returned)
{
    static const struct sample samples[] = {
        {"plain", "plain"},
        {"\"plain\"", "plain"},
        {"{\"output\": \"content='{\\\"a\\\": 1}' name='f' tool_call_id='1'\"}", "{\"a\": 1}"},
        {"{\"type\": \"tool\", \"data\": {\"content\": \"vpn: DEGRADED\", \"type\": \"tool\"}}",
         "vpn: DEGRADED"},
        {"[{\"title\":\"a\",\"content\":\"x\"},{\"title\":\"b\",\"content\":\"y\"}]",
         "[{\"title\":\"a\",\"content\":\"x\"},{\"title\":\"b\",\"content\":\"y\"}]"},
        {"{\"result\": 500, \"payoff\": 7}", "{\"result\": 500, \"payoff\": 7}"},
        {"{\"messages\": [{\"from\":\"a\",\"text\":\"one\"}], \"total\": 1}",
         "{\"messages\": [{\"from\":\"a\",\"text\":\"one\"}], \"total\": 1}"},
        {"{\"result\": \"sent\"}", "sent"},
        {"{\"content\": [{\"type\":\"text\",\"text\":\"7\"}], \"isError\": false}", "7"},
        {"[{\"type\":\"text\",\"text\":\"a\"},{\"text\":\"b\"}]", "a\nb"},
        {"{\"blocks\":[{\"text\":\"7\"}],\"tool_name\":\"f\",\"raw_input\":{},\"raw_output\":7}",
         "7"},
        {"{\"output\": {\"lc\": 1, \"id\": [\"m\", \"ToolMessage\"], \"kwargs\": {\"content\": "
         "\"7\"}}, "
         "\"kwargs\": {\"tags\": []}}",
         "7"},
        {"{\"type\": \"json\", \"value\": {\"a\": 1}}", "{\"a\": 1}"},
    };
    CHECK(samples, WANTED_RESULT);
}
END_TEST

START_TEST(an_expected_answer_keeps_its_alternatives)
{
    static const struct sample samples[] = {
        {"Paris", "Paris"},
        {"[\"Paris\"]", "Paris"},
        {"[\"Paris\", \"Lutetia\"]", "[\"Paris\", \"Lutetia\"]"},
        {"\"[\\\"Paris\\\", \\\"Lutetia\\\"]\"", "[\"Paris\", \"Lutetia\"]"},
        {"['Paris', 'Lutetia']", "[\"Paris\",\"Lutetia\"]"},
        {"[\"user\", \"Lutetia\"]", "[\"user\", \"Lutetia\"]"},
        {"[1889, 1890]", "[1889, 1890]"},
        {"{\"answer\": [\"Paris\", \"Lutetia\"]}", "[\"Paris\", \"Lutetia\"]"},
        {"{\"answers\": [\"Paris\", \"Lutetia\"]}", "[\"Paris\", \"Lutetia\"]"},
        {"{\"text\": [\"Paris\", \"Lutetia\"], \"answer_start\": [5, 9]}",
         "[\"Paris\", \"Lutetia\"]"},
        {"{\"value\": \"Paris\", \"aliases\": [\"Lutetia\"]}", "Paris"},
        {"{\"answer\": \"Paris\"}", "Paris"},
        {"[{\"role\":\"user\",\"content\":\"one\"},{\"role\":\"assistant\",\"content\":\"two\"}]",
         "two"},
        {"[]", NULL},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct bytes found = messages_expected(bytes_of_text(samples[i].text), &arena);
        ck_assert_msg(samples[i].wanted ? bytes_equal_text(found, samples[i].wanted) : !found.data,
                      "%s: <%.*s>", samples[i].text, (int)found.size, (const char *)found.data);
    }
    arena_finish(&arena);
}
END_TEST

START_TEST(a_repr_becomes_json_or_nothing)
{
    static const struct sample samples[] = {
        {"[1, -2.5, True, None, 'a\\'b', \"c\"]", "[1,-2.5,true,null,\"a'b\",\"c\"]"},
        {"{'a': (1, 2), 'b': {'c': []}}", "{\"a\":[1,2],\"b\":{\"c\":[]}}"},
        {"Foo(a=1, b=Bar(), c=<Role.USER: 'user'>)",
         "{\"__class__\":\"Foo\",\"a\":1,\"b\":{\"__class__\":\"Bar\"},\"c\":\"user\"}"},
        {"content='caf\\xe9 \\u2603 \\U0001f680' n=1", "{\"content\":\"café ☃ 🚀\",\"n\":1}"},
        {"[1, 2", NULL},
        {"[1, 2] and more", NULL},
        {"{'a': 'unfinished", NULL},
        {"Foo(a=", NULL},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct bytes json = python_repr_to_json(bytes_of_text(samples[i].text), &arena);
        ck_assert_msg(bytes_equal(json, bytes_of_text(samples[i].wanted)), "%s -> %.*s",
                      samples[i].text, (int)json.size, (const char *)json.data);
    }
    arena_finish(&arena);
}
END_TEST

START_TEST(deep_nesting_ends_without_a_text)
{
    enum { DEPTH = 100000 };
    static char text[2 * DEPTH];
    struct arena arena;
    arena_init(&arena, 16 << 20);
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    ck_assert(!messages_text(bytes_of(text, sizeof text), WANTED_ANSWER, &arena).data);
    text[1] = '\'';
    ck_assert(!python_repr_to_json(bytes_of(text, sizeof text), &arena).data);
    arena_finish(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("messages");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_question_is_the_last_text_of_the_user);
    tcase_add_test(all, a_question_is_found_within_what_frameworks_put_around_it);
    tcase_add_test(all, an_answer_is_the_last_text_of_the_assistant_after_the_user);
    tcase_add_test(all, an_answer_is_found_within_what_frameworks_put_around_it);
    tcase_add_test(all, a_choice_is_what_one_call_of_a_model_said);
    tcase_add_test(all, reprs_of_any_model_and_roles_of_ones_own_are_read);
    tcase_add_test(all, the_class_of_an_autogen_message_says_whose_it_is_without_a_count_of_tokens);
    tcase_add_test(all, a_transcript_is_folded_by_its_turns);
    tcase_add_test(all, a_text_is_a_transcript_when_turns_of_a_user_and_another_stand_in_it);
    tcase_add_test(all, a_result_is_whatever_text_a_tool_returned);
    tcase_add_test(all, an_expected_answer_keeps_its_alternatives);
    tcase_add_test(all, a_repr_becomes_json_or_nothing);
    tcase_add_test(all, deep_nesting_ends_without_a_text);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
