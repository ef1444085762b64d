// SPDX-License-Identifier: MIT
//
// Confinement of DMA inside this platform. What the rest of the kernel sees of it is kernel/platform/device.h.
#ifndef BH_PC_IOMMU_H
#define BH_PC_IOMMU_H

#include <stdint.h>

void iommu_start(void); // after PCI was enumerated, before anybody may use a function: block them all, if the machine can
uint64_t iommu_table_frames(void); // that its tables take now

#endif
