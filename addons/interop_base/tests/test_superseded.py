"""B7: a retry never lets older content overwrite newer content."""

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .. import clock
from ..models.log import message_moves as moves
from ..models.log.message_actions import Rebuilding
from ..models.log.message_batch import MessageBatch
from .bulk_common import BulkCase


class SupersededCase(BulkCase):
    """Adds an interface, people and newer messages about the same record."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("user")
        cls.interface = cls._create_interface(exception_user_id=cls.clerk.id)
        cls.operator = cls._create_user("operator")

    def _again(self, message, city="Lund", contract=None, interface=None):
        """Change the record of ``message`` and publish it once more."""
        partner = self.env["res.partner"].browse(message.res_id)
        partner.city = city
        known = self._message_of(partner)
        contract = contract or message.contract_id
        self.env["interop.event"]._publish(contract.message_type, partner)
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        new = self._message_of(partner) - known
        interface = interface or message.interface_id
        return new.filtered(lambda item: item.interface_id == interface)

    def _refused_by_receiver(self, **values):
        message = self._publish(self.interface, **values)
        return message._set_dead("business_rule", "http_422", "The city is unknown.")

    def _deliver(self):
        self.answer = {"outcome": "done", "http_status": 200}
        waiting = [("direction", "=", "out"), ("state", "=", "pending")]
        for _round in range(5):  # on a busy machine one run may end before all is sent
            self._run()
            self.env.invalidate_all()
            if not self.env["interop.message"].search_count(waiting, limit=1):
                break


@tagged("post_install", "-at_install")
class TestSuperseded(SupersededCase):
    def test_b7_retry_all_leaves_the_receiver_with_the_newest_content(self):
        old = self.env["interop.message"]
        for _number in range(6):
            old |= self._refused_by_receiver(city="X")
        changed = old[:3]
        newer = {message: self._again(message, "Y") for message in changed}
        self._deliver()
        self.env.flush_all()
        cause = self.env["interop.dead.letter.cause"].with_user(self.operator)
        cause = cause.search([])
        self.assertEqual((cause.message_count, cause.superseded_count), (6, 3))
        type(self).sent = []
        replay = self.env["interop.replay"].browse(cause.action_retry()["res_id"])
        self._run_replay(replay)
        self._deliver()
        self.assertEqual(
            {claim.message_id for claim in self.sent}, set((old - changed).ids)
        )
        self.assertEqual(set(changed.mapped("state")), {"skipped"})
        for message, new in newer.items():
            self.assertEqual(message.superseded_by_id, new)
            self.assertIn(new.external_id, message.error_message)
        self.assertEqual((replay.moved_count, replay.skipped_count), (3, 3))
        self.assertIn("Newer messages", replay.skipped_text)

    def test_b7_a_replaced_message_still_tells_how_it_failed(self):
        old = self._refused_by_receiver(city="X")
        self._again(old)
        kept = [name for name in moves.FAILURE if name != "error_message"]
        before = old.read(kept, load=None)
        self.assertTrue(old.error_code and old.cause and old.owner_user_id)
        old.with_user(self.operator).action_retry()
        self.assertEqual(old.state, "skipped")
        self.assertEqual(old.read(kept, load=None), before)
        self.assertFalse(old.next_attempt_at)
        self.assertTrue(old.done_at)

    def test_b7_retry_of_one_old_message_skips_it_and_says_so(self):
        old = self._refused_by_receiver()
        new = self._again(old)
        self._deliver()
        seen = old.with_user(self.clerk)
        self.assertTrue(seen.is_superseded)
        self.assertEqual((seen.newer_id, seen.next_action), (new, "skip"))
        self.assertIn("replaces", seen.next_step)
        answer = seen.action_retry()
        self.assertEqual(answer["params"]["type"], "warning")
        self.assertEqual((old.state, old.superseded_by_id), ("skipped", new))
        lines = self.env["interop.audit.event"].search(
            [("res_model", "=", old._name), ("res_id", "=", old.id)]
        )
        self.assertEqual(lines.mapped("action"), ["skipped"])
        self.assertIn(new.external_id, lines.detail)
        self.assertEqual(lines.login, self.clerk.login)
        type(self).sent = []
        self._deliver()
        self.assertFalse(self.sent)

    def test_b7_model_guards_itself(self):
        """Whatever calls it: buttons by RPC, jobs, other addons."""
        for move in (
            lambda item: item._set_pending(),
            lambda item: MessageBatch(self.env).send_again(item.ids),
            lambda item: Rebuilding(item).those_that_can(),
            lambda item: item.with_user(self.operator).action_resubmit(),
        ):
            old = self._refused_by_receiver()
            new = self._again(old)
            move(old)
            self.assertEqual((old.state, old.superseded_by_id), ("skipped", new))
            self.assertFalse(old.child_ids)

    def test_b7_newest_of_several_failed_messages_is_sent_alone(self):
        first = self._refused_by_receiver()
        second = self._again(first)._set_dead("connect", "refused", "No connection")
        (first | second).with_user(self.operator).action_retry()
        self.assertEqual((first.state, second.state), ("skipped", "pending"))
        self.assertEqual(first.superseded_by_id, second)

    def test_b7_what_replaces_nothing(self):
        """Another interface, facility or type; a message that was given up."""
        other = self._create_interface(
            contract_ids=[(6, 0, self.interface.contract_ids.ids)]
        )
        foreign = self._create_interface()
        old = self._refused_by_receiver()
        given_up = self._again(old)
        given_up._set_cancelled("Given up")
        elsewhere = self._message_of(
            self.env["res.partner"].browse(old.res_id)
        ).filtered(lambda item: item.interface_id == other)
        self.assertTrue(elsewhere)
        self._again(old, contract=foreign.contract_ids, interface=foreign)
        old.invalidate_recordset()
        self.assertFalse(old.is_superseded)
        self.assertEqual(old.next_action, "resubmit")
        old.with_user(self.clerk).action_retry()
        self.assertEqual(old.state, "pending")

    def test_b7_where_the_lane_keeps_the_order_the_newer_one_follows(self):
        self.patch(type(self.interface), "_ordering", lambda interface: "key")
        old = self._refused_by_receiver()
        new = self._again(old)
        self.assertFalse(old.is_superseded)
        old._set_pending()
        self.assertEqual(old.state, "pending")
        old._set_dead("connect", "refused", "No connection")
        self._set_columns(new, state="done")
        old._set_pending()
        self.assertEqual(old.superseded_by_id, new, "delivered before it all the same")

    def test_b7_facilities_have_messages_of_their_own(self):
        old = self._refused_by_receiver()
        new = self._again(old)
        self._set_columns(new, company_id=self.other_facility.id)
        old._set_pending()
        self.assertEqual(old.state, "pending")

    def test_b7_newer_message_that_is_not_built_yet(self):
        old = self._refused_by_receiver()
        partner = self.env["res.partner"].browse(old.res_id)
        self.env["interop.event"]._publish(old.contract_id.message_type, partner)
        self._commit()
        answer = old.with_user(self.clerk).action_retry()
        self.assertEqual(old.state, "dead", "there is nothing to link to yet")
        self.assertIn("being built", answer["params"]["message"])
        self.env["interop.materializer"].sudo()._materialize()
        old.with_user(self.clerk).action_retry()
        self.assertEqual(old.state, "skipped")

    def test_b7_replay_sends_the_newest_message_of_each_record_only(self):
        old = self._publish(self.interface)
        self._deliver()
        new = self._again(old)
        self._deliver()
        replay = self.env["interop.replay"].with_user(self.operator)
        replay = replay.create(
            {"reason": "Lost", "company_id": self.facility.id, "per_second": 0}
        )
        replay.action_start()
        self._run_replay(replay)
        self.assertEqual((old.state, new.state), ("done", "pending"))
        self.assertFalse(old.superseded_by_id, "it was delivered, not skipped")
        self.assertEqual(replay.skipped["superseded"]["count"], 1)

    def test_b7_costs_a_few_statements_however_many(self):
        def retried(count):
            first = self._refused_by_receiver()
            ids = self._copies(first, count)
            self._set_columns(self.env["interop.message"].browse(ids[:2]), res_id=1)
            before = self.env.cr.sql_log_count
            moved, refused = MessageBatch(self.env).send_again(ids)
            self.assertEqual(len(moved), count - 1)
            self.assertEqual(refused["superseded"], [ids[0]])
            return self.env.cr.sql_log_count - before

        self.assertEqual(retried(4), retried(300))

    def test_b7_types_that_undo_others_and_keys_that_name_a_record(self):
        ended = self._create_contract()
        self._create_handler(
            self.interface.contract_ids.message_type,
            _business_key_names_record=True,
            _build=lambda handler, record: {"name": record.name},
        )
        types = (ended.message_type, self.interface.contract_ids.message_type)
        self._create_handler(
            ended.message_type,
            _build=lambda handler, record: {"name": record.name},
            _replaced_types=lambda handler, contract: types,
        )
        self.interface._transition({"state": "draft"})
        self.interface.contract_ids |= ended
        self.interface._transition({"state": "active"})
        self.env.registry.clear_cache()
        posted = self._refused_by_receiver(name="INV/1")
        cancelled = self._again(posted, contract=ended)
        self.assertEqual(cancelled.contract_id, ended)
        posted._set_pending()
        self.assertEqual(posted.superseded_by_id, cancelled)
        reused = self._refused_by_receiver(name="INV/2")
        later = self._publish(self.interface, name="INV/2")
        self.assertNotEqual(later.res_id, reused.res_id)
        reused._set_pending()
        self.assertEqual(reused.superseded_by_id, later)

    def test_b7_inbound_of_records_that_compare_nothing(self):
        inbound = self._create_interface(direction="in")
        self._create_handler(
            inbound.contract_ids.message_type,
            _replaced_inbound_types=lambda handler, contract: (contract.message_type,),
            _apply=lambda handler, message, data: handler.env["res.partner"],
        )
        self.env.invalidate_all()
        moments = [clock.now().replace(microsecond=0, second=s) for s in (10, 20)]
        keys = {"business_key": "N1", "ordering_key": "N1"}
        old = self._receive(inbound, {}, occurred_at=moments[0], **keys)
        old._set_parked("conflict", "x", "x")
        new = self._receive(inbound, {}, occurred_at=moments[1], **keys)
        other = self._receive(inbound, {}, occurred_at=moments[0])
        other._set_parked("conflict", "x", "x")
        self.assertFalse(old.is_superseded, "the newer one still waits behind it")
        self._set_columns(new, state="done")
        (old | other)._set_pending()
        self.assertEqual((old.state, old.superseded_by_id), ("skipped", new))
        self.assertEqual(other.state, "pending")


@tagged("post_install", "-at_install")
class TestOldContent(SupersededCase):
    """Sending old content all the same is an action of its own."""

    def test_b7_operator_sends_old_content_on_purpose(self):
        old = self._refused_by_receiver()
        new = self._again(old)
        self._deliver()
        with self._refused(AccessError):
            old.with_user(self.clerk).action_send_superseded()
        for group in ("steward", "auditor"):
            with self._refused(AccessError, msg=group):
                old.with_user(self._create_user(group)).action_send_superseded()
        elsewhere = self._create_user("operator", companies=self.other_facility)
        with self._refused(AccessError):
            old.with_user(elsewhere).action_send_superseded()
        old.with_user(self.clerk).action_skip_superseded()
        self.assertEqual(old.state, "skipped")
        type(self).sent = []
        old.with_user(self.operator).action_send_superseded()
        self._deliver()
        self.assertEqual([claim.message_id for claim in self.sent], old.ids)
        line = self.env["interop.audit.event"].search(
            [("action", "=", "overrode"), ("res_id", "=", old.id)]
        )
        self.assertEqual(line.login, self.operator.login)
        self.assertIn(new.external_id, line.detail)

    def test_b7_old_content_goes_one_by_one_and_only_if_it_is_old(self):
        old = self._refused_by_receiver()
        with self._refused(UserError, "No newer message"):
            old.with_user(self.operator).action_send_superseded()
        self._again(old)
        other = self._refused_by_receiver()
        self._again(other)
        with self._refused(ValueError):
            (old | other).with_user(self.operator).action_send_superseded()
        (old | other).with_user(self.clerk).action_skip_superseded()
        with self._refused(UserError, "No newer message"):
            (old | other).with_user(self.clerk).action_skip_superseded()

    def test_b7_skipped_otherwise_cannot_be_sent(self):
        message = self._publish(self.interface)
        message._set_skipped("Nothing to do")
        with self._refused(UserError, "No newer message"):
            message.with_user(self.operator).action_send_superseded()

    def test_b7_primary_button_is_the_next_step(self):
        for failure, action in (
            (("business_rule", "x", "x"), "resubmit"),
            (("schema", "x", "x"), "resubmit"),
            (("connect", "x", "x"), "retry"),
            (("http_5xx", "x", "x"), "retry"),
            (("ownership", "x", "x"), "none"),
        ):
            message = self._publish(self.interface)._set_dead(*failure)
            self.assertEqual(message.next_action, action, failure)
            if action != "none":
                self.assertIn(action, message.next_step.lower(), failure)
        arch = self.env["interop.message"].get_view(view_type="form")["arch"]
        primary = etree.fromstring(arch).xpath(
            "//header/button[contains(@class, 'btn-primary')]"
        )
        shown = {node.get("name"): node.get("invisible") for node in primary}
        self.assertIn("next_action != 'retry'", shown["action_retry"])
        self.assertIn("next_action != 'resubmit'", shown["action_resubmit"])

    def test_b7_cause_wide_resubmission(self):
        old = self._refused_by_receiver()
        new = self._again(old)
        left = self._refused_by_receiver()
        self.env.flush_all()
        cause = self.env["interop.dead.letter.cause"].with_user(self.clerk).search([])
        self.assertEqual(cause.next_action, "resubmit")
        self.assertIn("resubmit", cause.next_step)
        replay = self.env["interop.replay"].browse(cause.action_resubmit()["res_id"])
        self._run_replay(replay)
        self.assertEqual((old.superseded_by_id, left.state), (new, "cancelled"))
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        self.assertEqual(left.child_ids.state, "pending")
        inbound = self._receive(self._create_interface(direction="in"), {})
        inbound._set_dead("conflict", "x", "x")
        self.env.flush_all()
        cause = self.env["interop.dead.letter.cause"].with_user(self.operator)
        with self._refused(UserError, "Only failed outbound"):
            cause.search([]).action_resubmit()
