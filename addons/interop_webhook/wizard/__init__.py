from . import interop_credential_wizard
