// SPDX-License-Identifier: MIT
//
// Fuzz target: anything at all for the verifier, as a whole image, or as the text of a well-formed one (first byte odd). It may not crash,
// not read outside the image, and what it accepts must keep what verify.h promises a loader.
//
//   make fuzz TARGET=verifier
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/slot.h"
#include "tests/verifier/containment/containment.h"

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_segments(const struct verified_image *image) {
    uint32_t executable = 0;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *s = &image->segments[i];
        require(s->file_offset <= image->size && s->file_size <= image->size - s->file_offset && s->file_size <= s->memory_size);
        require(s->start >= BH_SLOT_IMAGE && (uint64_t)s->start + s->memory_size <= BH_SLOT_IMAGE_END);
        require(!((s->protection & VERIFY_WRITE) && (s->protection & VERIFY_EXECUTE)));
        require(i == 0 || s->start >= image->segments[i - 1].start + image->segments[i - 1].memory_size);
        executable += (s->protection & VERIFY_EXECUTE) != 0;
    }
    require(executable == 1);
}

static bool is_writable(const struct verified_image *image, uint32_t offset) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *s = &image->segments[i];
        if ((s->protection & VERIFY_WRITE) && offset >= s->start && (uint64_t)offset + 8 <= (uint64_t)s->start + s->memory_size)
            return true;
    }
    return false;
}

static void check_image(const struct verified_image *image) {
    check_segments(image);
    require(verified_is_function(image, image->entry) && image->function_count > 0);
    for (uint32_t i = 0; i < image->function_count; i++) {
        require(image->functions[i] >= image->text_start && image->functions[i] < image->text_end && image->functions[i] % 16 == 0);
        require(i == 0 || image->functions[i] > image->functions[i - 1]);
    }
    for (uint32_t i = 0; i < image->relocation_count; i++)
        require(is_writable(image, image->relocations[i]) && image->relocations[i] % 8 == 0);
    for (uint32_t i = 0; i < image->symbol_count; i++)
        require(strnlen(image->symbols[i].name, image->size) < image->size);
    for (uint32_t i = 0; i < image->import_count; i++)
        require(memchr(image->imports[i]->name, 0, BH_INTERFACE_NAME_SIZE) != NULL);
    for (uint32_t i = 0; i < image->export_count; i++)
        require(memchr(image->exports[i]->name, 0, BH_INTERFACE_NAME_SIZE) != NULL);
    for (uint32_t i = 0; i < image->ring_count; i++)
        require(memchr(image->rings[i]->name, 0, BH_INTERFACE_NAME_SIZE) != NULL);
    uint64_t within;
    verified_symbol(image, image->text_start + image->instruction_count % 64, &within);
}

static void try_colour(uint8_t *bytes, size_t size, enum bh_colour colour) {
    struct verified_image image;
    struct verify_report report;
    char message[512];
    enum bh_error error = colour == BH_COLOUR_GS ? BH_OK : verify_recolour(bytes, size, BH_COLOUR_GS, colour, &report);
    if (!error)
        error = verify_image(bytes, size, colour, &image, &report);
    if (error) {
        require(report.rule != RULE_NONE && verify_report_format(&report, "image", message, sizeof(message)) == message);
        return;
    }
    check_image(&image);
    verified_image_free(&image);
}

// Text around which the headers are right.
static const uint8_t *as_text(const uint8_t *data, size_t *size) {
    static struct builder builder;
    builder_reset(&builder);
    for (size_t at = 0; at < *size && builder.function_count < FUNCTIONS_MAX; at += 64) {
        size_t part = *size - at < 64 ? *size - at : 64;
        builder_function(&builder, data[at] & 1 ? 0x13572468 : 0);
        builder_bytes(&builder, data + at, part);
        builder_bytes(&builder, "\xc3", 1);
    }
    return builder_image(&builder, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    bool text = data[0] & 1;
    data++, size--;
    if (text)
        data = as_text(data, &size);
    static const enum bh_colour colours[] = {BH_COLOUR_GS, BH_COLOUR_FS};
    for (int i = 0; i < 2; i++) {
        uint8_t *bytes = malloc(size); // of its own size, so that reading past the end is seen
        if (!bytes)
            return 0;
        memcpy(bytes, data, size);
        try_colour(bytes, size, colours[i]);
        free(bytes);
    }
    return 0;
}
