// SPDX-License-Identifier: MIT
//
// Where what was typed is kept beyond the end of who serves it.
#include "bulkhead/typed.h"

#include "bulkhead/buffer.h"
#include "bulkhead/domain.h"

void *bh_typed_buffer(uint64_t size, void *unkept) {
    void *address;
    uint64_t have;
    if (bh_buffer_find("typed", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &have))
        return unkept;
    if (have >= size)
        return address;
    bh_warn("the buffer typed has %llu bytes, and %llu are needed: what is typed is not kept", (unsigned long long)have, (unsigned long long)size);
    return unkept;
}
