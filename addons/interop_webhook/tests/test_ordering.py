"""Order per endpoint, what blocks what, and how much is claimed at once."""

import json
from unittest.mock import patch

from odoo.tests import Form, tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.engine.engine_types import Lane
from odoo.addons.interop_base.models.log.message_leases import MessageLeases

from . import receiver as hostile
from .common import WebhookCase


@tagged("post_install", "-at_install")
class TestOrdering(WebhookCase):
    def _refusing(self, name):
        """Return a receiver that refuses (400) whatever is about ``name``."""

        def answer(connection, received):
            refused = json.loads(received.body)["data"]["name"] == name
            hostile.send(connection, 400 if refused else 200)
            return True

        return self._start_receiver(answer)

    def _update(self, interface, partner, name):
        partner.name = name
        self.env["interop.event"]._publish(interface.contract_ids.message_type, partner)
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()

    def test_without_order_nothing_waits(self):
        interface = self._create_flow(self._refusing("Bad"))
        bad = self._publish(interface, name="Bad")
        self._update(interface, self.env["res.partner"].browse(bad.res_id), "Good")
        self._run()
        states = self._message_of(bad.resource_ref).mapped("state")
        self.assertEqual(sorted(states), ["dead", "done"])
        self.assertFalse(interface.endpoint_id.blocking_message_ids)

    def test_giving_up_what_blocks_lets_the_others_go_on_at_once(self):
        interface = self._create_flow(self._refusing("Bad"), ordering="key")
        for give_up in (
            lambda message: message.action_cancel(),
            lambda message: message._close("Not needed any more"),
        ):
            bad = self._publish(interface, name="Bad")
            partner = self.env["res.partner"].browse(bad.res_id)
            self._update(interface, partner, "Good")
            later = self._message_of(partner) - bad
            self._run()
            self.assertEqual((bad.state, later.state), ("dead", "pending"))
            pump = type(self.env["interop.pump"])
            with patch.object(pump, "_arm_after_commit") as arm:
                give_up(bad)
            arm.assert_called_once_with()
            self._run()
            self.assertEqual((bad.state, later.state), ("cancelled", "done"))

    def test_a_blocked_key_blocks_only_itself(self):
        receiver = self._refusing("Bad")
        interface = self._create_flow(receiver, ordering="key")
        endpoint = interface.endpoint_id
        bad = self._publish(interface, name="Bad")
        partner = self.env["res.partner"].browse(bad.res_id)
        self._update(interface, partner, "Good")
        later = self._message_of(partner) - bad
        other = self._publish(interface, name="Other")
        self._run()
        self.assertEqual(
            (bad.state, later.state, other.state), ("dead", "pending", "done")
        )
        self.assertEqual(later.blocked_by_id, bad)
        self.assertEqual(later.blocked_since, later.create_date)
        self.assertFalse(bad.blocked_by_id or other.blocked_by_id)
        self.assertEqual((bad.blocking_count, other.blocking_count), (1, 0))
        self.assertEqual(endpoint.blocking_message_ids, bad)
        # the screens say so
        form = Form(later)
        self.assertEqual(form.blocked_by_id, bad)
        self.assertTrue(form.blocked_since)
        form = Form(bad)
        self.assertEqual(form.blocking_count, 1)
        self.assertTrue(form.blocking_since)
        self.assertEqual(len(Form(endpoint).blocking_message_ids), 1)
        receiver.answer = 200
        bad.action_retry()
        self._run()
        self.assertEqual((bad.state, later.state), ("done", "done"))
        bodies = [json.loads(item.body) for item in receiver.requests]
        # the first two are of different keys: they travel at the same time
        bodies[:2] = sorted(bodies[:2], key=lambda body: body["sequence"])
        self.assertEqual(
            [body["data"]["name"] for body in bodies], ["Bad", "Other", "Bad", "Good"]
        )
        # as the receiver sees it: one key per record, one stream per interface
        keys = [body["ordering_key"] for body in bodies]
        self.assertEqual((keys[0], keys[0]), (keys[2], keys[3]))
        self.assertNotEqual(keys[0], keys[1])
        self.assertEqual([body["sequence"] for body in bodies], [1, 3, 1, 2])
        endpoint.invalidate_recordset()
        self.assertFalse(endpoint.blocking_message_ids)

    def test_strict_order_holds_everything_back(self):
        receiver = self._refusing("Bad")
        interface = self._create_flow(receiver, ordering="strict")
        messages = [
            self._publish(interface, name=name) for name in ("First", "Bad", "Last")
        ]
        self._run()
        self.assertEqual(
            [message.state for message in messages], ["done", "dead", "pending"]
        )
        self.assertEqual(messages[2].blocked_by_id, messages[1])
        messages[1]._set_cancelled("Not needed")
        self._run()
        self.assertEqual(messages[2].state, "done")
        self.assertFalse(messages[2].blocked_by_id)

    def test_strict_order_is_kept_by_one_claim_for_many(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, ordering="strict")
        messages = [self._publish(interface, name=f"N{n}") for n in range(20)]
        model = type(self.env["interop.pump"])
        claim, sizes = model._claim, []

        def counting(pump, *args, **options):
            claims = claim(pump, *args, **options)
            sizes.append(len(claims))
            return claims

        with patch.object(model, "_claim", counting):
            self._run()
        ids = [request.header("webhook-id") for request in receiver.requests]
        self.assertEqual(ids, [message.external_id for message in messages])
        self.assertEqual(max(sizes), 20)
        self.assertEqual({message.state for message in messages}, {"done"})

    def test_strict_order_sends_nothing_after_a_failure(self):
        receiver = self._refusing("N2")
        interface = self._create_flow(receiver, ordering="strict")
        messages = [self._publish(interface, name=f"N{n}") for n in range(6)]
        self._run()
        names = [json.loads(item.body)["data"]["name"] for item in receiver.requests]
        self.assertEqual(names, ["N0", "N1", "N2"])
        self.assertEqual(
            [message.state for message in messages],
            ["done", "done", "dead", *3 * ["pending"]],
        )
        self.assertEqual({message.attempt_count for message in messages[3:]}, {0})
        self.assertFalse(messages[3].attempt_ids)

    def test_waiting_messages_follow_an_order_that_changes(self):
        receiver = self._refusing("Bad")
        interface = self._create_flow(receiver)
        endpoint = interface.endpoint_id
        bad = self._publish(interface, name="Bad")
        self._run()
        partner = self.env["res.partner"].browse(bad.res_id)
        bad.action_retry()
        for ordering, state in (("key", "pending"), ("none", "done")):
            endpoint.ordering = ordering
            self._update(interface, partner, f"Good {ordering}")
            later = self._message_of(partner).sorted("id")[-1]
            self._run()
            bad.invalidate_recordset()
            self.assertEqual((bad.state, later.state), ("dead", state))
        self.assertEqual(
            set((self._message_of(partner) - bad).mapped("state")), {"done"}
        )

    def test_what_an_interface_at_rest_holds_back_is_shown(self):
        receiver = self._start_receiver()
        resting = self._create_flow(receiver, ordering="key")
        endpoint = resting.endpoint_id
        contracts = [(6, 0, resting.contract_ids.ids)]
        other = self._create_interface(endpoint_id=endpoint.id, contract_ids=contracts)
        for hold, go_on, why in (
            (resting._set_suspended, resting._set_active, "not active (Suspended)"),
            (
                lambda: resting._set_stopped("Test"),
                resting._set_resumed,
                f"stopped “{resting.name}” on",
            ),
        ):
            hold()
            later = self._publish(other)
            first = self._message_of(later.resource_ref) - later
            self.assertEqual(first.interface_id, resting)
            self.assertLess(first.id, later.id)
            self._run()
            endpoint.invalidate_recordset()
            later.invalidate_recordset()
            self.assertEqual(later.blocked_by_id, first)
            self.assertEqual(endpoint.blocking_message_ids, first)
            self.assertIn(why, first.waiting_reason)
            self.assertEqual(later.blocked_reason, first.waiting_reason)
            # Another record has nothing to do with it.
            unrelated = self._publish(other, name="Unrelated")
            unrelated_first = self._message_of(unrelated.resource_ref) - unrelated
            unrelated_first.action_cancel()
            self._run()
            self.assertEqual((unrelated.state, later.state), ("done", "pending"))
            go_on()
            self._run()
            endpoint.invalidate_recordset()
            self.assertEqual({first.state, later.state}, {"done"})
            self.assertFalse(first.waiting_reason)
            self.assertFalse(endpoint.blocking_message_ids)

    def test_what_a_stopped_facility_holds_back_is_shown(self):
        facilities = self.facility | self.other_facility
        system = self._create_system(company_ids=[(6, 0, facilities.ids)])
        interface = self._create_flow(
            self._start_receiver(),
            {"company_ids": [(6, 0, facilities.ids)]},
            system_id=system.id,
            ordering="strict",
        )
        self.facility._set_stopped("Test")
        first = self._publish(interface)
        later = self._publish(interface, company_id=self.other_facility.id)
        self._run()
        endpoint = interface.endpoint_id
        self.assertEqual((first.state, later.state), ("pending", "pending"))
        self.assertEqual(endpoint.blocking_message_ids, first)
        self.assertIn(f"stopped “{self.facility.name}” on", later.blocked_reason)
        self.facility._set_resumed()
        self._run()
        self.assertEqual((first.state, later.state), ("done", "done"))

    def test_a_blocker_of_another_facility_stays_hidden(self):
        interface = self._create_flow(self._refusing("Bad"), ordering="strict")
        bad = self._publish(interface, name="Bad")
        later = self._publish(interface)
        self._run()
        self.env.cr.execute(
            "UPDATE interop_message SET company_id = %s WHERE id = %s",
            [self.other_facility.id, bad.id],
        )
        self.env.invalidate_all()
        user = self._create_user("operator")
        self.assertFalse(later.with_user(user).blocked_by_id)
        self.assertFalse(later.with_user(user).blocked_reason)
        self.assertTrue(later.with_user(user).blocked_since)
        self.assertFalse(interface.endpoint_id.with_user(user).blocking_message_ids)

    def test_the_lane_follows_the_endpoint(self):
        interface = self._create_flow(ordering="key", concurrency=2)
        endpoint = interface.endpoint_id
        lanes = self.env["interop.pump"].sudo()._lanes(interface, 200)
        self.assertEqual(lanes[endpoint._lane()], Lane(16, "key"))
        self.assertEqual(lanes[endpoint._test_lane()], Lane(2))

    def test_a_claim_never_exceeds_the_lane(self):
        interface = self._create_flow()
        fresh = [self._publish(interface) for _number in range(6)]
        tried = [self._publish(interface) for _number in range(6)]
        tried_ids = [message.id for message in tried]
        self.env.cr.execute(
            "UPDATE interop_queue SET attempt_count = 1, next_attempt_at = %s"
            " WHERE id = ANY(%s)",
            [clock.now(), tried_ids],
        )
        self.env.invalidate_all()
        lane = interface._lane()
        claims = MessageLeases(self.env).claim({lane: Lane(5)}, interface.ids, 60)
        retried = [claim for claim in claims if claim.message_id in tried_ids]
        self.assertEqual((len(claims), len(retried)), (5, 1))
        claims = MessageLeases(self.env).claim({lane: Lane(1)}, interface.ids, 60)
        self.assertEqual([claim.message_id for claim in claims], [fresh[4].id])
