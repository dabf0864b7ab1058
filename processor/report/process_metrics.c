/* Read from /proc/self when asked. In /proc/self/stat the fields after the command's `)` count from
 * the third: 22 is the start (ticks since boot), 23 virtual bytes, 24 resident pages. */
#include "processor/report/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const struct metric_family
    cpu = {"process_cpu_seconds_total", METRIC_COUNTER, "User and system CPU time spent."},
    resident = {"process_resident_memory_bytes", METRIC_GAUGE, "Resident memory."},
    virtual = {"process_virtual_memory_bytes", METRIC_GAUGE, "Virtual memory."},
    open_fds = {"process_open_fds", METRIC_GAUGE, "Open file descriptors."},
    max_fds = {"process_max_fds", METRIC_GAUGE, "Limit of open file descriptors."},
    start = {"process_start_time_seconds", METRIC_GAUGE, "Start of the process since 1970."};

static void write_one(struct buffer *to, const struct metric_family *family, double value)
{
    metrics_write_family(to, family);
    metrics_write_sample(to, family->name, "", value);
}

static size_t read_text(const char *path, char *to, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t got = file ? fread(to, 1, size - 1, file) : 0;
    to[got] = 0;
    if (file)
        fclose(file);
    return got;
}

/* Of the start of the machine, since 1970. */
static double boot_seconds(void)
{
    struct timespec now, since_boot;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0)
        return 0;
    return (double)(now.tv_sec - since_boot.tv_sec) +
           (double)(now.tv_nsec - since_boot.tv_nsec) / 1e9;
}

static void write_stat(struct buffer *to)
{
    char text[2048];
    unsigned long long ticks, virtual_bytes, pages;
    double ticks_a_second = (double)sysconf(_SC_CLK_TCK);
    const char *after = read_text("/proc/self/stat", text, sizeof text) ? strrchr(text, ')') : NULL;
    if (!after ||
        sscanf(after + 1,
               " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu "
               "%llu %llu",
               &ticks, &virtual_bytes, &pages) != 3)
        return;
    write_one(to, &resident, (double)pages * (double)sysconf(_SC_PAGESIZE));
    write_one(to, &virtual, (double)virtual_bytes);
    double boot = boot_seconds();
    if (boot > 0)
        write_one(to, &start, boot + (double)ticks / ticks_a_second);
}

static void write_fds(struct buffer *to)
{
    struct rlimit limit;
    DIR *directory = opendir("/proc/self/fd");
    double count = -3; /* ".", ".." and the descriptor of the directory itself */
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        count++;
    if (directory) {
        closedir(directory);
        write_one(to, &open_fds, count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        write_one(to, &max_fds, limit.rlim_cur == RLIM_INFINITY ? -1 : (double)limit.rlim_cur);
}

void process_metrics_collect(void *context, struct buffer *to)
{
    struct timespec used;
    (void)context;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
        write_one(to, &cpu, (double)used.tv_sec + (double)used.tv_nsec / 1e9);
    write_stat(to);
    write_fds(to);
}
