# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
package=lua5.4
library='src/lapi.c src/lcode.c src/lctype.c src/ldebug.c src/ldo.c src/ldump.c src/lfunc.c src/lgc.c src/llex.c src/lmem.c src/lobject.c src/lopcodes.c src/lparser.c src/lstate.c src/lstring.c src/ltable.c src/ltm.c src/lundump.c src/lvm.c src/lzio.c src/lauxlib.c src/linit.c src/l*lib.c src/loadlib.c'
flags='-Isrc -DLUA_COMPAT_5_3 -DLUAI_MAXCCALLS=60'
headers='src/lua5.4-deb-multiarch.h src/lua.h src/luaconf.h src/lualib.h src/lauxlib.h'
programs='
lua src/lua.c
'
prepare() { # as Debian's own build does
    printf '#define DEB_HOST_MULTIARCH "x86_64-linux-gnu"\n#define DEB_MULTIARCH_DIR "x86_64-linux-gnu"\n' >src/lua5.4-deb-multiarch.h
}
