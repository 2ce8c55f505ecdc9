// Names that the search in the sources misses.
Q(crc32)
