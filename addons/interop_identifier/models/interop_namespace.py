"""Assigning authorities of identifiers and the spelling rules of their numbers."""

import re
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import OwnershipError, UnknownIdentifier

from .. import const
from ..tools import checkdigit, placeholder, question
from ..tools.normalization import Rule, normalize, written_forms
from .respelling import Respelling

# A change of one of these fields would make equal stored values different.
SPELLING_FIELDS = {
    "case_rule",
    "separator_rule",
    "drop_leading_zeros",
    "ignored_pattern",
}

# Fields that decide whether a stored value passes its check. The standard also decides
# how values are compared.
CHECK_FIELDS = {"validator", "validator_pattern", "validator_standard", "validation"}

PLACEHOLDER_FIELDS = {"placeholder_policy", "placeholder_words", "placeholder_pattern"}

# Fields that the cache of look-ups contains.
CACHED_FIELDS = (
    SPELLING_FIELDS
    | CHECK_FIELDS
    | PLACEHOLDER_FIELDS
    | {"uri", "active", "system_id", "company_id"}
)


class InteropNamespace(models.Model):
    """An assigning authority in the sense of FHIR ``Identifier.system`` and HL7 v2
    CX.4."""

    _name = "interop.namespace"
    _description = "Identifier Namespace"
    _inherit = ["interop.code.mixin", "mail.thread"]
    _order = "name, id"
    _rec_names_search = ["name", "code", "uri"]

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    uri = fields.Char(
        "URI or OID",
        required=True,
        index=True,
        tracking=True,
        help="Globally unique name in messages, such as "
        "http://hl7.org/fhir/sid/us-npi or urn:oid:2.16.840.1.113883.4.6.",
    )
    alias_ids = fields.One2many(
        "interop.namespace.alias",
        "namespace_id",
        "Aliases",
        copy=False,
        help="Other names of this authority, mostly the short names of HL7 v2. "
        "Leave empty if senders use only the URI.",
    )
    type_code = fields.Selection(
        const.IDENTIFIER_TYPES,
        "Type",
        required=True,
        default="U",
        tracking=True,
        help="HL7 v2 table 0203. Outbound messages contain it with the "
        "identifier. Leave empty to send no type.",
    )
    company_id = fields.Many2one(
        "res.company",
        "Facility",
        tracking=True,
        index=True,
        help="The facility that assigns these numbers. Leave empty for numbers "
        "of all facilities, such as national numbers.",
    )
    system_id = fields.Many2one(
        "interop.system",
        "Source System",
        tracking=True,
        ondelete="restrict",
        help="Only messages of this system may add or change identifiers here. "
        "Leave empty to allow every system.",
    )
    case_rule = fields.Selection(
        const.CASE_RULES, "Letter Case", required=True, default="keep", tracking=True
    )
    separator_rule = fields.Selection(
        const.SEPARATOR_RULES,
        "Separators",
        required=True,
        default="spaces",
        tracking=True,
    )
    drop_leading_zeros = fields.Boolean("Ignore Leading Zeros", tracking=True)
    ignored_pattern = fields.Char(
        "Ignored Text",
        tracking=True,
        help="Regular expression of text that is ignored when values are "
        "compared, such as ^MRN for a prefix that only some systems write. "
        "Leave empty to compare the whole value.",
    )
    validator = fields.Selection(
        const.VALIDATORS, required=True, default="none", tracking=True
    )
    validator_pattern = fields.Char(
        "Pattern",
        tracking=True,
        help="Regular expression that the whole value has to match.",
    )
    validator_standard = fields.Char(
        "Standard",
        tracking=True,
        help="Format of python-stdnum, for example gb.nhs or nl.bsn. Spellings "
        "that the standard treats as equal are one number: with or without "
        "separators, leading zeros, country prefix or century. The check "
        "uses the value as written.",
    )
    validation = fields.Selection(
        const.VALIDATION_LEVELS,
        required=True,
        default="warn",
        tracking=True,
        help="Effect of a value that fails the check. Off: the value is not "
        "checked. Warn: it is accepted and marked. Block: it is refused.",
    )
    one_active_per_record = fields.Boolean(
        "One per Record",
        default=True,
        tracking=True,
        help="A record has one active identifier of this namespace at a time. A "
        "new identifier retires the old one.",
    )
    placeholder_policy = fields.Selection(
        const.PLACEHOLDER_POLICIES,
        "Placeholders",
        default="refuse",
        tracking=True,
        help="Handling of a value that stands for a missing number, such as "
        "UNKNOWN or 000000000. A placeholder never identifies a record. "
        "Refuse: the message fails and its exception owner acts. Hold: the "
        "message waits for a steward. Accept: the value counts as a "
        "number, so two people with it become one record.",
    )
    placeholder_words = fields.Text(
        "Placeholder Values",
        default="\n".join(placeholder.WORDS),
        help="Values that stand for a missing number, one on each line. Spaces, "
        "punctuation, accents and letter case are ignored. A value without "
        "a letter or digit is always a placeholder. Remove a line if this "
        "authority really assigns that value.",
    )
    placeholder_pattern = fields.Char(
        default=placeholder.PATTERN,
        tracking=True,
        help="Regular expression for further placeholders. It has to match the "
        "whole value, reduced to lower case letters and digits. The "
        "default matches values of zeros only, and three or more x. Add "
        "|9{5,} if senders write nines. Leave empty to use only the list.",
    )
    reuse_policy = fields.Selection(
        const.REUSE_POLICIES,
        "Re-use of Values",
        required=True,
        default="retired",
        tracking=True,
        help="When a value of one record may be given to another record. Messages "
        "that do so always wait for a steward.",
    )
    reuse_days = fields.Integer(
        "Days",
        default=365,
        tracking=True,
        help="Number of days after the retirement in which no other record gets "
        "the value.",
    )
    person_adjacent = fields.Boolean(
        "Identifies a Person",
        tracking=True,
        help="Values are masked wherever only the name of an identifier is "
        "shown, for example in links, chatter and exports of other "
        "documents.",
    )
    identifier_count = fields.Integer(compute="_compute_identifier_count")

    _code_uniq = models.Constraint(
        "UNIQUE (code)",
        "A namespace with this code already exists. Enter another code.",
    )
    _uri_uniq = models.Constraint(
        "UNIQUE (uri)",
        "A namespace with this URI or OID already exists. Use that namespace.",
    )
    _reuse_days_positive = models.Constraint(
        "CHECK (reuse_policy <> 'days' OR reuse_days > 0)",
        "The number of days is missing. Enter after how many days a value "
        "may be used again.",
    )

    def _compute_identifier_count(self):
        groups = self.env["interop.identifier"]._read_group(
            [("namespace_id", "in", self.ids)], ["namespace_id"], ["__count"]
        )
        counts = {namespace.id: count for namespace, count in groups}
        for namespace in self:
            namespace.identifier_count = counts.get(namespace.id, 0)

    @api.constrains("uri")
    def _check_uri(self):
        for namespace in self:
            if re.search(r"\s", namespace.uri or " "):
                raise ValidationError(
                    self.env._(
                        "“%s”: a URI or OID cannot contain spaces. Remove them.",
                        namespace.name,
                    )
                )

    @api.constrains("ignored_pattern")
    def _check_ignored_pattern(self):
        for namespace in self.filtered("ignored_pattern"):
            namespace._check_pattern(namespace.ignored_pattern)

    @api.constrains("placeholder_pattern")
    def _check_placeholder_pattern(self):
        for namespace in self.filtered("placeholder_pattern"):
            namespace._check_pattern(namespace.placeholder_pattern)

    @api.constrains("validator", "validator_pattern", "validator_standard")
    def _check_validator(self):
        for namespace in self:
            if namespace.validator == "regex":
                namespace._check_pattern(namespace.validator_pattern)
            elif namespace.validator == "standard" and not checkdigit.has_standard(
                namespace.validator_standard
            ):
                raise ValidationError(
                    self.env._(
                        "“%(name)s”: python-stdnum has no format “%(standard)s”. "
                        "Enter one such as gb.nhs.",
                        name=namespace.name,
                        standard=namespace.validator_standard or "",
                    )
                )

    def _check_pattern(self, pattern):
        """Refuse a missing or invalid regular expression."""
        try:
            usable = bool(pattern) and re.compile(pattern)
        except re.error as exc:
            raise ValidationError(
                self.env._(
                    "“%(name)s”: the pattern is not a valid regular expression "
                    "(%(error)s). Correct it.",
                    name=self.name,
                    error=exc,
                )
            ) from exc
        if not usable:
            raise ValidationError(
                self.env._(
                    "“%s” has no pattern. Enter the regular expression of its values.",
                    self.name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Create namespaces and refresh the cache of look-ups."""
        namespaces = super().create(vals_list)
        self.env.registry.clear_cache()
        return namespaces

    def write(self, vals):
        """Refuse a change of spelling rules when values are stored.

        A change of the check is possible. Stored values are checked again and compared
        by the new standard. Numbers that become equal open cases.
        """
        changing = SPELLING_FIELDS & vals.keys()
        for namespace in self if changing else ():
            if any(namespace[name] != vals[name] for name in changing):
                namespace._check_unused()
        checked_anew = self.browse()
        for namespace in self if CHECK_FIELDS & vals.keys() else ():
            if any(
                namespace[name] != vals[name] for name in CHECK_FIELDS & vals.keys()
            ):
                checked_anew |= namespace
        checked_anew._check_few()
        result = super().write(vals)
        if CACHED_FIELDS & vals.keys():
            self.env.registry.clear_cache()
        if checked_anew:
            Respelling(self.env, checked_anew).run()
        self.flush_recordset(["reuse_policy", "reuse_days"])  # a trigger reads them
        if "reuse_policy" in vals:
            self._mark_once(vals["reuse_policy"] == "never")
        return result

    def _mark_once(self, once):
        """Mark the values that are never re-used, for a database index."""
        self.env["interop.identifier"].flush_model(["namespace_id", "once"])
        self.env.cr.execute(
            "UPDATE interop_identifier SET once = %(once)s WHERE namespace_id = "
            "ANY(%(ids)s) AND once IS DISTINCT FROM %(once)s",
            {"once": once, "ids": self.ids},
        )
        self.env["interop.identifier"].invalidate_model(["once"])

    def unlink(self):
        """Delete namespaces and refresh the cache of look-ups."""
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _check_unused(self):
        """Refuse a change of spelling rules while values are stored."""
        # sudo: identifiers of other facilities count as well
        if (
            self.env["interop.identifier"]
            .sudo()
            .search_count([("namespace_id", "=", self.id)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "The spelling rules of “%s” cannot be changed, because it "
                    "already has identifiers: numbers that differ today could "
                    "become equal. Create a new namespace instead.",
                    self.name,
                )
            )

    def _check_few(self):
        """Refuse a change of the check if it would have to read too many stored values."""
        # sudo: identifiers of other facilities count as well
        identifiers_sudo = self.env["interop.identifier"].sudo()
        for namespace in self:
            stored = identifiers_sudo.search_count(
                [("namespace_id", "=", namespace.id)], limit=const.MAX_RESPELLED + 1
            )
            if stored > const.MAX_RESPELLED:
                raise UserError(
                    self.env._(
                        "The check of “%(name)s” cannot be changed here, because "
                        "the namespace has more than %(limit)s identifiers. Create "
                        "a namespace with the new check for new numbers.",
                        name=namespace.name,
                        limit=const.MAX_RESPELLED,
                    )
                )

    # === LOOKING UP === #

    @api.model
    def _find(self, name, company, system=None):
        """Return the namespace that a message of ``system`` for ``company`` names
        ``name``.

        The URI or OID comes first, then the aliases of the system and of the facility
        (:meth:`_find_id`). Without a name the default of the system applies.

        :raises UnknownIdentifier: the name is unknown; the message waits for a steward
        :raises OwnershipError: the namespace belongs to another facility
        """
        namespace_id = self._named_id(name or "", company, system)
        if not namespace_id:
            raise UnknownIdentifier(
                self.env._(
                    "An identifier names an assigning authority that is not set up. "
                    "A steward has to assign a namespace."
                )
                if name
                else self.env._(
                    "An identifier names no assigning authority, and its system has "
                    "no default. A steward has to assign a namespace."
                ),
                code="unknown_namespace",
                question=question.authority(
                    company.id, system.id if system else 0, name or ""
                ),
            )
        facility_id = self._facts(namespace_id)[1]
        if (
            facility_id
            and facility_id != company.id
            and facility_id
            not in company.sudo().parent_ids.ids  # sudo: reads the hierarchy
        ):
            raise OwnershipError(
                self.env._(
                    "An identifier belongs to the namespace of another "
                    "facility. Send it to that facility, or leave it out."
                ),
                code="namespace_not_allowed",
            )
        return self.browse(namespace_id)

    @api.model
    def _named_id(self, name, company, system=None):
        """Return the id of the active namespace that ``system`` names ``name`` at
        ``company``.

        An empty name means the default of the system. False if there is none.
        """
        if name:
            return self._find_id(name, system.id if system else False, company.id)
        # sudo: the default of a sender applies whichever user processes its messages
        facilities = company.sudo().parent_ids.sorted("parent_path", reverse=True)
        for facility in facilities if system else ():
            default_sudo = system.sudo().with_company(facility).identifier_namespace_id
            if default_sudo.active:
                return default_sudo.id
        return False

    @api.model
    @tools.ormcache("name", "system_id", "company_id")
    def _find_id(self, name, system_id, company_id):
        """Return the id of the active namespace that ``system_id`` names ``name`` at
        the facility ``company_id``, or False.

        A URI has one meaning. An alias depends on system and facility: one of the
        system comes before a common one, one of the facility before one for all.
        Aliases of namespaces of other facilities do not count.
        """
        # sudo: the caller checks the facility, with a specific error. The active_test
        # of a caller must not be remembered for everybody.
        namespaces_sudo = self.sudo().with_context(active_test=True)
        found = namespaces_sudo.search([("uri", "=", name)], limit=1)
        if found:
            return found.id
        company_sudo = namespaces_sudo.env["res.company"].browse(company_id)
        here = [False, *company_sudo.parent_ids.ids]
        aliases_sudo = namespaces_sudo.env["interop.namespace.alias"].search(
            [
                ("name", "=", name),
                ("system_id", "in", [False, system_id]),
                ("company_id", "in", here),
                ("namespace_id.active", "=", True),
                ("namespace_id.company_id", "in", here),
            ]
        )
        nearest = aliases_sudo.sorted(lambda alias: alias._nearness(), reverse=True)
        return nearest[:1].namespace_id.id

    @api.model
    @tools.ormcache("system_id")
    def _ranks(self, system_id):
        """Return ``{URI: rank}`` of the namespaces that a system knows.

        Its own namespaces have rank 0, those with an alias for it rank 1.
        """
        # sudo: an order, no content. active_test: see _find_id
        namespaces_sudo = self.sudo().with_context(active_test=True)
        named = namespaces_sudo.search([("alias_ids.system_id", "=", system_id)])
        own = namespaces_sudo.search([("system_id", "=", system_id)])
        return {
            **dict.fromkeys(named.mapped("uri"), 1),
            **dict.fromkeys(own.mapped("uri"), 0),
        }

    # === SPELLING AND CHECKS === #

    def _rule(self):
        """Return the spelling rules of this namespace."""
        if isinstance(self.id, int):
            return self._facts(self.id)[0]
        return self._spelling()

    @api.model
    @tools.ormcache("namespace_id")
    def _facts(self, namespace_id):
        """Return ``(Rule, id of the facility or False, Placeholders or None)`` for
        look-ups."""
        # sudo: spelling rules are not confidential; callers check access to the
        # namespace
        namespace_sudo = self.sudo().browse(namespace_id)
        return (
            namespace_sudo._spelling(),
            namespace_sudo.company_id.id,
            namespace_sudo._placeholders(),
        )

    def _spelling(self):
        return Rule(
            self.case_rule,
            self.separator_rule,
            self.drop_leading_zeros,
            self.ignored_pattern or "",
            (self.validator == "standard" and self.validator_standard) or "",
        )

    def _placeholders(self):
        """Return the placeholders of this namespace, None if it accepts them.

        A namespace without a choice uses the default list.
        """
        if self.placeholder_policy == "accept":
            return None
        if not self.placeholder_policy:
            return placeholder.USUAL
        return placeholder.read(self.placeholder_words, self.placeholder_pattern)

    def _normalize(self, value, today=None):
        """Return the form of ``value`` (text) that this namespace compares.

        :param today: the day on which the value was written (default: today)
        """
        return normalize(value or "", self._rule(), today or clock.now().date())

    def _passes(self, value):
        """Return whether a value, as written, passes the check of this namespace."""
        if self.validation == "off" or self.validator == "none":
            return True
        return checkdigit.passes(
            self.validator,
            written_forms(value or "", self._rule()),
            pattern=self.validator_pattern or "",
            standard=self.validator_standard or "",
        )

    @api.model
    def _normalized_in_all(self, value):
        """Return ``[(namespace id, normalized value)]``."""
        spelled = {}
        pairs = []
        today = clock.now().date()
        # All namespaces that the user may see: an installation has some dozens.
        for namespace in self.search([]):  # pylint: disable=no-search-all
            rule = namespace._rule()
            if rule not in spelled:
                spelled[rule] = normalize(value, rule, today)
            if spelled[rule]:
                pairs.append((namespace.id, spelled[rule]))
        return pairs

    def _reusable_at(self, retired_at):
        """Return the moment (naive UTC) from which another record may have a retired
        value, None for never."""
        if self.reuse_policy == "never":
            return None
        days = self.reuse_days if self.reuse_policy == "days" else 0
        return (retired_at or clock.now()) + timedelta(days=days)

    def _is_placeholder(self, value):
        """Return whether ``value`` (text) is a placeholder that this namespace does not
        accept."""
        rule = self._facts(self.id)[2]
        return rule is not None and placeholder.is_placeholder(value, rule)

    def action_view_identifiers(self):
        """Open the identifiers of this namespace."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_identifier.interop_identifier_action"
        )
        action["domain"] = [("namespace_id", "in", self.ids)]
        action["context"] = {"default_namespace_id": self[:1].id}
        return action
