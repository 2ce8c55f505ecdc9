"""The device model: the value that is in force, who may change it, and what is kept.

A value comes from the first of these that has one: live (computed by the station), set by the CSMS
or the firmware (kept in storage), an option of this process or board, factory override, attribute
of the board, ROM default. A variable costs heap only while it has a value of the second or fourth
kind.
"""

from micropython import const
from tables.names import ACCEPTED, REJECTED
from tables.variable_format import (
    FIELD_DEFAULT,
    FIELD_FROM,
    FIELD_MAX,
    FIELD_MIN,
    FIELD_MORE_VALUES,
    FIELD_VALUES,
    FLAG_LIVE,
    FLAG_REBOOT,
    KIND_MUTABILITY,
    KIND_TYPE,
    LEVEL_CONNECTOR,
    LEVEL_EVSE,
    LEVEL_STATION,
    MUTABILITY_SHIFT,
    READ_ONLY,
    TYPE_DATE_TIME,
    TYPE_DECIMAL,
    TYPE_INTEGER,
    WRITE_ONLY,
)
from wire_core import write_time

from device_model import overrides, settings
from device_model.catalogue import (
    ATTRIBUTES,
    attributes,
    contains,
    find_component,
    find_variable,
    first,
    kind,
    number,
    of_board,
    split,
    text,
    title,
)
from device_model.check import check, cut
from device_model.outcomes import (
    DONE,
    INVALID,
    NO_ATTRIBUTE,
    NO_COMPONENT,
    NO_VARIABLE,
    REBOOT,
    TOO_LONG,
    TOO_LOW,
)
from device_model.outcomes import READ_ONLY as OUTCOME_READ_ONLY
from device_model.outcomes import WRITE_ONLY as OUTCOME_WRITE_ONLY
from device_model.values import Values
from hal import log
from hal.errors import StorageError
from wire.names import name, name_id

_UNKNOWN_COMPONENT = const(-1)
_UNKNOWN_VARIABLE = const(-2)
_STAMP = const(20)  # bytes of a dateTime
_POINT = const(46)
# All that differs from ROM: a CSMS that sets every string to its maximum does not eat the heap.
_ROOM = const(2048)
_PARTS = const(15)  # a mask: parts written in a turn of the event loop, less one; two a value


class DeviceModel:
    """Components and variables of this station. A variable is a constant of tables.variables.

    Attributes:
        live: callable(variable, evse, connector) -> bytes, int, bool or None, for variables marked
            live; a dateTime is seconds since 2020. None: the stored value counts.
        changed: callable(variable, evse, connector), after a change by the CSMS.
        most: callable(evse) -> int, the maxLimit of what has max=live (EVSE.Power).
        partners: hooks of blocks (firmware/blocks/README.md), set by the station.
    """

    def __init__(self, board, store):
        """
        Args:
            board: .connectors, .has(), .option(), .overrides(), .model and so on.
            store: Store.
        """
        self.live = None
        self.changed = None
        self.most = None
        self._board = board
        self._store = store
        self._set = Values()
        self._factory = Values()
        self._staged = None
        self._writing = False  # `commit` writes, in steps
        overrides.load(board.overrides(), self._factory, self)
        settings.load(store, self._set, self)

    def text(self, variable, evse=0, connector=0):
        """Value as bytes, b"" when it has none. EVSE and connector 0: the station's."""
        if self.live is not None and kind(variable) & FLAG_LIVE:
            value = self.live(variable, evse, connector)
            if value is not None:
                return _live_text(variable, value)
        return self._stored(variable | evse << 16 | connector << 23, 0)

    def int(self, variable, evse=0, connector=0):
        """Value of an integer variable, 0 when it has none."""
        return int(self.text(variable, evse, connector) or b"0")

    def flag(self, variable, evse=0, connector=0):
        """Value of a boolean variable, False when it has none."""
        return self.text(variable, evse, connector) == b"true"

    def members(self, variable, evse=0, connector=0):
        """Members of a list, a tuple of name ids in their order; unknown names are left out."""
        ids = []
        for member in self.text(variable, evse, connector).split(b","):
            member = name_id(member)
            if member:
                ids.append(member)
        return tuple(ids)

    def has(self, variable, member, evse=0, connector=0):
        """Whether a list has the member with this name id."""
        return contains(self.text(variable, evse, connector), name(member))

    def set(self, variable, value, evse=0, connector=0):
        """Change a value by the firmware itself; it holds even when flash fails, which is logged.
        A number beyond its limits becomes the limit.

        Returns:
            Name id ACCEPTED, or REJECTED: not a legal value.
        """
        value = self.legal(variable, evse, connector, value, "value")
        if value is None:
            return REJECTED
        handle = variable | evse << 16 | connector << 23
        if value != self._stored(handle, 0):
            for values in (self._set, self._staged):  # what is staged would replace it
                if values is not None:
                    values.put(handle, 0, value)
            if not self._writing:
                self._save()
            self.partners.value_changed(variable, evse, connector)
        return ACCEPTED

    def clamp(self, variable, most):
        """Lower a factory value of the station that asks for more than there is room for."""
        if self.int(variable) > most:
            log.warning("%s clamped to %d", title(variable), most)
            self._factory.put(variable, 0, b"%d" % most)

    def locate(self, component, component_instance, evse, connector, variable, instance):
        """Find a variable by names (bytes) and place (int), None where not given; EVSE 0 is the
        station, connector 0 the EVSE.

        Returns:
            A handle, >= 0, for `read` and `write`: variable | evse << 16 | connector << 23;
            -1: no such component there; -2: it has no such variable (or instance: B06.FR.14,
            B06.FR.15).
        """
        evse = evse or 0
        connector = connector or 0
        connectors = self._board.connectors
        level = LEVEL_STATION
        if evse or connector:
            level = -1
            if 0 < evse <= len(connectors) and 0 <= connector <= connectors[evse - 1]:
                level = LEVEL_CONNECTOR if connector else LEVEL_EVSE
        component = find_component(component, component_instance or b"", level)
        if component < 0:
            return _UNKNOWN_COMPONENT
        found = find_variable(component, variable, instance or b"")
        if found >= 0 and self.there(found, evse, connector):
            return found | evse << 16 | connector << 23
        # Where its first variable is not, nothing of a component is (tools/device_model).
        found = first(component)
        return _UNKNOWN_VARIABLE if self.there(found, evse, connector) else _UNKNOWN_COMPONENT

    def read(self, handle, attribute):
        """Attribute of a variable, for the CSMS.

        Args:
            handle: of `locate`, negative ones too.
            attribute: name id, None: Actual (B06.FR.11).

        Returns:
            (outcome, value as bytes): DONE and a value, or another one and None.
        """
        index = _attribute(attribute)
        result = self._access(handle, index)
        if result == DONE and self.mutability(handle, index) == WRITE_ONLY:
            result = OUTCOME_WRITE_ONLY
        return result, None if result else self.value(handle, index)

    def value(self, handle, index):
        """Value of an attribute that is there, 0 Actual to 3 MaxSet, as bytes; a secret too."""
        if index:
            return self._stored(handle, index)
        variable, evse, connector = split(handle)
        return self.text(variable, evse, connector)

    def there(self, variable, evse, connector):
        """Whether the board has at this place what the variable is declared for (when=)."""
        capability = attributes(variable) >> 8
        return not capability or self._board.has(capability, evse, connector)

    def values(self, variable, evse, connector):
        """The members that a list may have at this place, bytes, or None."""
        values = text(variable, FIELD_VALUES)
        if values:
            for more in (text(variable, FIELD_MORE_VALUES) or b"").split(b"\0"):
                if more and self._board.has(more[0], evse, connector):
                    values += more[1:]
        return values

    def legal(self, variable, evse, connector, value, source):
        """The value; or what its limit leaves of a number, or of a text that the board tells too;
        or None. Other than the value is logged.

        Args:
            source: what it is, for the log.
        """
        outcome = check(variable, value, self.values(variable, evse, connector))
        if outcome == DONE:
            return value
        data_type = kind(variable) & KIND_TYPE
        name_of = title(variable)
        left = None
        if outcome != INVALID and (data_type == TYPE_INTEGER or data_type == TYPE_DECIMAL):
            left = text(variable, FIELD_MIN if outcome == TOO_LOW else FIELD_MAX)
        elif outcome == TOO_LONG and of_board(variable):
            left = cut(variable, value)
        if left is None:
            log.warning("%s ignored: not a legal value of %s", source, name_of)
        else:
            log.warning("%s of %s clamped to %s, not %s", source, name_of, left, value)
        return left

    def is_live(self, handle):
        """Whether the value may be another one at the next reading."""
        return handle >= 0 and kind(handle & 0xFFFF) & FLAG_LIVE != 0

    def judge(self, handle, attribute, value):
        """Whether the CSMS may set an attribute to this value; nothing changes yet.

        Returns:
            An outcome; DONE and REBOOT: it may, and `stage` does it.
        """
        index = _attribute(attribute)
        result = self._access(handle, index)
        if result != DONE:
            return result
        if self.mutability(handle, index) == READ_ONLY:
            return OUTCOME_READ_ONLY
        variable, evse, connector = split(handle)
        result = check(variable, value, self.values(variable, evse, connector))
        if result == DONE and kind(variable) & FLAG_REBOOT:
            return REBOOT
        return result

    def begin(self):
        """Begin to change several attributes: `stage` each, then `commit`. Turns of the event loop
        may pass in between; nothing is in force before `commit`. What was staged before is
        forgotten.
        """
        self._staged = Values()
        self._staged.data = self._set.data

    def stage(self, handle, attribute, value):
        """Set one of several attributes that `judge` has approved, from `commit` on.

        Returns:
            False: too much differs from the defaults, or memory is short; this one is not among
                them.
        """
        staged = self._staged
        before = staged.data
        try:
            staged.put(handle, _attribute(attribute), value)
        except MemoryError:
            return False
        if staged.size() > _ROOM:
            staged.data = before
            return False
        return True

    def commit(self):
        """Keep what was staged, with one write, and put it in force: a generator of None.

        Returns:
            False: flash failed (logged), nothing has changed.
        """
        staged = self._staged
        written = Values()  # the firmware may set a value meanwhile
        written.data = staged.data
        before = self._set.data
        kept = True
        if written.data != before:
            self._writing = True
            try:
                for i, _ in enumerate(settings.save_steps(self._store, written)):
                    if i & _PARTS == _PARTS:
                        yield None
            except StorageError as e:
                log.error("device model: changes of the CSMS refused: %s", e)
                kept = False
            finally:
                self._writing = False
        self._staged = None
        late = self._set.data is not before
        if kept:
            self._set.data = staged.data
        if late:
            self._save()
        return kept

    def notify(self, handle):
        """Tell whoever listens that the CSMS has changed this variable."""
        variable, evse, connector = split(handle)
        # Never the value: it may be a password.
        log.info("device model: the CSMS has set %s", title(variable))
        if self.changed is not None:
            self.changed(variable, evse, connector)
        self.partners.value_changed(variable, evse, connector)

    def _save(self):
        try:
            settings.save(self._store, self._set)
        except StorageError as e:
            log.error("device model: what the firmware has set is lost at a reboot: %s", e)

    def _access(self, handle, index):
        if handle < 0:
            return NO_COMPONENT if handle == _UNKNOWN_COMPONENT else NO_VARIABLE
        if index < 0 or not attributes(handle & 0xFFFF) >> index & 1:
            return NO_ATTRIBUTE
        return DONE

    def mutability(self, handle, index=0):
        """READ_ONLY, READ_WRITE or WRITE_ONLY (tables.variable_format) of an attribute, 0 Actual
        to 3 MaxSet.
        """
        at = self._factory.find(handle, index)
        changed = None if at < 0 else self._factory.mutability(at)
        if changed is not None:
            return changed
        return (kind(handle & 0xFFFF) & KIND_MUTABILITY) >> MUTABILITY_SHIFT

    def _stored(self, handle, index):
        at = self._set.find(handle, index)
        if at >= 0:
            return self._set.value(at)
        variable = handle & 0xFFFF
        source = None if index else text(variable, FIELD_FROM)
        if source and source[0] != _POINT:
            value = self._board.option(str(source, "utf-8"))
            if value:
                return value
        at = self._factory.find(handle, index)
        value = None if at < 0 else self._factory.value(at)
        if value is not None:
            return value
        if source and source[0] == _POINT:
            # names: firmware_version, model, phases, serial_number, vendor_name
            value = getattr(self._board, str(source[1:], "utf-8")) or b""
            return b"%d" % value if isinstance(value, int) else cut(variable, value)
        return b"" if index else text(variable, FIELD_DEFAULT) or b""


def _attribute(attribute):
    """Index of an attribute's name id, or -1."""
    return 0 if attribute is None else number(ATTRIBUTES, attribute)


def _live_text(variable, value):
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if not isinstance(value, int):
        return value
    if kind(variable) & KIND_TYPE != TYPE_DATE_TIME:
        return b"%d" % value
    text = bytearray(_STAMP)
    write_time(text, value)
    return bytes(text)
