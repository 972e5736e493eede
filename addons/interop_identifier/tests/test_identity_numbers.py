"""Rules for values: placeholders, spellings, lengths, line ends, no later change."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.exceptions import BusinessError, UnknownIdentifier
from odoo.addons.interop_identifier.models.identity_resolver import ids_by_value

from .common import IdentifierCase

SPELLINGS = {
    "gb.nhs": ["943 476 5870", "943-476-5870", "9434765870"],
    "nl.bsn": ["12345672", "012345672"],
    "se.personnummer": ["880320-0016", "8803200016", "198803200016", "19880320-0016"],
    "dk.cpr": ["211062-5629", "2110625629"],
}
BLANK = "\u3164\u115f\u2800\u200b\u00a0"


@tagged("post_install", "-at_install")
class TestIdentityNumbers(IdentifierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._create_namespace()
        cls.other = cls.partner.copy({"name": "Berta Careful"})
        cls.steward = cls._create_user("steward")

    def _parse(self, namespace, value):
        return self.identifiers._parse([self._wire(namespace, value)], self.facility)

    def _standard(self, name, **values):
        return self._create_namespace(
            validator="standard", validator_standard=name, **values
        )

    # ------------------------------------------------------------------
    # Case 1: placeholders
    # ------------------------------------------------------------------
    def test_case_1_a_placeholder_is_refused_everywhere(self):
        steward = self.identifiers.with_user(self.steward)
        for value in ("UNKNOWN", "n/a", "000000000", "000-00-0000", "?", "xxx"):
            with self.subTest(value), self.assertRaises(BusinessError) as caught:
                self._parse(self.own, value)
            self.assertEqual(caught.exception.code, "identifier_placeholder")
            self.assertEqual(caught.exception.pointer, "/data/identifiers/0/value")
            self.assertFalse(caught.exception.parks)
            self.assertNotIn(value, str(caught.exception))
            with (
                self.assertRaisesRegex(ValidationError, "placeholder"),
                self.env.cr.savepoint(),
            ):
                self._create_identifier(self.own, value)
            result = steward.load(
                ["namespace_id", "value", "partner_id/.id"],
                [[self.own.code, value, str(self.partner.id)]],
            )
            self.assertFalse(result["ids"])
        self.assertFalse(self.identifiers.search([("namespace_id", "=", self.own.id)]))

    def test_case_1_an_invisible_text_is_refused(self):
        for value in (BLANK, "\u3164", "\u2800 \u200b", " \n "):
            with self.subTest(value), self.assertRaises(BusinessError) as caught:
                self._parse(self.own, value)
            self.assertEqual(caught.exception.code, "identifier_invalid")
            with self.assertRaises(ValidationError):
                self._create_identifier(self.own, value)

    def test_case_1_a_namespace_may_hold_or_accept_them(self):
        self.own.placeholder_policy = "hold"
        with self.assertRaises(UnknownIdentifier) as caught:
            self._parse(self.own, "UNKNOWN")
        self.assertTrue(caught.exception.parks)
        self.assertEqual(caught.exception.question.kind, "placeholder")
        with self.assertRaises(ValidationError):
            self._create_identifier(self.own, "UNKNOWN")
        self.own.placeholder_policy = "accept"
        self.assertEqual(self._parse(self.own, "UNKNOWN")[0].normalized, "UNKNOWN")
        self._create_identifier(self.own, "UNKNOWN")
        self.own.write({"placeholder_policy": False, "placeholder_words": False})
        for value in ("UNKNOWN", "000"):  # no choice was made: the default list
            with self.assertRaises(BusinessError):
                self._parse(self.own, value)

    def test_case_1_the_administrator_edits_the_list_and_the_pattern(self):
        admin = self.own.with_user(self._create_user("admin"))
        self.assertIn("unknown", admin.placeholder_words)
        admin.placeholder_words = "temp\nno card"
        admin.placeholder_pattern = "9+"
        for value in ("TEMP", "No-Card", "9999"):
            with self.assertRaises(BusinessError):
                self._parse(self.own, value)
        for value in ("UNKNOWN", "000"):
            self._parse(self.own, value)
        admin.placeholder_pattern = False
        self._parse(self.own, "9999")
        with self.assertRaisesRegex(ValidationError, "not a valid regular expression"):
            admin.placeholder_pattern = "("
        with self.assertRaises(AccessError):
            self.own.with_user(self.steward).write({"placeholder_words": ""})

    def test_case_1_a_placeholder_is_not_reactivated(self):
        self.own.placeholder_policy = "accept"
        row = self._create_identifier(self.own, "UNKNOWN")
        row._set_retired()
        self.own.placeholder_policy = "refuse"
        with self.assertRaises(ValidationError):
            row._set_active()

    # ------------------------------------------------------------------
    # Cases 2 and 3: standards
    # ------------------------------------------------------------------
    @mute_logger("odoo.sql_db")
    def test_case_2_spellings_of_one_number_are_one_record(self):
        for name, spellings in SPELLINGS.items():
            namespace = self._standard(name)
            row = self._create_identifier(namespace, spellings[0])
            self.assertEqual(row.value, spellings[0], "as it was received")
            for spelled in spellings:
                with self.subTest(name, spelled=spelled):
                    wire = [self._wire(namespace, spelled)]
                    found = self.identifiers._resolve(wire, self.facility)
                    self.assertEqual(found, self.partner)
                    ids = ids_by_value(self.identifiers, "res.partner", spelled)
                    self.assertIn(self.partner.id, ids)
                    with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                        self._create_identifier(namespace, spelled, self.other)
            self.assertFalse(
                self.identifiers._link(self.partner, wire, self._message())
            )

    def test_case_3_the_check_runs_on_the_value_as_written(self):
        for name, value, rules in (
            ("fi.hetu", "131052-308T", {"separator_rule": "punctuation"}),
            ("pl.pesel", "02070803628", {"drop_leading_zeros": True}),
            ("fi.hetu", "ID 131052-308t", {"ignored_pattern": "^ID *"}),
        ):
            namespace = self._standard(name, validation="block", **rules)
            with self.subTest(name, value=value):
                row = self._create_identifier(namespace, value)
                self.assertFalse(row.check_failed)
                self.identifiers._link(
                    self.other,
                    [
                        self._wire(
                            self._standard(name, validation="block", **rules), value
                        )
                    ],
                    self._message(),
                )
                with self.assertRaises(ValidationError):
                    self._create_identifier(namespace, f"{value[:-1]}X", self.other)

    def test_a_text_that_breaks_the_library_fails_the_check(self):
        namespace = self._standard("pt.cc")
        row = self._create_identifier(namespace, "12345٠77777")
        self.assertTrue(row.check_failed)

    # ------------------------------------------------------------------
    # Cases 9 and 12: what a value may be
    # ------------------------------------------------------------------
    def test_case_9_a_value_that_is_too_long_is_refused_with_the_limit(self):
        for length in (256, 300, 5000):
            with self.assertRaisesRegex(ValidationError, f"255.*{length}"):
                self._create_identifier(self.own, "1A" * (length // 2))
            with self.assertRaises(BusinessError):
                self._parse(self.own, "1A" * (length // 2))
        self.assertEqual(
            len(self._create_identifier(self.own, "1" + "A" * 254).value), 255
        )

    def test_case_12_surrounding_blanks_are_removed(self):
        for value in ("A-1\r\n", "\tA-1", "A-1\n\n", "\u200bA-1\ufeff", " A-1\u00a0"):
            named = self._parse(self.own, value)[0]
            self.assertEqual((named.value, named.normalized), ("A-1", "A-1"))
            namespace = self._create_namespace()
            self.assertEqual(self._create_identifier(namespace, value).value, "A-1")

    def test_case_12_a_value_of_several_lines_is_refused(self):
        for value in (
            "A\n1",
            "A\r\n1",
            "A\t1",
            "A\u20281",
            "A\x001",
            "A\x7f1",
            "A\x0b1",
        ):
            with self.subTest(value), self.assertRaises(BusinessError) as caught:
                self._parse(self.own, value)
            self.assertEqual(caught.exception.pointer, "/data/identifiers/0")
            with self.assertRaisesRegex(ValidationError, "one line of text"):
                self._create_identifier(self.own, value)

    # ------------------------------------------------------------------
    # Case 37 and S4: an identifier never becomes another one
    # ------------------------------------------------------------------
    def test_case_37_s4_an_identifier_cannot_be_moved_or_renamed(self):
        row = self._create_identifier(self.own, "A-1")
        second = self._create_namespace()
        users = (self.steward, self._create_user("admin"), self.env.user)
        for vals in (
            {"value": "NEW"},
            {"namespace_id": second.id},
            {"res_id": self.other.id},
            {"partner_id": self.other.id},
            {"res_model": "res.company"},
            {"record_ref": f"res.partner,{self.other.id}"},
            {"value_normalized": "NEW"},
            {"check_failed": True},
            {"single": False},
            {"once": True},
            {"company_id": self.other_facility.id},
            {"message_id": False},
            {"stated_at": "2020-01-01 00:00:00"},
            {"use": "old", "value": "NEW"},
        ):
            for state in ("active", "retired", "active"):
                if state != row.state:
                    row._set_retired() if state == "retired" else row._set_active()
                for user in users:
                    with self.subTest(vals, state=state), self.assertRaises(UserError):
                        row.with_user(user).write(vals)
        self.assertEqual(
            (row.value, row.namespace_id, row.partner_id, row.value_normalized),
            ("A-1", self.own, self.partner, "A-1"),
        )

    def test_s4_the_compared_form_cannot_be_set(self):
        for vals in (
            {"value_normalized": "B-1"},
            {"check_failed": False},
            {"company_id": self.facility.id},
            {"stated_at": "2020-01-01 00:00:00"},
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                self._create_identifier(self.own, "A-1", **vals)

    def test_s4_defaults_of_a_context_change_nothing(self):
        forged = {
            "default_value_normalized": "B-1",
            "default_check_failed": False,
            "default_company_id": self.facility.id,
            "default_stated_at": "2020-01-01 00:00:00",
            "default_single": False,
        }
        row = self.identifiers.with_context(**forged).create(
            {
                "namespace_id": self.own.id,
                "value": "A-1",
                "partner_id": self.partner.id,
            }
        )
        self.assertEqual((row.value_normalized, row.single), ("A-1", True))
        self.assertFalse(row.company_id or row.stated_at)
        for value, text in (("A\n1", "one line"), ("1A" * 128, "255")):
            with self.assertRaisesRegex(ValidationError, text):
                self.identifiers.with_context(default_value=value).create(
                    {"namespace_id": self.own.id, "partner_id": self.partner.id}
                )

    def test_an_import_may_repeat_current_values(self):
        row = self._create_identifier(self.own, "A-1")
        row.with_user(self.steward).write(
            {
                "value": "A-1 ",
                "namespace_id": self.own.id,
                "partner_id": self.partner.id,
                "use": "usual",
            }
        )
        self.assertEqual(row.use, "usual")
        self.assertTrue(row.stated_at)

    def test_s4_a_correction_by_hand_is_in_the_audit_trail(self):
        row = self._create_identifier(self.own, "A-1")
        row.with_user(self.steward).write({"use": "usual", "period_end": "2030-01-01"})
        trail = self.env["interop.audit.event"].search(
            [("res_model", "=", row._name), ("res_id", "=", row.id)]
        )
        self.assertEqual(
            (trail.action, trail.login, trail.detail),
            ("changed", self.steward.login, "Valid To, Use"),
        )
