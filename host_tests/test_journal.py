"""storage/journal.py: a bounded queue that loses nothing silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_store import Device

from hal import log
from storage.journal import Journal
from storage.store import Store


def record(transaction, number, size=20):
    return bytes([len(transaction)]) + transaction + number.to_bytes(2, "big") + bytes(size)


def number_of(data):
    return int.from_bytes(bytes(data[1 + data[0] : 3 + data[0]]), "big")


def drain(journal):
    numbers = []
    while (first := journal.first()) is not None:
        numbers.append(number_of(first))
        journal.drop_first()
    return numbers


@pytest.fixture
def lines(monkeypatch):
    found = []
    monkeypatch.setattr(log, "sink", lambda level, text: found.append((level, text)))
    return found


def test_records_leave_in_order():
    journal = Journal(256)
    for i in range(5):
        assert journal.append(record(b"t", i), False)
    assert journal.count() == 5
    assert drain(journal) == [0, 1, 2, 3, 4]
    assert journal.first() is None
    journal.drop_first()
    assert journal.count() == 0


def test_records_of_a_transaction_are_counted():
    journal = Journal(512)
    for transaction in (b"a", b"bb", b"a", b""):
        journal.append(record(transaction, 0), False)
    assert [journal.count_of(t) for t in (b"a", b"bb", b"", b"c")] == [2, 1, 1, 0]


def test_the_first_record_does_not_move_while_it_is_lent():
    journal = Journal(200)
    journal.append(record(b"t", 7), True)
    first = journal.first()
    before = bytes(first)
    for i in range(50):
        journal.append(record(b"t", i), True)
    assert bytes(first) == before


def test_j02_fr_13_every_second_intermediate_record_of_each_transaction_is_thinned_out(lines):
    journal = Journal(25 * 10)
    journal.append(record(b"a", 0, 19), False)
    for i in range(1, 9):
        journal.append(record(b"a" if i % 2 else b"b", i, 19), True)
    journal.append(record(b"b", 9, 19), False)
    assert not lines
    journal.append(record(b"a", 10, 19), True)
    assert len(lines) == 1
    numbers = drain(journal)
    assert numbers == [0, 3, 4, 7, 8, 9, 10]


def test_nothing_that_must_stay_is_dropped_and_a_full_journal_says_so_once(lines):
    journal = Journal(100)
    for i in range(4):
        assert journal.append(record(b"t", i, 19), False)
    for i in range(4, 8):
        assert not journal.append(record(b"t", i, 19), False)
    assert [level for level, _ in lines] == [log.ERROR]
    assert drain(journal) == [0, 1, 2, 3]


def test_a_record_larger_than_the_journal_is_refused():
    journal = Journal(100)
    assert not journal.append(record(b"t", 0, 200), False)
    assert journal.count() == 0


def test_b12_fr_05_what_waits_survives_an_orderly_restart():
    device = Device()
    journal = Journal(256)
    for i in range(3):
        journal.append(record(b"t", i), i == 1)
    journal.save(Store(device))
    again = Journal(256)
    again.load(Store(device))
    assert drain(again) == [0, 1, 2]
    empty = Journal(256)
    empty.load(Store(device))
    assert empty.count() == 0
    empty.save(Store(device))


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 60), st.booleans())))
def test_what_must_stay_stays_whatever_happens(steps):
    journal = Journal(200)
    expected, droppables = [], set()
    for i, (transaction, droppable, size, take) in enumerate(steps):
        lent = journal.first()
        copy = bytes(lent) if lent is not None else None
        if journal.append(record(b"t%d" % transaction, i, size), droppable):
            expected.append(i)
            if droppable:
                droppables.add(i)
        if copy is not None:
            assert bytes(lent) == copy
        if take and copy is not None:
            assert number_of(copy) == expected[0]
            journal.drop_first()
            expected.pop(0)
        kept, numbers = [n for n in expected if n not in droppables], []
        for at in journal._entries():
            numbers.append(number_of(journal._buffer[at + 2 :]))
        assert [n for n in numbers if n not in droppables] == kept
        assert set(numbers) <= set(expected) and numbers == sorted(numbers)
        expected = numbers
