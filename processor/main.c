/* Picks the command; each one is a file of processor/command. */
#include "processor/command/command.h"

int main(int argc, char **argv)
{
    return command_main(argc, argv);
}
