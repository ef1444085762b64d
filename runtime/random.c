// SPDX-License-Identifier: MIT
//
// getrandom() and getentropy() for domains that hold a capability "entropy"; for others ENOSYS. Linked only where it is asked for. A driver
// that died is waited for, as the system's generator is in a Unix kernel that has just started.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bulkhead/domain.h"
#include "entropy.h"

#define ENTROPY_LIMIT 256 // of getentropy(), by POSIX
#define RETRY_NS 1000000ull

static enum bh_error read_piece(bh_cap source, void *to, uint32_t size, bool wait) {
    uint8_t piece[BH_ENTROPY_MAX];
    uint32_t got = 0;
    uint64_t deadline = bh_time_ns() + BH_SERVER_WAIT_NS;
    enum bh_error error;
    while (bh_may_pass(error = entropy_read(source, size, piece, &got)) && wait && bh_time_ns() < deadline)
        bh_sleep_for(RETRY_NS);
    if (error)
        return error;
    if (got != size)
        return BH_EPROTO;
    __builtin_memcpy(to, piece, size);
    explicit_bzero(piece, sizeof(piece));
    return BH_OK;
}

ssize_t getrandom(void *buffer, size_t size, unsigned flags) {
    bh_cap source;
    size_t done = 0;
    if (flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) {
        errno = EINVAL;
        return -1;
    }
    if (bh_cap_find("entropy", &source)) {
        errno = ENOSYS;
        return -1;
    }
    while (done < size) {
        uint32_t piece = size - done < BH_ENTROPY_MAX ? (uint32_t)(size - done) : BH_ENTROPY_MAX;
        enum bh_error error = read_piece(source, (uint8_t *)buffer + done, piece, !(flags & GRND_NONBLOCK));
        if (error && !done) {
            errno = bh_may_pass(error) || error == BH_ETIMEDOUT ? EAGAIN : EIO;
            return -1;
        }
        if (error)
            break;
        done += piece;
    }
    return (ssize_t)done;
}

int getentropy(void *buffer, size_t size) {
    if (size > ENTROPY_LIMIT) {
        errno = EIO;
        return -1;
    }
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom((uint8_t *)buffer + done, size - done, 0);
        if (got < 0)
            return -1;
        done += (size_t)got;
    }
    return 0;
}
