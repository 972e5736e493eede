from . import interop_ownership
from . import interop_provenance
from . import interop_ownership_override
from . import interop_governed
from . import interop_handler_mapping
from . import interop_message
