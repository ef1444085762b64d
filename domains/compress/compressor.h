// SPDX-License-Identifier: MIT
//
// What a library brings to be served as Compress. Results: bytes written, or a negative enum bh_error.
#ifndef DOMAINS_COMPRESSOR_H
#define DOMAINS_COMPRESSOR_H

#include <stddef.h>
#include <stdint.h>

struct compressor {
    const char *name; // of the port
    int64_t (*compress)(const void *from, size_t size, void *to, size_t capacity, uint32_t level);
    int64_t (*decompress)(const void *from, size_t size, void *to, size_t capacity);
};

// Serve it behind the port of its name; for main to end with.
int compressor_serve(const struct compressor *compressor);

#endif
