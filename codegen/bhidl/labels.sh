#!/bin/sh
# SPDX-License-Identifier: MIT
# The type labels by which the kernel enters domains: FOLDER/labels.c, which bhidl wrote, becomes FOLDER/include/labels.h.
#
#   labels.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
clang-19 -std=gnu23 -fsanitize=kcfi -I"$here" -I"$here/runtime/include" -I"$1/include" -S "$1/labels.c" -o "$1/labels.s"
{
    printf '// SPDX-License-Identifier: MIT\n// Made by codegen/bhidl/labels.sh.\n'
    sed -n 's/^\.set __kcfi_typeid_bh_\([a-z0-9_]*\), \([0-9]*\)$/#define LABEL_\1 \2u/p' "$1/labels.s"
} >"$1/include/labels.h"
rm "$1/labels.s"
