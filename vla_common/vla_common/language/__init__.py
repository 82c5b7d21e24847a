# SPDX-License-Identifier: Apache-2.0
"""Words people use whatever the channel: halt phrases, consent, follow-ups; and text written by strangers."""
