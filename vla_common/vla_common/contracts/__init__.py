# SPDX-License-Identifier: Apache-2.0
"""What packages say to one another, as plain data: outcomes, skills and plans, the scene, trace ids."""
