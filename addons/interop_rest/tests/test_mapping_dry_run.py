"""Dry runs of inbound mappings: everything is shown, nothing is kept."""

import json
from types import SimpleNamespace
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .mapping_common import MappingInCase


@tagged("post_install", "-at_install")
class TestDryRun(MappingInCase):
    def _run(self, user=None, **data):
        """Return what the dialog shows of a pasted message."""
        return self._try(user, json.dumps({"number": "C-1", "name": "Ward 3", **data}))

    def _try(self, user, body):
        user = user or self._create_user("admin")
        dialog = (
            self.env["interop.mapping.dry.run"]
            .with_user(user)
            .create({"mapping_id": self.mapping.id})
        )
        return SimpleNamespace(**dialog.try_message(body, self.facility.id))

    def _counts(self):
        return [
            self.env[model].search_count([])
            for model in (
                "res.partner",
                "interop.identifier",
                "interop.message",
                "interop.client",
            )
        ]

    def test_what_would_be_created_and_nothing_is_kept(self):
        admin = self._create_user("admin")
        before = self._counts()
        dialog = self._run(admin, phone="1")
        self.assertEqual((dialog.outcome, dialog.record_name), ("create", "Ward 3"))
        self.assertIn("Phone", dialog.result_html)
        self.assertFalse(self._found())
        self.assertEqual(self._counts(), before)

    def test_what_would_change_field_by_field(self):
        self._send(phone="old-number")
        partner = self._found()
        dialog = self._run(phone="new-number")
        self.assertEqual(dialog.outcome, "update")
        self.assertIn("old-number", dialog.result_html)
        self.assertIn("new-number", dialog.result_html)
        self.assertEqual(partner.phone, "old-number")
        self.assertEqual(self._run(phone="old-number").outcome, "same")

    def test_what_would_wait_and_what_would_be_refused(self):
        self.assertEqual(self._run(belongs_to="P-9").outcome, "parked")
        dialog = self._run(nonsense="1")
        self.assertEqual(dialog.outcome, "refused")
        self.assertIn("nonsense", dialog.problem)
        self.assertEqual(self._try(None, "{").outcome, "refused")

    def test_it_has_the_rights_of_the_sender(self):
        self._send()
        entry = self.env["interop.mapping.model"].search(
            [("model", "=", "res.partner")]
        )
        entry._set_draft()
        self.assertEqual(self._run(phone="1").outcome, "refused")

    def test_without_a_client_it_has_the_rights_one_will_have(self):
        self.client._set_suspended()
        self.client._set_revoked()
        count = self.env["interop.client"].search_count([])
        self.assertEqual(self._run(phone="1").outcome, "create")
        self.assertEqual(self.env["interop.client"].search_count([]), count)

    def test_values_of_protected_interfaces_need_the_right_and_leave_evidence(self):
        self._send(phone="old-number")
        self.interface._set_suspended()
        self.interface._set_draft()
        self.interface.data_class = "personal"
        dialog = self._run(phone="new-number")
        self.assertEqual(dialog.outcome, "update")
        self.assertNotIn("number", dialog.result_html)
        self.assertNotIn("Ward", dialog.record_name)
        looker = self._create_user("admin", "payload")
        self.assertIn("old-number", self._run(looker, phone="new-number").result_html)
        event = self.env["interop.audit.event"].search(
            [("action", "=", "revealed"), ("user_id", "=", looker.id)]
        )
        self.assertEqual(event.res_id, self.interface.id)

    def test_pasted_text_is_stored_nowhere(self):
        fields = self.env["interop.mapping.dry.run"]._fields
        self.assertFalse(fields["body"].store or fields["result_html"].store)
        dialogs = self.env["interop.mapping.dry.run"]
        before = dialogs.search([])
        self._run(phone="1")
        dialog = dialogs.search([]) - before
        self.assertFalse(dialog.body or dialog.outcome or dialog.result_html)

    def test_a_longer_text_than_the_field_takes_is_refused_at_the_door(self):
        self.assertEqual(
            json.loads(self.contract.schema)["properties"]["address"]["properties"][
                "country"
            ]["maxLength"],
            2,
        )
        self.assertEqual(self._run(address={"country": "SWE"}).outcome, "refused")

    def test_of_the_caller_s_context_only_language_and_time_zone_count(self):
        seen = []

        def simulate(model, *_args):
            seen.append(dict(model.env.context))
            return {"state": "dead", "problem": "No", "before": None}

        dialogs = self.env["interop.mapping.dry.run"].with_user(
            self._create_user("admin")
        )
        dialog = dialogs.create({"mapping_id": self.mapping.id}).with_context(
            active_test=False, default_name="x", lang="en_US", tz="UTC"
        )
        with patch.object(type(dialogs), "_simulate", simulate):
            dialog.try_message('{"number": "C-1", "name": "A"}', self.facility.id)
        self.assertEqual(seen, [{"lang": "en_US", "tz": "UTC"}])

    def test_it_is_about_a_facility_of_the_interface(self):
        dialog = self.env["interop.mapping.dry.run"].create(
            {"mapping_id": self.mapping.id}
        )
        with self._refused(AccessError, "facilities of the interface"):
            dialog.try_message("{}", self.other_facility.id)

    def test_button_opens_it_with_the_first_example(self):
        action = self.mapping.with_user(self._create_user("admin")).action_dry_run()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(dialog.body, self.contract.example_ids[:1].body)
        self.assertEqual(dialog.example_id, self.contract.example_ids[:1])
        result = dialog.try_message(dialog.body, dialog.company_id.id)
        self.assertTrue(result["outcome"])
