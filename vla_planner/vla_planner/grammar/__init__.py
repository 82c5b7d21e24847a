# SPDX-License-Identifier: Apache-2.0
"""The offline grammar: words, lexicon, parser, and the parse tree as data."""
