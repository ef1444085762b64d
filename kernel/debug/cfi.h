// SPDX-License-Identifier: MIT
//
// Call frame information: is what an image says of a piece of code fit to be handed to libunwind?
//
// libunwind believes its tables: from a lie it reads behind its arrays, divides out of range, fails an assertion, or goes on for ever. So an
// image's tables are read here first, as bytes of the image that cannot change, and only the plain form that compilers give to C code on
// this machine is let through: no expressions, no registers but those of the ABI, a frame address that is %rsp plus a constant.
//
// Trust: everything in the image is hostile.
#ifndef BH_CFI_H
#define BH_CFI_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/verifier/verify.h"

#define CFI_ENTRY_SIZE 8 // of the search table in .eh_frame_hdr

// Find the code at slot offset `offset` in the tables of `image`. *entry gets the slot offset of its line in the search table. False when
// there is none, or when it or the description behind it is not of the plain form.
bool cfi_find(const struct verified_image *image, uint64_t offset, uint64_t *entry);
// Eight bytes of the image's file from `offset` on; what is not in the file reads as zero. False when none of it is.
bool cfi_word(const struct verified_image *image, uint64_t offset, uint64_t *word);

#endif
