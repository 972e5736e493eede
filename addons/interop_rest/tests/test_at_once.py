"""What is revoked, suspended, stopped or retired is refused at once, whoever did it.

The catalogue is remembered, states are not: each change here is made behind the back of
the ORM, as another worker would have made it a moment ago.
"""

from odoo.tests import tagged

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

    def test_a_new_client_is_known_and_another_stands_in_for_unknown_codes(self):
        find = service.find
        none, candidate = find(self.env, "nobody-yet")
        self.assertFalse(none)
        self.assertEqual(candidate.state, "active")
        self.assertEqual(find(self.env, "nobody-yet"), (none, candidate))
        late = self._create_client(code="nobody-yet")
        self.assertEqual(find(self.env, "nobody-yet"), (late, late))

    def test_without_any_active_client_nobody_stands_in(self):
        self.env["interop.client"].search([("state", "=", "active")])._set_suspended()
        none, candidate = service.find(self.env, "nobody-at-all")
        self.assertFalse(none or candidate)
        self.assertEqual(
            service.find(self.env, self.client.code), (self.client, self.client)
        )
