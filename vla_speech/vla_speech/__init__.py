# SPDX-License-Identifier: Apache-2.0
"""Sound to commands and sentences to sound: microphone or file, recognisers, stop words, speaker."""
