from . import interop_signature_scheme
from . import interop_client
from . import interop_client_event_type
from . import interop_rest_openapi
