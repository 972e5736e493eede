from . import interop_client_secret_wizard
from . import interop_signature_try_wizard
