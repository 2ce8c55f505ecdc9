"""firmware/native/catalogue/module.c for CPython: the same C, by ctypes.

`tables` are (STRINGS, COMPONENTS, RECORDS); a test may put others in their place.
"""

import ctypes

import native_library
from tables import device_model

_core = native_library.load("catalogue")
_FIELD_INSTANCE, _FIELD_ATTRIBUTES = 1, 128
_KEY = 5

tables = (device_model.STRINGS, device_model.COMPONENTS, device_model.RECORDS)


class _Tables(ctypes.Structure):
    """catalogue_t"""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("strings", "components", "records")),
        *((f"{name}_size", ctypes.c_uint32) for name in ("strings", "components", "records")),
    ]


class _Name(ctypes.Structure):
    """catalogue_name_t"""

    _fields_ = [("text", ctypes.c_char_p), ("n", ctypes.c_size_t)]


for _name in ("text", "record", "head"):
    getattr(_core, f"catalogue_{_name}").restype = ctypes.c_void_p
for _name in ("word", "first", "component_of", "following", "evse"):
    getattr(_core, f"catalogue_{_name}").restype = ctypes.c_uint32


def _tables():
    return ctypes.byref(_Tables(*tables, *map(len, tables)))


def _name_of(text):
    text = bytes(text)
    return ctypes.byref(_Name(text, len(text)))


def _there(found):
    if found is None:
        raise IndexError
    return ctypes.c_void_p(found)


def _record(variable):
    return _there(_core.catalogue_record(_tables(), ctypes.c_uint32(variable)))


def _byte(record, at):
    return ctypes.string_at(record.value + at, 1)[0]


def _field(variable, field):
    return _core.catalogue_field(_record(variable), field)


def _word(at):
    return _core.catalogue_word(ctypes.c_void_p(at))


def string(ref):
    size = ctypes.c_size_t()
    found = _core.catalogue_text(_tables(), ctypes.c_uint32(ref), ctypes.byref(size))
    return ctypes.string_at(_there(found), size.value)


def find(name):
    return _core.catalogue_find(_tables(), _name_of(name))


def kind(variable):
    return _byte(_record(variable), 3)


def text(variable, field):
    found = _field(variable, field)
    return None if found < 0 else string(found)


def attributes(variable):
    found = _field(variable, _FIELD_ATTRIBUTES)
    return 1 if found < 0 else found


def ref(variable):
    return _word(_record(variable).value + 1)


def instance_ref(variable):
    return max(_field(variable, _FIELD_INSTANCE), 0)


def name(variable):
    return string(ref(variable))


def component_of(variable):
    return _core.catalogue_component_of(_tables(), ctypes.c_uint32(variable))


def _head(component):
    return _there(_core.catalogue_head(_tables(), ctypes.c_uint32(component)))


def component_ref(component, instance=0):
    return _word(_head(component).value + (2 if instance else 0))


def first(component):
    return _core.catalogue_first(_tables(), ctypes.c_uint32(component))


def following(handle, connectors):
    evse = _core.catalogue_evse(ctypes.c_uint32(handle))
    here = connectors[evse - 1] if 0 < evse <= len(connectors) else 0
    return _core.catalogue_following(_tables(), ctypes.c_uint32(handle), len(connectors), here)


def find_component(name, instance, at_level):
    names = _name_of(name), _name_of(instance)
    return _core.catalogue_find_component(_tables(), *names, at_level)


def find_variable(component, name, instance):
    return _core.catalogue_find_variable(_tables(), component, _name_of(name), _name_of(instance))


def find_entry(pieces, handle, attribute):
    key = ctypes.create_string_buffer(_KEY)
    _core.catalogue_key(ctypes.c_uint32(handle), attribute, key)
    for i, piece in enumerate(pieces):
        piece = bytes(piece)
        at = _core.catalogue_entry(piece, ctypes.c_size_t(len(piece)), key)
        if at >= 0:
            return i << 8 | at
    return -1
