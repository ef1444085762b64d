// SPDX-License-Identifier: MIT
//
// Real code as benchmark programs (bench/programs/programs.h): libraries from Debian's source packages, unmodified. Each is compiled by
// clang, gcc, bhcc, and by clang for WebAssembly, from where wasm2c makes C again. All take memory from one arena that is compiled with
// them, so that no C library's allocator is compared.
#ifndef WORKLOADS_H
#define WORKLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/programs/programs.h"

program_run zlib_pack_run, zlib_unpack_run, lz4_pack_run, lz4_unpack_run, zstd_pack_run, zstd_unpack_run, bzip2_pack_run, bzip2_unpack_run;
program_run lua_calls_run, lua_tables_run, lua_strings_run, lua_floats_run, sqlite_insert_run, sqlite_select_run, sqlite_sort_run;

// What the compressors work on: the text of a program, some 110 KiB.
extern const char sample[];
extern const size_t sample_size;

// A fresh arena; what was taken before is gone.
void arena_reset(void);
// Memory of the arena, aligned to 16 bytes; NULL when it is full. Freed blocks serve later requests of their size class.
void *arena_take(size_t size);
void arena_give(void *block);
// Bytes that the block has room for.
size_t arena_room(const void *block);

uint64_t checksum(const void *bytes, size_t size);

#endif
