/* Picks the command; each one is a file of processor/command. */
#include "processor/command/dispatch.h"

int main(int argc, char **argv)
{
    return dispatch(argc, argv);
}
