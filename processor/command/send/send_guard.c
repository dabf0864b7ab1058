/* Files in PEM, and a token as its file holds it without white space around it. */
#include "processor/command/send/send_guard.h"

#include <errno.h>
#include <stdio.h>

#include "processor/base/text/text.h"

enum { FILE_BYTES_MAX = 1024 * 1024 };

/* NULL path: nothing to read. */
static bool read_text(const char *path, struct buffer *to, struct error *ret_error)
{
    char block[4096];
    size_t count;
    if (!path)
        return true;
    to->limit = FILE_BYTES_MAX;
    FILE *file = fopen(path, "r");
    while (file && (count = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(to, block, count);
    bool is_read = file && !ferror(file) && !to->failed;
    int code = errno;
    if (file)
        fclose(file);
    if (!is_read)
        error_set(ret_error, code == EACCES ? EXIT_PERMISSION : EXIT_USAGE,
                  "%s: cannot be read: %s", path, to->failed ? "too large" : strerror(code));
    return is_read;
}

static const char *finish_text(struct buffer *text)
{
    if (!text->data)
        return NULL;
    text->limit = 0;
    buffer_append_byte(text, 0);
    return (const char *)text->data;
}

enum status send_guard_load(struct send_guard *guard, struct otlp_client_config *config,
                            struct error *ret_error)
{
    struct buffer token = {0};
    bool is_read = read_text(guard->ca_file, &guard->ca, ret_error) &&
                   read_text(guard->cert_file, &guard->cert, ret_error) &&
                   read_text(guard->key_file, &guard->key, ret_error) &&
                   read_text(guard->token_file, &token, ret_error);
    if (is_read && (guard->cert_file || guard->key_file) &&
        !(guard->ca_file && guard->cert_file && guard->key_file)) {
        error_set(ret_error, EXIT_USAGE, "--cert-file and --key-file go together, with --ca-file");
        is_read = false;
    }
    if (is_read && guard->token_file) {
        buffer_append_text(&guard->authorization, "Bearer ");
        buffer_append_bytes(&guard->authorization, text_trim(buffer_bytes(&token)));
    }
    buffer_finish(&token);
    config->tls.ca = finish_text(&guard->ca);
    config->tls.cert = finish_text(&guard->cert);
    config->tls.key = finish_text(&guard->key);
    config->authorization = finish_text(&guard->authorization);
    return is_read ? STATUS_OK : STATUS_FATAL;
}

void send_guard_finish(struct send_guard *guard)
{
    if (guard->key.data)
        explicit_bzero(guard->key.data, guard->key.capacity);
    buffer_finish(&guard->ca);
    buffer_finish(&guard->cert);
    buffer_finish(&guard->key);
    buffer_finish(&guard->authorization);
}
