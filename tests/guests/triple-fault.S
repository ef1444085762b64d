// SPDX-License-Identifier: MIT
//
// No interrupt table, then an exception: a triple fault, which ends this guest only.
#include "guest.h"

guest_main:
    say "about to fault\n"
    lidt nothing
    ud2
    end 1

    .section .rodata
nothing:
    .word 0
    .long 0
