"""An approval applies to one state; any later change needs another person."""

import json
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import file_path

from ..models.engine.engine_health import EngineHealth
from .fakes import EngineCase


@tagged("post_install", "-at_install")
class TestApproval(EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls._create_user("admin")
        cls.steward = cls._create_user("steward")
        cls.both = cls._create_user("admin", "steward")
        cls.draft = cls._create_interface(activate=False)

    def _trail(self, record, *actions):
        domain = [("res_model", "=", record._name), ("res_id", "=", record.id)]
        if actions:
            domain.append(("action", "in", actions))
        return self.env["interop.audit.event"].search(domain)

    def _sheet(self, record, user=None):
        action = record.with_user(user or self.steward).action_approve()
        self.assertEqual(action["res_model"], "interop.approval.wizard")
        wizards = self.env["interop.approval.wizard"].with_user(user or self.steward)
        return wizards.browse(action["res_id"])

    # === B1: THE STATE THAT WAS SHOWN === #

    def test_a_change_after_the_sheet_was_opened_is_not_approved(self):
        """B1."""
        self.draft.with_user(self.admin).action_request_approval()
        seen = self.draft.with_user(self.steward).approval_fingerprint
        sheet = self._sheet(self.draft)
        self.assertIn("Mercy Hospital", sheet.content)
        self.draft.with_user(self.admin).filter_domain = "[('id', '>', 0)]"
        with self._refused(UserError, "(?s)changed after you opened.*Filter"):
            sheet.action_approve()
        with self._refused(UserError, "changed after you opened"):
            self.draft.with_user(self.steward).action_approve(seen)
        self.assertEqual(self.draft.state, "draft")
        self._sheet(self.draft).action_approve()
        self.assertEqual(self.draft.state, "approved")
        self.assertEqual(self.draft.approved_fingerprint, self.draft._fingerprint())
        (line,) = self._trail(self.draft, "approved")
        self.assertIn(self.draft.approved_fingerprint[:12], line.detail)
        self.assertIn("Mercy Hospital", line.detail)

    def test_nothing_is_approved_without_naming_a_state(self):
        """B1: over RPC, too; the sheet cannot be made to show something else."""
        for fingerprint in (None, False, ""):
            self._sheet(self.draft)
            self.draft.with_user(self.steward).action_approve(fingerprint)
            self.assertEqual(self.draft.state, "draft")
        forged = self.env["interop.approval.wizard"].with_user(self.steward)
        sheet = forged.create(
            {
                "res_model": self.draft._name,
                "res_id": self.draft.id,
                "fingerprint": "0" * 64,
                "shown_state": {"system": "harmless"},
            }
        )
        self.assertEqual(sheet.fingerprint, self.draft._fingerprint())
        self.assertNotIn("harmless", sheet.content)
        with self._refused(AccessError):
            sheet.write({"shown_state": {}})
        with self._refused(UserError):
            forged.create({"res_model": "res.partner", "res_id": 1})

    def test_the_fingerprint_ignores_descriptions(self):
        before = self.draft._fingerprint()
        self.draft.write({"name": "Other", "purpose": "p", "owner_id": self.admin.id})
        self.assertEqual(self.draft._fingerprint(), before)
        self.draft.payload_retention_days = 7
        self.assertNotEqual(self.draft._fingerprint(), before)

    # === S3: EVERYBODY WHO CHANGED IT === #

    def test_an_editor_of_a_draft_cannot_approve_it(self):
        """S3: neither after setting it to draft, nor with the request of another."""
        interface = self._activate(self.draft)
        interface._set_suspended()
        mine = interface.with_user(self.both)
        mine.action_draft()
        mine.filter_domain = "[('id', '>', 0)]"
        interface.with_user(self.admin).action_request_approval()
        with self._refused(UserError, "You have changed"):
            mine.action_approve(mine.approval_fingerprint)
        mine.filter_domain = False
        with self._refused(UserError, "You have changed"):
            mine.action_approve(mine.approval_fingerprint)
        self._approve(interface, self.steward)
        self.assertFalse(interface.editor_ids)

    def test_an_editor_of_a_part_cannot_approve_it(self):
        """S3: the mapping and the system belong to it."""
        for change in (
            lambda user: (
                self.draft.mapping_ids.line_ids[0]
                .with_user(user)
                .write({"required": True})
            ),
            lambda user: self.draft.system_id.with_user(user).write(
                {"environment": "test", "data_residency": self.env.ref("base.se").id}
            ),
            lambda user: self.draft.system_id.facility_code_ids.with_user(user).write(
                {"code": "OTHER"}
            ),
        ):
            user = self._create_user("admin", "steward")
            change(user)
            with self._refused(UserError, "Another steward has to approve"):
                self._approve(self.draft, user)
        self._approve(self.draft, self.steward)

    def test_the_author_of_a_contract_cannot_publish_it_alone(self):
        """S3."""
        contracts = self.env["interop.contract"].with_user(self.both)
        draft = contracts.create({"message_type": "mine.changed"})
        draft.example_ids = [(0, 0, {"name": "One", "body": "{}"})]
        with self._refused(UserError, "Another steward has to approve"):
            draft.action_publish(draft.approval_fingerprint)
        other = self._create_contract(publish=False)
        other.example_ids.with_user(self.both).body = '{"name": "B"}'
        with self._refused(UserError, "Another steward has to approve"):
            other.with_user(self.both).action_publish(other.approval_fingerprint)
        seen = draft.approval_fingerprint
        draft.description = "Not part of it"
        draft.coalesce = True
        with self._refused(UserError, "changed after you opened"):
            draft.with_user(self.steward).action_publish(seen)
        draft.with_user(self.steward).action_publish(draft.approval_fingerprint)
        self.assertEqual(
            (draft.state, draft.approved_by_id), ("published", self.steward)
        )

    def test_installed_contracts_are_published_by_the_system(self):
        """The superuser may publish what it made; interfaces it may not approve."""
        self.assertEqual(self.env.uid, 1)
        self.assertEqual(self._create_contract().state, "published")
        with self._refused(UserError, "Another steward has to approve"):
            self.draft._set_approved()

    # === B3: LATER CHANGES === #

    def test_a_change_reopens_keeps_capturing_and_moves_again_when_put_back(self):
        """B3: the environment of the system, and a facility code."""
        interface = self._activate(self.draft)
        residency = self.env.ref("base.se")
        for change, back in (
            (
                lambda: interface.system_id.with_user(self.admin).write(
                    {"data_residency": residency.id}
                ),
                lambda: interface.system_id.with_user(self.admin).write(
                    {"data_residency": False}
                ),
            ),
            (
                lambda: interface.system_id.facility_code_ids.with_user(
                    self.admin
                ).write({"code": "X"}),
                lambda: interface.system_id.facility_code_ids.with_user(
                    self.admin
                ).write({"code": "MERCY"}),
            ),
            (
                lambda: interface.with_user(self.admin).write(
                    {"payload_retention_days": 3}
                ),
                lambda: interface.with_user(self.admin).write(
                    {"payload_retention_days": 30}
                ),
            ),
        ):
            change()
            self.assertTrue(interface.approval_changed)
            self.assertEqual(interface.state, "active")
            self.assertIn(self.steward, interface.activity_ids.user_id)
            partner = self._capture(interface)
            self._run()
            self.assertFalse(self._message_of(partner))
            back()
            self.assertFalse(interface.approval_changed)
            self.assertFalse(interface.editor_ids | interface.activity_ids.user_id)
            self._run()
            self.assertEqual(self._message_of(partner).state, "done")
        actions = self._trail(interface, "reopened", "restored").mapped("action")
        self.assertEqual(actions, ["restored", "reopened"] * 3)

    def test_another_person_approves_the_change_of_a_flow_in_use(self):
        """B3."""
        interface = self._activate(self.draft)
        code = interface.system_id.facility_code_ids.with_user(self.both)
        code.code = "X"
        partner = self._capture(interface)
        with self._refused(UserError, "You have changed"):
            self._approve(interface, self.both)
        self.assertIn("X", interface.approval_changes)
        sheet = self._sheet(interface)
        self.assertIn("MERCY", sheet.changes)
        sheet.action_approve()
        self.assertEqual(
            (interface.state, interface.approval_changed), ("active", False)
        )
        self._run()
        self.assertEqual(self._message_of(partner).state, "done")

    def test_no_envelope_is_built_from_an_unapproved_state(self):
        """What leaves after the change was put back names what was approved; other
        interfaces of the same event do not wait for it."""
        interface = self._activate(self.draft)
        other = self._create_interface(
            contract_ids=[(6, 0, interface.contract_ids.ids)]
        )
        make = self.env["interop.materializer"].sudo()._materialize
        code = interface.system_id.facility_code_ids
        code.code = "SWAPPED"
        partner = self._capture(interface)
        self.assertEqual(make(), 1)
        message = self._message_of(partner)
        self.assertEqual(message.interface_id, other)
        event = self.env["interop.event"].search([("res_id", "=", partner.id)])
        self.assertEqual(event.interface_ids, interface.ids)
        self.assertEqual(make(), 0, "what waits is not taken again")
        message._set_cancelled("Not part of this test")
        self.env.flush_all()
        next_due = self.env["interop.pump"].sudo()._next_due
        self.assertIsNone(next_due(), "and wakes nobody")
        self._set_columns(event, occurred_at="2020-01-01 00:00:00")
        self.assertFalse(EngineHealth(self.env).ages().event, "nor does it stall")
        code.code = "MERCY"
        self.assertTrue(next_due() and make())
        late = self._message_of(partner) - message
        self.assertEqual(late.interface_id, interface)
        envelope = json.loads(late._payload_bytes())
        self.assertEqual(envelope["facility"], "MERCY")
        self.assertFalse(event.exists())

    def test_events_that_are_built_wait_for_a_draft_or_end_with_it(self):
        interface = self._activate(self.draft)
        partner = self._capture(interface)
        interface._set_suspended()
        interface._set_draft()
        make = self.env["interop.materializer"].sudo()._materialize
        self.assertEqual(make(), 0)
        interface._set_retired()
        self.assertIn("1 events", self._trail(interface, "cancelled").detail)
        make()
        self.assertFalse(self._message_of(partner))
        self.assertFalse(self.env["interop.event"].search([]))

    def test_every_change_updates_the_approved_record(self):
        """Of an approval and a change at the same time, one fails and runs again."""
        interface = self._activate(self.draft)
        code = interface.system_id.facility_code_ids.with_user(self.both)
        contract = self._create_contract(publish=False)
        entry = self.env["interop.mapping.model"].create(
            {"model_id": self.env["ir.model"]._get_id("res.partner.category")}
        )
        example = contract.example_ids[:1].with_user(self.both)
        for record, change in (
            (interface, lambda number: code.write({"code": f"X{number}"})),
            (
                contract,
                lambda number: example.write({"body": f'{{"name": "{number}"}}'}),
            ),
            (entry, lambda number: entry._note_editor()),
        ):
            change(1)
            for number in (2, 3):
                before = self._row_version(record)
                change(number)
                self.assertNotEqual(self._row_version(record), before, record)

    def _row_version(self, record):
        """Return where the row is stored, which every UPDATE of it changes."""
        self.env.flush_all()
        self.env.cr.execute(
            f"SELECT ctid FROM {record._table} WHERE id = %s", [record.id]
        )
        return self.env.cr.fetchone()

    def _capture(self, interface):
        """Publish a new partner on ``interface``; return the partner."""
        partner = self.env["res.partner"].create(
            {"name": "Dr. Ada", "company_id": self.facility.id}
        )
        self.env["interop.event"]._publish(interface.contract_ids.message_type, partner)
        self._commit()
        return partner

    def test_a_change_does_not_get_through_by_suspending_and_resuming(self):
        """B3."""
        interface = self._activate(self.draft)
        interface.system_id.facility_code_ids.code = "X"
        interface.with_user(self.admin).action_suspend()
        with self._refused(UserError, "(?s)Changed since.*MERCY"):
            interface.with_user(self.admin).action_activate()

    def test_other_facilities_codes_reopen_nothing(self):
        interface = self._activate(self.draft)
        system = interface.system_id
        system.company_ids |= self.other_facility
        system.facility_code_ids = [
            (0, 0, {"code": "ANNE", "company_id": self.other_facility.id})
        ]
        self.assertFalse(interface.approval_changed)
        self.assertIn("ANNE", self._trail(system, "changed")[:1].detail)

    def test_a_value_map_in_use_grows_without_a_new_approval(self):
        """Its pairs are part of what is approved, and of who changed it."""
        value_map = self.env["interop.value.map"].create(
            {
                "name": "Cities",
                "code": "approved-cities",
                "line_ids": [(0, 0, {"internal": "Lund", "external": "L"})],
            }
        )
        lines = self.draft.mapping_ids.line_ids
        lines.filtered(lambda item: item.path == "city").value_map_id = value_map
        seen = self.draft._fingerprint()
        value_map.with_user(self.both).line_ids.external = "LU"
        self.assertNotEqual(self.draft._fingerprint(), seen)
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(self.draft, self.both)
        interface = self._activate(self.draft)
        value_map.with_user(self.admin).line_ids = [
            (0, 0, {"internal": "Oslo", "external": "O"})
        ]
        self.assertFalse(interface.approval_changed)
        self.assertEqual(interface.approved_fingerprint, interface._fingerprint())
        interface.payload_retention_days = 3
        self.assertEqual(interface.approval_changes.count("\n"), 0)

    def _open_interface(self, properties):
        """Return a draft whose contract knows ``properties`` besides the usual ones."""
        text = {"type": "string"}
        schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": {"name": text, "city": text, **properties},
        }
        contract = self._create_contract(schema=json.dumps(schema))
        return self._create_interface(
            activate=False, contract_ids=[(6, 0, contract.ids)]
        )

    def test_values_of_a_map_that_was_empty_reopen_at_once(self):
        """No value of the map was approved."""
        value_map = self.env["interop.value.map"].create(
            {"name": "Cities", "code": "empty-cities"}
        )
        draft = self._open_interface({"city": {}})
        lines = draft.mapping_ids.line_ids
        lines.filtered(lambda item: item.path == "city").value_map_id = value_map
        interface = self._activate(draft)
        value_map.with_user(self.both).line_ids = [
            (0, 0, {"internal": "Lund", "external": "L"})
        ]
        self.assertTrue(interface.approval_changed)
        self.assertIn("Lund = L", interface.approval_changes)
        with self._refused(UserError, "Another steward has to approve"):
            self._approve(interface, self.both)
        self._approve(interface)
        value_map.with_user(self.admin).line_ids = [
            (0, 0, {"internal": "Oslo", "external": "O"})
        ]
        self.assertFalse(interface.approval_changed)

    def test_many_new_values_extend_an_approval_once(self):
        """An import writes the approved state once, not once per value."""
        value_maps = self.env["interop.value.map"].create(
            [
                {
                    "name": code,
                    "code": code,
                    "line_ids": [(0, 0, {"internal": "Lund", "external": "L"})],
                }
                for code in ("many-cities", "many-names")
            ]
        )
        lines = self.draft.mapping_ids.line_ids
        for path, value_map in zip(("city", "name"), value_maps, strict=True):
            lines.filtered(
                lambda item, path=path: item.path == path
            ).value_map_id = value_map
        interface = self._activate(self.draft)
        written, model = [], type(interface)
        transition = model._transition

        def count(records, vals):
            written.append(vals)
            return transition(records, vals)

        with patch.object(model, "_transition", count):
            self.env["interop.value.map.line"].with_user(self.admin).create(
                [
                    {"map_id": value_map.id, "internal": f"{n}", "external": f"X{n}"}
                    for value_map in value_maps
                    for n in range(10)
                ]
            )
        self.assertEqual(len(written), 1)
        self.assertFalse(interface.approval_changed)
        self.assertEqual(interface.approved_fingerprint, interface._fingerprint())

    # === COLUMNS OF SUB-LISTS === #

    def _listing_interface(self):
        """Return a draft whose mapping has a sub-list, and the line of that."""
        draft = self._open_interface({"wards": {"type": "array"}})
        return draft, self.env["interop.mapping.line"].create(
            {
                "mapping_id": draft.mapping_ids.id,
                "path": "wards",
                "kind": "list",
                "field_path": "child_ids",
            }
        )

    def test_a_column_of_another_mapping_is_not_sent_with_an_approved_mapping(self):
        draft, wards = self._listing_interface()
        interface = self._activate(draft)
        other, mine = self._listing_interface()
        lines = self.env["interop.mapping.line"].with_user(self.admin)
        column = {"path": "phone", "field_path": "phone"}
        values = {**column, "mapping_id": other.mapping_ids.id}
        free = lines.create({**values, "parent_id": mine.id})
        seen = interface._fingerprint()
        for change in (
            lambda: lines.create({**values, "parent_id": wards.id}),
            lambda: lines.create({**column, "parent_id": wards.id}),
            lambda: lines.with_context(default_parent_id=wards.id).create(values),
            lambda: free.write({"parent_id": wards.id}),
            lambda: free.write({"mapping_id": interface.mapping_ids.id}),
            lambda: free.write(
                {"parent_id": wards.id, "mapping_id": interface.mapping_ids.id}
            ),
            lambda: mine.with_user(self.admin).write(
                {"mapping_id": interface.mapping_ids.id}
            ),
            lambda: free.write({"parent_id": False, "mapping_id": wards.mapping_id.id}),
            lambda: mine.with_user(self.admin).write({"child_ids": [(4, wards.id)]}),
        ):
            with self._refused((UserError, ValidationError)):
                change()
        # Whoever asks: a column never sits in another mapping than its list.
        with self._refused(ValidationError, "different mappings"):
            lines.sudo().create({**values, "parent_id": wards.id})
        with self._refused(ValidationError, "different mappings"):
            mine.sudo().mapping_id = interface.mapping_ids
        self.assertFalse(wards.child_ids)
        self.assertEqual(interface._fingerprint(), seen)

    def test_a_column_reaches_the_approval_of_its_list(self):
        """Even a column that an earlier version kept with another mapping."""
        draft, wards = self._listing_interface()
        column = self.env["interop.mapping.line"].create(
            {"parent_id": wards.id, "path": "name", "field_path": "name"}
        )
        interface = self._activate(draft)
        other = self._create_interface(activate=False)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_mapping_line SET mapping_id = %s WHERE id = %s",
            [other.mapping_ids.id, column.id],
        )
        self.env.invalidate_all()
        self.assertIn(interface, column._approval_owners())
        for change in (
            lambda: column.with_user(self.admin).write({"required": True}),
            lambda: column.with_user(self.admin).unlink(),
        ):
            with self._refused(UserError, "was approved. Suspend"):
                change()
        path = file_path("interop_base/migrations/19.0.1.2.0/post-mapping-columns.py")
        for _time in range(2):
            load_script(path, "mapping_columns").migrate(self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()
        self.assertEqual(column.mapping_id, interface.mapping_ids)

    def test_a_mapping_cannot_move_to_an_approved_interface(self):
        interface = self._activate(self.draft)
        other = self._create_interface(activate=False)
        with self._refused(UserError, "was approved. Suspend"):
            other.mapping_ids.with_user(self.admin).interface_id = interface

    def test_copied_columns_belong_to_the_copied_mapping(self):
        draft, wards = self._listing_interface()
        self.env["interop.mapping.line"].create(
            {"parent_id": wards.id, "path": "name", "field_path": "name"}
        )
        copied = self._activate(draft).with_user(self.admin).copy()
        lines = copied.mapping_ids._all_lines()
        self.assertIn("wards", lines.mapped("path"))
        self.assertTrue(lines.child_ids)
        self.assertEqual(lines.mapping_id, copied.mapping_ids)

    def test_owners_teams_and_descriptions_leave_an_audit_line_only(self):
        """B3."""
        interface = self._activate(self.draft)
        team = self.env["interop.team"].create({"name": "Billing"})
        interface.with_user(self.admin).write(
            {"owner_id": self.admin.id, "exception_team_id": team.id, "purpose": "New"}
        )
        self.assertFalse(interface.approval_changed or interface.editor_ids)
        (line,) = self._trail(interface, "changed")
        self.assertIn(self.admin.name, line.detail)
        self.assertIn("Billing", line.detail)
        self.assertEqual(line.login, self.admin.login)

    # === DRAFT OF A FLOW IN USE === #

    def test_a_change_of_the_owner_of_a_system_is_recorded(self):
        """S7: the owner is told of new keys."""
        system = self.draft.system_id
        interface = self._activate(self.draft)
        system.with_user(self.admin).owner_id = self.both
        self.assertIn(self.both.name, self._trail(system, "changed")[:1].detail)
        self.assertFalse(interface.approval_changed)

    def test_a_flow_set_back_to_draft_drops_no_event(self):
        """Its events wait and are built as approved; other flows go on meanwhile."""
        interface = self._activate(self.draft)
        other = self._create_interface(
            contract_ids=[(6, 0, interface.contract_ids.ids)]
        )
        interface._set_suspended()
        interface.with_user(self.admin).action_draft()
        contract = interface.contract_ids
        partner = self.env["res.partner"].create(
            {"name": "Held", "company_id": self.facility.id, "city": "Lund"}
        )
        interface.with_user(self.admin).contract_ids = [(5,)]
        self.env["interop.event"]._publish(contract.message_type, partner)
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        self.assertEqual(self._message_of(partner).interface_id, other)
        interface.with_user(self.admin).contract_ids = [(6, 0, contract.ids)]
        line = interface.mapping_ids.line_ids.filtered(lambda item: item.path == "city")
        line.with_user(self.admin).unlink()
        self._approve(interface, self.steward)
        self.env["interop.materializer"].sudo()._materialize()
        self.assertEqual(self._message_of(partner).interface_id, other)
        interface.with_user(self.admin).action_activate()
        self.env["interop.materializer"].sudo()._materialize()
        self.env["interop.materializer"].sudo()._materialize()
        messages = self._message_of(partner)
        self.assertEqual(
            sorted(messages.interface_id.ids), sorted((interface | other).ids)
        )
        self.assertEqual(len(messages), 2)
        held = messages.filtered(lambda item: item.interface_id == interface)
        self.assertNotIn(b"Lund", held.payload_id.sudo()._read())
        self.assertFalse(interface.holds_events)

    def test_a_flow_that_holds_events_is_not_archived_or_turned_around(self):
        """Promise 14: nothing would be captured, or what was would never leave."""
        interface = self._activate(self.draft)
        interface._set_suspended()
        interface._set_draft()
        mine = interface.with_user(self.admin)
        with self._refused(ValidationError, "wait for an approval"):
            mine.active = False
        with self._refused(UserError, "stays outbound"):
            mine.direction = "in"
        # As if it had been archived before that was refused.
        self._set_columns(interface, active=False)
        self.env.registry.clear_cache()
        partner = self._capture(interface)
        event = self.env["interop.event"].search([("res_id", "=", partner.id)])
        self.assertEqual((event.state, event.interface_ids), ("held", interface.ids))

    def test_events_that_are_not_built_wait_for_the_next_approval(self):
        """Promise 14: released, and without a key file, then set back to draft."""
        interface = self._activate(self.draft)
        interface._set_suspended()
        interface._set_draft()
        released = self._capture(interface)
        self._approve(interface, self.steward)
        interface._set_active()
        unbuilt = self._capture(interface)
        events = self.env["interop.event"].search([("res_id", "=", unbuilt.id)])
        self._set_columns(events, state="new", interface_ids=None)
        interface._set_suspended()
        interface._set_draft()
        make = self.env["interop.materializer"].sudo()._materialize
        make()
        held = self.env["interop.event"].search([])
        self.assertEqual(set(held.mapped("state")), {"held"})
        self.assertEqual(set(held.mapped("res_id")), set((released | unbuilt).ids))
        self._approve(interface, self.steward)
        interface._set_active()
        make()
        for partner in (released, unbuilt):
            self.assertEqual(self._message_of(partner).interface_id, interface)

    def test_held_events_of_a_retired_interface_are_counted(self):
        interface = self._activate(self.draft)
        interface._set_suspended()
        interface._set_draft()
        partner = self.env["res.partner"].create(
            {"name": "Held", "company_id": self.facility.id}
        )
        self.env["interop.event"]._publish(interface.contract_ids.message_type, partner)
        interface._set_retired()
        self.assertIn("1 events", self._trail(interface, "cancelled").detail)
        self.assertFalse(self.env["interop.event"].search([("state", "=", "held")]))

    def test_an_interface_that_was_approved_once_is_not_deleted_as_a_draft(self):
        interface = self._activate(self.draft)
        interface._set_suspended()
        interface._set_draft()
        with self._refused(UserError, "Retire it instead"):
            interface.with_user(self.admin).unlink()

    # === REQUEST AND REFUSAL === #

    def test_the_requesting_user_gets_the_reason_of_a_refusal(self):
        """B15."""
        contract = self._create_contract(publish=False)
        for record in (self.draft, contract):
            with self._refused(UserError, "no request to refuse"):
                record.with_user(self.steward).action_refuse("No")
            record.with_user(self.admin).action_request_approval()
            self.assertEqual(record.requested_by_id, self.admin)
            self.assertIn(self.steward, record.activity_ids.user_id)
            for user in (self.admin, self._create_user("operator")):
                with self._refused(AccessError):
                    record.with_user(user).action_refuse("No")
            sheet = self._sheet(record)
            with self._refused(UserError, "reason"):
                sheet.action_refuse()
            sheet.reason = "The example is wrong"
            sheet.action_refuse()
            self.assertFalse(record.requested_by_id)
            activity = record.activity_ids
            self.assertEqual(activity.user_id, self.admin)
            self.assertIn("The example is wrong", activity.note)
            (line,) = self._trail(record, "refused")
            self.assertEqual(
                (line.login, line.detail), (self.steward.login, sheet.reason)
            )

    def test_only_administrators_ask(self):
        for group in ("user", "operator", "steward", "auditor"):
            with self._refused(AccessError, msg=group):
                self.draft.with_user(self._create_user(group)).action_request_approval()

    # === B12 AND CASE 28 === #

    def test_a_system_of_another_environment_is_not_approved_or_activated(self):
        """B12."""
        system = self.env["interop.system"].create({"name": "New", "code": "new-sys"})
        self.assertEqual(system.environment, "test")
        self.draft.system_id.environment = "production"
        self.assertTrue(self.draft.other_environment)
        with self._refused(UserError, "this server to “Test”"):
            self._approve(self.draft)
        self.draft._transition({"state": "approved"})
        with self._refused(UserError, "this server to “Test”"):
            self.draft._set_active()

    def test_local_formats_need_the_time_zone_of_each_facility(self):
        """Case 28."""
        line = self.draft.mapping_ids.line_ids.filtered(
            lambda item: item.path == "city"
        )
        line.write({"field_path": "create_date", "format": "date"})
        self.facility.partner_id.tz = False
        with self._refused(UserError, "time zone of facility Mercy Hospital"):
            self._approve(self.draft)
        self.facility.partner_id.tz = "Europe/Stockholm"
        self._activate(self.draft)
        self.facility.partner_id.tz = False
        message = self._publish(self.draft)
        self.assertEqual((message.state, message.error_code), ("dead", "no_timezone"))

    def test_users_cannot_write_the_fields_of_an_approval(self):
        for name, value in (
            ("approved_fingerprint", "x"),
            ("approved_state", {"a": "b"}),
            ("approval_changed", False),
            ("holds_events", True),
            ("editor_ids", [(5,)]),
        ):
            for record in (self.draft.with_user(self.admin), self.draft.sudo()):
                with self._refused(AccessError, msg=name):
                    record.write({name: value})
