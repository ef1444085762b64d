// SPDX-License-Identifier: MIT
//
// Calls out the time, every second.
//
// Serves nothing. Needs: "clock" (Clock). When it dies it is quiet.
#include <bulkhead/domain.h>

#include "clock.h"

#define SECOND_NS 1000000000ull
#define RETRY_NS 1000000

int main(void) {
    bh_cap clock;
    enum bh_error error = bh_cap_find("clock", &clock);
    if (error)
        bh_panic("no clock: %s", bh_strerror(error));
    for (unsigned waits = 0;;) {
        struct bh_clock_time time;
        error = clock_now(clock, &time);
        if (error == BH_EDEAD) { // its supervisor restarts it
            waits++;
            bh_sleep_for(RETRY_NS);
            continue;
        }
        if (error)
            bh_warn("the clock cannot be read: %s", bh_strerror(error));
        else
            bh_info("%04u-%02u-%02u %02u:%02u:%02u%s", time.year, time.month, time.day, time.hour, time.minute, time.second,
                    waits ? ", after a wait for the driver" : "");
        waits = 0;
        bh_sleep_for(SECOND_NS);
    }
}
