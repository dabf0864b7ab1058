/* flywheel version: the one place that asks every library who it is, as loaded, so that a report of
 * a fault says what really ran. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <grpc/grpc.h>
#include <libdeflate.h>
#include <librdkafka/rdkafka.h>
#include <lmdb.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <pcre2.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <utf8proc.h>
#include <yaml.h>

#include "processor/base/status.h"
#include "processor/command/command.h"
#include "processor/command/options.h"
#include "processor/normalize/normalize.h"

int command_version(int argc, char **argv)
{
    char pcre2[64] = "";
    if (!options_only(argc, argv, NULL, 0))
        return EXIT_USAGE;
    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    printf("flywheel %s (normalizer %d)\n", FLYWHEEL_VERSION, NORMALIZER_VERSION);
    const struct {
        const char *name, *version;
    } libraries[] = {
        {"grpc core", grpc_version_string()},
        {"protobuf-c", protobuf_c_version()},
        {"librdkafka", rd_kafka_version_str()},
        {"lmdb", mdb_version(NULL, NULL, NULL)},
        {"libyaml", yaml_get_version_string()},
        {"libmicrohttpd", MHD_get_version()},
        {"libdeflate", LIBDEFLATE_VERSION_STRING},
        {"openssl", OpenSSL_version(OPENSSL_VERSION)},
        {"pcre2", pcre2},
        {"utf8proc", utf8proc_version()},
    };
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        printf("  %-13s %s\n", libraries[i].name, libraries[i].version);
    return EXIT_DONE;
}
