/* What a pipeline file leaves open, said once at the start. A certificate of the server alone says
 * nothing about senders, and a token in clear is everybody's who listens on the way. A file that
 * others may read should hold no secret itself: `${env:NAME}` and `${file:PATH}` stand for one. */
#include "pipelines/config/exposure.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipelines/config/sections/kafka_properties.h"
#include "pipelines/config/value.h"
#include "processor/base/log.h"

enum { FILE_BYTES_MAX = 4 * 1024 * 1024 };

static bool holds(const struct buffer *text, const char *secret)
{
    return secret && secret[0] && memmem(text->data, text->size, secret, strlen(secret)) != NULL;
}

/* The derived properties name the password of `auth.sasl` too. */
static bool holds_property(const struct buffer *text, const char *const *properties)
{
    for (size_t i = 0; properties[i]; i += 2)
        if (kafka_property_names_secret(properties[i]) && holds(text, properties[i + 1]))
            return true;
    return false;
}

static bool holds_secret(const struct buffer *text, const struct pipeline_config *config)
{
    bool is_found = holds(text, config->kafka.security.sasl_password) ||
                    holds_property(text, config->kafka.properties) ||
                    holds(text, config->results_topic.security.sasl_password) ||
                    holds_property(text, config->results_topic.properties);
    for (uint32_t i = 0; i < config->exporter_count; i++)
        is_found = is_found || holds(text, config->exporters[i].security.sasl_password) ||
                   holds_property(text, config->exporters[i].properties);
    return is_found;
}

static uint32_t warn_endpoint(const struct otlp_receiver_config *otlp, const char *endpoint)
{
    if (config_value_is_loopback(endpoint) || otlp->allow_insecure || otlp->tls.client_ca_file)
        return 0;
    if (!otlp->bearer_token_file) {
        log_warn("senders_unknown",
                 "endpoint=%s action=\"anybody may send: set receivers.otlp.tls.client_ca_file or "
                 "receivers.otlp.auth\"",
                 endpoint);
        return 1;
    }
    if (otlp->tls.cert_file)
        return 0;
    log_warn("token_in_clear",
             "endpoint=%s action=\"set receivers.otlp.tls, unless something in front of it "
             "speaks TLS\"",
             endpoint);
    return 1;
}

uint32_t config_exposure_warn(const char *path, const struct pipeline_config *config)
{
    struct stat about;
    struct buffer text = {.limit = FILE_BYTES_MAX};
    uint32_t warnings = 0;
    if (config->reads_otlp && config->otlp.has_grpc)
        warnings += warn_endpoint(&config->otlp, config->otlp.grpc_endpoint);
    if (config->reads_otlp && config->otlp.has_http)
        warnings += warn_endpoint(&config->otlp, config->otlp.http_endpoint);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return warnings;
    if (fstat(fd, &about) == 0 && (about.st_mode & S_IROTH) && S_ISREG(about.st_mode) &&
        about.st_size > 0 && buffer_reserve(&text, (size_t)about.st_size)) {
        ssize_t count = read(fd, text.data, (size_t)about.st_size);
        text.size = count > 0 ? (size_t)count : 0;
        if (holds_secret(&text, config)) {
            log_warn("secret_readable_by_others",
                     "file=\"%s\" action=\"chmod o-r, or write ${env:NAME} or ${file:PATH}\"",
                     path);
            warnings++;
        }
    }
    close(fd);
    if (text.data)
        explicit_bzero(text.data, text.capacity);
    buffer_finish(&text);
    return warnings;
}
