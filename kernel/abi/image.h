// SPDX-License-Identifier: MIT
//
// A domain image: an ELF64 static PIE linked at BH_SLOT_IMAGE, whose PT_NOTE segment carries notes
// named "Bulkhead" (namesz 9, padded to 12; descriptors 4-byte aligned).
//
// Trust: everything in an image is hostile until the verifier has accepted it.
#ifndef BH_ABI_IMAGE_H
#define BH_ABI_IMAGE_H

#include <stdint.h>

#define BH_NOTE_NAME "Bulkhead"

enum bh_note_type : uint32_t {
    BH_NOTE_IMPORT = 1,    // struct bh_note_interface: an interface that the image calls
    BH_NOTE_EXPORT = 2,    // struct bh_note_interface: an interface that the image serves
    BH_NOTE_FUNCTIONS = 3, // struct bh_note_functions: where the function table is
    BH_NOTE_HARDENED = 4,  // empty: every indirect branch has its hardened form, or the verifier refuses the image
    BH_NOTE_PLAIN = 5,     // empty: compiled without confinement (bhcc --isolation=plain); only for domains that something else isolates
    BH_NOTE_RING = 6,      // struct bh_note_ring: a type of rings with which the image was built
};

#define BH_INTERFACE_NAME_SIZE 32

struct bh_note_interface {
    uint32_t id;                        // index into the call table, from the interface's `id`
    uint32_t method_count;              // at most BH_INTERFACE_METHODS
    uint64_t fingerprint;               // hash of the interface's whole definition
    char name[BH_INTERFACE_NAME_SIZE];  // NUL terminated
} __attribute__((packed, aligned(4)));

struct bh_note_ring {
    uint64_t type;                     // hash of the definitions of its request and completion
    char name[BH_INTERFACE_NAME_SIZE]; // NUL terminated
} __attribute__((packed, aligned(4)));

// The whole note, as generated headers leave it in every object that knows the type.
struct bh_ring_note {
    uint32_t name_size, size, type;
    char name[12];
    struct bh_note_ring ring;
} __attribute__((packed, aligned(4)));

// Both are distances in bytes from the field's own address.
struct bh_note_functions {
    int32_t start;
    int32_t end;
};

// Which segment register reaches the slot.
enum bh_colour : uint32_t { BH_COLOUR_GS = 0, BH_COLOUR_FS = 1 };

#endif
