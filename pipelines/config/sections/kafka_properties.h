/* What may be shown of the properties of a Kafka client. */
#pragma once
#include <stdbool.h>

/* Is the value of that property known to be no secret? Fails closed: of one that nobody has looked
 * at, the value is not shown. */
bool kafka_property_is_plain(const char *property);
/* Does the name say that the value is a secret? */
bool kafka_property_names_secret(const char *property);
