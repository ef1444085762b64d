// SPDX-License-Identifier: MIT
//
// The verifier: parse a domain image and prove that its machine code stays in its slot. Stands alone; built into the kernel,
// as a host library, as the command bhverify, and as a fuzz target. The rules: docs/verified-code.md.
//
//   bytes --verify_image()--> struct verified_image (what a loader may rely on) | struct verify_report (why not)
//
// Trust: `bytes` are hostile, but must not change while the image is verified or used.
// Errors: BH_EIMAGE (not an image of ours), BH_EVERIFY (a rule refused it), BH_ENOMEM.
#ifndef BH_VERIFY_H
#define BH_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/abi/image.h"

#define RULE(number, name, sentence, cause) RULE_##name = number,
enum verify_rule : uint32_t {
#include "kernel/verifier/rules.def"
};
#undef RULE

#define VERIFY_SEGMENTS_MAX 8
#define VERIFY_INTERFACES_MAX 32

enum verify_protection : uint32_t { VERIFY_READ = 1, VERIFY_WRITE = 2, VERIFY_EXECUTE = 4 };

struct verified_segment {
    uint64_t file_offset; // first byte in the image
    uint64_t file_size;   // bytes there; the rest up to memory_size is zero
    uint32_t start;       // slot offset, page aligned down by the loader
    uint32_t memory_size;
    enum verify_protection protection;
};

// A place behind a call that control can reach: where the callee returns to. Return addresses are never forged, so these facts unwind a
// domain's part of a control stack exactly.
struct verified_call {
    uint32_t resume;   // slot offset of the instruction behind the call
    uint32_t depth;    // bytes between %rsp there and the return address of its own function
    uint32_t function; // number of its function
};

struct verified_symbol {
    uint32_t start, size; // slot offset, bytes
    const char *name;     // in the image
};

// What verify_image() proved or found. Pointers go into the image's bytes or into memory that verified_image_free() frees.
struct verified_image {
    const uint8_t *bytes;
    size_t size;
    struct verified_segment segments[VERIFY_SEGMENTS_MAX];
    uint32_t segment_count;
    uint32_t entry;              // slot offset of a function
    uint32_t end;                // slot offset behind the last segment
    uint32_t text_start, text_end;
    const struct bh_note_interface *imports[VERIFY_INTERFACES_MAX];
    const struct bh_note_interface *exports[VERIFY_INTERFACES_MAX];
    const struct bh_note_ring *rings[VERIFY_INTERFACES_MAX];
    uint32_t import_count, export_count, ring_count;
    uint32_t *relocations;       // slot offsets of 8-byte words to which the slot base is added; sorted, none in text
    uint32_t relocation_count;
    uint32_t *functions;         // sorted slot offsets of function entries
    uint32_t *labels;            // by function: the 4 bytes in front of it when it has a label, else 0
    uint32_t function_count;
    struct verified_call *calls; // sorted by `resume'
    uint32_t call_count;
    struct verified_symbol *symbols; // sorted; may be empty
    uint32_t symbol_count;
    uint32_t eh_frame_header, eh_frame_header_size; // slot offset and size of .eh_frame_hdr, 0: none
    uint32_t instruction_count;
    bool plain;                  // its note says that nothing in its code confines it
    bool hardened;               // its note asks for it, and every indirect branch has the hardened form
};

struct verify_report {
    enum verify_rule rule;
    uint32_t offset;         // slot offset of the instruction or thing refused
    char function[64];       // name or "function at 0x..."
    char instruction[96];    // disassembled, or ""
    char detail[160];        // what exactly
};

// Rewrite the segment prefix of all memory operands of an image's text in place: from `from` to `to`. Call before verify_image with
// the colour wanted. `bytes` is writable memory. BH_EIMAGE or BH_EVERIFY with a report when the text cannot be decoded.
enum bh_error verify_recolour(uint8_t *bytes, size_t size, enum bh_colour from, enum bh_colour to,
                              struct verify_report *report);

// Prove that an image stays in its slot when its operands use `colour`. *image is filled in only on success and must be freed; *report
// says why not. BH_EIMAGE, BH_EVERIFY, BH_ENOMEM.
enum bh_error verify_image(const uint8_t *bytes, size_t size, enum bh_colour colour, struct verified_image *image,
                           struct verify_report *report);
// Read a plain image (BH_NOTE_PLAIN), of whose code nothing is proved: headers, segments, notes, relocations, symbols are as sound as those
// of any other, and no mapping will be writable and executable. BH_EIMAGE with a report, also for an image that is not plain; BH_ENOMEM.
enum bh_error verify_plain(const uint8_t *bytes, size_t size, struct verified_image *image, struct verify_report *report);
void verified_image_free(struct verified_image *image);
// Called again and again by the functions above, at instructions and functions, unless NULL: what is not alone can wait in it.
extern void (*verify_pause)(void);

// "FILE: function NAME at 0x...: `mov ...': RULE: sentence; detail; usual cause in C". Returns `to`.
const char *verify_report_format(const struct verify_report *report, const char *file, char *to, size_t capacity);

// Bytes of the file behind slot offsets [start, start + size), NULL when they are not all in one segment's part of the file.
const uint8_t *verified_bytes(const struct verified_image *image, uint64_t start, uint64_t size);
// Is `offset` the entry of a function?
bool verified_is_function(const struct verified_image *image, uint64_t offset);
// The type label of the function that starts at `offset`; 0 when it has none, or no function starts there.
uint32_t verified_label(const struct verified_image *image, uint64_t offset);
// The label that an indirect call asks for whose check has its trap, or its read of the target's label, at `offset`; 0: no check has.
uint32_t verified_check_at(const struct verified_image *image, enum bh_colour colour, uint64_t offset);
// What stands behind the call that returns to `offset`; NULL when no call does.
const struct verified_call *verified_call_at(const struct verified_image *image, uint64_t offset);
// Name of the function at `offset`, NULL when unknown; *within gets the distance into it.
const char *verified_symbol(const struct verified_image *image, uint64_t offset, uint64_t *within);

// Texts of kernel/verifier/rules.def; never NULL, static.
const char *verify_rule_name(enum verify_rule rule);
const char *verify_rule_sentence(enum verify_rule rule);
const char *verify_rule_cause(enum verify_rule rule);

#endif
