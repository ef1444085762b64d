# rule: STRING
# The slot's base is added to a whole %rdi.
        .include "attack.inc"
        function bh_start
        movq %rdi, %rdi
        addq %gs:0x10000, %rdi
        stosq
        ret
        end bh_start
