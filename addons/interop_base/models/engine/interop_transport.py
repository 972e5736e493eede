"""Base of the transports of outbound messages. Each transport is a separate addon."""

from odoo import models

from ...exceptions import ConfigurationError


class InteropTransport(models.AbstractModel):
    """Base of ``interop.transport.<transport of the interface>``."""

    _name = "interop.transport"
    _description = "Message Transport"
    # Whether it delivers to endpoints, with their rate limit, order and circuit.
    _uses_endpoint = False

    def _missing_for_delivery(self, endpoint):
        """Return the missing settings of ``endpoint`` before its interfaces can be
        activated, one text each.

        Called when an interface is activated, and to show its missing settings. An
        override adds texts (a secret, an address). It must not resolve names or open
        connections, because it runs within a transaction.
        """
        return []

    def _prepare(self, claims):
        """Hook: read all values for sending, in one short transaction.

        Called after the claims were committed. An override must not call the network, and
        must not return results for other claims. An exception is recorded as a failed
        attempt.

        :param claims: list of ``engine_types.Claim``
        :returns: ``(deliveries, results)``: plain objects for ``_exchange`` in the order of
            their claims, and results of the claims that cannot be sent
        """
        raise ConfigurationError(self.env._("%s cannot send.", self._name))

    def _exchange(self, deliveries, deadline):
        """Hook: send, with no cursor open, and yield one ``engine_types.Result`` per
        delivery.

        Called in a separate thread. An override must not use ``self.env`` beyond its
        model, must redact texts in results, and yields each result as soon as it is
        known. A delivery without a result is retried.

        :param deliveries: the deliveries that ``_prepare`` returned
        :param float deadline: ``time.monotonic()`` after which no delivery is started; the
            other deliveries get the result ``deferred``
        """
        raise ConfigurationError(self.env._("%s cannot send.", self._name))

    def _note_results(self, noted):
        """Hook: process results in the transaction that records them.

        Called after states and attempts were written, only with results of valid leases.
        The default updates the health of endpoints. It disables endpoints that answered
        410 and suspends endpoints with sustained failures. An override calls ``super()``.
        It must not move messages, call the network or commit.

        :param noted: list of ``(engine_types.Result, engine_types.Claim)``
        """
        # One recordset, so that Odoo reads all interfaces with one query.
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
