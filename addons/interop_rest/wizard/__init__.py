from . import interop_client_docs_wizard
from . import interop_client_key_wizard
