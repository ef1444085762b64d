// SPDX-License-Identifier: MIT
//
// The MC146818 real-time clock with its 128 bytes of CMOS memory. Source: Motorola MC146818A data sheet.
#ifndef VMM_MC146818_H
#define VMM_MC146818_H

#include "device.h"

struct machine;

struct mc146818 {
    struct machine *machine;
    uint8_t index;
    uint8_t memory[128];   // registers A to C, the alarm and CMOS; the time is computed
    int64_t offset_s;      // wall clock in seconds since 1970 when the machine's clock was 0
    uint64_t seen_s;       // last second for which update and alarm were judged
    uint64_t periodic_ns;  // next periodic interrupt, 0: none
};

extern const struct device_model mc146818_model;

// Set the wall clock: seconds since 1970 now.
void mc146818_set_time(struct mc146818 *rtc, uint64_t seconds);

// Seconds from 1970 to the start of that day.
uint64_t mc146818_seconds(uint32_t year, uint32_t month, uint32_t day);

#endif
