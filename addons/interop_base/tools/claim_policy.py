"""Policy for claims of messages whose worker died.

Such a message may be a poison message, which kills each worker that processes it. The
names in this module call it a suspect. Suspects are claimed separately, so that a poison
message does not count as a dead worker for a whole batch. After the first dead worker a
few suspects are claimed together. After the second, each suspect is claimed alone. After
the third, the message fails.
"""

# Number of dead workers after which a message fails.
MAX_CRASHES = 3
# Maximum number of messages with one dead worker that are claimed together. A poison
# message in this group gives the others a second dead worker, but not a third.
SUSPECTS_TOGETHER = 8
# Retries get 1/RETRY_SHARE of a lane.
RETRY_SHARE = 4


# How much more of the capacity a lane gets with each step of criticality.
_STEP = 4


def weight(criticality: str | None, latency_tier: str | None) -> int:
    """Return the weight of a lane among those that have messages to send.

    :param criticality: ``"0"`` (low) to ``"3"`` (critical)
    :param latency_tier: a batch interface takes what the others leave
    """
    if latency_tier == "batch":
        return 1
    return int(_STEP ** (1 + int(criticality or 0)))


def share(batch: int, own: int, total: int) -> int:
    """Return how many of ``batch`` messages a lane may have out at once, at least one."""
    return max(1, batch * own // max(1, total))


def crashes(try_count: int, attempt_count: int) -> int:
    """Return how many workers died with a waiting message: its claims without a
    result."""
    return try_count - attempt_count


def is_suspect(try_count: int, attempt_count: int) -> bool:
    """Return whether a worker died with a message that has just been claimed."""
    return crashes(try_count, attempt_count) > 1


def is_poison(died: int) -> bool:
    """Return whether a message fails after ``died`` dead workers."""
    return died >= MAX_CRASHES


class Turns:
    """Alternate between suspects and all other messages within one run of the pump.

    Both groups make progress also if workers die repeatedly. No other message is claimed
    while a suspect is in flight, unless the suspect is slow.

    :param bool suspects: whether the turn before the first turn was for suspects; random,
        so that runs that die early do not always begin with the same group
    :param float patience: seconds for which others wait for a suspect in flight
    """

    def __init__(self, suspects: bool, patience: float):
        self.suspects = suspects
        self._patience = patience
        self._alone_since = None
        self._others_until = None
        self._allowed = True

    def may_claim(self, now: float, out: int) -> bool:
        """Return whether a claim is allowed with ``out`` messages in flight.

        After a slow suspect, other messages have the turn before the next suspect.
        """
        if self._alone_since is not None and out:
            if now < self._alone_since + self._patience:
                return False
            self._others_until = now + self._patience
        self._alone_since = None
        return True

    def take(self, now: float, over: bool) -> bool:
        """Begin the next turn; return whether it allows suspects.

        :param bool over: whether the run is over, so that suspects are not allowed
        """
        self.suspects = not self.suspects
        self._allowed = not over and (
            self._others_until is None or now >= self._others_until
        )
        return self._allowed and self.suspects

    def pass_on(self, out: int) -> bool:
        """Return whether a turn of the others passes to suspects.

        Called when no other message is due. Suspects get the turn if no message is in
        flight.
        """
        if not self._allowed or self.suspects or out:
            return False
        self.suspects = True
        return True

    def note(self, now: float, counts) -> None:
        """Note the claimed messages.

        :param counts: pairs of ``try_count`` and ``attempt_count``, one per message
        """
        if any(is_suspect(*pair) for pair in counts):
            self._alone_since = now
