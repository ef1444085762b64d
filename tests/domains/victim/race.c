// SPDX-License-Identifier: MIT
//
// Threads of one domain against each other and against whoever reads their memory: what one passes, waits on or maps, others rewrite, revoke
// or unmap at the same time. Every thread lets others run after some steps, so that on one processor, too, they take turns many thousands of
// times. Whatever comes of it is this domain's own affair.
#include "misbehave.h"

#include <string.h>

#include <bulkhead/domain.h>

#include "kernel.h"
#include "kernel/abi/call.h"
#include "runtime/calls.h"
#include "victim.h"

#define MS 1000000ull
#define PRIORITY 2
#define HELPERS 3
#define BURST 24 // steps between two turns

static volatile uint32_t over, helpers;
static uint64_t end_ns;
static bh_cap next_cap, settings_cap;

static uint32_t draw(uint64_t *seed, uint32_t limit) {
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*seed >> 33) % limit;
}

static bool in_time(void) {
    return !over && bh_time_ns() < end_ns;
}

static enum bh_error start(bh_thread_function *function, uint32_t count) {
    enum bh_error error = BH_OK;
    for (uint32_t i = 0; i < count && !error; i++) {
        error = bh_thread_create(function, 1 + 7919 * i, PRIORITY);
        __atomic_add_fetch(&helpers, !error, __ATOMIC_SEQ_CST);
    }
    return error;
}

[[noreturn]] static void leave(void) {
    __atomic_sub_fetch(&helpers, 1, __ATOMIC_SEQ_CST);
    bh_thread_exit();
}

static void wait_for_helpers(void) {
    over = 1;
    while (helpers)
        bh_sleep_for(MS / 4);
    over = 0;
}

// ---- arguments ---------------------------------------------------------------------------------------------------------------

static struct {
    struct bh_victim_numbers numbers, changed;
    uint8_t bytes[704], reversed[704];
    char name[480], value[480];
    struct bh_serve serve;
    uint64_t methods[BH_INTERFACE_METHODS];
    uint64_t words[64];
} passed;

static void rewrite(uint64_t seed) {
    volatile uint8_t *bytes = (volatile uint8_t *)&passed;
    while (!over) {
        for (int i = 0; i < BURST; i++)
            bytes[draw(&seed, sizeof(passed))] = (uint8_t)seed;
        ((volatile struct bh_serve *)&passed.serve)->method_count = draw(&seed, 20);
        ((volatile struct bh_serve *)&passed.serve)->methods = draw(&seed, 2) ? (uint64_t)passed.methods : seed;
        bh_yield();
    }
    leave();
}

static void pass_once(uint64_t *seed) {
    uint32_t size;
    bh_cap cap;
    switch (draw(seed, 7)) {
    case 0: (void)victim_numbers(next_cap, &passed.numbers, &passed.changed); break;
    case 1: (void)victim_reverse(next_cap, passed.bytes, draw(seed, 701), passed.reversed, &size); break;
    case 2: (void)bh_call_cap_find(passed.name, draw(seed, 600), &cap); break;
    case 3: (void)settings_get(settings_cap, passed.name, passed.value); break;
    case 4: (void)bh_call_port_serve(&passed.serve); break;
    case 5: bh_call_log(BH_LOG_DEBUG, passed.name, draw(seed, 480)); break;
    default: (void)bh_call_cap_list(draw(seed, 40), (struct bh_cap_info *)passed.words); break;
    }
}

static enum bh_error race_arguments(uint64_t *rounds) {
    uint64_t seed = 5;
    enum bh_error error = bh_cap_find("settings", &settings_cap);
    if (!error)
        error = start(rewrite, HELPERS);
    for (; !error && in_time(); ++*rounds)
        pass_once(&seed);
    wait_for_helpers();
    return error;
}

// ---- memory that comes and goes -------------------------------------------------------------------------------------------------

static volatile bh_cap buffer;

static void unmap(uint64_t seed) {
    void *place;
    while (!over) {
        if (draw(&seed, 200) == 0) {
            (void)bh_buffer_unmap(buffer);
            for (uint64_t until = bh_time_ns() + 20000; bh_time_ns() < until;) // or, on several processors, it would be back at once
                bh_yield();
        } else
            (void)bh_buffer_map(buffer, BH_RIGHT_READ | (draw(&seed, 100) ? BH_RIGHT_WRITE : 0), &place);
        bh_yield();
    }
    leave();
}

// Sooner or later an argument is not there, or a result has nowhere to go: this domain dies of it.
static enum bh_error race_unmap(uint64_t *rounds) {
    void *place;
    bh_cap cap;
    uint32_t size;
    enum bh_error error = bh_buffer_alloc(8192, &cap, &place);
    buffer = cap;
    if (!error)
        error = start(unmap, 2);
    uint8_t *bytes = place;
    for (; !error && in_time(); ++*rounds) {
        (void)victim_numbers(next_cap, place, (struct bh_victim_numbers *)(bytes + 4080)); // over a page's end
        (void)victim_reverse(next_cap, bytes, 700, bytes + 4096, &size);
        (void)bh_call_cap_find((const char *)bytes, 30, (bh_cap *)(bytes + 64));
    }
    wait_for_helpers();
    return error;
}

// ---- a lent buffer --------------------------------------------------------------------------------------------------------------

static void lend(uint64_t seed) {
    for (; !over; bh_yield())
        (void)victim_fill(next_cap, buffer, draw(&seed, 256), draw(&seed, 2) ? FILL_BRIEFLY : 0);
    leave();
}

static void pull_away(uint64_t seed) {
    bh_cap derived;
    void *place;
    for (; !over; bh_yield())
        switch (draw(&seed, 5)) {
        case 0: (void)bh_buffer_unmap(buffer); break;
        case 1: (void)bh_buffer_map(buffer, BH_RIGHT_READ, &place); break;
        case 2: (void)bh_cap_revoke(buffer); break;
        case 3:
            if (bh_cap_derive(buffer, BH_RIGHT_READ, &derived) == BH_OK)
                (void)bh_cap_drop(derived);
            break;
        default: (void)bh_cap_drop(buffer); break;
        }
    leave();
}

static enum bh_error race_lend(uint64_t *rounds) {
    uint64_t sum;
    void *place;
    bh_cap cap;
    enum bh_error error = bh_buffer_alloc(4096, &cap, &place);
    buffer = cap;
    if (!error)
        error = start(lend, 2);
    if (!error)
        error = start(pull_away, 2);
    while (!error && in_time()) {
        enum bh_error moved = victim_take(next_cap, buffer, &sum);
        if (!moved)
            (void)victim_forget(next_cap);
        else
            (void)bh_cap_drop(buffer);
        ++*rounds;
        if (bh_buffer_alloc(4096, &cap, &place) == BH_OK) // the quota may be used up for a moment
            buffer = cap;
        bh_yield();
    }
    wait_for_helpers();
    return error;
}

// ---- capabilities -----------------------------------------------------------------------------------------------------------------

static volatile bh_cap pool[12];

static void put(bh_cap cap, uint64_t *seed) {
    (void)bh_cap_drop(__atomic_exchange_n(&pool[draw(seed, 12)], cap, __ATOMIC_SEQ_CST));
}

static void use_capability(uint64_t *seed) {
    bh_cap cap = 0, from = pool[draw(seed, 12)], other = pool[draw(seed, 12)];
    uint64_t same;
    switch (draw(seed, 10)) {
    case 0:
        if (bh_event_create(&cap) == BH_OK)
            put(cap, seed);
        break;
    case 1:
        if (bh_cap_derive(next_cap, BH_RIGHT_CALL | BH_RIGHT_GRANT, &cap) == BH_OK)
            put(cap, seed);
        break;
    case 2:
        if (bh_cap_derive(from, BH_RIGHT_SIGNAL | BH_RIGHT_WAIT, &cap) == BH_OK)
            put(cap, seed);
        break;
    case 3: (void)bh_cap_revoke(from); break;
    case 4: (void)bh_cap_drop(from); break;
    case 5: (void)bh_event_wait(from, bh_time_ns() + MS / 10); break;
    case 6: (void)bh_event_signal(from); break;
    case 7: (void)victim_echo(from, 1, &same); break;
    case 8: (void)victim_echo_through(next_cap, from, 1, &same); break;
    default: (void)victim_two_caps(next_cap, from, other); break;
    }
}

static void use_capabilities(uint64_t seed) {
    for (; !over; bh_yield())
        use_capability(&seed);
    leave();
}

static enum bh_error race_caps(uint64_t *rounds) {
    uint64_t seed = 3;
    enum bh_error error = start(use_capabilities, HELPERS);
    for (; !error && in_time(); ++*rounds)
        use_capability(&seed);
    wait_for_helpers();
    for (uint32_t i = 0; i < 12; i++)
        (void)bh_cap_drop(pool[i]);
    return error;
}

// ---- threads ------------------------------------------------------------------------------------------------------------------------

static void short_lived(uint64_t seed) {
    uint64_t same;
    if (draw(&seed, 3) == 0)
        (void)victim_echo(next_cap, seed, &same);
    if (in_time())
        (void)bh_thread_create(short_lived, seed + 1, PRIORITY + draw(&seed, 2));
    if (draw(&seed, 3) == 0)
        (void)bh_thread_create(short_lived, seed + 2, PRIORITY);
    bh_thread_exit();
}

static enum bh_error race_threads(uint64_t *rounds) {
    uint64_t seed = 1;
    for (; in_time(); ++*rounds) {
        (void)bh_thread_create(short_lived, seed++, PRIORITY);
        bh_yield();
    }
    return BH_OK;
}

// ---- methods --------------------------------------------------------------------------------------------------------------------------

// Half of the time the port stands for another object, whose echo says: not now. Offers that the kernel refuses change nothing.
static enum bh_error race_serve(const char *port, uint64_t *rounds) {
    uint64_t wrong[BH_INTERFACE_METHODS] = {(uint64_t)race_serve};
    enum bh_error error = BH_OK;
    for (; !error && in_time(); ++*rounds) {
        error = serve_again(port, wrong);
        (void)bh_serve(port, BH_VICTIM_ID, BH_VICTIM_FINGERPRINT, wrong, BH_INTERFACE_METHODS, NULL);
        bh_yield();
        if (!error)
            error = serve_again(port, NULL);
        bh_yield();
    }
    return error ? error : serve_again(port, NULL);
}

// ---- each other's memory ------------------------------------------------------------------------------------------------------------------

static volatile uint8_t *volatile stacks[HELPERS + 1];

static void scribble(uint64_t seed) {
    uint64_t here[8] = {seed}, same;
    stacks[seed % HELPERS] = (volatile uint8_t *)here;
    while (!over) {
        volatile uint8_t *where = stacks[draw(&seed, HELPERS + 1)];
        for (int i = 0; where && i < BURST; i++)
            where[(int)draw(&seed, 600) - 300] = (uint8_t)seed;
        (void)victim_echo(next_cap, here[draw(&seed, 8)], &same);
        bh_yield();
    }
    leave();
}

static enum bh_error race_scribble(uint64_t *rounds) {
    uint64_t seed = 9, local[4] = {1};
    stacks[HELPERS] = (volatile uint8_t *)local;
    enum bh_error error = start(scribble, HELPERS);
    for (; !error && in_time(); ++*rounds)
        pass_once(&seed);
    wait_for_helpers();
    return error;
}

// ---- a ring -----------------------------------------------------------------------------------------------------------------------------------

static struct bh_ring ring;

static void spoil(uint64_t seed) {
    volatile uint32_t *words = (volatile uint32_t *)ring.info.requests;
    while (!over) {
        words[draw(&seed, 2) ? 0 : draw(&seed, 400)] = draw(&seed, 2) ? draw(&seed, 40) : (uint32_t)seed;
        (void)bh_event_signal(ring.info.submit_event);
        bh_yield();
    }
    leave();
}

static enum bh_error race_ring(uint64_t *rounds) {
    struct bh_victim_request request = {0, 0};
    uint32_t slot;
    enum bh_error error = ring.cap ? BH_OK : bh_ring_attach("play", &ring);
    if (!error)
        error = start(spoil, HELPERS);
    for (; !error && in_time(); ++*rounds) {
        (void)bh_ring_submit(&ring, &request, &slot);
        bh_ring_submit_notify(&ring);
        bh_yield();
    }
    wait_for_helpers();
    return error;
}

// ---- badges ---------------------------------------------------------------------------------------------------------------------------

static volatile bh_cap changing; // the index
static bh_cap seven;             // a capability with that badge to the port of `next`'s own next, which has no other from us

static void swap(uint64_t unused) {
    bh_cap cap;
    (void)unused;
    for (; !over; bh_yield()) {
        for (int i = 0; i < BURST; i++) {
            enum bh_error error = i & 1 ? bh_cap_derive_badged(next_cap, BH_RIGHT_CALL, 9, &cap) : bh_cap_derive(seven, BH_RIGHT_CALL, &cap);
            if (!error) {
                changing = cap;
                (void)bh_cap_drop(cap);
            }
        }
    }
    leave();
}

static void call_changing(uint64_t seed) {
    uint64_t answer = 0;
    for (; !over; bh_yield())
        for (int i = 0; i < BURST; i++)
            if (victim_relay(changing, 0, MISBEHAVE_BADGE, draw(&seed, 9), &answer) == BH_OK && answer != ((uint64_t)'b' << 32 | 9) &&
                answer != ((uint64_t)'c' << 32 | 7))
                bh_panic("server %c was called with badge %u", (char)(answer >> 32), (uint32_t)answer);
    leave();
}

static enum bh_error race_badges(uint64_t *rounds) {
    uint64_t unused;
    enum bh_error error = bh_cap_accept();
    if (!error)
        error = victim_relay(next_cap, 0, MISBEHAVE_ANSWER, 7, &unused);
    if (!error)
        error = bh_cap_taken(&seven);
    if (!error)
        error = start(swap, 1);
    if (!error)
        error = start(call_changing, HELPERS);
    for (; !error && in_time(); ++*rounds)
        bh_sleep_for(MS / 8);
    wait_for_helpers();
    return error ? error : bh_cap_drop(seven);
}

// ---- a device -----------------------------------------------------------------------------------------------------------------------------------

static bh_cap device_cap;

static void use_device(uint64_t *seed) {
    struct bh_device_info info;
    uint64_t where, dma;
    uint32_t word;
    bh_cap event;
    switch (draw(seed, 6)) {
    case 0: (void)device_open(device_cap, &info); break;
    case 1: (void)device_config_read(device_cap, draw(seed, 5000), 1u << draw(seed, 4), &word); break;
    case 2:
        if (bh_event_create(&event) == BH_OK)
            put(event, seed);
        break;
    case 3: (void)device_bind_vector(device_cap, draw(seed, 5), pool[draw(seed, 12)]); break;
    case 4: (void)bh_cap_drop(pool[draw(seed, 12)]); break;
    default:
        if (device_dma_alloc(device_cap, draw(seed, 20000), &where, &dma) == BH_OK)
            *(volatile uint64_t *)where = dma;
        break;
    }
}

static void use_devices(uint64_t seed) {
    for (; !over; bh_yield())
        use_device(&seed);
    leave();
}

static enum bh_error race_device(uint64_t *rounds) {
    uint64_t seed = 21;
    enum bh_error error = bh_cap_find("device", &device_cap);
    if (!error)
        error = start(use_devices, HELPERS);
    for (; !error && in_time(); ++*rounds)
        use_device(&seed);
    wait_for_helpers();
    return error;
}

enum bh_error race(enum misbehaviour kind, const char *port, uint64_t duration_ms, uint64_t *rounds) {
    enum bh_error error = bh_cap_find("next", &next_cap);
    *rounds = 0;
    end_ns = bh_time_ns() + duration_ms * MS;
    if (error)
        return error;
    switch (kind) {
    case RACE_ARGUMENTS: return race_arguments(rounds);
    case RACE_UNMAP: return race_unmap(rounds);
    case RACE_LEND: return race_lend(rounds);
    case RACE_CAPS: return race_caps(rounds);
    case RACE_THREADS: return race_threads(rounds);
    case RACE_SERVE: return race_serve(port, rounds);
    case RACE_SCRIBBLE: return race_scribble(rounds);
    case RACE_RING: return race_ring(rounds);
    case RACE_DEVICE: return race_device(rounds);
    case RACE_BADGES: return race_badges(rounds);
    default: return BH_EINVAL;
    }
}
