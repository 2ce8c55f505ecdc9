// The charger's data flash: an image file on the host, reached by semihosting.
#ifndef CORTEX_M3_FLASH_IMAGE_H
#define CORTEX_M3_FLASH_IMAGE_H

#include "py/obj.h"

// A block device in the sense of MicroPython's vfs (extended interface: reads and writes at an offset in a block).
extern const mp_obj_type_t flash_image_type;

#endif
