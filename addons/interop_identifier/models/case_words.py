"""Texts of the question of an identity case and of its buttons."""

from .case_decision import CaseDecision


class CaseWords:
    """Builds the texts that a steward reads about one case.

    :param case: ``interop.identity.case``, one record
    """

    def __init__(self, case):
        self.case = case
        self.env = case.env
        self.decision = CaseDecision(case)

    def question(self):
        """Return the question as a sentence."""
        case = self.case
        if self.decision.is_one_already() and case.kind != "merge":
            return self.env._(
                "These two records were already merged. Choose Try Again to accept "
                "that merge. If the message is right and the merge was the wrong "
                "way round, undo the merge first."
            )
        if case.kind == "placeholder":
            return self._placeholder_question()
        if case.kind == "merge":
            return self._merge_question()
        if case.left_id and case.right_id:
            return self._pair_question()
        if case.kind == "namespace":
            return self._authority_question()
        if case.kind == "identifier":
            return self._unknown_question()
        if case.namespace_id:
            return self.env._(
                "The sender knows this record under one number and now sends a "
                "second number. Is it the same record or a new record?"
            )
        return self.env._(
            "An identifier of the message belongs to a record of another kind. "
            "Correct the identifier and choose Try Again, or reject the "
            "message."
        )

    def _placeholder_question(self):
        """Return the question about a placeholder."""
        if self.case.left_id:
            return self.env._(
                "This record has a placeholder instead of a number. Messages about "
                "different people may have changed it. Check the record, mark the "
                "identifier as entered in error, then choose Try Again."
            )
        return self.env._(
            "The sender sent a placeholder instead of a number. Reject the "
            "messages and ask the sender to correct them. If the value is a "
            "real number, change the placeholders of the namespace and choose "
            "Try Again."
        )

    def _merge_question(self):
        """Return the question about a merge that contradicts an earlier one."""
        case = self.case
        if self.decision.is_one_already():
            return self.env._(
                "An earlier merge joined these two records. A message now merges "
                "them in the other direction. Are they the same?"
            )
        if not case.right_id:
            return self.env._(
                "A message merges the numbers of this record in the opposite "
                "direction to an earlier message. Is the survivor number of the "
                "message the current number?"
            )
        return self.env._(
            "A message says that these two records are the same. An earlier merge "
            "contradicts it. Are they the same?"
        )

    def _pair_question(self):
        """Return the question about two records named by one message."""
        case = self.case
        if case.left_model != case.right_model:
            return self.env._(
                "The identifiers of one message belong to records of two different "
                "kinds. Which record is the message about?"
            )
        return self.env._(
            "The identifiers of one message belong to two records. Are they the same?"
        )

    def _authority_question(self):
        """Return the question about an unknown assigning authority."""
        if self.decision.names_nothing():
            return self.env._(
                "The sender names no assigning authority. Which namespace do these "
                "numbers belong to?"
            )
        return self.env._(
            "The sender names an assigning authority that is not set up. Which "
            "namespace is it?"
        )

    def _unknown_question(self):
        """Return the question about an identifier that no record has."""
        if self.case.creates:
            return self.env._(
                "No record has this identifier. Which record does it belong to?"
            )
        return self.env._(
            "No record has this identifier, and the message cannot create a "
            "record. Choose the record, or reject the message so that the "
            "sender registers it first."
        )

    # === BUTTONS === #

    def same_label(self):
        """Return the label of the button for the decision “same”."""
        case = self.case
        if not case.left_id:
            return self.env._("Choose Known Record")
        if self.decision.is_one_already():
            return self.env._("Same: Keep Them Merged")
        if case.right_id and self._of_people():
            return self.env._("Same Person: Merge Numbers")
        if case.right_id:
            return self.env._("Same Record: Merge Numbers")
        if not case.namespace_id:
            return self.env._("Same: Keep All Numbers")
        return self.env._("Same: Add Number to %s", case.left_name)

    def different_label(self):
        """Return the label of the button for the decision “different”."""
        if self.decision.is_one_already():
            return self.env._("Different: Undo the Merge")
        if self._of_people():
            return self.env._("Different People")
        return self.env._("Different Records")

    def create_label(self):
        """Return the label of the button for the decision “new record”."""
        if self.case.left_id:
            return self.env._("Different: Create New Record")
        return self.env._("Create New Record")

    def _of_people(self):
        return self.case.left_model == "res.partner"
