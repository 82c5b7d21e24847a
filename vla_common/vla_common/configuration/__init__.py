# SPDX-License-Identifier: Apache-2.0
"""Parameters declared as dataclasses, and parameter files read the way rcl reads them."""
