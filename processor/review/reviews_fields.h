/* Members of what a tool exported, as the readers of all tools ask for them. */
#pragma once
#include "processor/base/json/json.h"

/* A member that is a text, or the first of several that is; absent: none. */
struct bytes reviews_text(const struct json_reader *reader, const struct json_value *object,
                          const char *const *names);
/* Likewise of a time, with or without a zone; 0: none. */
int64_t reviews_time(const struct json_reader *reader, const struct json_value *object,
                     const char *const *names);
/* The id that our export put there: `record_id` of the object or of what it holds by one of the names. */
struct bytes reviews_record_id(const struct json_reader *reader, const struct json_value *object,
                               const char *const *holders);
/* 32 hex digits of a trace, with or without dashes; absent: it is none. */
struct bytes reviews_trace_id(struct bytes text, struct arena *arena);
/* Of the conversation with that id. */
struct bytes reviews_conversation(struct bytes id, struct arena *arena);
#define REVIEWS_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
