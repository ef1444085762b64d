// SPDX-License-Identifier: MIT
//
// A guest that says once that it lives, and then asks its serial port for ever whether it is ready.
#include "guest.h"

guest_main:
    say "the guest lives\n"
    mov $COM1 + 5, %edx
1:  in %dx, %al
    jmp 1b
