// SPDX-License-Identifier: MIT
//
// SQLite 3 with a data base in memory. Its own allocator serves from one block of the arena.
#include "workloads.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { HEAP = 8 << 20, SMALLEST_BLOCK = 32, TEXT_MAX = 200, ROWS = 400 };

// An operating system without files: no data base of these is on a disk.
static int no_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)vfs, (void)name, (void)flags, (void)out;
    file->pMethods = NULL;
    return SQLITE_CANTOPEN;
}
static int no_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs, (void)name, (void)sync;
    return SQLITE_IOERR_DELETE;
}
static int no_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    (void)vfs, (void)name, (void)flags;
    *result = 0;
    return SQLITE_OK;
}
static int same_path(sqlite3_vfs *vfs, const char *name, int size, char *path) {
    (void)vfs;
    return snprintf(path, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}
static int no_chance(sqlite3_vfs *vfs, int size, char *bytes) { // the same in each run
    (void)vfs;
    memset(bytes, 0, (size_t)size);
    return size;
}
static int no_time(sqlite3_vfs *vfs, double *days) {
    (void)vfs;
    *days = 0;
    return SQLITE_OK;
}

int sqlite3_os_init(void);
int sqlite3_os_init(void) {
    static sqlite3_vfs vfs = {.iVersion = 1, .szOsFile = sizeof(sqlite3_file), .mxPathname = TEXT_MAX, .zName = "none", .xOpen = no_open,
                              .xDelete = no_delete, .xAccess = no_access, .xFullPathname = same_path, .xRandomness = no_chance,
                              .xCurrentTime = no_time};
    return sqlite3_vfs_register(&vfs, 1);
}
int sqlite3_os_end(void);
int sqlite3_os_end(void) {
    return SQLITE_OK;
}

static sqlite3 *open_base(void) {
    sqlite3 *base = NULL;
    arena_reset();
    void *heap = arena_take(HEAP);
    sqlite3_shutdown();
    if (!heap || sqlite3_config(SQLITE_CONFIG_HEAP, heap, HEAP, SMALLEST_BLOCK) != SQLITE_OK || sqlite3_initialize() != SQLITE_OK ||
        sqlite3_open_v2(":memory:", &base, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        return NULL;
    return base;
}

static bool execute(sqlite3 *base, const char *sql) {
    return sqlite3_exec(base, sql, NULL, NULL, NULL) == SQLITE_OK;
}

// The sum of all integers in the rows that a query with two parameters yields.
static uint64_t query(sqlite3_stmt *statement, int64_t first, int64_t second) {
    uint64_t sum = 1;
    sqlite3_bind_int64(statement, 1, first);
    sqlite3_bind_int64(statement, 2, second);
    while (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            sum = sum * 31 + (uint64_t)sqlite3_column_int64(statement, i);
    sqlite3_reset(statement);
    return sum;
}

static bool fill(sqlite3 *base, uint32_t rows, uint64_t *seed) {
    sqlite3_stmt *insert = NULL;
    if (!execute(base, "BEGIN") || sqlite3_prepare_v2(base, "INSERT INTO t VALUES (?, ?, ?)", -1, &insert, NULL) != SQLITE_OK)
        return false;
    for (uint32_t i = 0; i < rows; i++) {
        char text[TEXT_MAX];
        uint64_t number = next_random(seed);
        int size = 0;
        for (; size < 24 + (int)(number % 40); size++)
            text[size] = (char)('a' + (number >> (size % 48)) % 26);
        sqlite3_bind_int64(insert, 1, i);
        sqlite3_bind_int64(insert, 2, (int64_t)(number % 1009));
        sqlite3_bind_text(insert, 3, text, size, SQLITE_TRANSIENT);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    return execute(base, "COMMIT");
}

static sqlite3 *filled(uint64_t *seed) {
    sqlite3 *base = open_base();
    if (base && execute(base, "CREATE TABLE t (id INTEGER PRIMARY KEY, number INTEGER, name TEXT)") && fill(base, ROWS, seed))
        return base;
    sqlite3_close(base);
    return NULL;
}

static uint64_t rounds_of(const char *sql, const char *before, uint32_t rounds) {
    uint64_t seed = 88172645463325252ull, sum = 0;
    sqlite3_stmt *statement = NULL;
    sqlite3 *base = filled(&seed);
    if (base && (!before || execute(base, before)) && sqlite3_prepare_v2(base, sql, -1, &statement, NULL) == SQLITE_OK)
        for (uint32_t round = 0; round < rounds; round++)
            sum += query(statement, round % 1009, round % 1009 + 60);
    sqlite3_finalize(statement);
    sqlite3_close(base);
    return sum;
}

uint64_t sqlite_insert_run(uint32_t rounds) {
    uint64_t seed = 88172645463325252ull, sum = 0;
    sqlite3 *base = open_base();
    bool good = base && execute(base, "CREATE TABLE t (id INTEGER PRIMARY KEY, number INTEGER, name TEXT); CREATE INDEX i ON t (number)");
    for (uint32_t round = 0; round < rounds && good; round++) {
        good = fill(base, 100, &seed);
        sum += (uint64_t)sqlite3_total_changes(base);
        good = good && execute(base, "DELETE FROM t");
    }
    sqlite3_close(base);
    return good ? sum : 0;
}
uint64_t sqlite_select_run(uint32_t rounds) {
    return rounds_of("SELECT id, length(name) FROM t WHERE number BETWEEN ? AND ?", "CREATE INDEX i ON t (number)", rounds);
}
uint64_t sqlite_sort_run(uint32_t rounds) {
    return rounds_of("SELECT number, count(*), max(id) FROM t WHERE name > 'f' AND id + ? != ? GROUP BY number ORDER BY 2 DESC, 1", NULL,
                     rounds);
}
