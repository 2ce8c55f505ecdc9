// Names that the search in the sources misses.
Q(crc32)
// rom_objects.c: packages; MicroPython has the name only with imports from files.
Q(__path__)
