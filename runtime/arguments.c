// SPDX-License-Identifier: MIT
//
// The arguments of main: a name alone, which programs expect to have, unless the image brings words of its own under this symbol.
#include <stddef.h>

extern char *bh_arguments[];
char *bh_arguments[] = {"domain", NULL};
