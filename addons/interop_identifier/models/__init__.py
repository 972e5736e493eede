from . import interop_namespace
from . import interop_identifier
from . import interop_identifier_resolve
from . import interop_guard
from . import base_partner_merge
from . import interop_mapping_line
