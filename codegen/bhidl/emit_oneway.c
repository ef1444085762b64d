// SPDX-License-Identifier: MIT
//
// What a server has for oneway methods and events. A oneway call goes as far as a queue in the server's own memory: the caller does not wait for the
// method, which a thread of the server runs. An event is a list of those who watch it. Both are the server's: the kernel knows nothing of them.
#include "codegen/bhidl/emit.h"

#define QUEUE_SIZE 16
#define WATCHERS_MAX 16

static bool has(const struct interface *one, unsigned attribute) {
    for (const struct method *method = one->methods; method; method = method->next)
        if (method->attributes & attribute)
            return true;
    return false;
}

bool has_oneway(const struct interface *one) {
    return has(one, METHOD_ONEWAY);
}

bool has_events(const struct interface *one) {
    return has(one, METHOD_EVENT);
}

static uint64_t biggest_area(const struct interface *one) {
    uint64_t most = 16;
    for (const struct method *method = one->methods; method; method = method->next)
        if (method->attributes & METHOD_ONEWAY && method->area_size > most)
            most = method->area_size;
    return most;
}

// What all events of a server share.
static void print_watchers(FILE *file) {
    fprintf(file, "#define WATCHERS_MAX %d\n\n"
                  "struct watcher {\n    uint64_t object; // whose port it came by\n    bh_cap event;\n};\n\n", WATCHERS_MAX);
    fputs("static void signal_all(struct watcher *watchers) {\n    for (int i = 0; i < WATCHERS_MAX; i++)\n"
          "        if (watchers[i].event && bh_event_signal(watchers[i].event)) {\n            (void)bh_cap_drop(watchers[i].event); // nobody is there\n"
          "            watchers[i].event = BH_CAP_NONE;\n        }\n}\n\n", file);
    fputs("static int count_of(const struct watcher *watchers, uint64_t object) {\n    int count = 0;\n    for (int i = 0; i < WATCHERS_MAX; i++)\n"
          "        count += watchers[i].event && watchers[i].object == object;\n    return count;\n}\n\n", file);
    fputs("// A free place, or one of the object that has the most.\n"
          "static struct watcher *place_for(struct watcher *watchers, uint64_t object) {\n    struct watcher *greediest = watchers;\n"
          "    for (int i = 0; i < WATCHERS_MAX; i++)\n        if (!watchers[i].event)\n            return &watchers[i];\n"
          "    for (int i = 1; i < WATCHERS_MAX; i++)\n        if (count_of(watchers, watchers[i].object) > count_of(watchers, greediest->object))\n            greediest = &watchers[i];\n"
          "    return count_of(watchers, greediest->object) > count_of(watchers, object) + 1 ? greediest : (struct watcher *)0;\n}\n\n", file);
    fputs("static enum bh_error add_watcher(struct watcher *watchers, uint64_t object, bh_cap event) {\n    struct watcher *place = place_for(watchers, object);\n"
          "    if (!place)\n        return BH_ENOSPC;\n    if (place->event)\n        (void)bh_cap_drop(place->event);\n    *place = (struct watcher){object, event};\n    return BH_OK;\n}\n\n", file);
}

void print_oneway_start(FILE *file, const struct interface *one) {
    if (has_oneway(one) || has_events(one))
        fputs("static struct bh_mutex lock;\n\n", file);
    if (has_oneway(one))
        fprintf(file, "#define QUEUE_SIZE %d\nstatic struct waiting {\n    uint64_t object, words[5];\n    uint32_t method;\n"
                      "    _Alignas(16) uint8_t area[%llu];\n} queue[QUEUE_SIZE]; // the first is being run\n"
                      "static uint32_t queue_first, queue_count;\nstatic bh_cap wake;\n\n",
                QUEUE_SIZE, (unsigned long long)biggest_area(one));
    if (has_events(one))
        print_watchers(file);
}

// A place is free again when an event cannot be signalled: who watched has died. That is found out by signalling, and before somebody new is taken in: mostly the
// successor of one who died. When none is free, the object (mostly: the client) that has the most of them gives up one, to an object that has fewer than
// it would have left: nobody keeps the others out.
static void print_event(FILE *file, const struct interface *one, const char *name) {
    fprintf(file, "static struct watcher watchers_of_%s[WATCHERS_MAX];\n\n"
                  "static struct bh_result glue_watch_%s(uint64_t object, uint64_t word0) {\n    bh_mutex_lock(&lock);\n"
                  "    signal_all(watchers_of_%s); // the dead leave their places\n"
                  "    enum bh_error error = add_watcher(watchers_of_%s, object, (bh_cap)word0);\n    bh_mutex_unlock(&lock);\n    if (error)\n        (void)bh_cap_drop((bh_cap)word0);\n"
                  "    return (struct bh_result){error, 0};\n}\n\n",
            name, name, name, name);
    fprintf(file, "void %s_signal_%s(void) {\n    bh_mutex_lock(&lock);\n    signal_all(watchers_of_%s);\n    bh_mutex_unlock(&lock);\n}\n\n", snake(one->name), name, name);
}

static bool in_memory(const struct parameter *one) {
    return one->kind == PARAMETER_IN && !in_word(one);
}

void print_oneway_glue(FILE *file, const struct interface *interface, const struct method *method, unsigned index) {
    if (method->attributes & METHOD_EVENT) {
        print_event(file, interface, method->name + sizeof("watch"));
        return;
    }
    fprintf(file, "static struct bh_result glue_%s(uint64_t object", method->name);
    print_word_parameters(file, method);
    fputs(") {\n    bh_mutex_lock(&lock);\n    if (queue_count == QUEUE_SIZE) {\n        bh_mutex_unlock(&lock);\n", file);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind != PARAMETER_IN)
            fprintf(file, "        (void)bh_cap_drop((bh_cap)word%d);\n", one->word);
    fprintf(file, "        return (struct bh_result){BH_EAGAIN, 0};\n    }\n"
                  "    struct waiting *one = &queue[(queue_first + queue_count++) %% QUEUE_SIZE];\n    one->object = object;\n    one->method = %u;\n", index);
    for (int i = 0; i < method->words; i++)
        fprintf(file, "    one->words[%d] = word%d;\n", i, i);
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        unsigned long long area = one->area, size = one->optional ? area_bytes(one) : one->type->size;
        if (!in_memory(one))
            continue;
        if (one->type->kind == TYPE_BYTES)
            fprintf(file, "    memcpy(one->area + %llu, (const void *)word%d, word%d);\n", area, one->word, one->word + 1);
        else
            fprintf(file, "    memcpy(one->area + %llu, (const void *)word%d, %llu);\n", area, one->word, size);
        fprintf(file, "    one->words[%d] = (uint64_t)(one->area + %llu);\n", one->word, area);
    }
    fputs("    bh_mutex_unlock(&lock);\n    (void)bh_event_signal(wake);\n    return (struct bh_result){BH_OK, 0};\n}\n\n", file);
}

static void print_case(FILE *file, const struct method *method, unsigned index) {
    fprintf(file, "    case %u: {\n", index);
    for (int i = 0; i < method->words; i++)
        fprintf(file, "        uint64_t word%d = one->words[%d];\n", i, i);
    fputs("        (void)", file);
    print_call(file, method);
    fputs("        break;\n    }\n", file);
}

// The thread that runs them takes a call out of the queue when it is done with it.
void print_oneway_end(FILE *file, const struct interface *one) {
    if (has_oneway(one)) {
        fputs("static void run(const struct waiting *one) {\n    uint64_t object = one->object;\n    switch (one->method) {\n", file);
        unsigned index = 0;
        for (const struct method *method = one->methods; method; method = method->next, index++)
            if (method->attributes & METHOD_ONEWAY)
                print_case(file, method, index);
        fprintf(file, "    default:\n        break;\n    }\n}\n\n"
                      "static uint32_t waiting(void) {\n    bh_mutex_lock(&lock);\n    uint32_t count = queue_count;\n    bh_mutex_unlock(&lock);\n"
                      "    return count;\n}\n\n"
                      "enum bh_error %s_run_oneway(uint64_t deadline_ns) {\n    uint32_t count;\n    while ((count = waiting()) == 0) {\n"
                      "        enum bh_error error = bh_event_wait(wake, deadline_ns);\n        if (error)\n            return error;\n    }\n"
                      "    for (; count; count--) {\n        run(&queue[queue_first]);\n        bh_mutex_lock(&lock);\n"
                      "        queue_first = (queue_first + 1) %% QUEUE_SIZE;\n        queue_count--;\n        bh_mutex_unlock(&lock);\n    }\n"
                      "    return BH_OK;\n}\n\n", snake(one->name));
    }
    if (!has_oneway(one) && !has_events(one))
        return;
    fprintf(file, "static enum bh_error prepare(void) {\n    enum bh_error error = served ? BH_OK : bh_mutex_create(&lock);\n%s    return error;\n}\n\n",
            has_oneway(one) ? "    if (!error && !served)\n        error = bh_event_create(&wake);\n" : "");
}
