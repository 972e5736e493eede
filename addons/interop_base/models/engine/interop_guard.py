"""The guard: refuse to exchange messages unless this database may do so."""

from odoo import api, models, tools
from odoo.exceptions import AccessError

from ... import const, parameters
from ...exceptions import GuardError
from . import interop_conf

DATABASE_PARAMETER = "interop_base.database"


class InteropGuard(models.AbstractModel):
    """Keep copies of a database from exchanging messages, and check groups of buttons."""

    _name = "interop.guard"
    _description = "Integration Guard"

    @api.model
    def _environment(self):
        """Return the environment named in odoo.conf ``[interop]``, or ``""``."""
        return interop_conf.section().get("environment", "").strip()

    @api.model
    def _adopt_database(self):
        """Record the name of this database as the database that may exchange messages."""
        # sudo: the recorded name is a system parameter that operators may not edit
        params_sudo = self.env["ir.config_parameter"].sudo()
        params_sudo.set_param(DATABASE_PARAMETER, self.env.cr.dbname)

    @api.model
    def _recorded_database(self):
        return parameters.text(self.env, DATABASE_PARAMETER)

    @api.model
    def _guard_indexes(self):
        """Return the names of the unique indexes that prevent duplicates.

        An override adds names to those of ``super()``.
        """
        return [
            "interop_message_outbound_external_id_uniq",
            "interop_message_inbound_external_id_uniq",
            "interop_stream_interface_uniq",
        ]

    @api.model
    @tools.ormcache()
    def _missing_indexes(self):
        """Return the guard indexes that PostgreSQL does not have or cannot use."""
        names = self._guard_indexes()
        self.env.cr.execute(
            """SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
                WHERE c.relname = ANY(%s) AND i.indisunique AND i.indisvalid""",
            [names],
        )
        found = {name for (name,) in self.env.cr.fetchall()}
        return tuple(name for name in names if name not in found)

    @api.model
    def _problems(self):
        """Return the reasons why no message may move, as texts; empty without a problem."""
        problems = []
        if not self._environment():
            problems.append(
                self.env._(
                    "odoo.conf names no environment. Add to section [interop]: "
                    "environment = production (or test, training, development)."
                )
            )
        elif self._environment() not in dict(const.ENVIRONMENTS):
            problems.append(
                self.env._(
                    "odoo.conf [interop] names the unknown environment “%s”. Use "
                    "production, test, training or development.",
                    self._environment(),
                )
            )
        if self._recorded_database() != self.env.cr.dbname:
            problems.append(
                self.env._(
                    "This database looks like a copy: it was set up as “%(recorded)s” and "
                    "runs as “%(actual)s”. If it is the right database, adopt it in the "
                    "Settings.",
                    recorded=self._recorded_database() or "?",
                    actual=self.env.cr.dbname,
                )
            )
        for name in self._missing_indexes():
            problems.append(
                self.env._(
                    "The unique index %(name)s is missing. Without it, duplicate messages "
                    "are possible. Remove duplicate rows, then update the addon.",
                    name=name,
                )
            )
        problem = self.env["interop.vault"]._problem()
        if problem:
            problems.append(problem)
        return problems

    @api.model
    def _check(self):
        """Raise ``GuardError`` with all reasons why messages may not move here."""
        problems = self._problems()
        if problems:
            raise GuardError("\n".join(problems))

    @api.model
    def _check_system(self, system):
        """Raise ``GuardError`` unless ``system`` belongs to this server's environment."""
        self._check()
        if system.environment != self._environment():
            raise GuardError(
                self.env._(
                    "System “%(system)s” has the environment “%(theirs)s”, but this server "
                    "has “%(ours)s”. Choose a system of this environment.",
                    system=system.name,
                    theirs=system.environment,
                    ours=self._environment(),
                )
            )

    @api.model
    def _require_group(self, group):
        """Raise ``AccessError`` unless the user has ``interop_base.<group>``."""
        if not (self.env.su or self.env.user.has_group(f"interop_base.{group}")):
            name = self.env.ref(f"interop_base.{group}").sudo().display_name
            raise AccessError(
                self.env._(
                    "This action requires the access right “%(group)s”. Ask an "
                    "administrator.",
                    group=name,
                )
            )

    @api.model
    def _stopped_companies(self):
        """Return all facilities under an emergency stop, also without read access."""
        # sudo: an emergency stop applies to all users
        companies_sudo = self.env["res.company"].sudo()
        return companies_sudo.search([("interop_stopped_at", "!=", False)])
