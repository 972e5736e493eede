from . import test_invoice_posted
from . import test_invoice_end
from . import test_invoice_life
from . import test_mapped_amounts
