# SPDX-License-Identifier: Apache-2.0
"""The nodes of speech: audio source, recognition, speaker."""
