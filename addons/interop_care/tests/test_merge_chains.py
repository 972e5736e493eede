"""Chains of ``person.merged``: only people whom a message named together are merged."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from odoo.addons.interop_base.exceptions import ConflictError, PossibleDuplicate

from .person_common import PersonCase

PEOPLE = 5
# The person that is named, and by which number: the facility's own one, or the national
# one.
named = st.tuples(st.integers(0, PEOPLE - 1), st.booleans())
merges = st.lists(
    st.tuples(named, st.lists(named, min_size=1, max_size=2)), min_size=2, max_size=7
)


@tagged("post_install", "-at_install")
class TestMergeChains(PersonCase):
    def setUp(self):
        super().setUp()
        self._send(self._person(self._wire(self.mrn, "teller")))
        self.message = self._last()

    def _people(self):
        """Create people; some also have a national number."""
        number = self._next()
        people = self.env["res.partner"].create(
            [
                {"name": f"Person {at}", "interop_is_person": True}
                for at in range(PEOPLE)
            ]
        )
        rows = [
            (namespace, f"{code}-{number}-{at}", person)
            for at, person in enumerate(people)
            for namespace, code in ((self.mrn, "M"), (self.national, "N"))
            if namespace == self.mrn or at % 2 == 0
        ]
        for person in people:
            person._interop_join(self.facility)
            extra = person._interop_known_at() - self.facility
            if extra:
                person._interop_leave(extra)
        self.env["interop.identifier"].create(
            [
                {
                    "namespace_id": namespace.id,
                    "value": value,
                    "res_model": "res.partner",
                    "res_id": person.id,
                }
                for namespace, value, person in rows
            ]
        )
        wires = {}
        for namespace, value, person in rows:
            wires.setdefault(person.id, []).append(self._wire(namespace, value))
        return people, wires

    def _tell(self, survivor, priors):
        """Apply one message; return whether it was applied, or waits for a steward."""
        handler = (
            self.message.contract_id.env["interop.handler.person.merged"]
            .with_user(self.message._service_user())
            .with_context(allowed_company_ids=self.facility.ids)
            .with_company(self.facility)
        )
        message_sudo = self.message.with_env(handler.env).sudo()
        data = {
            "survivor": {"identifiers": [survivor]},
            "prior": [{"identifiers": [wire]} for wire in priors],
        }
        try:
            with self.env.cr.savepoint():
                handler._apply(message_sudo, data)
                self.env.flush_all()
        except (PossibleDuplicate, ConflictError):
            return False
        finally:
            self.env.invalidate_all()
        return True

    def _groups(self, people, wires):
        """Return the current groups of merged people, and check that each number
        agrees."""
        found = {}
        for person in people:
            roots = {self._who(wire).id for wire in wires[person.id]}
            self.assertEqual(len(roots), 1, "all numbers of one person find one record")
            found[person.id] = roots.pop()
        return found

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(told=merges)
    def test_case_31_only_named_records_are_merged(self, told):
        people, wires = self._people()
        into, edges = {}, []
        for (at, national), rest in told:
            survivor = people[at]
            priors = [people[other] for other, _national in rest]
            if survivor in priors or len(set(priors)) < len(priors):
                continue
            chosen = [wires[survivor.id][-1 if national else 0]] + [
                wires[people[other].id][-1 if flag else 0] for other, flag in rest
            ]
            before = self._groups(people, wires)
            done = self._tell(chosen[0], chosen[1:])
            after = self._groups(people, wires)
            if not done:
                self.assertEqual(after, before, "a question changes nothing")
                continue
            roots = dict(before)
            for prior in priors:  # one after the other, as the message names them
                self.assertEqual(after[prior.id], after[survivor.id])
                edges.append((survivor.id, prior.id))
                if roots[prior.id] != roots[survivor.id]:
                    self.assertNotIn(prior.id, into, "it was merged elsewhere before")
                into.setdefault(prior.id, survivor.id)
                moved, kept = roots[prior.id], roots[survivor.id]
                roots = {
                    one: kept if root == moved else root for one, root in roots.items()
                }
        self.assertEqual(
            self._partition(self._groups(people, wires).items()),
            self._partition([*edges, *((one, one) for one in people.ids)]),
        )

    def _partition(self, pairs):
        """Return the connected groups of these pairs of ids as a set of sets."""
        groups = []
        for pair in pairs:
            joined = [group for group in groups if group & set(pair)]
            groups = [group for group in groups if group not in joined]
            groups.append(set(pair).union(*joined))
        return {frozenset(group) for group in groups}
