// The tables of tools/schema, for C and Python alike.

#include "firmware/native/wire/wire.h"
#include "tables/schema.inc"
