// SPDX-License-Identifier: MIT
//
// Spoils the state that a vmm keeps, as a vmm that went wild would before it dies (tests/system/vmm_restart.py).
//
// Needs:    "vmm-state" (buffer), "settings".
// Settings: offset, size: of the bytes; xor: with what.
#include <stdlib.h>

#include "bulkhead/buffer.h"
#include "bulkhead/domain.h"
#include "bulkhead/settings.h"

#define CURRENT_OFFSET 16 // not 0 once there is a guest to go on with
#define LOOK_NS 10000000u
#define LIVE_NS 300000000u

static uint64_t number(const char *key) {
    char text[BH_SETTING_SIZE];
    if (!bh_setting(key, text, sizeof(text)))
        bh_panic("no setting %s", key);
    return strtoull(text, NULL, 0);
}

int main(void) {
    void *address;
    uint64_t size;
    if (bh_buffer_find("vmm-state", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size))
        return 1;
    volatile uint8_t *bytes = address;
    uint64_t offset = number("offset"), count = number("size"), mask = number("xor");
    if (offset > size || count > size - offset)
        return 1;
    while (!bytes[CURRENT_OFFSET])
        bh_sleep_for(LOOK_NS);
    bh_sleep_for(LIVE_NS);
    for (uint64_t i = 0; i < count; i++)
        bytes[offset + i] ^= (uint8_t)mask;
    bh_info("%llu bytes from %llu are spoilt", (unsigned long long)count, (unsigned long long)offset);
    return 0;
}
