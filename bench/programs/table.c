// SPDX-License-Identifier: MIT
//
// The list of programs; order is the order of the report.
#include "programs.h"

const struct program programs[] = {
    {"list", "linked-list walk over 128 KiB", list_run, 20, true},
    {"sha256", "SHA-256 of 64 KiB", sha256_run, 60, true},
    {"quicksort", "quicksort of 64 Ki integers through a compare function", quicksort_run, 4, true},
    {"virtqueue", "split virtqueue: fill, walk chains, complete", virtqueue_run, 30000, true},
    {"interpreter", "bytecode interpreter, a counting loop", interpreter_run, 120, true},
    {"fibonacci", "recursive Fibonacci: nothing but calls", fibonacci_run, 40, true},
    {"hash", "string hash table with insert, find, delete", hash_run, 200, true},
    {"matrix", "double-precision matrix product, 96 by 96", matrix_run, 60, true},
    {"lz4", "lz4 there and back, 110 KiB of program text", lz4_run, 60, true},
    {"zlib", "zlib there and back at level 6, the same text", zlib_run, 6, true},
    {"list in L1", "the same walk over 16 KiB: one more cycle for each load", list_small_run, 400, false},
};
const size_t program_count = sizeof(programs) / sizeof(programs[0]);
