# SPDX-License-Identifier: Apache-2.0
"""Tables of commands, a room in words, and a server that plays a language model."""
