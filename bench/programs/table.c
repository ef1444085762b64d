// SPDX-License-Identifier: MIT
//
// The list of programs; order is the order of the report.
#include "programs.h"

const struct program programs[] = {
    {"list", "linked-list walk over 128 KiB", list_run, 20},
    {"sha256", "SHA-256 of 64 KiB", sha256_run, 60},
    {"quicksort", "quicksort of 64 Ki integers through a compare function", quicksort_run, 4},
    {"virtqueue", "split virtqueue: fill, walk chains, complete", virtqueue_run, 30000},
    {"interpreter", "bytecode interpreter, a counting loop", interpreter_run, 120},
    {"fibonacci", "recursive Fibonacci: nothing but calls", fibonacci_run, 40},
    {"hash", "string hash table with insert, find, delete", hash_run, 200},
    {"matrix", "double-precision matrix product, 96 by 96", matrix_run, 60},
    {"lz4", "lz4 there and back, 110 KiB of program text", lz4_run, 60},
    {"zlib", "zlib there and back at level 6, the same text", zlib_run, 6},
    {"list in L1", "the same walk over 16 KiB: first-level cache", list_small_run, 400},
};
const size_t program_count = sizeof(programs) / sizeof(programs[0]);
