"""The queue: what enters, what a claim changes, what is left when it is done."""

from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from .. import clock, const
from ..models.engine.engine_types import Lane
from ..models.log.message_batch import MessageBatch
from ..models.log.message_leases import MessageLeases
from .fakes import TwoTriesCase

FAILURE = ("connect", "refused", "No connection")


class QueueCase(TwoTriesCase):
    def _row(self, message):
        """Return the row of the queue, empty for a message that is not in it."""
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["interop.queue"].search([("id", "=", message.id)])

    def _columns(self, message):
        """Return what the log has of a message, version of the row included."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT ctid::text, m::text FROM interop_message m WHERE id = %s",
            [message.id],
        )
        return self.env.cr.fetchone()

    def _claim(self, ordering="none", cap=10, interface=None):
        self.env.flush_all()
        interface = interface or self.interface
        lanes = {interface._lane(): Lane(cap, ordering)}
        claims = MessageLeases(self.env).claim(lanes, interface.ids, 60)
        return [claim.message_id for claim in claims]


@tagged("post_install", "-at_install")
class TestQueue(QueueCase):
    def test_a_message_is_queued_until_it_is_done(self):
        message = self._publish(self.interface)
        row = self._row(message)
        self.assertEqual((row.id, row.message_id), (message.id, message))
        self.assertEqual((row.state, row.attempt_count), ("pending", 0))
        self.assertEqual(row.next_attempt_at, message.next_attempt_at)
        self._run()
        self.assertEqual((message.state, message.try_count), ("done", 1))
        self.assertFalse(self._row(message))
        self.assertFalse(message.next_attempt_at)

    def test_a_claim_does_not_touch_the_log(self):
        message = self._publish(self.interface)
        before = self._columns(message)
        self._claim()
        self.assertEqual(self._columns(message), before)
        message.invalidate_recordset()
        self.assertEqual((message.state, message.try_count), ("processing", 1))
        self.assertTrue(message.lease_token and message.lease_until)

    def test_no_index_names_what_a_claim_or_a_delivery_changes(self):
        changed = {
            "interop_queue": r"lease|try_count|write_date",
            "interop_message": r"\m(state|attempt_count|try_count|done_at|write_date|"
            r"first_attempt_at|answer_status)\M",
        }
        for table, columns in changed.items():
            self.env.cr.execute(
                "SELECT indexname FROM pg_indexes WHERE tablename = %s"
                " AND indexdef ~ %s",
                [table, columns],
            )
            self.assertEqual(self.env.cr.fetchall(), [], table)

    def test_failed_messages_stay_with_cause_and_owner(self):
        message = self._publish(self.interface)
        message._set_dead(*FAILURE)
        row = self._row(message)
        for name in ("state", "error_class", "error_kind", "cause"):
            self.assertEqual(row[name], message[name], name)
        self.assertEqual(row.owner_user_id, message.owner_user_id)
        self.assertTrue(row.owner_user_id and row.failed_at)
        self.assertFalse(row.next_attempt_at)
        message._set_cancelled("Enough")
        self.assertFalse(self._row(message))

    def test_a_closed_message_that_is_sent_again_is_queued_again(self):
        message = self._publish(self.interface)
        self._run()
        self.assertEqual(message.state, "done")
        MessageBatch(self.env).send_again(message.ids)
        row = self._row(message)
        self.assertEqual((row.state, row.attempt_count), ("pending", 1))
        self.assertLessEqual(row.next_attempt_at, clock.now() + timedelta(seconds=1))
        self._run()
        self.assertEqual((message.state, len(self.sent)), ("done", 2))

    def test_every_state_is_found_and_grouped(self):
        """What users search for is what they read."""
        model = self.env["interop.message"]
        domain = [("interface_id", "=", self.interface.id)]
        messages = {}
        for state, _label in const.MESSAGE_STATES:
            messages[state] = self._publish(self.interface)
            self._set_columns(messages[state], state=state)
        self.env.invalidate_all()
        for state, message in messages.items():
            self.assertEqual(message.state, state)
            self.assertEqual(model.search([*domain, ("state", "=", state)]), message)
            others = model.search([*domain, ("state", "!=", state)])
            self.assertEqual(len(others), len(messages) - 1, state)
            self.assertNotIn(message, others)
        for wanted in (const.OPEN_STATES, const.FAILED_STATES, const.CLOSED_STATES):
            found = model.search([*domain, ("state", "in", wanted)])
            self.assertEqual(set(found.mapped("state")), set(wanted))
            self.assertEqual(found, found.filtered_domain([("state", "in", wanted)]))
        groups = model._read_group(domain, ["state"], ["__count"])
        self.assertEqual(dict(groups), dict.fromkeys(messages, 1))
        self.assertFalse(model.search([*domain, ("state", "in", [])]))

    def test_a_message_of_the_orm_is_queued_as_well(self):
        values = {
            "direction": "out",
            "interface_id": self.interface.id,
            "system_id": self.interface.system_id.id,
            "company_id": self.facility.id,
            "external_id": "msg_by_hand",
            "data_class": "none",
            "lane": self.interface._lane(),
        }
        message = self.env["interop.message"].sudo().create(values)
        self.assertEqual(self._row(message).state, "pending")

    # === LEASES === #

    def test_a_lease_is_forgotten_when_all_of_it_has_a_result(self):
        messages = [self._publish(self.interface) for _number in range(3)]
        leases = self.env["interop.queue.lease"].sudo()
        self._claim()
        self.assertEqual(leases.search_count([]), 1)
        self.env.cr.execute(
            "UPDATE interop_queue_lease SET until = %s", [clock.now() - timedelta(1)]
        )
        self.assertEqual(MessageLeases(self.env).reclaim(), 3)
        self.env.invalidate_all()
        self.assertEqual(leases.search_count([]), 0)
        self._run()
        self.assertEqual({message.state for message in messages}, {"done"})
        self.assertEqual(leases.search_count([]), 0)

    def test_a_lease_that_nothing_tells_of_is_found(self):
        message = self._publish(self.interface)
        self._claim()
        self.env.cr.execute("DELETE FROM interop_queue_lease")
        past = clock.now() - timedelta(minutes=2)
        self.env.cr.execute("UPDATE interop_queue SET lease_until = %s", [past])
        self.assertEqual(MessageLeases(self.env).reclaim(), 0)
        self.env["interop.queue"]._heal()
        self.assertEqual(MessageLeases(self.env).reclaim(), 1)
        message.invalidate_recordset()
        self.assertEqual(message.state, "pending")

    # === ACCESS === #

    def test_nobody_writes_the_queue(self):
        row = self._row(self._publish(self.interface))
        for own in (row, row.sudo(), row.with_user(self._create_user("admin"))):
            with self._refused(AccessError):
                own.write({"lane": "x"})
            with self._refused(AccessError):
                own.create({"lane": "x"})
            with self._refused(AccessError):
                own.unlink()

    def test_rows_are_seen_as_their_messages_are(self):
        clerk = self._create_user("user")
        interfaces = [
            self.interface,
            self._create_interface(exception_user_id=clerk.id),
            self._create_interface(
                company_ids=[(6, 0, self.other_facility.ids)],
                system_id=self._create_system(
                    company_ids=[(6, 0, self.other_facility.ids)],
                    facility_code_ids=[],
                ).id,
            ),
        ]
        messages = self.env["interop.message"]
        for interface in interfaces:
            message = self._publish(interface, company=interface.company_ids)
            messages |= message._set_dead(*FAILURE)
        self.env.flush_all()
        users = {
            group: self._create_user(group)
            for group in ("user", "operator", "admin", "steward", "auditor")
        }
        for name, user in {**users, "owner": clerk}.items():
            with self.subTest(name):
                ids = [("id", "in", messages.ids)]
                seen = self.env["interop.message"].with_user(user).search(ids)
                rows = self.env["interop.queue"].with_user(user).search(ids)
                self.assertEqual(set(rows.ids), set(seen.ids))
                self.assertNotIn(messages[2].id, rows.ids)
        self.assertEqual(
            self.env["interop.queue"].with_user(clerk).search([]).ids, [messages[1].id]
        )

    def test_the_screen_opens_for_operators(self):
        message = self._publish(self.interface)
        user = self._create_user("operator")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "interop_base.interop_queue_action"
        )
        rows = self.env[action["res_model"]].with_user(user)
        for kind in ("list", "search"):
            self.assertTrue(rows.get_view(view_type=kind)["arch"])
        form = Form(rows.browse(message.id))
        self.assertEqual(form.message_id, message)


@tagged("post_install", "-at_install")
class TestQueueOrder(QueueCase):
    """Order by key: only the first open message of a key is claimed."""

    def setUp(self):
        super().setUp()
        self.inbound = self._create_interface(direction="in")

    def _in(self, key):
        return self._receive(self.inbound, {"name": "x"}, ordering_key=key)

    def _claimed(self, cap=10):
        return self._claim("key", cap, self.inbound)

    def test_only_the_first_of_a_key_is_in_the_index(self):
        first, second, other = self._in("a"), self._in("a"), self._in("b")
        for message, is_first in ((first, True), (second, False), (other, True)):
            self.assertEqual(self._row(message).is_first, is_first)
        self.assertEqual(self._claimed(), [first.id, other.id])
        self.assertEqual(self._claimed(), [])
        first._set_done()
        self.assertEqual(self._claimed(), [second.id])

    def test_what_enters_while_the_first_one_leaves_is_not_forgotten(self):
        """The note of the key is what counts, in whichever order the two commit."""
        first = self._in("a")
        self.env.cr.execute("DELETE FROM interop_queue_key")
        second = self._in("a")
        self.assertFalse(self._row(second).is_first)
        self.assertEqual(self._claimed(), [first.id])  # and the note is used up
        first._set_done()
        self.assertEqual(self._claimed(), [second.id])

    def test_an_earlier_message_that_comes_back_goes_first(self):
        first, second, third = self._in("a"), self._in("a"), self._in("a")
        first._set_cancelled("Enough")
        self.assertEqual(self._claimed(1), [second.id])
        second._set_dead(*FAILURE)
        self.assertEqual(self._claimed(), [])
        second._set_pending()
        self.assertEqual(self._claimed(), [second.id])
        second._set_done()
        self.assertEqual(self._claimed(), [third.id])

    def test_a_mark_alone_never_breaks_the_order(self):
        first, second = self._in("a"), self._in("a")
        self.env.cr.execute("UPDATE interop_queue SET is_first = true")
        self.assertEqual(self._claimed(), [first.id])
        self.assertEqual(self._claimed(), [])
        self.assertEqual(second.state, "pending")

    def test_a_lost_note_is_healed(self):
        first, second = self._in("a"), self._in("a")
        first._set_done()
        self.env.cr.execute("DELETE FROM interop_queue_key")
        self.assertEqual(self._claimed(), [])
        self.env["interop.queue"]._heal()
        self.assertEqual(self._claimed(), [second.id])

    def test_the_pump_is_woken_for_a_noted_key_only(self):
        first, second = self._in("a"), self._in("a")
        lanes = {self.inbound._lane(): Lane(10, "key")}
        leases = MessageLeases(self.env)
        self._claimed()
        self.assertIsNone(leases.next_claimable(lanes, self.inbound.ids))
        first._set_done()
        self.assertTrue(leases.next_claimable(lanes, self.inbound.ids))
        self.assertEqual(self._claimed(), [second.id])


@tagged("post_install", "-at_install")
class TestCriticality(QueueCase):
    """When more is due than can be sent, critical interfaces go first."""

    def _shares(self, *interfaces):
        found = self.env["interop.interface"].union(*interfaces)
        lanes = self.env["interop.pump"].sudo()._lanes(found, 400)
        return [lanes[interface._lane()].cap for interface in interfaces]

    def test_critical_interfaces_get_most_and_each_gets_a_share(self):
        critical = self._create_interface(criticality="3")
        batch = self._create_interface(criticality="3", latency_tier="batch")
        three = (critical, self.interface, batch)
        self.assertEqual(self._shares(self.interface), [400], "nothing else is due")
        for interface in three:
            self._publish(interface)
        most, some, least = self._shares(*three)
        self.assertGreater(most, 10 * some)
        self.assertGreater(some, least)
        self.assertGreaterEqual(least, 1)

    def test_an_idle_critical_interface_takes_nothing_from_others(self):
        critical = self._create_interface(criticality="3")
        self._publish(self.interface)
        self.assertEqual(self._shares(critical, self.interface)[1], 400)

    def test_deferral_is_shown_in_the_log_and_on_the_interface(self):
        critical = self._create_interface(criticality="3")
        first, later = self._publish(critical), self._publish(self.interface)
        moment = clock.now().replace(microsecond=0) - timedelta(minutes=1)
        self._set_columns(first | later, next_attempt_at=moment)
        self.env.invalidate_all()
        self.assertIn("more critical", later.waiting_reason)
        self.assertNotIn("more critical", first.waiting_reason)
        self.assertEqual(self.interface.deferred_since, moment)
        self.assertFalse(critical.deferred_since)
        user = self._create_user("operator")
        self.assertTrue(Form(self.interface.with_user(user)).deferred_since)
        first._set_done()
        self.env.invalidate_all()
        self.assertNotIn("more critical", later.waiting_reason)
        self.assertFalse(self.interface.deferred_since)


@tagged("post_install", "-at_install")
class TestSendWindow(QueueCase):
    """Messages of batch interfaces wait for the window and say so."""

    def _window(self, from_hours, to_hours):
        """Set a window relative to now."""
        now = clock.database_now(self.env.cr)
        hours = now.hour + now.minute / 60
        self.interface.write(
            {
                "latency_tier": "batch",
                "window_start": (hours + from_hours) % 24,
                "window_end": (hours + to_hours) % 24,
                "window_tz": "UTC",
            }
        )

    def test_messages_wait_for_the_window(self):
        self._window(2, 4)
        self.assertFalse(self.interface.approval_changed)
        message = self._publish(self.interface)
        self._run()
        self.assertEqual((message.state, self.sent), ("pending", []))
        self.assertIn("send window", message.waiting_reason)
        self.assertTrue(message.waiting_until)
        self.assertIn("send window", self.interface.hold_text)
        self.assertEqual(self.interface.hold_level, "held")
        self.assertIsNone(self.env["interop.pump"].sudo()._next_due())
        self._window(-1, 4)
        self._run()
        self.env.invalidate_all()
        self.assertEqual(message.state, "done")

    def test_only_batch_interfaces_have_a_window(self):
        with self._refused(ValidationError, "only batch interfaces"):
            self.interface.write({"window_start": 1, "window_end": 2})
        self.assertFalse(self.interface._window_opens())
