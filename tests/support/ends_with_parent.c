/* check runs each test in a fork, and some tests fork too: when the test program is gone, even by a
 * timeout that kills it, its forks and their sockets, brokers and files must not stay. Linked to
 * each test by its object: nothing names it. */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

static void end_with_parent(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

__attribute__((constructor)) static void hold_forks(void)
{
    (void)pthread_atfork(NULL, NULL, end_with_parent);
}
