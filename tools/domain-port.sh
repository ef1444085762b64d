#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A library from a Debian source package, for domains and for this machine, with the programs that test it. Nothing in the package is changed.
#
#   domain-port.sh --prepare BUILD FOLDER   a copy of the package's source, with what is generated in it -> BUILD/third-party/built/NAME/.prepared
#   domain-port.sh BUILD FOLDER             after that -> BUILD/ports/NAME/{domain,native}/{libNAME.a,PROGRAM}; for domains hardened, too:
#                                           libNAME-hardened.a, PROGRAM-hardened.elf
#
# NAME is the folder's last part. port.sh sets, with paths below the package's source:
#   package    name of the source package
#   library    its files, patterns allowed
#   flags      for all of it: -I, -D
#   confined   flags for the domain alone
#   headers    what users of the library include, for BUILD/ports/NAME/include
#   programs   lines of `NAME SOURCE... [-FLAG...]': test programs
#   prepare()  if there is something to generate first, in the copy: the current folder
# A file tests/ports/*.c is linked into each program for domains: it stands in for a command line and for a folder of input files.
set -euo pipefail
case "${1:-}" in -h | --help | "") sed -n '3,18s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
here=$(cd "$(dirname "$0")/.." && pwd)
step=build
[ "$1" != --prepare ] || { step=prepare; shift; }
build=$(cd "$1" && pwd)
folder=$here/$2
name=$(basename "$2")
out=$build/ports/$name
package='' library='' flags='' confined='' headers='' programs=''
# shellcheck disable=SC1091
. "$folder/port.sh"
source=$build/third-party/built/$name
if [ $step = prepare ]; then
    "$here/tools/third-party.sh" source "$build/third-party" "$package"
    rm -rf "$source"
    cp -a "$build/third-party/src/$package" "$source"
    cd "$source"
    if declare -F prepare >/dev/null; then
        printf '  %-8s %s\n' BUILD "what is generated of $name (once)"
        prepare >prepare.log 2>&1 || { tail -5 prepare.log >&2; exit 1; }
    fi
    touch .prepared
    exit
fi
printf '  %-8s %s\n' BUILD "$name and its tests, twice (once)"
mkdir -p "$out"/{domain,native}/objects "$out/include"
cd "$source"
# shellcheck disable=SC2086
cp $headers "$out/include/"

# One line for each object: kind, object, source, flags.
plan() {
    local file line words sources own word
    for file in $library; do
        for kind in domain native; do printf '%s %s %s %s\n' "$kind" "objects/$(tr / _ <<<"${file%.c}").o" "$file" "$flags"; done
    done
    while read -r line; do
        [ -n "$line" ] || continue
        read -ra words <<<"$line"
        own=''
        sources=()
        for word in "${words[@]:1}"; do case $word in -*) own="$own $word" ;; *) sources+=("$word") ;; esac; done
        for file in "${sources[@]}"; do
            for kind in domain native; do printf '%s %s %s %s\n' "$kind" "${words[0]}-$(tr / _ <<<"${file%.c}").o" "$file" "$flags $own"; done
        done
    done <<<"$programs"
}
# What was compiled by the same tools from the same description stays.
compile() { # kind object source flags...
    local kind=$1 object=$out/$1/$2 file=$3
    shift 3
    [ "$object" -nt "$newest" ] && [ "$object" -nt "$file" ] && return
    if [ "$kind" = domain ]; then
        "$build/bin/bhcc" -O2 -g1 -w $confined "$@" --both -c "$file" -o "$object"
    else
        clang-19 -O2 -w "$@" -c "$file" -o "$object"
    fi
}
newest=$folder/port.sh
for file in "$build"/bin/{bhcc,bhlower,bhsfi} "$here"/tools/domain-{libc,port}.sh; do [ "$file" -nt "$newest" ] && newest=$file; done
export out build newest confined
export -f compile
# shellcheck disable=SC2016
plan | sed 's, *$,,' | tac | xargs -P 2 -L 1 bash -c 'set -e; compile "$@"' compile
for kind in domain native; do
    (cd "$out/$kind" && rm -f "lib$name.a" && llvm-ar-19 rcs "lib$name.a" objects/*.o)
done
(cd "$out/domain" && rm -f "lib$name-hardened.a" && llvm-ar-19 rcs "lib$name-hardened.a" objects/*.o.hardened)
"$build/bin/bhcc" -std=gnu23 -D_GNU_SOURCE -O2 -g1 -I"$here" -I"$here/runtime/include" -I"$build/gen/include" --both -c "$here/tests/ports/start.c" -o "$out/domain/start.o"
while read -r line; do
    [ -n "$line" ] || continue
    program=${line%% *}
    for mode in '' --hardened; do
        # shellcheck disable=SC2086
        "$build/bin/bhcc" $mode "$out/domain/$program"-*.o "$out/domain/start.o" "$out/domain/lib$name.a" -o "$out/domain/$program${mode#-}.elf"
    done
    clang-19 "$out/native/$program"-*.o "$out/native/lib$name.a" -lm -lpthread -o "$out/native/$program"
done <<<"$programs"
touch "$out/.done"
