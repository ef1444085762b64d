// SPDX-License-Identifier: MIT
//
// A function for GNU make, $(exit-with STATUS): end make at once with this status. By itself make turns every failure into 2, and
// `make run GUEST_CMD=...' is to end with the status of the guest's command. Source: GNU make manual, "Loading Dynamic Objects".
#include <gnumake.h>
#include <stdlib.h>

int plugin_is_GPL_compatible; // make asks for this symbol
int exit_status_gmk_setup(void);

static char *exit_with(const char *name, unsigned count, char **arguments) {
    (void)name;
    (void)count;
    exit(atoi(arguments[0]));
}

int exit_status_gmk_setup(void) {
    gmk_add_function("exit-with", exit_with, 1, 1, GMK_FUNC_DEFAULT);
    return 1;
}
