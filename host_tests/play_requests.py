"""What the CSMS of random play asks for, and what is said at once of the answers."""

import asyncio
import contextlib

import websockets.exceptions
from play_checks import Broken
from play_steps import MALFORMED_CALLS, READ, SETTINGS
from scripted_csms import CallError
from sessions import remote_start

from tools.csms.arguments import variable
from tools.csms.control import ControlError

ANSWER_S = 20  # real time, for a machine with other things to do
_TRANSFER_S = 300
_CUSTOM = {"vendorId": "org.example", "more": [1, {"deep": "\u00fc"}, None]}


def custom(payload):
    """`payload` with CustomData wherever the schemas allow it."""
    if isinstance(payload, list):
        return [custom(each) for each in payload]
    if not isinstance(payload, dict):
        return payload
    kept = {n: v if n == "data" else custom(v) for n, v in payload.items()}
    return {**kept, "customData": _CUSTOM}


class Requests:
    """Steps of play.Play, which has `station`, `csms`, `checks` and `place`."""

    async def call(self, action, payload):
        """The answer, or None: there is none as there is no connection, or it is a CALLERROR."""
        try:
            return await self._answer(action, payload)
        except CallError:
            return None

    async def _answer(self, action, payload):
        """As `call`, but raises CallError."""
        socket = self.csms.socket
        if socket is None:
            return None
        try:
            return await self.csms.call(
                action, custom(payload) if self.with_custom else payload, ANSWER_S
            )
        except websockets.exceptions.ConnectionClosed:
            return None
        except AssertionError:
            if self.csms.socket is socket:
                raise Broken(f"no answer to {action} within {ANSWER_S} s") from None
            return None

    def _where(self, evse, connector=None):
        """The `evse` of a request; none for None."""
        if not evse:
            return {}
        evse, number = self.place(evse, connector or 1)
        more = {"connectorId": number} if connector else {}
        return {"evse": {"id": evse, **more}}

    async def custom_data(self, on):
        """From now on what the CSMS says has CustomData everywhere, or not any more."""
        self.with_custom = on

    # ---- sessions

    async def start_remotely(self, evse, token, group=None):
        self.checks.token()
        self._remote_id += 1
        more = {"evseId": self.place(evse, 1)[0]} if evse else {}
        if group:
            more["groupIdToken"] = {"idToken": group, "type": "Central"}
        await self.call("RequestStartTransaction", remote_start(self._remote_id, token, **more))

    async def _some_transaction(self, which):
        state = await self.station.state()
        running = [e["transactionId"] for e in state["evses"] if e["transactionId"]]
        if which is None or not running:
            return "no-such-transaction"
        return running[which % len(running)]

    async def stop(self, which):
        await self.call(
            "RequestStopTransaction", {"transactionId": await self._some_transaction(which)}
        )

    async def status(self, which):
        """GetTransactionStatus: of one, or at all."""
        if which is None:
            payload = {}
        else:
            payload = {"transactionId": await self._some_transaction(which)}
        answer = await self.call("GetTransactionStatus", payload)
        if answer is not None and which is None and "ongoingIndicator" in answer:
            raise Broken("ongoingIndicator without a transaction (E14.FR.06)")

    # ---- the station

    async def reset(self, kind, evse):
        more = {"evseId": self.place(evse, 1)[0]} if evse else {}
        await self.call("Reset", {"type": kind, **more})

    async def available(self, evse, connector, operative):
        status = "Operative" if operative else "Inoperative"
        where = self._where(evse, connector)
        await self.call("ChangeAvailability", {"operationalStatus": status, **where})

    async def trigger(self, message, evse, connector):
        if message != "StatusNotification":  # F06.FR.13: the others name no connector
            connector = None
        await self.call(
            "TriggerMessage", {"requestedMessage": message, **self._where(evse, connector)}
        )

    async def unlock(self, evse, connector):
        evse, connector = self.place(evse, connector)
        await self.call("UnlockConnector", {"evseId": evse, "connectorId": connector})

    async def clear_cache(self):
        await self.call("ClearCache", {})

    # ---- variables and reports

    async def set(self, name, text):
        item = {**variable(name), "attributeValue": text}
        await self.call("SetVariables", {"setVariableData": [item]})

    async def points(self, which, points):
        await self.set(f"TxCtrlr.Tx{which}Point", points)

    async def set_many(self, *numbers):
        chosen = [SETTINGS[number] for number in numbers]
        items = [{**variable(name), "attributeValue": text} for name, text in chosen]
        await self.call("SetVariables", {"setVariableData": items})

    async def get_many(self, first, count):
        names = [READ[(first + i) % len(READ)] for i in range(count)]
        await self.call("GetVariables", {"getVariableData": [variable(name) for name in names]})

    def _report_id(self):
        self._request_id += 1
        return {"requestId": self._request_id}

    async def report(self, base):
        await self.call("GetBaseReport", {**self._report_id(), "reportBase": base})

    async def custom_report(self, criteria, names):
        request = self._report_id()
        if criteria:
            request["componentCriteria"] = list(criteria)
        if names:
            request["componentVariable"] = [variable(name) for name in names]
        await self.call("GetReport", request)

    # ---- data transfer

    async def transfer_in(self, data, hook):
        """DataTransfer of the CSMS; an application behind the hook gives the data back, or none
        is there.
        """
        request = {"vendorId": "org.example", "messageId": "echo", "data": data}
        if not hook:
            answer = await self.call("DataTransfer", request)
            if answer is not None and answer["status"] != "UnknownVendorId":
                raise Broken(f"DataTransfer to nobody is answered {answer} (P01.FR.05)")
            return
        await self.station.command("hook", name="data_transfer", on=True)
        asking = asyncio.create_task(self.call("DataTransfer", request))
        application = asyncio.create_task(self._application())
        try:
            answer = await asking
        finally:
            application.cancel()
            await asyncio.gather(application, return_exceptions=True)
            await self.station.command("hook", name="data_transfer", on=False)
        if answer is not None and answer["status"] == "Accepted" and answer["data"] != data:
            raise Broken(f"DataTransfer of {data!r} came back as {answer['data']!r} (P01.FR.07)")

    async def _application(self):
        while True:
            event = await self.station.control.events.get()
            if event["event"] == "data_transfer":
                result = {"status": "Accepted", "data": event["data"]}
                with contextlib.suppress(ControlError):  # the station has restarted meanwhile
                    await self.station.command("reply", seq=event["seq"], result=result)

    async def transfer_out(self, data):
        """The station sends DataTransfer; its reply is waited for when all has to be told."""
        self.transfers.append(asyncio.create_task(self._transfer(data)))
        await asyncio.sleep(0)

    async def _transfer(self, data):
        try:
            reply = await self.station.control.ask(
                "data_transfer", _TRANSFER_S, vendorId="org.example", data=data
            )
        except (ControlError, ConnectionError):
            return None  # it could not be sent
        if reply["status"] != "Accepted" or reply["data"] != data:
            return f"DataTransfer of {data!r} was answered {reply}"
        return None

    def transfers_wrong(self):
        """A line, or None: every DataTransfer of the station has had its answer."""
        done = [each for each in self.transfers if each.done()]
        for each in done:
            self.transfers.remove(each)
            if each.result():
                raise Broken(each.result())
        return "a DataTransfer has no reply" if self.transfers else None

    # ---- what no station can accept

    async def malformed_call(self, number):
        """A CALL that breaks the rules gets its CALLERROR, and does nothing (play_asked.py)."""
        text, codes = MALFORMED_CALLS[number]
        socket = self.csms.socket
        if socket is None:
            return
        self._last_malformed += 1
        message_id = f"malformed-{self._last_malformed}"
        replies = self.csms._replies
        replies.pop("-1", None)
        text = text.replace("$ID", message_id).replace("$PAD", "x" * 2000)
        try:
            await self.csms.send(text)
            answer = await self.csms.until(
                lambda: replies.pop(message_id, None) or replies.pop("-1", None), text, ANSWER_S
            )
        except websockets.exceptions.ConnectionClosed:
            return
        except AssertionError:
            if self.csms.socket is socket:
                raise Broken(f"no answer to {text[:200]} within {ANSWER_S} s") from None
            return
        rejected = () if self.checks.accepted else ("SecurityError",)  # B03.FR.07
        if answer.code not in (*codes, *rejected):
            raise Broken(f"{text[:200]} is answered {answer.text}")

    async def burst(self, count):
        """A CSMS that does not wait for its answers: each comes all the same, once."""
        if self.csms.socket is None:
            return
        calls = [
            asyncio.create_task(
                self.call("GetVariables", {"getVariableData": [variable(READ[i % len(READ)])]})
            )
            for i in range(count)
        ]
        await asyncio.gather(*calls)

    async def cross(self):
        """A request gets its answer while the station waits for one."""
        self.hold("Heartbeat")
        if await self.call("TriggerMessage", {"requestedMessage": "Heartbeat"}) is not None:
            await self.call("GetVariables", {"getVariableData": [variable(READ[0])]})
        await self.tell_held()
