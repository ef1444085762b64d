// SPDX-License-Identifier: MIT
//
// The domain that the kernel's tests break. Serves Victim behind the port that the setting `port` names, the ring "work" if it was
// granted one, and calls the victim "next" in relay(). Needs Settings. When it dies, the test conductor starts it again.
#include <stdlib.h>
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/settings.h>

#include "kernel/abi/crash.h"
#include "misbehave.h"
#include "victim.h"

#define RING_PRIORITY 2

void bh_inject(uint64_t kind);

static bh_cap kept;
static char port[BH_SETTING_SIZE]; // that it serves

static enum bh_error echo(void *object, uint64_t value, uint64_t *same) {
    *same = value;
    return object ? BH_EAGAIN : BH_OK;
}

static void change(const struct bh_victim_numbers *given, struct bh_victim_numbers *changed) {
    size_t size = strnlen(given->name, sizeof(given->name) - 1);
    *changed = (struct bh_victim_numbers){given->first + 1, given->second + 1, (uint16_t)(given->third + 1), (uint8_t)(given->fourth + 1),
                                          !given->fifth, ""};
    for (size_t i = 0; i < size; i++)
        changed->name[i] = given->name[size - 1 - i];
}

static uint64_t digest(const volatile uint8_t *bytes, uint32_t size) {
    uint64_t sum = size;
    for (uint32_t i = 0; i < size; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

// What a call brought is this domain's own: whatever threads of the caller do meanwhile, it stays as it is.
static void expect_still(const void *bytes, uint32_t size) {
    uint64_t before = digest(bytes, size);
    bh_yield();
    if (digest(bytes, size) != before)
        bh_panic("arguments changed during the call");
}

static enum bh_error numbers(void *object, const struct bh_victim_numbers *given, struct bh_victim_numbers *changed) {
    (void)object;
    expect_still(given, sizeof(*given));
    change(given, changed);
    return BH_OK;
}

static enum bh_error reverse(void *object, const void *data, uint32_t size, void *reversed, uint32_t *reversed_size) {
    (void)object;
    if (size > 700)
        bh_panic("%u bytes of at most 700", size);
    expect_still(data, size);
    for (uint32_t i = 0; i < size; i++)
        ((uint8_t *)reversed)[i] = ((const uint8_t *)data)[size - 1 - i];
    *reversed_size = size;
    return BH_OK;
}

static enum bh_error relay(void *object, uint32_t depth, uint32_t kind, uint64_t value, uint64_t *result) {
    bh_cap next;
    (void)object;
    if (!depth) {
        *result = value + 1;
        if (kind >= MISBEHAVE_FIRST)
            return misbehave(kind, port, result);
        if (kind)
            bh_inject(kind);
        return BH_OK;
    }
    enum bh_error error = bh_cap_find("next", &next);
    if (!error)
        error = victim_relay(next, depth - 1, kind, value + 1, result);
    return error;
}

static enum bh_error pause_for(void *object, uint64_t duration_ns) {
    (void)object;
    take_time(duration_ns);
    return BH_OK;
}

static enum bh_error crash(void *object, uint32_t kind) {
    (void)object;
    bh_inject(kind);
    return BH_OK;
}

static uint64_t signal_delay_ns;

static void signal_thread(uint64_t event) {
    take_time(signal_delay_ns);
    (void)bh_event_signal((bh_cap)event);
    (void)bh_cap_drop((bh_cap)event);
    bh_thread_exit();
}

static enum bh_error signal_later(void *object, bh_cap event, uint64_t delay_ns) {
    (void)object;
    signal_delay_ns = delay_ns;
    return bh_thread_create(signal_thread, event, RING_PRIORITY);
}

static enum bh_error echo_through(void *object, bh_cap other, uint64_t value, uint64_t *same) {
    (void)object;
    enum bh_error error = victim_echo(other, value, same);
    enum bh_error dropped = bh_cap_drop(other);
    return error ? error : dropped;
}

static bool lend_derived;

static void lend_on(uint64_t data) {
    bh_cap next, derived = (bh_cap)data;
    if (lend_derived && bh_cap_derive((bh_cap)data, BH_RIGHT_READ | BH_RIGHT_WRITE, &derived) != BH_OK)
        bh_thread_exit();
    if (bh_cap_find("next", &next) == BH_OK)
        (void)victim_fill(next, derived, 77, FILL_SLOWLY);
    bh_thread_exit();
}

static enum bh_error fill(void *object, bh_cap data, uint32_t value, uint32_t kind) {
    void *address;
    uint64_t size;
    (void)object;
    enum bh_error error = bh_buffer_open(data, BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size);
    if (error)
        return error;
    memset(address, (int)value, size);
    if (kind == FILL_SLOWLY) {
        take_time(60000000);
        memset(address, (int)value, size);
    } else if (kind == FILL_BRIEFLY) {
        bh_yield();
        memset(address, (int)value, size);
    } else if (kind == FILL_END_THREAD) {
        bh_thread_exit();
    } else if (kind == FILL_LEND_ON || kind == FILL_LEND_DERIVED) {
        lend_derived = kind == FILL_LEND_DERIVED;
        error = bh_thread_create(lend_on, data, RING_PRIORITY);
        bh_sleep_for(10000000);
        return error;
    } else if (kind)
        bh_inject(kind);
    return BH_OK;
}

static enum bh_error take(void *object, bh_cap data, uint64_t *sum) {
    void *address;
    uint64_t size;
    (void)object;
    enum bh_error error = bh_buffer_open(data, BH_RIGHT_READ, &address, &size);
    *sum = 0;
    for (uint64_t i = 0; !error && i < size; i++)
        *sum += ((const uint8_t *)address)[i];
    kept = data;
    return error;
}

static enum bh_error keep(void *object, bh_cap data, uint32_t rights, uint64_t *address) {
    void *place = NULL;
    (void)object;
    kept = data;
    enum bh_error error = bh_buffer_map(data, rights, &place);
    *address = (uint64_t)place;
    return error;
}

static enum bh_error forget(void *object) {
    (void)object;
    return bh_cap_drop(kept);
}

static enum bh_error poke(void *object, uint64_t address, uint32_t write, uint64_t *value) {
    volatile uint64_t *word = (volatile uint64_t *)address;
    (void)object;
    if (write)
        *word = write;
    *value = *word;
    return BH_OK;
}

enum { EXHAUST_HEAP, EXHAUST_CAPS, EXHAUST_BUFFERS, EXHAUST_THREADS };
#define PIECE (256u << 10)

static void sleeper(uint64_t duration_ns) {
    bh_sleep_for(duration_ns);
    bh_thread_exit();
}

static void *volatile piece; // volatile: a malloc whose result nobody wants would not be made

static enum bh_error use_one(uint32_t what) {
    bh_cap cap;
    void *address;
    switch (what) {
    case EXHAUST_HEAP:
        piece = malloc(PIECE);
        return piece ? BH_OK : BH_ENOMEM;
    case EXHAUST_CAPS:
        return bh_event_create(&cap);
    case EXHAUST_BUFFERS:
        return bh_buffer_alloc(PIECE, &cap, &address);
    default:
        return bh_thread_create(sleeper, 200000000, RING_PRIORITY);
    }
}

static enum bh_error exhaust(void *object, uint32_t what, uint64_t *got, uint32_t *error) {
    (void)object;
    enum bh_error result = BH_OK;
    *got = 0;
    while (!result && *got < 100000) {
        result = use_one(what);
        *got += !result;
    }
    *error = (uint32_t)-result;
    return BH_OK;
}

static enum bh_error late(void *object, uint64_t duration_ns, struct bh_victim_numbers *result) {
    (void)object;
    take_time(duration_ns);
    memset(result, 0xee, sizeof(*result));
    result->fifth = true; // which its type allows
    result->name[sizeof(result->name) - 1] = 0;
    return BH_OK;
}

static enum bh_error two_caps(void *object, bh_cap first, bh_cap second) {
    (void)object;
    (void)bh_cap_drop(first);
    return bh_cap_drop(second);
}

static const struct victim_methods methods = {
    .echo = echo, .numbers = numbers, .reverse = reverse, .relay = relay, .wait = pause_for, .crash = crash,
    .signal_later = signal_later, .echo_through = echo_through, .fill = fill, .take = take, .keep = keep, .forget = forget,
    .poke = poke, .exhaust = exhaust, .late = late, .two_caps = two_caps,
};

enum bh_error serve_again(const char *name, void *object) {
    return victim_serve(name, &methods, object);
}

static struct bh_ring ring;

static void ring_thread(uint64_t unused) {
    uint32_t completed = 0;
    (void)unused;
    for (;;) {
        struct bh_victim_request request;
        uint32_t slot;
        while (bh_ring_take(&ring, &slot, &request) == BH_OK) {
            if (request.delay_ns)
                take_time(request.delay_ns);
            struct bh_victim_completion completion = {request.value + 1, ++completed, 0};
            (void)bh_ring_finish(&ring, slot, BH_OK, &completion);
            bh_ring_finish_notify(&ring);
        }
        (void)bh_ring_wait_submit(&ring, 0);
    }
}

int main(void) {
    bh_cap work;
    if (!bh_setting("port", port, sizeof(port)))
        bh_panic("needs Settings and a setting `port'");
    // Attached before anything is served, so that who counts capabilities once it serves sees all of them.
    bool has_ring = bh_cap_find("work", &work) == BH_OK;
    if (has_ring && bh_ring_attach("work", &ring) != BH_OK)
        bh_panic("cannot attach to the ring that was granted");
    if (has_ring && bh_thread_create(ring_thread, 0, RING_PRIORITY) != BH_OK)
        bh_panic("cannot start the ring's thread");
    enum bh_error error = serve_again(port, NULL);
    if (error)
        bh_panic("cannot serve %s: %s", port, bh_strerror(error));
    bh_thread_exit();
}
