from . import test_invoice_posted
from . import test_invoice_end
