# rule: LABEL
# One of several labels, the biggest of them and the first that is checked, stands in an immediate.
        .include "attack.inc"
        function bh_start
        checked call, 0x7a000001
        checked call, 0x51000001
        checked call, 0x32000001
        checked call, 0x13000001
        movl $0x7a000001, %eax
        ret
        end bh_start
