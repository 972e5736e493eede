"""Assigning authorities: who hands out a kind of number, and how it is spelled."""

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

# Changing one of these would make two spellings of a stored value different values.
SPELLING_FIELDS = {
    "case_rule",
    "separator_rule",
    "drop_leading_zeros",
    "ignored_pattern",
}

# What decides whether a stored value passes its check; the standard also decides how
# values are compared.
CHECK_FIELDS = {"validator", "validator_pattern", "validator_standard", "validation"}

PLACEHOLDER_FIELDS = {"placeholder_policy", "placeholder_words", "placeholder_pattern"}

# What look-ups keep at hand.
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
        help="Globally unique name that messages carry, such as "
        "http://hl7.org/fhir/sid/us-npi or urn:oid:2.16.840.1.113883.4.6.",
    )
    alias_ids = fields.One2many(
        "interop.namespace.alias",
        "namespace_id",
        "Aliases",
        copy=False,
        help="Other names of this authority, above all the short ones of HL7 v2.",
    )
    type_code = fields.Selection(
        const.IDENTIFIER_TYPES,
        "Type",
        required=True,
        default="U",
        tracking=True,
        help="HL7 v2 table 0203. Travels with the identifier in outbound messages.",
    )
    company_id = fields.Many2one(
        "res.company",
        "Facility",
        tracking=True,
        index=True,
        help="The facility whose numbers these are. Empty means that the number is "
        "good at every facility, as a national one is.",
    )
    system_id = fields.Many2one(
        "interop.system",
        "Source System",
        tracking=True,
        ondelete="restrict",
        help="Only messages of this system may add or change identifiers here. Empty: "
        "any.",
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
        help="Regular expression of what does not count when values are compared, such "
        "as ^MRN for a prefix that only some systems write.",
    )
    validator = fields.Selection(
        const.VALIDATORS, required=True, default="none", tracking=True
    )
    validator_pattern = fields.Char(
        "Pattern", tracking=True, help="Regular expression for the whole value."
    )
    validator_standard = fields.Char(
        "Standard",
        tracking=True,
        help="Name in python-stdnum, for example gb.nhs or nl.bsn. Spellings that the "
        "standard treats as equal are one number: with or without separators, leading "
        "zeros, country prefix or century. The check runs on the value as it was "
        "written.",
    )
    validation = fields.Selection(
        const.VALIDATION_LEVELS,
        required=True,
        default="warn",
        tracking=True,
        help="What happens to a value that fails the check. Warn: it is accepted and "
        "marked. Block: it is refused.",
    )
    one_active_per_record = fields.Boolean(
        "One per Record",
        default=True,
        tracking=True,
        help="A record has one active identifier here at a time; a new one retires the "
        "old.",
    )
    placeholder_policy = fields.Selection(
        const.PLACEHOLDER_POLICIES,
        "Placeholders",
        default="refuse",
        tracking=True,
        help="Handling of a value that stands for a missing number, such as UNKNOWN "
        "or 000000000. It never identifies a record. Refuse: the message fails and "
        "its owner acts. Hold: the message waits for a steward. Accept: the value is "
        "a number like any other, so two people with it become one.",
    )
    placeholder_words = fields.Text(
        "Placeholder Values",
        default="\n".join(placeholder.WORDS),
        help="Values that stand for a missing number, one on each line. Spaces, "
        "punctuation, accents and letter case do not count. A value without any "
        "letter or digit is always a placeholder. Remove a line if this authority "
        "hands that value out.",
    )
    placeholder_pattern = fields.Char(
        default=placeholder.PATTERN,
        tracking=True,
        help="Regular expression for further placeholders. It has to match the whole "
        "value, written in small letters and digits only. The default matches zeros "
        "only, and three or more x. Add |9{5,} for authorities whose senders write "
        "nines. Leave empty to use the list only.",
    )
    reuse_policy = fields.Selection(
        const.REUSE_POLICIES,
        "Re-use of Values",
        required=True,
        default="retired",
        tracking=True,
        help="When a value that one record had may become another record's. Messages "
        "that do so wait for a steward in any case.",
    )
    reuse_days = fields.Integer(
        "Days",
        default=365,
        tracking=True,
        help="So long after its retirement nobody else gets the value.",
    )
    person_adjacent = fields.Boolean(
        "Identifies a Person",
        tracking=True,
        help="Values are masked wherever an identifier is shown by name only, for "
        "example in links, chatter and exports of other documents.",
    )
    identifier_count = fields.Integer(compute="_compute_identifier_count")

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "A namespace with this code exists."
    )
    _uri_uniq = models.Constraint(
        "UNIQUE (uri)", "A namespace with this URI or OID exists."
    )
    _reuse_days_positive = models.Constraint(
        "CHECK (reuse_policy <> 'days' OR reuse_days > 0)",
        "Say after how many days a value may be used again.",
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
                    self.env._("“%s”: a URI or OID has no spaces.", namespace.name)
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
                        "“%(name)s”: python-stdnum has no standard number "
                        "“%(standard)s”.",
                        name=namespace.name,
                        standard=namespace.validator_standard or "",
                    )
                )

    def _check_pattern(self, pattern):
        """Refuse a missing or broken regular expression."""
        try:
            usable = bool(pattern) and re.compile(pattern)
        except re.error as exc:
            raise ValidationError(
                self.env._(
                    "“%(name)s”: the pattern is not a regular expression (%(error)s).",
                    name=self.name,
                    error=exc,
                )
            ) from exc
        if not usable:
            raise ValidationError(self.env._("“%s” needs a pattern.", self.name))

    @api.model_create_multi
    def create(self, vals_list):
        """Create namespaces; look-ups know them at once."""
        namespaces = super().create(vals_list)
        self.env.registry.clear_cache()
        return namespaces

    def write(self, vals):
        """Refuse a change of spelling once values are stored.

        Another check is possible: stored values are checked, and compared by its
        standard, from then on. Numbers that become the same one open cases.
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
        """Let the database know which values are never used again."""
        self.env["interop.identifier"].flush_model(["namespace_id", "once"])
        self.env.cr.execute(
            "UPDATE interop_identifier SET once = %(once)s WHERE namespace_id = "
            "ANY(%(ids)s) AND once IS DISTINCT FROM %(once)s",
            {"once": once, "ids": self.ids},
        )
        self.env["interop.identifier"].invalidate_model(["once"])

    def unlink(self):
        """Forget the namespaces in look-ups, too."""
        self.env.registry.clear_cache()
        return super().unlink()

    def _check_unused(self):
        """Refuse a change of spelling while values are stored in the present one."""
        # sudo: identifiers of other facilities count as well
        if (
            self.env["interop.identifier"]
            .sudo()
            .search_count([("namespace_id", "=", self.id)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "“%s” has identifiers already, so that its spelling rules cannot "
                    "change: numbers that differ today could become the same one.",
                    self.name,
                )
            )

    def _check_few(self):
        """Refuse another check where too many stored values would be read for it."""
        # sudo: identifiers of other facilities count as well
        identifiers_sudo = self.env["interop.identifier"].sudo()
        for namespace in self:
            stored = identifiers_sudo.search_count(
                [("namespace_id", "=", namespace.id)], limit=const.MAX_RESPELLED + 1
            )
            if stored > const.MAX_RESPELLED:
                raise UserError(
                    self.env._(
                        "“%(name)s” has more than %(limit)s identifiers, therefore "
                        "its check cannot be changed here. Create a namespace with "
                        "the new check for new numbers.",
                        name=namespace.name,
                        limit=const.MAX_RESPELLED,
                    )
                )

    # === LOOKING UP === #

    @api.model
    def _find(self, name, company, system=None):
        """Return the namespace that a message of ``system`` for ``company`` calls
        ``name``.

        The URI or OID counts first, then the aliases of the system and of the facility
        (:meth:`_find_id`); without a name the default of the system. Raises
        ``UnknownIdentifier`` for an unknown name (the message waits for a steward) and
        ``OwnershipError`` when the namespace is another facility's.
        """
        namespace_id = self._named_id(name or "", company, system)
        if not namespace_id:
            raise UnknownIdentifier(
                self.env._(
                    "An identifier names an assigning authority that is not set up."
                )
                if name
                else self.env._(
                    "An identifier names no assigning authority, and no default was "
                    "agreed on."
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
            and facility_id not in company.sudo().parent_ids.ids  # sudo: their tree
        ):
            raise OwnershipError(
                self.env._("An identifier belongs to another facility's namespace."),
                code="namespace_not_allowed",
            )
        return self.browse(namespace_id)

    @api.model
    def _named_id(self, name, company, system=None):
        """Return the id of the active namespace that ``system`` calls ``name`` at
        ``company``, or means by no name; False where there is none."""
        if name:
            return self._find_id(name, system.id if system else False, company.id)
        # sudo: the default of a sender counts for every user who applies its messages
        facilities = company.sudo().parent_ids.sorted("parent_path", reverse=True)
        for facility in facilities if system else ():
            default_sudo = system.sudo().with_company(facility).identifier_namespace_id
            if default_sudo.active:
                return default_sudo.id
        return False

    @api.model
    @tools.ormcache("name", "system_id", "company_id")
    def _find_id(self, name, system_id, company_id):
        """Return the id of the active namespace that ``system_id`` calls ``name`` at
        the facility ``company_id``, or False.

        A URI means the same everywhere. An alias does not: that of the system counts
        before a common one, that of the facility before one for all. An alias of
        another facility's numbers is none here.
        """
        # sudo: the rule of the facility is applied by the caller, on purpose with its
        # own error
        namespaces_sudo = self.sudo()
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
        """Return ``{URI: rank}`` of the namespaces that a system knows: its own ones
        are 0, those that it has a name for are 1."""
        namespaces_sudo = self.sudo()  # sudo: an order, no content
        named = namespaces_sudo.search([("alias_ids.system_id", "=", system_id)])
        own = namespaces_sudo.search([("system_id", "=", system_id)])
        return {
            **dict.fromkeys(named.mapped("uri"), 1),
            **dict.fromkeys(own.mapped("uri"), 0),
        }

    # === SPELLING AND CHECKS === #

    def _rule(self):
        """Return how this namespace spells its values."""
        if isinstance(self.id, int):
            return self._facts(self.id)[0]
        return self._spelling()

    @api.model
    @tools.ormcache("namespace_id")
    def _facts(self, namespace_id):
        """Return ``(Rule, id of the facility or False, Placeholders or None)``: what
        each look-up asks."""
        # sudo: spelling shows nothing; who may use the namespace is checked by callers
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
        """Return what this namespace takes for placeholders, None where it accepts
        them. A namespace without a choice takes the usual ones."""
        if self.placeholder_policy == "accept":
            return None
        if not self.placeholder_policy:
            return placeholder.USUAL
        return placeholder.read(self.placeholder_words, self.placeholder_pattern)

    def _normalize(self, value, today=None):
        """Return the comparable form of ``value`` (text) in this namespace.

        :param today: the day on which the value was written (default: today)
        """
        return normalize(value or "", self._rule(), today or clock.now().date())

    def _passes(self, value):
        """Return whether a value, as it was written, passes this namespace's check."""
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
        """Return ``[(namespace id, value as that namespace compares it)]``."""
        spelled = {}
        pairs = []
        today = clock.now().date()
        # All that the user may see: an installation has some dozens.
        for namespace in self.search([]):  # pylint: disable=no-search-all
            rule = namespace._rule()
            if rule not in spelled:
                spelled[rule] = normalize(value, rule, today)
            if spelled[rule]:
                pairs.append((namespace.id, spelled[rule]))
        return pairs

    def _reusable_at(self, retired_at):
        """Return from when on another record may have a value that was retired then
        (naive UTC), None for never."""
        if self.reuse_policy == "never":
            return None
        days = self.reuse_days if self.reuse_policy == "days" else 0
        return (retired_at or clock.now()) + timedelta(days=days)

    def _is_placeholder(self, value):
        """Return whether ``value`` (text) stands where a number is missing, and this
        namespace does not accept that."""
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
