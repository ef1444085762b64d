// SPDX-License-Identifier: MIT
//
// Lua 5.4 with its standard library (Debian's source package, unchanged) as a service. Serves Script behind its port "script"; needs nothing but
// memory: files that scripts open are its own and end with it. One script runs at a time. When it dies, its globals and files are gone; a
// script that never ends is its watchdog's affair, or that of whoever called.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <string.h>

#include <bulkhead/domain.h>
#include <bulkhead/stdio.h>

#include "script.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static lua_State *state;

// What the running script prints.
static struct output {
    uint8_t *text;
    uint32_t size;
} output;

static void append(void *context, const void *data, size_t size) {
    struct output *to = context;
    size_t room = BH_SCRIPT_TEXT_MAX - to->size;
    size_t count = size < room ? size : room;
    memcpy(to->text + to->size, data, count);
    to->size += (uint32_t)count;
}

static enum bh_error open_state(void) {
    if (state)
        return BH_OK;
    state = luaL_newstate();
    if (!state)
        return BH_ENOMEM;
    luaL_openlibs(state);
    return BH_OK;
}

static bool run_text(const char *source, size_t size) {
    bool failed = luaL_loadbufferx(state, source, size, "=script", "t") || lua_pcall(state, 0, 0, 0);
    fflush(stdout);
    if (failed) {
        size_t length;
        const char *message = luaL_tolstring(state, -1, &length);
        append(&output, message, length);
    }
    lua_settop(state, 0);
    return failed;
}

static enum bh_error run_locked(const void *source, size_t size, uint32_t *failed, void *text, uint32_t *text_size) {
    pthread_mutex_lock(&lock);
    enum bh_error error = open_state();
    if (!error) {
        output = (struct output){text, 0};
        bh_stdio_output(append, &output);
        *failed = run_text(source, size);
        bh_stdio_output(NULL, NULL);
        *text_size = output.size;
    }
    pthread_mutex_unlock(&lock);
    return error;
}

static enum bh_error eval(void *object, const void *source, uint32_t size, uint32_t *failed, void *text, uint32_t *text_size) {
    (void)object;
    return run_locked(source, size, failed, text, text_size);
}

static enum bh_error run(void *object, bh_cap source, uint64_t size, uint32_t *failed, void *text, uint32_t *text_size) {
    uint64_t given;
    void *data;
    (void)object;
    enum bh_error error = bh_buffer_open(source, BH_RIGHT_READ, &data, &given);
    if (!error && size > given)
        error = BH_ERANGE;
    return error ? error : run_locked(data, size, failed, text, text_size);
}

static enum bh_error reset(void *object) {
    (void)object;
    pthread_mutex_lock(&lock);
    if (state)
        lua_close(state);
    state = NULL;
    pthread_mutex_unlock(&lock);
    return BH_OK;
}

int main(void) {
    static const struct script_methods methods = {.eval = eval, .run = run, .reset = reset};
    enum bh_error error = script_serve("script", &methods, NULL);
    if (error)
        bh_panic("cannot serve: %s", bh_strerror(error));
    bh_thread_exit();
}
