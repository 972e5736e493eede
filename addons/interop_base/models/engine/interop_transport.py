"""How outbound messages travel. Each transport is an addon of its own."""

from odoo import models

from ...exceptions import ConfigurationError


class InteropTransport(models.AbstractModel):
    """Base of ``interop.transport.<transport of the interface>``."""

    _name = "interop.transport"
    _description = "Message Transport"
    # Whether it delivers to endpoints: their rate, order and circuit hold then.
    _uses_endpoint = False

    def _missing_for_delivery(self, endpoint):
        """Return what is missing before an interface that delivers to ``endpoint`` can be
        activated, one text each.

        Called when such an interface is activated, and to show what it still needs. An
        override adds its own texts (a secret, an address). It must not look up names or
        connect: this runs within a transaction.
        """
        return []

    def _prepare(self, claims):
        """Hook: read everything that sending needs, in one short transaction.

        Called after the claims were committed. An override must not call the network, and
        must not answer for claims of others. What it raises is recorded as a failed try.

        :param claims: list of ``engine_types.Claim``
        :returns: ``(deliveries, results)``: plain objects for ``_exchange``, and results of
            the claims that cannot be sent
        """
        raise ConfigurationError(self.env._("%s cannot send.", self._name))

    def _exchange(self, deliveries, deadline):
        """Hook: send, with no cursor open, and yield one ``engine_types.Result`` per
        delivery.

        Called in a thread of its own. An override must not touch ``self.env`` beyond its
        model, must redact what it puts into results, and yields each result as soon as it
        is known: a delivery without one is tried again.

        :param deliveries: what ``_prepare`` answered
        :param float deadline: ``time.monotonic()`` after which nothing new is started; what
            was not started is answered as ``deferred``
        """
        raise ConfigurationError(self.env._("%s cannot send.", self._name))

    def _note_results(self, noted):
        """Hook: learn from results in the transaction that records them.

        Called after states and tries were written, with those results only whose lease
        was still the worker's own. The endpoints learn how they are (rate, circuit,
        health), and those that are gone or keep failing stop. An override calls
        ``super()`` and may note more; it must not move messages, call the network or
        commit.

        :param noted: list of ``(engine_types.Result, engine_types.Claim)``
        """
        # Of one recordset: what is read of one of them is read of all at once.
        found = self.env["interop.interface"].browse(
            {claim.interface_id for _result, claim in noted}
        )
        endpoints = {interface.id: interface.endpoint_id for interface in found}
        known = []
        for result, claim in noted:
            endpoint = endpoints[claim.interface_id]
            if endpoint:
                known.append((endpoint, result, claim.lane == endpoint._test_lane()))
        self.env["interop.endpoint.health"]._learn(known)
