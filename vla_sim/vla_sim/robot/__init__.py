# SPDX-License-Identifier: Apache-2.0
"""The simulated robot: model, kinematics, controllers, navigation, manipulation."""
