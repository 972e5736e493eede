"""How outbound messages travel. Each transport is an addon of its own."""

from odoo import models

from ...exceptions import ConfigurationError


class InteropTransport(models.AbstractModel):
    """Base of ``interop.transport.<transport of the interface>``."""

    _name = "interop.transport"
    _description = "Message Transport"

    def _prepare(self, claims):
        """Read everything that sending needs, in one short transaction.

        :param claims: list of ``engine_types.Claim``
        :returns: ``(deliveries, results)``: plain objects for ``_exchange``, and results of
            the claims that cannot be sent
        """
        raise ConfigurationError(self.env._("%s cannot send.", self._name))

    def _exchange(self, deliveries, deadline):
        """Send, with no cursor open, and yield one ``engine_types.Result`` per delivery.

        :param deliveries: what ``_prepare`` answered
        :param float deadline: ``time.monotonic()`` after which nothing new is started; what
            was not started is answered as ``deferred``
        """
        raise ConfigurationError(self.env._("%s cannot send.", self._name))

    def _note_results(self, noted):
        """Learn from results in the transaction that records them: health, circuits, ….

        :param noted: list of ``(engine_types.Result, engine_types.Claim)``
        """
