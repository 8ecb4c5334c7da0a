"""`python -m wafa run | demo | check | reconcile | certificates | programs | keys`, from the checkout."""

import sys
from pathlib import Path

# The generated contract, for those who did not come through make, which sets PYTHONPATH.
sys.path.append(str(Path(__file__).resolve().parent.parent / "protos" / "gen"))

from wafa.cli.main import main

if __name__ == "__main__":
    main()
