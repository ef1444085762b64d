#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# SQLite's own test program as a domain: testfixture, a Tcl interpreter with SQLite inside, from the Debian source packages of both.
#
#   build.sh BUILD      -> BUILD/tests/sqlite/testfixture.elf
#
# SQLite is compiled by the flags of domains/sqlite/port.sh and by those that its makefile has for this program. absent.c is what Tcl wants of a
# system and a domain has not; tree.c is its command line and its files.
set -euo pipefail
case "${1:-}" in -h | --help | "") sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
build=$(cd "$1" && pwd)
out=$build/tests/sqlite
tcl=$build/third-party/src/tcl8.6
sqlite=$build/third-party/built/sqlite
bhcc=$build/bin/bhcc
"$root/tools/third-party.sh" source "$build/third-party" tcl8.6
printf '  %-8s %s\n' BUILD "SQLite's test program with Tcl (once)"
mkdir -p "$out/tcl" "$out/fixture"

# ---- Tcl ---------------------------------------------------------------------------------------------------------
cd "$out/tcl"
[ -e Makefile ] || bash "$tcl/unix/configure" --host=x86_64-unknown-linux-musl --disable-shared --disable-threads --disable-load CC="$bhcc" \
    CFLAGS="-O2 -w" >configure.log 2>&1 || { tail -5 configure.log >&2; rm -f Makefile; exit 1; }
eval "tcl_flags=($(sed -n 's/^AC_FLAGS[ \t]*= //p' Makefile))" # -D options, quoted for a shell
tcl_flags+=(-UNEED_FAKE_RFC2553 -DBUILD_tcl -DTCL_LIBRARY='"/lib/tcl8.6"' -DTCL_PACKAGE_PATH='"/lib"' -DMP_FIXED_CUTOFFS -DMP_NO_STDINT
    -I. "-I$tcl/unix" "-I$tcl/generic" "-I$tcl/libtommath" -isystem "$build/ports/zlib/include"
    --call-as=DeleteInterpProc:like_free --call-as=FreeReflectedChannel:like_free --call-as=FreeReflectedTransform:like_free
    --call-as=TclpUtfNcmp2:like_compare --call-as=Tcl_UtfNcmp:like_compare --call-as=Tcl_UtfNcasecmp:like_compare)
for place in LIB BIN SCR INC DOC; do tcl_flags+=("-DCFG_INSTALL_${place}DIR=\"/lib\"" "-DCFG_RUNTIME_${place}DIR=\"/lib\""); done
tcl_sources() { # the makefile's objects, in whichever folder the source is
    local object file
    for object in $(sed -n '/^GENERIC_OBJS/,/^STUB_LIB_OBJS/p; /^UNIX_OBJS/,/^MAC_OSX_OBJS/p; /^NOTIFY_OBJS/p' Makefile | grep -oE '[A-Za-z_0-9]+\.o') tclLoadNone.o; do
        for file in "$tcl"/{generic,unix,libtommath}/"${object%.o}.c"; do [ ! -e "$file" ] || printf '%s\n' "$file"; done
    done | sort -u
}

# The one change: two functions are called by their own type and through a cast as well, and the cast has to name another function (like.h).
sed 's/(memCmpFn_t) *Tcl_UniChar\(N[a-z]*cmp\)/like_\1/' "$tcl/generic/tclCmdMZ.c" >tclCmdMZ.c.new
cmp -s tclCmdMZ.c.new tclCmdMZ.c 2>/dev/null || cp tclCmdMZ.c.new tclCmdMZ.c

# ---- SQLite and its tests ----------------------------------------------------------------------------------------
cd "$sqlite"
flags='' confined=''
# shellcheck disable=SC1091
. "$root/domains/sqlite/port.sh"
make_variable() { make -pn 2>/dev/null | sed -n "s/^$1 = //p"; }
flags=${flags/-DSQLITE_OSS_FUZZ/}
flags=${flags/-DSQLITE_PRINTF_PRECISION_LIMIT=1000/} # for fuzzing
eval "fixture_flags=($(make_variable TESTFIXTURE_FLAGS))"
# shellcheck disable=SC2206
fixture_flags+=($flags $confined -DSQLITE_NO_SYNC=1 -Isrc -Iext/rtree -Iext/fts3 -Iext/async -Iext/session -Iext/misc -Iext/userauth "-I$tcl/generic"
    -isystem "$build/ports/zlib/include" --call-as=sqlite3re_free:like_delete --call-as=intarrayFree:like_delete --call-as=sqlite3_column_text:sqlite3_column_name --call-as=xLogcallback:like_log
    $(sed -n 's/.*(Tcl_CmdProc\*)\([A-Za-z0-9_]*\).*/--call-as=\1:like_command/p' src/test1.c))
fixture_sources=$(make_variable TESTSRC | tr ' ' '\n' | sed 's/^\$(TOP)/./')

# ---- all of it ---------------------------------------------------------------------------------------------------
newest=$here/build.sh
for file in "$build"/bin/{bhcc,bhlower,bhsfi} "$here/like.h" "$root/domains/sqlite/port.sh"; do [ "$file" -nt "$newest" ] && newest=$file; done
compile() { # OBJECTS SOURCE FLAG...
    local object
    object=$1/$(basename "${2%.c}").o
    [ "$object" -nt "$newest" ] || "$bhcc" -O2 -g1 -w -include "$here/like.h" "${@:3}" -c "$2" -o "$object"
}
export newest bhcc here
export -f compile
# shellcheck disable=SC2016
compile_all() { xargs -P 2 -d '\n' -I{} bash -c 'set -e; compile "$@"' compile "$1" {} "${@:2}"; }
printf '%s\n' sqlite3.c src/tclsqlite.c $fixture_sources | compile_all "$out/fixture" "${fixture_flags[@]}"
cd "$out/tcl"
{ tcl_sources | grep -Ev '/(tclStrToD|tclCmdMZ).c'; echo tclCmdMZ.c; } | compile_all "$out/tcl" "${tcl_flags[@]}"
printf '%s\n' "$tcl/generic/tclStrToD.c" | compile_all "$out/tcl" "${tcl_flags[@]}" -fno-inline
for file in absent tree; do
    "$bhcc" -std=gnu23 -D_GNU_SOURCE -O2 -g1 -fno-builtin -I"$root" -I"$root/runtime/include" -I"$build/gen/include" -c "$here/$file.c" -o "$out/$file.o"
done
"$bhcc" "$out"/{tree,absent}.o "$out"/fixture/*.o "$out"/tcl/*.o "$build/ports/zlib/domain/libzlib.a" -o "$out/testfixture.elf"
