// SPDX-License-Identifier: MIT
//
// What the text of a domain that runs in the kernel's mode must not contain (isolation `pks').
#ifndef BH_PRIVILEGED_H
#define BH_PRIVILEGED_H

#include "kernel/verifier/verify.h"

// BH_EVERIFY, with a message that names function and instruction: an instruction of the text, read from its start, is one that only the kernel may
// use; or the bytes of one that changes protection stand anywhere.
enum bh_error privileged_check(const char *name, const struct verified_image *image);

#endif
