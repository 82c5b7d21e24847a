# SPDX-License-Identifier: Apache-2.0
"""Skills: the base class that plug-ins extend, and the built-in ones."""
