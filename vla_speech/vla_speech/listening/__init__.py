# SPDX-License-Identifier: Apache-2.0
"""From a stream of sound to utterances, and which of them are accepted as commands."""
