"""blocks/authorization/cache.py: its entries, their order, and how seldom it writes."""

import pytest
from fakes import FakeClock, FakeModel, Flash, token_info
from tables import names, variables

from blocks.authorization.cache import AuthorizationCache
from charging.answers import GOOD, REFUSED
from charging.session import Grant
from hal import log
from hal.errors import StorageError
from storage.store import Store

_CAPACITY = 4000
_FULL = 400  # more than fit


class CountingStore(Store):
    writes = 0

    def write_from(self, name, parts):
        self.writes += 1
        Store.write_from(self, name, parts)


class Cache:
    """The cache on a flash that survives `reboot`."""

    def __init__(self, **settings):
        self.flash = Flash()
        self.clock = FakeClock()
        self.model = FakeModel()
        self.set(AUTH_CACHE_CTRLR_ENABLED="true", **settings)
        self.reboot()

    def set(self, **settings):
        for key, value in settings.items():
            self.model.values[getattr(variables, key)] = value.encode()

    def reboot(self):
        self.store = CountingStore(self.flash)
        self.store.writes = 0
        self.cache = AuthorizationCache(self.store, self.model, self.clock)

    def put(self, token, status=names.ACCEPTED, group=None, evses=None, expiry=None, kind=None):
        info = token_info(
            status=status,
            cacheExpiryDateTime=expiry,
            groupIdToken_idToken=group,
            groupIdToken_type=names.CENTRAL if group else None,
            evseId=evses,
        )
        self.cache.put(token, kind or names.ISO14443, info)

    def find(self, token, kind=names.ISO14443, evses=0):
        self.grant = Grant(token, kind, evses)
        return {GOOD: True, REFUSED: False, 0: None}[self.cache.known(self.grant)]

    def later(self, seconds):
        self.clock.ms += seconds * 1000


@pytest.fixture
def cache():
    return Cache()


def test_what_was_put_is_found_also_after_a_reboot(cache):
    cache.put(b"A", group=b"G", evses=(2, 3))
    cache.put(b"B", names.BLOCKED)
    for _ in range(2):
        assert cache.find(b"A") is True
        assert (cache.grant.group, cache.grant.group_kind) == (b"G", names.CENTRAL)
        assert cache.grant.evses == 0b110
        assert cache.find(b"B") is False
        assert cache.find(b"C") is None
        assert cache.find(b"A", names.ISO15693) is None  # C01.FR.25
        cache.reboot()


def test_one_token_is_no_beginning_of_another(cache):
    cache.put(b"A1")
    assert cache.find(b"A") is None and cache.find(b"A12") is None and cache.find(b"") is None


def test_accepted_for_other_evses_is_refused_here(cache):
    cache.put(b"A", evses=(2,))
    assert cache.find(b"A", evses=0b1) is False
    assert cache.find(b"A", evses=0b10) is True


def test_the_latest_info_replaces_the_old(cache):
    cache.put(b"A", group=b"G")
    used = cache.cache.used
    cache.put(b"A", names.INVALID)
    assert cache.find(b"A") is False and cache.cache.used < used


@pytest.mark.parametrize("kind", [names.CENTRAL, names.NO_AUTHORIZATION])
def test_kinds_that_are_never_kept(cache, kind):
    # C03.FR.02, C05.FR.02
    cache.put(b"A", kind=kind)
    assert cache.cache.used == 0


def test_switched_off_it_knows_and_learns_nothing(cache):
    # C10.FR.11, C11.FR.04
    cache.put(b"A")
    cache.set(AUTH_CACHE_CTRLR_ENABLED="false")
    cache.put(b"B")
    assert cache.find(b"A") is None and not cache.cache.clear()
    cache.set(AUTH_CACHE_CTRLR_ENABLED="true")
    assert cache.find(b"A") and cache.find(b"B") is None
    assert cache.cache.clear() and cache.find(b"A") is None and cache.cache.used == 0


@pytest.mark.parametrize("when", [0, 1])
def test_without_memory_it_knows_and_learns_nothing(cache, when, monkeypatch):
    # a look-up must not end whoever asks: the token is unknown for once
    def short(name):
        for i, record in enumerate(records(name)):
            if i == when:
                raise MemoryError
            yield record

    cache.put(b"A")
    cache.put(b"B")
    used = cache.cache.used
    records = cache.store.records
    monkeypatch.setattr(cache.store, "records", short)
    assert cache.find(b"A") is None
    cache.put(b"A", names.BLOCKED)
    cache.put(b"C")
    monkeypatch.undo()
    assert cache.find(b"A") is True and cache.find(b"B") is True and cache.find(b"C") is None
    assert cache.cache.used == used


def test_life_time_counts_from_the_last_use(cache):
    # C10.FR.08, C10.FR.10
    cache.put(b"A")
    for _ in range(3):
        cache.later(80000)
        assert cache.find(b"A")
    cache.later(86400)
    assert cache.find(b"A") is None


def test_expiry_of_the_csms_counts_instead(cache):
    # C10.FR.13
    cache.put(b"A", expiry=cache.clock.utc() + 200000)
    cache.later(199999)
    assert cache.find(b"A")
    cache.later(1)
    assert cache.find(b"A") is None


def test_while_the_clock_is_unknown_entries_are_valid(cache):
    cache.put(b"A", expiry=cache.clock.utc() + 10)
    cache.later(20)
    cache.clock.known = False
    assert cache.find(b"A")
    cache.put(b"B")
    cache.clock.known = True
    assert cache.find(b"A") is None and cache.find(b"B") is None


def fill(cache, first=0, count=_FULL):
    for i in range(first, first + count):
        cache.put(b"T%06d" % i)
        assert cache.cache.used <= _CAPACITY


def kept(cache):
    return [i for i in range(2 * _FULL) if cache.find(b"T%06d" % i)]


@pytest.mark.parametrize("policy", ["LRU", "FIFO"])
def test_the_oldest_make_room(policy):
    # C10.FR.07
    cache = Cache(AUTH_CACHE_CTRLR_POLICY=policy)
    fill(cache)
    there = kept(cache)
    assert there == list(range(there[0], _FULL)) and len(there) > 100


def test_lru_keeps_what_is_used_and_fifo_does_not():
    for policy, lives in (("LRU", True), ("FIFO", None)):
        cache = Cache(AUTH_CACHE_CTRLR_POLICY=policy)
        cache.put(b"A")
        for i in range(_FULL):
            cache.put(b"T%06d" % i)
            cache.find(b"A")
        assert cache.find(b"A") is lives


def test_a_large_entry_takes_the_room_of_several(cache):
    fill(cache)
    before = len(kept(cache))
    cache.put(b"x" * 36, group=b"y" * 36, evses=(1, 30), expiry=900000000)
    assert cache.find(b"x" * 36) and cache.cache.used <= _CAPACITY
    assert 2 < before - len(kept(cache)) < 8


def test_uses_are_seldom_written(cache):
    for token in (b"A", b"B"):
        cache.put(token)
    cache.reboot()
    for _ in range(50):
        assert cache.find(b"A") and cache.find(b"B")
        cache.put(b"A")
        cache.later(10)
    assert cache.store.writes == 0
    fill(cache)
    there = kept(cache)
    for _ in range(3):
        for i in there[len(there) // 2 + 1 :]:
            cache.find(b"T%06d" % i)
    cache.store.writes = 0
    cache.find(b"T%06d" % there[-1])
    assert cache.store.writes == 0


@pytest.mark.parametrize("at", [2, 5, 20, -9, -5, -1])
def test_damage_is_found_and_said_and_survived(cache, at, monkeypatch):
    lines = []
    monkeypatch.setattr(log, "sink", lambda level, text: lines.append((level, text)))
    cache.put(b"A")
    cache.put(b"B")
    raw = bytearray(cache.flash.files["cache"])
    raw[at] ^= 0x11
    cache.flash.files["cache"] = bytes(raw)
    assert cache.find(b"A") is None and cache.find(b"B") is None
    assert [level for level, _ in lines] == [log.ERROR]
    assert cache.flash.files["cache.bad"] == raw
    cache.put(b"B")
    assert cache.find(b"B")


def test_without_flash_there_is_no_cache(cache):
    cache.put(b"A")
    cache.flash.fail = True
    cache.put(b"B")
    assert cache.find(b"A") and cache.find(b"B") is None
    assert not cache.cache.clear()  # C11.FR.05


def test_records_of_a_store_that_fail_are_an_exception(cache):
    cache.put(b"A")
    cache.flash.files["cache"] = cache.flash.files["cache"][:-1]
    with pytest.raises(StorageError):
        list(cache.store.records("cache"))
    assert list(cache.store.records("cache")) == []
