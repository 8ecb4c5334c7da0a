"""`python -m services.points serve | migrate | check | replay`."""

import sys

from kit.chassis.process import main
from services.points.app import SERVICE

if __name__ == "__main__":
    sys.exit(main(SERVICE, sys.argv[1:]))
