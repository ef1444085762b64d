// SPDX-License-Identifier: MIT
//
// Driver of the clock chip that every PC has, an MC146818 behind the I/O ports 0x70 and 0x71.
//
// Serves: port "clock" (interface Clock). Needs: "chip" (Ports 0x70-0x71).
// When it dies nothing is lost: all state is in the chip.
#include <bulkhead/domain.h>
#include <bulkhead/mutex.h>

#include "clock.h"
#include "kernel.h"

#define PORT_INDEX 0x70
#define PORT_DATA 0x71
#define READS_MAX 1000

// The chip's registers. Source: Motorola MC146818A data sheet, table 2 and "Registers".
enum chip { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, STATUS_A = 10, STATUS_B = 11 };
#define A_UPDATING 0x80u
#define B_BINARY 0x04u

static bh_cap ports;
static struct bh_mutex lock; // index and data are two accesses

static enum bh_error chip_read(enum chip index, uint32_t *value) {
    enum bh_error error = ports_write(ports, PORT_INDEX, 1, index);
    return error ? error : ports_read(ports, PORT_DATA, 1, value);
}

static uint8_t number(uint32_t value, uint32_t status) {
    return (uint8_t)(status & B_BINARY ? value : (value >> 4 & 15) * 10 + (value & 15));
}

static enum bh_error read_time(struct bh_clock_time *time) {
    static const enum chip places[] = {SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR};
    uint32_t value[6], status;
    enum bh_error error = chip_read(STATUS_B, &status);
    for (int i = 0; i < 6 && !error; i++)
        error = chip_read(places[i], &value[i]);
    if (!error)
        *time = (struct bh_clock_time){.second = number(value[0], status), .minute = number(value[1], status),
                                       .hour = number(value[2], status), .day = number(value[3], status),
                                       .month = number(value[4], status), .year = 2000 + number(value[5], status)};
    return error;
}

// The chip changes its registers once a second and says when it is about to.
static enum bh_error read_settled(struct bh_clock_time *time) {
    for (int i = 0; i < READS_MAX; i++) {
        uint32_t before, after;
        enum bh_error error = chip_read(STATUS_A, &before);
        if (!error)
            error = read_time(time);
        if (!error)
            error = chip_read(STATUS_A, &after);
        if (error || !((before | after) & A_UPDATING))
            return error;
        bh_yield();
    }
    return BH_EIO;
}

static enum bh_error now(void *object, struct bh_clock_time *time) {
    (void)object;
    bh_mutex_lock(&lock);
    enum bh_error error = read_settled(time);
    bh_mutex_unlock(&lock);
    return error;
}

int main(void) {
    static const struct clock_methods methods = {.now = now};
    enum bh_error error = bh_cap_find("chip", &ports);
    if (!error)
        error = bh_mutex_create(&lock);
    if (!error)
        error = clock_serve("clock", &methods, NULL);
    if (error)
        bh_panic("cannot serve: %s", bh_strerror(error));
    bh_thread_exit(); // the port stays served
}
