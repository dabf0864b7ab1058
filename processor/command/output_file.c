/* FILE.suffix.tmp -> FILE.suffix
 * A link stays one: what it leads to is replaced. A device, a pipe or a folder never is. */
#include "processor/command/output_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

static void name_file(const struct output_file *it, const char *more, char to[PATH_BYTES_MAX])
{
    char name[PATH_BYTES_MAX];
    snprintf(name, sizeof name, "%s%s", it->path, it->suffix);
    char *place = realpath(name, NULL); /* NULL: nothing is there yet */
    snprintf(to, PATH_BYTES_MAX, "%s%s", place ? place : name, more);
    free(place);
}

static bool is_replaceable(const char *name)
{
    struct stat there;
    if (stat(name, &there) != 0 || S_ISREG(there.st_mode))
        return true;
    errno = S_ISDIR(there.st_mode) ? EISDIR : EEXIST;
    return false;
}

static void cannot_write(struct output_file *it)
{
    char name[PATH_BYTES_MAX] = "standard output";
    const char *why = strerror(errno);
    if (it->path)
        snprintf(name, sizeof name, "%s%s", it->path, it->suffix);
    if (!it->error->is_set)
        error_set(it->error, EXIT_STATE_IO, "%s can't be written: %s", name, why);
}

bool output_file_begin(struct output_file *file, const char *path, const char *suffix,
                       struct error *error)
{
    char name[PATH_BYTES_MAX], beside[PATH_BYTES_MAX];
    *file = (struct output_file){.path = path, .suffix = suffix, .file = stdout, .error = error};
    if (!path)
        return true;
    name_file(file, "", name);
    name_file(file, ".tmp", beside);
    file->file = is_replaceable(name) ? fopen(beside, "wb") : NULL;
    if (!file->file)
        cannot_write(file);
    return file->file;
}

void output_file_put(struct output_file *file, struct bytes text)
{
    if (!file->error->is_set && fwrite(text.data, 1, text.size, file->file) != text.size)
        cannot_write(file);
}

void output_file_end(struct output_file *file)
{
    char name[PATH_BYTES_MAX], beside[PATH_BYTES_MAX];
    if (!file->path) {
        if (fflush(stdout) != 0)
            cannot_write(file);
        return;
    }
    name_file(file, "", name);
    name_file(file, ".tmp", beside);
    if (fflush(file->file) != 0 || fsync(fileno(file->file)) != 0)
        cannot_write(file);
    if (fclose(file->file) != 0)
        cannot_write(file);
    if (!file->error->is_set && rename(beside, name) != 0)
        cannot_write(file);
    if (file->error->is_set)
        (void)unlink(beside);
}

void output_file_write(const char *path, const char *suffix, struct bytes text, struct error *error)
{
    struct output_file file;
    if (error->is_set || !output_file_begin(&file, path, suffix, error))
        return;
    output_file_put(&file, text);
    output_file_end(&file);
}
