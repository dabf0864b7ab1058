/* The gate has proved the bytes well-formed; a reader that is given others sees the end of the list
 * early. */
#include "processor/otlp/attributes.h"

bool attributes_next(struct attributes *attributes, struct attribute *ret_attribute)
{
    struct bytes key_value, value;
    if (!wire_next_bytes(&attributes->wire, attributes->field, &key_value))
        return false;
    ret_attribute->key = value_read_member(key_value, &value);
    ret_attribute->value = value_read(value);
    return true;
}

struct value attributes_find(struct bytes message, enum attribute_owner owner, struct bytes key)
{
    struct wire wire = wire_of(message);
    struct bytes key_value, value, found = {0};
    while (wire_next_bytes(&wire, (uint32_t)owner, &key_value))
        if (bytes_equal(value_read_member(key_value, &value), key))
            found = value;
    return value_read(found);
}
