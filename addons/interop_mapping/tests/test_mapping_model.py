"""The list of objects that messages may change, and the rights that it grants."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropCase


@tagged("post_install", "-at_install")
class TestMappingModel(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls._create_user("admin")
        cls.steward = cls._create_user("steward")

    def _entry(self, model="res.partner.category", **values):
        return (
            self.env["interop.mapping.model"]
            .with_user(self.admin)
            .create({"model_id": self.env["ir.model"]._get_id(model), **values})
        )

    def test_objects_that_control_access_or_the_server_are_closed(self):
        for model in (
            "res.users",
            "res.groups",
            "res.company",
            "ir.cron",
            "ir.model.access",
            "ir.actions.server",
            "interop.client",
            "interop.mapping.model",
            "mail.template",
            "queue.job",
            "base.language.install",
        ):
            with (
                self.subTest(model),
                self._refused(ValidationError, "cannot be on the list"),
            ):
                self._entry(model)

    def test_approval_grants_exactly_the_stated_rights(self):
        machine = self.env["res.users"].create(
            {
                "name": "Machine",
                "login": "machine",
                "group_ids": [(6, 0, [])],
                "active": False,
            }
        )
        for usage, allowed in (
            ("read", ["read"]),
            ("write", ["read", "write"]),
            ("create", ["read", "write", "create"]),
        ):
            entry = self._entry(usage=usage)
            entry.with_user(self.steward).action_approve(entry.approval_fingerprint)
            machine.group_ids = entry.sudo().group_id
            found = [
                operation
                for operation in ("read", "write", "create", "unlink")
                if self.env["res.partner.category"]
                .with_user(machine)
                .has_access(operation)
            ]
            self.assertEqual(found, allowed)
            entry.with_user(self.admin).action_draft()
            self.assertFalse(
                self.env["res.partner.category"].with_user(machine).has_access("read")
            )
            entry.with_user(self.admin).unlink()

    def test_the_proposing_steward_cannot_approve(self):
        entry = self._entry()
        with self._refused(AccessError):
            entry.action_approve(entry.approval_fingerprint)
        both = self._create_user("admin", "steward")
        entry.with_user(both).usage = "write"
        with self._refused(UserError, "Another steward has to approve"):
            entry.with_user(both).action_approve(entry.approval_fingerprint)
        entry.with_user(self.steward).action_approve(entry.approval_fingerprint)
        self.assertEqual(entry.state, "approved")
        self.assertEqual(entry.approved_by_id, self.steward)

    def test_an_approved_map_does_not_change(self):
        entry = self._entry()
        entry.with_user(self.steward).action_approve(entry.approval_fingerprint)
        for values in (
            {"usage": "create"},
            {"record_domain": "[]"},
            {"model_id": self.env["ir.model"]._get_id("res.partner")},
        ):
            with self._refused(UserError, "Withdraw"):
                entry.write(values)
        with self._refused(UserError, "Withdraw"):
            entry.unlink()
        for values in ({"state": "draft"}, {"group_id": False}):
            with self._refused(AccessError):
                entry.write(values)

    def test_the_name_of_the_object_is_not_forged(self):
        """Rights go to the object; a name of its own would hide which one it is."""
        entry = self._entry("res.partner", usage="write")
        for user in (self.admin, self.env.ref("base.user_root")):
            with self._refused(AccessError, "follows"):
                entry.with_user(user).write({"model": "res.country"})
            with self._refused(AccessError, "follows"):
                entry.with_user(user).create(
                    {
                        "model_id": self.env["ir.model"]._get_id("res.bank"),
                        "model": "res.country",
                    }
                )
        forged = (
            entry.with_context(default_model="res.country")
            .with_user(self.admin)
            .create({"model_id": self.env["ir.model"]._get_id("res.bank")})
        )
        self.assertEqual(forged.model, "res.bank")

    def test_a_forged_name_decides_nothing(self):
        entry = self._entry("res.partner", usage="write")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_mapping_model SET model = 'res.bank' WHERE id = %s",
            [entry.id],
        )
        self.env.invalidate_all()
        self.assertEqual(entry.model, "res.bank")
        self.assertEqual(entry._state_now()["object"], "res.partner")
        entry.with_user(self.steward).action_approve(entry.approval_fingerprint)
        self.assertIn("user_ids", entry.sudo().group_id.rule_groups.domain_force)
        listed = self.env["interop.mapping.model"]
        self.assertFalse(listed._allowed("res.bank"))
        self.assertEqual(listed._allowed("res.partner", "write"), entry)

    def test_filters_are_plain_data(self):
        for text in ("[('id', '=', uid)]", "nonsense", "[('nope', '=', 1)]"):
            with self._refused(ValidationError, "filter"):
                self._entry(record_domain=text)

    def test_the_address_of_a_user_is_out_of_reach(self):
        entry = self._list_model("res.partner", "create")
        domain = entry.sudo().group_id.rule_groups.domain_force
        self.assertIn("user_ids", domain)

    def test_everybody_may_see_the_list_and_administrators_keep_it(self):
        for group in ("user", "operator", "steward", "auditor"):
            reader = self._create_user(group)
            entries = self.env["interop.mapping.model"].with_user(reader)
            self.assertTrue(entries.search([]))
            with self._refused(AccessError):
                entries.create(
                    {"model_id": self.env["ir.model"]._get_id("res.partner")}
                )

    def test_shipped_lists_are_approved_for_looking_up_only(self):
        listed = self.env["interop.mapping.model"]
        self.assertTrue(listed._allowed("res.country"))
        self.assertFalse(listed._allowed("res.country", "write"))
        self.assertFalse(listed._allowed("res.partner.title"))


@tagged("post_install", "-at_install")
class TestValueMapInUse(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls._create_user("admin")
        cls.value_map = cls.env["interop.value.map"].create(
            {
                "name": "Cities",
                "code": "cities",
                "line_ids": [(0, 0, {"internal": "Lund", "external": "L"})],
            }
        )
        cls.interface = cls._create_interface(activate=False, transport=False)
        cls.interface.mapping_ids.line_ids.filtered(
            lambda line: line.path == "city"
        ).value_map_id = cls.value_map

    def test_an_approved_map_only_grows(self):
        value_map = self.value_map.with_user(self.admin)
        value_map.line_ids.external = "LU"
        self.interface._transition({"state": "approved"})
        for change in (
            lambda: value_map.line_ids.write({"external": "X"}),
            lambda: value_map.line_ids.unlink(),
            lambda: value_map.write({"line_ids": [(5,)]}),
        ):
            with self._refused(UserError, "approved with"):
                change()
        value_map.line_ids = [(0, 0, {"internal": "Oslo", "external": "O"})]
        event = self.env["interop.audit.event"].search(
            [("res_model", "=", "interop.value.map"), ("action", "=", "changed")]
        )
        self.assertEqual(event.detail, "Oslo = O")
        self.interface._set_draft()
        value_map.line_ids.filtered(lambda line: line.internal == "Oslo").unlink()

    def test_a_mapping_is_not_added_to_an_approved_interface(self):
        contract = self._create_contract()
        self.interface._transition({"state": "approved"})
        with self._refused(UserError, "draft"):
            self.env["interop.mapping"].with_user(self.admin).create(
                {"interface_id": self.interface.id, "contract_id": contract.id}
            )
