# SPDX-License-Identifier: Apache-2.0
"""The scene memory: which sightings are one object, what is remembered, queries, storage."""
