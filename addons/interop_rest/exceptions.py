"""The exceptions of the inbound REST addon."""

from odoo.addons.interop_base.exceptions import Refused

from .tools import lifecycle, problems


class Problem(Refused):
    """A refusal that is answered as problem+json after a rollback of the request.

    ``code`` is a key of ``tools.problems.KINDS``, which has the HTTP status and the texts.
    ``headers`` are added to the answer.
    """

    def __init__(self, code, *, headers=None, **facts):
        super().__init__(code, **facts)
        self.headers = {**self._fact_headers(), **(headers or {})}

    @classmethod
    def of(cls, refused):
        """Return a refusal of ``interop_base`` as a ``Problem``."""
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

    def _fact_headers(self):
        """Return the headers that follow from the facts of the refusal."""
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
