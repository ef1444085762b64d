// SPDX-License-Identifier: MIT
//
// The kernel interface PciRoot: what the domain that hands out PCI functions may do. It reads configuration spaces and says who gets which function; that
// the function exists, that its windows are its own, that it has one holder and is reset between two of them, is seen to here and in resources.c. Called
// by the generated glue with interrupts disabled.
#include "kernel.h"
#include "pci.h"
#include "pci_kernel.h"

#include "kernel/abi/pci.h"
#include "kernel/base.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/resources.h"
#include "kernel/platform/device.h"

enum bh_error serve_pci_root_config_read(struct domain *caller, uint64_t object, uint32_t address, uint32_t offset, uint32_t size, uint32_t *value) {
    (void)caller, (void)object;
    return platform_pci_config_look(address, offset, size, value);
}

static enum bh_error find(const char *method, uint32_t address, uint32_t *index) {
    enum bh_error error = platform_pci_find_address(address, index);
    return error ? refuse(error, "pci_root.%s: there is no function at " BH_PCI_ADDRESS, method, BH_PCI_ADDRESS_WORDS(address)) : BH_OK;
}

enum bh_error serve_pci_root_hand_out(struct domain *caller, uint64_t object, uint32_t address, const char *holder, uint32_t *device) {
    struct domain *domain = domain_find(holder);
    struct port *port;
    uint32_t index;
    bh_cap cap;
    (void)object;
    enum bh_error error = find("hand_out", address, &index);
    if (error)
        return error;
    if (!domain)
        return refuse(BH_ENOENT, "pci_root.hand_out: there is no domain \"%s\"", holder);
    error = resources_hand_out(index, domain, &port);
    if (!error)
        error = caps_insert(caller, BH_CAP_PORT + BH_DEVICE_ID, BH_RIGHT_CALL | BH_RIGHT_GRANT, port, NULL, 0, &cap);
    if (!error)
        *device = cap;
    return error;
}

enum bh_error serve_pci_root_take_back(struct domain *caller, uint64_t object, uint32_t address) {
    uint32_t index;
    (void)caller, (void)object;
    enum bh_error error = find("take_back", address, &index);
    return error ? error : resources_take_back(index);
}

enum bh_error serve_pci_root_holder(struct domain *caller, uint64_t object, uint32_t address, struct bh_pci_holder *holder) {
    uint32_t index;
    bool open;
    (void)caller, (void)object;
    enum bh_error error = find("holder", address, &index);
    if (error)
        return error;
    const struct domain *domain = resources_holder(index, &open);
    *holder = (struct bh_pci_holder){.open = open};
    copy_name(holder->domain, sizeof(holder->domain), domain ? domain->name : "");
    return BH_OK;
}
