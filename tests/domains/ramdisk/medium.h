// SPDX-License-Identifier: MIT
//
// The disk behind the driver `ramdisk': what has been written to it outlives the driver, and what has been flushed a power cut.
#ifndef RAMDISK_MEDIUM_H
#define RAMDISK_MEDIUM_H

#include <stdint.h>

#include "kernel/abi/error.h"

#define SECTOR 512u
#define BLOCK 4096u

// The buffer "power": how often the power has gone, and in which epoch of the ring it did last, for those who want to know what they may expect.
struct power {
    _Atomic uint64_t cuts, epoch;
};

// What this disk does that none may do, by the setting `breaks'.
enum breach { BREACH_NONE, BREACH_EARLY_FLUSH, BREACH_OLD_WRITE, BREACH_LOST_WRITE, BREACH_FORGETS };
extern enum breach breach;

enum bh_error medium_open(void);
uint64_t medium_sectors(void);
// Both: `size' bytes at sector `lba'; BH_ERANGE. With a cache, whole blocks.
enum bh_error medium_read(uint64_t lba, uint8_t *to, uint32_t size);
enum bh_error medium_write(uint64_t lba, const uint8_t *from, uint32_t size);
void medium_flush(void);
// The power goes: what is in the cache is lost, but for what the disk had just written. The caller dies at once.
void medium_cut(uint32_t epoch);
uint32_t medium_chance(uint32_t limit); // below that

#endif
