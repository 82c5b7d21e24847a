# SPDX-License-Identifier: Apache-2.0
"""The life of a command: admission, queue, pipeline, questions and result. No ROS."""
