# SPDX-License-Identifier: Apache-2.0
"""The recognizer faster-whisper, its models and its guidance."""
