// SPDX-License-Identifier: MIT
//
// The driver of a source of entropy with a device that is not told of buffers (unheard.h): who asks for bytes gets them all the same, and none twice.
#include "unheard.h"

#include "entropy.h"

static const struct entropy_methods *methods;
static void *source;
static uint8_t next;

static uint32_t device_does(uint32_t queue, uint8_t *bytes, uint32_t room) {
    cr_assert_eq(queue, 0);
    for (uint32_t i = 0; i < room; i++)
        bytes[i] = next++;
    return room;
}

enum bh_error entropy_serve(const char *port, const struct entropy_methods *with, void *object) {
    (void)port;
    methods = with;
    source = object;
    return BH_OK;
}

Test(rng, a_device_that_was_not_told_of_buffers_is_reminded, .init = serve) {
    uint8_t bytes[BH_ENTROPY_MAX], expected = 0;
    uint32_t size;
    for (uint32_t i = 0; i < 20; i++) {
        cr_assert_eq(methods->read(source, BH_ENTROPY_MAX, bytes, &size), BH_OK);
        cr_assert_eq(size, BH_ENTROPY_MAX);
        for (uint32_t j = 0; j < size; j++)
            cr_assert_eq(bytes[j], expected++);
    }
    cr_assert_gt(device[0].reminders, 1);
}

Test(rng, who_gets_too_little_for_too_long_hears_so, .init = serve) {
    uint8_t bytes[BH_ENTROPY_MAX];
    uint32_t size = 1;
    hears_most = 1;
    cr_assert_eq(methods->read(source, BH_ENTROPY_MAX, bytes, &size), BH_ETIMEDOUT);
    cr_assert_eq(size, 0);
    cr_assert_eq(methods->read(source, 100, bytes, &size), BH_OK, "what there is is given");
    cr_assert(size == 100 && bytes[99] == 99);
}
