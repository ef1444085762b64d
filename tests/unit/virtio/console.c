// SPDX-License-Identifier: MIT
//
// The console's driver with a device that is not told of what it is offered (unheard.h): what is printed gets there all the same, once.
#include "unheard.h"

#include "bulkhead/typed.h"
#include "console.h"

#define TO_DEVICE 1

static const struct console_methods *methods;
static void *console;
static char printed[64];

static uint32_t device_does(uint32_t queue, uint8_t *bytes, uint32_t room) {
    cr_assert_eq(queue, TO_DEVICE);
    strncat(printed, (const char *)bytes, room);
    return 0;
}

enum bh_error console_serve(const char *port, const struct console_methods *with, void *object) {
    (void)port;
    methods = with;
    console = object;
    return BH_OK;
}

void *bh_typed_buffer(uint64_t size, void *unkept) {
    (void)size;
    return unkept;
}

Test(console, a_device_that_was_not_told_of_output_is_reminded, .init = serve) {
    cr_assert_eq(methods->write(console, "who hears ", 10), BH_OK);
    cr_assert_eq(methods->write(console, "me?", 3), BH_OK);
    cr_assert_str_eq(printed, "who hears me?");
    cr_assert(device[TO_DEVICE].kicks == 2 && device[TO_DEVICE].reminders == 2 && waits == 2);
}
