"""blocks/metering/signatures.py: what is signed is kept until it is sent, or goes unsigned."""

import pytest
from fakes import World, readings
from tables.messages import MeterValuesRequest

from hal import log

TEXT = bytes(range(33, 127)) * 20
SIGNING = {"SAMPLED_DATA_CTRLR_SIGN_READINGS": "true"}


@pytest.fixture
def lines(monkeypatch):
    found = []
    monkeypatch.setattr(log, "sink", lambda level, text: found.append(str(text)))
    return found


def world(**settings):
    w = World(**SIGNING, **settings)
    sign(w, TEXT)
    w.board.meter(1).key = b"key"
    return w


def sign(w, data, evse=1):
    w.board.meter(evse).record = (data, b"method", b"encoding")


def charging(w, evse=1, token=b"A1"):
    w.plug(evse)
    w.swipe(token, evse)
    w.allow()
    w.ev(evse, "C")


def signed(event):
    return [values[0].signed for _, values in event.meter_value]


def files(w):
    return {name: data for name, data in w.store._fs._device.files.items() if name != "boot"}


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 1880, 2500])
def test_every_length(size):
    w = world()
    sign(w, (TEXT * 2)[:size])
    w.plug(1)
    ((_, (value,)),) = w.event().meter_value
    assert value[-4:] == ((TEXT * 2)[:size], b"method", b"encoding", b"key")


@pytest.mark.parametrize(
    "record", [(b"x" * 2501, b"m", b"e"), (b"x", b"m" * 51, b"e"), (b"x", b"m", b"e" * 51)]
)
def test_more_than_ocpp_allows(record, lines):
    w = world()
    w.board.meter(1).record = record
    w.plug(1)
    assert signed(w.event()) == [None]
    assert any("longer than OCPP allows" in line for line in lines)
    assert not files(w)


def test_only_readings_that_are_sent_are_signed():
    """No wear for nothing: readings without measurands, or of what is not to be signed."""
    w = world(SAMPLED_DATA_CTRLR_TX_STARTED_MEASURANDS="", ALIGNED_DATA_CTRLR_INTERVAL="900")
    w.set(SAMPLED_DATA_CTRLR_TX_ENDED_MEASURANDS="")
    w.plug(1)
    assert not w.event().meter_value
    w.advance(900)
    assert w.metering.take(True) is not None
    assert not files(w)


def test_damaged_or_lost(lines):
    """The reading leaves unsigned, in both passes of the writer."""
    w = world()
    w.plug(1)
    for name, data in files(w).items():
        broken = data[:40] + b"!" + data[41:]
        w.store._fs._device.files[name] = broken
    w.unplug(1)
    started, ended = w.events()
    assert signed(started) == signed(ended)[:1] == [None]
    assert signed(ended)[1] == TEXT
    assert any("is damaged" in line for line in lines)
    assert any("is lost" in line for line in lines)


def test_short_of_memory(lines, monkeypatch):
    w = world()

    def write_from(name, parts):
        raise MemoryError

    monkeypatch.setattr(w.store, "write_from", write_from)
    w.plug(1)
    ((_, (value,)),) = w.event().meter_value
    assert value.value == 1000 and value.signed is None
    assert any("goes unsigned" in line for line in lines)


def test_flash_fails(lines):
    w = world()
    w.store._fs._device.fail = True
    w.plug(1)
    assert signed(w.event()) == [None]
    assert any("goes unsigned" in line for line in lines)


def test_files_are_used_again_when_their_readings_have_been_sent():
    w = world(SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60")
    charging(w)
    for n in range(200):
        sign(w, b"%d" % n)
        w.advance(60)
        (event,) = w.events() if n else w.events()[-1:]
        assert signed(event) == [b"%d" % n]
    assert len(files(w)) == 30
    ended = stop(w)[-1]
    assert signed(ended) == [TEXT, b"199"]


def stop(w, evse=1, token=b"A1"):
    w.swipe(token, evse)
    return w.events()


def test_one_transaction_does_not_take_the_signatures_of_another(lines):
    """Offline, two EVSEs: the first and the last of each are there, and what is there is right."""
    w = world(
        SAMPLED_DATA_CTRLR_TX_UPDATED_INTERVAL="60", SAMPLED_DATA_CTRLR_TX_ENDED_INTERVAL="60"
    )
    sign(w, b"2 begin", 2)
    charging(w)
    charging(w, 2, b"B2")
    for n in range(60):
        sign(w, b"1 at %d" % n)
        sign(w, b"2 at %d" % n, 2)
        w.advance(60)
    w.swipe(b"A1", 1)
    w.swipe(b"B2", 2)
    events = w.events()
    for evse, begin in ((1, TEXT), (2, b"2 begin")):
        mine = [e for e in events if e.transaction_id == b"tx-%d" % evse]
        ended = signed(mine[-1])
        assert ended[0] == begin and ended[-1] == b"%d at 59" % evse
        told = [s for e in mine[1:] for s in signed(e)]
        assert all(s == begin or s.startswith(b"%d at" % evse) for s in told)
        assert len(told) > 8
    assert any("goes unsigned" in line for line in lines) is False


def test_meter_values_keep_their_signature_until_they_are_answered():
    w = world(ALIGNED_DATA_CTRLR_SIGN_READINGS="true")
    w.metering.trigger(1)
    assert not files(w)  # signed once, when it is read for the message
    values = w.metering.take(True)[1][MeterValuesRequest.meterValue]
    for n in range(40):  # another EVSE uses up files
        sign(w, b"%d" % n, 2)
        w.plug(2)
        w.unplug(2)
        w.events()
    ((_, (value,)),) = readings(values)
    assert value.signed == TEXT
    w.metering.answered(0, None)


def test_main_meter_signs_nothing(lines):
    w = world(ALIGNED_DATA_CTRLR_SIGN_READINGS="true", ALIGNED_DATA_CTRLR_INTERVAL="900")
    w.board.meters[0] = w.board.meter(1)
    sent = []
    w.advance(900)
    while (item := w.metering.take(True)) is not None:
        values = readings(item[1][MeterValuesRequest.meterValue])
        sent.append((item[1][MeterValuesRequest.evseId], values[0][1][0].signed))
    assert sent == [(0, None), (1, TEXT), (2, None)]
