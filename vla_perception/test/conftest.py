"""Makes the synthetic pictures importable for all tests here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
