/* The commands of the program. Each takes its own arguments, argv[0] being its name, and returns
 * the exit code of the process (enum exit_code). */
#pragma once

int command_send(int argc, char **argv);
