// SPDX-License-Identifier: MIT
//
// The driver of a timer, the i8254's channel 0, that misprograms it: for a while a high but honest rate, then as fast as the chip can. The kernel does not reset
// that chip: the next instance does, since it sets the honest rate before it binds the interrupt, and begins again. Source: Intel 8254 data sheet, control word.
// Needs: timer (Ports 40-43 with interrupt 0). Dies of each storm.
#include <bulkhead/domain.h>

#include "kernel.h"

#define CHANNEL 0x40
#define CONTROL 0x43
#define BOTH_BYTES_RATE 0x34 // channel 0, low byte first, a pulse each time that it has counted down
#define HONEST 24u // of 1.193 million a second
#define FASTEST 2u
#define SPAN_NS 200000000ull

static bh_cap timer;

static enum bh_error set_divisor(uint32_t divisor) {
    enum bh_error error = ports_write(timer, CONTROL, BH_ACCESS_SIZE_BYTE, BOTH_BYTES_RATE);
    if (!error)
        error = ports_write(timer, CHANNEL, BH_ACCESS_SIZE_BYTE, divisor & 0xff);
    return error ? error : ports_write(timer, CHANNEL, BH_ACCESS_SIZE_BYTE, divisor >> 8);
}

static uint32_t count_until(bh_cap tick, uint64_t end_ns) {
    uint32_t ticks = 0;
    while (bh_time_ns() < end_ns)
        ticks += bh_event_wait(tick, end_ns) == BH_OK;
    return ticks;
}

int main(void) {
    bh_cap tick;
    enum bh_error error = bh_cap_find("timer", &timer);
    if (!error)
        error = bh_event_create(&tick);
    if (!error)
        error = set_divisor(HONEST);
    if (!error)
        error = ports_bind_interrupt(timer, tick);
    if (error)
        bh_panic("cannot begin: %s", bh_strerror(error));
    bh_info("%u ticks at an honest rate", count_until(tick, bh_time_ns() + SPAN_NS));
    error = set_divisor(FASTEST);
    if (error)
        bh_panic("the timer cannot be set: %s", bh_strerror(error));
    bh_info("%u ticks of a storm, and nobody minds", count_until(tick, bh_time_ns() + SPAN_NS));
    return 1;
}
