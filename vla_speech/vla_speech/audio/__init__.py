# SPDX-License-Identifier: Apache-2.0
"""Sound sources: microphone, files, capture, and sample formats."""
