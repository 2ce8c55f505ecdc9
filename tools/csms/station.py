"""One connected charging station, seen from the CSMS: `ocpp` answers, each message is checked."""

import asyncio
import json
import logging
import uuid

import ocpp.messages
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result
from ocpp.v201.datatypes import IdTokenInfoType, IdTokenType
from ocpp.v201.enums import Action

from . import tokens
from .conversation import FROM_STATION, TO_STATION

# `ocpp` logs each message; here that is the printer's work
logging.getLogger("ocpp").setLevel(logging.CRITICAL + 1)
# a few small payloads a second need no threads
ocpp.messages.ASYNC_VALIDATION = False

# CALLs that get an empty answer
_ACKNOWLEDGED = [
    "cleared_charging_limit",
    "firmware_status_notification",
    "log_status_notification",
    "meter_values",
    "notify_charging_limit",
    "notify_customer_information",
    "notify_display_messages",
    "notify_ev_charging_schedule",
    "notify_event",
    "notify_monitoring_report",
    "notify_report",
    "publish_firmware_status_notification",
    "report_charging_profiles",
    "reservation_status_update",
    "security_event_notification",
    "status_notification",
]


class CallFailed(Exception):
    """The station answered with a CALLERROR. Attributes: code, description."""

    def __init__(self, code, description):
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description


class _Wire:
    """What `ocpp` takes for its connection: notes every message, and answers what is none."""

    def __init__(self, socket, conversation):
        self._socket = socket
        self._conversation = conversation

    async def recv(self):
        while True:
            text = await self._socket.recv()
            message = self._conversation.note(FROM_STATION, text)
            if message.kind != 0:
                return text
            # Part 4, 4.2.3: an unreadable id is answered with "-1"
            error = [4, "-1", "RpcFrameworkError", message.violations[0][:255], {}]
            await self.send(json.dumps(error))

    async def send(self, text):
        self._conversation.note(TO_STATION, text)
        await self._socket.send(text)


class Station(ChargePoint):
    """The other end of a station's connection.

    Args:
        identity: of the station.
        socket: its WebSocket.
        conversation: Conversation that notes every message.
        clock: SimClock of the CSMS.
        heartbeat_s: interval that BootNotification is answered with.
        answer_timeout_s: how long to wait for the answer to a CALL.
    """

    def __init__(
        self, identity, socket, conversation, clock, heartbeat_s=300, answer_timeout_s=30
    ):
        super().__init__(identity, _Wire(socket, conversation), answer_timeout_s)
        self.socket = socket
        self.conversation = conversation
        self.accepted = asyncio.Event()
        self._clock = clock
        self._heartbeat_s = heartbeat_s

    async def ask(self, action, payload):
        """Send the CALL as it is, right or wrong, and wait for its answer.

        Returns:
            the payload of the CALLRESULT (camelCase).

        Raises:
            CallFailed: a CALLERROR. TimeoutError: no answer in time.
        """
        async with self._call_lock:
            message_id = str(uuid.uuid4())
            await self._connection.send(json.dumps([2, message_id, action, payload]))
            try:
                answer = await self._get_specific_response(message_id, self._response_timeout)
            except TimeoutError:
                self.conversation.give_up(TO_STATION, message_id)
                raise TimeoutError(
                    f"no answer to {action} within {self._response_timeout} s"
                ) from None
        if answer.message_type_id == ocpp.messages.MessageType.CallError:
            raise CallFailed(answer.error_code, answer.error_description)
        return answer.payload

    @on(Action.boot_notification)
    async def on_boot(self, **_fields):
        self.accepted.set()
        stamp = await self._clock.told()
        return call_result.BootNotification(stamp, self._heartbeat_s, "Accepted")

    @on(Action.heartbeat)
    async def on_heartbeat(self, **_fields):
        return call_result.Heartbeat(await self._clock.told())

    @on(Action.authorize)
    async def on_authorize(self, id_token, **_fields):
        return call_result.Authorize(_id_token_info(id_token))

    @on(Action.transaction_event)
    async def on_transaction_event(self, id_token=None, **_fields):
        info = _id_token_info(id_token) if id_token else None
        return call_result.TransactionEvent(id_token_info=info)

    @on(Action.data_transfer)
    async def on_data_transfer(self, vendor_id, data=None, **_fields):
        if vendor_id != "org.pilotwire.echo":
            return call_result.DataTransfer("UnknownVendorId")
        return call_result.DataTransfer("Accepted", data=data)

    @on(Action.sign_certificate)
    async def on_sign_certificate(self, **_fields):
        return call_result.SignCertificate("Rejected")

    @on(Action.notify_ev_charging_needs)
    async def on_charging_needs(self, **_fields):
        return call_result.NotifyEVChargingNeeds("Rejected")

    @on(Action.get_certificate_status)
    async def on_certificate_status(self, **_fields):
        return call_result.GetCertificateStatus("Failed")

    @on(Action.get_15118_ev_certificate)
    async def on_ev_certificate(self, **_fields):
        return call_result.Get15118EVCertificate("Failed", "")


def _id_token_info(id_token):
    token = {"idToken": id_token["id_token"], "type": id_token["type"]}
    info = tokens.info(token)
    group = info.get("groupIdToken")
    return IdTokenInfoType(
        status=info["status"],
        group_id_token=IdTokenType(group["idToken"], group["type"]) if group else None,
    )


def _add_acknowledged():
    for name in _ACKNOWLEDGED:
        action = Action[name]
        result = getattr(call_result, action.value)

        async def handler(self, _result=result, **_fields):
            return _result()

        handler.__name__ = f"on_{name}"
        setattr(Station, handler.__name__, on(action)(handler))


_add_acknowledged()
