"""Handlers build the messages of a contract and apply them."""

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...exceptions import ConfigurationError, HandledError, TechnicalError
from ...tools import order_key
from ...tools import text as text_tools
from ...tools.schema import Violation


class InteropHandler(models.AbstractModel):
    """Base of ``interop.handler.<message type>``. Override the hooks of the contract."""

    _name = "interop.handler"
    _description = "Message Handler"

    # Whether the business key is unique per facility. The number of an invoice is unique,
    # a name is not.
    _business_key_names_record = False
    # Whether every text of the content is one line: names, codes, lines of addresses.
    _one_line = False
    # Members with text that stays as sent, because identifiers have other rules.
    _verbatim = frozenset()

    # === OUTBOUND === #

    def _build(self, record):
        """Return the member ``data`` for one record: JSON types, money as decimal text.

        :raises HandledError: with a text without content, because it is stored
        """
        raise ConfigurationError(
            self.env._(
                "Handler %s does not build outbound messages. Choose another contract for "
                "the interface.",
                self._name,
            )
        )

    def _build_one(self, record, build, careful=True):
        """Return the result of ``build(record)``, or the ``HandledError`` that it raised.

        :param bool careful: use a savepoint and return all errors as ``HandledError``
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
            # Only the type, because the text of other exceptions may contain content.
            return TechnicalError(
                self.env._(
                    "The message could not be built (%s). Look for the cause in the "
                    "server log, then build it again.",
                    type(error).__name__,
                ),
                code="build_failed",
            )

    def _interface_builder(self, contract, interfaces, records, careful):
        """Return ``snapshot(record, wanting) -> dict`` for the ``records`` of one batch.

        Called once per batch before the business transaction commits, in the facility of
        the records. ``snapshot`` is called for each record and ``wanting``, the
        ``interfaces`` that get this record. The default makes one content for all
        interfaces (``_snapshot_builder``). An override with different contents returns as
        ``data``
        ``{"by_interface": {id as text: {"data": ...} or {"error": [class, code, text]}}}``,
        so that an error of one interface does not affect the others. Only ``snapshot``
        may raise an error for a single record (``HandledError``).

        :param contract: ``interop.contract``
        :param interfaces: list of ``interop.interface`` that capture the contract
        :param records: recordset
        :param bool careful: passed to ``_build_one``
        """
        snapshot = self._snapshot_builder(records)
        return lambda record, wanting: snapshot(record)

    def _snapshot_builder(self, records, build=None, subject=None):
        """Return ``snapshot(record) -> dict`` for the ``records`` of one batch.

        Override it to look up values once per batch instead of once per record in
        ``_build`` and ``_subject``.

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
        """Return the identifiers of ``record``, for the member ``subject``."""
        return []

    def _ordering_key(self, record):
        """Return the ordering key: messages with the same key are sent in order."""
        return f"{record._name},{record.id}"

    def _business_key(self, record):
        """Return the business key that users search for, such as an invoice number."""
        return record.display_name

    def _replaced_types(self, contract):
        """Return the message types whose older messages a newer one makes obsolete.

        Called before a message is sent again, because an older message of these types
        about the same record would overwrite newer values. The default suits contracts
        with the current state of a record. Override it for contracts with independent
        facts (return nothing), and for types that undo other types.

        :param contract: ``interop.contract`` of the newer message
        :returns: collection of message types
        """
        return (contract.message_type,)

    def _company(self, record):
        """Return the facility that the record belongs to."""
        company = "company_id" in record._fields and record.company_id
        return company or self.env.company

    def _companies(self, record):
        """Return the facilities whose interfaces get the message, usually one."""
        return self._company(record)

    # === INBOUND === #

    def _replaced_inbound_types(self, contract):
        """Return the inbound types whose older messages a newer one makes obsolete.

        The default is empty, because handlers compare each value with the last statement
        of the sender. An older message therefore changes nothing.

        :param contract: ``interop.contract`` of the newer message
        :returns: collection of message types
        """
        return ()

    def _clean(self, data):
        """Return the member ``data`` as it is applied, with text in NFC.

        A handler with ``_one_line`` also removes line ends and invisible characters at
        the start and the end of each text.
        """
        return text_tools.cleaned(data, not self._one_line, self._verbatim)

    def _content_violations(self, data, cleaned):
        """Return violations of rules that a contract cannot express.

        Called before a message is accepted, and again when it is applied. Handlers add
        values that their fields or their outbound contracts refuse.

        :param dict data: the member ``data`` as sent, valid against the contract
        :param dict cleaned: the result of :meth:`_clean`
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
        """Apply one inbound message and return its record.

        Runs as the client's service user in the message's facility, inside a savepoint.

        :param message: ``interop.message``
        :param dict data: the member ``data``, already valid against the contract
        :raises HandledError: nothing is applied; with ``parks`` the message becomes
            parked, otherwise dead
        """
        raise ConfigurationError(
            self.env._(
                "Handler %s does not apply inbound messages. Choose another contract for "
                "the interface.",
                self._name,
            )
        )

    def _inbound_keys(self, envelope):
        """Return ``(business key, ordering key)`` of an inbound envelope."""
        value, key = order_key.of_first(envelope.subject)
        return value, envelope.ordering_key or key
