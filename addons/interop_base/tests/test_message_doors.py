"""Every way to a state leaves the same columns, calls the same hook, has the same guards."""

from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import clock, const
from ..exceptions import BusinessError, Skipped, UnknownIdentifier
from ..models.engine.engine_types import Lane, Result
from ..models.log.message_actions import Rebuilding
from ..models.log.message_batch import MessageBatch
from ..models.log.message_leases import MessageLeases
from ..tools import claim_policy
from .fakes import TwoTriesCase

FAILURE = ("connect", "refused", "No connection")
FAILED = {"error_class", "error_kind", "error_code", "error_message", "cause"}
OWNED = {"owner_user_id"}
COLUMNS = (
    FAILED
    | OWNED
    | {"error_pointer", "lease_token", "lease_until", "next_attempt_at", "done_at"}
)
QUEUED = ("lease_token", "lease_until", "next_attempt_at")
# state → which of the columns are filled
SHAPES = {
    "processing": {"lease_token", "lease_until", "next_attempt_at"},
    "pending": {"next_attempt_at"},
    "done": {"done_at"},
    "dead": FAILED | OWNED,
    "parked": FAILED | OWNED,
    "skipped": {"done_at", "error_message"},
}
EVERY_STATE = [state for state, _label in const.MESSAGE_STATES]


class Door(NamedTuple):
    """One way to a state: from where, and whether it refuses aloud what it cannot move."""

    target: str
    allowed: tuple
    move: object
    loud: bool = False
    adds: frozenset = frozenset()  # columns that this way fills besides


def _result(outcome, **values):
    """The pump's record of what a transport said."""

    def move(test, message):
        if outcome in ("dead", "retry"):
            names = ("error_class", "error_code", "error_message")
            values.update(zip(names, FAILURE, strict=True))
        result = Result(message.id, "mine", outcome, clock.now(), **values)
        MessageLeases(test.env).record([result])

    return move


def _claim(test, message):
    lanes = {message.lane: Lane(5)}
    MessageLeases(test.env).claim(lanes, message.interface_id.ids, 60)


def _reclaim(test, message):
    if message.lease_until:
        test._set_columns(message, lease_until=clock.now() - timedelta(seconds=1))
    MessageLeases(test.env).reclaim()


def _reclaim_the_third_time(test, message):
    test._set_columns(message, try_count=claim_policy.MAX_CRASHES)
    _reclaim(test, message)


def _replaced(test, message):
    MessageBatch(test.env)._skip_superseded({message.id: test.other.id})


def _applied(error):
    """What applying makes of an inbound message, whichever way the content went."""

    def move(test, message):
        def _apply(_handler, _message, _data):
            if error:
                raise error
            return test.env["res.partner"]

        test._create_handler(message.contract_id.message_type, _apply=_apply)
        message.contract_id.invalidate_recordset()
        message._apply_now({"name": "x"}, clock.now())

    return move


OPEN = ("pending", "processing")
GIVEN_UP = ("pending", "dead", "parked")
RETRY = FAILED  # what failed last stays visible until the next try
DOORS = {
    "set done": Door("done", OPEN, lambda test, m: m._set_done(), True),
    "result done": Door("done", ("processing",), _result("done", http_status=200)),
    "applied": Door("done", OPEN, _applied(None), True),
    "set dead": Door(
        "dead", (*OPEN, "parked"), lambda test, m: m._set_dead(*FAILURE), True
    ),
    "result dead": Door("dead", ("processing",), _result("dead")),
    "third dead worker": Door("dead", ("processing",), _reclaim_the_third_time),
    "applying refused": Door(
        "dead", (*OPEN, "parked"), _applied(BusinessError("Locked")), True
    ),
    "set parked": Door("parked", OPEN, lambda test, m: m._set_parked(*FAILURE), True),
    "applying asks": Door("parked", OPEN, _applied(UnknownIdentifier("Who?")), True),
    "set skipped": Door("skipped", OPEN, lambda test, m: m._set_skipped("Old"), True),
    "applying skips": Door(
        "skipped", OPEN, _applied(Skipped("Old")), True, frozenset({"error_code"})
    ),
    "replaced": Door("skipped", const.FAILED_STATES, _replaced),
    "set cancelled": Door(
        "cancelled", GIVEN_UP, lambda test, m: m._set_cancelled("Enough"), True
    ),
    "closed": Door(
        "cancelled",
        const.FAILED_STATES,
        lambda test, m: MessageBatch(test.env).close(m.ids, "Enough"),
    ),
    "built again": Door(
        "cancelled", GIVEN_UP, lambda test, m: Rebuilding(m).all_or_none(), True
    ),
    "built again with others": Door(
        "cancelled",
        const.FAILED_STATES,
        lambda test, m: Rebuilding(m).those_that_can(),
    ),
    "retried": Door(
        "pending", const.FAILED_STATES, lambda test, m: m._set_pending(), True
    ),
    "old content": Door(
        "pending",
        (*const.FAILED_STATES, "skipped"),
        lambda test, m: m._set_pending(old_content=True),
        True,
    ),
    "replayed": Door(
        "pending",
        ("done", *const.FAILED_STATES),
        lambda test, m: MessageBatch(test.env).send_again(m.ids),
    ),
    "result retry": Door(
        "pending", ("processing",), _result("retry"), adds=frozenset(RETRY)
    ),
    "result deferred": Door("pending", ("processing",), _result("deferred")),
    "taken back": Door("pending", ("processing",), _reclaim),
    "claimed": Door("processing", ("pending",), _claim),
}


@tagged("post_install", "-at_install")
class TestDoors(TwoTriesCase):
    def setUp(self):
        super().setUp()
        # Ordinary text in the place of old messages of the same record.
        self.other = self._publish(self.interface)
        self.message = self._publish(self.interface)
        self.moved = []
        model = type(self.env["interop.message"])
        original = model._after_move

        def hook(messages, state):
            self.moved.append((messages.ids, state))
            return original(messages, state)

        self.startPatcher(patch.object(model, "_after_move", hook))

    def _put(self, state, dirty=False):
        """Let the message be in ``state``, with what an engine leaves in it."""
        self.env.cr.execute("DELETE FROM interop_event")  # of what was built again
        moment = clock.now() - timedelta(seconds=5)
        leased = state == "processing"
        values = {
            "state": state,
            "lease_token": "mine" if leased else None,
            "lease_until": moment + timedelta(minutes=5) if leased else None,
            "next_attempt_at": moment,
            "try_count": 1 if leased else 0,
            "attempt_count": 0,
            **dict.fromkeys(FAILED - {"error_class", "error_kind"}, None),
            "error_class": None,
            "error_kind": None,
            "error_pointer": None,
            "owner_user_id": None,
            "done_at": None,
        }
        if dirty:
            values |= {
                **dict.fromkeys(("error_code", "error_message", "cause"), "before"),
                "error_class": "schema",
                "error_kind": "business",
                "error_pointer": "/data",
                "owner_user_id": self.env.uid,
            }
        if state == "done":
            values["done_at"] = moment
        self._set_columns(self.message, **values)
        self.moved.clear()

    def _shape(self):
        self.env.flush_all()
        names = sorted(COLUMNS)
        columns = [f"{'q' if name in QUEUED else 'm'}.{name}" for name in names]
        self.env.cr.execute(
            f"SELECT {', '.join(columns)} FROM interop_message m"
            " LEFT JOIN interop_queue q ON q.id = m.id WHERE m.id = %s",
            [self.message.id],
        )
        row = self.env.cr.fetchone()
        return {name for name, value in zip(names, row, strict=True) if value}

    def _calls(self):
        """Return the states that the hook was told of the message."""
        return [state for ids, state in self.moved if self.message.id in ids]

    def _state(self):
        self.message.invalidate_recordset()
        return self.message.state

    def _go(self, door):
        with mute_logger("odoo.addons.interop_base.models.log.interop_message"):
            door.move(self, self.message)

    def test_same_columns_and_one_call_of_the_hook(self):
        for name, door in DOORS.items():
            for state in door.allowed:
                if state == door.target:
                    continue
                with self.subTest(door=name, state=state):
                    self._put(state, dirty=door.target in ("done", "dead", "parked"))
                    self._go(door)
                    self.assertEqual(self._state(), door.target)
                    shape = SHAPES.get(door.target, {"done_at", "error_message"})
                    self.assertEqual(self._shape(), shape | door.adds)
                    expected = [door.target]
                    if name == "third dead worker":
                        expected = ["pending", "dead"]
                    self.assertEqual(self._calls(), expected)

    def test_same_guards(self):
        for name, door in DOORS.items():
            # What fails while it is applied fails by the doors that are here, too.
            free = {
                *door.allowed,
                door.target,
                *(EVERY_STATE if "appl" in name else ()),
            }
            for state in EVERY_STATE:
                if state in free:
                    continue
                with self.subTest(door=name, state=state):
                    self._put(state)
                    before = self._shape()
                    if door.loud:
                        with self._refused(UserError, "cannot become"):
                            self._go(door)
                    else:
                        with suppress(UserError):
                            self._go(door)
                    self.assertEqual(self._state(), state)
                    self.assertEqual(self._shape(), before)
                    self.assertFalse(self._calls())

    def test_a_repeat_changes_nothing_and_calls_nobody(self):
        for name, door in DOORS.items():
            if door.target in door.allowed or name.startswith(("appl", "built")):
                continue
            with self.subTest(door=name):
                self._put(door.target)
                before = self._shape()
                self._go(door)
                self.assertEqual((self._state(), self._shape()), (door.target, before))
                self.assertFalse(self._calls())

    def test_who_moved_it_and_when(self):
        for name, door in DOORS.items():
            if name in ("claimed", "taken back"):
                continue  # the log row does not change
            with self.subTest(door=name):
                self._put(door.allowed[0])
                old = clock.now() - timedelta(days=1)
                self._set_columns(self.message, write_date=old, write_uid=None)
                self._go(door)
                self.message.invalidate_recordset()
                self.assertGreater(self.message.write_date, old)
                self.assertTrue(self.message.write_uid)

    def test_what_was_held_back_goes_on_after_what_people_do(self):
        wakes = {"set cancelled", "closed", "retried", "old content", "replayed"}
        wakes |= {"replaced", "built again", "built again with others"}
        pump = type(self.env["interop.pump"])
        for name, door in DOORS.items():
            with (
                self.subTest(door=name),
                patch.object(pump, "_arm_after_commit") as arm,
            ):
                self._put(door.allowed[-1])
                self._go(door)
                self.assertEqual(arm.called, name in wakes)
