/* flywheel reviewer: edits the file of those who may review. A token is printed when it is made, and
 * never again. */
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/config.h"
#include "processor/command/command.h"
#include "processor/command/options.h"
#include "processor/review/reviewers_file.h"

struct request {
    const char *action, *name; /* NULL: none */
    const char *role;          /* likewise */
    char file[4096];
    uint32_t max;
};

static int fail(const struct error *error)
{
    fprintf(stderr, "flywheel reviewer: %s\n", error->text);
    return (int)error->exit_code;
}

static int list(const struct request *request)
{
    struct error error = {0};
    struct reviewers *reviewers = reviewers_load(request->file, request->max, &error);
    if (!reviewers)
        return fail(&error);
    for (uint32_t i = 0; i < reviewers->count; i++) {
        const struct reviewer *reviewer = &reviewers->items[i];
        printf("%-24s %-12s %s\n", reviewer->name, reviewer_role_names[reviewer->role],
               reviewer->is_disabled ? "disabled" : "enabled");
    }
    fprintf(stderr, "%s: %u reviewer%s, %u of them may judge\n", request->file, reviewers->count,
            reviewers->count == 1 ? "" : "s", reviewers_enabled(reviewers));
    free(reviewers);
    return EXIT_DONE;
}

static int change(const struct request *request, enum reviewer_change what)
{
    static const char *const done[] = {[REVIEWER_ADD] = "is in",
                                       [REVIEWER_DISABLE] = "is disabled in",
                                       [REVIEWER_ROTATE] = "has a new token in"};
    enum reviewer_role role = what == REVIEWER_ADD ? ROLE_REVIEWER : REVIEWER_ROLES;
    char token[REVIEWER_TOKEN_SIZE];
    struct error error = {0};
    if (request->role && !reviewer_role_read(bytes_of_text(request->role), &role)) {
        fprintf(stderr, "flywheel reviewer: --role must be viewer, reviewer, adjudicator, admin or "
                        "service\n");
        return EXIT_USAGE;
    }
    if (reviewers_change(request->file, request->max, what, bytes_of_text(request->name), role,
                         token, &error) != STATUS_OK)
        return fail(&error);
    fprintf(stderr, "%s %s %s; a running daemon reads it on HUP%s\n", request->name, done[what],
            request->file, token[0] ? ". The token, shown this once:" : "");
    if (token[0])
        printf("%s\n", token);
    explicit_bzero(token, sizeof token);
    return EXIT_DONE;
}

/* Where the file is and how many it may name; an exit code when that is not known. */
static int resolve(const char *path, const char *file, struct request *request)
{
    int code = EXIT_DONE;
    struct pipeline_config *config = options_load_config(path, &code);
    if (!config)
        return code;
    const char *named = file ? file : config->review.reviewers_file;
    request->max = config->review.reviewers_max;
    if (named &&
        (size_t)snprintf(request->file, sizeof request->file, "%s", named) < sizeof request->file) {
        config_destroy(config);
        return EXIT_DONE;
    }
    fprintf(stderr, "flywheel reviewer: %s\n",
            named ? "the name of the reviewers file is too long"
                  : "which file? Give --file FILE, or -c FILE that sets review.reviewers_file");
    config_destroy(config);
    return EXIT_USAGE;
}

int command_reviewer(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum reviewer_change change;
    } changes[] = {
        {"add", REVIEWER_ADD}, {"disable", REVIEWER_DISABLE}, {"rotate", REVIEWER_ROTATE}};
    const char *path = NULL, *file = NULL;
    struct request request = {.action = NULL};
    const struct command_option options[] = {
        {"config", 'c', NULL, &path},
        {"file", 0, NULL, &file},
        {"role", 0, NULL, &request.role},
    };
    int first = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (first < 0)
        return EXIT_USAGE;
    request.action = first < argc ? argv[first] : "";
    request.name = first + 1 < argc ? argv[first + 1] : NULL;
    bool is_list = strcmp(request.action, "list") == 0;
    size_t which = 0;
    while (which < 3 && strcmp(request.action, changes[which].name) != 0)
        which++;
    if ((!is_list && which == 3) || (is_list ? request.name || request.role : !request.name) ||
        argc > first + 2) {
        fprintf(stderr, "flywheel reviewer: usage: add NAME, rotate NAME, disable NAME or list; "
                        "`flywheel help reviewer`\n");
        return EXIT_USAGE;
    }
    int code = resolve(path, file, &request);
    if (code != EXIT_DONE)
        return code;
    return is_list ? list(&request) : change(&request, changes[which].change);
}
