from . import test_access
from . import test_mapping
from . import test_mapping_model
from . import test_mapping_schema
from . import test_preview
from . import test_previous_statements
