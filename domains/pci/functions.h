// SPDX-License-Identifier: MIT
//
// The machine's PCI functions, as found at the start (scan.c), and how manifests name them (rules.c).
#ifndef PCI_FUNCTIONS_H
#define PCI_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"
#include "pci.h"

enum { FUNCTIONS_MAX = 64 };

// `holder` of each is empty: the kernel knows it.
extern struct bh_pci_function functions[FUNCTIONS_MAX];
extern uint32_t function_count;

// Walk the buses through `root`, a capability of interface PciRoot.
void functions_scan(bh_cap root);

// Does the rule "DOMAIN SELECTOR SELECTOR ..." let its domain have function `number`?
bool rule_allows(const char *rule, uint32_t number);
// The rule's domain. False: that is no rule.
bool rule_domain(const char *rule, char name[32]);
// A kind that the machine may know ("nvme"), for a function's identity; empty: none.
const char *kind_of(const struct bh_pci_function *function);

#endif
