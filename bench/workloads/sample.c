// SPDX-License-Identifier: MIT
//
// The sample's bytes. Compiled by clang alone, which knows #embed.
#include <stddef.h>

extern const char sample[];
extern const size_t sample_size;

const char sample[] = {
#embed <lz4.c>
};
const size_t sample_size = sizeof(sample);
