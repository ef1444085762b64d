// SPDX-License-Identifier: MIT
//
// The list of workloads; order is the order of the report.
#include "workloads.h"

const struct program programs[] = {
    {"zlib pack", "zlib, level 6, 110 KiB of program text", zlib_pack_run, 8},
    {"zlib unpack", "the same back", zlib_unpack_run, 40},
    {"lz4 pack", "lz4", lz4_pack_run, 80},
    {"lz4 unpack", "the same back", lz4_unpack_run, 400},
    {"zstd pack", "zstd, level 3", zstd_pack_run, 30},
    {"zstd unpack", "the same back", zstd_unpack_run, 120},
    {"bzip2 pack", "bzip2, 100 KiB blocks", bzip2_pack_run, 2},
    {"bzip2 unpack", "the same back", bzip2_unpack_run, 5},
    {"lua calls", "Lua 5.4: recursive Fibonacci", lua_calls_run, 40},
    {"lua tables", "Lua: tables, hashing, sort with a Lua function", lua_tables_run, 40},
    {"lua strings", "Lua: concatenation, patterns, gsub", lua_strings_run, 80},
    {"lua floats", "Lua: matrix product in floating point", lua_floats_run, 30},
    {"sqlite insert", "SQLite: 100 rows into a table with an index, delete them", sqlite_insert_run, 80},
    {"sqlite select", "SQLite: a range of an index, with lookups", sqlite_select_run, 600},
    {"sqlite sort", "SQLite: scan, group, sort", sqlite_sort_run, 40},
};
const size_t program_count = sizeof(programs) / sizeof(programs[0]);
