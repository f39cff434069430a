"""Ends with one sentence on a Python that is too old. Runs on any Python."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Xueqiao needs Python 3.11 or newer; this is %s. Install a newer Python and name it: "
        "make demo PYTHON=python3.11" % sys.version.split()[0]
    )
