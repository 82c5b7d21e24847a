# SPDX-License-Identifier: Apache-2.0
"""The attacks of `./vla eval attack`: each module has `attacks()`, which lists those of one kind."""
