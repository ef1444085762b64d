// SPDX-License-Identifier: MIT
//
// Shadows: for each interface between domains one half of an image that serves it and passes each call on to another server of it; the other
// half, the same for all, is domains/shadow. Parameters are passed on as the words in which they came: what they point to lies on the shadow's own data
// stack, where the proxy has put it, and the next proxy copies it from there.
#include "codegen/bhidl/emit.h"

// A capability that is passed has to be dropped behind the call, a moved buffer may be left over: that is for the common half.
static bool leaves_nothing(const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_CAP || one->kind == PARAMETER_MOVE)
            return false;
    return true;
}

static void print_words(FILE *file, const struct method *method, bool typed) {
    const char *comma = "";
    for (int i = 0; i < method->words && !typed; i++, comma = ", ")
        fprintf(file, "%sword%d", comma, i);
    for (const struct parameter *one = method->parameters; typed && one; one = one->next, comma = ", ") {
        fprintf(file, "%s(uint64_t)%s", comma, one->name);
        if (one->kind == PARAMETER_IN && one->type->kind == TYPE_BYTES)
            fprintf(file, ", %s_size", one->name);
    }
}

// Of the type that the kernel demands of this method's function (emit_labels.c).
static void print_serve(FILE *file, const struct interface *one, const struct method *method, unsigned index) {
    bool typed = !method_needs_glue(method);
    const char *name = snake(one->name), *cast = typed ? "(enum bh_error)" : "", *error = typed ? ".error" : "";
    fprintf(file, typed ? "static enum bh_error serve_%s(void *" : "static struct bh_result serve_%s(uint64_t", method->name);
    if (typed)
        print_parameters(file, method);
    else
        print_word_parameters(file, method);
    fputs(") {\n", file);
    if (leaves_nothing(method)) {
        fprintf(file, "    if (!shadow_mode)\n        return %sbh_stub_%s_%s(shadow_target%s", cast, name, method->name, method->words ? ", " : "");
        print_words(file, method, typed);
        fprintf(file, ")%s;\n", error);
    }
    fprintf(file, "    return %sshadow_call(%u, (uint64_t[5]){", cast, index);
    print_words(file, method, typed);
    fprintf(file, "})%s;\n}\n", error);
}

static void print_contracts(FILE *file, const struct method *method, bool ensures) {
    bool any = false;
    for (const struct contract *one = method->contracts; one; one = one->next) {
        if (one->ensures != ensures)
            continue;
        if (!any)
            fprintf(file, "static const char *%s_%s([[maybe_unused]] const uint64_t words[5], [[maybe_unused]] uint64_t value) {\n",
                    ensures ? "ensures" : "requires", method->name);
        any = true;
        fprintf(file, "    if (!(%s))\n        return \"%s\";\n", contract_in_c(method, one->condition), contract_text(one->condition));
    }
    fputs(any ? "    return NULL;\n}\n" : "", file);
}

static bool has_contracts(const struct method *method, bool ensures) {
    for (const struct contract *one = method->contracts; one; one = one->next)
        if (one->ensures == ensures)
            return true;
    return false;
}

static void print_row(FILE *file, const struct method *method) {
    fprintf(file, "    {\"%s\", %s%s0, call_%s, ", method->name, method->attributes & METHOD_IDEMPOTENT ? "SHADOW_IDEMPOTENT | " : "",
            method->attributes & METHOD_REPLAY ? "SHADOW_REPLAY | " : "", method->name);
    for (int ensures = 0; ensures < 2; ensures++)
        if (has_contracts(method, ensures))
            fprintf(file, "%s_%s, ", ensures ? "ensures" : "requires", method->name);
        else
            fputs("NULL, ", file);
    fputs("{", file);
    print_call_parameters(file, method);
    fputs("}},\n", file);
}

static void print_method(FILE *file, const struct interface *one, const struct method *method, unsigned index) {
    const char *name = snake(one->name);
    fprintf(file, "struct bh_result bh_stub_%s_%s(uint64_t target", name, method->name);
    print_word_parameters(file, method);
    fprintf(file, ");\nstatic struct bh_result call_%s(uint64_t target, [[maybe_unused]] const uint64_t words[5]) {\n    return bh_stub_%s_%s(target", method->name,
            name, method->name);
    for (int i = 0; i < method->words; i++)
        fprintf(file, ", words[%d]", i);
    fputs(");\n}\n", file);
    print_serve(file, one, method, index);
    print_contracts(file, method, false);
    print_contracts(file, method, true);
    fputc('\n', file);
}

static bool emit_shadow(const char *folder, const struct interface *one) {
    const char *name = snake(one->name);
    FILE *file = open_output("//", "%s/interpose/%s.c", folder, name);
    if (!file)
        return false;
    fprintf(file, "#include \"domains/shadow/pass.h\"\n\n#include \"%s.h\"\n#include \"trace.h\"\n\nextern const char bh_export_%s;\n\n", one->source->name, name);
    unsigned index = 0;
    for (const struct method *method = one->methods; method; method = method->next)
        print_method(file, one, method, index++);
    fputs("static const struct shadow_method methods[] = {\n", file);
    for (const struct method *method = one->methods; method; method = method->next)
        print_row(file, method);
    fprintf(file, "};\n\nstatic enum bh_error serve(const char *port) {\n    const uint64_t addresses[] = {\n");
    for (const struct method *method = one->methods; method; method = method->next)
        fprintf(file, "        (uint64_t)serve_%s,\n", method->name);
    fprintf(file, "    };\n    __asm__ volatile(\"\" : : \"r\"(&bh_export_%s)); // keeps the export note in the image\n"
                  "    return bh_serve(port, BH_%s_ID, BH_%s_FINGERPRINT, addresses, %u, NULL);\n}\n\n"
                  "const struct shadow_interface shadow_interface = {\"%s\", %u, methods, serve, trace_call_%s, trace_back_%s};\n",
            name, capitals(one->name), capitals(one->name), one->method_count, one->name, one->method_count, name, name);
    return close_output(file);
}

bool emit_interpose(const char *folder) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!one->kernel && !emit_shadow(folder, one))
            return false;
    return true;
}
