from . import interop_identifier_unmerge_wizard
