from . import interop_client_docs_wizard
from . import interop_client_key_wizard
from . import interop_client_secret_wizard
from . import interop_signature_try_wizard
