"""Handlers turn a contract into Odoo work and back."""

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...exceptions import ConfigurationError, HandledError, TechnicalError
from ...tools import order_key
from ...tools import text as text_tools
from ...tools.schema import Violation


class InteropHandler(models.AbstractModel):
    """Base of ``interop.handler.<message type>``. Override what the contract needs."""

    _name = "interop.handler"
    _description = "Message Handler"

    # Whether no two records of one facility have the same business key at a time, such
    # as the number of an invoice. A name does not.
    _business_key_names_record = False
    # Whether every text of the content is one line: names, codes, lines of addresses.
    _one_line = False
    # Members below which text stays as it was sent: identifiers have their own rules.
    _verbatim = frozenset()

    # === OUTBOUND === #

    def _build(self, record):
        """Return the member ``data`` for one record: JSON types, money as decimal text.

        :raises HandledError: with text that is safe to store
        """
        raise ConfigurationError(
            self.env._("%s does not build outbound messages.", self._name)
        )

    def _build_one(self, record, build, careful=True):
        """Return what ``build(record)`` returns, or the ``HandledError`` that keeps it from
        being built.

        :param bool careful: in a savepoint, so that anything that goes wrong is told
        """
        try:
            if not careful:
                return build(record)
            with self.env.cr.savepoint(flush=False):
                return build(record)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except HandledError as error:
            return error
        except Exception as error:
            if not careful:
                raise
            # Only the type: the text of a foreign exception may contain content.
            return TechnicalError(
                self.env._("Building the message failed (%s).", type(error).__name__),
                code="build_failed",
            )

    def _interface_builder(self, contract, interfaces, records, careful):
        """Return ``snapshot(record, wanting) -> dict`` for the ``records`` of one batch.

        Called once per batch before the business transaction commits, in the facility of
        the records; ``snapshot`` is called for each record that ``wanting``, some of the
        ``interfaces``, want. The default makes one content for all interfaces
        (``_snapshot_builder``). An override for content that differs returns as ``data``
        ``{"by_interface": {id as text: {"data": ...} or {"error": [class, code, text]}}}``,
        so that what one interface lacks keeps nothing from the others. It must not raise
        for a single record, only ``snapshot`` may (``HandledError``).

        :param contract: ``interop.contract``
        :param interfaces: list of ``interop.interface`` that capture the contract
        :param records: recordset
        :param bool careful: to be passed on to ``_build_one``
        """
        snapshot = self._snapshot_builder(records)
        return lambda record, wanting: snapshot(record)

    def _snapshot_builder(self, records, build=None, subject=None):
        """Return ``snapshot(record) -> dict`` for the ``records`` of one batch.

        Override it to look up once for all of them what ``_build`` and ``_subject``
        would look up for each.

        :param build: function of one record, default ``_build``
        :param subject: function of one record, default ``_subject``
        """
        build = build or self._build
        subject = subject or self._subject

        def snapshot(record):
            return {
                "data": build(record),
                "subject": subject(record),
                "ordering_key": self._ordering_key(record),
                "business_key": self._business_key(record) or "",
            }

        return snapshot

    def _subject(self, record):
        """Return the identifiers of the record that the message is about."""
        return []

    def _ordering_key(self, record):
        """Return the key within which receivers see messages in order."""
        return f"{record._name},{record.id}"

    def _business_key(self, record):
        """Return what users search for, such as the invoice number."""
        return record.display_name

    def _replaced_types(self, contract):
        """Return the message types whose older messages a newer one makes obsolete.

        Called before a message is sent again: an older message of one of these types
        about the same record would overwrite what the newer one said. The default is
        right for contracts that tell how a record is now. Override it for contracts
        that tell facts of their own (return nothing), and for types that undo others.

        :param contract: ``interop.contract`` of the newer message
        :returns: collection of message types
        """
        return (contract.message_type,)

    def _company(self, record):
        """Return the facility that the record belongs to."""
        company = "company_id" in record._fields and record.company_id
        return company or self.env.company

    def _companies(self, record):
        """Return the facilities whose interfaces learn of it, usually just one."""
        return self._company(record)

    # === INBOUND === #

    def _replaced_inbound_types(self, contract):
        """Return the inbound types whose older messages a newer one makes obsolete.

        Nothing by default: handlers compare each value with what the sender said last, so
        that an older message does no harm.

        :param contract: ``interop.contract`` of the newer message
        :returns: collection of message types
        """
        return ()

    def _clean(self, data):
        """Return the member ``data`` as it is applied: text in NFC, and where the handler
        has texts of one line, without line ends and invisible edges."""
        return text_tools.cleaned(data, not self._one_line, self._verbatim)

    def _content_violations(self, data, cleaned):
        """Return what the contract cannot say and nobody could keep or send again.

        Called before a message is accepted, and again when it is applied. Handlers add
        what their fields and their outbound contracts do not take.

        :param dict data: the member ``data`` as sent, valid against the contract
        :param dict cleaned: the same, see :meth:`_clean`
        :returns: list of ``tools.schema.Violation``; pointers start below ``data``
        """
        words = self.env._(
            "A text contains control characters, which cannot be stored. Remove them."
        )
        return [
            Violation(pointer, "text", words)
            for pointer in text_tools.control_pointers(data)
        ]

    def _apply(self, message, data):
        """Do the Odoo work of one inbound message and return the record it concerns.

        Runs as the client's service user in the message's facility, inside a savepoint.

        :param message: ``interop.message``
        :param dict data: the member ``data``, already valid against the contract
        :raises HandledError: nothing is applied; ``parks`` decides between parked and
            dead
        """
        raise ConfigurationError(
            self.env._("%s does not apply inbound messages.", self._name)
        )

    def _inbound_keys(self, envelope):
        """Return ``(business key, ordering key)`` of an inbound envelope."""
        value, key = order_key.of_first(envelope.subject)
        return value, envelope.ordering_key or key
