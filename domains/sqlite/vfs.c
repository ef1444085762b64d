// SPDX-License-Identifier: MIT
//
// One database and its rollback journal on a block device:
//
//   0      header: sizes of both, in one sector, so that it changes at once
//   4 KiB  database, three quarters of the rest
//   ...    journal
//
// What counts after a crash is the order: sizes reach the device behind the data that they cover, at a sync; that the journal is gone, which is what
// commits a transaction, before the call returns. Locks are free, since nobody else has the device.
#include "vfs.h"

#include <sqlite3.h>
#include <string.h>

#include <bulkhead/domain.h>

#include "disk.h"

#define MAGIC 0x31306c7153686242ull // "BbhSql01"
#define AREA_START 4096ull
#define SECTORS_AT_ONCE 8

enum part : uint32_t { PART_DATABASE, PART_JOURNAL, PART_COUNT };

// The first sector.
struct header {
    uint64_t magic;
    uint64_t size[PART_COUNT];
    uint64_t exists[PART_COUNT];
    uint64_t zeros[59];
};
static_assert(sizeof(struct header) == DISK_SECTOR);

struct file {
    sqlite3_file base;
    enum part part;
};

static struct header header;
static bool header_changed;
static uint64_t start[PART_COUNT], capacity[PART_COUNT];

static int result_of(enum bh_error error, int otherwise) {
    if (error)
        bh_warn("disk: %s", bh_strerror(error));
    return error ? otherwise : SQLITE_OK;
}

static enum bh_error write_header(void) {
    enum bh_error error = disk_write(0, &header, sizeof(header));
    if (!error)
        error = disk_flush();
    header_changed = error != BH_OK;
    return error;
}

static enum part part_of(sqlite3_file *file) {
    return ((struct file *)file)->part;
}

static int close_file(sqlite3_file *file) {
    (void)file;
    return SQLITE_OK;
}

// What lies behind the end reads as zeros, and SQLite is told.
static int read_file(sqlite3_file *file, void *data, int size, sqlite3_int64 offset) {
    enum part part = part_of(file);
    uint64_t have = (uint64_t)offset < header.size[part] ? header.size[part] - (uint64_t)offset : 0;
    size_t count = have < (uint64_t)size ? have : (size_t)size;
    if (count && disk_read(start[part] + (uint64_t)offset, data, count))
        return SQLITE_IOERR_READ;
    memset((uint8_t *)data + count, 0, (size_t)size - count);
    return count < (size_t)size ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

// Zeros between the old end and a write behind it.
static enum bh_error fill(enum part part, uint64_t to) {
    static const uint8_t zeros[SECTORS_AT_ONCE * DISK_SECTOR];
    enum bh_error error = BH_OK;
    while (!error && header.size[part] < to) {
        uint64_t count = to - header.size[part] < sizeof(zeros) ? to - header.size[part] : sizeof(zeros);
        error = disk_write(start[part] + header.size[part], zeros, count);
        header.size[part] += error ? 0 : count;
    }
    return error;
}

static int write_file(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
    enum part part = part_of(file);
    uint64_t end = (uint64_t)offset + (uint64_t)size;
    if (end > capacity[part])
        return SQLITE_FULL;
    enum bh_error error = fill(part, (uint64_t)offset);
    if (!error)
        error = disk_write(start[part] + (uint64_t)offset, data, (size_t)size);
    if (!error && end > header.size[part]) {
        header.size[part] = end;
        header_changed = true;
    }
    return result_of(error, SQLITE_IOERR_WRITE);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
    enum part part = part_of(file);
    if ((uint64_t)size >= header.size[part])
        return SQLITE_OK;
    header.size[part] = (uint64_t)size;
    return result_of(write_header(), SQLITE_IOERR_TRUNCATE);
}

static int sync_file(sqlite3_file *file, int flags) {
    (void)file, (void)flags;
    enum bh_error error = disk_flush();
    if (!error && header_changed)
        error = write_header();
    return result_of(error, SQLITE_IOERR_FSYNC);
}

static int size_of_file(sqlite3_file *file, sqlite3_int64 *size) {
    *size = (sqlite3_int64)header.size[part_of(file)];
    return SQLITE_OK;
}

static int lock_file(sqlite3_file *file, int level) {
    (void)file, (void)level;
    return SQLITE_OK;
}

static int is_reserved(sqlite3_file *file, int *reserved) {
    (void)file;
    *reserved = 0;
    return SQLITE_OK;
}

static int control_file(sqlite3_file *file, int operation, void *argument) {
    (void)file, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *file) {
    (void)file;
    return DISK_SECTOR;
}

static int characteristics(sqlite3_file *file) {
    (void)file;
    return SQLITE_IOCAP_ATOMIC512;
}

static const sqlite3_io_methods methods = {.iVersion = 1, .xClose = close_file, .xRead = read_file, .xWrite = write_file,
                                           .xTruncate = truncate_file, .xSync = sync_file, .xFileSize = size_of_file, .xLock = lock_file,
                                           .xUnlock = lock_file, .xCheckReservedLock = is_reserved, .xFileControl = control_file,
                                           .xSectorSize = sector_size, .xDeviceCharacteristics = characteristics};

static enum part part_of_name(const char *name) {
    static const char ending[] = "-journal";
    size_t length = strlen(name);
    return length >= sizeof(ending) - 1 && strcmp(name + length - (sizeof(ending) - 1), ending) == 0 ? PART_JOURNAL : PART_DATABASE;
}

// Anything but the two (temporary files, which the build keeps in memory) cannot be opened.
static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out) {
    (void)vfs;
    if (!name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL)))
        return SQLITE_CANTOPEN;
    struct file *opened = (struct file *)file;
    *opened = (struct file){.base.pMethods = &methods, .part = part_of_name(name)};
    if (!header.exists[opened->part]) {
        header.exists[opened->part] = 1;
        header_changed = true;
    }
    if (flags_out)
        *flags_out = flags;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs, (void)sync;
    enum part part = part_of_name(name);
    header.exists[part] = header.size[part] = 0;
    return result_of(write_header(), SQLITE_IOERR_DELETE);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    (void)vfs, (void)flags;
    *result = header.exists[part_of_name(name)] != 0;
    return SQLITE_OK;
}

static int full_name(sqlite3_vfs *vfs, const char *name, int capacity_of_full, char *full) {
    (void)vfs;
    sqlite3_snprintf(capacity_of_full, full, "%s", name);
    return SQLITE_OK;
}

static enum bh_error read_header(void) {
    enum bh_error error = disk_size() < 4 * AREA_START ? BH_ENOSPC : disk_read(0, &header, sizeof(header));
    if (error)
        return error;
    static const struct header new_disk;
    if (memcmp(&header, &new_disk, sizeof(header)) == 0)
        header.magic = MAGIC;
    uint64_t rest = disk_size() - AREA_START;
    capacity[PART_DATABASE] = rest / 4 * 3 / AREA_START * AREA_START;
    capacity[PART_JOURNAL] = rest - capacity[PART_DATABASE];
    start[PART_DATABASE] = AREA_START;
    start[PART_JOURNAL] = AREA_START + capacity[PART_DATABASE];
    bool good = header.magic == MAGIC;
    for (uint32_t i = 0; i < PART_COUNT; i++)
        good &= header.size[i] <= capacity[i];
    return good ? BH_OK : BH_EIMAGE;
}

enum bh_error vfs_register(void) {
    static sqlite3_vfs vfs;
    enum bh_error error = read_header();
    if (error)
        return error;
    if (sqlite3_initialize() != SQLITE_OK)
        return BH_ENOMEM;
    vfs = *sqlite3_vfs_find(NULL); // time, sleep and randomness are its
    vfs.pNext = NULL;
    vfs.zName = VFS_NAME;
    vfs.szOsFile = sizeof(struct file);
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_name;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? BH_OK : BH_ENOMEM;
}
