"""What a session is made of: who may charge, and the transaction that the CSMS is told of."""

from tables.messages import AdditionalInfoType, IdTokenInfoType
from tables.names import ACCEPTED

from charging.records import unpack


class Grant:
    """A token that asks to charge, and then that may charge.

    Args:
        token: idToken, up to 36 bytes.
        kind: name id of its IdTokenEnumType.
        evses: bit mask of the EVSEs where it may charge, bit 0 for EVSE 1; 0: any.
        remote_start_id: of the RequestStartTransaction, or None.
    """

    def __init__(self, token, kind, evses=0, remote_start_id=None):
        self.token = token
        self.kind = kind
        self.evses = evses
        self.remote_start_id = remote_start_id
        self.group = None  # groupIdToken, and
        self.group_kind = 0  # its type
        self.additional = b""  # additionalInfo of the idToken, packed
        self.limit_wh = None  # refused (E05.FR.03): energy flows up to this value of the register

    def same(self, other):
        """The same token: idToken, whose case does not count, and type are equal (C01.FR.25)."""
        return (
            other is not None
            and self.kind == other.kind
            and self.token.lower() == other.token.lower()
        )

    def same_group(self, other):
        """A member of the same group (C09.FR.03); an empty one is none."""
        return (
            other is not None
            and self.group
            and other.group
            and self.group.lower() == other.group.lower()
            and self.group_kind == other.group_kind
        )

    def learn(self, info):
        """Take over what the CSMS says.

        Args:
            info: slots of idTokenInfo (IdTokenInfoType).

        Returns: whether it may charge, somewhere.
        """
        group = info[IdTokenInfoType.groupIdToken_idToken]
        if group:
            self.group = group
            self.group_kind = info[IdTokenInfoType.groupIdToken_type]
        return info[IdTokenInfoType.status] == ACCEPTED and self.restrict(
            allowed(info[IdTokenInfoType.evseId])
        )

    def restrict(self, evses):
        """Charge only at `evses`, a bit mask (0: all; C01.FR.21): is one left?"""
        if evses and self.evses:
            self.evses &= evses
            return self.evses != 0
        self.evses |= evses
        return True


def allowed(evses):
    """The bit mask of EVSEs that the CSMS lists (none or an empty list: 0, all; C01.FR.19)."""
    mask = 0
    for evse in evses or ():
        # bit 30: a list, if only of EVSEs that we don't have
        mask |= 1 << (evse - 1 if 0 < evse < 31 else 30)
    return mask


def additional_info(packed):
    """additionalInfo of an idToken as messages have it; None: it has none.

    Args:
        packed: of each its additionalIdToken and type, texts (README.md, Records).
    """
    found = []
    at = 0
    while at < len(packed):
        token, kind, at = unpack(packed, at, b"tt")
        found.append(AdditionalInfoType(additionalIdToken=token, type=kind))
    return found or None


class Transaction:
    """An open transaction, owned by its Evse; the blocks keep their part of it here too.

    Args:
        transaction_id: bytes, unique for ever (E01.FR.08).
        grant: by which it was started, or None.
    """

    def __init__(self, transaction_id, grant):
        self.id = transaction_id
        self.grant = grant  # the last one, also after it has ended: C01.FR.23
        self.reason = 0  # name id of stoppedReason: the first cause counts
        self.start_wh = None  # register at the start; None while the EVSE is not known
        self.joined = False  # an EV has been connected

        self.seq_no = 0  # of the next event
        self.tell = grant  # to be put into the next event: E01.FR.10, F01.FR.25
        self.place_told = (
            0  # 0: EVSE not told, 1: before an EV was connected, 2: told with its EV (E01.FR.16)
        )
        self.phases = 0  # numberOfPhasesUsed as last told
        self.charged_ms = 0
        self.charging_since = None  # ticks

        self.metered = False  # the first reading for the Ended event has been taken
        self.sampled = False  # sampling has begun
        self.begun = False  # the Begin readings have been told
        self.key_told = False  # the meter's publicKey has gone along (OncePerTransaction)
        self.readings = []  # packed, for the Ended event, oldest first
        self.updated_due = None  # ticks of the next periodic sample, None: off
        self.ended_due = None  # ticks of the next sample for the Ended event
