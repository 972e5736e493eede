"""Which messages are claimed together, and whose turn it is.

A message that was claimed when its worker died is a *suspect*: it may be the one that
killed it. Suspects are claimed apart, so that a message that kills its worker does not
count as a dead worker against a whole batch. After the first dead worker a few are
claimed together, after the second each by itself; the third makes it a failure.
"""

# A message whose worker died this often is dead, not a loop.
MAX_CRASHES = 3
# So many suspects with one dead worker are tried together again. A message that kills
# its worker costs at most the others of this group a second dead worker, not a third.
SUSPECTS_TOGETHER = 8
# Retries get one part in so many of a lane.
RETRY_SHARE = 4


def crashes(try_count: int, attempt_count: int) -> int:
    """Return how many workers died over a message that waits: claims without a
    result."""
    return try_count - attempt_count


def is_suspect(try_count: int, attempt_count: int) -> bool:
    """Return whether a message that has just been claimed was with a dead worker."""
    return crashes(try_count, attempt_count) > 1


def is_poison(died: int) -> bool:
    """Return whether a message is not tried again after so many dead workers."""
    return died >= MAX_CRASHES


class Turns:
    """Lets suspects and all other messages take turns within one run of the pump.

    Both go on when workers die one after the other, and nothing is claimed beside a
    suspect, unless that one is slow.

    :param bool suspects: whether suspects have had the turn before the first one; at
        random, so that runs that die early do not always begin with the same
    :param float patience: seconds for which others wait for a suspect that is out
    """

    def __init__(self, suspects: bool, patience: float):
        self.suspects = suspects
        self._patience = patience
        self._alone_since = None
        self._others_until = None
        self._allowed = True

    def may_claim(self, now: float, out: int) -> bool:
        """Return whether anything may be claimed beside the ``out`` messages on their
        way.

        After a slow suspect the others have the turn before the next one of its kind.
        """
        if self._alone_since is not None and out:
            if now < self._alone_since + self._patience:
                return False
            self._others_until = now + self._patience
        self._alone_since = None
        return True

    def take(self, now: float, over: bool) -> bool:
        """Begin the next turn; return whether suspects may be claimed in it.

        :param bool over: the run is over: only other messages go on
        """
        self.suspects = not self.suspects
        self._allowed = not over and (
            self._others_until is None or now >= self._others_until
        )
        return self._allowed and self.suspects

    def pass_on(self, out: int) -> bool:
        """Return whether suspects may be claimed after all: nothing else is due in a
        turn of the others, and nothing is on its way."""
        if not self._allowed or self.suspects or out:
            return False
        self.suspects = True
        return True

    def note(self, now: float, counts) -> None:
        """Note what was claimed: pairs of claims and tries with a result, per
        message."""
        if any(is_suspect(*pair) for pair in counts):
            self._alone_since = now
