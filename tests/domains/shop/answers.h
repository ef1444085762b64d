// SPDX-License-Identifier: MIT
#ifndef ANSWERS_H
#define ANSWERS_H

#include "kernel/abi/error.h"

// Serve the port "locker", whose methods answer with capabilities.
enum bh_error answers_serve(void);

#endif
