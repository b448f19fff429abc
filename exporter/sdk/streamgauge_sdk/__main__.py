"""`python -m streamgauge_sdk run --job NAME -- COMMAND`."""

import sys

from streamgauge_sdk.command import main

if __name__ == "__main__":
    sys.exit(main())
