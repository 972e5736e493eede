"""Buttons of the steward's queue, and the question in words."""

from odoo import api, fields, models


class InteropIdentityCase(models.Model):
    """Every decision asks in a dialog what it needs to know."""

    _inherit = "interop.identity.case"

    question = fields.Char("What Is Asked", compute="_compute_question")
    same_label = fields.Char(compute="_compute_labels")
    different_label = fields.Char(compute="_compute_labels")
    create_label = fields.Char(compute="_compute_labels")

    def _placeholder_question(self):
        """Return what is asked about a text that is no number."""
        if self.left_id:
            return self.env._(
                "This record has a placeholder instead of a number, so that messages "
                "about different people may have changed it. Check the record, mark "
                "the identifier as entered in error, then choose Try Again."
            )
        return self.env._(
            "The sender wrote a placeholder instead of a number. Have the sender "
            "correct it and reject the messages. If it is a number, change the "
            "placeholders of the namespace, then choose Try Again."
        )

    @api.depends("kind", "creates", "left_id", "right_id", "left_model", "right_model")
    def _compute_question(self):
        for case in self:
            case.question = case._question()

    @api.depends("kind", "left_id", "right_id", "left_model", "left_name")
    @api.depends_context("uid", "lang")
    def _compute_labels(self):
        """The buttons say what they do, and to which record."""
        for case in self:
            case.same_label = case._same_label()
            case.different_label = case._different_label()
            case.create_label = (
                self.env._("Different: Create New Record")
                if case.left_id
                else self.env._("Create New Record")
            )

    def _of_people(self):
        return self.left_model == "res.partner"

    def _same_label(self):
        """Return what the button does by which two are the same."""
        if not self.left_id:
            return self.env._("Choose Known Record")
        if self._one_already():
            return self.env._("Same: Keep Them Merged")
        if self.right_id and self._of_people():
            return self.env._("Same Person: Merge Numbers")
        if self.right_id:
            return self.env._("Same Record: Merge Numbers")
        if not self.namespace_id:
            return self.env._("Same: Keep All Numbers")
        return self.env._("Same: Add Number to %s", self.left_name)

    def _different_label(self):
        """Return what the button does by which two are not the same."""
        if self._one_already():
            return self.env._("Different: Undo the Merge")
        if self._of_people():
            return self.env._("Different People")
        return self.env._("Different Records")

    def _question(self):
        """Return what the steward is asked, in words."""
        if self._one_already() and self.kind != "merge":
            return self.env._(
                "These two were merged already. Try again, or undo that merge first if "
                "the message is right that it was the other way round."
            )
        if self.kind == "placeholder":
            return self._placeholder_question()
        if self.kind == "merge":
            return self._merge_question()
        if self.left_id and self.right_id:
            return self._pair_question()
        if self.kind == "namespace":
            return self._authority_question()
        if self.kind == "identifier":
            return self._unknown_question()
        if self.namespace_id:
            return self.env._(
                "The sender knows this record under one number and now sends another "
                "one of its own. Is it the same, or somebody new?"
            )
        return self.env._(
            "An identifier of the message belongs to another kind of record than the "
            "message is about. Correct the identifier and try again, or reject."
        )

    def _merge_question(self):
        """Return what is asked about a merge that contradicts an earlier one."""
        if self._one_already():
            return self.env._(
                "An earlier merge joined these two records. A message merges them the "
                "other way round. Are they the same?"
            )
        if not self.right_id:
            return self.env._(
                "A message merges the numbers of this record the other way round than "
                "an earlier message. Is its survivor number the present number?"
            )
        return self.env._(
            "A message says that these two records are the same. An earlier merge "
            "contradicts it. Are they the same?"
        )

    def _pair_question(self):
        """Return what is asked about two records that one message names."""
        if self.left_model != self.right_model:
            return self.env._(
                "The identifiers of one message belong to two different kinds of "
                "records. Which record does the message mean?"
            )
        return self.env._(
            "The identifiers of one message belong to two records. Are they the same?"
        )

    def _authority_question(self):
        """Return what is asked about an assigning authority that is not known."""
        if self._names_nothing():
            return self.env._(
                "The sender names no assigning authority. Which authority does the "
                "sender mean?"
            )
        return self.env._(
            "The sender names an assigning authority that is not set up. Which "
            "authority does the sender mean?"
        )

    def _unknown_question(self):
        """Return what is asked about an identifier that nobody has."""
        if self.creates:
            return self.env._("Nobody here has this identifier. Whose is it?")
        return self.env._(
            "Nobody here has this identifier, and the message cannot make a new record. "
            "Whose is it? Or reject, so that the sender registers it first."
        )

    # ------------------------------------------------------------------
    # Dialogs
    # ------------------------------------------------------------------
    def action_same(self):
        """Button: the two are the same, or the identifier is a known record's."""
        return self._ask("same", self.same_label)

    def action_different(self):
        """Button: the two are not the same."""
        return self._ask("different", self.different_label)

    def action_create(self):
        """Button: it is somebody new."""
        return self._ask("create", self.create_label)

    def action_assign(self):
        """Button: say which namespace the sender means."""
        return self._ask("namespace", self.env._("Assign Namespace"))

    def action_reject(self):
        """Button: the messages are wrong."""
        return self._ask("rejected", self.env._("Reject"))

    def action_retry(self):
        """Button: it was corrected elsewhere."""
        return self._ask("retried", self.env._("Try Again"))

    def _ask(self, decision, title):
        """Open the dialog of a decision; who comes too late is told at once."""
        self._check_may_decide(decision)
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "interop.identity.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id, "default_decision": decision},
        }

    # ------------------------------------------------------------------
    # The merge behind a decision
    # ------------------------------------------------------------------
    def action_view_merge(self):
        """Open the journal of the merge."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "interop.identifier.merge",
            "res_id": self.merge_id.id,
            "view_mode": "form",
        }

    def action_unmerge(self):
        """Button: ask for the reason and undo the merge."""
        self.ensure_one()
        return self.merge_id.action_unmerge()
