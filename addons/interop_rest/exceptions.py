"""The refusals of the inbound layer."""

from odoo.addons.interop_base.exceptions import Refused

from .tools import lifecycle, problems


class Problem(Refused):
    """A refusal that becomes problem+json. Whatever the request did is rolled back.

    ``code`` is in ``tools.problems.KINDS``, the one table from refusals to answers;
    ``headers`` are added to the answer.
    """

    def __init__(self, code, *, headers=None, **told):
        super().__init__(code, **told)
        self.headers = {**self._told_headers(), **(headers or {})}

    @classmethod
    def of(cls, refused):
        """Return the problem of a refusal of the ground."""
        if isinstance(refused, cls):
            return refused
        return cls(
            refused.code,
            reason=refused.reason,
            detail=refused.detail,
            errors=refused.errors,
            client=refused.client,
            **refused.facts,
        )

    def _told_headers(self):
        """Return the headers that say what the facts of the refusal say."""
        found = {}
        if "retry_after" in self.facts:
            found["Retry-After"] = str(self.facts["retry_after"])
        if "contract" in self.facts:
            found.update(self.facts["contract"]._lifecycle_headers())
        if self.code == "contract_retired":
            found["Link"] = lifecycle.DESCRIPTION
        return found

    @property
    def status(self):
        """The HTTP status."""
        return problems.KINDS[self.code].status
