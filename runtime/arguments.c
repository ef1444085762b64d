// SPDX-License-Identifier: MIT
//
// The arguments of main: none, unless the image brings words of its own under this name.
#include <stddef.h>

extern char *bh_arguments[];
char *bh_arguments[] = {NULL};
