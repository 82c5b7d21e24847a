# SPDX-License-Identifier: Apache-2.0
"""Talking to a language model server: requests, streams, retries, budgets."""
