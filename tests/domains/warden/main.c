// SPDX-License-Identifier: MIT
//
// Tells the prowler where to send its device, and looks at what came of it: behind an IOMMU each attempt outside what was granted ends the prowler with
// cause DMA and the right address, and changes nothing; what was granted goes on working, and so does the porter, another driver with a device of
// its own. Without an IOMMU the same attempt does harm, which shows that the attempts are real. Powers off with status 0 when all was as it should be.
#include <stdatomic.h>
#include <string.h>

#include "kernel/abi/crash.h"
#include "prowler.h"
#include "tests/domains/expect.h"

#define MS 1000000ull
#define PAGE 4096u
#define PIECE 2048u // that the device takes at a time
#define PATIENCE_NS (15000 * MS)
#define SECRET 0x5a5a5a5a5a5a5a5aull
#define BAD 0xa5
#define BAD_WORD 0xa5a5a5a5a5a5a5a5ull
#define KERNEL_TEXT 0x101000ull
#define NOWHERE (1ull << 37) // more memory than the machine has
#define TOO_WIDE (1ull << 47)
#define MESSAGES 0xfee00000ull // for the first processor
#define COMMON_SIZE (4u << 20)

bh_cap system_cap;
static bh_cap prowler, porter, common;
static uint32_t prowler_id;
static volatile uint64_t *secret, *shared;
static uint64_t secret_at, common_at; // for devices
static _Atomic uint32_t carried;      // by the porter

// Where a driver's memory is, as soon as it serves.
static uint64_t memory_of(bh_cap driver) {
    uint64_t address;
    enum bh_error error;
    for (uint64_t end = bh_time_ns() + PATIENCE_NS; (error = prowler_memory(driver, &address)) == BH_EDEAD; bh_sleep_for(MS))
        EXPECT(bh_time_ns() < end, "a driver does not come");
    EXPECT_OK(error);
    return address;
}

// ---- the porter works all the time

static void carry(uint64_t unused) {
    uint64_t memory = memory_of(porter), word;
    (void)unused;
    for (uint8_t value = 1;; value = value % 100 + 1) {
        EXPECT_OK(prowler_fill(porter, value));
        EXPECT_OK(prowler_fetch(porter, memory, PIECE));
        EXPECT_OK(prowler_fill(porter, 0));
        EXPECT_OK(prowler_store(porter, memory, PIECE));
        EXPECT_OK(prowler_look(porter, &word));
        EXPECT(word == value * 0x0101010101010101ull, "the porter's device brought 0x%llx", (unsigned long long)word);
        carried++;
    }
}

static void wait_for_porter(void) {
    uint32_t before = carried;
    for (uint64_t end = bh_time_ns() + PATIENCE_NS; carried == before; bh_sleep_for(10 * MS))
        EXPECT(bh_time_ns() < end, "the porter carries no more");
}

// ---- the prowler

static uint64_t memory_of_prowler(void) {
    return memory_of(prowler);
}

// Its device has bad words to write.
static void arm(void) {
    uint64_t memory = memory_of_prowler();
    EXPECT_OK(prowler_fill(prowler, BAD));
    EXPECT_OK(prowler_fetch(prowler, memory, PIECE));
}

// It has just tried to reach `address`. The call may have returned before the fault's interrupt came.
static void expect_caught(const char *what, enum bh_error result, uint64_t address, bool write) {
    struct bh_domain_info info;
    struct bh_crash_info crash;
    EXPECT(result == BH_EDEAD || result == BH_OK, "%s: %s", what, bh_strerror(result));
    for (uint64_t end = bh_time_ns() + PATIENCE_NS;; bh_sleep_for(MS)) {
        EXPECT_OK(system_domain_info(system_cap, prowler_id, &info));
        if (info.state == BH_DOMAIN_STATE_DEAD)
            break;
        EXPECT(bh_time_ns() < end, "%s: the prowler lives", what);
    }
    EXPECT_OK(system_crash_info(system_cap, prowler_id, &crash));
    EXPECT(crash.cause == BH_CRASH_DMA && crash.address == address / PAGE * PAGE, "%s: cause %u, address 0x%llx: %s", what, crash.cause,
           (unsigned long long)crash.address, crash.text);
    EXPECT(strstr(crash.text, write ? "write to" : "read from"), "%s: %s", what, crash.text);
    EXPECT(secret[0] == SECRET && secret[PAGE / 8] == SECRET, "%s: the secret is 0x%llx", what, (unsigned long long)secret[0]);
    bh_info("caught: %s: %s", what, crash.text);
    EXPECT_OK(system_restart(system_cap, prowler_id));
}

static void try_store(const char *what, uint64_t address) {
    arm();
    expect_caught(what, prowler_store(prowler, address, 16), address, true);
}

static void try_fetch(const char *what, uint64_t address) {
    (void)memory_of_prowler();
    expect_caught(what, prowler_fetch(prowler, address, 16), address, false);
}

static bh_cap derived(uint32_t rights) {
    bh_cap cap;
    EXPECT_OK(bh_cap_derive(common, rights, &cap));
    return cap;
}

// Where a device may write, it does.
static void expect_stored(uint64_t offset) {
    shared[offset / 8] = 0;
    EXPECT_OK(prowler_store(prowler, common_at + offset, 16));
    EXPECT(shared[offset / 8] == BAD_WORD, "what was stored at 0x%llx did not arrive", (unsigned long long)offset);
}

// ---- attempts

static void wild(void) {
    uint64_t other;
    EXPECT_OK(prowler_memory(porter, &other));
    try_store("write to the kernel", KERNEL_TEXT);
    try_fetch("read from the kernel", KERNEL_TEXT);
    try_store("write to another domain's buffer", secret_at);
    try_fetch("read from another domain's buffer", secret_at);
    try_store("write to another device's memory", other);
    try_store("write to page 0", 0);
    try_fetch("read from where nothing is", NOWHERE);
    try_store("write past what addresses can be", TOO_WIDE);
    try_store("write to a buffer that it does not hold", common_at);
}

static void past_the_end(void) {
    uint64_t memory = memory_of_prowler();
    arm();
    expect_caught("write past the end of its memory", prowler_store(prowler, memory + PAGE - 8, 16), memory + PAGE, true);
}

static void of_the_dead(void) {
    uint64_t memory;
    arm();
    EXPECT_OK(prowler_more_memory(prowler, &memory));
    EXPECT_OK(prowler_store(prowler, memory, 16));
    EXPECT_OK(system_kill(system_cap, prowler_id));
    EXPECT_OK(system_restart(system_cap, prowler_id));
    try_store("write to memory of the instance before", memory);
}

// The first access is the one that must not be: QEMU records nothing of a write to a page that it has just read by the same grant, though it blocks it.
static void read_only(void) {
    uint64_t address, memory, word;
    bh_cap cap = derived(BH_RIGHT_READ | BH_RIGHT_DMA | BH_RIGHT_GRANT);
    arm();
    EXPECT_OK(prowler_keep(prowler, cap, &address));
    EXPECT(address == common_at, "it is at 0x%llx", (unsigned long long)address);
    shared[0] = SECRET;
    expect_caught("write through a grant for reading", prowler_store(prowler, address, 16), address, true);
    memory = memory_of_prowler();
    EXPECT_OK(prowler_keep(prowler, cap, &address));
    EXPECT_OK(prowler_fetch(prowler, address, 16));
    EXPECT_OK(prowler_store(prowler, memory, 16));
    EXPECT_OK(prowler_look(prowler, &word));
    EXPECT(word == SECRET && shared[0] == SECRET, "it reads 0x%llx, and there is 0x%llx", (unsigned long long)word, (unsigned long long)shared[0]);
    EXPECT_OK(bh_cap_revoke(cap)); // so that nothing is left of it below
    EXPECT_OK(bh_cap_drop(cap));
}

static void without_dma(void) {
    uint64_t address;
    bh_cap cap = derived(BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_GRANT);
    arm();
    EXPECT_OK(prowler_keep(prowler, cap, &address));
    EXPECT(address == 0, "it was told 0x%llx", (unsigned long long)address);
    expect_caught("write to a buffer that is not for devices", prowler_store(prowler, common_at, 16), common_at, true);
    EXPECT_OK(bh_cap_drop(cap));
}

static void dropped(void) {
    uint64_t address;
    bh_cap whole = derived(BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_DMA | BH_RIGHT_GRANT), part = derived(BH_RIGHT_READ | BH_RIGHT_DMA | BH_RIGHT_GRANT);
    arm();
    EXPECT_OK(prowler_keep(prowler, part, &address));
    EXPECT_OK(prowler_keep(prowler, whole, &address));
    expect_stored(0);
    expect_stored(COMMON_SIZE - PAGE);
    EXPECT_OK(prowler_forget(prowler)); // what is left lets it read
    expect_caught("write after the right to was dropped", prowler_store(prowler, address, 16), address, true);
    EXPECT_OK(bh_cap_drop(whole));
    EXPECT_OK(bh_cap_drop(part));
}

static void revoked(void) {
    uint64_t address;
    bh_cap cap = derived(BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_DMA | BH_RIGHT_GRANT);
    arm();
    EXPECT_OK(prowler_keep(prowler, cap, &address));
    expect_stored(PAGE);
    EXPECT_OK(bh_cap_revoke(cap));
    uint64_t after = common_at + COMMON_SIZE / 2;
    expect_caught("write to a buffer that was revoked", prowler_store(prowler, after, 16), after, true);
    EXPECT_OK(bh_cap_drop(cap));
}

// What it does not hold it may hold again.
static void granted_again(void) {
    uint64_t address;
    bh_cap cap = derived(BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_DMA | BH_RIGHT_GRANT);
    arm();
    EXPECT_OK(prowler_keep(prowler, cap, &address));
    expect_stored(COMMON_SIZE / 2);
    expect_stored(COMMON_SIZE / 2 + 2 * PAGE - 8);
    EXPECT_OK(bh_cap_drop(cap));
}

// A device writes interrupts like memory, and nothing tells them apart: one that nobody waits for must not keep others from coming. The low bits of these vectors
// are zeros, since the same byte says in the next one how the interrupt is delivered: as usual.
static void interrupts(void) {
    static const uint8_t vectors[] = {0x20, 0x28, 0x30, 0x40, 0xf0, 0xf8};
    for (size_t i = 0; i < sizeof(vectors); i++) {
        uint64_t memory = memory_of_prowler();
        EXPECT_OK(prowler_fill(prowler, vectors[i]));
        EXPECT_OK(prowler_fetch(prowler, memory, PIECE));
        EXPECT_OK(prowler_store(prowler, MESSAGES, 4));
        bh_sleep_for(MS); // by an interrupt of the clock
        wait_for_porter();
    }
}

static void confined(void) {
    wild();
    past_the_end();
    of_the_dead();
    read_only();
    without_dma();
    dropped();
    revoked();
    granted_again();
    interrupts();
}

// For other kinds of units: one attempt of each sort.
static void brief(void) {
    try_store("write to the kernel", KERNEL_TEXT);
    try_store("write past what addresses can be", TOO_WIDE);
    revoked();
    granted_again();
}

// Nothing stops it.
static void open(void) {
    arm();
    EXPECT_OK(prowler_store(prowler, secret_at, 16));
    EXPECT(secret[0] == BAD_WORD, "the secret is 0x%llx", (unsigned long long)secret[0]);
    EXPECT(system_inject(system_cap, prowler_id, BH_INJECTION_DMA) == BH_ENOTSUP, "DMA astray, and nobody to catch it");
}

// ---- start

static uint64_t open_buffer(const char *name, bh_cap *cap, volatile uint64_t **words) {
    struct bh_buffer_info info;
    void *address;
    EXPECT_OK(bh_cap_find(name, cap));
    EXPECT_OK(bh_buffer_info(*cap, &info));
    EXPECT_OK(bh_buffer_map(*cap, BH_RIGHT_READ | BH_RIGHT_WRITE, &address));
    *words = address;
    return info.dma_address;
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {{"confined", confined}, {"brief", brief}, {"open", open}};
    char scenario[BH_SETTING_SIZE];
    bh_cap cap;
    EXPECT_OK(bh_cap_find("system", &system_cap));
    EXPECT_OK(bh_cap_find("prowler", &prowler));
    EXPECT_OK(bh_cap_find("porter", &porter));
    EXPECT_SETTING("scenario", scenario);
    EXPECT_OK(system_domain_find(system_cap, "prowler", &prowler_id));
    secret_at = open_buffer("secret", &cap, &secret);
    common_at = open_buffer("common", &common, &shared);
    secret[0] = secret[PAGE / 8] = SECRET;
    (void)memory_of_prowler();
    EXPECT_OK(bh_thread_create(carry, 0, BH_PRIORITY_SAME));
    wait_for_porter();
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
        if (strcmp(scenario, scenarios[i].name) == 0) {
            scenarios[i].run();
            wait_for_porter();
            bh_info("ok %s: the porter carried %u pages", scenario, carried);
            return (int)system_power_off(system_cap, 0);
        }
    fail(__FILE__, __LINE__, "no scenario %s", scenario);
}
