"""Import and export lists of identifiers with Odoo's own tools."""

from odoo.tests import tagged

from .common import IdentifierCase


@tagged("post_install", "-at_install")
class TestImportExport(IdentifierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._create_namespace()
        cls.steward = cls._create_user("steward", "base.group_allow_export")
        cls.rows = cls.identifiers.with_user(cls.steward)

    def _load(self, columns, *rows):
        return self.rows.load(columns, [list(row) for row in rows])

    def test_import_for_contacts(self):
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "adam",
                "model": "res.partner",
                "res_id": self.partner.id,
            }
        )
        result = self._load(
            ["namespace_id", "value", "partner_id/id", "use", "period_start"],
            (
                self.own.code,
                "A-1",
                "__import__.adam",
                "Official",
                "2024-01-31 00:00:00",
            ),
            ("US NPI", "1234567893", "__import__.adam", "", ""),
        )
        self.assertFalse(result["messages"])
        rows = self.identifiers.browse(result["ids"])
        self.assertEqual(rows.mapped("value_normalized"), ["A-1", "1234567893"])
        self.assertEqual(rows.partner_id, self.partner)
        self.assertEqual(set(rows.mapped("res_id")), {self.partner.id})
        self.assertEqual(rows[0].use, "official")
        self.assertEqual(rows[0].create_uid, self.steward)

    def test_import_for_other_kinds(self):
        result = self._load(
            ["namespace_id", "value", "res_model", "res_id"],
            (self.own.code, "F1", "res.company", str(self.facility.id)),
        )
        self.assertFalse(result["messages"])
        row = self.identifiers.browse(result["ids"])
        self.assertEqual(row.record_ref, self.facility)

    def test_import_names_the_wrong_line(self):
        self._create_identifier(self.own, "A-1", self.partner.copy())
        self.npi.validation = "block"
        columns = ["namespace_id", "value", "partner_id/.id"]
        partner = str(self.partner.id)
        for line, text in (
            (("No such", "1", partner), "No matching record"),
            (("US NPI", "1234567890", partner), "does not pass the check"),
            (
                (self.own.code, "A-1", partner),
                "Another record already has this identifier",
            ),
        ):
            result = self._load(columns, line)
            self.assertFalse(result["ids"])
            self.assertIn(text, result["messages"][0]["message"])

    def test_export_and_import_again(self):
        row = self._create_identifier(self.own, "A-1", use="usual")
        columns = ["id", "namespace_id/code", "value", "partner_id/.id", "use", "state"]
        exported = row.with_user(self.steward).export_data(columns)["datas"][0]
        self.assertEqual(
            exported[1:],
            [self.own.code, "A-1", str(self.partner.id), "Usual", "Active"],
        )
        result = self._load(["id", "use"], (exported[0], "Old"))
        self.assertEqual(result["ids"], row.ids)
        self.assertEqual(row.use, "old")

    def test_facilities_stay_apart(self):
        theirs = self._create_namespace(company_id=self.other_facility.id)
        result = self._load(
            ["namespace_id", "value", "partner_id/.id"],
            (theirs.code, "1", str(self.partner.id)),
        )
        self.assertFalse(result["ids"])
