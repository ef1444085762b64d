// SPDX-License-Identifier: MIT
//
// Lua 5.4 with its base, table, string and math libraries. A script gets the number of rounds and returns a number.
#include "workloads.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

static void *allocate(void *opaque, void *block, size_t old_size, size_t new_size) {
    (void)opaque;
    if (!new_size) {
        arena_give(block);
        return NULL;
    }
    if (block && new_size <= arena_room(block))
        return block;
    void *grown = arena_take(new_size);
    if (grown && block) {
        memcpy(grown, block, old_size < new_size ? old_size : new_size);
        arena_give(block);
    }
    return grown;
}

static uint64_t run(const char *script, uint32_t rounds) {
    arena_reset();
    lua_State *lua = lua_newstate(allocate, NULL);
    if (!lua)
        return 0;
    luaL_requiref(lua, "_G", luaopen_base, 1);
    luaL_requiref(lua, "table", luaopen_table, 1);
    luaL_requiref(lua, "string", luaopen_string, 1);
    luaL_requiref(lua, "math", luaopen_math, 1);
    lua_settop(lua, 0);
    uint64_t result = 0;
    if (luaL_loadbuffer(lua, script, strlen(script), "script") == LUA_OK) {
        lua_pushinteger(lua, rounds);
        if (lua_pcall(lua, 1, 1, 0) == LUA_OK)
            result = (uint64_t)lua_tointeger(lua, -1);
    }
    lua_close(lua);
    return result;
}

uint64_t lua_calls_run(uint32_t rounds) {
    return run("local rounds = ...\n"
               "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
               "local sum = 0\n"
               "for i = 1, rounds do sum = sum + fib(16 + i % 3) end\n"
               "return sum\n",
               rounds);
}

uint64_t lua_tables_run(uint32_t rounds) {
    return run("local rounds = ...\n"
               "local sum, seed = 0, 42\n"
               "for i = 1, rounds do\n"
               "  local list, index = {}, {}\n"
               "  for k = 1, 500 do seed = (seed * 1103515245 + 12345) % 2147483648; list[k] = seed; index[seed] = k end\n"
               "  table.sort(list, function(a, b) return a < b end)\n"
               "  for k = 1, #list do sum = (sum * 31 + index[list[k]]) % 1000000007 end\n"
               "end\n"
               "return sum + rounds\n",
               rounds);
}

uint64_t lua_strings_run(uint32_t rounds) {
    return run("local rounds = ...\n"
               "local sum = 0\n"
               "for i = 1, rounds do\n"
               "  local parts = {}\n"
               "  for k = 1, 100 do parts[#parts + 1] = 'item' .. k .. '=' .. (k * i % 977) end\n"
               "  local text = table.concat(parts, ';')\n"
               "  for name, value in text:gmatch('(%w+)=(%d+)') do sum = sum + #name * #value end\n"
               "  text = text:gsub('item', 'thing'):upper():reverse()\n"
               "  sum = sum + text:byte(i % #text + 1) + (text:find('1=', 1, true) or 0)\n"
               "end\n"
               "return sum\n",
               rounds);
}

uint64_t lua_floats_run(uint32_t rounds) {
    return run("local rounds = ...\n"
               "local n, sum = 24, 0.0\n"
               "local function matrix(f) local m = {} for i = 1, n do m[i] = {} for k = 1, n do m[i][k] = f(i, k) end end return m end\n"
               "for round = 1, rounds do\n"
               "  local a, b = matrix(function(i, k) return i / k end), matrix(function(i, k) return (i - k) * 0.25 end)\n"
               "  for i = 1, n do for k = 1, n do\n"
               "    local s = 0.0\n"
               "    for j = 1, n do s = s + a[i][j] * b[j][k] end\n"
               "    sum = sum + s\n"
               "  end end\n"
               "end\n"
               "return math.floor(sum * 1000) % 1000000007 + rounds\n",
               rounds);
}
