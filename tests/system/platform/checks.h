// SPDX-License-Identifier: MIT
//
// Among the files of the platform's test kernel.
#ifndef BH_TEST_CHECKS_H
#define BH_TEST_CHECKS_H

#include <stdbool.h>

void check(bool good, const char *name);
void check_libraries(void);
void check_pci(void);
void check_processors(void); // the last one: they go on

#endif
