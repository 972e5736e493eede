from . import interop_identifier_state_wizard
from . import interop_identifier_unmerge_wizard
from . import interop_identity_decision
