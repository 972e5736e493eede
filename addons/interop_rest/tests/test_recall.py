"""What is remembered of a client is used only as long as no row of it has changed."""

from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_base import clock

from ..models import interop_inbound_recall
from .common import RecallMixin

# What to change behind the back of the ORM, and what a fresh look has to say then.
CHANGES = {
    "client": (
        "UPDATE interop_client SET state = 'suspended' WHERE id = %(client)s",
        lambda test, client: test.assertEqual(client.state, "suspended"),
    ),
    "key": (
        "UPDATE interop_secret SET revoked_at = now() WHERE client_id = %(client)s",
        lambda test, client: test.assertFalse(client._verifying_keys(clock.now())),
    ),
    "uses": (
        "DELETE FROM interop_client_interface_rel WHERE client_id = %(client)s",
        lambda test, client: test.assertFalse(client.interface_ids),
    ),
    "system": (
        "UPDATE interop_system SET interop_stopped_at = now() WHERE id = %(system)s",
        lambda test, client: test.assertTrue(client.system_id.interop_stopped_at),
    ),
    "facility code": (
        "UPDATE interop_system_facility_code SET code = 'X' WHERE system_id = %(system)s",
        lambda test, client: test.assertFalse(
            client.system_id._company_for_code("MERCY")
        ),
    ),
    "interface": (
        "UPDATE interop_interface SET state = 'suspended' WHERE id = %(interface)s",
        lambda test, client: test.assertEqual(client.interface_ids.state, "suspended"),
    ),
    "interface away": (
        "UPDATE interop_interface SET active = false WHERE id = %(interface)s",
        lambda test, client: test.assertFalse(client.interface_ids),
    ),
    "interface back": (
        "UPDATE interop_interface SET active = true WHERE id = %(interface)s",
        lambda test, client: test.assertTrue(client.interface_ids),
    ),
    "facilities": (
        """DELETE FROM interop_interface_res_company_rel
            WHERE interop_interface_id = %(interface)s""",
        lambda test, client: test.assertFalse(client.interface_ids.company_ids),
    ),
    "contract": (
        "UPDATE interop_contract SET state = 'retired' WHERE id = %(contract)s",
        lambda test, client: test.assertEqual(
            client.interface_ids.contract_ids.state, "retired"
        ),
    ),
    "contracts": (
        """DELETE FROM interop_contract_interop_interface_rel
            WHERE interop_interface_id = %(interface)s""",
        lambda test, client: test.assertFalse(client.interface_ids.contract_ids),
    ),
    "facility": (
        "UPDATE res_company SET interop_stopped_at = now() WHERE id = %(company)s",
        lambda test, client: test.assertTrue(
            client.interface_ids.company_ids.interop_stopped_at
        ),
    ),
}


@tagged("post_install", "-at_install")
class TestRecall(RecallMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()

    def _walk(self, client):
        """Read what a message needs."""
        return (
            client.state,
            client._verifying_keys(clock.now()),
            client.system_id.environment,
            client.system_id._company_for_code("MERCY").interop_stopped_at,
            client.interface_ids.mapped("state"),
            client.interface_ids.contract_ids.mapped("schema"),
            client.interface_ids.company_ids.ids,
        )

    def test_one_statement_for_all_of_it(self):
        first = self._walk(self._fresh())
        self.env.flush_all()
        self.env.invalidate_all(flush=False)
        with self.assertQueryCount(1):
            client, _same = self.env["interop.inbound"]._client(self.client.code)
            self.assertEqual(self._walk(client), first)

    def test_every_change_is_seen_at_once_whoever_makes_it(self):
        ids = {
            "client": self.client.id,
            "system": self.system.id,
            "interface": self.interface.id,
            "contract": self.contract.id,
            "company": self.facility.id,
        }
        for name, (statement, check) in CHANGES.items():
            if name == "interface back":
                self.env.cr.execute(CHANGES["interface away"][0], ids)
            self._walk(self._fresh())
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(statement, ids)
                self.assertTrue(self.env.cr.rowcount)
                check(self, self._fresh())
                savepoint.rollback()
            self.env.invalidate_all(flush=False)
            if name == "interface back":
                self.interface.action_unarchive()

    def test_what_is_not_saved_yet_counts(self):
        self._walk(self._fresh())
        self.client._set_suspended()
        client, _same = self.env["interop.inbound"]._client(self.client.code)
        self.assertEqual(client.state, "suspended")

    def test_a_code_that_is_nobody_s_has_somebody_who_stands_in(self):
        find = self.env["interop.inbound"]._client
        client, candidate = find("nobody-yet")
        self.assertFalse(client)
        self.assertEqual(candidate.state, "active")
        for _again in range(2):
            self.env.invalidate_all()
            with self.assertQueryCount(1):
                self.assertEqual(find("nobody-yet"), (client, candidate))
        late = self._create_client(code="nobody-yet")
        self.assertEqual(find("nobody-yet"), (late, late))

    def test_who_stands_in_is_looked_at_again_after_a_change(self):
        """Its keys are tried in vain, but by its present state: never an old one."""
        find = self.env["interop.inbound"]._client
        _none, candidate = find("nobody-yet")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_client SET expires_at = '2000-01-01' WHERE id = %s",
            [candidate.id],
        )
        self.env.invalidate_all()
        _none, candidate = find("nobody-yet")
        self.assertEqual(str(candidate.expires_at), "2000-01-01 00:00:00")

    def test_without_any_active_client_nobody_stands_in(self):
        self.env["interop.client"].search([("state", "=", "active")])._set_suspended()
        find = self.env["interop.inbound"]._client
        client, candidate = find("nobody-at-all")
        self.assertFalse(client or candidate)
        self.assertEqual(find(self.client.code), (self.client, self.client))

    def test_invented_codes_do_not_pile_up(self):
        find = self.env["interop.inbound"]._client
        with (
            patch.object(interop_inbound_recall, "STRANGERS", 5),
            patch.object(interop_inbound_recall, "REMEMBERED", 2),
        ):
            for number in range(10):
                self.assertFalse(find(f"invented-{number}")[0])
            self.assertLessEqual(len(interop_inbound_recall._strangers), 5)
            self.assertLessEqual(len(interop_inbound_recall._memory), 2)

    def test_keys_are_not_kept_in_clear(self):
        self._walk(self._fresh())
        known = interop_inbound_recall._memory[self.env.cr.dbname, self.client.code]
        self.assertNotIn(self.secret_text.removeprefix("whsec_"), repr(known))
