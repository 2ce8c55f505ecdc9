"""The firmware on RISC-V, in QEMU: it boots, charges, and keeps what it stored."""

import contextlib

import pytest
from conftest import ROOT
from rig import CARD, Rig
from sessions import booted_again, charge, read

_PROGRAM = ROOT / "build" / "rv32" / "pilotwire"
_POWER_CUT = 3  # exit code


@pytest.fixture
def rig(tmp_path):
    if not (_PROGRAM.parent / "firmware.elf").exists():
        pytest.skip("build/rv32/firmware.elf is missing; `make image BOARD=rv32` makes it")
    return Rig(tmp_path, [str(_PROGRAM)])


async def test_it_boots_and_is_accepted(rig):
    csms, _ = await rig.booted()
    (boot,) = csms.calls("BootNotification")
    assert boot["chargingStation"]["model"] == "RV32"
    await csms.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await csms.expect("Heartbeat")


async def test_it_charges_a_car(rig):
    csms, station = await rig.booted()
    transaction = await charge(rig, csms, station)
    await station.clock(advance_s=600)
    await station.swipe(CARD)
    while (event := await csms.expect("TransactionEvent"))["eventType"] != "Ended":
        assert event["eventType"] == "Updated"
    assert event["transactionInfo"]["transactionId"] == transaction
    (energy,) = [
        sample["value"]
        for value in event["meterValue"]
        for sample in value["sampledValue"]
        if sample["context"] == "Transaction.End"
        and sample.get("measurand") == "Energy.Active.Import.Register"
    ]
    assert energy == pytest.approx(3 * 230 * 16 / 6, abs=60)  # Wh in ten minutes and a bit
    await station.until_relay(False)


async def test_a_long_message_is_held_on_the_line_while_the_firmware_reads(rig):
    # What comes faster than it is read fills the UART's buffers many times over.
    csms, _ = await rig.booted()
    custom = {"vendorId": "org.example", "x": ["0123456789abcdef" * 8] * 128}
    answer = await csms.call("DataTransfer", {"vendorId": "org.example", "customData": custom}, 30)
    assert answer["status"] == "UnknownVendorId"
    assert await read(csms, "ChargingStation.Model")


async def test_it_keeps_its_storage_over_a_power_cut(rig):
    csms, station = await rig.booted()
    station.exit_code = _POWER_CUT
    with contextlib.suppress(ConnectionError):  # it answers no more
        await station.command("power_cut")
    station.exit_code = None
    await station.restart()
    await booted_again(csms, "PowerUp")
