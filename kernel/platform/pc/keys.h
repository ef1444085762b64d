// SPDX-License-Identifier: MIT
//
// Protection keys for supervisor pages (isolation.c): what each key is for, and the register. Also for assembly. Source: Intel SDM vol. 3, 4.6.2.
#ifndef BH_PC_KEYS_H
#define BH_PC_KEYS_H

#define MSR_PKRS 0x6e1
#define KEY_KERNEL 0 // all that has no other
#define KEY_STACKS 1 // trap stacks, which the processor writes with the rights of the code that it interrupts
#define KEY_TABLES 2 // descriptor tables, which it reads so
#define KEY_DOMAINS 3 // the first of those of domains
#define KEY_COUNT 16
// No access by a key, no write by it: bits of PKRS.
#define KEY_NO_ACCESS(key) (1u << 2 * (key))
#define KEY_NO_WRITE(key) (2u << 2 * (key))
#define TRAP_TABLES_KEYS 2048 // offset of trap_tables.keys

#endif
