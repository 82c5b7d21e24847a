# SPDX-License-Identifier: Apache-2.0
"""What the tests, evaluations and benchmarks of all packages share. No product code imports it."""
