# rule: INSTRUCTION
# enter moves %rsp by up to 64 KiB at once.
        .include "attack.inc"
        function bh_start
        enter $4096, $0
        ret
        end bh_start
