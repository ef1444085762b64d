// SPDX-License-Identifier: MIT
//
// The smallest guest: a line on the console, then status 42.
#include "guest.h"

guest_main:
    say "hello from a PVH guest\n"
    end 42
