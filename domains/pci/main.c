// SPDX-License-Identifier: MIT
//
// Hands out the machine's PCI functions to drivers.
//
// Serves Pci behind the port "pci". Needs "pci-root" (PciRoot) and "settings": for each badge N that a grant of the port has, the setting
// holder-N = "DOMAIN SELECTOR ..." says whose it is and which functions it may claim. Who has what is kept by the kernel, not here: when this domain dies,
// drivers go on with what they have, and the next instance knows of it. When a driver dies the kernel resets its functions, and its next instance claims
// them again.
#include <stdio.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "bulkhead/settings.h"
#include "functions.h"
#include "kernel.h"
#include "kernel/abi/pci.h"

enum { KEPT = 32 };

static bh_cap root;
static struct bh_mutex lock;
static bh_cap kept[KEPT]; // answers of late: each must stay until its caller has it
static uint32_t next_kept;

// A new answer; the oldest goes.
static void keep(bh_cap cap) {
    bh_mutex_lock(&lock);
    bh_cap oldest = kept[next_kept];
    kept[next_kept] = cap;
    next_kept = (next_kept + 1) % KEPT;
    bh_mutex_unlock(&lock);
    if (oldest)
        (void)bh_cap_drop(oldest);
}

static enum bh_error describe(void *object, uint32_t number, struct bh_pci_function *function) {
    struct bh_pci_holder holder;
    (void)object;
    if (number >= function_count)
        return BH_ENOENT;
    *function = functions[number];
    if (pci_root_holder(root, function->address, &holder) == BH_OK)
        memcpy(function->holder, holder.domain, sizeof(function->holder));
    return BH_OK;
}

// The caller's rule, by its badge.
static enum bh_error find_rule(char rule[BH_SETTING_SIZE], char name[32]) {
    char key[28];
    uint32_t badge = bh_badge();
    snprintf(key, sizeof(key), "holder-%u", badge);
    if (!badge || !bh_setting(key, rule, BH_SETTING_SIZE) || !rule_domain(rule, name)) {
        bh_warn("claim: badge %u may have nothing: there is no setting %s = \"DOMAIN SELECTOR ...\"", badge, key);
        return BH_ERIGHTS;
    }
    return BH_OK;
}

// Hand out function `number`, if it is the caller's already (`own`) or nobody's. BH_EBUSY: others have it.
static enum bh_error hand_out(uint32_t number, const char *name, bool own, bh_cap *cap) {
    uint32_t address = functions[number].address;
    struct bh_pci_holder holder;
    uint32_t device;
    enum bh_error error = pci_root_holder(root, address, &holder);
    if (error)
        return error;
    if (own ? strcmp(holder.domain, name) != 0 : holder.domain[0]) {
        if (!own)
            bh_warn("%s may not have " BH_PCI_ADDRESS " (%s): %s has it", name, BH_PCI_ADDRESS_WORDS(address), functions[number].kind, holder.domain);
        return BH_EBUSY;
    }
    error = pci_root_hand_out(root, address, name, &device);
    if (error)
        return error;
    keep(device);
    *cap = device;
    bh_info(BH_PCI_ADDRESS " (%s) is %s's", BH_PCI_ADDRESS_WORDS(address), functions[number].kind, name);
    return BH_OK;
}

static enum bh_error claim(void *object, const char *kind, bh_cap *function) {
    char rule[BH_SETTING_SIZE], name[32];
    bool exists = false, may = false;
    (void)object;
    enum bh_error error = find_rule(rule, name);
    if (error)
        return error;
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < function_count; i++) {
            if (strncmp(functions[i].kind, kind, strlen(kind)) != 0)
                continue;
            exists = true;
            if (!rule_allows(rule, i))
                continue;
            may = true;
            error = hand_out(i, name, round == 0, function);
            if (error != BH_EBUSY)
                return error;
        }
    if (!may)
        bh_warn("%s asks for a %s: %s", name, kind, exists ? "it may have none of those that this machine has" : "this machine has none");
    return may ? BH_EBUSY : exists ? BH_ERIGHTS : BH_ENOENT;
}

static enum bh_error revoke(void *object, uint32_t address) {
    (void)object;
    if (bh_badge()) {
        bh_warn("revoke: badge %u is no operator", bh_badge());
        return BH_ERIGHTS;
    }
    return pci_root_take_back(root, address);
}

int main(void) {
    static const struct pci_methods methods = {.describe = describe, .claim = claim, .revoke = revoke};
    bh_cap settings;
    enum bh_error error = bh_cap_find("pci-root", &root);
    if (!error)
        error = bh_cap_find("settings", &settings);
    if (!error)
        error = bh_mutex_create(&lock);
    if (error)
        return bh_not_started("needs pci-root and settings", error);
    functions_scan(root);
    error = pci_serve("pci", &methods, NULL);
    if (error)
        return bh_not_started("port pci cannot be served", error);
    bh_info("%u functions", function_count);
    bh_thread_exit();
}
