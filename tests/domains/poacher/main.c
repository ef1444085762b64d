// SPDX-License-Identifier: MIT
//
// Wants functions that are not its own: of domain pci, and of the kernel as a domain pci gone bad would (it holds PciRoot too). The setting "mode" says what
// else: "rules": look at every answer, with pci and the driver "nvme" dying in between, and power off with status 0 when all were right;
// "harass": kill pci, or both, and take the driver's function away, again and again, while somebody works on the disk.
#include <string.h>

#include "pci.h"
#include "tests/domains/expect.h"

#define MS 1000000ull
#define PATIENCE_NS (15000 * MS)
#define NOWHERE 0xf0u // 00:1e.0: this machine has nobody there

bh_cap system_cap;
static bh_cap pci, stranger, operator, root; // badges 2, 3 and none
static uint32_t nvme_at, rng_at, blk_at;

static bh_cap find(const char *name) {
    bh_cap cap;
    enum bh_error error = bh_cap_find(name, &cap);
    EXPECT(!error, "%s: %s", name, bh_strerror(error));
    return cap;
}

static uint32_t id_of(const char *name) {
    uint32_t id;
    EXPECT_OK(system_domain_find(system_cap, name, &id));
    return id;
}

// What pci says of a function; waits for one that is being restarted.
static enum bh_error describe(uint32_t number, struct bh_pci_function *function) {
    uint64_t end = bh_time_ns() + PATIENCE_NS;
    enum bh_error error;
    while ((error = pci_describe(pci, number, function)) == BH_EDEAD && bh_time_ns() < end)
        bh_sleep_for(MS);
    return error;
}

static uint32_t address_of(const char *kind) {
    struct bh_pci_function function;
    for (uint32_t i = 0; describe(i, &function) == BH_OK; i++)
        if (strcmp(function.kind, kind) == 0)
            return function.address;
    fail(__FILE__, __LINE__, "this machine has no %s", kind);
}

// The driver has its function, and uses it.
static void wait_for_driver(void) {
    struct bh_pci_holder holder = {0};
    uint64_t end = bh_time_ns() + PATIENCE_NS;
    while (pci_root_holder(root, nvme_at, &holder) || strcmp(holder.domain, "nvme") != 0 || !holder.open) {
        EXPECT(bh_time_ns() < end, "the driver has not got its function back; \"%s\" has it", holder.domain);
        bh_sleep_for(MS);
    }
}

static void claims(void) {
    struct bh_device_info info;
    bh_cap rng, again, none;
    EXPECT_ERROR(pci_claim(pci, "nvme", &none), BH_EBUSY);          // the rule allows it, but nvme has it
    EXPECT_ERROR(pci_claim(pci, "virtio-blk", &none), BH_ERIGHTS);  // there is one, not for this domain
    EXPECT_ERROR(pci_claim(pci, "floppy", &none), BH_ENOENT);
    EXPECT_ERROR(pci_claim(stranger, "virtio-rng", &none), BH_ERIGHTS);
    EXPECT_ERROR(pci_claim(operator, "virtio-rng", &none), BH_ERIGHTS);
    EXPECT_OK(pci_claim(pci, "virtio-rng", &rng));
    EXPECT_OK(device_open(rng, &info));
    EXPECT(info.address == rng_at && info.vendor == 0x1af4, "address 0x%x, vendor %04x", info.address, info.vendor);
    EXPECT_OK(pci_claim(pci, "virtio-", &again)); // its own once more
    EXPECT_OK(device_open(again, &info));
    EXPECT_ERROR(pci_revoke(pci, rng_at), BH_ERIGHTS); // not for those who have a badge
    EXPECT_OK(pci_revoke(operator, rng_at));
    EXPECT_ERROR(device_open(rng, &info), BH_ENOENT);
    EXPECT_ERROR(device_open(again, &info), BH_ENOENT);
    EXPECT_ERROR(pci_revoke(operator, rng_at), BH_ENOENT);
    EXPECT_OK(bh_cap_drop(again));
    EXPECT_OK(pci_claim(pci, "virtio-rng", &again));
    EXPECT_OK(device_open(again, &info));
}

// As a domain pci would that is not to be trusted.
static void hostile_root(void) {
    struct bh_device_info info;
    struct bh_pci_holder holder;
    uint32_t device, value;
    EXPECT_ERROR(pci_root_hand_out(root, NOWHERE, "poacher", &device), BH_ENOENT);
    EXPECT_ERROR(pci_root_hand_out(root, UINT32_MAX, "poacher", &device), BH_ENOENT);
    EXPECT_ERROR(pci_root_hand_out(root, blk_at, "nobody", &device), BH_ENOENT);
    EXPECT_ERROR(pci_root_hand_out(root, nvme_at, "poacher", &device), BH_EBUSY); // in a driver's hands
    EXPECT_OK(pci_root_hand_out(root, blk_at, "supervisor", &device));
    EXPECT_ERROR(device_open(device, &info), BH_ENOENT); // for the holder alone
    EXPECT_ERROR(device_config_read(device, 0, BH_ACCESS_SIZE_LONG, &value), BH_ENOENT);
    EXPECT_ERROR(pci_root_hand_out(root, blk_at, "poacher", &device), BH_EBUSY);
    EXPECT_OK(pci_root_take_back(root, blk_at));
    EXPECT_ERROR(pci_root_take_back(root, blk_at), BH_ENOENT);
    EXPECT_ERROR(pci_root_take_back(root, NOWHERE), BH_ENOENT);
    EXPECT_ERROR(pci_root_holder(root, UINT32_MAX, &holder), BH_ENOENT);
    EXPECT_OK(pci_root_config_read(root, 0x1ff8, 0, BH_ACCESS_SIZE_LONG, &value));
    EXPECT(value == UINT32_MAX, "somebody is at 1f:1f.0: 0x%x", value);
    EXPECT_ERROR(pci_root_config_read(root, 0x10000, 0, BH_ACCESS_SIZE_LONG, &value), BH_ERANGE);
    EXPECT_ERROR(pci_root_config_read(root, 0, 4096, BH_ACCESS_SIZE_LONG, &value), BH_ERANGE);
    EXPECT_ERROR(pci_root_config_read(root, 0, 2, BH_ACCESS_SIZE_LONG, &value), BH_ERANGE);
}

static void deaths(void) {
    struct bh_domain_info before, after;
    struct bh_pci_function function;
    uint32_t number = 0;
    EXPECT_OK(system_domain_info(system_cap, id_of("nvme"), &before));
    EXPECT_OK(system_kill(system_cap, id_of("pci")));
    EXPECT(describe(0, &function) == BH_OK, "pci does not come back");
    while (describe(number, &function) == BH_OK && function.address != nvme_at)
        number++;
    EXPECT(strcmp(function.holder, "nvme") == 0, "\"%s\" has the driver's function", function.holder);
    EXPECT_OK(system_domain_info(system_cap, id_of("nvme"), &after));
    EXPECT(after.generation == before.generation, "the driver died with pci");
    EXPECT_OK(system_kill(system_cap, id_of("pci")));
    EXPECT_OK(system_kill(system_cap, id_of("nvme")));
    wait_for_driver();
    EXPECT_OK(pci_revoke(operator, nvme_at)); // the driver's next access ends it, and its successor claims
    wait_for_driver();
}

[[noreturn]] static void harass(void) {
    for (uint32_t round = 1;; round++) {
        bh_sleep_for(40 * MS);
        wait_for_driver();
        (void)system_kill(system_cap, id_of("pci")); // it may be dead already
        if (round % 3 == 0)
            (void)system_kill(system_cap, id_of("nvme"));
        if (round % 5 == 0 && pci_root_take_back(root, nvme_at) == BH_OK)
            (void)system_kill(system_cap, id_of("nvme"));
    }
}

int main(void) {
    char mode[BH_SETTING_SIZE];
    system_cap = find("system");
    pci = find("pci");
    stranger = find("stranger");
    operator = find("operator");
    root = find("root");
    EXPECT_SETTING("mode", mode);
    nvme_at = address_of("nvme");
    wait_for_driver();
    if (strcmp(mode, "harass") == 0)
        harass();
    rng_at = address_of("virtio-rng");
    blk_at = address_of("virtio-blk");
    claims();
    hostile_root();
    deaths();
    bh_info("ok: rules");
    (void)system_power_off(system_cap, 0);
    bh_thread_exit();
}
