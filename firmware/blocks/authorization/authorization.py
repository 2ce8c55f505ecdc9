"""C01 Authorize: asks the CSMS about tokens, one after the other. C11 ClearCache."""

from micropython import const
from tables.messages import AuthorizeRequest, AuthorizeResponse, ClearCacheResponse
from tables.names import ACCEPTED, AUTHORIZE, REJECTED

from blocks.port import ANSWERED, ERROR
from charging.session import additional_info

_WAITING = const(4)


class Authorization:
    """Asks for charging; a source. What the CSMS answers goes to charging, and into the cache.

    Args:
        charging: Charging.
        cache: AuthorizationCache.
    """

    def __init__(self, charging, cache):
        self.charging = charging
        self.cache = cache
        self.link = None  # set by the station
        self._grants = []  # asked about, the first may be outstanding

    def handle(self, action, reader):
        """C11 ClearCache."""
        # C11.FR.02, C11.FR.03
        return ClearCacheResponse(status=ACCEPTED if self.cache.clear() else REJECTED)

    def ask_csms(self, grant):
        """Ask the CSMS about a token: charging's `decide` or `decide_offline` follows.

        Returns: False: too many wait already. A token that waits already is not asked about twice.
        """
        for each in self._grants:
            if each.same(grant) and each.remote_start_id == grant.remote_start_id:
                return True
        if len(self._grants) >= _WAITING:
            return False
        self._grants.append(grant)
        self.link.wake()
        return True

    def online(self, up):
        """The connection to the CSMS, which has accepted us, came or went.

        What waits when it goes is decided without the CSMS.
        """
        if not up:
            grants = self._grants
            self._grants = []
            for grant in grants:
                self.charging.decide_offline(grant)

    def take(self, accepted):
        if not accepted or not self._grants:
            return None
        grant = self._grants[0]
        return AUTHORIZE, AuthorizeRequest(
            idToken_idToken=grant.token,
            idToken_type=grant.kind,
            idToken_additionalInfo=additional_info(grant.additional),
        )

    def answered(self, outcome, reader):
        if not self._grants:
            return  # decided when the connection was lost
        grant = self._grants.pop(0)
        if outcome == ANSWERED:
            info = reader.unpack()[AuthorizeResponse.idTokenInfo]
            self.cache.put(grant.token, grant.kind, info)  # C10.FR.04
            self.charging.decide(grant, grant.learn(info))
        elif outcome == ERROR:
            self.charging.decide(grant, False)
        else:
            self.charging.decide_offline(grant)
