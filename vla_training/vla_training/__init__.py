# SPDX-License-Identifier: Apache-2.0
"""Training of the network that ships with perception; nothing at run time needs it."""
