"""C10-C12 the authorization cache: what the CSMS has said about tokens, in flash and not in RAM.

One file of the store, entries from the oldest to the newest (firmware/storage/README.md has the
format). Every look-up reads it through; every change writes it anew, and what changes nothing but
the time of the last use is written seldom.
"""

from micropython import const
from tables.messages import IdTokenInfoType
from tables.names import ACCEPTED, CENTRAL, NO_AUTHORIZATION
from tables.variables import (
    AUTH_CACHE_CTRLR_DISABLE_POST_AUTHORIZE,
    AUTH_CACHE_CTRLR_ENABLED,
    AUTH_CACHE_CTRLR_LIFE_TIME,
    AUTH_CACHE_CTRLR_POLICY,
)

from charging.answers import GOOD, REFUSED, REFUSED_FOR_GOOD
from charging.records import pack, unpack
from charging.session import allowed
from hal import log
from hal.errors import StorageError

_FILE = "cache"
_CAPACITY = const(4000)  # bytes of entries; AuthCacheCtrlr.Storage has it as its limit
_FIELDS = b"tennzte"  # idToken, its type, accepted, EVSEs, expiry, group, its type
_STAMP = const(4)  # bytes at the end of an entry: seconds since 2020, 0: clock was not set


class AuthorizationCache:
    """
    Args:
        store: Store.
        model: DeviceModel.
        clock: utc().

    Attributes:
        used: bytes of entries.
    """

    def __init__(self, store, model, clock):
        self.used = 0
        self._store = store
        self._model = model
        self._clock = clock
        self._at = 0  # where the entry last looked for starts; -1: there is none
        self._size = 0  # its length
        self._find(b"")

    def known(self, grant):
        """What is known of a token (charging/answers.py).

        Returns:
            GOOD: `grant` has its group and EVSEs now. REFUSED, REFUSED_FOR_GOOD: after C10.FR.03,
            C12.FR.05. 0: unknown, no longer valid (C10.FR.10, C10.FR.13), or no cache
            (C10.FR.11).
        """
        try:
            entry = self._find(_key(grant.token, grant.kind)) if self._enabled() else None
            if entry is None:
                return 0
            _, _, accepted, evses, expiry, group, group_kind, _ = unpack(entry, 0, _FIELDS)
        except MemoryError as e:
            log.error("authorization cache: %s", e)
            return 0
        now = self._clock.utc()
        if now is not None:  # else nobody can say that it has expired
            if expiry is None:  # C10.FR.08
                expiry = self._life_s() + _stamp(entry)
            if now >= expiry:
                return 0
        if not accepted or not grant.restrict(evses):
            final = self._model.flag(AUTH_CACHE_CTRLR_DISABLE_POST_AUTHORIZE)
            return REFUSED_FOR_GOOD if final else REFUSED
        if group:
            grant.group = group
            grant.group_kind = group_kind
        if self._stale(entry):
            entry = entry[:-_STAMP]
            self._write(entry)
        return GOOD

    def put(self, token, kind, info):
        """Take over what the CSMS says about a token (C10.FR.01, C10.FR.04, C10.FR.05).

        Args:
            info: slots of idTokenInfo (IdTokenInfoType).
        """
        if not self._enabled() or kind in (CENTRAL, NO_AUTHORIZATION):
            return  # C03.FR.02, C05.FR.02
        try:
            self._put(token, kind, info)
        except MemoryError as e:
            log.error("authorization cache: %s", e)

    def _put(self, token, kind, info):
        key = _key(token, kind)
        entry = bytearray(key)
        values = (
            info[IdTokenInfoType.status] == ACCEPTED,
            allowed(info[IdTokenInfoType.evseId]),
            info[IdTokenInfoType.cacheExpiryDateTime],
            info[IdTokenInfoType.groupIdToken_idToken],
            info[IdTokenInfoType.groupIdToken_type],
        )
        pack(entry, _FIELDS[2:], values)
        old = self._find(key)
        if old is None or old[:-_STAMP] != entry or self._stale(old):
            old = None  # memory is short while two files are open
            self._write(entry)

    def clear(self):
        """Forget everything (C11.FR.01).

        Returns: False: it is disabled (C11.FR.04), or flash failed (C11.FR.05).
        """
        if not self._enabled():
            return False
        try:
            self._store.remove(_FILE)
        except StorageError as e:
            log.error("authorization cache: %s", e)
            return False
        self.used = 0
        return True

    def _enabled(self):
        return self._model.flag(AUTH_CACHE_CTRLR_ENABLED)

    def _life_s(self):
        return self._model.int(AUTH_CACHE_CTRLR_LIFE_TIME)

    def _find(self, key):
        """The entry that begins so, or None."""
        found = None
        used = 0
        self._at = self._size = -1
        try:
            for entry in self._store.records(_FILE):
                if entry.startswith(key):
                    found = entry
                    self._at = used
                    self._size = len(entry)
                used += 1 + len(entry)
        except StorageError:  # the store has told
            found = None
            used = 0
        self.used = used
        return found

    def _lru(self):
        return self._model.text(AUTH_CACHE_CTRLR_POLICY) == b"LRU"

    def _stale(self, entry):
        """Whether the use of this entry, the last found, is worth a write: flash wears out."""
        age_s = (self._clock.utc() or 0) - _stamp(entry)
        old = self.used * 2 > _CAPACITY and self._at * 2 < self.used
        return age_s > self._life_s() >> 3 or (old and self._lru())

    def _write(self, entry):
        """Write an entry, which has no stamp yet, for the last found."""
        entry += (self._clock.utc() or 0).to_bytes(_STAMP, "little")
        try:
            self._store.write_from(_FILE, self._entries(entry))
        except StorageError as e:
            log.error("authorization cache: %s", e)

    def _entries(self, new):
        """The entries of the file to be: `new` at the end, or (FIFO) where the last found was; the
        oldest make room (C10.FR.07).
        """
        excess = self.used + len(new) - self._size - _CAPACITY
        lru = self._lru()
        at = used = 0
        for entry in self._store.records(_FILE):
            size = 1 + len(entry)
            here = at == self._at
            at += size
            if here:
                if lru:
                    continue
                entry = new
                new = None
            elif excess > 0:
                excess -= size
                continue
            used += 1 + len(entry)
            yield bytes((len(entry),))
            yield entry
        if new is not None:
            used += 1 + len(new)
            yield bytes((len(new),))
            yield new
        self.used = used


def _key(token, kind):
    """The beginning of a token's entry."""
    key = bytearray()
    pack(key, _FIELDS[:2], (token.lower(), kind))
    return bytes(key)


def _stamp(entry):
    return int.from_bytes(entry[-_STAMP:], "little")
