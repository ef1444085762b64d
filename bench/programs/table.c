// SPDX-License-Identifier: MIT
//
// The list of programs; order is the order of the report.
#include "programs.h"

const struct program programs[] = {
    {"list", "linked-list walk, cache resident", list_run, 400, true},
    {"sha256", "SHA-256 of 64 KiB", sha256_run, 60, true},
    {"quicksort", "quicksort of 64 Ki integers through a compare function", quicksort_run, 4, true},
    {"virtqueue", "split virtqueue: fill, walk chains, complete", virtqueue_run, 30000, true},
    {"interpreter", "bytecode interpreter, a counting loop", interpreter_run, 120, true},
    {"fibonacci", "recursive Fibonacci: nothing but calls", fibonacci_run, 40, true},
    {"hash", "string hash table with insert, find, delete", hash_run, 200, true},
    {"matrix", "double-precision matrix product, 96 by 96", matrix_run, 60, true},
    {"lz4", "lz4 there and back, 256 KiB of text", lz4_run, 60, true},
    {"zlib", "zlib there and back, 64 KiB of text", zlib_run, 12, true},
};
const size_t program_count = sizeof(programs) / sizeof(programs[0]);
