from . import interop_client_key_wizard
