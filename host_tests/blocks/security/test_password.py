"""A01: a new BasicAuthPassword, set by the CSMS."""

import asyncio

from opening import credentials
from sessions import not_before_a_second, value, write_status

_PASSWORD = "SecurityCtrlr.BasicAuthPassword"


async def test_a_second_between_a_new_password_and_reconnecting(rig):
    # A01.FR.06
    options = {"security_profile": "1", "password": "0123456789abcdef"}
    csms, station = await rig.booted(**options)
    await station.clock(factor=0.001)
    assert await write_status(csms, _PASSWORD, "another-password") == "Accepted"
    await not_before_a_second(csms, station)
    assert csms.closes[-1][0] == 1000
    assert credentials(csms.opening.requests[-1]) == ("CS001", "another-password")


async def test_a_password_that_is_not_in_use_needs_no_reconnecting(rig):
    csms, _ = await rig.booted(security_profile="0", password="0123456789abcdef")
    assert await write_status(csms, _PASSWORD, "another-password") == "Accepted"
    assert await value(csms, "OCPPCommCtrlr.OfflineThreshold") == "60"
    await asyncio.sleep(0.3)
    assert len(csms.opening.requests) == 1 and csms.socket is not None
