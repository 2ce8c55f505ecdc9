"""Wire names: each is stored once, in ROM, and known by its number elsewhere (tables.names).

name(name_id) is the wire name (bytes) of a name id, ValueError if there is none; name_id(text) the
number of a wire name given as bytes, 0: unknown.
"""

from wire_core import name, name_id

__all__ = ("name", "name_id")
