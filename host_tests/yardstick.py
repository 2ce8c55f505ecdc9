"""The yardstick session has to pass in the least heap: for test_heap.py and `make budget`.

DESIGN.md, 5, as far as the firmware has it: two EVSEs; boot; failed locks told; a report of
every variable; twenty variables set, and read, at once; the authorization cache filled with the
longest tokens; two transactions with four measurands each minute, signed as long as may be; half
an hour offline, drain; a request of 64 kB; Reset. Whoever adds a feature with state adds it here,
and its phase to PHASES.
"""

from rig import CARD, GROUP_CARD
from sessions import charge, read, still_charging, value, write

PHASES = (
    "boot", "reports", "variables", "cache", "transactions", "offline", "drain", "64 kB", "reset",
)  # fmt: skip

_ONLINE_MINUTES = 10
_OFFLINE_MINUTES = 30
_ITEMS = 20
_STRANGERS = 55
_CACHE_FULL = 3900  # of 4000 bytes
_CARDS = (CARD, GROUP_CARD)  # of EVSE 1 and 2
_ALL = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
_SETTINGS = (
    ("SampledDataCtrlr.TxUpdatedMeasurands", _ALL),
    ("SampledDataCtrlr.TxStartedMeasurands", _ALL),
    ("SampledDataCtrlr.TxEndedMeasurands", _ALL),
    ("SampledDataCtrlr.TxUpdatedInterval", "60"),
    ("SampledDataCtrlr.TxEndedInterval", "120"),
    ("AlignedDataCtrlr.Measurands", _ALL),
    ("AlignedDataCtrlr.Interval", "900"),
    ("OCPPCommCtrlr.RetryBackOffWaitMinimum", "1"),
    ("OCPPCommCtrlr.OfflineThreshold", "600"),
    ("TxCtrlr.EVConnectionTimeOut", "90"),
)
_SIGNED = {
    "signedMeterData": "0123456789" * 250,
    "publicKey": "0123456789" * 15,
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
}
# What nobody keeps, but everybody has to read: 64 kB of it.
_CUSTOM_DATA = {"vendorId": "org.example", "x": ["0123456789abcdef" * 8] * 489}


async def _nobody(phase, station):
    """Hears of the phases, and does nothing."""


async def session(rig, heap, enter=_nobody):
    """Play it with two EVSEs; AssertionError, or what the rig raises at its end: it does not pass.

    Args:
        rig: a Rig.
        heap: bytes.
        enter: coroutine function called as each phase begins, with its name and the Station; and
            with "end" before the Reset, which ends this life of the firmware.
    """
    csms = await rig.csms()
    station = await rig.station(csms, heap=heap)
    await enter("boot", station)
    await csms.expect("BootNotification", 10)
    await rig.quiet(csms)
    await _lock_fails(csms, station)
    await rig.quiet(csms)
    await enter("reports", station)
    await _report(rig, csms)
    await enter("variables", station)
    await _variables(csms)
    await enter("cache", station)
    await _fill_cache(csms, station)
    await enter("transactions", station)
    await station.command("meter", signed=_SIGNED)
    (answer,) = await write(csms, ("SampledDataCtrlr.SignReadings", "true"))
    assert answer["attributeStatus"] == "Accepted"
    transactions = [
        await charge(rig, csms, station, evse, card) for evse, card in enumerate(_CARDS, 1)
    ]
    for _ in range(_ONLINE_MINUTES):
        await station.clock(60)
        await rig.quiet(csms)
    await enter("offline", station)
    await station.network(False)
    for _ in range(_OFFLINE_MINUTES):
        await station.clock(60)
    await enter("drain", station)
    await station.network(True)
    await csms.connected()
    await _end(rig, csms, station, transactions)
    await enter("64 kB", station)
    answer = await csms.call(
        "DataTransfer", {"vendorId": "org.example", "customData": _CUSTOM_DATA}, 30
    )
    assert answer["status"] == "UnknownVendorId", answer
    await enter("end", station)
    await enter("reset", station)
    assert (await csms.call("Reset", {"type": "OnIdle"}))["status"] == "Accepted"
    await csms.expect("BootNotification", 15)


async def _lock_fails(csms, station):
    """Each lock once, told and cleared."""
    for on in (True, False):
        for evse in (1, 2):
            await station.fault("ConnectorLockFailure", on, evse)
            await csms.expect("NotifyEvent")


async def _report(rig, csms):
    request = {"requestId": 7, "reportBase": "FullInventory"}
    assert (await csms.call("GetBaseReport", request))["status"] == "Accepted"
    more = True
    while more:
        more = (await csms.expect("NotifyReport", 15)).get("tbc", False)
    await rig.quiet(csms)


async def _fill_cache(csms, station):
    """Present strangers, with groups, until the older ones make room (C10.FR.07)."""
    group = {"idToken": "G" * 36, "type": "Central"}
    csms.answer("Authorize", {"idTokenInfo": {"status": "Blocked", "groupIdToken": group}})
    for number in range(_STRANGERS):
        await station.swipe(f"{number:036}", evse=1)
        await csms.expect("Authorize")
    csms.default("Authorize")
    assert int(await value(csms, "AuthCacheCtrlr.Storage")) > _CACHE_FULL


async def _variables(csms):
    answers = await write(csms, *_SETTINGS * (_ITEMS // len(_SETTINGS)))
    assert [a["attributeStatus"] for a in answers] == ["Accepted"] * _ITEMS
    assert len(await read(csms, *["OCPPCommCtrlr.OfflineThreshold"] * _ITEMS)) == _ITEMS


async def _end(rig, csms, station, transactions):
    """Both transactions have lived through everything; end them."""
    for evse, transaction in enumerate(transactions, 1):
        await still_charging(station, transaction, evse)
        await station.swipe(_CARDS[evse - 1], evse=evse)
    booked = csms.ledger.transactions
    for transaction in transactions:
        await csms.until(lambda t=transaction: booked[t].ended, "Ended", 15)
        samples = booked[transaction].triggers().count("MeterValuePeriodic")
        assert samples >= _ONLINE_MINUTES - 1
    for evse in (1, 2):
        await station.unplug(evse)
    await rig.quiet(csms)
