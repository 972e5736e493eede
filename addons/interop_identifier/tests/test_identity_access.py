"""Access to identity, every model × every group × every operation, and separate
facilities (promise 9)."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.interop_base.tests.fakes import EngineCase
from odoo.addons.interop_base.tests.matrix import GROUPS, OPERATIONS, MatrixMixin

from ..tools import question
from .case_common import CaseMixin

# r read, w write, c create, u unlink; a group that is not named: nothing at all.
_SEEN = {"user": "r", "operator": "r", "steward": "r", "auditor": "r"}
_DECIDED = {"operator": "r", "admin": "r", "steward": "r", "auditor": "r"}
ACCESS = {
    "interop.namespace": {**_SEEN, "admin": "rwcu"},
    "interop.namespace.alias": {**_SEEN, "admin": "rwcu"},
    "interop.identifier": {**_SEEN, "admin": "rwc", "steward": "rwc"},
    "interop.identifier.anchor": {},
    "interop.identifier.model": {**_SEEN, "admin": "rwcu"},
    "interop.identifier.merge": _DECIDED,
    "interop.identifier.merge.line": _DECIDED,
    "interop.identifier.state.wizard": {"steward": "rwcu", "admin": "rwcu"},
    "interop.identifier.unmerge.wizard": {"steward": "rwcu"},
    "interop.identity.case": {**_DECIDED, "steward": "rw"},
    "interop.identity.decision": {"steward": "rwc"},
}


@tagged("post_install", "-at_install")
class TestIdentityAccess(MatrixMixin, CaseMixin, EngineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_cases()
        cls.users = {group: cls._create_user(group) for group in GROUPS}

    def test_the_table_names_every_model(self):
        self.assertEqual(self._models_of("interop_identifier"), set(ACCESS))

    def test_every_model_group_and_operation(self):
        differences = self._differences(ACCESS)
        self.assertFalse(differences, "model, group, found, expected")

    def _records(self, facility):
        """Return one record of every model that belongs to ``facility``."""
        namespace = self._namespace(
            "Local", f"urn:local:{self._next()}", company_id=facility.id
        )
        alias = self.env["interop.namespace.alias"].create(
            {"namespace_id": namespace.id, "name": f"alias-{self._next()}"}
        )
        first, second = self.env["res.partner"].create(
            [{"name": "One"}, {"name": "Two"}]
        )
        identifier = self._identify(first, namespace, "1")
        self._identify(second, namespace, "2")
        asked = question.same(
            facility.id, ("res.partner", first.id), ("res.partner", second.id)
        )
        case = self.cases._open(asked, company=facility)
        merges = self.env["interop.identifier.merge"].with_company(facility)
        merge = merges._merge(first, second)
        self.assertTrue(merge.line_ids)
        records = [namespace, alias, identifier, case, merge, merge.line_ids[0]]
        return [record.with_env(self.env) for record in records]

    def test_promise_9_facilities_stay_apart(self):
        mine = self._records(self.facility)
        theirs = self._records(self.other_facility)
        for group, user in self.users.items():
            for own, foreign in zip(mine, theirs, strict=True):
                rights = ACCESS[own._name].get(group, "")
                with self.subTest(group=group, model=own._name):
                    self._assert_apart(own, foreign, user, rights)

    def _assert_apart(self, own, foreign, user, rights):
        model = self.env[own._name].with_user(user)
        if "r" in rights:
            found = model.search([("id", "in", [own.id, foreign.id])])
            self.assertEqual(found.ids, own.ids)
        for operation, letter in OPERATIONS.items():
            if operation == "create":
                continue
            self.assertEqual(
                own.with_user(user).has_access(operation), letter in rights, operation
            )
            self.assertFalse(foreign.with_user(user).has_access(operation), operation)

    def test_no_button_decides_for_another_facility(self):
        *_rest, case, _merge, _line = self._records(self.other_facility)
        steward = self.users["steward"]
        buttons = [name for name in dir(case) if name.startswith("action_")]
        own = [
            name
            for name in buttons
            if not name.startswith(("action_view", "action_arch", "action_unarch"))
        ]
        self.assertIn("action_different", own)
        for name in own:
            with self.subTest(button=name), self._refused(AccessError):
                getattr(case.with_user(steward), name)()
        wizards = self.env["interop.identity.decision"].with_user(steward)
        with self._refused(AccessError):
            wizards.create({"case_id": case.id, "decision": "retried"}).action_decide()
