# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
package=zlib
library='[a-z]*.c'
flags='-I. -DHAVE_UNISTD_H -D_LARGEFILE64_SOURCE=1'
headers='zlib.h zconf.h'
programs='
example test/example.c
minigzip test/minigzip.c
infcover test/infcover.c
enough examples/enough.c
'
