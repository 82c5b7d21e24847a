# SPDX-License-Identifier: Apache-2.0
"""The offline recognizer pocketsphinx and its pronunciations."""
