# SPDX-License-Identifier: Apache-2.0
"""Speech recognizers and what they expect to hear."""
