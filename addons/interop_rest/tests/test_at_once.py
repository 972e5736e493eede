"""What is revoked, suspended, stopped or retired is refused at once, whoever did it.

The catalogue is remembered, states are not: each change here is made behind the back of
the ORM, as another worker would have made it a moment ago.
"""

from contextlib import contextmanager

from odoo.tests import tagged
from odoo.tools import SQL

from ..services import authenticate as service
from .common import RestHttpCase

# What another worker has just done -> how a message is refused then.
CHANGES = {
    "client suspended": (
        "UPDATE interop_client SET state = 'suspended' WHERE id = %(client)s",
        "unauthorized",
    ),
    "client expired": (
        "UPDATE interop_client SET expires_at = '2000-01-01' WHERE id = %(client)s",
        "unauthorized",
    ),
    "key revoked": (
        "UPDATE interop_secret SET revoked_at = now() WHERE client_id = %(client)s",
        "unauthorized",
    ),
    "operation taken": (
        "UPDATE interop_client SET may_send = false WHERE id = %(client)s",
        "operation_not_allowed",
    ),
    "system stopped": (
        "UPDATE interop_system SET interop_stopped_at = now() WHERE id = %(system)s",
        "paused",
    ),
    "interface stopped": (
        "UPDATE interop_interface SET interop_stopped_at=now() WHERE id=%(interface)s",
        "paused",
    ),
    "interface suspended": (
        "UPDATE interop_interface SET state = 'suspended' WHERE id = %(interface)s",
        "interface_not_active",
    ),
    "interface archived": (
        "UPDATE interop_interface SET active = false WHERE id = %(interface)s",
        "interface_not_active",
    ),
    "approval reopened": (
        "UPDATE interop_interface SET approval_changed = true WHERE id = %(interface)s",
        "paused",
    ),
    "contract retired": (
        "UPDATE interop_contract SET state = 'retired' WHERE id = %(contract)s",
        "contract_retired",
    ),
    "facility stopped": (
        "UPDATE res_company SET interop_stopped_at = now() WHERE id = %(company)s",
        "paused",
    ),
    "facility archived": (
        "UPDATE res_company SET active = false WHERE id = %(company)s",
        "facility_not_allowed",
    ),
}


@tagged("post_install", "-at_install")
class TestAtOnce(RestHttpCase):
    def test_a_change_by_another_worker_counts_at_once(self):
        ids = {
            "client": self.client.id,
            "system": self.system.id,
            "interface": self.interface.id,
            "contract": self.contract.id,
            "company": self.facility.id,
        }
        for name, (statement, code) in CHANGES.items():
            self._post()  # everything that is remembered is remembered
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(statement, ids)
                self.assertTrue(self.env.cr.rowcount)
                self.env.invalidate_all(flush=False)
                response = self._post()
                self.assertEqual(response.json()["code"], code)
                savepoint.rollback()
            self.env.invalidate_all(flush=False)

    def test_a_change_of_the_catalogue_counts_at_once(self):
        self.env["interop.system.facility.code"].search(
            [("system_id", "=", self.system.id), ("code", "=", "MERCY")]
        ).code = "MERCY-2"
        self._assert_problem(self._post(), 422, "unknown_facility")
        moved = self._post(self._envelope(facility="MERCY-2"))
        self.assertNotEqual(moved.json().get("code"), "unknown_facility")

    # === WHAT IS REMEMBERED === #

    @contextmanager
    def _told_to_others(self):
        """The change within is one after which all workers are told to forget."""
        self.client._scope()
        self.env.registry.cache_invalidated.clear()
        yield
        self.env.flush_all()
        self.assertIn("default", self.env.registry.cache_invalidated)

    def _change_interface(self, **values):
        self.interface._set_suspended()
        self.interface._set_draft()
        if "contract_ids" in values:
            self.interface.mapping_ids.unlink()
        with self._told_to_others():
            self.interface.write(values)
        if "contract_ids" in values:
            self._map_name(self.interface)
        if self.facility in self.interface.company_ids:
            self._activate(self.interface)
        else:
            self._activate_elsewhere(self.interface)

    def test_an_interface_that_the_client_lost(self):
        other = self._create_in_interface(
            contract_ids=[(6, 0, self._create_contract().ids)]
        )
        self.client._set_suspended()
        self.client._set_requested()
        with self._told_to_others():
            self.client.interface_ids = other
        self._activate_client(self.client)
        self._assert_problem(self._post(), 403, "interface_not_allowed")

    def test_a_facility_that_the_interface_lost(self):
        self.system.company_ids |= self.other_facility
        self._change_interface(company_ids=[(6, 0, self.other_facility.ids)])
        self._assert_problem(self._post(), 403, "facility_not_allowed")

    def test_a_contract_that_the_interface_lost(self):
        self._change_interface(contract_ids=[(6, 0, self._create_contract().ids)])
        self._assert_problem(self._post(), 403, "interface_not_allowed")

    def test_a_draft_contract_that_was_deleted(self):
        self.interface._set_suspended()
        self.interface._set_draft()
        draft = self._create_contract(publish=False)
        self.interface.contract_ids |= draft
        envelope = self._envelope(type=draft.message_type)
        self._assert_problem(self._post(envelope), 422, "unknown_contract")
        with self._told_to_others():
            draft.unlink()
        self._assert_problem(self._post(envelope), 422, "unknown_contract")

    def test_a_code_that_means_another_facility(self):
        codes = self.system.facility_code_ids
        with (
            self._told_to_others(),
            self._in_the_middle(codes._name, "write", self.client._scope),
        ):
            codes.company_id = self.other_facility
        self.assertEqual(
            self.client._scope().facilities, {"MERCY": self.other_facility.id}
        )
        self._assert_problem(self._post(), 403, "facility_not_allowed")

    def test_a_code_is_forgotten_again_after_the_commit(self):
        """Another thread may have read the old one before."""
        codes = self.system.facility_code_ids
        self.env.cr.postcommit.clear()
        codes.code = "ELSEWHERE"
        self.env.flush_all()
        self.client._scope()
        self.env.registry.cache_invalidated.clear()
        self.env.cr.postcommit.run()
        self.assertIn("default", self.env.registry.cache_invalidated)

    def test_what_is_remembered_in_the_middle_of_a_change_is_forgotten(self):
        with self._in_the_middle(self.system._name, "write", self.client._scope):
            self.system.environment = "training"
        self.assertEqual(self.client._scope().environment, "training")
        ids = self.env["interop.client"]._ids_by_code
        with self._in_the_middle(self.client._name, "write", ids):
            self.client._set_suspended()
        self.assertNotIn(self.client.id, ids()[1])

    def test_the_context_of_a_caller_is_not_remembered(self):
        self.env.flush_all()
        for record in (self.contract, self.facility):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET active = false WHERE id = %s",
                    SQL.identifier(record._table),
                    record.id,
                )
            )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.client.with_context(active_test=False)._scope()
        (flow,) = self.client._scope().flows
        self.assertEqual((flow.company_ids, flow.contracts), ((), {}))

    def test_a_new_client_is_known_and_another_stands_in_for_unknown_codes(self):
        find = service.find_client
        none, candidate = find(self.env, "nobody-yet")
        self.assertFalse(none)
        self.assertEqual(candidate.state, "active")
        self.assertEqual(find(self.env, "nobody-yet"), (none, candidate))
        late = self._create_client(code="nobody-yet")
        self.assertEqual(find(self.env, "nobody-yet"), (late, late))

    def test_without_any_active_client_nobody_stands_in(self):
        self.env["interop.client"].search([("state", "=", "active")])._set_suspended()
        none, candidate = service.find_client(self.env, "nobody-at-all")
        self.assertFalse(none or candidate)
        self.assertEqual(
            service.find_client(self.env, self.client.code), (self.client, self.client)
        )
