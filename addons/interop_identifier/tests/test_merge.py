"""Merge and undo: identifiers move, with a journal, and back."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    OwnershipError,
    PossibleDuplicate,
)

from .common import IdentifierCase


class MergeCase(IdentifierCase):
    """Two people, each with a number of one namespace and one of a facility's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.merges = cls.env["interop.identifier.merge"]
        cls.mrn = cls._create_namespace(company_id=cls.facility.id)
        cls.own = cls._create_namespace()
        cls.prior = cls.env["res.partner"].create({"name": "A. Careful"})
        cls.third = cls.env["res.partner"].create({"name": "Adam C. Careful"})
        cls.kept = cls._create_identifier(cls.mrn, "1")
        cls.alias = cls._create_identifier(cls.mrn, "2", cls.prior)
        cls.carried = cls._create_identifier(cls.own, "7", cls.prior, use="usual")

    def _rows(self):
        """Return every column of every identifier, as the database has it."""
        self.env.flush_all()
        self.env.cr.execute("SELECT to_jsonb(r) FROM interop_identifier r ORDER BY id")
        return self.env.cr.fetchall()

    def _find(self, namespace, value):
        return self.identifiers._resolve([self._wire(namespace, value)], self.facility)


@tagged("post_install", "-at_install")
class TestMerge(MergeCase):
    def _assert_refused(self, code, survivor, merged, **options):
        before = self._rows()
        with self.assertRaises(BusinessError) as caught:
            self.merges._merge(survivor, merged, **options)
        self.assertEqual(caught.exception.code, code)
        self.assertEqual(self._rows(), before)
        return caught.exception

    def test_identifiers_go_to_the_survivor(self):
        old = self._create_identifier(self.npi, "1234567893", self.prior)
        old._set_retired()
        merge = self.merges._merge(self.partner, self.prior, reason="Typed in twice")
        for row in self.kept | self.alias | self.carried | old:
            self.assertEqual(row.partner_id, self.partner)
            self.assertEqual(row.res_id, self.partner.id)
        states = [row.state for row in (self.kept, self.alias, self.carried, old)]
        self.assertEqual(states, ["active", "merged", "active", "retired"])
        for namespace, value in ((self.mrn, "1"), (self.mrn, "2"), (self.own, "7")):
            self.assertEqual(self._find(namespace, value), self.partner)
        self.assertTrue(self.prior.exists().active)
        self.assertEqual(self.merges._survivor(self.prior), self.partner)
        self.assertEqual(self.merges._survivor(self.partner), self.partner)
        self.assertEqual(merge.state, "merged")
        self.assertEqual(
            (merge.merged_ref, merge.survivor_ref), (self.prior, self.partner)
        )
        self.assertIn(self.facility, merge.company_ids)
        self.assertEqual(
            merge.identifier_line_ids.filtered("was_alias").identifier_id, self.alias
        )

    def test_the_alias_a_message_names_is_one_wherever_it_is(self):
        merge = self.merges._merge(self.partner, self.prior, aliases=self.carried)
        self.assertEqual(self.carried.state, "merged")
        merge._unmerge("They are two")
        self.assertEqual(self.carried.state, "active")

    def test_only_the_source_system_merges_its_numbers(self):
        self.own.system_id = self._create_system()
        with self.assertRaises(OwnershipError):
            self.merges._merge(
                self.partner, self.prior, aliases=self.carried, message=self._message()
            )

    def test_a_repeat_changes_nothing(self):
        merge = self.merges._merge(self.partner, self.prior)
        before = self._rows()
        self.assertEqual(self.merges._merge(self.partner, self.prior), merge)
        self.assertEqual(self._rows(), before)

    def test_chains_are_flat(self):
        self.merges._merge(self.partner, self.prior)
        self.merges._merge(self.prior, self.third)  # the survivor was merged itself
        self.assertEqual(self.merges._survivor(self.third), self.partner)
        last = self.partner.copy()
        self.merges._merge(last, self.partner)
        for record in (self.third, self.prior, self.partner):
            self.assertEqual(self.merges._survivor(record), last)
        self.assertEqual(self._find(self.mrn, "2"), last)
        # a link in the middle is linked again
        self.assertEqual(
            self.merges._merge(self.partner, self.prior),
            self.merges._open_of(self.prior),
        )

    def test_refused_merges(self):
        self._assert_refused("merge_self", self.partner, self.partner)
        self._assert_refused("merge_kind", self.partner, self.facility)
        self._assert_refused("merge_kind", self.env.user, self.env.user.copy())
        gone = self.third.copy()
        gone.unlink()
        self._assert_refused("merge_gone", self.partner, gone)
        self.merges._merge(self.partner, self.prior)
        caught = self._assert_refused("merge_reversed", self.prior, self.partner)
        self.assertTrue(caught.parks)
        caught = self._assert_refused("merged_elsewhere", self.third, self.prior)
        self.assertTrue(caught.parks)
        self.merges._merge(self.third, self.partner)
        self._assert_refused("merge_reversed", self.prior, self.third)

    def test_a_merged_record_gets_no_identifiers(self):
        self.merges._merge(self.partner, self.prior)
        npi = [self._wire(self.npi, "1234567893")]
        created = self.identifiers._link(self.prior, npi, self._message())
        self.assertEqual(created.partner_id, self.partner)
        with (
            self.assertRaisesRegex(Exception, "has been merged"),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self._create_identifier(self._create_namespace(), "9", self.prior)

    def test_an_alias_cannot_be_given_to_another_record(self):
        self.merges._merge(self.partner, self.prior)
        with self.assertRaises(PossibleDuplicate):
            self.identifiers._link(
                self.third, [self._wire(self.mrn, "2")], self._message()
            )

    def test_audited(self):
        merge = self.merges._merge(self.partner, self.prior, reason="Same person")
        merge._unmerge("Not the same")
        events = self.env["interop.audit.event"].search(
            [("res_model", "=", merge._name), ("res_id", "=", merge.id)], order="id"
        )
        self.assertEqual(events.mapped("action"), ["merged", "unmerged"])
        self.assertEqual(events.mapped("detail"), ["Same person", "Not the same"])
        self.assertNotIn("Careful", "".join(events.mapped("res_name")))


@tagged("post_install", "-at_install")
class TestUnmerge(MergeCase):
    def test_byte_for_byte(self):
        before = self._rows()
        merge = self.merges._merge(self.partner, self.prior)
        self.assertNotEqual(self._rows(), before)
        merge._unmerge("Two brothers")
        self.assertEqual(self._rows(), before)
        self.assertEqual(self._find(self.mrn, "2"), self.prior)
        self.assertEqual(self.merges._survivor(self.prior), self.prior)
        self.assertEqual((merge.state, merge.undone_by_id), ("undone", self.env.user))
        self.assertFalse(merge.restore_report)
        merge._unmerge("Again")
        self.assertEqual(merge.undone_reason, "Two brothers")

    def test_in_any_order(self):
        before = self._rows()
        for first in (0, 1):
            one = self.merges._merge(self.partner, self.prior)
            two = self.merges._merge(self.third, self.partner)
            pair = [one, two] if first else [two, one]
            pair[0]._unmerge("First")
            expected = self.third if first else self.partner
            self.assertEqual(self.merges._survivor(self.partner), expected)
            own = self.prior if first else self.partner
            self.assertEqual(self.merges._survivor(self.prior), own)
            self.assertEqual(self._find(self.mrn, "2"), own)
            pair[1]._unmerge("Second")
            self.assertEqual(self._rows(), before)

    def test_later_changes_stay_and_are_reported(self):
        merge = self.merges._merge(self.partner, self.prior)
        self.alias._set_entered_in_error()
        later = self._create_identifier(self.npi, "1234567893")
        merge._unmerge("Two brothers")
        self.assertEqual(self.alias.state, "entered_in_error")
        self.assertEqual(self.alias.partner_id, self.prior)
        self.assertIn(f"interop.identifier {self.alias.id}", merge.restore_report)
        self.assertIn("state", merge.restore_report)
        self.assertEqual(later.partner_id, self.partner)

    def test_a_former_number_reactivated_meanwhile_becomes_an_alias(self):
        former = self.alias
        former._set_retired()
        present = self._create_identifier(self.mrn, "3", self.prior)
        merge = self.merges._merge(self.partner, self.prior)
        self.kept._set_retired()
        former._set_active()
        merge._unmerge("Two brothers")
        self.assertEqual((former.partner_id, former.state), (self.prior, "merged"))
        self.assertEqual((present.partner_id, present.state), (self.prior, "active"))
        self.assertIn(f"{former.id} is now an alias", merge.restore_report)
        for value in ("2", "3"):
            self.assertEqual(self._find(self.mrn, value), self.prior)

    def test_merging_again_after_undoing(self):
        self.merges._merge(self.partner, self.prior)._unmerge("No")
        merge = self.merges._merge(self.prior, self.partner)  # in the other direction
        self.assertEqual(self._find(self.mrn, "1"), self.prior)
        self.assertEqual(merge.state, "merged")

    def test_other_addons_rows_are_put_back_too(self):
        category = self.env["res.partner.category"].create({"name": "Before"})
        merge = self.merges._merge(self.partner, self.prior)
        merge.sudo()._write_recorded(category, {"name": "After", "active": False})
        merge._unmerge("No")
        self.assertEqual((category.name, category.active), ("Before", True))
        merge = self.merges._merge(self.partner, self.prior)
        merge.sudo()._write_recorded(category, {"active": False})
        category.unlink()
        merge._unmerge("No")
        self.assertIn("was removed after the merge", merge.restore_report)

    def test_a_reason_is_needed(self):
        merge = self.merges._merge(self.partner, self.prior)
        with self.assertRaises(UserError):
            merge._unmerge("  ")

    def test_a_merge_with_a_deleted_prior_cannot_be_undone(self):
        merge = self.merges._merge(self.partner, self.prior)
        self.prior.unlink()
        self.assertEqual(self.merges._survivor(self.prior), self.partner)
        with self.assertRaisesRegex(UserError, "was deleted"):
            merge._unmerge("No")
        self.assertEqual(merge.state, "merged")

    def test_a_steward_undoes_by_button(self):
        merge = self.merges._merge(self.partner, self.prior)
        steward = self._create_user("steward")
        action = merge.with_user(steward).action_unmerge()
        wizard = (
            self.env[action["res_model"]]
            .with_user(steward)
            .with_context(**action["context"])
            .create({"reason": "Two brothers"})
        )
        wizard.action_unmerge()
        self.assertEqual((merge.state, merge.undone_by_id), ("undone", steward))

    def test_states_move_by_transition_only(self):
        merge = self.merges._merge(self.partner, self.prior)
        with self.assertRaises(AccessError):
            merge.state = "undone"
        with self.assertRaises(UserError):
            merge.unlink()


@tagged("post_install", "-at_install")
class TestMergeAccess(MergeCase):
    def test_groups(self):
        rights = {None: "", "user": "", "operator": "r", "steward": "r", "auditor": "r"}
        operations = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
        for group, allowed in rights.items():
            user = self._create_user(*([group] if group else []))
            for model in ("interop.identifier.merge", "interop.identifier.merge.line"):
                for letter, operation in operations.items():
                    with self.subTest(group=group, model=model, operation=operation):
                        self.assertEqual(
                            self.env[model].with_user(user).has_access(operation),
                            letter in allowed,
                        )
            wizard = self.env["interop.identifier.unmerge.wizard"].with_user(user)
            self.assertEqual(wizard.has_access("create"), group == "steward")
            anchors = self.env["interop.identifier.anchor"].with_user(user)
            self.assertFalse(anchors.has_access("read"))

    def test_promise_9_facilities_stay_apart(self):
        theirs = self._create_namespace(company_id=self.other_facility.id)
        self._create_identifier(theirs, "3", self.prior)
        mine = self.merges.with_company(self.facility)._merge(self.partner, self.prior)
        only = self.merges.with_company(self.facility)._merge(
            self.third, self.third.copy()
        )
        self.assertEqual(mine.company_ids, self.facility | self.other_facility)
        self.assertEqual(only.company_ids, self.facility)
        steward = self._create_user("steward", companies=self.other_facility)
        seen = self.merges.with_user(steward).search([("id", "in", (mine | only).ids)])
        self.assertEqual(seen, mine.with_user(steward))
        moved = seen.line_ids.identifier_id
        self.assertNotIn(self.alias, moved)
        self.assertIn(theirs, moved.namespace_id)
        wizard = self.env["interop.identifier.unmerge.wizard"].with_user(steward)
        with self.assertRaises(AccessError):
            wizard.create({"merge_id": only.id, "reason": "Mine now"}).action_unmerge()
        with self.assertRaises(AccessError):
            seen.line_ids.read(["before"])
