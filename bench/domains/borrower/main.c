// SPDX-License-Identifier: MIT
//
// A driver that does nothing with its device but have buffers mapped for it, and times that. Serves BenchBorrower behind the port "borrower"; needs "device", any
// that masters the bus. Whoever calls it when it dies is answered BH_EDEAD.
#include <bulkhead/domain.h>
#include <x86intrin.h>

#include "bench.h"
#include "kernel.h"

static enum bh_error borrow(void *object, bh_cap data, uint64_t *map, uint64_t *unmap) {
    struct bh_buffer_info info;
    (void)object;
    uint64_t start = __rdtsc();
    enum bh_error error = bh_buffer_info(data, &info);
    uint64_t middle = __rdtsc();
    if (!error)
        error = info.dma_address ? bh_cap_drop(data) : BH_ERIGHTS;
    *map = middle - start;
    *unmap = __rdtsc() - middle;
    return error;
}

int main(void) {
    static const struct bench_borrower_methods methods = {borrow};
    struct bh_device_info info;
    bh_cap device;
    enum bh_error error = bh_cap_find("device", &device);
    if (!error)
        error = device_open(device, &info);
    if (!error)
        error = bench_borrower_serve("borrower", &methods, NULL);
    if (error)
        bh_panic("the device cannot be had: %s", bh_strerror(error));
    bh_thread_exit();
}
